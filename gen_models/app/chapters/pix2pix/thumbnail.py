"""The chapter's image: drawings, and under each what G makes of it."""

from __future__ import annotations

import numpy as np

from gen_models.app.chapter import Models
from gen_models.app.chapters.pix2pix import canvases, draw, translate
from gen_models.app.shell.thumbnails import mosaic
from gen_models.runtime import Array, to_uint8

COLUMNS = 4


def thumbnail(models: Models) -> Array | None:
    """Of the model that comes first on the chapter's own page."""
    model = next(iter(draw.in_order(models).values()))
    drawings = canvases.examples(model)[:COLUMNS]
    if len(drawings) < COLUMNS:
        return None
    u = translate.noise(model, 0, 1)
    made = [translate.translate(model, each, u, translate.DEFAULT_P) for each in drawings]
    images = to_uint8(np.concatenate(made))
    return mosaic(np.concatenate([drawings, images]), COLUMNS)
