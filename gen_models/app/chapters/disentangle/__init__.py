"""Disentanglement: a code of two parts, number and style, or person and view (lecture §6.2)."""

from __future__ import annotations

from gen_models.app.chapter import FURTHER, Chapter, Models
from gen_models.app.chapters.disentangle import common, leak, person, swap, thumbnail, walk
from gen_models.runtime import Model


def left_out(model: Model) -> str | None:
    """A model that lacks a graph, or one of a person and a view without images of persons."""
    if not common.is_whole(model):
        return f"{model.card.name} is left out: it lacks a graph that its family promises."
    if not person.has_heads(model):
        return f"{model.card.name} is left out: its images of persons are missing or damaged; export it again."
    return None


def offer(models: Models) -> None:
    """Offer what the experiments compute."""
    if common.settings(models):
        for experiment in (swap, walk, leak):
            experiment.offer(models)
    if person.settings(models):
        person.offer(models)


CHAPTER = Chapter(
    id="disentangle",
    title="Disentanglement",
    section=FURTHER,
    script="training.disentangle",
    shows=common.shows,
    left_out=left_out,
    experiments=(swap.EXPERIMENT, walk.EXPERIMENT, leak.EXPERIMENT, person.EXPERIMENT),
    invitation=("Swap", "the style of your digit with the number of another."),
    thumbnail=thumbnail.thumbnail,
    offer=offer,
)
