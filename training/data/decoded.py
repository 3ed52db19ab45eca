"""Decode image files once: what comes out lies in `home()`, and is mapped into memory, not loaded.

Each entry is two files, the pixels (.npy) and the facts of each image (.json), named by what they were made from:
folder, size, channels, and name, length and time of change of every file. An entry is written whole or not at all;
when a file has changed, a new one takes its place. The folder may be removed at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from gen_models.files import write_atomically, written_whole
from training.data.common import DataError, root
from training.data.walk import tell

RECIPE = 1
"""Another number makes all entries anew: how files become pixels has changed."""
ROWS = 256
"""Images that are copied at once."""


def home() -> Path:
    """Return the folder of all decoded images: $LATENT_DECODED, else `decoded` beside the data sets."""
    return Path(os.environ.get("LATENT_DECODED") or root() / "decoded")


class Item(NamedTuple):
    """Names what becomes one row: an image, or the two of a pair."""

    files: tuple[str, ...]
    """Relative to the folder"""
    label: str = ""
    part: str = ""
    """"train", "test", or "" where the content decides"""


class Row(NamedTuple):
    """States what is known of an item that could be read."""

    digest: str
    """SHA-256 of the files' bytes"""
    label: str
    part: str


class Decoded(NamedTuple):
    """Holds all images of a folder, those for training first."""

    x: np.ndarray
    """uint8 [k, n, c, h, w], k images of each item; mapped from the disk, and what is written to it stays in memory"""
    train: int
    rows: list[Row]
    left_out: list[str]


Read = Callable[[Item], tuple[str, Sequence[np.ndarray]] | str]
"""Digest and images uint8 [h, w] or [h, w, c] of an item, or why it cannot be used."""


def decode(
    folder: Path,
    items: Sequence[Item],
    shape: tuple[int, int, int, int],
    read: Read,
    in_order_of_content: bool,
) -> Decoded:
    """Return the images of `items`, shape [k, c, h, w] each, decoded or as they were decoded before.

    Raises DataError if there is no room for them, or too few could be read for train and test.
    """
    stamps = [[(stat.st_size, stat.st_mtime_ns) for stat in _stats(folder, item)] for item in items]
    where = _hash([RECIPE, str(folder), shape, in_order_of_content])
    path = home() / f"{where}-{_hash([items, stamps])}.npy"
    if (found := _stored(path)) is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        _build(path, folder, items, shape, read, in_order_of_content)
        for stale in set(path.parent.glob(f"{where}-*")) - {path, path.with_suffix(".json")}:
            stale.unlink(missing_ok=True)
        found = _stored(path)
        if found is None:
            raise DataError(f"{path} cannot be read back: remove it and try again.")
    return found


def _stats(folder: Path, item: Item) -> list:
    return [(folder / file).stat() for file in item.files]


def _hash(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _stored(path: Path) -> Decoded | None:
    """Return an entry that is whole; None if it is not there."""
    try:
        facts = json.loads(path.with_suffix(".json").read_bytes())
        x = np.load(path, mmap_mode="c", allow_pickle=False)  # torch wants to be allowed to write
        rows = [Row(*row) for row in facts["rows"]]
        return Decoded(x, facts["train"], rows, facts["left_out"])
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None


def _build(
    path: Path,
    folder: Path,
    items: Sequence[Item],
    shape: tuple[int, int, int, int],
    read: Read,
    in_order_of_content: bool,
) -> None:
    need = len(items) * int(np.prod(shape))
    _check_room(path.parent, folder, need)
    left_out: list[str] = []
    rows: list[Row] = []
    with tempfile.TemporaryFile(dir=path.parent) as scratch:
        x = np.memmap(scratch, np.uint8, "w+", shape=(len(items), *shape))

        def decode_row(i: int) -> str | Row:
            result = read(items[i])
            if isinstance(result, str):
                return result
            digest, images = result
            for layer, image in zip(x[i], images, strict=True):
                layer[:] = image if image.ndim == 2 else image.transpose(2, 0, 1)
            return Row(digest, items[i].label, items[i].part)

        at: list[int] = []
        with ThreadPoolExecutor() as pool:
            results = pool.map(decode_row, range(len(items)))
            # `delay` and `disable`: a bar only on a terminal, and only if it takes more than seconds.
            bar = tqdm(results, folder.name, len(items), unit="image", delay=2, disable=None)
            for i, result in enumerate(bar):
                if isinstance(result, str):
                    left_out.append(f"{' and '.join(items[i].files)} ({result})")
                else:
                    at.append(i)
                    rows.append(result)
        order = range(len(rows))
        if in_order_of_content:
            order = sorted(order, key=lambda k: (rows[k].digest, rows[k].label))
        test = dict(zip(order, is_test([rows[k] for k in order]), strict=True))
        order = sorted(order, key=test.__getitem__)  # stable: those for training first
        train = len(order) - sum(test.values())
        source = np.array([at[k] for k in order], int)
        k, *image = shape
        with written_whole(path) as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": (k, len(order), *image)}
            np.lib.format.write_array_header_1_0(file, header)
            for layer in range(k):
                for start in range(0, len(order), ROWS):
                    file.write(x[source[start : start + ROWS], layer].tobytes())
    facts = {"rows": [rows[k] for k in order], "train": train, "left_out": left_out}
    write_atomically(path.with_suffix(".json"), json.dumps(facts).encode())


def _check_room(place: Path, folder: Path, need: int) -> None:
    """Say what the pixels need before any are decoded, and refuse what the disk has no room for."""
    free = shutil.disk_usage(place).free
    if 2 * need > free:
        raise DataError(
            f"The images of {folder} need {megabytes(2 * need)} of disk in {place} while they are decoded, and "
            f"{megabytes(free)} are free: make room, name another folder by LATENT_DECODED, or give a smaller --size."
        )
    print(
        f"{folder}: decoded once into {place}, {megabytes(need)}, which training maps into memory",
        file=sys.stderr,
    )


def megabytes(n: float) -> str:
    """Say how many bytes: "0.4 MB", "23 MB", "1.5 GB"."""
    if n >= 1e9:
        return f"{n / 1e9:.1f} GB"
    return f"{n / 1e6:.0f} MB" if n >= 1e7 else f"{n / 1e6:.1f} MB"


def is_test(rows: Sequence[Row]) -> list[bool]:
    """Mark a tenth as test, by the hash of the content, and at least one: all copies of an image are on one side.

    Items that say their part keep it. Only where all are copies of one image, the first of them is test.
    """
    if any(row.part for row in rows):
        return [row.part == "test" for row in rows]
    digests = [row.digest for row in rows]
    test = [int(digest[:16], 16) % 10 == 0 for digest in digests]
    if not any(test):
        test = [digest == min(digests) for digest in digests]
    if all(test):
        test = [digest != max(digests) for digest in digests]
    if not any(test):
        test = [i == 0 for i in range(len(digests))]
    return test


FEW = 100
"""So many images are very few."""


def check_parts(folder: Path, found: Decoded, what: str = "images") -> None:
    """Refuse a folder without anything for train, or for test, and warn of one that has very little."""
    train, test = found.train, len(found.rows) - found.train
    if not train or not test:
        raise DataError(
            f"{folder} has {train} {what} for train and {test} for test that can be used, but both need at least one: "
            f"add {what}."
        )
    if train < FEW:
        tell(
            f"{folder}: {train} {what} to train on are very few, and a network learns them by heart; "
            "some hundreds are a start, and a GAN wants thousands."
        )


OWN = ("folder:", "pairs:", "unpaired:")
"""How data begin that a card cannot say the place of: it names no paths."""


def remember(sha256: str, spec: str) -> None:
    """Note on this machine, and nowhere else, where data of this hash lie: `folder:PATH` and the like."""
    path, content = home() / f"{sha256}.place", os.fsencode(spec)
    if not path.exists() or path.read_bytes() != content:
        write_atomically(path, content)


def whereabouts(recipe: str, sha256: str) -> str:
    """Return what to load for the recipe of a card, whose own images may lie anywhere.

    Raises DataError if that is not known.
    """
    path = home() / f"{sha256}.place"
    if not recipe.startswith(OWN) or ("/" in recipe and not path.exists()):  # of an older card
        return recipe
    if not path.exists():
        raise DataError(
            f"Where {recipe} lies is not known here: say it once by `python -m training.data "
            f"{recipe.partition(':')[0]}:PATH`."
        )
    turned = ",BtoA" if recipe.endswith(",BtoA") else ""
    return os.fsdecode(path.read_bytes()) + turned
