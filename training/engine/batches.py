"""Which images of a data set are taken: in each step, and where a few stand for all.

Those of a step are a function of (seed, rank, step), so that a run can be continued.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


class EndlessBatches:
    """Batches of shuffled indices for ever, a new shuffle each epoch, from any starting step.

    Together the ranks walk each epoch once: rank r of w takes every w-th index.
    """

    def __init__(
        self, n: int, batch: int, seed: int, rank: int = 0, world: int = 1, start: int = 0
    ) -> None:
        self.n, self.batch, self.seed = n, batch, seed
        self.rank, self.world, self.start = rank, world, start

    def __iter__(self) -> Iterator[list[int]]:
        step, epoch, order = self.start, -1, np.empty(0, int)
        while True:
            positions = (np.arange(self.batch) + step * self.batch) * self.world + self.rank
            indices = []
            for position in positions.tolist():
                if position // self.n != epoch:
                    epoch = position // self.n
                    order = np.random.default_rng((self.seed, epoch)).permutation(self.n)
                indices.append(int(order[position % self.n]))
            yield indices
            step += 1


def evenly_spaced_indices(n: int, k: int) -> list[int]:
    """k of n indices, in order, with equal distances up to rounding: the first, ..., the last."""
    return np.linspace(0, n - 1, k).astype(int).tolist()


def mix(*parts: int) -> int:
    """One 32-bit seed from several integers."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0])
