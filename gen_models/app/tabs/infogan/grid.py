"""All categories at once: one to a row, and one continuous code from left to right."""

from __future__ import annotations

import random
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import live
from gen_models.app.checks import checked_integer, checked_seed, spoken
from gen_models.app.parts import Models, choose, endpoint, figure, say
from gen_models.app.tabs.infogan import common
from gen_models.runtime import Array, Model

COLUMNS = 9


def codes_of(model: Model, code: int, others: Array) -> Array:
    """The continuous codes of a row, (9, m): `code` over its trained range, the others fixed at `others` (m − 1,)."""
    columns = np.linspace(*common.trained_range(model), COLUMNS, dtype=np.float32)
    fixed = np.repeat(others[None].astype(np.float32), COLUMNS, axis=0)
    return np.insert(fixed, code, columns, axis=1)


def table(model: Model, code: int, others: Array, seed: int) -> tuple[Array, float]:
    """Pictures of one z, bytes (K · 9, h, w, c), a category to a row in the order of the page, and how many of them
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


def build(model: Model, elem_id: str) -> None:
    """Lay out the grid of a model."""
    low, high = common.trained_range(model)
    rows = common.shown(model)
    n = common.continuous(model)
    say(
        "One $z$ for the whole grid. Down the rows only the category changes, along a row only one continuous code. "
        "If a code means the same for every digit, its column looks alike all the way down."
    )

    def show(request: live.Request) -> live.Reply:
        code = checked_code(model, request["context"].get("code"))
        seed = checked_seed(request["context"].get("seed"))
        pictures, right = table(model, code, request["value"], seed)
        ends = f"{common.code_name(code)} from {figure(low, 0)} to {figure(high, 0)}"
        return {
            "pictures": {"grid": live.picture(live.grid(pictures, COLUMNS))},
            "text": {
                "grid": f"rows from the top: {', '.join(map(str, rows))}; left to right: {ends}",
                "right": f"{100 * right:.0f} %",
            },
        }

    with gr.Row(equal_height=False):
        with gr.Column(scale=0, min_width=240):
            choice = gr.Radio(
                [(common.code_name(i), i) for i in range(n)],
                value=0,
                label="From left to right",
                visible=n > 1,
            )
        with gr.Column(scale=1, min_width=300), gr.Row():
            seed = gr.Number(0, label="Seed of z", step=1, scale=0, min_width=140)
            another = gr.Button("Another z", size="md", scale=0, min_width=140)
    pad = live.LatentSliders(
        show,
        labels=other_labels(model, 0),
        lo=low,
        hi=high,
        sweep=True,
        context={"code": 0, "seed": 0},
        screens=[("grid", f"G(z, c), {len(rows)} categories by {COLUMNS} values of a code")],
        numbers=[
            ("right", f"of the {len(rows) * COLUMNS} pictures, Q reads as their row's category")
        ],
        label="The other continuous codes, for every picture",
        elem_id=elem_id,
    )

    @spoken
    def turned(code: int) -> dict[str, Any]:
        """The grid along another code."""
        code = checked_code(model, code)
        return gr.update(labels=other_labels(model, code), context={"code": code})

    @spoken
    def seeded(seed: float) -> dict[str, Any]:
        """The grid of another z."""
        return gr.update(context={"seed": checked_seed(seed)})

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    choice.change(turned, choice, pad, **quiet)
    another.click(lambda: random.randrange(1, 1000), None, seed, **quiet)
    seed.change(seeded, seed, pad, **quiet)


def offer(models: Models) -> None:
    """The same over HTTP."""

    def grid(model: str, code: int, others: list[float], seed: int) -> dict[str, Any]:
        """The grid of categories by one continuous code (numbered from 0), the other codes fixed, z by seed: a PNG in
        a data: URI, the category of each row, and the share of pictures that Q reads as their row's category.
        """
        chosen = choose(models, model)
        n = checked_code(chosen, code)
        fixed = common.checked_codes(chosen, others, common.continuous(chosen) - 1)
        pictures, right = table(chosen, n, fixed, checked_seed(seed))
        return {
            "picture": live.data_uri(live.grid(pictures, COLUMNS)),
            "rows": list(common.shown(chosen).values()),
            "read as their row": right,
        }

    endpoint(grid, "infogan_grid")
