"""Attributes in a latent space: which way is a smile?

Where the factors of the training images are known, an attribute is one of them, in standard deviations over the
training split. Two least-squares fits, both on the means mu(x) of q(z|x):

    mu ≈ m + Σ_a amount_a d_a      d_a: how z moves with attribute a while the others stay    -> `Directions`
    amount_a ≈ w_a · mu + b_a      how attribute a is read from z                             -> `Attributes`
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gen_models.errors import UserError
from gen_models.networks.vae import Attributes, Directions
from training.data import Images


def amounts(data: Images, names: Sequence[str]) -> Float[Tensor, "n a"]:
    """The factors called `names`, as they are."""
    missing = [name for name in names if name not in data.info.factors]
    if data.factors is None or missing:
        known = ", ".join(data.info.factors) or "none"
        raise UserError(f"{data.info.name} has no factor {missing[0]}; it has: {known}.")
    return data.factors[:, [data.info.factors.index(name) for name in names]]


def fit(mu: Float[Tensor, "n k"], known: Float[Tensor, "n a"]) -> tuple[nn.Module, nn.Module]:
    """(Directions, Attributes) by least squares, from codes of training images and their factors."""
    standard = (known - known.mean(0)) / known.std(0).clamp_min(1e-6)
    one = torch.ones(len(mu), 1)
    along = _least_squares(torch.cat([standard, one], dim=1), mu)
    read = _least_squares(torch.cat([mu, one], dim=1), standard)
    return Directions(along[:-1]), Attributes(read[:-1].T.contiguous(), read[-1])


def _least_squares(a: Float[Tensor, "n p"], b: Float[Tensor, "n q"]) -> Float[Tensor, "p q"]:
    """The smallest x that minimises ‖a x − b‖²; by SVD in float64, since a dimension of z may be hardly used."""
    solution = torch.linalg.lstsq(a.double(), b.double(), rcond=1e-5, driver="gelsd").solution
    return solution.to(a.dtype)
