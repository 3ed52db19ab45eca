"""The chapter's image: a category to a row, and a continuous code from left to right."""

from __future__ import annotations

import numpy as np

from gen_models.app.chapter import Models
from gen_models.app.chapters.infogan import common, grid
from gen_models.app.shell.thumbnails import mosaic
from gen_models.runtime import Array

COLUMNS, ROWS = 8, 4


def thumbnail(models: Models) -> Array | None:
    """Four categories of the grid."""
    model = next(iter(models.values()))
    others = np.zeros(common.continuous(model) - 1, np.float32)
    images, _ = grid.table(model, 0, others, grid.FIRST_SEED)
    rows = images.reshape(-1, grid.COLUMNS, *images.shape[1:])
    columns = np.linspace(0, grid.COLUMNS - 1, COLUMNS).round().astype(int)
    chosen = rows[np.linspace(0, len(rows) - 1, ROWS).round().astype(int)][:, columns]
    return mosaic(chosen.reshape(-1, *images.shape[1:]), COLUMNS)
