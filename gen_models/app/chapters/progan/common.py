"""What the experiments with progressive GANs share: which models there are, and images of each level."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Models
from gen_models.app.checks import SEEDS
from gen_models.app.shell import address
from gen_models.app.shell.parts import get_model, markdown
from gen_models.errors import BadRequest
from gen_models.families import ProGANFacts
from gen_models.runtime import Array, Model, from_uint8, to_uint8

UNIT = (0.0, 1.0)
SHADES = 255
"""In which differences of pixels are told: those of an image of 8 bits."""


def facts_of(model: Model) -> ProGANFacts:
    """How it grew."""
    return model.card.facts_as(ProGANFacts)


def is_whole(model: Model) -> bool:
    """Whether it has all graphs that its family promises, and its film."""
    card = model.card
    return card.facts.graphs().keys() <= card.graphs.keys() and "film" in card.sheets


def settings(models: Models) -> Models:
    """The one that is meant first, then those whose settings break it."""

    def order(model: Model) -> tuple[bool, bool, int]:
        facts = facts_of(model)
        return not facts.fade, not facts.minibatch_std, -facts.sides[-1]

    return {model.card.name: model for model in sorted(models.values(), key=order)}


def name_of(model: Model) -> str:
    """What tells it from the others: "Fade-in"."""
    facts = facts_of(model)
    words = "Fade-in" if facts.fade else "Without fade-in"
    return words + ", no minibatch statistics" * (not facts.minibatch_std)


def are_missing(models: Models) -> bool:
    """Whether there is no such GAN; if so, say it on the page."""
    if not models:
        markdown("To see a GAN grow, train one: `python -m training.progan --name NAME`.")
    return not models


def choice(models: Models) -> gr.Radio:
    """The setting that a GAN was trained in, "model" in the address."""
    return address.named(
        "model",
        gr.Radio(
            [(name_of(model), name) for name, model in models.items()],
            value=next(iter(models)),
            label="Trained with",
            visible=len(models) > 1,
        ),
    )


def seed_field() -> gr.Number:
    """The seed of the z."""
    # Without Gradio's bounds, so that `checked_seed` can say what is wrong in one sentence.
    return address.named("seed", gr.Number(0, label="Seed of z", step=1), low=0, high=SEEDS - 1)


def checked_setting(models: Models, name: Any) -> Model:
    """A progressive GAN by name."""
    return get_model(models, name)


def checked_level(model: Model, side: Any) -> int:
    """The number of a level that fades in, by the side of its images."""
    sides = facts_of(model).sides
    known = sides[1:] if facts_of(model).fade else ()
    if side not in known or isinstance(side, bool):
        told = ", ".join(map(str, known)) or "none: here levels are there at once"
        raise BadRequest(f"The pixels of a level that fades in must be one of {told}.")
    return sides.index(side)


def draw(model: Model, seed: int, n: int) -> Array:
    """n times z ~ N(0, I): (n, k)."""
    k = int(model.input(f"generator_{facts_of(model).sides[0]}", "z").shape[1])
    return np.random.default_rng(seed).standard_normal((n, k), np.float32)


def generate(model: Model, side: int, z: Array) -> Array:
    """Images (n, c, side, side) of a level at its end."""
    return model(f"generator_{side}", z=z)["x"]


def fading(model: Model, side: int, z: Array, alpha: float) -> Array:
    """Images (n, c, side, side) of a level while it fades in."""
    return model(f"fade_{side}", z=z, in_alpha=np.array(alpha, np.float32))["x"]


def real_images(model: Model, n: int) -> Array:
    """The first n example images of the test split: (n, c, h, w) in [0, 1]."""
    images = model.examples()[:n]
    if not len(images):
        raise BadRequest("The example images of this model are missing: export it again.")
    return from_uint8(images)


def halved(x: Array, side: int) -> Array:
    """Images (n, c, h, w) averaged down to (n, c, side, side)."""
    n, c, h, w = x.shape
    return x.reshape(n, c, side, h // side, side, w // side).mean((3, 5))


def enlarged(x: Array, side: int) -> Array:
    """Images (n, c, h, w) with each pixel several times: (n, c, side, side)."""
    times = side // x.shape[-1]
    return x.repeat(times, 2).repeat(times, 3)


def contrast(x: Array) -> float:
    """The standard deviation of all pixels of images (n, c, h, w), of each channel: their root mean square."""
    return float(np.sqrt(x.var((0, 2, 3)).mean()))


def canvas(x: Array, side: int, columns: int) -> controls.ImageData:
    """Images (n, c, h, w) in rows, each enlarged to `side`."""
    tiles = to_uint8(enlarged(x, side), UNIT)
    return controls.photo(controls.grid(tiles, columns, gap=2))


def png(x: Array, columns: int) -> str:
    """Images (n, c, h, w) in rows, as they are, as a PNG in a data: URI."""
    return controls.data_uri(controls.grid(to_uint8(x, UNIT), columns))
