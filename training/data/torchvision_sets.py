"""Load full MNIST and Fashion-MNIST, in torchvision's layout (`MNIST/raw`, `FashionMNIST/raw`).

torchvision downloads them and checks each file's MD5. Where its mirrors cannot be reached,
Fashion-MNIST also comes from Debian's package `dataset-fashion-mnist`. The headers of its .gz files
lack the published ones' names and have other times, so their MD5 differs. The content is the same
(with names and times put back, the MD5 is the published one), and it is the content that we hash.
"""

import contextlib
import gzip
import io
import shutil
import socket
import subprocess
import sys
import tempfile
import zlib
from dataclasses import replace
from pathlib import Path

from training.data.common import DataError, Images, Info, Splits, sha256
from training.data.torchvision_compat import torchvision

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
DEBIAN_PACKAGE = "dataset-fashion-mnist"
TIMEOUT = 8.0
"""Seconds of silence after which a mirror counts as out of reach."""

# sha256: of x uint8 [n, 28, 28] and y int64 [n], first of train, then of test.
MNIST_INFO = Info(
    name="mnist",
    title="MNIST",
    licence="CC BY-SA 3.0, as commonly given (Y. LeCun, C. Cortes, C. Burges)",
    source="torchvision.datasets.MNIST",
    sha256="",  # not pinned: torchvision's MD5 of each file at download stands guard
    classes=tuple("0123456789"),
)
FASHION_INFO = Info(
    name="fashion",
    title="Fashion-MNIST",
    licence="MIT (Zalando SE)",
    source="torchvision.datasets.FashionMNIST, or Debian dataset-fashion-mnist",
    sha256="050f7be9e1fdbb830bcf90ae3e83424b0016c046a7122ee06248af6d72d5ccda",
    classes=tuple(torchvision.datasets.FashionMNIST.classes),
)


def load_mnist(root: Path) -> Splits:
    """Return 60,000 + 10,000 digits, x uint8 [n, 1, 28, 28]; they are fetched if `root/MNIST/raw` lacks them."""
    return _load(torchvision.datasets.MNIST, MNIST_INFO, root)


def load_fashion(root: Path) -> Splits:
    """Return 60,000 + 10,000 clothes, x uint8 [n, 1, 28, 28]; they are fetched like MNIST."""
    return _load(torchvision.datasets.FashionMNIST, FASHION_INFO, root)


def _load(dataset: type[torchvision.datasets.MNIST], info: Info, root: Path) -> Splits:
    raw = root / dataset.__name__ / "raw"
    if not all((raw / name).exists() for name in FILES):
        _fetch(dataset, raw)
    try:
        sets = [dataset(root, train=train) for train in (True, False)]
    except (OSError, ValueError, RuntimeError, AssertionError, KeyError, IndexError) as error:
        raise DataError(f"{raw} is damaged: delete that folder and try again.") from error
    found = sha256(*(array.numpy() for s in sets for array in (s.data, s.targets)))
    if info.sha256 not in ("", found):
        raise DataError(f"{raw} does not hold {info.title}: delete that folder and try again.")
    info = replace(info, sha256=found)
    return Splits(*(Images(s.data[:, None], s.targets, info) for s in sets))


def _fetch(dataset: type[torchvision.datasets.MNIST], raw: Path) -> None:
    """Put the four files into `raw`: prepared aside, then renamed, so never half there."""
    root = raw.parent.parent
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".fetch-") as folder:
        aside = Path(folder)
        if all((raw / f"{name}.gz").exists() for name in FILES):
            ready = _unpack(raw, aside)
        else:
            ready = _download(dataset, aside)
            if ready is None and dataset is torchvision.datasets.FashionMNIST:
                ready = _from_debian(aside)
        if ready is None:
            raise DataError(
                f"{dataset.__name__} is not in {raw} and its mirrors cannot be reached: connect to "
                f"the internet and try again, or put the set's four .gz files there."
            )
        raw.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            (ready / name).replace(raw / name)


def _download(dataset: type[torchvision.datasets.MNIST], aside: Path) -> Path | None:
    """Return the folder of torchvision's download, or None when no mirror gives it."""
    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)  # torchvision sets none and would wait for minutes
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints each mirror that fails
            return Path(dataset(aside, download=True).raw_folder)
    except (OSError, RuntimeError):
        return None
    finally:
        socket.setdefaulttimeout(patience)


def _from_debian(aside: Path) -> Path | None:
    """Return the folder with Fashion-MNIST out of Debian's package, or None where apt cannot give it."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return None

    def run(*command: str) -> None:
        # On a terminal apt shows its progress; its complaints make way for our one sentence.
        progress = sys.stderr if sys.stderr.isatty() else subprocess.DEVNULL
        subprocess.run(
            command, cwd=aside, check=True, stdout=progress, stderr=subprocess.DEVNULL, timeout=300
        )

    try:
        try:
            run("apt-get", "download", DEBIAN_PACKAGE)
        except subprocess.CalledProcessError:  # perhaps only for want of fresh package lists
            run("apt-get", "update")
            run("apt-get", "download", DEBIAN_PACKAGE)
        run("dpkg-deb", "-x", next(aside.glob("*.deb")).name, "package")
    except (OSError, subprocess.SubprocessError):
        return None
    return _unpack(aside / "package/usr/share/datasets/fashion-mnist", aside)


def _unpack(source: Path, target: Path) -> Path:
    for name in FILES:
        file = source / f"{name}.gz"
        try:
            with gzip.open(file) as packed, (target / name).open("wb") as plain:
                shutil.copyfileobj(packed, plain)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataError(f"{file} is damaged: delete it and try again.") from error
    return target
