"""Encode a head: what comes back, what is lost, and what it costs in nats."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import live, parts
from gen_models.app.tabs.faces import common
from gen_models.app.tabs.faces.common import Face, Models
from gen_models.app.tabs.vae import common as vae
from gen_models.runtime import Array, Model

GAIN = 4
"""The error map is white where a pixel is off by a quarter of the range or more."""


@dataclass(frozen=True)
class Result:
    """A picture, encoded and decoded again."""

    z: Array
    """(k,), the mean of q(z|x)."""
    seen: Array
    """uint8 (h, w, c), the picture."""
    back: Array
    """uint8 (h, w, c), the mean of p(x|z)."""
    off: Array
    """uint8 (h, w, 1), how far each pixel is off."""
    error: float
    """‖x − x̂‖²"""
    kl: float
    """KL of q(z|x) from p(z), in nats."""


def encoded(model: Model, picture: Array) -> Result:
    """Encode a picture of the model's own size, uint8 (h, w, c), and decode the mean."""
    x = vae.as_input(model, picture)
    q = vae.encode(model, x)
    y = model("decoder", z=q.mu[None])["x"]
    return Result(
        z=q.mu,
        seen=vae.as_pictures(model, x)[0],
        back=vae.as_pictures(model, y)[0],
        off=error_map(model, x, y),
        error=vae.squared_error(x, y),
        kl=float(q.kl.sum()),
    )


def error_map(model: Model, x: Array, y: Array) -> Array:
    """|x − y| of two pictures (1, c, h, w), the mean over colours and GAIN times as bright: uint8 (h, w, 1)."""
    low, high = model.output("decoder", "x").range or (0, 1)
    off = np.abs(x - y).mean(axis=1)[0] / (high - low)
    return np.clip(255 * GAIN * off + 0.5, 0, 255).astype(np.uint8)[..., None]


def pictures_of(result: Result) -> str:
    """Head, reconstruction and error map side by side: HTML."""
    each = [
        ("what the encoder sees", result.seen),
        ("mean of p(x|z)", result.back),
        (f"difference, {GAIN} times as bright", result.off),
    ]
    figures = (
        f'<figure class="ll-screen"><img class="ll-pixels" alt="{escape(caption)}" '
        f'src="{live.data_uri(image)}"><figcaption>{escape(caption)}</figcaption></figure>'
        for caption, image in each
    )
    return f'<div class="ll-screens ll-faces">{"".join(figures)}</div>'


def numbers_of(model: Model, result: Result) -> str:
    """Error and KL of this picture beside those of test heads, as the card has them: HTML."""
    error, kl = parts.metric(model, "squared error"), parts.metric(model, "KL")
    return parts.big_numbers(
        [
            (parts.figure(result.error), f"squared error; {_mean(error)}"),
            (vae.nats(result.kl), f"KL of q(z|x) from p(z); {_mean(kl)}"),
        ]
    )


def _mean(value: float | None) -> str:
    return "not measured on test heads" if value is None else f"test heads: {parts.figure(value)}"


def build(model: Model, elem_id: str) -> None:
    """Lay out a head to encode, what comes back, and its numbers."""
    first = common.first_face(model)
    parts.say(
        "Choose a head, or upload a photograph. This VAE has seen rendered heads and nothing else: a photograph lies "
        "outside what it was trained on, so the decoder answers with the nearest head that it knows, and the error "
        "says how far that is."
    )
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=300):
            start = None if first.picture is None else encoded(model, first.picture)
            pictures = gr.HTML(
                "" if start is None else pictures_of(start), elem_id=elem_id, padding=False
            )
            numbers = gr.HTML("" if start is None else numbers_of(model, start), padding=False)
        with gr.Column(scale=2, min_width=280):
            source = common.Source(model, f"{elem_id}-heads", random=False)
            parts.say(
                "Of a photograph the largest square is taken, in its middle, or a little above if it is upright, and "
                "scaled to the size of the heads. A face that fills the square does best."
            )

    def take(face: Face) -> list[str]:
        if face.picture is None:
            raise live.BadRequest("There is no picture: choose a head.")
        result = encoded(model, face.picture)
        return [pictures_of(result), numbers_of(model, result)]

    source.then(take, [], [pictures, numbers], "faces_encode")


def offer(models: Models) -> None:
    """The same over HTTP."""

    def encode(model: str, head: int) -> dict[str, Any]:
        """Encode an example head by number: z, its squared error and KL in nats, and head, reconstruction and
        difference as PNGs in data: URIs.
        """
        chosen = parts.choose(models, model)
        face = common.head(chosen, head)
        result = encoded(chosen, np.asarray(face.picture))
        return {
            "z": result.z.tolist(),
            "squared error": result.error,
            "KL": result.kl,
            "head": live.data_uri(result.seen),
            "reconstruction": live.data_uri(result.back),
            "difference": live.data_uri(result.off),
        }

    parts.endpoint(encode, "faces_encode")
