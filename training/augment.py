"""Small random changes of images: of training images, and of all that a discriminator sees."""

from __future__ import annotations

import math
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

Border = Literal["zeros", "reflection"]


def jitter(
    x: Float[Tensor, "b c h w"], strength: float, border: Border = "zeros"
) -> Float[Tensor, "b c h w"]:
    """A random affine map per image, in [0, 1] as before; `strength` 0 gives `x` back.

    At strength 1 the standard deviations are 7 degrees of rotation, 6 % of scale, 0.1 of shear and 2 % of the side of
    shift. What comes in from beyond the border is black, or the image's mirror: black corners on photographs would be
    learnt as part of them. Bicubic: what bilinear interpolation blurs is no longer black or white, and a likelihood
    pays for every grey pixel.
    """
    if strength == 0:
        return x
    b = len(x)
    angle, scale, shear = (
        torch.randn(3, b, device=x.device).T * x.new_tensor([0.12, 0.06, 0.1])
    ).T * strength
    shift = torch.randn(b, 2, device=x.device) * 0.04 * strength
    cos, sin = angle.cos() / (1 + scale), angle.sin() / (1 + scale)
    rows = torch.stack([cos, shear - sin, shift[:, 0], sin, cos, shift[:, 1]], dim=1)
    grid = F.affine_grid(rows.view(b, 2, 3), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, "bicubic", border, align_corners=False).clamp(0, 1)


def warp(x: Float[Tensor, "b c h w"], strength: float = 1.0) -> Float[Tensor, "b c h w"]:
    """A random affine map and a smooth random displacement per image; `strength` 0 leaves `x` as it is.

    At strength 1, uniformly: up to 15 degrees of rotation, 15 % of scale in each direction, 0.3 of shear and 9 % of the
    side of shift; the displacement is normal on a grid of 4 x 4 with a standard deviation of 2 % of the side, and
    interpolated. Stronger than `jitter`, and bilinear: for what is recognised, not for what is given back.
    """
    if strength == 0:
        return x
    b = len(x)

    def uniform(most: float) -> Float[Tensor, " b"]:
        return (2 * torch.rand(b, device=x.device) - 1) * most * strength

    angle, wide, high, shear = (
        uniform(math.radians(15)),
        1 + uniform(0.15),
        1 + uniform(0.15),
        uniform(0.3),
    )
    cos, sin = angle.cos(), angle.sin()
    rows = [wide * cos, wide * (shear - sin), uniform(0.18), high * sin, high * cos, uniform(0.18)]
    grid = F.affine_grid(torch.stack(rows, 1).view(b, 2, 3), list(x.shape), align_corners=False)
    coarse = torch.randn(b, 2, 4, 4, device=x.device) * 0.04 * strength
    bend = F.interpolate(coarse, size=x.shape[2:], mode="bicubic", align_corners=True)
    return F.grid_sample(x, grid + bend.permute(0, 2, 3, 1), align_corners=False)


def mask_patches(
    x: Float[Tensor, "b c h w"], share: float, side: int = 4
) -> Float[Tensor, "b c h w"]:
    """Each square of `side` pixels of each image, made black with probability `share`."""
    b, _, h, w = x.shape
    kept = torch.rand(b, 1, -(-h // side), -(-w // side), device=x.device) >= share
    return x * kept.repeat_interleave(side, 2).repeat_interleave(side, 3)[:, :, :h, :w]


def random_hflip(x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
    """Each image, flipped left to right with probability ½."""
    chosen = torch.rand(len(x), 1, 1, 1, device=x.device) < 0.5
    return torch.where(chosen, x.flip(3), x)


def diff_augment(x: Float[Tensor, "b c h w"], probability: float) -> Float[Tensor, "b c h w"]:
    """DiffAugment (Zhao et al. 2020): colour, shift and cut-out, each with `probability` on each image.

    Applied to real and generated images alike, it keeps D from learning a small data set by heart; gradients flow
    through it to G. Below probability 1 most of what D sees is also seen plain, so G does not learn the changes.
    """
    if probability == 0:
        return x
    for change in (_colour, _shift, _cut_out):
        chosen = torch.rand(len(x), 1, 1, 1, device=x.device) < probability
        x = torch.where(chosen, change(x), x)
    return x


def _colour(x: Tensor) -> Tensor:
    """Brightness by ±0.25, saturation by 0 to 2 times, contrast by ½ to 1½ times."""
    brightness, saturation, contrast = torch.rand(3, len(x), 1, 1, 1, device=x.device)
    x = x + 0.5 * (brightness - 0.5)
    grey = x.mean(1, keepdim=True)
    x = grey + 2 * saturation * (x - grey)
    mean = x.mean((1, 2, 3), keepdim=True)
    return mean + (0.5 + contrast) * (x - mean)


def _shift(x: Tensor) -> Tensor:
    """Up to an eighth of the side each way, mirrored at the border."""
    h, w = x.shape[2:]
    reach = h // 8
    corners = torch.randint(0, 2 * reach + 1, (len(x), 2)).tolist()
    padded = F.pad(x, (reach,) * 4, mode="reflect").unbind()
    return torch.stack(
        [p[:, i : i + h, j : j + w] for p, (i, j) in zip(padded, corners, strict=True)]
    )


def _cut_out(x: Tensor) -> Tensor:
    """A square of half the side, anywhere, made mid-grey."""
    h, w = x.shape[2:]
    centre = torch.rand(2, len(x), 1, device=x.device)
    rows = (torch.arange(h, device=x.device) / h - centre[0]).abs() < 0.25
    columns = (torch.arange(w, device=x.device) / w - centre[1]).abs() < 0.25
    hole = rows[:, None, :, None] & columns[:, None, None, :]
    return x.masked_fill(hole, 0.5)
