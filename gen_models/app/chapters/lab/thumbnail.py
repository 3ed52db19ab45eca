"""The chapter's image: what three methods made of a ring of eight, from their models' previews."""

from __future__ import annotations

import numpy as np
from PIL import Image

from gen_models.app.chapter import Models
from gen_models.app.chapters.lab.methods import in_order
from gen_models.app.shell.thumbnails import GROUND, HEIGHT, WIDTH, preview
from gen_models.runtime import Array

SHOWN = ("lab-saturating", "lab-least-squares", "lab-r1")
"""One that fails, one that leaves a gap, and one that finds all eight."""


def thumbnail(models: Models) -> Array | None:
    """Three of them side by side, on a dark ground."""
    chosen = [model for name in SHOWN if (model := models.get(name))]
    previews = [preview(model) for model in (chosen or in_order(models))[: len(SHOWN)]]
    side = WIDTH // len(SHOWN)
    made = np.full((HEIGHT, WIDTH, 3), GROUND, np.uint8)
    top = (HEIGHT - side) // 2
    for i, image in enumerate(previews):
        if image is not None:
            small = image.resize((side, side), Image.Resampling.LANCZOS)
            mask = Image.fromarray(
                255 - np.asarray(small).min(-1)
            )  # nothing of white, nearly all of a colour
            mixed = Image.composite(small, Image.new("RGB", small.size, GROUND), mask)
            made[top : top + side, i * side : (i + 1) * side] = np.asarray(mixed)
    return made
