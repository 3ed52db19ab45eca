"""Encode a head: what comes back, what is lost, and what it costs in nats."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment
from gen_models.app.chapters.faces import common
from gen_models.app.chapters.faces.common import Face, Models
from gen_models.app.chapters.vae import common as vae
from gen_models.app.shell import address, layout, parts
from gen_models.errors import BadRequest
from gen_models.families import MetricId
from gen_models.runtime import Array, Model, to_uint8

GAIN = 4
"""The error map is white where a pixel is off by a quarter of the range or more."""
FIRST = 9
"""The head that is shown at first: one with glasses."""


@dataclass(frozen=True)
class Result:
    """An image, encoded and decoded again."""

    z: Array
    """(k,), the mean of q(z|x)."""
    seen: Array
    """uint8 (h, w, c), the image."""
    back: Array
    """uint8 (h, w, c), the mean of p(x|z)."""
    off: Array
    """uint8 (h, w, 1), how far each pixel is off."""
    error: float
    """‖x − x̂‖²"""
    kl: float
    """KL of q(z|x) from p(z), in nats."""


def encoded(model: Model, image: Array) -> Result:
    """Encode an image of the model's own size, uint8 (h, w, c), and decode the mean."""
    x = vae.as_input(model, image)
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
    """|x − y| of two images (1, c, h, w), the mean over colours and GAIN times as bright: uint8 (h, w, 1)."""
    low, high = model.output("decoder", "x").range or (0, 1)
    off = np.abs(x - y).mean(axis=1)[0] / (high - low)
    return to_uint8(GAIN * off[None, None])[0]


def images_of(result: Result) -> str:
    """Head, reconstruction and error map side by side: HTML."""
    each = [
        ("what the encoder sees", result.seen),
        ("mean of p(x|z)", result.back),
        (f"difference, {GAIN} times as bright", result.off),
    ]
    figures = (
        f'<figure><img alt="{escape(caption)}" '
        f'src="{controls.data_uri(image)}"><figcaption>{escape(caption)}</figcaption></figure>'
        for caption, image in each
    )
    return f'<div class="faces-images">{"".join(figures)}</div>'


def numbers_of(model: Model, result: Result) -> str:
    """Error and KL of this image beside those of test heads, as the card has them: HTML."""
    error, kl = (parts.metric(model, metric) for metric in (MetricId.SQUARED_ERROR, MetricId.KL))
    return parts.big_numbers(
        [
            (parts.format_number(result.error), f"squared error; {_mean(error)}"),
            (vae.nats(result.kl), f"KL of q(z|x) from p(z); {_mean(kl)}"),
        ]
    )


def _mean(value: float | None) -> str:
    return (
        "not measured on test heads"
        if value is None
        else f"test heads: {parts.format_number(value)}"
    )


def build(models: Models) -> None:
    """Lay out a head to encode, what comes back, and its numbers."""
    first = next(iter(models.values()))
    number = common.first_number(first, FIRST)
    face = common.face(first, number)
    start = None if face.image is None else encoded(first, face.image)
    with layout.controls(long=True):
        choice = address.named("model", parts.model_choice(models, first))
        source = common.OneFace(models, choice, number, "faces-encode-heads", random=False)
        parts.markdown(
            "Of a photo the largest square is taken and scaled to the size of the heads. A face that fills the square "
            "does best."
        )
    with layout.results():
        images = gr.HTML(
            "" if start is None else images_of(start), elem_id="faces-encode", padding=False
        )
        numbers = gr.HTML(
            "" if start is None else numbers_of(first, start),
            elem_id="faces-encode-numbers",
            padding=False,
        )

    def take(model: Model, face: Face) -> list[str]:
        if face.image is None:
            raise BadRequest("There is no image: choose a head.")
        result = encoded(model, face.image)
        return [images_of(result), numbers_of(model, result)]

    source.then(take, [images, numbers], "faces_encode")


def offer(models: Models) -> None:
    """The same over HTTP."""

    def encode(model: str, head: int) -> dict[str, Any]:
        """Encode an example head by number: z, its squared error and KL in nats, and head, reconstruction and
        difference as PNGs in data: URIs.
        """
        chosen = parts.get_model(models, model)
        face = common.head(chosen, head)
        result = encoded(chosen, np.asarray(face.image))
        return {
            "z": result.z.tolist(),
            "squared error": result.error,
            "KL": result.kl,
            "head": controls.data_uri(result.seen),
            "reconstruction": controls.data_uri(result.back),
            "difference": controls.data_uri(result.off),
        }

    parts.endpoint(encode, "faces_encode")


EXPERIMENT = Experiment(
    id="encode",
    title="Encode",
    idea="A head is encoded and decoded again: what comes back is what the latent space has room for. The numbers say "
    "what is lost, and what the rest costs.",
    equation=r"\begin{aligned} \hat{x} &= D_\theta(\mu_\phi(x)) \\"
    r" -\log p_\theta(x|z) &= \tfrac{1}{2\sigma^2} \lVert x - \hat{x} \rVert^2 + \text{const} \end{aligned}",
    lecture="§2.6",
    notice="Glasses come back blurred, and the smile with its teeth not at all. Then upload a photo of anything you "
    "like. What comes back is a head, since the decoder knows nothing else, and the squared error says how far off it "
    "is: some 13 for test heads, hundreds for what is no head.",
    control="#faces-encode-heads .ll-examples",
    result="#faces-encode img",
    number="#faces-encode-numbers .ll-number",
    elsewhere="face=7",
    build=build,
)
