"""The tab "VAEs" in Chromium, with the committed models: things are moved, and the pictures follow."""

import re
from contextlib import contextmanager

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.fixture
def open_experiment(page: Page, app_url, browser_log):
    """Open one experiment of the tab; at the end, nothing went wrong on the page."""

    def open_(name):
        page.set_viewport_size({"width": 1280, "height": 1200})
        page.goto(app_url)
        page.get_by_role("tab", name="VAEs", exact=True).click()
        page.locator("#vae-experiments").get_by_role("tab", name=name, exact=True).click()

    yield open_
    assert browser_log.errors == []


@contextmanager
def changing(page: Page, canvas):
    """What is done here changes the pixels of a canvas, and no control complains."""
    pixels = "selector => document.querySelector(selector)?.toDataURL()"
    page.wait_for_function(
        "selector => document.querySelector(selector)?.width > 20 &&"
        " new Set(document.querySelector(selector).getContext('2d').getImageData(0, 0, 20, 20).data).size > 1",
        arg=canvas,
    )
    page.wait_for_timeout(300)  # the first picture may be asked for twice: for the sheet, and by it
    before = page.evaluate(pixels, canvas)
    yield
    page.wait_for_function(f"([s, before]) => ({pixels})(s) !== before", arg=[canvas, before])
    expect(page.locator(".ll-error:visible").filter(has_text=re.compile("."))).to_have_count(0)


def drag(page: Page, selector, points):
    """Drag through points given in parts of an element's width and height."""
    box = page.locator(selector).bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()


def test_the_picture_follows_the_dot_on_the_map(page, open_experiment):
    open_experiment("Map")
    with changing(page, "#vae-map canvas"):
        drag(page, "#vae-map .ll-pad", [(0.2, 0.3), (0.8, 0.7)])
    expect(page.locator("#vae-map .ll-where")).to_have_text("z₁ 1.80, z₂ −1.20")
    with changing(page, "#vae-map canvas"):
        for _ in range(10):
            page.keyboard.press("Shift+ArrowLeft")


def test_a_drawing_moves_the_dot_and_its_ellipse(page, open_experiment):
    open_experiment("Map")
    ellipse = page.locator("#vae-map ellipse").first
    expect(ellipse).to_be_attached()
    before = ellipse.get_attribute("cx")
    with changing(page, "#vae-map-sheet-0 canvas[data-slot=mean]"):
        page.locator("#vae-map-sheet-0").get_by_role("button", name="Clear").click()
        drag(page, "#vae-map-sheet-0 .ll-draw", [(0.5, 0.1), (0.5, 0.9)])
    expect(ellipse).not_to_have_attribute("cx", before)


def test_turning_a_dial_changes_the_picture_by_what_the_number_says(page, open_experiment):
    open_experiment("Dials")
    moved = page.locator("#vae-dials [data-text=moved]")
    with changing(page, "#vae-dials canvas"):
        page.locator("#vae-dials input").first.focus()
        page.keyboard.press("Home")
    expect(moved).not_to_have_text("0.0")
    with changing(page, "#vae-dials canvas"):
        page.get_by_role("button", name="Random z").click()
    expect(moved).to_have_text("0.0")


def test_dials_of_another_data_set_come_with_its_sheet(page, open_experiment):
    open_experiment("Dials")
    page.get_by_label("Model").locator("visible=true").click()
    page.get_by_role("option", name="vae-fashion", exact=True).click()
    expect(page.locator("[id^=vae-dials-sheet]:visible")).to_have_count(1)
    with changing(page, "#vae-dials canvas"):
        page.locator("[id^=vae-dials-sheet]:visible .ll-example").nth(4).click()


def test_the_beta_dial_changes_reconstructions_samples_and_numbers(page, open_experiment):
    open_experiment("β dial")
    error = page.locator("#vae-beta-0 [data-text=error]")
    expect(error).not_to_have_text("–")
    page.locator("#vae-beta-0-dial input").focus()
    seen = []
    with changing(page, "#vae-beta-0 canvas[data-slot=samples]"):
        page.keyboard.press("Home")
    for key in ("ArrowRight", "End"):
        seen.append(float(error.text_content()))
        with changing(page, "#vae-beta-0 canvas[data-slot=pairs]"):
            page.keyboard.press(key)
    assert seen[0] < seen[1] < float(error.text_content())


def test_a_sample_of_the_output_is_drawn_anew(page, open_experiment):
    open_experiment("Output")
    with changing(page, "#vae-output-sheet-0 canvas[data-slot='Bernoulli sample']"):
        page.get_by_role("button", name="Draw another sample").click()


def test_log_p_is_estimated_when_its_page_opens_and_for_another_picture(page, open_experiment):
    open_experiment("log p(x)")
    number = page.locator(".ll-number:visible").first
    expect(number).to_have_text(re.compile("nats"), timeout=30_000)
    before = number.text_content()
    page.locator("[id^=vae-evidence-sheet]:visible .ll-example").nth(4).click()
    expect(number).not_to_have_text(before, timeout=30_000)
    expect(page.locator("text=number of samples k")).to_be_visible()


def test_gradients_follow_their_sliders(page, open_experiment):
    open_experiment("Why reparameterise")
    with changing(page, "#vae-gradient canvas[data-slot=score]"):
        page.locator("#vae-gradient input").first.focus()
        page.keyboard.press("Home")
    expect(page.locator("#vae-gradient [data-text=ratio]")).to_have_text(re.compile(r"\d{3,}"))


def test_a_morph_plays_and_becomes_a_gif(page, open_experiment):
    open_experiment("Morph")
    with changing(page, "#vae-morph canvas"):
        page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Make a GIF").click()
    download = page.locator("#vae-film").get_by_role("button", name="Download")
    expect(download).to_be_visible(timeout=30_000)
    with page.expect_download() as event:
        download.click()
    with Image.open(event.value.path()) as film:
        assert film.format == "GIF"
        assert film.is_animated
