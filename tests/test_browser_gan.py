"""The chapter "GANs" in Chromium, on toy models: things are moved, and the pictures follow."""

import re

import pytest
import toys
from playwright.sync_api import expect

from gen_models import app
from gen_models.app.chapters import gan

pytestmark = pytest.mark.browser

PIXELS = "selector => document.querySelector(selector)?.toDataURL()"


@pytest.fixture(scope="module")
def app_url(tmp_path_factory):
    """Address of the tab alone, with toy models in place of the committed ones."""
    root = tmp_path_factory.mktemp("exported")
    toys.gan(root, "gan-fashion", shape=(1, 32, 32))
    toys.features(root, "features-fashion", shape=(1, 32, 32))
    toys.gan(root, "gan-heads", k=16, shape=(3, 32, 32), data="heads")
    toys.heads(root, "vae-heads")
    demo = app.build(root, (gan.CHAPTER,))
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield url
    demo.close()


@pytest.fixture
def open_experiment(page, app_url, browser_log):
    """Open one experiment of the tab; at the end, nothing went wrong on the page."""

    def open_(name):
        page.set_viewport_size({"width": 1280, "height": 1200})
        page.set_default_timeout(60_000)
        page.goto(f"{app_url}#gan/{name}")
        expect(page.locator(f"[id='tab-gan/{name}'] .ll-idea").first).to_be_visible(timeout=60_000)

    yield open_
    assert browser_log.errors == []


def painted(page, canvas):
    """Wait until a canvas has a picture, and return its pixels."""
    page.wait_for_function(
        "selector => document.querySelector(selector)?.width > 20 &&"
        " new Set(document.querySelector(selector).getContext('2d').getImageData(0, 0, 20, 20).data).size > 1",
        arg=canvas,
    )
    page.wait_for_timeout(300)
    return page.evaluate(PIXELS, canvas)


def wait_for_change(page, canvas, before):
    page.wait_for_function(f"([s, before]) => ({PIXELS})(s) !== before", arg=[canvas, before])
    expect(page.locator(".ll-error:visible").filter(has_text=re.compile("."))).to_have_count(0)


def test_temperature_0_makes_all_samples_the_same(page, open_experiment):
    open_experiment("samples")
    before = painted(page, "#gan-samples-results canvas")
    spread = page.locator("#gan-samples-results [data-text=distance]")
    assert float(spread.text_content()) > 1
    page.locator("#gan-samples input").focus()
    page.keyboard.press("Home")
    wait_for_change(page, "#gan-samples-results canvas", before)
    expect(spread).to_have_text("0.00")


def test_the_picture_follows_the_dot_between_samples(page, open_experiment):
    open_experiment("morph")
    before = painted(page, "#gan-morph-results canvas[data-slot=line]")
    pad = page.locator("#gan-morph .ll-pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.2 * box["height"], steps=8)
    wait_for_change(page, "#gan-morph-results canvas[data-slot=line]", before)
    page.mouse.up()
    long, short = (
        float(page.locator(f"#gan-morph-results [data-text={name}]").text_content())
        for name in ("long", "short")
    )
    assert short < long


def test_a_choice_of_samples_changes_the_square(page, open_experiment):
    open_experiment("morph")
    before = painted(page, "#gan-morph-results canvas[data-slot=sphere]")
    samples = page.locator("#gan-morph-strip").get_by_role("button")
    samples.nth(7).click()  # the fifth takes the place of the first
    expect(samples.nth(0)).to_have_attribute("aria-pressed", "false")
    expect(samples.nth(7)).to_have_attribute("aria-label", "Sample 8, number 4")
    said = page.locator("#gan-morph-strip [role=status]")
    expect(said).to_have_text("4 at most: sample 1, the oldest, made room.")
    wait_for_change(page, "#gan-morph-results canvas[data-slot=sphere]", before)
    for i in (7, 3):
        samples.nth(i).click()
    expect(page.locator("#gan-morph .ll-label")).to_contain_text("1 at the left, 2 at the right")
    expect(said).to_have_text("")
    samples.nth(1).click()  # two must stay
    expect(said).to_have_text("2 at least: choose another one first.")
    expect(samples.nth(1)).to_have_attribute("aria-pressed", "true")


def test_a_training_picture_put_in_is_found_at_distance_zero(page, open_experiment):
    open_experiment("nearest")
    shown = page.locator("#gan-nearest figure")
    expect(shown).to_have_count(7)
    expect(shown.nth(1)).not_to_have_text("1. distance 0.00")
    page.get_by_label("a training image").check()
    expect(shown.nth(1)).to_have_text("1. distance 0.00")


def test_z_is_searched_for_when_the_page_opens_and_for_another_picture(page, open_experiment):
    open_experiment("encoder")
    steps = page.locator("#gan-invert-steps figure")
    expect(steps).to_have_count(11, timeout=30_000)
    first = steps.last.locator("img").get_attribute("src")
    page.locator("#gan-invert-strip").get_by_role("button").nth(4).click()
    expect(steps.last.locator("img")).not_to_have_attribute("src", first, timeout=30_000)
    expect(page.locator("#gan-invert-chart svg")).to_be_visible()


def test_the_film_is_scrubbed(page, open_experiment):
    open_experiment("film")
    seen = page.locator("#gan-film-results [data-text=seen]")
    expect(seen).to_have_text("640,000")
    said = page.locator("#gan-film .ll-value")
    expect(said).to_have_text("step 10,000")
    before = page.evaluate(PIXELS, "#gan-film-results canvas")
    page.locator("#gan-film input").focus()
    page.keyboard.press("Home")
    wait_for_change(page, "#gan-film-results canvas", before)
    expect(seen).to_have_text("64")
    expect(said).to_have_text("step 1")
    slider = page.locator("#gan-film input")
    expect(slider).to_have_attribute("aria-valuetext", "step 1")
    chart = page.locator("#gan-film-chart")
    expect(chart.locator("[data-part=losses]")).to_be_visible()
    expect(chart.locator("[data-part=near]")).not_to_have_attribute("d", "")
    page.set_viewport_size({"width": 390, "height": 844})  # the chart is below what is moved
    assert chart.bounding_box()["y"] > slider.bounding_box()["y"]
