"""The chapter's image: heads on the way from one to another."""

from __future__ import annotations

import numpy as np

from gen_models.app.chapter import Models
from gen_models.app.chapters.faces import common
from gen_models.app.chapters.vae import common as vae
from gen_models.app.shell.thumbnails import mosaic
from gen_models.runtime import Array

COLUMNS = 4
ENDS = ((7, 0), (5, 12))
"""Heads at both ends of each row, by number."""


def thumbnail(models: Models) -> Array | None:
    """Two rows, each the mixes of the z of two heads."""
    model = next(iter(models.values()))
    rows = []
    for ends in ENDS:
        first, last = (common.face(model, common.first_number(model, number)).z for number in ends)
        rows += [first + t * (last - first) for t in np.linspace(0, 1, COLUMNS, dtype=np.float32)]
    return mosaic(vae.decode(model, np.stack(rows)), COLUMNS)
