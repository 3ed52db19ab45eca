"""The lecture's grid: a row for each style, a column for each number, and the visitor's own digit as both."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.disentangle import common
from gen_models.app.checks import user_facing
from gen_models.app.shell import layout
from gen_models.app.shell.parts import endpoint, format_number, markdown, metric, without_grey_axis
from gen_models.families import MetricId
from gen_models.runtime import Array, Model

CANVAS, RESULTS = "disentangle-swap", "disentangle-swap-results"
NUMBERS = 10
"""Columns: the first ten examples show the numbers in turn."""
STYLES = (32, 17, 24, 35, 16, 39)
"""Examples whose styles stand under the visitor's: thin and thick, upright and slanted, narrow and wide."""
THUMBNAILS = 10
START = 4
"""The example on the canvas at first."""
PAPER = 255


def swapped(model: Model, x: Array) -> tuple[Array, Array, Array]:
    """Every style with every number.

    Args:
        model: whose codes are swapped.
        x: the visitor's digit (1, c, h, w).

    Returns:
        Donors of styles (r, c, h, w), x the first; donors of numbers (m, c, h, w), x the last; and images
        (r, m, c, h, w) with the z of their row and the s of their column.
    """
    known = common.examples(model)
    styles = np.concatenate([x, known[[i for i in STYLES if i < len(known)]]])
    numbers = np.concatenate([known[:NUMBERS], x])
    (s, _), (_, z) = common.encode(model, numbers), common.encode(model, styles)
    rows, columns = len(styles), len(numbers)
    made = common.decode(model, np.tile(s, (rows, 1)), np.repeat(z, columns, axis=0))
    return styles, numbers, made.reshape(rows, columns, *made.shape[1:])


def picture(model: Model, styles: Array, numbers: Array, made: Array) -> Array:
    """The grid, bytes (h, w, c): donors black on white on top and at the left, swapped images white on black."""
    paper = PAPER - common.as_bytes(model, np.concatenate([np.zeros_like(styles[:1]), numbers]))
    left = PAPER - common.as_bytes(model, styles)
    rows = [paper]
    for donor, row in zip(left, made, strict=True):
        rows.append(np.concatenate([donor[None], common.as_bytes(model, row)]))
    return controls.grid(np.concatenate(rows), 1 + len(numbers))


def share(model: Model, id: MetricId, *variant: object) -> str:
    """A share of the card in per cent."""
    value = metric(model, id, *variant)
    return "–" if value is None else f"{format_number(100 * value)} %"


def show(models: Models, request: controls.Request) -> controls.Reply:
    """Answer the canvas."""
    model = common.checked_setting(models, request["context"].get("model"))
    slant = metric(model, MetricId.SLANT_CORRELATION, "z")
    measured = {
        "leak": share(model, MetricId.LEAK, "perceptron", "mean"),
        "class": share(model, MetricId.SWAP_CLASS),
        "slant": "–" if slant is None else f"{slant:.2f}",
    }
    with controls.keeping(measured):
        x = common.as_input(model, request["value"])
    styles, numbers, made = swapped(model, x)
    error = float(np.square(x[0] - made[0, -1]).sum())
    return {
        "images": {"grid": controls.pixels(picture(model, styles, numbers, made))},
        "text": {
            "grid": "rows: the style of the digit at the left, yours first; columns: the number on top, yours last",
            "error": format_number(error),
            **measured,
        },
    }


def build(models: Models) -> None:
    """Lay out the canvas and the grid."""
    found = common.settings(models)
    if not found:
        markdown(
            "To swap, train a code of two parts: `python -m training.disentangle --name NAME`."
        )
        return
    first = next(iter(found.values()))
    images = first.examples()[:THUMBNAILS]
    with layout.controls(long=True):
        choice = common.choice(models)
        canvas = controls.DrawPad(
            lambda request: show(models, request),
            examples=[
                (f"Test image {i + 1}", without_grey_axis(image)) for i, image in enumerate(images)
            ],
            value=min(START, len(images) - 1) if len(images) else None,
            context={"model": first.card.name},
            screens=[("grid", "every style with every number")],
            numbers=[
                (
                    "leak",
                    "leak: numbers that a perceptron reads from z; chance is 10 %",
                ),
                ("class", "of swaps show the number of the donor of s"),
                ("slant", "correlation of their slant with that of the donor of z"),
                ("error", "squared error of your digit from its own s and z"),
            ],
            label="Your digit",
            elem_id=CANVAS,
            results=RESULTS,
            address="image",
        )
    with layout.results():
        layout.outlet(RESULTS)

    @user_facing
    def follow(name: str) -> dict[str, Any]:
        """The same digit swapped by another model."""
        return gr.update(context={"model": common.checked_setting(models, name).card.name})

    choice.change(follow, choice, canvas, api_visibility="private", show_progress="hidden")


def offer(models: Models) -> None:
    """The same over HTTP."""

    def swap(model: str, style: int, number: int) -> dict[str, Any]:
        """The z of one example image decoded with the s of another, by their numbers: a PNG in a data: URI, and the
        share of test digits whose number a perceptron reads from z.
        """
        chosen = common.checked_setting(models, model)
        _, z = common.encode(chosen, common.checked_example(chosen, style))
        s, _ = common.encode(chosen, common.checked_example(chosen, number))
        made = common.as_bytes(chosen, common.decode(chosen, s, z))
        return {
            "picture": controls.data_uri(made[0]),
            "class read from z": metric(chosen, MetricId.LEAK, "perceptron", "mean"),
        }

    endpoint(swap, "disentangle_swap")


EXPERIMENT = Experiment(
    id="swap",
    title="Swap",
    idea="Two codes for one image: $s$ is its number, which labels specify, and $z$ its style. Decode the $z$ of one "
    "digit with the $s$ of another.",
    equation=r"\begin{aligned} \hat{x}_{ij} &= D\big(s(x_j),\, z(x_i)\big), \\ "
    r"\min_{E, D}\ &{-\log p}\big(x \,|\, s(x'), z(x)\big) + \beta\, \mathrm{KL} \\ &+ \lambda\, "
    r"\mathrm{KL}\big(u \,\|\, A(z)\big) + c\, |z_1 - z_2| - \kappa \log C_{y_j}\!(\hat{x}_{ij}) \end{aligned}",
    lecture="§6.2",
    notice="Down a column the number stays, and the slant follows the digit at the left: over test digits they "
    "correlate at 0.91, and at 0.05 with the digit on top. *Neither*: without the adversary $A$ and the classifier "
    "$C$ the number is left in z, for 74.1 % of test digits, and gets in the way. *Classifier*: swaps come out right, "
    "though z holds the number of 62.5 %. *64-D z*: the adversary drowned z, and all rows look alike.",
    control="#disentangle-swap .ll-draw",
    result="#disentangle-swap-results canvas[data-slot=grid]",
    number="#disentangle-swap-results .ll-number",
    elsewhere="image=8",
    build=build,
)
