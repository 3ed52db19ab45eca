"""How well near codes belong to documents of the same topic: what codes of documents are judged by (lecture §1.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

Array = np.ndarray

NEIGHBOURS = 15
"""Documents that vote on the topic of another one."""
RETRIEVED = (1, 3, 7, 15, 31, 63, 127, 255, 511, 1023)
"""How many documents are retrieved, as in Hinton and Salakhutdinov 2006."""
AT_ONCE = 256


class Retrieval(NamedTuple):
    """Says how well documents of the same topic are found."""

    accuracy: float
    """Share of queries whose topic is that of most of their NEIGHBOURS nearest documents."""
    mean_average_precision: float
    precision: dict[int, float]
    """Share of the same topic among the first documents retrieved, by their number."""


def retrieve(queries: Array, y: Array, codes: Array, labels: Array) -> Retrieval:
    """Rank all documents by their distance to each query, and compare topics.

    Two-dimensional codes are compared by Euclidean distance, bits (−1 or 1) by Hamming distance, others by their
    cosine. Of documents that are equally far, as is usual for bits, the first one comes first.

    Args:
        queries: codes (q, k).
        y: their topics, int (q,).
        codes: codes (n, k) of the documents that are searched.
        labels: their topics, int (n,).
    """
    right, average, precision, done = [], [], [], 0
    numbers = [n for n in RETRIEVED if n <= len(codes)]
    for order in _ranked(queries, codes):
        same = labels[order] == y[done : done + len(order), None]
        done += len(order)
        votes = _votes(labels[order[:, :NEIGHBOURS]], int(labels.max()) + 1)
        right.append(votes.argmax(1) == y[done - len(order) : done])
        average.append(average_precision(same))
        precision.append(same.cumsum(1)[:, np.array(numbers) - 1] / numbers)
    means = np.concatenate(precision).mean(0)
    return Retrieval(
        float(np.concatenate(right).mean()),
        float(np.concatenate(average).mean()),
        dict(zip(numbers, means.tolist(), strict=True)),
    )


def average_precision(same: Array) -> Array:
    """The mean, over the documents of a query's topic, of the precision at their rank: (q,), 0 where there is none.

    Args:
        same: bool (q, n), whether the documents are of the query's topic, the nearest first.
    """
    precision = same.cumsum(1) / np.arange(1, same.shape[1] + 1)
    return (precision * same).sum(1) / same.sum(1).clip(1)


def _ranked(queries: Array, codes: Array) -> Iterator[Array]:
    """Indices of all documents, the nearest first, for some queries after the others: int (q', n)."""
    bits = (
        np.abs(codes) == 1
    )  # all of one length: the distance below is then an integer, and ties are exact
    if queries.shape[1] > 2 and not bits.all():
        queries, codes = (
            x / np.linalg.norm(x, axis=1, keepdims=True).clip(1e-9) for x in (queries, codes)
        )
    for start in range(0, len(queries), AT_ONCE):
        part = queries[start : start + AT_ONCE]
        # ‖a − b‖² − ‖a‖², which orders the same; between unit vectors it is 1 − 2 cos.
        yield np.argsort(np.square(codes).sum(1) - 2 * part @ codes.T, axis=1, kind="stable")


def _votes(labels: Array, classes: int) -> Array:
    """How many of each row have each label: (q, classes)."""
    return (labels[:, :, None] == np.arange(classes)).sum(1)
