"""Documents: word counts as a code of two numbers, by a deep autoencoder and by LSA, or of bits (lecture §1.3)."""

from __future__ import annotations

from gen_models.app.chapter import AUTOENCODERS, Chapter
from gen_models.app.chapters.documents import endpoints, hashing, planes, size, thumbnail
from gen_models.cards import Card


def shows(card: Card) -> bool:
    """Codes of documents, of either kind."""
    return card.family == "documents"


CHAPTER = Chapter(
    id="documents",
    title="Documents",
    section=AUTOENCODERS,
    script="training.documents",
    shows=shows,
    experiments=(planes.EXPERIMENT, size.EXPERIMENT, hashing.EXPERIMENT),
    invitation=("Write", "a text, and see where it lands among posts on twenty topics."),
    thumbnail=thumbnail.thumbnail,
    offer=endpoints.offer,
)
