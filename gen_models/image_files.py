"""What both halves do with image files that people bring: turn them upright, lay them on white, know label maps."""

from __future__ import annotations

import re

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

MAX_SCANS, MAX_SCANNED = 64, 600_000_000
"""A progressive JPEG has about ten scans. Each of another 40 bytes makes the decoder go through the whole image again,
so their number is bounded, and so is that of pixels times scans: a second or two of a core."""
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


_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_SOI, _EOI, _SOS, _TEM = b"\xff\xd8", b"\xff\xd9", b"\xff\xda", b"\xff\x01"


def scans(data: bytes) -> int:
    """Count the scans of the JPEG that a file begins with, without those of a thumbnail in it, or of what follows."""
    count, at = 0, 0
    while (match := _MARKER.search(data, at)) and match[0] != _EOI:
        at = match.end()
        if match[0] == _SOS:
            count += 1
        if match[0] not in (_SOI, _TEM):
            at += int.from_bytes(data[at : at + 2], "big")
    return count


def decodes_slowly(image: Image.Image, data: bytes) -> bool:
    """Tell whether an opened file is a JPEG with so many scans that its decoding would hold up a server.

    An MPO, as phones write them, is a JPEG with a header of 90 bytes more, and decodes like one.
    """
    if image.format not in ("JPEG", "MPO"):
        return False
    count = scans(data)
    return count > MAX_SCANS or (count > 1 and count * image.width * image.height > MAX_SCANNED)


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
