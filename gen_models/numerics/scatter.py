"""Points of a plane as an image, in the colours of their classes."""

from __future__ import annotations

import numpy as np

Array = np.ndarray

PAPER = (29, 27, 24)
"""What the points lie on, in light and dark: few colours of twenty show on both."""
COLOURS = (
    "#9aa0a6", "#4c8dff", "#7fc8ff", "#2f6bd8", "#00b8d4", "#8fa8ff", "#f2c200", "#ff9f40", "#ff7043", "#5dd39e",
    "#1fae54", "#c77dff", "#b0763f", "#ff7fb2", "#19e0c0", "#e8e27a", "#ff3b3b", "#c2185b", "#ff8a80", "#d9b38c",
)  # fmt: skip
"""By class; what is alike in 20 Newsgroups, such as the five groups on computers, is alike in colour."""
MARGIN = 0.04
"""Of the side, around the points."""
OUTSIDE = 0.5
"""Percent of the points that may lie outside, at each of the four sides: a few are far away from all others."""


def limits(z: Array) -> tuple[Array, Array]:
    """The lower left and the upper right corner, float (2,) each, of what a plane of the points (n, 2) shows."""
    lo, hi = (np.percentile(z, q, axis=0) for q in (OUTSIDE, 100 - OUTSIDE))
    room = np.maximum(hi - lo, 1e-6) * MARGIN
    return lo - room, hi + room


def scatter(z: Array, labels: Array, side: int, dot: int = 3) -> Array:
    """Points (n, 2) as squares in the colours of their labels: uint8 (side, side, 3), z₂ upwards."""
    image = np.full((side, side, 3), PAPER, np.uint8)
    lo, hi = limits(z)
    at = (z - lo) / (hi - lo)
    inside = ((at >= 0) & (at <= 1)).all(1)
    places = np.rint(at[inside] * (1, -1) * (side - dot) + (0, side - dot)).astype(int)
    for (x, y), label in zip(places, labels[inside], strict=True):
        image[y : y + dot, x : x + dot] = rgb(int(label))
    return image


def rgb(label: int) -> tuple[int, int, int]:
    """The colour of a class."""
    red, green, blue = bytes.fromhex(COLOURS[label % len(COLOURS)][1:])
    return red, green, blue
