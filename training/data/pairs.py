"""Load pairs for pix2pix (what is drawn, the wanted image), and two domains for CycleGAN.

    load_pairs("heads-labels", "train")       label maps and heads
    load_pairs("pairs:PATH", "train", 256)    two folders of equal names, or side-by-side images
    load_pairs("earth-pairs,BtoA", "train")   maps and satellite images
    load_unpaired("earth", "train")           satellite and map, of different places
    load_unpaired("unpaired:PATH_A,PATH_B", "train", 256)

`pairs:PATH` holds the folders A and B (with or without folders train and test, or val, in or above
them), or images twice as wide as high, A on the left, as the pix2pix data sets do. Images are
turned upright before sizes are compared and halves are cut; names are partners whatever their
unicode normal form; what cannot be used is counted and named. Maps of labels in flat colours keep
them. `,BtoA` at the end of a name turns the direction round. `unpaired:PATH` holds trainA, trainB, testA and testB, as
the CycleGAN data sets do. Without folders for it, a tenth is test, chosen by content.
"""

import hashlib
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from gen_models.image_files import is_label_map, upright
from training.data import earth, folder, lines, toons
from training.data.common import (
    DataError,
    Images,
    Info,
    Split,
    check_disk,
    fit,
    reason,
    root,
    to_float,
    union,
)
from training.data.decoded import Item, check_parts, decode, remember
from training.data.walk import images_below, readable, tell_left_out

SIZE = 128
"""Side of the images where none is asked for."""
PAIRED = ("heads-labels", "toons-lines", "terrain", "earth-pairs")
UNPAIRED = ("heads-toons", "earth")
SETS = {
    "heads-labels": ("heads", "heads-labels"),
    "toons-lines": ("toons", "toons-lines"),
    "heads-toons": ("heads", "toons"),
    **dict.fromkeys(("terrain", "earth-pairs", "earth"), ("earth",)),
}
"""The recipes that each of these takes."""
RGB = ("red", "green", "blue")
TURNED = ",BtoA"
"""At the end of a name: the second image of a pair is what is drawn."""
SIDES = (FIRST, SECOND) = ("A", "B")
TRAIN, TEST = "train", ("test", "val")


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
    check_disk(*SETS.get(spec, ()))
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
        check_disk(*SETS.get(spec, ()))
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


def _folders(path: Path, size: int) -> tuple[Pairs, Pairs]:
    """Read pairs from a folder; what cannot be used is named, and refused only if too little is left."""
    items, left_out = _items(path)
    if not items:
        tell_left_out(path, left_out, len(left_out))
        raise DataError(f"There are no pairs in {path}.")
    with folder.quiet():
        shape = (2, 3, size, size)
        found = decode(path, items, shape, partial(_pair, path, size), in_order_of_content=False)
    left_out = [*found.left_out, *left_out]
    tell_left_out(path, left_out, len(found.rows) + len(left_out), "pairs and files")
    check_parts(path, found, "pairs")
    content = "".join(f"{row.digest}\n" for row in found.rows)
    name = readable(path.name)
    info = Info(
        name=name, title=f"Pairs of the folder {name}", licence=folder.YOURS, source=f"pairs:{name}",
        sha256=hashlib.sha256(content.encode()).hexdigest(),
    )  # fmt: skip
    remember(info.sha256, f"pairs:{path}")
    c, x = map(torch.from_numpy, found.x)
    parts = slice(None, found.train), slice(found.train, None)
    train, test = (Pairs(c[part], x[part], info, size=size) for part in parts)
    return train, test


def _items(path: Path) -> tuple[list[Item], list[str]]:
    """Find the pairs of a folder in any of its layouts, and all files that have no place in one."""
    layouts = {part: path / part for part in ("", TRAIN, *TEST)}
    two = [part for part, where in layouts.items() if any((where / s).is_dir() for s in SIDES)]
    left_out: list[str] = []
    sides: list[tuple[tuple[str, ...], str]] = []
    if two:
        for part in ("",) if "" in two else two:
            pairs, alone = _matched(path, layouts[part])
            sides += [(pair, part) for pair in pairs]
            left_out += alone
    else:
        found = images_below(path)
        sides = [((name,), "") for name in found.images]
        left_out += found.others
    # The folders for train and test may also lie below A and B, or hold side-by-side images.
    if all(part == "" for _, part in sides):
        parts = [_part(files) for files, _ in sides]
        if TRAIN in parts and not set(parts).isdisjoint(TEST):
            left_out += [
                f"{files[0]} (neither train nor test)"
                for (files, _), part in zip(sides, parts, strict=True)
                if not part
            ]
            sides = [(f, part) for (f, _), part in zip(sides, parts, strict=True) if part]
    held = next((name for name in TEST if any(part == name for _, part in sides)), "")
    return [
        Item(files, part={held: "test"}.get(part, part) if part else "")
        for files, part in sides
        if part in ("", TRAIN, held)
    ], left_out


def _part(files: tuple[str, ...]) -> str:
    """The first folder of a file, below A where it is one of two, if it is one for train or test."""
    first = Path(files[0]).parts[len(files) - 1]
    return first if first in (TRAIN, *TEST) else ""


def _matched(top: Path, where: Path) -> tuple[list[tuple[str, ...]], list[str]]:
    """Match the files below A and B by their names without suffix, in one normal form: pairs, and all others."""
    left_out: list[str] = []
    named: list[dict[str, str]] = []
    for side in SIDES:
        if not (where / side).is_dir():
            raise DataError(f"There is no folder {where / side}.")
        found = images_below(where / side)
        prefix = (where / side).relative_to(top)
        left_out += [str(prefix / other) for other in found.others]
        names: dict[str, str] = {}
        for name in found.images:
            key = readable(Path(name).with_suffix("").as_posix())
            if key in names:
                left_out.append(f"{prefix / name} (of the same name as {Path(names[key]).name})")
            else:
                names[key] = str(prefix / name)
        named.append(names)
    first, second = named
    left_out += [f"{name} (no partner)" for key, name in first.items() if key not in second]
    left_out += [f"{name} (no partner)" for key, name in second.items() if key not in first]
    return [(name, second[key]) for key, name in first.items() if key in second], left_out


def _pair(top: Path, size: int, item: Item) -> tuple[str, list[np.ndarray]] | str:
    """Return a hash of the files and both images uint8 [size, size, 3], turned upright before all else; or a reason."""

    def read() -> tuple[str, list[np.ndarray]]:
        data = [(top / file).read_bytes() for file in item.files]
        images = [upright(folder.opened(each)) for each in data]
        if len(images) == 1:
            width, height = images[0].size
            if width != 2 * height:
                raise folder.Unusable(f"{width} x {height} pixels, not twice as wide as high")
            images = [images[0].crop((k * height, 0, (k + 1) * height, height)) for k in (0, 1)]
        a, b = images
        if a.size != b.size:
            raise folder.Unusable(f"{a.width} x {a.height} and {b.width} x {b.height} pixels")
        return hashlib.sha256(b"".join(data)).hexdigest(), [_square(each, size) for each in (a, b)]

    return folder.or_reason(read)


def _square(image: Image.Image, size: int) -> np.ndarray:
    """The central square; a map of labels keeps its colours."""
    flat = Image.Resampling.NEAREST if is_label_map(image) else Image.Resampling.LANCZOS
    return folder.square(image, size, 3, flat)


def _domains(path: str, split: Split, size: int) -> tuple[Images, Images]:
    whole = Path(path).expanduser()
    if "," in path and not (whole / f"{TRAIN}{FIRST}").is_dir():
        first, second = _two(path)
        if first == second:
            raise DataError(f"Both domains are the folder {first}: name two.")
        loaded = [folder.load(str(each), size, 3)[split != "train"] for each in (first, second)]
        remember(union(*(each.info for each in loaded)).sha256, f"unpaired:{first},{second}")
        return loaded[0], loaded[1]
    home, sides = _folder(path), []
    for side in SIDES:
        items, others = [], []
        for part in (TRAIN, "test"):
            inside = _folder(str(home / f"{part}{side}"))
            found = images_below(inside)
            if not found.images:
                raise DataError(f"There are no images in {inside}.")
            items += [Item((f"{inside.name}/{name}",), part=part) for name in found.images]
            others += [f"{inside.name}/{name}" for name in found.others]
        decoded = folder.squares(home, items, others, size, 3)
        digest = hashlib.sha256("".join(row.digest for row in decoded.rows).encode()).hexdigest()
        name = readable(home.name)
        info = Info(
            name=f"{name}-{side}", title=f"Images of the folder {name}, domain {side}",
            licence=folder.YOURS, source=f"unpaired:{name}", sha256=digest,
        )  # fmt: skip
        part = slice(None, decoded.train) if split == "train" else slice(decoded.train, None)
        sides.append(Images(torch.from_numpy(decoded.x[0])[part], None, info))
    remember(union(*(side.info for side in sides)).sha256, f"unpaired:{home}")
    return sides[0], sides[1]


def _two(path: str) -> tuple[Path, Path]:
    """Read "PATH_A,PATH_B" where a path may hold commas: the one comma with a folder on either side parts them."""
    words = path.split(",")
    ways = [(",".join(words[:k]), ",".join(words[k:])) for k in range(1, len(words))]
    fitting = [
        way for way in ways if all(each and Path(each).expanduser().is_dir() for each in way)
    ]
    if len(fitting) > 1:
        raise DataError(
            f"{path} can be read as two folders in {len(fitting)} ways: rename one of them."
        )
    a, b = (fitting or ways)[0]
    return _folder(a), _folder(b)
