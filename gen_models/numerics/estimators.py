"""Estimate around a VAE's log p(x) by Monte Carlo (lecture §2.3, §2.4), in numpy: the app draws them live and
`training/evaluate.py` reports them. Logarithms are natural: values are in nats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gen_models.runtime import Array, Model

LOG_2PI = float(np.log(2 * np.pi))
ACTIVE = 0.01
"""A latent dimension counts as active when its KL, averaged over the test split, is more than this many nats."""


def log_mean_exp(a: Array, axis: int = -1) -> Array:
    """log (1/k) Σ exp a along `axis`, without overflow."""
    top = a.max(axis=axis, keepdims=True)
    return np.log(np.exp(a - top).mean(axis=axis)) + top.squeeze(axis)


def effective_sample_size(log_weights: Array, axis: int = -1) -> Array:
    """(Σ w)² / Σ w², between 1 and k: how many of the k samples carry the estimate."""
    w = np.exp(log_weights - log_weights.max(axis=axis, keepdims=True))
    return w.sum(axis=axis) ** 2 / (w**2).sum(axis=axis)


def bound_curve(log_weights: Array, ks: Sequence[int]) -> Array:
    """E log (1/k) Σ w for each k of `ks`, from n weights (n,): the mean over their ⌊n/k⌋ groups of k.

    With w = p(x, z)/q(z|x) this is the importance-weighted bound on log p(x), which rises to it with k; with
    z ~ p(z) and w = p(x|z) it is naive Monte Carlo. At k = 1 it is the mean of the logarithms: the ELBO in the one
    case, the lecture's naive objective (§2.3) in the other. (Burda, Grosse and Salakhutdinov 2016.)
    """
    n = len(log_weights)
    return np.array([log_mean_exp(log_weights[: n // k * k].reshape(-1, k)).mean() for k in ks])


def log_bernoulli(x: Array, logits: Array) -> Array:
    """Σ x log r + (1 − x) log(1 − r) over the last three axes, r = sigmoid(logits)."""
    return (x * logits - np.logaddexp(0, logits)).sum((-3, -2, -1))


def log_normal(x: Array, mean: Array, logvar: Array, axis: int | tuple[int, ...] = -1) -> Array:
    """−½ Σ ( (x − mean)² / σ² + log σ² + log 2π ) over `axis`."""
    return -0.5 * ((x - mean) ** 2 / np.exp(logvar) + logvar + LOG_2PI).sum(axis)


def optimal_sigma(squared_errors: Array) -> float:
    """√ mean (x − mean)²: the σ, one for all pixels, under which a Normal's log p(x|z) is greatest.

    The means are over pixels, images and draws of z ~ q(z|x). (Rybkin, Daniilidis and Levine 2021.)
    """
    return float(np.sqrt(np.mean(squared_errors, dtype=np.float64)))


def log_normal_at_optimal_sigma(sigma: float, pixels: int) -> float:
    """−½ n (log 2π σ² + 1): the mean log p(x|z) of n pixels under the best σ."""
    return -0.5 * pixels * (LOG_2PI + 2 * float(np.log(sigma)) + 1)


def kl_to_standard_normal(mu: Array, logvar: Array) -> Array:
    """½ (mu² + σ² − log σ² − 1) for each dimension: sum the last axis for the KL of q(z|x) from p(z)."""
    return 0.5 * (mu**2 + np.exp(logvar) - logvar - 1)


def log_likelihood(model: Model, x: Array, z: Array, **told: Array) -> Array:
    """log p(x|z), (n,), for images x (n, c, h, w), or one image (1, c, h, w), and latents z (n, k).

    `told` is what the decoder is given besides, a row for each z: the class.
    """
    p = model("decoder", z=z, **told)
    if "logits" in p:
        return log_bernoulli(x, p["logits"])
    return log_normal(x, p["x"], p["logvar"], axis=(-3, -2, -1))


@dataclass(frozen=True)
class Draws:
    """Holds k draws of z from q(z|x) for each of n images; all arrays are (n, k)."""

    log_px_z: Array
    """log p(x|z)"""
    log_w: Array
    """log p(x|z) + log p(z) − log q(z|x): importance weights, E_q[w] = p(x)"""


def draw(model: Model, x: Array, k: int, rng: np.random.Generator, **told: Array) -> Draws:
    """Draw z = mu(x) + σ(x) ε, k times for each image of x (n, c, h, w).

    `told` is what both graphs are given besides, a row for each image: the class.
    """
    q = model("encoder", x=x, **told)
    mu, logvar = q["mu"][:, None], q["logvar"][:, None]
    eps = rng.standard_normal((len(x), k, mu.shape[-1]), dtype=np.float32)
    z = mu + np.exp(0.5 * logvar) * eps
    repeated = np.repeat(x, k, axis=0)
    told = {name: np.repeat(rows, k, axis=0) for name, rows in told.items()}
    log_px_z = log_likelihood(model, repeated, z.reshape(len(x) * k, -1), **told)
    log_px_z = log_px_z.reshape(len(x), k)
    log_pz, log_qz = log_normal(z, np.zeros_like(z), np.zeros_like(z)), log_normal(z, mu, logvar)
    return Draws(log_px_z, log_px_z + log_pz - log_qz)


def draw_squared_errors(model: Model, x: Array, k: int, rng: np.random.Generator) -> Array:
    """Mean over pixels of (x − mean)², the mean decoded from k draws of q(z|x) for each of x (n, c, h, w): (n, k)."""
    q = model("encoder", x=x)
    mu, logvar = q["mu"][:, None], q["logvar"][:, None]
    eps = rng.standard_normal((len(x), k, mu.shape[-1]), dtype=np.float32)
    z = (mu + np.exp(0.5 * logvar) * eps).reshape(len(x) * k, -1)
    errors = (np.repeat(x, k, axis=0) - model("decoder", z=z)["x"]) ** 2
    return errors.mean((1, 2, 3)).reshape(len(x), k)


def draw_from_prior(model: Model, x: Array, k: int, rng: np.random.Generator) -> Array:
    """log p(x|z), (k,), for one image x (1, c, h, w) and z ~ N(0, I); their log-mean-exp estimates log p(x)."""
    size = int(model.input("decoder", "z").shape[1])
    z = rng.standard_normal((k, size), dtype=np.float32)
    return log_likelihood(model, x, z)


def gradient_estimates(
    mu: float, sigma: float, a: float, n: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Draw n one-sample estimates of ∂/∂mu E[(z − a)²] for z ~ N(mu, σ²): reparameterised, and by the score function.

    Both are unbiased, with mean 2(mu − a). Reparameterised, z = mu + σ ε: the derivative of (z − a)² itself,
    2(z − a), with variance 4σ². Score function: (z − a)² ∂ log N(z; mu, σ²)/∂mu = (z − a)² (z − mu)/σ², with
    variance (d⁴ + 14 d²σ² + 15 σ⁴)/σ², d = mu − a. (Kingma and Welling 2014; Williams 1992.)
    """
    eps = rng.standard_normal(n)
    z = mu + sigma * eps
    return 2 * (z - a), (z - a) ** 2 * eps / sigma


def gradient_variances(mu: float, sigma: float, a: float) -> tuple[float, float]:
    """Return the exact variances of the two estimates that `gradient_estimates` draws."""
    d = mu - a
    return 4 * sigma**2, (d**4 + 14 * d**2 * sigma**2 + 15 * sigma**4) / sigma**2
