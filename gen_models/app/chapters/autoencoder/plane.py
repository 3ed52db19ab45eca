"""The plane of two-dimensional codes: where training images lie on it, and what its holes decode to."""

from __future__ import annotations

from functools import cache
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.autoencoder.lineup import Lineup, decode, encode, lineups
from gen_models.app.checks import user_facing
from gen_models.app.shell import layout
from gen_models.app.shell.parts import markdown
from gen_models.families import FeaturesFacts, FeatureTask
from gen_models.runtime import Array, Model

PAD, RESULTS = "autoencoder-plane", "autoencoder-plane-results"
SIDE, DOT = 560, 3
"""Pixels of the plane, and of a code on it."""
REACH = 20.0
"""The plane shows [−20, 20]²: all but one code in a hundred."""
FIRST = (7.0, -3.5)
"""Where the dot stands at first: in a hole."""
NEAR = 0.05
"""How near a code counts as near, in parts of the plane's width."""
PAPER = (19, 18, 16)
COLOURS = np.array(
    [
        (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (60, 120, 220),
        (213, 94, 0), (204, 121, 167), (170, 170, 170), (150, 90, 200), (120, 200, 80),
    ],
    np.uint8,
)  # fmt: skip
"""By class; the first eight after Okabe and Ito, made to show on dark."""


def features_of(lineup: Lineup, models: Models) -> Model | None:
    """A network that tells the classes of these images, with a bank of training images."""
    for model in models.values():
        if (
            model.card.family == "features"
            and model.card.facts_as(FeaturesFacts).task is FeatureTask.CLASSES
            and "bank" in model.card.sheets
            and model.card.dataset.sha256 == lineup.dataset.sha256
            and tuple(model.input("features", "x").shape[1:]) == lineup.shape
        ):
            return model
    return None


class Plane:
    """Codes of training images by the autoencoder of code size 2."""

    def __init__(self, lineup: Lineup, features: Model) -> None:
        self.model, self.features = lineup.models["conv"], features
        tiles = features.sheet("bank")
        x = lineup.from_uint8(tiles.reshape(-1, *tiles.shape[2:]))
        self.z = encode(self.model, 2, x)
        self.labels = self.read(x)[0]
        self.to_uint8 = lineup.to_uint8

    def read(self, x: Array) -> tuple[Array, Array]:
        """The class that each image is taken for, and its probability."""
        y = self.features("features", x=x)["y"]
        return y.argmax(1), 1 / np.exp(y - y.max(1, keepdims=True)).sum(1)

    def image(self) -> Array:
        """The codes as dots in the colours of their classes: uint8 (SIDE, SIDE, 3)."""
        image = np.full((SIDE, SIDE, 3), PAPER, np.uint8)
        inside = np.abs(self.z).max(1) < REACH
        at = (self.z[inside] * (1, -1) + REACH) / (2 * REACH) * (SIDE - DOT)
        for (x, y), label in zip(at.astype(int), self.labels[inside], strict=True):
            image[y : y + DOT, x : x + DOT] = COLOURS[label % len(COLOURS)]
        return image

    def at(self, z: Array) -> controls.Reply:
        """What z (2,) decodes to, how sure the network is of it, and how many codes are near."""
        x = decode(self.model, 2, z[None])
        (label,), (sure,) = self.read(x)
        near = np.linalg.norm(self.z - z, axis=1) < NEAR * 2 * REACH
        return {
            "images": {"x": controls.pixels(self.to_uint8(x)[0])},
            "text": {
                "near": f"{int(near.sum())} of {len(near):,}",
                "sure": f"{label}, {100 * sure:.0f} %",
            },
        }


def swatches() -> str:
    """The digits in their colours: HTML."""
    return " ".join(
        f'<b style="color: rgb{tuple(colour)}; background: rgb{PAPER}; padding: 0 0.4em">{digit}</b>'
        for digit, colour in enumerate(COLOURS.tolist())
    )


def planes(models: Models) -> list[tuple[Lineup, Model]]:
    """Data with an autoencoder of code size 2, each with its network of features."""
    found = []
    for lineup in lineups(models.values()).values():
        features = features_of(lineup, models)
        if features and "conv" in lineup.at(2):
            found.append((lineup, features))
    return found


def build(models: Models) -> None:
    """The plane, and what its point decodes to. The codes are computed when it is first on the screen."""
    found = planes(models)
    if not found:
        markdown(
            "The plane needs an autoencoder of code size 2 and a network of features of the same images: "
            "`python -m training.autoencoder --codes 2 ...` and `python -m training.features ...` make them."
        )
        return

    @cache
    def plane() -> Plane:
        return Plane(*found[0])

    with layout.controls():
        markdown(LEGEND)
    with layout.results(), gr.Row(elem_classes="ll-beside"):
        pad = controls.LatentPad(
            lambda request: plane().at(request["value"]),
            value=FIRST,
            lo=-REACH,
            hi=REACH,
            screens=[("x", "D(z) at the dot")],
            numbers=[
                ("near", f"codes within {NEAR * 2 * REACH:g} of the dot"),
                ("sure", "what a network that tells digits takes it for, and how sure it is"),
            ],
            label="The plane of codes",
            elem_id=PAD,
            results=RESULTS,
            address="z",
        )
        layout.outlet(RESULTS)

    @user_facing
    def paint() -> dict[str, Any]:
        """The codes under the dot."""
        return gr.update(background=controls.data_uri(plane().image()))

    layout.when_shown().input(paint, None, pad, api_visibility="private", show_progress="hidden")


LEGEND = f"Each dot is a training image’s code, in the colour of its digit: {swatches()}"

EXPERIMENT = Experiment(
    id="plane",
    title="Codes",
    idea="With two dimensions one sees where the codes of images lie: in a cloud with arms and holes, which nobody "
    "asked to be round or to lie about 0. A code that falls in a hole need not decode to any digit.",
    equation=r"z = E(x) \in \mathbb{R}^2, \quad \hat{x} = D(z)",
    lecture="§1.6",
    notice="Random $z \\sim \\mathcal{N}(0, I)$ lie about the middle, where the arms meet: of 1,000, 96 % decode to "
    "what a network takes for a 1, a 4 or an 8, and none to a 0, 3, 5, 6 or 9. And 43 % of this plane has no code "
    "within 2 of it: drag the dot there.",
    control=f"#{PAD} .ll-pad",
    result=f"#{RESULTS} canvas",
    number=f"#{RESULTS} .ll-number",
    elsewhere="z=-7,3",
    build=build,
)
