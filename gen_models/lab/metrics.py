"""Modes covered and the share of high-quality samples, by the protocol of PacGAN (Lin et al. 2018, section 4.1).

2,500 samples are drawn from G. A sample is of high quality if it lies within 3 σ of the nearest mode's centre.
A mode is covered if at least one high-quality sample lies nearest to it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gen_models.lab.distributions import Distribution
from gen_models.runtime import Array

SAMPLES = 2500
WITHIN = 3.0
"""Standard deviations."""
PASSED = ", what D lets pass"
"""After a distribution's name in the numbers of a card, where only samples that D lets pass were measured."""


class Coverage(NamedTuple):
    """What the protocol measures."""

    modes: int
    """Modes covered."""
    quality: float
    """Share of samples of high quality, 0 to 1."""


def coverage(x: Array, distribution: Distribution) -> Coverage | None:
    """The protocol on samples x (n, 2), in the distribution's coordinates; None where there are no modes.

    A sample that is not a number is not of high quality. No samples cover nothing.
    """
    modes = distribution.modes
    if modes is None:
        return None
    if not len(x):
        return Coverage(0, 0.0)
    (x1, x2), (m1, m2) = x.T[..., None], modes.T.astype(x.dtype)
    squares = np.square(x1 - m1) + np.square(x2 - m2)  # (n, k)
    nearest = squares.argmin(1)
    good = squares.min(1) <= (WITHIN * distribution.sigma) ** 2
    return Coverage(len(np.unique(nearest[good])), float(good.mean()))
