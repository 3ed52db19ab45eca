"""Measure divergences between densities on a line, the Gaussian each of them prefers, and what a discriminator sees.

p is the data's density, q the model's, and all divergences are in nats. The family of Huszár (2015), "How (not) to
train your generative model", holds the three that the lecture compares (§3.3):

    JS_π(p, q) = π KL(p ‖ m) + (1 − π) KL(q ‖ m),   m = π p + (1 − π) q,   0 ≤ π ≤ 1.

Divided by π(1 − π) it goes to KL(p ‖ q) for π → 0 and to the reverse KL(q ‖ p) for π → 1; at π = ½ it is Jensen and
Shannon's. In this module π = 0 and π = 1 stand for these two limits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

Array = np.ndarray

FORWARD, JENSEN_SHANNON, REVERSE = 0.0, 0.5, 1.0
"""π of KL(p ‖ q), of the Jensen-Shannon divergence, and of KL(q ‖ p)."""

POINTS = 601
"""Points of a grid; the trapezoid rule is then exact to about 1e-9 for Gaussians no narrower than two steps."""
REACH = 6.0
"""A grid ends this many standard deviations of the data from their mean."""
STEPS = 60
"""Newton steps at most; seven to seventeen were enough where it was tried."""


@dataclass(frozen=True)
class Mixture:
    """Describes a density on the line: Gaussians with their weights, which add up to one."""

    means: tuple[float, ...]
    widths: tuple[float, ...]
    """Standard deviations, each above zero."""
    weights: tuple[float, ...]

    @property
    def mean(self) -> float:
        """E[x]."""
        return float(np.dot(self.weights, self.means))

    @property
    def std(self) -> float:
        """Return the standard deviation of x."""
        second = np.dot(self.weights, np.square(self.means) + np.square(self.widths))
        return math.sqrt(second - self.mean**2)

    def log(self, x: Array) -> Array:
        """Return the log density at x, of the same shape."""
        each = [
            math.log(weight) + log_normal(x, mean, width)
            for mean, width, weight in zip(self.means, self.widths, self.weights, strict=True)
        ]
        return np.logaddexp.reduce(each)

    def slope(self, x: Array) -> Array:
        """Return the derivative of the log density at x, of the same shape."""
        total = self.log(x)
        each = [
            weight * np.exp(log_normal(x, mean, width) - total) * (mean - x) / width**2
            for mean, width, weight in zip(self.means, self.widths, self.weights, strict=True)
        ]
        return np.sum(each, 0)

    def grid(self) -> Array:
        """Return evenly spaced points (POINTS,) that hold all of the mass of the data and of every fit to them."""
        reach = REACH * self.std + max(self.widths)
        return np.linspace(self.mean - reach, self.mean + reach, POINTS)


def gaussian(mu: float, sigma: float) -> Mixture:
    """N(mu, sigma²)."""
    return Mixture((mu,), (sigma,), (1.0,))


def two_bumps(distance: float, left: float, right: float, weight: float) -> Mixture:
    """Mix two Gaussians `distance` apart, of standard deviations `left` and `right`; `weight` is the left one's."""
    return Mixture((-distance / 2, distance / 2), (left, right), (weight, 1 - weight))


def log_normal(x: Array, mu: Array | float, sigma: Array | float) -> Array:
    """log N(x; mu, sigma²)."""
    return -0.5 * np.square((x - mu) / sigma) - np.log(sigma) - 0.5 * math.log(2 * math.pi)


# ---------------------------------------------------------------------------------------------------------------------
# Divergences
# ---------------------------------------------------------------------------------------------------------------------


def kl(log_p: Array, log_q: Array, x: Array) -> Array:
    """KL(p ‖ q) = ∫ p log(p/q), in nats, from log densities (..., n) on the even grid x (n,)."""
    return _integral(np.exp(log_p) * (log_p - log_q), x)


def jensen_shannon(log_p: Array, log_q: Array, x: Array, pi: float = JENSEN_SHANNON) -> Array:
    """JS_π(p, q) for 0 < π < 1, in nats; at most the entropy of a coin that falls on one side with probability π."""
    log_m = np.logaddexp(math.log(pi) + log_p, math.log1p(-pi) + log_q)
    return pi * kl(log_p, log_m, x) + (1 - pi) * kl(log_q, log_m, x)


def kl_of_gaussians(mu_p: float, sigma_p: float, mu_q: float, sigma_q: float) -> float:
    """KL(N(mu_p, sigma_p²) ‖ N(mu_q, sigma_q²)) = log(σ_q/σ_p) + (σ_p² + (μ_p − μ_q)²) / 2σ_q² − ½."""
    square = sigma_p**2 + (mu_p - mu_q) ** 2
    return math.log(sigma_q / sigma_p) + square / (2 * sigma_q**2) - 0.5


def divergence(p: Mixture, q: Mixture, pi: float) -> float:
    """KL(p ‖ q) at π = 0, KL(q ‖ p) at π = 1, JS_π(p, q) between, in nats.

    Integrals go over the grid of p, so q must lie within p's reach and be no wider, as every fit is.
    """
    x = p.grid()
    return float(_divergence(p.log(x), q.log(x), x, pi))


def _divergence(log_p: Array, log_q: Array, x: Array, pi: float) -> Array:
    if pi == FORWARD:
        return kl(log_p, log_q, x)
    if pi == REVERSE:
        return kl(log_q, log_p, x)
    return jensen_shannon(log_p, log_q, x, pi)


def _integral(y: Array, x: Array) -> Array:
    return y.sum(-1) * (x[1] - x[0])


# ---------------------------------------------------------------------------------------------------------------------
# The Gaussian that a divergence prefers
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fit:
    """Holds a Gaussian that no small change brings nearer to the data."""

    mu: float
    sigma: float
    value: float
    """The divergence that was minimised, in nats."""

    @property
    def density(self) -> Mixture:
        """N(mu, sigma²)."""
        return gaussian(self.mu, self.sigma)


def fit(p: Mixture, pi: float) -> list[Fit]:
    """Find the local minima of the divergence over mu and sigma, the best first; of two equal ones, the left first.

    Newton's method starts at each bump of p, as narrow as it and as wide as p, and at p's own mean and deviation.
    The eigenvalues of the Hessian are taken without their signs, so that a step leaves a saddle and goes downhill.
    """
    x = p.grid()
    log_p = p.log(x)
    mu = np.array([*p.means, *p.means, p.mean])
    sigma = np.array([*p.widths, *[p.std] * (len(p.means) + 1)])
    for _ in range(STEPS):
        gradient, hessian = _derivatives(x, log_p, mu, sigma, pi)
        if np.abs(gradient).max() < 1e-9:
            break
        values, vectors = np.linalg.eigh(hessian)
        along = np.einsum("nij,ni->nj", vectors, gradient) / np.maximum(np.abs(values), 1e-3)
        step = np.clip(np.einsum("nij,nj->ni", vectors, along), -0.7, 0.7)
        mu, sigma = mu - sigma * step[:, 0], sigma * np.exp(-step[:, 1])
    gradient, hessian = _derivatives(x, log_p, mu, sigma, pi)
    curvature = np.linalg.eigvalsh(hessian)
    value = _divergence(log_p, log_normal(x, mu[:, None], sigma[:, None]), x, pi)
    is_minimum = (curvature[:, 0] > 1e-6) & (np.abs(gradient).max(1) < 1e-6)
    found: list[Fit] = []
    for i in np.lexsort((mu, np.round(value, 8))):
        new = Fit(float(mu[i]), float(sigma[i]), float(value[i]))
        known = any(abs(new.mu - f.mu) + abs(new.sigma - f.sigma) < 1e-3 * p.std for f in found)
        if is_minimum[i] and not known:
            found.append(new)
    return found


def _derivatives(x: Array, log_p: Array, mu: Array, sigma: Array, pi: float) -> tuple[Array, Array]:
    """Return gradient (n, 2) and Hessian (n, 2, 2) by (mu / sigma, log sigma) of the divergence from n Gaussians.

    The divergence over π(1 − π) has the first variation h = log(q/m) / π by q, and the second p / (q m). With the
    score s = (u, u² − 1) of q, u = (x − mu) / sigma, and J the matrix of its derivatives,

        gradient = ∫ q h s,    Hessian = ∫ q h (s sᵀ + J) + ∫ (p q / m) s sᵀ.
    """
    u = (x - mu[:, None]) / sigma[:, None]
    q_h, w = _variations(log_p, log_normal(u, 0, 1) - np.log(sigma)[:, None], pi)
    a, b = [], []
    for _ in range(5):  # moments ∫ q h uⁿ and ∫ (p q / m) uⁿ
        a.append(_integral(q_h, x))
        b.append(_integral(w, x))
        q_h, w = q_h * u, w * u
    first = b[2] + a[2] - a[0]
    mixed = b[3] - b[1] + a[3] - 3 * a[1]
    second = b[4] - 2 * b[2] + b[0] + a[4] - 4 * a[2] + a[0]
    gradient = np.stack([a[1], a[2] - a[0]], -1)
    return gradient, np.stack([first, mixed, mixed, second], -1).reshape(-1, 2, 2)


def _variations(log_p: Array, log_q: Array, pi: float) -> tuple[Array, Array]:
    """Return q h and p q / m of `_derivatives`, without dividing by a density that may be zero."""
    if pi == FORWARD:
        return np.exp(log_q) - np.exp(log_p), np.exp(log_p)
    if pi == REVERSE:
        log_m = log_p
    else:
        log_m = np.logaddexp(math.log(pi) + log_p, math.log1p(-pi) + log_q)
    return np.exp(log_q) * (log_q - log_m) / pi, np.exp(log_p + log_q - log_m)


# ---------------------------------------------------------------------------------------------------------------------
# What the generator learns from a discriminator
# ---------------------------------------------------------------------------------------------------------------------


def optimal_logit(log_p: Array, log_q: Array) -> Array:
    """log p − log q: the logit of the best discriminator, D = p / (p + q) (Goodfellow et al. 2014, proposition 1)."""
    return log_p - log_q


def sigmoid(logit: Array) -> Array:
    """D = 1 / (1 + exp(−logit)), without overflow."""
    return np.exp(-np.logaddexp(0, -logit))


def saturating(logit: Array) -> Array:
    """½ log(1 − D), which the generator of the lecture's game minimises: what is left of −L for one sample (§3.4)."""
    return -0.5 * np.logaddexp(0, logit)


def saturating_slope(logit: Array) -> Array:
    """−½ D, the derivative by the logit. It vanishes where the discriminator is sure, D → 0."""
    return -0.5 * sigmoid(logit)


def non_saturating(logit: Array) -> Array:
    """−½ log D for one sample (§3.5; Goodfellow 2016, §3.2.3)."""
    return 0.5 * np.logaddexp(0, -logit)


def non_saturating_slope(logit: Array) -> Array:
    """−½ (1 − D), the derivative by the logit. It goes to −½ where the discriminator is sure, D → 0."""
    return -0.5 * sigmoid(-logit)
