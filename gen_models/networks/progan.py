"""Define a generator and a discriminator that grow: z -> x̂ and x -> logit at 4, 8, 16, ... pixels (lecture §6.1).

Karras et al. 2018. Level l has images of 4 · 2^l pixels. While it fades in, α from 0 to 1, what it makes is mixed with
the enlarged image of the level below. Layers have an equalised learning rate, G normalises the features of each pixel,
and D sees how far images of a group differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

EPS = 1e-7
"""Added under the root of PixelNorm. The ONNX optimiser takes 1e-8, the paper's, away, and black pixels become NaN."""
GROUP = 4
"""Images whose standard deviation D sees."""
SMALLEST = 4
"""Side of the images of level 0."""
SLOPE = 0.2
LRELU_GAIN = 2**0.5


class EqualisedConv2d(nn.Conv2d):
    """A convolution whose weights are N(0, 1), and scaled by gain / √(fan-in) each time they are used.

    Adam moves all weights by steps of one size; scaled here, the layers learn at one speed, whatever their width.
    """

    def __init__(
        self, c_in: int, c_out: int, kernel: int, padding: int = 0, gain: float = LRELU_GAIN
    ) -> None:
        super().__init__(c_in, c_out, kernel, padding=padding)
        self.scale = gain / (c_in * kernel**2) ** 0.5
        nn.init.normal_(self.weight)
        nn.init.zeros_(self.bias)  # pyright: ignore[reportArgumentType]

    def forward(self, input: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d i j"]:
        """Convolve with the scaled weights."""
        return F.conv2d(input, self.weight * self.scale, self.bias, padding=self.padding)


class EqualisedLinear(nn.Linear):
    """Does the same for a linear layer."""

    def __init__(self, n_in: int, n_out: int, gain: float = LRELU_GAIN) -> None:
        super().__init__(n_in, n_out)
        self.scale = gain / n_in**0.5
        nn.init.normal_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, input: Float[Tensor, "b n"]) -> Float[Tensor, "b m"]:
        """Multiply by the scaled weights."""
        return F.linear(input, self.weight * self.scale, self.bias)


class PixelNorm(nn.Module):
    """Scales the features of each pixel to a mean square of 1: x / √(mean_c x² + ε)."""

    def forward(self, x: Float[Tensor, "b c ..."]) -> Float[Tensor, "b c ..."]:
        """Normalise over the channels."""
        return x * torch.rsqrt(x.square().mean(1, keepdim=True) + EPS)


class GrowingGenerator(nn.Module):
    """Maps z of (b, latent_dim), N(0, I), to images about [0, 1] of any of its levels: linear, without tanh.

    `widths` are the channels of each level.
    """

    def __init__(self, channels: int, widths: Sequence[int], latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        """Length of z."""
        c = widths[0]
        first = nn.Sequential(
            PixelNorm(),
            EqualisedLinear(latent_dim, c * SMALLEST**2, gain=LRELU_GAIN / 4),
            nn.Unflatten(1, (c, SMALLEST, SMALLEST)),
            *(nn.LeakyReLU(SLOPE), PixelNorm()),
            *(EqualisedConv2d(c, c, 3, 1), nn.LeakyReLU(SLOPE), PixelNorm()),
        )
        self.blocks = nn.ModuleList([first])
        for c_in, c_out in pairwise(widths):
            self.blocks.append(
                nn.Sequential(
                    nn.Upsample(scale_factor=2),
                    *(EqualisedConv2d(c_in, c_out, 3, 1), nn.LeakyReLU(SLOPE), PixelNorm()),
                    *(EqualisedConv2d(c_out, c_out, 3, 1), nn.LeakyReLU(SLOPE), PixelNorm()),
                )
            )
        self.to_rgb = nn.ModuleList(EqualisedConv2d(c, channels, 1, gain=1) for c in widths)

    def forward(
        self, z: Float[Tensor, "b k"], level: int, alpha: float | Tensor = 1.0
    ) -> Float[Tensor, "b c h w"]:
        """(1 − α) enlarged(toRGB of the level below) + α toRGB of this one; α = 1 leaves the former out."""
        h = below = self.blocks[0](z)
        for block in self.blocks[1 : level + 1]:
            h, below = block(h), h
        x = self.to_rgb[level](h)
        if level and not (isinstance(alpha, float) and alpha == 1):
            x = mixed(alpha, x, enlarged(self.to_rgb[level - 1](below)))
        return 0.5 + 0.5 * x


class GrowingDiscriminator(nn.Module):
    """Maps images in [0, 1] of any level to logits of "real": G's mirror image."""

    def __init__(self, channels: int, widths: Sequence[int], minibatch_std: bool = True) -> None:
        super().__init__()
        self.from_rgb = nn.ModuleList(
            nn.Sequential(EqualisedConv2d(channels, c, 1), nn.LeakyReLU(SLOPE)) for c in widths
        )
        self.blocks = nn.ModuleList()
        """Block l halves the side: from level l + 1 to level l."""
        for c_out, c_in in pairwise(widths):
            self.blocks.append(
                nn.Sequential(
                    *(EqualisedConv2d(c_in, c_in, 3, 1), nn.LeakyReLU(SLOPE)),
                    *(EqualisedConv2d(c_in, c_out, 3, 1), nn.LeakyReLU(SLOPE)),
                    nn.AvgPool2d(2),
                )
            )
        c = widths[0]
        self.minibatch_std = minibatch_std
        self.last = nn.Sequential(
            *(EqualisedConv2d(c + minibatch_std, c, 3, 1), nn.LeakyReLU(SLOPE)),
            *(EqualisedConv2d(c, c, SMALLEST), nn.LeakyReLU(SLOPE)),
            *(nn.Flatten(), EqualisedLinear(c, 1, gain=1)),
        )

    def forward(
        self, x: Float[Tensor, "b c h w"], level: int, alpha: float = 1.0
    ) -> Float[Tensor, "b 1"]:
        """Judge images; while the level fades in, the features of the halved image are mixed in as G mixes images."""
        x = 2 * x - 1
        h = self.from_rgb[level](x)
        if level:
            h = self.blocks[level - 1](h)
            if alpha < 1:
                h = mixed(alpha, h, self.from_rgb[level - 1](F.avg_pool2d(x, 2)))
        for block in reversed(self.blocks[: max(level - 1, 0)]):
            h = block(h)
        if self.minibatch_std:
            h = torch.cat([h, group_std(h)], dim=1)
        return self.last(h)


class AtLevel(nn.Module):
    """One stage of a generator, images clipped to [0, 1]: what is exported and filmed."""

    def __init__(
        self, G: nn.Module, level: int, alpha: float = 1.0, side: int | None = None
    ) -> None:
        """`G`: a GrowingGenerator. `side`: images are enlarged to it, so that all levels stand side by side."""
        super().__init__()
        self.G, self.level, self.alpha, self.side = G, level, alpha, side

    def forward(self, z: Float[Tensor, "b k"]) -> Float[Tensor, "b c h w"]:
        """Generate images."""
        x = self.G(z, self.level, self.alpha).clamp(0, 1)
        return x if self.side is None else F.interpolate(x, size=(self.side, self.side))


class Fading(nn.Module):
    """One level of a generator while it fades in, with α as an input."""

    def __init__(self, G: nn.Module, level: int) -> None:
        super().__init__()
        self.G, self.level = G, level

    def forward(
        self, z: Float[Tensor, "b k"], in_alpha: Float[Tensor, ""]
    ) -> Float[Tensor, "b c h w"]:
        """Generate images at this α, one number for all."""
        return self.G(z, self.level, in_alpha).clamp(0, 1)


def mixed(alpha: float | Tensor, new: Tensor, old: Tensor) -> Tensor:
    """(1 − α) old + α new."""
    return old + alpha * (new - old)


def enlarged(x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c 2*h 2*w"]:
    """Each pixel four times."""
    return F.interpolate(x, scale_factor=2)


def group_std(h: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 1 h w"]:
    """Return the standard deviation over groups of images, averaged over features and pixels, as one more channel.

    A group is `GROUP` successive images, or the whole batch where that is smaller or does not divide into groups.
    """
    b, _, *sides = h.shape
    group = GROUP if b % GROUP == 0 else b
    spread = h.float().unflatten(0, (-1, group)).var(1, unbiased=False).add(EPS).sqrt()
    one = spread.mean((1, 2, 3)).to(h.dtype)
    return one.repeat_interleave(group).view(b, 1, 1, 1).expand(b, 1, *sides)


def folded(G: GrowingGenerator) -> GrowingGenerator:
    """Put ordinary layers, their weights scaled once and for all, in the place of equalised ones; G itself changes."""
    for name, layer in list(G.named_modules()):
        if isinstance(layer, EqualisedConv2d):
            sides = layer.in_channels, layer.out_channels, layer.kernel_size[0]
            plain: nn.Module = nn.Conv2d(*sides, padding=layer.padding[0])
        elif isinstance(layer, EqualisedLinear):
            plain = nn.Linear(layer.in_features, layer.out_features)
        else:
            continue
        scaled = {"weight": layer.weight * layer.scale, "bias": layer.bias}
        plain.load_state_dict(scaled)
        G.set_submodule(name, plain)
    return G
