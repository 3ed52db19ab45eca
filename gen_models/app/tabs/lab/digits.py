"""All methods on stacked digits, a thousand modes: samples, numbers of the cards, and published ones beside them."""

from __future__ import annotations

import base64
from html import escape

import gradio as gr

from gen_models.app.parts import Models, say
from gen_models.app.tabs.lab.methods import in_order, title_of
from gen_models.app.tabs.lab.scoreboard import SOURCE, commands, measured
from gen_models.runtime import Model

KEYS = MODES, KL, SECONDS = "digits: modes", "digits: KL", "digits: seconds"
SHEET = "digits"
PUBLISHED = (
    ("DCGAN", "99", "3.40"),
    ("Unrolled GAN", "48.7", "4.32"),
    ("VEEGAN", "150", "2.95"),
    ("PacDCGAN2", "1000", "0.06"),
)
"""Name, modes of 1,000 and KL in nats, as SOURCE has them."""


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
    """Every method that was measured, and what others published: HTML."""
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
    rows += [
        (f"<em>As published: {name}</em>", "", f"{modes} of 1000", f"{kl} nats", "–", "–")
        for name, modes, kl in PUBLISHED
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
        f"*As published:* {SOURCE}, section 4.2: convolutional networks, all of MNIST and a longer training, so those "
        "rows say what to expect of a method, and not which code is better. Digits: MNIST, by Y. LeCun, C. Cortes and "
        "C. Burges, commonly given as CC BY-SA 3.0.\n\nMeasured by:"
    )
    gr.Markdown(commands(models, KEYS))
