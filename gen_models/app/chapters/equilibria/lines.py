"""What a start point in a game shows, in lines: paths and places for SVG."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from gen_models.app.chapters.equilibria.study import REACH, Array, Found
from gen_models.numerics import games

SIDE = 1000
"""The plane is drawn on a square of this side."""
ARROWS = 17
EIGEN = (400, 300, 100)
"""Width and height of the complex plane, and what 1 is; real parts from −3 to 1."""
CHART = (4000, 3000)
NEAR, LONG = 1e-2, 100.0
"""Width and height of the chart of distances, and the least and the greatest one in it."""
MAX_POINTS = 250


def drawing(found: Found) -> dict[str, Any]:
    """What the plane draws."""
    curves = {rule: curve(result.path) for rule, result in found.results.items()}
    steps = {r: dots(x.path) for r, x in found.results.items() if r != "continuous"}
    bad = [[*_place(np.array(point[:2])).tolist(), point.is_minimum] for point in found.bad]
    return {"arrows": arrows(found.game), "curves": curves, "steps": steps, "bad": bad}


def walk(found: Found) -> list[list[float]]:
    """The path that is played: at most MAX_POINTS places with V there, each [θ, ψ, V_θ, V_ψ]."""
    if found.main is None:
        return []
    path = np.clip(found.results[found.main].path, -games.FAR, games.FAR)
    kept = np.unique(np.linspace(0, len(path) - 1, min(len(path), MAX_POINTS)).astype(int))
    v = np.stack(found.game.field(*path[kept].T), 1)
    return np.concatenate([path[kept], v], 1).round(3).tolist()


def eigenvalues(found: Found) -> dict[str, list[list[float]]]:
    """Places in the complex plane: of V, which three ways share, as "simultaneous"; of the others by their names."""
    places = {}
    for rule, result in found.results.items():
        name = rule if rule in ("descent", "consensus") else "simultaneous"
        places[name] = [_eigen_place(z) for z in result.eigenvalues]
    return places


def circle(h: float) -> tuple[list[float], float]:
    """Centre and radius of |1 + hλ| = 1 in the complex plane."""
    _, height, unit = EIGEN
    return [(3 - 1 / h) * unit, height / 2], unit / h


@lru_cache(maxsize=64)
def arrows(game: games.Game) -> str:
    """V on a grid as darts that fly along it, longer where it is stronger: the path of an SVG."""
    axis = REACH * (2 * np.arange(ARROWS) + 1 - ARROWS) / ARROWS
    theta, psi = (x.ravel() for x in np.meshgrid(axis, axis))
    v = np.stack(game.field(theta, psi), 1)
    size = np.hypot(*v.T)[:, None]
    unit = v / np.maximum(size, 1e-12)
    middle = float(np.median(size))
    along = 0.9 * SIDE / ARROWS * unit * np.sqrt(size / (size + middle)) * [1, -1]
    across = 0.2 * np.stack([-along[:, 1], along[:, 0]], 1)
    tail = _place(np.stack([theta, psi], 1)) - along / 2
    corners = [tail + across, tail + along, tail - across, tail + 0.35 * along]
    each = np.stack(corners, 1).round().astype(int).tolist()
    return "".join("M" + " ".join(f"{x} {y}" for x, y in dart) + "z" for dart in each)


def curve(path: Array) -> str:
    """A trajectory as the path of an SVG; points that would lie on one another are left out."""
    return line(_place(path), least=4)


def dots(path: Array, most: int = 60) -> str:
    """The first places of a trajectory, each a stroke of no length, which a round cap makes a dot."""
    return "".join(f"M{x} {y}h0" for x, y in _place(path[:most]).round().astype(int).tolist())


def distance(path: Array, steps: int | None) -> str:
    """The distance from the equilibrium over the steps; None spreads the points over all of them."""
    radius = np.hypot(*path.T)
    share = np.arange(len(path)) / max(len(path) - 1 if steps is None else steps, 1)
    kept = np.unique(np.linspace(0, len(path) - 1, min(len(path), MAX_POINTS)).astype(int))
    up = np.log(np.clip(radius, NEAR, LONG) / NEAR) / math.log(LONG / NEAR)
    return line(np.stack([share * CHART[0], (1 - up) * CHART[1]], 1)[kept])


def line(points: Array, least: float = 0) -> str:
    """Points (n, 2) as the path of an SVG in whole numbers, without those nearer than `least` to the one before."""
    (x, y), *rest = points.round().astype(int).tolist()
    parts = [f"M{x} {y}l"]
    for a, b in rest:
        if (a - x) ** 2 + (b - y) ** 2 > least * least:
            parts.append(f"{a - x} {b - y} ")
            x, y = a, b
    return "".join(parts).rstrip("l ")


def _place(points: Array) -> Array:
    """(..., 2) of the plane to (..., 2) of the drawing, where y runs down; what diverged stays near enough for SVG."""
    return (np.clip(points, -games.FAR, games.FAR) * [1, -1] + REACH) * (SIDE / (2 * REACH))


def _eigen_place(z: complex) -> list[float]:
    """In the complex plane; on its edge if it lies beyond."""
    width, height, unit = EIGEN
    x, y = (z.real + 3) * unit, height / 2 - z.imag * unit
    return [round(min(max(x, 0), width), 1), round(min(max(y, 0), height), 1)]
