"""Draw 10,000 cartoon busts with known factors: DiceBear's style toon-head, at 128 x 128 pixels.

The drawing is "ToonHead" by Johan Melin, as DiceBear remixed it. Its parts are few: `PARTS` has
75,000 ways to combine them. The rest of the variety is ours. Every colour is drawn from a palette
of everyday ones and then moved a little, but stays nearest to its entry. Eyes, eyebrows and mouth
move by a pixel or so and change in size. The outlines are thicker than DiceBear's, which vanish at
this size, and the lines of the face are darker, so that they show on every tone of skin.

A tenth is test, chosen by the combination of parts: no test image has the shapes of a training
image in other colours, let alone its twin.
"""

import hashlib
import importlib.metadata
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from gen_models.files import written_whole
from training.data.common import DataError, Images, Info, Splits, sha256, uninterrupted

COUNT, SIZE, SEED = 10_000, 128, 0
RECIPE = 1  # to be raised with any change that the SVG texts do not show
PACKAGES = {"dicebear-core": "10.7.0", "dicebear-styles": "10.6.0", "resvg-py": "0.5.0"}

PARTS = {
    "hair": ("bun", "sideComed", "spiky", "undercut"),
    "rearHair": ("neckHigh", "shoulderHigh", "longStraight", "longWavy"),
    "eyebrows": ("neutral", "happy", "raised", "sad", "angry"),
    "eyes": ("happy", "wide", "wink", "bow", "humble"),
    "mouth": ("smile", "laugh", "agape", "sad", "angry"),
    "beard": ("moustacheTwirl", "chin", "chinMoustache", "fullBeard", "longBeard"),
    "clothes": ("tShirt", "shirt", "openJacket", "turtleNeck", "dress"),
}
"""DiceBear's components and the names of their variants."""
ABSENT = {"rearHair": 0.5, "beard": 0.6}
"""How often a part is left out, where it may be."""

COLOURS = {
    "background": {
        "blue": "b6e3f4", "lilac": "d2b8ee", "periwinkle": "b9c6f7", "pink": "ffd0da",
        "peach": "ffd6b0", "green": "c3e6c5", "grey": "e3e6ea", "yellow": "f6eaa4",
    },
    "skin": {
        "tone 1": "fddfcf", "tone 2": "f6c9a8", "tone 3": "e8b084", "tone 4": "d3946a",
        "tone 5": "b87a4e", "tone 6": "9c6640", "tone 7": "7e5033", "tone 8": "65402a",
    },
    "hair": {
        "black": "1b1412", "dark brown": "3b2417", "brown": "5d3a22", "light brown": "8a5a2f",
        "dark blond": "b98243", "blond": "e0bd7a", "red": "a33c1a", "grey": "9a9a9a",
        "white": "ece8e0",
    },
    "clothes": {
        "slate": "2f4858", "blue": "33658a", "sky": "86bbd8", "olive": "758e4f",
        "yellow": "f6ae2d", "orange": "f26419", "wine": "8e3b46", "rose": "c1666b",
        "violet": "5e548e", "white": "f2f2f2", "black": "333333",
    },
}  # fmt: skip
"""Palettes: a name for each colour, and its sRGB as hex."""
SHADE, TINT = 0.05, 0.02
"""How far a colour moves at most, as a share: all channels together, and each on its own."""

MOVABLE = {"eyes": (131, 37), "eyebrows": (119, 47), "mouth": (58, 26)}
"""Parts that move and change in size, and their middles in units of the drawing (768 across)."""
MOVE, SCALE = 7, 0.08
"""How far: units up or down (a pixel is six), and the share by which a part grows or shrinks."""
OUTLINE = 5
"""Width of the outlines in units of the drawing; DiceBear's is 1."""
INK = {
    r'(<path [^>]*)fill="#4B2422"': r'\1fill="#1c0f0e"',  # lids and lashes; irises stay brown
    'fill="#3F2626" fill-opacity=".5"': 'fill="#1c0f0e" fill-opacity=".75"',  # closed mouths
}
"""Lines that vanish on the darker tones of skin (patterns), and what is drawn instead."""

VALUES = {
    **{f"{name}Variant": variants for name, variants in PARTS.items()},
    **{f"{name}Color": tuple(palette) for name, palette in COLOURS.items()},
}
"""The factors, named as DiceBear's options, and the names of their values."""

INFO = Info(
    name="toons",
    title="10,000 cartoon busts",
    licence="CC BY 4.0 (Toon Head by Johan Melin, through DiceBear), with changes",
    source="PyPI dicebear-core 10.7.0, dicebear-styles 10.6.0",
    # Of packages, recipe, seed and SVG texts: see `fingerprint`.
    sha256="5d581825ea8037ed95d27f3a019db71f217b0cd8bc0bfed809dc101daeec3fae",
    factors=tuple(VALUES),
    note=(
        "Changed by us: recoloured, lines thickened and darkened, eyes, eyebrows and mouths moved. "
        "The original: https://www.figma.com/community/file/1589627891082866389, "
        "https://creativecommons.org/licenses/by/4.0/."
    ),
)


class Toon(NamedTuple):
    """Describes one cartoon that is yet to be drawn.

    factors: an index per entry of `VALUES`; -1 if the part is absent
    options: what DiceBear is told
    nudges: how parts are moved and scaled, as the value of SVG's `transform`
    """

    factors: tuple[int, ...]
    options: dict[str, Any]
    nudges: dict[str, str]


def toon(seed: int, i: int) -> Toon:
    """Return cartoon number `i`, which depends on `seed` and `i` alone, on any machine.

    Only sums and products of floats are used, and PCG64's raw stream, which is fixed for good.
    """
    uniform = iter(((np.random.PCG64([seed, i]).random_raw(64) >> 11) * 2.0**-53).tolist())

    def within(limit: float) -> float:
        return limit * (2 * next(uniform) - 1)

    factors: list[int] = []
    options: dict[str, Any] = {"seed": "toon"}  # nothing is left for DiceBear to choose
    for name, variants in PARTS.items():
        index = int(next(uniform) * len(variants))
        present = next(uniform) >= ABSENT.get(name, 0)
        factors.append(index if present else -1)
        options[f"{name}Variant"] = variants[index]
        options[f"{name}Probability"] = 100 if present else 0
    for name, palette in COLOURS.items():
        index = int(next(uniform) * len(palette))
        factors.append(index)
        shade = 1 + within(SHADE)
        rgb = bytes.fromhex([*palette.values()][index])
        moved = (min(round(level * (shade + within(TINT))), 255) for level in rgb)
        options[f"{name}Color"] = bytes(moved).hex()
    nudges = {
        name: f"translate({x} {y + within(MOVE):.2f}) scale({1 + within(SCALE):.3f}) "
        f"translate({-x} {-y})"
        for name, (x, y) in MOVABLE.items()
    }
    return Toon(tuple(factors), options, nudges)


def svg(toon: Toon) -> str:
    """Return the drawing as SVG text, with our changes."""
    from dicebear import Avatar

    text = str(Avatar(_style(), toon.options))
    text = text.replace("<svg ", f'<svg stroke-width="{OUTLINE}" ', 1)
    for faint, clear in INK.items():
        text = re.sub(faint, clear, text)
    for name, nudge in toon.nudges.items():
        text = re.sub(rf'(<use transform="[^"]*)(" href="#{name}-)', rf"\1 {nudge}\2", text)
    return text


def pixels(text: str) -> np.ndarray:
    """Render an SVG text as uint8 [3, 128, 128]: the mean of 2 x 2 pixels of a rendering at 256 x 256."""
    import resvg_py

    png = resvg_py.svg_to_bytes(svg_string=text, width=2 * SIZE, skip_system_fonts=True)
    image = Image.open(io.BytesIO(png)).convert("RGB").reduce(2)
    return np.asarray(image).transpose(2, 0, 1)


def load(root: Path) -> Splits:
    """Return both splits, x uint8 [n, 3, 128, 128]; `root/toons.npz` is built if it is not there.

    Raises DataError if the file is damaged or not of this recipe, or if it cannot be built because
    a package is missing or of another version.
    """
    path = root / "toons.npz"
    if path.exists():
        x, factors = _read(path)
    else:
        check_packages()
        x, factors, found = build(COUNT)
        if found != INFO.sha256:
            raise DataError(f"The cartoons that were drawn are not the expected ({INFO.source}).")
        _write(path, x, factors)
    train = len(x) - int(is_test(factors).sum())
    x, factors = torch.from_numpy(x), torch.from_numpy(factors.astype(np.float32))
    return Splits(
        Images(x[:train], None, INFO, factors[:train]),
        Images(x[train:], None, INFO, factors[train:]),
    )


def build(count: int, seed: int = SEED) -> tuple[np.ndarray, np.ndarray, str]:
    """Draw cartoons 0 to `count` - 1, those for training first; return images, factors and fingerprint.

    They are drawn by as many processes as there are cores.

    Returns:
        x uint8 [count, 3, 128, 128]; factors int8 [count, f], as in `Toon`; `fingerprint`, which
        is taken before the rows are reordered.
    """
    factors = np.array([toon(seed, i).factors for i in range(count)], np.int8)
    order = np.argsort(is_test(factors), kind="stable")
    row = np.argsort(order)  # of cartoon i
    x = np.empty((count, 3, SIZE, SIZE), np.uint8)
    digests: list[bytes] = []
    with ProcessPoolExecutor(initializer=uninterrupted) as pool:
        try:
            drawn = pool.map(partial(_draw, seed), range(count), chunksize=8)
            bar = tqdm(drawn, "toons", count, unit="image", leave=False, disable=None)
            for i, (image, digest) in enumerate(bar):
                x[row[i]] = image
                digests.append(digest)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return x, factors[order], fingerprint(seed, digests)


def fingerprint(seed: int, digests: Iterable[bytes]) -> str:
    """Hash what determines the images: packages, recipe, seed and SVG texts.

    Not of the pixels, as resvg's floats may round differently on another kind of processor.

    digests: SHA-256 of each SVG text, in the order of the cartoons' numbers
    """
    head = json.dumps([PACKAGES, RECIPE, SIZE, seed]).encode()
    return hashlib.sha256(head + b"".join(digests)).hexdigest()


def is_test(factors: np.ndarray) -> np.ndarray:
    """Mark about a tenth as test, bool [n], by a hash of the combination of parts, not of the colours.

    factors: [n, f], as in `Toon`
    """
    shapes = np.ascontiguousarray(factors[:, : len(PARTS)], np.int8)
    digests = (hashlib.sha256(row.tobytes()).hexdigest() for row in shapes)
    return np.array([int(digest[:16], 16) % 10 == 0 for digest in digests], bool)


def check_packages() -> None:
    """Raise DataError if a package that draws is missing or not of the version in `PACKAGES`."""
    command = "pip install " + " ".join(f"{name}=={version}" for name, version in PACKAGES.items())
    for name, version in PACKAGES.items():
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError as error:
            raise DataError(
                f"The cartoons are drawn by {name}, which is not installed: run `{command}`."
            ) from error
        if found != version:
            raise DataError(
                f"{name} {found} would draw other cartoons than {version}: run `{command}`."
            )


def _draw(seed: int, i: int) -> tuple[np.ndarray, bytes]:
    text = svg(toon(seed, i))
    return pixels(text), hashlib.sha256(text.encode()).digest()


@cache
def _style() -> Any:
    from dicebear import Style

    return Style(json.loads(files("dicebear_styles").joinpath("toon-head.json").read_text("utf-8")))


_DAMAGE = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return x and factors as in `build`."""
    try:
        with np.load(path, allow_pickle=False) as file:
            x, factors, meta = file["x"], file["factors"], json.loads(str(file["meta"]))
        recipe, checksum = meta["info"]["sha256"], meta["checksum"]
    except _DAMAGE as error:
        raise DataError(f"{path} is damaged: delete it and try again.") from error
    if recipe != INFO.sha256:
        raise DataError(f"{path} was made by another recipe: delete it and try again.")
    if sha256(x, factors) != checksum:
        raise DataError(f"{path} is damaged: delete it and try again.")
    return x, factors


def _write(path: Path, x: np.ndarray, factors: np.ndarray) -> None:
    """Write x, factors, split (0 train, 1 test) and meta (JSON: facts, names of the factors' values and a
    checksum of x and factors); never half there.
    """
    meta = {"info": asdict(INFO), "values": VALUES, "checksum": sha256(x, factors)}
    path.parent.mkdir(parents=True, exist_ok=True)
    split = is_test(factors).astype(np.uint8)
    with written_whole(path) as file:
        np.savez_compressed(
            file, x=x, factors=factors, split=split, meta=np.array(json.dumps(meta))
        )
