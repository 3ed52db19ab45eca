"""What the board of the lab is answered: questions checked, games trained and looked at. The questions are `Board`'s.

A visitor is a page: Gradio gives each a session hash, by which their games are kept and, when it closes, freed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from gen_models.app.chapters.lab.methods import words_of
from gen_models.app.checks import checked_integer, checked_number, checked_seed
from gen_models.app.controls.board import packed_floats, packed_points, packed_shades
from gen_models.app.shell.parts import Models, get_model
from gen_models.errors import BadRequest
from gen_models.families import LabLoss
from gen_models.numerics.lab import distributions
from gen_models.numerics.lab.distributions import Distribution
from gen_models.numerics.lab.game import TURNS, Diverged, Game, hyper_ports
from gen_models.numerics.lab.metrics import (
    SAMPLES,
    WITHIN,
    Coverage,
    coverage,
    data_to_compare,
    sliced_wasserstein,
)
from gen_models.numerics.lab.sessions import Sessions, Turns
from gen_models.runtime import Array, Model

T = TypeVar("T")

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


def shades(value: Array, loss: LabLoss) -> Array:
    """What D's output says, from 0, generated, to 1, real.

    A critic (Wasserstein) has no zero of its own: its mean over the picture is in the middle, and two standard
    deviations are nearly all.
    """
    if loss is LabLoss.LEAST_SQUARES:
        return np.clip(value, 0, 1)
    if loss is LabLoss.WASSERSTEIN:
        value = 2 * (value - value.mean()) / (value.std() + 1e-6)
    return 1 / (1 + np.exp(-np.clip(value, -30, 30)))


LEAST_RANGE = 0.02
"""A surface flatter than this is not stretched further: it would show rounding."""


def stretched(p: Array) -> tuple[str, list[float]]:
    """Shades packed so that the lowest is 0 and the highest 255, with what these two stand for."""
    low, high = float(p.min()), float(p.max())
    if high - low < LEAST_RANGE:
        middle = (low + high) / 2
        low, high = middle - LEAST_RANGE / 2, middle + LEAST_RANGE / 2
    return packed_shades((p - low) / (high - low)), [low, high]


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
    """What two games have in common: some real points and, if there are modes, their number, places and reach."""
    x = distribution.draw(np.random.default_rng([seed, 6]), SHOWN)
    told: dict[str, Any] = {"real": packed_points(x, distribution.half), "modes": None}
    if distribution.modes is None:
        return told | {"floor": data_to_compare(distribution)[1]}
    return told | {
        "modes": len(distribution.modes),
        "centres": packed_points(distribution.modes, distribution.half),
        "reach": WITHIN * distribution.sigma / distribution.half,
    }


def _distance(samples: Array, distribution: Distribution) -> float | None:
    """Of samples from data without modes, in the data's units; None if D lets too few pass to compare."""
    data, _ = data_to_compare(distribution)
    return sliced_wasserstein(samples, data) if len(samples) == len(data) else None


def kl_of_shares(covered: Coverage | None) -> float | None:
    """Of the samples that lie on modes, if any do; None is shown as no number."""
    return covered.kl if covered and covered.quality else None


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
        "kl": kl_of_shares(covered),
        "shares": covered and [round(share, 4) for share in covered.shares],
        "distance": None if covered else _distance(samples, game.distribution),
        "passed": passed,
        "points": packed_points(points, half),
    }
    if "grid" in show:
        seen["grid"] = packed_points(grid, half)
    if "surface" in show:
        value, _ = game.judge(_square(SURFACE, half))
        seen["surface"], seen["range"] = stretched(shades(value, game.facts.loss))
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
        model = get_model(models, each.get("method"))
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
            UserError: the question cannot be answered.
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
            turns = question.get("turns", "both")
            if not isinstance(turns, str) or turns not in TURNS:
                raise BadRequest(NOT_UNDERSTOOD)
            for game in played.games:
                game.decay_steps, game.turns = fall, turns
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
