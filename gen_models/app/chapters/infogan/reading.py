"""Real digits read by Q, which never saw a label, and written again from what it read."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment
from gen_models.app.chapters.infogan import common
from gen_models.app.chapters.infogan.bars import bars
from gen_models.app.checks import checked_integer, checked_seed, user_facing
from gen_models.app.shell import address, layout
from gen_models.app.shell.parts import (
    Models,
    endpoint,
    format_number,
    get_model,
    markdown,
    metric,
    model_choice,
    without_grey_axis,
)
from gen_models.errors import BadRequest
from gen_models.families import MetricId
from gen_models.runtime import Array, Model, to_uint8

THUMBNAILS = 20
"""Example images under the canvas."""
AGAIN, COLUMNS = 6, 3
CANVAS, RESULTS, BARS = "infogan-read", "infogan-read-results", "infogan-read-q"
FIRST_EXAMPLE, FIRST_SEED = 16, 2
"""What the experiment begins with: a digit that is written well."""
"""Images made from the codes that Q read."""


def rewritten(model: Model, q: common.Reading, seed: int) -> Array:
    """G(z, ĉ) for the codes read from one image, and six z: bytes (6, h, w, c).

    The category is the likeliest one; continuous codes are kept to the range they had in training.
    """
    codes = np.clip(q.mean[:1], *common.trained_range(model)).repeat(AGAIN, axis=0)
    z = common.draw_z(model, seed, AGAIN)
    return common.as_bytes(model, common.generate(model, z, q.category.repeat(AGAIN), codes))


def seen(model: Model, x: Array) -> Array:
    """What Q sees, (1, c, h, w) in the range of its port, as bytes (h, w, c)."""
    return to_uint8(x, model.input("recogniser", "x").range or common.UNIT)[0]


def accuracy(model: Model) -> str:
    """How often Q's category is the digit, on test images, as the card records it: "95.0 %", or a dash."""
    value = metric(model, MetricId.CODE_ACCURACY)
    return "–" if value is None else _percent(value)


def accuracy_by_seed(model: Model) -> list[float]:
    """The same for each training seed that the card has, from 0 to 1."""
    start = MetricId.CODE_ACCURACY.of("")
    return [m.value for key, m in model.card.metrics.items() if key.startswith(start)]


def spread(model: Model) -> str:
    """What the accuracy is, and how far it lies apart for the training seeds."""
    found = accuracy_by_seed(model)
    said = f"{accuracy(model)} of test digits fall into the category matched with them"
    if len(found) > 1:
        ends = f"from {_percent(min(found))} to {_percent(max(found))}"
        said += f": the mean of {len(found)} trainings, {ends}"
    return said


def _percent(share: float) -> str:
    return f"{format_number(100 * share)} %"


def show(models: Models, request: controls.Request) -> controls.Reply:
    """Answer the canvas."""
    model = get_model(models, request["context"].get("model"))
    seed = checked_seed(request["context"].get("seed"))
    measured = {"accuracy": accuracy(model)}
    with controls.keeping(measured):
        x = common.as_input(model, request["value"])
    q = common.read(model, x)
    read = int(q.category[0])
    names = {j: number for number, j in common.shown(model).items()}
    text = {
        "category": f"{names[read]}, {100 * q.shares[0, read]:.0f} %",
        "again": common.title_of(model, read),
    }
    text |= measured | {f"c{i}": format_number(float(mean), 2) for i, mean in enumerate(q.mean[0])}
    return {
        "images": {
            "seen": controls.pixels(seen(model, x)),
            "again": controls.pixels(controls.grid(rewritten(model, q, seed), COLUMNS)),
        },
        "text": text,
        "send": {BARS: common.bars_of(model, q.shares[0])},
    }


def alike(models: Models) -> Models:
    """The first model and those of its data set: they read the same examples."""
    first = next(iter(models.values())).card.dataset.name
    return {name: model for name, model in models.items() if model.card.dataset.name == first}


def build(models: Models) -> None:
    """Lay out the canvas, and what Q reads."""
    models = alike(models)
    first = next(iter(models.values()))
    images = first.examples()[:THUMBNAILS]
    with layout.controls(long=True):
        choice = address.named("model", model_choice(models, first))
        canvas = controls.DrawPad(
            lambda request: show(models, request),
            examples=[
                (f"Test image {i + 1}", without_grey_axis(image)) for i, image in enumerate(images)
            ],
            value=min(FIRST_EXAMPLE, len(images) - 1) if len(images) else None,
            context={"model": first.card.name, "seed": FIRST_SEED},
            screens=[("seen", "what Q sees"), ("again", f"G(z, ĉ), {AGAIN} draws of z")],
            numbers=[
                ("category", "c₁, the category Q reads"),
                *((f"c{i}", name) for i, name in enumerate(common.code_names(models))),
                ("accuracy", "of test digits fall into their category"),
            ],
            label="Your digit",
            elem_id=CANVAS,
            results=RESULTS,
            address="image",
        )
        seed = common.seed_of_z(FIRST_SEED)
    with layout.results(), gr.Row(elem_classes="ll-beside"):
        layout.outlet(RESULTS, under=True)
        bars(caption="Q(c₁ | x) for this image", head="c₁", source=CANVAS, elem_id=BARS)
    with layout.wide():
        markdown(
            "Q learned to read codes from the generator's images, and, unlike the paper's, from real "
            "digits too: moved a little, an image must keep its category. No label was used. From the "
            "codes that Q reads and new $z$ the generator writes again: what the codes say stays, the "
            "rest is up to $z$."
        )
        measured = gr.Markdown(f"{spread(first)}.")

    @user_facing
    def follow(name: str, seed: float) -> tuple[dict[str, Any], str]:
        """The same image read by a model, and written with a z."""
        model = get_model(models, name)
        context = {"model": name, "seed": checked_seed(seed)}
        return gr.update(context=context), f"{spread(model)}."

    gr.on(
        [choice.change, seed.change],
        follow,
        [choice, seed],
        [canvas, measured],
        api_visibility="private",
        show_progress="hidden",
    )


def offer(models: Models) -> None:
    """The same over HTTP."""

    def read(model: str, example: int, seed: int) -> dict[str, Any]:
        """What Q reads from an example image, and images with the same codes and other z, as a PNG in a data:
        URI; "digit" is the matched one, or null.
        """
        chosen = get_model(models, model)
        images = chosen.examples()
        if not len(images):
            raise BadRequest("The example images of this model are missing: export it again.")
        i = checked_integer(example, 0, len(images) - 1, "The number of an example")
        n = checked_seed(seed)
        q = common.read(chosen, common.as_input(chosen, images[i]))
        category = int(q.category[0])
        return {
            "probabilities": q.shares[0].tolist(),
            "category": category,
            "digit": common.digit_of(chosen, category),
            "continuous": q.mean[0].tolist(),
            "rewritten": controls.data_uri(controls.grid(rewritten(chosen, q, n), COLUMNS)),
        }

    endpoint(read, "infogan_read")


EXPERIMENT = Experiment(
    id="read",
    title="Reading digits",
    idea="$Q$ never saw a label. Draw a digit, or choose a test image: $Q$ reads its codes, and from them and new $z$ "
    "the generator writes again.",
    equation=r"\begin{aligned} \hat{c} &= \arg\max\nolimits_c\, Q(c \,|\, x) \\ "
    r"\hat{x} &= G(z, \hat{c}), \quad z \sim \mathcal{N}(0, I) \end{aligned}",
    lecture="§3.8",
    notice="Press *Another z*: the digit and its slant stay, for they are in the codes; the writing changes. Then draw "
    "something that is no digit: Q has ten categories and must choose one, often without a doubt.",
    control="#infogan-read .ll-draw",
    result="#infogan-read-results canvas[data-slot=again]",
    number="#infogan-read-results .ll-number",
    elsewhere="image=6&seed=5",
    build=build,
)
