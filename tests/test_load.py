"""Simulated visitors: a few on the whole app, and how one counts what becomes of their moves."""

import asyncio
import subprocess
import sys

import hubs
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gen_models.app.controls import drawing
from scripts import load

pytestmark = pytest.mark.serial  # measures times

ANSWER = {"ok": True}
BUSY = {"ok": False, "error": "Busy.", "again": True}
FAULT = {"ok": False, "error": "Something went wrong.", "again": False}


def test_a_few_visitors_have_every_move_answered():
    command = [sys.executable, "-m", "scripts.load"]
    options = ["--visitors", "4", "--drawing", "1", "--seconds", "2"]
    run = subprocess.run([*command, *options], capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stderr) == (0, "")
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in run.stdout.splitlines()]
    names, _, *rows = [line for line in lines if line]
    assert [(row[0], row[1]) for row in rows] == [
        ("dragging", "4"),
        ("drawing", "1"),
        ("dots that drawings move", "1"),
    ]
    for row in rows:
        cells = dict(zip(names, row, strict=True))
        moves, answered, skipped = (int(cells[name]) for name in ("moves", "answered", "skipped"))
        assert 0 < answered == moves - skipped
        assert (cells["told to wait"], cells["errors"]) == ("0", "0")
        assert float(cells["slowest / fastest median"]) > 0


@pytest.mark.parametrize(
    "option",
    [
        *("--visitors=0", "--visitors=501", "--drawing=-1", "--seconds=1e9", "--seconds=nan"),
        *("--url=ftp://here", "--url=127.0.0.1:7860"),
    ],
)
def test_load_is_bounded(option):
    with pytest.raises(SystemExit):
        load.main([option])


def test_a_server_that_is_not_there_gets_a_sentence():
    url = f"http://127.0.0.1:{hubs.free_port()}/lab"
    with pytest.raises(SystemExit, match=f"The app does not answer at {url}: "):
        load.main(["--url", f"{url}/"])


def test_a_visitor_sends_below_the_sub_path_and_with_the_cookie_of_the_page():
    asked = []

    async def page(request):
        answer = Response("page")
        answer.set_cookie("latent_lab", "abc", path="/lab/")
        return answer

    async def answer(request):
        asked.append((request.url.path, request.cookies, request.headers["host"]))
        return JSONResponse(ANSWER)

    async def drive():
        pump = load.Pump(load.Control(1, {}), "me", load.Site.of(f"{url}/lab/").opened())
        pump.move(1)
        await pump.finish()
        return pump.tally

    url = f"http://127.0.0.1:{hubs.free_port()}"
    routes = [
        Route("/lab/", page),
        Route("/lab/gradio_api/component_server/", answer, methods=["POST"]),
    ]

    with hubs.served(Starlette(routes=routes), url):
        tally = asyncio.run(drive())
    assert tally.errors == []
    path, cookies, host = asked[0]
    assert (path, cookies) == ("/lab/gradio_api/component_server/", {"latent_lab": "abc"})
    assert f"http://{host}" == url


def visit(answers, moves, monkeypatch, pause=0.0):
    """Tally of one control whose server answers each question in turn after 0.2 s; and the values that were asked."""
    monkeypatch.setattr(load, "RETRY_S", 0.05)
    asked, left = [], iter(answers)

    async def answer(request):
        asked.append((await request.json())["data"]["value"])
        await asyncio.sleep(0.2)
        reply = next(left)
        return JSONResponse(reply) if isinstance(reply, dict) else Response("no", reply)

    async def drive():
        pump = load.Pump(load.Control(1, {}), "me", load.Site("127.0.0.1", port))
        for value in moves:
            pump.move(value)
            await asyncio.sleep(pause)
        await pump.finish()
        return pump.tally

    port = hubs.free_port()
    route = Route("/gradio_api/component_server/", answer, methods=["POST"])
    with hubs.served(Starlette(routes=[route]), f"http://127.0.0.1:{port}"):
        return asyncio.run(drive()), asked


def test_moves_made_while_one_is_unanswered_give_way_to_the_latest(monkeypatch):
    tally, asked = visit([ANSWER, ANSWER], [1, 2, 3, 4], monkeypatch, pause=0.02)
    assert asked == [1, 4]
    assert (tally.moves, len(tally.seconds), tally.skipped) == (4, 2, 2)
    assert tally.seconds[0] >= 0.2
    assert tally.seconds[1] >= 0.3  # what it waited for the first one counts


def test_what_is_told_to_wait_is_asked_again(monkeypatch):
    tally, asked = visit([BUSY, BUSY, ANSWER], [7], monkeypatch)
    assert asked == [7, 7, 7]
    assert (tally.waits, len(tally.seconds), tally.errors) == (2, 1, [])
    assert tally.seconds[0] >= 0.7


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (FAULT, "Something went wrong."),
        (500, "OSError status 500: no"),
        ({}, "OSError not an answer: {}"),
    ],
)
def test_anything_else_is_an_error_and_the_next_move_is_asked(monkeypatch, fault, said):
    tally, asked = visit([fault, ANSWER], [1, 2], monkeypatch)
    assert asked == [1, 2]
    assert (tally.errors, len(tally.seconds)) == ([said], 1)


def test_a_server_that_is_gone_is_an_error(monkeypatch):
    async def drive():
        pump = load.Pump(load.Control(1, {}), "me", load.Site("127.0.0.1", hubs.free_port()))
        pump.move(1)
        await pump.finish()
        return pump.tally

    assert asyncio.run(drive()).errors


def test_strokes_are_drawings_that_grow():
    ink = [drawing.from_runs(runs, 112).sum(dtype=int) for runs in load.strokes()]
    assert ink == sorted(ink)
    assert ink[0] < ink[-1] / 5
