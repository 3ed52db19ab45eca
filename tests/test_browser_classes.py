"""The class as a control in Chromium, on toy models: it shows for those that are told one, and images follow it."""

import re

import pytest
import toys
from playwright.sync_api import expect

from gen_models import app
from gen_models.app.chapters import gan, vae

pytestmark = pytest.mark.browser

CLASSES = ("boot", "bag", "coat")
PIXELS = "selector => document.querySelector(selector)?.toDataURL()"


@pytest.fixture(scope="module")
def app_url(tmp_path_factory):
    """Address of two chapters, each with a model that is told a class and one that is not."""
    root = tmp_path_factory.mktemp("exported")
    toys.gan(root, "gan-fashion", shape=(1, 32, 32))
    toys.gan(root, "gan-told", shape=(1, 32, 32), classes=CLASSES)
    toys.vae(root, "vae-plain")
    toys.vae(root, "vae-told", classes=CLASSES)
    demo = app.build(root, (gan.CHAPTER, vae.CHAPTER))
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield url
    demo.close()


@pytest.fixture
def open_address(page, app_url, browser_log):
    """Open an address; at the end, nothing went wrong on the page."""

    def open_(where):
        page.set_viewport_size({"width": 1280, "height": 1200})
        page.set_default_timeout(60_000)
        page.goto(f"{app_url}#{where}")
        tab = page.locator(f"[id='tab-{where.partition('?')[0]}']")
        expect(tab.locator(".ll-number").first).to_have_text(re.compile(r"\d"), timeout=60_000)
        return tab

    yield open_
    expect(page.locator(".ll-error:visible").filter(has_text=re.compile("."))).to_have_count(0)
    assert browser_log.errors == []


def choose(page, tab, label, option):
    tab.get_by_label(label, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


def settled(page, canvas):
    """The pixels of a canvas that has been painted."""
    page.wait_for_function("selector => document.querySelector(selector)?.width > 2", arg=canvas)
    page.wait_for_timeout(500)
    return page.evaluate(PIXELS, canvas)


def wait_for_change(page, canvas, before):
    page.wait_for_function(f"([s, before]) => ({PIXELS})(s) !== before", arg=[canvas, before])


def test_the_class_shows_where_a_model_is_told_one_and_the_samples_follow(page, open_address):
    canvas = "#gan-samples-results canvas"
    tab = open_address("gan/samples")
    label = tab.get_by_label("Class", exact=True)
    expect(label).not_to_be_visible()
    before = settled(page, canvas)
    tab.get_by_label("Model", exact=True).click()
    page.get_by_role("option").nth(1).click()
    expect(label).to_have_value("each in turn")
    wait_for_change(page, canvas, before)
    each = settled(page, canvas)
    choose(page, tab, "Class", "bag")
    wait_for_change(page, canvas, each)
    page.wait_for_url(re.compile(r"#gan/samples\?.*class=bag"))
    bags = settled(page, canvas)
    choose(page, tab, "Class", "each in turn")
    page.wait_for_function(f"([s, each]) => ({PIXELS})(s) === each", arg=[canvas, each])
    assert bags != each
    tab.get_by_label("Model", exact=True).click()
    page.get_by_role("option").nth(0).click()
    expect(label).not_to_be_visible()


def test_an_address_names_the_class(page, open_address):
    tab = open_address("gan/samples?model=gan-told&class=coat")
    expect(tab.get_by_label("Class", exact=True)).to_have_value("coat")
    coats = settled(page, "#gan-samples-results canvas")
    choose(page, tab, "Class", "boot")
    wait_for_change(page, "#gan-samples-results canvas", coats)


def test_between_samples_of_two_classes_lies_a_mixture(page, open_address):
    canvas = "#gan-morph-results canvas[data-slot=line]"
    tab = open_address("gan/morph?model=gan-told")
    expect(tab.get_by_label("Class", exact=True)).to_have_value("each in turn")
    first = page.locator("#gan-morph-strip img").first
    mixed, boot = settled(page, canvas), first.get_attribute("src")
    choose(page, tab, "Class", "coat")
    wait_for_change(page, canvas, mixed)
    expect(first).not_to_have_attribute("src", boot)


def test_the_map_and_its_dot_follow_the_class(page, open_address):
    canvas = "#vae-map-results canvas[data-slot=mean]"
    tab = open_address("vae/map?model=vae-told")
    expect(tab.get_by_label("Class", exact=True)).to_have_value("boot")
    boot = settled(page, canvas)
    choose(page, tab, "Class", "bag")
    wait_for_change(page, canvas, boot)
    settled(page, canvas)
    tab.get_by_label("Class", exact=True).click()
    page.get_by_role("option", name="boot", exact=True).click()
    page.wait_for_function(f"([s, boot]) => ({PIXELS})(s) === boot", arg=[canvas, boot])


def test_the_dot_stays_where_the_class_is_another_and_goes_to_another_image(page, open_address):
    own = "#vae-map-results canvas[data-slot=own]"
    tab = open_address("vae/map?model=vae-told")
    where = tab.locator("#vae-map .ll-where")
    boot = settled(page, own)
    mean = where.text_content()
    tab.locator("#vae-map .ll-pad").focus()
    page.keyboard.press("Home")
    expect(where).to_have_text("z₁ 0.00, z₂ 0.00")
    choose(page, tab, "Class", "bag")
    wait_for_change(page, own, boot)  # it is encoded as a bag
    settled(page, own)
    expect(where).to_have_text("z₁ 0.00, z₂ 0.00")
    examples = tab.locator(".ll-example:visible")
    examples.nth(1).click()
    expect(where).not_to_have_text("z₁ 0.00, z₂ 0.00")
    tab.locator("#vae-map .ll-pad").focus()
    page.keyboard.press("Home")
    expect(where).to_have_text("z₁ 0.00, z₂ 0.00")
    examples.nth(1).click()  # the same once more
    expect(where).not_to_have_text("z₁ 0.00, z₂ 0.00")
    assert mean != "z₁ 0.00, z₂ 0.00"


def test_samples_of_a_vae_follow_the_class(page, open_address):
    canvas = "#vae-samples-results canvas[data-slot=samples]"
    tab = open_address("vae/samples?model=vae-told")
    each = settled(page, canvas)
    choose(page, tab, "Class", "bag")
    wait_for_change(page, canvas, each)


def test_a_vae_is_told_another_class_than_the_likeliest(page, open_address):
    canvas = "#vae-told-results canvas[data-slot=own]"
    tab = open_address("vae/told")
    below = tab.locator("[data-text=below]").first
    expect(below).to_have_text("0.0 nats")
    itself = settled(page, canvas)
    likeliest = tab.locator("[data-text=likeliest]").first.inner_text().partition(",")[0]
    other = next(name for name in CLASSES if name != likeliest)
    choose(page, tab, "Class told", other)
    wait_for_change(page, canvas, itself)
    expect(below).not_to_have_text("0.0 nats")
    page.wait_for_url(re.compile(rf"#vae/told\?.*class={other}"))
    choose(page, tab, "Class told", "that of the highest bound")
    expect(below).to_have_text("0.0 nats")
