"""The chapter "VAEs" in Chromium, with the committed models: things are moved, and the images follow."""

import re
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from gen_models.numerics import latents

pytestmark = pytest.mark.browser


@pytest.fixture
def open_experiment(page: Page, app_url, browser_log):
    """Open one experiment of the chapter; at the end, nothing went wrong on the page."""

    def open_(name):
        page.set_viewport_size({"width": 1280, "height": 1200})
        page.goto(f"{app_url}#vae/{name}")
        # The whole app takes its time on a slow machine.
        bench = page.locator(f"[id='tab-vae/{name}'] .ll-bench")
        expect(bench).to_be_visible(timeout=30_000)
        expect(bench.locator(".ll-number").first).to_have_text(re.compile(r"\d"), timeout=30_000)

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
    page.wait_for_timeout(300)  # the first image may be asked for twice: for the canvas, and by it
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


def test_the_image_follows_the_dot_on_the_map(page, open_experiment):
    open_experiment("map")
    with changing(page, "#vae-map-results canvas[data-slot=mean]"):
        drag(page, "#vae-map .ll-pad", [(0.2, 0.3), (0.8, 0.7)])
    # Φ(0.839) and Φ(−0.523) are 0.8 and 0.3 on the way from Φ(−3) to Φ(3).
    expect(page.locator("#vae-map .ll-where")).to_have_text("z₁ 0.84, z₂ −0.52")
    with changing(page, "#vae-map-results canvas[data-slot=mean]"):
        for _ in range(10):
            page.keyboard.press("Shift+ArrowLeft")


def test_a_drawing_moves_the_dot_and_its_ellipse(page, open_experiment):
    open_experiment("map")
    ring = page.locator("#vae-map .ll-contours polygon").first
    expect(ring).to_be_attached()
    before = ring.get_attribute("points")
    with changing(page, "#vae-map-results canvas[data-slot=own]"):
        page.locator("#vae-map-canvas-0").get_by_role("button", name="Clear").click()
        drag(page, "#vae-map-canvas-0 .ll-draw", [(0.5, 0.1), (0.5, 0.9)])
    expect(ring).not_to_have_attribute("points", before)


def test_the_map_is_spaced_by_quantiles_and_keys_and_addresses_are_z(
    page, app_url, open_experiment
):
    open_experiment("map")
    page.goto(f"{app_url}#vae/map?z=1,-1")
    pad = "document.querySelector('#vae-map .ll-live').control"
    # By hand: Φ(−3) = 0.001350, Φ(1) = 0.841345, so that z = 1 is at 0.839995 / 0.997300.
    expect(page.locator("#vae-map .ll-where")).to_have_text("z₁ 1.00, z₂ −1.00")
    places = page.evaluate(f"[-3, -1, 0, 1, 3].map(z => {pad}.percent(z))")
    assert places == pytest.approx([0, 15.7731, 50, 84.2269, 100], abs=1e-3)
    assert page.evaluate(f"parseFloat({pad}.dot.style.left)") == pytest.approx(84.2269, abs=1e-3)
    z = [-2.9, -1.5, 0.1, 2.2, 2.99]
    back = page.evaluate(f"z => z.map(each => {pad}.at({pad}.percent(each)))", z)
    assert back == pytest.approx(z, abs=1e-9)
    python = 100 * latents.probability(np.array(z), 3.0)
    assert page.evaluate(f"z => z.map(each => {pad}.percent(each))", z) == pytest.approx(
        python.tolist(), abs=1e-9
    )
    page.locator("#vae-map .ll-pad").focus()
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator("#vae-map .ll-where")).to_have_text("z₁ 0.40, z₂ −1.00")
    page.wait_for_function("location.hash.includes('z=0.4,-1')")
    expect(page.locator("#vae-map .ll-across span")).to_have_text(["z₁", "−2", "−1", "0", "1", "2"])


def test_rings_are_drawn_where_their_points_lie(page, open_experiment):
    open_experiment("map")
    points = page.evaluate(
        """() => {
            const { control } = document.querySelector('#vae-map .ll-live');
            control.change({ ellipse: [1, 0, 0.5, 1] });
            const [ring] = control.contours.querySelectorAll('polygon');
            return ring.getAttribute('points').split(' ').map(each => each.split(',').map(Number));
        }"""
    )
    # One sigma to the right of (1, 0) is z1 = 1.5, to the left 0.5; above, z2 = 1. By hand: Φ(1.5) = 0.933193,
    # Φ(0.5) = 0.691462, Φ(1) = 0.841345.
    assert points[0] == pytest.approx([93.437, 50], abs=0.02)
    assert points[36] == pytest.approx([69.198, 50], abs=0.02)
    assert points[18] == pytest.approx([84.227, 15.773], abs=0.02)


def test_it_is_legible_how_large_rings_are_drawn(page, open_experiment):
    open_experiment("map")
    page.set_viewport_size({"width": 1280, "height": 800})
    change = "ellipse => document.querySelector('#vae-map .ll-live').control.change({ ellipse })"
    # By hand: on the map a radius is 100 · 0.05 φ(0) = 2.0, less than the 2.5 that are seen.
    page.evaluate(change, [0, 0, 0.05, 0.05])
    words = page.locator("#vae-map .ll-drawn")
    expect(words).to_have_text("Rings drawn 2 times as large")
    expect(words).to_be_in_viewport(ratio=1)
    page.evaluate(change, [0, 0, 0.5, 0.5])
    expect(words).to_have_text("")


def test_on_a_phone_all_numbers_of_the_map_stay_in_sight(page, open_experiment):
    open_experiment("map")
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("#vae-map-canvas-0 .ll-draw").evaluate(
        "node => window.scrollBy(0, node.getBoundingClientRect().bottom - innerHeight + 20)"
    )
    numbers = page.locator("#vae-map-results .ll-number:visible")
    expect(numbers).to_have_count(3)
    for each in numbers.all():
        expect(each).to_be_in_viewport(ratio=1)


def test_turning_a_dial_changes_the_picture_by_what_the_number_says(page, open_experiment):
    open_experiment("dials")
    moved = page.locator("#vae-dials-results [data-text=moved]")
    with changing(page, "#vae-dials-results canvas[data-slot=mean]"):
        page.locator("#vae-dials input").first.focus()
        page.keyboard.press("Home")
    expect(moved).not_to_have_text("0.0")
    with changing(page, "#vae-dials-results canvas[data-slot=mean]"):
        page.get_by_role("button", name="Random z").click()
    expect(moved).to_have_text("0.0")
    page.locator("#vae-dials input").first.focus()
    page.keyboard.press("End")
    expect(moved).not_to_have_text("0.0")
    page.locator("#vae-dials .ll-reset").click()
    expect(moved).to_have_text("0.0")


def test_dials_of_another_data_set_come_with_its_canvas(page, open_experiment):
    open_experiment("dials")
    page.get_by_label("Model").locator("visible=true").click()
    page.get_by_role("option", name="Fashion, 16-D, Normal", exact=True).click()
    expect(page.locator("[id^=vae-dials-canvas]:visible")).to_have_count(1)
    with changing(page, "#vae-dials-results canvas[data-slot=mean]"):
        page.locator("[id^=vae-dials-canvas]:visible .ll-example").nth(4).click()


def test_the_beta_dial_changes_reconstructions_samples_and_numbers(page, open_experiment):
    open_experiment("beta")
    error = page.locator("#vae-beta-results [data-text=error]")
    expect(error).not_to_have_text("–")
    page.locator("#vae-beta-dial input").focus()
    seen = []
    with changing(page, "#vae-beta-results canvas[data-slot=samples]"):
        page.keyboard.press("Home")
    for key in ("ArrowRight", "End"):
        seen.append(float(error.text_content()))
        with changing(page, "#vae-beta-results canvas[data-slot=pairs]"):
            page.keyboard.press(key)
    assert seen[0] < seen[1] < float(error.text_content())


def test_a_sample_of_the_output_is_drawn_anew(page, open_experiment):
    open_experiment("output")
    with changing(page, "#vae-output-results canvas[data-slot='Bernoulli sample']"):
        page.get_by_role("button", name="Draw anew").click()


def test_output_of_other_images_takes_the_place_of_the_first(page, open_experiment):
    open_experiment("output")
    sides = page.locator("#vae-output-results .ll-side")
    expect(page.locator("#vae-output-results .ll-number")).to_have_count(4)
    expect(page.locator("#vae-output-results [data-text='Normal best']")).to_have_text("0.118")
    page.get_by_role("radio", name="Fashion").click()
    expect(page.locator("#vae-output-results [data-text='Normal ratio']")).to_have_text(
        re.compile("×")
    )
    expect(sides).to_have_count(1)
    page.get_by_role("radio", name="Digits").click()
    expect(page.locator("#vae-output-results [data-text='Bernoulli ratio']")).to_have_text(
        re.compile("×")
    )
    expect(sides).to_have_count(1)


def test_samples_follow_temperature_and_seed(page, open_experiment):
    open_experiment("samples")
    variety = page.locator("#vae-samples-results [data-text=variety]")
    expect(variety).to_have_text(re.compile(r"\d"))
    with changing(page, "#vae-samples-results canvas[data-slot=samples]"):
        page.get_by_role("button", name="Draw anew").click()
    with changing(page, "#vae-samples-results canvas[data-slot=samples]"):
        page.locator("#vae-samples input").focus()
        page.keyboard.press("Home")
    expect(variety).to_have_text("0.0")


def test_log_p_is_estimated_when_its_page_opens_and_for_another_picture(page, open_experiment):
    open_experiment("evidence")
    number = page.locator("#vae-evidence-numbers .ll-number").first
    expect(number).to_have_text(re.compile("nats"), timeout=30_000)
    before = number.text_content()
    page.locator("[id^=vae-evidence-canvas]:visible .ll-example").nth(4).click()
    expect(number).not_to_have_text(before, timeout=30_000)
    expect(page.locator("#vae-evidence-chart svg")).to_be_visible()
    page.locator("[id^=vae-evidence-canvas]:visible").get_by_role("button", name="Clear").click()
    expect(page.locator("#vae-evidence-numbers .ll-stale")).to_be_visible()


def test_gradients_follow_their_sliders(page, open_experiment):
    open_experiment("reparameterise")
    with changing(page, "#vae-reparameterise-results canvas[data-slot=score]"):
        page.locator("#vae-reparameterise input").first.focus()
        page.keyboard.press("Home")
    expect(page.locator("#vae-reparameterise-results [data-text=ratio]")).to_have_text(
        re.compile(r"\d,\d{3}")
    )


def test_a_morph_plays_and_becomes_a_gif(page, open_experiment):
    open_experiment("morph")
    with changing(page, "#vae-morph-results canvas[data-slot=mean]"):
        page.get_by_role("button", name="Play").click()
    with changing(page, "#vae-morph-results canvas[data-slot=path]"):
        page.locator("#vae-morph-stops .ll-example").nth(1).click()
    page.get_by_role("button", name="Make a GIF").click()
    expect(page.locator("#vae-film")).to_be_visible()
    download = page.locator("#vae-film").get_by_role("button", name="Download")
    expect(download).to_be_visible(timeout=30_000)
    with page.expect_download() as event:
        download.click()
    with Image.open(event.value.path()) as film:
        assert film.format == "GIF"
        assert film.is_animated
