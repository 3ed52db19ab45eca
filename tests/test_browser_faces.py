"""The tab "Morphing faces" in Chromium, with a toy model: things are moved, and the faces follow."""

import re

import pytest
import toys
from PIL import Image
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

PIXELS = "selector => document.querySelector(selector)?.toDataURL()"


@pytest.fixture(scope="module")
def app_url(tmp_path_factory):
    """Address of the app with a toy model and this tab alone, which `page` opens."""
    from gen_models import app
    from gen_models.app.tabs import faces

    root = tmp_path_factory.mktemp("exported")
    toys.heads(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "TABS", (faces,))
        demo = app.build(root)
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield url
    demo.close()


@pytest.fixture
def open_experiment(page: Page, app_url, browser_log):
    """Open one experiment of the tab; at the end, nothing went wrong on the page."""

    def open_(name, width=1280, height=800):
        page.set_viewport_size({"width": 1280, "height": height})
        page.goto(app_url)
        page.get_by_role("tab", name="Morphing faces", exact=True).click()
        page.locator("#faces-experiments-0").get_by_role("tab", name=name, exact=True).click()
        page.set_viewport_size({"width": width, "height": height})

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


def changed(page: Page, canvas, before):
    """Wait until the pixels are others; the pixels."""
    page.wait_for_function(f"([s, before]) => ({PIXELS})(s) !== before", arg=[canvas, before])
    expect(page.locator(".ll-error:visible").filter(has_text=re.compile("."))).to_have_count(0)
    return page.evaluate(PIXELS, canvas)


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_face_follows_a_slider_and_stays_in_view(page, open_experiment, width, height):
    open_experiment("Sliders", width, height)
    canvas = "#faces-sliders-0 canvas"
    before = painted(page, canvas)
    slider = page.locator("#faces-sliders-0 input").last
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


def test_without_warmth_every_face_is_the_mean_face(page, open_experiment):
    open_experiment("Sliders")
    canvas, length = "#faces-sliders-0 canvas", page.locator("#faces-sliders-0 [data-text=length]")
    before = painted(page, canvas)
    page.locator("#faces-sliders-0-warmth input").focus()
    page.keyboard.press("Home")
    cold = changed(page, canvas, before)
    expect(length).to_have_text("0.0")
    page.keyboard.press("End")
    changed(page, canvas, cold)
    hot = float(length.text_content())
    page.get_by_role("button", name="Mean face").click()
    expect(length).to_have_text("0.0")
    assert page.evaluate(PIXELS, canvas) == cold
    page.get_by_role("button", name="Random face").locator("visible=true").click()
    expect(length).not_to_have_text("0.0")
    assert hot > 1.2 * 16**0.5 / 2


def test_one_attribute_is_moved_and_another_moves_along(page, open_experiment):
    open_experiment("Attributes")
    canvas = "#faces-attributes-0 canvas[data-slot=after]"
    before = painted(page, canvas)
    page.locator("#faces-attributes-0 input").first.focus()
    page.keyboard.press("End")
    changed(page, canvas, before)

    def moved(name):
        words = page.locator(f"#faces-attributes-0 [data-text={name}]").text_content()
        first, last = (float(part.replace("−", "-")) for part in words.split(" → "))
        return last - first

    assert moved("smile") == pytest.approx(4, abs=0.11)
    assert moved("age") == pytest.approx(2, abs=0.11)
    assert moved("hair_length") == 0


def test_another_head_or_a_random_face_takes_the_place_of_the_first(page, open_experiment):
    open_experiment("Attributes")
    canvas = "#faces-attributes-0 canvas[data-slot=before]"
    first = painted(page, canvas)
    heads = page.locator("#faces-attributes-0-heads .ll-example")
    heads.nth(4).click()
    fifth = changed(page, canvas, first)
    expect(heads.nth(4)).to_have_attribute("aria-pressed", "true")
    experiments = page.locator("#faces-experiments-0")
    for name in ("Encode", "Attributes"):  # a page that is left is built anew when one returns
        experiments.get_by_role("tab", name=name, exact=True).click()
        page.wait_for_timeout(500)
    assert painted(page, canvas) == fifth
    expect(heads.nth(4)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Random face").locator("visible=true").click()
    changed(page, canvas, fifth)
    expect(heads.nth(4)).to_have_attribute("aria-pressed", "false")


def test_a_photograph_is_encoded_and_a_file_that_is_none_is_refused(
    page, open_experiment, browser_log, tmp_path
):
    open_experiment("Encode")
    Image.new("RGB", (90, 160), (200, 40, 40)).save(tmp_path / "photo.jpg")
    (tmp_path / "words.png").write_text("no picture")
    number = page.locator(".ll-number:visible").first
    before = number.text_content()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload a photo").locator("visible=true").click()
    chooser.value.set_files(tmp_path / "photo.jpg")
    expect(number).not_to_have_text(before)
    assert float(number.text_content()) > 1
    expect(page.locator("#faces-encode-0-heads [aria-pressed=true]")).to_have_count(0)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload a photo").locator("visible=true").click()
    chooser.value.set_files(tmp_path / "words.png")
    expect(page.get_by_text("not a PNG, JPEG or WebP").first).to_be_visible()


def test_the_morph_follows_the_dot_its_corners_change_and_it_becomes_a_gif(page, open_experiment):
    open_experiment("Morph")
    canvas = "#faces-morph-0 canvas[data-slot=latent]"
    before = painted(page, canvas)
    pad = page.locator("#faces-morph-0 .ll-pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 2, box["y"] + 2, steps=8)
    corner = changed(page, canvas, before)
    page.mouse.up()
    background = page.locator("#faces-morph-0 .ll-back")
    old = background.get_attribute("src")
    page.locator("#faces-morph-0-heads .ll-example").nth(6).click()
    changed(page, canvas, corner)
    expect(background).not_to_have_attribute("src", old)
    page.get_by_role("button", name="Make a GIF").click()
    download = page.locator("#faces-morph-0-film").get_by_role("button", name="Download")
    expect(download).to_be_visible(timeout=30_000)
    with page.expect_download() as event:
        download.click()
    with Image.open(event.value.path()) as film:
        assert film.format == "GIF"
        assert film.is_animated
