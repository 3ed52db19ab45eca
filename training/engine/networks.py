"""What is done with whole networks around a loop: their moving average, their BatchNorm, their mode."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn


class Ema(nn.Module):
    """Exponential moving average of a network: what is sampled and exported."""

    def __init__(self, net: nn.Module, halflife: float) -> None:
        """`halflife` is in steps."""
        super().__init__()
        self.net = deepcopy(net).eval().requires_grad_(False)
        self.halflife = halflife

    @torch.no_grad()
    def update(self, net: nn.Module, step: int) -> None:
        """θ̄ ← decay θ̄ + (1 − decay) θ after step `step`, from 1 on. Buffers, which BatchNorm has, are copied.

        The half-life is a twentieth of the steps so far until it reaches its own value, so that an average over a
        short past does not hold on to the random start (Karras et al. 2020).
        """
        decay = 0.5 ** (1 / min(self.halflife, 0.05 * step))
        for mean, now in zip(self.net.parameters(), net.parameters(), strict=True):
            mean.lerp_(now, 1 - decay)
        for mean, now in zip(self.net.buffers(), net.buffers(), strict=True):
            mean.copy_(now)


def recalibrate_batchnorm(net: nn.Module, inputs: Iterable[Tensor]) -> nn.Module:
    """The network with BatchNorm statistics taken anew over batches of inputs, in evaluation mode.

    An averaged network has other activations than the one that its copied statistics were taken from.
    """
    update_bn(inputs, net)  # type: ignore[arg-type]  # any iterable will do
    return net.eval()


@contextmanager
def evaluating(*nets: nn.Module) -> Iterator[tuple[nn.Module, ...]]:
    """The networks in evaluation mode, back in training mode afterwards."""
    for net in nets:
        net.eval()
    yield nets
    for net in nets:
        net.train()
