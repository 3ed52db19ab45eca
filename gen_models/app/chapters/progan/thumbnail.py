"""The chapter's image: the same z at every level, the last ones largest."""

from __future__ import annotations

import numpy as np

from gen_models.app.chapter import Models
from gen_models.app.chapters.progan import common
from gen_models.app.shell.thumbnails import mosaic
from gen_models.runtime import Array, to_uint8

COLUMNS, ROWS, SEED = 6, 3, 0


def thumbnail(models: Models) -> Array | None:
    """A row for each of the last levels, a column for each z."""
    model = next(iter(common.settings(models).values()), None)
    if model is None:
        return None
    sides = common.facts_of(model).sides
    chosen = [sides[round(i)] for i in np.linspace(0, len(sides) - 1, ROWS)]
    z = common.draw(model, SEED, COLUMNS)
    rows = [common.enlarged(common.generate(model, side, z), sides[-1]) for side in chosen]
    return mosaic(to_uint8(np.concatenate(rows), common.UNIT), COLUMNS)
