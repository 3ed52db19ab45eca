"""Drawings: how they travel from the browser, and how one becomes a digit as MNIST's makers prepared theirs."""

from __future__ import annotations

import base64
import binascii
import io
import warnings
from typing import Any

import numpy as np
from PIL import Image

from gen_models.errors import BadRequest

Array = np.ndarray

PNG = "data:image/png;base64,"
MNIST_SIDE, MNIST_BOX = 28, 20
MNIST_CENTRE = 14
"""Pixel index of the centre of mass in MNIST: 14.00 +- 0.5 over 10,000 of its digits, in both directions."""


def mnist_like(ink: Array) -> Array:
    """Scale and centre a drawing as MNIST was made (LeCun et al., yann.lecun.com/exdb/mnist).

    The ink is cropped, its longer side scaled to 20 pixels with antialiasing and without distortion, and its
    centre of mass moved, by whole pixels, to the centre of a 28x28 field.

    Args:
        ink: uint8 (h, w), 0 paper, 255 ink.

    Returns:
        uint8 (28, 28), 0 paper, 255 ink.

    Raises:
        BadRequest: there is nothing on the paper.
    """
    marked = ink >= 32  # fainter than that is the soft edge of a stroke
    rows, columns = np.flatnonzero(marked.any(1)), np.flatnonzero(marked.any(0))
    if not rows.size:
        raise BadRequest("The drawing is empty: draw a digit, or choose an example.")
    crop = Image.fromarray(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    scale = MNIST_BOX / max(crop.size)
    width, height = (max(1, round(side * scale)) for side in crop.size)
    # Pillow widens the filter when it shrinks an image: this is the antialiasing.
    small = np.asarray(crop.resize((width, height), Image.Resampling.BILINEAR))

    mass = small.sum(dtype=float)
    top = _offset((small.sum(1, dtype=float) @ np.arange(height)) / mass, height)
    left = _offset((small.sum(0, dtype=float) @ np.arange(width)) / mass, width)
    field = np.zeros((MNIST_SIDE, MNIST_SIDE), np.uint8)
    field[top : top + height, left : left + width] = small
    return field


def _offset(centre_of_mass: float, length: int) -> int:
    """Where a strip of `length` pixels begins so that its centre of mass is central and all of it is inside."""
    return int(np.clip(round(MNIST_CENTRE - centre_of_mass), 0, MNIST_SIDE - length))


def to_runs(ink: Array) -> str:
    """Run-length code of uint8 (h, w): base64 of (length 1..255, ink) byte pairs, row by row.

    A 112x112 drawing takes 1 to 3 kB this way instead of 17 kB, so it can be sent while it is being drawn.
    """
    flat = ink.ravel()
    starts = np.concatenate([[0], np.flatnonzero(np.diff(flat)) + 1])
    lengths = np.diff(np.append(starts, flat.size))
    pieces = -(-lengths // 255)
    last = np.cumsum(pieces) - 1
    pairs = np.full((pieces.sum(), 2), 255, np.uint8)
    pairs[:, 1] = np.repeat(flat[starts], pieces)
    pairs[last, 0] = lengths - 255 * (pieces - 1)
    return base64.b64encode(pairs.tobytes()).decode()


def from_runs(runs: str, side: int) -> Array:
    """The inverse of `to_runs` for a square drawing; "" is an empty one.

    Returns:
        uint8 (side, side).

    Raises:
        BadRequest: not the code of a drawing of that size. Nothing is allocated before the sizes are checked.
    """
    refusal = BadRequest(f"That is not a drawing of {side} by {side} pixels.")
    if not isinstance(runs, str) or len(runs) > 4 * side * side:
        raise refusal
    if not runs:
        return np.zeros((side, side), np.uint8)
    try:
        pairs = np.frombuffer(base64.b64decode(runs, validate=True), np.uint8)
    except (binascii.Error, ValueError):
        raise refusal from None
    if pairs.size % 2 or pairs[0::2].sum(dtype=int) != side * side:
        raise refusal
    return np.repeat(pairs[1::2], pairs[0::2]).reshape(side, side)


def from_png(drawing: Any, side: int) -> Array:
    """A drawing from a PNG in a data: URI: uint8 (side, side, 3); what is transparent becomes white.

    Length and size are checked before anything is decoded, so no file, however it is made, costs more than a drawing.

    Raises:
        BadRequest: it is no PNG, of another size, or damaged; one sentence.
    """
    refusal = BadRequest(f"A drawing is a PNG of {side} by {side} pixels in a data: URI.")
    # Noise, which does not shrink, in four channels, as base64: 16/3 of its pixels and a little more.
    if (
        not isinstance(drawing, str)
        or not drawing.startswith(PNG)
        or len(drawing) > 6 * side**2 + 4096
    ):
        raise refusal
    try:
        content = base64.b64decode(drawing[len(PNG) :], validate=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a bomb: its size is refused here
            with Image.open(io.BytesIO(content), formats=["PNG"]) as file:
                if file.size != (side, side):
                    raise refusal
                opaque = Image.new("RGBA", file.size, "white")
                opaque.alpha_composite(file.convert("RGBA"))
    except Exception:  # noqa: BLE001 - base64 and Pillow raise a dozen types at hostile input
        raise refusal from None
    return np.asarray(opaque)[..., :3].copy()
