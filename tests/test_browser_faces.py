"""The chapter "Morphing faces" in Chromium, with a toy model: things are moved, and the faces follow."""

import re

import pytest
import toys
from PIL import Image
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)

PIXELS = "selector => document.querySelector(selector)?.toDataURL()"


@pytest.fixture(scope="module")
def app_url(tmp_path_factory):
    """Address of the app with a toy model and this chapter alone, which `page` opens."""
    from gen_models import app
    from gen_models.app.chapters import faces

    root = tmp_path_factory.mktemp("exported")
    toys.heads(root)
    demo = app.build(root, (faces.CHAPTER,))
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield url
    demo.close()


@pytest.fixture
def open_experiment(page: Page, app_url, browser_log):
    """Open one experiment of the chapter; at the end, nothing went wrong on the page."""

    def open_(name, width=1280, height=800):
        page.set_viewport_size({"width": width, "height": height})
        page.goto(f"{app_url}#faces/{name}")
        expect(page.locator(f'[role=tab][data-tab-id="faces/{name}"]')).to_have_attribute(
            "aria-selected", "true"
        )

    yield open_
    assert browser_log.errors == []


def painted(page: Page, canvas):
    """The pixels of a canvas, once a picture is on it."""
    page.wait_for_function(
        "s => new Set(document.querySelector(s)?.getContext('2d').getImageData(0, 0, 16, 16).data).size > 2",
        arg=canvas,
    )
    page.wait_for_timeout(300)
    return page.evaluate(PIXELS, canvas)


STILL = f"""([selector, before]) => {{
  const now = ({PIXELS})(selector);
  if (now !== window.wasPainted) [window.wasPainted, window.paintedAt] = [now, performance.now()];
  return now !== before && performance.now() - window.paintedAt > 300;
}}"""


def changed(page: Page, canvas, before):
    """Wait until the pixels are others, and stay: Gradio brings a control's context before its value. The pixels."""
    page.wait_for_function(STILL, arg=[canvas, before])
    expect(page.locator(".ll-error:visible").filter(has_text=re.compile("."))).to_have_count(0)
    return page.evaluate(PIXELS, canvas)


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_face_follows_a_slider_and_stays_in_view(page, open_experiment, width, height):
    open_experiment("sliders", width, height)
    canvas = "#faces-sliders-results canvas"
    before = painted(page, canvas)
    slider = page.locator("#faces-sliders input").last
    slider.scroll_into_view_if_needed()
    page.wait_for_timeout(200)
    box = slider.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.5 * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], y, steps=5)
    during = changed(page, canvas, before)  # the button is still down
    face = page.locator(canvas).bounding_box()
    assert face["y"] >= 0
    assert face["y"] + face["height"] <= height
    assert not (face["y"] <= y <= face["y"] + face["height"] and width == 390), "over the slider"
    page.mouse.move(box["x"] + 0.1 * box["width"], y, steps=5)
    changed(page, canvas, during)
    page.mouse.up()


def test_without_temperature_every_face_is_the_mean_face(page, open_experiment):
    open_experiment("sliders")
    canvas = "#faces-sliders-results canvas"
    length = page.locator("#faces-sliders-results [data-text=length]")
    before = painted(page, canvas)
    page.locator("#faces-temperature input").focus()
    page.keyboard.press("Home")
    cold = changed(page, canvas, before)
    expect(length).to_have_text("0.0")
    page.keyboard.press("End")
    changed(page, canvas, cold)
    hot = float(length.text_content())
    page.get_by_label("the mean face").check()
    expect(length).to_have_text("0.0")
    assert page.evaluate(PIXELS, canvas) == cold
    page.get_by_role("button", name="Another face").click()
    expect(length).not_to_have_text("0.0")
    expect(page.get_by_label("a draw from p(z)")).to_be_checked()
    assert hot > 2 * 16**0.5 / 2


def test_reset_goes_back_to_the_face_of_the_seed(page, open_experiment):
    open_experiment("sliders")
    canvas = "#faces-sliders-results canvas"
    first = painted(page, canvas)
    page.get_by_label("Seed").fill("5")
    page.get_by_label("Seed").press("Enter")
    fifth = changed(page, canvas, first)
    page.locator("#faces-sliders input").first.focus()
    page.keyboard.press("End")
    changed(page, canvas, fifth)
    page.locator("#faces-sliders .ll-reset").click()
    page.wait_for_function(f"([s, before]) => ({PIXELS})(s) === before", arg=[canvas, fifth])


def test_one_attribute_is_moved_and_another_moves_along(page, open_experiment):
    open_experiment("attributes")
    canvas = "#faces-attributes-results canvas[data-slot=after]"
    before = painted(page, canvas)
    page.locator("#faces-attributes input").first.focus()
    page.keyboard.press("End")
    changed(page, canvas, before)

    def moved(name):
        words = page.locator(f"#faces-attributes-results [data-text={name}]").text_content()
        first, last = (float(part.replace("−", "-")) for part in words.split(" → "))
        return last - first

    assert moved("smile") == pytest.approx(4, abs=0.11)
    assert moved("age") == pytest.approx(2, abs=0.11)
    assert moved("hair_length") == 0


def test_another_head_or_a_random_face_takes_the_place_of_the_first(page, open_experiment):
    open_experiment("attributes")
    canvas = "#faces-attributes-results canvas[data-slot=before]"
    first = painted(page, canvas)
    heads = page.locator("#faces-attributes-heads .ll-example")
    heads.nth(4).click()
    fifth = changed(page, canvas, first)
    expect(heads.nth(4)).to_have_attribute("aria-pressed", "true")
    page.wait_for_function("location.hash === '#faces/attributes?face=4'")
    for name in ("Encode", "Attributes"):  # a page that is left is built anew when one returns
        page.get_by_role("tab", name=name, exact=True).click()
        page.wait_for_timeout(500)
    assert painted(page, canvas) == fifth
    expect(heads.nth(4)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Random face").locator("visible=true").click()
    changed(page, canvas, fifth)
    expect(heads.nth(4)).to_have_attribute("aria-pressed", "false")
    page.wait_for_function("/face=[0-9]{2,3}$/.test(location.hash)")


def test_a_photograph_is_encoded_and_a_file_that_is_none_is_refused(
    page, open_experiment, browser_log, tmp_path
):
    open_experiment("encode")
    Image.new("RGB", (90, 160), (200, 40, 40)).save(tmp_path / "photo.jpg")
    (tmp_path / "words.png").write_text("no picture")
    number = page.locator("#faces-encode-numbers .ll-number").first
    before = number.text_content()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload a photo").locator("visible=true").click()
    chooser.value.set_files(tmp_path / "photo.jpg")
    expect(number).not_to_have_text(before)
    assert float(number.text_content()) > 1
    expect(page.locator("#faces-encode-heads [aria-pressed=true]")).to_have_count(0)
    assert page.evaluate("location.hash") == "#faces/encode"
    page.locator("[data-personal]").first.wait_for(state="attached")
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator("#ll-bar [role=status]")).to_contain_text("uploaded")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload a photo").locator("visible=true").click()
    chooser.value.set_files(tmp_path / "words.png")
    expect(page.get_by_text("not a PNG, JPEG or WebP").first).to_be_visible()


def test_the_morph_follows_the_dot_its_corners_change_and_it_becomes_a_gif(page, open_experiment):
    open_experiment("morph")
    canvas = "#faces-morph-results canvas[data-slot=latent]"
    before = painted(page, canvas)
    pad = page.locator("#faces-morph .ll-pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 2, box["y"] + 2, steps=8)
    corner = changed(page, canvas, before)
    page.mouse.up()
    background = page.locator("#faces-morph .ll-back")
    old = background.get_attribute("src")
    page.locator("#faces-morph-heads .ll-example").nth(6).click()
    changed(page, canvas, corner)
    expect(background).not_to_have_attribute("src", old)
    page.get_by_role("button", name="Make a GIF").click()
    download = page.locator("#faces-morph-film").get_by_role("button", name="Download")
    expect(download).to_be_visible(timeout=30_000)
    with page.expect_download() as event:
        download.click()
    with Image.open(event.value.path()) as film:
        assert film.format == "GIF"
        assert film.is_animated
