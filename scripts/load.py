"""Load the app with many visitors: ``python -m scripts.load`` (``make load``) drags and draws in it over HTTP.

Each simulated visitor asks what the VAE tab's page asks (`controls/live.js`). Those who drag move the dot of the latent
plane; those who draw add to a stroke, and every answer moves the dot, which asks in turn. As on the page, a control
has one question under way: a move made meanwhile waits, a later move takes its place, and when the answer comes the
latest one is asked. What a control is told when the server is full, it asks again a second later.

`--url` drives a server that runs already, such as several processes behind a proxy: every visitor opens the page first
and sends the cookie that came with it, as a browser does.

The time of a move counts from the move itself, so waiting for the answer before is part of it. A move whose place was
taken is counted as skipped. The tables are Markdown, on standard output. HTTP is written by hand: a client library
would take as much of this machine as the server that is measured.

locust would replace the waiting and the table, not the hands, the pumps or the server; its percentiles are of times
rounded to two digits (147 ms counts as 150), and its user has no question that gives way to the next.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from http.cookies import SimpleCookie
from itertools import pairwise
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
from PIL import Image, ImageDraw

from gen_models.app.controls.drawing import to_runs

MAX_VISITORS, MAX_SECONDS = 500, 600
HERTZ = 10.0
"""Moves a second of each visitor."""
MAP, CANVAS = "vae-map", "vae-map-canvas-0"
"""`elem_id`s of the controls that are moved."""
TIMEOUT_S, RETRY_S = 20.0, 1.0
"""As in live.js."""
START_S = 180.0
"""How long a server of our own may take to start, on a busy machine."""
STROKE = 50
"""Moves until a sheet is cleared."""


@dataclass(frozen=True)
class Control:
    """Describes a live control as the page knows it."""

    id: int
    context: dict[str, Any]


@dataclass
class Tally:
    """Counts what became of the moves of one visitor's control."""

    moves: int = 0
    seconds: list[float] = field(default_factory=list)
    """From each move that was answered to its answer."""
    skipped: int = 0
    waits: int = 0
    """Answers that asked for patience."""
    errors: list[str] = field(default_factory=list)


# ---------------------------------------------------------------------------------------------------------------------
# HTTP
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Site:
    """Says where the app is, and which cookie a visitor's browser sends there."""

    host: str
    port: int
    path: str = ""
    """Below which a proxy shows the app, such as "/lab"."""
    cookie: str = ""

    @classmethod
    def of(cls, url: str) -> "Site":
        """Read an address."""
        where = urlsplit(url)
        return cls(str(where.hostname), int(where.port or 80), where.path.rstrip("/"))

    @property
    def name(self) -> str:
        """Host and port, as a browser sends them."""
        return f"{self.host}:{self.port}"

    @property
    def cookies(self) -> str:
        """The line of the cookie, if there is one."""
        return f"Cookie: {self.cookie}\r\n" if self.cookie else ""

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection."""
        return await asyncio.open_connection(self.host, self.port)

    def opened(self) -> "Site":
        """Open the page; return the same site with the cookie that the page brought."""
        with urllib.request.urlopen(f"http://{self.name}{self.path}/", timeout=60) as answer:
            cookies = SimpleCookie(answer.headers.get("Set-Cookie", ""))
        pairs = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())
        return replace(self, cookie=pairs)


HEAD = "\r\n".join(
    (
        "POST %s HTTP/1.1",
        "Host: HOST",
        "Connection: keep-alive",
        "Content-Length: %d",
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36",
        "Content-Type: application/json",
        "Accept: */*",
        "Origin: http://HOST",
        "Sec-Fetch-Site: same-origin",
        "Sec-Fetch-Mode: cors",
        "Sec-Fetch-Dest: empty",
        "Referer: http://HOST/",
        "Accept-Encoding: gzip, deflate, br, zstd",
        "Accept-Language: en-US,en;q=0.9",
        "\r\n",
    )
)
"""What Chromium sends: reading it is part of the server's work."""


class Connection:
    """Keeps one connection open, as a browser does."""

    def __init__(self, site: Site) -> None:
        self.site = site
        head = HEAD.replace("Host: HOST\r\n", f"Host: HOST\r\n{site.cookies}")
        self.head = head.replace("HOST", site.name).encode()
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, content: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer."""
        if self.streams is None:
            self.streams = await self.site.connect()
        reader, writer = self.streams
        try:
            whole = self.site.path + path
            writer.write(self.head % (whole.encode(), len(content)) + content)
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
            if length is None:
                raise OSError("an answer of unknown length")
            return int(head.split(None, 2)[1]), await reader.readexactly(int(length[1]))
        except BaseException:
            self.close()  # what is left of the answer is not the next one's
            raise

    def close(self) -> None:
        """Hang up."""
        if self.streams is not None:
            self.streams[1].close()
            self.streams = None


@asynccontextmanager
async def present(site: Site, session: str) -> AsyncIterator[None]:
    """Hold the stream open that a page holds for as long as it is shown."""
    _, writer = await site.connect()
    path = f"{site.path}/gradio_api/heartbeat/{session}"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {site.name}\r\n{site.cookies}\r\n".encode())
    try:
        yield
    finally:
        writer.close()


# ---------------------------------------------------------------------------------------------------------------------
# Visitors
# ---------------------------------------------------------------------------------------------------------------------


class Pump:
    """Asks for a control on somebody's page: one question at most under way, and the next asks for the latest value."""

    def __init__(
        self,
        control: Control,
        session: str,
        site: Site,
        answered: Callable[[dict[str, Any]], None] = lambda reply: None,
    ) -> None:
        self.control, self.session, self.answered = control, session, answered
        self.connection = Connection(site)
        self.tally = Tally()
        self.waiting: tuple[Any, float] | None = None
        self.task: asyncio.Task[None] | None = None

    def move(self, value: Any) -> None:
        """Move the control as a visitor does."""
        self.tally.moves += 1
        self.tally.skipped += self.waiting is not None
        self.waiting = value, time.perf_counter()
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._pump())

    async def finish(self) -> None:
        """Wait for the last answer."""
        if self.task is not None:
            await self.task
        self.connection.close()

    async def _pump(self) -> None:
        while self.waiting is not None:
            (value, moved), self.waiting = self.waiting, None
            reply = await self._ask(value)
            if reply is None:
                continue
            if reply["ok"]:
                self.tally.seconds.append(time.perf_counter() - moved)
                self.answered(reply)
            elif reply.get("again"):
                self.tally.waits += 1
                await asyncio.sleep(RETRY_S)
                if self.waiting is None:
                    self.waiting = value, moved
                else:
                    self.tally.skipped += 1
            else:
                self.tally.errors.append(str(reply.get("error")))

    async def _ask(self, value: Any) -> dict[str, Any] | None:
        question = {
            "data": {"value": value, "context": self.control.context},
            "component_id": self.control.id,
            "fn_name": "answer",
            "session_hash": self.session,
        }
        content = json.dumps(question, separators=(",", ":")).encode()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                status, body = await self.connection.post("/gradio_api/component_server/", content)
            if status != 200:
                raise OSError(f"status {status}: {body[:80].decode(errors='replace')}")
            reply = json.loads(body)
            if type(reply.get("ok")) is not bool:
                raise OSError(f"not an answer: {body[:80].decode(errors='replace')}")
        except (OSError, TimeoutError, EOFError, ValueError) as error:
            self.tally.errors.append(f"{type(error).__name__} {error}".strip())
            return None
        return reply


def walk(number: int) -> Iterator[list[float]]:
    """Yield places that a visitor's hand goes through: a smooth curve of its own in [−3, 3]²."""
    rng = np.random.default_rng(number)
    speed, phase = rng.uniform(0.05, 0.3, 2), rng.uniform(0, 2 * np.pi, 2)
    for k in range(sys.maxsize):
        yield (2.9 * np.sin(phase + speed * k)).tolist()


def strokes(side: int = 112) -> list[str]:
    """Return a digit-like stroke as it grows, as the page sends it: antialiased, then in runs."""
    t = np.linspace(0, 1, STROKE + 1)
    points = np.stack([224 + 100 * np.sin(5 * t), 90 + 260 * t], 1)
    sheet, drawn = Image.new("L", (448, 448)), []
    for a, b in pairwise(points):
        ImageDraw.Draw(sheet).line([*a, *b], fill=255, width=36)
        ImageDraw.Draw(sheet).ellipse([*(b - 18), *(b + 18)], fill=255)
        drawn.append(to_runs(np.asarray(sheet.resize((side, side), Image.Resampling.BILINEAR))))
    return drawn


async def moved(pump: Pump, values: Iterator[Any], start: float, end: float) -> None:
    """Move a control `HERTZ` times a second on average; times are of perf_counter.

    A hand is no clock: moves in step would make a visitor wait for the same others each time.
    """
    due = start + random.random() / HERTZ
    while due < end:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        pump.move(next(values))
        due += random.uniform(0.5, 1.5) / HERTZ


async def visit(
    sites: Sequence[Site],
    controls: dict[str, Control],
    drawing: int,
    seconds: float,
) -> tuple[list[Tally], list[Tally], list[Tally]]:
    """Let all visitors act together; return tallies of those who drag, of the sheets drawn on, of the dots moved.

    Args:
        sites: one for each visitor.
        controls: of the page.
        drawing: how many of them draw, the last ones.
        seconds: for how long.
    """
    drags, sheets, dots = [], [], []
    drawn = strokes() if drawing else []
    start = time.perf_counter() + 0.5
    async with contextlib.AsyncExitStack() as pages:
        hands = []
        for number, site in enumerate(sites):
            session = secrets.token_hex(6)
            await pages.enter_async_context(present(site, session))
            dot = Pump(controls[MAP], session, site)
            if number < len(sites) - drawing:
                drags.append(dot)
                hands.append(moved(dot, walk(number), start, start + seconds))
            else:

                def follow(reply: dict[str, Any], dot: Pump = dot) -> None:
                    dot.move(reply["send"][MAP]["value"])

                sheet = Pump(controls[CANVAS], session, site, follow)
                sheets.append(sheet)
                dots.append(dot)
                stroke = (drawn[(7 * number + k) % STROKE] for k in range(sys.maxsize))
                hands.append(moved(sheet, stroke, start, start + seconds))
        await asyncio.gather(*hands)
        for pump in (*drags, *sheets, *dots):  # a sheet's last answer moves its dot
            await pump.finish()
    return tuple([pump.tally for pump in pumps] for pumps in (drags, sheets, dots))  # type: ignore[return-value]


# ---------------------------------------------------------------------------------------------------------------------
# The server
# ---------------------------------------------------------------------------------------------------------------------


def controls_of(url: str) -> dict[str, Control]:
    """Return the live controls of the page, by `elem_id`, where they have one."""
    with urllib.request.urlopen(f"{url}/config", timeout=60) as answer:
        config = json.load(answer)
    found = {}
    for component in config["components"]:
        props = component["props"]
        settings = re.search(
            'class="ll-live" data-settings="([^"]*)"', str(props.get("html_template"))
        )
        context = json.loads(unquote(settings[1])).get("context") if settings else None
        if context is not None and props.get("elem_id"):
            found[props["elem_id"]] = Control(component["id"], context)
    return found


@contextmanager
def app(folder: str = ".") -> Iterator[tuple[str, int]]:
    """Start the app of a checkout as `make demo` does, on a free port; yield its URL and process id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"GRADIO_SERVER_PORT": str(port), "GRADIO_SERVER_NAME": "127.0.0.1"}
    server = subprocess.Popen(
        [sys.executable, "app.py"], cwd=folder, env=environment, stdout=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + START_S
        while True:
            if server.poll() is not None or time.monotonic() > until:
                sys.exit("The app did not start.")
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{url}/healthz", timeout=5).close()
                break
            time.sleep(0.1)
        yield url, server.pid
    finally:
        server.terminate()
        server.wait()


@contextmanager
def running(url: str | None) -> Iterator[tuple[str, int | None]]:
    """Yield URL and process id of a server of our own, or of the one at `url`, whose process is not known."""
    if url is None:
        with app() as server:
            yield server
        return
    url = url.rstrip("/")
    try:
        urllib.request.urlopen(f"{url}/healthz", timeout=30).close()
    except OSError as error:
        sys.exit(f"The app does not answer at {url}: {error}.")
    yield url, None


def cpu_seconds(process: int | None) -> float | None:
    """Return the CPU time that a process has used, where it is known and Linux says so."""
    if process is None:
        return None
    try:
        with open(f"/proc/{process}/stat") as file:  # noqa: PTH123 - no file
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# ---------------------------------------------------------------------------------------------------------------------
# In words
# ---------------------------------------------------------------------------------------------------------------------

COLUMNS = (
    "", "controls", "moves", "answered", "skipped", "told to wait", "errors", "p50 ms", "p95 ms", "p99 ms", "most ms",
    "slowest / fastest median",
)  # fmt: skip


def row(name: str, tallies: Sequence[Tally]) -> str:
    """Return one line of the table: what became of the moves of several controls."""
    times = np.sort(np.concatenate([tally.seconds for tally in tallies])) * 1000
    medians = [np.median(tally.seconds) for tally in tallies if tally.seconds]
    fair = len(medians) == len(tallies)
    cells = [
        name,
        len(tallies),
        sum(tally.moves for tally in tallies),
        times.size,
        sum(tally.skipped for tally in tallies),
        sum(tally.waits for tally in tallies),
        sum(len(tally.errors) for tally in tallies),
        *(
            [f"{q:.0f}" for q in np.quantile(times, (0.5, 0.95, 0.99, 1))]
            if times.size
            else "–" * 4
        ),
        f"{max(medians) / min(medians):.2f}" if fair else "somebody had no answer",
    ]
    return f"| {' | '.join(map(str, cells))} |"


def main(arguments: list[str] | None = None) -> int:
    """Run the visitors and print the table; return 1 if there was an error."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.load", description="Simulated visitors on the app."
    )
    parser.add_argument("--visitors", type=int, default=50, help="how many drag (default: 50)")
    parser.add_argument("--drawing", type=int, default=5, help="how many more draw (default: 5)")
    parser.add_argument("--seconds", type=float, default=60.0, help="for how long (default: 60)")
    parser.add_argument("--url", help="of a server that runs already; no other is started")
    options = parser.parse_args(arguments)
    if options.url and not re.match(r"http://[^/:]+", options.url):
        parser.error("--url must be the address of the app, such as http://127.0.0.1:8080/lab")
    if not 1 <= options.visitors <= MAX_VISITORS or not 0 <= options.drawing <= MAX_VISITORS:
        parser.error(f"--visitors may be 1 to {MAX_VISITORS}, --drawing 0 to {MAX_VISITORS}")
    if not 1 <= options.seconds <= MAX_SECONDS:  # NaN is not
        parser.error(f"--seconds may be 1 to {MAX_SECONDS}")
    visitors = options.visitors + options.drawing
    with running(options.url) as (url, process):
        controls, site = controls_of(url), Site.of(url)
        sites = [site.opened() for _ in range(visitors)] if options.url else [site] * visitors
        before, mine = cpu_seconds(process), time.process_time()
        drags, sheets, dots = asyncio.run(visit(sites, controls, options.drawing, options.seconds))
        after, mine = cpu_seconds(process), time.process_time() - mine
    named = {"dragging": drags, "drawing": sheets, "dots that drawings move": dots}
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for name, tallies in named.items():
        if tallies:
            print(row(name, tallies))
    everything = [*drags, *sheets, *dots]
    answers = sum(len(tally.seconds) + tally.waits for tally in everything)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    used = ""
    if before is not None and after is not None and answers:
        used = f", {1000 * (after - before) / answers:.2f} ms of CPU each in the server"
        used += f" and {1000 * mine / answers:.2f} ms here"
    print(
        f"\nAbout {HERTZ:g} moves a second each for {options.seconds:g} s, {cores} cores; {answers:,} answers{used}."
    )
    errors = [error for tally in everything for error in tally.errors]
    for error in sorted(set(errors)):
        print(f"{errors.count(error)} x {error}", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
