"""Read any folder of images: `folder:PATH`.

Every image is turned upright (EXIF), laid on white where it is transparent, cropped to its
central square and resized (Lanczos). If all images lie in subfolders, the names of the first
level are the classes. A tenth is test, chosen by the hash of the file's content, so all copies of
an image are on one side. Order, split and hash depend on the files' content and classes alone,
not on their names.
"""

import hashlib
import io
import os
import struct
import sys
import warnings
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor
from tqdm import tqdm

from training.data.common import DataError, Images, Info, Splits

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif"})
MAX_PIXELS = 100_000_000
"""An image with more is not decoded: a file of a few kilobytes can ask for all memory there is."""

# What Pillow raises on damaged files of these formats, beside OSError.
DAMAGED = (
    OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, EOFError,
    OverflowError, MemoryError, struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip


class ImageFile(NamedTuple):
    """Describes one file that could be read."""

    digest: str
    """SHA-256 of the file's bytes."""
    label: str
    """The first-level subfolder, or "" for a file at the top."""
    pixels: np.ndarray
    """uint8 [size, size] or [size, size, 3]"""


def load(path: str, size: int, channels: int) -> Splits:
    """Return both splits of the folder at `path`, x uint8 [n, channels, size, size].

    Files that cannot be read are counted and named on stderr. Raises DataError if there is no such
    folder, or not at least one readable image for each split.
    """
    if not path:
        raise DataError("Say which folder of images: folder:PATH.")
    folder = Path(path).expanduser().resolve()
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}.")
    return _load(folder, size, channels, tuple(_files(folder)))


def _files(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Return relative path, size and time of change of all image files below `folder` but hidden ones."""
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            file = Path(parent, name)
            if file.suffix.lower() in SUFFIXES and not name.startswith(".") and file.is_file():
                stat = file.stat()
                yield str(file.relative_to(folder)), stat.st_size, stat.st_mtime_ns


def squares(folder: Path, size: int) -> tuple[list[str], Tensor]:
    """Return digest and square uint8 [n, 3, size, size] of every image in `folder`, in order of content.

    Raises DataError if there is none, or one that cannot be read.
    """
    names = [name for name, _, _ in _files(folder)]
    images = []
    for name in names:
        image = _read(folder, size, 3, name)
        if isinstance(image, str):
            raise DataError(f"{folder / name} cannot be read: {image.rstrip('.')}.")
        images.append(image)
    if not images:
        raise DataError(f"There are no images ({', '.join(sorted(SUFFIXES))}) in {folder}.")
    images.sort(key=lambda image: image.digest)
    x = torch.from_numpy(np.stack([image.pixels for image in images]))
    return [image.digest for image in images], x.permute(0, 3, 1, 2).contiguous()


# Training asks for one split, then the other: the second is free, unless a file has changed.
@lru_cache(maxsize=1)
def _load(
    folder: Path, size: int, channels: int, files: tuple[tuple[str, int, int], ...]
) -> Splits:
    names = sorted(name for name, _, _ in files)
    if not names:
        raise DataError(f"There are no images ({', '.join(sorted(SUFFIXES))}) in {folder}.")
    images, unreadable = [], []
    with ThreadPoolExecutor() as pool, warnings.catch_warnings():
        # Pillow warns of large images below our own limit, and of damaged EXIF data.
        warnings.simplefilter("ignore")
        results = pool.map(partial(_read, folder, size, channels), names)
        # `delay` and `disable`: a bar only on a terminal, and only if it takes more than seconds.
        for name, result in zip(
            names,
            tqdm(results, folder.name, len(names), unit="image", delay=2, disable=None),
            strict=True,
        ):
            if isinstance(result, ImageFile):
                images.append(result)
            else:
                unreadable.append(f"{name} ({result})")
    if unreadable:
        more = f" and {len(unreadable) - 5} more" if len(unreadable) > 5 else ""
        print(
            f"{len(unreadable)} of {len(names)} files in {folder} could not be read and are left "
            f"out: {', '.join(unreadable[:5])}{more}",
            file=sys.stderr,
        )
    return _split(folder, sorted(images, key=lambda p: (p.digest, p.label)))


def _split(folder: Path, images: list[ImageFile]) -> Splits:
    """Split images that are in their final order."""
    is_test = np.array([int(p.digest[:16], 16) % 10 == 0 for p in images], bool)
    if is_test.all() or not is_test.any():
        raise DataError(
            f"{folder} has too few readable images ({len(images)}): a tenth, chosen by content, "
            f"is kept for test, and train and test need at least one each, so add more images."
        )
    labelled = all(p.label for p in images)
    classes = sorted({p.label for p in images}) if labelled else []
    content = hashlib.sha256()
    for p in images:
        content.update(f"{p.digest} {p.label if labelled else ''}\n".encode())
    info = Info(
        name=folder.name,
        title=f"Images of the folder {folder.name}",
        licence="yours: the folder's own",
        source=f"folder:{folder.name}",
        sha256=content.hexdigest(),
        classes=tuple(classes),
    )
    x = torch.from_numpy(np.stack([p.pixels for p in images]))
    x = x[:, None] if x.ndim == 3 else x.permute(0, 3, 1, 2)
    y = torch.tensor([classes.index(p.label) for p in images]) if labelled else None
    masks = (torch.from_numpy(mask) for mask in (~is_test, is_test))
    return Splits(*(Images(x[m].contiguous(), None if y is None else y[m], info) for m in masks))


def _read(folder: Path, size: int, channels: int, name: str) -> ImageFile | str:
    """Return the image in the file `name`, or why it could not be read."""
    try:
        data = (folder / name).read_bytes()
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                return f"too large: {image.width} x {image.height} pixels"
            pixels = square(image, size, channels)
    except UnidentifiedImageError:
        return "not an image"
    except Image.DecompressionBombError:
        return "too large"
    except DAMAGED as error:
        return str(error) or type(error).__name__
    parts = Path(name).parts
    return ImageFile(hashlib.sha256(data).hexdigest(), parts[0] if len(parts) > 1 else "", pixels)


def square(image: Image.Image, size: int, channels: int) -> np.ndarray:
    """Cut the central square of an image, upright and on white, uint8 [size, size(, 3)]."""
    # A JPEG decoder can skip detail: at most down to twice the size we need.
    image.draft(None, (2 * size, 2 * size))
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16 bits a pixel, which Pillow would clip, not scale
        image = Image.fromarray((np.asarray(image).clip(0, 65535) / 257).round().astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB")  # also a grey one: palettes and CMYK have no direct way to grey
    image = ImageOps.fit(image, (size, size), Image.Resampling.LANCZOS)
    return np.asarray(image if channels == 3 else image.convert("L"))
