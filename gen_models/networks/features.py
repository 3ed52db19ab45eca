"""Recognise what is in an image, and search for the images nearest to one."""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor, nn

from gen_models.networks.autoencoder import ConvEncoder


class Recogniser(nn.Module):
    """Maps x in [0, 1] to features h and predictions y.

    The features have mean 0 and variance 1 in each dimension over the training images: a BatchNorm that has no
    affine map.
    """

    def __init__(self, channels: int, size: int, width: int, features: int, outputs: int) -> None:
        super().__init__()
        self.trunk = ConvEncoder(channels, size, width, features)
        self.standardise = nn.BatchNorm1d(features, affine=False)
        self.head = nn.Sequential(nn.SiLU(), nn.Linear(features, outputs))

    def forward(
        self, x: Float[Tensor, "b c h w"]
    ) -> tuple[Float[Tensor, "b k"], Float[Tensor, "b o"]]:
        """Return (features, predictions)."""
        h = self.standardise(self.trunk(x))
        return h, self.head(h)


class Neighbours(nn.Module):
    """Maps features h to the `count` nearest of a bank: their indices and Euclidean distances, nearest first."""

    bank: Tensor

    def __init__(self, bank: Float[Tensor, "n k"], count: int) -> None:
        super().__init__()
        self.count = count
        self.register_buffer("bank", bank)

    def forward(self, h: Float[Tensor, "b k"]) -> tuple[Int[Tensor, "b m"], Float[Tensor, "b m"]]:
        """Search the bank."""
        squares = h.square().sum(1, keepdim=True) + self.bank.square().sum(1)
        squares = (squares - 2 * h @ self.bank.T).clamp_min(1e-12)
        distances, index = squares.sqrt().topk(self.count, dim=1, largest=False)
        return index, distances
