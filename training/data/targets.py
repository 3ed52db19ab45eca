"""Turn the known factors of a data set into targets: amounts as they are, kinds as one indicator for each value."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from training.data import Images

MAX_KINDS = 12
"""A factor of whole numbers with at most this many values is a kind, not an amount."""


class Targets:
    """Puts factors in standard form: columns of mean 0 and variance 1 over the training split they are fitted to."""

    def __init__(self, train: Images) -> None:
        """Fit to `train`, which must have factors."""
        assert train.factors is not None
        self.values: list[Tensor | None] = []
        """The values of each factor that is a kind; None for an amount."""
        self.columns: dict[str, slice] = {}
        """Where each factor's columns are, by its name."""
        start = 0
        for name, column in zip(train.info.factors, train.factors.T, strict=True):
            values = column.unique()
            kind = len(values) <= MAX_KINDS and bool((values == values.round()).all())
            self.values.append(values if kind else None)
            self.columns[name] = slice(start, start + (len(values) if kind else 1))
            start = self.columns[name].stop
        raw = self._raw(train.factors)
        self.mean, self.std = raw.mean(0), raw.std(0).clamp_min(1e-6)

    def __len__(self) -> int:
        return len(self.mean)

    def table(self, factors: Float[Tensor, "n f"]) -> Float[Tensor, "n t"]:
        """Return the factors of either split in standard form."""
        return (self._raw(factors) - self.mean) / self.std

    def _raw(self, factors: Tensor) -> Tensor:
        return torch.cat(
            [
                column[:, None] if values is None else (column[:, None] == values).float()
                for column, values in zip(factors.T, self.values, strict=True)
            ],
            dim=1,
        )
