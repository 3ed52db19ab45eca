"""The chapter's image: a part of the grid of unlabelled digits, alike beside alike."""

from __future__ import annotations

from gen_models.app.chapter import Models
from gen_models.app.chapters.few_labels.common import first_of
from gen_models.app.shell.thumbnails import mosaic
from gen_models.runtime import Array

ROWS, COLUMNS = 6, 12


def thumbnail(models: Models) -> Array | None:
    """The top left of the grid."""
    tiles = first_of(models).sheet("pool") if models else None
    if tiles is None or len(tiles) < ROWS or tiles.shape[1] < COLUMNS:
        return None
    part = tiles[:ROWS, :COLUMNS]
    return mosaic(part.reshape(-1, *part.shape[2:]), COLUMNS)
