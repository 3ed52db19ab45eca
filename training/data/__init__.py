"""Build data sets from recipes: `load("digits", "train")` builds the set if it is not there, checks its
hash and returns it in memory. `python -m training.data NAME` does so ahead of time.

A recipe is a function from the data folder to both splits. To add one, write its module and name it
in RECIPES. Its module is imported when its data are asked for, since some import much.
"""

from collections.abc import Callable
from pathlib import Path

from training.data import folder
from training.data.common import (
    DataError,
    Images,
    Info,
    Split,
    Splits,
    check_disk,
    fit,
    reason,
    root,
    to_float,
)

__all__ = ["RECIPES", "DataError", "Images", "Info", "Split", "load", "root", "to_float"]


def _digits(root: Path) -> Splits:
    from training.data import digits

    return digits.load(root)


def _mnist(root: Path) -> Splits:
    from training.data import torchvision_sets

    return torchvision_sets.load_mnist(root)


def _fashion(root: Path) -> Splits:
    from training.data import torchvision_sets

    return torchvision_sets.load_fashion(root)


def _toons(root: Path) -> Splits:
    from training.data import toons

    return toons.load(root)


def _heads(name: str) -> Callable[[Path], Splits]:
    def load(root: Path) -> Splits:
        from training.data import heads

        return heads.load(next(each for each in heads.SETS if each.name == name), root)

    return load


RECIPES: dict[str, Callable[[Path], Splits]] = {
    "digits": _digits,
    "mnist": _mnist,
    "fashion": _fashion,
    "toons": _toons,
    **{name: _heads(name) for name in ("heads", "heads-independent", "heads-identities")},
}


def load(
    spec: str, split: Split, *, size: int | None = None, channels: int | None = None
) -> Images:
    """Return one split of a data set, built or downloaded first if it is not under `root()`.

    spec: a name in RECIPES, or `folder:PATH` for any folder of images.
    size: side of the square images in pixels; None: the set's own, or 64 for a folder.
    channels: 1 or 3; None: the set's own, or 3 for a folder.
    Raises DataError, with one sentence, for a bad argument or data that are missing or damaged.
    """
    if split not in ("train", "test"):
        raise DataError(f"There is no split '{split}': choose train or test.")
    if size is not None and not 1 <= size <= 1024:
        raise DataError(f"The size must be between 1 and 1024 pixels, not {size}.")
    if channels not in (None, 1, 3):
        raise DataError(f"Images have 1 channel (grey) or 3 (colour), not {channels}.")
    try:
        if spec.startswith("folder:"):
            splits = folder.load(spec.removeprefix("folder:"), size or 64, channels or 3)
            return _pick(splits, split)
        if spec in RECIPES:
            check_disk(spec)
            return fit(_pick(RECIPES[spec](root()), split), size, channels)
    except OSError as error:  # no room, no permission, a file where a folder should be
        raise DataError(
            f"The data set {spec} cannot be read or stored: {reason(error)}."
        ) from error
    names = ", ".join(RECIPES)
    raise DataError(f"There is no data set '{spec}': choose {names} or folder:PATH.")


def _pick(splits: Splits, split: Split) -> Images:
    return splits.train if split == "train" else splits.test
