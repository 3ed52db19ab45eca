"""Define the networks of a disentangled code: x to (s, z), and (s, z) to x.

s is what is specified, the number of a digit or the person of a head, and z the rest, its style or the view.
"""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from gen_models.networks.autoencoder import ConvDecoder

SMALLEST = 4
"""Pixels at which a head is seen as a whole."""


class SpecifiedEncoder(nn.Module):
    """Maps x to s, each dimension with mean 0 and variance 1 over a batch."""

    def __init__(self, trunk: nn.Module, s_dim: int) -> None:
        """`trunk` maps x to s_dim numbers."""
        super().__init__()
        self.trunk = trunk
        self.norm = nn.BatchNorm1d(s_dim, affine=False)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b j"]:
        """Return s."""
        return self.norm(self.trunk(x))


class UnspecifiedEncoder(nn.Module):
    """q(z|x) = N(mu, diag exp logvar), each dimension of mu with mean 0 and variance 1 over a batch (Zhu et al. 2020).

    Otherwise z would become small, for there an adversary of a finite learning rate reads nothing.
    """

    def __init__(self, trunk: nn.Module, z_dim: int) -> None:
        """`trunk` maps x to 2 z_dim numbers."""
        super().__init__()
        self.trunk = trunk
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
    """Maps x to (s, mu, logvar), as it is exported: what is specified, and q(z|x) of the rest."""

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


class ViewTrunk(nn.Module):
    """Maps x to `outputs` dimensions; images are halved until their side is odd or at most 4 pixels.

    It sees a whole head at its end, where `ConvEncoder` still has places, and has half of its weights.
    """

    def __init__(self, channels: int, size: int, width: int, outputs: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        c_in, c_out = channels, width
        while size % 2 == 0 and size > SMALLEST:
            layers += [
                nn.Conv2d(c_in, c_out, 4, 2, 1, bias=False),
                nn.BatchNorm2d(c_out),
                nn.SiLU(),
            ]
            c_in, c_out, size = c_out, min(2 * c_out, 4 * width), size // 2
        self.net = nn.Sequential(*layers, nn.Flatten(), nn.Linear(c_in * size**2, outputs))

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b o"]:
        """Encode images."""
        return self.net(x)


class Modulated(nn.Module):
    """Convolution, normalised over the batch, then scaled and shifted, channel by channel, by an affine map of w.

    Perez et al. 2018 (FiLM).
    """

    def __init__(self, c_in: int, c_out: int, w_dim: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(c_out, affine=False)
        self.by = nn.Linear(w_dim, 2 * c_out)

    def forward(
        self, h: Float[Tensor, "b i h w"], w: Float[Tensor, "b m"]
    ) -> Float[Tensor, "b o h w"]:
        """Return the block's output."""
        scale, shift = self.by(w)[:, :, None, None].chunk(2, dim=1)
        return F.silu(self.norm(self.conv(h)) * (1 + scale) + shift)


class ViewDecoder(nn.Module):
    """Maps (s, z) to the logits of an image: both are where it begins, and modulate every layer after.

    The last convolution gives the four pixels of each place at half the side (Shi et al. 2016).
    """

    def __init__(
        self, channels: int, size: int, width: int, s_dim: int, z_dim: int, w_dim: int = 128
    ) -> None:
        super().__init__()
        size //= 2
        widths = [2 * width, 2 * width]
        while size % 2 == 0 and size > SMALLEST:
            widths.append(4 * width)
            size //= 2
        c_first, *others = reversed(widths)
        self.first = nn.Sequential(
            nn.Linear(s_dim + z_dim, c_first * size**2), nn.Unflatten(1, (c_first, size, size))
        )
        self.w = nn.Sequential(nn.Linear(s_dim + z_dim, w_dim), nn.SiLU())
        self.small, self.large = nn.ModuleList(), nn.ModuleList()
        for c_in, c_out in itertools.pairwise([c_first, *others[:-1]]):
            self.small.append(Modulated(c_in, c_out, w_dim))
            self.large.append(Modulated(c_out, c_out, w_dim))
        self.last = nn.Conv2d(widths[0], 4 * channels, 3, 1, 1)

    def forward(self, s: Float[Tensor, "b j"], z: Float[Tensor, "b k"]) -> Float[Tensor, "b c h w"]:
        """Decode to logits."""
        both = torch.cat([s, z], dim=1)
        h, w = self.first(both), self.w(both)
        for small, large in zip(self.small, self.large, strict=True):
            h = large(F.interpolate(small(h, w), scale_factor=2), w)
        return F.pixel_shuffle(self.last(h), 2)
