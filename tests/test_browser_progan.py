"""The chapter "Progressive GAN" in Chromium, on a toy: its film is scrubbed, a level fades in, z walks."""

import re

import pytest
import toys
from playwright.sync_api import expect

from gen_models import app
from gen_models.app.chapters import progan

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)  # for a slow machine

PIXELS = "selector => document.querySelector(selector)?.toDataURL()"


@pytest.fixture(scope="module")
def app_url(tmp_path_factory):
    """Address of the app with this chapter alone and toys."""
    root = tmp_path_factory.mktemp("exported")
    toys.progan(root, "toy")
    toys.progan(root, "abrupt", fade=0)
    demo = app.build(root, (progan.CHAPTER,))
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield url
    demo.close()


def painted(page, canvas):
    """Wait until a canvas has been answered, and return its pixels."""
    page.wait_for_function("s => document.querySelector(s)?.width > 30", arg=canvas)
    page.wait_for_timeout(300)
    return page.evaluate(PIXELS, canvas)


def changed(page, canvas, before):
    """Wait until the pixels are others."""
    page.wait_for_function(f"([s, before]) => ({PIXELS})(s) !== before", arg=[canvas, before])


def test_the_film_is_scrubbed_and_the_networks_shrink_with_it(page, app_url, browser_log):
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{app_url}#progan/growth")
    side = page.locator("#progan-growth-results [data-text=side]")
    expect(side).to_have_text("16 × 16")
    block = page.locator("#progan-growth-networks [data-part=G2]")
    expect(block).to_have_attribute("fill-opacity", "0.45")
    canvas = "#progan-growth-results canvas"
    before = painted(page, canvas)
    slider = page.locator("#progan-growth input").first
    slider.focus()
    page.keyboard.press("Home")
    expect(side).to_have_text("4 × 4")
    changed(page, canvas, before)
    expect(block).to_have_attribute("fill-opacity", "0.00")
    slider.fill("0.36")  # frame 4 of 11, where 8 pixels have faded in to 0.4
    expect(page.locator("#progan-growth-results [data-text=alpha]")).to_have_text("0.40")
    expect(page.locator("#progan-growth-networks [data-part=G1]")).to_have_attribute(
        "fill-opacity", "0.18"
    )
    page.get_by_role("radio", name="Without fade-in").locator("visible=true").check()
    expect(page.locator("#progan-growth-results [data-text=alpha]")).to_have_text("1.00")
    assert browser_log.errors == []


def test_alpha_and_the_level_change_what_is_seen(page, app_url, browser_log):
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{app_url}#progan/fade")
    contrast = page.locator("#progan-fade-results [data-text=contrast]")
    expect(contrast).to_have_text("25.5")
    before = painted(page, "#progan-fade-results canvas[data-slot=x]")
    page.locator("#progan-fade input").first.focus()
    page.keyboard.press("End")
    expect(contrast).to_have_text("127.5")
    changed(page, "#progan-fade-results canvas[data-slot=x]", before)
    page.get_by_role("radio", name="8 × 8").check()
    expect(page).to_have_url(re.compile("side=8"))
    expect(contrast).to_have_text("127.5")
    assert browser_log.errors == []


def test_z_walks_at_every_level(page, app_url, browser_log):
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{app_url}#progan/levels")
    last = "#progan-levels-results canvas[data-slot=at16]"
    before = painted(page, last)
    page.locator("#progan-levels input").first.focus()
    page.keyboard.press("End")
    changed(page, last, before)
    expect(page.locator("#progan-levels-results [data-text=moved]")).to_have_text("0.0")
    expect(page.locator("#progan-levels-bars .ll-number").first).to_have_text("15.0")
    assert browser_log.errors == []
