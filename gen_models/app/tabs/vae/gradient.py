"""Why the encoder is reparameterised: two unbiased estimates of one gradient, and how much they vary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gen_models import estimators
from gen_models.app import live
from gen_models.app.checks import checked_number, checked_seed
from gen_models.app.tabs.vae import common
from gen_models.runtime import Array

DRAWS = 20_000
LEAST, GREATEST = 0.1, 3.0
WIDTH, HEIGHT = 256, 96
BAR, PAPER, TRUTH = (125, 192, 195), (19, 18, 16), (255, 209, 102)


@dataclass(frozen=True)
class Spread:
    """One-sample estimates of ∂/∂mu E[(z − a)²], z ~ N(0, σ²), by two methods."""

    reparameterised: Array
    """(n,)"""
    score: Array
    """(n,)"""
    exact: tuple[float, float]
    """The exact variances, in the same order."""
    gradient: float
    """The exact gradient."""


def compare(sigma: float, a: float, seed: int = 0, n: int = DRAWS) -> Spread:
    """Draw n estimates by each method from the same noise, at mu = 0."""
    rng = np.random.default_rng(seed)
    reparameterised, score = estimators.gradient_estimates(0.0, sigma, a, n, rng)
    exact = estimators.gradient_variances(0.0, sigma, a)
    return Spread(reparameterised, score, exact, -2 * a)


def histogram(values: Array, low: float, high: float, mark: float) -> Array:
    """A histogram of `values` from low to high, with a line at `mark`: uint8 (96, 256, 3)."""
    bins = WIDTH // 2
    counts, _ = np.histogram(values, bins, (low, high))
    height = np.ceil(counts / max(counts.max(), 1) * (HEIGHT - 4)).astype(int).repeat(2)
    image = np.full((HEIGHT, WIDTH, 3), PAPER, np.uint8)
    image[np.arange(HEIGHT)[::-1, None] < height] = BAR
    at = int((mark - low) / (high - low) * (WIDTH - 1))
    image[::2, np.clip(at, 0, WIDTH - 1)] = TRUTH
    return image


def show(spread: Spread) -> live.Reply:
    """Both histograms over one range, and measured variances beside exact ones."""
    reach = 3 * max(spread.exact) ** 0.5
    low, high = spread.gradient - reach, spread.gradient + reach
    measured = (spread.reparameterised.var(), spread.score.var())
    return {
        "pictures": {
            "reparameterised": live.picture(
                histogram(spread.reparameterised, low, high, spread.gradient)
            ),
            "score": live.picture(histogram(spread.score, low, high, spread.gradient)),
        },
        "text": {
            "reparameterised": f"variance {measured[0]:.2f}, exactly {spread.exact[0]:.2f}",
            "score": f"variance {measured[1]:.2f}, exactly {spread.exact[1]:.2f}",
            "ratio": f"{measured[1] / measured[0]:.1f}×",
            "gradient": common.figure(spread.gradient, 2),
        },
    }


def build() -> None:
    """Lay out the two sliders."""
    common.say(
        "A case small enough to solve: the gradient of $E[(z-a)^2]$, $z \\sim N(\\mu, \\sigma^2)$, at $\\mu = 0$, is "
        "$-2a$. Estimate it from one $z$: reparameterised, $z = \\mu + \\sigma\\varepsilon$, it is $2(z-a)$; by the "
        "score function, $(z-a)^2\\, \\partial \\log N(z; \\mu, \\sigma^2)/\\partial\\mu$. Both are right on average.",
    )

    def turn(request: live.Request) -> live.Reply:
        sigma, a = map(float, request["value"])
        return show(compare(sigma, a))

    live.LatentSliders(
        turn,
        labels=["σ", "a"],
        value=[1.0, 1.0],
        lo=LEAST,
        hi=GREATEST,
        screens=[("reparameterised", "reparameterised"), ("score", "score function")],
        numbers=[
            ("ratio", "the variance, and so the samples needed, of the score function"),
            ("gradient", "the gradient itself"),
        ],
        label=f"{DRAWS:,} one-sample estimates",
        elem_id="vae-gradient",
    )
    common.say(
        "The lecture's slide prints $z = \\sigma + \\mu \\cdot \\varepsilon$. That is a slip: it is "
        "$z = \\mu + \\sigma \\cdot \\varepsilon$.",
    )

    def gradients(sigma: float, a: float, seed: int) -> dict[str, float]:
        """Measured and exact variance of both estimates of ∂/∂mu E[(z − a)²], z ~ N(0, σ²), at mu = 0."""
        s = checked_number(sigma, LEAST, GREATEST, "σ")
        spread = compare(s, checked_number(a, -GREATEST, GREATEST, "a"), checked_seed(seed))
        return {
            "gradient": spread.gradient,
            "reparameterised, mean": float(spread.reparameterised.mean()),
            "reparameterised, variance": float(spread.reparameterised.var()),
            "reparameterised, exact variance": spread.exact[0],
            "score function, mean": float(spread.score.mean()),
            "score function, variance": float(spread.score.var()),
            "score function, exact variance": spread.exact[1],
        }

    common.endpoint(gradients, "vae_gradients")
