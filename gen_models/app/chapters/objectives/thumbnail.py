"""The chapter's image: two bumps, and the Gaussians that the KL and the reverse KL fit to them."""

from __future__ import annotations

import numpy as np

from gen_models.app.chapter import Models
from gen_models.app.shell.thumbnails import HEIGHT, WIDTH, drawing
from gen_models.numerics import divergences
from gen_models.numerics.divergences import FORWARD, REVERSE
from gen_models.runtime import Array

DISTANCE, REACH, MARGIN = 3.5, 4.5, 24
DATA, COVERS, CHOOSES = (74, 70, 64), (74, 162, 167), (232, 135, 74)


def thumbnail(_: Models) -> Array:
    """The densities from −4.5 to 4.5."""
    p = divergences.two_bumps(DISTANCE, 0.5, 0.5, 0.5)
    x = np.linspace(-REACH, REACH, WIDTH)
    fits = [divergences.fit(p, objective)[0].density for objective in (FORWARD, REVERSE)]
    data, covers, chooses = (np.exp(density.log(x)) for density in (p, *fits))
    most = max(data.max(), chooses.max())

    def line(y: Array) -> Array:
        return np.stack([np.arange(WIDTH), HEIGHT - (HEIGHT - MARGIN) * y / most], 1)

    ends = np.array([[WIDTH, HEIGHT], [0, HEIGHT]])
    area = np.concatenate([line(data), ends])
    return drawing([(line(covers), COVERS), (line(chooses), CHOOSES)], [(area, DATA)])
