"""The two terms of the loss apart: the same network trained by both, by L1 alone, and by D alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.pix2pix import canvases, translate
from gen_models.app.checks import checked_integer
from gen_models.app.shell import layout
from gen_models.app.shell.parts import endpoint, format_number, markdown
from gen_models.errors import BadRequest
from gen_models.families import Pix2PixFacts
from gen_models.runtime import Array, Model, from_uint8, to_uint8

SLIDER, RESULTS = "pix2pix-terms", "pix2pix-terms-results"
WAYS = {"both": "both terms", "l1": "L1 alone", "gan": "GAN alone"}
DRAWS, LEAST = 8, 0.004
"""Draws of z behind the numbers, and the least colour of a true image that theirs is told in parts of."""
FIRST_EXAMPLE, SEED = 8, 0
MISSING = (
    "This compares a pix2pix with two more of its size and data: `python -m training.pix2pix` with `--lambda-gan 0`, "
    "and with `--lambda-l1 0`."
)


def way_of(model: Model) -> str:
    """By which terms a model was trained: a key of `WAYS`."""
    facts = model.card.facts_as(Pix2PixFacts)
    return "both" if facts.l1 and facts.gan else "l1" if facts.l1 else "gan"


def trio(models: Models) -> dict[str, Model]:
    """A model for each of `WAYS`, of one data set and size; {} if there is none."""
    found: dict[tuple[str, int], dict[str, Model]] = {}
    for model in models.values():
        key = (model.card.dataset.sha256, canvases.canvas(model).side)
        found.setdefault(key, {}).setdefault(way_of(model), model)
    whole = (each for each in found.values() if len(each) == len(WAYS))
    return next(({way: each[way] for way in WAYS} for each in whole), {})


def colour(images: Array) -> float:
    """How far the channels of a pixel of images (n, 3, h, w) are apart, the largest less the least, in the mean."""
    return float((images.max(1) - images.min(1)).mean())


def compared(models: dict[str, Model], example: int, p: float) -> dict[str, Any]:
    """Drawing and true image, and for each way the image of the first z, all bytes (h, w, c); over `DRAWS` z the mean
    |x − x̂|, and how strong its colours are, in parts of the true image's.
    """
    first = models["both"]
    drawing = canvases.examples(first)[example]
    true = canvases.truth(first, drawing)
    if true is None:
        raise BadRequest("The true images of this model are missing: export it again.")
    x = from_uint8(true[None])[0]
    found: dict[str, Any] = {"drawing": drawing, "true": true}
    for way, model in models.items():
        made = translate.translate(model, drawing, translate.noise(model, SEED, DRAWS), p)
        found[way] = {
            "image": to_uint8(made[:1])[0],
            "error": float(np.abs(made - x).mean()),
            "colour": colour(made) / max(colour(x[None]), LEAST),
        }
    return found


def build(models: Models) -> None:
    """Lay out the examples and p, and the images by the three."""
    three = trio(models)
    if not three:
        markdown(MISSING)
        return
    first = three["both"]
    shown = canvases.examples(first)

    def show(request: controls.Request) -> controls.Reply:
        context = request["context"]
        example = checked_integer(context.get("example"), 0, len(shown) - 1, "The example")
        found = compared(three, example, float(request["value"][0]))
        text = {
            f"{what}-{way}": format_number(found[way][what], 3 if what == "error" else 2)
            for way in WAYS
            for what in ("error", "colour")
        }
        images = {"c": found["drawing"], "x": found["true"]}
        images |= {way: found[way]["image"] for way in WAYS}
        return {
            "images": {slot: controls.photo(image) for slot, image in images.items()},
            "text": text,
        }

    with layout.controls():
        controls.LatentSliders(
            show,
            labels=["Dropout p"],
            value=[translate.DEFAULT_P],
            lo=0,
            hi=translate.P[-1],
            context={"example": FIRST_EXAMPLE},
            screens=[
                ("c", "drawing c"),
                ("x", "true x, one of many possible"),
                *((way, f"x̂, {words}") for way, words in WAYS.items()),
            ],
            numbers=[
                *((f"error-{way}", f"|x − x̂|, {words}") for way, words in WAYS.items()),
                *((f"colour-{way}", f"colour, true x = 1, {words}") for way, words in WAYS.items()),
            ],
            label="Noise of all three",
            elem_id=SLIDER,
            results=RESULTS,
            address="p",
        )
        controls.thumbnails(
            shown,
            FIRST_EXAMPLE,
            label="Drawing c",
            key="example",
            targets=[SLIDER],
            elem_id="pix2pix-terms-example",
            address="example",
        )
    with layout.results():
        layout.outlet(RESULTS, under=True)


def offer(models: Models) -> None:
    """The same over HTTP."""
    three = trio(models)
    if not three:
        return

    def pix2pix_terms(example: int, p: float) -> dict[str, Any]:
        """Translate a test example, by its number, by the same network trained by both terms, by L1 and by D alone.

        Gives for each a PNG in a data: URI, and over 8 z the mean |x − x̂| and how strong its colours are, in parts of
        the true image's.
        """
        first = three["both"]
        last = len(canvases.examples(first)) - 1
        number = checked_integer(example, 0, last, "The number of an example")
        found = compared(three, number, translate.checked_p(first, p))
        return {way: found[way] | {"image": controls.data_uri(found[way]["image"])} for way in WAYS}

    endpoint(pix2pix_terms, "pix2pix_terms")


EXPERIMENT = Experiment(
    id="terms",
    title="Two terms",
    idea="The loss of $G$ has two terms. The same network was trained three times on the same pairs: by both, by the "
    "L1 term alone, and by what $D$ says alone.",
    equation=r"\min_G \ \mathbb{E}\big[-\log D(c, \hat{x})\big] + \lambda\, \mathbb{E}\,|x - \hat{x}|",
    lecture="§4.1",
    notice="Go through the drawings. Over all twelve, L1 alone is nearest to the true image, off by 0.103, and pale, "
    "with 0.53 of its colour: where hair may be any colour, the least error is the one in the middle. $D$ alone asks "
    "for strong colours, 1.12 of the true image’s, but often for the wrong ones: 0.177. Both terms: 0.108 and 0.69.",
    control=f"#{SLIDER} .ll-sliders",
    result=f"#{RESULTS} canvas",
    number=f"#{RESULTS} .ll-number",
    elsewhere="example=3&p=0.3",
    build=build,
)
