"""The chapter's image: a row of samples by each method."""

from __future__ import annotations

import numpy as np

from gen_models.app.chapter import Models
from gen_models.app.chapters.autoencoder.lineup import lineups
from gen_models.app.chapters.summary import compare
from gen_models.app.shell.thumbnails import mosaic
from gen_models.runtime import Array

COLUMNS = 6


def thumbnail(models: Models) -> Array | None:
    """Of the data set that the experiment begins with."""
    lineup = lineups(models.values()).get(compare.FIRST)
    trio = lineup and compare.trio_of(lineup, models.values())
    if not trio or trio.gan is None:
        return None
    rows = compare.draws(trio, COLUMNS).values()
    return np.concatenate([mosaic(row, COLUMNS) for row in rows])
