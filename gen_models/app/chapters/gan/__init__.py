"""GANs: a generator learns from a discriminator alone (lecture §3)."""

from __future__ import annotations

from gen_models.app.chapter import GANS, Chapter, Models, told_none
from gen_models.app.chapters.gan import (
    common,
    encoder,
    film,
    morph,
    nearest,
    samples,
    thumbnail,
)
from gen_models.cards import Card

SHARED = ("fashion", "heads")
"""Data sets that a VAE shares with a GAN: their encoder is what a GAN lacks."""


def shows(card: Card) -> bool:
    """GANs, the features their training images are searched by, and VAEs of the same images."""
    return card.family in ("gan", "features") or (
        card.family == "vae" and card.dataset.name in SHARED and not card.classes
    )


def offer(models: Models) -> None:
    """What the experiments compute, over HTTP."""
    if common.generators(models):
        for experiment in (samples, morph, film):
            experiment.offer(models)
        for experiment in (nearest, encoder):
            experiment.offer(told_none(models))


CHAPTER = Chapter(
    id="gan",
    title="GANs",
    section=GANS,
    script="training.gan",
    shows=shows,
    experiments=(
        samples.EXPERIMENT,
        morph.EXPERIMENT,
        nearest.EXPERIMENT,
        encoder.EXPERIMENT,
        film.EXPERIMENT,
    ),
    invitation=("Pull", "z to where G was never trained, until the images fall apart."),
    thumbnail=thumbnail.thumbnail,
    offer=offer,
)
