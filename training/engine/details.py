"""Sets of images compared by their details at several scales (Karras et al. 2018, §5; lecture §6.1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

PATCH = 7
"""Side of a patch."""
PATCHES = 128
"""Patches of each image."""
PROJECTIONS, AT_ONCE = 512, 128
"""Directions that distances are averaged over, in four turns."""
COARSEST = 16
"""Pixels at which a pyramid ends."""
WEIGHTS = (0.0448, 0.2856, 0.3001)
"""Exponents of the three finest scales of MS-SSIM (Wang et al. 2003), to be scaled to a sum of 1."""

Images = Float[Tensor, "n c h w"]
Points = Float[Tensor, "n d"]


def laplacian_pyramid(x: Images) -> list[Images]:
    """The image less what is left of it at half the side, and so on down to 16 pixels, which are kept as they are."""
    levels = [x]
    while levels[-1].shape[-1] > COARSEST:
        halved = _filtered(levels[-1])[:, :, ::2, ::2]
        spread = torch.zeros_like(levels[-1])
        spread[:, :, ::2, ::2] = 4 * halved
        levels[-1] = levels[-1] - _filtered(spread)
        levels.append(halved)
    return levels


def _filtered(x: Images) -> Images:
    """Blur by the binomial filter (1, 4, 6, 4, 1) / 16 along both axes, mirrored at the border."""
    c = x.shape[1]
    row = x.new_tensor([1, 4, 6, 4, 1]) / 16
    kernel = torch.outer(row, row).expand(c, 1, 5, 5)
    return F.conv2d(F.pad(x, (2,) * 4, mode="reflect"), kernel, groups=c)


def patches(x: Images, seed: int) -> Float[Tensor, "n*128 d"]:
    """PATCHES squares of each image, anywhere within it, each channel of all brought to mean 0 and variance 1."""
    n, c, h, w = x.shape
    rng = torch.Generator().manual_seed(seed)
    top = torch.randint(h - PATCH + 1, (n, PATCHES, 1, 1), generator=rng)
    left = torch.randint(w - PATCH + 1, (n, PATCHES, 1, 1), generator=rng)
    within = torch.arange(PATCH)
    at = ((top + within.view(PATCH, 1)) * w + left + within).flatten(1)  # (n, PATCHES · 49)
    found = x.flatten(2).gather(2, at[:, None].expand(n, c, -1))
    found = found.view(n, c, PATCHES, PATCH**2).transpose(1, 2).flatten(0, 1)
    variance, mean = torch.var_mean(found, (0, 2), correction=0, keepdim=True)
    return ((found - mean) / variance.clamp_min(1e-12).sqrt()).flatten(1)


def sliced_wasserstein(a: Points, *others: Points) -> list[float]:
    """E_u ∫ |F⁻¹_{a·u} − F⁻¹_{b·u}| of each other set b, u a random direction: the distance of sorted projections.

    Of sets of one size, times 1000 (Rabin et al. 2011). Each direction costs a sort, where the distance without slices
    would cost an assignment of all points to all.
    """
    rng = torch.Generator().manual_seed(0)
    totals = np.zeros(len(others))
    for _ in range(PROJECTIONS // AT_ONCE):
        u = torch.randn(a.shape[1], AT_ONCE, generator=rng)
        u = u / u.norm(dim=0)
        # NumPy's sort takes a third of the time of torch's.
        reference, *rest = (np.sort((each @ u).T.numpy(), axis=1) for each in (a, *others))
        totals += [np.abs(reference - each).mean(dtype=np.float64) for each in rest]
    return (1000 * totals * AT_ONCE / PROJECTIONS).tolist()


def distances(real: Images, others: Sequence[Images]) -> list[dict[int, float]]:
    """Sliced Wasserstein distance of each other set to the real images, by the side of the pyramid's level.

    All sets are of one size; the places of patches are those of different images.
    """
    pyramids = [laplacian_pyramid(x) for x in (real, *others)]
    found: list[dict[int, float]] = [{} for _ in others]
    for levels in zip(*pyramids, strict=True):
        values = sliced_wasserstein(*(patches(x, seed) for seed, x in enumerate(levels)))
        for distance, value in zip(found, values, strict=True):
            distance[levels[0].shape[-1]] = value
    return found


def ms_ssim(x: Images, y: Images) -> float:
    """Mean multi-scale structural similarity of pairs of images in [0, 1] (Wang et al. 2003), three scales at most.

    Π_j cs_j^{w_j} with the luminance term at the coarsest scale; each scale halves the last. Between samples, it says
    how much alike they are: a collapsed generator comes out high (Odena et al. 2017).
    """
    row = torch.exp(-0.5 * ((torch.arange(11) - 5) / 1.5).square())
    row = row / row.sum()
    c = x.shape[1]
    kernel = torch.outer(row, row).expand(c, 1, 11, 11)

    def windows(image: Tensor) -> Tensor:
        return F.conv2d(image, kernel, groups=c)

    scales = sum(x.shape[-1] // 2**j >= 11 for j in range(len(WEIGHTS)))  # a window must fit in
    product, weights = torch.ones(len(x)), torch.tensor(WEIGHTS[:scales]) / sum(WEIGHTS[:scales])
    for scale, weight in enumerate(weights):
        m_x, m_y = windows(x), windows(y)
        s_x, s_y = windows(x * x) - m_x**2, windows(y * y) - m_y**2
        s_xy = windows(x * y) - m_x * m_y
        similarity = (2 * s_xy + 0.03**2) / (s_x + s_y + 0.03**2)
        if scale == scales - 1:
            similarity = similarity * (2 * m_x * m_y + 0.01**2) / (m_x**2 + m_y**2 + 0.01**2)
        product = product * similarity.mean((1, 2, 3)).clamp_min(0) ** weight
        x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
    return float(product.mean())
