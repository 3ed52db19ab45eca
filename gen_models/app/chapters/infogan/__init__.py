"""InfoGAN: without one label, codes that the generator cannot ignore become what an image shows (lecture §3.8)."""

from __future__ import annotations

from gen_models.app.chapter import GANS, Chapter, Models
from gen_models.app.chapters.infogan import (
    bound,
    codes,
    common,
    grid,
    reading,
    thumbnail,
)
from gen_models.cards import Card
from gen_models.runtime import Model


def shows(card: Card) -> bool:
    """Every InfoGAN."""
    return card.family == "infogan"


def left_out(model: Model) -> str | None:
    """A model that lacks a graph, or a code in one."""
    if common.is_whole(model):
        return None
    return (
        f"{model.card.name} is left out: it needs a graph generator with the inputs z, category and continuous, and a "
        "graph recogniser that reads both codes."
    )


def offer(models: Models) -> None:
    """Offer what the experiments compute."""
    for experiment in (codes, grid, reading, bound):
        experiment.offer(models)


CHAPTER = Chapter(
    id="infogan",
    title="InfoGAN",
    section=GANS,
    script="training.infogan",
    shows=shows,
    left_out=left_out,
    experiments=(codes.EXPERIMENT, grid.EXPERIMENT, reading.EXPERIMENT, bound.EXPERIMENT),
    invitation=(
        "Turn",
        "codes that were learnt without labels: one is the digit, another its slant.",
    ),
    thumbnail=thumbnail.thumbnail,
    offer=offer,
)
