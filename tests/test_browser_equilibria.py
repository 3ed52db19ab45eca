"""The chapter "Equilibria" in Chromium: a start point is set, settings are changed, and everything drawn follows."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from gen_models import app
from gen_models.app.chapters import equilibria

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def app_url(tmp_path_factory):
    """Address of the chapter alone."""
    demo = app.build(Path(tmp_path_factory.mktemp("none")), (equilibria.CHAPTER,))
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield url
    demo.close()


class Tab:
    """One experiment on the screen."""

    def __init__(self, page: Page, name: str) -> None:
        self.page, self.name = page, name
        self.plane, self.views = f"#equilibria-{name}-plane", f"#equilibria-{name}-views"
        self.pad = page.locator(f"{self.plane} .ll-pad")
        self.curves = page.locator(f"{self.plane} .curve")

    def place(self, x, y):
        """A point of the plane, from −3 to 3, in the window."""
        self.pad.scroll_into_view_if_needed()
        self.page.wait_for_timeout(200)
        box = self.pad.bounding_box()
        return box["x"] + (x + 3) / 6 * box["width"], box["y"] + (3 - y) / 6 * box["height"]

    def curve(self, rule):
        return self.page.locator(f"{self.plane} .curve.{rule}")

    def view(self, selector):
        return self.page.locator(f"{self.views} {selector}")

    def setting(self, words):
        settings = self.page.locator(f"#equilibria-{self.name}-settings")
        return settings.get_by_label(words, exact=True)


@pytest.fixture
def open_(page, app_url, browser_log):
    """Open an experiment, with its first trajectories drawn; at the end, nothing went wrong on the page."""

    def opened(name, curves):
        page.set_viewport_size({"width": 1280, "height": 1000})
        page.goto(f"{app_url}#equilibria/{name}")
        tab = Tab(page, name)
        expect(tab.curves).to_have_count(curves, timeout=30_000)
        return tab

    yield opened
    expect(page.locator(".ll-error:visible").filter(has_text=re.compile("."))).to_have_count(0)
    assert browser_log.errors == []


def test_a_click_sets_the_start_and_the_trajectories_follow(open_, page):
    tab = open_("field", 3)
    expect(tab.curve("simultaneous")).to_have_attribute("d", re.compile("^M667 333l"))
    page.mouse.click(*tab.place(-0.5, 2.0))
    expect(page.locator(f"{tab.plane} .ll-where")).to_have_text(
        re.compile(r"θ −0\.(49|50|51), ψ (1\.99|2\.0\d)")
    )
    for rule in ("continuous", "simultaneous", "alternating"):
        expect(tab.curve(rule)).to_have_attribute("d", re.compile(r"M41[4-9] 16[4-9]l"))
    expect(tab.view("tr[data-rule=continuous] td").nth(2)).to_have_text(re.compile(r"2\.0\d"))


def test_everything_follows_while_the_pointer_is_down(open_, page):
    tab = open_("relaxation", 3)
    page.mouse.move(*tab.place(1, 1))
    page.mouse.down()
    before = tab.view(".distance .consensus").get_attribute("d")
    page.mouse.move(*tab.place(2, -1), steps=6)
    expect(tab.curve("consensus")).to_have_attribute("d", re.compile(r"M83\d 66\dl"))
    assert tab.view(".distance .consensus").get_attribute("d") != before
    page.mouse.up()


def test_arrow_keys_move_the_start(open_, page):
    tab = open_("relaxation", 3)
    tab.pad.focus()
    page.keyboard.press("Shift+ArrowLeft")
    expect(tab.curve("descent")).to_have_attribute("d", re.compile("M650 250l"))


def test_the_penalty_moves_the_eigenvalues_the_number_and_the_sentence(open_, page):
    tab = open_("overlap", 2)
    sentence, mark = tab.view(".sentence"), tab.view(".eigen .mark.simultaneous")
    expect(sentence).to_have_text(re.compile("^λ = ±0.50i"))
    expect(mark.first).to_have_attribute("transform", "translate(300,100)")
    leaves = float(tab.view(".ll-number.main").text_content())
    tab.setting("penalty on D").select_option("R1")
    expect(sentence).to_have_text(re.compile("^λ = −0.50, −0.50.*critical.*comes in"))
    expect(mark.first).to_have_attribute("transform", "translate(250,150)")
    expect(tab.view(".formula")).to_contain_text("0.5 ψ²")
    assert float(tab.view(".ll-number.main").text_content()) < 1 < leaves
    tab.setting("penalty weight").focus()
    page.keyboard.press("Home")
    expect(sentence).to_have_text(re.compile("^λ = ±0.50i"))


def test_sliders_change_what_is_drawn(open_, page):
    tab = open_("relaxation", 3)
    before = tab.curve("consensus").get_attribute("d")
    tab.setting("γ in V − γ∇L").focus()
    page.keyboard.press("End")
    expect(tab.view("tr[data-rule=consensus] td").first).to_have_text("−1.20 ± 1.00i")
    assert tab.curve("consensus").get_attribute("d") != before
    tab.setting("steps").focus()
    page.keyboard.press("Home")
    expect(tab.view(".distance .last")).to_have_text("1 step")


def test_a_way_that_is_not_chosen_is_not_drawn(open_):
    tab = open_("relaxation", 3)
    tab.setting("−∇L").uncheck()
    expect(tab.curves).to_have_count(2)
    expect(tab.view("tr[data-rule=descent]")).to_be_hidden()
    expect(tab.view(".eigen .mark.descent").first).to_be_hidden()


def test_the_trap_is_marked(open_, page):
    tab = open_("relaxation", 3)
    tab.setting("game").select_option("trap")
    expect(page.locator(f"{tab.plane} .bad.over")).to_have_count(2)
    expect(tab.view(".notes")).to_contain_text("✕ at (0.72, 0.72)")
    expect(tab.view("figure:has(.world)")).to_be_hidden()


def test_the_trap_has_no_noise(open_):
    tab = open_("overlap", 2)
    tab.setting("game").select_option("trap")
    expect(tab.setting("instance noise σ")).to_be_disabled()


def test_settings_and_start_are_the_same_after_a_look_elsewhere(open_, page):
    tab = open_("relaxation", 3)
    tab.setting("game").select_option("trap")
    page.mouse.click(*tab.place(-1.0, -1.0))
    expect(tab.curve("descent")).to_have_attribute("d", re.compile(r"M33\d 66\dl"))
    page.get_by_role("tab", name="Field", exact=True).click()
    expect(page.locator("#equilibria-field-plane .ll-pad")).to_be_visible()
    page.get_by_role("tab", name="Relaxation", exact=True).click()
    expect(tab.view(".formula")).to_contain_text("arctan")
    expect(tab.setting("game")).to_have_value("trap")
    expect(tab.curve("descent")).to_have_attribute("d", re.compile(r"M33\d 66\dl"))


def test_a_preset_sets_game_start_and_address(open_, page):
    tab = open_("relaxation", 3)
    page.get_by_role("button", name="The mixture fails").click()
    expect(tab.view(".ll-number.end")).to_have_text("7.09")
    expect(tab.view(".notes")).to_contain_text("40 do not arrive")
    page.wait_for_function("location.hash.endsWith('?game=saturating&steps=500&start=2,1')")


def test_the_path_plays_and_moves_point_and_d(open_, page):
    tab = open_("field", 3)
    fake, here = tab.view(".point.fake"), page.locator(f"{tab.plane} .here")
    expect(fake).to_have_attribute("cx", re.compile(r"^266\.6"))
    expect(page.locator(f"{tab.plane} .v")).to_have_count(3)
    page.emulate_media(reduced_motion="reduce")
    tab.view(".play").click()
    expect(here).not_to_have_attribute("cx", re.compile("^66[67]"))
    tab.view(".play").click()
    slider = tab.view(".player input")
    slider.focus()
    page.keyboard.press("End")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("simultaneous steps, step 200"))
    expect(tab.view(".world")).to_have_attribute("aria-label", re.compile("The real point is 0"))
