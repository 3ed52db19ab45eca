"""Films: frames to an animated GIF that any browser, chat or slide shows."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from gen_models.errors import BadRequest

Array = np.ndarray

MOST_FRAMES = 240
LARGEST = 512
"""Pixels of a film's longer side at most."""


def to_and_fro(frames: Array) -> Array:
    """There and back again, so that a loop has no jump: (n, ...) to (2n − 2, ...)."""
    return np.concatenate([frames, frames[-2:0:-1]])


def gif(frames: Array, fps: int = 25, side: int = 256) -> bytes:
    """An endless GIF; each pixel repeated so that pictures come near, but not over, `side`.

    Args:
        frames: uint8 (n, h, w, 1) or (n, h, w, 3), 1 <= n <= 240.
        fps: frames a second. GIF counts in hundredths of a second, so at most 50.
        side: longer side in pixels, at most 512; pictures larger than that stay as they are.

    Raises:
        BadRequest: no frames, too many, or too large; one sentence.
    """
    n, height, width, channels = frames.shape
    longer = max(height, width)
    if not 1 <= n <= MOST_FRAMES:
        raise BadRequest(f"A film has 1 to {MOST_FRAMES} frames, not {n}.")
    if max(longer, side) > LARGEST:
        raise BadRequest(f"A film is at most {LARGEST} pixels wide and high.")
    if not 1 <= fps <= 50:
        raise BadRequest("A film has 1 to 50 frames a second.")
    times = max(1, side // longer)
    large = frames.repeat(times, 1).repeat(times, 2)
    images = [Image.fromarray(frame[..., 0] if channels == 1 else frame) for frame in large]
    file = io.BytesIO()
    images[0].save(
        file,
        "GIF",
        save_all=True,
        append_images=images[1:],
        duration=round(100 / fps) * 10,
        loop=0,
    )
    return file.getvalue()
