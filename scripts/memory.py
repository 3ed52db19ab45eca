"""Measure memory: ``python -m scripts.memory`` opens every experiment in a browser and then lets the app rest.

It tells what the server holds at its start, after every experiment was used once, and when nobody has used a model for
`--minutes`; how long the first move of the latent plane takes then, and later ones; and for each graph, in turns in
this process, its first run after it was closed and a warm one. ``--beside FOLDER`` measures another checkout too. The
tables are Markdown, on standard output.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from gen_models import cards, runtime
from gen_models.app.chapter import path
from gen_models.app.chapters import CHAPTERS
from scripts import browsers, first_load, load

ANSWER_MS = 60_000
STAY_MS = 700
"""On an experiment, once its number has come: its slower images follow."""
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run")
MOVES = 30
REPEATS = 7


def use_all(url: str, chromium: str) -> int:
    """Open every experiment until its number is there; return how many there were."""
    addresses = [(path(c, e), e.number) for c in CHAPTERS for e in c.experiments]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(url)
        page.get_by_role("button", name="Copy link").wait_for(timeout=ANSWER_MS)
        for address, number in addresses:
            page.evaluate("hash => { location.hash = hash }", f"#{address}")
            page.wait_for_function(
                "number => [...document.querySelectorAll(number)].some("
                "each => each.offsetParent && /[0-9]/.test(each.innerText))",
                arg=number,
                timeout=ANSWER_MS,
            )
            page.wait_for_timeout(STAY_MS)
        browser.close()
    return len(addresses)


async def moves(url: str) -> list[float]:
    """Move the dot of the latent plane, one move after the other; return seconds until each image was here."""
    site, controls = load.Site.of(url), load.controls_of(url)
    async with load.present(site, "memory"):
        pump = load.Pump(controls[load.MAP], "memory", site)
        await pump.connection.post("/gradio_api/none", b"{}")  # connect
        for _, value in zip(range(MOVES + 1), load.walk(0), strict=False):
            pump.move(value)
            assert pump.task is not None
            await pump.task
        await pump.finish()
    return pump.tally.seconds


def measure(folder: str, minutes: float, chromium: str) -> list[str]:
    """Return one line of the table for the app of a checkout."""
    os.environ["LATENT_IDLE_MINUTES"] = str(minutes)
    with load.app(folder) as (url, process):
        start = first_load.memory_mb(process)
        used_at = time.monotonic()
        n = use_all(url, chromium)
        used, seconds = first_load.memory_mb(process), time.monotonic() - used_at
        if seconds > 60 * minutes:
            print(f"--minutes {minutes:g} are less than the visits took.", file=sys.stderr)
        time.sleep(60 * minutes + 40)
        idle = first_load.memory_mb(process)
        first, *later = (1e3 * each for each in asyncio.run(moves(url)))
        after = first_load.memory_mb(process)
    cells = [folder, f"{start:.0f}", f"{used:.0f} ({n} in {seconds:.0f} s)", f"{idle:.0f}"]
    return [*cells, f"{first:.1f}", f"{np.median(later):.1f}", f"{after:.0f}"]


def graph_times(root: Path) -> list[tuple[str, str, float, float]]:
    """Return (model, graph, first ms after it was closed, warm ms), medians of runs in turns, at batch 1."""
    rng = np.random.default_rng(0)
    found, _ = cards.discover(root)
    rows = []
    for card in found:
        model = runtime.Model(card, root / card.name)
        for role, graph in card.graphs.items():
            feed = {
                port.name: rng.random([1 if isinstance(n, str) else n for n in port.shape])
                for port in graph.inputs
            }
            times: tuple[list[float], list[float]] = ([], [])
            for _ in range(REPEATS):
                runtime.close_unused([model], 0)
                for kind in times:
                    started = time.perf_counter()
                    model(role, **feed)
                    kind.append(1e3 * (time.perf_counter() - started))
            rows.append((card.name, role, *(float(np.median(kind)) for kind in times)))
    return rows


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print Markdown."""
    print(f"\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m scripts.memory", description=__doc__)
    parser.add_argument(
        "--minutes", type=float, default=3.0, help="LATENT_IDLE_MINUTES (default: 3)"
    )
    parser.add_argument("--beside", help="another checkout to measure in the same run")
    options = parser.parse_args(arguments)
    chromium = browsers.find(browsers.CHROMIUM)
    if chromium is None:
        sys.exit(browsers.MISSING)
    folders = [".", *([options.beside] if options.beside else [])]
    rows = [measure(folder, options.minutes, chromium) for folder in folders]
    print_table(
        (
            "checkout",
            "MB at start",
            "every experiment used",
            "idle",
            "first move, ms",
            "later",
            "MB",
        ),
        rows,
    )
    times = graph_times(Path("exported"))
    extra = np.array([first - warm for *_, first, warm in times])
    slowest = sorted(times, key=lambda row: row[3] - row[2])[:5]
    print(
        f"\n{len(times)} graphs: the first run after closing takes {np.median(extra):.1f} ms longer than a warm one "
        f"(median), {np.quantile(extra, 0.9):.1f} at the 90th percentile, {extra.max():.1f} at most."
    )
    print_table(
        ("model", "graph", "first, ms", "warm, ms"),
        [(name, role, f"{first:.1f}", f"{warm:.1f}") for name, role, first, warm in slowest],
    )


if __name__ == "__main__":
    main()
