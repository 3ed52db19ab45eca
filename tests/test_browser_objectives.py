"""The chapter "Objectives" in Chromium: a slider is moved, curve and number follow."""

import re

import pytest
from playwright.sync_api import Page, expect

from gen_models import app
from gen_models.app.chapters import objectives

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)  # for a slow machine


@pytest.fixture(scope="module")
def app_url(tmp_path_factory):
    """Address of the app with this chapter alone and no model at all, which `page` opens."""
    demo = app.build(tmp_path_factory.mktemp("exported"), (objectives.CHAPTER,))
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield url
    demo.close()


@pytest.fixture
def open_experiment(page: Page, app_url, browser_log):
    """Open one experiment; at the end, nothing went wrong on the page."""

    def open_(name):
        page.set_viewport_size({"width": 1280, "height": 1000})
        page.goto(f"{app_url}#objectives/{name}")

    yield open_
    assert browser_log.errors == []


def drawn(page: Page, drawing, part):
    """The path of a part, once there is one."""
    found = page.locator(f"#{drawing} [data-part={part}]")
    expect(found).not_to_have_attribute("d", "")
    return found


def move(page: Page, slider, key):
    control = page.locator(f"#{slider} input")
    control.scroll_into_view_if_needed()
    control.focus()
    page.keyboard.press(key)


def test_the_fits_follow_the_distance_and_the_shape_of_the_bumps(page, open_experiment):
    open_experiment("fits")
    curve = drawn(page, "objectives-fits", "reverse")
    before = curve.get_attribute("d")
    mean = page.locator("#objectives-fits-table [data-part=cell-2-0]")
    sigma = page.locator("#objectives-fits-numbers [data-text=reverse]")
    move(page, "objectives-distance", "Home")
    expect(mean).to_have_text("0.00")
    move(page, "objectives-distance", "End")
    expect(mean).to_have_text("−4.00")
    expect(sigma).to_have_text("0.50")
    assert curve.get_attribute("d") != before
    remark = page.locator("#objectives-fits-table [data-part=remark]")
    expect(remark).to_contain_text("equally good")
    switch = page.locator("#objectives-fits-numbers [data-text=reverse-switch]")
    old = switch.text_content()
    move(page, "objectives-left", "ArrowRight")
    expect(switch).not_to_have_text(old)
    move(page, "objectives-weight", "Home")
    expect(mean).to_have_text("4.00")


def test_the_bumps_and_a_gaussian_of_ones_own_are_dragged(page, open_experiment):
    open_experiment("fits")
    drawn(page, "objectives-fits", "own")
    yours = page.locator("#objectives-fits .yours")
    expect(yours).to_contain_text("reverse KL")
    before = yours.text_content()
    chart = page.locator("#objectives-fits .chart").bounding_box()
    left = chart["x"] + chart["width"] / 14  # x = −6, where the range is −7 to 7
    bump = page.locator("#objectives-fits .bell-right").bounding_box()
    page.mouse.move(bump["x"] + 12, bump["y"] + 12)
    page.mouse.down()
    page.mouse.move(left + chart["width"] * 9 / 14, bump["y"] + 12, steps=5)  # x = 3
    page.mouse.up()
    expect(page.locator("#objectives-distance .ll-value")).to_have_text("6.00")
    own = page.locator("#objectives-fits .bell-own")
    dot = own.bounding_box()
    page.mouse.move(dot["x"] + 12, dot["y"] + 12)
    page.mouse.down()
    page.mouse.move(left + chart["width"] * 6 / 14, dot["y"] + 12, steps=5)  # x = 0
    page.mouse.up()
    expect(own).to_have_attribute("aria-valuetext", re.compile(r"^mean −?0\.\d\d, "))
    expect(yours).not_to_have_text(before)
    own.focus()
    wide = own.get_attribute("aria-valuetext")
    page.keyboard.press("ArrowDown")
    expect(own).not_to_have_attribute("aria-valuetext", wide)
    expect(page).to_have_url(re.compile(r"distance=6.*own=|own=.*distance=6"))
    page.reload()
    expect(own).to_have_attribute("aria-valuetext", re.compile(r"^mean −?0\.\d\d, "))
    expect(page.locator("#objectives-distance .ll-value")).to_have_text("6.00")


def test_samples_move_with_the_steps(page, open_experiment):
    open_experiment("naive")
    marks = drawn(page, "objectives-naive", "naive")
    before = marks.get_attribute("d")
    move(page, "objectives-steps", "Home")
    std = page.locator("#objectives-naive-numbers [data-text=naive]")
    expect(std).to_have_text("0.298")
    assert marks.get_attribute("d") != before
    move(page, "objectives-steps", "End")
    expect(std).to_have_text("0.000")
    expect(page.locator("#objectives-naive-numbers [data-text=points]")).to_have_text("1 of 96")
    move(page, "objectives-naive-mean", "Home")
    expect(page.locator("#objectives-naive-numbers [data-text=top]")).to_have_text("−0.98")


def test_a_gradient_is_lost_as_the_distance_grows(page, open_experiment):
    open_experiment("losses")
    curve = drawn(page, "objectives-losses-densities", "model")
    before = curve.get_attribute("d")
    move(page, "objectives-apart", "Home")
    game = page.locator("#objectives-losses-numbers [data-text=game]")
    expect(game).to_have_text("−0.250")
    assert curve.get_attribute("d") != before
    move(page, "objectives-apart", "End")
    expect(game).to_contain_text("10⁻⁵")
    expect(page.locator("#objectives-losses-numbers [data-text=practice]")).to_have_text("−0.500")
    numbers = page.locator("#objectives-losses-numbers")
    expect(numbers.locator("[data-text=end_practice]")).to_have_text("1.92")
    move(page, "objectives-losses-steps", "End")
    expect(numbers.locator("[data-text=end_practice]")).to_have_text("0.00")
    expect(numbers.locator("[data-text=end_game]")).to_have_text("7.98")
    colours = [
        numbers.locator(f"[data-text={name}]").evaluate("node => getComputedStyle(node).color")
        for name in ("game", "practice", "end_game", "end_practice")
    ]
    assert colours[0] == colours[2] != colours[1] == colours[3]
