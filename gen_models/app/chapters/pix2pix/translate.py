"""From a drawing to images: z, G, and what is said of the answer."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from gen_models.app import controls
from gen_models.app.chapters.pix2pix import canvases
from gen_models.app.checks import checked_number, checked_seed
from gen_models.app.shell import charts
from gen_models.app.shell.parts import format_number
from gen_models.families import MetricId, parse_key
from gen_models.runtime import Array, Model, from_uint8, to_uint8

SHOWN = 4
"""How many z stand side by side."""
P = (0.0, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9)
"""Shares that dropout may drop, to choose from."""
DEFAULT_P = 0.5
LARGE = 256
NONE = "–"
MEASURES = {
    MetricId.L1: "|x − x̂|, mean",
    MetricId.DIVERSITY: "|x̂ − x̂′| between two z, mean",
    MetricId.PSNR: "PSNR",
    MetricId.SSIM: "SSIM",
    MetricId.FRECHET_DISTANCE: "Fréchet distance",
}
"""Metrics of a card, and what they are called here."""


@cache
def quick(model: Model) -> Model:
    """The model on as many threads as keep up with a brush: two from 256 pixels on.

    A U-Net of width 32 took 29 ms on one thread and 19 on two there; of 128 pixels 8 and 6, which is not worth another
    visitor's core (medians of 30, `python -m training.bench`).
    """
    if canvases.canvas(model).side < LARGE:
        return model
    return Model(model.card, model.folder, max(2, model.threads))


def noise(model: Model, seed: int, n: int) -> Array:
    """The first n z of a seed: u, float32 (n, k), uniform in [0, 1)."""
    k = int(model.input("generator", "u").shape[1])
    return np.random.default_rng(seed).random((n, k), np.float32)


def checked_p(model: Model, p: Any) -> float:
    """A share that dropout may drop, by the range of the model's port."""
    low, high = model.input("generator", "p").range or (0, P[-1])
    return checked_number(p, low, high, "p, the share that dropout drops,")


def translate(model: Model, drawing: Array, u: Array, p: float) -> Array:
    """x̂ of one drawing, uint8 (side, side, 3), by each z of u (n, k): float32 (n, 3, h, w) in [0, 1]."""
    c = canvases.condition(model, drawing).repeat(len(u), 0)
    x = model("generator", c=c, u=u, p=np.array(p))["x"]
    low, high = model.output("generator", "x").range or (0, 1)
    return (x - low) / (high - low)


def diversity(images: Array) -> float:
    """Mean |x̂ − x̂′| over all pairs of images (n, c, h, w), n at least 2, as the card's number is measured."""
    n = len(images)
    between = np.abs(images[:, None] - images[None]).mean((2, 3, 4))
    return float(between.sum() / (n * (n - 1)))


def error(image: Array, true: Array) -> float:
    """Mean |x − x̂| of an image (c, h, w) in [0, 1] and its true one, uint8 (h, w, c)."""
    return float(np.abs(image - from_uint8(true[None])[0]).mean())


def at(model: Model, drawing: Array, context: dict[str, Any]) -> controls.Reply:
    """What the page shows for a drawing: while it changes the first z alone, and when it rests all of them.

    The context holds "seed", "p", and "all": whether the drawing rests.
    """
    seed, p = checked_seed(context.get("seed")), checked_p(model, context.get("p"))
    if context.get("all") is not True:
        image = to_uint8(translate(model, drawing, noise(model, seed, 1), p))[0]
        return {"images": {"z0": controls.photo(image)}}
    made, true = (
        translate(model, drawing, noise(model, seed, SHOWN), p),
        canvases.truth(model, drawing),
    )
    first, *others = to_uint8(made)
    grey = np.full((1, 1), 128, np.uint8)
    return {
        "images": {
            "z0": controls.data_uri(first),  # exact, as it may be saved
            **{f"z{i}": controls.photo(image) for i, image in enumerate(others, 1)},
            "true": controls.photo(grey if true is None else true),
        },
        "text": {
            "diversity": format_number(diversity(made), 3),
            "error": NONE if true is None else format_number(error(made[0], true), 3),
            "true": "none: you drew this" if true is None else "",
        },
    }


def numbers(model: Model) -> str:
    """What was measured on test images, beside the numbers of other recipes that the card has: HTML."""
    metrics = model.card.metrics
    keys = [key for key in MEASURES if key in metrics]
    if not keys:
        return "<p>Not evaluated yet.</p>"
    others = list(dict.fromkeys(other for key in metrics if (other := parse_key(key).model)))
    cells = [[model.card.name, *(_cell(model, key) for key in keys)]]
    cells += [[name, *(_cell(model, key, name) for key in keys)] for name in others]
    rows = [list(row) for row in zip(["", *(MEASURES[key] for key in keys)], *cells, strict=True)]
    n = metrics[keys[0]].n
    caption = (
        f"Measured on {n:,} test images, pixels in [0, 1]. Small is good for |x − x̂| and the Fréchet distance, "
        "large for the others."
    )
    return charts.table(rows[0], rows[1:], caption)


def _cell(model: Model, metric: MetricId, measured: str = "") -> str:
    """A number of the model or, as its card has it, of the one called `measured`."""
    found = model.card.metrics.get(metric.of(model=measured))
    if found is None:
        return NONE
    return f"{found.value:.1f} dB" if metric is MetricId.PSNR else f"{found.value:.3g}"
