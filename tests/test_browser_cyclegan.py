"""The chapter "CycleGAN" in Chromium, with toy models: images are chosen, and the round trip follows the noise."""

import re

import pytest
import toys
from PIL import Image
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)

PIXELS = "slot => document.querySelector(`#cyclegan-cycle-results canvas[data-slot=${slot}]`)?.toDataURL()"


@pytest.fixture(scope="module")
def app_url(tmp_path_factory):
    """Address of the app with toy models and this chapter alone, which `page` opens."""
    from gen_models import app
    from gen_models.app.chapters import cyclegan

    root = tmp_path_factory.mktemp("exported")
    toys.cyclegan(root, "a-earth")
    toys.cyclegan(root, "b-free", cycle=0)
    toys.cyclegan(root, "c-heads", data="heads-toons", hidden=0.5)
    demo = app.build(root, (cyclegan.CHAPTER,))
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield url
    demo.close()


@pytest.fixture
def opened(page: Page, app_url, browser_log):
    """Round trip, at 1280 pixels, its first image painted; at the end, nothing went wrong on the page."""
    page.set_viewport_size({"width": 1280, "height": 1000})
    page.goto(f"{app_url}#cyclegan/cycle")
    expect(number(page, "clean")).to_have_text(re.compile("^0"))
    yield page
    assert browser_log.errors == []


def number(page, slot):
    """One of the figures, or what stands under a screen."""
    return page.locator(f"#cyclegan-cycle-results [data-text={slot}]")


def seen(page, label):
    """A control of the experiment on the screen; the chapter's first is there too, unseen."""
    return page.get_by_label(label).locator("visible=true")


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
    third = opened.locator("#cyclegan-cycle-images .ll-example").nth(2)
    third.click()
    changed(opened, "source", source)
    back = changed(opened, "back", back)
    expect(third).to_have_attribute("aria-pressed", "true")
    expect(opened.locator("#cyclegan-chart svg")).not_to_have_attribute("aria-label", chart)
    expect(number(opened, "now")).to_have_text("0.000")

    slider = opened.locator("#cyclegan-cycle input")
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


def choose_model(page, name):
    seen(page, "Model").click()
    page.get_by_role("option", name=name, exact=True).click()


def test_the_other_direction_and_another_model(opened):
    back = pixels(opened, "back")
    seen(opened, "map → satellite").check()
    expect(number(opened, "source")).to_have_text("y, map")
    expect(number(opened, "translation")).to_have_text("x̂, satellite")
    changed(opened, "back", back)
    seen(opened, "satellite → map").check()
    expect(number(opened, "source")).to_have_text("x, satellite")
    expect(number(opened, "now")).to_have_text("0.000")
    choose_model(opened, "satellite ⇄ map, without the cycle")
    expect(number(opened, "now")).not_to_have_text("0.000")
    choose_model(opened, "heads ⇄ cartoons")
    expect(seen(opened, "heads → cartoons")).to_be_checked()
    expect(number(opened, "source")).to_have_text("x, heads")


def test_without_the_cycle_the_way_back_is_worse(page, app_url, browser_log):
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{app_url}#cyclegan/without?image=3")
    expect(page.locator("#cyclegan-without figure")).to_have_count(8)
    third = page.locator("#cyclegan-without-images .ll-example").nth(2)
    expect(third).to_have_attribute("aria-pressed", "true")
    errors = page.locator("#cyclegan-without .ll-number")
    with_cycle = float(errors.first.text_content() or "")
    assert with_cycle < 0.1
    assert float(errors.nth(2).text_content() or "") > 0.1
    source = page.locator("#cyclegan-without img").first
    before = source.get_attribute("src")
    seen(page, "map → satellite").check()
    expect(source).not_to_have_attribute("src", before or "")
    expect(page.locator("#cyclegan-without")).to_contain_text("error to the true x")
    assert browser_log.errors == []


def test_an_image_is_uploaded_and_a_file_that_is_none_is_refused(opened, tmp_path):
    Image.new("RGB", (90, 160), (200, 40, 40)).save(tmp_path / "photo.jpg")
    (tmp_path / "words.png").write_text("no picture")
    source = pixels(opened, "source")

    def give(name):
        with opened.expect_file_chooser() as chooser:
            opened.get_by_role("button", name="Upload an image").locator("visible=true").click()
        chooser.value.set_files(tmp_path / name)

    give("photo.jpg")
    photo = changed(opened, "source", source)
    expect(opened.locator("#cyclegan-cycle-images [aria-pressed=true]")).to_have_count(0)
    opened.locator("[data-personal]").first.wait_for(state="attached")
    opened.get_by_role("button", name="Copy link").click()
    expect(opened.locator("#ll-bar [role=status]")).to_contain_text("uploaded")
    assert "image" not in opened.evaluate("location.hash")
    give("words.png")
    expect(opened.get_by_text("not a PNG, JPEG or WebP").first).to_be_visible()
    assert pixels(opened, "source") == photo
    seen(opened, "map → satellite").check()  # another set: back to its first test image
    expect(number(opened, "source")).to_have_text("y, map")
    expect(opened.locator("#cyclegan-cycle-images [aria-pressed=true]")).to_have_count(1)


def test_on_a_phone_three_images_stand_in_a_row(opened):
    opened.set_viewport_size({"width": 390, "height": 844})
    opened.wait_for_timeout(300)
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390
    for slot in ("source", "error"):
        box = opened.locator(f"#cyclegan-cycle-results canvas[data-slot={slot}]").bounding_box()
        assert 80 < box["width"] < 130
