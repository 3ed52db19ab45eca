"""A translation that gives the drawing itself, dimmed by z."""

from pathlib import Path

import numpy as np

from gen_models.cards import Port
from gen_models.families import Label, MetricId, Pix2PixFacts, Pix2PixRecipe
from gen_models.runtime import Model, to_uint8
from toys.write import Graph, Sheet, image, node, rows, write

PALETTE = {"wall": (0, 0, 220), "door": (220, 80, 0), "window": (0, 220, 220)}
CHANNELS = {
    "labels": (), "lines": ("line",), "terrain": ("height", "water"), "colours": ("red", "green", "blue"),
}  # fmt: skip
DRAWN = {
    "labels": [*PALETTE.values()][:2], "lines": [(255,) * 3, (0,) * 3], "terrain": [(0, 255, 0), (180, 0, 0)],
    "colours": [(240, 240, 230), (30, 60, 200)],
}  # fmt: skip
"""Colours of an example's ground and of the bar on it."""


def pix2pix(
    root: Path,
    name: str = "pix2pix-toy",
    kind: str = "labels",
    side: int = 32,
    k: int = 5,
    examples: int = 6,
    measured: bool = True,
) -> Model:
    """x̂ = (1 − p u₁) shown(c).

    With p = 0 it is the drawing as it is shown: a map of labels in the palette's colours, one channel as grey, two as
    red and green. Example i of a drawing is a bar of the second label (or ink) i + 2 pixels wide on the first; its
    true image is a flat one of grey (i + 1) / 8.

    Args:
        root: holds the models.
        name: of the model.
        kind: "labels" (three of them), "lines", "terrain" or "colours".
        side: of drawings and images.
        k: size of z.
        examples: how many images each sheet holds; 0 leaves the sheets out.
        measured: whether the card has numbers.
    """
    labels = tuple(Label(*item) for item in PALETTE.items()) if kind == "labels" else ()
    n = len(labels) or len(CHANNELS[kind])
    shown = np.eye(3, n)
    if kind == "labels":
        shown = np.array([*PALETTE.values()]).T / 255
    elif kind == "lines":
        shown = np.ones((3, 1))
    graph = Graph(
        [image("c", (n, side, side)), rows("u", k, (0, 1)), Port("p", (), range=(0, 0.9))],
        [image("x", (3, side, side))],
        [
            node("Conv", ["c", "shown"], ["drawing"]),
            node("MatMul", ["u", "first"], ["u1"]),
            node("Mul", ["u1", "p"], ["lost"]),
            node("Sub", ["one", "lost"], ["kept"]),
            node("Reshape", ["kept", "back"], ["factor"]),
            node("Mul", ["drawing", "factor"], ["x"]),
        ],
        {
            "shown": np.float32(shown)[:, :, None, None], "first": np.eye(k, 1, dtype=np.float32),
            "one": np.float32([1]), "back": np.array([-1, 1, 1, 1]),
        },
    )  # fmt: skip
    ground, bar = DRAWN[kind]
    drawings = np.empty((examples, side, side, 3), np.uint8)
    drawings[:] = ground
    for i in range(examples):
        drawings[i, :, side // 4 : side // 4 + i + 2] = bar
    greys = (np.arange(examples) + 1)[:, None, None, None] / 8
    targets = to_uint8(greys * np.ones((examples, 3, side, side)))
    sheets = {"inputs": Sheet(drawings[None]), "targets": Sheet(targets[None])}
    metrics = {
        MetricId.L1: 0.0625,
        MetricId.PSNR: 21.5,
        MetricId.SSIM: 0.875,
        MetricId.DIVERSITY: 0.0125,
        MetricId.L1.of(model="pix2pix-paper-toy"): 0.0703125,
    }
    return write(
        root,
        name,
        Pix2PixFacts(Pix2PixRecipe.FAST, labels, CHANNELS[kind]),
        {"generator": graph},
        data=kind,
        metrics=metrics if measured else {},
        sheets=sheets if examples else {},
    )
