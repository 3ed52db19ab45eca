"""What every tab has: the anatomy of a lesson, and the facts of its models."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING

import gradio as gr

from gen_models.cards import Card, Metric
from gen_models.runtime import Model, ModelError

if TYPE_CHECKING:
    from gen_models.app.tabs import Tab

MATHS = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "$", "right": "$", "display": False},
]


def lesson(tab: Tab, models: dict[str, Model], problems: Sequence[str]) -> None:
    """A whole tab: sentence and equation, the thing to operate with its number, what to notice, how it was trained."""
    gr.Markdown(inspect.getdoc(tab) or "", elem_classes="ll-lead")
    gr.Markdown(f"$${tab.EQUATION}$$", latex_delimiters=MATHS, elem_classes="ll-equation")
    for problem in problems:
        gr.Markdown(f"**{problem}**", elem_classes="ll-problem")
    if tab.SCRIPT and not models:
        gr.Markdown(
            f"There is no model for this tab yet. Make one with `python -m {tab.SCRIPT}`, "
            "or restore the folder `exported/` from the repository, and start the app again."
        )
        return
    try:
        tab.build(models)
    except ModelError as error:  # a whole file that onnxruntime cannot open
        gr.Markdown(f"**{error}**", elem_classes="ll-problem")
    gr.Markdown(f"**Notice:** {tab.NOTICE}", latex_delimiters=MATHS, elem_classes="ll-notice")
    if not models:
        return
    with gr.Accordion(f"How these models were made (lecture {tab.LECTURE})", open=False):
        for model in models.values():
            with gr.Accordion(model.card.title, open=False):
                gr.Markdown(facts(model.card), elem_classes="ll-facts")


def facts(card: Card) -> str:
    """How one model came to be, in Markdown."""
    made, data = card.training, card.dataset
    versions = ", ".join(f"{name} {version}" for name, version in made.versions.items())
    return (
        f"{card.summary}\n\n"
        f"```\n{made.command}\n```\n\n"
        f"Training: {made.effort}; {versions}; commit `{made.commit}`. "
        f"Data: {data.title} ({data.licence}; {data.source}).\n\n"
        f"{metrics_table(card)}\n\n*Limits.* {card.limitations}"
    )


def metrics_table(card: Card) -> str:
    """Every number of a card, with what stands behind it, as a Markdown table."""
    if not card.metrics:
        return "Not evaluated yet."
    rows = [f"| {key} | {_sentence(metric)} |" for key, metric in card.metrics.items()]
    commands = dict.fromkeys(metric.command for metric in card.metrics.values())
    measured = "\n".join(f"```\n{command}\n```" for command in commands)
    return "| measured | value |\n|---|---|\n" + "\n".join(rows) + f"\n\n{measured}"


def _sentence(metric: Metric) -> str:
    seeds = f", seed {', '.join(map(str, metric.seeds))}" if metric.seeds else ""
    note = f" ({metric.note})" if metric.note else ""
    return f"{metric.value:.4g} {metric.unit}{note}; n = {metric.n:,}, {metric.split} split{seeds}"
