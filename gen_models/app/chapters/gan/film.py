"""The training film: the same z from the first step of training to the last."""

from __future__ import annotations

from functools import cache
from typing import Any

import gradio as gr

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.gan import common
from gen_models.app.checks import checked_integer, user_facing
from gen_models.app.shell import address, layout
from gen_models.app.shell.parts import endpoint, format_number, get_model, markdown, model_choice
from gen_models.runtime import Array, Model

COLUMNS = 4
FILM, RESULTS = "gan-film", "gan-film-results"


@cache
def frames(model: Model) -> Array:
    """What G made of the same z at each moment: bytes (moments, z, h, w, c)."""
    return model.sheet("film").swapaxes(0, 1)


def seen(model: Model, moment: int) -> int:
    """How many training images had been seen at a moment."""
    return model.card.sheets["film"].steps[moment] * model.card.training.batch


def moment_at(model: Model, t: float) -> int:
    """The moment at t in [0, 1]."""
    return round(t * (len(model.card.sheets["film"].steps) - 1))


def near(model: Model, search: common.Search | None, moment: int) -> str:
    """How far the images of a moment are from the nearest training image, on average."""
    if search is None:
        return "–"
    _, distance = search.nearest(frames(model)[moment])
    return format_number(float(distance[:, 0].mean()), 1)


def at(model: Model, search: common.Search | None, t: float) -> controls.Reply:
    """The frame at t in [0, 1], when it was taken, and how near it is to training images."""
    moment = moment_at(model, t)
    return {
        "images": {"x": controls.pixels(controls.grid(frames(model)[moment], COLUMNS))},
        "text": {
            "seen": f"{seen(model, moment):,}",
            "step": f"{model.card.sheets['film'].steps[moment]:,}",
            "near": near(model, search, moment),
        },
    }


def filmed(models: Models) -> Models:
    """The generators that have a film."""
    return {n: m for n, m in common.generators(models).items() if "film" in m.card.sheets}


def build(models: Models) -> None:
    """Lay out the film of every generator that has one."""
    made = filmed(models)
    if not made:
        markdown("There is no training film: train a model again to take one.")
        return
    first = common.default(made)

    def scrub(request: controls.Request) -> controls.Reply:
        model = get_model(made, request["context"].get("model"))
        return at(model, common.search_for(model, models), float(request["value"][0]))

    with layout.controls():
        choice = address.named("model", model_choice(made, first))
        sliders = controls.LatentSliders(
            scrub,
            labels=["Training"],
            value=[1.0],
            lo=0,
            hi=1,
            step=0.01,
            sweep=True,
            context={"model": first.card.name},
            screens=[("x", "G of the same twelve z")],
            numbers=[
                ("near", "to the nearest training image, mean distance of features"),
                ("step", "steps of training"),
                ("seen", "training images seen"),
            ],
            label="From the first step, 0, to the last, 1",
            elem_id=FILM,
            results=RESULTS,
            address="t",
        )
    with layout.results():
        layout.outlet(RESULTS)

    @user_facing
    def change(name: str) -> dict[str, Any]:
        """The film of a model."""
        return gr.update(context={"model": get_model(made, name).card.name})

    choice.change(change, choice, sliders, api_name="gan_film_model", show_progress="hidden")


def offer(models: Models) -> None:
    """Frames over HTTP."""
    made = filmed(models)

    def gan_film(model: str, moment: int) -> dict[str, Any]:
        """One frame of a training film by number: a PNG in a data: URI, its step, and the pictures seen by then."""
        chosen = get_model(made, model)
        steps = chosen.card.sheets["film"].steps
        i = checked_integer(moment, 0, len(steps) - 1, "The moment")
        picture = common.png(frames(chosen)[i], COLUMNS)
        return {"picture": picture, "step": steps[i], "pictures seen": seen(chosen, i)}

    endpoint(gan_film, "gan_film")


EXPERIMENT = Experiment(
    id="film",
    title="Training film",
    idea="Twelve $z$, drawn once and kept while $G$ was trained. It starts from noise, and first finds what all images "
    "have in common.",
    equation=r"\theta \leftarrow \theta - \eta\, \nabla_\theta\, \mathbb{E}_z[-\log D_\psi(G_\theta(z))]",
    lecture="§3.6",
    notice="Drag the slider from left to right. Moments are closer together at the start, where most happens. The "
    "heads do not come steadily nearer: the distance to training images is 8.7 at the first step, 14.4 at step 51, and "
    "7.6 at the end, where what changes is detail. Training images are typically 7.3 from one another.",
    control=f"#{FILM} input",
    result=f"#{RESULTS} canvas",
    number=f"#{RESULTS} .ll-number",
    elsewhere="t=0.25",
    build=build,
    tells_class=True,
)
