"""Sets of texts: `load_texts("newsgroups", "train")` builds the set if it is not there, as `load` does for images.

`texts:PATH` is for your own: a folder with one folder of .txt files for each class. To add a recipe, write
its module and name it in TEXTS.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from gen_models.numerics.words import tokens
from training.data.common import DataError, Info, Split, reason, root, sha256
from training.data.word_counts import MIN_WORDS, Document, Texts, TextSplits, counted, splits

MAX_BYTES = 10_000_000
"""A text file with more is refused: it is no document."""


def _newsgroups(root: Path) -> TextSplits:
    from training.data import newsgroups

    return newsgroups.load(root)


def _sotu(root: Path) -> TextSplits:
    from training.data import sotu

    return sotu.load(root)


TEXTS: dict[str, Callable[[Path], TextSplits]] = {"newsgroups": _newsgroups, "sotu": _sotu}
"""Recipes by name. Their modules are imported when their data are asked for."""


def load_texts(spec: str, split: Split) -> Texts:
    """Return one split of a set of texts, built first if it is not under `root()`.

    spec: a name in TEXTS, or `texts:PATH` for a folder with one folder of .txt files for each class.
    Raises DataError, with one sentence, for a bad argument or data that are missing or damaged.
    """
    if split not in ("train", "test"):
        raise DataError(f"There is no split '{split}': choose train or test.")
    try:
        if spec.startswith("texts:"):
            splits = folder(spec.removeprefix("texts:"))
        elif spec in TEXTS:
            splits = TEXTS[spec](root())
        else:
            names = ", ".join(TEXTS)
            raise DataError(f"There is no set of texts '{spec}': choose {names} or texts:PATH.")
    except OSError as error:
        raise DataError(
            f"The data set {spec} cannot be read or stored: {reason(error)}."
        ) from error
    return splits.train if split == "train" else splits.test


# texts:PATH


def folder(path: str) -> TextSplits:
    """Return both splits of the .txt files below the folder at `path`: the folders in it are the classes.

    A tenth is test, chosen by the hash of the file's content, so all copies of a text are on one side.
    Raises DataError if there are fewer than two classes, or not enough texts for each split.
    """
    if not path:
        raise DataError("Say which folder of texts: texts:PATH.")
    top = Path(path).expanduser().resolve()
    if not top.is_dir():
        raise DataError(f"There is no folder {top}.")
    found: list[tuple[str, str, str]] = []
    for parent, folders, names in os.walk(top):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            file = Path(parent, name)
            if file.suffix.lower() == ".txt" and not name.startswith(".") and file.parent != top:
                if file.stat().st_size > MAX_BYTES:
                    raise DataError(f"{file} is larger than {MAX_BYTES / 1e6:g} MB: divide it.")
                content = file.read_bytes()
                label = file.relative_to(top).parts[0]
                digest = hashlib.sha256(content).hexdigest()
                found.append((digest, label, content.decode("utf-8", errors="replace")))
    found.sort(key=lambda text: text[:2])
    classes = sorted({label for _, label, _ in found})
    if not 2 <= len(classes) <= 255:
        raise DataError(
            f"{top} must have from 2 to 255 folders with .txt files, one for each class; it has {len(classes)}."
        )
    documents = [
        Document(tokens(text), classes.index(label), int(digest[:16], 16) % 10 == 0)
        for digest, label, text in found
    ]
    arrays = counted(documents)
    info = Info(
        name=top.name,
        title=f"Texts of the folder {top.name}",
        licence="yours: the folder's own",
        source=f"texts:{top.name}",
        sha256=sha256(*arrays.values()),
        classes=tuple(classes),
    )
    result = splits(**arrays, info=info)
    if not len(result.train) or not len(result.test):
        raise DataError(
            f"{top} has too few texts of {MIN_WORDS} words or more ({len(arrays['y'])}): a tenth, chosen by "
            "content, is kept for test, and train and test need at least one each, so add more."
        )
    return result
