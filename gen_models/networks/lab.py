"""Define the lab's networks: small perceptrons for points in the plane (lecture §3, §5)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

SLOPE = 0.2
"""Of leaky ReLU, below 0."""


class Perceptron(nn.Module):
    """Has `depth` hidden layers of `width` leaky ReLUs, and a linear layer."""

    def __init__(self, inputs: int, outputs: int, width: int, depth: int) -> None:
        super().__init__()
        sizes = [inputs] + depth * [width]
        self.hidden = nn.ModuleList(map(nn.Linear, sizes[:-1], sizes[1:]))
        self.last = nn.Linear(width, outputs)

    def forward(self, x: Float[Tensor, "b inputs"]) -> Float[Tensor, "b outputs"]:
        """Return the outputs, unbounded."""
        return self.last(self.features(x))

    def features(self, x: Float[Tensor, "b inputs"]) -> Float[Tensor, "b width"]:
        """Return the last hidden layer."""
        for layer in self.hidden:
            x = nn.functional.leaky_relu(layer(x), SLOPE)
        return x


class BatchDiscriminator(Perceptron):
    """Compares each point with others of its batch, as a D (Salimans et al. 2016, section 3.2).

    Each point's features are projected onto `kernels` vectors of `size` numbers. How close those are to another
    point's is exp(−L1 distance), for each kernel; the mean over the others goes to the last layer, beside the features.
    The paper takes the sum: the mean does not depend on the size of the batch.
    """

    def __init__(
        self, inputs: int, width: int, depth: int, kernels: int = 4, size: int = 3
    ) -> None:
        super().__init__(inputs, 1, width, depth)
        self.project = nn.Linear(width, kernels * size, bias=False)
        self.last = nn.Linear(width + kernels, 1)
        self.shape = (kernels, size)

    def forward(
        self, x: Float[Tensor, "b k"], others: Float[Tensor, "n k"] | None = None
    ) -> Float[Tensor, "b 1"]:
        """Return the logits of x among `others`, or among x itself."""
        h = self.features(x)
        m = self.project(h).reshape(-1, 1, *self.shape)
        n = m if others is None else self.project(self.features(others)).reshape(-1, 1, *self.shape)
        closeness = torch.exp(-(m - n.transpose(0, 1)).abs().sum(3)).mean(1)
        return self.last(torch.cat([h, closeness], 1))
