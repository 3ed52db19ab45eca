"""What the experiments with GANs share: which models belong together, and images from z."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Models
from gen_models.app.checks import SEEDS, checked_integer
from gen_models.app.shell import address
from gen_models.app.shell.parts import format_number, markdown
from gen_models.cards import Card
from gen_models.errors import BadRequest
from gen_models.families import CLASS, GANFacts, GANRecipe, MetricId, VAEFacts
from gen_models.runtime import Array, Model, from_uint8, to_uint8

STRIP = 12
"""Samples in a strip to choose from."""


def generators(models: Models) -> Models:
    """Those that make images from z, and from a class if they are told one."""
    return {
        name: model
        for name, model in models.items()
        if model.card.family == "gan" and "generator" in model.card.graphs
    }


def is_lecture(card: Card) -> bool:
    """Whether it was trained by the lecture's own recipe, DCGAN, rather than by today's."""
    return card.facts_as(GANFacts).recipe is GANRecipe.DCGAN


def are_missing(made: Models) -> bool:
    """Whether there is no generator; if so, say it on the page."""
    if not made:
        markdown("There is no generator yet. Make one with `python -m training.gan`.")
    return not made


def default(models: Models) -> Model:
    """The generator to begin with: told no class, today's recipe, the largest images."""

    def order(model: Model) -> tuple[bool, bool, int]:
        return bool(model.card.classes), is_lecture(model.card), -shape_of(model)[-1]

    return min(models.values(), key=order)


def shape_of(model: Model) -> tuple[int, int, int]:
    """(c, h, w) of the generator's images."""
    c, h, w = (int(n) for n in model.output("generator", "x").shape[1:])
    return c, h, w


def latent_dim(model: Model) -> int:
    """k, the size of z."""
    return int(model.input("generator", "z").shape[1])


def draw(model: Model, seed: int, n: int) -> Array:
    """n times z ~ N(0, I): (n, k)."""
    return np.random.default_rng(seed).standard_normal((n, latent_dim(model)), np.float32)


def told(model: Model, label: str, n: int) -> dict[str, Array]:
    """The class of each of n samples, or each in turn for "", for a generator that is told one."""
    model = model.told(label)
    return {CLASS: model.one_hot(label, n)} if model.card.classes else {}


def generate(model: Model, z: Array, **told: Array) -> Array:
    """Images of z (n, k), and of as many classes: float32 (n, c, h, w)."""
    return model("generator", z=z, **told)["x"]


def as_bytes(model: Model, x: Array) -> Array:
    """Images (n, c, h, w) of the generator's range as bytes (n, h, w, c)."""
    return to_uint8(x, model.output("generator", "x").range or (0, 1))


def as_floats(model: Model, images: Array) -> Array:
    """The inverse."""
    return from_uint8(images, model.output("generator", "x").range or (0, 1))


def images(model: Model, z: Array, **told: Array) -> Array:
    """The same in bytes (n, h, w, c)."""
    return as_bytes(model, generate(model, z, **told))


def same_data(model: Model, models: Models) -> list[Model]:
    """The generators of the same images, today's recipe first, told no class before told one, `model` among them."""
    alike = [
        other
        for other in generators(models).values()
        if other.card.dataset.sha256 == model.card.dataset.sha256
        and shape_of(other) == shape_of(model)
    ]
    return sorted(alike, key=lambda other: (is_lecture(other.card), bool(other.card.classes)))


def vae_of(model: Model, models: Models) -> Model | None:
    """A VAE of the same data set, with β = 1 and the largest z if there are several."""
    alike = [
        other
        for other in models.values()
        if other.card.family == "vae"
        and {"encoder", "decoder"} <= other.card.graphs.keys()
        and other.card.dataset.name == model.card.dataset.name
        and other.input("encoder", "x").shape[1] == shape_of(model)[0]
    ]

    def rank(vae: Model) -> tuple[bool, bool, int]:
        facts, size = vae.card.facts_as(VAEFacts), int(vae.input("decoder", "z").shape[1])
        return facts.beta != 1, facts.binarized, -size

    return min(alike, key=rank, default=None)


# ---------------------------------------------------------------------------------------------------------------------
# Nearest training images
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Search:
    """Training images, found by their features."""

    model: Model

    @property
    def bank(self) -> Array:
        """The training images that are searched: bytes (n, h, w, c)."""
        return _bank(self.model)

    def nearest(self, images: Array) -> tuple[Array, Array]:
        """(n, 6) numbers of the nearest training images and their distances, for bytes (n, h, w, c)."""
        x = from_uint8(images, self.model.input("features", "x").range or (0, 1))
        found = self.model("neighbours", h=self.model("features", x=x)["h"])
        return found["index"].astype(int), found["distance"]

    def mean_pairwise_distance(self, images: Array) -> float:
        """Mean distance of features between two different ones of bytes (n, h, w, c), n >= 2."""
        x = from_uint8(images, self.model.input("features", "x").range or (0, 1))
        h = self.model("features", x=x)["h"]
        n = len(h)
        return float(np.linalg.norm(h[:, None] - h, axis=-1).sum() / (n * (n - 1)))

    @property
    def typical(self) -> float:
        """How far a training image is from the nearest other one: the median over 64."""
        return _typical_of(self.model)


@cache
def _bank(model: Model) -> Array:
    tiles = model.sheet("bank")
    return tiles.reshape(-1, *tiles.shape[2:])


@cache
def _typical_of(model: Model) -> float:
    search = Search(model)
    chosen = np.linspace(0, len(search.bank) - 1, min(64, len(search.bank))).astype(int)
    index, distance = search.nearest(search.bank[chosen])
    others = np.where(index == chosen[:, None], np.inf, distance)
    return float(np.median(others.min(axis=1)))


def search_for(model: Model, models: Models) -> Search | None:
    """The search in a generator's training images, or None if there is no model of their features."""
    for other in models.values():
        if (
            other.card.family == "features"
            and {"features", "neighbours"} <= other.card.graphs.keys()
            and "bank" in other.card.sheets
            and other.card.dataset.sha256 == model.card.dataset.sha256
            and tuple(other.input("features", "x").shape[1:]) == shape_of(model)
        ):
            return Search(other)
    return None


# ---------------------------------------------------------------------------------------------------------------------
# Words
# ---------------------------------------------------------------------------------------------------------------------


def measured(model: Model, metric: MetricId, decimals: int = 2) -> str:
    """A number of the card, or a dash."""
    found = model.card.metric(metric)
    return "–" if found is None else format_number(found.value, decimals)


def checked_numbers(value: Any, least: int, most: int, what: str) -> list[int]:
    """A list of `least` to `most` different numbers of samples in a strip."""
    if not isinstance(value, list | tuple) or not least <= len(value) <= most:
        many = f"{least} to {most}" if least < most else str(least)
        raise BadRequest(f"{what} takes {many} of the samples.")
    numbers = [checked_integer(v, 0, STRIP - 1, "The number of a sample") for v in value]
    if len(set(numbers)) < len(numbers):
        raise BadRequest(f"{what} takes each sample once.")
    return numbers


def png(images: Array, columns: int) -> str:
    """Images (n, h, w, c) in rows, as a PNG in a data: URI."""
    return controls.data_uri(controls.grid(images, columns))


def seed_field() -> gr.Number:
    """The seed of the samples, from 0 to 999 by its button and any other by hand."""
    # Without Gradio's bounds, so that `checked_seed` can say what is wrong in one sentence.
    return address.named("seed", gr.Number(0, label="Seed", step=1), low=0, high=SEEDS - 1)
