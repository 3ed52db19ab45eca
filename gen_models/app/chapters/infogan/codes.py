"""The codes as controls: set them, see the image, and see Q read them back."""

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
    model_choice,
)
from gen_models.runtime import Array, Model

SLIDERS, RESULTS, BARS = "infogan-codes", "infogan-codes-results", "infogan-codes-q"
FIRST_NUMBER, FIRST_SEED = 3, 3
"""What the experiment begins with: an image that is drawn well, and read well."""


def at(model: Model, category: int, codes: Array, seed: int) -> tuple[Array, common.Reading]:
    """G(z, c) as bytes (h, w, c), z from `seed`, for continuous codes (m,), and what Q reads from it."""
    x = common.generate(model, common.draw_z(model, seed), [category], codes[None])
    return common.as_bytes(model, x)[0], common.read(model, x)


def is_beyond(model: Model, codes: Array) -> bool:
    """Whether a code lies where training never drew one."""
    low, high = common.trained_range(model)
    return bool((codes < low).any() or (codes > high).any())


def reply(model: Model, category: int, codes: Array, seed: int) -> controls.Reply:
    """The image, and Q's reading beside what was set."""
    image, q = at(model, category, codes, seed)
    read = int(q.category[0])
    names = {j: number for number, j in common.shown(model).items()}
    outside = f"; a code is outside {common.interval(model)}, where it was trained"
    words = common.title_of(model, category) + outside * is_beyond(model, codes)
    text = {
        "x": words[0].upper() + words[1:],
        "category": f"{names[read]}, {100 * q.shares[0, read]:.0f} %",
    }
    text |= {f"c{i}": format_number(float(mean), 2) for i, mean in enumerate(q.mean[0])}
    text["error"] = format_number(float(np.abs(q.mean[0] - codes).max()), 2)
    given = list(names).index(category)
    return {
        "images": {"x": controls.pixels(image)},
        "text": text,
        "send": {BARS: common.bars_of(model, q.shares[0]) | {"given": given}},
    }


def labels_of(model: Model) -> list[str]:
    """A name for each slider."""
    trained = common.interval(model)
    names = [common.code_name(i) for i in range(common.continuous(model))]
    return [f"{name} · trained on {trained}" for name in names]


def first_number(model: Model) -> int:
    """The category that is chosen at first, by its number on the page."""
    shown = common.shown(model)
    return FIRST_NUMBER if FIRST_NUMBER in shown else next(iter(shown))


def show(models: Models, request: controls.Request) -> controls.Reply:
    """Answer the sliders."""
    context = request["context"]
    model = get_model(models, context.get("model"))
    category = common.shown_category(model, context.get("category"))
    codes = common.checked_codes(model, request["value"].tolist())
    return reply(model, category, codes, checked_seed(context.get("seed")))


def build(models: Models) -> None:
    """Lay out the codes, the image, and what Q reads."""
    first = next(iter(models.values()))
    low, high = common.slider_range(first)
    number = first_number(first)
    with layout.controls():
        choice = address.named("model", model_choice(models, first))
        category = address.named(
            "category",
            gr.Radio(
                list(common.shown(first)),
                value=number,
                label="Category c₁" + ", called by its digit" * common.is_matched(first),
                elem_id="infogan-codes-category",
            ),
        )
        sliders = controls.LatentSliders(
            lambda request: show(models, request),
            labels=labels_of(first),
            lo=low,
            hi=high,
            sweep=True,
            context={"model": first.card.name, "category": number, "seed": FIRST_SEED},
            screens=[("x", "G(z, c)")],
            numbers=[
                ("category", "c₁ read by Q"),
                *(
                    (f"c{i}", f"{name} read by Q")
                    for i, name in enumerate(common.code_names(models))
                ),
                ("error", "largest difference from the sliders"),
            ],
            label="Continuous codes",
            elem_id=SLIDERS,
            results=RESULTS,
            address="c",
        )
        seed = common.seed_of_z(FIRST_SEED)
    with layout.results(), gr.Row(elem_classes="ll-beside"):
        layout.outlet(RESULTS)
        bars(
            caption="Q(c₁ | x): what Q reads from this image alone",
            head="c₁",
            source=SLIDERS,
            elem_id=BARS,
        )
    with layout.wide():
        markdown(
            "The codes were drawn from a uniform distribution in training, and the sliders go twice as far. The "
            "categories have no names of their own: where each is called by a digit, it is the one that suits it best, "
            "matched afterwards on labelled test images. Labels were used for nothing else."
        )

    @user_facing
    def change(name: str) -> tuple[Any, Any]:
        """The controls of a model."""
        model = get_model(models, name)
        number = first_number(model)
        low, high = common.slider_range(model)
        return gr.update(choices=list(common.shown(model)), value=number), gr.update(
            labels=labels_of(model),
            lo=low,
            hi=high,
            value=[0.0] * common.continuous(model),
            context={"model": name, "category": number},
        )

    @user_facing
    def follow(number: int, seed: float) -> dict[str, Any]:
        """The image of a category and a z."""
        return gr.update(context={"category": number, "seed": checked_seed(seed)})

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    choice.change(change, choice, [category, sliders], **quiet)
    gr.on([category.change, seed.change], follow, [category, seed], sliders, **quiet)


def offer(models: Models) -> None:
    """The same over HTTP."""

    def make(model: str, category: int, continuous: list[float], seed: int) -> dict[str, Any]:
        """An image from its codes and the z of a seed, a PNG in a data: URI, and both codes as Q reads them back."""
        chosen = get_model(models, model)
        j = checked_integer(category, 0, common.categories(chosen) - 1, "The category")
        codes = common.checked_codes(chosen, continuous)
        image, q = at(chosen, j, codes, checked_seed(seed))
        return {
            "picture": controls.data_uri(image),
            "digit": common.digit_of(chosen, j),
            "probabilities": q.shares[0].tolist(),
            "continuous": q.mean[0].tolist(),
        }

    endpoint(make, "infogan_generate")


EXPERIMENT = Experiment(
    id="codes",
    title="Codes",
    idea="Besides the noise $z$ the generator gets codes $c$, and a network $Q$ must read them back from the image. So "
    "they cannot be ignored, and what is easiest to read becomes their meaning: here which digit, and its slant.",
    equation=r"\hat{x} = G(z, c), \qquad Q(c \,|\, \hat{x}) \approx p(c \,|\, \hat{x})",
    lecture="§3.8",
    notice="Press *Another z*: the writing changes, and Q still reads the category and, mostly within 0.2, the same "
    "positions. Then push a slider to ±2, where no code was ever drawn: Q reads the category in 95 % of the images or "
    "more, but the position as 1.3 to 1.5.",
    control="#infogan-codes .ll-sliders",
    result="#infogan-codes-results canvas",
    number="#infogan-codes-results .ll-number",
    elsewhere="category=7&c=0.5,-1.2&seed=5",
    build=build,
)
