"""The tab Autoencoders in a real browser, on the committed models."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

ERROR = re.compile(r"squared error \d")


@pytest.fixture
def open_experiment(page: Page, app_url: str, browser_log):
    """Opens the tab and an experiment in it; at the end, the browser has nothing to complain of."""

    def open_it(name: str) -> Page:
        page.goto(app_url)
        page.get_by_role("tab", name="Autoencoders", exact=True).first.click()
        page.get_by_role("tab", name=name, exact=True).click()
        return page

    yield open_it
    assert browser_log.errors == []


def canvas(page: Page, slot: str) -> Locator:
    return page.locator(f'canvas[data-slot="{slot}"]:visible')


def pixels(picture: Locator) -> str:
    return picture.evaluate("canvas => canvas.toDataURL()")


def expect_change(picture: Locator, before: str) -> str:
    """Waits until the canvas shows something else than before, and returns that."""
    for _ in range(100):
        if (now := pixels(picture)) != before:
            return now
        picture.page.wait_for_timeout(50)
    raise AssertionError("the picture did not change")


def number(page: Page, slot: str) -> Locator:
    return page.locator(f'[data-text="{slot}"]:visible')


def test_pictures_follow_a_drawing(open_experiment):
    page = open_experiment("Reconstruct")
    expect(number(page, "conv")).to_have_text(ERROR)
    before = {slot: pixels(canvas(page, slot)) for slot in ("x", "conv", "linear", "pca")}

    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("The drawing is empty")).to_be_visible()
    sheet = page.locator("canvas.ll-draw:visible")
    sheet.scroll_into_view_if_needed()  # the button below it may have scrolled it out
    box = sheet.bounding_box()
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


def test_pictures_follow_the_code_size_and_two_numbers_are_too_few(open_experiment):
    page = open_experiment("Reconstruct")
    expect(number(page, "conv")).to_have_text(ERROR)
    before = pixels(canvas(page, "conv"))
    slider = page.get_by_role("slider", name="Code size").locator("visible=true")

    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "64 numbers")
    many = expect_change(canvas(page, "conv"), before)
    least = error(page)
    slider.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "2 numbers")
    expect_change(canvas(page, "conv"), many)
    assert error(page) > 3 * least


def error(page: Page) -> float:
    return float(number(page, "conv").inner_text().removeprefix("squared error "))


def test_a_choice_outlives_a_look_at_other_data(open_experiment):
    page = open_experiment("Reconstruct")
    expect(number(page, "conv")).to_have_text(ERROR)
    slider = page.get_by_role("slider", name="Code size").locator("visible=true")
    before = pixels(canvas(page, "pca"))
    slider.press("Home")
    two = expect_change(canvas(page, "pca"), before)

    page.get_by_label("Fashion").check()
    expect(slider).to_have_attribute("aria-valuetext", "32 numbers")
    expect(number(page, "conv")).to_have_text(ERROR)
    page.get_by_label("digits").check()
    expect(slider).to_have_attribute("aria-valuetext", "2 numbers")
    for _ in range(100):
        if pixels(canvas(page, "pca")) == two:
            return
        page.wait_for_timeout(50)
    raise AssertionError("the pictures are not those of the chosen code size")


def test_the_curve_is_described_and_its_numbers_stand_in_a_table(open_experiment):
    page = open_experiment("Error curve")
    expect(
        page.get_by_role("img", name="Curves of squared error").locator("visible=true")
    ).to_have_count(1)
    rows = page.get_by_role("row").locator("visible=true")
    expect(rows).to_have_count(8)  # a heading and seven code sizes
    expect(page.locator(".ll-number:visible")).to_contain_text("1.0")


def test_the_way_between_two_pictures_bends_and_plays(open_experiment):
    page = open_experiment("Between two")
    expect(number(page, "bend-pca")).to_have_text("0.00")
    assert float(number(page, "bend-conv").inner_text()) > 1
    before = pixels(canvas(page, "fade"))
    page.get_by_role("group", name="From").get_by_label("Picture 5", exact=True).locator(
        "visible=true"
    ).click()
    chosen = expect_change(canvas(page, "fade"), before)
    page.get_by_role("button", name="Play t").click()
    moved = expect_change(canvas(page, "conv"), pixels(canvas(page, "conv")))
    expect_change(canvas(page, "conv"), moved)
    page.get_by_text("Pause").click()
    assert pixels(canvas(page, "fade")) != chosen


def test_new_samples_and_a_wider_spread(open_experiment):
    page = open_experiment("As a generator")
    expect(number(page, "error-real")).to_have_text(re.compile(r"^0\.\d\d$"))
    before = {slot: pixels(canvas(page, slot)) for slot in ("random", "gaussian", "real")}
    page.get_by_role("button", name="New samples").locator("visible=true").click()
    expect_change(canvas(page, "gaussian"), before["gaussian"])
    narrow = expect_change(canvas(page, "random"), before["random"])
    assert pixels(canvas(page, "real")) == before["real"]
    fitted = pixels(canvas(page, "gaussian"))
    page.get_by_role("slider", name="s", exact=True).locator("visible=true").press("End")
    expect_change(canvas(page, "random"), narrow)
    assert pixels(canvas(page, "gaussian")) == fitted


def test_the_tab_fits_a_phone(open_experiment, page):
    page.set_viewport_size({"width": 390, "height": 844})
    for name in ("Reconstruct", "Error curve", "Between two", "As a generator"):
        open_experiment(name)
        page.wait_for_timeout(500)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
