"""The control of the lab: what the browser asks, checked, and what it is answered, packed.

`lab.js` asks one server function. A question is one of

    {"do": "start", "data": name, "points": [[x, y], ...], "seed": int, "games": [...], "fall": int, "show": [...]}
    {"do": "frame", "steps": int, "hyper": [{name: value}, ...], "fall": int, "show": [...]}

with one or two games {"method": name, "hyper": {name: value}}, layers to show of `LAYERS`, and `Game.fall`. The answer
has for each game where it stands and what to draw; to "start" also the field that they share. Points travel as int16
and D's surface as bytes, in base64: a frame is about 6 kB.

A visitor is a page: Gradio gives each a session hash, by which their games are kept and, when it closes, freed.
"""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import anyio
import anyio.to_thread
import gradio as gr
import numpy as np
from gradio.components.base import server
from starlette.responses import Response

from gen_models.app.checks import checked_integer, checked_number, checked_seed
from gen_models.app.live import FAULT, BadRequest
from gen_models.app.parts import Models, choose
from gen_models.app.tabs.lab.methods import words_of
from gen_models.lab import distributions
from gen_models.lab.distributions import Distribution
from gen_models.lab.game import Diverged, Game, hyper_ports
from gen_models.lab.metrics import SAMPLES, coverage
from gen_models.lab.sessions import Sessions, Turns, Waiting
from gen_models.runtime import Array, Model, ModelError

log = logging.getLogger(__name__)
T = TypeVar("T")

HERE = Path(__file__).parent
LAYERS = ("surface", "arrows", "grid", "average", "accepted")
MOST_STEPS = 100
"""Steps of a frame."""
TURN_S = 0.1
"""Seconds of computing in one frame; after these it stops early, so that nobody waits long for their turn."""
VISITORS = 16
SPARE_S, LONGEST_S = 60.0, 1800.0
AT_ONCE, WAIT_S = 1, 2.0
"""One page trains at a time: the other cores answer the rest of the app."""
TOGETHER = 10
"""Steps that two games take side by side before one waits for the other."""

MOST_FALL = 100_000
FALL = "The step at which learning rates reach 0"

SHOWN = 512
"""Points that are drawn, real and generated."""
SURFACE = 40
"""D is asked at so many by so many places."""
ARROWS = 96
"""Generated points that get an arrow."""
LINES = 17
"""Lines of the grid of z in each direction, from -2 to 2."""
LONGEST_ARROW = 0.2
"""Of the half side of what is shown; a slope of 1 has half of this length."""
NOT_UNDERSTOOD = "That is not a request this app understands."


# ---------------------------------------------------------------------------------------------------------------------
# Packing
# ---------------------------------------------------------------------------------------------------------------------


def packed_points(x: Array, half: float) -> str:
    """Points (n, 2) as int16 in base64, such that 32767 is twice `half`.

    The square that is shown reaches to `half`: a point that flew away is put outside of it, and not on its border.
    """
    near = np.clip(np.nan_to_num(x / np.float32(2 * half)), -1, 1)
    return base64.b64encode(np.round(near * 32767).astype("<i2").tobytes()).decode()


def packed_shades(p: Array) -> str:
    """Numbers from 0 to 1 as bytes, in base64."""
    return base64.b64encode(np.round(255 * p).astype(np.uint8).tobytes()).decode()


def packed_floats(x: Array) -> str:
    """float32, little-endian, in base64."""
    return base64.b64encode(np.ascontiguousarray(x, "<f4").tobytes()).decode()


def shades(value: Array, loss: str) -> Array:
    """What D's output says, from 0, generated, to 1, real.

    A critic (Wasserstein) has no zero of its own: its mean over the picture is in the middle, and two standard
    deviations are nearly all.
    """
    if loss == "least-squares":
        return np.clip(value, 0, 1)
    if loss == "wasserstein":
        value = 2 * (value - value.mean()) / (value.std() + 1e-6)
    return 1 / (1 + np.exp(-np.clip(value, -30, 30)))


# ---------------------------------------------------------------------------------------------------------------------
# What is shown
# ---------------------------------------------------------------------------------------------------------------------


def _square(side: int, half: float) -> Array:
    """side by side places in [-half, half]², row by row from the top left: (side², 2)."""
    at = np.linspace(-half, half, side, dtype=np.float32)
    return np.stack(np.meshgrid(at, -at), -1).reshape(-1, 2)


def z_shown(seed: int) -> Array:
    """The z whose pictures are drawn, always the same ones, so that one sees them move: (SHOWN, 2)."""
    return np.random.default_rng([seed, 5]).standard_normal((SHOWN, 2), np.float32)


def field(distribution: Distribution, seed: int) -> dict[str, Any]:
    """What two games have in common: some real points, how far the picture reaches, and how many modes there are."""
    x = distribution.draw(np.random.default_rng([seed, 6]), SHOWN)
    modes = None if distribution.modes is None else len(distribution.modes)
    return {"real": packed_points(x, distribution.half), "modes": modes}


def picture(game: Game, z: Array, show: list[str]) -> dict[str, Any]:
    """Where a game stands, and the layers of its picture."""
    half, average = game.distribution.half, "average" in show
    x = game.generate(np.concatenate([z, _square(LINES, 2.0)]), average)
    points, grid = x[: len(z)], x[len(z) :]
    samples, passed = game.samples(SAMPLES, average), None
    if "accepted" in show and game.gives_probability:
        points, kept = points[game.accepted(points)], game.accepted(samples)
        samples, passed = samples[kept], float(kept.mean())
    covered = coverage(samples, game.distribution)
    seen: dict[str, Any] = {
        "step": game.step,
        "modes": covered and covered.modes,
        "quality": covered and covered.quality,
        "passed": passed,
        "points": packed_points(points, half),
    }
    if "grid" in show:
        seen["grid"] = packed_points(grid, half)
    if "surface" in show:
        value, _ = game.judge(_square(SURFACE, half))
        seen["surface"] = packed_shades(shades(value, game.model.card.config["loss"]))
    if "arrows" in show:
        start = points[:ARROWS]
        _, slope = game.judge(start)
        length = np.linalg.norm(slope, axis=1, keepdims=True)
        end = start + LONGEST_ARROW * half * slope / (1 + length)
        seen["arrows"] = packed_points(np.concatenate([start, end], 1).reshape(-1, 2), half)
    return seen


@dataclass(frozen=True)
class Trained:
    """What became of one game in one frame."""

    rows: Array
    """L_D, L_G, |grad_D|, |grad_G| of each step: (n, 4)."""
    problem: str | None


def train(games: list[Game], steps: int, seconds: float) -> list[Trained]:
    """Train games in step with one another, until their turn is over; one that diverges does not stop the other.

    Args:
        games: one or two.
        steps: at most so many of each.
        seconds: of computing for one game, after which no further steps are begun.
    """
    none = np.empty((0, 4), np.float32)
    trained, spent = [Trained(none, None) for _ in games], 0.0
    while steps and spent <= seconds:
        some = min(steps, TOGETHER)
        done = side_by_side(_advance, games, trained, [some] * len(games))
        trained = [each for each, _ in done]
        spent += max(time for _, time in done)
        steps -= some
    return trained


def _advance(game: Game, before: Trained, steps: int) -> tuple[Trained, float]:
    """What became of a game after some more steps, and the seconds these took."""
    if before.problem is not None:
        return before, 0.0
    start, problem = time.thread_time(), None
    try:
        rows = game.advance(steps)
    except Diverged as diverged:
        rows, problem = diverged.rows, str(diverged)
    # Time of this thread, not of the clock: a busy machine makes frames slower and not shorter.
    return Trained(np.concatenate([before.rows, rows]), problem), time.thread_time() - start


_second = ThreadPoolExecutor(1, "lab")
"""Trains the second game of the page whose turn it is (`AT_ONCE`); onnxruntime computes without Python's lock."""


def side_by_side(do: Callable[..., T], *each: Sequence[Any]) -> list[T]:
    """[do(a, b, ...), ...] for the one or two items of each sequence, at the same time."""
    first, *second = zip(*each, strict=True)
    later = [_second.submit(do, *given) for given in second]
    return [do(*first), *(one.result() for one in later)]


# ---------------------------------------------------------------------------------------------------------------------
# Questions, checked
# ---------------------------------------------------------------------------------------------------------------------


def checked_hyper(model: Model, given: Any) -> dict[str, float]:
    """Hyper-parameters of a method by input name, each in its range."""
    if not isinstance(given, dict):
        raise BadRequest(NOT_UNDERSTOOD)
    ports = {port.name: port for port in hyper_ports(model)}
    if not given.keys() <= ports.keys():
        raise BadRequest("This method has no such hyper-parameter.")
    return {
        name: checked_number(value, *(ports[name].range or (0, 1)), words_of(name))
        for name, value in given.items()
    }


def checked_show(given: Any) -> list[str]:
    """Layers of the picture."""
    if not isinstance(given, list) or len(given) > 8 or not all(each in LAYERS for each in given):
        raise BadRequest(NOT_UNDERSTOOD)
    return given


def started(models: Models, question: dict[str, Any]) -> list[Game]:
    """One or two new games."""
    wanted = question.get("games")
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= 2:
        raise BadRequest("One or two methods play here.")
    distribution = distributions.chosen(question.get("data"), question.get("points"))
    seed, games = checked_seed(question.get("seed")), []
    for each in wanted:
        if not isinstance(each, dict):
            raise BadRequest(NOT_UNDERSTOOD)
        model = choose(models, each.get("method"))
        games.append(Game(model, distribution, checked_hyper(model, each.get("hyper")), seed))
    return games


@dataclass(frozen=True)
class Played:
    """What one page trains: one or two games from one seed."""

    games: list[Game]
    seed: int


class Lab:
    """Answers the questions of all pages.

    Args:
        models: of the family "lab".
        sessions: holds each page's games.
        turns: says who may train.
    """

    def __init__(
        self,
        models: Models,
        sessions: Sessions[Played] | None = None,
        turns: Turns | None = None,
    ) -> None:
        self.models = models
        # Not `sessions or ...`: it has a length, and is empty at first.
        new = sessions is None
        self.sessions = Sessions[Played](VISITORS, SPARE_S, LONGEST_S) if new else sessions
        self.turns = Turns(AT_ONCE, WAIT_S) if turns is None else turns

    def answer(self, visitor: str, question: Any) -> dict[str, Any]:
        """One answer.

        Raises:
            ValueError, ModelError: the question cannot be answered; one sentence.
        """
        if not isinstance(question, dict) or question.get("do") not in ("start", "frame"):
            raise BadRequest(NOT_UNDERSTOOD)
        show = checked_show(question.get("show"))
        steps = 0
        told: dict[str, Any] = {}
        with self.turns.turn(visitor):
            if question["do"] == "start":
                games = started(self.models, question)
                played = Played(games, int(question["seed"]))
                self.sessions.put(visitor, played)
                told = {"field": field(games[0].distribution, played.seed)}
            else:
                played = self.sessions.get(visitor)
                steps = checked_integer(question.get("steps"), 0, MOST_STEPS, "The number of steps")
                self._tune(played.games, question.get("hyper"))
            fall = checked_integer(question.get("fall", 0), 0, MOST_FALL, FALL)
            for game in played.games:
                game.fall = fall
            z = z_shown(played.seed)
            made = train(played.games, steps, TURN_S)
            seen = side_by_side(lambda game: picture(game, z, show), played.games)
            told["games"] = [
                picture | {"losses": packed_floats(each.rows), "problem": each.problem}
                for picture, each in zip(seen, made, strict=True)
            ]
            return told

    def _tune(self, games: list[Game], given: Any) -> None:
        if not isinstance(given, list) or len(given) != len(games):
            raise BadRequest(NOT_UNDERSTOOD)
        checked = [checked_hyper(game.model, each) for game, each in zip(games, given, strict=True)]
        for game, hyper in zip(games, checked, strict=True):
            game.hyper |= hyper


# ---------------------------------------------------------------------------------------------------------------------
# The control
# ---------------------------------------------------------------------------------------------------------------------


class Board(gr.HTML):
    """The whole lab in the page.

    Args:
        lab: answers.
        settings: what lab.js needs to know at first: methods, data, experiments.
        label: says to screen readers what this is.
        elem_id: its own.
    """

    def __init__(self, lab: Lab, settings: dict[str, Any], label: str, elem_id: str) -> None:
        self._lab = lab
        self._threads = anyio.CapacityLimiter(VISITORS)
        """Who waits for a turn does so here, and takes no thread from the rest of the app."""
        data = quote(json.dumps(settings), safe="")
        super().__init__(
            html_template=f'<div class="ll-live" role="group" aria-label="{label}" data-settings="{data}"></div>',
            css_template=(HERE / "lab.css").read_text("utf-8"),
            js_on_load=(HERE / "lab.js").read_text("utf-8"),
            apply_default_css=False,
            elem_id=elem_id,
        )

    def reply(self, visitor: str, question: Any) -> str:
        """The answer in JSON. Never raises; "ok" tells a reply from any other object, "again" is to ask once more."""
        try:
            return json.dumps({"ok": True} | self._lab.answer(visitor, question), allow_nan=False)
        except Waiting as error:
            return json.dumps({"ok": False, "error": str(error), "again": True})
        except (ModelError, ValueError) as error:
            if str(error).endswith("."):
                return json.dumps({"ok": False, "error": str(error), "again": False})
            log.exception("the lab failed")
        except Exception:
            log.exception("the lab failed")
        return json.dumps({"ok": False, "error": FAULT, "again": False})

    @server
    async def answer(self, question: Any, request: gr.Request) -> Response:
        """`reply` as the server function that lab.js calls. Gradio hands over the web framework's request here."""
        body = await request.json()
        visitor = str(body["session_hash"])
        answer = await anyio.to_thread.run_sync(
            self.reply, visitor, question, limiter=self._threads
        )
        return Response(answer, media_type="application/json")
