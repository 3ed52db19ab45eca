"""Load pairs for pix2pix (what is drawn, the wanted image), and two domains for CycleGAN.

    load_pairs("heads-labels", "train")       label maps and heads
    load_pairs("pairs:PATH", "train", 256)    two folders of equal names, or side-by-side images
    load_pairs("earth-pairs,BtoA", "train")   maps and satellite images
    load_unpaired("earth", "train")           satellite and map, of different places
    load_unpaired("unpaired:PATH_A,PATH_B", "train", 256)

`pairs:PATH` holds the folders A and B (with or without folders train and test, or val, in or above
them), or images twice as wide as high, A on the left, as the pix2pix data sets do. `,BtoA` at the
end of a name turns the direction round. `unpaired:PATH` holds trainA, trainB, testA and testB, as
the CycleGAN data sets do. Without folders for it, a tenth is test, chosen by content.
"""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, UnidentifiedImageError
from torch import Tensor
from torch.utils.data import Dataset

from training.data import earth, folder, lines, toons
from training.data.common import DataError, Images, Info, Split, fit, reason, root, to_float

SIZE = 128
"""Side of the images where none is asked for."""
PAIRED = ("heads-labels", "toons-lines", "terrain", "earth-pairs")
UNPAIRED = ("heads-toons", "earth")
RGB = ("red", "green", "blue")
TURNED = ",BtoA"
"""At the end of a name: the second image of a pair is what is drawn."""
FIRST, SECOND, TRAIN, TEST = "A", "B", "train", ("test", "val")


@dataclass(frozen=True)
class Label:
    """Describes a thing that a label map can show."""

    name: str
    colour: tuple[int, int, int]
    """sRGB, 0..255: how a palette shows it"""


@dataclass(frozen=True)
class Pairs(Dataset[tuple[Tensor, Tensor]]):
    """Holds one split of a set of pairs, in memory, or cut from larger ones when asked for.

    `pairs[i]` is (c [channels, h, w], x [3, h, w]); `pairs[[i, j]]` is a batch of each.
    """

    c: Tensor
    """uint8 [m, channels, h, w], what is drawn: an image, or [m, 1, h, w] indices into `labels`"""
    x: Tensor
    """uint8 [m, 3, h, w], the wanted image"""
    info: Info
    labels: tuple[Label, ...] = ()
    """() if c is an image"""
    channels: tuple[str, ...] = RGB
    """Names of the channels of c"""
    places: Tensor | None = None
    """int64 [n, 5]: image, row and column of the corner of a crop, and whether it is turned upside
    down and mirrored (0, 1). None: the n pairs are c and x as they are."""
    size: int = SIZE
    """Side of the images that indexing gives"""

    def __len__(self) -> int:
        return len(self.x if self.places is None else self.places)

    def __getitem__(self, index: int | list[int]) -> tuple[Tensor, Tensor]:
        """Return the pair at `index`, or a batch of those at k indices."""
        if isinstance(index, int):
            c, x = self[[range(len(self))[index]]]
            return c[0], x[0]
        at = torch.as_tensor(index, dtype=torch.long)
        if self.places is None:
            return self.c.index_select(0, at), self.x.index_select(0, at)
        places = self.places[at].tolist()
        return self._cut(self.c, places), self._cut(self.x, places)

    def _cut(self, layers: Tensor, places: list[list[int]]) -> Tensor:
        crops = []
        for i, y, x, down, flipped in places:
            crop = layers[i, :, y : y + self.size, x : x + self.size]
            turned = [axis for axis, flip in ((1, down), (2, flipped)) if flip]
            crops.append(crop.flip(turned) if turned else crop)
        return torch.stack(crops)


def encode(pairs: Pairs, c: Tensor) -> Tensor:
    """Turn c uint8 [k, channels, h, w] into what a network takes, float32 in [0, 1]: labels one-hot [k, l, h, w]."""
    if not pairs.labels:
        return to_float(c)
    return F.one_hot(c[:, 0].long(), len(pairs.labels)).movedim(-1, 1).float()


def load_pairs(spec: str, split: Split, size: int | None = None) -> Pairs:
    """Return one split of a set of pairs, size x size; it is built first if it is not there.

    Raises DataError, with one sentence, for a bad argument or data that are missing or damaged.
    """
    size = _checked(spec, split, size)
    named = spec.removesuffix(TURNED)
    try:
        pairs = _named(named, split, size)
    except OSError as error:
        raise DataError(
            f"The data set {spec} cannot be read or stored: {reason(error)}."
        ) from error
    if named == spec:
        return pairs
    if pairs.c.shape[1] != 3:
        raise DataError(f"{named} cannot be turned round: what is drawn is no image.")
    return replace(pairs, c=pairs.x, x=pairs.c)


def _named(spec: str, split: Split, size: int) -> Pairs:
    if spec == "heads-labels":
        return _heads_labels(split, size)
    if spec == "toons-lines":
        return _toons_lines(split, size)
    if spec == "terrain":
        return _terrain(split, size)
    if spec == "earth-pairs":
        return _earth_pairs(split, size)
    if spec.startswith("pairs:"):
        path = spec.removeprefix("pairs:").removesuffix(",AtoB")
        return _folders(_folder(path), size)[split != "train"]
    raise DataError(
        f"There are no pairs '{spec}': choose {', '.join(PAIRED)} or pairs:PATH; {TURNED} at the "
        "end turns images round."
    )


def load_unpaired(spec: str, split: Split, size: int | None = None) -> tuple[Images, Images]:
    """Return one split of two domains, size x size, of different lengths.

    No image of one has its partner in the other in training. In the test of earth, images of
    equal index show the same place. Raises DataError like `load_pairs`.
    """
    size = _checked(spec, split, size)
    try:
        if spec == "heads-toons":
            from training.data import heads  # which imports numba

            sets = (heads.load(heads.SETS[0], root()), toons.load(root()))
            a, b = (fit(each[split != "train"], size, 3) for each in sets)
            return a, b
        if spec == "earth":
            return _earth(split, size)
        if spec.startswith("unpaired:"):
            return _domains(spec.removeprefix("unpaired:"), split, size)
    except OSError as error:
        raise DataError(
            f"The data set {spec} cannot be read or stored: {reason(error)}."
        ) from error
    raise DataError(
        f"There are no two domains '{spec}': choose {', '.join(UNPAIRED)}, unpaired:PATH or "
        "unpaired:PATH_A,PATH_B."
    )


def _checked(spec: str, split: Split, size: int | None) -> int:
    if split not in ("train", "test"):
        raise DataError(f"There is no split '{split}': choose train or test.")
    if size is not None and not 16 <= size <= 1024:
        raise DataError(f"The size must be between 16 and 1024 pixels, not {size}.")
    return size or SIZE


# Named sets


def _heads_labels(split: Split, size: int) -> Pairs:
    from training.data import heads
    from training.data.heads.labels import LABELS

    labels = heads.load_labels(root())[split != "train"]
    images = fit(heads.load(heads.SETS[0], root())[split != "train"], size, 3)
    if size != heads.SIZE:  # indices have no values in between
        rows = torch.arange(size) * heads.SIZE // size
        labels = labels[:, :, rows][:, :, :, rows]
    digest = hashlib.sha256(f"{images.info.sha256} {list(LABELS)}".encode()).hexdigest()
    info = replace(
        images.info, name="heads-labels", title="Label maps and rendered heads",
        sha256=digest, factors=(),
    )  # fmt: skip
    palette = tuple(Label(name, colour) for name, colour in LABELS.items())
    return Pairs(labels, images.x, info, palette, ("label",), size=size)


def _toons_lines(split: Split, size: int) -> Pairs:
    images = toons.load(root())[split != "train"]
    drawings = lines.load(root())[split != "train"]
    info = replace(lines.INFO, note=images.info.note)
    c = fit(Images(drawings, None, info), size, None).x
    return Pairs(c, fit(images, size, None).x, info, (), ("line",), size=size)


def _terrain(split: Split, size: int) -> Pairs:
    maps = earth.load(root())
    stride = earth.STRIDE if split == "train" else size // 4
    at = earth.corners(maps.terrain[1], size, split, stride)
    info = replace(earth.INFO, name="terrain", title="Height and water, and the satellite's view")
    names = ("height", "water")
    if split == "test":
        c, x = (earth.cut(layer, at, size) for layer in (maps.terrain, maps.satellite))
        return Pairs(c, x, info, (), names, size=size)
    flips = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
    places = torch.cat(
        [torch.zeros(4 * len(at), 1, dtype=torch.long), at.repeat_interleave(4, 0),
         flips.repeat(len(at), 1)], 1,
    )  # fmt: skip
    return Pairs(maps.terrain[None], maps.satellite[None], info, (), names, places, size)


def _earth_pairs(split: Split, size: int) -> Pairs:
    """Pair satellite and map of the same places, never together in CycleGAN. The test images are those of earth."""
    maps = earth.load(root())
    at = earth.corners(maps.terrain[1], size, split, size // 4)
    info = replace(earth.INFO, name="earth-pairs", title="Earth: satellite and map")
    return Pairs(
        earth.cut(maps.satellite, at, size), earth.cut(maps.relief, at, size), info, size=size
    )


def _earth(split: Split, size: int) -> tuple[Images, Images]:
    maps, domains = earth.load(root()), []
    titles = ("satellite", "map")
    for half, layer in enumerate((maps.satellite, maps.relief)):
        hidden = half if split == "train" else None
        at = earth.corners(maps.terrain[1], size, split, size // 4, hidden)
        info = replace(earth.INFO, name=f"earth-{titles[half]}", title=f"Earth: {titles[half]}")
        domains.append(Images(earth.cut(layer, at, size), None, info))
    return domains[0], domains[1]


# Folders


def _folder(path: str) -> Path:
    if not path:
        raise DataError("Say which folder: pairs:PATH or unpaired:PATH_A,PATH_B.")
    found = Path(path).expanduser().resolve()
    if not found.is_dir():
        raise DataError(f"There is no folder {found}.")
    return found


def _images(path: Path) -> dict[str, Path]:
    """Map names without suffix, relative to `path`, to files, in order. Files of other kinds are refused."""
    found = {}
    for file in sorted(path.rglob("*")):
        parts = file.relative_to(path)
        if file.is_dir() or any(part.startswith(".") for part in parts.parts):
            continue
        if file.suffix.lower() not in folder.SUFFIXES:
            raise DataError(f"{file} is not an image: a folder of pairs holds nothing else.")
        name = parts.with_suffix("").as_posix()
        if name in found:
            raise DataError(f"{found[name]} and {file} have the same name: keep one of them.")
        found[name] = file
    if not found:
        raise DataError(f"There are no images in {path}.")
    return found


def _folders(path: Path, size: int) -> tuple[Pairs, Pairs]:
    files = {}
    sides: dict[str, list[tuple[Path, ...]]] = {}
    if (path / FIRST).is_dir() or (path / SECOND).is_dir():
        sides[""] = list(_matched(path / FIRST, path / SECOND))
    else:
        for name in (TRAIN, *TEST):
            part = path / name
            if (part / FIRST).is_dir() or (part / SECOND).is_dir():
                sides[name] = list(_matched(part / FIRST, part / SECOND))
            elif part.is_dir():
                sides[name] = [(file,) for file in _images(part).values()]
        if not sides:
            sides[""] = [(file,) for file in _images(path).values()]
    if "" in sides:  # A/train, A/test and so on
        for pair in sides[""]:
            first = pair[0].relative_to(path / FIRST if len(pair) == 2 else path).parts[0]
            files.setdefault(first if first in (TRAIN, *TEST) else "", []).append(pair)
        sides = files if set(files) <= {TRAIN, *TEST} else {"": sides[""]}
    stamps = tuple(
        (name, tuple((pair, *(file.stat().st_mtime_ns for file in pair)) for pair in pairs))
        for name, pairs in sides.items()
    )
    return _read_pairs(path, size, stamps)


def _matched(a: Path, b: Path) -> Iterator[tuple[Path, Path]]:
    for side in (a, b):
        if not side.is_dir():
            raise DataError(f"There is no folder {side}.")
    first, second = _images(a), _images(b)
    for here, there, place in ((first, second, b), (second, first, a)):
        alone = sorted(here.keys() - there.keys())
        if alone:
            raise DataError(f"{here[alone[0]]} has no partner of that name in {place}.")
    return ((file, second[name]) for name, file in first.items())


@lru_cache(maxsize=1)
def _read_pairs(path: Path, size: int, stamps: tuple) -> tuple[Pairs, Pairs]:
    read = {name: [_pair(entry[0], size) for entry in entries] for name, entries in stamps}
    if "" in read:
        test = [int(digest[:16], 16) % 10 == 0 for digest, _, _ in read[""]]
        train = [pair for pair, held in zip(read[""], test, strict=True) if not held]
        held = [pair for pair, held in zip(read[""], test, strict=True) if held]
    else:
        train = read.get(TRAIN, [])
        held = next((read[name] for name in TEST if name in read), [])
    if not train or not held:
        raise DataError(
            f"{path} has pairs for {len(train)} of train and {len(held)} of test, but both need "
            "at least one: add pairs, or folders train and test."
        )
    content = "".join(f"{digest}\n" for digest, _, _ in [*train, *held])
    info = Info(
        name=path.name, title=f"Pairs of the folder {path.name}",
        licence="yours: the folder's own", source=f"pairs:{path.name}",
        sha256=hashlib.sha256(content.encode()).hexdigest(),
    )  # fmt: skip
    splits = []
    for pairs in (train, held):
        c, x = (torch.from_numpy(np.stack([pair[k] for pair in pairs])) for k in (1, 2))
        c, x = (each.permute(0, 3, 1, 2).contiguous() for each in (c, x))
        splits.append(Pairs(c, x, info, size=size))
    return splits[0], splits[1]


def _pair(files: tuple[Path, ...], size: int) -> tuple[str, np.ndarray, np.ndarray]:
    """Return a hash of the files, and both images uint8 [size, size, 3]."""
    data = [file.read_bytes() for file in files]
    images = [_open(file, each) for file, each in zip(files, data, strict=True)]
    if len(images) == 1:
        width, height = images[0].size
        if width != 2 * height:
            raise DataError(
                f"{files[0]} is {width} x {height} pixels: side-by-side images are twice as wide as high."
            )
        images = [images[0].crop((k * height, 0, (k + 1) * height, height)) for k in (0, 1)]
    a, b = images
    if a.size != b.size:
        raise DataError(
            f"{files[0]} is {a.width} x {a.height} pixels, but {files[1]} {b.width} x {b.height}: "
            "the two of a pair have one size."
        )
    squares = [folder.square(image, size, 3) for image in images]
    return hashlib.sha256(b"".join(data)).hexdigest(), squares[0], squares[1]


def _open(file: Path, data: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=folder.FORMATS)
        if image.width * image.height > folder.MAX_PIXELS:
            raise DataError(f"{file} is too large: {image.width} x {image.height} pixels.")
        image.load()
    except UnidentifiedImageError as error:
        raise DataError(f"{file} is not an image.") from error
    except folder.DAMAGED as error:
        raise DataError(f"{file} is a damaged image.") from error
    return image


def _domains(path: str, split: Split, size: int) -> tuple[Images, Images]:
    if "," in path:
        a, b = path.split(",", 1)
        first, second = _folder(a), _folder(b)
        if first == second:
            raise DataError(f"Both domains are the folder {first}: name two.")
        loaded = [folder.load(str(each), size, 3)[split != "train"] for each in (first, second)]
        return loaded[0], loaded[1]
    home, sides = _folder(path), []
    for side in (FIRST, SECOND):
        parts = [
            folder.squares(_folder(str(home / f"{name}{side}")), size) for name in ("train", "test")
        ]
        digest = hashlib.sha256("".join(d for part in parts for d in part[0]).encode()).hexdigest()
        info = Info(
            name=f"{home.name}-{side}", title=f"Images of the folder {home.name}, domain {side}",
            licence="yours: the folder's own", source=f"unpaired:{home.name}", sha256=digest,
        )  # fmt: skip
        sides.append(Images(parts[split != "train"][1], None, info))
    return sides[0], sides[1]
