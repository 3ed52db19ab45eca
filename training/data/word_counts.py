"""Documents as counts of words: what all sets of texts share.

A document is no more than how often each of the vocabulary's words occurs in it. The vocabulary is the
2,000 words that most training documents have, without a stop list; documents that have fewer than five
of its words are left out. No text is stored, only counts, labels and the vocabulary.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from gen_models.numerics.words import counts
from training.data import stored
from training.data.common import DataError, Info, sha256

VOCABULARY = 2_000
"""Words that are counted."""
MIN_WORDS = 5
"""A document with fewer words of the vocabulary, repetitions counted, is left out."""
STOP_WORDS = frozenset((Path(__file__).parent / "stop_words.txt").read_text("utf-8").split())
"""Words that say little of what a text is about."""


class Texts:
    """Holds one split of a set of documents in memory.

    counts: uint8 [n, words], how often each word of the vocabulary occurs
    y: int64 [n], indices into `info.classes`
    words: the vocabulary
    """

    def __init__(self, counts: Tensor, y: Tensor, words: tuple[str, ...], info: Info) -> None:
        self.counts, self.y, self.words, self.info = counts, y, words, info

    def __len__(self) -> int:
        return len(self.counts)

    def part(self, index: Tensor) -> "Texts":
        """Return the documents at these indices, or where a mask is true."""
        return Texts(self.counts[index], self.y[index], self.words, self.info)


class TextSplits(NamedTuple):
    """Holds both splits of a set of documents, as a recipe returns them."""

    train: Texts
    test: Texts


@dataclass(frozen=True)
class Document:
    """Describes one document before its words are counted."""

    words: list[str]
    label: int
    test: bool


def shuffled(n: int) -> np.ndarray:
    """Return n indices in an order that depends on n alone, on any machine."""
    # PCG64's raw stream is fixed; Generator.permutation may change with the version of NumPy.
    return np.argsort(np.random.PCG64(0).random_raw(n), kind="stable")


def vocabulary(documents: Sequence[Document]) -> list[str]:
    """Return the words that most training documents have, in alphabetical order; none is a stop word."""
    seen = Counter(word for d in documents if not d.test for word in set(d.words))
    common = sorted(seen.keys() - STOP_WORDS, key=lambda word: (-seen[word], word))
    return sorted(common[:VOCABULARY])


def counted(documents: Sequence[Document]) -> dict[str, np.ndarray]:
    """Return the arrays that are stored: counts, y and test of each document with enough words, and the words."""
    words = vocabulary(documents)
    table = counts([d.words for d in documents], words)
    enough = table.sum(1, dtype=np.int64) >= MIN_WORDS
    return {
        "counts": table[enough],
        "y": np.array([d.label for d in documents], np.uint8)[enough],
        "test": np.array([d.test for d in documents], bool)[enough],
        "words": np.array(words),
    }


def kept(path: Path, info: Info, make: Callable[[], Sequence[Document]]) -> TextSplits:
    """Return both splits from the file at `path`; it is made first, in shuffled order, if it is not there.

    Raises DataError if what was made is not what the recipe's hash says, or the file is damaged.
    """
    names = ("counts", "y", "test", "words")
    if not path.exists():
        documents = make()
        arrays = counted([documents[i] for i in shuffled(len(documents))])
        if sha256(*arrays.values()) != info.sha256:
            raise DataError(
                f"The texts that were fetched are not the ones expected ({info.source})."
            )
        stored.write(path, info, **arrays)
    table, y, test, words = stored.read(path, info, *names)
    return splits(table, y, test, words, info)


def splits(
    counts: np.ndarray, y: np.ndarray, test: np.ndarray, words: np.ndarray, info: Info
) -> TextSplits:
    """Return what a file holds as both splits."""
    everything = Texts(
        torch.from_numpy(counts), torch.from_numpy(y.astype(np.int64)), tuple(words.tolist()), info
    )
    mask = torch.from_numpy(test)
    return TextSplits(everything.part(~mask), everything.part(mask))
