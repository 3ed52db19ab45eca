"""The whole app with the committed models, in Chromium: every tab is in sight and opens without an error."""

import pytest
from playwright.sync_api import Page, expect

from gen_models.app.tabs import TABS

pytestmark = pytest.mark.browser


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


def test_on_a_laptop_no_tab_is_behind_the_menu_of_the_rest(app):
    for name in (*(tab.TITLE for tab in TABS), "Models"):
        expect(app.get_by_role("tab", name=name, exact=True)).to_be_visible()
    expect(app.get_by_role("button", name="More tabs").first).to_be_hidden()


@pytest.mark.parametrize("tab", TABS, ids=lambda tab: tab.ID)
def test_a_tab_opens_with_its_lead_and_its_notice(app, tab):
    app.get_by_role("tab", name=tab.TITLE, exact=True).click()
    expect(app.locator(".prose.ll-lead:visible")).to_have_count(1)
    expect(app.locator(".prose.ll-notice:visible")).to_contain_text("Notice:")
    expect(app.get_by_text("There is no model for this tab yet").first).to_be_hidden()


def test_the_lab_shows_samples_of_each_method_on_stacked_digits(app):
    app.get_by_role("tab", name="GAN lab", exact=True).click()
    app.get_by_role("tab", name="Stacked digits", exact=True).click()
    pictures = app.locator("img.lab-samples")
    expect(pictures.first).to_be_visible()
    assert pictures.count() >= 10
    sizes = pictures.evaluate_all("all => all.map(img => [img.naturalWidth, img.naturalHeight])")
    assert sizes == [[280, 56]] * len(sizes)
