"""What the experiments with faces share: attributes, and where a face comes from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from gen_models.app import choices, parts
from gen_models.app.checks import checked_integer, spoken
from gen_models.app.live import BadRequest
from gen_models.app.tabs.vae import common as vae
from gen_models.app.upload import square
from gen_models.runtime import Array, Model

Models = dict[str, Model]

HEADS = 24
"""How many example heads there are to choose from."""
THUMBNAIL = 40
"""Pixels of one of them in the strip."""
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
    auc = parts.metric(model, f"separation/{attribute}")
    return "AUC not measured" if auc is None else f"AUC {auc:.2f}"


# ---------------------------------------------------------------------------------------------------------------------
# Faces
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Face:
    """A face to begin with."""

    z: Array
    """(k,): the mean of q(z|x), or a draw from p(z)."""
    picture: Array | None
    """uint8 (h, w, c), as the encoder got it; a random face has none."""


def encoded(model: Model, picture: Array) -> Face:
    """The face in a picture of the model's own size, uint8 (h, w, c)."""
    return Face(vae.encode(model, vae.as_input(model, picture)).mu, picture)


def head(model: Model, number: Any) -> Face:
    """An example head by number."""
    images = model.examples()
    if not len(images):
        raise BadRequest("The example pictures of this model are missing: export it again.")
    return encoded(
        model, images[checked_integer(number, 0, len(images) - 1, "The number of a head")]
    )


def photograph(model: Model, path: Any) -> Face:
    """The face in a file that a visitor uploads."""
    channels, side, _ = vae.data_of(model)[1]
    return encoded(model, square(path, side, channels))


def random_z(model: Model, seed: int | None = None, warmth: float = 1.0) -> Array:
    """warmth · ε, ε ~ N(0, I), by seed or anew: (k,). A warmth of 0 is the mean face, of 1 a draw from p(z)."""
    rng = np.random.default_rng(seed)
    return np.float32(warmth) * rng.standard_normal(vae.latent_dim(model), np.float32)


def mean_face(model: Model) -> Array:
    """z = 0, the mean of p(z): (k,)."""
    return np.zeros(vae.latent_dim(model), np.float32)


def first_face(model: Model) -> Face:
    """The first example head, or the mean face if there are no examples."""
    return head(model, 0) if len(model.examples()) else Face(mean_face(model), None)


def thumbnails(images: Array) -> Array:
    """Pictures uint8 (n, h, w, c) at the size of a strip: none of them larger than THUMBNAIL."""
    n, height, width, channels = images.shape
    if max(height, width) <= THUMBNAIL:
        return images
    size = (THUMBNAIL, THUMBNAIL)
    small = [
        np.asarray(Image.fromarray(parts.plain(image)).resize(size, Image.Resampling.LANCZOS))
        for image in images
    ]
    return np.stack(small).reshape(n, *size, channels)


class Source:
    """Example heads to choose from, a button to upload a photograph, and, if wanted, one for a random face."""

    def __init__(self, model: Model, elem_id: str, *, random: bool) -> None:
        self.model = model
        heads = thumbnails(model.examples()[:HEADS])
        self.strip = choices.thumbnails(
            heads,
            0 if len(heads) else -1,
            label="A test head, which training did not see" if len(heads) else "",
            key="head",
            targets=[],
            elem_id=elem_id,
        )
        with gr.Row():
            self.upload = gr.UploadButton(
                "Upload a photo", file_types=PHOTOGRAPHS, size="md", min_width=170
            )
            self.random = gr.Button("Random face", size="md", min_width=170) if random else None

    def then(
        self,
        take: Callable[..., Sequence[Any]],
        inputs: Sequence[Any],
        outputs: Sequence[Any],
        name: str,
    ) -> None:
        """When a face is chosen: `take(face, *inputs)` gives the `outputs`. `name` begins the events' api_name."""

        @spoken
        def example(number: Any, *values: Any) -> Any:
            """An example head, by number."""
            return parts.one_or_all([*take(head(self.model, number), *values)])

        @spoken
        def uploaded(path: str, *values: Any) -> list[Any]:
            """A photograph: PNG, JPEG or WebP."""
            return [*take(photograph(self.model, path), *values), -1]

        @spoken
        def drawn(*values: Any) -> list[Any]:
            """A z drawn from p(z)."""
            return [*take(Face(random_z(self.model), None), *values), -1]

        quiet: dict[str, Any] = {"show_progress": "hidden"}
        self.strip.select(
            example, [self.strip, *inputs], [*outputs], api_name=f"{name}_head", **quiet
        )
        self.upload.upload(
            uploaded,
            [self.upload, *inputs],
            [*outputs, self.strip],
            api_name=f"{name}_upload",
            **quiet,
        )
        if self.random:
            self.random.click(
                drawn, [*inputs], [*outputs, self.strip], api_name=f"{name}_random", **quiet
            )
