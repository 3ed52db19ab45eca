"""What the lecture concludes: autoencoder, VAE and GAN side by side on the same images (lecture §7)."""

from __future__ import annotations

from gen_models.app.chapter import SUMMARY, Chapter
from gen_models.app.chapters import autoencoder
from gen_models.app.chapters.summary import compare, thumbnail
from gen_models.cards import Card


def shows(card: Card) -> bool:
    """Autoencoders and VAEs as the first chapter shows them, and GANs."""
    of_z = card.family in ("gan", "infogan") and not card.classes
    return autoencoder.CHAPTER.shows(card) or of_z


CHAPTER = Chapter(
    id="summary",
    title="Summary",
    section=SUMMARY,
    script="training.autoencoder",
    shows=shows,
    left_out=autoencoder.left_out,
    experiments=(compare.EXPERIMENT,),
    invitation=("Compare", "what each of the three draws, and what it makes of your image."),
    thumbnail=thumbnail.thumbnail,
)
