"""New images: draw z from the prior, or from a colder or warmer one, and decode it."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np
from gradio import processing_utils

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.vae import common
from gen_models.app.checks import checked_number, checked_seed, user_facing
from gen_models.app.shell import address, layout
from gen_models.families import MetricId
from gen_models.runtime import Array, Model

COUNT, COLUMNS = 40, 8
MAX_TEMPERATURE = 2.0
SLIDER, RESULTS = "vae-samples", "vae-samples-results"


def draw(model: Model, seed: int, n: int = COUNT, temperature: float = 1) -> Array:
    """The means of p(x|z) for n draws z ~ N(0, temperature² I), of the class it is told: float32 (n, c, h, w)."""
    z = np.random.default_rng(seed).standard_normal((n, common.latent_dim(model)), np.float32)
    return model("decoder", z=np.float32(temperature) * z)["x"]


def sample(model: Model, seed: int, n: int = COUNT) -> Array:
    """The means of p(x|z) for n draws z ~ p(z): bytes (n, h, w, c)."""
    return common.as_pictures(model, draw(model, seed, n))


def mean_pairwise_distance(x: Array) -> float:
    """The mean of ‖x_i − x_j‖² over all pairs of two or more different images (n, c, h, w)."""
    flat = x.reshape(len(x), -1).astype(np.float64)
    n = len(flat)
    # Σ over pairs of ‖x_i − x_j‖² is 2n Σ ‖x_i − mean‖².
    return float(2 * np.square(flat - flat.mean(0)).sum() / (n - 1))


def elbo(model: Model) -> str:
    """The card's bound on how likely the test images are."""
    value = common.metric(model, MetricId.ELBO)
    return "not measured" if value is None else common.nats(value)


def distance(model: Model) -> str:
    """The card's Fréchet distance of samples of p(z) from test images."""
    value = common.metric(model, MetricId.FRECHET_DISTANCE)
    return "–" if value is None else common.format_number(value)


def shown(model: Model, seed: int, temperature: float) -> controls.Reply:
    """Samples in rows, how much they vary, and how much real images do."""
    x = draw(model, seed, temperature=temperature)
    examples = model.examples()[:COUNT]
    real = mean_pairwise_distance(common.examples_of(model, COUNT)) if len(examples) > 1 else None
    return {
        "images": {
            "samples": controls.pixels(controls.grid(common.as_pictures(model, x), COLUMNS))
        },
        "text": {
            "variety": common.format_number(mean_pairwise_distance(x)),
            "real variety": "–" if real is None else common.format_number(real),
            "distance": distance(model),
        },
    }


def build(models: Models) -> None:
    """Lay out samples beside real images."""
    first = common.usual(models)

    def turn(request: controls.Request) -> controls.Reply:
        context = request["context"]
        model = common.get_model(models, context.get("model")).told(context.get("label", ""))
        reply = shown(model, checked_seed(context.get("seed")), float(request["value"][0]))
        examples = model.examples()[:COUNT]
        if context.get("real") != model.card.name and len(examples):  # they are sent once
            reply["images"]["real"] = controls.pixels(controls.grid(examples, COLUMNS))
            reply["send"] = {SLIDER: {"context": {"real": model.card.name}}}
        return reply

    with layout.controls():
        choice = common.model_choice(models, first)
        label = address.named("class", common.class_choice(models, first))
        slider = controls.LatentSliders(
            turn,
            labels=["Temperature τ"],
            value=[1.0],
            lo=0,
            hi=MAX_TEMPERATURE,
            step=0.05,
            sweep=True,
            context={"model": first.card.name, "seed": 0, "label": ""},
            screens=[("samples", "samples: means of p(x|z)"), ("real", "test images")],
            numbers=[
                ("variety", "mean squared distance of two samples"),
                ("real variety", "of two test images"),
                (
                    "distance",
                    "Fréchet distance of 10,000 samples at τ = 1 from test images, by the model’s card",
                ),
            ],
            label="z is drawn from N(0, τ² I)",
            elem_id=SLIDER,
            results=RESULTS,
            address="temperature",
        )
        seed = common.seed_choice()
    with layout.results():
        layout.outlet(RESULTS, under=True)

    @user_facing
    def change(name: str, seed: float, label: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Samples of another model, with another seed, or of another class."""
        model = common.get_model(models, name)
        context = {"model": name, "seed": checked_seed(seed)}
        context["label"] = common.chosen_class(model, label)
        return gr.update(context=context), common.class_update(model, label)

    gr.on(
        [choice.change, seed.change, label.change],
        change,
        [choice, seed, label],
        [slider, label],
        api_visibility="private",
        show_progress="hidden",
    )


def offer(models: Models) -> None:
    """Samples of any model, over HTTP."""
    usual = common.usual(models).card.name
    folder = gr.Image(render=False).GRADIO_CACHE

    def file(images: Array) -> dict[str, Any]:
        """A grid of images as a PNG file that a client downloads."""
        grid = common.image_grid(images, COLUMNS)
        path = processing_utils.save_img_array_to_cache(grid, folder, format="png")
        return gr.FileData(path=path).model_dump()

    def samples(
        name: str = usual, seed: float = 0, temperature: float = 1.0, label: str = ""
    ) -> tuple[dict[str, Any], dict[str, Any] | None, str]:
        """Samples of a model by seed and real images, as PNG files, and the model's ELBO.

        Of a model that is told a class, the samples are of the class `label`, or of each in turn.
        """
        model = common.get_model(models, name).told(label)
        x = draw(
            model,
            checked_seed(seed),
            temperature=checked_number(temperature, 0, MAX_TEMPERATURE, "The temperature"),
        )
        real = model.examples()[:COUNT]
        return file(common.as_pictures(model, x)), file(real) if len(real) else None, elbo(model)

    common.endpoint(samples, "vae_samples")


EXPERIMENT = Experiment(
    id="samples",
    title="Samples",
    idea="Draw $z$ from the prior and decode it: images that nobody drew. Those of $p(z)$ are at temperature 1.",
    equation=r"z \sim \mathcal{N}(0, \tau^2 I), \quad \hat{x} = D_\theta(z)",
    lecture="§2.6",
    notice="At temperature 0 all samples are one image. At 1 they still differ less from one another than test images "
    "do, 57.5 against 114.5 for *Digits, 10-D*, and even at 2 they do not differ as much.",
    control="#vae-samples input",
    result="#vae-samples-results canvas",
    number="#vae-samples-results .ll-number",
    elsewhere="model=vae-fashion&temperature=0.6&seed=7",
    build=build,
    tells_class=True,
)
