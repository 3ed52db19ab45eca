"""z ~ p(z) through G, and the truncation ψ that trades variety for safety."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import charts, live
from gen_models.app.checks import checked_number, checked_seed, spoken
from gen_models.app.parts import Models, choose, endpoint, figure, model_choice, say
from gen_models.app.tabs.gan import common
from gen_models.runtime import Array, Model

COUNT, COLUMNS = 40, 8
MOST = 1.5
SAMPLES = "gan-samples"
MEASURES = ("Fréchet distance", "precision", "recall")


def sample(model: Model, seed: int, psi: float, n: int = COUNT) -> Array:
    """G(ψ z) for n draws z ~ N(0, I): bytes (n, h, w, c)."""
    return common.pictures(model, np.float32(psi) * common.draw(model, seed, n))


def spread(images: Array) -> float:
    """How far two pictures of (n, h, w, c), n >= 2, are apart on average: the mean of ‖x_i − x_j‖, pixels in [0, 1]."""
    flat = images.reshape(len(images), -1).astype(np.float64) / 255
    squares = np.square(flat).sum(1)
    squared = np.maximum(squares[:, None] + squares - 2 * flat @ flat.T, 0)
    return float(np.sqrt(squared[np.triu_indices(len(flat), 1)]).mean())


def at(model: Model, search: common.Search | None, seed: int, psi: float) -> live.Reply:
    """Forty samples and their numbers."""
    images = sample(model, seed, psi)
    text = {"spread": figure(spread(images), 2), "near": "–"}
    if search is not None:
        _, distance = search.nearest(images)
        text["near"] = figure(float(distance[:, 0].mean()), 2)
    return {"pictures": {"x": live.picture(live.grid(images, COLUMNS))}, "text": text}


def scale(search: common.Search | None) -> str:
    """What the two numbers are for real pictures: a sentence, or nothing."""
    if search is None:
        return ""
    some = search.bank[np.linspace(0, len(search.bank) - 1, COUNT).astype(int)]
    return (
        f"For comparison, {COUNT} training pictures: {figure(spread(some), 2)} apart, and a training picture is "
        f"typically {figure(search.usual, 2)} from the nearest other one. Distances between samples are between "
        "pixels; distances to training pictures are between features."
    )


def comparison(model: Model, models: Models) -> str:
    """Each recipe's numbers on the same pictures, and those of real ones: an HTML table."""
    alike = common.same_data(model, models)
    head = ["", *MEASURES]
    rows = [[_recipe(other), *(common.measured(other, key) for key in MEASURES)] for other in alike]
    real = [common.measured(alike[0], f"{key} of real pictures") for key in MEASURES]
    rows.append(["Real training pictures, as a perfect generator would make", *real])
    caption = (
        "Measured at ψ = 1 against real pictures. Fréchet distance: between the features of many samples and of real "
        "pictures, less is better. Precision: the part of samples that look real. Recall: the part of real pictures "
        "that G could have made."
    )
    return charts.table(head, rows, caption)


def _recipe(model: Model) -> str:
    recipe = "the lecture's DCGAN" if common.is_lecture(model.card) else "today's recipe"
    return f"{model.card.name}, {recipe}"


def build(models: Models) -> None:
    """Lay out samples, the truncation slider and the comparison of recipes."""
    made = common.generators(models)
    first = common.usual(made)
    say(
        "Draw $z \\sim p(z)$ and let $G$ make pictures of $\\psi z$. At $\\psi = 1$ they are fair samples. Pull "
        "$\\psi$ to 0: every picture becomes the same one. Push it above 1: $z$ lies where $G$ was never trained, and "
        "pictures fall apart."
    )
    with gr.Row(equal_height=False):
        choice = model_choice(made, first)
        with gr.Column(scale=0, min_width=160):  # or Gradio would stack it under the choice
            seed = gr.Number(0, label="Seed", step=1)
        again = gr.Button("Draw anew", size="md", scale=0, min_width=160)

    def turn(request: live.Request) -> live.Reply:
        model = choose(made, request["context"].get("model"))
        number = checked_seed(request["context"].get("seed"))
        return at(model, common.search_for(model, models), number, float(request["value"][0]))

    sliders = live.LatentSliders(
        turn,
        labels=["Truncation ψ"],
        value=[1.0],
        lo=0,
        hi=MOST,
        step=0.01,
        sweep=True,
        context={"model": first.card.name, "seed": 0},
        screens=[("x", "G(ψ z), 40 samples")],
        numbers=[
            ("spread", "distance between two samples, mean"),
            ("near", "distance to the nearest training picture, mean"),
        ],
        label="Samples",
        elem_id=SAMPLES,
    )
    words = gr.Markdown(scale(common.search_for(first, models)))
    say(
        "**In numbers,** beside the lecture's own DCGAN where that was trained on the same pictures, as on Fashion:"
    )
    table = gr.HTML(comparison(first, models), css_template=charts.TABLE_CSS)

    @spoken
    def change(name: str, seed: float) -> tuple[dict[str, Any], str, str]:
        """The samples of a model by seed, and how it compares."""
        model = choose(made, name)
        context = {"model": name, "seed": checked_seed(seed)}
        said = scale(common.search_for(model, models))
        return gr.update(context=context), said, comparison(model, models)

    gr.on(
        [choice.change, seed.change],
        change,
        [choice, seed],
        [sliders, words, table],
        api_name="gan_samples",
        show_progress="hidden",
    )
    again.click(
        lambda: int(np.random.default_rng().integers(1000)), None, seed, api_visibility="private"
    )

    def gan_sample(model: str, seed: int, truncation: float) -> dict[str, Any]:
        """Forty samples G(ψ z) as one PNG in a data: URI, and how far two of them are apart; ψ from 0 to 1.5."""
        psi = checked_number(truncation, 0, MOST, "The truncation")
        images = sample(choose(made, model), checked_seed(seed), psi)
        return {"picture": common.png(images, COLUMNS), "spread": spread(images)}

    endpoint(gan_sample, "gan_sample")
