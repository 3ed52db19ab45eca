"""The GAN lab in Chromium, with toy methods: it plays, pauses, and shows what was asked for."""

import re

import pytest
import toys
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

PIXELS = "i => document.querySelectorAll('.lab-stage')[i].toDataURL()"


@pytest.fixture(scope="module")
def app_url(tmp_path_factory):
    """Address of the app with two toy methods and this tab alone, which `page` opens."""
    from gen_models import app
    from gen_models.app.chapters import lab

    root = tmp_path_factory.mktemp("exported")
    toys.lab(root)
    toys.lab(root, "lab-pacgan-2", pack=2)
    demo = app.build(root, (lab.CHAPTER,))
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield url
    demo.close()


@pytest.fixture
def lab(page: Page, app_url, browser_log):
    """The page with the lab open; at the end, nothing went wrong on it."""
    # A browser and a training share the processor here: on a busy one, both take their time.
    page.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{app_url}#lab/play")
    expect(game(page)).to_have_attribute("aria-label", re.compile("step 0"))
    game(page).scroll_into_view_if_needed()
    yield page
    expect.set_options(timeout=30_000)
    assert browser_log.errors == []


def game(page, i=0):
    return page.locator(".lab-stage").nth(i)


def number(page, name, i=0):
    """A figure under a game: of "8 / 8" the first."""
    words = page.locator(f"[data-text={name}]").nth(i).text_content()
    return float(re.split("[ /%]", words.replace(",", ""))[0])


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def test_play_moves_the_points_and_finds_modes_and_pause_stops(lab):
    before = lab.evaluate(PIXELS, 0)
    assert number(lab, "modes") == 0
    press(lab, "Play")
    expect(lab.locator("[data-text=modes]").first).to_have_text("8 / 8")
    assert number(lab, "step") > 20
    assert number(lab, "quality") > 2
    press(lab, "Pause")
    expect(lab.get_by_role("button", name="Play", exact=True)).to_be_visible()
    lab.wait_for_timeout(500)  # what was under way
    steps, after = number(lab, "step"), lab.evaluate(PIXELS, 0)
    assert after != before
    expect(game(lab)).to_have_attribute(
        "aria-label", re.compile(r"8 of 8 modes covered, \d+ % of samples")
    )
    lab.wait_for_timeout(600)
    assert number(lab, "step") == steps
    assert lab.evaluate(PIXELS, 0) == after


def test_one_step_is_one_step_and_the_same_seed_is_the_same_training(lab):
    start = lab.evaluate(PIXELS, 0)
    for steps in (1, 2, 3):
        press(lab, "One step")
        expect(lab.locator("[data-text=step]").first).to_have_text(str(steps))
    lab.wait_for_timeout(200)
    third = lab.evaluate(PIXELS, 0)
    assert third != start
    press(lab, "Reset")
    expect(lab.locator("[data-text=step]").first).to_have_text("0")
    lab.wait_for_timeout(200)
    assert lab.evaluate(PIXELS, 0) == start
    for _ in range(3):
        press(lab, "One step")
    expect(lab.locator("[data-text=step]").first).to_have_text("3")
    lab.wait_for_timeout(200)
    assert lab.evaluate(PIXELS, 0) == third
    lab.get_by_text("More: seed").click()
    press(lab, "New seed")
    expect(lab.locator("[data-text=step]").first).to_have_text("0")
    lab.wait_for_timeout(200)
    assert lab.evaluate(PIXELS, 0) != start


def test_what_was_trained_is_replayed(lab):
    replay = lab.get_by_label("Replay", exact=True)
    expect(replay).to_be_disabled()
    start = lab.evaluate(PIXELS, 0)
    for steps in (1, 2, 3):
        press(lab, "One step")
        expect(lab.locator("[data-text=step]").first).to_have_text(str(steps))
    lab.wait_for_timeout(200)
    third = lab.evaluate(PIXELS, 0)
    replay.focus()
    lab.keyboard.press("Home")
    expect(lab.locator("[data-text=step]").first).to_have_text("0")
    expect(replay).to_have_attribute("aria-valuetext", "step 0 of 3")
    assert lab.evaluate(PIXELS, 0) == start
    lab.keyboard.press("End")
    expect(replay).to_have_attribute("aria-valuetext", "now")
    assert lab.evaluate(PIXELS, 0) == third
    lab.keyboard.press("Home")
    press(lab, "One step")  # training goes on from where it was
    expect(lab.locator("[data-text=step]").first).to_have_text("4")
    expect(replay).to_have_attribute("aria-valuetext", "now")
    press(lab, "Reset")
    expect(replay).to_be_disabled()


def test_slow_motion_walks_through_the_parts_of_a_step(lab):
    lab.get_by_text("More: seed").click()
    lab.get_by_label("Speed").select_option("0")
    walk = lab.locator(".lab-walk")
    expect(walk).to_be_hidden()
    press(lab, "Play")
    now = walk.locator("[aria-current=step]")
    for part in ("G", "D", "loss", "update", "z"):
        expect(now).to_have_text(part)
    press(lab, "Pause")
    expect(walk).to_be_hidden()
    assert 1 <= number(lab, "step") < 20


def test_two_methods_play_side_by_side(lab):
    lab.get_by_label("Beside it, from the same seed").select_option(label="Toy lab-pacgan-2")
    expect(game(lab, 1)).to_be_visible()
    press(lab, "Play")
    for i in (0, 1):
        expect(lab.locator("[data-text=modes]").nth(i)).to_have_text("8 / 8")
    press(lab, "Pause")
    lab.get_by_label("Beside it, from the same seed").select_option("")
    expect(game(lab, 1)).to_be_hidden()
    expect(lab.locator("[data-text=step]").first).to_have_text("0")


def test_each_layer_is_drawn_when_it_is_ticked(lab):
    press(lab, "Play")  # at first all points lie in the middle
    expect(lab.locator("[data-text=modes]").first).to_have_text("8 / 8")
    press(lab, "Pause")
    lab.wait_for_timeout(500)
    seen = {lab.evaluate(PIXELS, 0)}
    for name in ("Gradient arrows", "Grid of z", "What D thinks"):
        before = lab.evaluate(PIXELS, 0)
        lab.get_by_label(name).click()
        lab.wait_for_function(f"before => ({PIXELS})(0) !== before", arg=before)
        seen.add(lab.evaluate(PIXELS, 0))
    assert len(seen) == 4


def test_what_d_lets_pass_is_counted_when_it_is_asked_for(lab):
    passed = lab.locator("[data-text=passed]").first
    expect(passed).to_be_hidden()
    lab.get_by_label("Only what D lets pass").click()
    expect(passed).to_have_text(re.compile(r"^\d+ %$"))
    assert 0 < int(passed.inner_text().removesuffix(" %")) < 100
    lab.get_by_label("Only what D lets pass").click()
    expect(passed).to_be_hidden()


def test_a_learning_rate_that_is_too_high_is_said_and_play_stops(lab):
    press(lab, "Play")
    lab.locator("[data-hyper=in_lr_g]").first.focus()
    lab.keyboard.press("End")
    expect(lab.locator(".lab-game .ll-error").first).to_have_text(
        re.compile(r"The training diverged at step [\d,]+: lower the learning rate\.")
    )
    expect(lab.get_by_role("button", name="Play", exact=True)).to_be_visible()
    press(lab, "Reset")
    expect(lab.locator(".lab-game .ll-error").first).to_have_text("")


def test_a_drawing_is_learnt(lab):
    lab.get_by_role("button", name="Draw your own").click()
    press(lab, "Play")  # there is nothing to learn yet
    game(lab).scroll_into_view_if_needed()
    box = game(lab).bounding_box()
    x, y, side = box["x"], box["y"], box["width"]
    lab.mouse.move(x + 0.3 * side, y + 0.3 * side)
    lab.mouse.down()
    lab.mouse.move(x + 0.7 * side, y + 0.3 * side, steps=10)
    lab.mouse.up()
    expect(game(lab)).to_have_attribute("aria-label", re.compile("step 0"))
    empty = lab.evaluate(PIXELS, 0)
    press(lab, "Play")
    lab.wait_for_function(f"before => ({PIXELS})(0) !== before", arg=empty)
    expect(lab.locator("[data-text=step]").first).not_to_have_text("0")
    expect(lab.locator("[data-text=modes]").first).to_have_text("–")
    press(lab, "Clear the drawing")
    expect(lab.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_a_drawing_can_be_made_by_keyboard(lab):
    lab.get_by_role("button", name="Draw your own").click()
    canvas = lab.get_by_role("application", name=re.compile("Space sets it down"))
    canvas.focus()
    for key in ("Shift+ArrowLeft", "Shift+ArrowUp", "ArrowUp"):
        canvas.press(key)
    expect(lab.locator(".lab-said")).to_contain_text("Pen up at -0.20, 0.24")
    canvas.press("Space")
    expect(lab.locator(".lab-said")).to_contain_text("Pen down at -0.20, 0.24")
    for _ in range(5):
        canvas.press("ArrowRight")
    canvas.press("Space")
    expect(game(lab)).to_have_attribute("aria-label", re.compile("step 0"))
    drawn = lab.evaluate("() => document.querySelector('#lab-board .ll-live').control.setup.points")
    assert len(drawn) == 1 + 5 * 4
    half = drawn[0][1] / 0.24
    assert {y for _, y in drawn} == {drawn[0][1]}  # a level line
    assert [drawn[0][0], drawn[-1][0]] == pytest.approx([-0.2 * half, 0], abs=2e-3)
    press(lab, "Play")
    expect(lab.locator("[data-text=step]").first).not_to_have_text("0")
    lab.locator(".lab-datas button").first.click()
    expect(game(lab)).to_have_attribute("role", "img")
    expect(game(lab)).not_to_have_attribute("tabindex", "0")


def test_a_page_that_is_left_stops_and_goes_on_where_it_was(lab):
    press(lab, "Play")
    expect(lab.locator("[data-text=modes]").first).to_have_text("8 / 8")
    pages = lab.locator("#tab-unstable")
    pages.get_by_role("tab", name="Scoreboard", exact=True).click()
    lab.wait_for_timeout(500)
    pages.get_by_role("tab", name="Play", exact=True).click()
    expect(lab.locator("[data-text=modes]").first).to_have_text("8 / 8")
    steps = number(lab, "step")
    assert steps > 20
    lab.wait_for_timeout(600)
    if lab.get_by_role("button", name="Play", exact=True).is_visible():
        press(lab, "Play")
    lab.wait_for_function(
        "n => +document.querySelector('[data-text=step]').textContent.replace(',', '') > n",
        arg=steps,
    )


def test_everything_is_reached_by_keyboard_on_a_phone(lab):
    lab.set_viewport_size({"width": 390, "height": 844})
    assert lab.evaluate("document.documentElement.scrollWidth") <= 390
    play = lab.get_by_role("button", name="Play", exact=True)
    lab.evaluate("window.scrollTo(0, 0)")
    expect(play).to_be_in_viewport(ratio=1)
    play.focus()
    lab.keyboard.press("Enter")
    expect(lab.get_by_role("button", name="Pause", exact=True)).to_be_focused()
    lab.keyboard.press("Tab")
    expect(lab.get_by_role("button", name="One step")).to_be_focused()
    expect(lab.locator("[data-text=step]").first).not_to_have_text("0")
    # What is used in the lower half leaves the buttons and the numbers in sight.
    rate = lab.locator("[data-hyper=in_lr_d]").first
    rate.evaluate(
        "node => window.scrollBy(0, node.getBoundingClientRect().bottom - innerHeight + 20)"
    )
    for each in (
        rate,
        lab.get_by_role("button", name="Pause"),
        lab.locator("[data-text=quality]").first,
    ):
        expect(each).to_be_in_viewport(ratio=1)
