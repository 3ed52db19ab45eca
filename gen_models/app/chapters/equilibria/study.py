"""What is chosen, checked; and one start point in one game: every trajectory, and the eigenvalues."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import numpy as np

from gen_models.app.checks import checked_integer, checked_number
from gen_models.errors import BadRequest
from gen_models.numerics import games

Array = np.ndarray

REACH = 3.0
"""θ and ψ are shown from −3 to 3."""
GAMES = {
    "saturating": "Dirac-GAN, saturating loss",
    "non-saturating": "Dirac-GAN, non-saturating loss",
    "wasserstein": "Dirac-GAN, Wasserstein (the bilinear game θψ)",
    "trap": "A general game, with a trap for −∇L",
}
PENALTIES = {"none": "no penalty", "R1": "R1", "Roth": "Roth et al."}
RULES = {
    "continuous": "continuous time",
    "simultaneous": "simultaneous steps",
    "alternating": "alternating steps",
    "descent": "−∇L",
    "consensus": "V − γ∇L",
}
RANGES = {"h": (0.01, 0.5), "gamma": (0.0, 1.2), "sigma": (0.0, 1.5), "weight": (0.0, 2.0)}
MAX_STEPS = 500
FIRST: dict[str, Any] = {
    "game": "saturating",
    "h": 0.2,
    "steps": 200,
    "gamma": 0.6,
    "sigma": 0.0,
    "penalty": "none",
    "weight": 1.0,
    **dict.fromkeys(RULES, True),
}
"""What is chosen at first; also what a request holds."""


@dataclass(frozen=True)
class Settings:
    """What is chosen, checked."""

    game: str
    h: float
    steps: int
    gamma: float
    sigma: float
    penalty: str
    weight: float
    shown: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Result:
    """What one way to follow the field does."""

    path: Array
    """(m, 2), the start first."""
    eigenvalues: tuple[complex, complex]
    """Of the Jacobian, at the equilibrium, of what it follows."""
    factor: float
    """What a step there multiplies the distance by, in the long run: the greatest absolute eigenvalue."""

    @property
    def distance(self) -> float:
        """Of the end from the equilibrium."""
        return math.hypot(*self.path[-1])

    @property
    def first(self) -> float:
        """Distance of the start from the equilibrium."""
        return math.hypot(*self.path[0])

    @property
    def diverged(self) -> bool:
        """Whether it was given up, far away."""
        return not np.abs(self.path[-1]).sum() < games.FAR


@dataclass(frozen=True, eq=False)
class Found:
    """What is known of a game, and of a start point in it."""

    game: games.Game
    eigenvalues: tuple[complex, complex]
    results: dict[str, Result]
    bad: tuple[games.Critical, ...]
    main: str | None = None
    """The way whose path is played, if any is shown."""


def checked(context: Mapping[str, Any]) -> Settings:
    """The settings that the browser sent, or one sentence."""
    game, penalty = context.get("game"), context.get("penalty")
    if not isinstance(game, str) or game not in GAMES:
        raise BadRequest("There is no such game here.")
    if not isinstance(penalty, str) or penalty not in PENALTIES:
        raise BadRequest("There is no such penalty here.")
    names = {
        "h": "The step size",
        "gamma": "γ",
        "sigma": "The noise σ",
        "weight": "The weight of the penalty",
    }
    h, gamma, sigma, weight = (
        checked_number(context.get(key), *RANGES[key], what) for key, what in names.items()
    )
    steps = checked_integer(context.get("steps"), 1, MAX_STEPS, "The number of steps")
    shown = tuple(rule for rule in RULES if context.get(rule) is True)
    return Settings(game, h, steps, gamma, sigma, penalty, weight, shown)


def checked_point(theta: Any, psi: Any) -> tuple[float, float]:
    """A point of the plane, or one sentence."""
    return checked_number(theta, -REACH, REACH, "θ"), checked_number(psi, -REACH, REACH, "ψ")


def game_of(chosen: Settings) -> games.Game:
    """The game; one without a discriminator on data has neither noise nor penalty."""
    if chosen.game == "trap":
        return games.Trap()
    penalty = chosen.penalty if chosen.weight else "none"
    weight = chosen.weight if penalty != "none" else 0.0
    return games.Dirac(
        cast(games.Loss, chosen.game), chosen.sigma, cast(games.Penalty, penalty), weight
    )


STARTS = 9
"""Start points on a side of the grid from which the mixture is tried."""


@lru_cache(maxsize=256)
def mixture_arrives(game: games.Game, h: float, gamma: float, steps: int) -> int:
    """From how many of the STARTS² start points of the plane the mixture arrives."""
    return games.arrivals(games.consensus(game, h, gamma), REACH, steps, STARTS)


def run(chosen: Settings, theta: float, psi: float, main: str = "simultaneous") -> Found:
    """Follow the field from (θ, ψ) in every way that is shown; `main` is the way that is played, if it is shown."""
    game, h = game_of(chosen), chosen.h
    j = games.at_equilibrium(game)
    own = games.eigenvalues(j)
    relaxed = games.eigenvalues(-j.T @ j)
    mixed = games.eigenvalues(j - chosen.gamma * j.T @ j)
    steps = {
        "simultaneous": (games.simultaneous(game, h), own, factor_of(own, h)),
        "alternating": (
            games.alternating(game, h),
            own,
            _largest(games.eigenvalues(games.alternating_matrix(j, h))),
        ),
        "descent": (games.descent(game, h), relaxed, factor_of(relaxed, h)),
        "consensus": (games.consensus(game, h, chosen.gamma), mixed, factor_of(mixed, h)),
    }

    def result(rule: str) -> Result:
        if rule == "continuous":
            path = games.continuous(game, theta, psi, h * chosen.steps)
            return Result(path, own, math.exp(h * own[0].real))
        step, eigenvalues, factor = steps[rule]
        return Result(games.follow(step, theta, psi, chosen.steps), eigenvalues, factor)

    results = {rule: result(rule) for rule in chosen.shown}
    played = main if main in results else next(iter(results), None)
    return Found(game, own, results, games.bad_points(game, REACH), played)


def factor_of(eigenvalues: tuple[complex, complex], h: float) -> float:
    """What a step of size h multiplies the distance by, along a field with these eigenvalues."""
    return _largest([1 + h * z for z in eigenvalues])


def _largest(values: Iterable[complex]) -> float:
    return max(abs(v) for v in values)
