"""The chapter's image: test images, and what an autoencoder and PCA keep of them."""

from __future__ import annotations

import numpy as np

from gen_models.app.chapter import Models
from gen_models.app.chapters.autoencoder.lineup import lineups, reconstruct
from gen_models.app.shell.thumbnails import mosaic
from gen_models.runtime import Array

COLUMNS, ROWS = 6, 3


def thumbnail(models: Models) -> Array | None:
    """Above the images, under them what the two best kinds make of them at the smallest code size from 8."""
    lineup = next(iter(lineups(models.values()).values()), None)
    if lineup is None or len(lineup.examples) < COLUMNS:
        return None
    code = next((code for code in lineup.codes if code >= 8), lineup.codes[-1])
    kinds = lineup.at(code)
    x = lineup.x(range(COLUMNS))
    rows = [x, *(reconstruct(kinds[kind], code, x) for kind in ("conv", "pca") if kind in kinds)]
    rows += [x] * (ROWS - len(rows))
    return mosaic(lineup.to_uint8(np.concatenate(rows)), COLUMNS)
