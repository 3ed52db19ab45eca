"""The training film: the same z from the first step of training to the last."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters import _plots as plots
from gen_models.app.chapters.gan import common
from gen_models.app.checks import checked_integer, user_facing
from gen_models.app.shell import address, layout
from gen_models.app.shell.parts import endpoint, format_number, get_model, markdown, model_choice
from gen_models.runtime import Array, Model

COLUMNS = 4
FILM, RESULTS, CHART = "gan-film", "gan-film-results", "gan-film-chart"
MAX_STEPS = 10_000
"""Where the charts end."""
RATIOS = plots.Axes((0, math.log10(MAX_STEPS)), (0, 2))
LOSSES = plots.Axes(RATIOS.x, (0, 4))
POWERS = (0, 1, 2, 3, 4)
NO_LOSSES = "The losses of this training were not kept. What is drawn was measured on the film's own images."


@cache
def frames(model: Model) -> Array:
    """What G made of the same z at each moment: bytes (moments, z, h, w, c)."""
    return model.sheet("film").swapaxes(0, 1)


def seen(model: Model, moment: int) -> int:
    """How many training images had been seen at a moment."""
    return model.card.sheets["film"].steps[moment] * model.card.training.batch


def moment_at(model: Model, t: float) -> int:
    """The moment at t in [0, 1]: where t lies between two of them, the nearer one, of two as near the later."""
    return math.floor(t * (len(model.card.sheets["film"].steps) - 1) + 0.5)


def step_names(model: Model) -> list[str]:
    """The training step of each moment, as the slider says it."""
    return [f"step {step:,}" for step in model.card.sheets["film"].steps]


def near(model: Model, search: common.Search | None, moment: int) -> str:
    """How far the images of a moment are from the nearest training image, on average."""
    if search is None:
        return "–"
    return format_number(float(measured(model, search.model)[0][moment]), 1)


@cache
def measured(model: Model, features: Model) -> tuple[Array, Array]:
    """Of each moment's images, two means of distances of features: (moments,), (moments,).

    The first is that to the nearest training image. The second, how unlike they are, is that between two of them, over
    that of as many training images, evenly spaced in the bank.
    """
    search = common.Search(features)
    chosen = np.linspace(0, len(search.bank) - 1, frames(model).shape[1]).astype(int)
    real = search.mean_pairwise_distance(search.bank[chosen])
    near = [search.nearest(images)[1][:, 0].mean() for images in frames(model)]
    unlike = [search.mean_pairwise_distance(images) / real for images in frames(model)]
    return np.array(near), np.array(unlike)


def curves(model: Model, search: common.Search | None, moment: int) -> dict[str, str]:
    """The paths of both charts, by the name of their part; empty for what is not known of a model."""
    sheet = model.card.sheets["film"]
    x = np.log10(sheet.steps)
    paths = {"near": "", "unlike": "", "loss_D": "", "loss_G": ""}
    if search is not None:
        near, unlike = measured(model, search.model)
        paths["near"] = RATIOS.path(x, near / search.typical)
        paths["unlike"] = RATIOS.path(x, unlike)
    for name, losses in sheet.losses.items():
        paths[name] = LOSSES.path(x, np.array(losses))
    return paths | {"now": RATIOS.at(x[moment]), "now-loss": LOSSES.at(x[moment])}


def words(step: float) -> str:
    """A power of ten as a step."""
    return f"{10**step:,.0f}"


INSIDE = (
    plots.title("Over the film's steps; training images: 1")
    + plots.legend(
        plots.key("distance to the nearest training image", plots.TEAL),
        plots.key("how unlike the twelve are", plots.ORANGE, "9 4"),
    )
    + plots.chart(
        RATIOS,
        POWERS,
        (0, 1, 2),
        plots.curve("near", plots.TEAL),
        plots.curve("unlike", plots.ORANGE, "9 4"),
        plots.curve("now", width=1),
        seen="How far the film's images are from training images, and from one another, against training steps.",
        said=words,
    )
    + '<div data-part="losses" data-kept="false">'
    + plots.title("The losses of these steps")
    + plots.legend(
        plots.key("loss of D", "currentColor"), plots.key("loss of G", plots.VIOLET, "3 3")
    )
    + plots.chart(
        LOSSES,
        POWERS,
        (0, 2, 4),
        plots.curve("loss_D"),
        plots.curve("loss_G", plots.VIOLET, "3 3"),
        plots.curve("now-loss", width=1),
        seen="The losses of D and G against training steps.",
        said=words,
    )
    + '</div><p class="title" data-part="none"></p>'
)


def at(model: Model, search: common.Search | None, t: float) -> controls.Reply:
    """The frame at t in [0, 1], when it was taken, and how near it is to training images."""
    moment = moment_at(model, t)
    has_losses = bool(model.card.sheets["film"].losses)
    return {
        "send": {
            CHART: {
                "attributes": plots.paths(**curves(model, search, moment))
                | {"losses": {"data-kept": str(has_losses).lower()}},
                "words": {"none": "" if has_losses else NO_LOSSES},
            }
        },
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
            said=step_names(first),
            context={"model": first.card.name},
            screens=[("x", "G of the same twelve z")],
            numbers=[
                ("near", "to the nearest training image, mean distance of features"),
                ("step", "steps of training"),
                ("seen", "training images seen"),
            ],
            label="From the first step to the last",
            elem_id=FILM,
            results=RESULTS,
            address="t",
        )
    with layout.results(), gr.Row(elem_classes="ll-beside"):
        layout.outlet(RESULTS, under=True)
        plots.drawing(INSIDE, label="Over the film", source=FILM, elem_id=CHART)

    with layout.wide():
        markdown(
            "The distance to training images is taken by a network that was trained on images of this kind alone, and "
            "what it says of noise is a guess: the noise of **Cartoons** at step 1 counts as nearer, 0.94, than one "
            "training image is to another. How unlike the twelve are is the mean distance between two of them, over "
            "that of twelve training images: it tells from early on whether they are one image or many.\n\n"
            "In the equation $\\psi$ are the parameters of $D$ and $\\theta$ those of $G$, which take turns in each "
            "step. The lecture's factor ½ is in the losses of the DCGAN; today's recipe is written without it, which "
            "is a learning rate of twice as much, and adds R1 to $L$."
        )

    @user_facing
    def change(name: str) -> dict[str, Any]:
        """The film of a model."""
        model = get_model(made, name)
        return gr.update(context={"model": name}, said=step_names(model))

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
    equation=r"\begin{aligned} L &= -\tfrac{1}{2} \mathbb{E}_x \log D_\psi(x) - \tfrac{1}{2} \mathbb{E}_z \log(1 - "
    r"D_\psi(G_\theta(z))) \\ \psi &\leftarrow \psi - \eta\, \nabla_\psi L \\ \theta &\leftarrow \theta - \eta\, "
    r"\nabla_\theta\, \tfrac{1}{2}\, \mathbb{E}_z[-\log D_\psi(G_\theta(z))] \end{aligned}",
    lecture="§3.6",
    notice="Drag the slider from left to right. Moments are closer together at the start, where most happens. The "
    "rendered heads do not come steadily nearer: the distance to training images is 8.6 at the first step, 12.4 at "
    "step 108, and 7.1 at the end, where what changes is detail. Training images are typically 7.3 from one another. "
    "At step 9 the twelve are two thirds as unlike as training images, and at the end nearly as much. Losses do not "
    "tell: that of $G$ is 0.94 at step 108, and 0.96 at the end.",
    control=f"#{FILM} input",
    result=f"#{RESULTS} canvas",
    number=f"#{RESULTS} .ll-number",
    elsewhere="t=0.25",
    build=build,
    tells_class=True,
)
