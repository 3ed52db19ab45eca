"""Play two-player games with one parameter each: the field that both players follow, and ways to follow it.

The generator chooses θ and descends its loss L_G(θ, ψ); the discriminator chooses ψ and descends L_D(θ, ψ). So

    V(θ, ψ) = −(∂L_G/∂θ, ∂L_D/∂ψ),    J = ∂V/∂(θ, ψ),    L = ½ ‖V‖²,    ∇L = Jᵀ V.

The lecture writes V without the minus, for objectives that are climbed; the arrows are the same. Near an equilibrium,
V = 0, a step of size h along V multiplies by I + hJ: it comes nearer if |1 + hλ| < 1 for both eigenvalues λ of J.

θ and ψ are floats or arrays of one shape, and so is everything that comes back. All derivatives are closed forms.

Sources: Mescheder, Nowozin, Geiger 2017, "The Numerics of GANs"; Mescheder, Geiger, Nowozin 2018, "Which Training
Methods for GANs do actually Converge?"; Roth, Lucchi, Nowozin, Hofmann 2017, "Stabilizing Training of Generative
Adversarial Networks through Regularization".
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

Array = np.ndarray
Number = Any
"""A float, or an array."""
Pair = tuple[Number, Number]
Matrix = tuple[Pair, Pair]


class Game(Protocol):
    """Describes a game whose equilibrium is (0, 0)."""

    def field(self, theta: Number, psi: Number) -> Pair:
        """Return V at (θ, ψ)."""
        ...

    def jacobian(self, theta: Number, psi: Number) -> Matrix:
        """Return ((∂V_θ/∂θ, ∂V_θ/∂ψ), (∂V_ψ/∂θ, ∂V_ψ/∂ψ)) at (θ, ψ)."""
        ...


# ---------------------------------------------------------------------------------------------------------------------
# Games
# ---------------------------------------------------------------------------------------------------------------------

Loss = Literal["saturating", "non-saturating", "wasserstein"]
Penalty = Literal["none", "R1", "Roth"]
WIDEST, NODES = 5.5, 21
"""Means over noise are sums at this many equally spaced points up to 5.5 standard deviations. For |θ|, |ψ| ≤ 3 they
give V to 1e-4 if σ ≤ 0.5, and to 0.03 if σ ≤ 1.5, where it reaches 3.6, or 7.8 with Roth's penalty of weight 1."""


@dataclass(frozen=True)
class Dirac:
    """Describes the Dirac-GAN: the data are one point at 0, the generator makes one point at θ, and D_ψ(x) = ψx.

    With f(t) = −log(1 + e^(−t)), or f(t) = t for Wasserstein, the discriminator climbs E f(ψx̂) + E f(−ψx), x̂
    generated and x real, and the generator descends it; the non-saturating one climbs E f(−ψx̂) instead. As in
    Mescheder et al. 2018 (§2), D is high for what it takes for generated: with the other sign, ψ is mirrored.
    There is no factor ½ as in the lecture's §3.4: it would only slow time. The Wasserstein game is the bilinear game
    L_G = θψ = −L_D.

    Instance noise: x ~ N(0, σ²) and x̂ ~ N(θ, σ²) (ibid. §3). Penalties on the discriminator, of weight γ:

        R1    γ/2 E (∂D/∂x)² at real points = γ/2 ψ²                                        (ibid. §4)
        Roth  γ/2 (E S(ψx)² + E S(−ψx̂)²) ψ², S the sigmoid: each point counts as far as D has it wrong.

    Roth et al. derive theirs from the noise, through the curvature of f. The Wasserstein f has none: neither noise nor
    this penalty does anything there.
    """

    loss: Loss
    sigma: float = 0.0
    penalty: Penalty = "none"
    weight: float = 0.0

    def field(self, theta: Number, psi: Number) -> Pair:
        """Return V at (θ, ψ)."""
        pull = push = 0.0
        for r, w in _noise(self.sigma):  # r is a real point, x a generated one
            x = theta + r
            d1 = self._slope(psi * x)
            pull = pull + w * (self._slope(-psi * x) if self.loss == "non-saturating" else d1)
            push = push + w * (x * d1 - r * self._slope(-psi * r))
        return -psi * pull, push - self._penalty_slope(theta, psi)

    def jacobian(self, theta: Number, psi: Number) -> Matrix:
        """Return the derivatives of V at (θ, ψ)."""
        a = b = c = d = 0.0
        for r, w in _noise(self.sigma):
            x = theta + r
            t = psi * x
            (d1, d2), (_, real2) = self._derivatives(t), self._derivatives(-psi * r)
            c = c + w * (d1 + t * d2)
            d = d + w * (x * x * d2 + r * r * real2)
            if self.loss == "non-saturating":
                e1, e2 = self._derivatives(-t)
                a = a + w * psi * psi * e2
                b = b - w * (e1 - t * e2)
            else:
                a = a - w * psi * psi * d2
                b = b - w * (d1 + t * d2)
        by_theta, by_psi = self._penalty_bend(theta, psi)
        return (a, b), (c - by_theta, d - by_psi)

    def _slope(self, t: Number) -> Number:
        """Return f′(t)."""
        return t * 0 + 1.0 if self.loss == "wasserstein" else _sigmoid(-t)

    def _derivatives(self, t: Number) -> Pair:
        """Return f′(t) and f″(t)."""
        s = self._slope(t)
        return s, s * (s - 1)  # which is 0 for Wasserstein

    def _penalty_slope(self, theta: Number, psi: Number) -> Number:
        """Return ∂/∂ψ of the penalty."""
        if self.penalty == "R1":
            return self.weight * psi
        if self.penalty == "none" or self.loss == "wasserstein":
            return 0.0
        s = by_psi = 0.0
        for r, w in _noise(self.sigma):
            x = theta + r
            (real, real1, _), (fake, fake1, _) = _squared(psi * r), _squared(-psi * x)
            s = s + w * (real + fake)
            by_psi = by_psi + w * (r * real1 - x * fake1)
        return self.weight * (psi * s + psi * psi / 2 * by_psi)

    def _penalty_bend(self, theta: Number, psi: Number) -> Pair:
        """Return ∂²/∂θ∂ψ and ∂²/∂ψ² of the penalty."""
        if self.penalty == "R1":
            return 0.0, self.weight
        if self.penalty == "none" or self.loss == "wasserstein":
            return 0.0, 0.0
        s = by_psi = by_psi_psi = by_theta = by_psi_theta = 0.0
        for r, w in _noise(self.sigma):
            x = theta + r
            (real, real1, real2), (fake, fake1, fake2) = _squared(psi * r), _squared(-psi * x)
            s = s + w * (real + fake)
            by_psi = by_psi + w * (r * real1 - x * fake1)
            by_psi_psi = by_psi_psi + w * (r * r * real2 + x * x * fake2)
            by_theta = by_theta - w * psi * fake1
            by_psi_theta = by_psi_theta + w * (psi * x * fake2 - fake1)
        return (
            self.weight * (psi * by_theta + psi * psi / 2 * by_psi_theta),
            self.weight * (s + 2 * psi * by_psi + psi * psi / 2 * by_psi_psi),
        )


@dataclass(frozen=True)
class Trap:
    """L_G = θψ − 8/5 (θ − arctan θ), L_D = −θψ + 8/5 (ψ − arctan ψ): V circles, and L = ½‖V‖² has a second minimum.

    V = (−ψ + q(θ), θ − q(ψ)) with q(t) = 8/5 t² / (1 + t²) < |t|, so that V = 0 at (0, 0) alone. To exchange θ and ψ
    turns V round: a curve along V that crosses the diagonal twice is closed. On the diagonal L = (t − q(t))², which has
    a maximum and a minimum where q′(t) = 1: there det J = 0, and V is not 0.
    """

    def field(self, theta: Number, psi: Number) -> Pair:
        """Return V at (θ, ψ)."""
        return _bend(theta)[0] - psi, theta - _bend(psi)[0]

    def jacobian(self, theta: Number, psi: Number) -> Matrix:
        """Return the derivatives of V at (θ, ψ)."""
        one = theta * 0 + 1.0
        return (_bend(theta)[1], -one), (one, -_bend(psi)[1])


def _bend(t: Number) -> Pair:
    """Return q(t) = 8/5 t² / (1 + t²) and its derivative."""
    below = 1 + t * t
    return 1.6 * t * t / below, 3.2 * t / (below * below)


def _sigmoid(t: Number) -> Number:
    tanh = (
        math.tanh if isinstance(t, float) else np.tanh
    )  # ten times as fast for a float; neither overflows
    return 0.5 * (1 + tanh(t / 2))


def _squared(t: Number) -> tuple[Number, Number, Number]:
    """Return S(t)², S the sigmoid, with its first and second derivative."""
    s = _sigmoid(t)
    first = 2 * s * s * (1 - s)
    return s * s, first, first * (2 - 3 * s)


@lru_cache(maxsize=64)
def _noise(sigma: float) -> tuple[tuple[float, float], ...]:
    """Return points and weights of E g(σε), ε ~ N(0, 1); without noise, the point 0."""
    if not sigma:
        return ((0.0, 1.0),)
    nodes = np.linspace(-WIDEST, WIDEST, NODES)
    weights = np.exp(-np.square(nodes) / 2)
    weights /= weights.sum()
    nodes *= sigma / np.sqrt(weights @ np.square(nodes))  # so that the variance is σ² exactly
    return tuple(zip(nodes.tolist(), weights.tolist(), strict=True))


# ---------------------------------------------------------------------------------------------------------------------
# Relaxation
# ---------------------------------------------------------------------------------------------------------------------


def half_square(game: Game, theta: Number, psi: Number) -> Number:
    """L = ½ ‖V‖²."""
    v_theta, v_psi = game.field(theta, psi)
    return (v_theta**2 + v_psi**2) / 2


def gradient(game: Game, theta: Number, psi: Number) -> Pair:
    """∇L = Jᵀ V."""
    return _gradient(game.field(theta, psi), game.jacobian(theta, psi))


def relaxed(game: Game, theta: Number, psi: Number, gamma: float) -> Pair:
    """V − γ ∇L (Mescheder et al. 2017; the lecture's §5.3 has γ = 0.6)."""
    v = game.field(theta, psi)
    g = _gradient(v, game.jacobian(theta, psi))
    return v[0] - gamma * g[0], v[1] - gamma * g[1]


def _gradient(v: Pair, jacobian: Matrix) -> Pair:
    (a, b), (c, d) = jacobian
    return a * v[0] + c * v[1], b * v[0] + d * v[1]


class Critical(NamedTuple):
    """Holds a place where ∇L = 0 and V is not."""

    theta: float
    psi: float
    is_minimum: bool
    """Or else a saddle, or a maximum."""


CELLS = 25
"""Of the grid in which critical points are looked for, on a side."""


@lru_cache(maxsize=256)
def bad_points(game: Game, reach: float) -> tuple[Critical, ...]:
    """Find where L is critical and V is not 0, for |θ|, |ψ| ≤ reach: false equilibria of −∇L.

    Newton's method, from every cell of a grid at whose corners both parts of ∇L have both signs.
    """
    axis = np.linspace(-reach, reach, CELLS + 1)
    signs = np.sign(gradient(game, *np.meshgrid(axis, axis, indexing="ij")))
    corners = np.stack([signs[:, i : i + CELLS, j : j + CELLS] for i in (0, 1) for j in (0, 1)])
    cells = np.argwhere(((corners.min(0) < 0) & (corners.max(0) > 0)).all(0))
    middles = (axis[:-1] + axis[1:]) / 2
    found: list[Critical] = []
    for i, j in cells:
        point = _newton(game, float(middles[i]), float(middles[j]), 2 * reach / CELLS)
        if point and not any(math.dist(point[:2], other[:2]) < 1e-4 for other in found):
            found.append(point)
    return tuple(found)


def _newton(game: Game, theta: float, psi: float, cell: float) -> Critical | None:
    """Find the critical point of L within two cells of a start, unless V = 0 there."""
    start = theta, psi
    for _ in range(30):
        g_theta, g_psi = gradient(game, theta, psi)
        (a, b), (_, d) = _hessian(game, theta, psi)
        det = a * d - b * b
        if math.hypot(g_theta, g_psi) < 1e-10 or abs(det) < 1e-14:
            break
        step = (b * g_psi - d * g_theta) / det, (b * g_theta - a * g_psi) / det
        short = min(1.0, cell / math.hypot(*step))
        theta, psi = theta + short * step[0], psi + short * step[1]
        if math.dist(start, (theta, psi)) > 2 * cell:
            return None
    if math.hypot(*gradient(game, theta, psi)) > 1e-9 or half_square(game, theta, psi) < 1e-9:
        return None
    (a, b), (_, d) = _hessian(game, theta, psi)
    return Critical(theta, psi, a > 0 and a * d - b * b > 0)


def _hessian(game: Game, theta: float, psi: float) -> Matrix:
    """Return the second derivatives of L, by central differences of its gradient."""
    e = 1e-5
    right, left = gradient(game, theta + e, psi), gradient(game, theta - e, psi)
    above, below = gradient(game, theta, psi + e), gradient(game, theta, psi - e)
    mixed = (right[1] - left[1] + above[0] - below[0]) / (4 * e)
    return ((right[0] - left[0]) / (2 * e), mixed), (mixed, (above[1] - below[1]) / (2 * e))


# ---------------------------------------------------------------------------------------------------------------------
# Ways to follow the field
# ---------------------------------------------------------------------------------------------------------------------

FAR = 1000.0
"""Beyond this, a trajectory has diverged and ends."""
FINE = 0.15
"""Longest step in time of the curve for continuous time. Eigenvalues down to −18 are then still stable."""

Step = Callable[[Number, Number], Pair]


def simultaneous(game: Game, h: float) -> Step:
    """Move both players at once: (θ, ψ) + hV."""

    def step(theta: float, psi: float) -> tuple[float, float]:
        v_theta, v_psi = game.field(theta, psi)
        return theta + h * v_theta, psi + h * v_psi

    return step


def alternating(game: Game, h: float) -> Step:
    """Move the discriminator, then let the generator answer to the new ψ."""

    def step(theta: float, psi: float) -> tuple[float, float]:
        psi = psi + h * game.field(theta, psi)[1]
        return theta + h * game.field(theta, psi)[0], psi

    return step


def descent(game: Game, h: float) -> Step:
    """Step with full relaxation: (θ, ψ) − h∇L."""

    def step(theta: float, psi: float) -> tuple[float, float]:
        g_theta, g_psi = gradient(game, theta, psi)
        return theta - h * g_theta, psi - h * g_psi

    return step


def consensus(game: Game, h: float, gamma: float) -> Step:
    """Step along the mixture: (θ, ψ) + h(V − γ∇L)."""

    def step(theta: float, psi: float) -> tuple[float, float]:
        v_theta, v_psi = relaxed(game, theta, psi, gamma)
        return theta + h * v_theta, psi + h * v_psi

    return step


def runge_kutta(game: Game, h: float) -> Step:
    """Follow d(θ, ψ)/dt = V for a time h, with an error of order h⁵."""

    def step(theta: float, psi: float) -> tuple[float, float]:
        a = game.field(theta, psi)
        b = game.field(theta + h / 2 * a[0], psi + h / 2 * a[1])
        c = game.field(theta + h / 2 * b[0], psi + h / 2 * b[1])
        d = game.field(theta + h * c[0], psi + h * c[1])
        return (
            theta + h / 6 * (a[0] + 2 * b[0] + 2 * c[0] + d[0]),
            psi + h / 6 * (a[1] + 2 * b[1] + 2 * c[1] + d[1]),
        )

    return step


def follow(step: Step, theta: float, psi: float, n: int) -> Array:
    """Return the start and n steps from it, (n + 1, 2); fewer if they lead farther away than FAR."""
    path = [(theta, psi)]
    for _ in range(n):
        theta, psi = step(theta, psi)
        path.append((theta, psi))
        if not abs(theta) + abs(psi) < FAR:
            break
    return np.array(path)


ARRIVED = 0.1
"""A trajectory has arrived if it ends within this distance of the equilibrium."""


def arrivals(step: Step, reach: float, n: int, side: int = 9) -> int:
    """Count the start points from which n steps arrive, of side² evenly spaced ones with |θ|, |ψ| ≤ reach."""
    axis = np.linspace(-reach, reach, side)
    theta, psi = np.meshgrid(axis, axis)
    with np.errstate(over="ignore", invalid="ignore"):  # what diverges does not arrive
        for _ in range(n):
            theta, psi = step(theta, psi)
        return int((np.hypot(theta, psi) < ARRIVED).sum())


def continuous(game: Game, theta: float, psi: float, time: float) -> Array:
    """Follow the curve d(θ, ψ)/dt = V from the start, at equal intervals up to `time`: (m, 2)."""
    n = max(math.ceil(time / FINE), 1)
    return follow(runge_kutta(game, time / n), theta, psi, n)


# ---------------------------------------------------------------------------------------------------------------------
# Near the equilibrium
# ---------------------------------------------------------------------------------------------------------------------


def at_equilibrium(game: Game) -> Array:
    """Return J at (0, 0), (2, 2)."""
    return np.array(game.jacobian(0.0, 0.0), float)


def eigenvalues(matrix: Array) -> tuple[complex, complex]:
    """Return the eigenvalues of a (2, 2) matrix, greater real or imaginary part first; exact where they are equal."""
    half, det = np.trace(matrix) / 2, matrix[0, 0] * matrix[1, 1] - matrix[0, 1] * matrix[1, 0]
    root = cmath.sqrt(half * half - det)
    return complex(half + root), complex(half - root)


def alternating_matrix(jacobian: Array, h: float) -> Array:
    """Return what an alternating step multiplies by, (2, 2), where V = J (θ, ψ)."""
    (a, b), (c, d) = jacobian
    return np.array([[1 + h * a + h * h * b * c, h * b * (1 + h * d)], [h * c, 1 + h * d]])
