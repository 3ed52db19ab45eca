"""Through a small code and back: an image, and what each kind of autoencoder remembers of it."""

from __future__ import annotations

from functools import partial

import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.autoencoder import common
from gen_models.app.chapters.autoencoder.lineup import (
    KINDS,
    Lineup,
    error_table,
    ratio,
    reconstruct,
    squared_error,
)
from gen_models.app.shell import layout
from gen_models.families import MetricId
from gen_models.runtime import Array

PREFIX = "autoencoder-reconstruct"
FIGURE, ROWS = 10, ("conv", "pca")
"""Images in the figure, and the kinds that have a row in it."""
FIRST = {"digits": 6, "fashion": 15}
"""The example to begin with, by data set: at its smallest code size a thick 6 becomes an 8, a sandal a shoe."""


def compare(lineup: Lineup, code: int, x: Array) -> dict[str, tuple[Array, float]]:
    """What each kind that has this code size makes of one image: x̂, and ‖x − x̂‖²."""
    made = {kind: reconstruct(model, code, x) for kind, model in lineup.at(code).items()}
    return {kind: (y, float(squared_error(x, y)[0])) for kind, y in made.items()}


def figure(lineup: Lineup, code: int) -> Array:
    """The lecture's figure: the first test images in a row, under them what autoencoder and PCA make of each.

    Returns:
        uint8 (h, w, c); a row is missing where there is no such model of this size.
    """
    x = lineup.x(range(min(FIGURE, len(lineup.examples))))
    made = [x, *(reconstruct(lineup.at(code)[k], code, x) for k in ROWS if k in lineup.at(code))]
    return controls.grid(lineup.to_uint8(np.concatenate(made)), len(x))


def show(lineup: Lineup, canvas: str, request: controls.Request) -> controls.Reply:
    """The image on the `canvas`, and what each kind makes of it; the figure when the code size is another."""
    code = common.checked_code(lineup, request["context"].get("code"))
    test = error_table(lineup)[lineup.codes.index(code)]["ratio"]
    measured = {"test": common.format_number(test)}
    with controls.keeping(measured):
        x = lineup.seen(request["value"])
    made = compare(lineup, code, x)
    errors = {kind: error for kind, (_, error) in made.items()}
    text = dict.fromkeys(lineup.models, "not trained at this size")
    text |= {kind: f"squared error {error:.2f}" for kind, error in errors.items()}
    text["here"] = common.format_number(ratio(errors.get("conv"), errors.get("pca")))
    text |= measured
    images = {"x": x} | {kind: y for kind, (y, _) in made.items()}
    reply = {"images": common.painted(lineup, images), "text": text}
    if len(lineup.examples) and request["context"].get("figure") != code:
        reply["images"]["figure"] = controls.pixels(figure(lineup, code))
        reply["send"] = {canvas: {"context": {"figure": code}}}
    return reply


def build(models: Models) -> None:
    """A canvas to draw on, and what each kind makes of the drawing."""
    panels = common.Panels(models.values())
    with layout.controls(long=True):
        panels.choice()
        for i, lineup in panels.each():
            lay_out_controls(lineup, f"{PREFIX}-{i}")
    with layout.results():
        for i, lineup in panels.each():
            layout.outlet(f"{PREFIX}-{i}-results", under=True)
            common.note_missing(lineup)
    panels.connect()


def lay_out_controls(lineup: Lineup, canvas: str) -> None:
    """The code size above the canvas `canvas`, which begins with an example that goes wrong at the smallest size."""
    code, examples = lineup.codes[0], lineup.examples[: common.THUMBNAILS]
    first = FIRST.get(lineup.dataset.name, 0)
    common.code_slider(lineup.codes, code, canvas)
    measured = lineup.metric("conv", MetricId.SQUARED_ERROR, code)
    count = f"{measured.n:,} " if measured else ""
    controls.DrawPad(
        partial(show, lineup, canvas),
        value=min(first, len(examples) - 1) if len(examples) else None,
        examples=[(f"Test image {i + 1}", image) for i, image in enumerate(examples)],
        context={"code": code},
        screens=[
            ("x", "x, as E sees it"),
            *((kind, KINDS[kind]) for kind in lineup.models),
            ("figure", "Test images; by the autoencoder; by PCA"),
        ],
        numbers=[
            ("here", "autoencoder’s error / PCA’s, for this image"),
            ("test", f"the same over all {count}test images"),
        ],
        label="Draw a digit" if lineup.handwriting else "Draw over an image",
        elem_id=canvas,
        results=f"{canvas}-results",
        address="image",
    )


EXPERIMENT = Experiment(
    id="reconstruct",
    title="Reconstruct",
    idea="The encoder $E$ turns an image into a code of a few numbers, and the decoder $D$ turns it back into an "
    "image. Every method here gets the same few numbers to remember the image by.",
    equation=r"\min_{E,\,D}\ \mathbb{E}_{x}\,\lVert x - \hat{x} \rVert^2, \quad \hat{x} = D(E(x))",
    lecture="§1.1, §1.2",
    notice="With 2 dimensions the autoencoder answers the thick 6 with an 8: one digit, but the wrong one, and "
    "further from the 6 than PCA’s blur. Move the code size to 8: the 6 comes back, at 0.37 of PCA’s error.",
    control=f'[id^="{PREFIX}"][id$="-code"] input',
    result=f'[data-outlet^="{PREFIX}"] .ll-screens',
    number=f'[data-outlet^="{PREFIX}"] .ll-number',
    elsewhere="data=fashion&code=32&image=5",
    build=build,
)
