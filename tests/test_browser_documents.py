"""The chapter "Documents" in Chromium, on toys whose code is two counts: a text is typed, and both marks move."""

import re

import pytest
import toys
from playwright.sync_api import expect

from gen_models import app
from gen_models.app.chapters import documents

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)  # for a slow machine

BOX, FRAMES = "#documents-planes textarea", "#documents-planes-results .dp-frame"
MARKS = f"[...document.querySelectorAll('{FRAMES}')].map(frame => frame.dataset.mark)"


@pytest.fixture(scope="module")
def app_url(tmp_path_factory):
    """Address of the app with this chapter alone and toys."""
    root = tmp_path_factory.mktemp("exported")
    toys.documents(root, "deep")
    toys.documents(root, "plain", word_dropout=0.0, scale=-1.0, accuracy=0.4)
    toys.documents(root, "lsa-raw", "lsa", "raw", scale=2.0, accuracy=0.2)
    toys.hashing(root)
    toys.hashing(root, "bits-weak", bit_noise=1.0, average_precision=0.2)
    demo = app.build(root, (documents.CHAPTER,))
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield url
    demo.close()


@pytest.fixture
def planes(page, app_url, browser_log):
    """The planes, with a document marked; at the end, nothing went wrong on the page."""
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{app_url}#documents/planes")
    page.wait_for_function(f"{MARKS}.every(mark => mark) && {MARKS}.length === 2")
    yield page
    expect(page.locator(".ll-error:visible").filter(has_text=re.compile("."))).to_have_count(0)
    assert browser_log.errors == []


def moved(page, before, planes=(0, 1)):
    """Wait until the marks of these planes are elsewhere."""
    page.wait_for_function(
        f"([before, planes]) => planes.every(i => {MARKS}[i] !== before[i])", arg=[before, planes]
    )
    return page.evaluate(MARKS)


def test_a_text_is_typed_and_lands_in_both_planes_while_it_is_typed(planes):
    before = planes.evaluate(MARKS)
    planes.locator(BOX).press_sequentially("engine <b>zebra</b> ")
    first = moved(planes, before)
    expect(planes.locator(".dp-read span")).to_have_text(["engine "])
    expect(planes.locator(".dp-read s")).to_have_text(["zebra "])
    expect(planes.locator(".dp-plane .dp-words").first).to_contain_text("engine")
    expect(planes.locator(".dp-share").first).to_have_text(re.compile(r"\d+ of 10"))
    planes.locator(BOX).press_sequentially("engine engine engine")
    moved(planes, first)
    assert planes.evaluate("location.hash") == "#documents/planes"  # a text is in no address


def test_a_text_of_no_known_words_is_marked_nowhere(planes):
    planes.locator(BOX).fill("🚀 שלום <script>window.hacked = 1</script>")
    expect(planes.locator(".dp-about")).to_have_text("No word of the vocabulary yet")
    planes.wait_for_function(f"{MARKS}.every(mark => mark === '')")
    assert planes.evaluate("window.hacked") is None


def test_a_dot_tells_what_it_is_and_a_click_keeps_it(planes):
    before = planes.evaluate(MARKS)
    frame = planes.locator(FRAMES).first
    box = frame.bounding_box()
    # The last document on space, z = (20, 0), lies at the lower right; what is marked at first is on cars.
    x, y = box["x"] + 0.96 * box["width"], box["y"] + 0.96 * box["height"]
    planes.mouse.move(x, y)
    expect(planes.locator(".dp-about")).to_contain_text("on space")
    planes.mouse.click(x, y)
    moved(planes, before)
    planes.wait_for_function("/at=\\d+$/.test(location.hash)")
    expect(planes.locator(".dp-share")).to_have_text(["10 of 10", "10 of 10"])
    planes.mouse.move(5, 5)
    expect(planes.locator(".dp-about")).to_contain_text("on space")  # it stays


def test_a_click_beside_the_dots_asks_the_decoder_of_that_plane(planes):
    frame = planes.locator(FRAMES).last
    box = frame.bounding_box()
    # It waits until nothing moves any more, and the click is where the frame is then.
    frame.click(position={"x": 0.9 * box["width"], "y": 0.3 * box["height"]})
    expect(planes.locator(".dp-about")).to_have_text("A place in the plane of LSA")
    expect(planes.locator(".dp-words").last).to_contain_text("orbit")
    planes.wait_for_function(f"{MARKS}[0] === '' && {MARKS}[1] !== ''")


def test_arrow_keys_move_the_mark_and_enter_takes_the_nearest_document(planes):
    before = planes.evaluate(MARKS)
    planes.locator(FRAMES).first.focus()
    planes.keyboard.press("Shift+ArrowRight")
    expect(planes.locator(".dp-about")).to_have_text("A place in the plane of the autoencoder")
    moved(planes, before, (0,))
    planes.keyboard.press("Enter")
    expect(planes.locator(".dp-about")).to_contain_text("Document")


def test_another_autoencoder_moves_the_mark_of_its_plane_alone(planes):
    before = planes.evaluate(MARKS)
    planes.get_by_label("The autoencoder was trained").click()
    planes.get_by_role("option", name="without").click()
    after = moved(planes, before, (0,))
    assert after[1] == before[1]
    expect(planes.locator('[data-text="accuracy-0"]')).to_have_text("40 %")


def test_the_code_size_brings_its_curves_forward(page, app_url):
    page.goto(f"{app_url}#documents/size")
    number = page.locator("#documents-size-chart .ll-number").first
    expect(number).to_have_text("50 %")
    expect(page.locator("path.dp-faint")).to_have_count(2)
    page.locator("#documents-size-code input").focus()
    page.keyboard.press("ArrowRight")
    expect(number).to_have_text("60 %")
    expect(page.locator('path[data-code="2"].dp-faint')).to_have_count(2)


@pytest.fixture
def hashing(page, app_url, browser_log):
    """The search by bits; at the end, nothing went wrong on the page."""
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{app_url}#documents/hashing")
    expect(page.locator('[data-text="found"]')).to_have_text(re.compile(r"\d"))
    yield page
    expect(page.locator(".ll-error:visible").filter(has_text=re.compile("."))).to_have_count(0)
    assert browser_log.errors == []


CODE = "#documents-hashing-results .dp-code .dp-bits"


def test_the_radius_widens_what_is_found(hashing):
    found, precision = (hashing.locator(f'[data-text="{each}"]') for each in ("found", "precision"))
    expect(found).to_have_text("39")  # the last document is chosen at first, and 4 bits are all
    expect(hashing.locator(".dp-topics p")).to_have_count(2)
    hashing.locator("#documents-hashing-radius input").focus()
    for _ in range(4):
        hashing.keyboard.press("ArrowLeft")
    expect(found).to_have_text("4")  # on cars, and without a wheel
    expect(precision).to_have_text("100 %")
    expect(hashing.locator(".dp-topics p")).to_have_count(1)
    hashing.wait_for_function("location.hash.includes('radius=0')")


def test_a_typed_text_changes_the_bits(hashing):
    code = hashing.locator(CODE)
    expect(code).to_have_attribute("aria-label", "bits 0100")
    hashing.locator("#documents-hashing textarea").press_sequentially("moon <b>zebra</b> ")
    expect(code).to_have_attribute("aria-label", "bits 0010")
    expect(hashing.locator("#documents-hashing .dp-read s")).to_have_text(["zebra "])
    hashing.locator("#documents-hashing textarea").press_sequentially("orbit")
    expect(code).to_have_attribute("aria-label", "bits 1010")
    expect(hashing.locator("#documents-hashing .dp-number input")).to_have_value("")
    hashing.locator("#documents-hashing textarea").fill("zebra")
    expect(hashing.locator(".dp-none")).to_have_count(1)
    expect(hashing.locator('[data-text="found"]')).to_have_text("–")


def test_a_document_is_taken_by_its_number_and_marks_what_differs(hashing):
    hashing.locator("#documents-hashing .dp-number input").fill("1")
    hashing.keyboard.press("Enter")
    expect(hashing.locator("#documents-hashing .dp-about")).to_contain_text("Document 1, on space")
    expect(hashing.locator(CODE)).to_have_attribute("aria-label", "bits 1010")
    hashing.wait_for_function("location.hash.includes('at=1')")
    expect(hashing.locator(".dp-near p")).to_have_count(6)
    expect(hashing.locator(".dp-near .dp-differs")).to_have_count(0)
    hashing.locator("#documents-hashing .dp-number input").fill("4")
    hashing.keyboard.press(
        "Enter"
    )  # four others lack the moon too, and then come those that have it
    expect(hashing.locator(".dp-near .dp-differs")).to_have_count(2)


def test_other_noise_is_another_model(hashing):
    average = hashing.locator('[data-text="average"]')
    expect(average).to_have_text("0.30")
    hashing.locator("#documents-hashing-noise input").focus()
    hashing.keyboard.press("ArrowLeft")
    expect(average).to_have_text("0.20")
    hashing.wait_for_function("location.hash.includes('noise=1')")
