"""The visitor labels digits; logistic regression on frozen features is fitted anew with each label."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Unpack

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.few_labels.common import (
    CLASSES,
    PCA,
    PIXELS,
    Digits,
    encoders_of,
    first_of,
    percent,
)
from gen_models.app.checks import user_facing
from gen_models.app.shell import address, layout
from gen_models.app.shell.parts import markdown
from gen_models.errors import BadRequest
from gen_models.families import Objective
from gen_models.numerics import clusters, logistic
from gen_models.runtime import Array

MAP, RESULTS = "few-labels-map", "few-labels-map-results"
ORDERS = {"centres": "Centres of clusters", "random": "At random"}
"""Which image is asked for next."""
AT_ONCE = 10
"""Labels that one press of a button gives."""
FIRST = 5
"""Images that are labelled when the experiment opens."""
SEED = 3
"""Of the random order."""

Pairs = list[tuple[int, int]]
"""(number of an image of the pool, its label), in the order they were given."""


def order(digits: Digits, kind: str, rule: str) -> list[int]:
    """All images of the pool, as they are asked for."""
    if rule == "random":
        return np.random.default_rng(SEED).permutation(len(digits.pool_labels)).tolist()
    return clusters.by_centres(digits.features(kind)[0])


def fitted(digits: Digits, kind: str, pairs: Pairs) -> tuple[Array, float]:
    """The class that each image of the pool is taken for, and the accuracy on test images."""
    index, labels = (np.array(column) for column in zip(*pairs, strict=True))
    W = digits.classifier(kind, index, labels)
    return logistic.predict(W, digits.features(kind)[0]).argmax(1), digits.accuracy(kind, W)


def checked(digits: Digits, context: dict[str, Any]) -> tuple[str, str]:
    """The encoder and the order that a request names."""
    kind, rule = context.get("encoder"), context.get("next")
    if kind not in [*encoders_of(digits.model.card)] or rule not in [
        *ORDERS
    ]:  # lists, for what cannot be hashed
        raise BadRequest("There is no such encoder or order.")
    return str(kind), str(rule)


class Answers:
    """What the map is told."""

    def __init__(self, digits: Digits) -> None:
        self.digits = digits
        self.order = cache(lambda kind, rule: order(digits, kind, rule))

    def first(self) -> Pairs:
        """The labels that the experiment opens with."""
        return self.truths(self.order(Objective.UNWARPING, "centres")[:FIRST])

    def truths(self, index: Sequence[int]) -> Pairs:
        """Images with their true labels."""
        return [(i, int(self.digits.pool_labels[i])) for i in index]

    def show(self, request: controls.Request) -> controls.Reply:
        """Fit to the labels at hand; say what is asked for next."""
        kind, rule = checked(self.digits, request["context"])
        pairs: Pairs = request["value"]
        given = {i for i, _ in pairs}
        rest = [i for i in self.order(kind, rule) if i not in given]
        reply: controls.Reply = {"offered": self.truths(rest[:AT_ONCE]), "taken": ""}
        if not pairs:
            return reply | {"text": dict.fromkeys(("encoder", PCA, PIXELS), "10 %, a guess")}
        taken, share = fitted(self.digits, kind, pairs)
        text = {"encoder": percent(share)}
        text |= {other: percent(fitted(self.digits, other, pairs)[1]) for other in (PCA, PIXELS)}
        return reply | {"text": text, "taken": "".join(map(str, taken))}


class LabelMap(controls.Live):
    """A grid of images to label, and the keys for it; its numbers stand with the grid, in the outlet.

    The value is a list of [image, label], in the order they were given.

    Args:
        compute: answers a request; see `controls.live`. A reply's "offered" is what is asked for next, with the truth,
            and "taken" the class that each image is taken for, a digit each.
        images: how many there are.
        columns: of the grid.
        value: what is labelled at first.
        context: what `compute` finds in request["context"].
        numbers: (slot, caption) of each figure.
        label: what this is.
        layout: elem_id and others, as in Gradio.
    """

    kind = "LabelMap"
    script = (Path(__file__).parent / "label.js").read_text("utf-8")

    def __init__(
        self,
        compute: controls.Compute,
        *,
        images: int,
        columns: int,
        value: Pairs | None = None,
        context: dict[str, Any],
        numbers: Sequence[tuple[str, str]],
        label: str,
        **layout: Unpack[controls.Layout],
    ) -> None:
        self.images = images
        super().__init__(
            compute,
            value=value,
            context=context,
            screens=[],
            numbers=numbers,
            label=label,
            settings={
                "images": images,
                "columns": columns,
                "classes": CLASSES,
                "background": "",
                "offered": [],
                "taken": "",
            },
            layout=layout,
        )

    def parse(self, value: Any) -> Pairs:
        """Checked pairs; no image has two labels."""
        refusal = BadRequest("That is no list of labelled images.")
        if not isinstance(value, list | tuple) or len(value) > self.images:
            raise refusal
        for pair in value:
            whole = isinstance(pair, list | tuple) and all(type(n) is int for n in pair)
            if not whole or len(pair) != 2:
                raise refusal
            if not (0 <= pair[0] < self.images and 0 <= pair[1] < CLASSES):
                raise refusal
        if len({i for i, _ in value}) < len(value):
            raise refusal
        return [(i, label) for i, label in value]

    def postprocess(self, value: Any) -> list[list[int]]:
        """Pairs for the browser; None is no label."""
        return [list(pair) for pair in self.parse(value or [])]

    def api_info(self) -> dict[str, Any]:
        """Pairs of whole numbers."""
        pair = {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}
        return {"type": "array", "items": pair}

    def example_payload(self) -> list[list[int]]:
        """For the API page."""
        return [[0, 1]]

    example_value = example_payload


def build(models: Models) -> None:
    """Lay out the keys, what is asked for, and the grid."""
    answers = Answers(Digits(first_of(models)))
    digits = answers.digits
    with layout.controls():
        numbers = [
            ("encoder", "of test digits right, on the encoder’s code"),
            (PCA, "on as many principal components"),
            (PIXELS, "on pixels"),
        ]
        board = LabelMap(
            answers.show,
            images=len(digits.pool_labels),
            columns=digits.columns,
            value=answers.first(),
            context={"encoder": Objective.UNWARPING, "next": "centres"},
            numbers=numbers,
            label="Which digit is this?",
            elem_id=MAP,
            results=RESULTS,
            address="labels",
        )
        rule = address.named(
            "next",
            gr.Radio(
                [(name, key) for key, name in ORDERS.items()], value="centres", label="Ask for"
            ),
        )
        encoder = address.named(
            "encoder",
            gr.Dropdown(
                [(name, key) for key, name in encoders_of(digits.model.card).items()],
                value=str(Objective.UNWARPING),
                label="Encoder, trained without a label",
                filterable=False,
            ),
        )
    with layout.results():
        layout.outlet(RESULTS)
    with layout.wide():
        markdown(
            f"The grid shows {len(digits.pool_labels)} training images, laid out by the code of the un-warping "
            "encoder (t-SNE, then each to a place of its own): no label was used. A frame is a label that was given; "
            "the tint is what the classifier takes an image for. The weights $W$ are fitted from nothing after each "
            f"label, and measured on {len(digits.test_labels):,} test images that are not in the grid."
        )

    @user_facing
    def follow(encoder: str, rule: str) -> dict[str, Any]:
        """The same labels on another encoder, or with another order to come."""
        kind, chosen = checked(digits, {"encoder": encoder, "next": rule})
        return gr.update(context={"encoder": kind, "next": chosen})

    gr.on(
        [encoder.change, rule.change],
        follow,
        [encoder, rule],
        board,
        api_visibility="private",
        show_progress="hidden",
    )

    @user_facing
    def paint() -> dict[str, Any]:
        """The images."""
        return gr.update(
            background=controls.data_uri(controls.grid(digits.pool, digits.columns, 0))
        )

    layout.when_shown().input(paint, None, board, api_visibility="private", show_progress="hidden")


EXPERIMENT = Experiment(
    id="label",
    title="Label digits",
    idea="The encoder $E$ learnt to undo random warps of thousands of digits, and saw no label. Say what a few of them "
    "are: logistic regression on their codes learns at once, and so it does on pixels and on PCA.",
    equation=r"\min_W \sum_{i=1}^{n} -\log p(y_i \,|\, W, E(x_i)) + \tfrac{\lambda}{2} \lVert W \rVert^2",
    lecture="§1.4",
    notice="Press *Clear*, then *Label 10 for me*. With ten labels, at the centres of clusters, 73 % of the test "
    "digits are classified correctly; with the same ten, 41 % from PCA and 54 % from pixels. Ask for images at random "
    "and do it again: 51 % here, and 50 % on average over 20 draws. On a plain autoencoder’s code, ten centres reach "
    "only 43 %.",
    control=f"#{MAP} .label-keys",
    result=f"#{RESULTS} canvas",
    number=f"#{RESULTS} .ll-number",
    elsewhere="labels=3.5,40.1,200.7&next=random&encoder=plain",
    build=build,
)
