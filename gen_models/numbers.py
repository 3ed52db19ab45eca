"""Every number of every card as one table: a line for each, with what stands behind it."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable

from gen_models.cards import Card, Metric
from gen_models.families import FAMILIES, label_of

FILE = "numbers.csv"
"""Beside the models, under `exported/`."""
HEAD = (
    "model", "metric", "label", "value", "unit", "n", "split", "seeds", "low", "high", "command", "note",
)  # fmt: skip
"""`low` and `high` bound the mean over seeds, as `interval` does; empty where one seed was taken."""
T_975 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179)
"""The 0.975 quantiles of Student's t with 1, 2, ... degrees of freedom."""
SHORT = 6
"""Characters of a unit that fits anywhere."""
SPREAD = re.compile(r"\b(?:(sd)|standard deviation) (\d+(?:\.\d+)?)")


def table(cards: Iterable[Card]) -> str:
    """The content of `numbers.csv`, by model and then in the order of its card."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD)
    for card in cards:
        for key, metric in card.metrics.items():
            writer.writerow(_row(card, key, metric))
    return text.getvalue()


def _row(card: Card, key: str, metric: Metric) -> tuple[object, ...]:
    bounds = interval(metric)
    low, high = ("", "") if bounds is None else (f"{bound:.6g}" for bound in bounds)
    return (
        card.name,
        key,
        label_of(card.family, key),
        f"{metric.value:.6g}",
        metric.unit,
        metric.n,
        metric.split,
        " ".join(map(str, metric.seeds)),
        low,
        high,
        metric.command,
        metric.note,
    )


def headlines(card: Card, most: int) -> list[str]:
    """The numbers that stand for a model where there is room for few, each as "KL: 6.13 nats (n = 1,663)".

    A unit that is a sentence is left to the card.
    """
    keys = [key for key in FAMILIES[card.family].headlines if key in card.metrics][:most]
    return [_headline(label_of(card.family, key), card.metrics[key]) for key in keys]


def _headline(label: str, metric: Metric) -> str:
    unit = f" {metric.unit}" if 0 < len(metric.unit) <= SHORT else ""
    return f"{label}: {metric.value:.2f}{unit} (n = {metric.n:,})"


def interval(metric: Metric) -> tuple[float, float] | None:
    """The 95 % confidence interval of a mean over seeds, by Student's t; None if its note has no deviation of them.

    A note says "sd", which divides by the number of seeds, or "standard deviation", which divides by one less.
    """
    seeds, found = len(metric.seeds), SPREAD.search(metric.note)
    if found is None or not 2 <= seeds <= len(T_975) + 1:
        return None
    error = float(found[2]) / math.sqrt(seeds - 1 if found[1] else seeds)
    reach = T_975[seeds - 2] * error
    return metric.value - reach, metric.value + reach
