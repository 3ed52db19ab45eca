"""Hold what all data recipes share: a set of images, its facts, its hash and its place on disk."""

import hashlib
import multiprocessing
import os
import shutil
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import Dataset

from gen_models.errors import UserError

Split = Literal["train", "test"]


class DataError(UserError):
    """Raised for a fault in the data that the user can put right."""


def reason(error: OSError) -> str:
    """Say why the system refused, and where, without its number: "Permission denied: /data/toons"."""
    if error.strerror is None:
        return str(error)
    return f"{error.strerror}: {error.filename}" if error.filename else error.strerror


@dataclass(frozen=True)
class Info:
    """Holds the facts of a data set that go into a model's card."""

    name: str
    title: str
    licence: str
    source: str
    sha256: str
    """The hash of the content (see each recipe): the same for both splits, any `size` and `channels`."""
    classes: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()
    """Names of the known factors, where the images were made from such."""
    note: str = ""


BLACK_GROUND = ("digits", "mnist", "fashion")
"""Data sets whose images stand on black ground and are nearly black or white: a map of them may leave black corners,
and a probability for each pixel fits them. Neither holds for photographs."""


def border_of(data: str) -> Literal["zeros", "reflection"]:
    """Say what lies beyond the border of a set's images: black where they stand on black, else their mirror."""
    return "zeros" if data in BLACK_GROUND else "reflection"


def union(a: Info, b: Info) -> Info:
    """Return the facts of two sets together, of which a model learnt."""
    texts = ("name", "title", "licence", "source", "note")
    once = {text: dict.fromkeys((getattr(a, text), getattr(b, text))) for text in texts}
    return Info(
        name="-".join(once["name"]),
        title=" and ".join(once["title"]),
        licence="; ".join(once["licence"]),
        source="; ".join(once["source"]),
        sha256=hashlib.sha256(f"{a.sha256} {b.sha256}".encode()).hexdigest(),
        note=" ".join(filter(None, once["note"])),
    )


class Images(Dataset[Tensor]):
    """Holds one split of a data set in memory.

    x: uint8 [n, c, h, w], 0 (black) to 255
    y: int64 [n], indices into `info.classes`; None if the images have no labels
    factors: float32 [n, f], what each image was made from, named by `info.factors`; None if unknown
    """

    def __init__(
        self, x: Tensor, y: Tensor | None, info: Info, factors: Tensor | None = None
    ) -> None:
        self.x, self.y, self.info, self.factors = x, y, info, factors

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int | list[int]) -> Tensor:
        """Return the image [c, h, w] at `index`, or the batch [k, c, h, w] at k indices, in one gather.

        A DataLoader passes lists with `sampler=<batch sampler>, batch_size=None`.
        """
        if isinstance(index, int):
            return self.x[index]
        # 4 to 25 times as fast as x[index] for uint8 on a CPU, but knows no negative indices.
        return self.x.index_select(0, torch.as_tensor(index, dtype=torch.long))

    def mean(self) -> Tensor:
        """Return the mean image [c, h, w] in [0, 1], without a copy of all in floating point."""
        total = sum((part.double().sum(0) for part in self.x.split(1024)), torch.zeros(()))
        return (torch.as_tensor(total) / (255 * len(self))).float()


class Splits(NamedTuple):
    """Holds both splits of a data set, as a recipe returns them."""

    train: Images
    test: Images


def root() -> Path:
    """Return the folder of all data sets: $LATENT_DATA, else `data` in the current folder."""
    return Path(os.environ.get("LATENT_DATA") or "data")


DISK = {
    "digits": ("digits.npz", 2),
    "mnist": ("MNIST/raw/train-images-idx3-ubyte", 70),
    "fashion": ("FashionMNIST/raw/train-images-idx3-ubyte", 90),
    "toons": ("toons.npz", 80),
    "toons-lines": ("toons-lines.npz", 170),
    "heads": ("heads.npz", 400),
    "heads-independent": ("heads-independent.npz", 400),
    "heads-identities": ("heads-identities.npz", 600),
    "heads-swaps": ("heads-swaps.npz", 60),
    "heads-labels": ("heads-labels.npz", 140),
    "earth": ("earth.npz", 80),
}
"""The file that a recipe makes, and the MB of disk that it takes to make it."""


def check_disk(*names: str) -> None:
    """Say what disk recipes will need whose files are not there yet, and refuse where there is less."""
    known = {name: DISK[name] for name in names if name in DISK}
    missing = {name: needs for name, needs in known.items() if not (root() / needs[0]).exists()}
    if not missing:
        return
    need, place = sum(mb for _, mb in missing.values()), root()
    place.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(place).free / 1e6
    if free < need:
        raise DataError(
            f"{' and '.join(missing)} need about {need} MB of disk in {place}, and {free:.0f} MB are free: "
            "make room, or name another folder by LATENT_DATA."
        )
    print(f"{' and '.join(missing)}: about {need} MB of disk in {place}", file=sys.stderr)


def follow_parent() -> None:
    """Call this first in a process of a pool: it ends when the one that started it has ended.

    If that is killed outright, the pool's processes would otherwise wait for its next task for ever.
    """
    if (parent := multiprocessing.parent_process()) is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def uninterrupted() -> None:
    """Do the same, and leave Ctrl-C to the process that started the pool."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    follow_parent()


def _end_after(parent: Any) -> None:
    parent.join()
    os._exit(1)


def to_float(x: Tensor) -> Tensor:
    """uint8 0..255 -> float32 in [0, 1]. In training, pixels change scale here and nowhere else."""
    if x.dtype != torch.uint8:
        raise TypeError(f"to_float expects uint8 pixels, got {x.dtype} (scaled twice?)")
    return x.float() / 255


def sha256(*arrays: np.ndarray) -> str:
    """Hash arrays: of each in turn its dtype, its shape and its bytes in C order."""
    digest = hashlib.sha256()
    for a in arrays:
        digest.update(f"{a.dtype.str}{a.shape}".encode())
        digest.update(np.ascontiguousarray(a).data)
    return digest.hexdigest()


def resized(x: Tensor, size: int) -> Tensor:
    """Resize uint8 [n, c, h, w] to size x size (bicubic, antialiased); what is of that size is kept."""
    if (size, size) == tuple(x.shape[-2:]):
        return x
    parts = [
        F.interpolate(part.float(), (size, size), mode="bicubic", antialias=True)
        .round_()
        .clamp_(0, 255)  # bicubic overshoots at edges
        .to(torch.uint8)
        for part in x.split(1024)
    ]
    return torch.cat(parts)


def fit(images: Images, size: int | None, channels: int | None) -> Images:
    """Resize to size x size (bicubic, antialiased); grey to colour, or colour to grey by luma (BT.601).

    None keeps what is.
    """
    x = images.x if size is None else resized(images.x, size)
    if channels == 1 and x.shape[1] == 3:
        luma = torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)
        parts = [(part * luma).sum(1, keepdim=True).round_() for part in x.split(1024)]
        x = torch.cat(parts).to(torch.uint8)
    elif channels is not None:
        x = x.expand(-1, channels, -1, -1).contiguous()
    return Images(x, images.y, images.info, images.factors)
