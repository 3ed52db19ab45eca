"""Define the distributions p_data in the plane for the lab: where points lie, and where modes are, if there are any.

Points have the coordinates of the literature: the ring of 8 has radius 1 and σ = 0.01, the grid of 25 lies at
{-4, -2, 0, 2, 4}² with σ = 0.05 (Lin et al., PacGAN, 2018, section 4.1). The networks see points divided by `scale`,
so that all of p_data lies within about ±2 and one set of hyper-parameters suits all distributions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gen_models.errors import BadRequest
from gen_models.runtime import Array

Generator = np.random.Generator

MAX_DRAWN = 2000
"""Points that a visitor may draw."""
REACH = 1.5
"""A drawing lies in [-REACH, REACH]²."""
PEN = 0.03
"""Standard deviation around each point that a visitor draws."""


@dataclass(frozen=True, eq=False)
class Distribution:
    """Describes p_data."""

    name: str
    title: str
    place: Callable[[Generator, int], Array]
    """Places (n, 2) without noise."""
    sigma: float
    """Standard deviation of the noise around each place."""
    half: float
    """All that matters lies within [-half, half]²: what is shown."""
    scale: float = 1.0
    """One unit of the networks, in these coordinates."""
    modes: Array | None = None
    """Centres (k, 2), or None where there are no separate modes."""

    def draw(self, rng: Generator, n: int) -> Array:
        """Draw n points x ~ p_data: float32 (n, 2)."""
        places = self.place(rng, n)
        return (places + self.sigma * rng.standard_normal(places.shape)).astype(np.float32)


def _mixture(
    name: str, title: str, modes: Array, sigma: float, half: float, scale: float
) -> Distribution:
    """Draw as many points from each centre (k, 2) as from any other."""

    def place(rng: Generator, n: int) -> Array:
        return modes[rng.integers(len(modes), size=n)]

    return Distribution(name, title, place, sigma, half, scale, modes)


def ring_of_modes(k: int = 8) -> Array:
    """Return k different places on the circle of radius 1: (k, 2). Its end is its start, and comes once."""
    angle = 2 * np.pi * np.arange(k) / k
    return np.stack([np.cos(angle), np.sin(angle)], 1)


def grid_of_modes() -> Array:
    """{-4, -2, 0, 2, 4}²: (25, 2)."""
    side = np.arange(-4.0, 5.0, 2.0)
    return np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)


def _moons(rng: Generator, n: int) -> Array:
    """Draw from two half circles of radius 1 that reach into each other, about the origin."""
    angle, lower = np.pi * rng.random(n), rng.integers(2, size=n)
    x = np.where(lower, 1 - np.cos(angle), np.cos(angle)) - 0.5
    y = np.where(lower, 0.5 - np.sin(angle), np.sin(angle)) - 0.25
    return np.stack([x, y], 1)


def _spiral(rng: Generator, n: int) -> Array:
    """Draw from two arms of one turn each, evenly filled along their length (nearly)."""
    t, arm = np.sqrt(rng.random(n)), rng.integers(2, size=n)
    angle = 2 * np.pi * t + np.pi * arm
    return 1.2 * t[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)


def _swiss_roll(rng: Generator, n: int) -> Array:
    """Draw from the Swiss roll seen from its end: t (cos t, sin t) for t from 1.5 π to 4.5 π, to radius 1.2."""
    t = 1.5 * np.pi * (1 + 2 * rng.random(n))
    return 1.2 * (t / (4.5 * np.pi))[:, None] * np.stack([np.cos(t), np.sin(t)], 1)


DISTRIBUTIONS = {
    each.name: each
    for each in (
        _mixture("ring", "Ring of 8", ring_of_modes(), 0.01, 1.5, 1.0),
        _mixture("grid", "Grid of 25", grid_of_modes(), 0.05, 5.0, 4.0),
        Distribution("moons", "Two moons", _moons, 0.05, 1.8),
        Distribution("spiral", "Spiral", _spiral, 0.03, 1.5),
        Distribution("roll", "Swiss roll", _swiss_roll, 0.03, 1.5),
        _mixture("bumps", "Two bumps", np.array([[-1.0, 0.0], [1.0, 0.0]]), 0.2, 2.0, 1.0),
    )
}
"""By name; those that a visitor need not draw."""

FREEHAND = "freehand"
TOO_FEW_OR_MANY = f"A drawing has 1 to {MAX_DRAWN:,} points: draw on the empty sheet."


def freehand(points: Any) -> Distribution:
    """Return what a visitor drew: one of their points, and a little noise.

    Args:
        points: [[x, y], ...], each coordinate within ±REACH, as it comes from the browser.

    Raises:
        BadRequest: not such a list, none or too many; one sentence.
    """
    if not isinstance(points, list) or not 1 <= len(points) <= MAX_DRAWN:
        raise BadRequest(TOO_FEW_OR_MANY)
    if not all(isinstance(p, list) and len(p) == 2 and all(map(_fits, p)) for p in points):
        raise BadRequest(f"Each point of a drawing is two numbers from -{REACH} to {REACH}.")
    places = np.array(points, float)

    def place(rng: Generator, n: int) -> Array:
        return places[rng.integers(len(places), size=n)]

    return Distribution(FREEHAND, "Draw your own", place, PEN, REACH)


def _fits(value: Any) -> bool:
    """Return whether this is a number within ±REACH; NaN is not."""
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and -REACH <= value <= REACH
    )


def chosen(name: Any, points: Any = None) -> Distribution:
    """Return a distribution by name, with the points of a drawing if that is what it is.

    Raises:
        BadRequest: there is none of this name, or the drawing cannot be used; one sentence.
    """
    if name == FREEHAND:
        return freehand(points)
    if not isinstance(name, str) or name not in DISTRIBUTIONS:
        raise BadRequest("There is no such distribution here.")
    return DISTRIBUTIONS[name]
