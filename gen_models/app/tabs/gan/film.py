"""The training film: the same z from the first step of training to the last."""

from __future__ import annotations

from functools import cache
from typing import Any

import gradio as gr

from gen_models.app import live
from gen_models.app.checks import checked_integer, spoken
from gen_models.app.parts import Models, choose, endpoint, model_choice, say
from gen_models.app.tabs.gan import common
from gen_models.runtime import Array, Model

COLUMNS = 4
FILM = "gan-film"


@cache
def frames(model: Model) -> Array:
    """What G made of the same z at each moment: bytes (moments, z, h, w, c)."""
    return model.sheet("film").swapaxes(0, 1)


def seen(model: Model, moment: int) -> int:
    """How many training pictures had been seen at a moment."""
    return model.card.sheets["film"].steps[moment] * int(model.card.config["batch"])


def moment_at(model: Model, t: float) -> int:
    """The moment at t in [0, 1]."""
    return round(t * (len(model.card.sheets["film"].steps) - 1))


def at(model: Model, t: float) -> live.Reply:
    """The frame at t in [0, 1], and when it was taken."""
    moment = moment_at(model, t)
    return {
        "pictures": {"x": live.picture(live.grid(frames(model)[moment], COLUMNS))},
        "text": {
            "seen": f"{seen(model, moment):,}",
            "step": f"{model.card.sheets['film'].steps[moment]:,}",
        },
    }


def build(models: Models) -> None:
    """Lay out the film of every generator that has one."""
    filmed = {n: m for n, m in common.generators(models).items() if "film" in m.card.sheets}
    if not filmed:
        say("There is no training film: train a model again to take one.")
        return
    first = common.usual(filmed)
    say(
        "Twelve $z$, drawn once and kept. Scrub through training: $G$ starts from noise, and first finds what all "
        "pictures have in common. Moments are closer together at the start, where most happens."
    )
    with gr.Row(visible=len(filmed) > 1):
        choice = model_choice(filmed, first)

    def scrub(request: live.Request) -> live.Reply:
        return at(choose(filmed, request["context"].get("model")), float(request["value"][0]))

    sliders = live.LatentSliders(
        scrub,
        labels=["Training"],
        lo=0,
        hi=1,
        step=0.01,
        sweep=True,
        context={"model": first.card.name},
        screens=[("x", "G of the same twelve z")],
        numbers=[("seen", "training pictures seen"), ("step", "steps of training")],
        label="From the first step, 0, to the last, 1",
        elem_id=FILM,
    )

    @spoken
    def change(name: str) -> dict[str, Any]:
        """The film of a model."""
        return gr.update(context={"model": choose(filmed, name).card.name})

    choice.change(change, choice, sliders, api_name="gan_film_model", show_progress="hidden")

    def gan_film(model: str, moment: int) -> dict[str, Any]:
        """One frame of a training film by number: a PNG in a data: URI, its step, and the pictures seen by then."""
        chosen = choose(filmed, model)
        steps = chosen.card.sheets["film"].steps
        i = checked_integer(moment, 0, len(steps) - 1, "The moment")
        picture = common.png(frames(chosen)[i], COLUMNS)
        return {"picture": picture, "step": steps[i], "pictures seen": seen(chosen, i)}

    endpoint(gan_film, "gan_film")
