"""The chapter "Disentanglement" in Chromium, on toys: swaps follow the choice and the setting, a walk the slider."""

import re

import pytest
import toys
from playwright.sync_api import expect

from gen_models import app
from gen_models.app.chapters import disentangle

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)  # for a slow machine

PIXELS = "selector => document.querySelector(selector)?.toDataURL()"
GRID = "#disentangle-swap-results canvas[data-slot=grid]"


@pytest.fixture(scope="module")
def app_url(tmp_path_factory):
    """Address of the app with this chapter alone and toys."""
    root = tmp_path_factory.mktemp("exported")
    toys.disentangle(root, "toy")
    toys.disentangle(root, "none", adversary=0.0, swap=0.0, leak=0.7)
    toys.vae(root, "vae", k=4, shape=(1, 28, 28), data="digits")
    toys.features(root, "features", shape=(1, 28, 28), data="digits")
    toys.views(root, "views")
    toys.views(root, "loose", k=6, beta=0.01, adversary=0.0, leak=0.6)
    demo = app.build(root, (disentangle.CHAPTER,))
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield url
    demo.close()


def painted(page, canvas):
    """Wait until a canvas has been answered, and return its pixels."""
    page.wait_for_function("s => document.querySelector(s)?.width > 20", arg=canvas)
    page.wait_for_timeout(300)
    return page.evaluate(PIXELS, canvas)


def changed(page, canvas, before):
    """Wait until the pixels are others."""
    page.wait_for_function(f"([s, before]) => ({PIXELS})(s) !== before", arg=[canvas, before])


def test_a_swap_follows_the_digit_and_the_setting(page, app_url, browser_log):
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{app_url}#disentangle/swap")
    leak = page.locator("#disentangle-swap-results [data-text=leak]")
    expect(leak).to_have_text("15.0 %")
    before = painted(page, GRID)
    page.locator("#disentangle-swap .ll-example").nth(8).click()
    changed(page, GRID, before)
    before = page.evaluate(PIXELS, GRID)
    error = page.locator("#disentangle-swap-results [data-text=error]")
    page.get_by_role("button", name="Clear").locator("visible=true").click()
    expect(error).to_have_text("–")
    expect(leak).to_have_text("15.0 %")  # it is of test digits
    page.get_by_role("radio", name="Neither").locator("visible=true").check()
    expect(leak).to_have_text("70.0 %")
    page.get_by_role("radio", name="Adversary and classifier, 3-D z", exact=True).locator(
        "visible=true"
    ).check()
    expect(leak).to_have_text("15.0 %")
    pad = page.locator("#disentangle-swap .ll-draw").bounding_box()
    page.mouse.move(pad["x"] + pad["width"] / 2, pad["y"] + pad["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(pad["x"] + pad["width"] / 2, pad["y"] + pad["height"] * 0.8, steps=6)
    page.mouse.up()
    changed(page, GRID, before)
    page.get_by_role("radio", name="Neither").locator("visible=true").check()
    expect(leak).to_have_text("70.0 %")
    assert browser_log.errors == []


def test_a_walk_follows_the_slider_and_the_leak_its_switches(page, app_url, browser_log):
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{app_url}#disentangle/walk")
    style = "#disentangle-walk-results canvas[data-slot=number]"
    before = painted(page, style)
    page.locator("#disentangle-walk input").first.focus()
    page.keyboard.press("End")
    changed(page, style, before)
    digits = page.locator("#disentangle-walk-ends").get_by_role("button")
    chosen = page.locator("#disentangle-walk-ends [aria-pressed=true]")
    first, last = (chosen.nth(i).get_attribute("aria-label") for i in (0, 1))
    assert {first, last} == {
        "Test image 1, number 2, gives its place to the next choice",
        "Test image 5, number 1",
    }
    digits.nth(6).click()  # in place of number 2, and number 1 stays
    expect(digits.nth(6)).to_have_attribute(
        "aria-label", "Test image 7, number 2, gives its place to the next choice"
    )
    expect(digits.nth(4)).to_have_attribute("aria-label", "Test image 5, number 1")
    digits.nth(4).click()
    digits.nth(2).click()  # now in place of number 1
    expect(digits.nth(2)).to_have_attribute(
        "aria-label", "Test image 3, number 1, gives its place to the next choice"
    )
    expect(digits.nth(6)).to_have_attribute("aria-label", "Test image 7, number 2")
    page.goto(f"{app_url}#disentangle/leak")
    page.get_by_role("radio", name="Linear").check()
    expect(page.locator("#disentangle-leak svg")).to_have_attribute(
        "aria-label", re.compile("a linear probe")
    )
    assert browser_log.errors == []


def test_a_swap_of_heads_follows_both_choices_the_slider_and_the_setting(
    page, app_url, browser_log
):
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{app_url}#disentangle/person")
    results = page.locator("#disentangle-person-results")
    swap, truth = (
        f"#disentangle-person-results canvas[data-slot={slot}]" for slot in ("swap", "truth")
    )
    error, leak = (results.locator(f"[data-text={slot}]") for slot in ("error", "person"))
    expect(error).to_have_text("0.000")
    expect(leak).to_have_text("0.05")
    before = painted_of(page, swap), painted_of(page, truth)
    page.locator("#disentangle-person-person").get_by_role("button", name="Image 1").click()
    changed(page, swap, before[0])
    changed(page, truth, before[1])
    expect(error).to_have_text("0.000")
    page.locator("#disentangle-person-view").get_by_role("button", name="Image 4").click()
    before = painted_of(page, truth)
    page.locator("#disentangle-person input").first.focus()
    page.keyboard.press("Home")
    expect(error).not_to_have_text("0.000")  # their own view, and not the other
    page.keyboard.press("End")
    expect(error).to_have_text("0.000")
    page.get_by_role("radio", name="no adversary").locator("visible=true").check()
    expect(leak).to_have_text("0.60")
    assert browser_log.errors == []


def painted_of(page, canvas):
    """Wait until a canvas holds an image of a toy, and return its pixels."""
    page.wait_for_function("s => document.querySelector(s)?.width === 16", arg=canvas)
    page.wait_for_timeout(300)
    return page.evaluate(PIXELS, canvas)
