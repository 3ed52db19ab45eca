"""CycleGAN: two sets of images, no pairs, and a way back that ties an output to its input (lecture §4.2)."""

from __future__ import annotations

from typing import Any

from gen_models.app import controls
from gen_models.app.chapter import TRANSLATION, Chapter, Models
from gen_models.app.chapters.cyclegan import (
    common,
    cycle,
    thumbnail,
    without,
)
from gen_models.app.checks import checked_number
from gen_models.app.shell.parts import endpoint, get_model
from gen_models.cards import Card
from gen_models.runtime import Model


def shows(card: Card) -> bool:
    """Every CycleGAN, with the cycle and without."""
    return card.family == "cyclegan"


def left_out(model: Model) -> str | None:
    """A model that goes one way only."""
    if common.is_whole(model):
        return None
    return f"{model.card.title} is left out: it translates one way only."


def offer(models: Models) -> None:
    """Translation over HTTP."""

    def cyclegan(model: str, way: str, picture: int, sigma: float) -> dict[str, Any]:
        """Translate a test image by number, there ("xy" or "yx") and back, with noise of `sigma`, 0 to 0.3, between.

        Gives the cycle error, that of all models of the same data, and translation, round trip and error map as PNGs
        in data: URIs.
        """
        chosen, direction = get_model(models, model), common.way_of(way)
        sigma = checked_number(sigma, 0, cycle.MAX_SIGMA, "The noise")
        x = common.example(chosen, direction, picture)
        pair = {one.card.name: one for one in without.both(chosen, models)}
        there = common.translate(chosen, direction.s, direction.t, x)
        back = common.translate(chosen, direction.t, direction.s, cycle.with_noise(there, sigma))
        return {
            "cycle error": common.mean_error(back, x),
            "without noise": {
                name: without.trip(one, direction, x).error for name, one in pair.items()
            },
            "translation": controls.data_uri(common.as_bytes(there)),
            "round trip": controls.data_uri(common.as_bytes(back)),
            "error map": controls.data_uri(common.error_map(back, x)),
        }

    endpoint(cyclegan, "cyclegan")


CHAPTER = Chapter(
    id="cyclegan",
    title="CycleGAN",
    section=TRANSLATION,
    script="training.cyclegan",
    shows=shows,
    left_out=left_out,
    experiments=(without.EXPERIMENT, cycle.EXPERIMENT),
    invitation=("Send", "a satellite image to a map and back, and disturb it on the way."),
    thumbnail=thumbnail.thumbnail,
    offer=offer,
)
