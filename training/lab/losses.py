"""Objectives of the lab's games and penalties on D: one value per sample, from logits and slopes (lecture §3.4, §5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from gen_models.families import LabLoss, LabPenalty
from training.objectives import (
    PerSample,
    least_squares_discriminator,
    least_squares_generator,
    logistic_discriminator,
    logistic_generator,
    wasserstein_discriminator,
    wasserstein_generator,
)

EPS = 1e-7
"""Adam's ε, and what is added under a root. A smaller one, such as PyTorch's 1e-8, is removed by the ONNX optimiser."""

Logits = Float[Tensor, "b 1"]


def saturating_generator(fake: Logits) -> PerSample:
    """log(1 − D(x̂)), from logits: the generator of the original objective (§3.4; Goodfellow et al. 2014)."""
    return -F.softplus(fake).sum(1)


LOSSES: dict[LabLoss, tuple[Callable[[Tensor, Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    LabLoss.SATURATING: (logistic_discriminator, saturating_generator),
    LabLoss.NON_SATURATING: (logistic_discriminator, logistic_generator),
    LabLoss.LEAST_SQUARES: (least_squares_discriminator, least_squares_generator),
    LabLoss.WASSERSTEIN: (wasserstein_discriminator, wasserstein_generator),
}
"""The losses of D and of G by their name."""


def logistic(logits: Logits, sign: Tensor) -> Tensor:
    """−log of the probability that D gives to the truth."""
    return F.softplus(-sign * logits)


SIGNED_LOSSES: dict[LabLoss, Callable[[Tensor, Any], Tensor]] = {
    LabLoss.SATURATING: logistic,
    LabLoss.NON_SATURATING: logistic,
    LabLoss.LEAST_SQUARES: lambda logits, sign: (logits - (sign + 1) / 2).square(),
    LabLoss.WASSERSTEIN: lambda logits, sign: -sign * logits,
}


# ---------------------------------------------------------------------------------------------------------------------
# Penalties on D: one value per sample, to be weighted by γ
# ---------------------------------------------------------------------------------------------------------------------


def r1(logits: Tensor, slopes: Tensor) -> PerSample:
    """½ ‖∇_x D(x)‖² at real points (Mescheder et al. 2018)."""
    real, _ = halves(slopes)
    return 0.5 * real.square().sum(1)


def roth(logits: Tensor, slopes: Tensor) -> PerSample:
    """½ (1 − σ(D(x)))² ‖∇_x D(x)‖² + ½ σ(D(x̂))² ‖∇_x D(x̂)‖²: instance noise, integrated (§5.4; Roth et al. 2017)."""
    (real, fake), (at_real, at_fake) = halves(logits), halves(slopes)
    wrong_real, wrong_fake = 1 - real.sigmoid()[:, 0], fake.sigmoid()[:, 0]
    return 0.5 * (
        wrong_real.square() * at_real.square().sum(1)
        + wrong_fake.square() * at_fake.square().sum(1)
    )


def gradient_penalty(logits: Tensor, slopes: Tensor) -> PerSample:
    """(‖∇_x D(x̃)‖ − 1)², from slopes at x̃ = u x + (1 − u) x̂, u uniform in [0, 1] (Gulrajani et al. 2017)."""
    return ((slopes.square().sum(1) + EPS).sqrt() - 1).square()


PENALTIES: dict[LabPenalty, Callable[[Tensor, Tensor], Tensor]] = {
    LabPenalty.R1: r1,
    LabPenalty.ROTH: roth,
    LabPenalty.GRADIENT: gradient_penalty,
}


def halves(x: Float[Tensor, "two_b k"]) -> tuple[Tensor, Tensor]:
    """Split a batch into real and generated points."""
    real, fake = x.reshape(2, -1, x.shape[1]).unbind()
    return real, fake
