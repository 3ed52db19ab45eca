"""What the moments of an image say about it."""

from __future__ import annotations

import numpy as np

Array = np.ndarray

TINY = 1e-9
"""Added to denominators: an image may be black."""


def slant(x: Array) -> Array:
    """Σ x u v / Σ x v² of images (n, c, h, w), u to the right and v down from the centre of mass: (n,).

    How far each row lies to the right of the row above it: 0 of an upright bar, negative of one that leans to the
    right at its top, as handwriting does. It is 0 of an image that is black.
    """
    ink = x.mean(1, dtype=np.float64)
    across, down = np.arange(ink.shape[2]), np.arange(ink.shape[1])[:, None]
    mass = ink.sum((1, 2)) + TINY
    u = across - ((ink * across).sum((1, 2)) / mass)[:, None, None]
    v = down - ((ink * down).sum((1, 2)) / mass)[:, None, None]
    return (ink * u * v).sum((1, 2)) / ((ink * v * v).sum((1, 2)) + TINY)
