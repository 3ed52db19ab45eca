"""Images as the browser paints them: raw pixels, or a file in a data: URI."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

Array = np.ndarray

ImageData = list | str
"""What `pixels` makes: [width, height, channels, base64 of the pixels]; or a file in a data: URI."""


def pixels(image: Array) -> ImageData:
    """The pixels themselves: exact, and the quickest to make and to paint.

    Args:
        image: uint8 (h, w), (h, w, 1) or (h, w, 3).
    """
    height, width, channels = _shape(image)
    return [width, height, channels, base64.b64encode(image.tobytes()).decode()]


def data_uri(image: Array) -> str:
    """The same as a PNG in a data: URI, smaller than raw pixels: for large backgrounds that rarely change."""
    _shape(image)
    file = io.BytesIO()
    Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def photo(image: Array) -> str:
    """The same as a JPEG, not exact and a fraction of the bytes: for an image that the next one soon replaces."""
    _shape(image)
    file = io.BytesIO()
    flat = image.squeeze(-1) if image.shape[-1] == 1 else image
    Image.fromarray(flat).save(file, "JPEG", quality=92, subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def data_uris(images: Array) -> list[str]:
    """Each of uint8 (n, h, w) or (n, h, w, c) as `data_uri` makes it."""
    return [data_uri(image) for image in images]


def grid(images: Array, columns: int, gap: int = 1, fill: int = 128) -> Array:
    """Lay out uint8 (n, h, w) or (n, h, w, c) row by row, `gap` pixels of grey `fill` between; a rest stays grey."""
    n, height, width = images.shape[:3]
    rows = -(-n // columns)
    shape = (rows * (height + gap) - gap, columns * (width + gap) - gap, *images.shape[3:])
    canvas = np.full(shape, fill, np.uint8)
    for i, image in enumerate(images):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        canvas[top : top + height, left : left + width] = image
    return canvas


def _shape(image: Array) -> tuple[int, int, int]:
    shape = image.shape if image.ndim == 3 else (*image.shape, 1)
    if image.dtype != np.uint8 or len(shape) != 3 or shape[2] not in (1, 3):
        raise TypeError(
            f"an image is uint8 (h, w), (h, w, 1) or (h, w, 3), not {image.dtype} {image.shape}"
        )
    return shape
