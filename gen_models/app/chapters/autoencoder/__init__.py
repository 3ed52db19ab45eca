"""Autoencoders: a code of a few numbers that an image is remembered by, learnt without labels (lecture §1)."""

from __future__ import annotations

from gen_models.app.chapter import AUTOENCODERS, Chapter
from gen_models.app.chapters.autoencoder import (
    between,
    endpoints,
    errors,
    generator,
    plane,
    reconstruct,
    thumbnail,
)
from gen_models.app.chapters.autoencoder.lineup import code_sizes
from gen_models.cards import Card
from gen_models.families import FeaturesFacts, FeatureTask, VAEFacts
from gen_models.runtime import Model


def shows(card: Card) -> bool:
    """Autoencoders, PCA among them, plain VAEs to compare with, and networks that tell classes."""
    if card.family == "features":
        return card.facts_as(FeaturesFacts).task is FeatureTask.CLASSES
    if card.family != "vae" or "directions" in card.graphs:
        return card.family == "autoencoder"
    facts = card.facts_as(VAEFacts)
    return facts.beta == 1 and not facts.binarized and not card.classes


def left_out(model: Model) -> str | None:
    """An autoencoder without a pair of graphs."""
    if model.card.family != "autoencoder" or code_sizes(model):
        return None
    return f"{model.card.name} is left out: it has no encoder and decoder of the same code size."


CHAPTER = Chapter(
    id="autoencoder",
    title="Autoencoders",
    section=AUTOENCODERS,
    script="training.autoencoder",
    shows=shows,
    left_out=left_out,
    experiments=(
        reconstruct.EXPERIMENT,
        errors.EXPERIMENT,
        between.EXPERIMENT,
        generator.EXPERIMENT,
        plane.EXPERIMENT,
    ),
    invitation=("Draw", "a digit, and see what a code of a few numbers remembers of it."),
    thumbnail=thumbnail.thumbnail,
    offer=endpoints.offer,
)
