"""The tab "CycleGAN" in Chromium, with toy models: pictures are chosen, and the round trip follows the noise."""

import re

import pytest
import toys
from PIL import Image
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

PIXELS = "slot => document.querySelector(`#cyclegan-trip canvas[data-slot=${slot}]`)?.toDataURL()"


@pytest.fixture(scope="module")
def app_url(tmp_path_factory):
    """Address of the app with toy models and this tab alone, which `page` opens."""
    from gen_models import app
    from gen_models.app.tabs import cyclegan

    root = tmp_path_factory.mktemp("exported")
    toys.cyclegan(root, "a-earth")
    toys.cyclegan(root, "b-free", cycle=0)
    toys.cyclegan(root, "c-heads", data="heads-toons", hidden=0.5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "TABS", (cyclegan,))
        demo = app.build(root)
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield url
    demo.close()


@pytest.fixture
def opened(page: Page, app_url, browser_log):
    """The tab, at 1280 pixels, its first picture painted; at the end, nothing went wrong on the page."""
    page.set_viewport_size({"width": 1280, "height": 1000})
    page.goto(app_url)
    page.get_by_role("tab", name="CycleGAN", exact=True).click()
    expect(number(page, "clean")).to_have_text(re.compile("^0"))
    yield page
    assert browser_log.errors == []


def number(page, slot):
    """One of the figures, or what stands under a screen."""
    return page.locator(f"#cyclegan-trip [data-text={slot}]")


def pixels(page, slot):
    return page.evaluate(PIXELS, slot)


def changed(page, slot, before):
    """Wait until the pixels of a screen are others; the pixels."""
    page.wait_for_function(f"([slot, before]) => ({PIXELS})(slot) !== before", arg=[slot, before])
    expect(page.locator(".ll-error:visible").filter(has_text=re.compile("."))).to_have_count(0)
    return pixels(page, slot)


def test_an_example_is_chosen_and_noise_spoils_the_way_back_but_not_the_translation(opened):
    source, back = pixels(opened, "source"), pixels(opened, "back")
    chart = opened.locator("#cyclegan-chart svg").get_attribute("aria-label")
    third = opened.locator("#cyclegan-pictures .ll-example").nth(2)
    third.click()
    changed(opened, "source", source)
    back = changed(opened, "back", back)
    expect(third).to_have_attribute("aria-pressed", "true")
    expect(opened.locator("#cyclegan-chart svg")).not_to_have_attribute("aria-label", chart)
    expect(number(opened, "now")).to_have_text("0.000")

    slider = opened.locator("#cyclegan-trip input")
    slider.scroll_into_view_if_needed()
    opened.wait_for_timeout(200)
    box = slider.bounding_box()
    y = box["y"] + box["height"] / 2
    translation = pixels(opened, "translation")
    opened.mouse.move(box["x"] + 8, y)
    opened.mouse.down()
    opened.mouse.move(box["x"] + 0.3 * box["width"], y, steps=5)
    changed(opened, "back", back)  # the button is still down
    assert pixels(opened, "translation") == translation
    opened.mouse.up()
    expect(number(opened, "noisy")).to_have_text("ŷ + σε")
    assert float(number(opened, "now").text_content()) > 0.1
    expect(number(opened, "clean")).to_have_text("0.000")
    slider.focus()
    opened.keyboard.press("Home")
    expect(number(opened, "now")).to_have_text("0.000")
    assert pixels(opened, "back") == back


def test_the_other_direction_and_the_model_without_the_cycle(opened):
    expect(opened.locator("#cyclegan-without figure")).to_have_count(8)
    back = pixels(opened, "back")
    opened.get_by_label("map → satellite").check()
    expect(number(opened, "source")).to_have_text("y, map")
    expect(number(opened, "translation")).to_have_text("x̂ = G_yx(y)")
    changed(opened, "back", back)
    opened.get_by_label("satellite → map").check()
    expect(number(opened, "source")).to_have_text("x, satellite")
    expect(number(opened, "now")).to_have_text("0.000")

    opened.get_by_label("Model").click()
    opened.get_by_role("option", name="b-free").click()
    expect(number(opened, "now")).not_to_have_text("0.000")
    expect(opened.locator("#cyclegan-without figure")).to_have_count(8)
    opened.get_by_label("Model").click()
    opened.get_by_role("option", name="c-heads").click()
    expect(opened.get_by_label("heads → cartoons")).to_be_checked()
    expect(number(opened, "source")).to_have_text("x, heads")
    expect(opened.locator("#cyclegan-without figure")).to_have_count(4)


def test_a_picture_is_uploaded_and_a_file_that_is_none_is_refused(opened, tmp_path):
    Image.new("RGB", (90, 160), (200, 40, 40)).save(tmp_path / "photo.jpg")
    (tmp_path / "words.png").write_text("no picture")
    source = pixels(opened, "source")

    def give(name):
        with opened.expect_file_chooser() as chooser:
            opened.get_by_role("button", name="Upload a picture").click()
        chooser.value.set_files(tmp_path / name)

    give("photo.jpg")
    photo = changed(opened, "source", source)
    expect(opened.locator("#cyclegan-pictures [aria-pressed=true]")).to_have_count(0)
    expect(opened.locator("#cyclegan-without figure")).to_have_count(7)
    give("words.png")
    expect(opened.get_by_text("not a PNG, JPEG or WebP").first).to_be_visible()
    assert pixels(opened, "source") == photo
    opened.get_by_label("map → satellite").check()  # another set: back to its first test picture
    expect(number(opened, "source")).to_have_text("y, map")
    expect(opened.locator("#cyclegan-pictures [aria-pressed=true]")).to_have_count(1)


def test_nothing_is_wider_than_a_phone(opened):
    opened.set_viewport_size({"width": 390, "height": 844})
    opened.wait_for_timeout(300)
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390
    for slot in ("source", "error"):
        box = opened.locator(f"#cyclegan-trip canvas[data-slot={slot}]").bounding_box()
        assert 80 < box["width"] < 130
