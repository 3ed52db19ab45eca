"""The chapter's image: test images, and under each its translation."""

from __future__ import annotations

import numpy as np

from gen_models.app.chapter import Models
from gen_models.app.chapters.cyclegan import common
from gen_models.app.shell.thumbnails import mosaic
from gen_models.runtime import Array, from_uint8, to_uint8

COLUMNS = 4


def thumbnail(models: Models) -> Array | None:
    """Of the model that comes first on the chapter's own pages, from x to y."""
    model = common.usual(models)
    start = max(0, common.first_image(model, common.WAYS["xy"]) - 1)
    images = common.examples(model, "x")[start : start + COLUMNS]
    if len(images) < COLUMNS:
        return None
    made = to_uint8(common.translate(model, "x", "y", from_uint8(images)))
    return mosaic(np.concatenate([_coloured(images), _coloured(made)]), COLUMNS)


def _coloured(images: Array) -> Array:
    return images.repeat(4 - images.shape[-1], -1)
