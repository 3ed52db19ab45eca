"""Few labels: an encoder that learnt without labels, and what few labels make of it (lecture §1.4)."""

from __future__ import annotations

from gen_models.app.chapter import AUTOENCODERS, Chapter
from gen_models.app.chapters.few_labels import curves, draw, endpoints, label, thumbnail
from gen_models.cards import Card


def shows(card: Card) -> bool:
    """Models of few labels."""
    return card.family == "few-labels"


CHAPTER = Chapter(
    id="few-labels",
    title="Few labels",
    section=AUTOENCODERS,
    script="training.few_labels",
    shows=shows,
    experiments=(label.EXPERIMENT, curves.EXPERIMENT, draw.EXPERIMENT),
    invitation=("Label", "five digits, and see how far an encoder that saw none gets with them."),
    thumbnail=thumbnail.thumbnail,
    offer=endpoints.offer,
)
