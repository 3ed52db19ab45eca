"""Translate images of one kind to images of another: CycleGAN's generators (lecture §4.2; Zhu et al. 2017)."""

from __future__ import annotations

from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from gen_models.networks.gan import Generator, downsampled_sides


class ResNet(nn.Module):
    """Maps images in [0, 1] to images in [0, 1] of the same side, a multiple of 2 ** `downsamplings`.

    Residual blocks between downsamplings and as many upsamplings. The paper downsamples twice. A third time doubles the
    channels of the blocks at a quarter of the places: it costs as much, sees twice as far, and blurs.

    The norm is taken over all numbers of an image together (GroupNorm with one group). The paper's InstanceNorm takes
    it for each channel alone, and with it what small images are made of: of a crop that is forest all over, or
    desert, hardly anything is left. There are no skips past the blocks: nothing makes the identity easy.
    """

    def __init__(
        self, channels_in: int, channels_out: int, width: int, blocks: int, downsamplings: int
    ) -> None:
        super().__init__()
        widths = [width * 2**i for i in range(downsamplings)]
        layers: list[nn.Module] = []
        for c_in, c_out in pairwise([channels_in, *widths]):
            layers += _convolution(c_in, c_out, stride=2)
        layers += [Residual(widths[-1]) for _ in range(blocks)]
        for c_in, c_out in pairwise([*widths[::-1], width // 2]):
            layers += [*_convolution(c_in, c_out), nn.Upsample(scale_factor=2)]
        self.net = nn.Sequential(
            *layers, nn.Conv2d(width // 2, channels_out, 3, 1, 1), nn.Sigmoid()
        )

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k h w"]:
        """Translate images."""
        return self.net(2 * x - 1)


class CodeTranslator(nn.Module):
    """Maps images in [0, 1] to a z, and z to images in [0, 1] by the generator of a GAN: all shape is drawn anew.

    The encoder's answer is put on the sphere of radius √k, near which N(0, I) has almost all of its mass: whatever it
    says, the generator gets a z such as it was trained with. The generator's BatchNorm keeps the statistics it has.
    """

    def __init__(self, channels_in: int, size: int, width: int, generator: Generator) -> None:
        super().__init__()
        sides = downsampled_sides(size)
        widths = [width * min(2**i, 8) for i in range(len(sides))]
        layers: list[nn.Module] = []
        for c_in, c_out in pairwise([channels_in, *widths]):
            layers += _convolution(c_in, c_out, stride=2)
        k = generator.latent_dim
        self.encoder = nn.Sequential(
            *layers, nn.Flatten(), nn.Linear(widths[-1] * sides[-1] ** 2, k)
        )
        self.radius = k**0.5
        self.generator = generator

    def train(self, mode: bool = True) -> CodeTranslator:
        """Set training mode for all but the generator's BatchNorm."""
        super().train(mode)
        self.generator.eval()
        return self

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k h w"]:
        """Translate images."""
        return self.generator(self.z(x))

    def z(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k"]:
        """Return the code of each image, of length √k."""
        return self.radius * nn.functional.normalize(self.encoder(2 * x - 1))


class Residual(nn.Module):
    """h + f(h), f two convolutions."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        second = _convolution(channels, channels)[:-1]
        self.f = nn.Sequential(*_convolution(channels, channels), *second)

    def forward(self, h: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Add f(h)."""
        return h + self.f(h)


def _convolution(c_in: int, c_out: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(c_in, c_out, 3, stride, 1), nn.GroupNorm(1, c_out), nn.LeakyReLU(0.2)]
