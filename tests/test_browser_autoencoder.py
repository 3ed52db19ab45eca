"""The chapter Autoencoders in a real browser, on the committed models."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

ERROR = re.compile(r"squared error \d")


@pytest.fixture
def open_experiment(page: Page, app_url: str, browser_log):
    """Opens an experiment at its address; at the end, the browser has nothing to complain of."""

    def open_it(name: str) -> Page:
        page.goto(f"{app_url}#autoencoder/{name}")
        tab = page.locator(f'[role=tab][data-tab-id="autoencoder/{name}"]')
        expect(tab).to_have_attribute("aria-selected", "true", timeout=60_000)
        first = page.locator(".ll-number:visible").first
        expect(first).to_have_text(re.compile(r"\d"), timeout=60_000)
        return page

    yield open_it
    assert browser_log.errors == []


def canvas(page: Page, slot: str) -> Locator:
    return page.locator(f'canvas[data-slot="{slot}"]:visible')


def pixels(image: Locator) -> str:
    return image.evaluate("canvas => canvas.toDataURL()")


def expect_change(image: Locator, before: str) -> str:
    """Waits until the canvas shows something else than before, and returns that."""
    for _ in range(100):
        if (now := pixels(image)) != before:
            return now
        image.page.wait_for_timeout(50)
    raise AssertionError("the image did not change")


def number(page: Page, slot: str) -> Locator:
    return page.locator(f'[data-text="{slot}"]:visible')


def choose(page: Page, data: str) -> None:
    page.get_by_label("Data").locator("visible=true").click()
    page.get_by_role("option", name=data).click()


def test_images_follow_a_drawing(open_experiment):
    page = open_experiment("reconstruct")
    expect(number(page, "conv")).to_have_text(ERROR)
    before = {slot: pixels(canvas(page, slot)) for slot in ("x", "conv", "linear", "pca")}

    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("The drawing is empty")).to_be_visible()
    pad = page.locator("canvas.ll-draw:visible")
    pad.scroll_into_view_if_needed()  # the button below it may have scrolled it out
    box = pad.bounding_box()
    x, y, side = box["x"], box["y"], box["width"]
    page.mouse.move(x + 0.3 * side, y + 0.2 * side)
    page.mouse.down()
    page.mouse.move(x + 0.7 * side, y + 0.2 * side, steps=8)
    during = expect_change(canvas(page, "conv"), before["conv"])  # the pen is still down
    page.mouse.move(x + 0.4 * side, y + 0.8 * side, steps=8)
    page.mouse.up()
    expect_change(canvas(page, "conv"), during)
    for slot in ("x", "linear", "pca"):
        assert pixels(canvas(page, slot)) != before[slot]
    for kind in ("conv", "linear", "pca"):
        expect(number(page, kind)).to_have_text(ERROR)


def test_images_follow_the_code_size_and_two_numbers_are_too_few(open_experiment):
    page = open_experiment("reconstruct")
    expect(number(page, "conv")).to_have_text(ERROR)
    before = pixels(canvas(page, "conv"))
    slider = page.get_by_role("slider", name="Code size").locator("visible=true")

    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "64 dimensions")
    many = expect_change(canvas(page, "conv"), before)
    least = error(page)
    slider.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "2 dimensions")
    expect_change(canvas(page, "conv"), many)
    assert error(page) > 3 * least


def error(page: Page) -> float:
    return float(number(page, "conv").inner_text().removeprefix("squared error "))


def test_a_thick_6_is_an_8_at_two_dimensions_and_a_6_again_at_eight(open_experiment):
    page = open_experiment("reconstruct")
    expect(number(page, "here")).to_have_text("1.50")
    slider = page.get_by_role("slider", name="Code size").locator("visible=true")
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "8 dimensions")
    expect(number(page, "here")).to_have_text("0.37")


def test_a_choice_outlives_a_look_at_other_data(open_experiment):
    page = open_experiment("reconstruct")
    expect(number(page, "conv")).to_have_text(ERROR)
    slider = page.get_by_role("slider", name="Code size").locator("visible=true")
    before = pixels(canvas(page, "pca"))
    slider.press("End")
    many = expect_change(canvas(page, "pca"), before)

    choose(page, "Fashion-MNIST")
    expect(slider).to_have_attribute("aria-valuetext", "16 dimensions")
    expect(number(page, "conv")).to_have_text(ERROR)
    choose(page, "10,000 MNIST digits")
    expect(slider).to_have_attribute("aria-valuetext", "64 dimensions")
    for _ in range(100):
        if pixels(canvas(page, "pca")) == many:
            return
        page.wait_for_timeout(50)
    raise AssertionError("the images are not those of the chosen code size")


def test_the_code_size_marks_its_points_on_the_curve(open_experiment):
    page = open_experiment("errors")
    ratio = page.locator('[data-part="ratio"]:visible')
    marked = page.locator("circle.ae-here").locator("visible=true")
    expect(ratio).to_have_text("0.34")
    slider = page.get_by_role("slider", name="Code size").locator("visible=true")
    slider.press("Home")
    expect(ratio).to_have_text("0.71")
    expect(marked).to_have_count(3)
    expect(marked.first).to_have_attribute("data-x", "2")
    slider.press("End")
    expect(ratio).to_have_text("0.18")
    choose(page, "Fashion-MNIST")
    expect(ratio).to_have_text("0.53")
    choose(page, "10,000 MNIST digits")
    expect(ratio).to_have_text("0.18")


def test_the_curve_is_described_and_its_numbers_stand_in_a_table(open_experiment):
    page = open_experiment("errors")
    expect(
        page.get_by_role("img", name="Curves of squared error").locator("visible=true")
    ).to_have_count(1)
    rows = page.get_by_role("row").locator("visible=true")
    expect(rows).to_have_count(8)  # a heading and seven code sizes
    expect(page.get_by_text("at most 1.000 times PCA").locator("visible=true")).to_have_count(1)


def test_the_way_between_two_images_bends_and_plays(open_experiment):
    page = open_experiment("between")
    expect(number(page, "bend-pca")).to_have_text("0.00")
    assert float(number(page, "bend-conv").inner_text()) > 1
    before = pixels(canvas(page, "fade"))
    page.get_by_role("group", name="From").get_by_label("Image 5", exact=True).locator(
        "visible=true"
    ).click()
    chosen = expect_change(canvas(page, "fade"), before)
    page.get_by_role("button", name="Play t").click()
    moved = expect_change(canvas(page, "conv"), pixels(canvas(page, "conv")))
    expect_change(canvas(page, "conv"), moved)
    page.get_by_text("Pause").click()
    assert pixels(canvas(page, "fade")) != chosen


def test_new_samples_and_a_wider_spread(open_experiment):
    page = open_experiment("generator")
    distance = page.locator('[data-part="distance-vae"]:visible')
    expect(distance).to_have_text("6.2")
    for slot in ("noise", "gaussian", "real"):  # the numbers may come before the images
        page.wait_for_function(
            "canvas => canvas.width > 28", arg=canvas(page, slot).element_handle()
        )
    before = {slot: pixels(canvas(page, slot)) for slot in ("noise", "gaussian", "real")}
    page.get_by_role("button", name="New samples").locator("visible=true").click()
    expect_change(canvas(page, "gaussian"), before["gaussian"])
    narrow = expect_change(canvas(page, "noise"), before["noise"])
    assert pixels(canvas(page, "real")) == before["real"]
    fitted = pixels(canvas(page, "gaussian"))
    page.get_by_role("slider", name="s", exact=True).locator("visible=true").press("End")
    expect_change(canvas(page, "noise"), narrow)
    assert pixels(canvas(page, "gaussian")) == fitted
    page.get_by_role("slider", name="Code size").locator("visible=true").press("Home")
    expect(distance).to_have_text("64.2")
    expect_change(canvas(page, "gaussian"), fitted)


def test_the_chapter_fits_a_phone(open_experiment, page):
    page.set_viewport_size({"width": 390, "height": 844})
    for name in ("reconstruct", "errors", "between", "generator"):
        open_experiment(name)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
