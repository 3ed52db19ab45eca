"""The networks of InfoGAN: a generator whose input has parts, and a recogniser of the codes."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gen_models.networks.gan import Discriminator, Generator

LOGVAR_MIN, LOGVAR_MAX = -6.0, 1.0
"""Bounds of Q's log-variance: without the lower one, a code read perfectly drives the likelihood to infinity."""


class CodedGenerator(nn.Module):
    """(z, category, continuous) to pictures in [0, 1]: one generator of their concatenation."""

    def __init__(
        self,
        channels: int,
        size: int,
        width: int,
        latent_dim: int,
        categories: int,
        continuous: int,
    ) -> None:
        super().__init__()
        self.G = Generator(channels, size, width, latent_dim + categories + continuous)

    def forward(
        self,
        z: Float[Tensor, "b k"],
        category: Float[Tensor, "b c"],
        continuous: Float[Tensor, "b m"],
    ) -> Float[Tensor, "b c h w"]:
        """Generate pictures; `category` is one-hot."""
        return self.G(torch.cat([z, category, continuous], dim=1))


class Recogniser(nn.Module):
    """Q: pictures to q(c|x), a categorical distribution times a Normal one for each continuous code.

    Its convolutions are those of a discriminator, shared (Chen et al. 2016); its last layers are its own.
    """

    def __init__(self, D: Discriminator, categories: int, continuous: int) -> None:
        super().__init__()
        self.parts = (categories, continuous, continuous)
        self.trunk = D.trunk
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.Linear(D.features, 128),
            nn.LeakyReLU(0.2),
            nn.Linear(128, sum(self.parts)),
        )

    def forward(
        self, x: Float[Tensor, "b c h w"]
    ) -> tuple[Float[Tensor, "b c"], Float[Tensor, "b m"], Float[Tensor, "b m"]]:
        """Return (the category's logits, the continuous codes' means, their log σ²)."""
        category, mean, spread = self.head(self.trunk(2 * x - 1)).split(self.parts, dim=1)
        return category, mean, LOGVAR_MIN + (LOGVAR_MAX - LOGVAR_MIN) * spread.sigmoid()


class Reading(nn.Module):
    """Q as it is exported: probabilities, means and standard deviations."""

    def __init__(self, Q: Recogniser) -> None:
        super().__init__()
        self.Q = Q

    def forward(
        self, x: Float[Tensor, "b c h w"]
    ) -> tuple[Float[Tensor, "b c"], Float[Tensor, "b m"], Float[Tensor, "b m"]]:
        """Read the codes of pictures."""
        category, mean, logvar = self.Q(x)
        return category.softmax(1), mean, (0.5 * logvar).exp()
