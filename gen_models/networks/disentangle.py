"""Define the networks of a disentangled code: x to (number s, style z), and (s, z) to x."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gen_models.networks.autoencoder import ConvDecoder, ConvEncoder


class NumberEncoder(nn.Module):
    """Maps x to s, each dimension with mean 0 and variance 1 over a batch."""

    def __init__(self, channels: int, size: int, width: int, s_dim: int) -> None:
        super().__init__()
        self.trunk = ConvEncoder(channels, size, width, s_dim)
        self.norm = nn.BatchNorm1d(s_dim, affine=False)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b j"]:
        """Return s."""
        return self.norm(self.trunk(x))


class StyleEncoder(nn.Module):
    """q(z|x) = N(mu, diag exp logvar), each dimension of mu with mean 0 and variance 1 over a batch (Zhu et al. 2020).

    Otherwise z would become small, for there an adversary of a finite learning rate reads nothing.
    """

    def __init__(self, channels: int, size: int, width: int, z_dim: int) -> None:
        super().__init__()
        self.trunk = ConvEncoder(channels, size, width, 2 * z_dim)
        self.norm = nn.BatchNorm1d(z_dim, affine=False)

    def forward(
        self, x: Float[Tensor, "b c h w"]
    ) -> tuple[Float[Tensor, "b k"], Float[Tensor, "b k"]]:
        """Return (mu, logvar)."""
        raw_mu, logvar = self.trunk(x).chunk(2, dim=1)
        return self.norm(raw_mu), logvar


class Perceptron(nn.Module):
    """Two hidden layers: the adversary that reads the class from z, and the probe that measures what is left."""

    def __init__(self, inputs: int, outputs: int, width: int = 256) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(inputs, width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Linear(width, outputs),
        )

    def forward(self, z: Float[Tensor, "b k"]) -> Float[Tensor, "b c"]:
        """Return the classes' logits."""
        return self.net(z)


class Decoder(nn.Module):
    """p(x|s, z) = Bern(x; r(s, z)), one r per pixel."""

    def __init__(self, channels: int, size: int, width: int, s_dim: int, z_dim: int) -> None:
        super().__init__()
        self.net = ConvDecoder(channels, size, width, s_dim + z_dim)

    def forward(self, s: Float[Tensor, "b j"], z: Float[Tensor, "b k"]) -> Float[Tensor, "b c h w"]:
        """Return the logits of r."""
        return self.net(torch.cat([s, z], dim=1))


class BothCodes(nn.Module):
    """Maps x to (s, mu, logvar), as it is exported: the number, and q(z|x) of the style."""

    def __init__(self, E_s: nn.Module, E_z: nn.Module) -> None:
        super().__init__()
        self.E_s, self.E_z = E_s, E_z

    def forward(
        self, x: Float[Tensor, "b c h w"]
    ) -> tuple[Float[Tensor, "b j"], Float[Tensor, "b k"], Float[Tensor, "b k"]]:
        """Encode images."""
        return self.E_s(x), *self.E_z(x)


class Mean(nn.Module):
    """Maps (s, z) to the mean of p(x|s, z), as it is exported."""

    def __init__(self, D: nn.Module) -> None:
        super().__init__()
        self.D = D

    def forward(self, s: Float[Tensor, "b j"], z: Float[Tensor, "b k"]) -> Float[Tensor, "b c h w"]:
        """Decode to images in [0, 1]."""
        return self.D(s, z).sigmoid()
