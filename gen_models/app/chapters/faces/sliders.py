"""One slider for each latent dimension in use, the most used first, and how far from the mean face to go."""

from __future__ import annotations

import random
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment
from gen_models.app.chapters.faces import common
from gen_models.app.chapters.faces.common import Models
from gen_models.app.chapters.vae import common as vae
from gen_models.app.checks import SEEDS, checked_number, checked_seed, user_facing
from gen_models.app.shell import address, layout, parts
from gen_models.errors import BadRequest
from gen_models.runtime import Array, Model

EXTENT = 3.0
MAX_SLIDERS = 12
"""The other dimensions stay where the face has them."""
TEMPERATURES = (0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3)
FIRST_SEED, NEW_SEEDS = 1, 1000
RANDOM, MEAN = "random", "mean"
SLIDERS, RESULTS = "faces-sliders", "faces-sliders-results"


def dimensions(model: Model) -> list[int]:
    """The dimension of each slider, in order; the first dimension if none is in use."""
    return [j for j, _ in vae.active_dimensions(model)][:MAX_SLIDERS] or [0]


def labels_of(model: Model) -> list[str]:
    """A name for each slider: the dimension and its share of the KL, in nats."""
    nats = dict(vae.active_dimensions(model))
    return [
        vae.z_name(j) + ("" if (kl := nats.get(j)) is None else f" · {kl:.2f}")
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


def at(model: Model, z: Array, temperature: float) -> controls.Reply:
    """The face at temperature · z, for z (k,), and how far from the mean face that is."""
    z = np.float32(temperature) * z
    return {
        "images": {"mean": controls.pixels(vae.decode(model, z[None])[0])},
        "text": {
            "length": parts.format_number(float(np.linalg.norm(z))),
            "usual": parts.format_number(vae.latent_dim(model) ** 0.5),
        },
    }


def checked_temperature(value: Any) -> float:
    """A temperature from 0 to 3."""
    return checked_number(value, TEMPERATURES[0], TEMPERATURES[-1], "The temperature")


def beginning(model: Model, seed: Any, start: Any) -> Array:
    """The z (k,) that the sliders begin with: a random face by seed, or the mean face."""
    if start not in (RANDOM, MEAN):
        raise BadRequest(f"A face is {RANDOM} or {MEAN}.")
    return common.mean_face(model) if start == MEAN else common.random_z(model, checked_seed(seed))


def state_of(model: Model, z: Array) -> dict[str, Any]:
    """The sliders at z (k,): their names, their values, and the context."""
    return {
        "labels": labels_of(model),
        "value": positions(model, z),
        "context": {"model": model.card.name, "z": z.tolist()},
    }


def build(models: Models) -> None:
    """Lay out the sliders, what they begin with, and the face."""
    first = next(iter(models.values()))
    state = state_of(first, beginning(first, FIRST_SEED, RANDOM))

    def turn(request: controls.Request) -> controls.Reply:
        context = request["context"]
        model = parts.get_model(models, context.get("model"))
        z = vae.checked_latent(model, context.get("z"))
        temperature = checked_temperature(context.get("temperature"))
        return at(model, turned(model, z, request["value"]), temperature)

    with layout.controls(long=True):
        choice = address.named("model", parts.model_choice(models, first))
        controls.steps(
            TEMPERATURES,
            1,
            label="Temperature τ",
            unit="",
            key="temperature",
            targets=[SLIDERS],
            elem_id="faces-temperature",
            address="temperature",
        )
        sliders = controls.LatentSliders(
            turn,
            labels=state["labels"],
            value=state["value"],
            lo=-EXTENT,
            hi=EXTENT,
            context=state["context"] | {"temperature": 1},
            screens=[("mean", "mean of p(x|z)")],
            numbers=[
                ("length", "length of τ z: how far from the mean face"),
                ("usual", "√k, the length of an ordinary draw from p(z)"),
            ],
            label="z · its share of the KL, in nats",
            elem_id=SLIDERS,
            results=RESULTS,
            address="z",
        )
        with gr.Row(elem_classes="faces-buttons"):
            seed = address.named(
                "seed",
                gr.Number(FIRST_SEED, label="Seed", step=1, min_width=0),
                low=0,
                high=SEEDS - 1,
            )
            another = gr.Button("Another face", size="md", min_width=0)
        start = address.named(
            "from",
            gr.Radio(
                [("a draw from p(z)", RANDOM), ("the mean face", MEAN)],
                value=RANDOM,
                label="Begin with",
            ),
        )
    with layout.results():
        layout.outlet(RESULTS)

    @user_facing
    def begin(seed: float, start: str, model: str) -> dict[str, Any]:
        """The sliders at a random face by seed, or at the mean face."""
        chosen = parts.get_model(models, model)
        return gr.update(**state_of(chosen, beginning(chosen, seed, start)))

    another.click(
        lambda: (random.randrange(NEW_SEEDS), RANDOM), None, [seed, start], api_visibility="private"
    )
    gr.on(
        [seed.change, start.change, choice.change],
        begin,
        [seed, start, choice],
        sliders,
        api_name="faces_seed",
        show_progress="hidden",
        trigger_mode="always_last",
    )


def offer(models: Models) -> None:
    """The same over HTTP."""
    first = next(iter(models))

    def decode(model: str, z: list[float]) -> str:
        """The head at z, a list of k numbers: a PNG in a data: URI."""
        chosen = parts.get_model(models, model)
        return controls.data_uri(vae.decode(chosen, vae.checked_latent(chosen, z)[None])[0])

    def draw(model: str, seed: int, warmth: float) -> dict[str, Any]:
        """A random head, z = warmth · ε with ε ~ N(0, I) by seed: z, and a PNG in a data: URI."""
        chosen = parts.get_model(models, model)
        z = common.random_z(chosen, checked_seed(seed), checked_temperature(warmth))
        return {"z": z.tolist(), "picture": controls.data_uri(vae.decode(chosen, z[None])[0])}

    def mean(model: str = first) -> dict[str, Any]:
        """The mean head, z = 0: z, and a PNG in a data: URI."""
        chosen = parts.get_model(models, model)
        z = common.mean_face(chosen)
        return {"z": z.tolist(), "picture": controls.data_uri(vae.decode(chosen, z[None])[0])}

    parts.endpoint(decode, "faces_decode")
    parts.endpoint(draw, "faces_random")
    parts.endpoint(mean, "faces_mean")


EXPERIMENT = Experiment(
    id="sliders",
    title="Sliders",
    idea="Every slider is one dimension of $z$, and every $z$ decodes to a head: training saw images alone, and nobody "
    "said what may vary in them.",
    equation=r"\hat{x} = D_\theta(\tau z), \quad z \sim p(z) = \mathcal{N}(0, I)",
    lecture="§2.6",
    notice="Set the temperature to 0: whatever the sliders say, this is the mean face. At 1 it is a draw from $p(z)$. "
    "At 3 it lies far outside of what training saw: 9 % of its colours are white or black. Here $p(z)$ is a Gaussian "
    "fitted to the codes after training, and $z$ is counted in its own axes, in which it is $\\mathcal{N}(0, I)$.",
    control=f"#{SLIDERS} .ll-sliders",
    result=f"#{RESULTS} canvas",
    number=f"#{RESULTS} .ll-number",
    elsewhere="from=mean&seed=12&temperature=1.5&z=0.5,0,0,-2,0,0,0,0,0,1.25,0,0",
    build=build,
)
