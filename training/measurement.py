"""What measuring a model needs, whatever its family: the model with its data, and pictures in batches and sheets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gen_models import cards
from gen_models.cards import Metric, Port
from gen_models.runtime import Array, Model, to_uint8
from training import cli
from training.data import Images, Split, load, to_float


@dataclass(frozen=True)
class Measurement:
    """The model under test, its test split, and how its numbers are written down."""

    model: Model
    command: str

    def pictures(self, split: Split = "test") -> Array:
        """A split of the model's data set, float32 (n, c, h, w) in [0, 1]."""
        return to_float(self.images(split).x).numpy()

    def images(self, split: Split = "test") -> Images:
        """A split of the model's data set, checked to be the one it was trained on."""
        config = self.model.card.config
        data = load(config["data"], split, size=config["size"], channels=config["channels"])
        if data.info.sha256 != self.model.card.dataset.sha256:
            raise cli.UserError(
                f"{config['data']} is not the data set that {self.model.card.name} was trained on."
            )
        return data

    def metric(
        self, value: float, unit: str, n: int, split: str = "test", note: str = ""
    ) -> Metric:
        """A Metric of this model, with its training seed and the command that measures it."""
        seeds = (self.model.card.config["seed"],)
        return Metric(float(value), unit, n, split, seeds, self.command, note)


Result = tuple[dict[str, Metric], Array]


def in_batches(f: Callable[[Array], Array], x: Array, size: int = 256) -> Array:
    """f applied to parts of x along the first axis, and joined."""
    return np.concatenate([f(x[i : i + size]) for i in range(0, len(x), size)])


def features_for(model: Model, sha256: str, picture: Port) -> Model | None:
    """The exported features of the data set of this hash, beside `model`, that can take its pictures, if there are any.

    They can if they have as many channels, and a side that divides the pictures'; of several, the largest.
    """

    def side(one: Model) -> int:
        return int(one.input("features", "x").shape[-1])

    _, channels, height, _ = picture.shape
    found = [
        Model(card, model.folder.parent / card.name)
        for card in cards.discover(model.folder.parent)[0]
        if card.family == "features" and card.dataset.sha256 == sha256
    ]
    able = [
        one
        for one in found
        if one.input("features", "x").shape[1] == channels and int(height) % side(one) == 0
    ]
    return max(able, key=side, default=None)


def features_of(recogniser: Model, x: Array) -> Array:
    """Features (n, k) of pictures (n, c, h, w), averaged down to the side that the recogniser takes."""
    small = int(recogniser.input("features", "x").shape[-1])
    n, c, h, _ = x.shape
    tiles = x.reshape(n, c, small, h // small, small, h // small)
    return recogniser("features", x=tiles.mean((3, 5)))["h"]


def contact_sheet(pictures: Array, columns: int, scale: int = 2) -> Array:
    """Pictures (n, c, h, w) in [0, 1], in rows of `columns`, enlarged by `scale`: uint8 (H, W, c)."""
    tiles = np.pad(to_uint8(pictures), ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=96)
    n, h, w, c = tiles.shape
    grid = tiles.reshape(n // columns, columns, h, w, c).transpose(0, 2, 1, 3, 4)
    return grid.reshape(n // columns * h, columns * w, c).repeat(scale, 0).repeat(scale, 1)


def spread(x: Array, n: int) -> Array:
    """n pictures spread over the whole split."""
    return x[np.linspace(0, len(x) - 1, n).astype(int)]
