"""The chapter's image: two ways to follow the field of a game, one out of the circle and one into its centre."""

from __future__ import annotations

import numpy as np

from gen_models.app.chapter import Models
from gen_models.app.shell.thumbnails import HEIGHT, WIDTH, drawing
from gen_models.numerics import games
from gen_models.runtime import Array

REACH, STEP, GAMMA = 2.6, 0.1, 0.3
START = (1.3, 0.6)
COLUMNS, ROWS = 20, 10
FIELD, OUT, IN = (84, 79, 72), (232, 107, 64), (74, 162, 167)


def thumbnail(_: Models) -> Array:
    """θ from −5.2 to 5.2 and ψ from −2.6 to 2.6 of the bilinear game."""
    game = games.Dirac("wasserstein", 0.0, "none", 0.0)
    scale = HEIGHT / (2 * REACH)

    def place(points: Array) -> Array:
        return np.array([WIDTH, HEIGHT]) / 2 + scale * points * [1, -1]

    across = (np.arange(COLUMNS) + 0.5) * 4 * REACH / COLUMNS - 2 * REACH
    up = (np.arange(ROWS) + 0.5) * 2 * REACH / ROWS - REACH
    at = np.stack([each.ravel() for each in np.meshgrid(across, up)], 1)
    v = np.stack(game.field(at[:, 0], at[:, 1]), 1)
    dashes = 0.3 * v / np.maximum(np.hypot(*v.T), 1e-9)[:, None]
    field = [
        (place(np.stack([a - d / 2, a + d / 2])), FIELD) for a, d in zip(at, dashes, strict=True)
    ]
    out = games.follow(games.simultaneous(game, STEP), *START, 140)
    into = games.follow(games.consensus(game, STEP, GAMMA), *START, 140)
    return drawing([*field, (place(out), OUT), (place(into), IN)])
