"""What the experiments with CycleGAN share: the two ways, pictures in and out, and where a picture comes from."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from gen_models.app import parts
from gen_models.app.checks import checked_integer
from gen_models.app.live import BadRequest
from gen_models.app.parts import Models
from gen_models.app.upload import square
from gen_models.runtime import Array, Model, ModelError, to_uint8

GAIN = 4
"""An error map is white where a pixel is off by a quarter of the range or more."""
UPLOADS = 256
"""How many uploaded pictures are kept, of all visitors together."""
DOMAINS = {"heads-toons": ("heads", "cartoons"), "earth": ("satellite", "map")}
"""What x and y are, of the data sets that have names of their own for them."""


@dataclass(frozen=True)
class Way:
    """One way of translating: from domain s to domain t, and back again."""

    s: str
    t: str

    @property
    def key(self) -> str:
        """Its name in requests: "xy" or "yx"."""
        return self.s + self.t

    @property
    def hat(self) -> str:
        """The translation, as the lecture writes it."""
        return {"x": "x̂", "y": "ŷ"}[self.t]

    @property
    def there(self) -> str:
        """The translation as a formula."""
        return f"G_{self.s}{self.t}({self.s})"

    def back(self, of: str) -> str:
        """The way back as a formula."""
        return f"G_{self.t}{self.s}({of})"


WAYS = {way.key: way for way in (Way("x", "y"), Way("y", "x"))}


def is_whole(model: Model) -> bool:
    """Whether it translates both ways."""
    return {"G_xy", "G_yx"} <= model.card.graphs.keys()


def has_cycle(model: Model) -> bool:
    """Whether it was trained with the cycle and identity terms."""
    return model.card.config.get("cycle") != 0


def partner(model: Model, models: Models) -> Model | None:
    """The model of the same data and size that differs in having the cycle, or not."""

    def is_one(other: Model) -> bool:
        same_data = model.card.config.get("data") == other.card.config.get("data")
        same_size = model.card.graphs["G_xy"].inputs == other.card.graphs["G_xy"].inputs
        return same_data and same_size and has_cycle(model) != has_cycle(other)

    return next((other for other in models.values() if is_one(other)), None)


def usual(models: Models) -> Model:
    """The model that is shown first: one with the cycle, if there is one."""
    return next(filter(has_cycle, models.values()), next(iter(models.values())))


def domains(model: Model) -> dict[str, str]:
    """What x and y are, in a word: "satellite", or "x" where the data set has no word."""
    x, y = DOMAINS.get(model.card.config.get("data", ""), ("x", "y"))
    return {"x": x, "y": y}


def words(model: Model, way: Way) -> str:
    """A way in words: "satellite → map"."""
    names = domains(model)
    return f"{names[way.s]} → {names[way.t]}"


def way_of(key: Any) -> Way:
    """The way called "xy" or "yx"."""
    if not isinstance(key, str) or key not in WAYS:
        raise BadRequest("The way is xy or yx.")
    return WAYS[key]


# ---------------------------------------------------------------------------------------------------------------------
# Pictures: float32 (n, c, h, w) in [0, 1] here, whatever range the ports have
# ---------------------------------------------------------------------------------------------------------------------


def translate(model: Model, s: str, t: str, pictures: Array) -> Array:
    """Pictures of domain s in domain t: (n, c, h, w) in [0, 1], both."""
    role = f"G_{s}{t}"
    low, high = model.input(role, s).range or (0, 1)
    made = model(role, **{s: low + (high - low) * pictures})[t]
    low, high = model.output(role, t).range or (0, 1)
    return (made - low) / (high - low)


def shape(model: Model, s: str) -> tuple[int, int, int]:
    """(c, h, w) of a picture of domain s."""
    other = "y" if s == "x" else "x"
    channels, height, width = model.input(f"G_{s}{other}", s).shape[1:]
    return int(channels), int(height), int(width)


def as_input(image: Array) -> Array:
    """Bytes (h, w, c) as (1, c, h, w)."""
    return image.transpose(2, 0, 1)[None] / np.float32(255)


def as_bytes(picture: Array) -> Array:
    """(1, c, h, w) as bytes (h, w, c)."""
    return to_uint8(picture)[0]


def mean_error(a: Array, b: Array) -> float:
    """Mean |a − b| over colours and pixels: the cycle error, if b is where the round trip began."""
    return float(np.abs(a - b).mean())


def error_map(a: Array, b: Array) -> Array:
    """|a − b| of two pictures (1, c, h, w), the mean over colours and GAIN times as bright: uint8 (h, w, 1)."""
    return as_bytes(GAIN * np.abs(a - b).mean(axis=1, keepdims=True))


# ---------------------------------------------------------------------------------------------------------------------
# Where a picture comes from
# ---------------------------------------------------------------------------------------------------------------------


@cache
def examples(model: Model, s: str) -> Array:
    """Test pictures of domain s, bytes (n, h, w, c); none if their sheet is missing or damaged."""
    channels, height, width = shape(model, s)
    try:
        return model.sheet(s)[0, ..., :channels]
    except ModelError:
        return np.zeros((0, height, width, channels), np.uint8)


def example(model: Model, way: Way, number: Any) -> Array:
    """An example picture by number: (1, c, h, w) in [0, 1]."""
    images = examples(model, way.s)
    if not len(images):
        raise BadRequest("The example pictures of this model are missing: upload one.")
    return as_input(images[checked_integer(number, 0, len(images) - 1, "The number of a picture")])


def truth(model: Model, way: Way, number: int) -> Array | None:
    """The true translation of an example, (1, c, h, w) in [0, 1], for data whose test pictures are pairs.

    The card says so: it has an error against true pairs, which lie at equal places in both sheets.
    """
    targets = examples(model, way.t)
    paired = parts.metric(model, f"error against the true pair/{way.t}") is not None
    if not paired or len(targets) != len(examples(model, way.s)):
        return None
    return as_input(targets[number])


class Uploads:
    """The latest pictures that visitors uploaded, in memory, each under a token that its visitor alone gets.

    A live control asks many times about one picture; the token is what it sends instead.
    """

    def __init__(self, most: int = UPLOADS) -> None:
        self.most = most
        self._kept: OrderedDict[str, Array] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, model: Model, way: Way, path: Any) -> str:
        """Read a file as a picture for this model, and give its token."""
        channels, side, _ = shape(model, way.s)
        picture = as_input(square(path, side, channels))
        token = secrets.token_urlsafe(16)
        with self._lock:
            self._kept[token] = picture
            while len(self._kept) > self.most:
                self._kept.popitem(last=False)
        return token

    def get(self, token: str) -> Array:
        """The picture of a token: (1, c, h, w) in [0, 1]."""
        with self._lock:
            if token not in self._kept:
                raise BadRequest("This picture is no longer kept: upload it again.")
            return self._kept[token]


def source(model: Model, way: Way, picture: Any, uploads: Uploads) -> Array:
    """What is translated, by the number of an example or the token of an upload: (1, c, h, w) in [0, 1]."""
    if isinstance(picture, str):
        return uploads.get(picture)
    return example(model, way, picture)
