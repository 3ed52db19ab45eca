"""Training itself as a graph: one step of a GAN in the plane, forward, backward and Adam (lecture §3.4-3.6, §5).

Everywhere else in this project a network is trained here and served there. In the lab visitors train, without PyTorch:
a step is a pure function from (state, batch, noise, hyper-parameters) to the next state. `make_fx` writes down every
operation of forward and backward pass, and that list is what becomes ONNX. The players' gradients are written out
(`training.lab_backprop`), for speed; what is differentiated through them is `torch.func`'s work.

Both players are small perceptrons (`gen_models.networks.lab`), and each step moves both once, by Adam,

    ψ ← ψ − Adam(∇_ψ L_D(θ, ψ)),        θ ← θ − Adam(∇_θ L_G(θ, ψ')),

where ψ' is D after its move (alternating steps, §3.6) or before it (simultaneous steps: V of §5.2). METHODS says what
each one of them changes: the losses, a penalty in L_D, the noise, what D sees, or which ψ' the generator looks at.

    python -m training.lab --name lab-r1
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from PIL import Image, ImageDraw
from torch import Tensor, nn
from torch.func import functional_call, grad, grad_and_value
from torch.fx.experimental.proxy_tensor import make_fx

from gen_models import cards
from gen_models.cards import Port
from gen_models.lab.distributions import DISTRIBUTIONS
from gen_models.lab.game import Game
from gen_models.networks.lab import BatchDiscriminator, Perceptron
from gen_models.runtime import Model
from training import cli
from training.export import Spec, export, save_preview
from training.lab_backprop import Compared, Judged, Pass
from training.objectives import (
    PerSample,
    least_squares_discriminator,
    least_squares_generator,
    logistic_discriminator,
    logistic_generator,
)

DEPTH = 3
"""Hidden layers of both players."""
BATCH = 128
"""Points of each kind in a step; PacGAN's experiments have 100."""
PREVIEW = 2000
"""Steps before the preview is drawn."""
EPS = 1e-7
"""Adam's ε. A smaller one, such as PyTorch's 1e-8, is removed by the ONNX optimiser."""

# ---------------------------------------------------------------------------------------------------------------------
# Objectives: one value per sample, from the logits of real and generated points
# ---------------------------------------------------------------------------------------------------------------------

Logits = Float[Tensor, "b 1"]
Points = Float[Tensor, "b k"]


def wasserstein_discriminator(real: Logits, fake: Logits) -> PerSample:
    """D(x̂) − D(x) (Arjovsky et al. 2017)."""
    return (fake - real).sum(1)


def saturating_generator(fake: Logits) -> PerSample:
    """log(1 − D(x̂)), from logits: the generator of the original objective (§3.4; Goodfellow et al. 2014)."""
    return -F.softplus(fake).sum(1)


def wasserstein_generator(fake: Logits) -> PerSample:
    """−D(x̂) (Arjovsky et al. 2017)."""
    return -fake.sum(1)


Loss = Literal["saturating", "non-saturating", "least squares", "wasserstein"]
LOSSES: dict[Loss, tuple[Callable[[Tensor, Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "saturating": (logistic_discriminator, saturating_generator),
    "non-saturating": (logistic_discriminator, logistic_generator),
    "least squares": (least_squares_discriminator, least_squares_generator),
    "wasserstein": (wasserstein_discriminator, wasserstein_generator),
}
"""Of each player."""


def logistic(logits: Logits, sign: Tensor) -> Tensor:
    """−log of the probability that D gives to the truth."""
    return F.softplus(-sign * logits)


JUDGED: dict[Loss, Callable[[Tensor, Any], Tensor]] = {
    "saturating": logistic,
    "non-saturating": logistic,
    "least squares": lambda logits, sign: (logits - (sign + 1) / 2).square(),
    "wasserstein": lambda logits, sign: -sign * logits,
}
"""D's loss once more, of real points, sign 1, and generated ones, sign −1, in one batch."""

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


PENALTIES = {"r1": r1, "roth": roth, "gradient": gradient_penalty}

# ---------------------------------------------------------------------------------------------------------------------
# Methods
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Method:
    """What one card trains with."""

    title: str
    paper: str
    lecture: str
    idea: str
    """One sentence."""
    loss: Loss = "non-saturating"
    penalty: Literal["r1", "roth", "gradient"] | None = None
    """Added to L_D with the weight γ."""
    noise: bool = False
    """Whether σ·N(0, I) is added to all that D sees, in both players' losses."""
    consensus: bool = False
    """Both players descend their losses and, with the weight γ, L = ½ ‖V‖²."""
    pack: int = 1
    """Points that D judges together."""
    minibatch: bool = False
    """Whether D compares the points of a batch."""
    unroll: int = 0
    """Steps of D that the generator looks ahead, and differentiates through."""
    fall: float = 1.0
    """In a long training, such as the scoreboard's, γ and σ fall to this part of themselves."""
    hyper: dict[str, float] = field(default_factory=dict)
    """Hyper-parameters that differ from HYPER, by port."""


_PLAIN = Method(
    "Non-saturating",
    "Goodfellow et al. 2014",
    "§3.5",
    "G minimises −log D(x̂), whose gradient does not vanish when D is sure.",
)
METHODS = {
    "saturating": Method(
        "Saturating",
        "Goodfellow et al. 2014",
        "§3.4",
        "The original game: G minimises log(1 − D(x̂)), what D maximises.",
        loss="saturating",
    ),
    "nonsaturating": _PLAIN,
    "least-squares": Method(
        "Least squares",
        "Mao et al. 2017",
        "§3.4",
        "D is a regression to 1 for real and 0 for generated points, and G wants 1.",
        loss="least squares",
    ),
    "wgan-gp": Method(
        "Wasserstein, gradient penalty",
        "Gulrajani et al. 2017",
        "§5.4",
        "D estimates how far p_θ must be moved to become p_data; the penalty keeps its slope near 1.",
        loss="wasserstein",
        penalty="gradient",
        hyper={"in_lr_g": 1e-3},
    ),
    "r1": Method(
        "R1",
        "Mescheder et al. 2018",
        "§5.3",
        "A penalty on D's slope at real points makes the game converge where the plain one circles.",
        penalty="r1",
        fall=0.0002,
    ),
    "roth": Method(
        "Roth's regulariser",
        "Roth et al. 2017",
        "§5.4",
        "What instance noise does on average, as a penalty on D's slope where D is wrong.",
        penalty="roth",
        fall=0.01,
        hyper={"in_gamma": 0.1},
    ),
    "instance-noise": Method(
        "Instance noise",
        "Sønderby et al. 2017",
        "§5.4",
        "Noise on all that D sees makes real and generated points overlap.",
        noise=True,
        fall=0.01,
    ),
    "consensus": Method(
        "Consensus",
        "Mescheder et al. 2017",
        "§5.3",
        "Both players also descend ½ ‖V‖², the half squared length of the field that they follow.",
        consensus=True,
    ),
    "minibatch": Method(
        "Minibatch discrimination",
        "Salimans et al. 2016",
        "§5.5",
        "D sees how close a point is to the others of its batch, so that a collapsed G is found out.",
        minibatch=True,
    ),
    "pacgan-2": Method(
        "PacGAN, packs of 2",
        "Lin et al. 2018",
        "§5.5",
        "D judges two points together: all real or all generated.",
        pack=2,
    ),
    "pacgan-4": Method(
        "PacGAN, packs of 4",
        "Lin et al. 2018",
        "§5.5",
        "D judges four points together: all real or all generated.",
        pack=4,
    ),
    **{
        f"unrolled-{k}": Method(
            f"Unrolled, {k} step{'s' * (k > 1)}",
            "Metz et al. 2017",
            "§5.5",
            f"G answers to what D will be after {k} more step{'s' * (k > 1)}.",
            unroll=k,
        )
        for k in (1, 5, 10)
    },
}


@dataclass(frozen=True)
class Sizes:
    """Of points and players."""

    point: int = 2
    """Numbers in x, and in z."""
    width: int = 64
    """Of both players: a step takes about a millisecond, which is what live play needs."""
    steep: float = 16
    """How much steeper than usual D's first layer begins: the modes of ring and grid are small."""


PLANE = Sizes()

HYPER: dict[str, tuple[float, tuple[float, float]]] = {
    "in_lr_g": (3e-3, (1e-5, 0.1)),
    "in_lr_d": (5e-3, (1e-5, 0.1)),
    "in_beta1": (0.5, (0, 0.99)),
    "in_beta2": (0.99, (0, 0.9999)),
    "in_ema": (0.99, (0, 0.9999)),
    "in_alternating": (1, (0, 1)),
    "in_gamma": (0.1, (0, 100)),
    "in_sigma": (0.1, (0, 2)),
    "in_inner_lr": (5e-4, (0, 0.1)),
}
"""Hyper-parameters: default and range. A step has those that its method uses."""


# ---------------------------------------------------------------------------------------------------------------------
# The step
# ---------------------------------------------------------------------------------------------------------------------


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
        """One by one, in the network's order."""
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
        self.judged, self.loss_G = JUDGED[method.loss], LOSSES[method.loss][1]

    def players(self, parameters: Float[Tensor, "*k n"]) -> tuple[Tensor, ...]:
        """Those of G, those of D."""
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
        if method.penalty == "gradient":
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

    def _generated(self, g: Tensor, i: SimpleNamespace) -> tuple[Pass, Tensor]:
        """G at z, and its points, packed."""
        G = Pass(self.G.parts(g), i.z.reshape(-1, self.sizes.point))
        return G, G.output.reshape(i.real.shape)

    def _of_D(
        self, d: list[Tensor], real: Tensor, fake: Tensor, i: SimpleNamespace
    ) -> tuple[list[Tensor], Tensor]:
        """∇_ψ L_D, in the order of D's parameters d, and L_D."""
        if self.method.minibatch:
            batches = [self._compared(d, x) for x in (real, fake)]
            p, L_D = grad_and_value(self._mean_loss_D)(torch.cat([D.output for D in batches]))
            of_real, of_fake = (D.gradient(q) for D, q in zip(batches, halves(p), strict=True))
            return added(of_real, of_fake), L_D

        D = Judged(d, torch.cat([real, fake]))
        if self.method.penalty is None:
            p, L_D = grad_and_value(self._mean_loss_D)(D.output)
            return D.gradient(p), L_D
        penalty = PENALTIES[self.method.penalty]

        def loss(logits: Tensor, slopes: Tensor) -> Tensor:
            return self._mean_loss_D(logits) + i.gamma * penalty(logits, slopes).mean()

        derivatives = grad_and_value(loss, argnums=(0, 1))
        if self.method.penalty != "gradient":
            (p, q), L_D = derivatives(D.output, D.slope)
            return D.gradient_by_slope(p, q), L_D
        between = Judged(d, i.u * real + (1 - i.u) * fake)
        (p, q), L_D = derivatives(D.output, between.slope)
        of_slope = between.gradient_by_slope(torch.zeros_like(between.output), q)
        return added(D.gradient(p), of_slope), L_D

    def _of_fake(
        self, d: list[Tensor], real: Tensor, fake: Tensor, i: SimpleNamespace
    ) -> tuple[Tensor, Tensor]:
        """∇ L_G at the generated points, and L_G, against D at d, or where D will be after `unroll` steps from d."""
        if not self.method.unroll:
            D = self._compared(d, fake) if self.method.minibatch else Pass(d, fake)
            p, L_G = grad_and_value(self._mean_loss_G)(D.output)
            return D.at_x(p), L_G

        def ahead(fake: Tensor) -> Tensor:
            """L_G after steps of gradient descent, which depend on the generated points."""
            x, at = torch.cat([real, fake]), d
            for _ in range(self.method.unroll):
                D = Pass(at, x)
                # Scaled here, where there is least to scale.
                p = -i.inner_lr * grad(self._mean_loss_D)(D.output)
                at = [a + step.reshape(a.shape) for a, step in zip(at, D.gradient(p), strict=True)]
            return self._mean_loss_G(Pass(at, fake).output)

        return grad_and_value(ahead)(fake)

    def _compared(self, d: list[Tensor], x: Tensor) -> Compared:
        net = self.nets[1]
        assert isinstance(net, BatchDiscriminator)
        return Compared(d, x, net.shape)

    def _mean_loss_D(self, logits: Float[Tensor, "two_b 1"]) -> Tensor:
        """L_D from logits of real and then of generated points."""
        ones = logits.new_ones(logits.shape[0] // 2, 1)
        return 2 * self.judged(logits, torch.cat([ones, -ones])).mean()

    def _mean_loss_G(self, logits: Float[Tensor, "b 1"]) -> Tensor:
        return self.loss_G(logits).mean()

    def _consensus(self, g: Tensor, d: Tensor, i: SimpleNamespace) -> tuple[Tensor, ...]:
        """The gradients that G and D follow, L_D and L_G."""

        def energy(g: Tensor, d: Tensor) -> tuple[Tensor, Any]:
            """½ ‖V‖², and what it is made of."""
            G, fake = self._generated(g, i)
            D = Judged(self.D.parts(d), torch.cat([i.real, fake]))
            p, L_D = grad_and_value(self._mean_loss_D)(D.output)
            at_fake, L_G = grad_and_value(self._mean_loss_G)(halves(D.output)[1])
            of_x = at_fake * halves(D.slope)[1]
            V = flat(G.gradient(of_x)), flat(D.gradient_by_slope(p))
            return 0.5 * ((V[0] * V[0]).sum() + (V[1] * V[1]).sum()), (*V, L_D, L_G)

        (of_G, of_D), (V_G, V_D, L_D, L_G) = grad(energy, argnums=(0, 1), has_aux=True)(g, d)
        return V_G + i.gamma * of_G, V_D + i.gamma * of_D, L_D, L_G


def flat(parts: list[Tensor]) -> Float[Tensor, " n"]:
    """One vector of them."""
    return torch.cat([part.reshape(-1) for part in parts])


def added(one: list[Tensor], other: list[Tensor]) -> list[Tensor]:
    """Two gradients of the same parameters."""
    return [a + b for a, b in zip(one, other, strict=True)]


def halves(x: Float[Tensor, "two_b k"]) -> tuple[Tensor, Tensor]:
    """Of real points, of generated ones."""
    real, fake = x.reshape(2, -1, x.shape[1]).unbind()
    return real, fake


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


class Sample(Players):
    """x̂ = G(z)."""

    @property
    def inputs(self) -> tuple[Port, ...]:
        """Parameters or their average, z."""
        return Port("in_parameters", (self.n,)), Port("in_z", ("batch", self.sizes.point))

    def forward(self, parameters: Tensor, z: Tensor) -> Tensor:
        """Points, as many numbers in each as in z."""
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
            D = Pass(self.D.parts(d), x)
            p = grad(lambda logits: self.loss_G(logits).sum())(D.output)
            return D.output, -D.at_x(p)

        def logits(x: Tensor) -> Tensor:
            """(batch, rows of the context, 1)."""
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


def hyper(method: Method) -> dict[str, float]:
    """The hyper-parameters that a method uses, by port, with their defaults."""
    used = ["in_lr_g", "in_lr_d", "in_beta1", "in_beta2", "in_ema"]
    used += ["in_alternating"] * (not method.consensus)
    used += ["in_gamma"] * (method.penalty is not None or method.consensus)
    used += ["in_sigma"] * method.noise + ["in_inner_lr"] * (method.unroll > 0)
    return {name: method.hyper.get(name, HYPER[name][0]) for name in used}


# ---------------------------------------------------------------------------------------------------------------------
# Export
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Config:
    """One method, as graphs."""

    name: str
    """lab-METHOD, with a METHOD of METHODS"""
    exported: Path = Path("exported")
    """folder of all exported models"""

    @property
    def method(self) -> Method:
        """What the name stands for."""
        try:
            return METHODS[self.name.removeprefix("lab-")]
        except KeyError:
            known = ", ".join(f"lab-{name}" for name in METHODS)
            raise cli.UserError(f"there is no {self.name}; there are {known}.") from None


def initial(game: Players) -> list[tuple[int, float]]:
    """How many parameters in a row begin uniform within which bound: ±1/√(inputs of the layer), as in PyTorch.

    Except for D's first layer, which may begin steeper: where modes are much smaller than their distance, D must soon
    tell points apart that are σ from each other.
    """
    G, D = ([layer for layer in net.modules() if isinstance(layer, nn.Linear)] for net in game.nets)
    steep = {D[0]: game.sizes.steep}
    return [
        (sum(p.numel() for p in layer.parameters()), steep.get(layer, 1) * layer.in_features**-0.5)
        for layer in (*G, *D)
    ]


def begin(game: Players, seed: int) -> Float[Tensor, "4 n"]:
    """A state before the first step."""
    rng = np.random.default_rng(seed)
    parameters = np.concatenate([rng.uniform(-b, b, n) for n, b in initial(game)])
    rest = np.zeros_like(parameters)
    return torch.from_numpy(np.stack([parameters, rest, rest, parameters])).float()


def spec(game: Step | Sample | Judge, outputs: tuple[str, ...]) -> Spec:
    """A graph of the game, written down operation by operation."""
    state = begin(game, 0)
    state[1:3] = 0.01 * torch.rand(2, game.n, generator=torch.Generator().manual_seed(0))
    fixed = {"in_state": state.reshape(-1), "in_parameters": state[0], "in_step": torch.tensor(3.0)}
    # Not at random: looking five steps ahead with a step of any size gives NaN, here as there.
    fixed |= {name: torch.tensor(float(value)) for name, value in hyper(game.method).items()}
    sizes = {"batch": 7, "context": 5}  # equal to no other axis, or it would be taken for that one
    example = [
        fixed[port.name] if port.name in fixed
        else torch.full([sizes[n] if isinstance(n, str) else n for n in port.shape], 0.5)
        for port in game.inputs
    ]  # fmt: skip
    traced = make_fx(game, SIMPLER, tracing_mode="symbolic")(*example)
    return Spec(game, game.inputs, dict.fromkeys(outputs), fixed=fixed, traced=traced)


def _softplus_backward(gradient: Tensor, x: Tensor, beta: float, threshold: float) -> Tensor:
    return gradient * (beta * x).sigmoid()


def _turned(x: Tensor) -> Tensor:
    """A row or a column needs no transposing, and its products are then several times as fast in onnxruntime."""
    return x.reshape(x.shape[::-1]) if 1 in x.shape else NotImplemented


def _summed(x: Tensor, dim: list[int], keepdim: bool = False) -> Tensor:
    """Over a batch, as a product with ones: five times as fast."""
    if x.ndim != 2 or list(dim) != [0]:
        return NotImplemented
    total = x.new_ones(1, x.shape[0]) @ x
    return total if keepdim else total.reshape(-1)


SIMPLER: dict[Any, Any] = {
    torch.ops.aten.softplus_backward.default: _softplus_backward,
    torch.ops.aten.t.default: _turned,
    torch.ops.aten.sum.dim_IntList: _summed,
}
"""Operations that PyTorch's own exporter would spell out in more or slower ones."""


def dataset() -> cards.Dataset:
    """All the distributions of the lab; the hash is of the first 1,000 points of each, to 4 digits."""
    digest = hashlib.sha256()
    for each in DISTRIBUTIONS.values():
        digest.update(np.round(each.draw(np.random.default_rng(0), 1000), 4).tobytes())
    return cards.Dataset(
        "plane",
        "Points in the plane",
        "none needed",
        "formulas in gen_models/lab/distributions.py",
        digest.hexdigest(),
        f"Drawn when they are needed: {', '.join(d.title for d in DISTRIBUTIONS.values())}.",
    )


def export_model(config: Config, sizes: Sizes = PLANE) -> Path:
    """Write `exported/<name>/`."""
    method = config.method
    step, sample, judge = (kind(method, sizes) for kind in (Step, Sample, Judge))
    facts = asdict(method)
    return export(
        name=config.name,
        root=config.exported,
        family="lab",
        title=f"Lab: {method.title}",
        lecture=method.lecture,
        summary=f"{method.idea} {method.paper}.",
        limitations=(
            "Not a trained model: the graphs are a training step, G and D, and have no weights of their own. Two "
            "perceptrons for points in the plane, nothing else. The hyper-parameters are one choice for all "
            "distributions; what fails here may work with others, and the reverse."
        ),
        module="training.lab",
        config={
            **{
                key: facts[key]
                for key in ("title", "paper", "loss", "penalty", "pack", "unroll", "fall")
            },
            "batch": BATCH,
            "width": sizes.width,
            "depth": DEPTH,
            "hyper": hyper(method),
            "initial": initial(step),
        },
        data=dataset(),
        runs=[],
        without_runs="to train is what it is for",
        graphs={
            "step": spec(step, ("state", "losses", "gradients")),
            "sample": spec(sample, ("x",)),
            "discriminator": spec(judge, ("logit", "arrow")),
        },
    )


def preview(folder: Path) -> Image.Image:
    """Real points and those of G (the moving average) after a training of the exported graphs on the ring of 8."""
    game = Game(Model(cards.load(folder / "card.json"), folder), DISTRIBUTIONS["ring"], {}, 0)
    game.advance(PREVIEW)
    side, half = 320, game.distribution.half
    picture = Image.new("RGB", (side, side), "white")
    pen = ImageDraw.Draw(picture)
    real = game.distribution.draw(np.random.default_rng(0), 500)
    for points, colour in ((real, "#b0b0b0"), (game.samples(1000, average=True), "#d9480f")):
        for x, y in (side / 2 * (1 + points * (1, -1) / half)).tolist():
            pen.ellipse((x - 2, y - 2, x + 2, y + 2), fill=colour)
    return picture


def measured(card: cards.Card) -> tuple[object, ...]:
    """What the numbers of the scoreboard depend on."""
    return *(card.graphs[role].sha256 for role in ("step", "sample", "discriminator")), card.config


def main(config: Config) -> None:
    """Export. The numbers of the scoreboards are kept if what they were measured on is what it was."""
    path = config.exported / config.name / "card.json"
    before = cards.load(path) if path.exists() else None
    folder = export_model(config)
    card = cards.load(path)
    if before and measured(before) == measured(card):
        replace(card, sheets=before.sheets).with_metrics(before.metrics).save(folder)
    save_preview(folder, preview(folder))


if __name__ == "__main__":
    cli.run(main, Config)
