"""Words of a text and how often each occurs: all that models of documents know of it (lecture §1.3)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

MAX_COUNT = 255
"""A word that occurs more often in one text counts this much."""
SHORTEST = 3
"""Letters of the shortest word."""
WORD = re.compile(f"[a-z]{{{SHORTEST},}}")


def tokens(text: str) -> list[str]:
    """The words of a text in order: runs of three or more of the letters a to z, in lower case.

    Letters of other alphabets, digits and signs part words.
    """
    return WORD.findall(text.lower())


def counts(texts: Sequence[Sequence[str]], vocabulary: Sequence[str]) -> np.ndarray:
    """How often each word of the vocabulary occurs in texts that are given as words: uint8 (n, words), at most 255."""
    place = {word: i for i, word in enumerate(vocabulary)}
    table = np.zeros((len(texts), len(place)), np.uint8)
    for row, words in zip(table, texts, strict=True):
        for word, count in Counter(words).items():
            if word in place:
                row[place[word]] = min(count, MAX_COUNT)
    return table
