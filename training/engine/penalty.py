"""Gradient penalties of a discriminator that Fabric has wrapped."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from training.engine.run import Run
from training.objectives import PerSample, gradient_penalty, r1


def r1_penalty(run: Run, D: Any, x: Tensor, *rest: float | Tensor) -> PerSample:
    """½ ‖∇_x D(x, ...)‖² at real images x, in the run's precision; D as `Run.setup` returned it."""
    # Fabric's wrapper allows no gradient but fabric.backward's: hence the module inside, under the wrapper's autocast.
    with run.fabric.autocast():
        return r1(lambda x: D.module(x, *rest), x)


def wgan_gp_penalty(run: Run, D: Any, x: Tensor, x_hat: Tensor, *rest: float) -> PerSample:
    """(‖∇ D‖ − 1)² at random points between x and x̂, as `r1_penalty` does it."""
    with run.fabric.autocast():
        return gradient_penalty(lambda x: D.module(x, *rest), x, x_hat)
