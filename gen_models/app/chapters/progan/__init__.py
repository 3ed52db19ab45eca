"""Progressive GANs: a GAN that grows while it is trained (lecture §6.1)."""

from __future__ import annotations

from gen_models.app.chapter import FURTHER, Chapter, Models
from gen_models.app.chapters.progan import common, fade, growth, levels, thumbnail
from gen_models.cards import Card
from gen_models.runtime import Model


def shows(card: Card) -> bool:
    """GANs that grew."""
    return card.family == "progan"


def left_out(model: Model) -> str | None:
    """A model that lacks a graph or its film."""
    if common.is_whole(model):
        return None
    return f"{model.card.name} is left out: it lacks a graph that its family promises, or its film."


def offer(models: Models) -> None:
    """Offer what the experiments compute."""
    if models:
        for experiment in (growth, fade, levels):
            experiment.offer(models)


CHAPTER = Chapter(
    id="progan",
    title="Progressive GAN",
    section=FURTHER,
    script="training.progan",
    shows=shows,
    left_out=left_out,
    experiments=(growth.EXPERIMENT, fade.EXPERIMENT, levels.EXPERIMENT),
    invitation=("Scrub", "through a GAN's whole training, from 4 pixels to 64."),
    thumbnail=thumbnail.thumbnail,
    offer=offer,
)
