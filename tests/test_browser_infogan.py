"""The chapter "InfoGAN" in Chromium, on a toy model: codes are moved, and pictures and readings follow."""

import re

import pytest
import toys
from playwright.sync_api import expect

from gen_models import app
from gen_models.app.chapters import infogan

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)  # for a slow machine

PIXELS = "selector => document.querySelector(selector)?.toDataURL()"


@pytest.fixture(scope="module")
def app_url(tmp_path_factory):
    """Address of the app with this chapter alone and a toy model."""
    root = tmp_path_factory.mktemp("exported")
    toys.infogan(root, sigma=0.5)
    demo = app.build(root, (infogan.CHAPTER,))
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield url
    demo.close()


@pytest.fixture
def open_experiment(page, app_url, browser_log):
    """Open one experiment; at the end, nothing went wrong on the page."""

    def open_(name):
        page.set_viewport_size({"width": 1280, "height": 1200})
        page.goto(f"{app_url}#infogan/{name}")

    yield open_
    expect(page.locator(".ll-error:visible").filter(has_text=re.compile("."))).to_have_count(0)
    assert browser_log.errors == []


def painted(page, canvas):
    """Wait until a canvas has a picture, and return its pixels."""
    page.wait_for_function(
        "s => new Set(document.querySelector(s)?.getContext('2d').getImageData(0, 0, 20, 20).data).size > 2",
        arg=canvas,
    )
    page.wait_for_timeout(300)
    return page.evaluate(PIXELS, canvas)


def changed(page, canvas, before):
    """Wait until the pixels are others."""
    page.wait_for_function(f"([s, before]) => ({PIXELS})(s) !== before", arg=[canvas, before])


def place(page, selector, x, y=0.5):
    """Where a part of an element's width and height is in the window."""
    found = page.locator(selector).first
    found.scroll_into_view_if_needed()
    page.wait_for_timeout(200)
    box = found.bounding_box()
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def test_the_picture_and_the_reading_follow_a_code_while_it_is_dragged(page, open_experiment):
    open_experiment("codes")
    canvas, read = (
        "#infogan-codes-results canvas",
        page.locator("#infogan-codes-results [data-text=c0]"),
    )
    before = painted(page, canvas)
    expect(read).to_have_text("0.00")
    page.mouse.move(*place(page, "#infogan-codes input", 0.5))
    page.mouse.down()
    page.mouse.move(*place(page, "#infogan-codes input", 0.9), steps=8)
    changed(page, canvas, before)  # the button is still down
    expect(read).to_have_text(re.compile(r"1\.[567]\d"))
    page.mouse.up()
    expect(page.locator("#infogan-codes-results [data-text=x]")).to_contain_text("outside [−1, 1]")


def test_another_category_is_read_in_the_bars(page, open_experiment):
    open_experiment("codes")
    canvas, rows = "#infogan-codes-results canvas", page.locator("#infogan-codes-q tbody tr")
    before = painted(page, canvas)
    expect(rows.nth(3).locator(".share")).to_have_text(re.compile(r"(99|100)\.\d %"))
    page.locator("#infogan-codes-category").get_by_role("radio", name="9").check()
    changed(page, canvas, before)
    expect(rows.nth(9).locator(".share")).to_have_text(re.compile(r"(99|100)\.\d %"))
    expect(rows.nth(9)).to_contain_text("set")
    expect(rows.nth(3).locator(".share")).to_have_text("0.0 %")


def test_another_z_changes_the_picture_and_not_its_category(page, open_experiment):
    open_experiment("codes")
    before = painted(page, "#infogan-codes-results canvas")
    category = page.locator("#infogan-codes-results [data-text=category]")
    read = category.text_content()
    page.get_by_role("button", name="Another z").locator("visible=true").click()
    changed(page, "#infogan-codes-results canvas", before)
    expect(category).to_have_text(read)


def test_the_grid_follows_the_other_code_and_the_choice_of_the_first(page, open_experiment):
    open_experiment("grid")
    canvas = "#infogan-grid-results canvas"
    before = painted(page, canvas)
    page.locator("#infogan-grid .ll-slider input").focus()
    page.keyboard.press("End")
    changed(page, canvas, before)
    before = painted(page, canvas)
    page.get_by_role("radio", name="c₃").check()
    changed(page, canvas, before)
    expect(page.locator("#infogan-grid-results [data-text=grid]")).to_contain_text(
        "c₃ from −1, left, to 1"
    )
    expect(page.locator("#infogan-grid .ll-slider label")).to_have_text("c₂")


def test_another_example_is_read_and_a_drawing_is_written_again(page, open_experiment):
    open_experiment("read")
    canvas = "#infogan-read-results canvas[data-slot=again]"
    before = painted(page, canvas)
    category = page.locator("#infogan-read-results [data-text=category]")
    expect(category).to_have_text(re.compile("^4, "))
    page.locator("#infogan-read .ll-example").nth(4).click()
    expect(category).to_have_text(re.compile("^3, "))
    changed(page, canvas, before)
    expect(page.locator("#infogan-read-q tbody tr").nth(3).locator(".share")).to_have_text(
        re.compile(r"9\d\.\d %")
    )
    before = painted(page, "#infogan-read-results canvas[data-slot=seen]")
    page.locator("#infogan-read").get_by_role("button", name="Clear").click()
    page.mouse.move(*place(page, "#infogan-read .ll-draw", 0.5, 0.2))
    page.mouse.down()
    page.mouse.move(*place(page, "#infogan-read .ll-draw", 0.5, 0.8), steps=8)
    page.mouse.up()
    changed(page, "#infogan-read-results canvas[data-slot=seen]", before)


def test_the_bound_and_its_dot_fall_as_codes_are_replaced(page, open_experiment):
    open_experiment("bound")
    number = page.locator("#infogan-bound-results [data-text=category]")
    dot = page.locator("#infogan-bound-chart [data-part=dot]")

    def height():
        return float(re.fullmatch(r"M\S+ (\S+)h0", dot.get_attribute("d"))[1])

    expect(number).to_have_text(re.compile(r"^2\.30 ± 0\.00"))
    line = page.locator("#infogan-bound-chart [data-part=line]")
    expect(line).to_have_attribute("d", re.compile("^M.+L"))
    high = height()
    page.locator("#infogan-bound .ll-slider input").focus()
    page.keyboard.press("End")
    expect(number).to_have_text(re.compile("^−"))
    assert height() > high + 100
