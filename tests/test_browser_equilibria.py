"""The tab "Equilibria" in Chromium: a start point is set, settings are changed, and everything drawn follows."""

import re

import gradio as gr
import pytest
from playwright.sync_api import expect

from gen_models.app import launch_options, page
from gen_models.app.tabs import equilibria

pytestmark = pytest.mark.browser

PAD = "#equilibria-plane .ll-pad"
CURVE = "#equilibria-plane .curve"


@pytest.fixture(scope="module")
def app_url():
    """Address of the tab alone; beside an empty one, to leave it."""
    with gr.Blocks() as demo, gr.Tabs():
        with gr.Tab("Equilibria"):
            page.lesson(equilibria, {}, [])
        with gr.Tab("Other"):
            gr.Markdown("Elsewhere")
    options = launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield url
    demo.close()


@pytest.fixture
def tab(page, app_url, browser_log):
    """The page with the first trajectories drawn; at the end, nothing went wrong on it."""
    page.set_viewport_size({"width": 1280, "height": 1300})
    page.goto(app_url)
    page.locator(CURVE).first.wait_for(state="attached")
    expect(page.locator(CURVE)).to_have_count(5)
    yield page
    expect(page.locator(".ll-error:visible").filter(has_text=re.compile("."))).to_have_count(0)
    assert browser_log.errors == []


def place(page, x, y):
    """A point of the plane, from −3 to 3, in the window."""
    page.locator(PAD).scroll_into_view_if_needed()
    page.wait_for_timeout(200)
    box = page.locator(PAD).bounding_box()
    return box["x"] + (x + 3) / 6 * box["width"], box["y"] + (3 - y) / 6 * box["height"]


def curve(page, rule):
    return page.locator(f"{CURVE}.{rule}").get_attribute("d")


def row(page, rule):
    return page.locator(f"#equilibria-views tr[data-rule={rule}] td")


def test_a_click_sets_the_start_and_the_trajectories_follow(tab):
    assert curve(tab, "simultaneous").startswith("M667 333l")
    tab.mouse.click(*place(tab, -0.5, 2.0))
    expect(tab.locator("#equilibria-plane .ll-where")).to_have_text(
        re.compile(r"θ −0\.(49|50|51), ψ (1\.99|2\.0\d)")
    )
    starts = re.compile(r"M41[4-9] 16[4-9]l")
    for rule in ("continuous", "simultaneous", "alternating", "descent", "consensus"):
        expect(tab.locator(f"{CURVE}.{rule}")).to_have_attribute("d", starts)
    expect(row(tab, "continuous").nth(2)).to_have_text(re.compile(r"2\.0\d"))


def test_everything_follows_while_the_pointer_is_down(tab):
    tab.mouse.move(*place(tab, 1, 1))
    tab.mouse.down()
    before = curve(tab, "consensus"), tab.locator(".distance .consensus").get_attribute("d")
    tab.mouse.move(*place(tab, 2, -1), steps=6)
    expect(tab.locator(f"{CURVE}.consensus")).to_have_attribute("d", re.compile(r"M83\d 66\dl"))
    assert tab.locator(".distance .consensus").get_attribute("d") != before[1]
    tab.mouse.up()


def test_arrow_keys_move_the_start(tab):
    tab.locator(PAD).focus()
    tab.keyboard.press("Shift+ArrowLeft")
    expect(tab.locator(f"{CURVE}.descent")).to_have_attribute("d", re.compile("M567 333l"))


def test_the_penalty_moves_the_eigenvalues_and_the_sentence(tab):
    sentence, mark = (
        tab.locator("#equilibria-views .sentence"),
        tab.locator(".eigen .mark.simultaneous"),
    )
    expect(sentence).to_have_text(re.compile("^λ = ±0.50i"))
    expect(mark.first).to_have_attribute("transform", "translate(300,100)")
    tab.get_by_label("penalty on D").select_option("R1")
    expect(sentence).to_have_text(re.compile("^λ = −0.50, −0.50.*critical.*comes in"))
    expect(mark.first).to_have_attribute("transform", "translate(250,150)")
    expect(tab.locator(".formula")).to_contain_text("0.5 ψ²")
    tab.get_by_label("penalty weight").focus()
    tab.keyboard.press("Home")
    expect(sentence).to_have_text(re.compile("^λ = ±0.50i"))


def test_sliders_change_what_is_drawn(tab):
    before = curve(tab, "consensus")
    tab.get_by_label("γ in V").focus()
    tab.keyboard.press("End")
    expect(row(tab, "consensus").first).to_have_text("−0.30 ± 0.50i")
    assert curve(tab, "consensus") != before
    tab.get_by_label("steps", exact=True).focus()
    tab.keyboard.press("Home")
    expect(tab.locator(".distance .last")).to_have_text("1 step")


def test_a_way_that_is_not_chosen_is_not_drawn(tab):
    tab.get_by_role("checkbox", name="−∇L", exact=True).uncheck()
    expect(tab.locator(CURVE)).to_have_count(4)
    expect(tab.locator("#equilibria-views tr[data-rule=descent]")).to_be_hidden()
    expect(tab.locator(".eigen .mark.descent").first).to_be_hidden()


def test_the_trap_is_marked_and_has_no_noise(tab):
    tab.get_by_label("game").select_option("trap")
    expect(tab.locator("#equilibria-plane .bad.over")).to_have_count(2)
    expect(tab.locator("#equilibria-views .notes")).to_contain_text("✕ at (1.41, 1.34)")
    expect(tab.get_by_label("noise σ")).to_be_disabled()


def test_settings_and_start_are_the_same_after_a_look_elsewhere(tab):
    tab.get_by_label("game").select_option("trap")
    tab.mouse.click(*place(tab, -1.0, -1.0))
    expect(tab.locator(f"{CURVE}.continuous")).to_have_attribute("d", re.compile(r"M33\d 66\dl"))
    tab.get_by_role("tab", name="Other").click()
    expect(tab.get_by_text("Elsewhere")).to_be_visible()
    tab.get_by_role("tab", name="Equilibria").click()
    expect(tab.locator(".formula")).to_contain_text("θ⁴/10")
    expect(tab.get_by_label("game")).to_have_value("trap")
    expect(tab.locator(f"{CURVE}.continuous")).to_have_attribute("d", re.compile(r"M33\d 66\dl"))
