"""How much of the number is left in z: every probe, every vector and every model, and what else must be asked."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

import gradio as gr

from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.disentangle import common
from gen_models.app.checks import user_facing
from gen_models.app.shell import address, layout
from gen_models.app.shell.parts import big_numbers, endpoint, format_number, markdown, metric
from gen_models.errors import BadRequest
from gen_models.families import MetricId
from gen_models.runtime import Model
from gen_models.tables import markdown_table

BARS, FIGURES = "disentangle-leak", "disentangle-leak-numbers"
PROBES = {"perceptron": "Perceptron, 2 x 256", "linear": "Linear"}
VECTORS = {"mean": "Mean of q(z|x)", "sample": "Sample of q(z|x)"}
CHANCE = 0.1
ROW, LEFT, WIDE = 56, 240, 230
"""Of the bars: a row's height, where they begin, and how long 100 % is."""


def leak(model: Model, probe: str, vector: str) -> float | None:
    """The share of test digits whose number a probe reads from a vector, by the card."""
    return metric(model, MetricId.LEAK, probe, vector)


def bars(models: Iterable[Model], probe: str, vector: str) -> str:
    """A bar for each model, and a line where chance is: SVG."""
    rows, parts = list(models), []
    for i, model in enumerate(rows):
        value, y = leak(model, probe, vector), ROW * i
        words = "not measured" if value is None else f"{format_number(100 * value)} %"
        length = WIDE * (value or 0)
        parts.append(
            f'<text x="{LEFT - 10}" y="{y + 33}" text-anchor="end">{escape(common.name_of(model))}</text>'
            f'<rect x="{LEFT}" y="{y + 16}" width="{length:.1f}" height="26" fill="#26868c"/>'
            f'<text x="{LEFT + length + 8:.1f}" y="{y + 33}">{words}</text>'
        )
    height = ROW * len(rows)
    at = LEFT + WIDE * CHANCE
    parts.append(
        f'<path d="M{at} 8V{height}" stroke="currentColor" stroke-dasharray="4 4"/>'
        f'<text x="{at}" y="{height + 16}" text-anchor="middle">chance, 10 %</text>'
    )
    seen = f"Bars of the share of numbers that a {probe} probe reads from the {vector} of z, a model each."
    return (
        f'<svg viewBox="0 0 {LEFT + WIDE + 70} {height + 24}" role="img" aria-label="{escape(seen)}" font-size="14" '
        'fill="currentColor" style="display: block; width: 100%; max-width: 48rem; max-height: var(--ll-tall)">'
        f"{''.join(parts)}</svg>"
    )


def figures(models: Iterable[Model], probe: str, vector: str) -> str:
    """The leak of each model, large: HTML."""
    pairs = []
    for model in models:
        value = leak(model, probe, vector)
        words = "–" if value is None else f"{format_number(100 * value)} %"
        pairs.append((words, common.name_of(model)))
    return big_numbers(pairs)


def together(models: Iterable[Model]) -> str:
    """All that was measured, a model a row: Markdown."""

    def cell(model: Model, id: MetricId, *variant: str, percent: bool = True) -> str:
        value = metric(model, id, *variant)
        if value is None:
            return "–"
        return f"{format_number(100 * value)} %" if percent else format_number(value, 2)

    head = (
        "Trained with", "leak, mean", "leak, sample", "number from s", "swaps with the number of s",
        "slant of the donor of z", "slant of the donor of s", "squared error",
    )  # fmt: skip
    rows = [
        (
            common.name_of(model),
            cell(model, MetricId.LEAK, "perceptron", "mean"),
            cell(model, MetricId.LEAK, "perceptron", "sample"),
            cell(model, MetricId.ACCURACY),
            cell(model, MetricId.SWAP_CLASS),
            cell(model, MetricId.SLANT_CORRELATION, "z", percent=False),
            cell(model, MetricId.SLANT_CORRELATION, "s", percent=False),
            cell(model, MetricId.SQUARED_ERROR, percent=False),
        )
        for model in models
    ]
    return markdown_table(head, rows)


def checked(probe: Any, vector: Any) -> tuple[str, str]:
    """A probe and a vector that were measured."""
    for value, known, what in ((probe, PROBES, "probe"), (vector, VECTORS, "vector")):
        if value not in known:
            raise BadRequest(f"The {what} must be one of: {', '.join(known)}.")
    return probe, vector


def build(models: Models) -> None:
    """Lay out the gauge."""
    found = list(common.settings(models).values())
    if not found:
        markdown("Train a code of two parts: `python -m training.disentangle --name NAME`.")
        return
    probe, vector = next(iter(PROBES)), next(iter(VECTORS))
    with layout.controls():
        probes = address.named(
            "probe",
            gr.Radio([(words, name) for name, words in PROBES.items()], value=probe, label="Probe"),
        )
        vectors = address.named(
            "vector",
            gr.Radio(
                [(words, name) for name, words in VECTORS.items()], value=vector, label="Reads"
            ),
        )
    with layout.results():
        numbers = gr.HTML(figures(found, probe, vector), elem_id=FIGURES)
        chart = gr.HTML(bars(found, probe, vector), elem_id=BARS)
    with layout.wide():
        markdown(
            "A $z$ that says nothing leaks nothing: leak alone proves nothing. These belong together, all on test "
            "digits. *Slant*: correlation of a swapped image's slant with that of each donor. The probe learns from "
            "training digits and is taken as it was when it did best on held-out ones. Wanted of the first model were "
            "a leak of at most 17.5 % from a sample and 20 % from the mean, 97 % of swaps with the number of s, and a "
            "squared error of at most 12: it has all but the last. It saw 512,000 images, the others 192,000 each."
        )
        gr.Markdown(together(found), elem_classes="ll-facts")

    @user_facing
    def show(probe: str, vector: str) -> tuple[str, str]:
        """The leak by one probe from one vector."""
        checked(probe, vector)
        return figures(found, probe, vector), bars(found, probe, vector)

    gr.on(
        [probes.change, vectors.change],
        show,
        [probes, vectors],
        [numbers, chart],
        api_visibility="private",
        queue=False,
        show_progress="hidden",
    )


def offer(models: Models) -> None:
    """The same over HTTP."""

    def leaks(probe: str, vector: str) -> dict[str, Any]:
        """The share of test digits whose number a probe ("perceptron" or "linear") reads from z ("mean" or "sample"),
        by model.
        """
        checked(probe, vector)
        found = common.settings(models).items()
        return {name: leak(model, probe, vector) for name, model in found}

    endpoint(leaks, "disentangle_leak")


EXPERIMENT = Experiment(
    id="leak",
    title="Leak",
    idea="Is the number out of $z$? Ask a network that was trained to read it from there. Chance is 10 %.",
    equation=r"\begin{aligned} \mathrm{leak} &= \Pr\big[\arg\max\nolimits_c\, P_c(z(x)) = y\big], \\ P &= "
    r"\arg\min\nolimits_P\, \mathbb{E}\big[{-\log P_y(z(x))}\big] \end{aligned}",
    lecture="§6.2",
    notice="From the mean a perceptron reads 15.7 % with the adversary and 62.5 % without; a linear probe would have "
    "missed a part, with 13.3 % and 38.1 %. From a *sample* the 64-D z seems best, at 12.8 %: it says nothing at all. "
    "The table shows it, by a slant that follows at 0.06 and a squared error of 43.16.",
    control="[id='tab-disentangle/leak'] fieldset",
    result="#disentangle-leak svg",
    number="#disentangle-leak-numbers .ll-number",
    elsewhere="probe=linear&vector=sample",
    build=build,
)
