"""The gradient penalty R1 of a discriminator that Fabric has wrapped."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from training.engine.run import Run
from training.objectives import PerSample, r1


def r1_penalty(run: Run, D: Any, x: Tensor) -> PerSample:
    """½ ‖∇_x D(x)‖² at real images x, in the run's precision; D as `Run.setup` returned it."""
    # Fabric's wrapper allows no gradient but fabric.backward's: hence the module inside, under the wrapper's autocast.
    with run.fabric.autocast():
        return r1(D.module, x)
