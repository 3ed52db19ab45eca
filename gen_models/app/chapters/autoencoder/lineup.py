"""Autoencoders side by side: which models belong together, and what is computed with them.

Images x are float32 (n, c, h, w) in the range of the models' ports, codes z float32 (n, code).
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image

from gen_models.app.controls.drawing import mnist_like
from gen_models.cards import Dataset, Metric
from gen_models.errors import BadRequest
from gen_models.families import AutoencoderFacts, AutoencoderKind, Likelihood, MetricId, VAEFacts
from gen_models.runtime import Array, Model, from_uint8, to_uint8

KINDS = {"conv": "Autoencoder", "linear": "Linear autoencoder", "pca": "PCA"}
SOURCES = {"noise": "random z", "gaussian": "fitted Gaussian", "vae": "VAE"}
"""Where the z of a sample comes from."""
HANDWRITING = ("digits", "mnist")
"""Data sets whose digits were prepared as `drawing.mnist_like` prepares a drawing."""


@dataclass(frozen=True)
class Lineup:
    """Models of one data set, at most one of each kind, to compare at equal code size."""

    name: str
    title: str
    models: dict[str, Model]
    """By kind, in the order of KINDS."""
    vaes: dict[int, Model]
    """A VAE with β = 1 for some sizes of z. One in the layers of the autoencoder comes before any other."""
    shape: tuple[int, ...]
    """(c, h, w) of an image."""
    range: tuple[float, float]
    """Least and greatest value of a pixel."""
    examples: Array
    """Images of the test split, uint8 (n, h, w, c); n is 0 where there is no examples.png."""
    handwriting: bool
    """Whether a drawing can be made to look like these images."""

    @property
    def dataset(self) -> Dataset:
        """What the models were trained on."""
        return next(iter(self.models.values())).card.dataset

    @cached_property
    def codes(self) -> list[int]:
        """Every code size that at least one of the models has, ascending."""
        return sorted({code for model in self.models.values() for code in code_sizes(model)})

    def at(self, code: int) -> dict[str, Model]:
        """The models that have this code size, by kind."""
        return {kind: model for kind, model in self.models.items() if code in code_sizes(model)}

    def x(self, examples: Sequence[int]) -> Array:
        """Some of the examples, by number."""
        return self.from_uint8(self.examples[list(examples)])

    def from_uint8(self, images: Array) -> Array:
        """uint8 (n, h, w, c) to x."""
        return from_uint8(images, self.range)

    def to_uint8(self, x: Array) -> Array:
        """The way back: x to uint8 (n, h, w, c). PCA leaves the range at times; what lies outside is clipped."""
        return to_uint8(x, self.range)

    def seen(self, image: Array) -> Array:
        """What the encoder sees of a canvas, uint8 (h, w) or (h, w, c): x of one image.

        An image of the data's own size is taken as it is. A drawing of any other size is centred and scaled as
        MNIST's digits were, or only scaled where the data are no digits.

        Raises:
            BadRequest: an empty canvas, or a drawing for images in colour; one sentence.
        """
        channels, height, width = self.shape
        if (*image.shape, 1)[:3] == (height, width, channels):
            return self.from_uint8(image.reshape(1, height, width, channels))
        if channels != 1:
            raise BadRequest("These images have colour and a drawing has none: choose an example.")
        if self.handwriting:
            return self.from_uint8(mnist_like(image)[None, :, :, None])
        small = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR)
        return self.from_uint8(np.asarray(small)[None, :, :, None])

    def vae_is_alike(self, code: int) -> bool:
        """Whether the VAE of this size has the layers of the autoencoder."""
        return self.vaes[code].card.family == "autoencoder"

    def vae_samples(self, code: int, z: Array) -> Array:
        """x for z (n, code), by the VAE of this size."""
        role = f"decoder_{code}" if self.vae_is_alike(code) else "decoder"
        return self.vaes[code](role, z=z)["x"]

    def metric(self, kind: str, metric: MetricId, *variant: object) -> Metric | None:
        """A number from the card of one kind, such as that of a code size."""
        return self.models[kind].card.metric(metric, *variant) if kind in self.models else None


def lineups(models: Iterable[Model]) -> dict[str, Lineup]:
    """Put side by side, by name, what was trained on the same data; two models of a kind give two line-ups.

    Those with the most code sizes come first.
    """
    same_data: dict[tuple, dict[str, list[Model]]] = {}
    vaes: dict[tuple, dict[int, Model]] = {}
    for model in sorted(models, key=_first_of_vaes):
        if model.card.family == "vae":
            k = int(model.input("decoder", "z").shape[1])
            vaes.setdefault(_images_of(model, "encoder"), {}).setdefault(k, model)
        elif model.card.family == "autoencoder" and (codes := code_sizes(model)):
            key, kind = _images_of(model, f"encoder_{codes[0]}"), _kind(model)
            if kind is AutoencoderKind.VAE:
                for k in codes:
                    vaes.setdefault(key, {}).setdefault(k, model)
            else:
                same_data.setdefault(key, {}).setdefault(kind, []).append(model)

    teams = []
    for key, by_kind in same_data.items():
        kinds = [kind for kind in KINDS if kind in by_kind]
        members = itertools.product(*(by_kind[kind] for kind in kinds))
        teams += [(dict(zip(kinds, each, strict=True)), key) for each in members]

    made = {}
    first = [next(iter(team.values())) for team, _ in teams]
    times = Counter(model.card.dataset.name for model in first)
    for model, (team, key) in zip(first, teams, strict=True):
        _, shape, low_high = key
        data = model.card.dataset
        names = ", ".join(member.card.name for member in team.values())
        which = "" if times[data.name] == 1 else f" ({names})"
        made[data.name + which] = Lineup(
            name=data.name + which,
            title=data.title + which,
            models=team,
            vaes=vaes.get(key, {}),
            shape=shape,
            range=low_high,
            examples=max((member.examples() for member in team.values()), key=len),
            handwriting=data.name in HANDWRITING and shape == (1, 28, 28),
        )
    return dict(sorted(made.items(), key=lambda item: -len(item[1].codes)))


def _images_of(model: Model, encoder: str) -> tuple:
    """What models must have in common to stand side by side: the data, (c, h, w), and the range of a pixel."""
    x = model.input(encoder, "x")
    return model.card.dataset.sha256, x.shape[1:], x.range or (0.0, 1.0)


def _kind(model: Model) -> AutoencoderKind:
    return model.card.facts_as(AutoencoderFacts).kind


def _first_of_vaes(model: Model) -> tuple[bool, bool]:
    """Sorts the VAEs in the autoencoder's layers before others, and of those the Bernoulli before the Normal."""
    if model.card.family != "vae":
        return False, False
    return True, model.card.facts_as(VAEFacts).likelihood is not Likelihood.BERNOULLI


def code_sizes(model: Model) -> list[int]:
    """The K for which there is an encoder_K and a decoder_K, ascending."""
    graphs = model.card.graphs
    sizes = (role.removeprefix("encoder_") for role in graphs if role.startswith("encoder_"))
    return sorted(int(k) for k in sizes if k.isdecimal() and f"decoder_{k}" in graphs)


def encode(model: Model, code: int, x: Array) -> Array:
    """z = E(x)."""
    return model(f"encoder_{code}", x=x)["z"]


def decode(model: Model, code: int, z: Array) -> Array:
    """x̂ = D(z)."""
    return model(f"decoder_{code}", z=z)["x"]


def reconstruct(model: Model, code: int, x: Array) -> Array:
    """x̂ = D(E(x))."""
    return decode(model, code, encode(model, code, x))


def squared_error(x: Array, y: Array) -> Array:
    """‖x − y‖² of each image, (n,)."""
    return ((x - y) ** 2).sum((1, 2, 3))


def between(model: Model, code: int, ends: Array, t: float) -> tuple[Array, float]:
    """An image on the way between two, through their codes, and how far the way bends there.

    Args:
        model: with this code size.
        code: size of the code.
        ends: two images, (2, c, h, w).
        t: 0 at the first, 1 at the second.

    Returns:
        D((1 − t) z_0 + t z_1), (1, c, h, w), and its squared distance from the cross-fade of the same two
        reconstructions, (1 − t) D(z_0) + t D(z_1): zero for an affine D.
    """
    z = encode(model, code, ends)
    x = decode(model, code, np.stack([z[0], z[1], (1 - t) * z[0] + t * z[1]]))
    fade = (1 - t) * x[:1] + t * x[1:2]
    return x[2:], float(squared_error(x[2:], fade)[0])


def random_codes(code: int, seed: int, spread: float, n: int) -> Array:
    """n codes z ~ N(0, spread² I)."""
    return np.float32(spread) * _noise(code, seed, n)


def fitted_codes(model: Model, code: int, seed: int, n: int) -> Array:
    """n codes z from the Gaussian fitted to the codes of the training images; the noise of `random_codes`."""
    return model(f"gaussian_{code}", eps=_noise(code, seed, n))["z"]


def _noise(code: int, seed: int, n: int) -> Array:
    return np.random.default_rng(seed).standard_normal((n, code), dtype=np.float32)


def error_table(lineup: Lineup) -> list[dict[str, float | None]]:
    """For each code size, from the cards: squared error on the test split by kind, "ratio" and "angle".

    "ratio" is the autoencoder's error over PCA's; "angle" the largest principal angle in degrees between the
    subspaces of the linear autoencoder and of PCA. None where a card has no such number.
    """

    def value(kind: str, metric: MetricId, code: int) -> float | None:
        found = lineup.metric(kind, metric, code)
        return found.value if found else None

    rows = []
    for code in lineup.codes:
        row: dict[str, float | None] = {"code": code}
        row |= {kind: value(kind, MetricId.SQUARED_ERROR, code) for kind in KINDS}
        row["ratio"] = ratio(row["conv"], row["pca"])
        row["angle"] = value("linear", MetricId.PRINCIPAL_ANGLE, code)
        rows.append(row)
    return rows


def ratio(a: float | None, b: float | None) -> float | None:
    """a / b where both are known and b is not zero."""
    return a / b if a is not None and b else None


def sample_table(lineup: Lineup) -> list[dict[str, float | None]]:
    """How near samples come to images, for each size of a code, from the cards.

    "distance-noise" is the Fréchet distance of samples with z ~ N(0, I), "distance-gaussian" of those with z from the
    fitted Gaussian, "distance-vae" of the VAE's; "share-noise" and so on, the shares that are recognised with
    p > 0.95. None where a card has no such number.
    """
    ids = {"distance": MetricId.FRECHET_DISTANCE, "share": MetricId.RECOGNISED}

    def value(name: str, source: str, code: int) -> float | None:
        if source != "vae":
            found = lineup.metric("conv", ids[name], source, code)
        elif code not in lineup.vaes:
            return None
        else:
            variant = ("noise", code) if lineup.vae_is_alike(code) else ()
            found = lineup.vaes[code].card.metric(ids[name], *variant)
        return found.value if found else None

    return [
        {"code": code}
        | {f"{name}-{source}": value(name, source, code) for name in ids for source in SOURCES}
        for code in lineup.codes
    ]
