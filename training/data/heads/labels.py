"""Draw a head as a map of labels, from the same triangles, masks and samples as its image.

A sample shows one label: a mask that the painter mixes in softly counts from `THRESHOLDS` on. A
pixel has the label of most of its samples; of equals, the one later in `LABELS`, which is thinner.
"""

import numpy as np

from training.data.heads.factors import Factors
from training.data.heads.geometry import Geometry
from training.data.heads.mesh import LASH
from training.data.heads.paint import materials
from training.data.heads.render import SAMPLES
from training.data.heads.view import look, rotation, sun

LABELS = {
    "background": (190, 198, 208), "skin": (236, 178, 140), "clothes": (70, 120, 190),
    "hair": (96, 62, 40), "beard": (150, 110, 80), "nose": (214, 140, 104),
    "mouth": (110, 20, 40), "lips": (214, 60, 90), "eyes": (250, 250, 250),
    "brows": (50, 34, 26), "glasses": (20, 20, 20),
}  # fmt: skip
"""Name -> a colour to show it in, sRGB. A map holds indices into these."""

THRESHOLDS = {
    "hair": 0.5, "beard": 0.25, "nose": 0.5, "mouth": 0.5, "lips": 0.5, "brows": 0.35,
}  # fmt: skip


def label_map(geometry: Geometry, f: Factors, size: int) -> np.ndarray:
    """Return the labels of the head of factors `f` as uint8 [1, size, size]."""
    samples = size * SAMPLES
    turn = rotation(f)
    surface = look(geometry.pose(f), turn, sun(f), samples)
    masks = materials(geometry, surface, turn, f).masks
    masks |= {
        "clothes": masks["shirt"],
        "nose": masks["skin"] * _nose(surface.place),
        "eyes": np.maximum(masks["eyes"], surface.part == LASH),
    }
    seen = np.full(len(surface.part), 1, np.uint8)  # skin, unless something covers it
    for index, name in enumerate(LABELS):
        if name not in ("background", "skin"):
            seen[masks[name] >= THRESHOLDS.get(name, 0.5)] = index
    image = np.zeros((samples, samples), np.uint8)
    image[surface.at] = seen
    blocks = image.reshape(size, SAMPLES, size, SAMPLES).transpose(0, 2, 1, 3)
    blocks = blocks.reshape(size, size, SAMPLES**2)
    counts = np.stack([(blocks == index).sum(-1) for index in range(len(LABELS))])
    last = len(LABELS) - 1 - counts[::-1].argmax(0)
    return last.astype(np.uint8)[None]


def _nose(place: np.ndarray) -> np.ndarray:
    """Mark tip, sides and ridge of the nose, bool [p], by the place on the base mesh."""
    x, y, z = place.T
    wide = np.interp(y, [6.80, 6.88, 6.98, 7.2], [0.12, 0.2, 0.15, 0.07])
    return (np.abs(x) < wide) & (y > 6.8) & (y < 7.2) & (z > 1.3)
