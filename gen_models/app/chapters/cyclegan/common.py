"""What the experiments with CycleGAN share: the two ways, images in and out, and where an image comes from."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.checks import checked_integer, user_facing
from gen_models.app.shell import address, parts
from gen_models.app.shell.parts import Models
from gen_models.app.upload import square
from gen_models.errors import BadRequest
from gen_models.families import CycleGANFacts, MetricId
from gen_models.runtime import Array, Model, ModelError, from_uint8, to_uint8

GAIN = 4
"""An error map is white where a pixel is off by a quarter of the range or more."""
UPLOADS = 256
"""How many uploaded images are kept, of all visitors together."""
DOMAINS = {"heads-toons": ("heads", "cartoons"), "earth": ("satellite", "map")}
"""What x and y are, of the data sets that have names of their own for them."""
FIRST = 6
"""The test image that is shown first."""
NO_IMAGE = -1
MAX_IMAGES = 100
"""No canvas of test images holds more."""
FILES = [".png", ".jpg", ".jpeg", ".webp"]


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
    def tilde(self) -> str:
        """What comes back."""
        return {"x": "x̃", "y": "ỹ"}[self.s]


WAYS = {way.key: way for way in (Way("x", "y"), Way("y", "x"))}


def is_whole(model: Model) -> bool:
    """Whether it translates both ways."""
    return {"G_xy", "G_yx"} <= model.card.graphs.keys()


def has_cycle(model: Model) -> bool:
    """Whether it was trained with the cycle and identity terms."""
    return cycle_weight(model) != 0


def cycle_weight(model: Model) -> float:
    """λ, the weight of the cycle terms it was trained with."""
    return model.card.facts_as(CycleGANFacts).cycle


def partner(model: Model, models: Models) -> Model | None:
    """The model of the same data and size that differs in having the cycle, or not."""

    def is_one(other: Model) -> bool:
        same_data = model.card.dataset.sha256 == other.card.dataset.sha256
        same_size = model.card.graphs["G_xy"].inputs == other.card.graphs["G_xy"].inputs
        return same_data and same_size and has_cycle(model) != has_cycle(other)

    return next((other for other in models.values() if is_one(other)), None)


def usual(models: Models) -> Model:
    """The model that is shown first: one with the cycle, if there is one."""
    return next(filter(has_cycle, models.values()), next(iter(models.values())))


def domains(model: Model) -> dict[str, str]:
    """What x and y are, in a word: "satellite", or "x" where the data set has no word."""
    x, y = DOMAINS.get(model.card.dataset.recipe, ("x", "y"))
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
# Images: float32 (n, c, h, w) in [0, 1] here, whatever range the ports have
# ---------------------------------------------------------------------------------------------------------------------


def translate(model: Model, s: str, t: str, images: Array) -> Array:
    """Images of domain s in domain t: (n, c, h, w) in [0, 1], both."""
    role = f"G_{s}{t}"
    low, high = model.input(role, s).range or (0, 1)
    made = model(role, **{s: low + (high - low) * images})[t]
    low, high = model.output(role, t).range or (0, 1)
    return (made - low) / (high - low)


def shape(model: Model, s: str) -> tuple[int, int, int]:
    """(c, h, w) of an image of domain s."""
    other = "y" if s == "x" else "x"
    channels, height, width = model.input(f"G_{s}{other}", s).shape[1:]
    return int(channels), int(height), int(width)


def as_input(image: Array) -> Array:
    """Bytes (h, w, c) as (1, c, h, w)."""
    return from_uint8(image[None])


def as_bytes(image: Array) -> Array:
    """(1, c, h, w) as bytes (h, w, c)."""
    return to_uint8(image)[0]


def mean_error(a: Array, b: Array) -> float:
    """Mean |a − b| over colours and pixels: the cycle error, if b is where the round trip began."""
    return float(np.abs(a - b).mean())


def error_map(a: Array, b: Array) -> Array:
    """|a − b| of two images (1, c, h, w), the mean over colours and GAIN times as bright: uint8 (h, w, 1)."""
    return as_bytes(GAIN * np.abs(a - b).mean(axis=1, keepdims=True))


# ---------------------------------------------------------------------------------------------------------------------
# Where an image comes from
# ---------------------------------------------------------------------------------------------------------------------


@cache
def examples(model: Model, s: str) -> Array:
    """Test images of domain s, bytes (n, h, w, c); none if their sheet is missing or damaged."""
    channels, height, width = shape(model, s)
    try:
        return model.sheet(s)[0, ..., :channels]
    except ModelError:
        return np.zeros((0, height, width, channels), np.uint8)


def example(model: Model, way: Way, number: Any) -> Array:
    """An example image by number: (1, c, h, w) in [0, 1]."""
    images = examples(model, way.s)
    if not len(images):
        raise BadRequest("The example images of this model are missing: upload one.")
    return as_input(images[checked_integer(number, 0, len(images) - 1, "The number of an image")])


def truth(model: Model, way: Way, number: int) -> Array | None:
    """The true translation of an example, (1, c, h, w) in [0, 1], for data whose test images are pairs.

    The card says so: it has an error against true pairs, which lie at equal places in both sheets.
    """
    targets = examples(model, way.t)
    paired = parts.metric(model, MetricId.PAIR_ERROR, way.t) is not None
    if not paired or len(targets) != len(examples(model, way.s)):
        return None
    return as_input(targets[number])


class Uploads:
    """The latest images that visitors uploaded, in memory, each under a token that its visitor alone gets.

    A live control asks many times about one image; the token is what it sends instead.
    """

    def __init__(self, limit: int = UPLOADS) -> None:
        self.limit = limit
        self._kept: OrderedDict[str, Array] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, model: Model, way: Way, path: Any) -> str:
        """Read a file as an image for this model, and give its token."""
        channels, side, _ = shape(model, way.s)
        image = as_input(square(path, side, channels))
        token = secrets.token_urlsafe(16)
        with self._lock:
            self._kept[token] = image
            while len(self._kept) > self.limit:
                self._kept.popitem(last=False)
        return token

    def get(self, token: str) -> Array:
        """The image of a token: (1, c, h, w) in [0, 1]."""
        with self._lock:
            if token not in self._kept:
                raise BadRequest("This image is no longer kept: upload it again.")
            return self._kept[token]


def image_of(model: Model, way: Way, image: Any, uploads: Uploads) -> Array:
    """What is translated, by the number of an example or the token of an upload: (1, c, h, w) in [0, 1]."""
    if isinstance(image, str):
        return uploads.get(image)
    return example(model, way, image)


def first_image(model: Model, way: Way) -> int:
    """The number of the image that is shown first; −1 if there is none."""
    n = len(examples(model, way.s))
    return FIRST if n > FIRST else min(0, n - 1)


def names_of(models: Models) -> list[tuple[str, str]]:
    """The models, as a choice takes them: by what they translate, or by their titles if that tells them not apart."""

    def short(model: Model) -> str:
        names = domains(model)
        return f"{names['x']} ⇄ {names['y']}" + ("" if has_cycle(model) else ", without the cycle")

    names = {name: short(model) for name, model in models.items()}
    if len({*names.values()}) < len(names):
        names = {name: model.card.title for name, model in models.items()}
    return [(words, name) for name, words in names.items()]


def ways_of(model: Model) -> list[tuple[str, str]]:
    """The two directions, as a radio takes them."""
    return [(words(model, way), way.key) for way in WAYS.values()]


def chosen_number(chosen: Any) -> int:
    """The number that is chosen in a strip."""
    if not isinstance(chosen, list) or len(chosen) != 1:
        raise BadRequest("Choose one image.")
    return checked_integer(chosen[0], 0, MAX_IMAGES - 1, "The number of an image")


Take = Callable[[Model, Way, int | str], Sequence[Any]]


class Source:
    """A model, a direction, and an image: one of the test images, or an upload."""

    def __init__(self, models: Models, elem_id: str, uploads: Uploads) -> None:
        """Lay out what there is to choose."""
        self.models, self.uploads = models, uploads
        first, way = usual(models), WAYS["xy"]
        number = first_image(first, way)
        choice = gr.Dropdown(
            names_of(models),
            value=first.card.name,
            label="Model",
            visible=len(models) > 1,
            filterable=False,
        )
        self.model = address.named("model", choice)
        self.way = address.named("way", gr.Radio(ways_of(first), value=way.key, label="Direction"))
        self.strip = controls.strip(
            parts.thumbnails(examples(first, way.s)),
            [] if number == NO_IMAGE else [number],
            most=1,
            fewest=1,
            label="A test image, which training did not see",
            elem_id=elem_id,
            noun="Image",
            address="image",
        )
        self.upload = gr.UploadButton("Upload an image", file_types=FILES, size="md")
        self.image = gr.State(number)
        """The number of a test image or the token of an upload; −1 is none."""

    @property
    def inputs(self) -> list[Any]:
        """What an event needs to know what is chosen."""
        return [self.model, self.way, self.image]

    @property
    def changes(self) -> list[Any]:
        """When another model, direction or image is chosen."""
        return [self.model.change, self.way.change, self.image.change]

    def chosen(self, name: Any, key: Any, image: Any) -> tuple[Model, Way, Array | None]:
        """The model, the way and the image (1, c, h, w) of `inputs`; None if there is no image."""
        model, way = parts.get_model(self.models, name), way_of(key)
        x = None if image == NO_IMAGE else image_of(model, way, image, self.uploads)
        return model, way, x

    def then(self, take: Take, outputs: Sequence[Any], name: str = "") -> None:
        """When something is chosen, `take(model, way, image)` gives the `outputs`; `name` begins the endpoints."""

        def began(model: Model, way: Way, chosen: Any) -> list[Any]:
            """The strip of a model and a way, and what follows; the number chosen stays, if there is one."""
            images = examples(model, way.s)
            kept = chosen_number(chosen) if chosen else first_image(model, way)
            image = min(kept, len(images) - 1)
            uris = controls.data_uris(parts.thumbnails(images))
            new = gr.update(images=uris, value=[] if image < 0 else [image])
            return [new, image, *take(model, way, image)]

        @user_facing
        def change(name: str, key: str, chosen: Any) -> list[Any]:
            """The images of another model."""
            model = parts.get_model(self.models, name)
            return [gr.update(choices=ways_of(model)), *began(model, way_of(key), chosen)]

        @user_facing
        def turn(name: str, key: str, chosen: Any) -> list[Any]:
            """The images of the other direction."""
            return began(parts.get_model(self.models, name), way_of(key), chosen)

        @user_facing
        def choose(name: str, key: str, chosen: Any) -> Any:
            """Another test image."""
            model, way, number = (
                parts.get_model(self.models, name),
                way_of(key),
                chosen_number(chosen),
            )
            example(model, way, number)
            return parts.one_or_all([number, *take(model, way, number)])

        @user_facing
        def uploaded(name: str, key: str, path: str) -> list[Any]:
            """A visitor's image: PNG, JPEG or WebP."""
            model, way = parts.get_model(self.models, name), way_of(key)
            token = self.uploads.keep(model, way, path)
            return [gr.update(value=[]), token, *take(model, way, token)]

        def named(what: str) -> dict[str, Any]:
            shown = {"api_name": f"{name}_{what}"} if name else {"api_visibility": "private"}
            return {"show_progress": "hidden", "trigger_mode": "always_last"} | shown

        inputs = [self.model, self.way, self.strip]
        all_of = [self.strip, self.image, *outputs]
        self.model.change(change, inputs, [self.way, *all_of], **named("model"))
        self.way.change(turn, inputs, all_of, **named("way"))
        self.strip.release(choose, inputs, [self.image, *outputs], **named("picture"))
        self.upload.upload(uploaded, [self.model, self.way, self.upload], all_of, **named("upload"))
