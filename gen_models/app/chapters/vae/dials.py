"""One slider for each latent dimension in use, the most used first."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.vae import common
from gen_models.app.checks import user_facing
from gen_models.app.shell import layout
from gen_models.numerics.estimators import ACTIVE
from gen_models.runtime import Array, Model

EXTENT = 4.0
MAX_DIALS = 16
"""Sliders on the page; dimensions with less KL than these stay where the encoder put them."""
START = 2
"""The example that is chosen at first."""
SLIDERS, RESULTS = "vae-dials", "vae-dials-results"


def dials_of(model: Model) -> list[int]:
    """The dimension of each slider, in order; the first dimension if none is in use."""
    return [j for j, _ in common.active_dimensions(model)][:MAX_DIALS] or [0]


def labels_of(model: Model) -> list[str]:
    """A name for each slider: the dimension and its share of the KL."""
    kl = dict(common.active_dimensions(model))
    names = {j: f" · {nats:.2f} nats" for j, nats in kl.items() if nats is not None}
    return [common.z_name(j) + names.get(j, "") for j in dials_of(model)]


def positions(model: Model, z: Array) -> list[float]:
    """Where the sliders stand for z (k,)."""
    return z[dials_of(model)].tolist()


def turned(model: Model, z: Array, values: Array) -> Array:
    """z (k,) with the sliders' values in the dimensions that have a slider."""
    z = z.copy()
    z[dials_of(model)] = values
    return z


def at(model: Model, start: Array, values: Array) -> controls.Reply:
    """The image at the sliders' values, and how far it is from the one at `start` (k,)."""
    z = np.stack([start, turned(model, start, values)])
    y = model("decoder", z=z)["x"]
    return {
        "images": {"mean": controls.pixels(common.as_pictures(model, y)[1])},
        "text": {
            "moved": common.format_number(common.squared_error(y[0], y[1])),
            "used": f"{len(common.active_dimensions(model))} of {len(start)}",
        },
    }


def of_image(model: Model, x: Array) -> controls.Reply:
    """Encode an image (1, c, h, w), and decode it; the sliders go to the mean of q(z|x)."""
    mu = common.encode(model, x).mu
    decoded = model("decoder", z=mu[None])["x"]
    error = common.format_number(common.squared_error(x, decoded))
    return common.show_seen(model, x) | {
        "text": {"seen": f"decoded with a squared error of {error}"},
        "send": {SLIDERS: {"value": positions(model, mu), "context": {"z": mu.tolist()}}},
    }


def build(models: Models) -> None:
    """Lay out the sliders of one model, and a canvas to start from."""
    first = common.usual(models)

    def turn(request: controls.Request) -> controls.Reply:
        model = common.get_model(models, request["context"].get("model"))
        z = common.checked_latent(model, request["context"].get("z"))
        return at(model, z, request["value"])

    with layout.controls(long=True):
        choice = common.model_choice(models, first)
        sliders = controls.LatentSliders(
            turn,
            labels=labels_of(first),
            lo=-EXTENT,
            hi=EXTENT,
            context={"model": first.card.name, "z": [0.0] * common.latent_dim(first)},
            screens=[("mean", "the dials' image, mean of p(x|z)")],
            numbers=[
                ("moved", "squared distance that the dials moved it"),
                ("used", f"dimensions in use (KL > {ACTIVE} nats)"),
            ],
            label="Latent dimensions, the most used first",
            elem_id=SLIDERS,
            results=RESULTS,
            address="z",
        )
        draw = gr.Button("Random z ~ p(z)", size="md")
    with layout.results():
        layout.outlet(RESULTS)
    with gr.Column(elem_classes="vae-own", min_width=0):
        canvases = common.Canvases(
            models,
            of_image,
            prefix="vae-dials-canvas",
            first=first,
            start=START,
            screens=[("seen", "your image, as the encoder sees it")],
            results=RESULTS,
        )

    @user_facing
    def change(name: str) -> tuple[Any, ...]:
        """The sliders of a model."""
        model = common.get_model(models, name)
        z = np.zeros(common.latent_dim(model))
        new = gr.update(
            labels=labels_of(model),
            value=positions(model, z),
            context={"model": name, "z": z.tolist()},
        )
        return new, *canvases.updates(model)

    @user_facing
    def random(name: str) -> dict[str, Any]:
        """The sliders where a z drawn from p(z) puts them."""
        model = common.get_model(models, name)
        z = np.random.default_rng().standard_normal(common.latent_dim(model))
        # The labels too: a session that was forgotten meanwhile would have the first model's.
        return gr.update(
            labels=labels_of(model),
            value=positions(model, z),
            context={"model": name, "z": z.tolist()},
        )

    choice.change(
        change, choice, [sliders, *canvases.pads], api_name="vae_dials", show_progress="hidden"
    )
    draw.click(random, choice, sliders, api_name="vae_random", show_progress="hidden")


EXPERIMENT = Experiment(
    id="dials",
    title="Dials",
    idea="Each dial is a dimension of the code, in the order of its KL: those that say most about an image come "
    "first, and those that say nothing have no dial.",
    equation=r"\begin{aligned} &\mathrm{KL}\big(q_\phi(z|x) \,\|\, p(z)\big) = \textstyle\sum_j \mathrm{KL}_j, \\ "
    r"&\mathrm{KL}_j = \tfrac12 \big(\mu_j^2 + \sigma_j^2 - \log \sigma_j^2 - 1\big) \end{aligned}",
    lecture="§2.6",
    notice="Turn the first dial from end to end, press Reset, and turn the last: on average over test images the "
    "first moves the image twice as far. With the model *Digits, 10-D, β = 10* only 7 of 10 dimensions keep a dial.",
    control="#vae-dials input",
    result="#vae-dials-results canvas[data-slot=mean]",
    number="#vae-dials-results .ll-number",
    elsewhere="image=5&z=1,0.5,-1,2,0.25,-0.5,3,0,1,-1",
    build=build,
)
