"""All categories at once: one to a row, and one continuous code from left to right."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment
from gen_models.app.chapters.infogan import common
from gen_models.app.checks import checked_integer, checked_seed, user_facing
from gen_models.app.shell import address, layout
from gen_models.app.shell.parts import Models, endpoint, format_number, get_model, model_choice
from gen_models.runtime import Array, Model

COLUMNS = 13
SLIDERS, RESULTS = "infogan-grid", "infogan-grid-results"
FIRST_SEED = 8
"""A z with which every digit is drawn well."""


def codes_of(model: Model, code: int, others: Array) -> Array:
    """The continuous codes of a row, (13, m): `code` over its trained range, the others fixed at `others` (m − 1,)."""
    columns = np.linspace(*common.trained_range(model), COLUMNS, dtype=np.float32)
    fixed = np.repeat(others[None].astype(np.float32), COLUMNS, axis=0)
    return np.insert(fixed, code, columns, axis=1)


def table(model: Model, code: int, others: Array, seed: int) -> tuple[Array, float]:
    """Images of one z, bytes (K · 13, h, w, c), a category to a row in the order of the page, and how many of them
    Q reads as the category of their row, from 0 to 1.
    """
    rows = list(common.shown(model).values())
    chosen = np.repeat(rows, COLUMNS)
    codes = np.tile(codes_of(model, code, others), (len(rows), 1))
    z = np.repeat(common.draw_z(model, seed), len(chosen), axis=0)
    x = common.generate(model, z, chosen, codes)
    return common.as_bytes(model, x), float((common.read(model, x).category == chosen).mean())


def checked_code(model: Model, value: Any) -> int:
    """The number of a continuous code, from 0."""
    n = common.continuous(model)
    return checked_integer(value, 0, n - 1, "The number of the continuous code")


def other_labels(model: Model, code: int) -> list[str]:
    """The sliders: every continuous code but the one that goes from left to right."""
    return [common.code_name(i) for i in range(common.continuous(model)) if i != code]


def show(models: Models, request: controls.Request) -> controls.Reply:
    """Answer the sliders."""
    context = request["context"]
    model = get_model(models, context.get("model"))
    code, seed = checked_code(model, context.get("code")), checked_seed(context.get("seed"))
    others = common.checked_codes(model, request["value"].tolist(), common.continuous(model) - 1)
    images, right = table(model, code, others, seed)
    low, high = (format_number(end, 0) for end in common.trained_range(model))
    rows = ", ".join(map(str, common.shown(model)))
    return {
        "images": {"grid": controls.pixels(controls.grid(images, COLUMNS))},
        "text": {
            "grid": f"{common.code_name(code)} from {low}, left, to {high}; rows: {rows}",
            "right": f"{100 * right:.0f} %",
        },
    }


def build(models: Models) -> None:
    """Lay out the grid."""
    first = next(iter(models.values()))
    low, high = common.trained_range(first)
    codes = common.code_names(models)
    with layout.controls():
        choice = address.named("model", model_choice(models, first))
        code = address.named(
            "code",
            gr.Radio(
                [(name, i) for i, name in enumerate(codes)],
                value=0,
                label="From left to right",
                visible=len(codes) > 1,
            ),
        )
        sliders = controls.LatentSliders(
            lambda request: show(models, request),
            labels=other_labels(first, 0),
            lo=low,
            hi=high,
            sweep=True,
            context={"model": first.card.name, "code": 0, "seed": FIRST_SEED},
            screens=[("grid", "G(z, c)")],
            numbers=[("right", "of the images in the grid, Q reads as the category of their row")],
            label="The other continuous codes, for every image",
            elem_id=SLIDERS,
            results=RESULTS,
            address="c",
        )
        seed = common.seed_of_z(FIRST_SEED)
    with layout.results():
        layout.outlet(RESULTS)

    @user_facing
    def follow(name: str, code: int, seed: float) -> dict[str, Any]:
        """The grid of a model along a code."""
        model = get_model(models, name)
        n = checked_code(model, code)
        low, high = common.trained_range(model)
        context = {"model": name, "code": n, "seed": checked_seed(seed)}
        return gr.update(labels=other_labels(model, n), lo=low, hi=high, context=context)

    gr.on(
        [choice.change, code.change, seed.change],
        follow,
        [choice, code, seed],
        sliders,
        api_visibility="private",
        show_progress="hidden",
    )


def offer(models: Models) -> None:
    """The same over HTTP."""

    def grid(model: str, code: int, others: list[float], seed: int) -> dict[str, Any]:
        """The grid of categories by one continuous code (numbered from 0), the other codes fixed, z by seed: a PNG in
        a data: URI, the category of each row, and the share of images that Q reads as their row's category.
        """
        chosen = get_model(models, model)
        n = checked_code(chosen, code)
        fixed = common.checked_codes(chosen, others, common.continuous(chosen) - 1)
        images, right = table(chosen, n, fixed, checked_seed(seed))
        return {
            "picture": controls.data_uri(controls.grid(images, COLUMNS)),
            "rows": list(common.shown(chosen).values()),
            "read as their row": right,
        }

    endpoint(grid, "infogan_grid")


EXPERIMENT = Experiment(
    id="grid",
    title="Grid",
    idea="One $z$ for the whole grid: down the rows only the category changes, learnt without labels and called by the "
    "digit it draws; along a row only one continuous code. If that means the same for all, a column is alike.",
    equation=r"\hat{x}_{ij} = G\big(z, (c_1 = i,\ c_2 = t_j,\ c_3)\big)",
    lecture="§3.8",
    notice="From left to right c₂ is the slant of every digit. Choose *c₃*: the strokes turn, most plainly the bar of "
    "the 7, and the centre of the ink rises by 1 to 3 of 28 pixels, in every digit. *Another z* changes the writing "
    "alone: Q reads nearly every image as its row. Now choose the model without $L_I$, trained as long: its whole grid "
    "is one image. Nothing made $G$ use $c$, and Q's reading is right as often as a guess, 1 in 10.",
    control="#infogan-grid .ll-sliders",
    result="#infogan-grid-results canvas",
    number="#infogan-grid-results .ll-number",
    elsewhere="code=1&c=0.5&seed=5",
    build=build,
)
