"""A picture that a visitor uploads, as a model takes it. What comes in is anybody's file: all of it is checked."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.Image import Resampling

from gen_models.errors import BadRequest
from gen_models.image_files import decodes_slowly, on_white, upright
from gen_models.runtime import Array

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_PIXELS, MAX_JPEG_PIXELS = 20_000_000, 50_000_000
"""A JPEG, as phones take them, is decoded to little more than what is needed."""
MIN_SIDE = 16
ABOVE = 0.4
"""How much of what a portrait loses is lost at its top: a face is a little above the middle."""


def square(path: Any, side: int, channels: int, resample: Resampling = Resampling.LANCZOS) -> Array:
    """The largest square of a picture file, in its middle or a little above, scaled to `side`.

    A file is a PNG or a WebP with at most 20 million pixels or a JPEG with at most 50 million, read from its header
    before any are decoded. It is turned upright as its EXIF says; what is transparent becomes white; of an animation
    the first frame is taken, of 16 bits the upper eight. Colour profiles are not applied.

    Args:
        path: of the file.
        side: height and width of what comes back.
        channels: 1 for grey, 3 for colour.
        resample: how it is scaled; NEAREST keeps the colours of a map of labels as they are.

    Returns:
        uint8 (side, side, channels).

    Raises:
        BadRequest: it is no such file, too large, too small, or damaged; one sentence.
    """
    if not isinstance(path, str | Path) or not path or not Path(path).is_file():
        raise BadRequest("There is no picture: choose a file.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # of a bomb, which has its own sentence, and of odd EXIF
            with Image.open(path, formats=FORMATS) as file:
                _check_size(file)
                if decodes_slowly(file, Path(path).read_bytes()):
                    raise BadRequest(_DAMAGED)
                if resample != Resampling.NEAREST:
                    file.draft(None, (2 * side, 2 * side))  # a JPEG can be decoded to a fraction
                image = _opaque(_cropped(upright(file)), channels)
    except BadRequest:
        raise
    except UnidentifiedImageError:
        raise BadRequest("This file is not a PNG, JPEG or WebP picture.") from None
    except Image.DecompressionBombError:
        raise BadRequest(_TOO_LARGE) from None
    except Exception:  # noqa: BLE001 - Pillow raises a dozen types at hostile files
        raise BadRequest(_DAMAGED) from None
    scaled = image.resize((side, side), resample)
    return np.asarray(scaled, np.uint8).reshape(side, side, channels)


_DAMAGED = "This picture is damaged or not complete: choose another file."
_TOO_LARGE = (
    f"This picture is too large: at most {MAX_PIXELS // 10**6} million pixels are taken, and "
    f"{MAX_JPEG_PIXELS // 10**6} million of a JPEG."
)


def _check_size(file: Image.Image) -> None:
    width, height = file.size
    if width * height > (MAX_JPEG_PIXELS if file.format in ("JPEG", "MPO") else MAX_PIXELS):
        raise BadRequest(_TOO_LARGE)
    if min(width, height) < MIN_SIDE:
        raise BadRequest(
            f"This picture is too small: it needs {MIN_SIDE} pixels in width and height."
        )


def _cropped(image: Image.Image) -> Image.Image:
    """The largest square: in the middle across, and of a portrait a little above the middle."""
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, round(ABOVE * (height - side))
    return image.crop((left, top, left + side, top + side))


def _opaque(image: Image.Image, channels: int) -> Image.Image:
    """8 bits in grey or colour, on white."""
    return on_white(image).convert("L" if channels == 1 else "RGB")
