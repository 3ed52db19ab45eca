"""Define the two networks of a variational autoencoder: q(z|x) and p(x|z)."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gen_models.networks.autoencoder import ConvDecoder, ConvEncoder

LOGVAR_MIN, LOGVAR_MAX = -3.0, 0.0
"""Bounds of the Normal output's log-variance (σ from 0.22 to 1). Without the lower one, pixels that never change, such
as the corners of a digit, drive the likelihood to infinity. It also sets how much an error costs beside the KL: at
σ = 0.05 the KL hardly counts, and samples from the prior fall apart."""


class Encoder(nn.Module):
    """q(z|x) = N(mu, diag exp logvar)."""

    def __init__(self, channels: int, size: int, width: int, latent_dim: int) -> None:
        super().__init__()
        self.trunk = ConvEncoder(channels, size, width, 2 * latent_dim)

    def forward(
        self, x: Float[Tensor, "b c h w"]
    ) -> tuple[Float[Tensor, "b k"], Float[Tensor, "b k"]]:
        """Return (mu, logvar)."""
        mu, logvar = self.trunk(x).chunk(2, dim=1)
        return mu, logvar


class MeanEncoder(nn.Module):
    """z = mu of q(z|x): a VAE's encoder as that of an autoencoder."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k"]:
        """Encode images."""
        return self.encoder(x)[0]


class MeanDecoder(nn.Module):
    """The mean of p(x|z): a VAE's decoder as that of an autoencoder."""

    def __init__(self, decoder: nn.Module) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, z: Float[Tensor, "b k"]) -> Float[Tensor, "b c h w"]:
        """Decode latents to images."""
        return self.decoder(z)[0]


class BernoulliDecoder(nn.Module):
    """p(x|z) = Bern(x; r(z)), one r per pixel."""

    def __init__(self, channels: int, size: int, width: int, latent_dim: int) -> None:
        super().__init__()
        self.trunk = ConvDecoder(channels, size, width, latent_dim)

    def forward(
        self, z: Float[Tensor, "b k"]
    ) -> tuple[Float[Tensor, "b c h w"], Float[Tensor, "b c h w"]]:
        """Return (the mean r in [0, 1], its logits)."""
        logits = self.trunk(z)
        return logits.sigmoid(), logits


class NormalDecoder(nn.Module):
    """p(x|z) = N(x; μ(z), diag σ²(z)), one μ and one σ per pixel."""

    def __init__(self, channels: int, size: int, width: int, latent_dim: int) -> None:
        super().__init__()
        self.trunk = ConvDecoder(2 * channels, size, width, latent_dim)

    def forward(
        self, z: Float[Tensor, "b k"]
    ) -> tuple[Float[Tensor, "b c h w"], Float[Tensor, "b c h w"]]:
        """Return (the mean in [0, 1], log σ²)."""
        mean, raw_logvar = self.trunk(z).chunk(2, dim=1)
        return mean.sigmoid(), LOGVAR_MIN + (LOGVAR_MAX - LOGVAR_MIN) * raw_logvar.sigmoid()


class FixedNormalDecoder(nn.Module):
    """p(x|z) = N(x; μ(z), σ² I) with σ chosen in advance: what an error of a pixel costs beside the KL."""

    def __init__(self, channels: int, size: int, width: int, latent_dim: int, sigma: float) -> None:
        super().__init__()
        self.trunk = ConvDecoder(channels, size, width, latent_dim)
        self.logvar = 2 * math.log(sigma)

    def forward(
        self, z: Float[Tensor, "b k"]
    ) -> tuple[Float[Tensor, "b c h w"], Float[Tensor, "b c h w"]]:
        """Return (the mean in [0, 1], log σ²)."""
        mean = self.trunk(z).sigmoid()
        return mean, torch.full_like(mean, self.logvar)


class ClassEncoder(nn.Module):
    """q(z|x, y), y the class, one-hot: an image is learnt for each class, and the encoder sees it as a channel more."""

    def __init__(self, encoder: nn.Module, size: int, classes: int) -> None:
        """`encoder` is one of images with a channel more than x has."""
        super().__init__()
        self.encoder = encoder
        self.size = size
        self.plane = nn.Linear(classes, size**2, bias=False)

    def forward(
        self, x: Float[Tensor, "b c h w"], y: Float[Tensor, "b n"]
    ) -> tuple[Float[Tensor, "b k"], Float[Tensor, "b k"]]:
        """Return (mu, logvar)."""
        plane = self.plane(y).unflatten(1, (1, self.size, self.size))
        return self.encoder(torch.cat([x, plane.to(x.dtype)], dim=1))


class ClassDecoder(nn.Module):
    """p(x|z, y), y the class, one-hot: a decoder of both, one after the other."""

    def __init__(self, decoder: nn.Module) -> None:
        """`decoder` is one of codes as long as both."""
        super().__init__()
        self.decoder = decoder

    def forward(
        self, z: Float[Tensor, "b k"], y: Float[Tensor, "b n"]
    ) -> tuple[Float[Tensor, "b c h w"], Float[Tensor, "b c h w"]]:
        """Return what the decoder returns."""
        return self.decoder(torch.cat([z, y], dim=1))


class WhitenedEncoder(nn.Module):
    """q(u|x) in other coordinates, u = A (z − m), with what its covariance has beside the diagonal left out."""

    m: Tensor
    A: Tensor

    def __init__(self, encoder: nn.Module, m: Float[Tensor, " k"], A: Float[Tensor, "k k"]) -> None:
        super().__init__()
        self.encoder = encoder
        self.register_buffer("m", m)
        self.register_buffer("A", A)

    def forward(
        self, x: Float[Tensor, "b c h w"]
    ) -> tuple[Float[Tensor, "b k"], Float[Tensor, "b k"]]:
        """Return (mu, logvar) of u."""
        mu, logvar = self.encoder(x)
        return (mu - self.m) @ self.A.T, (logvar.exp() @ self.A.T.square()).log()


class WhitenedDecoder(nn.Module):
    """p(x|u) where u = A (z − m): the decoder at z = m + A⁻¹ u."""

    m: Tensor
    inverse: Tensor

    def __init__(self, decoder: nn.Module, m: Float[Tensor, " k"], A: Float[Tensor, "k k"]) -> None:
        super().__init__()
        self.decoder = decoder
        self.register_buffer("m", m)
        self.register_buffer("inverse", torch.linalg.inv(A))

    def forward(
        self, u: Float[Tensor, "b k"]
    ) -> tuple[Float[Tensor, "b c h w"], Float[Tensor, "b c h w"]]:
        """Return what the decoder returns."""
        return self.decoder(self.m + u @ self.inverse.T)


class Directions(nn.Module):
    """dz = Σ_a amount_a d_a: the step in z that changes attributes by these amounts."""

    def __init__(self, directions: Float[Tensor, "a k"]) -> None:
        super().__init__()
        self.directions = nn.Parameter(directions)

    def forward(self, *amounts: Float[Tensor, "b 1"]) -> Float[Tensor, "b k"]:
        """Add up the directions."""
        return torch.cat(amounts, dim=1) @ self.directions


class Attributes(nn.Module):
    """Maps z to the amount of each attribute, an affine function each."""

    def __init__(self, weight: Float[Tensor, "a k"], bias: Float[Tensor, " a"]) -> None:
        super().__init__()
        self.linear = nn.Linear(weight.shape[1], weight.shape[0])
        self.linear.weight = nn.Parameter(weight)
        self.linear.bias = nn.Parameter(bias)

    def forward(self, z: Float[Tensor, "b k"]) -> tuple[Float[Tensor, "b 1"], ...]:
        """Read the attributes."""
        return self.linear(z).split(1, dim=1)
