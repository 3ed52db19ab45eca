"""The generator's loss of the game and the one used in practice, as the discriminator grows sure."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr
import numpy as np

from gen_models import divergences
from gen_models.app import live
from gen_models.app.checks import checked_number
from gen_models.app.parts import endpoint, figure, say
from gen_models.app.tabs.objectives import plots
from gen_models.divergences import gaussian

FARTHEST = 8.0
SLIDER, DRAWING = "objectives-apart", "objectives-losses"


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


# ---------------------------------------------------------------------------------------------------------------------
# On the page
# ---------------------------------------------------------------------------------------------------------------------

VIEW = np.linspace(-4, 12, 257)
LOGITS = np.linspace(-34, 10, 221)
DENSITY = plots.Axes((-4, 12), (0, 1), 62, 170)
LOSS = plots.Axes((-34, 10), (-5, 17), 62, 190)
SLOPE = plots.Axes((-34, 10), (-0.5, 0), 246, 350)
GAME, PRACTICE = plots.REVERSE_COLOUR, plots.FORWARD_COLOUR
LOGIT_TICKS = (-30, -20, -10, 0, 10)


def _lines(axes: plots.Axes, game: np.ndarray, practice: np.ndarray) -> str:
    """Both curves, which do not move."""
    return "".join(
        f'<path d="{axes.path(LOGITS, y)}" fill="none" stroke="{colour}" stroke-width="2.5" '
        f'stroke-dasharray="{dashes}"/>'
        for y, colour, dashes in ((game, GAME, "3 3"), (practice, PRACTICE, ""))
    )


INSIDE = plots.svg(
    212,
    "The densities of data and samples, and the best discriminator: the farther apart they are, the more D is a step "
    "from 1 on the data to 0 on the samples.",
    DENSITY.frame((-4, 0, 4, 8, 12), (0, 0.5, 1), "x", ""),
    plots.area_key(0, 16, "p_data"),
    plots.key(110, 16, "p_θ", plots.MIDDLE_COLOUR, "9 4"),
    plots.key(200, 16, "D = p_data / (p_data + p_θ)", "currentColor"),
    plots.area("data"),
    plots.curve("model", plots.MIDDLE_COLOUR, "9 4"),
    plots.curve("d", "currentColor", width=2),
) + plots.svg(
    388,
    "Both losses, and below their slopes, against the logit of D on a generated sample. To the left, where D is sure, "
    "the slope of the loss of the game goes to 0, and that of the other to minus one half.",
    LOSS.frame(LOGIT_TICKS, (-5, 0, 5, 10, 15), "", ""),
    plots.key(0, 16, "½ log(1 − D)", GAME, "3 3"),
    plots.key(170, 16, "−½ log D", PRACTICE),
    plots.area_key(300, 16, "where x̂ ~ p_θ are"),
    plots.text(0, 44, "loss; below, dots: means over x̂"),
    plots.area("spread"),
    _lines(LOSS, divergences.saturating(LOGITS), divergences.non_saturating(LOGITS)),
    SLOPE.frame(LOGIT_TICKS, (-0.5, -0.25, 0), "logit of D(x̂)", "slope of the loss by the logit"),
    plots.area("spread-below"),
    _lines(SLOPE, divergences.saturating_slope(LOGITS), divergences.non_saturating_slope(LOGITS)),
    plots.dot("game", GAME),
    plots.dot("practice", PRACTICE),
)


def small(value: float) -> str:
    """Three decimals, or a power of ten where they would all be zero."""
    if value == 0 or abs(value) >= 0.001:
        return figure(value, 3)
    digits, power = f"{value:.0e}".split("e")
    raised = str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{digits} · 10{raised}".replace("-", "−")


def at(distance: float) -> live.Reply:
    """Curves and numbers at a distance of p_θ from p_data."""
    g = gradients(distance)
    logit = logit_at(distance, VIEW)
    # The logit of x̂ is Gaussian, with mean −distance²/2 and variance distance²: at distance 0 it is a point.
    spread = np.exp(-0.5 * np.square((LOGITS + distance**2 / 2) / max(distance, 0.1)))
    low, high = LOSS.y
    paths = {
        "data": DENSITY.area(VIEW, np.exp(gaussian(0, 1).log(VIEW))),
        "model": DENSITY.path(VIEW, np.exp(gaussian(distance, 1).log(VIEW))),
        "d": DENSITY.path(VIEW, divergences.sigmoid(logit)),
        "spread": LOSS.area(LOGITS, low + spread * (high - low) / 3),
        "spread-below": SLOPE.area(LOGITS, -0.5 + spread / 6),
    }
    attributes = plots.paths(**paths)
    for part, slope in (("game", g.saturating), ("practice", g.non_saturating)):
        attributes[part] = {
            "cx": f"{SLOPE.across(g.logit):.1f}",
            "cy": f"{SLOPE.up(slope):.1f}",
        }
    return {
        "text": {
            "d": small(g.d),
            "game": small(g.saturating),
            "practice": small(g.non_saturating),
            "pull_game": small(g.pull_saturating),
            "pull_practice": small(g.pull_non_saturating),
        },
        "send": {DRAWING: {"attributes": attributes}},
    }


def build() -> None:
    """Lay out densities, losses and slopes."""
    say(
        "In the lecture's game $G$ maximises $L = -\\frac{1}{2} \\mathbb{E} \\log D(x) - \\frac{1}{2} \\mathbb{E} "
        "\\log(1 - D(\\hat{x}))$, so it minimises $\\frac{1}{2} \\mathbb{E} \\log(1 - D(\\hat{x}))$. In practice it "
        "minimises $-\\frac{1}{2} \\mathbb{E} \\log D(\\hat{x})$. Both want $D(\\hat{x})$ to be high. Move "
        "$p_\\theta = N(m, 1)$ away from $p_{data} = N(0, 1)$: the best $D$ grows sure, and one of the two "
        "gradients is lost."
    )

    def show(request: live.Request) -> live.Reply:
        return at(round(float(request["value"][0]), 3))

    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=300):
            live.LatentSliders(
                show,
                labels=["distance m"],
                value=[3.0],
                lo=0,
                hi=FARTHEST,
                step=0.05,
                sweep=True,
                numbers=[
                    ("d", "mean D(x̂): how real the samples look to D"),
                    ("game", "slope of ½ log(1 − D) by the logit: to 0 as D → 0"),
                    ("practice", "slope of −½ log D by the logit: to −½ as D → 0"),
                    ("pull_game", "pull on m to the data by ½ E log(1 − D)"),
                    ("pull_practice", "pull on m by −½ E log D"),
                ],
                label="Distance of p_θ from p_data",
                elem_id=SLIDER,
            )
        with gr.Column(scale=3, min_width=300):
            plots.drawing(INSIDE, label="Losses and slopes", source=SLIDER, elem_id=DRAWING)
    say(
        "The slopes are means over $\\hat{x} \\sim p_\\theta$: $-\\frac{1}{2} \\mathbb{E} D$ and $-\\frac{1}{2} "
        "\\mathbb{E} (1 - D)$. At $m = 0$, where $D = \\frac{1}{2}$, both are $-\\frac{1}{4}$: the losses want the "
        "same and differ only in how hard they push. The pull is the step that the gradient, with $D$ held, asks of "
        "$m$. After I. Goodfellow, *NIPS 2016 tutorial: generative adversarial networks*, §3.2.3."
    )

    def slopes(distance: float) -> dict[str, float]:
        """Means over x̂ ~ N(distance, 1), the best D against N(0, 1): D, and the slopes of both losses by its logit.

        Distance 0 to 8. "pull" is minus the derivative of a loss by the mean of p_θ, D held.
        """
        g = gradients(checked_number(distance, 0, FARTHEST, "The distance"))
        return {
            "D": g.d,
            "saturating": g.saturating,
            "non-saturating": g.non_saturating,
            "pull, saturating": g.pull_saturating,
            "pull, non-saturating": g.pull_non_saturating,
        }

    endpoint(slopes, "objectives_slopes")
