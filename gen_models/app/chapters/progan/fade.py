"""A level that fades in, by hand: α as a control, and what D sees meanwhile."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any, NamedTuple

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.progan import common
from gen_models.app.checks import checked_number, checked_seed, user_facing
from gen_models.app.shell import address, layout
from gen_models.app.shell.parts import endpoint, format_number, markdown
from gen_models.runtime import Array, Model

SLIDER, RESULTS = "progan-fade", "progan-fade-results"
SHOWN, COLUMNS = 9, 3
FIRST = 16
"""Pixels of the level that is shown at first."""
START = 0.2
"""α at first."""
MEASURED = 40
"""Images of each kind whose contrast is measured."""


class Faded(NamedTuple):
    """`MEASURED` images at one α, (n, c, h, w) each; of the real ones as many as there are."""

    below: Array
    """α = 0"""
    mixed: Array
    new: Array
    """α = 1"""
    real: Array
    """What D sees beside `mixed`"""


@lru_cache(maxsize=32)
def ends(model: Model, side: int, seed: int) -> tuple[Array, Array]:
    """Images of a level at α = 0 and at α = 1, from the same z."""
    z = common.draw(model, seed, MEASURED)
    return common.fading(model, side, z, 0), common.fading(model, side, z, 1)


def faded(model: Model, level: int, alpha: float, seed: int) -> Faded:
    """A level at α, from z of a seed, and real images as D sees them at this α."""
    side = common.facts_of(model).sides[level]
    below, new = ends(model, side, seed)
    mixed = common.fading(model, side, common.draw(model, seed, MEASURED), alpha)
    x = common.halved(common.real_images(model, MEASURED), side)
    half = common.enlarged(common.halved(x, side // 2), side)
    return Faded(below, mixed, new, ((1 - alpha) * half + alpha * x).astype(np.float32))


def show(models: Models, request: controls.Request) -> controls.Reply:
    """Answer the slider."""
    context = request["context"]
    model = common.checked_setting(models, context.get("model"))
    level = common.checked_level(model, context.get("side"))
    seed = checked_seed(context.get("seed"))
    found = faded(model, level, float(request["value"][0]), seed)
    largest = common.facts_of(model).sides[-1]
    shown = {"x": found.mixed, "real": found.real, "below": found.below, "new": found.new}
    return {
        "images": {slot: common.canvas(x[:SHOWN], largest, COLUMNS) for slot, x in shown.items()},
        "text": {
            "contrast": format_number(common.SHADES * common.contrast(found.mixed), 1),
            "contrast-real": format_number(common.SHADES * common.contrast(found.real), 1),
            "apart": format_number(
                common.SHADES * float(np.abs(found.new - found.below).mean()), 1
            ),
        },
    }


def build(models: Models) -> None:
    """Lay out α, the level, and the images on both sides of it."""
    made = {name: m for name, m in common.settings(models).items() if common.facts_of(m).fade}
    if not made:
        markdown(
            "To fade a level in, train a GAN that does: `python -m training.progan --name NAME`."
        )
        return
    model = next(iter(made.values()))
    sides = common.facts_of(model).sides[1:]
    first = FIRST if FIRST in sides else sides[-1]
    with layout.controls():
        slider = controls.LatentSliders(
            partial(show, made),
            labels=["α"],
            value=[START],
            lo=0,
            hi=1,
            step=0.01,
            sweep=True,
            context={"model": model.card.name, "side": first, "seed": 0},
            screens=[
                ("x", "G at α: both, mixed"),
                ("real", "Real images at α, as D sees them"),
                ("below", "G at α = 0: the level below"),
                ("new", "G at α = 1: the new level"),
            ],
            numbers=[
                ("contrast", "contrast of G at α: standard deviation of pixels, of 255"),
                ("contrast-real", "contrast of real images at α"),
                ("apart", "between α = 0 and α = 1, mean difference, of 255"),
            ],
            label="Weight of the new level",
            elem_id=SLIDER,
            results=RESULTS,
            address="alpha",
        )
        level = address.named(
            "side",
            gr.Radio([(f"{side} × {side}", side) for side in sides], value=first, label="Level"),
        )
        seed = common.seed_field()
    with layout.results():
        layout.outlet(RESULTS)
    with layout.wide():
        markdown(
            "These networks are the moving average of $G$ as it was when $\\alpha$ had come to ½. The average is over "
            "the steps before, so it suits a smaller $\\alpha$: about 0.2 here. A longer fade-in would leave it less "
            "behind; the paper's takes 800,000 images."
        )

    @user_facing
    def follow(side: int, seed: float) -> dict[str, Any]:
        """Another level, or other z."""
        common.checked_level(model, side)
        return gr.update(context={"side": side, "seed": checked_seed(seed)})

    gr.on(
        [level.change, seed.change],
        follow,
        [level, seed],
        slider,
        api_visibility="private",
        show_progress="hidden",
    )


def offer(models: Models) -> None:
    """The same over HTTP."""

    def fade(model: str, side: int, alpha: float, seed: int) -> dict[str, Any]:
        """Nine images of a level at α from 0 to 1, and nine real images as D sees them: PNGs in data: URIs. `side` is
        that of the level's images.
        """
        chosen = common.checked_setting(models, model)
        level = common.checked_level(chosen, side)
        found = faded(chosen, level, checked_number(alpha, 0, 1, "α"), checked_seed(seed))
        return {
            "picture": common.png(found.mixed[:SHOWN], COLUMNS),
            "real": common.png(found.real[:SHOWN], COLUMNS),
            "contrast": common.contrast(found.mixed),
            "contrast of real": common.contrast(found.real),
        }

    endpoint(fade, "progan_fade")


EXPERIMENT = Experiment(
    id="fade",
    title="Fade-in",
    idea="A new level knows nothing. It is mixed with the level below, which is good already, and $\\alpha$ rises from "
    "0 to 1 while both learn. Real images fade in too: $D$ never sees a jump.",
    equation=r"\begin{aligned} G_\alpha(z) &= (1 - \alpha)\, U G_{l-1}(z) + \alpha\, G_l(z) \\ x_\alpha &= (1 - "
    r"\alpha)\, U H x + \alpha\, x \\ &\text{$U$: enlarged, $H$: halved} \end{aligned}",
    lecture="§6.1",
    notice="At α = 0.2 the contrast is 47.1, and of real images 44.7. Pull α to 1, as if the level was there at once: "
    "alone it is mush, of 23.0. Real images hardly change with α: from 44.5 at 0 to 48.4 at 1.",
    control=f"#{SLIDER} input",
    result=f"#{RESULTS} canvas",
    number=f"#{RESULTS} .ll-number",
    elsewhere="alpha=0.8&side=32",
    build=build,
)
