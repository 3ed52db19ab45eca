"""A VAE of heads: every z is a head, the way between two is a morph, a direction is an attribute (lecture §2.6)."""

from __future__ import annotations

from gen_models.app.chapter import VAES, Chapter, Models
from gen_models.app.chapters.faces import (
    attributes,
    common,
    encode,
    morph,
    sliders,
    thumbnail,
)
from gen_models.cards import Card
from gen_models.runtime import Model


def shows(card: Card) -> bool:
    """Every VAE with directions for attributes."""
    return card.family == "vae" and "directions" in card.graphs


def left_out(model: Model) -> str | None:
    """A model without one of its graphs."""
    if common.is_whole(model):
        return None
    return (
        f"{model.card.title} is left out: it needs the graphs encoder, decoder, directions and attributes, and the "
        "last must read every attribute that directions moves."
    )


def offer(models: Models) -> None:
    """All of it over HTTP."""
    for each in (sliders, attributes, encode, morph):
        each.offer(models)


CHAPTER = Chapter(
    id="faces",
    title="Morphing faces",
    section=VAES,
    script="training.vae",
    shows=shows,
    left_out=left_out,
    experiments=(
        sliders.EXPERIMENT,
        attributes.EXPERIMENT,
        encode.EXPERIMENT,
        morph.EXPERIMENT,
    ),
    invitation=("Slide", "along the dimensions that say most about a head, or mix four of them."),
    thumbnail=thumbnail.thumbnail,
    offer=offer,
)
