"""All methods on stacked digits, a thousand modes: samples, and the numbers of the cards."""

from __future__ import annotations

import base64
from html import escape

import gradio as gr

from gen_models.app.parts import Models, say
from gen_models.app.tabs.lab.methods import in_order, title_of
from gen_models.app.tabs.lab.scoreboard import commands, measured
from gen_models.runtime import Model

KEYS = MODES, KL, SECONDS = "digits: modes", "digits: KL", "digits: seconds"
SHEET = "digits"


def on_digits(models: Models) -> list[Model]:
    """Those that were measured, the nearest to equally frequent modes first."""
    found = [model for model in in_order(models) if KL in model.card.metrics]
    return sorted(found, key=lambda model: model.card.metrics[KL].value)


def samples(model: Model) -> str:
    """Its samples, as HTML: the picture travels in the page."""
    sheet = model.card.sheets.get(SHEET)
    if sheet is None:
        return ""
    try:
        data = base64.b64encode((model.folder / sheet.file).read_bytes()).decode()
    except OSError:
        return f"{escape(sheet.file)} is missing: restore it from the repository."
    return (
        f'<img class="lab-samples" src="data:image/webp;base64,{data}" '
        f'alt="{sheet.rows * sheet.columns} samples of {escape(title_of(model.card))}">'
    )


def table(models: Models) -> str:
    """Every method that was measured: HTML."""
    head = ("Method", "Samples of the first seed", "Modes of 1,000", "KL", "Seeds", "Time")
    rows = [
        (
            escape(title_of(model.card)),
            samples(model),
            escape(measured(model.card, MODES)),
            escape(measured(model.card, KL, 2)),
            str(len(model.card.metrics[KL].seeds)),
            escape(measured(model.card, SECONDS)),
        )
        for model in on_digits(models)
    ]
    cells = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    heads = "".join(f'<th scope="col">{each}</th>' for each in head)
    return (
        f'<div class="prose ll-facts"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{cells}</tbody></table></div>"
    )


def build(models: Models) -> None:
    """Lay out the table and what stands behind it."""
    say(
        "Three handwritten digits drawn at random are the red, green and blue of one picture: a thousand modes, one "
        "for each triple (§5.5). $G$ and $D$ are the perceptrons of the lab, wider; they see each digit as its code of "
        "ten numbers by an autoencoder, whose decoder draws what $G$ makes. A recogniser reads 26,000 samples of $G$: "
        "how many triples are there, and how far their shares $p_k$ are from being equal, $\\mathrm{KL} = \\sum_k "
        "p_k \\log(1000\\, p_k)$ (0 if they are, 6.9 if all samples are one triple). Test digits, stacked and read in "
        "the same way, say what a perfect $G$ would reach."
    )
    if not on_digits(models):
        say("None is measured yet: `python -m training.lab_digits` does.")
        return
    gr.HTML(table(models))
    say(
        "Where no game collapses, what guards against collapse has nothing to mend; and of the points in a step, packs "
        "of two make half as many examples for $D$, packs of four a quarter.\n\n"
        "These are small perceptrons on codes: published numbers of this test are of convolutional networks on pixels, "
        "and no measure for these. Digits: MNIST, by Y. LeCun, C. Cortes and "
        "C. Burges, commonly given as CC BY-SA 3.0.\n\nMeasured by:"
    )
    gr.Markdown(commands(models, KEYS))
