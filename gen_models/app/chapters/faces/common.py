"""What the experiments with faces share: attributes, and where a face comes from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import randrange
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapters.vae import common as vae
from gen_models.app.checks import checked_integer, user_facing
from gen_models.app.shell import address, parts
from gen_models.app.upload import square
from gen_models.errors import BadRequest
from gen_models.families import MetricId
from gen_models.runtime import Array, Model

Models = dict[str, Model]

HEADS = 16
"""How many example heads there are to choose from."""
FACES = 1000
"""A number below HEADS is an example head; one from there on is the seed of a random face."""
UPLOADED = -1
"""Instead of such a number."""
PHOTOGRAPHS = [".png", ".jpg", ".jpeg", ".webp"]

# ---------------------------------------------------------------------------------------------------------------------
# Attributes
# ---------------------------------------------------------------------------------------------------------------------


def attributes_of(model: Model) -> list[str]:
    """The attributes that have a direction, in the order of their ports."""
    return [port.name for port in model.card.graphs["directions"].inputs]


def is_whole(model: Model) -> bool:
    """Whether it has all four graphs, and every attribute that can be moved can be read."""
    graphs = model.card.graphs
    if not {"encoder", "decoder", "directions", "attributes"} <= graphs.keys():
        return False
    return {*attributes_of(model)} <= {port.name for port in graphs["attributes"].outputs}


def called(attribute: str) -> str:
    """An attribute as a word: "hair length" for hair_length."""
    return attribute.replace("_", " ")


def step(model: Model, amounts: Array) -> Array:
    """What to add to z for amounts (n, a), in standard deviations of each attribute: dz (n, k)."""
    columns = np.split(np.asarray(amounts, np.float32), amounts.shape[1], axis=1)
    ports = dict(zip(attributes_of(model), columns, strict=True))
    return model("directions", **ports)["dz"]


def read(model: Model, z: Array) -> Array:
    """The attributes read from z (n, k), in standard deviations: (n, a)."""
    found = model("attributes", z=z)
    return np.concatenate([found[name].reshape(-1, 1) for name in attributes_of(model)], axis=1)


def separation(model: Model, attribute: str) -> str:
    """How well the attribute's direction tells test heads apart, as the card has it: "AUC 0.93"."""
    auc = parts.metric(model, MetricId.ATTRIBUTE_AUROC, attribute)
    return "AUC not measured" if auc is None else f"AUC {auc:.2f}"


# ---------------------------------------------------------------------------------------------------------------------
# Faces
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Face:
    """A face to begin with."""

    z: Array
    """(k,): the mean of q(z|x), or a draw from p(z)."""
    image: Array | None
    """uint8 (h, w, c), as the encoder got it; a random face has none."""


def encoded(model: Model, image: Array) -> Face:
    """The face in an image of the model's own size, uint8 (h, w, c)."""
    return Face(vae.encode(model, vae.as_input(model, image)).mu, image)


def head(model: Model, number: Any) -> Face:
    """An example head by number."""
    images = model.examples()
    if not len(images):
        raise BadRequest("The example images of this model are missing: export it again.")
    return encoded(
        model, images[checked_integer(number, 0, len(images) - 1, "The number of a head")]
    )


def photograph(model: Model, path: Any) -> Face:
    """The face in a file that a visitor uploads."""
    channels, side, _ = vae.data_of(model)[1]
    return encoded(model, square(path, side, channels))


def random_z(model: Model, seed: int, temperature: float = 1.0) -> Array:
    """temperature · ε, ε ~ N(0, I), by seed: (k,). At 0 it is the mean face, at 1 a draw from p(z)."""
    rng = np.random.default_rng(seed)
    return np.float32(temperature) * rng.standard_normal(vae.latent_dim(model), np.float32)


def mean_face(model: Model) -> Array:
    """z = 0, the mean of p(z): (k,)."""
    return np.zeros(vae.latent_dim(model), np.float32)


def heads(model: Model) -> Array:
    """The example heads to choose from, uint8 (n, h, w, c): none if they are missing."""
    return model.examples()[:HEADS]


def face(model: Model, number: Any) -> Face:
    """An example head, or a random face: one of FACES."""
    i = checked_integer(number, 0, FACES - 1, "The number of a face")
    return head(model, i) if i < HEADS else Face(random_z(model, i), None)


def first_number(model: Model, number: int) -> int:
    """The number of a face to begin with: that head, or a random face if there is no such head."""
    return number if number < len(heads(model)) else HEADS + number


def marked(model: Model, number: int) -> list[int]:
    """What is marked in the strip of heads for the number of a face."""
    return [int(number)] if 0 <= number < len(heads(model)) else []


def chosen_number(chosen: Any) -> Any:
    """The number of the head that is chosen in a strip, not checked yet."""
    return chosen[0] if isinstance(chosen, list) and len(chosen) == 1 else chosen


def strip_of(model: Model, number: int) -> dict[str, Any]:
    """The strip with the heads of another model."""
    images = parts.thumbnails(heads(model))
    return gr.update(images=controls.data_uris(images), value=marked(model, number))


class Source:
    """Example heads to choose from, a button to upload a photograph, and, if wanted, one for a random face."""

    def __init__(self, model: Model, number: int, elem_id: str, *, random: bool) -> None:
        """Lay them out, with the heads of `model` and the face of this number marked."""
        self.strip = controls.strip(
            parts.thumbnails(heads(model)),
            marked(model, number),
            most=1,
            fewest=1,
            label="A test head, which training did not see",
            elem_id=elem_id,
            noun="Head",
        )
        with gr.Row(elem_classes="faces-buttons"):
            self.random = gr.Button("Random face", size="md", min_width=0, visible=random)
            self.upload = gr.UploadButton(
                "Upload a photo", file_types=PHOTOGRAPHS, size="md", min_width=0
            )


def number_in_address(name: str, number: int, high: int = FACES - 1) -> gr.Number:
    """The number of a face, which nobody sees but the address; what was uploaded is not in it."""
    hidden = gr.Number(number, step=1, label="Face", elem_classes="ll-unseen")
    return address.named(name, hidden, low=0, high=high)


class OneFace(Source):
    """A source whose face is the experiment's only one, and in its address."""

    def __init__(
        self,
        models: Models,
        choice: gr.Dropdown,
        number: int,
        elem_id: str,
        *,
        random: bool,
    ) -> None:
        """Lay it out for the model that is chosen first."""
        self.models, self.choice = models, choice
        first = models[str(choice.value)]
        super().__init__(first, number, elem_id, random=random)
        self.draws = random
        self.number = number_in_address("face", number, FACES - 1 if random else HEADS - 1)

    def then(
        self,
        take: Callable[[Model, Face], Sequence[Any]],
        outputs: Sequence[Any],
        name: str,
    ) -> None:
        """When a face is chosen, `take` gives the `outputs`; `name` begins the events' api_name."""

        @user_facing
        def chosen(number: Any, model: str) -> Any:
            """A face by number: an example head, or the seed of a random face."""
            of = parts.get_model(self.models, model)
            number = chosen_number(number)
            if number == UPLOADED:  # it is shown already
                return gr.skip()
            return [*take(of, face(of, number)), gr.update(value=marked(of, number))]

        @user_facing
        def uploaded(path: str, model: str) -> list[Any]:
            """A photograph: PNG, JPEG or WebP."""
            of = parts.get_model(self.models, model)
            return [*take(of, photograph(of, path)), gr.update(value=[]), UPLOADED]

        @user_facing
        def change(model: str, number: int) -> list[Any]:
            """The same head with another model; after an upload, its first one."""
            of = parts.get_model(self.models, model)
            kept = max(0, number)
            return [*take(of, face(of, kept)), strip_of(of, kept), kept]

        quiet: dict[str, Any] = {"show_progress": "hidden", "trigger_mode": "always_last"}
        self.strip.release(
            None,
            self.strip,
            self.number,
            js="(chosen) => chosen[0]",
            queue=False,
            api_visibility="private",
        )
        self.number.change(
            chosen,
            [self.number, self.choice],
            [*outputs, self.strip],
            api_name=f"{name}_head",
            **quiet,
        )
        self.upload.upload(
            uploaded,
            [self.upload, self.choice],
            [*outputs, self.strip, self.number],
            api_name=f"{name}_upload",
            **quiet,
        )
        self.choice.change(
            change,
            [self.choice, self.number],
            [*outputs, self.strip, self.number],
            api_visibility="private",
            **quiet,
        )
        if self.draws:
            self.random.click(random_number, None, self.number, api_name=f"{name}_random", **quiet)


def random_number() -> int:
    """The seed of a random face."""
    return randrange(HEADS, FACES)
