"""What the experiments with disentangled codes share: which models there are, and images in and out."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np

from gen_models.app.checks import checked_integer
from gen_models.app.controls import drawing
from gen_models.app.shell import address
from gen_models.app.shell.parts import Models, get_model
from gen_models.cards import Card
from gen_models.errors import BadRequest
from gen_models.families import (
    DisentangleFacts,
    FeaturesFacts,
    FeatureTask,
    Likelihood,
    VAEFacts,
)
from gen_models.runtime import Array, Model, from_uint8, to_uint8

DATA = "digits"
UNIT = (0.0, 1.0)

# ---------------------------------------------------------------------------------------------------------------------
# Which models
# ---------------------------------------------------------------------------------------------------------------------


def shows(card: Card) -> bool:
    """Codes of two parts; and, of digits, plain VAEs to compare with and the network that reads a number."""
    if card.family in ("disentangle", "views"):
        return True
    return card.dataset.name == DATA and (card.family == "features" or is_plain(card))


def is_plain(card: Card) -> bool:
    """Whether it is a VAE of grey images with the bound's own weight on the KL, and more than a plane of latents."""
    if card.family != "vae" or card.classes:
        return False
    facts = card.facts_as(VAEFacts)
    ordinary = facts.beta == 1 and not facts.binarized and facts.likelihood is Likelihood.BERNOULLI
    return ordinary and int(card.graphs["decoder"].inputs[0].shape[1]) > 2


def is_whole(model: Model) -> bool:
    """Whether it has all graphs that its family promises."""
    return model.card.facts.graphs().keys() <= model.card.graphs.keys()


def settings(models: Models) -> Models:
    """Codes of two parts, the one that is meant first, then those whose settings break it."""

    def order(model: Model) -> tuple[bool, bool, int]:
        facts = facts_of(model)
        return facts.adversary == 0, facts.swap == 0, z_dim(model)

    found = [model for model in models.values() if model.card.family == "disentangle"]
    return {model.card.name: model for model in sorted(found, key=order)}


def facts_of(model: Model) -> DisentangleFacts:
    """What is known of its training."""
    return model.card.facts_as(DisentangleFacts)


def z_dim(model: Model) -> int:
    """k, the size of z."""
    return int(model.input("decoder", "z").shape[1])


def name_of(model: Model) -> str:
    """What tells it from the others: "Adversary and classifier, 8-D z"."""
    facts = facts_of(model)
    judges = [
        name
        for name, weight in (("adversary", facts.adversary), ("classifier", facts.swap))
        if weight
    ]
    return f"{' and '.join(judges).capitalize() or 'Neither'}, {z_dim(model)}-D z"


def plain_vae(models: Models) -> Model | None:
    """The smallest of the plain VAEs, if there is one."""
    found = [model for model in models.values() if is_plain(model.card)]
    return min(found, key=z_dim, default=None)


def reader(models: Models) -> Model | None:
    """The network that tells which number an image shows, if there is one."""
    return next(
        (
            model
            for model in models.values()
            if model.card.family == "features"
            and model.card.facts_as(FeaturesFacts).task is FeatureTask.CLASSES
        ),
        None,
    )


def choice(models: Models) -> gr.Radio:
    """The setting that a code was trained in, "model" in the address."""
    found = settings(models)
    return address.named(
        "model",
        gr.Radio(
            [(name_of(model), name) for name, model in found.items()],
            value=next(iter(found)),
            label="Trained with",
            visible=len(found) > 1,
        ),
    )


def checked_setting(models: Models, name: Any) -> Model:
    """A code of two parts by name."""
    return get_model(settings(models), name)


# ---------------------------------------------------------------------------------------------------------------------
# Images in, images out
# ---------------------------------------------------------------------------------------------------------------------


def as_input(model: Model, image: Array) -> Array:
    """A drawing or an example as the encoder takes it, (1, c, h, w): a drawing centred and scaled as MNIST's are."""
    _, c, h, w = model.input("encoder", "x").shape
    image = image[..., None] if image.ndim == 2 else image
    if image.shape != (h, w, c):
        if not image.any():
            raise BadRequest("The canvas is empty: draw a digit, or choose an example.")
        image = drawing.mnist_like(image[..., 0])[..., None]
    return from_uint8(image[None], model.input("encoder", "x").range or UNIT)


def examples(model: Model) -> Array:
    """The model's example images, as the encoder takes them: (n, c, h, w)."""
    images = model.examples()
    if not len(images):
        raise BadRequest("The example images of this model are missing: export it again.")
    return from_uint8(images, model.input("encoder", "x").range or UNIT)


def checked_example(model: Model, number: Any) -> Array:
    """One of them by number: (1, c, h, w)."""
    x = examples(model)
    i = checked_integer(number, 0, len(x) - 1, "The number of an example")
    return x[i : i + 1]


def encode(model: Model, x: Array) -> tuple[Array, Array]:
    """s (n, j) and the mean of q(z|x) (n, k) of images (n, c, h, w)."""
    codes = model("encoder", x=x)
    return codes["s"], codes["mu"]


def decode(model: Model, s: Array, z: Array) -> Array:
    """Images (n, c, h, w) of s (n, j) and z (n, k)."""
    return model("decoder", s=s, z=z)["x"]


def as_bytes(model: Model, x: Array) -> Array:
    """Images (n, c, h, w) of the decoder as bytes (n, h, w, c)."""
    return to_uint8(x, model.output("decoder", "x").range or UNIT)


def read(model: Model, x: Array) -> Array:
    """The number that `reader` takes each image for: (n,)."""
    return np.argmax(model("features", x=x)["y"], axis=1)
