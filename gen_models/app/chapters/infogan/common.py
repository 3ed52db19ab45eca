"""What the experiments with InfoGANs share: codes in, images out, and codes read back."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from gen_models.app.checks import SEEDS, checked_number
from gen_models.app.controls import drawing
from gen_models.app.shell import address
from gen_models.app.shell.parts import Models, metric
from gen_models.cards import Port
from gen_models.errors import BadRequest
from gen_models.families import MetricId
from gen_models.runtime import Array, Model, from_uint8, to_uint8

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
    """Dimensions of a port (batch, n)."""
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
    """The digit that a category was matched with afterwards, on labelled test images; None if it was not."""
    value = metric(model, MetricId.CLASS_OF_CATEGORY, category)
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


def code_names(models: Models) -> list[str]:
    """The names of the continuous codes of the model that has most of them."""
    return [code_name(i) for i in range(max(map(continuous, models.values())))]


# ---------------------------------------------------------------------------------------------------------------------
# Images, and what Q reads
# ---------------------------------------------------------------------------------------------------------------------


def draw_z(model: Model, seed: int, n: int = 1) -> Array:
    """n times the noise z ~ N(0, I), one seed, one result: float32 (n, k)."""
    size = width(model.input("generator", "z"))
    return np.random.default_rng(seed).standard_normal((n, size), np.float32)


def generate(model: Model, z: Array, chosen: Sequence[int] | Array, codes: Array) -> Array:
    """G(z, c): (n, c, h, w), for z (n, k), categories (n,) and continuous codes (n, m)."""
    return model("generator", z=z, category=one_hot(model, chosen), continuous=codes)["x"]


def as_bytes(model: Model, x: Array) -> Array:
    """Images (n, c, h, w) of the generator as bytes (n, h, w, c)."""
    return to_uint8(x, model.output("generator", "x").range or UNIT)


@dataclass(frozen=True)
class Reading:
    """Q(c|x) for n images."""

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
    """What Q reads from images (n, c, h, w)."""
    q = model("recogniser", x=x)
    sigma = q.get("sigma")
    if sigma is not None:
        sigma = np.broadcast_to(sigma.reshape(-1, sigma.shape[-1]), q["continuous"].shape)
    return Reading(q["category"], q["continuous"], sigma)


def bars_of(model: Model, shares: Array) -> dict[str, Any]:
    """Probabilities by category, (K,), in the order of the page, for `bars`."""
    rows = shown(model)
    return {
        "names": [str(number) for number in rows],
        "shares": [float(shares[j]) for j in rows.values()],
    }


def as_input(model: Model, image: Array) -> Array:
    """A drawing or an example as Q takes it: float32 (1, c, h, w) in the range of its port.

    An image of Q's own size is taken as it is; a drawing is centred and scaled as MNIST's digits were.

    Args:
        model: whose recogniser.
        image: uint8 (h, w) or (h, w, c).

    Raises:
        BadRequest: the canvas is empty, or Q takes coloured images.
    """
    port = model.input("recogniser", "x")
    c, h, w = (int(n) for n in port.shape[1:])
    image = image[..., None] if image.ndim == 2 else image
    if image.shape == (h, w, c):
        fit = image
    elif not image.any():
        raise BadRequest("The canvas is empty: draw a digit, or choose an example.")
    elif c != 1:
        raise BadRequest("These images have colour and a drawing has none: choose an example.")
    else:
        small = drawing.mnist_like(image[..., 0])
        if small.shape != (h, w):
            field = Image.fromarray(small)
            small = np.asarray(field.resize((w, h), Image.Resampling.BILINEAR))
        fit = small[..., None]
    return from_uint8(fit[None], port.range or UNIT)


# ---------------------------------------------------------------------------------------------------------------------
# On the page
# ---------------------------------------------------------------------------------------------------------------------


def seed_of_z(first: int) -> gr.Number:
    """The seed of z, and a button that draws another one."""
    with gr.Row(elem_classes="ll-seed"):
        # Without Gradio's bounds, so that `checked_seed` can say what is wrong in one sentence.
        seed = address.named(
            "seed",
            gr.Number(first, label="Seed of z", step=1, min_width=100),
            low=0,
            high=SEEDS - 1,
        )
        another = gr.Button("Another z", size="md", min_width=100)
    another.click(
        lambda: random.randrange(1, 1000),
        None,
        seed,
        api_visibility="private",
        show_progress="hidden",
    )
    return seed
