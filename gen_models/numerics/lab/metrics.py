"""Count modes covered and the share of high-quality samples, by the protocol of PacGAN (Lin et al. 2018, section 4.1).

2,500 samples are drawn from G. A sample is of high quality if it lies within 3 σ of the nearest mode's centre.
A mode is covered if at least one high-quality sample lies nearest to it.

One sample covers a mode, so that uniform noise covers most of a grid, and a G that sends nearly all of its samples to
two modes may cover all of them. So there is a third number, the KL divergence of the modes' shares from equal ones, and
`noise` to compare with. Where data have no modes, samples are compared with data by the sliced Wasserstein distance.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from gen_models.numerics.lab.distributions import Distribution
from gen_models.runtime import Array

SAMPLES = 2500
WITHIN = 3.0
"""Standard deviations."""


DIRECTIONS = 16
"""Directions of the plane in which distances of samples from data are measured."""


class Coverage(NamedTuple):
    """Holds what the protocol measures."""

    modes: int
    """Modes covered."""
    quality: float
    """Share of samples of high quality, 0 to 1."""
    shares: tuple[float, ...]
    """Share of all samples that lies within 3 σ of each mode: 0 to 1, together `quality`."""

    @property
    def kl(self) -> float:
        """Σ p log(k p), p the k shares in samples of high quality: their KL divergence from equal ones, in nats.

        0 where the modes are equally frequent, log k where one has all; log k, too, where no sample lies on a mode.
        """
        k = len(self.shares)
        if not self.quality:
            return math.log(k)
        p = [share / self.quality for share in self.shares if share]
        return sum(each * math.log(k * each) for each in p)


def coverage(x: Array, distribution: Distribution) -> Coverage | None:
    """Apply the protocol to samples x (n, 2), in the distribution's coordinates; None where there are no modes.

    A sample that is not a number is not of high quality. No samples cover nothing.
    """
    modes = distribution.modes
    if modes is None:
        return None
    if not len(x):
        return Coverage(0, 0.0, (0.0,) * len(modes))
    (x1, x2), (m1, m2) = x.T[..., None], modes.T.astype(x.dtype)
    squares = np.square(x1 - m1) + np.square(x2 - m2)  # (n, k)
    nearest = squares.argmin(1)
    good = squares.min(1) <= (WITHIN * distribution.sigma) ** 2
    shares = np.bincount(nearest[good], minlength=len(modes)) / len(x)
    return Coverage(len(np.unique(nearest[good])), float(good.mean()), tuple(shares.tolist()))


def noise(distribution: Distribution, seed: int = 0) -> Array:
    """Draw SAMPLES points evenly from the square that is shown, which have learnt nothing: float32 (SAMPLES, 2)."""
    rng, half = np.random.default_rng([seed, 8]), distribution.half
    return rng.uniform(-half, half, (SAMPLES, 2)).astype(np.float32)


def sliced_wasserstein(x: Array, y: Array) -> float:
    """Measure how far samples x (n, 2) must be moved to become y (n, 2): the mean of W₁ over DIRECTIONS.

    In one direction the nearest way pairs the projections in their order (Bonneel et al. 2015). In the units of x and
    y: points moved together by a vector of length 1 give 2/π, the mean of |cos|.
    """
    angle = np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    along = np.stack([np.cos(angle), np.sin(angle)]).astype(np.float32)
    return float(np.abs(np.sort(x @ along, 0) - np.sort(y @ along, 0)).mean())


@lru_cache(maxsize=32)
def data_to_compare(distribution: Distribution) -> tuple[Array, float]:
    """Draw SAMPLES points of p_data, always the same, and say how far as many others are from them."""
    x, others = (distribution.draw(np.random.default_rng([i, 9]), SAMPLES) for i in (0, 1))
    return x, sliced_wasserstein(others, x)
