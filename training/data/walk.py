"""Find the image files below a folder, and name what is passed over: no file is ignored without a word."""

import os
import sys
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from training.data.common import DataError

FOREIGN = {"EPS", "WMF", "MPEG", "FITS", "HDF5", "BUFR", "GRIB", "PDF"}
"""Formats that Pillow opens by another program, on one system only, or not as one image of pixels."""
HINTS = {
    **dict.fromkeys((".heic", ".heif"), "HEIC: save it as JPEG"),
    **dict.fromkeys((".svg", ".svgz", ".ai", ".eps"), "no pixels: save it as PNG"),
}
NAMED = 5
"""So many of the files that are left out are named, the others counted."""


@cache
def formats() -> dict[str, str]:
    """Return what Pillow reads here: each suffix with its format, such as ".jfif" with "JPEG"."""
    Image.init()
    known = Image.OPEN.keys() - FOREIGN
    suffixes = Image.registered_extensions()
    return {suffix: kind for suffix, kind in suffixes.items() if kind in known}


class Found(NamedTuple):
    """Holds the files below a folder, by names relative to it."""

    images: list[str]
    """In order"""
    others: list[str]
    """Files that are no images, and folders that cannot be read, each with the reason"""


def images_below(folder: Path) -> Found:
    """Find all files below `folder` that are images by their suffix; links to folders are followed, but not in circles.

    What begins with a dot is hidden and passed over. Raises DataError if `folder` itself cannot be read.
    """
    found = Found([], [])
    _visit(folder, folder, frozenset(), found)
    return found


def _visit(top: Path, folder: Path, above: frozenset[tuple[int, int]], found: Found) -> None:
    def name(path: str | Path, end: str = "") -> str:
        return os.path.relpath(path, top) + end

    try:
        stat = folder.stat()
        if (identity := (stat.st_dev, stat.st_ino)) in above:  # a link to a folder it lies in
            return
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        if folder == top:
            raise DataError(f"{folder} cannot be read: {error.strerror}.") from error
        found.others.append(name(folder, f"/ ({error.strerror})"))
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        suffix = Path(entry.name).suffix.lower()
        if entry.is_dir():
            _visit(top, Path(entry.path), above | {identity}, found)
        elif not entry.is_file():
            found.others.append(name(entry.path, " (leads nowhere)"))
        elif suffix in formats():
            found.images.append(name(entry.path))
        else:
            found.others.append(name(entry.path, f" ({HINTS.get(suffix, 'no image')})"))


def readable(name: str) -> str:
    """Return a file's name as people read it, in one normal form.

    What is not UTF-8 is from an old system, mostly a Western one; what cannot be printed becomes a question mark.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        name = os.fsencode(name).decode("cp1252", "replace")
    name = unicodedata.normalize("NFC", name)
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def tell_left_out(folder: Path, left_out: Sequence[str], total: int, what: str = "files") -> None:
    """Count and name on stderr what is left out of a folder."""
    if left_out:
        named = ", ".join(map(readable, left_out[:NAMED]))
        more = f" and {len(left_out) - NAMED} more" if len(left_out) > NAMED else ""
        tell(f"{folder}: left out {len(left_out)} of {total} {what}: {named}{more}")


@cache
def tell(sentence: str) -> None:
    """Print a sentence on stderr, once: training asks for the same data several times."""
    print(sentence, file=sys.stderr)
