"""One Gaussian fitted to two bumps by three objectives, and the distance at which each gives up one of the bumps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import gradio as gr
import numpy as np

from gen_models import divergences
from gen_models.app import choices, live
from gen_models.app.checks import checked_number
from gen_models.app.live import BadRequest
from gen_models.app.parts import endpoint, figure, say
from gen_models.app.tabs.objectives import plots
from gen_models.divergences import FORWARD, REVERSE, Fit, Mixture
from gen_models.runtime import Array

FARTHEST = 8.0
WIDTHS = (0.3, 0.4, 0.5, 0.7, 1.0, 1.5)
WEIGHTS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
PIS = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
SCAN = np.linspace(0, FARTHEST, 21)
ROUNDS = 4
"""Of the search within one step of SCAN, each four times finer: to 0.0016."""

SLIDER, DRAWING = "objectives-distance", "objectives-fits"
NAMES = ("KL(p_data ‖ p_θ)", "JS", "KL(p_θ ‖ p_data)")
PARTS = ("forward", "js", "reverse")


@dataclass(frozen=True)
class Shape:
    """The two bumps but for their distance."""

    left: float
    right: float
    weight: float
    """Of the left bump."""

    def at(self, distance: float) -> Mixture:
        """p_data."""
        return divergences.two_bumps(distance, self.left, self.right, self.weight)


@dataclass(frozen=True, eq=False)
class Scan:
    """How wide the best fit is as the bumps move apart."""

    distances: Array
    sigmas: Array
    switch: float | None
    """The distance of the widest fit, beyond which it draws back to one bump; None if it never does up to FARTHEST."""


@lru_cache(maxsize=4096)
def scan(shape: Shape, pi: float) -> Scan:
    """Fit at every distance of SCAN, and more finely about the widest fit."""

    def sigma(distance: float) -> float:
        return divergences.fit(shape.at(distance), pi)[0].sigma

    found = {float(d): sigma(float(d)) for d in SCAN}
    step = SCAN[1]
    for _ in range(ROUNDS):
        widest = max(found, key=lambda d: found[d])
        step /= 4
        near = widest + step * np.array([-3, -2, -1, 1, 2, 3])
        found |= {float(d): sigma(float(d)) for d in near if 0 <= d <= FARTHEST}
    widest = max(found, key=lambda d: found[d])
    distances = np.array(sorted(found))
    sigmas = np.array([found[d] for d in distances])
    return Scan(distances, sigmas, widest if widest < FARTHEST - 0.01 else None)


def fit_all(shape: Shape, distance: float, pi: float) -> tuple[list[Fit], ...]:
    """The minima of KL(p_data ‖ p_θ), JS_π and KL(p_θ ‖ p_data), each the best first."""
    p = shape.at(distance)
    return tuple(divergences.fit(p, each) for each in (FORWARD, pi, REVERSE))


def compare(p: Mixture, fits: tuple[Fit, ...], pi: float) -> Array:
    """Each of the three divergences (columns) from p of each fit (rows): (3, 3), in nats."""
    objectives = (FORWARD, pi, REVERSE)
    return np.array(
        [[divergences.divergence(p, f.density, each) for each in objectives] for f in fits]
    )


def twins(found: list[Fit]) -> bool:
    """Whether two fits are equally good."""
    return len(found) > 1 and abs(found[1].value - found[0].value) < 1e-7


def remark(found: tuple[list[Fit], ...]) -> str:
    """What a curve alone does not say: equally good fits, and lesser minima."""
    equal = [name for name, minima in zip(NAMES, found, strict=True) if twins(minima)]
    if equal:
        return f"Two fits are equally good for {' and for '.join(equal)}: the one drawn, and one at the other bump."
    more = [name for name, minima in zip(NAMES, found, strict=True) if len(minima) > 1]
    if more:
        return f"{' and '.join(more)}: there are other local minima, and training may end in one. The best is drawn."
    return "Each objective has one best fit, and no other minimum was found."


# ---------------------------------------------------------------------------------------------------------------------
# On the page
# ---------------------------------------------------------------------------------------------------------------------

VIEW = np.linspace(-7.5, 7.5, 241)
TOP = plots.Axes((-7.5, 7.5), (0, 1), 66, 240)
BELOW = plots.Axes((0, FARTHEST), (0, 5), 40, 170)
LINES = (
    ("forward", plots.FORWARD_COLOUR, ""),
    ("js", plots.MIDDLE_COLOUR, "9 4"),
    ("reverse", plots.REVERSE_COLOUR, "3 3"),
)
INSIDE = (
    plots.svg(
        262,
        "The density of the data, two bumps, and three Gaussians fitted to it. As the bumps move apart, that of "
        "KL(p_data ‖ p_θ) stays over both, and that of KL(p_θ ‖ p_data) goes to one of them.",
        TOP.frame((-6, -4, -2, 0, 2, 4, 6), (), "", ""),
        plots.area("data"),
        *(plots.curve(*line) for line in LINES),
        plots.area_key(0, 16, "p_data"),
        plots.key(190, 16, f"least {NAMES[0]}", plots.FORWARD_COLOUR),
        plots.key(0, 40, "least JS", plots.MIDDLE_COLOUR, "9 4"),
        plots.key(190, 40, f"least {NAMES[2]}", plots.REVERSE_COLOUR, "3 3"),
    )
    + '<p data-part="remark" style="margin: 0; min-height: 2.8em"></p>'
    + plots.svg(
        210,
        "The standard deviation of each fit against the distance of the bumps. It grows with the distance, and for "
        "the reverse KL and JS falls at some distance to that of one bump.",
        BELOW.frame(
            (0, 2, 4, 6, 8), (0, 1, 2, 3, 4, 5), "distance of the bumps", "σ of the best fit"
        ),
        *(plots.curve(f"scan-{part}", colour, dashes, 2) for part, colour, dashes in LINES),
        plots.curve("now", "currentColor", width=1),
    )
)
TABLE = plots.table(
    ["least", "μ", "σ", *NAMES],
    NAMES,
    "A row is a fit, a column a divergence of it from p_data, in nats; the least of a column is bold.",
)


def nats(value: float) -> str:
    """Three decimals, or one for a large number."""
    return figure(value, 3 if abs(value) < 10 else 1)


def at(shape: Shape, distance: float, pi: float) -> live.Reply:
    """Curves and numbers for the bumps at a distance."""
    p = shape.at(distance)
    found = fit_all(shape, distance, pi)
    best = tuple(minima[0] for minima in found)
    scans = [scan(shape, each) for each in (FORWARD, pi, REVERSE)]
    data = np.exp(p.log(VIEW))
    densities = [np.exp(f.density.log(VIEW)) for f in best]
    highest = max(y.max() for y in (data, *densities))
    paths = {"data": TOP.area(VIEW, data / highest), "now": BELOW.at(distance)}
    for part, y, each in zip(PARTS, densities, scans, strict=True):
        paths[part] = TOP.path(VIEW, y / highest)
        paths[f"scan-{part}"] = BELOW.path(each.distances, each.sigmas)
    values = compare(p, best, pi)
    least = values <= values.min(0) + 1e-6
    words = {"remark": remark(found)}
    attributes = plots.paths(**paths)
    for i, f in enumerate(best):
        mu = round(f.mu, 2) + 0.0  # no −0.00
        cells = [figure(mu, 2), figure(f.sigma, 2), *map(nats, values[i])]
        words |= {f"cell-{i}-{j}": cell for j, cell in enumerate(cells)}
        for j in range(3):
            attributes[f"cell-{i}-{j + 2}"] = {"data-best": str(bool(least[i, j])).lower()}
    return {
        "text": {
            part: f"beyond {FARTHEST:g}" if each.switch is None else figure(each.switch, 2)
            for part, each in zip(PARTS[1:], scans[1:], strict=True)
        },
        "send": {DRAWING: {"attributes": attributes, "words": words}},
    }


def checked(left: Any, right: Any, weight: Any, pi: Any) -> tuple[Shape, float]:
    """Widths, weight and π within what the page offers."""
    shape = Shape(
        checked_number(left, WIDTHS[0], WIDTHS[-1], "The width of the left bump"),
        checked_number(right, WIDTHS[0], WIDTHS[-1], "The width of the right bump"),
        checked_number(weight, WEIGHTS[0], WEIGHTS[-1], "The weight of the left bump"),
    )
    return shape, checked_number(pi, PIS[0], PIS[-1], "π")


def build() -> None:
    """Lay out the bumps, the fits and the table."""
    say(
        "The data have two bumps, and the model is one Gaussian $p_\\theta = N(\\mu, \\sigma^2)$. Move the bumps "
        "apart. $\\mathrm{KL}(p_{data} \\| p_\\theta)$ asks how likely the data are under the model, so no bump may be "
        "missed. $\\mathrm{KL}(p_\\theta \\| p_{data})$ asks how likely the model's samples are under the data, so "
        "none may fall between. $\\mathrm{JS}$, which a GAN with the best discriminator minimises, lies between them: "
        "$\\mathrm{JS}_\\pi = \\pi\\, \\mathrm{KL}(p_{data} \\| m) + (1 - \\pi)\\, \\mathrm{KL}(p_\\theta \\| m)$ with "
        "$m = \\pi p_{data} + (1 - \\pi) p_\\theta$ and $\\pi = 0.5$."
    )

    def show(request: live.Request) -> live.Reply:
        context = request["context"]
        shape, pi = checked(*(context.get(name) for name in ("left", "right", "weight", "pi")))
        if shape.left not in WIDTHS or shape.right not in WIDTHS or pi not in PIS:
            raise BadRequest("There is no such choice here.")
        return at(shape, round(float(request["value"][0]), 3), pi)

    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=300):
            live.LatentSliders(
                show,
                labels=["distance"],
                value=[2.0],
                lo=0,
                hi=FARTHEST,
                step=0.05,
                sweep=True,
                context={"left": 0.5, "right": 0.5, "weight": 0.5, "pi": 0.5},
                numbers=[
                    ("reverse", "distance at which the least KL(p_θ ‖ p_data) gives up one bump"),
                    ("js", "distance at which the least JS does"),
                ],
                label="Distance of the two bumps",
                elem_id=SLIDER,
            )
        with gr.Column(scale=3, min_width=300):
            plots.drawing(
                f'{INSIDE}<div style="overflow-x: auto">{TABLE}</div>',
                label="Three fits",
                source=SLIDER,
                elem_id=DRAWING,
            )
    with gr.Row():
        for key, values, label in (
            ("left", WIDTHS, "Width of the left bump"),
            ("right", WIDTHS, "Width of the right bump"),
            ("weight", WEIGHTS, "Weight of the left bump"),
            ("pi", PIS, "π of JS: small as KL(p_data ‖ p_θ), large as KL(p_θ ‖ p_data)"),
        ):
            with gr.Column(min_width=300):
                choices.steps(
                    values,
                    0.5,
                    label=label,
                    unit="",
                    key=key,
                    targets=[SLIDER],
                    elem_id=f"objectives-{key}",
                )
    say(
        "A fit gives up a bump at the distance where it is widest: beyond, it is narrower again. "
        "$\\mathrm{KL}(p_{data} \\| p_\\theta)$ never does: its best $\\mu$ and $\\sigma$ are the data's own mean and "
        "standard deviation, whatever the distance. The fits are found by Newton's method from five starts, with "
        "integrals over a grid. After F. Huszár, *How (not) to train your generative model*, 2015."
    )

    def fit(
        distance: float, left_width: float, right_width: float, left_weight: float, pi: float
    ) -> dict[str, Any]:
        """The best N(μ, σ²) for two bumps by three divergences, and the value of each divergence, in nats.

        Distance 0 to 8, widths 0.3 to 1.5, weight of the left bump 0.1 to 0.9, π of JS 0.01 to 0.99.
        """
        shape, share = checked(left_width, right_width, left_weight, pi)
        d = checked_number(distance, 0, FARTHEST, "The distance")
        found = fit_all(shape, d, share)
        values = compare(shape.at(d), tuple(minima[0] for minima in found), share)
        return {
            name: {
                "mu": minima[0].mu,
                "sigma": minima[0].sigma,
                "nats": dict(zip(NAMES, row.tolist(), strict=True)),
                "equally good": twins(minima),
            }
            for name, minima, row in zip(NAMES, found, values, strict=True)
        }

    endpoint(fit, "objectives_fit")
