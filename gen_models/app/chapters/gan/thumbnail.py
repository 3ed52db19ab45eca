"""The chapter's image: samples of a GAN."""

from __future__ import annotations

from gen_models.app.chapter import Models
from gen_models.app.chapters.gan import common
from gen_models.app.shell.thumbnails import mosaic
from gen_models.runtime import Array

COLUMNS, ROWS, SEED = 6, 3, 0


def thumbnail(models: Models) -> Array | None:
    """Of the generator that comes first on the chapter's own pages."""
    made = common.generators(models)
    if not made:
        return None
    model = common.default(made).told("")
    return mosaic(common.images(model, common.draw(model, SEED, COLUMNS * ROWS)), COLUMNS)
