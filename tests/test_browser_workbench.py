"""What every experiment owes a visitor: one screen, an address, rows of tabs for the keyboard, and no barrier."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from gen_models.app.chapter import path
from gen_models.app.chapters import CHAPTERS
from scripts import biome

pytestmark = pytest.mark.browser

EXPERIMENTS = {
    path(chapter, experiment): experiment
    for chapter in CHAPTERS
    for experiment in chapter.experiments
}
DESKTOP, LAPTOP, PHONE = (1280, 800), (1366, 650), (390, 844)


@pytest.fixture(scope="module")
def visit(browser: Browser, app_url):
    """The app at a size, opened once; going to an address takes no reload."""
    pages: dict[tuple, Page] = {}
    errors: list[str] = []

    def at(size, address, dark=False) -> Page:
        if (size, dark) not in pages:
            width, height = size
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
            )
            page = pages[size, dark] = context.new_page()
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.goto(app_url)
            expect(page.get_by_role("button", name="Copy link")).to_be_visible()
        page = pages[size, dark]
        page.evaluate("hash => { location.hash = hash }", f"#{address}")
        expect(tab(page, address)).to_have_attribute("aria-selected", "true")
        return page

    yield at
    for page in pages.values():
        page.context.close()
    assert errors == []


def tab(page, address):
    """The tab of an experiment."""
    return page.locator(f'[role=tab][data-tab-id="{address.partition("?")[0]}"]')


def box(page, selector):
    """Where the first visible element of a selector is, in pixels of the window."""
    element = page.locator(selector).locator("visible=true").first
    expect(element).to_be_visible()
    return element.bounding_box()


def says_a_number(page, selector):
    """The number that proves the point has come."""
    element = page.locator(selector).locator("visible=true").first
    expect(element).to_have_text(re.compile(r"\d"), timeout=30_000)


@pytest.mark.parametrize("size", [DESKTOP, LAPTOP], ids=str)
@pytest.mark.parametrize("address", EXPERIMENTS)
def test_control_result_and_number_are_on_one_screen(visit, address, size):
    page = visit(size, address)
    experiment = EXPERIMENTS[address]
    says_a_number(page, experiment.number)
    strip = box(page, f'[id="tab-{address}"] .ll-idea')
    assert strip["height"] <= 120, "the idea strip"
    for part in ("control", "result", "number"):
        at = box(page, getattr(experiment, part))
        assert at["y"] >= 0, part
        assert at["y"] + at["height"] <= size[1], part
        assert at["x"] + at["width"] <= size[0], part
        assert min(at["height"], at["width"]) > 5, part


@pytest.mark.parametrize("address", EXPERIMENTS)
def test_on_a_phone_the_result_stays_while_the_control_is_used(visit, address):
    page = visit(PHONE, address)
    experiment = EXPERIMENTS[address]
    says_a_number(page, experiment.number)
    control = page.locator(experiment.control).locator("visible=true").first
    # To the lower half, as a visitor would: what is under the sticky result cannot be used.
    control.evaluate(
        "node => window.scrollBy(0, node.getBoundingClientRect().bottom - innerHeight + 20)"
    )
    result = box(page, experiment.result)
    assert result["y"] >= -1
    assert result["y"] + min(result["height"], 120) <= PHONE[1]
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0], "it scrolls sideways"


def test_a_bad_address_opens_the_nearest_and_says_so(page, app_url):
    first = next(iter(EXPERIMENTS))
    chapter = first.split("/")[0]
    status = page.locator("#ll-bar [role=status]")
    page.goto(f"{app_url}#{chapter}/no-such-thing?x=1")
    expect(tab(page, first)).to_have_attribute("aria-selected", "true")
    expect(status).to_have_text("There is no such experiment here: this is the nearest.")
    assert page.evaluate("location.hash") == f"#{first}"
    page.evaluate("location.hash = '#<img src=x onerror=alert(1)>?%E0%A4%A'")
    expect(tab(page, "start")).to_have_attribute("aria-selected", "true")
    expect(page.locator("img[onerror]")).to_have_count(0)


@pytest.mark.parametrize("value", ["1e99,0", "NaN,NaN", "1", "<b>", "0,0,0", "%00"])
def test_a_bad_value_is_left_out_and_the_rest_is_shown(page, app_url, value):
    page.goto(f"{app_url}#vae/map?z={value}")
    expect(tab(page, "vae/map")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#ll-bar [role=status]")).to_have_text(
        "A part of this link could not be used: the rest is shown."
    )
    page.wait_for_function("location.hash === '#vae/map'")


def test_the_address_follows_the_visitor(page, app_url):
    page.goto(app_url)
    page.get_by_role("tab", name="VAEs", exact=True).click()
    page.wait_for_function("location.hash === '#vae/map'")
    page.locator("#vae-map .ll-pad").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("location.hash.startsWith('#vae/map?z=')")
    page.get_by_role("tab", name="Autoencoders", exact=True).click()
    page.wait_for_function("location.hash.startsWith('#autoencoder/')")
    page.go_back()
    page.wait_for_function("location.hash.startsWith('#vae/map?z=')")
    expect(tab(page, "vae/map")).to_have_attribute("aria-selected", "true")


def test_what_the_visitor_moved_stays_when_the_first_answer_comes_late(page, app_url):
    held = []
    page.route("**/gradio_api/component_server/", lambda route: held.append(route))
    page.goto(f"{app_url}#vae/map")
    pad = page.locator("#vae-map .ll-pad")
    start = pad.get_attribute("aria-valuetext")
    pad.press("ArrowRight")
    there = pad.get_attribute("aria-valuetext")
    assert there != start
    page.wait_for_function("location.hash.startsWith('#vae/map?z=')")
    for route in held:
        route.continue_()
    page.unroute("**/gradio_api/component_server/")
    expect(
        page.locator("#vae-map .ll-pad polygon").first
    ).to_be_attached()  # the ellipse of the digit's code is there
    expect(pad).to_have_attribute("aria-valuetext", there)
    address = page.evaluate("location.hash")
    page.evaluate(
        "location.hash = '#vae/map'"
    )  # where the map is at rest now: at the code of the digit
    expect(pad).not_to_have_attribute("aria-valuetext", there)
    expect(pad).not_to_have_attribute("aria-valuetext", start)
    page.evaluate(f"location.hash = {address!r}")
    expect(pad).to_have_attribute("aria-valuetext", there)


def test_a_row_of_tabs_is_one_stop_and_arrows_move_in_it(page, app_url):
    page.goto(f"{app_url}#vae/map")
    expect(tab(page, "vae/map")).to_have_attribute("tabindex", "0")
    for row in page.get_by_role("tablist").all():
        assert row.locator("[role=tab][tabindex='0']").count() == 1
    for each in page.get_by_role("tab").all():
        assert each.get_attribute("aria-controls")
    tab(page, "vae/map").focus()
    page.keyboard.press("ArrowRight")
    second = list(EXPERIMENTS)[list(EXPERIMENTS).index("vae/map") + 1]
    expect(tab(page, second)).to_be_focused()
    expect(tab(page, second)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    expect(tab(page, "vae/map")).to_be_focused()


def test_an_embedded_page_has_no_frame_and_a_lecture_turns_pages(page, app_url):
    page.goto(f"{app_url}?embed#vae/map")
    expect(page.locator("#vae-map .ll-pad")).to_be_visible()
    assert page.get_by_role("tab").locator("visible=true").count() == 0
    page.goto(f"{app_url}?lecture#vae/map")
    expect(page.locator("#vae-map .ll-pad")).to_be_visible()
    second = list(EXPERIMENTS)[list(EXPERIMENTS).index("vae/map") + 1]
    page.keyboard.press("PageDown")
    expect(tab(page, second)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("PageUp")
    expect(tab(page, "vae/map")).to_have_attribute("aria-selected", "true")


@pytest.fixture(scope="module")
def axe():
    """The source of axe-core."""
    assert biome.install(), biome.MISSING
    return Path("node_modules/axe-core/axe.min.js").read_text("utf-8")


EVERY_RULE = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'best-practice']}"
CONTRAST = "{runOnly: {type: 'rule', values: ['color-contrast']}}"


@pytest.mark.parametrize(
    ("dark", "rules"), [(False, EVERY_RULE), (True, CONTRAST)], ids=["light", "dark"]
)
@pytest.mark.parametrize("address", ["start", *EXPERIMENTS, "models"])
def test_axe_finds_no_barrier(visit, axe, address, dark, rules):
    """In the dark only colours differ."""
    page = visit(DESKTOP, address, dark)
    if address in EXPERIMENTS:
        says_a_number(page, EXPERIMENTS[address].number)
    if (
        address == "models"
    ):  # it comes when its tab is opened, and Gradio's image gets its names after that
        buttons = "#tab-models .image-container button"
        expect(page.locator(f"{buttons}[aria-label]").first).to_be_visible()
        expect(page.locator(f"{buttons}:not([aria-label])")).to_have_count(0)
    page.evaluate(f"window.axe || (() => {{ {axe} }})()")
    # The footer is Gradio's own: an image beside the word that it shows. Experiments that were looked at before stay in
    # the page, hidden, and would take axe longer with each: of an experiment it looks at what is shown alone.
    shown = {"exclude": [["footer"]]}
    if address in EXPERIMENTS:
        shown["include"] = [["#ll-bar"], ["#sections > .tab-wrapper"], [f'[id="tab-{address}"]']]
    found = page.evaluate(f"shown => axe.run(shown, {rules})", shown)
    violations = [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]
    assert violations == []
