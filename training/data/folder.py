"""Read any folder of images: `folder:PATH`.

Every image is turned upright (EXIF), laid on white where it is transparent, cropped to its
central square and resized (Lanczos). If all images lie in subfolders, the names of the first
level are the classes; links to folders are followed. A tenth is test, and at least one image,
chosen by the hash of the file's content, so all copies of an image are on one side. Order, split
and hash depend on the files' content and classes alone, not on their names. Whatever Pillow reads
is taken, all else is counted and named. The pixels are decoded once (`training.data.decoded`).
"""

import hashlib
import io
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

from gen_models.image_files import decodes_slowly, on_white, upright
from training.data.common import DataError, Images, Info, Splits
from training.data.decoded import Decoded, Item, check_parts, decode, remember
from training.data.walk import formats, images_below, readable, tell_left_out

MAX_PIXELS = 100_000_000
"""An image with more is not decoded: a file of a few kilobytes can ask for all memory there is."""
YOURS = "yours: the folder's own"

T = TypeVar("T")

# What Pillow raises on damaged files, beside OSError.
DAMAGED = (
    OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, EOFError, AttributeError, RuntimeError,
    OverflowError, MemoryError, struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip


def load(path: str, size: int, channels: int) -> Splits:
    """Return both splits of the folder at `path`, x uint8 [n, channels, size, size].

    Files that cannot be used are counted and named on stderr. Raises DataError if there is no such
    folder, or not at least one readable image for each split.
    """
    if not path:
        raise DataError("Say which folder of images: folder:PATH.")
    folder = Path(path).expanduser().resolve()
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}.")
    found = images_below(folder)
    items = [Item((name,), _label(name)) for name in found.images]
    decoded = squares(folder, items, found.others, size, channels)
    labelled = all(row.label for row in decoded.rows)
    classes = sorted({row.label for row in decoded.rows}) if labelled else []
    content = hashlib.sha256()
    for row in sorted(decoded.rows, key=lambda row: (row.digest, row.label)):
        content.update(f"{row.digest} {row.label if labelled else ''}\n".encode())
    name = readable(folder.name)
    info = Info(
        name=name,
        title=f"Images of the folder {name}",
        licence=YOURS,
        source=f"folder:{name}",
        sha256=content.hexdigest(),
        classes=tuple(classes),
    )
    remember(info.sha256, f"folder:{folder}")
    x = torch.from_numpy(decoded.x[0])
    y = torch.tensor([classes.index(row.label) for row in decoded.rows]) if labelled else None
    parts = slice(None, decoded.train), slice(decoded.train, None)
    return Splits(*(Images(x[part], None if y is None else y[part], info) for part in parts))


def _label(name: str) -> str:
    """The first-level subfolder, or "" for a file at the top."""
    parts = Path(name).parts
    return readable(parts[0]) if len(parts) > 1 else ""


def squares(
    folder: Path, items: Sequence[Item], others: Sequence[str], size: int, channels: int
) -> Decoded:
    """Return the central squares of all images in `folder` that can be read, and name all else, `others` too.

    Raises DataError if there are too few.
    """
    if not items:
        tell_left_out(folder, others, len(others))
        raise DataError(f"There are no images in {folder}.")
    read = partial(_read, folder, size, channels)
    with quiet():
        found = decode(folder, items, (1, channels, size, size), read, in_order_of_content=True)
    tell_left_out(folder, [*found.left_out, *others], len(items) + len(others))
    check_parts(folder, found)
    return found


def _read(folder: Path, size: int, channels: int, item: Item) -> tuple[str, list[np.ndarray]] | str:
    """Return digest and square of an image, or why it could not be read."""

    def read() -> tuple[str, list[np.ndarray]]:
        data = (folder / item.files[0]).read_bytes()
        with opened(data) as image:
            pixels = square(image, size, channels)
        return hashlib.sha256(data).hexdigest(), [pixels]

    return or_reason(read)


class Unusable(Exception):
    """Raised for a file that is passed over; the message says why."""


def or_reason(read: Callable[[], T]) -> T | str:
    """Return what is read from image files, or why that cannot be."""
    try:
        return read()
    except UnidentifiedImageError:
        return "not an image"
    except Image.DecompressionBombError:
        return "too large"
    except (Unusable, *DAMAGED) as error:
        return str(error).rstrip(".") or type(error).__name__


def opened(data: bytes) -> Image.Image:
    """Open an image file of any format that Pillow reads itself, without decoding it.

    Raises Unusable if it is too large, and what Pillow raises.
    """
    image = Image.open(
        io.BytesIO(data), formats=[kind for kind in Image.ID if kind in formats().values()]
    )
    if image.width * image.height > MAX_PIXELS:
        raise Unusable(f"too large: {image.width} x {image.height} pixels")
    if decodes_slowly(image, data):
        raise Unusable("a JPEG of too many scans")
    return image


def square(
    image: Image.Image,
    size: int,
    channels: int,
    resample: Image.Resampling = Image.Resampling.LANCZOS,
) -> np.ndarray:
    """Cut the central square of an image, upright and on white, uint8 [size, size(, 3)]."""
    # A JPEG decoder can skip detail: at most down to twice the size we need.
    image.draft(None, (2 * size, 2 * size))
    image = on_white(upright(image))
    image = image.convert("RGB")  # also a grey one: palettes and CMYK have no direct way to grey
    image = ImageOps.fit(image, (size, size), resample)
    return np.asarray(image if channels == 3 else image.convert("L"))


@contextmanager
def quiet() -> Iterator[None]:
    """Within: Pillow says nothing of large images below our own limit, and of damaged EXIF data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
