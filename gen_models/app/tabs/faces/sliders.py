"""One slider for each latent dimension in use, the most used first, and how far from the mean face to go."""

from __future__ import annotations

import random
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import choices, live, parts
from gen_models.app.checks import checked_number, checked_seed, spoken
from gen_models.app.tabs.faces import common
from gen_models.app.tabs.faces.common import Models
from gen_models.app.tabs.vae import common as vae
from gen_models.runtime import Array, Model

EXTENT = 3.0
MOST = 12
"""Sliders on the page; the other dimensions stay where the face has them."""
WARMTHS = (0, 0.25, 0.5, 0.75, 1, 1.25, 1.5)


def dimensions(model: Model) -> list[int]:
    """The dimension of each slider, in order; the first dimension if none is in use."""
    return [j for j, _ in vae.active_dimensions(model)][:MOST] or [0]


def labels_of(model: Model) -> list[str]:
    """A name for each slider: the dimension and its share of the KL."""
    nats = dict(vae.active_dimensions(model))
    return [
        vae.z_name(j) + ("" if (kl := nats.get(j)) is None else f" · {kl:.2f} nats")
        for j in dimensions(model)
    ]


def positions(model: Model, z: Array) -> list[float]:
    """Where the sliders stand for z (k,)."""
    return z[dimensions(model)].tolist()


def turned(model: Model, z: Array, values: Array) -> Array:
    """z (k,) with the sliders' values in the dimensions that have a slider."""
    z = z.copy()
    z[dimensions(model)] = values
    return z


def at(model: Model, z: Array, warmth: float) -> live.Reply:
    """The face at warmth · z, for z (k,), and how far from the mean face that is."""
    z = np.float32(warmth) * z
    return {
        "pictures": {"mean": live.picture(vae.decode(model, z[None])[0])},
        "text": {"length": parts.figure(float(np.linalg.norm(z)))},
    }


def checked_warmth(value: Any) -> float:
    """A warmth from 0 to 1.5."""
    return checked_number(value, WARMTHS[0], WARMTHS[-1], "The warmth")


def build(model: Model, elem_id: str) -> None:
    """Lay out the sliders of a model."""
    k, active = vae.latent_dim(model), len(vae.active_dimensions(model))
    shown = len(dimensions(model))
    first = common.random_z(model, 0)
    parts.say(
        "Every slider is one number of $z$; the face follows. The warmth multiplies them all: at 0 every face is the "
        "mean face, at 1 it is an ordinary draw from $p(z)$, and above, where training hardly went, everything in a "
        "face is too strong, until it falls apart."
    )

    def turn(request: live.Request) -> live.Reply:
        z = vae.checked_latent(model, request["context"].get("z"))
        warmth = checked_warmth(request["context"].get("warmth"))
        return at(model, turned(model, z, request["value"]), warmth)

    with gr.Row(equal_height=False):
        with gr.Column(min_width=300):
            choices.steps(
                WARMTHS,
                1,
                label="Warmth",
                unit="· z",
                key="warmth",
                targets=[elem_id],
                elem_id=f"{elem_id}-warmth",
            )
        seed = gr.Number(0, label="Seed", step=1, scale=0, min_width=130)
        another = gr.Button("Random face", size="md", scale=0, min_width=170)
        mean = gr.Button("Mean face", size="md", scale=0, min_width=170)
    pad = live.LatentSliders(
        turn,
        labels=labels_of(model),
        value=positions(model, first),
        lo=-EXTENT,
        hi=EXTENT,
        context={"z": first.tolist(), "warmth": 1},
        screens=[("mean", "mean of p(x|z)")],
        numbers=[("length", f"length of z; a draw from p(z) has about √k = {k**0.5:.1f}")],
        label=f"{shown} of the {active} dimensions in use, of {k}",
        elem_id=elem_id,
    )

    def show(z: Array) -> dict[str, Any]:
        return gr.update(value=positions(model, z), context={"z": z.tolist()})

    @spoken
    def seeded(seed: float) -> dict[str, Any]:
        """The sliders at a random face, by seed."""
        return show(common.random_z(model, checked_seed(seed)))

    @spoken
    def zero() -> dict[str, Any]:
        """The sliders at the mean face."""
        return show(common.mean_face(model))

    quiet: dict[str, Any] = {"show_progress": "hidden"}
    another.click(lambda: random.randrange(1, 1000), None, seed, api_visibility="private")
    gr.on([seed.change, seed.submit], seeded, seed, pad, api_name="faces_seed", **quiet)
    mean.click(zero, None, pad, api_name="faces_mean", **quiet)


def offer(models: Models) -> None:
    """The same over HTTP."""

    def decode(model: str, z: list[float]) -> str:
        """The head at z, a list of k numbers: a PNG in a data: URI."""
        chosen = parts.choose(models, model)
        return live.data_uri(vae.decode(chosen, vae.checked_latent(chosen, z)[None])[0])

    def draw(model: str, seed: int, warmth: float) -> dict[str, Any]:
        """A random head, z = warmth · ε with ε ~ N(0, I) by seed: z, and a PNG in a data: URI."""
        chosen = parts.choose(models, model)
        z = common.random_z(chosen, checked_seed(seed), checked_warmth(warmth))
        return {"z": z.tolist(), "picture": live.data_uri(vae.decode(chosen, z[None])[0])}

    parts.endpoint(decode, "faces_decode")
    parts.endpoint(draw, "faces_random")
