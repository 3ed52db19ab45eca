"""Fixtures for every test. Only tests marked ``train`` may import torch."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, sync_playwright

from gen_models import cards, runtime
from scripts import chromium

# Gradio and huggingface_hub read these while they are imported.
os.environ |= {
    "GRADIO_TEMP_DIR": tempfile.mkdtemp(prefix="latent-lab-"),
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_RUN_HISTORY": "False",
    "GRADIO_SSR_MODE": "False",
    "HF_HUB_OFFLINE": "1",
}

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
def app_url() -> Iterator[str]:
    """Address of the app, started with the committed models as app.py starts it."""
    from gen_models import app

    demo = app.build(Path("exported"))
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield url
    demo.close()


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Path of Chrome or Chromium. Without one the browser tests fail: they are never skipped."""
    path = chromium.find()
    if path is None:
        pytest.fail(chromium.MISSING, pytrace=False)
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
def toy_card() -> cards.Card:
    """A card of one graph, x = z W as a 4x4 picture. Its file is made by `toy_model`."""
    content = toy_graph()
    graph = cards.Graph(
        "decoder.onnx", cards.sha256(content), len(content), (cards.Port("z", ("batch", 3)),),
        (cards.Port("x", ("batch", 1, 4, 4), range=(0, 1)),), 20, 48, 0.0,
    )  # fmt: skip
    return cards.Card(
        name="toy",
        family="vae",
        title="Toy",
        lecture="§0",
        summary="A matrix.",
        limitations="It is a matrix.",
        dataset=cards.Dataset("none", "No data", "public domain", "nowhere", "0" * 64),
        training=cards.Training("python -m make toy", 0.0, "CPU", 0, {"torch": "0"}, "abc"),
        config={"data": "none", "seed": 0},
        graphs={"decoder": graph},
        metrics={
            "error": cards.Metric(0.125, "per picture", 10, "test", (0,), "python -m measure toy")
        },
    )


def toy_graph() -> bytes:
    """x = z W, reshaped to (batch, 1, 4, 4), with W = 0, 1, 2, ... / 48."""
    weights = np.arange(48, dtype=np.float32).reshape(3, 16) / 48
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["z", "W"], ["flat"]),
            helper.make_node("Reshape", ["flat", "shape"], ["x"]),
        ],
        "toy",
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["batch", 3])],
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 1, 4, 4])],
        [
            numpy_helper.from_array(weights, "W"),
            numpy_helper.from_array(np.array([-1, 1, 4, 4]), "shape"),
        ],
    )
    opset = helper.make_opsetid("", 20)
    return helper.make_model(graph, opset_imports=[opset], ir_version=10).SerializeToString()


@pytest.fixture
def toy_model(toy_card: cards.Card, tmp_path: Path) -> runtime.Model:
    """The toy card with its graph, in a folder that the test may damage."""
    folder = tmp_path / "exported" / "toy"
    toy_card.save(folder)
    (folder / "decoder.onnx").write_bytes(toy_graph())
    return runtime.Model(toy_card, folder)


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
