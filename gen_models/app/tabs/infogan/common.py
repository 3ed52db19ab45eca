"""What the experiments with InfoGANs share: codes in, pictures out, and codes read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from gen_models.app import drawing
from gen_models.app.checks import checked_number
from gen_models.app.live import BadRequest
from gen_models.app.parts import metric
from gen_models.cards import Port
from gen_models.runtime import Array, Model, to_uint8

UNIT = (0.0, 1.0)
BEYOND = 2.0
"""Sliders go this many times as far as the codes did in training."""

# ---------------------------------------------------------------------------------------------------------------------
# The codes
# ---------------------------------------------------------------------------------------------------------------------


def is_whole(model: Model) -> bool:
    """Whether it has a generator that takes both kinds of codes, and a recogniser that reads them."""

    def names(role: str, side: str) -> set[str]:
        graph = model.card.graphs.get(role)
        return set() if graph is None else {port.name for port in getattr(graph, side)}

    codes = {"category", "continuous"}
    return codes | {"z"} <= names("generator", "inputs") and codes <= names("recogniser", "outputs")


def width(port: Port) -> int:
    """Numbers in a row of a port (batch, n)."""
    return int(port.shape[1])


def categories(model: Model) -> int:
    """K, how many values the category c₁ has."""
    return width(model.input("generator", "category"))


def continuous(model: Model) -> int:
    """How many continuous codes there are."""
    return width(model.input("generator", "continuous"))


def trained_range(model: Model) -> tuple[float, float]:
    """Between which numbers the continuous codes were drawn, uniformly, in training."""
    return model.input("generator", "continuous").range or (-1.0, 1.0)


def interval(model: Model) -> str:
    """That range in words: "[−1, 1]"."""
    return "[{:g}, {:g}]".format(*trained_range(model)).replace("-", "−")


def slider_range(model: Model) -> tuple[float, float]:
    """How far the sliders go: twice as far as training did."""
    low, high = trained_range(model)
    middle, half = (low + high) / 2, (high - low) / 2
    return middle - BEYOND * half, middle + BEYOND * half


def code_name(i: int) -> str:
    """The name of continuous code i, from c₂ on, as in Chen et al. (2016), whose c₁ is the category."""
    return "c" + str(i + 2).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def digit_of(model: Model, category: int) -> int | None:
    """The digit that a category was matched with afterwards, on labelled test pictures; None if it was not."""
    value = metric(model, f"digit of category/{category}")
    return None if value is None else round(value)


def shown(model: Model) -> dict[int, int]:
    """What stands on the page for each category: {number: category}, in the order of the numbers.

    The number is the matched digit, if every category has one of its own, and otherwise the category itself.
    """
    every = range(categories(model))
    digits = {digit: j for j in every if (digit := digit_of(model, j)) is not None}
    return dict(sorted(digits.items())) if len(digits) == len(every) else {j: j for j in every}


def is_matched(model: Model) -> bool:
    """Whether the numbers on the page are digits."""
    return all(digit_of(model, j) is not None for j in range(categories(model)))


def title_of(model: Model, category: int) -> str:
    """A category in words."""
    digit = digit_of(model, category)
    matched = "" if digit is None else f", matched with digit {digit}"
    return f"category {category} of 0 to {categories(model) - 1}{matched}"


def shown_category(model: Model, number: Any) -> int:
    """The category for which a number stands on the page."""
    found = shown(model)
    if isinstance(number, bool) or not isinstance(number, int | float) or number not in found:
        raise BadRequest("There is no category of this number.")
    return found[int(number)]


def one_hot(model: Model, chosen: Sequence[int] | Array) -> Array:
    """float32 (n, K) from categories (n,)."""
    return np.eye(categories(model), dtype=np.float32)[np.asarray(chosen, int)]


def checked_codes(model: Model, value: Any, n: int | None = None) -> Array:
    """float32 (n,) from a list of n continuous codes, each as far as the sliders go; n is all of them if not given."""
    n = continuous(model) if n is None else n
    if not isinstance(value, list | tuple) or len(value) != n:
        raise BadRequest(f"The continuous codes are a list of {n} number{'s' * (n != 1)}.")
    low, high = slider_range(model)
    return np.array([checked_number(v, low, high, "A continuous code") for v in value], np.float32)


# ---------------------------------------------------------------------------------------------------------------------
# Pictures, and what Q reads
# ---------------------------------------------------------------------------------------------------------------------


def draw_z(model: Model, seed: int, n: int = 1) -> Array:
    """n times the noise z ~ N(0, I), one seed, one result: float32 (n, k)."""
    size = width(model.input("generator", "z"))
    return np.random.default_rng(seed).standard_normal((n, size), np.float32)


def generate(model: Model, z: Array, chosen: Sequence[int] | Array, codes: Array) -> Array:
    """G(z, c): (n, c, h, w), for z (n, k), categories (n,) and continuous codes (n, m)."""
    return model("generator", z=z, category=one_hot(model, chosen), continuous=codes)["x"]


def as_bytes(model: Model, x: Array) -> Array:
    """Pictures (n, c, h, w) of the generator as bytes (n, h, w, c)."""
    return to_uint8(x, model.output("generator", "x").range or UNIT)


@dataclass(frozen=True)
class Reading:
    """Q(c|x) for n pictures."""

    shares: Array
    """Probabilities of the categories, (n, K)."""
    mean: Array
    """Means of the continuous codes, (n, m)."""
    sigma: Array | None
    """Their standard deviations, (n, m); None if the graph does not give them."""

    @property
    def category(self) -> Array:
        """The likeliest category, (n,)."""
        return self.shares.argmax(1)


def read(model: Model, x: Array) -> Reading:
    """What Q reads from pictures (n, c, h, w)."""
    q = model("recogniser", x=x)
    sigma = q.get("sigma")
    if sigma is not None:
        sigma = np.broadcast_to(sigma.reshape(-1, sigma.shape[-1]), q["continuous"].shape)
    return Reading(q["category"], q["continuous"], sigma)


def on_page(model: Model, values: Array) -> list[float]:
    """Numbers by category, (K,), in the order of the page."""
    return [float(values[j]) for j in shown(model).values()]


def as_input(model: Model, image: Array) -> Array:
    """A drawing or an example as Q takes it: float32 (1, c, h, w) in the range of its port.

    A picture of Q's own size is taken as it is; a drawing is centred and scaled as MNIST's digits were.

    Args:
        model: whose recogniser.
        image: uint8 (h, w) or (h, w, c).

    Raises:
        BadRequest: the sheet is empty, or Q takes coloured pictures.
    """
    port = model.input("recogniser", "x")
    c, h, w = (int(n) for n in port.shape[1:])
    image = image[..., None] if image.ndim == 2 else image
    if image.shape == (h, w, c):
        grey = image.astype(np.float32) / 255
    elif not image.any():
        raise BadRequest("The sheet is empty: draw a digit, or choose an example.")
    elif c != 1:
        raise BadRequest("These pictures have colour and a drawing has none: choose an example.")
    else:
        small = drawing.mnist_like(image[..., 0])
        if small.shape != (h, w):
            field = Image.fromarray((255 * small).astype(np.uint8))
            small = np.asarray(field.resize((w, h), Image.Resampling.BILINEAR), np.float32) / 255
        grey = small[..., None]
    low, high = port.range or UNIT
    return (low + (high - low) * grey).transpose(2, 0, 1)[None]
