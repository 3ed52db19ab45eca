"""The chapter's image: the plane of the autoencoder, and LSA's."""

from __future__ import annotations

import numpy as np

from gen_models.app.chapter import Models
from gen_models.app.chapters.documents.corpus import corpora
from gen_models.app.shell.thumbnails import HEIGHT
from gen_models.numerics.scatter import scatter
from gen_models.runtime import Array

MAX_DOTS = 500
"""Of each plane: every dot takes bytes."""


def thumbnail(models: Models) -> Array | None:
    """Both planes of the first data set, side by side."""
    found = corpora(models.values())
    if not found:
        return None
    planes = [
        scatter(p.z[:MAX_DOTS], p.documents["topic"][:MAX_DOTS], HEIGHT, dot=4)
        for p in found[0].first
    ]
    return np.concatenate(planes, axis=1)
