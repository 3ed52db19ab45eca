"""Measure this project on this machine: every graph against torch, a drag against stock Gradio, start and memory.

What is compared is measured side by side in the same run, since machines differ and are noisy. It prints Markdown.

    python -m training.bench            (or: make bench)
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, get_args

import gradio as gr
import numpy as np
import torch
from playwright.sync_api import Browser, Page, sync_playwright
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from gen_models import app, cards
from gen_models.errors import UserError
from gen_models.families import LabFacts, Pix2PixFacts, Pix2PixRecipe
from gen_models.networks.pix2pix import PaperUNet, UNet
from gen_models.runtime import Model, backend, to_uint8
from scripts import browsers
from training import pix2pix, pix2pix_paper
from training.engine import cli
from training.engine.export import Spec, export
from training.engine.translation import translator_ports
from training.lab import textbook as lab_textbook
from training.lab.methods import BATCH, METHODS
from training.lab.step import Step, begin
from training.tools.registry import FAMILIES

EXPORTED = Path("exported")


Part = Literal["start", "graphs", "translation", "lab", "drag"]


@dataclass(frozen=True)
class Config:
    """What to measure."""

    parts: tuple[Part, ...] = get_args(Part)
    """tables"""
    repeats: int = 60
    """runs behind each median"""
    moves: int = 80
    """pointer moves behind each percentile"""
    seconds: float = 6.0
    """seconds of play behind each number of frames"""


def main(config: Config) -> None:
    """Print the tables that were asked for."""
    if "start" in config.parts:
        start_up()
    if "graphs" in config.parts:
        graphs(config.repeats)
    if "translation" in config.parts:
        translation(config.repeats)
    if "lab" in config.parts:
        lab_steps(config.repeats)
        lab_frames(config.seconds)
    if "drag" in config.parts:
        drag(config.moves)


# ---------------------------------------------------------------------------------------------------------------------
# Graphs against torch eager
# ---------------------------------------------------------------------------------------------------------------------


def graphs(repeats: int) -> None:
    """Time every exported graph and the torch network it came from, in turns, on one thread."""
    torch.set_num_threads(backend.threads)
    peak = sgemm_flops()
    print(
        f"\n### Graphs, {backend.threads} thread(s); matrix product here: {peak / 1e9:.0f} GFLOP/s\n"
    )
    print(
        "| model | graph | batch | onnxruntime ms | 2 threads ms | torch ms | torch / onnxruntime | of sgemm |"
    )
    print("|---|---|---|---|---|---|---|---|")
    found, _ = cards.discover(EXPORTED)
    for card in found:
        networks = FAMILIES[card.family].networks
        if networks is None:
            continue
        nets = networks(card)
        one, two = (Model(card, EXPORTED / card.name, threads) for threads in (backend.threads, 2))
        for role, net in nets.items():
            for batch in (1, 16):
                print(graph_row(card, role, net.eval(), one, two, batch, repeats, peak), flush=True)


@torch.no_grad()
def graph_row(
    card: cards.Card,
    role: str,
    net: nn.Module,
    one: Model,
    two: Model,
    batch: int,
    repeats: int,
    peak: float,
) -> str:
    """One line of the table."""
    ports = card.graphs[role].inputs
    shapes = [[batch if isinstance(n, str) else n for n in port.shape] for port in ports]
    rng = np.random.default_rng(0)
    x = [np.asarray(rng.random(shape, dtype=np.float32)) for shape in shapes]
    feed = {port.name: array for port, array in zip(ports, x, strict=True)}
    tensors = [torch.from_numpy(array) for array in x]
    with FlopCounterMode(display=False) as counter:
        net(*tensors)
    ort, ort2, eager = in_turns(
        [lambda: one(role, **feed), lambda: two(role, **feed), lambda: net(*tensors)], repeats
    )
    share = counter.get_total_flops() / ort / peak
    return (
        f"| {card.name} | {role} | {batch} | {ort * 1e3:.3f} | {ort2 * 1e3:.3f} | {eager * 1e3:.3f} "
        f"| {eager / ort:.1f} | {share:.0%} |"
    )


def sgemm_flops(n: int = 1536) -> float:
    """Floating-point operations a second of torch's float32 matrix product, on as many threads as the graphs."""
    a, b = torch.randn(2, n, n)
    (seconds,) = in_turns([lambda: a @ b], 10)
    return 2 * n**3 / seconds


def in_turns(calls: list[Callable[[], Any]], repeats: int) -> list[float]:
    """Median seconds of each call; the calls take turns, so that a busy moment of the machine falls on all."""
    for call in calls:
        call()
    seconds = np.empty((repeats, len(calls)))
    for row in seconds:
        for i, call in enumerate(calls):
            started = time.perf_counter()
            call()
            row[i] = time.perf_counter() - started
    return np.median(seconds, axis=0).tolist()


# ---------------------------------------------------------------------------------------------------------------------
# Translators at 256 pixels against the paper's
# ---------------------------------------------------------------------------------------------------------------------


def translation(repeats: int) -> None:
    """Time the generators of pix2pix, ours and the paper's, at 256 pixels, in turns: untrained, as time is the same."""
    print("\n### pix2pix, an image of 256 pixels\n")
    print("| generator | million parameters | 1 thread ms | 2 threads ms |\n|---|---|---|---|")
    nets = {
        "training.pix2pix": UNet(3, 3, 256, pix2pix.Config(name="").width),
        "training.pix2pix_paper": PaperUNet(3, 3, 256, pix2pix_paper.Config(name="").width),
    }
    c = np.random.default_rng(0).random((1, 3, 256, 256), dtype=np.float32)
    calls: list[Callable[[], Any]] = []
    with TemporaryDirectory() as scratch:
        for name, net in nets.items():
            u = np.full((1, net.noise), 0.5, np.float32)
            folder = untrained(name, net, Path(scratch))
            for threads in (1, 2):
                model = Model(cards.load(folder / "card.json"), folder, threads)
                calls.append(partial(model, "generator", c=c, u=u, p=np.array(0.5)))
        seconds = in_turns(calls, repeats)
    for i, (name, net) in enumerate(nets.items()):
        millions = sum(parameter.numel() for parameter in net.parameters()) / 1e6
        one, two = (1e3 * t for t in seconds[2 * i : 2 * i + 2])
        print(f"| {name} | {millions:.1f} | {one:.1f} | {two:.1f} |")
    print(f"\nRatio of the medians: {seconds[2] / seconds[0]:.1f}, {seconds[3] / seconds[1]:.1f}")


def untrained(name: str, net: UNet | PaperUNet, root: Path) -> Path:
    """Export a translator of 256 pixels as it is."""
    return export(
        name=name,
        root=root,
        family="pix2pix",
        title=name,
        lecture="§4.1",
        summary="",
        limitations="Untrained.",
        module="training.bench",
        config=None,
        data=cards.Dataset("", "", "", "", ""),
        facts=Pix2PixFacts(Pix2PixRecipe.FAST),
        runs=[],
        graphs={
            "generator": Spec(
                net, translator_ports(3, 256, net.noise), {"x": (0, 1)}, fp16_weights=True
            )
        },
    )


# ---------------------------------------------------------------------------------------------------------------------
# Training steps of the lab against the textbook loop
# ---------------------------------------------------------------------------------------------------------------------


def lab_steps(repeats: int) -> None:
    """Time a step of each method and the same step in PyTorch (`training.lab.textbook`), in turns, on one thread."""
    torch.set_num_threads(backend.threads)
    print(f"\n### Training steps of the lab, {backend.threads} thread(s), batch {BATCH}\n")
    print("| method | onnxruntime ms | torch ms | torch / onnxruntime |\n|---|---|---|---|")
    found, _ = cards.discover(EXPORTED)
    for card in found:
        if card.family == "lab":
            print(lab_row(card, repeats), flush=True)


def lab_row(card: cards.Card, repeats: int) -> str:
    """One line of the table: both from the same state, with the same points and noise."""
    method, default = METHODS[card.name.removeprefix("lab-")], dict(card.facts_as(LabFacts).hyper)
    model, step = Model(card, EXPORTED / card.name), Step(method)
    state = begin(step, 0)
    textbook = lab_textbook.Textbook(method, state[0], default)
    rng = torch.Generator().manual_seed(0)
    batch = {
        port.name: torch.rand(BATCH // method.pack, int(port.shape[1]), generator=rng)
        for port in step.inputs
        if port.shape[:1] == ("batch",)
    }
    feed = {"in_state": state.reshape(-1).numpy(), "in_step": 1, **default}
    feed |= {name: x.numpy() for name, x in batch.items()}
    ort, eager = in_turns([lambda: model("step", **feed), lambda: textbook.step(batch)], repeats)
    return f"| {card.name} | {ort * 1e3:.2f} | {eager * 1e3:.2f} | {eager / ort:.1f} |"


# ---------------------------------------------------------------------------------------------------------------------
# Frames of the lab
# ---------------------------------------------------------------------------------------------------------------------

PAIRS = (("lab-nonsaturating", "lab-pacgan-2"), ("lab-r1", "lab-roth"))
"""Methods that are also timed side by side."""

# A new game of some methods with every layer, its warm-up, and then how many frames and steps come in how many seconds.
PLAY = """async ([methods, steps, seconds]) => {
  const lab = document.querySelector('#lab-board .ll-live').control;
  const passing = (s) => new Promise(done => setTimeout(done, 1000 * s));
  lab.pause();
  const show = lab.layers.map(layer => layer.box.value);
  lab.choose({data: 'grid', games: methods.map(name => lab.usual(name)), show, seed: 0});
  lab.setup.speed = [...lab.speed.options].findIndex(option => option.text.startsWith(steps + ' steps'));
  lab.run();
  await passing(2);
  const { take } = lab;
  let frames = 0;
  lab.take = function (reply) { frames += 1; return take.call(this, reply); };
  const [started, before] = [performance.now(), lab.boards[0].steps];
  await passing(seconds);
  const [took, after] = [(performance.now() - started) / 1000, lab.boards[0].steps];
  lab.take = take;
  lab.pause();
  await passing(0.5);
  return [frames / took, (after - before) / frames];
}"""
STEPS = 20
"""Steps of training in a frame."""


def lab_frames(seconds: float) -> None:
    """Frames per second of the lab for each method, and for some side by side: all layers, STEPS steps a frame."""
    print(
        f"\n### Frames of the lab, grid of 25, all layers, {STEPS} steps a frame, {seconds:g} s\n"
    )
    print("| method | frames/s | steps a frame |\n|---|---|---|")
    found = [card.name for card in cards.discover(EXPORTED)[0] if card.family == "lab"]
    with served(app.build()) as url, browser() as chrome:
        page = chrome.new_page(viewport={"width": 1280, "height": 1000})
        page.goto(f"{url}#lab/play")
        page.wait_for_function("document.querySelector('#lab-board .ll-live')?.control?.field")
        page.locator(".lab-stage").first.scroll_into_view_if_needed()
        page.wait_for_timeout(5000)  # until the page stops moving
        for names in [*((name,) for name in found), *PAIRS]:
            frames, steps = page.evaluate(PLAY, [names, STEPS, seconds])
            print(f"| {' + '.join(names)} | {frames:.1f} | {steps:.1f} |", flush=True)


# ---------------------------------------------------------------------------------------------------------------------
# A drag against stock Gradio
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Way:
    """Something that is dragged, and how to see that its image has come."""

    name: str
    address: str
    """Of its experiment."""
    sheet: str = ".ll-pad"
    """Selector of what the pointer moves on."""
    paints: str = "putImageData"
    """How the image gets on its canvas."""


WAYS = (
    Way("map of the VAE tab", "vae/map"),
    Way("morph of four faces", "faces/morph"),
    Way("brush of pix2pix, 128 pixels", "pix2pix/draw", ".paint-canvas", "drawImage"),
)

# One move of the pointer, then the time until the next image has been painted.
LIVE = """async ([selector, paints, x, y]) => {
  const sheet = [...document.querySelectorAll(selector)].find(sheet => sheet.offsetParent);
  const box = sheet.getBoundingClientRect();
  const at = {pointerId: 1, isPrimary: true, bubbles: true, buttons: 1,
              clientX: box.left + x * box.width, clientY: box.top + y * box.height};
  const paint = CanvasRenderingContext2D.prototype[paints];
  return await new Promise(done => {
    const started = performance.now();
    CanvasRenderingContext2D.prototype[paints] = function (...rest) {
      paint.apply(this, rest);
      if (!this.canvas.isConnected || this.canvas === sheet) return;
      CanvasRenderingContext2D.prototype[paints] = paint;
      done(performance.now() - started);
    };
    for (const type of ['pointermove', 'pointerrawupdate']) sheet.dispatchEvent(new PointerEvent(type, at));
  });
}"""
STOCK = """async x => {
  const slider = document.querySelector('#stock input[type=range]');
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
  return await new Promise(done => {
    const started = performance.now();
    const painted = () => { observer.disconnect(); done(performance.now() - started); };
    const observer = new MutationObserver(() => {
      const image = document.querySelector('#picture img');
      if (!image || image.src === before) return;
      if (image.complete) painted(); else image.addEventListener('load', painted, {once: true});
    });
    const before = document.querySelector('#picture img')?.src;
    observer.observe(document.querySelector('#picture'), {subtree: true, childList: true, attributes: true});
    set.call(slider, x);
    slider.dispatchEvent(new Event('input', {bubbles: true}));
  });
}"""


def drag(moves: int) -> None:
    """Pointer to picture: what is dragged here, and a stock slider -> gr.Image with the decoder of the map."""
    rng = np.random.default_rng(0)
    with served(app.build()) as live_url, served(stock()) as stock_url, browser() as chrome:
        plain = chrome.new_page()
        plain.goto(stock_url)
        plain.wait_for_selector("#stock input[type=range]")
        stock_ms, ms = [], []
        for way in WAYS:
            page = chrome.new_page(viewport={"width": 1280, "height": 1000})
            open_sheet(page, live_url, way)
            times = []
            for i in range(moves + 5):
                x, y = rng.uniform(0.05, 0.95, 2).tolist()
                page.bring_to_front()
                times.append(page.evaluate(LIVE, [way.sheet, way.paints, x, y]))
                if way is WAYS[0]:  # the same decoder: in turns
                    plain.bring_to_front()
                    stock_ms.append(plain.evaluate(STOCK, round(6 * x - 3 + 0.001 * i, 3)))
                time.sleep(0.02)
            ms.append(times[5:])
            page.close()
    print(f"\n### Pointer to picture, {moves} single moves in headless Chromium\n")
    print("| way | p50 ms | p95 ms |\n|---|---|---|")
    names = [*(way.name for way in WAYS), "the map's decoder behind a stock gr.Slider → gr.Image"]
    for name, times in zip(names, [*ms, stock_ms[5:]], strict=True):
        print(f"| {name} | {np.percentile(times, 50):.1f} | {np.percentile(times, 95):.1f} |")
    print(f"\nRatio of the medians, stock to map: {np.median(stock_ms[5:]) / np.median(ms[0]):.1f}")


def open_sheet(page: Page, url: str, way: Way) -> None:
    """Open what a way is dragged on, and press the pointer on it."""
    page.goto(f"{url}#{way.address}")
    page.wait_for_function(
        "sheet => [...document.querySelectorAll(sheet)].some(one => one.offsetParent)",
        arg=way.sheet,
    )
    page.wait_for_timeout(2000)
    sheet = page.locator(f"{way.sheet}:visible").first
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()


def stock() -> gr.Blocks:
    """What one would write first: a slider whose change event fills a gr.Image."""
    name = "vae-digits-2d"
    model = Model(cards.load(EXPORTED / name / "card.json"), EXPORTED / name)

    def decode(z: float) -> np.ndarray:
        return to_uint8(model("decoder", z=np.array([[z, 0]]))["x"])[0, :, :, 0]

    with gr.Blocks() as demo:
        slider = gr.Slider(-3, 3, 0, step=0.001, elem_id="stock")
        slider.change(decode, slider, gr.Image(elem_id="picture"))
    return demo


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless Chromium for a while."""
    path = browsers.find(browsers.CHROMIUM)
    if path is None:
        raise UserError(browsers.MISSING)
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        yield chrome
        chrome.close()


@contextmanager
def served(demo: gr.Blocks) -> Iterator[str]:
    """The address at which `demo` runs for a while."""
    options: dict[str, Any] = app.launch_options() | {"prevent_thread_lock": True, "quiet": True}
    _, url, _ = demo.launch(**options)
    yield url
    demo.close()


# ---------------------------------------------------------------------------------------------------------------------
# Start and memory
# ---------------------------------------------------------------------------------------------------------------------


def start_up() -> None:
    """Seconds from `python app.py` to the first page, and the memory it takes then."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False"}
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "app.py"], env=env, stdout=subprocess.DEVNULL)
    try:
        while not _answers(f"http://127.0.0.1:{port}/"):
            time.sleep(0.02)
        seconds = time.perf_counter() - started
        status = Path(f"/proc/{process.pid}/status")
        rss = [
            line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmRSS")
        ]
    finally:
        process.terminate()
        process.wait()
    print("### Start\n\n| from `python app.py` to the first page | memory then |\n|---|---|")
    print(f"| {seconds:.1f} s | {int(rss[0]) / 1024:.0f} MB |")


def _answers(url: str) -> bool:
    try:
        return urllib.request.urlopen(url, timeout=10).status == 200
    except OSError:
        return False


if __name__ == "__main__":
    cli.run(main, Config)
