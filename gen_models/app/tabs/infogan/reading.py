"""Real digits read by Q, which never saw a label, and written again from what it read."""

from __future__ import annotations

import random
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import live
from gen_models.app.checks import checked_integer, checked_seed, spoken
from gen_models.app.live import BadRequest
from gen_models.app.parts import Models, big_numbers, choose, endpoint, figure, metric, plain, say
from gen_models.app.tabs.infogan import common
from gen_models.app.tabs.infogan.bars import bars
from gen_models.runtime import Array, Model, to_uint8

THUMBNAILS = 20
"""Example pictures beside the sheet."""
AGAIN, COLUMNS = 6, 3
"""Pictures made from the codes that Q read."""


def rewritten(model: Model, q: common.Reading, seed: int) -> Array:
    """G(z, ĉ) for the codes read from one picture, and six z: bytes (6, h, w, c).

    The category is the likeliest one; continuous codes are kept to the range they had in training.
    """
    codes = np.clip(q.mean[:1], *common.trained_range(model)).repeat(AGAIN, axis=0)
    z = common.draw_z(model, seed, AGAIN)
    return common.as_bytes(model, common.generate(model, z, q.category.repeat(AGAIN), codes))


def seen(model: Model, x: Array) -> Array:
    """What Q sees, (1, c, h, w) in the range of its port, as bytes (h, w, c)."""
    return to_uint8(x, model.input("recogniser", "x").range or common.UNIT)[0]


def accuracy(model: Model) -> str:
    """How often Q's category is the digit, on test pictures, as the card records it: "95.0 %", or a dash."""
    value = metric(model, "code accuracy")
    return "–" if value is None else _percent(value)


def accuracy_by_seed(model: Model) -> list[float]:
    """The same for each training seed that the card has, from 0 to 1."""
    metrics = model.card.metrics
    return [m.value for key, m in metrics.items() if key.startswith("code accuracy/seed ")]


def spread(model: Model) -> str:
    """What the accuracy is, and how far it lies apart for the training seeds."""
    found = accuracy_by_seed(model)
    if len(found) > 1:
        ends = f"from {_percent(min(found))} to {_percent(max(found))}"
        return f"of test digits fall into the category matched with them: mean of {len(found)} trainings, {ends}"
    return "of test digits fall into the category matched with them"


def _percent(share: float) -> str:
    return f"{figure(100 * share)} %"


def build(model: Model, elem_id: str) -> None:
    """Lay out the sheet for a model."""
    shown = common.shown(model)
    names = {j: number for number, j in shown.items()}
    codes = [common.code_name(i) for i in range(common.continuous(model))]
    bars_id = f"{elem_id}-q"
    say(
        "Q learned to read codes from the generator's pictures, and, unlike the paper's, from real digits too: moved "
        "a little, a picture must keep its category. No label was used. Draw a digit, or choose a test picture, and "
        "see which codes Q reads. From these codes and new $z$ the generator writes: what the codes say stays, the "
        "rest is up to $z$."
    )
    gr.HTML(big_numbers([(accuracy(model), spread(model))]))

    def answer(request: live.Request) -> live.Reply:
        seed = checked_seed(request["context"].get("seed"))
        x = common.as_input(model, request["value"])
        q = common.read(model, x)
        read = int(q.category[0])
        text = {"category": f"{names[read]}, {100 * q.shares[0, read]:.0f} %"}
        text |= {f"c{i}": figure(float(mean), 2) for i, mean in enumerate(q.mean[0])}
        return {
            "pictures": {
                "seen": live.picture(seen(model, x)),
                "again": live.picture(live.grid(rewritten(model, q, seed), COLUMNS)),
            },
            "text": text | {"again": common.title_of(model, read)},
            "send": {bars_id: {"shares": common.on_page(model, q.shares[0])}},
        }

    images = model.examples()[:THUMBNAILS]
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=300):
            pad = live.DrawPad(
                answer,
                examples=[(f"Test picture {i + 1}", plain(img)) for i, img in enumerate(images)],
                value=0 if len(images) else None,
                context={"seed": 0},
                screens=[("seen", "what Q sees"), ("again", f"G(z, ĉ), {AGAIN} draws of z")],
                numbers=[
                    ("category", "c₁, the category"),
                    *((f"c{i}", name) for i, name in enumerate(codes)),
                ],
                label="Your digit",
                elem_id=elem_id,
            )
            with gr.Row():
                seed = gr.Number(0, label="Seed of z", step=1, scale=0, min_width=140)
                another = gr.Button("Another z", size="md", scale=0, min_width=140)
        with gr.Column(scale=2, min_width=280):
            bars(
                [str(number) for number in shown],
                caption="Q(c₁ | x) for this picture",
                head="c₁",
                source=elem_id,
                elem_id=bars_id,
            )

    @spoken
    def seeded(seed: float) -> dict[str, Any]:
        """The same reading, written with other z."""
        return gr.update(context={"seed": checked_seed(seed)})

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    another.click(lambda: random.randrange(1, 1000), None, seed, **quiet)
    seed.change(seeded, seed, pad, **quiet)


def offer(models: Models) -> None:
    """The same over HTTP."""

    def read(model: str, example: int, seed: int) -> dict[str, Any]:
        """What Q reads from an example picture, and pictures with the same codes and other z, as a PNG in a data:
        URI; "digit" is the matched one, or null.
        """
        chosen = choose(models, model)
        images = chosen.examples()
        if not len(images):
            raise BadRequest("The example pictures of this model are missing: export it again.")
        i = checked_integer(example, 0, len(images) - 1, "The number of an example")
        n = checked_seed(seed)
        q = common.read(chosen, common.as_input(chosen, images[i]))
        category = int(q.category[0])
        return {
            "probabilities": q.shares[0].tolist(),
            "category": category,
            "digit": common.digit_of(chosen, category),
            "continuous": q.mean[0].tolist(),
            "rewritten": live.data_uri(live.grid(rewritten(chosen, q, n), COLUMNS)),
        }

    endpoint(read, "infogan_read")
