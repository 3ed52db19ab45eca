"""Small random changes of training pictures that keep what they show."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def jitter(x: Float[Tensor, "b c h w"], strength: float) -> Float[Tensor, "b c h w"]:
    """A random affine map per picture, in [0, 1] as before; `strength` 0 gives `x` back.

    At strength 1 the standard deviations are 7 degrees of rotation, 6 % of scale, 0.1 of shear and 2 % of the side of
    shift. Pictures are filled with 0 at the border, so this suits pictures on black ground.
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
    return F.grid_sample(x, grid, align_corners=False)
