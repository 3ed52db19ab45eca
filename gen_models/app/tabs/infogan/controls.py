"""The codes as controls: set them, see the picture, and see Q read them back."""

from __future__ import annotations

import random
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import choices, live
from gen_models.app.checks import checked_integer, checked_seed, spoken
from gen_models.app.parts import Models, choose, endpoint, figure, say
from gen_models.app.tabs.infogan import common
from gen_models.app.tabs.infogan.bars import bars
from gen_models.runtime import Array, Model


def at(model: Model, category: int, codes: Array, seed: int) -> tuple[Array, common.Reading]:
    """G(z, c) as bytes (h, w, c), z from `seed`, for continuous codes (m,), and what Q reads from it."""
    x = common.generate(model, common.draw_z(model, seed), [category], codes[None])
    return common.as_bytes(model, x)[0], common.read(model, x)


def is_beyond(model: Model, codes: Array) -> bool:
    """Whether a code lies where training never drew one."""
    low, high = common.trained_range(model)
    return bool((codes < low).any() or (codes > high).any())


def reply(model: Model, category: int, codes: Array, seed: int) -> live.Reply:
    """The picture, and Q's reading beside what was set."""
    image, q = at(model, category, codes, seed)
    read = int(q.category[0])
    names = {j: number for number, j in common.shown(model).items()}
    outside = f"; a code is outside {common.interval(model)}, where it was trained"
    words = common.title_of(model, category) + outside * is_beyond(model, codes)
    text = {
        "x": words[0].upper() + words[1:],
        "category": f"{names[read]}, {100 * q.shares[0, read]:.0f} %",
    }
    text |= {f"c{i}": figure(float(mean), 2) for i, mean in enumerate(q.mean[0])}
    text["error"] = figure(float(np.abs(q.mean[0] - codes).max()), 2)
    return {"pictures": {"x": live.picture(image)}, "text": text, "shares": q.shares[0]}


def build(model: Model, elem_id: str) -> None:
    """Lay out the codes of a model."""
    shown = common.shown(model)
    first = next(iter(shown))
    low, high = common.slider_range(model)
    trained = common.interval(model)
    names = [common.code_name(i) for i in range(common.continuous(model))]
    matched = (
        f"The {len(shown)} categories have no names of their own: each is called here by the digit that suits it best, "
        "matched afterwards on labelled test pictures. Labels were used for nothing else. "
        if common.is_matched(model)
        else ""
    )
    say(
        f"Choose the category $c_1$ and move the continuous codes. {matched}The codes were drawn from {trained} in "
        "training; the sliders go twice as far, and there Q reads their positions less and less well."
    )
    table = f"{elem_id}-q"

    def turn(request: live.Request) -> live.Reply:
        context = request["context"]
        category = common.shown_category(model, context.get("category"))
        answer = reply(model, category, request["value"], checked_seed(context.get("seed")))
        shares = common.on_page(model, answer.pop("shares"))
        given = list(shown.values()).index(category)
        return answer | {"send": {table: {"shares": shares, "given": given}}}

    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=300):
            choices.steps(
                list(shown),
                first,
                label="Category c₁" + ", called by its digit" * common.is_matched(model),
                unit="",
                key="category",
                targets=[elem_id],
                elem_id=f"{elem_id}-category",
            )
            pad = live.LatentSliders(
                turn,
                labels=[f"{name} · trained on {trained}" for name in names],
                lo=low,
                hi=high,
                sweep=True,
                context={"category": first, "seed": 0},
                screens=[("x", "G(z, c)")],
                numbers=[
                    ("category", "c₁ read by Q"),
                    *((f"c{i}", f"{name} read by Q") for i, name in enumerate(names)),
                    ("error", "largest difference from the sliders"),
                ],
                label="Continuous codes",
                elem_id=elem_id,
            )
            with gr.Row():
                seed = gr.Number(0, label="Seed of z", step=1, scale=0, min_width=140)
                another = gr.Button("Another z", size="md", scale=0, min_width=140)
        with gr.Column(scale=2, min_width=280):
            bars(
                [str(number) for number in shown],
                caption="Q(c₁ | x): what Q reads from this picture alone",
                head="c₁",
                source=elem_id,
                elem_id=table,
            )

    @spoken
    def seeded(seed: float) -> dict[str, Any]:
        """The same codes with the z of a seed."""
        return gr.update(context={"seed": checked_seed(seed)})

    another.click(lambda: random.randrange(1, 1000), None, seed, api_visibility="private")
    seed.change(seeded, seed, pad, api_visibility="private", show_progress="hidden")


def offer(models: Models) -> None:
    """The same over HTTP."""

    def make(model: str, category: int, continuous: list[float], seed: int) -> dict[str, Any]:
        """A picture from its codes and the z of a seed, a PNG in a data: URI, and both codes as Q reads them back."""
        chosen = choose(models, model)
        j = checked_integer(category, 0, common.categories(chosen) - 1, "The category")
        codes = common.checked_codes(chosen, continuous)
        image, q = at(chosen, j, codes, checked_seed(seed))
        return {
            "picture": live.data_uri(image),
            "digit": common.digit_of(chosen, j),
            "probabilities": q.shares[0].tolist(),
            "continuous": q.mean[0].tolist(),
        }

    endpoint(make, "infogan_generate")
