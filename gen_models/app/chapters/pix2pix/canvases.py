"""What can be drawn for a model: its inks, its examples, and how a drawing becomes c.

A drawing is uint8 (side, side, 3), in the colours in which training stored the inputs of its examples: a map of labels
in the palette's colours, lines in grey, height in red and water in green, and any other input in its own colours. The
browser sends it as a PNG of the model's own size; nothing is smoothed or scaled on the way.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from PIL import Image
from PIL.Image import Resampling

from gen_models.app.controls import data_uris
from gen_models.app.upload import square
from gen_models.families import Label, Pix2PixFacts
from gen_models.runtime import Array, Model, ModelError, from_uint8

SEA, BLACK, WHITE = (0, 255, 0), (0, 0, 0), (255, 255, 255)
_CODE = np.array([1 << 16, 1 << 8, 1])
"""A colour as one number: the product with its three."""
MAX_COLOURS = 8
"""How many of its examples' colours a model gets as inks, if its inputs are images in colour."""

BEST = {"heads-labels": 3, "toons-lines": 4}
"""By data set, the example to begin with: one in which a stranger sees at once what the model does."""


@dataclass(frozen=True)
class Ink:
    """Something to draw with."""

    name: str
    colour: tuple[int, int, int]
    """In which it is shown, 0 to 255; it paints in this colour too, unless it does something else."""
    does: Literal["colour", "land", "raise", "lower"] = "colour"
    """"land" paints a height that the visitor chooses; "raise" and "lower" change the height that is there."""


@dataclass(frozen=True)
class Canvas:
    """What a model's drawings are."""

    kind: Literal["labels", "lines", "terrain", "colours"]
    side: int
    """Height and width in pixels."""
    inks: tuple[Ink, ...]
    blank: tuple[int, int, int]
    """The colour of an empty canvas."""
    first: int = 0
    """Number of the ink to begin with."""


# ---------------------------------------------------------------------------------------------------------------------
# What there is
# ---------------------------------------------------------------------------------------------------------------------


def labels_of(model: Model) -> tuple[Label, ...]:
    """What the channels of its input stand for, where that is a label map."""
    return model.card.facts_as(Pix2PixFacts).labels


def is_whole(model: Model) -> bool:
    """Whether it has a generator (c, u, p) → x whose c is a square of 1, 2 or 3 channels, or of the card's labels."""
    graph = model.card.graphs.get("generator")
    if graph is None or {port.name for port in graph.inputs} != {"c", "u", "p"}:
        return False
    channels, height, width = _shape(model)
    return height == width and channels in (
        [len(labels_of(model))] if labels_of(model) else [1, 2, 3]
    )


@cache
def canvas(model: Model) -> Canvas:
    """What is drawn for this model, by its card alone."""
    channels, side, _ = _shape(model)
    labels = labels_of(model)
    if labels:
        inks = tuple(Ink(label.name, label.colour) for label in labels)
        return Canvas("labels", side, inks, labels[0].colour, min(1, len(inks) - 1))
    if channels == 1:
        return Canvas("lines", side, (Ink("pen", BLACK), Ink("eraser", WHITE)), WHITE)
    if channels == 2:
        inks = (
            Ink("land", (120, 0, 0), "land"),
            Ink("raise", (220, 0, 0), "raise"),
            Ink("lower", (40, 0, 0), "lower"),
            Ink("sea", SEA),
        )
        return Canvas("terrain", side, inks, SEA)
    colours = frequent(examples(model), MAX_COLOURS) or [WHITE, BLACK]
    inks = tuple(Ink("#{:02x}{:02x}{:02x}".format(*colour), colour) for colour in colours)
    return Canvas("colours", side, inks, colours[0], min(1, len(inks) - 1))


@cache
def examples(model: Model, role: str = "inputs") -> Array:
    """Drawings of the test split, uint8 (n, side, side, 3), or with "targets" their true images (n, h, w, 3).

    None at all, if their file is missing or damaged.
    """
    _, side, _ = _shape(model)
    try:
        found = model.sheet(role)[0]
    except ModelError:
        found = np.zeros((0, side, side, 3), np.uint8)
    if role == "inputs" and found.shape[1:] != (side, side, 3):
        return np.zeros((0, side, side, 3), np.uint8)
    return found


def paper_of(model: Model) -> dict[str, Any]:
    """Everything the browser needs to paint for one model, for a PaintPad's `paper`."""
    drawings = data_uris(examples(model))
    return {
        "name": model.card.name,
        **asdict(canvas(model)),
        "examples": drawings,
        "example": start(model),
    }


def start(model: Model) -> int | None:
    """Number of the example that is on the canvas at first, if there is one."""
    n = len(examples(model))
    return min(BEST.get(model.card.dataset.name, 0), n - 1) if n else None


def truth(model: Model, drawing: Array) -> Array | None:
    """The true image of a drawing, uint8 (h, w, 3), if it is an example and nothing was changed in it."""
    drawings, targets = examples(model), examples(model, "targets")
    if len(drawings) != len(targets):
        return None
    same = np.flatnonzero((drawings == drawing).all((1, 2, 3)))
    return targets[same[0]] if len(same) else None


def frequent(images: Array, n: int) -> list[tuple[int, int, int]]:
    """The n colours that images (..., 3) have most of, the most frequent first; colours much alike count as one.

    Alike are those that agree in the upper three bits of each channel; the most frequent of them stands for all.
    """
    pixels = images.reshape(-1, 3).astype(np.int64)
    if not len(pixels):
        return []
    codes, counts = np.unique(pixels @ _CODE, return_counts=True)
    bins = (codes >> 21) << 6 | (codes >> 13 & 7) << 3 | codes >> 5 & 7
    total = np.bincount(bins, counts)
    chosen = [b for b in np.argsort(-total, kind="stable")[:n] if total[b]]
    best = [codes[bins == b][counts[bins == b].argmax()] for b in chosen]
    return [(int(code >> 16), int(code >> 8 & 255), int(code & 255)) for code in best]


# ---------------------------------------------------------------------------------------------------------------------
# Drawings in
# ---------------------------------------------------------------------------------------------------------------------


def blank(paper: Canvas) -> Array:
    """An empty canvas: uint8 (side, side, 3)."""
    return np.full((paper.side, paper.side, 3), paper.blank, np.uint8)


def uploaded(paper: Canvas, path: Any) -> Array:
    """A visitor's file as a drawing: the largest square, uint8 (side, side, 3).

    For labels each pixel takes the label whose colour is nearest; for lines the file turns grey; for terrain red is
    height and green, from the middle on, water.

    Raises:
        BadRequest: the file cannot be used; one sentence.
    """
    if (
        paper.kind == "labels"
    ):  # smoothing would make colours in between, which are those of other labels
        image = square(path, paper.side, 3, Resampling.NEAREST)
        palette = np.array([ink.colour for ink in paper.inks], np.uint8)
        return palette[nearest(image, palette)]
    if paper.kind == "lines":
        return square(path, paper.side, 1).repeat(3, 2)
    image = square(path, paper.side, 3)
    if paper.kind == "terrain":
        image = image.copy()
        image[..., 1] = np.where(image[..., 1] >= 128, 255, 0)
        image[..., 2] = 0
    return image


def nearest(image: Array, palette: Array) -> Array:
    """For each pixel (h, w, 3) the number of the palette's nearest colour (k, 3), by distance in RGB: (h, w)."""
    codes = image.astype(np.int32) @ _CODE
    found = np.full(codes.shape, -1)
    for i, code in reversed(list(enumerate(palette.astype(np.int32) @ _CODE))):
        found[codes == code] = i
    rest = found < 0  # slower, and in a drawing of this page there is none
    if rest.any():
        difference = image[rest][:, None].astype(np.int32) - palette.astype(np.int32)
        found[rest] = np.square(difference).sum(-1).argmin(-1)
    return found


def condition(model: Model, drawing: Array) -> Array:
    """A drawing as the generator takes it: c, float32 (1, k, side, side) in the range of its port.

    Labels one-hot, each pixel by the palette's nearest colour; else as many channels as the card has.
    """
    paper, (channels, _, _) = canvas(model), _shape(model)
    low, high = model.input("generator", "c").range or (0, 1)
    if paper.kind == "labels":
        palette = np.array([ink.colour for ink in paper.inks], np.uint8)
        one_hot = np.eye(channels, dtype=np.float32)[nearest(drawing, palette)]
        return (low + (high - low) * one_hot).transpose(2, 0, 1)[None]
    if paper.kind == "lines":
        grey = np.asarray(Image.fromarray(drawing).convert("L"))
        return from_uint8(grey[None, ..., None], (low, high))
    return from_uint8(drawing[None, ..., :channels], (low, high))


def _shape(model: Model) -> tuple[int, int, int]:
    """(k, h, w) of c."""
    channels, height, width = model.input("generator", "c").shape[1:]
    return int(channels), int(height), int(width)
