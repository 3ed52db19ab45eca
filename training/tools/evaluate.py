"""Measure an exported model and write the numbers into its card.

Everything is computed on the exported graphs, through `gen_models.runtime`, on the test split: what is measured is
what is served. Beside the numbers a contact sheet is made, `preview.webp`.

    python -m training.evaluate exported/vae-digits-2d
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import tyro

from gen_models import cards, families, model_readme
from gen_models.errors import UserError
from training.engine import cli
from training.engine.measurement import evaluate
from training.tools.registry import FAMILIES


@dataclass(frozen=True)
class Config:
    """Measure exported models on their test data."""

    folders: tyro.conf.Positional[tuple[Path, ...]]
    """folders such as exported/vae-digits-2d"""
    beside: Path | None = None
    """folder of another, measured model of the same data, whose numbers go into the cards too, under its name"""
    other_data: bool = False
    """the model beside it is of other data, and its numbers say so"""


def evaluate_model(folder: Path) -> None:
    """Measure the model in `folder` as its family is measured.

    Raises:
        CardError: the card cannot be read.
        UserError: the family has no evaluation.
    """
    family = cards.load(folder / "card.json").family
    entry = FAMILIES.get(family)
    if entry is None or entry.measure is None:
        raise UserError(f"there is no evaluation for the family {family!r}.")
    evaluate(folder, entry.measure)


def main(config: Config) -> None:
    """Evaluate each folder in turn."""
    for folder in config.folders:
        evaluate_model(folder)
        if config.beside is not None:
            put_beside(folder, config.beside, config.other_data)


def put_beside(folder: Path, other: Path, other_data: bool = False) -> None:
    """Copy the numbers of the model in `other` into the card of the one in `folder`: `l1` as `l1@NAME`.

    So a model can be compared with one whose graphs are too large to be kept. With `other_data`, that may be one of
    other data, and the notes say of which.
    """
    card, reference = (cards.load(path / "card.json") for path in (folder, other))
    if card.dataset.sha256 != reference.dataset.sha256 and not other_data:
        raise UserError(f"{reference.name} was not trained on the data set of {card.name}.")
    parameters = sum(graph.parameters for graph in reference.graphs.values())
    seen = families.FAMILIES[reference.family].seen
    facts = [f"{parameters:,} parameters", f"{reference.training.images:,} {seen} seen"]
    if other_data:
        facts.insert(0, reference.dataset.title)
    note = ", ".join(facts)
    copies = {
        f"{key}@{reference.name}": dataclasses.replace(
            metric, note="; ".join(filter(None, (metric.note, note)))
        )
        for key, metric in reference.metrics.items()
    }
    model_readme.save(card.with_metrics(copies), folder)


if __name__ == "__main__":
    cli.run(main, Config)
