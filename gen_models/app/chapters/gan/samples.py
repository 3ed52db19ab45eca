"""z ~ p(z) through G, and a temperature τ, which scales z."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.gan import common
from gen_models.app.checks import checked_number, checked_seed, user_facing
from gen_models.app.shell import address, charts, layout
from gen_models.app.shell.parts import (
    chosen_class,
    class_choice,
    class_update,
    endpoint,
    format_number,
    get_model,
    markdown,
    model_choice,
)
from gen_models.families import MetricId
from gen_models.runtime import Array, Model, from_uint8

COUNT, COLUMNS = 40, 8
BESIDE = 32
"""Samples of each recipe, side by side."""
TABLE_CSS = f"""{charts.TABLE_CSS}
.gan-recipes {{ display: flex; flex-wrap: wrap; gap: 1rem; margin-bottom: 1rem; }}
figure {{ flex: 1 1 16rem; max-width: 34rem; margin: 0; }}
img {{ display: block; width: 100%; border-radius: 4px; }}
figcaption {{ margin-top: 0.35rem; font-size: 0.9rem; }}
"""
MAX_TEMPERATURE = 1.5
SAMPLES, RESULTS = "gan-samples", "gan-samples-results"
MEASURES = {
    "Fréchet distance": (MetricId.FRECHET_DISTANCE, MetricId.FRECHET_DISTANCE_REAL),
    "precision": (MetricId.PRECISION, MetricId.PRECISION_REAL),
    "recall": (MetricId.RECALL, MetricId.RECALL_REAL),
}
"""Of samples, and of real training images in their place."""


def sample(model: Model, seed: int, tau: float, n: int = COUNT) -> Array:
    """G(τ z) for n draws z ~ N(0, I), of the class that the model is told: bytes (n, h, w, c)."""
    return common.images(model, np.float32(tau) * common.draw(model, seed, n))


def mean_pairwise_distance(images: Array) -> float:
    """How far two images of (n, h, w, c), n >= 2, are apart on average: the mean of ‖x_i − x_j‖, pixels in [0, 1]."""
    flat = from_uint8(images).reshape(len(images), -1).astype(np.float64)
    squares = np.square(flat).sum(1)
    squared = np.maximum(squares[:, None] + squares - 2 * flat @ flat.T, 0)
    return float(np.sqrt(squared[np.triu_indices(len(flat), 1)]).mean())


def at(model: Model, search: common.Search | None, seed: int, tau: float) -> controls.Reply:
    """Forty samples and their numbers."""
    images = sample(model, seed, tau)
    text = {"distance": format_number(mean_pairwise_distance(images), 2), "near": "–"}
    if search is not None:
        _, distance = search.nearest(images)
        text["near"] = format_number(float(distance[:, 0].mean()), 2)
    return {"images": {"x": controls.pixels(controls.grid(images, COLUMNS))}, "text": text}


def scale_of(model: Model, search: common.Search | None) -> str:
    """What the two numbers are for real images, and how often the class is the one asked for: sentences, or nothing."""
    right = model.card.metric(MetricId.CLASS_ACCURACY)
    told = (
        f"Of {right.n:,} samples, {100 * right.value:.1f} % are recognised as the class asked for."
        if right
        else ""
    )
    if search is None:
        return told
    some = search.bank[np.linspace(0, len(search.bank) - 1, COUNT).astype(int)]
    return (
        f"Training images are {format_number(mean_pairwise_distance(some), 2)} apart, and typically "
        f"{format_number(search.typical, 2)} from the nearest other one. {told}"
    )


def comparison(model: Model, models: Models) -> str:
    """Each recipe's numbers on the same images, and those of real ones: an HTML table."""
    alike = common.same_data(model, models)
    head = ["", *MEASURES]
    rows = [
        [_recipe(other), *(common.measured(other, fake) for fake, _ in MEASURES.values())]
        for other in alike
    ]
    real = [common.measured(alike[0], real) for _, real in MEASURES.values()]
    rows.append(["Real training images, as a perfect generator would make", *real])
    caption = (
        "Measured at τ = 1 against real images. Fréchet distance: between the features of many samples and of real "
        "images, less is better. Precision: the part of samples that look real. Recall: the part of real images "
        "that G could have made."
    )
    return charts.table(head, rows, caption)


def side_by_side(model: Model, models: Models, seed: int) -> str:
    """Samples of each recipe for the same images, by seed: HTML; nothing where there is one recipe alone."""
    alike = common.same_data(model, models)
    if len(alike) < 2:
        return ""
    each = "".join(
        f'<figure><img class="ll-pixels" alt="" src="{common.png(sample(other.told(""), seed, 1, BESIDE), COLUMNS)}">'
        f"<figcaption>{escape(_recipe(other))}</figcaption></figure>"
        for other in alike
    )
    return f'<div class="gan-recipes">{each}</div>'


def _recipe(model: Model) -> str:
    recipe = "the lecture's DCGAN" if common.is_lecture(model.card) else "today's recipe"
    return f"{model.card.name}, {recipe}" + ", told the class" * bool(model.card.classes)


def build(models: Models) -> None:
    """Lay out samples, the slider of τ, and the comparison of recipes."""
    made = common.generators(models)
    if common.are_missing(made):
        return
    first = common.default(made)

    def turn(request: controls.Request) -> controls.Reply:
        context = request["context"]
        model = get_model(made, context.get("model")).told(context.get("label", ""))
        number = checked_seed(context.get("seed"))
        return at(model, common.search_for(model, models), number, float(request["value"][0]))

    with layout.controls():
        choice = address.named("model", model_choice(made, first))
        label = address.named("class", class_choice(made, first))
        sliders = controls.LatentSliders(
            turn,
            labels=["τ"],
            value=[1.0],
            lo=0,
            hi=MAX_TEMPERATURE,
            step=0.01,
            sweep=True,
            context={"model": first.card.name, "seed": 0, "label": ""},
            screens=[("x", "G(τ z), 40 samples")],
            numbers=[
                ("distance", "between two samples, mean distance of pixels"),
                ("near", "to the nearest training image, mean distance of features"),
            ],
            label="Temperature τ of z",
            elem_id=SAMPLES,
            results=RESULTS,
            address="tau",
        )
        with gr.Row(equal_height=True):
            seed = common.seed_field()
            again = gr.Button("Draw anew", size="md")
    with layout.results():
        layout.outlet(RESULTS)
        scale = gr.Markdown(
            scale_of(first, common.search_for(first, models)), elem_classes="ll-aside"
        )
    with layout.wide():
        markdown("## Beside the lecture's own DCGAN, where that was trained on the same images")
        table = gr.HTML(comparison(first, models), css_template=TABLE_CSS)

    @user_facing
    def change(
        name: str, seed: float, label: str = ""
    ) -> tuple[dict[str, Any], str, str, dict[str, Any]]:
        """The samples of a model by seed, of a class if it is told one, and how it compares."""
        model, number = get_model(made, name), checked_seed(seed)
        words = scale_of(model, common.search_for(model, models))
        table = side_by_side(model, models, number) + comparison(model, models)
        context = {"model": name, "seed": number, "label": chosen_class(model, label)}
        return gr.update(context=context), words, table, class_update(model, label)

    gr.on(
        [choice.change, seed.change, label.change],
        change,
        [choice, seed, label],
        [sliders, scale, table, label],
        api_name="gan_samples",
        show_progress="hidden",
    )
    again.click(
        lambda: int(np.random.default_rng().integers(1000)), None, seed, api_visibility="private"
    )


def offer(models: Models) -> None:
    """Samples over HTTP."""
    made = common.generators(models)

    def gan_sample(model: str, seed: int, truncation: float, label: str = "") -> dict[str, Any]:
        """Forty samples G(τ z) as one PNG in a data: URI, and how far two of them are apart.

        `truncation` is the temperature τ, from 0 to 1.5. Of a model that is told a class,
        the samples are of the class `label`, or of each in turn.
        """
        tau = checked_number(truncation, 0, MAX_TEMPERATURE, "The temperature")
        images = sample(get_model(made, model).told(label), checked_seed(seed), tau)
        return {"picture": common.png(images, COLUMNS), "spread": mean_pairwise_distance(images)}

    endpoint(gan_sample, "gan_sample")


EXPERIMENT = Experiment(
    id="samples",
    title="Samples",
    idea="Nobody told $G$ what an image should look like: it learned from a discriminator $D$ that tells its images "
    "from real ones. Here are forty $G(\\tau z)$.",
    equation=r"\begin{aligned} \max_D\; & \mathbb{E}_x \log D(x) + \mathbb{E}_z \log(1 - D(G(z))) \\ "
    r"\min_G\; & \mathbb{E}_z[-\log D(G(z))], \quad z \sim \mathcal{N}(0, I) \end{aligned}",
    lecture="§3.1-3.7",
    notice="Pull $\\tau$ to 0.2: heads lose their faces. Nearly every $z$ that $G$ was trained with has a length near "
    "$\\sqrt{64} = 8$, so a short one is strange to it: the distance to the nearest training image is 8.39 there and "
    "7.19 at 1. At 0 all samples are one. *Conditional GAN on Fashion-MNIST* is told a class, such as *Bag*: of all "
    "its samples 87 % are recognised as what was asked for.",
    control=f"#{SAMPLES} input",
    result=f"#{RESULTS} canvas",
    number=f"#{RESULTS} .ll-number",
    elsewhere="tau=0.5&seed=7",
    build=build,
    tells_class=True,
)
