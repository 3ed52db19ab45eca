"""Define InfoGAN's networks: a generator whose input has parts, and a recogniser of the codes."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gen_models.networks.gan import Generator, downsampled_sides

FEATURES = 256
"""Dimensions of the features by which Q sees an image."""
LOGVAR_MIN, LOGVAR_MAX = -6.0, 1.0
"""Bounds of Q's log-variance: without the lower one, a code read perfectly drives the likelihood to infinity."""


class CodedGenerator(nn.Module):
    """Maps (z, category, continuous) to images in [0, 1]: one generator of their concatenation."""

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
        """Generate images; `category` is one-hot."""
        return self.G(torch.cat([z, category, continuous], dim=1))


class Recogniser(nn.Module):
    """Maps images to Q = q(c|x), a categorical distribution times a Normal one for each continuous code.

    A network of its own, with BatchNorm; Chen et al. 2016 share D's convolutions. A category is a direction, `centres`,
    and its logit the cosine to it, times `sharpness`: so the centres of clusters of features can be put there.
    """

    def __init__(
        self, channels: int, size: int, width: int, categories: int, continuous: int, groups: int
    ) -> None:
        """Build Q; `groups` is how many finer groups than categories it can also tell apart."""
        super().__init__()
        sides = downsampled_sides(size)
        widths = [width * min(2**i, 8) for i in range(len(sides))]
        layers: list[nn.Module] = []
        for c_in, c_out in zip([channels, *widths], widths, strict=False):
            layers += [nn.Conv2d(c_in, c_out, 4, 2, 1), nn.BatchNorm2d(c_out), nn.LeakyReLU(0.2)]
        self.trunk = nn.Sequential(
            *layers,
            nn.Flatten(),
            nn.Linear(widths[-1] * sides[-1] ** 2, FEATURES),
            nn.BatchNorm1d(FEATURES),
            nn.LeakyReLU(0.2),
        )
        self.centres = nn.Parameter(torch.randn(categories, FEATURES))
        self.sharpness = nn.Parameter(torch.tensor(10.0))
        self.codes = nn.Linear(FEATURES, 2 * continuous)
        self.groups = nn.Linear(FEATURES, groups)

    def features(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k"]:
        """Return what it sees of images, as directions: of length 1."""
        return nn.functional.normalize(self.trunk(2 * x - 1), eps=1e-6)

    def category(self, h: Float[Tensor, "b k"]) -> Float[Tensor, "b c"]:
        """Return the category's logits, from `features`."""
        centres = nn.functional.normalize(self.centres, eps=1e-6)
        return self.sharpness * nn.functional.linear(h, centres)

    def forward(
        self, x: Float[Tensor, "b c h w"]
    ) -> tuple[
        Float[Tensor, "b c"], Float[Tensor, "b m"], Float[Tensor, "b m"], Float[Tensor, "b g"]
    ]:
        """Return (the category's logits, the continuous codes' means, their log σ², the groups' logits)."""
        h = self.trunk(2 * x - 1)
        category = self.category(nn.functional.normalize(h, eps=1e-6))
        mean, raw_logvar = self.codes(h).chunk(2, dim=1)
        logvar = LOGVAR_MIN + (LOGVAR_MAX - LOGVAR_MIN) * raw_logvar.sigmoid()
        return category, mean, logvar, self.groups(h)


class Reading(nn.Module):
    """Gives Q as it is exported: probabilities, means and standard deviations."""

    def __init__(self, Q: Recogniser) -> None:
        super().__init__()
        self.Q = Q

    def forward(
        self, x: Float[Tensor, "b c h w"]
    ) -> tuple[Float[Tensor, "b c"], Float[Tensor, "b m"], Float[Tensor, "b m"]]:
        """Read the codes of images."""
        category, mean, logvar, _ = self.Q(x)
        return category.softmax(1), mean, (0.5 * logvar).exp()
