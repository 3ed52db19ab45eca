"""One Gaussian fitted to two bumps by three objectives, and the distance at which each jumps to one of the bumps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import gradio as gr
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
from gen_models.numerics.divergences import FORWARD, REVERSE, Fit, Mixture
from gen_models.runtime import Array

MAX_DISTANCE = 8.0
WIDTHS = (0.3, 0.4, 0.5, 0.7, 1.0, 1.5)
WEIGHTS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
PIS = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
SCAN = np.linspace(0, MAX_DISTANCE, 21)
HALVINGS = 8
"""Of the step of SCAN in which the fit narrows most: to 0.0016."""
JUMP = 0.1
"""The part of its width that the fit loses at once where it jumps."""

SLIDER, NUMBERS = "objectives-distance", "objectives-fits-numbers"
DRAWING, CURVES, TABLE = "objectives-fits", "objectives-fits-widths", "objectives-fits-table"
FIRST = {"left": 0.5, "right": 0.5, "weight": 0.5, "pi": 0.5}
OWN = {"mu": -1.75, "sigma": 1.0}
"""The visitor's Gaussian at first."""
SIGMAS = (0.4, 4.0)
"""Its σ: narrower ones would be higher than the chart."""
SCRIPT = (Path(__file__).parent / "bells.js").read_text("utf-8")
NAMES = ("KL(p_data ‖ p_θ)", "JS", "KL(p_θ ‖ p_data)")
SPOKEN = ("KL", "JS", "the reverse KL")
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
    """The distance beyond which the best fit jumps to one bump; None if it does not up to MAX_DISTANCE."""


@lru_cache(maxsize=4096)
def scan(shape: Shape, pi: float) -> Scan:
    """Fit at every distance of SCAN, and more finely about the greatest drop."""

    def sigma(distance: float) -> float:
        return divergences.fit(shape.at(distance), pi)[0].sigma

    found = {float(d): sigma(float(d)) for d in SCAN}
    ends = min(pairwise(found), key=lambda pair: found[pair[1]] / found[pair[0]])
    for _ in range(HALVINGS):
        middle = sum(ends) / 2
        found[middle] = sigma(middle)
        halves = ((ends[0], middle), (middle, ends[1]))
        ends = min(halves, key=lambda pair: found[pair[1]] / found[pair[0]])
    distances = np.array(sorted(found))
    # Of bumps that are unlike, the fit may also narrow by and by, and then it gives up neither at any one distance.
    jumps = found[ends[1]] < (1 - JUMP) * found[ends[0]]
    return Scan(
        distances, np.array([found[float(d)] for d in distances]), ends[0] if jumps else None
    )


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


def divergences_of(p: Mixture, q: Mixture, pi: float) -> tuple[float, float, float]:
    """KL(p ‖ q), JS_π and KL(q ‖ p) for any Gaussian q of the page, in nats: the grid holds both."""
    log_p, log_q = p.log(WIDE), q.log(WIDE)
    return (
        float(divergences.kl(log_p, log_q, WIDE)),
        float(divergences.jensen_shannon(log_p, log_q, WIDE, pi)),
        float(divergences.kl(log_q, log_p, WIDE)),
    )


def twins(found: list[Fit]) -> bool:
    """Whether two fits are equally good."""
    return len(found) > 1 and abs(found[1].value - found[0].value) < 1e-7


def remark(found: tuple[list[Fit], ...]) -> str:
    """What a curve alone does not say: equally good fits, and lesser minima."""
    equal = [name for name, minima in zip(SPOKEN, found, strict=True) if twins(minima)]
    if equal:
        return f"Two fits are equally good for {' and for '.join(equal)}: the one drawn, and one at the other bump."
    more = [name for name, minima in zip(SPOKEN, found, strict=True) if len(minima) > 1]
    if more:
        return f"There are other local minima for {' and for '.join(more)}; training may end in one. The best is drawn."
    return "Each objective has one best fit, and no other minimum was found."


# ---------------------------------------------------------------------------------------------------------------------
# On the page
# ---------------------------------------------------------------------------------------------------------------------

FITS = ("fit by KL(p_data ‖ p_θ)", "by JS", "by the reverse KL(p_θ ‖ p_data)")
REACH = 7.0
WIDE = np.linspace(-REACH - 6 * SIGMAS[1], REACH + 6 * SIGMAS[1], 2401)
VIEW = np.linspace(-REACH, REACH, 241)
DENSITIES = plots.Axes((-REACH, REACH), (0, 1.05))
WIDTH_OF_FIT = plots.Axes((0, MAX_DISTANCE), (0, 5))
LINES = (
    ("forward", plots.TEAL, ""),
    ("js", plots.VIOLET, "9 4"),
    ("reverse", plots.ORANGE, "3 3"),
)
INSIDE = (
    plots.legend(
        plots.area_key("p_data"),
        *(
            plots.key(name, colour, dashes)
            for name, (_, colour, dashes) in zip(FITS, LINES, strict=True)
        ),
        plots.key("yours: drag its dot", "currentColor", "1 5"),
    )
    + plots.chart(
        DENSITIES,
        (-6, -4, -2, 0, 2, 4, 6),
        (),
        plots.area("data"),
        *(plots.curve(*line) for line in LINES),
        plots.curve("own", dashes="1 5", width=2.5),
        seen="The density of the data, two bumps, and three Gaussians fitted to it. As the bumps move apart, that of "
        "the KL stays over both, and that of the reverse KL goes to one. A Gaussian of the visitor's own is dotted.",
    )
    + '<p class="yours" data-part="yours"></p>'
)
INSIDE_CURVES = plots.title("σ of each fit against the distance of the bumps") + plots.chart(
    WIDTH_OF_FIT,
    (0, 2, 4, 6, 8),
    (0, 1, 2, 3, 4, 5),
    *(plots.curve(f"scan-{part}", colour, dashes, 2) for part, colour, dashes in LINES),
    plots.curve("now", width=1),
    seen="The standard deviation of each fit against the distance of the bumps. It grows with the distance, and for "
    "the reverse KL and JS falls at some distance to that of one bump.",
)
INSIDE_TABLE = (
    '<p data-part="remark" style="margin: 0 0 0.5rem; min-height: 1.4em"></p>'
    + plots.table(
        ["least", "μ", "σ", *NAMES],
        NAMES,
        "A row is a fit, a column a divergence of it from p_data, in nats; the least of a column is bold.",
    )
)


def nats(value: float) -> str:
    """Three decimals, or one for a large number."""
    return format_number(value, 3 if abs(value) < 10 else 1)


def at(shape: Shape, distance: float, pi: float, own: Mixture | None = None) -> controls.Reply:
    """Curves and numbers for the bumps at a distance, and for the visitor's Gaussian; None: that at first."""
    own = own or checked_own(**OWN)
    p = shape.at(distance)
    found = fit_all(shape, distance, pi)
    best = tuple(minima[0] for minima in found)
    scans = [scan(shape, each) for each in (FORWARD, pi, REVERSE)]
    data = np.exp(p.log(VIEW))
    densities = [np.exp(f.density.log(VIEW)) for f in best]
    highest = max(y.max() for y in (data, *densities))
    paths = {"data": DENSITIES.area(VIEW, data / highest)}
    paths["own"] = DENSITIES.path(VIEW, np.exp(own.log(VIEW)) / highest)
    curves = {"now": WIDTH_OF_FIT.at(distance)}
    text = {}
    for part, y, f, each in zip(PARTS, densities, best, scans, strict=True):
        paths[part] = DENSITIES.path(VIEW, y / highest)
        curves[f"scan-{part}"] = WIDTH_OF_FIT.path(each.distances, each.sigmas)
        text[part] = format_number(f.sigma, 2)
        never = f"none up to {MAX_DISTANCE:g}"
        text[f"{part}-switch"] = never if each.switch is None else format_number(each.switch, 2)
    values = compare(p, best, pi)
    drawing: dict[str, Any] = plots.paths(**paths)
    drawing["own"]["data-scale"] = f"{highest:.4f}"  # bells.js: how high its dot stands
    words = yours(divergences_of(p, own, pi), np.diag(values))
    return {
        "text": text,
        "send": {
            DRAWING: {"attributes": drawing, "words": {"yours": words}},
            CURVES: {"attributes": plots.paths(**curves)},
            TABLE: cells(best, values, remark(found)),
        },
    }


def cells(best: tuple[Fit, ...], values: Array, words: str) -> controls.Reply:
    """The table of the fits and their divergences (3, 3), with `words` above it."""
    least = values <= values.min(0) + 1e-6
    said, attributes = {"remark": words}, {}
    for i, f in enumerate(best):
        mu = round(f.mu, 2) + 0.0  # no −0.00
        row = [format_number(mu, 2), format_number(f.sigma, 2), *map(nats, values[i])]
        said |= {f"cell-{i}-{j}": cell for j, cell in enumerate(row)}
        for j in range(3):
            attributes[f"cell-{i}-{j + 2}"] = {"data-best": str(bool(least[i, j])).lower()}
    return {"words": said, "attributes": attributes}


def yours(own: tuple[float, float, float], best: Array) -> str:
    """The three divergences of the visitor's Gaussian, and beside each the least that a Gaussian can have."""
    each = (
        f"{name} {nats(value)} (least {nats(least)})"
        for name, value, least in zip(SPOKEN, own, best, strict=True)
    )
    return f"Yours, in nats: {', '.join(each)}"


def checked_own(mu: Any, sigma: Any) -> Mixture:
    """The visitor's Gaussian, on the chart."""
    return divergences.gaussian(
        checked_number(mu, -REACH, REACH, "The mean of your Gaussian"),
        checked_number(sigma, *SIGMAS, "The width of your Gaussian"),
    )


def checked(left: Any, right: Any, weight: Any, pi: Any) -> tuple[Shape, float]:
    """Widths, weight and π within what the page offers."""
    shape = Shape(
        checked_number(left, WIDTHS[0], WIDTHS[-1], "The width of the left bump"),
        checked_number(right, WIDTHS[0], WIDTHS[-1], "The width of the right bump"),
        checked_number(weight, WEIGHTS[0], WEIGHTS[-1], "The weight of the left bump"),
    )
    return shape, checked_number(pi, PIS[0], PIS[-1], "π")


def show(request: controls.Request) -> controls.Reply:
    """Answer the slider; the shape is one of the choices on the page, since `scan` keeps what it found."""
    context = request["context"]
    shape, pi = checked(*(context.get(name) for name in FIRST))
    if shape.left not in WIDTHS or shape.right not in WIDTHS or pi not in PIS:
        raise BadRequest("There is no such choice here.")
    own = checked_own(context.get("mu"), context.get("sigma"))
    return at(shape, round(float(request["value"][0]), 3), pi, own)


def build(_: Models) -> None:
    """Lay out the bumps, the fits and the table."""
    with layout.controls():
        controls.LatentSliders(
            show,
            labels=["distance"],
            value=[3.5],
            lo=0,
            hi=MAX_DISTANCE,
            step=0.05,
            sweep=True,
            context=FIRST | OWN,
            numbers=[
                ("forward", "σ of the fit by KL"),
                ("js", "of the fit by JS"),
                ("reverse", "of the fit by the reverse KL"),
                ("js-switch", "distance where JS jumps to one bump"),
                ("reverse-switch", "distance where the reverse KL does"),
            ],
            label="Distance of the two bumps",
            elem_id=SLIDER,
            results=NUMBERS,
            address="distance",
        )
        common.choices(
            SLIDER,
            "objectives",
            FIRST,
            ("weight", WEIGHTS, "Weight of the left bump"),
            ("left", WIDTHS, "Width of the left bump"),
            ("right", WIDTHS, "Width of the right bump"),
            ("pi", PIS, "π of JS"),
        )
    with layout.results():
        with gr.Row(elem_classes="ll-beside"):
            plots.drawing(
                INSIDE,
                label="Three fits",
                source=SLIDER,
                elem_id=DRAWING,
                kind="Bells",
                script=SCRIPT,
                settings={
                    "reach": REACH,
                    "top": DENSITIES.y[1],
                    "sigmas": SIGMAS,
                    "own": list(OWN.values()),
                },
            )
            plots.drawing(INSIDE_CURVES, label="How wide they are", source=SLIDER, elem_id=CURVES)
        layout.outlet(NUMBERS, under=True)
    with layout.wide():
        plots.drawing(INSIDE_TABLE, label="All fits compared", source=SLIDER, elem_id=TABLE)
        markdown(
            "$\\mathrm{KL}(p_{data} \\| p_\\theta)$ asks how likely the data are under the model, so no bump may be "
            "missed: its best $\\mu$ and $\\sigma$ are the data's own mean and standard deviation, whatever the "
            "distance. $\\mathrm{KL}(p_\\theta \\| p_{data})$, the reverse KL, asks how likely the model's samples are "
            "under the data, so none may fall between. $\\mathrm{JS}$, which a GAN with the best discriminator "
            "minimises, lies between them: $\\mathrm{JS}_\\pi = \\pi\\, \\mathrm{KL}(p_{data} \\| m) + (1 - \\pi)\\, "
            "\\mathrm{KL}(p_\\theta \\| m)$ with $m = \\pi p_{data} + (1 - \\pi) p_\\theta$. With a small $\\pi$ it "
            "prefers what the KL does, with a large one what the reverse KL does.\n\n"
            "Of two bumps that are alike, the fit of the reverse KL and of JS jumps to one as they move apart. Of "
            "unlike bumps, such as a heavy and a light one, it may draw back to one by and by, with no jump.\n\n"
            "The fits are found by Newton's method from five starts, with integrals over a grid. After F. Huszár, "
            "*How (not) to train your generative model*, 2015."
        )


def offer(_: Models) -> None:
    """The same over HTTP."""

    def fit(
        distance: float, left_width: float, right_width: float, left_weight: float, pi: float
    ) -> dict[str, Any]:
        """The best N(μ, σ²) for two bumps by three divergences, and the value of each divergence, in nats.

        Distance 0 to 8, widths 0.3 to 1.5, weight of the left bump 0.1 to 0.9, π of JS 0.01 to 0.99.
        """
        shape, share = checked(left_width, right_width, left_weight, pi)
        d = checked_number(distance, 0, MAX_DISTANCE, "The distance")
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


EXPERIMENT = Experiment(
    id="fits",
    title="Two bumps",
    idea="A model too small for its data must leave something out, and the objective decides what: one Gaussian is "
    "fitted to two bumps by the KL, as in a VAE, by the reverse KL, and by JS, as in a GAN.",
    equation=r"\begin{aligned} \mathrm{KL}(p_{data} \,\|\, p_\theta) &= \mathbb{E}_{x \sim p_{data}} "
    r"\log \tfrac{p_{data}(x)}{p_\theta(x)} \\ \mathrm{KL}(p_\theta \,\|\, p_{data}) &= "
    r"\mathbb{E}_{\hat{x} \sim p_\theta} \log \tfrac{p_\theta(\hat{x})}{p_{data}(\hat{x})} \end{aligned}",
    lecture="§3.3",
    notice="Up to a *distance* of 2 the three fits are nearly the same. Beyond 2.80 the reverse KL gives up one bump, "
    "beyond 4.24 JS does too, and KL never does. Only a model that cannot have both shows what it was asked.",
    control="#objectives-distance .ll-slider",
    result="#objectives-fits .chart",
    number="#objectives-fits-numbers .ll-number",
    elsewhere="distance=2&own=1,0.8&weight=0.6&left=0.7&right=0.4&pi=0.25",
    build=build,
)
