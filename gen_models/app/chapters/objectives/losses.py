"""The generator's loss of the game and the one used in practice, as the discriminator grows sure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters import _plots as plots
from gen_models.app.chapters.objectives import common
from gen_models.app.checks import checked_number
from gen_models.app.shell import layout
from gen_models.app.shell.parts import endpoint, format_number, markdown
from gen_models.errors import BadRequest
from gen_models.numerics import divergences
from gen_models.numerics.divergences import gaussian

MAX_DISTANCE = 8.0
SLIDER, NUMBERS = "objectives-apart", "objectives-losses-numbers"
DENSITIES, LOSSES, SLOPES = (
    f"objectives-losses-{part}" for part in ("densities", "values", "slopes")
)


RATE = 0.1
"""Of the gradient steps on m."""
STEPS = (0, 1, 3, 10, 30, 100, 300, 1000)
FIRST_STEPS = 30


@dataclass(frozen=True)
class Gradients:
    """Means over x̂ ~ p_θ = N(distance, 1), with the best D against p_data = N(0, 1)."""

    d: float
    """D(x̂)."""
    logit: float
    """The logit of D(x̂)."""
    saturating: float
    """Derivative of ½ log(1 − D) by the logit."""
    non_saturating: float
    """Derivative of −½ log D by the logit."""
    pull_saturating: float
    """How fast a gradient step on ½ E log(1 − D) moves the mean of p_θ to the data: minus the derivative."""
    pull_non_saturating: float
    """The same for −½ E log D."""


def logit_at(distance: float, x: np.ndarray) -> np.ndarray:
    """Logit of the best D at x: log N(x; 0, 1) − log N(x; distance, 1) = distance²/2 − distance · x."""
    return divergences.optimal_logit(gaussian(0, 1).log(x), gaussian(distance, 1).log(x))


PLACES = np.linspace(0, MAX_DISTANCE, 401)


def gradients(distance: float) -> Gradients:
    """The means, by integration. x̂ = z + distance, and D is held: the chain rule has the logit's slope, −distance."""
    q = gaussian(distance, 1)
    x = np.linspace(distance - 9, distance + 9, 721)
    weights = np.exp(q.log(x)) * (x[1] - x[0])
    logit = logit_at(distance, x)
    saturating = float(weights @ divergences.saturating_slope(logit))
    other = float(weights @ divergences.non_saturating_slope(logit))
    return Gradients(
        float(weights @ divergences.sigmoid(logit)),
        float(weights @ logit),
        saturating,
        other,
        -saturating * distance,
        -other * distance,
    )


@cache
def _pulls() -> np.ndarray:
    """Both pulls at each of PLACES: (2, n)."""
    found = [gradients(float(m)) for m in PLACES]
    return np.array([[g.pull_saturating for g in found], [g.pull_non_saturating for g in found]])


def follow(distance: float, steps: int) -> tuple[float, float]:
    """Where gradient descent on m ends that starts at `distance`: by the loss of the game, and by that in practice.

    m ← m − RATE · pull(m), with D the best against p_θ = N(m, 1) at every step. Pulls are interpolated.
    """
    ends = []
    for pulls in _pulls():
        m = distance
        for _ in range(steps):
            m -= RATE * float(np.interp(m, PLACES, pulls))
        ends.append(m)
    return ends[0], ends[1]


# ---------------------------------------------------------------------------------------------------------------------
# On the page
# ---------------------------------------------------------------------------------------------------------------------

VIEW = np.linspace(-4, 12, 257)
LOGITS = np.linspace(-34, 10, 221)
DENSITY = plots.Axes((-4, 12), (0, 1.05))
LOSS = plots.Axes((-34, 10), (-5, 17))
SLOPE = plots.Axes((-34, 10), (-0.52, 0))
GAME, PRACTICE = (plots.ORANGE, "3 3"), (plots.TEAL, "")
LOGIT_TICKS = (-30, -20, -10, 0, 10)
KEYS = plots.legend(
    plots.key("½ log(1 − D)", *GAME),
    plots.key("−½ log D", *PRACTICE),
    plots.area_key("the samples"),
)


def _lines(axes: plots.Axes, game: np.ndarray, practice: np.ndarray) -> list[str]:
    """Both curves, which do not move."""
    return [
        plots.fixed(axes.path(LOGITS, y), colour, dashes)
        for y, (colour, dashes) in ((game, GAME), (practice, PRACTICE))
    ]


INSIDE_DENSITIES = (
    plots.title("Densities and the best D, against x")
    + plots.legend(
        plots.area_key("p_data"),
        plots.key("p_θ", plots.VIOLET, "9 4"),
        plots.key("D", "currentColor"),
        plots.key("p_θ after the steps: game", *GAME),
        plots.key("practice", *PRACTICE),
    )
    + plots.chart(
        DENSITY,
        (-4, 0, 4, 8, 12),
        (0, 0.5, 1),
        plots.area("data"),
        plots.curve("model", plots.VIOLET, "9 4"),
        plots.curve("d", width=2),
        plots.curve("follows-game", *GAME),
        plots.curve("follows-practice", *PRACTICE),
        plots.dot("at-game", GAME[0]),
        plots.dot("at-practice", PRACTICE[0]),
        seen="The densities of data and samples, and the best discriminator: the farther apart they are, the more D is "
        "a step from 1 on the data to 0 on the samples. After some gradient steps, p_θ is nearer to the data by the "
        "loss in practice, and, where D is sure, has not moved by that of the game.",
    )
)
INSIDE_LOSSES = (
    plots.title("The losses against the logit of D")
    + KEYS
    + plots.chart(
        LOSS,
        LOGIT_TICKS,
        (-5, 0, 5, 10, 15),
        plots.area("spread"),
        *_lines(LOSS, divergences.saturating(LOGITS), divergences.non_saturating(LOGITS)),
        seen="Both losses against the logit of D on a generated sample. To the left, where D is sure, that of the game "
        "is flat and the other one is steep.",
    )
)
INSIDE_SLOPES = (
    plots.title("Their slopes; dots: the means")
    + KEYS
    + plots.chart(
        SLOPE,
        LOGIT_TICKS,
        (-0.5, -0.25, 0),
        plots.area("spread"),
        *_lines(
            SLOPE, divergences.saturating_slope(LOGITS), divergences.non_saturating_slope(LOGITS)
        ),
        plots.dot("game", GAME[0]),
        plots.dot("practice", PRACTICE[0]),
        seen="The slopes of both losses. To the left, where D is sure, that of the game goes to 0, and the other to "
        "minus one half.",
    )
)


def small(value: float) -> str:
    """Three decimals, or a power of ten where they would all be zero."""
    if value == 0 or abs(value) >= 0.001:
        return format_number(value, 3)
    digits, power = f"{value:.0e}".split("e")
    raised = str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{digits} · 10{raised}".replace("-", "−")


def at(distance: float, steps: int = FIRST_STEPS) -> controls.Reply:
    """Curves and numbers at a distance of p_θ from p_data, and where two p_θ that start there are after `steps`."""
    g = gradients(distance)
    game, practice = follow(distance, steps)
    top = float(np.exp(gaussian(0, 1).log(np.zeros(1)))[0])
    # The logit of x̂ is Gaussian, with mean −distance²/2 and variance distance²: at distance 0 it is a point.
    spread = np.exp(-0.5 * np.square((LOGITS + distance**2 / 2) / max(distance, 0.1))) / 3

    def samples(axes: plots.Axes) -> str:
        low, high = axes.y
        return axes.area(LOGITS, low + spread * (high - low))

    densities = {
        "data": DENSITY.area(VIEW, np.exp(gaussian(0, 1).log(VIEW))),
        "model": DENSITY.path(VIEW, np.exp(gaussian(distance, 1).log(VIEW))),
        "d": DENSITY.path(VIEW, divergences.sigmoid(logit_at(distance, VIEW))),
        "follows-game": DENSITY.path(VIEW, np.exp(gaussian(game, 1).log(VIEW))),
        "follows-practice": DENSITY.path(VIEW, np.exp(gaussian(practice, 1).log(VIEW))),
    }
    ends = {"at-game": DENSITY.dot(game, top), "at-practice": DENSITY.dot(practice, top)}
    dots = {
        "game": SLOPE.dot(g.logit, g.saturating),
        "practice": SLOPE.dot(g.logit, g.non_saturating),
    }
    return {
        "text": {
            "d": small(g.d),
            "game": small(g.saturating),
            "practice": small(g.non_saturating),
            "pull_game": small(g.pull_saturating),
            "pull_practice": small(g.pull_non_saturating),
            "end_game": format_number(game, 2),
            "end_practice": format_number(practice, 2),
        },
        "send": {
            DENSITIES: {"attributes": plots.paths(**densities) | plots.dots(**ends)},
            LOSSES: {"attributes": plots.paths(spread=samples(LOSS))},
            SLOPES: {"attributes": plots.paths(spread=samples(SLOPE)) | plots.dots(**dots)},
        },
    }


def show(request: controls.Request) -> controls.Reply:
    """Answer the slider."""
    steps = request["context"].get("steps")
    if steps not in STEPS:
        raise BadRequest("There is no such choice here.")
    return at(round(float(request["value"][0]), 3), steps)


def build(_: Models) -> None:
    """Lay out densities, losses and slopes."""
    with layout.controls():
        controls.LatentSliders(
            show,
            labels=["distance m"],
            value=[3.0],
            lo=0,
            hi=MAX_DISTANCE,
            step=0.05,
            sweep=True,
            context={"steps": FIRST_STEPS},
            numbers=[
                ("game", "slope of ½ log(1 − D), the loss of the game"),
                ("practice", "slope of −½ log D, the loss in practice"),
                ("end_game", "m after the steps, by the loss of the game"),
                ("end_practice", "m after the steps, by the loss in practice"),
                ("d", "mean D(x̂): how real samples look to D"),
                ("pull_game", "pull on m by ½ E log(1 − D)"),
                ("pull_practice", "pull on m by −½ E log D"),
            ],
            label="Distance of the samples from the data",
            elem_id=SLIDER,
            results=NUMBERS,
            address="m",
        )
        common.choices(
            SLIDER,
            "objectives-losses",
            {"steps": FIRST_STEPS},
            ("steps", STEPS, "Gradient steps of two samplers"),
        )
    with layout.results():
        common.drawings(
            SLIDER,
            NUMBERS,
            (INSIDE_DENSITIES, "Densities", DENSITIES),
            (INSIDE_LOSSES, "Losses", LOSSES),
            (INSIDE_SLOPES, "Slopes", SLOPES),
        )
    with layout.wide():
        markdown(
            "In the lecture's game $G$ maximises $L = -\\frac{1}{2} \\mathbb{E} \\log D(x) - \\frac{1}{2} \\mathbb{E} "
            "\\log(1 - D(\\hat{x}))$, so it minimises $\\frac{1}{2} \\mathbb{E} \\log(1 - D(\\hat{x}))$; in practice "
            "it minimises $-\\frac{1}{2} \\mathbb{E} \\log D(\\hat{x})$. Here $p_{data} = N(0, 1)$, $p_\\theta = "
            "N(m, 1)$ and $D$ is the best one. The slopes are by the logit of $D$, and means over $\\hat{x} \\sim "
            "p_\\theta$: $-\\frac{1}{2} \\mathbb{E} D$ and $-\\frac{1}{2} \\mathbb{E} (1 - D)$. The pull is the step "
            "that the gradient, with $D$ held, asks of $m$. Two samplers start at $m$ side by side, and each follows "
            "the gradient of its loss, $m \\leftarrow m - 0.1 \\cdot$ pull, with $D$ the best at every step. After "
            "I. Goodfellow, *NIPS 2016 tutorial: generative adversarial networks*, §3.2.3."
        )


def offer(_: Models) -> None:
    """The same over HTTP."""

    def slopes(distance: float) -> dict[str, float]:
        """Means over x̂ ~ N(distance, 1), the best D against N(0, 1): D, and the slopes of both losses by its logit.

        Distance 0 to 8. "pull" is minus the derivative of a loss by the mean of p_θ, D held.
        """
        g = gradients(checked_number(distance, 0, MAX_DISTANCE, "The distance"))
        return {
            "D": g.d,
            "saturating": g.saturating,
            "non-saturating": g.non_saturating,
            "pull, saturating": g.pull_saturating,
            "pull, non-saturating": g.pull_non_saturating,
        }

    endpoint(slopes, "objectives_slopes")


EXPERIMENT = Experiment(
    id="losses",
    title="Generator losses",
    idea="Both losses want $D(\\hat{x})$ to be high. As the samples move away from the data, the best $D$ grows sure, "
    "and only one of the two still says where to go.",
    equation=r"\begin{aligned} \text{game:} \quad & \min_\theta\ \tfrac{1}{2}\, \mathbb{E} \log\big(1 - D(\hat{x})\big)"
    r" \\ \text{practice:} \quad & \min_\theta\ -\tfrac{1}{2}\, \mathbb{E} \log D(\hat{x}) \end{aligned}",
    lecture="§3.4-3.5",
    notice="At *m* = 0 both slopes are −0.25: the losses want the same. Move *m* to 8, where $D$ is sure: the slope of "
    "the game's loss is −2 · 10⁻⁵, and that of the other is −0.500. After 1,000 "
    "*steps* from there the game's sampler is still at 7.98; the other is at 1.92 after 30.",
    control="#objectives-apart .ll-slider",
    result="#objectives-losses-slopes .chart",
    number="#objectives-losses-numbers .ll-number",
    elsewhere="m=6.5&steps=100",
    build=build,
)
