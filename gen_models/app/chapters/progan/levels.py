"""The same z at the end of every level, side by side; and details of the images, measured at each scale."""

from __future__ import annotations

from functools import partial
from html import escape
from itertools import pairwise
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.progan import common
from gen_models.app.checks import checked_number, checked_seed, user_facing
from gen_models.app.shell import layout
from gen_models.app.shell.parts import big_numbers, endpoint, format_number, markdown
from gen_models.families import MetricId, parse_key
from gen_models.numerics import latents
from gen_models.runtime import Array, Model
from gen_models.tables import markdown_table

SLIDER, RESULTS, BARS = "progan-levels", "progan-levels-results", "progan-levels-bars"
SHOWN, COLUMNS = 4, 2
LEAST = 8
"""Factors in the table."""
COVERAGE = (
    "Table, where it was measured: is everything there as often as it should be? Each factor that the heads were "
    "rendered from is read from 10,000 samples and from test images by *features-heads*, and the two histograms are "
    "laid over each other: 1, they are alike; less, something is made too seldom, and something else too often. The "
    f"{LEAST} that are covered least, with what training images have; the card in *Models* has all."
)
COLOURS = {"grown": "#26868c", "ungrown": "#b8651b", "real": "#7d7a75"}
ROW, GAP, LEFT, WIDE = 17, 10, 92, 300
"""Of the bars: the height of one, the space between groups, where they begin, and how long the longest is."""

# ---------------------------------------------------------------------------------------------------------------------
# Images
# ---------------------------------------------------------------------------------------------------------------------


def on_the_way(model: Model, seed: int, t: float) -> Array:
    """z of four images, each on the way from one draw to another: (4, k)."""
    ends = common.draw(model, seed, 2 * SHOWN)
    walks = zip(ends[:SHOWN], ends[SHOWN:], strict=True)
    return np.concatenate([latents.slerp(a, b, np.array([t])) for a, b in walks])


def images(model: Model, z: Array) -> dict[int, Array]:
    """Images (n, c, side, side) of the same z at the end of each level."""
    return {side: common.generate(model, side, z) for side in common.facts_of(model).sides}


def moved(below: Array, x: Array) -> float:
    """How far images of a level, halved, are from those of the level below: mean difference of pixels in [0, 1]."""
    return float(np.abs(common.halved(x, below.shape[-1]) - below).mean())


def between(x: Array) -> float:
    """How far images (n, c, h, w) are from one another: mean difference of pixels in [0, 1], over all pairs."""
    pairs = np.triu_indices(len(x), 1)
    return float(np.abs(x[pairs[0]] - x[pairs[1]]).mean())


def show(models: Models, request: controls.Request) -> controls.Reply:
    """Answer the slider."""
    context = request["context"]
    model = common.checked_setting(models, context.get("model"))
    seed = checked_seed(context.get("seed"))
    found = images(model, on_the_way(model, seed, float(request["value"][0])))
    sides = list(found)
    text = {f"at{sides[0]}": "the first level"}
    for below, side in pairwise(sides):
        words = format_number(common.SHADES * moved(found[below], found[side]), 1)
        text[f"at{side}"] = f"shrunk, {words} of 255 off the one before"
        text["moved"] = words
    text["others"] = format_number(
        common.SHADES * between(common.halved(found[sides[-1]], sides[-2])), 1
    )
    return {
        "images": {f"at{side}": common.canvas(x, sides[-1], COLUMNS) for side, x in found.items()},
        "text": text,
    }


# ---------------------------------------------------------------------------------------------------------------------
# Bars
# ---------------------------------------------------------------------------------------------------------------------


def ungrown(model: Model) -> str:
    """The GAN that did not grow and was measured beside this one; "" if none was."""
    keys = map(parse_key, model.card.metrics)
    found = (key.model for key in keys if key.id == MetricId.SLICED_WASSERSTEIN)
    return next(filter(None, found), "")


def distances(model: Model) -> dict[int, dict[str, float]]:
    """Sliced Wasserstein distances of the last level by the side of the details: of this GAN, the other, reality."""
    other = ungrown(model)
    found: dict[int, dict[str, float]] = {}
    for side in reversed(common.facts_of(model).sides):
        metrics = model.card.metrics
        keys = {
            "grown": MetricId.SLICED_WASSERSTEIN.of(side),
            "ungrown": MetricId.SLICED_WASSERSTEIN.of(side, model=other) if other else "",
            "real": MetricId.SLICED_WASSERSTEIN_REAL.of(side),
        }
        row = {kind: metrics[key].value for kind, key in keys.items() if key in metrics}
        if row:
            found[side] = row
    return found


def bars(model: Model) -> str:
    """A group of bars for each size of details: SVG; nothing if none was measured."""
    found, names = distances(model), names_of(model)
    if not found:
        return ""
    longest = max(value for row in found.values() for value in row.values())
    parts, y = [], 6.0
    for side, row in found.items():
        middle = y + ROW * len(row) / 2 + 5
        parts.append(f'<text x="{LEFT - 10}" y="{middle}" text-anchor="end">{side} pixels</text>')
        for kind, value in row.items():
            length = WIDE * value / longest
            parts.append(
                f'<rect x="{LEFT}" y="{y + 1}" width="{length:.1f}" height="{ROW - 3}" fill="{COLOURS[kind]}"/>'
                f'<text x="{LEFT + length + 8:.1f}" y="{y + 13}">{format_number(value, 1)}</text>'
            )
            y += ROW
        y += GAP
    x = LEFT
    for kind, words in names.items():
        if any(kind in row for row in found.values()):
            parts.append(
                f'<rect x="{x}" y="{y}" width="11" height="11" fill="{COLOURS[kind]}"/>'
                f'<text x="{x + 16}" y="{y + 10}">{escape(words)}</text>'
            )
            x += 34 + 7 * len(words)
    seen = "Bars of the sliced Wasserstein distance at each size of details."
    return (
        f'<svg viewBox="0 0 {LEFT + WIDE + 50} {y + 16}" role="img" aria-label="{seen}" font-size="13" '
        'fill="currentColor" style="display: block; width: 100%; max-width: 36rem">'
        f"{''.join(parts)}</svg>"
    )


def coverage(model: Model) -> str:
    """How much the histogram of a known factor is that of real images, the least covered ones: Markdown.

    Nothing if it was not measured.
    """
    other, values = ungrown(model), model.card.metrics
    names = [
        key.variants[0]
        for key in map(parse_key, values)
        if key.id == MetricId.FACTOR_OVERLAP and not key.model
    ]
    if not names:
        return ""

    def row(name: str) -> list[float]:
        keys = [MetricId.FACTOR_OVERLAP.of(name), MetricId.FACTOR_OVERLAP_REAL.of(name)]
        if other:
            keys.insert(1, MetricId.FACTOR_OVERLAP.of(name, model=other))
        return [values[key].value for key in keys if key in values]

    head = ("factor", *(names_of(model)[kind] for kind in COLOURS if kind != "ungrown" or other))
    cells = [
        (name.replace("_", " "), *(format_number(value, 2) for value in row(name)))
        for name in sorted(names, key=row)[:LEAST]
    ]
    return markdown_table(head, cells)


def figures(model: Model) -> str:
    """The mean over all sizes of details, large: HTML."""
    found = distances(model).values()
    pairs = []
    for kind, words in names_of(model).items():
        values = [row[kind] for row in found if kind in row]
        if values:
            shown = format_number(float(np.mean(values)), 1)
            pairs.append((shown, f"distance of details, {words}"))
    return big_numbers(pairs) if pairs else ""


def names_of(model: Model) -> dict[str, str]:
    """What each kind of bar is called."""
    return {"grown": "grown", "ungrown": f"{ungrown(model)}, not grown", "real": "real images"}


# ---------------------------------------------------------------------------------------------------------------------
# The page
# ---------------------------------------------------------------------------------------------------------------------


def build(models: Models) -> None:
    """Lay out the levels side by side, and the bars under them."""
    made = common.settings(models)
    if common.are_missing(made):
        return
    model = next(iter(made.values()))
    with layout.controls():
        slider = controls.LatentSliders(
            partial(show, made),
            labels=["t"],
            value=[0.0],
            lo=0,
            hi=1,
            step=0.01,
            sweep=True,
            context={"model": model.card.name, "seed": 0},
            screens=[(f"at{side}", f"{side} × {side}") for side in common.facts_of(model).sides],
            numbers=[
                ("moved", "the last level, halved, off the one before: mean difference, of 255"),
                ("others", "images of two other z, off one another"),
            ],
            label="z walks from one draw, 0, to another, 1",
            elem_id=SLIDER,
            results=RESULTS,
            address="t",
        )
        choice = common.choice(made)
        seed = common.seed_field()
    with layout.results():
        layout.outlet(RESULTS)
        chart = gr.HTML(figures(model) + bars(model), elem_id=BARS)
    with layout.wide():
        markdown(
            "Bars, where it was measured: *sliced Wasserstein distance* of the last level's images to real ones, by "
            "the size of the details. Patches of 7 × 7 pixels are taken from the levels of a Laplacian pyramid, and "
            "both sets of patches are compared along 512 random directions, where a sort gives the distance; the "
            "numbers are 1000 times it. What real images have is that of one half of the training images to the "
            "other, as many."
        )
        markdown(COVERAGE)
        table = gr.Markdown(coverage(model), elem_classes="ll-facts")

    @user_facing
    def follow(name: str, seed: float) -> tuple[dict[str, Any], str, str]:
        """Another setting, or other z."""
        chosen = common.checked_setting(made, name)
        return (
            gr.update(context={"model": name, "seed": checked_seed(seed)}),
            figures(chosen) + bars(chosen),
            coverage(chosen),
        )

    gr.on(
        [choice.change, seed.change],
        follow,
        [choice, seed],
        [slider, chart, table],
        api_visibility="private",
        show_progress="hidden",
    )


def offer(models: Models) -> None:
    """The same over HTTP."""

    def levels(model: str, seed: int, t: float) -> dict[str, Any]:
        """The same four z at the end of every level, a PNG in a data: URI each, by the side of its images; and the
        sliced Wasserstein distances of the last level by the size of details.
        """
        chosen = common.checked_setting(models, model)
        z = on_the_way(chosen, checked_seed(seed), checked_number(t, 0, 1, "t"))
        found = images(chosen, z)
        return {
            "pictures": {str(side): common.png(x, COLUMNS) for side, x in found.items()},
            "distances": {str(side): row for side, row in distances(chosen).items()},
        }

    endpoint(levels, "progan_levels")


EXPERIMENT = Experiment(
    id="levels",
    title="Levels",
    idea="The same four $z$ at the end of every level. What a level learned is kept by the next, which adds the "
    "details of its own size.",
    equation=r"\begin{aligned} d &= \mathbb{E}_u\, \frac{1}{n} \sum_{i} \big| (P u)_{(i)} - (\hat{P} u)_{(i)} \big| "
    r"\\ P&,\ \hat{P}\text{: patches of real, of made images; $(i)$: sorted} \end{aligned}",
    lecture="§6.1",
    notice="Growing won at every size: by its details the GAN that grew is 7.2 from real images, *gan-heads* 8.7, and "
    "one half of the real ones 5.3 from the other. And it saw 672,000 images, 518,000 of them for the last level, and "
    "*gan-heads* 1,024,000. The short level of 32 pixels had lost contrast, 39.6; the last one gives it back, 51.7, as "
    "real images have 52.4.",
    control=f"#{SLIDER} input",
    result=f"#{RESULTS} canvas",
    number=f"#{RESULTS} .ll-number",
    elsewhere="t=0.6&seed=3",
    build=build,
)
