"""A 2-D latent space to move in: every point is a picture, and every picture has its place and its uncertainty."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np

from gen_models import latents
from gen_models.app import live
from gen_models.app.checks import spoken
from gen_models.app.tabs.vae import common
from gen_models.app.tabs.vae.common import Models
from gen_models.runtime import Array, Model

EXTENT = 3.0
"""The map shows [−3, 3]²: all but half a percent of p(z) = N(0, I)."""
PAD = "vae-map"


def background(model: Model) -> Array:
    """The means of p(x|z) over a grid of z, at most about 620 pixels wide: uint8 (H, W, c)."""
    side = int(model.output("decoder", "x").shape[-1])
    n = int(np.clip(620 // side, 6, 22))
    # Each picture stands in the middle of its own cell, so that the dot is over what it shows.
    z = latents.plane(n, EXTENT * (1 - 1 / n))
    return live.grid(common.decode(model, z), n, gap=0)


def at_point(model: Model, z: Array) -> live.Reply:
    """What the map shows beside a point z (2,)."""
    return {
        "pictures": {"mean": live.picture(common.decode(model, z[None])[0])},
        "text": {"prior": common.nats(common.log_prior(z))},
    }


def of_picture(model: Model, x: Array) -> live.Reply:
    """Encode a picture (1, c, h, w); the map moves to the mean of q(z|x) and draws its ellipse."""
    q = common.encode(model, x)
    y = model("decoder", z=q.mu[None])["x"]
    return {
        "pictures": {
            "seen": live.picture(common.as_pictures(model, x)[0]),
            "mean": live.picture(common.as_pictures(model, y)[0]),
        },
        "text": {
            "kl": common.nats(q.kl.sum()),
            "error": common.figure(common.squared_error(x, y)),
        },
        "send": {PAD: {"value": q.mu.tolist(), "ellipse": [*q.mu.tolist(), *q.sigma.tolist()]}},
    }


def build(models: Models) -> None:
    """Lay out the map for the models with a 2-D z, and the endpoints that encode and decode with any model."""
    flat = {name: model for name, model in models.items() if common.latent_dim(model) == 2}
    if flat:
        _lay_out(flat)
    else:
        common.say(
            "A map needs a VAE with two latent dimensions; this makes one: "
            "`python -m training.vae --name NAME --data DATA --latent-dim 2`."
        )

    def encode(model: str, example: int) -> dict[str, Any]:
        """q(z|x) of an example picture: mu, sigma and KL in nats by dimension, and the mean decoded, as a PNG."""
        chosen = common.choose(models, model)
        x = common.checked_example(chosen, example)
        q = common.encode(chosen, x)
        y = chosen("decoder", z=q.mu[None])["x"]
        return {
            "mu": q.mu.tolist(),
            "sigma": q.sigma.tolist(),
            "KL": q.kl.tolist(),
            "squared error": common.squared_error(x, y),
            "picture": live.data_uri(common.as_pictures(chosen, y)[0]),
        }

    def decode(model: str, z: list[float]) -> str:
        """The mean of p(x|z), as a PNG in a data: URI."""
        chosen = common.choose(models, model)
        return live.data_uri(common.decode(chosen, common.checked_latent(chosen, z)[None])[0])

    common.endpoint(encode, "vae_encode")
    common.endpoint(decode, "vae_decode")


def _lay_out(flat: Models) -> None:
    first = common.usual(flat)
    common.say(
        "Drag the dot: the decoder draws what it finds there. Draw a picture, or choose one: the encoder says where "
        "it belongs, and how sure it is, by rings at one and two standard deviations of $q(z|x)$."
    )
    with gr.Row(visible=len(flat) > 1):
        choice = common.model_choice(flat, first)

    def decode(request: live.Request) -> live.Reply:
        return at_point(common.choose(flat, request["context"].get("model")), request["value"])

    with gr.Row():
        with gr.Column(scale=5):
            pad = live.LatentPad(
                decode,
                lo=-EXTENT,
                hi=EXTENT,
                background=live.data_uri(background(first)),
                context={"model": first.card.name},
                screens=[("mean", "mean of p(x|z)")],
                numbers=[("prior", "log p(z) at the dot")],
                label="The latent plane",
                elem_id=PAD,
            )
        with gr.Column(scale=2, min_width=300):
            sheets = common.Sheets(
                flat,
                of_picture,
                prefix="vae-map-sheet",
                first=first,
                screens=[("seen", "what the encoder sees"), ("mean", "decoded mean of q(z|x)")],
                numbers=[("kl", "KL( q(z|x) ‖ p(z) )"), ("error", "squared error")],
            )

    @spoken
    def change(name: str) -> tuple[dict[str, Any], ...]:
        """The map of a model."""
        model = common.choose(flat, name)
        new = gr.update(
            background=live.data_uri(background(model)), ellipse=None, context={"model": name}
        )
        return new, *sheets.updates(model)

    choice.change(change, choice, [pad, *sheets.pads], api_name="vae_map", show_progress="hidden")
