"""Every experiment's address: a link, a reload and Back bring back what was shown."""

from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import TimeoutError, expect

from gen_models import app
from gen_models.app.chapter import path
from gen_models.app.chapters import CHAPTERS

pytestmark = [pytest.mark.browser]

ELSEWHERE = [
    (chapter, path(chapter, experiment), experiment.elsewhere)
    for chapter in CHAPTERS
    for experiment in chapter.experiments
    if experiment.elsewhere
]
REST_MS = 600  # an address is written at most twice a second


@pytest.fixture(scope="module")
def app_url(request):
    """Address of the app with one chapter alone: its page loads several times as fast as the whole."""
    demo = app.build(Path("exported"), (request.param,))
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield url
    demo.close()


@pytest.mark.parametrize(
    ("app_url", "address", "values"),
    ELSEWHERE,
    ids=[address for _, address, _ in ELSEWHERE],
    indirect=["app_url"],
)
def test_an_address_is_restored_by_a_link_by_reload_and_by_back(page, app_url, address, values):
    tab = page.locator(f'[role=tab][data-tab-id="{address}"]')
    ordered = "(location.hash.split('?')[1] ?? '').split('&').sort().join('&')"

    def settles(wanted):
        with suppress(TimeoutError):  # what it says instead is told below
            page.wait_for_function(f"wanted => {ordered} === wanted", arg=wanted)
        page.wait_for_timeout(REST_MS)  # nothing moves it afterwards
        assert page.evaluate(ordered) == wanted
        expect(tab).to_have_attribute("aria-selected", "true")
        expect(page.locator("#ll-bar [role=status]")).to_be_empty()

    elsewhere = "&".join(sorted(values.split("&")))
    page.goto(f"{app_url}#{address}?{values}")
    settles(elsewhere)
    page.reload()
    settles(elsewhere)
    page.evaluate(f"location.hash = '#{address}'")  # without values: where it begins
    settles("")
    page.go_back()
    settles(elsewhere)


def test_every_experiment_is_tried():
    assert {address for _, address, _ in ELSEWHERE} == {
        path(chapter, experiment) for chapter in CHAPTERS for experiment in chapter.experiments
    }


def chapter_of(wanted):
    return [chapter for chapter, address, _ in ELSEWHERE if address == wanted]


@pytest.mark.parametrize("app_url", chapter_of("faces/sliders"), indirect=True)
def test_what_an_address_was_to_move_goes_back_if_left_before_it_came(page, app_url):
    """Python's answer to the first address comes once the second is open, and is overruled."""
    files = "**/latent-lab/files/*.json"
    held, let_through = [], []
    page.route(files, lambda route: route.continue_() if let_through else held.append(route))
    with page.expect_request(files):  # the settings of the sliders
        page.goto(f"{app_url}#faces/sliders?from=mean&z=0.5,0,0,-2,0,0,0,0,0,1.25,0,0")
    page.wait_for_timeout(REST_MS)  # what has no settings of its own goes where the address says
    page.evaluate("location.hash = '#faces/sliders'")
    let_through.append(True)
    for route in held:
        route.continue_()
    page.wait_for_function("document.querySelector('#faces-sliders .ll-live')?.control")
    control = "document.querySelector('#faces-sliders .ll-live').control"
    for _ in range(20):
        assert page.evaluate(f"{control}.toAddress({control}.value) === {control}.atRest")
        page.wait_for_timeout(100)
    assert page.evaluate("location.hash") == "#faces/sliders"


@pytest.mark.parametrize("app_url", chapter_of("vae/map"), indirect=True)
def test_a_map_goes_to_where_it_is_at_rest_once_that_is_known(page, app_url):
    """It begins at the code of an image, which may be answered after a visitor has left an address for another."""
    held, let_through = [], []
    pad = "document.querySelector('#vae-map .ll-live')?.control"
    page.route(
        "**/gradio_api/component_server/",
        lambda route: route.continue_() if let_through else held.append(route),
    )
    page.goto(f"{app_url}#vae/map?z=0.1,1")
    page.wait_for_function(f"{pad}?.isMoved")
    page.evaluate("location.hash = '#vae/map'")
    page.wait_for_function(f"{pad}.toAddress({pad}.value) === {pad}.atRest")
    let_through.append(True)
    for route in held:
        route.continue_()
    page.wait_for_function(f"{pad}.toAddress({pad}.value) !== {pad}.atRest")
    page.wait_for_timeout(2 * REST_MS)
    assert page.evaluate("location.hash") == "#vae/map"


@pytest.mark.parametrize("app_url", chapter_of("autoencoder/reconstruct"), indirect=True)
def test_a_control_that_made_room_for_another_says_no_more(page, app_url):
    """Both canvases have the name "image"; what one is about to tell comes when the other is on the screen."""
    canvas = "document.querySelector('[id^=autoencoder-reconstruct] .ll-drawpad')?.control"
    page.goto(f"{app_url}#autoencoder/reconstruct?data=fashion&image=5")
    page.wait_for_function(f"{canvas}?.isMoved")
    page.evaluate(f"window.before = {canvas}")
    page.evaluate("location.hash = '#autoencoder/reconstruct'")
    page.wait_for_function(f"{canvas}?.isMoved && {canvas} !== before")
    page.evaluate("before.commit()")
    page.wait_for_timeout(2 * REST_MS)
    assert page.evaluate("location.hash") == "#autoencoder/reconstruct"
