"""A picture that a visitor uploads, as a model takes it. What comes in is anybody's file: all of it is checked."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.Image import Resampling

from gen_models.errors import BadRequest
from gen_models.runtime import Array

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_PIXELS = 20_000_000
MIN_SIDE = 16
MAX_SCANS = 64
"""A progressive JPEG has about ten. Each of another 40 bytes makes the decoder go through the whole picture again."""
ABOVE = 0.4
"""How much of what a portrait loses is lost at its top: a face is a little above the middle."""

_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each orientation that EXIF knows, but the first, which is upright."""


def square(path: Any, side: int, channels: int, resample: Resampling = Resampling.LANCZOS) -> Array:
    """The largest square of a picture file, in its middle or a little above, scaled to `side`.

    A file is a PNG, a JPEG or a WebP with at most 20 million pixels, read from its header before any are decoded. It
    is turned upright as its EXIF says; what is transparent becomes white; of an animation the first frame is taken,
    of 16 bits the upper eight. Colour profiles are not applied.

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
                _check_size(*file.size)
                if file.format == "JPEG" and Path(path).read_bytes().count(b"\xff\xda") > MAX_SCANS:
                    raise BadRequest(_DAMAGED)
                image = _opaque(_cropped(_upright(file)), channels)
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
_TOO_LARGE = f"This picture is too large: at most {MAX_PIXELS // 10**6} million pixels are taken."


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise BadRequest(_TOO_LARGE)
    if min(width, height) < MIN_SIDE:
        raise BadRequest(
            f"This picture is too small: it needs {MIN_SIDE} pixels in width and height."
        )


def _upright(image: Image.Image) -> Image.Image:
    """Turned as EXIF says; EXIF that cannot be read says nothing."""
    try:
        turn = _UPRIGHT.get(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - as above
        turn = None
    return image if turn is None else image.transpose(turn)


def _cropped(image: Image.Image) -> Image.Image:
    """The largest square: in the middle across, and of a portrait a little above the middle."""
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, round(ABOVE * (height - side))
    return image.crop((left, top, left + side, top + side))


def _opaque(image: Image.Image, channels: int) -> Image.Image:
    """8 bits in grey or colour, on white."""
    if image.mode.startswith(("I", "F")):
        values = np.asarray(image, np.float64) / 257
        image = Image.fromarray(np.clip(values + 0.5, 0, 255).astype(np.uint8))
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("L" if channels == 1 else "RGB")
