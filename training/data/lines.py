"""Draw the cartoon busts in lines: where a drawing of twice the size changes its colour."""

import hashlib
import io
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from training.data import stored, toons
from training.data.common import DataError, uninterrupted

STEP = 22
"""Least difference between neighbours, in grey levels of any channel, that makes a line."""
VERSION = 1
INFO = replace(
    toons.INFO,
    name="toons-lines",
    title="Line drawings and cartoon busts",
    sha256=hashlib.sha256(f"{toons.INFO.sha256} {VERSION} {STEP}".encode()).hexdigest(),
    factors=(),
)


def load(root: Path) -> tuple[Tensor, Tensor]:
    """Return line drawings of train and of test, uint8 [n, 1, 128, 128], dark on white.

    They are in the order of `toons.load`. `root/toons-lines.npz` is built if it is not there.
    Raises DataError like it.
    """
    path = root / "toons-lines.npz"
    if not path.exists():
        toons.check_packages()
        stored.write(path, INFO, c=build(toons.COUNT))
    (c,) = stored.read(path, INFO, "c")
    if c.shape != (toons.COUNT, 1, toons.SIZE, toons.SIZE):
        raise DataError(f"{path} does not hold the drawings it should: delete it and try again.")
    lines = torch.from_numpy(c)
    train = toons.COUNT - int(toons.is_test(_factors(toons.COUNT)).sum())
    return lines[:train], lines[train:]


def build(count: int, seed: int = toons.SEED) -> np.ndarray:
    """Draw uint8 [count, 1, 128, 128], in the order of `toons.build`."""
    order = np.argsort(toons.is_test(_factors(count, seed)), kind="stable")
    with ProcessPoolExecutor(initializer=uninterrupted) as pool:
        try:
            drawn = pool.map(partial(_draw, seed), order.tolist(), chunksize=8)
            bar = tqdm(drawn, INFO.name, count, unit="image", leave=False, disable=None)
            return np.stack(list(bar))[:, None]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def outline(image: np.ndarray) -> np.ndarray:
    """Draw lines uint8 [s, s], dark on white, of an image uint8 [2s, 2s, 3]."""
    levels = image.astype(np.int16)
    step = np.zeros(levels.shape[:2], np.int16)
    step[:, :-1] = np.abs(np.diff(levels, axis=1)).max(2)
    step[:-1] = np.maximum(step[:-1], np.abs(np.diff(levels, axis=0)).max(2))
    half = len(step) // 2
    share = (step > STEP).reshape(half, 2, half, 2).mean((1, 3))
    return np.rint(255 * (1 - np.minimum(1, 2 * share))).astype(np.uint8)


def _draw(seed: int, i: int) -> np.ndarray:
    import resvg_py

    text = toons.svg(toons.toon(seed, i))
    png = resvg_py.svg_to_bytes(svg_string=text, width=2 * toons.SIZE, skip_system_fonts=True)
    return outline(np.asarray(Image.open(io.BytesIO(png)).convert("RGB")))


def _factors(count: int, seed: int = toons.SEED) -> np.ndarray:
    return np.array([toons.toon(seed, i).factors for i in range(count)], np.int8)
