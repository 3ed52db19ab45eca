"""Samples that climb a discriminator: one that is p_data itself, and one that compares p_data with p_θ."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters import _plots as plots
from gen_models.app.chapters.objectives import common
from gen_models.app.checks import checked_integer, checked_number
from gen_models.app.shell import layout
from gen_models.app.shell.parts import endpoint, format_number, markdown
from gen_models.errors import BadRequest
from gen_models.numerics import divergences
from gen_models.numerics.divergences import Mixture
from gen_models.runtime import Array

SAMPLES = 96
MAX_STEPS = 200
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

SLIDER, NUMBERS = "objectives-steps", "objectives-naive-numbers"
DRAWING, CURVES = "objectives-naive", "objectives-naive-spread"
FIRST = {"distance": 2.0, "mean": 3.0, "std": 0.3}


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
        Two arrays (MAX_STEPS + 1, SAMPLES).
    """
    p = start.data
    naive, gan = start.samples, start.samples
    steps = [(naive, gan)]
    for _ in range(MAX_STEPS):
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
AXES = plots.Axes((-REACH, REACH), (0, 1.05))
SPREAD = plots.Axes((0, MAX_STEPS), (0, 2.5))
NAIVE, GAN = plots.ORANGE, plots.TEAL
INSIDE = "".join(
    [
        plots.legend(plots.key("D = p_data, its top drawn as 1; upright marks: samples", NAIVE)),
        plots.chart(
            AXES,
            TICKS,
            (0, 1),
            plots.curve("naive-d", NAIVE),
            plots.curve("naive", width=1.5),
            seen="Samples climb D = p_data and gather at its tops.",
        ),
        plots.legend(
            plots.key("D = p_data / (p_data + p_θ)", GAN),
            plots.area_key("p_data"),
            plots.key("p_θ", plots.VIOLET, "9 4"),
        ),
        plots.chart(
            AXES,
            TICKS,
            (0, 0.5, 1),
            plots.area("data"),
            plots.curve("density", plots.VIOLET, "9 4", 2),
            plots.curve("gan-d", GAN),
            plots.curve("gan", width=1.5),
            seen="Samples climb D = p_data / (p_data + p_θ), which sinks where they are many, and they spread until it "
            "is one half everywhere.",
        ),
    ]
)
INSIDE_CURVES = plots.title("σ against steps; dotted: the data's") + plots.chart(
    SPREAD,
    (0, 50, 100, 150, 200),
    (0, 1, 2),
    plots.curve("data-std", dashes="2 4", width=1.5),
    plots.curve("naive-std", NAIVE, "3 3"),
    plots.curve("gan-std", GAN),
    plots.curve("now", width=1),
    seen="Standard deviation of the samples against gradient steps: to that of the data under "
    "D = p_data / (p_data + p_θ); under D = p_data it falls to zero wherever all samples find the same top.",
)


def at(start: Start, step: int) -> controls.Reply:
    """Both experiments after a number of steps."""
    p = start.data
    naive, gan = (each[step] for each in climb(start))
    data = np.exp(p.log(VIEW))
    top = highest(p)
    scale = float(np.exp(p.log(np.array([top])))[0])
    spreads = [each.std(1) for each in climb(start)]
    steps = np.arange(MAX_STEPS + 1)
    paths = {
        "naive-d": AXES.path(VIEW, data / scale),
        "naive": AXES.marks(naive),
        "data": AXES.area(VIEW, data),
        "density": AXES.path(VIEW, np.exp(log_smoothed(gan, VIEW)[0])),
        "gan-d": AXES.path(VIEW, discriminator(p, gan, VIEW)[0]),
        "gan": AXES.marks(gan),
    }
    curves = {
        "data-std": SPREAD.level(p.std),
        "naive-std": SPREAD.path(steps, spreads[0]),
        "gan-std": SPREAD.path(steps, spreads[1]),
        "now": SPREAD.at(step),
    }
    return {
        "text": {
            "naive": format_number(naive.std(), 3),
            "points": f"{points(naive)} of {SAMPLES}",
            "gan": format_number(gan.std(), 3),
            "data": format_number(p.std, 3),
            "top": format_number(top, 2),
        },
        "send": {
            DRAWING: {"attributes": plots.paths(**paths)},
            CURVES: {"attributes": plots.paths(**curves)},
        },
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


def show(request: controls.Request) -> controls.Reply:
    """Answer the slider."""
    start = checked(*(request["context"].get(name) for name in FIRST))
    return at(start, round(float(request["value"][0])))


def build(_: Models) -> None:
    """Lay out both discriminators and their samples."""
    with layout.controls():
        controls.LatentSliders(
            show,
            labels=["steps"],
            value=[60.0],
            lo=0,
            hi=MAX_STEPS,
            step=1,
            sweep=True,
            context=FIRST,
            numbers=[
                ("naive", "σ of the samples where D is the density of the data"),
                ("gan", "where D compares data with samples"),
                ("data", "of the data"),
                ("points", "samples still differ where D is the density"),
                ("top", "x at the density's top, the best answer to it"),
            ],
            label="Gradient steps",
            elem_id=SLIDER,
            results=NUMBERS,
            address="steps",
        )
        common.choices(
            SLIDER,
            "objectives-naive",
            FIRST,
            ("mean", MEANS, "Mean of the samples at the start"),
            ("std", STDS, "σ of the samples at the start"),
            ("distance", DISTANCES, "Distance of the data's bumps"),
        )
    with layout.results():
        common.drawings(
            SLIDER,
            NUMBERS,
            (INSIDE, "Two discriminators", DRAWING),
            (INSIDE_CURVES, "How far they spread", CURVES),
        )
    with layout.wide():
        markdown(
            f"Here $G$ is {SAMPLES} samples that move freely, each along $\\nabla_x \\log D(x)$, and $D$ is computed, "
            "not trained. $G$ is paid for a high $D(\\hat{x})$. If $D$ is $p_{data}$ itself, its best answer is one "
            "point, the top of $p_{data}$; started between the bumps the samples stop at two, since a gradient only "
            "finds the nearest top. The discriminator of a GAN depends on $G$: where samples crowd, $p_\\theta$ is "
            "high and $D$ sinks, and they move apart. So that it has a gradient between samples, it sees data and "
            f"samples with noise of standard deviation {NOISE} (§5.4), and the $p_\\theta$ drawn has that noise. The "
            "other naive sampling, of a VAE with $z$ and $x$ drawn independently, is under VAEs (§2.3)."
        )


def offer(_: Models) -> None:
    """The same over HTTP."""

    def particles(distance: float, mean: float, std: float, steps: int) -> dict[str, Any]:
        """Samples after 0 to 200 gradient steps on log D, for D = p_data and for D = p_data / (p_data + p_θ).

        Distance of the bumps 0, 1, 2, 3 or 4; mean of p_θ at the start a whole number from −4 to 4; its standard
        deviation 0.1, 0.3, 0.5, 1 or 2.
        """
        start = checked(distance, mean, std)
        step = checked_integer(steps, 0, MAX_STEPS, "The number of steps")
        naive, gan = (each[step] for each in climb(start))
        return {
            "D = p_data": {"samples": naive.tolist(), "std": float(naive.std())},
            "D = p_data / (p_data + p_θ)": {"samples": gan.tolist(), "std": float(gan.std())},
            "std of p_data": start.data.std,
            "top of p_data": highest(start.data),
        }

    endpoint(particles, "objectives_particles")


EXPERIMENT = Experiment(
    id="naive",
    title="Naive sampling",
    idea="If the discriminator learnt the density of the data itself, the generator's best answer would be one point, "
    "its top. A GAN's discriminator compares data with samples, and sinks where samples crowd.",
    equation=r"\begin{aligned} & \hat{x} \leftarrow \hat{x} + \eta\, \nabla_{\hat{x}} \log D(\hat{x}) \\ "
    r"& D = p_{data} \quad \text{or} \quad D = \tfrac{p_{data}}{p_{data} + p_\theta} \end{aligned}",
    lecture="§3.2, §2.3",
    notice="Press *Play*. Where D is the density, 96 samples become 1 point; where it compares, their σ goes to 1.2, "
    "that of the data. Now set their *mean* to 0, between the bumps: they end in two points.",
    control="#objectives-steps .ll-slider",
    result="#objectives-naive .chart",
    number="#objectives-naive-numbers .ll-number",
    elsewhere="steps=90&mean=-2&std=1&distance=3",
    build=build,
)
