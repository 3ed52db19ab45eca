"""The tour and what a visitor takes along, in Chromium, with the committed models."""

import base64
import io
import json
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from gen_models.app.shell import tour
from scripts import biome

pytestmark = pytest.mark.browser

PANEL = "#ll-tour"
STATUS = ".ll-address [role=status]"
BAD_PLACE = "There is no such experiment here: this is the nearest."


@pytest.fixture
def app(page: Page, app_url, browser_log):
    """Opens the app; at the end, nothing went wrong."""
    page.set_default_timeout(60_000)
    page.set_viewport_size({"width": 1280, "height": 800})

    def open_(rest=""):
        page.goto(f"{app_url}{rest}")
        expect(page.get_by_role("tab", name="Start", exact=True)).to_be_visible()
        return page

    yield open_
    assert browser_log.errors == []


def spotlit(page):
    """Whether the ring lies round something on the screen, and lets the pointer through."""
    page.wait_for_function(
        "() => { const s = document.getElementById('ll-spot'), r = s.getBoundingClientRect();"
        "return !s.hidden && r.width > 10 && r.height > 10 && r.top < innerHeight && r.bottom > 0"
        " && getComputedStyle(s).pointerEvents === 'none'; }"
    )


def test_the_whole_tour_with_its_questions_and_answers(app):
    page = app()
    panel = page.locator(PANEL)
    expect(panel).to_be_hidden()
    page.get_by_role("button", name="Tour", exact=True).click()
    for i, stop in enumerate(tour.STOPS, 1):
        heading = panel.get_by_role("heading")
        expect(heading).to_have_text(f"Stop {i} of {len(tour.STOPS)}, lecture {stop.lecture}")
        expect(panel).to_contain_text(stop.sentence)
        expect(panel).to_contain_text(stop.question)
        expect(panel).not_to_contain_text(stop.answer)
        place = stop.address.partition("?")[0]
        expect(page.locator(f'[id="tab-{place}"] .ll-notice').first).not_to_be_visible()
        spotlit(page)
        panel.get_by_role("button", name="Show me").click()
        expect(panel).to_contain_text(stop.answer)
        following = panel.get_by_role("button", name="Next" if i < len(tour.STOPS) else "Finish")
        expect(following).to_be_focused()
        # The controls stand where the answer's address says; the lab's own has more to say.
        page.wait_for_function("then => LatentLab.address.here().startsWith(then)", arg=stop.then)
        expect(page.locator(STATUS)).to_have_text("")
        if i < len(tour.STOPS):
            following.click()
    panel.get_by_role("button", name="Back").click()
    expect(panel).to_contain_text(f"Stop {len(tour.STOPS) - 1} of")

    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.get_by_role("button", name="Tour", exact=True)).to_be_focused()
    page.reload()
    page.get_by_role("button", name="Tour", exact=True).click()
    expect(panel).to_contain_text(f"Stop {len(tour.STOPS) - 1} of")


def test_a_tour_of_ones_own_is_made_and_a_hostile_one_is_harmless(app, tmp_path):
    script = "<img src=x onerror=document.body.dataset.hacked=1>"
    stops = [
        ("objectives/fits?distance=5&left=nonsense", script),
        ("no-such/place?x=1", ""),
        ("javascript:document.body.dataset.hacked=1", ""),
    ]
    link = ";".join(",".join(quote(each, safe="") for each in stop if each) for stop in stops)
    page = app(f"?tour={link}")
    panel = page.locator(PANEL)
    expect(panel).to_contain_text("Stop 1 of 3")
    expect(panel).to_contain_text(script)  # as text
    expect(page.locator(STATUS)).to_have_text(
        "A part of this link could not be used: the rest is shown."
    )
    assert page.evaluate("location.search") == ""  # a copied link is of the experiment alone
    for _ in range(2):
        panel.get_by_role("button", name="Next").click()
        expect(page.locator(STATUS)).to_have_text(BAD_PLACE)
    assert page.locator("[data-hacked]").count() == 0

    page.evaluate("location.hash = '#objectives/losses?m=6.5'")
    panel.get_by_role("button", name="Your own tour").click()
    box = panel.get_by_label("A sentence for this stop")
    page.wait_for_function("LatentLab.address.here() === 'objectives/losses?m=6.5'")
    box.fill("Which slope?")
    panel.get_by_role("button", name="Add to tour").click()
    expect(panel).to_contain_text("Your own tour: 1 stop")
    with page.expect_download() as download:
        panel.get_by_role("button", name="Save as file").click()
    saved = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert saved["stops"] == [{"address": "objectives/losses?m=6.5", "sentence": "Which slope?"}]

    chooser = panel.locator("input[type=file]")
    for bad in (
        b"no JSON",
        b'{"stops": {"0": "vae/map"}}',
        json.dumps({"stops": ["vae/map"] * 51}).encode(),
        json.dumps({"stops": [{"address": "vae/map", "sentence": "x" * 301}]}).encode(),
        b"[" * 300_000,
    ):
        chooser.set_input_files(
            {"name": "tour.json", "mimeType": "application/json", "buffer": bad}
        )
        expect(panel).to_contain_text("This file is no tour")
        expect(panel).to_contain_text("Your own tour: 1 stop")
        panel.get_by_role("button", name="Back to the tour").click()
        panel.get_by_role("button", name="Your own tour").click()
    good = {"stops": ["objectives/fits", {"address": "#objectives/naive", "sentence": "And here?"}]}
    chooser.set_input_files(
        {"name": "tour.json", "mimeType": "application/json", "buffer": json.dumps(good).encode()}
    )
    expect(panel).to_contain_text("Your own tour: 2 stops")
    panel.get_by_role("button", name="Take it").click()
    expect(panel).to_contain_text("Stop 1 of 2")
    panel.get_by_role("button", name="Next").click()
    expect(panel).to_contain_text("And here?")
    expect(page.get_by_role("tab", name="Naive sampling")).to_have_attribute(
        "aria-selected", "true"
    )


def test_a_figure_and_a_code_of_the_address(app):
    page = app("#vae/map?image=7")
    page.wait_for_function(
        "document.querySelector('#vae-map-results canvas[data-slot=mean]')?.pixels"
    )
    page.wait_for_timeout(1000)
    page.get_by_role("button", name="Share").click()
    code = page.get_by_role("img", name="QR code of this address")
    expect(code).to_be_visible()
    assert code.bounding_box()["width"] > 400  # for the last row of a hall
    picture = Image.open(io.BytesIO(code.screenshot())).convert("RGBA")
    assert biome.install(), biome.MISSING
    page.evaluate(Path("node_modules/jsqr/dist/jsQR.js").read_text("utf-8"))
    read = page.evaluate(
        "([data, w, h]) => jsQR(Uint8ClampedArray.from(atob(data), c => c.charCodeAt(0)), w, h)?.data",
        [base64.b64encode(picture.tobytes()).decode(), *picture.size],
    )
    assert read == page.url
    assert "#vae/map?image=7" in read

    with page.expect_download() as download:
        page.get_by_role("button", name="Save figure").click()
    assert download.value.suggested_filename == "latent-lab-vae-map.png"
    figure = np.asarray(Image.open(download.value.path()).convert("RGB"))
    height, width, _ = figure.shape
    assert width >= 1280
    assert height >= 600
    assert (figure[:20] == 255).all()  # a margin, on white
    middle = figure[height // 3 : 2 * height // 3]
    assert middle.std() > 20  # not blank
    expect(page.locator(STATUS)).to_have_text("Figure saved.")
    assert page.locator(".ll-figure").count() == 0
