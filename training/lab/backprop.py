"""Backpropagation through the lab's perceptrons, written out.

`torch.func` could derive it. Written out, a step is a graph of fewer and faster operations: real and generated points
go through D together, and a leaky ReLU multiplies by its slope s_l, 1 or 0.2, which is computed once and does not
change when a point moves a little. So a layer is, at a point x = h_0,

    h_l = s_l (W_l h_(l−1) + b_l),      back:  δ_l = s_l W_(l+1)ᵀ δ_(l+1),      ∇_W_l = Σ δ_l h_(l−1)ᵀ,   ∇_b_l = Σ δ_l

(sums over the batch) and the gradient of a penalty on D's slope needs only a pass forth in which x moves and b is left
out: see `DiscriminatorActivations.gradient_by_slope`. The tests compare each step with PyTorch's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from gen_models.networks.lab import SLOPE

SIGN_GAIN = 1e30
"""Clamping is the fastest way in onnxruntime to tell positive numbers from others."""


def product(a: Float[Tensor, "b m"], c: Float[Tensor, "b n"]) -> Float[Tensor, "m n"]:
    """Σ a cᵀ over the batch. It is faster with the narrower factor on the left."""
    return a.T @ c if a.shape[1] <= c.shape[1] else (c.T @ a).T


class LeakyReLU(torch.autograd.Function):
    """A leaky ReLU and its slope, which is a constant to those who differentiate: it does not change.

    The slope is read off the output, so that onnxruntime can fuse the function with the product before it.
    """

    @staticmethod
    def forward(a: Tensor) -> tuple[Tensor, Tensor]:
        """The output and its slope, 1 or 0.2."""
        h = F.leaky_relu(a, SLOPE)
        return h, (h * SIGN_GAIN).clamp(SLOPE, 1.0)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: tuple[Tensor, Tensor]) -> None:
        """Keep the slope."""
        _, slope = output
        ctx.mark_non_differentiable(slope)
        ctx.save_for_backward(slope)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> Tensor:
        """The gradient at the input."""
        of_output, _ = grad_outputs
        (slope,) = ctx.saved_tensors
        return of_output * slope


class Activations:
    """A perceptron at points x (b, k).

    Args:
        parameters: weight and bias of each layer, in turn.
    """

    def __init__(self, parameters: Sequence[Tensor], x: Float[Tensor, "b k"]) -> None:
        *self.weights, self.last = parameters[::2]
        self.inputs, self.slopes = [x], []
        for weight, bias in zip(self.weights, parameters[1::2], strict=False):
            h, slope = LeakyReLU.apply(F.linear(self.inputs[-1], weight, bias))
            self.slopes.append(slope)
            self.inputs.append(h)
        self.features = self.inputs[-1]
        self.output = self.features @ self.last.T + parameters[-1]

    def back(self, of_features: Tensor) -> list[Tensor]:
        """Return, from the gradient at the features, that at x, and then δ of each hidden layer."""
        deltas, of_layer = [], of_features
        for weight, slope in zip(self.weights[::-1], self.slopes[::-1], strict=True):
            deltas.append(of_layer * slope)
            of_layer = deltas[-1] @ weight
        return [of_layer, *deltas[::-1]]

    def at_x(self, of_output: Float[Tensor, "b outputs"]) -> Float[Tensor, "b k"]:
        """The gradient at x, from that at the output."""
        return self.back(of_output @ self.last)[0]

    def gradient(self, of_output: Float[Tensor, "b outputs"]) -> list[Tensor]:
        """Return the gradient at the parameters, in their order, from that at the output."""
        _, *deltas = self.back(of_output @ self.last)
        parts = []
        for delta, h in zip([*deltas, of_output], self.inputs, strict=True):
            parts += [product(delta, h), delta.sum(0)]
        return parts


class DiscriminatorActivations(Activations):
    """A perceptron with one output, D, and the gradient of a loss that looks at D's slope too."""

    @cached_property
    def _unit(self) -> list[Tensor]:
        return self.back(self.last)

    @property
    def slope(self) -> Float[Tensor, "b k"]:
        """∇_x of the output."""
        return self._unit[0]

    def moves(self, of_slope: Float[Tensor, "b k"]) -> list[Tensor]:
        """How the input of each layer moves when x moves by `of_slope`."""
        moves = [of_slope]
        for weight, slope in zip(self.weights, self.slopes, strict=True):
            moves.append((moves[-1] @ weight.T) * slope)
        return moves

    def gradient_by_slope(
        self, of_output: Float[Tensor, "b 1"], of_slope: Float[Tensor, "b k"] | None = None
    ) -> list[Tensor]:
        """Return what `gradient` does, of a loss of output and slope.

        With u_l for δ_l of the output itself, p and q for the loss's derivatives by output and slope, and t_l for how
        h_l moves when x moves by q, the gradient is Σ u_l (p h_(l−1) + t_(l−1))ᵀ.
        """
        terms = [of_output * h for h in self.inputs]
        if of_slope is not None:
            terms = [term + t for term, t in zip(terms, self.moves(of_slope), strict=True)]
        parts, row = [], of_output.T
        for unit, term in zip(self._unit[1:], terms, strict=False):
            parts += [product(unit, term), row @ unit]
        return [*parts, terms[-1].sum(0), of_output.sum(0)]


class BatchDiscriminatorActivations(Activations):
    """A `BatchDiscriminator` at a batch x, whose points it compares with one another.

    Args:
        parameters: those of a perceptron, and the projection.
        shape: kernels, and numbers in each.
    """

    def __init__(self, parameters: Sequence[Tensor], x: Tensor, shape: tuple[int, int]) -> None:
        *hidden, last, bias, self.project = parameters
        of_features, self.of_closeness = torch.split(last, [last.shape[1] - shape[0], shape[0]], 1)
        super().__init__([*hidden, of_features, bias], x)
        m = (self.project @ self.features.T).reshape(*shape, -1)
        self.apart = [each[:, :, None] - each[:, None, :] for each in m.unbind(1)]
        first, *others = (d.abs() for d in self.apart)
        self.near = torch.exp(-sum(others, first))
        self.closeness = self.near.mean(2)
        self.output = self.output + (self.of_closeness @ self.closeness).reshape(-1, 1)

    def _at_projection(self, of_output: Tensor) -> Float[Tensor, "kernels_size b"]:
        """Two points' distance is in the closeness of both: hence the sum of the two points' gradients."""
        moved = []
        for d in self.apart:
            pull = (d * SIGN_GAIN).clamp(-1.0, 1.0) * self.near
            moved.append(pull.sum(2) * of_output.T + (pull @ of_output)[..., 0])
        weight = -self.of_closeness.T / of_output.shape[0]
        return (weight[..., None] * torch.stack(moved, 1)).reshape(-1, of_output.shape[0])

    def at_x(self, of_output: Float[Tensor, "b 1"]) -> Tensor:
        """Return what a perceptron does."""
        at_m = self._at_projection(of_output)
        return self.back(of_output @ self.last + at_m.T @ self.project)[0]

    def gradient(self, of_output: Float[Tensor, "b 1"]) -> list[Tensor]:
        """Return what a perceptron does."""
        at_m = self._at_projection(of_output)
        _, *deltas = self.back(of_output @ self.last + at_m.T @ self.project)
        parts = []
        for delta, h in zip(deltas, self.inputs, strict=False):
            parts += [product(delta, h), delta.sum(0)]
        of_last = [of_output.T @ self.features, (self.closeness @ of_output).T]
        return [*parts, torch.cat(of_last, 1), of_output.sum(0), at_m @ self.features]
