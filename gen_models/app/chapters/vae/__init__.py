"""VAEs: codes with a chosen distribution, so that a z drawn from it decodes to a new image (lecture §2)."""

from __future__ import annotations

from gen_models.app.chapter import VAES, Chapter, Models, told_none
from gen_models.app.chapters.vae import (
    beta,
    common,
    dials,
    evidence,
    latent_map,
    morph,
    output,
    reparameterise,
    samples,
    thumbnail,
    told,
    toy,
)
from gen_models.cards import Card
from gen_models.runtime import Model


def shows(card: Card) -> bool:
    """Every VAE but those of the chapter Morphing faces."""
    return card.family == "vae" and "directions" not in card.graphs


def left_out(model: Model) -> str | None:
    """A model without one of its halves."""
    if common.is_whole(model):
        return None
    return f"{model.card.name} is left out: a VAE has the graphs encoder and decoder."


def offer(models: Models) -> None:
    """What the experiments compute, over HTTP."""
    for experiment in (latent_map, samples, told):
        experiment.offer(models)
    if plain := told_none(models):
        for experiment in (beta, output, evidence, reparameterise, morph):
            experiment.offer(plain)


CHAPTER = Chapter(
    id="vae",
    title="VAEs",
    section=VAES,
    script="training.vae",
    shows=shows,
    left_out=left_out,
    experiments=(
        latent_map.EXPERIMENT,
        dials.EXPERIMENT,
        samples.EXPERIMENT,
        beta.EXPERIMENT,
        output.EXPERIMENT,
        evidence.EXPERIMENT,
        reparameterise.EXPERIMENT,
        morph.EXPERIMENT,
        told.EXPERIMENT,
    ),
    invitation=("Drag", "through a plane in which every point is an image."),
    thumbnail=thumbnail.thumbnail,
    offer=offer,
    toy=toy.build,
    toy_image=toy.image,
)
