"""The chapter's image: a strip of the latent plane."""

from __future__ import annotations

import numpy as np

from gen_models.app.chapter import Models
from gen_models.app.chapters.vae import common
from gen_models.app.shell.thumbnails import mosaic
from gen_models.runtime import Array

COLUMNS, ROWS = 12, 6


def thumbnail(models: Models) -> Array | None:
    """What lies between z1 = −2 and 2 and z2 = −1 and 1, or samples where no model has a plane of latents."""
    model = common.usual(models)
    flat = [each for each in models.values() if common.latent_dim(each) == 2]
    if flat:
        model = common.usual({each.card.name: each for each in flat})
        across, up = np.meshgrid(np.linspace(-2, 2, COLUMNS), np.linspace(1, -1, ROWS))
        z = np.stack([across.ravel(), up.ravel()], 1).astype(np.float32)
    else:
        shape = (COLUMNS * ROWS, common.latent_dim(model))
        z = np.random.default_rng(0).standard_normal(shape, np.float32)
    return mosaic(common.decode(model.told(""), z), COLUMNS)
