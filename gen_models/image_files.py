"""What both halves do with image files that people bring: turn them upright, lay them on white, know label maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

ORIENTATION = 0x0112
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each orientation that EXIF knows, but the first, which is upright."""

MAX_SCANS = 64
"""A progressive JPEG has about ten. Each of another 40 bytes makes the decoder go through the whole image again."""
MAX_FLAT = 64
"""A map of labels has at most so many colours."""
PIXELS_OF_A_COLOUR = 16
"""And at least so many pixels for each, in the mean."""


def upright(image: Image.Image) -> Image.Image:
    """Return an image turned as its EXIF says; EXIF that cannot be read says nothing."""
    try:
        turn = UPRIGHT.get(image.getexif().get(ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - Pillow raises a dozen types at hostile files
        turn = None
    if turn is None:
        return image
    turned = image.transpose(turn)
    # It would say of the turned image that it is to be turned.
    turned.info = {key: turned.info[key] for key in ("transparency",) if key in turned.info}
    return turned


def on_white(image: Image.Image) -> Image.Image:
    """Return an image of 8 bits a channel, on white where it is transparent; of 16 bits the upper eight are kept."""
    if image.mode.startswith("I"):  # which Pillow would clip, not scale
        values = np.asarray(image, np.float64) / 257
    elif image.mode == "F":
        values = np.nan_to_num(np.asarray(image, np.float64))
        values = values * 255 if values.max(initial=0) <= 1 else values
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    else:
        return image
    return Image.fromarray(np.clip(values + 0.5, 0, 255).astype(np.uint8))


def has_too_many_scans(image: Image.Image, path: Path) -> bool:
    """Tell whether an opened file is a JPEG, whatever it is called inside, that takes a decoder for ever.

    A header of 90 bytes makes an MPO of a JPEG, as phones write them; the decoder is the same.
    """
    return image.format in ("JPEG", "MPO") and path.read_bytes().count(
        b"\xff\xda"
    ) > MAX_SCANS * max(1, getattr(image, "n_frames", 1))


def is_label_map(image: Image.Image) -> bool:
    """Tell whether an image is drawn in a few flat colours, whose mixtures would mean nothing.

    Greys alone are a drawing: they may be mixed.
    """
    if image.format in ("JPEG", "MPO"):  # which has no flat colours
        return False
    colours = image.convert("RGB").getcolors(MAX_FLAT)
    if colours is None or len(colours) * PIXELS_OF_A_COLOUR > image.width * image.height:
        return False
    return any(len(set(colour)) > 1 for _, colour in colours if isinstance(colour, tuple))
