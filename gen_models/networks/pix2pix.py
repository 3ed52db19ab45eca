"""Define translators G: (c, z) -> x̂ of pix2pix and its discriminator of patches (lecture §4.1; Isola et al. 2017).

Two generators. `UNet` is the one the project trains, chosen for its time on a CPU; `PaperUNet` is the paper's, kept as
it was for comparison. In both z is the noise of dropout, u, and an input: dropout that stays active inside an exported
graph would be deleted by onnxruntime's optimiser, and no image could be made twice.
"""

from __future__ import annotations

from math import prod

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gen_models.errors import UserError
from gen_models.networks.gan import downsampled_sides

DROPPED = 3
"""Levels with dropout, from the innermost outwards."""


class UNet(nn.Module):
    """Maps c to x̂ in [0, 1], by way of 4 to 7 pixels a side, with a skip at each side.

    Each doubling is a convolution before nearest-neighbour up-sampling: a third of the time of one after it, and less
    checkerboard than a transposed convolution. `width` is the number of channels at half the side; it doubles with each
    halving, to 8 `width`. At full size there is one convolution, from half of `width`.

    Dropout takes whole channels, so z is one number for each channel that may be dropped: `noise` of them.
    """

    def __init__(self, channels_in: int, channels_out: int, size: int, width: int) -> None:
        super().__init__()
        sides = downsampled_sides(size)
        widths = [width * min(2**i, 8) for i in range(len(sides))]
        outward = [*widths[-2::-1], width // 2]
        self.down = nn.ModuleList(
            _convolution(c_in, c_out, stride=2)
            for c_in, c_out in zip([channels_in, *widths], widths, strict=False)
        )
        self.up = nn.ModuleList(
            _convolution(c_in + skip, c_out, stride=1)
            for c_in, skip, c_out in zip(
                [widths[-1], *outward], [0, *widths[-2::-1]], outward, strict=False
            )
        )
        self.dropped = outward[:DROPPED]
        self.noise = sum(self.dropped)
        """How many numbers z is."""
        self.head = nn.Sequential(nn.Conv2d(width // 2, channels_out, 3, 1, 1), nn.Sigmoid())

    def forward(
        self, c: Float[Tensor, "b k h w"], u: Float[Tensor, "b n"], p: Float[Tensor, ""]
    ) -> Float[Tensor, "b c h w"]:
        """Translate c with z = u, uniform in [0, 1), dropping channels with probability p."""
        skips, h = [], c
        for layer in self.down:
            h = layer(h)
            skips.append(h)
        noise = u.split(self.dropped, dim=1)
        for i, layer in enumerate(self.up):
            h = layer(h if i == 0 else torch.cat([h, skips[-1 - i]], dim=1))
            if i < len(noise):
                h = dropout(h, noise[i][:, :, None, None], p)
            h = nn.functional.interpolate(h, scale_factor=2.0)
        return self.head(h)


class PaperUNet(nn.Module):
    """Follows the paper's generator: down to 1 pixel, transposed convolutions, BatchNorm, tanh; 54 M parameters at 256.

    C64-C128-C256-C512-..., all 4 x 4 with stride 2. Dropout takes single numbers of three levels, and so z is as large
    as these levels are: `noise`.
    """

    def __init__(self, channels_in: int, channels_out: int, size: int, width: int) -> None:
        super().__init__()
        n = size.bit_length() - 1
        if size != 2**n or n < 5:
            raise UserError(f"The paper's generator is for 32, 64, 128 or 256 pixels, not {size}.")
        widths = [width * min(2**i, 8) for i in range(n)]
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for i, (c_in, c_out) in enumerate(zip([channels_in, *widths], widths, strict=False)):
            inner = (
                0 < i < n - 1
            )  # neither the first layer nor the one of a single pixel has BatchNorm
            layers: list[nn.Module] = [nn.LeakyReLU(0.2)] if i else []
            layers += [nn.Conv2d(c_in, c_out, 4, 2, 1, bias=not inner)]
            self.down.append(nn.Sequential(*layers, *[nn.BatchNorm2d(c_out)] * inner))
        for i, c_out in enumerate([*widths[-2::-1], channels_out]):
            c_in = widths[-1] if i == 0 else 2 * widths[-1 - i]
            last = i == n - 1
            layers = [nn.ReLU(), nn.ConvTranspose2d(c_in, c_out, 4, 2, 1, bias=last)]
            self.up.append(nn.Sequential(*layers, nn.Tanh() if last else nn.BatchNorm2d(c_out)))
        self.dropped = [(widths[-2 - i], 2 ** (i + 1), 2 ** (i + 1)) for i in range(DROPPED)]
        self.noise = sum(map(prod, self.dropped))
        """How many numbers z is."""
        self.apply(_paper_init)

    def forward(
        self, c: Float[Tensor, "b k h w"], u: Float[Tensor, "b n"], p: Float[Tensor, ""]
    ) -> Float[Tensor, "b c h w"]:
        """Translate c as `UNet.forward` does."""
        skips, h = [], 2 * c - 1
        for layer in self.down:
            h = layer(h)
            skips.append(h)
        noise = u.split(list(map(prod, self.dropped)), dim=1)
        for i, layer in enumerate(self.up):
            h = layer(h if i == 0 else torch.cat([h, skips[-1 - i]], dim=1))
            if i < len(noise):
                h = dropout(h, noise[i].unflatten(1, self.dropped[i]), p)
        return 0.5 + 0.5 * h


class PatchDiscriminator(nn.Module):
    """Maps images in [0, 1] to the logits of "real" of all their patches of 70 x 70 pixels: PatchGAN.

    Each patch counts as a sample of its own, (b · patches, 1), so objectives of one logit an image need no change.
    For pix2pix the images are pairs (c, x), one on top of the other.
    """

    def __init__(
        self, channels: int, width: int, norm: type[nn.Module] = nn.InstanceNorm2d
    ) -> None:
        """Take `norm`: InstanceNorm, which judges one image alone; BatchNorm2d, the paper's; Identity."""
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for i, stride in enumerate((2, 2, 1)):
            c_in, c_out = width * 2**i, width * 2 ** (i + 1)
            layers += [nn.Conv2d(c_in, c_out, 4, stride, 1), norm(c_out), nn.LeakyReLU(0.2)]
        self.net = nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4, 1, 1))
        self.apply(_he_init if norm is nn.Identity else _paper_init)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "bp 1"]:
        """Judge the patches."""
        return self.net(2 * x - 1).flatten()[:, None]


def dropout(h: Tensor, u: Tensor, p: Tensor) -> Tensor:
    """h / (1 − p) where u >= p, elsewhere 0; with p = 0, h. Equal u drop the same values."""
    return h * ((u >= p) / (1 - p)).to(h.dtype)


def _convolution(c_in: int, c_out: int, stride: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False),
        nn.BatchNorm2d(c_out),
        nn.LeakyReLU(0.2),
    )


def _paper_init(layer: nn.Module) -> None:
    """Draw weights of N(0, 0.02²) and scales of N(1, 0.02²), as the paper has them."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1, 0.02)


def _he_init(layer: nn.Module) -> None:
    """Draw weights by which the size of what passes is kept, where no norm sets it (He et al. 2015)."""
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, 0.2)
