"""The chapter pix2pix in Chromium, with toy models whose image is the drawing itself: what is painted shows."""

import io
import re

import numpy as np
import pytest
import toys
from PIL import Image
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

CANVAS = "#pix2pix-pad .paint-canvas"
IMAGE = "#pix2pix-results canvas[data-slot=z0]"
WALL, DOOR, WINDOW = (0, 0, 220), (220, 80, 0), (0, 220, 220)


@pytest.fixture(scope="module")
def app_url(tmp_path_factory):
    """Address of the app with toy models and this chapter alone, which `page` opens."""
    from gen_models import app
    from gen_models.app.chapters import pix2pix

    root = tmp_path_factory.mktemp("exported")
    for kind in ("labels", "lines", "terrain", "colours"):
        side = 96 if kind == "lines" else 64
        toys.pix2pix(root, f"{'a' if kind == 'labels' else 'p'}-{kind}", kind, side=side)
    demo = app.build(root, (pix2pix.CHAPTER,))
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield url
    demo.close()


@pytest.fixture
def open_tab(page: Page, app_url, browser_log):
    """Open the tab with dropout off and one of the models; at the end, nothing went wrong on the page."""

    def open_(kind="labels", width=1280, height=900):
        page.set_viewport_size({"width": 1280, "height": height})
        page.goto(f"{app_url}#pix2pix/draw")
        ready(page)
        if kind != "labels":
            page.get_by_label("Model", exact=True).click()
            page.get_by_role("option", name=f"Toy p-{kind}").click()
            expect(page.locator(".paint-ink").first).not_to_contain_text("wall")
        page.locator("#pix2pix-p input").focus()
        page.keyboard.press("Home")
        page.set_viewport_size({"width": width, "height": height})
        page.locator(CANVAS).scroll_into_view_if_needed()
        page.wait_for_timeout(400)

    yield open_
    assert browser_log.errors == []


def bring(page: Page):
    """Scroll the canvas to where it lies under the results, as a visitor with a phone would."""
    page.locator(CANVAS).evaluate(
        "canvas => window.scrollBy(0, canvas.getBoundingClientRect().bottom - innerHeight + 20)"
    )
    page.wait_for_timeout(200)


def ready(page: Page):
    """Wait for the first picture."""
    page.wait_for_function(f"document.querySelector('{IMAGE}')?.width === 64", timeout=20_000)


def painted(page: Page, colour, at, canvas=IMAGE):
    """Wait until the pixel at (x, y) has about this colour; what comes during a stroke is a JPEG."""
    page.wait_for_function(
        "([s, [x, y], colour]) => { const c = document.querySelector(s); if (!c || c.width < 2) return false;"
        "const p = c.getContext('2d').getImageData(x, y, 1, 1).data;"
        "return colour.every((v, k) => Math.abs(v - p[k]) < 12); }",
        arg=[canvas, list(at), list(colour)],
        timeout=10_000,
    )


def move(page: Page, x, y, steps=1):
    """Move the mouse to a pixel of the canvas."""
    box = page.locator(CANVAS).bounding_box()
    scale = box["width"] / page.locator(CANVAS).evaluate("canvas => canvas.width")
    page.mouse.move(box["x"] + (x + 0.5) * scale, box["y"] + (y + 0.5) * scale, steps=steps)


def paint(page: Page, x, y):
    """Paint a dab."""
    move(page, x, y)
    page.mouse.down()
    page.mouse.up()


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_the_picture_follows_the_brush_and_stays_in_view(page, open_tab, width, height):
    open_tab(width=width, height=height)
    page.locator(".paint-ink", has_text="window").click()
    bring(page)
    move(page, 40, 20)
    page.mouse.down()
    move(page, 40, 50, steps=8)
    painted(page, WINDOW, (40, 40))  # the button is still down
    box = page.locator(IMAGE).bounding_box()
    assert box["y"] > -2
    assert box["y"] + box["height"] < height + 2
    page.mouse.up()
    painted(page, WINDOW, (40, 40), "#pix2pix-results canvas[data-slot=z3]")
    painted(page, WALL, (60, 40))
    expect(page.locator("[data-text=error]")).to_have_text("–")


def test_what_is_not_of_the_drawing_is_dimmed(page, open_tab):
    open_tab()
    side = page.locator("#pix2pix-results .ll-side")
    expect(side).not_to_have_class(re.compile("ll-painting"))
    move(page, 50, 20)
    page.mouse.down()
    page.evaluate(
        "() => { window.seen = []; const side = document.querySelector('#pix2pix-results .ll-side');"
        "setInterval(() => window.seen.push([side.matches('.ll-painting'),"
        "side.querySelector('[data-text=error]').textContent]), 5) }"
    )
    move(page, 50, 40, steps=4)
    page.mouse.up()
    expect(page.locator("[data-text=error]")).to_have_text("–")
    expect(side).not_to_have_class(re.compile("ll-painting"))
    seen = page.evaluate("window.seen")
    assert all(dimmed or error == "–" for dimmed, error in seen)
    assert any(dimmed for dimmed, _ in seen)


def test_an_untouched_example_and_z_are_in_the_address_and_a_drawing_is_not(page, open_tab):
    open_tab()
    page.locator(".ll-example").nth(4).click()
    page.wait_for_function("location.hash.includes('example=5')")
    page.get_by_role("button", name="New z").click()
    page.wait_for_function("/seed=[1-9]/.test(location.hash)")
    paint(page, 50, 30)
    page.wait_for_function("!location.hash.includes('example')")
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("location.hash.includes('example=5')")
    page.evaluate("location.hash = '#pix2pix/draw?seed=4294967296&example=99'")
    expect(page.locator("#ll-bar [role=status]")).to_contain_text("could not be used")


def test_keys_paint_choose_fill_and_take_back(page, open_tab):
    open_tab()
    page.locator(CANVAS).focus()
    page.keyboard.press("3")
    expect(page.locator(".paint-ink[aria-pressed=true]")).to_have_text("window")
    size = page.locator(".paint-slider input").first
    before = int(size.input_value())
    page.keyboard.press("]")
    assert int(size.input_value()) > before
    page.keyboard.press("[")
    for key in ("ArrowRight", "ArrowDown", "Space"):
        page.keyboard.press(key)
    step = max(1, round(before / 2))
    painted(page, WINDOW, (32 + step, 32 + step))
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    painted(page, WINDOW, (32 + 3 * step, 32 + step))
    expect(page.locator(".ll-where").last).to_contain_text("window")
    for _ in range(3):
        page.keyboard.press("Control+z")
    painted(page, WALL, (32 + step, 32 + step))
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    expect(page.locator(".ll-example").first).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Fill").click()
    page.locator(CANVAS).focus()
    page.keyboard.press("Enter")
    painted(page, WINDOW, (60, 60))
    painted(page, DOOR, (17, 60))  # the bar is not of the colour that was filled
    painted(page, WALL, (2, 2))  # on the other side of the bar


def test_examples_clear_and_undo(page, open_tab):
    open_tab()
    error = page.locator("[data-text=error]")
    expect(error).not_to_have_text("–")
    first = error.text_content()
    page.locator(".ll-example").nth(4).click()
    painted(page, DOOR, (16 + 5, 30))
    expect(error).not_to_have_text(first)
    expect(error).not_to_have_text("–")
    page.get_by_role("button", name="Clear").click()
    painted(page, WALL, (16 + 5, 30))
    expect(error).to_have_text("–")
    for _ in range(2):
        page.get_by_role("button", name="Undo").click()
    painted(page, WALL, (16 + 5, 30))
    expect(error).to_have_text(first)


def test_a_new_z_changes_the_pictures_only_if_dropout_drops_something(page, open_tab):
    open_tab()
    number = page.locator("[data-text=diversity]")
    expect(number).to_have_text("0.000")
    pixels = f"document.querySelector('{IMAGE}').toDataURL()"
    before = page.evaluate(pixels)
    page.get_by_role("button", name="New z").click()
    page.wait_for_timeout(500)
    assert page.evaluate(pixels) == before
    page.locator("#pix2pix-p input").focus()
    page.keyboard.press("End")
    expect(number).not_to_have_text("0.000")
    page.wait_for_timeout(600)  # then the picture is exact
    old = page.evaluate(pixels)
    page.get_by_role("button", name="New z").click()
    # Not the number: its three digits may be those of another z.
    page.wait_for_function(f"old => {pixels} !== old", arg=old, timeout=10_000)


def saved(page: Page, name):
    page.locator("#pix2pix-pad details").evaluate("details => { details.open = true }")
    with page.expect_download() as event:
        page.get_by_role("button", name=name).click()
    assert event.value.suggested_filename.endswith(".png")
    with Image.open(event.value.path()) as image:
        return np.asarray(image.convert("RGB"))


def test_drawing_and_picture_are_saved_and_a_drawing_can_be_uploaded(page, open_tab, tmp_path):
    open_tab()
    page.locator(".paint-ink", has_text="window").click()
    paint(page, 50, 30)
    painted(page, WINDOW, (50, 30))
    page.wait_for_timeout(600)  # then the picture is exact
    drawing, picture = saved(page, "Save drawing"), saved(page, "Save image")
    assert drawing.shape == (64, 64, 3)
    assert drawing[30, 50].tolist() == list(WINDOW)
    assert np.array_equal(drawing, picture), "at p = 0 the toy gives the drawing back"
    file = io.BytesIO()
    Image.fromarray(drawing).resize((256, 256), Image.Resampling.NEAREST).save(file, "PNG")
    page.get_by_role("button", name="Clear").click()
    painted(page, WALL, (50, 30))
    (tmp_path / "drawing.png").write_bytes(file.getvalue())
    (tmp_path / "words.png").write_text("no picture")
    upload(page, tmp_path / "drawing.png")
    painted(page, WINDOW, (50, 30))
    assert np.array_equal(saved(page, "Save drawing"), drawing)
    upload(page, tmp_path / "words.png")
    expect(page.get_by_text("not a PNG, JPEG or WebP").first).to_be_visible()


def upload(page: Page, path):
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload a drawing").click()
    chooser.value.set_files(path)


def test_another_model_has_another_canvas(page, open_tab):
    open_tab("lines")
    assert [ink.text_content() for ink in page.locator(".paint-ink").all()] == ["pen", "eraser"]
    painted(page, (0, 0, 0), (24, 30))
    painted(page, (255, 255, 255), (80, 30))
    paint(page, 80, 30)
    painted(page, (0, 0, 0), (80, 30))
    expect(page.get_by_role("button", name="Fill")).to_have_count(0)
    for name in ("Models", "Translation"):
        page.get_by_role("tab", name=name, exact=True).click()
        page.wait_for_timeout(500)
    painted(page, (0, 0, 0), (80, 30))  # still there
    assert [ink.text_content() for ink in page.locator(".paint-ink").all()] == ["pen", "eraser"]
    page.get_by_role("button", name="Clear").click()
    painted(page, (255, 255, 255), (80, 30))
    page.get_by_role("button", name="Undo").click()
    painted(page, (0, 0, 0), (80, 30))
    page.get_by_role("button", name="Undo").click()
    painted(page, (255, 255, 255), (80, 30))
    expect(
        page.get_by_role("button", name="Undo")
    ).to_be_disabled()  # not to the first model's canvas


def test_land_is_painted_raised_and_lowered_into_the_sea(page, open_tab):
    open_tab("terrain")
    painted(page, (0, 255, 0), (50, 30))
    page.locator(".paint-slider input").last.fill("200")
    paint(page, 50, 30)
    painted(page, (200, 0, 0), (50, 30))
    page.keyboard.press("2")
    page.keyboard.press("Space")
    painted(page, (248, 0, 0), (50, 30))
    page.keyboard.press("3")
    for _ in range(6):
        page.keyboard.press("Space")
    painted(page, (0, 255, 0), (50, 30))


def test_a_model_of_colours_has_a_colour_of_ones_own(page, open_tab):
    open_tab("colours")
    page.locator(".paint-palette input").fill("#c83214")
    paint(page, 50, 30)
    painted(page, (200, 50, 20), (50, 30))
    page.locator(".paint-ink").nth(1).click()
    paint(page, 50, 50)
    painted(page, (30, 60, 200), (50, 50))


def test_a_drawing_is_still_there_after_another_tab(page, open_tab):
    open_tab()
    page.locator(".paint-ink", has_text="window").click()
    paint(page, 50, 30)
    painted(page, WINDOW, (50, 30))
    for name in ("Models", "Translation"):
        page.get_by_role("tab", name=name, exact=True).click()
        page.wait_for_timeout(500)
    painted(page, WINDOW, (50, 30))


def test_a_finger_paints(page, open_tab, browser, app_url):
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 844})
    phone = context.new_page()
    phone.goto(f"{app_url}#pix2pix/draw")
    ready(phone)
    phone.locator(".paint-ink", has_text="window").tap()
    bring(phone)
    assert phone.locator(CANVAS).evaluate("e => getComputedStyle(e).touchAction") == "none"
    box = phone.locator(CANVAS).bounding_box()
    phone.touchscreen.tap(box["x"] + 0.75 * box["width"], box["y"] + 0.75 * box["height"])
    expect(phone.get_by_role("button", name="Undo")).to_be_enabled()
    context.close()
