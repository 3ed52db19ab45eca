"""The schedule of a GAN that grows: how many images it has seen -> its level, and how far that has faded in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Growth(NamedTuple):
    """Says how far a growing network has grown."""

    level: int
    alpha: float
    """Weight of the level against the one below: 1 when it has faded in"""


def growth(seen: float, images: Sequence[float], fade: float = 0.5) -> Growth:
    """Return the level after `seen` images, level l lasting for images[l], and its α.

    α rises linearly from 0 to 1 over the first part `fade` of each level but level 0, which nothing is below; with a
    `fade` of 0 a level is there at once. After the last image everything has grown.
    """
    for level, lasts in enumerate(images):
        if seen <= lasts or level == len(images) - 1:
            fading = level and seen < fade * lasts
            return Growth(level, seen / (fade * lasts) if fading else 1.0)
        seen -= lasts
    raise ValueError("A schedule needs at least one level.")
