"""Why the encoder is reparameterised: two unbiased estimates of one gradient, and how much they vary."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.vae import common
from gen_models.app.checks import checked_number, checked_seed
from gen_models.app.shell import layout
from gen_models.numerics import estimators
from gen_models.runtime import Array

DRAWS = 20_000
MIN_VALUE, MAX_VALUE = 0.1, 3.0
WIDTH, HEIGHT = 512, 160
AXIS = 24
"""Pixels under a histogram, for its numbers."""
STEPS, MAX_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200), 8
BAR, PAPER, TRUTH, INK = (125, 192, 195), (19, 18, 16), (255, 209, 102), (214, 210, 203)
RESULTS = "vae-reparameterise-results"


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
    """A histogram of `values` from low to high, with a line at `mark`: uint8 (160, 512, 3)."""
    bins = WIDTH // 2
    counts, _ = np.histogram(values, bins, (low, high))
    height = np.ceil(counts / max(counts.max(), 1) * (HEIGHT - 4)).astype(int).repeat(2)
    image = np.full((HEIGHT, WIDTH, 3), PAPER, np.uint8)
    image[np.arange(HEIGHT)[::-1, None] < height] = BAR
    at = int((mark - low) / (high - low) * (WIDTH - 1))
    image[::2, np.clip(at, 0, WIDTH - 1)] = TRUTH
    return image


def axis(low: float, high: float) -> Array:
    """Numbers and ticks for a histogram from low to high, to stand under it: uint8 (24, 512, 3)."""
    strip = Image.new("RGB", (WIDTH, AXIS), PAPER)
    pen, font = ImageDraw.Draw(strip), ImageFont.load_default(14)
    step = next(s for s in STEPS if (high - low) / s <= MAX_TICKS)
    for i in range(math.ceil(low / step), math.floor(high / step) + 1):
        x = (i * step - low) / (high - low) * (WIDTH - 1)
        pen.line((x, 0, x, 5), INK)
        pen.text((x, 6), f"{i * step:g}", INK, font, anchor="mt")
    pen.line((0, 0, WIDTH, 0), INK)
    return np.asarray(strip)


def show(spread: Spread) -> controls.Reply:
    """Both histograms over one range, and measured variances beside exact ones."""
    reach = 3 * max(spread.exact) ** 0.5
    low, high = spread.gradient - reach, spread.gradient + reach
    measured = (spread.reparameterised.var(), spread.score.var())
    bars = {
        name: histogram(values, low, high, spread.gradient)
        for name, values in (
            ("reparameterised", spread.reparameterised),
            ("score", spread.score),
        )
    }
    under = axis(low, high)
    return {
        "images": {
            name: controls.pixels(np.concatenate([image, under])) for name, image in bars.items()
        },
        "text": {
            "reparameterised": f"variance {measured[0]:.2f}, exactly {spread.exact[0]:.2f}",
            "score": f"variance {measured[1]:.2f}, exactly {spread.exact[1]:.2f}",
            "ratio": f"{measured[1] / measured[0]:,.1f}×",
            "gradient": common.format_number(spread.gradient, 2),
        },
    }


def build(_: Models) -> None:
    """Lay out the two sliders."""

    def turn(request: controls.Request) -> controls.Reply:
        sigma, a = map(float, request["value"])
        return show(compare(sigma, a))

    with layout.controls():
        controls.LatentSliders(
            turn,
            labels=["σ", "a"],
            value=[1.0, 1.0],
            lo=MIN_VALUE,
            hi=MAX_VALUE,
            screens=[
                ("reparameterised", "reparameterised: 2(z − a)"),
                ("score", "score function: (z − a)² ∂ log q(z)/∂μ"),
            ],
            numbers=[
                ("ratio", "the variance, and so the samples needed, of the score function"),
                ("gradient", "the gradient itself, −2a: the yellow line"),
            ],
            label=f"{DRAWS:,} estimates, each from one z",
            elem_id="vae-reparameterise",
            results=RESULTS,
            address="at",
        )
    with layout.results():
        layout.outlet(RESULTS)
    with layout.wide():
        common.markdown(
            "The lecture's slide prints $z = \\sigma + \\mu \\cdot \\varepsilon$. That is a slip: it is "
            "$z = \\mu + \\sigma \\cdot \\varepsilon$.",
        )


def offer(_: Models) -> None:
    """Both estimates, over HTTP."""

    def gradients(sigma: float, a: float, seed: int) -> dict[str, float]:
        """Measured and exact variance of both estimates of ∂/∂mu E[(z − a)²], z ~ N(0, σ²), at mu = 0."""
        s = checked_number(sigma, MIN_VALUE, MAX_VALUE, "σ")
        spread = compare(s, checked_number(a, -MAX_VALUE, MAX_VALUE, "a"), checked_seed(seed))
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


EXPERIMENT = Experiment(
    id="reparameterise",
    title="Reparameterise",
    idea="A gradient through a random $z$, estimated from one $z$ in two ways, in a case small enough to solve. Both "
    "are right on average; their variance differs.",
    equation=r"\begin{aligned} &\partial_\mu\, \mathbb{E}\big[(z - a)^2\big], "
    r"\quad z = \mu + \sigma\varepsilon \sim q \\ "
    r"&= \mathbb{E}\big[2(z - a)\big] = \mathbb{E}\big[(z - a)^2\, \partial_\mu \log q(z)\big] \end{aligned}",
    lecture="§2.5",
    notice="At σ = a = 1 the score function's variance is 7.5 times the other's. Move σ down to 0.1, about as narrow "
    "as the narrowest $q(z|x)$ of the 10-D encoder: now it is more than 2,500 times, and one $z$ says next to nothing.",
    control="#vae-reparameterise input",
    result="#vae-reparameterise-results canvas",
    number="#vae-reparameterise-results .ll-number",
    elsewhere="at=0.3,2",
    build=build,
)
