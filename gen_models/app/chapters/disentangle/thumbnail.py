"""The chapter's image: a style to a row, a number to a column."""

from __future__ import annotations

import numpy as np

from gen_models.app.chapter import Models
from gen_models.app.chapters.disentangle import common, swap
from gen_models.app.shell.thumbnails import mosaic
from gen_models.runtime import Array

COLUMNS, ROWS = 8, 4


def thumbnail(models: Models) -> Array | None:
    """Four styles of eight numbers."""
    model = next(iter(common.settings(models).values()), None)
    if model is None:
        return None
    _, _, made = swap.swapped(model, common.examples(model)[swap.START][None])
    made = made[np.arange(ROWS) % len(made)][:, np.arange(COLUMNS) % made.shape[1]]
    images = common.as_bytes(model, made.reshape(-1, *made.shape[2:]))
    return mosaic(images, COLUMNS)
