"""What measuring translations of images shares: at most `MAX_IMAGES` of the test split, evenly spaced."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.random import Generator

from gen_models.runtime import Array, Model
from training.engine.batches import evenly_spaced_indices
from training.engine.measurement import (
    features_of,
    in_batches,
)

MAX_IMAGES = 1000
"""Test images at most."""
BATCH = 16


def translate(model: Model, c: Array, rng: Generator, p: float = 0.5) -> Array:
    """x̂ of each c by a z of its own; p is the share of numbers that dropout drops."""
    k = int(model.input("generator", "u").shape[1])
    return model("generator", c=c, u=rng.random((len(c), k), dtype=np.float32), p=np.array(p))["x"]


def features_in_batches(recogniser: Model, images: Array) -> Array:
    """Features (n, k) of images (n, c, h, w)."""
    return in_batches(partial(features_of, recogniser), images)


def measured_indices(n: int) -> list[int]:
    """Indices of the images of a test split of n that are measured: MAX_IMAGES at most, evenly spaced."""
    return evenly_spaced_indices(n, min(n, MAX_IMAGES))
