"""pix2pix: a conditional GAN learns from pairs what image belongs to a drawing (lecture §4.1)."""

from __future__ import annotations

from gen_models.app.chapter import TRANSLATION, Chapter, Models
from gen_models.app.chapters.pix2pix import (
    canvases,
    draw,
    terms,
    thumbnail,
)
from gen_models.cards import Card
from gen_models.runtime import Model


def shows(card: Card) -> bool:
    """Every model that was trained on pairs."""
    return card.family == "pix2pix"


def left_out(model: Model) -> str | None:
    """A model that cannot be drawn for."""
    if canvases.is_whole(model):
        return None
    return f"{model.card.name} is left out: it needs a graph generator with the inputs c, u and p."


def offer(models: Models) -> None:
    """Offer what the experiments compute."""
    draw.offer(models)
    terms.offer(models)


CHAPTER = Chapter(
    id="pix2pix",
    title="pix2pix",
    section=TRANSLATION,
    script="training.pix2pix",
    shows=shows,
    left_out=left_out,
    experiments=(draw.EXPERIMENT, terms.EXPERIMENT),
    invitation=("Paint", "a map of labels, and a head follows the brush."),
    thumbnail=thumbnail.thumbnail,
    offer=offer,
)
