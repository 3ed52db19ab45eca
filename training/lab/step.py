"""Training itself as a function: one step of a GAN in the plane, forward, backward and Adam (lecture §3.4-3.6, §5).

Everywhere else in this project a network is trained here and served there. In the lab visitors train, without PyTorch:
a step is a pure function from (state, batch, noise, hyper-parameters) to the next state, which `training.lab.export`
turns into a graph. The players' gradients are written out (`training.lab.backprop`), for speed; what is differentiated
through them is `torch.func`'s work.

Both players are small perceptrons (`gen_models.networks.lab`), and each step moves both once, by Adam,

    ψ ← ψ − Adam(∇_ψ L_D(θ, ψ)),        θ ← θ − Adam(∇_θ L_G(θ, ψ')),

where ψ' is D after its move (alternating steps, §3.6) or before it (simultaneous steps: V of §5.2).
`training.lab.methods` says what each method changes: the losses, a penalty in L_D, the noise, what D sees, or which ψ'
the generator looks at.
"""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call, grad, grad_and_value

from gen_models.cards import Port
from gen_models.families import LabPenalty
from gen_models.networks.lab import BatchDiscriminator, Perceptron
from training.lab.backprop import (
    Activations,
    BatchDiscriminatorActivations,
    DiscriminatorActivations,
)
from training.lab.losses import EPS, LOSSES, PENALTIES, SIGNED_LOSSES, halves
from training.lab.methods import DEPTH, HYPER, PLANE, Method, Sizes, hyper


def networks(method: Method, sizes: Sizes = PLANE) -> tuple[Perceptron, Perceptron]:
    """Untrained (G, D)."""
    k, width = sizes.point, sizes.width
    G = Perceptron(k, k, width, DEPTH)
    if method.minibatch:
        return G, BatchDiscriminator(k, width, DEPTH)
    return G, Perceptron(k * method.pack, 1, width, DEPTH)


class Flat:
    """A network as a function of one vector that holds all its parameters."""

    def __init__(self, net: nn.Module) -> None:
        self.net = net
        self.shapes = {name: p.shape for name, p in net.named_parameters()}
        self.sizes = [shape.numel() for shape in self.shapes.values()]
        self.n = sum(self.sizes)

    def parts(self, parameters: Float[Tensor, " n"]) -> list[Tensor]:
        """The parameters one by one, in the network's order."""
        parts = torch.split(parameters, self.sizes)  # slices would export badly
        return [p.reshape(shape) for p, shape in zip(parts, self.shapes.values(), strict=True)]

    def __call__(self, parameters: Float[Tensor, " n"], *x: Tensor) -> Tensor:
        """The network's output at `parameters`."""
        named = dict(zip(self.shapes, self.parts(parameters), strict=True))
        return functional_call(self.net, named, x)


class Players(nn.Module):
    """The two players of a method, and the ports that its graphs share."""

    def __init__(self, method: Method, sizes: Sizes = PLANE) -> None:
        super().__init__()
        self.method, self.sizes = method, sizes
        self.nets = nn.ModuleList(networks(method, sizes))
        self.G, self.D = map(Flat, self.nets)
        self.n = self.G.n + self.D.n
        self.signed_loss, self.loss_G = SIGNED_LOSSES[method.loss], LOSSES[method.loss][1]

    def players(self, parameters: Float[Tensor, "*k n"]) -> tuple[Tensor, ...]:
        """The parameters of G and those of D."""
        return torch.split(parameters, [self.G.n, self.D.n], dim=-1)


class Step(Players):
    """One step of both players. `forward` takes its ports in their order."""

    @property
    def inputs(self) -> tuple[Port, ...]:
        """State, number of the step from 1, real points, noise, hyper-parameters.

        The state is that of `Game`, (4, n), in one row: onnxruntime would copy it to give it another shape.
        """
        method, points = self.method, self.sizes.point * self.method.pack
        noise = [Port("in_z", ("batch", points))]
        if method.noise:
            noise += [Port(f"in_noise_{which}", ("batch", points)) for which in ("real", "fake")]
        if method.penalty is LabPenalty.GRADIENT:
            noise += [Port("in_u", ("batch", 1), range=(0, 1))]
        return (
            Port("in_state", (4 * self.n,)),
            Port("in_step", ()),
            Port("in_real", ("batch", points)),
            *noise,
            *(Port(name, (), range=HYPER[name][1]) for name in hyper(method)),
        )

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The next state, the losses (2,) and the gradients' norms (2,): of D, of G."""
        names = [port.name.removeprefix("in_") for port in self.inputs]
        i = SimpleNamespace(**dict(zip(names, inputs, strict=True)))
        rows = torch.split(i.state, 4 * [self.G.n, self.D.n])
        state_G, state_D = rows[::2], rows[1::2]
        adam = partial(adam_step, step=i.step, beta1=i.beta1, beta2=i.beta2, ema=i.ema)
        if self.method.consensus:
            gradient_G, gradient_D, L_D, L_G = self._consensus(state_G[0], state_D[0], i)
            state_D, norm_D = adam(state_D, gradient_D, lr=i.lr_d)
        else:
            G, fake = self._generated(state_G[0], i)
            real = i.real
            if self.method.noise:
                real, fake = real + i.sigma * i.noise_real, fake + i.sigma * i.noise_fake
            old = state_D[0]
            gradient_D, L_D = self._of_D(self.D.parts(old), real, fake, i)
            state_D, norm_D = adam(state_D, flat(gradient_D), lr=i.lr_d)
            faced = self.D.parts(i.alternating * state_D[0] + (1 - i.alternating) * old)
            of_x, L_G = self._of_fake(faced, real, fake, i)
            gradient_G = flat(G.gradient(of_x.reshape(G.output.shape)))
        state_G, norm_G = adam(state_G, gradient_G, lr=i.lr_g)
        both = zip(state_G, state_D, strict=True)
        return (
            torch.cat([part for parts in both for part in parts]),
            torch.stack([L_D, L_G]),
            torch.stack([norm_D, norm_G]),
        )

    def _generated(self, g: Tensor, i: SimpleNamespace) -> tuple[Activations, Tensor]:
        """G at z, and its points, packed."""
        G = Activations(self.G.parts(g), i.z.reshape(-1, self.sizes.point))
        return G, G.output.reshape(i.real.shape)

    def _of_D(
        self, d: list[Tensor], real: Tensor, fake: Tensor, i: SimpleNamespace
    ) -> tuple[list[Tensor], Tensor]:
        """∇_ψ L_D, in the order of D's parameters d, and L_D."""
        if self.method.minibatch:
            batches = [self._batch_discriminator(d, x) for x in (real, fake)]
            p, L_D = grad_and_value(self._mean_loss_D)(torch.cat([D.output for D in batches]))
            of_real, of_fake = (D.gradient(q) for D, q in zip(batches, halves(p), strict=True))
            return added(of_real, of_fake), L_D

        D = DiscriminatorActivations(d, torch.cat([real, fake]))
        if self.method.penalty is None:
            p, L_D = grad_and_value(self._mean_loss_D)(D.output)
            return D.gradient(p), L_D
        penalty = PENALTIES[self.method.penalty]

        def loss(logits: Tensor, slopes: Tensor) -> Tensor:
            return self._mean_loss_D(logits) + i.gamma * penalty(logits, slopes).mean()

        derivatives = grad_and_value(loss, argnums=(0, 1))
        if self.method.penalty is not LabPenalty.GRADIENT:
            (p, q), L_D = derivatives(D.output, D.slope)
            return D.gradient_by_slope(p, q), L_D
        between = DiscriminatorActivations(d, i.u * real + (1 - i.u) * fake)
        (p, q), L_D = derivatives(D.output, between.slope)
        of_slope = between.gradient_by_slope(torch.zeros_like(between.output), q)
        return added(D.gradient(p), of_slope), L_D

    def _of_fake(
        self, d: list[Tensor], real: Tensor, fake: Tensor, i: SimpleNamespace
    ) -> tuple[Tensor, Tensor]:
        """∇ L_G at the generated points, and L_G, against D at d, or where D will be after `unroll` steps from d."""
        if not self.method.unroll:
            D = (
                self._batch_discriminator(d, fake)
                if self.method.minibatch
                else Activations(d, fake)
            )
            p, L_G = grad_and_value(self._mean_loss_G)(D.output)
            return D.at_x(p), L_G

        def ahead(fake: Tensor) -> Tensor:
            """L_G after steps of gradient descent, which depend on the generated points."""
            x, at = torch.cat([real, fake]), d
            for _ in range(self.method.unroll):
                D = Activations(at, x)
                # Scaled here, where there is least to scale.
                p = -i.inner_lr * grad(self._mean_loss_D)(D.output)
                at = [a + step.reshape(a.shape) for a, step in zip(at, D.gradient(p), strict=True)]
            return self._mean_loss_G(Activations(at, fake).output)

        return grad_and_value(ahead)(fake)

    def _batch_discriminator(self, d: list[Tensor], x: Tensor) -> BatchDiscriminatorActivations:
        net = self.nets[1]
        assert isinstance(net, BatchDiscriminator)
        return BatchDiscriminatorActivations(d, x, net.shape)

    def _mean_loss_D(self, logits: Float[Tensor, "two_b 1"]) -> Tensor:
        """L_D from logits of real and then of generated points."""
        ones = logits.new_ones(logits.shape[0] // 2, 1)
        return 2 * self.signed_loss(logits, torch.cat([ones, -ones])).mean()

    def _mean_loss_G(self, logits: Float[Tensor, "b 1"]) -> Tensor:
        return self.loss_G(logits).mean()

    def _consensus(self, g: Tensor, d: Tensor, i: SimpleNamespace) -> tuple[Tensor, ...]:
        """The gradients that G and D follow, L_D and L_G."""

        def energy(g: Tensor, d: Tensor) -> tuple[Tensor, Any]:
            """½ ‖V‖², and what it is made of."""
            G, fake = self._generated(g, i)
            D = DiscriminatorActivations(self.D.parts(d), torch.cat([i.real, fake]))
            p, L_D = grad_and_value(self._mean_loss_D)(D.output)
            at_fake, L_G = grad_and_value(self._mean_loss_G)(halves(D.output)[1])
            of_x = at_fake * halves(D.slope)[1]
            V = flat(G.gradient(of_x)), flat(D.gradient_by_slope(p))
            return 0.5 * ((V[0] * V[0]).sum() + (V[1] * V[1]).sum()), (*V, L_D, L_G)

        (of_G, of_D), (V_G, V_D, L_D, L_G) = grad(energy, argnums=(0, 1), has_aux=True)(g, d)
        return V_G + i.gamma * of_G, V_D + i.gamma * of_D, L_D, L_G


class Sample(Players):
    """x̂ = G(z)."""

    @property
    def inputs(self) -> tuple[Port, ...]:
        """The parameters or their average, and z."""
        return Port("in_parameters", (self.n,)), Port("in_z", ("batch", self.sizes.point))

    def forward(self, parameters: Tensor, z: Tensor) -> Tensor:
        """Points of as many dimensions as z."""
        return self.G(self.players(parameters)[0], z)


class Judge(Players):
    """D's logit at x, and where the generator would move a point that lies there."""

    @property
    def inputs(self) -> tuple[Port, ...]:
        """Parameters, points, and other generated points where D looks at several."""
        k = self.sizes.point
        ports = Port("in_parameters", (self.n,)), Port("in_x", ("batch", k))
        if self.method.minibatch:
            return *ports, Port("in_context", ("context", k))
        if self.method.pack > 1:
            return *ports, Port("in_context", ("context", k * (self.method.pack - 1)))
        return ports

    def forward(
        self, parameters: Tensor, x: Tensor, context: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Logits (batch, 1) and arrows like x, −∇_x of G's loss for one point at x.

        Packed, x comes first in a pack that is filled up by each row of the context in turn: both are means over rows.
        """
        _, d = self.players(parameters)
        if context is None:
            D = Activations(self.D.parts(d), x)
            p = grad(lambda logits: self.loss_G(logits).sum())(D.output)
            return D.output, -D.at_x(p)

        def logits(x: Tensor) -> Tensor:
            """Logits of points, each in several contexts: (batch, rows of the context, 1)."""
            if self.method.minibatch:
                return self.D(d, x, context)[:, None]
            packs = torch.cat(
                [
                    x[:, None].expand(-1, context.shape[0], -1),
                    context[None].expand(x.shape[0], -1, -1),
                ],
                dim=2,
            )
            return self.D(d, packs.reshape(-1, packs.shape[2])).reshape(*packs.shape[:2], 1)

        def loss(x: Tensor) -> tuple[Tensor, Tensor]:
            given = logits(x)
            losses = self.loss_G(given.reshape(-1, 1)).reshape(given.shape[:2])
            return losses.mean(1).sum(), given.mean(1)

        slope, logit = grad(loss, has_aux=True)(x)
        return logit, -slope


def adam_step(
    state: tuple[Tensor, ...],
    gradient: Float[Tensor, " n"],
    *,
    step: Tensor,
    lr: Tensor,
    beta1: Tensor,
    beta2: Tensor,
    ema: Tensor,
) -> tuple[tuple[Tensor, ...], Tensor]:
    """Adam (Kingma and Ba 2015), the moving average of what it reaches, and the gradient's norm.

    The state is the parameters, the two moments m and v, and the average: four of (n,).
    """
    parameters, m, v, average = state
    squares = gradient * gradient
    m = beta1 * m + (1 - beta1) * gradient
    v = beta2 * v + (1 - beta2) * squares
    # Both moments' biases are numbers: taken out of the quotient, they cost nothing.
    unbiased = (1 - beta2**step).sqrt()
    rate = lr * unbiased / (1 - beta1**step)
    parameters = parameters - rate * m / (v.sqrt() + EPS * unbiased)
    average = ema * average + (1 - ema) * parameters
    return (parameters, m, v, average), squares.sum().sqrt()


def flat(parts: list[Tensor]) -> Float[Tensor, " n"]:
    """The parts as one vector."""
    return torch.cat([part.reshape(-1) for part in parts])


def added(one: list[Tensor], other: list[Tensor]) -> list[Tensor]:
    """The sum of two gradients of the same parameters."""
    return [a + b for a, b in zip(one, other, strict=True)]


def initial(game: Players) -> list[tuple[int, float]]:
    """How many parameters in a row begin uniform within which bound: ±1/√(inputs of the layer), as in PyTorch.

    Except for D's first layer, which may begin steeper: where modes are much smaller than their distance, D must soon
    tell points apart that are σ from each other.
    """
    G, D = ([layer for layer in net.modules() if isinstance(layer, nn.Linear)] for net in game.nets)
    gain = {D[0]: game.sizes.init_gain}
    return [
        (sum(p.numel() for p in layer.parameters()), gain.get(layer, 1) * layer.in_features**-0.5)
        for layer in (*G, *D)
    ]


def begin(game: Players, seed: int) -> Float[Tensor, "4 n"]:
    """A state before the first step."""
    rng = np.random.default_rng(seed)
    parameters = np.concatenate([rng.uniform(-b, b, n) for n, b in initial(game)])
    rest = np.zeros_like(parameters)
    return torch.from_numpy(np.stack([parameters, rest, rest, parameters])).float()
