"""Autoencoders side by side: which models belong together, and what is computed with them.

Pictures x are float32 (n, c, h, w) in the range of the models' ports, codes z float32 (n, code).
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image

from gen_models.app.drawing import mnist_like
from gen_models.cards import Metric
from gen_models.runtime import Array, Model, to_uint8

KINDS = {"conv": "Autoencoder", "linear": "Linear autoencoder", "pca": "PCA"}
HANDWRITING = ("digits", "mnist")
"""Data sets whose digits were prepared as `drawing.mnist_like` prepares a drawing."""


@dataclass(frozen=True)
class Lineup:
    """Models of one data set, at most one of each kind, to compare at equal code size."""

    name: str
    title: str
    models: dict[str, Model]
    """By kind, in the order of KINDS."""
    shape: tuple[int, ...]
    """(c, h, w) of a picture."""
    range: tuple[float, float]
    """Least and greatest value of a pixel."""
    examples: Array
    """Pictures of the test split, uint8 (n, h, w, c); n is 0 where there is no examples.png."""
    handwriting: bool
    """Whether a drawing can be made to look like these pictures."""

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
        low, high = self.range
        return (low + (high - low) / 255 * images.transpose(0, 3, 1, 2)).astype(np.float32)

    def to_uint8(self, x: Array) -> Array:
        """The way back: x to uint8 (n, h, w, c). PCA leaves the range at times; what lies outside is clipped."""
        return to_uint8(x, self.range)

    def seen(self, image: Array) -> Array:
        """What the encoder sees of a sheet, uint8 (h, w) or (h, w, c): x of one picture.

        A picture of the data's own size is taken as it is. A drawing of any other size is centred and scaled as
        MNIST's digits were, or only scaled where the data are no digits.

        Raises:
            ValueError: an empty sheet, or a drawing for pictures in colour; one sentence.
        """
        channels, height, width = self.shape
        if (*image.shape, 1)[:3] == (height, width, channels):
            return self.from_uint8(image.reshape(1, height, width, channels))
        if channels != 1:
            raise ValueError(
                "These pictures have colour and a drawing has none: choose an example."
            )
        if self.handwriting:
            return self.from_uint8(255 * mnist_like(image)[None, :, :, None])
        small = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR)
        return self.from_uint8(np.asarray(small)[None, :, :, None])

    def metric(self, kind: str, key: str) -> Metric | None:
        """A number from the card of one kind."""
        return self.models[kind].card.metrics.get(key) if kind in self.models else None


def lineups(models: Iterable[Model]) -> dict[str, Lineup]:
    """Put side by side, by name, what was trained on the same data; two models of a kind give two line-ups.

    Those with the most code sizes come first.
    """
    same_data: dict[tuple, dict[str, list[Model]]] = {}
    for model in models:
        kind = model.card.config.get("kind")
        if kind in KINDS and (codes := code_sizes(model)):
            x = model.input(f"encoder_{codes[0]}", "x")
            key = (model.card.dataset.sha256, x.shape[1:], x.range or (0.0, 1.0))
            same_data.setdefault(key, {}).setdefault(kind, []).append(model)

    teams = []
    for (_, shape, low_high), by_kind in same_data.items():
        kinds = [kind for kind in KINDS if kind in by_kind]
        members = itertools.product(*(by_kind[kind] for kind in kinds))
        teams += [(dict(zip(kinds, each, strict=True)), shape, low_high) for each in members]

    made = {}
    first = [next(iter(team.values())) for team, _, _ in teams]
    times = Counter(model.card.dataset.name for model in first)
    for model, (team, shape, low_high) in zip(first, teams, strict=True):
        data = model.card.dataset
        names = ", ".join(member.card.name for member in team.values())
        which = "" if times[data.name] == 1 else f" ({names})"
        made[data.name + which] = Lineup(
            name=data.name + which,
            title=data.title + which,
            models=team,
            shape=shape,
            range=low_high,
            examples=max((member.examples() for member in team.values()), key=len),
            handwriting=data.name in HANDWRITING and shape == (1, 28, 28),
        )
    return dict(sorted(made.items(), key=lambda item: -len(item[1].codes)))


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
    """‖x − y‖² of each picture, (n,)."""
    return ((x - y) ** 2).sum((1, 2, 3))


def between(model: Model, code: int, ends: Array, t: float) -> tuple[Array, float]:
    """A picture on the way between two, through their codes, and how far the way bends there.

    Args:
        model: with this code size.
        code: size of the code.
        ends: two pictures, (2, c, h, w).
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
    """n codes z from the Gaussian fitted to the codes of the training pictures; the noise of `random_codes`."""
    return model(f"gaussian_{code}", eps=_noise(code, seed, n))["z"]


def code_error(model: Model, code: int, z: Array, x: Array) -> float:
    """How badly E finds the codes z again in the pictures x = D(z): median ‖z − E(x)‖² over the codes' variance.

    The variance is that of the Gaussian fitted to the training pictures' codes, summed over dimensions. The median,
    because a few codes of small size come back from very far away.
    """
    lost = np.median(((z - encode(model, code, x)) ** 2).sum(1))
    units = np.concatenate([np.zeros((1, code)), np.eye(code)])
    mean, *ends = model(f"gaussian_{code}", eps=units)[
        "z"
    ]  # m, then m + each column of L, L Lᵀ = Σ
    return float(lost / ((np.stack(ends) - mean) ** 2).sum())


def _noise(code: int, seed: int, n: int) -> Array:
    return np.random.default_rng(seed).standard_normal((n, code), dtype=np.float32)


def error_table(lineup: Lineup) -> list[dict[str, float | None]]:
    """For each code size, from the cards: squared error on the test split by kind, "ratio" and "angle".

    "ratio" is the autoencoder's error over PCA's; "angle" the largest principal angle in degrees between the
    subspaces of the linear autoencoder and of PCA. None where a card has no such number.
    """

    def value(kind: str, key: str) -> float | None:
        metric = lineup.metric(kind, key)
        return metric.value if metric else None

    rows = []
    for code in lineup.codes:
        row: dict[str, float | None] = {"code": code}
        row |= {kind: value(kind, f"squared error/{code}") for kind in KINDS}
        row["ratio"] = ratio(row["conv"], row["pca"])
        row["angle"] = value("linear", f"largest principal angle to PCA/{code}")
        rows.append(row)
    return rows


def ratio(a: float | None, b: float | None) -> float | None:
    """a / b where both are known and b is not zero."""
    return a / b if a is not None and b else None
