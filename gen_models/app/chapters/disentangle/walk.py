"""Three walks from one digit to another: in style alone, in number alone, and in a plain VAE, which mixes them."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.disentangle import common
from gen_models.app.checks import checked_integer, checked_number, user_facing
from gen_models.app.shell import layout
from gen_models.app.shell.parts import endpoint, format_number, markdown
from gen_models.errors import BadRequest
from gen_models.numerics import latents
from gen_models.numerics.moments import slant
from gen_models.runtime import Array, Model

SLIDER, RESULTS = "disentangle-walk", "disentangle-walk-results"
FRAMES = 13
"""Images of a walk at a glance."""
THUMBNAILS = 20
START = (4, 0)
"""The examples between which it goes at first."""
WALKS = {
    "style": "z walks, s fixed",
    "number": "s walks, z fixed",
    "plain": "plain VAE: its z walks",
}


class Walk(NamedTuple):
    """What one walk goes through, and what decodes it."""

    model: Model
    s: Array | None
    """(2, j): where s is at both ends; None where there is none."""
    z: Array
    """(2, k)."""

    def at(self, t: Array) -> Array:
        """Images (n, c, h, w) at each t of (n,), 0 to 1."""
        z = latents.along(self.z, t)
        if self.s is None:
            return self.model("decoder", z=z)["x"]
        return common.decode(self.model, latents.along(self.s, t), z)


def walks(model: Model, plain: Model | None, ends: Array) -> dict[str, Walk]:
    """The walks between two images, `ends` (2, c, h, w); the plain VAE's only if there is one."""
    s, z = common.encode(model, ends)
    first = [0, 0]
    found = {"style": Walk(model, s[first], z), "number": Walk(model, s, z[first])}
    if plain:
        found["plain"] = Walk(plain, None, plain("encoder", x=ends)["mu"])
    return found


def shown(reader: Model | None, found: dict[str, Walk], t: float) -> controls.Reply:
    """Each walk at t and at a glance; how many of its images show the first digit's number, and how slanted each is."""
    glance = np.linspace(0, 1, FRAMES)
    images, text = {}, {}
    for name, walk in found.items():
        frames, here = walk.at(glance), walk.at(np.array([t]))
        images[name] = controls.pixels(common.as_bytes(walk.model, here)[0])
        images[f"{name}-path"] = controls.pixels(
            controls.grid(common.as_bytes(walk.model, frames), FRAMES)
        )
        words = f"slant {format_number(-float(slant(here)[0]), 2)}"
        if reader:
            numbers = common.read(reader, np.concatenate([here, frames]))
            words = f"a {numbers[0]}, {words}"
            text[f"{name}-kept"] = f"{int((numbers[1:] == numbers[1]).sum())} of {FRAMES}"
        text[name] = words
    return {"images": images, "text": text}


def ends_of(model: Model, chosen: Any) -> Array:
    """The two example images of these numbers, (2, c, h, w)."""
    if not isinstance(chosen, list | tuple) or len(chosen) != 2:
        raise BadRequest("A walk goes between two examples.")
    return np.concatenate([common.checked_example(model, number) for number in chosen])


def show(models: Models, request: controls.Request) -> controls.Reply:
    """Answer the slider."""
    context = request["context"]
    model = common.checked_setting(models, context.get("model"))
    ends = ends_of(model, context.get("ends"))
    found = walks(model, common.plain_vae(models), ends)
    return shown(common.reader(models), found, float(request["value"][0]))


def build(models: Models) -> None:
    """Lay out the walks."""
    settings = common.settings(models)
    if not settings:
        markdown(
            "To walk, train a code of two parts: `python -m training.disentangle --name NAME`."
        )
        return
    first = next(iter(settings.values()))
    images = first.examples()[:THUMBNAILS]
    ends = [i for i in START if i < len(images)]
    with layout.controls(long=True):
        slider = controls.LatentSliders(
            partial(show, models),
            labels=["t"],
            value=[0.5],
            lo=0,
            hi=1,
            step=0.005,
            sweep=True,
            context={"model": first.card.name, "ends": ends},
            screens=[
                *WALKS.items(),
                *((f"{name}-path", f"from 0 to 1: {words}") for name, words in WALKS.items()),
            ],
            numbers=[
                ("style-kept", "images with the first number, z walking"),
                ("number-kept", "the same, s walking"),
                ("plain-kept", "the same, in the plain VAE"),
            ],
            label="From the first digit, 0, to the second, 1",
            elem_id=SLIDER,
            results=RESULTS,
            address="t",
        )
        choice = common.choice(models)
        chosen = controls.strip(
            images,
            ends,
            most=2,
            fewest=2,
            label="From one digit to another; the next choice takes the place marked ⇄",
            elem_id="disentangle-walk-ends",
            noun="Test image",
            address="ends",
        )
    with layout.results():
        layout.outlet(RESULTS)

    @user_facing
    def follow(name: str, ends: list[int]) -> dict[str, Any]:
        """The walks of a model between two examples."""
        model = common.checked_setting(models, name)
        ends_of(model, ends)
        return gr.update(context={"model": model.card.name, "ends": ends})

    gr.on(
        [choice.change, chosen.release],
        follow,
        [choice, chosen],
        slider,
        api_visibility="private",
        show_progress="hidden",
    )


def offer(models: Models) -> None:
    """The same over HTTP."""

    def walk(model: str, start: int, end: int, kind: str, t: float) -> dict[str, Any]:
        """An image between two example images, by their numbers, at t from 0 to 1, as a PNG in a data: URI: `kind` is
        "style" (z walks), "number" (s walks) or "plain" (the z of a VAE).
        """
        chosen = common.checked_setting(models, model)
        n = len(common.examples(chosen)) - 1
        ends = [checked_integer(i, 0, n, "The number of an example") for i in (start, end)]
        found = walks(chosen, common.plain_vae(models), ends_of(chosen, ends))
        if kind not in found:
            raise BadRequest(f"The kind of a walk must be one of: {', '.join(found)}.")
        x = found[kind].at(np.array([checked_number(t, 0, 1, "t")]))
        return {
            "picture": controls.data_uri(common.as_bytes(found[kind].model, x)[0]),
            "slant": -float(slant(x)[0]),
        }

    endpoint(walk, "disentangle_walk")


EXPERIMENT = Experiment(
    id="walk",
    title="Walk",
    idea="In a plain VAE a walk in $z$ changes number and style together: they are entangled. Here a walk in $z$ keeps "
    "the number, and a walk in $s$ the style.",
    equation=r"\begin{aligned} \text{style:}\quad & D\big(s_0,\ (1 - t)\, z_0 + t z_1\big) \\ \text{number:}\quad & "
    r"D\big((1 - t)\, s_0 + t s_1,\ z_0\big) \\ \text{plain VAE:}\quad & D\big((1 - t)\, z_0 + t z_1\big) "
    r"\end{aligned}",
    lecture="§6.2",
    notice="Press *Play*. While $z$ walks, all 13 images are a 4, and the slant goes from 0.67 to −0.28. While $s$ "
    "walks the 4 becomes a 0, and the slant stays between 0.65 and 0.67. In the plain VAE one $z$ holds both: 4 of 13 "
    "images are a 4.",
    control="#disentangle-walk input",
    result="#disentangle-walk-results canvas[data-slot=style]",
    number="#disentangle-walk-results .ll-number",
    elsewhere="t=0.8&ends=5,8",
    build=build,
)
