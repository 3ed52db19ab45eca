"""The GAN lab: two small networks play in the plane while one looks; and what was measured of each method before."""

from __future__ import annotations

from gen_models.app.chapter import UNSTABLE, Chapter
from gen_models.app.chapters.lab import (
    digits,
    play,
    scoreboard,
    thumbnail,
)
from gen_models.cards import Card


def shows(card: Card) -> bool:
    """Every method whose training step was exported."""
    return card.family == "lab"


CHAPTER = Chapter(
    id="lab",
    title="GAN lab",
    section=UNSTABLE,
    script="training.lab",
    shows=shows,
    experiments=(play.EXPERIMENT, scoreboard.EXPERIMENT, digits.EXPERIMENT),
    invitation=("Break", "a GAN in the plane while it trains, then mend it."),
    thumbnail=thumbnail.thumbnail,
    offer=play.offer,
)
