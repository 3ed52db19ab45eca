"""One slider for each latent dimension in use, the most used first."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import live
from gen_models.app.checks import spoken
from gen_models.app.tabs.vae import common
from gen_models.app.tabs.vae.common import Models
from gen_models.estimators import ACTIVE
from gen_models.runtime import Array, Model

EXTENT = 4.0
MOST = 16
"""Sliders on the page; dimensions with less KL than these stay where the encoder put them."""
SLIDERS = "vae-dials"


def dials_of(model: Model) -> list[int]:
    """The dimension of each slider, in order; the first dimension if none is in use."""
    return [j for j, _ in common.active_dimensions(model)][:MOST] or [0]


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


def at(model: Model, start: Array, values: Array) -> live.Reply:
    """The picture at the sliders' values, and how far it is from the one at `start` (k,)."""
    z = np.stack([start, turned(model, start, values)])
    y = model("decoder", z=z)["x"]
    return {
        "pictures": {"mean": live.picture(common.as_pictures(model, y)[1])},
        "text": {
            "moved": common.figure(common.squared_error(y[0], y[1])),
            "used": f"{len(common.active_dimensions(model))} of {len(start)}",
        },
    }


def of_picture(model: Model, x: Array) -> live.Reply:
    """Encode a picture (1, c, h, w); the sliders go to the mean of q(z|x)."""
    mu = common.encode(model, x).mu
    return common.show_seen(model, x) | {
        "send": {SLIDERS: {"value": positions(model, mu), "context": {"z": mu.tolist()}}}
    }


def build(models: Models) -> None:
    """Lay out the sliders for every model."""
    first = common.usual(models)
    common.say(
        "Choose a picture and turn its dials. They stand in the order of their KL: the dimensions that say most about "
        "a picture come first, and those that say nothing have no dial."
    )
    with gr.Row(visible=len(models) > 1):
        choice = common.model_choice(models, first)

    def turn(request: live.Request) -> live.Reply:
        model = common.choose(models, request["context"].get("model"))
        z = common.checked_latent(model, request["context"].get("z"))
        return at(model, z, request["value"])

    with gr.Row():
        with gr.Column(scale=5):
            sliders = live.LatentSliders(
                turn,
                labels=labels_of(first),
                lo=-EXTENT,
                hi=EXTENT,
                context={"model": first.card.name, "z": [0.0] * common.latent_dim(first)},
                screens=[("mean", "mean of p(x|z)")],
                numbers=[
                    ("moved", "squared change of the picture by the dials"),
                    ("used", f"dimensions in use (KL > {ACTIVE} nats)"),
                ],
                label="Latent dimensions in use",
                elem_id=SLIDERS,
            )
            draw = gr.Button("Random z ~ p(z)", size="md")
        with gr.Column(scale=2, min_width=300):
            sheets = common.Sheets(
                models,
                of_picture,
                prefix="vae-dials-sheet",
                first=first,
                screens=[("seen", "what the encoder sees")],
            )

    @spoken
    def change(name: str) -> tuple[Any, ...]:
        """The sliders of a model."""
        model = common.choose(models, name)
        z = np.zeros(common.latent_dim(model))
        new = gr.update(
            labels=labels_of(model),
            value=positions(model, z),
            context={"model": name, "z": z.tolist()},
        )
        return new, *sheets.updates(model)

    @spoken
    def random(name: str) -> dict[str, Any]:
        """The sliders at a z drawn from p(z)."""
        model = common.choose(models, name)
        z = np.random.default_rng().standard_normal(common.latent_dim(model))
        # The labels too: a session that was forgotten meanwhile would have the first model's.
        return gr.update(
            labels=labels_of(model),
            value=positions(model, z),
            context={"model": name, "z": z.tolist()},
        )

    choice.change(
        change, choice, [sliders, *sheets.pads], api_name="vae_dials", show_progress="hidden"
    )
    draw.click(random, choice, sliders, api_name="vae_random", show_progress="hidden")
