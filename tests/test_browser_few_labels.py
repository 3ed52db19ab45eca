"""The chapter "Few labels" in Chromium, on a toy whose codes tell all classes: accuracy follows the labels."""

import re

import pytest
import toys
from playwright.sync_api import expect

from gen_models import app
from gen_models.app.chapters import few_labels

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)  # for a slow machine

METRICS = {
    "error/frozen/unwarping/unchanged/10": 30.0,
    "error/frozen/unwarping/unchanged/100": 7.0,
    "error/fine-tuned/unwarping/unchanged/100": 9.0,
    "error/scratch/no/unchanged/100": 20.0,
}


@pytest.fixture(scope="module")
def app_url(tmp_path_factory):
    """Address of the app with this chapter alone and a toy model."""
    root = tmp_path_factory.mktemp("exported")
    toys.few_labels(root, "few", metrics=METRICS)
    demo = app.build(root, (few_labels.CHAPTER,))
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield url
    demo.close()


@pytest.fixture
def open_experiment(page, app_url, browser_log):
    """Open one experiment; at the end, nothing went wrong on the page."""

    def open_(address):
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(f"{app_url}#few-labels/{address}")

    yield open_
    expect(page.locator(".ll-error:visible").filter(has_text=re.compile("."))).to_have_count(0)
    assert browser_log.errors == []


def accuracy(page):
    return page.locator("#few-labels-map-results .ll-number").first


def asked(page):
    """The class of the image that is asked for: images stand in rows of the ten classes."""
    said = page.locator(".label-large").get_attribute("aria-label")
    return int(re.search(r"column (\d+)", said)[1]) - 1


def test_five_labels_make_half_of_the_classes_right(page, open_experiment):
    open_experiment("label")
    expect(accuracy(page)).to_have_text("50.0 %")
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(accuracy(page)).to_have_text("10 %, a guess")
    seen = set()
    for given in range(1, 6):
        digit = asked(page)
        seen.add(digit)
        page.locator(".label-keys").get_by_role("button", name=str(digit), exact=True).click()
        expect(accuracy(page)).to_have_text(f"{10 * given}.0 %")
    assert len(seen) == 5
    expect(page.locator(".label-count")).to_have_text("5 labels given")
    page.get_by_role("button", name="Label 10 for me").click()
    expect(accuracy(page)).to_have_text("100.0 %")
    for _ in range(11):
        page.get_by_role("button", name="Undo", exact=True).click()
    expect(accuracy(page)).to_have_text("40.0 %")


def test_an_image_is_chosen_and_labelled_by_the_keyboard(page, open_experiment):
    open_experiment("label?labels=")
    expect(accuracy(page)).to_have_text("10 %, a guess")
    grid = page.locator(".label-grid")
    box = grid.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.35, box["y"] + box["height"] * 0.1)
    assert asked(page) == 3
    grid.focus()
    page.keyboard.press("ArrowRight")
    assert asked(page) == 4
    page.keyboard.press("4")
    expect(accuracy(page)).to_have_text("10.0 %")
    page.wait_for_function("location.hash.includes('labels=4.4')")


def test_the_switches_choose_the_curves(page, open_experiment):
    open_experiment("curves")
    number = page.locator("#few-labels-curves-numbers .ll-number").first
    expect(number).to_have_text("7.0 %")
    page.get_by_label("Fine-tuned").check()
    expect(number).to_have_text("9.0 %")
    expect(page.locator("#few-labels-curves-numbers .ll-number").nth(1)).to_have_text("20.0 %")


def test_a_turned_digit_is_answered_by_all(page, open_experiment):
    open_experiment("draw?image=1&angle=90")
    first = page.locator("#few-labels-draw-answers tbody tr").first
    expect(first.locator(".top")).to_have_text("9")
    expect(page.locator("#few-labels-draw-results .ll-number")).to_have_text("100 %")
