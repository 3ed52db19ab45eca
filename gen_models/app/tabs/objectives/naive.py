"""Samples that climb a discriminator: one that is p_data itself, and one that compares p_data with p_θ."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Any

import gradio as gr
import numpy as np

from gen_models import divergences
from gen_models.app import choices, live
from gen_models.app.checks import checked_integer, checked_number
from gen_models.app.live import BadRequest
from gen_models.app.parts import endpoint, figure, say
from gen_models.app.tabs.objectives import plots
from gen_models.divergences import Mixture
from gen_models.runtime import Array

SAMPLES = 96
MOST = 200
"""Gradient steps."""
RATE = 0.1
"""How far a step moves a sample, times the gradient of log D."""
NOISE = 0.3
"""Standard deviation of the noise on the samples that D learns from, real and generated (§5.4)."""
WIDTH, WEIGHT = 0.7, 0.6
"""Of both bumps, and of the left one."""
SAME = 0.001
"""Samples nearer to the next one than this count as one point."""
DISTANCES = (0.0, 1.0, 2.0, 3.0, 4.0)
MEANS = (-4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0)
STDS = (0.1, 0.3, 0.5, 1.0, 2.0)

SLIDER, DRAWING = "objectives-steps", "objectives-naive"


@dataclass(frozen=True)
class Start:
    """The data, and p_θ = N(mean, std²) before the first step."""

    distance: float
    mean: float
    std: float

    @property
    def data(self) -> Mixture:
        """p_data: two bumps, the left one the greater."""
        return divergences.two_bumps(self.distance, WIDTH, WIDTH, WEIGHT)

    @property
    def samples(self) -> Array:
        """Quantiles of p_θ, evenly spaced in probability: (SAMPLES,)."""
        normal = NormalDist(self.mean, self.std)
        return np.array([normal.inv_cdf((i + 0.5) / SAMPLES) for i in range(SAMPLES)])


def log_smoothed(samples: Array, x: Array) -> tuple[Array, Array]:
    """Log density (n,) of the samples with Gaussian noise NOISE, and its derivative (n,), at x (n,)."""
    away = (samples - x[:, None]) / NOISE
    log_each = divergences.log_normal(away, 0, 1)
    top = log_each.max(1, keepdims=True)  # far from every sample all densities would be zero
    each = np.exp(log_each - top)
    total = each.sum(1)
    log = top[:, 0] + np.log(total / (len(samples) * NOISE))
    return log, (each * away).sum(1) / (total * NOISE)


def noisy(p: Mixture) -> Mixture:
    """The density of samples of p with the noise that D learns from."""
    return Mixture(p.means, tuple(float(np.hypot(w, NOISE)) for w in p.widths), p.weights)


def discriminator(p: Mixture, samples: Array, x: Array) -> tuple[Array, Array]:
    """D = p_data / (p_data + p_θ) at x (n,), for noisy data and noisy samples; and d log D / dx. Both (n,)."""
    real = noisy(p)
    log_q, slope_q = log_smoothed(samples, x)
    logit = divergences.optimal_logit(real.log(x), log_q)
    return divergences.sigmoid(logit), divergences.sigmoid(-logit) * (real.slope(x) - slope_q)


@lru_cache(maxsize=256)
def climb(start: Start) -> tuple[Array, Array]:
    """Where the samples are after each step up log D, for D = p_data and for D = p_data / (p_data + p_θ).

    A generator without limits: each sample x moves by RATE · d log D / dx, and then D is the best one again.

    Returns:
        Two arrays (MOST + 1, SAMPLES).
    """
    p = start.data
    naive, gan = start.samples, start.samples
    steps = [(naive, gan)]
    for _ in range(MOST):
        naive = naive + RATE * p.slope(naive)
        gan = gan + RATE * discriminator(p, gan, gan)[1]
        steps.append((naive, gan))
    both = np.array(steps)
    return both[:, 0], both[:, 1]


def points(samples: Array) -> int:
    """How many different points the samples are."""
    return 1 + int((np.diff(np.sort(samples)) > SAME).sum())


def highest(p: Mixture) -> float:
    """Where the density is greatest."""
    x = p.grid()
    around = x[p.log(x).argmax()]
    near = np.linspace(around - (x[1] - x[0]), around + (x[1] - x[0]), 201)
    return float(near[p.log(near).argmax()])


# ---------------------------------------------------------------------------------------------------------------------
# On the page
# ---------------------------------------------------------------------------------------------------------------------

REACH = 6.0
VIEW = np.linspace(-REACH, REACH, 241)
TICKS = (-6, -4, -2, 0, 2, 4, 6)
UPPER = plots.Axes((-REACH, REACH), (0, 1), 52, 150)
LOWER = plots.Axes((-REACH, REACH), (0, 1), 236, 334)
SPREAD = plots.Axes((0, MOST), (0, 2.5), 40, 160)
NAIVE, GAN = plots.REVERSE_COLOUR, plots.FORWARD_COLOUR
INSIDE = plots.svg(
    376,
    "Above, samples climb D = p_data and gather at its tops. Below, samples climb D = p_data / (p_data + p_θ), "
    "which sinks where they are many, and they spread until it is one half everywhere.",
    UPPER.frame(TICKS, (0, 1), "", ""),
    plots.key(0, 16, "D = p_data (its highest point drawn as 1)", NAIVE),
    plots.text(0, 36, "samples of G: upright marks"),
    plots.curve("naive-d", NAIVE),
    plots.curve("naive", "currentColor", width=1.5),
    plots.area("data"),
    LOWER.frame(TICKS, (0, 0.5, 1), "x", ""),
    plots.key(0, 192, "D = p_data / (p_data + p_θ)", GAN),
    plots.area_key(0, 216, "p_data"),
    plots.key(120, 216, "p_θ, with noise", plots.MIDDLE_COLOUR, "9 4"),
    plots.curve("density", plots.MIDDLE_COLOUR, "9 4", 2),
    plots.curve("gan-d", GAN),
    plots.curve("gan", "currentColor", width=1.5),
) + plots.svg(
    204,
    "Standard deviation of the samples against gradient steps: to that of the data under D = p_data / (p_data + p_θ); "
    "under D = p_data it falls to zero wherever all samples find the same top.",
    SPREAD.frame(
        (0, 50, 100, 150, 200), (0, 1, 2), "gradient steps", "standard deviation of the samples"
    ),
    plots.curve("data-std", "currentColor", "2 4", 1.5),
    plots.curve("naive-std", NAIVE, "3 3"),
    plots.curve("gan-std", GAN),
    plots.curve("now", "currentColor", width=1),
    plots.text(0, 198, "dotted: p_data"),
)


def at(start: Start, step: int) -> live.Reply:
    """Both experiments after a number of steps."""
    p = start.data
    naive, gan = (each[step] for each in climb(start))
    data = np.exp(p.log(VIEW))
    top = highest(p)
    scale = float(np.exp(p.log(np.array([top])))[0])
    density = np.exp(log_smoothed(gan, VIEW)[0])
    spreads = [each.std(1) for each in climb(start)]
    steps = np.arange(MOST + 1)
    paths = {
        "naive-d": UPPER.path(VIEW, data / scale),
        "naive": UPPER.marks(naive),
        "data": LOWER.area(VIEW, data),
        "density": LOWER.path(VIEW, density),
        "gan-d": LOWER.path(VIEW, discriminator(p, gan, VIEW)[0]),
        "gan": LOWER.marks(gan),
        "data-std": SPREAD.level(p.std),
        "naive-std": SPREAD.path(steps, spreads[0]),
        "gan-std": SPREAD.path(steps, spreads[1]),
        "now": SPREAD.at(step),
    }
    return {
        "text": {
            "naive": figure(naive.std(), 3),
            "points": f"{points(naive)} of {SAMPLES}",
            "gan": figure(gan.std(), 3),
            "data": figure(p.std, 3),
            "top": figure(top, 2),
        },
        "send": {DRAWING: {"attributes": plots.paths(**paths)}},
    }


def checked(distance: Any, mean: Any, std: Any) -> Start:
    """One of the beginnings on the page: others would fill the memory that keeps them."""
    start = Start(
        checked_number(distance, DISTANCES[0], DISTANCES[-1], "The distance"),
        checked_number(mean, MEANS[0], MEANS[-1], "The mean of p_θ"),
        checked_number(std, STDS[0], STDS[-1], "The standard deviation of p_θ"),
    )
    if start.distance not in DISTANCES or start.mean not in MEANS or start.std not in STDS:
        raise BadRequest("There is no such choice here.")
    return start


def build() -> None:
    """Lay out both discriminators and their samples."""
    say(
        "Suppose that $D$ learnt $p_{data}(x)$ itself. $G$ is paid for high $D(\\hat{x})$, and its best answer is one "
        "point: the top of $p_{data}$. A GAN's discriminator approximates "
        "$D = p_{data} / (p_{data} + p_\\theta)$ instead. It depends on $G$: where samples crowd, $p_\\theta$ is high "
        "and $D$ sinks, and they move apart. Press Play: each sample follows $\\nabla_x \\log D(x)$."
    )

    def show(request: live.Request) -> live.Reply:
        context = request["context"]
        start = checked(*(context.get(name) for name in ("distance", "mean", "std")))
        return at(start, round(float(request["value"][0])))

    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=300):
            live.LatentSliders(
                show,
                labels=["steps"],
                value=[30.0],
                lo=0,
                hi=MOST,
                step=1,
                sweep=True,
                context={"distance": 2.0, "mean": 3.0, "std": 0.3},
                numbers=[
                    ("naive", "standard deviation of the samples under D = p_data"),
                    ("gan", "under D = p_data / (p_data + p_θ)"),
                    ("data", "of p_data"),
                    ("points", "samples differ under D = p_data"),
                    ("top", "x at the top of p_data, G's best answer to D = p_data"),
                ],
                label="Gradient steps",
                elem_id=SLIDER,
            )
        with gr.Column(scale=3, min_width=300):
            plots.drawing(INSIDE, label="Two discriminators", source=SLIDER, elem_id=DRAWING)
    with gr.Row():
        for key, values, value, label in (
            ("mean", MEANS, 3.0, "Mean of p_θ at the start"),
            ("std", STDS, 0.3, "Standard deviation of p_θ at the start"),
            ("distance", DISTANCES, 2.0, "Distance of the two bumps of p_data"),
        ):
            with gr.Column(min_width=280):
                choices.steps(
                    values,
                    value,
                    label=label,
                    unit="",
                    key=key,
                    targets=[SLIDER],
                    elem_id=f"objectives-naive-{key}",
                )
    say(
        f"Here $G$ is {SAMPLES} samples that move freely, and $D$ is computed, not trained. Begin between the bumps, "
        "at 0: under $D = p_{data}$ the samples then stop at two points, since a gradient only finds the nearest top; "
        f"both are still points. So that $D$ has a gradient between samples, it sees data and samples with noise of "
        f"standard deviation {NOISE} (§5.4)."
    )

    def particles(distance: float, mean: float, std: float, steps: int) -> dict[str, Any]:
        """Samples after 0 to 200 gradient steps on log D, for D = p_data and for D = p_data / (p_data + p_θ).

        Distance of the bumps 0, 1, 2, 3 or 4; mean of p_θ at the start a whole number from −4 to 4; its standard
        deviation 0.1, 0.3, 0.5, 1 or 2.
        """
        start = checked(distance, mean, std)
        step = checked_integer(steps, 0, MOST, "The number of steps")
        naive, gan = (each[step] for each in climb(start))
        return {
            "D = p_data": {"samples": naive.tolist(), "std": float(naive.std())},
            "D = p_data / (p_data + p_θ)": {"samples": gan.tolist(), "std": float(gan.std())},
            "std of p_data": start.data.std,
            "top of p_data": highest(start.data),
        }

    endpoint(particles, "objectives_particles")
