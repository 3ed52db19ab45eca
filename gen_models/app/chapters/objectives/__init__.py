"""What an objective prefers, where all densities are known and one-dimensional, so nothing is hidden (lecture §3)."""

from __future__ import annotations

from gen_models.app.chapter import GANS, Chapter, Models
from gen_models.app.chapters.objectives import (
    fits,
    losses,
    naive,
    thumbnail,
)
from gen_models.cards import Card


def shows(card: Card) -> bool:
    """No model: everything here is computed."""
    return False


def offer(models: Models) -> None:
    """Offer what the experiments compute."""
    for experiment in (fits, naive, losses):
        experiment.offer(models)


CHAPTER = Chapter(
    id="objectives",
    title="Objectives",
    section=GANS,
    shows=shows,
    experiments=(fits.EXPERIMENT, naive.EXPERIMENT, losses.EXPERIMENT),
    invitation=("Pull", "two bumps apart, and see which objective gives one of them up."),
    thumbnail=thumbnail.thumbnail,
    offer=offer,
)
