"""The whole app with the committed models, in Chromium: every experiment opens without an error."""

import pytest
from playwright.sync_api import Page, expect

from gen_models.app.chapter import path
from gen_models.app.chapters import CHAPTERS

pytestmark = pytest.mark.browser

ADDRESSES = [path(chapter, each) for chapter in CHAPTERS for each in chapter.experiments]


@pytest.fixture
def app(page: Page, app_url, browser_log):
    """The first page on a laptop; at the end, nothing went wrong."""
    # Opening the models of a tab takes its time on a busy machine.
    page.set_default_timeout(60_000)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(app_url)
    expect(page.get_by_role("tab", name="Start", exact=True)).to_be_visible()
    yield page
    assert browser_log.errors == []


def test_the_sections_of_the_lecture_are_in_sight(app):
    for name in (
        "Start",
        "Autoencoders",
        "VAEs",
        "GANs",
        "Translation",
        "Unstable training",
        "Summary",
        "Models",
    ):
        expect(
            app.locator("#sections > .tab-wrapper").get_by_role("tab", name=name, exact=True)
        ).to_be_visible()
    expect(app.get_by_role("button", name="More tabs")).to_have_count(0)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_experiment_opens_with_its_idea_and_its_notice(app, address):
    app.evaluate("address => { location.hash = address }", f"#{address}")
    tab = app.locator(f'[id="tab-{address}"]')
    expect(tab.locator(".prose.ll-idea")).to_be_visible()
    expect(tab.locator(".prose.ll-notice")).to_contain_text("Notice.")
    expect(app.get_by_role("heading", level=1).locator("visible=true")).to_have_count(1)
    expect(tab.get_by_text("There is no model for this experiment yet")).to_have_count(0)


def test_the_first_page_links_to_every_experiment(app):
    links = app.locator(".ll-links a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert links == [f"#{address}" for address in ADDRESSES]
    app.locator(f".ll-links a[href='#{ADDRESSES[-1]}']").click()
    expect(app.locator(f'[role=tab][data-tab-id="{ADDRESSES[-1]}"]')).to_have_attribute(
        "aria-selected", "true"
    )


def test_the_lab_shows_samples_of_each_method_on_stacked_digits(app):
    app.evaluate("location.hash = '#lab/digits'")
    pictures = app.locator("img.lab-samples")
    expect(pictures.first).to_be_visible()
    assert pictures.count() >= 10
    app.wait_for_function(
        "[...document.querySelectorAll('img.lab-samples')].every((each) => each.complete)"
    )
    sizes = pictures.evaluate_all("all => all.map(img => [img.naturalWidth, img.naturalHeight])")
    assert sizes == [[280, 56]] * len(sizes)
