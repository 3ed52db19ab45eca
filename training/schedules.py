"""Schedules: pure functions of how much is done, which give a factor or a value.

Progress runs from 0, nothing is done, to 1, all is done (`Run.progress`).
"""

from __future__ import annotations

import math


def cosine(progress: float, warmup: float = 0.02) -> float:
    """A factor that rises linearly from 0 to 1 during `warmup`, and then falls to 0 along half a cosine."""
    if progress < warmup:
        return linear_warmup(progress, warmup)
    return 0.5 * (1 + math.cos(math.pi * (progress - warmup) / (1 - warmup)))


def linear_warmup(done: float, length: float) -> float:
    """A factor that rises from 0 to 1 while `done` goes from 0 to `length`, both in steps or both in progress.

    With a length of 0 it is 1 from the start.
    """
    return min(1.0, done / length) if length else 1.0


def linear_decay(progress: float, share: float) -> float:
    """A factor that is 1 until the last `share` of a run, over which it falls linearly to 0; a share of 0 for none."""
    return min(1.0, (1 - progress) / share) if share else 1.0


def exponential(start: float, end: float, progress: float) -> float:
    """start^(1 − progress) end^progress: from `start` to `end`, by the same factor in each step."""
    return start * (end / start) ** progress


def delayed(progress: float, hold: float) -> float:
    """The progress of what begins only after the share `hold` of a run: 0 until then, and 1 at the end."""
    return max(0.0, progress - hold) / (1 - hold)
