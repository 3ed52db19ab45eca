"""Fixtures for every test. Only tests marked ``train`` may import torch."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import toys
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect, sync_playwright

from gen_models import cards, runtime
from scripts import browsers

if TYPE_CHECKING:
    from gradio import Blocks

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))

# Gradio and huggingface_hub read these while they are imported.
os.environ |= {
    "GRADIO_SERVER_PORT": str(7860 + 100 * WORKER),  # the first of 100 that Gradio tries
    "GRADIO_TEMP_DIR": tempfile.mkdtemp(prefix="latent-lab-"),
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_RUN_HISTORY": "False",
    "GRADIO_SSR_MODE": "False",
    "HF_HUB_OFFLINE": "1",
    "LATENT_DECODED": tempfile.mkdtemp(prefix="latent-lab-decoded-"),
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever else asks the served app is `serial`, so that no worker starts it for a few tests."""
    for item in items:
        asks = {"app_url", "chromium_path"} & set(getattr(item, "fixturenames", ()))
        if asks and not item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.serial)


# The whole page takes seconds to open on a busy machine.
expect.set_options(timeout=30_000)

CHROMIUM_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def whole_app() -> "Blocks":
    """The app with the committed models; building it takes seconds. Tests look at it and leave it as it is."""
    from gen_models import app

    return app.build(Path("exported"))


@pytest.fixture(scope="session")
def app_url(whole_app: "Blocks") -> Iterator[str]:
    """Address of the app, started with the committed models as app.py starts it."""
    from gen_models import app

    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = whole_app.launch(**options, quiet=True)
    yield url
    whole_app.close()


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Path of Chrome or Chromium. Without one the browser tests fail: they are never skipped."""
    path = browsers.find(browsers.CHROMIUM)
    if path is None:
        pytest.fail(browsers.MISSING, pytrace=False)
    return path


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    """Headless Chromium. One a module: Playwright's event loop must not outlive its tests."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_FLAGS)
        yield started
        started.close()


@dataclass
class BrowserLog:
    """What a page did besides showing itself."""

    external: list[str] = field(default_factory=list)
    """Requests to any other place than the app. They are refused, and fail the test."""
    errors: list[str] = field(default_factory=list)
    """Errors on the console and exceptions nobody caught."""


@pytest.fixture
def browser_log() -> BrowserLog:
    """The log of this test's `page`."""
    return BrowserLog()


@pytest.fixture
def page(browser: Browser, app_url: str, browser_log: BrowserLog) -> Iterator[Page]:
    """An empty page that can reach the app alone; at the end, nothing else was asked for."""

    def admit(route: Route) -> None:
        url = route.request.url
        if url.startswith((app_url, "data:", "blob:")):
            route.continue_()
        else:
            browser_log.external.append(url)
            route.abort()

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error":
            browser_log.errors.append(message.text)

    context = browser.new_context(service_workers="block")
    context.route("**/*", admit)
    # Gradio opens no web sockets, so one that is opened leads elsewhere; this also keeps it shut.
    context.route_web_socket("**/*", lambda socket: browser_log.external.append(socket.url))
    context.on("weberror", lambda error: browser_log.errors.append(str(error.error)))
    context.on("console", listen)
    yield context.new_page()
    context.close()
    assert browser_log.external == [], "the page asked for something outside the app"


@pytest.fixture
def toy_model(tmp_path: Path) -> runtime.Model:
    """A model of one small graph, in a folder that the test may damage."""
    return toys.matrix(tmp_path / "exported")


@pytest.fixture
def toy_card(toy_model: runtime.Model) -> cards.Card:
    """The card of `toy_model`."""
    return toy_model.card


@pytest.fixture(scope="session")
def picture_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 40 small pictures, each a disc of its own place and size."""
    folder = tmp_path_factory.mktemp("pictures")
    y, x = np.mgrid[0:16, 0:16]
    rng = np.random.default_rng(0)
    for i, (cy, cx, r) in enumerate(rng.uniform([4, 4, 2], [12, 12, 5], (40, 3))):
        disc = 255 * ((y - cy) ** 2 + (x - cx) ** 2 < r**2)
        Image.fromarray(disc.astype(np.uint8)).save(folder / f"{i:02}.png")
    return folder
