"""The first load in Chromium, of one chapter with a toy model: facts come when they are opened, images as files."""

import pytest
import toys
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def app_url(tmp_path_factory):
    """Address of the app with a toy model and one chapter, which `page` opens."""
    from gen_models import app
    from gen_models.app.chapters import pix2pix

    root = tmp_path_factory.mktemp("exported")
    toys.pix2pix(root, "a-labels", "labels", side=64)
    demo = app.build(root, (pix2pix.CHAPTER,))
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield url
    demo.close()


def test_facts_of_a_model_come_when_they_are_opened(page: Page, app_url, browser_log):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{app_url}#pix2pix/draw")
    made = page.locator(".ll-made")
    expect(made).to_be_visible()
    facts = f"{app_url.rstrip('/')}/latent-lab/models/a-labels"
    made.get_by_text("How these models were made").click()
    assert facts not in asked
    made.locator("details details summary").click()
    expect(made.locator(".ll-facts code").first).to_be_visible()
    assert asked.count(facts) == 1
    page.wait_for_function(
        "document.querySelector('#pix2pix-results canvas[data-slot=z0]')?.width === 64"
    )  # an example, which is a file, was painted and translated
    assert any("/latent-lab/files/" in url for url in asked)
    assert browser_log.errors == []


def test_a_control_whose_settings_do_not_come_says_so(page: Page, app_url):
    page.route("**/latent-lab/files/*.json", lambda route: route.abort())
    page.goto(f"{app_url}#pix2pix/draw")
    said = page.locator(".ll-live > .ll-error")
    expect(said.first).to_have_text(
        "This control could not be loaded. Reload the page to try once more."
    )


BRING = "**/gradio_api/run/predict"


def test_an_experiment_comes_once_when_its_tab_is_opened(page: Page, app_url, browser_log):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.url} {request.post_data}"))

    def brought(name):
        return sum("run/predict" in each and f'["{name}"]' in each for each in asked)

    page.goto(app_url)
    expect(page.locator("gradio-app .ll-welcome").first).to_be_visible()
    assert not brought("pix2pix/draw")
    pad = page.locator("#pix2pix-pad canvas").first
    for _ in range(2):  # the second time it is there
        page.locator('[role=tab][data-tab-id="translation"]').first.click()
        expect(pad).to_be_visible()
        page.locator('[role=tab][data-tab-id="models"]').first.click()
        expect(page.locator("#models-list")).to_be_visible()
    assert brought("pix2pix/draw") == 1
    assert brought("models") == 1
    assert not brought("pix2pix/terms")
    assert browser_log.errors == []


def test_nothing_moves_when_an_experiment_comes(page: Page, app_url):
    page.set_viewport_size({"width": 1280, "height": 800})
    page.add_init_script(
        "window.moved = 0; new PerformanceObserver(list => { for (const e of list.getEntries()) moved += e.value; })"
        ".observe({type: 'layout-shift', buffered: true});"
    )
    page.goto(app_url)
    expect(page.locator("gradio-app .ll-welcome").first).to_be_visible()
    page.evaluate("moved = 0; location.hash = '#pix2pix/draw'")  # a click would excuse what moves
    expect(page.locator(".ll-idea .katex").first).to_be_visible()
    page.wait_for_function(
        "document.querySelector('#pix2pix-results canvas[data-slot=z0]')?.width === 64"
    )
    assert page.evaluate("moved") < 0.02, page.evaluate("moved")


def test_an_experiment_whose_equation_does_not_come_is_shown_without(page: Page, app_url):
    page.add_init_script(
        "new MutationObserver(() => document.querySelectorAll('.katex').forEach(node => node.className = ''))"
        ".observe(document, {subtree: true, childList: true});"
    )
    page.goto(f"{app_url}#pix2pix/draw")
    expect(page.locator("#pix2pix-pad canvas").first).to_be_visible()
    assert page.locator(".katex").count() == 0


def test_a_tab_that_did_not_come_can_be_chosen_once_more(page: Page, app_url):
    page.goto(app_url)
    expect(page.locator("gradio-app .ll-welcome").first).to_be_visible()
    page.route(BRING, lambda route: route.fulfill(status=500, json={"error": "out of order"}))
    tab = page.locator('[role=tab][data-tab-id="models"]').first
    tab.click()
    expect(page.locator("#ll-bar [role=status]")).to_have_text(
        "The server did not answer. Choose the tab once more.", timeout=20_000
    )
    page.unroute(BRING)
    tab.click()
    expect(page.locator("#models-list")).to_be_visible()
