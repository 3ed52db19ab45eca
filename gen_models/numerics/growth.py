"""The schedule of a GAN that grows: how many images it has seen -> its level, and how far that has faded in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Growth(NamedTuple):
    """Says how far a growing network has grown."""

    level: int
    alpha: float
    """Weight of the level against the one below: 1 when it has faded in"""


def growth(seen: float, images: Sequence[int], fade: float) -> Growth:
    """Return the level after `seen` images, level l lasting for images[l] and the last one for ever, and its α.

    α rises linearly from 0 to 1 over the first `fade` images of each level but level 0, which nothing is below; with a
    `fade` of 0 a level is there at once.
    """
    for level, lasts in enumerate(images):
        if seen <= lasts or level == len(images) - 1:
            return Growth(level, seen / fade if level and seen < fade else 1.0)
        seen -= lasts
    raise ValueError("A schedule needs at least one level.")
