"""All methods on stacked digits, a thousand modes: samples, and the numbers of the cards."""

from __future__ import annotations

import base64
import io
from html import escape

import gradio as gr
from PIL import Image

from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.lab.methods import in_order, title_of
from gen_models.app.chapters.lab.scoreboard import commands, measured
from gen_models.app.checks import user_facing
from gen_models.app.shell import address, layout
from gen_models.app.shell.parts import big_numbers, get_model, markdown
from gen_models.app.shell.parts import format_number as number
from gen_models.families import MetricId
from gen_models.runtime import Model

KEYS = MODES, KL, SECONDS = tuple(
    metric.of("digits") for metric in (MetricId.MODES, MetricId.MODE_KL, MetricId.SECONDS)
)
SHEET = "digits"


def on_digits(models: Models) -> list[Model]:
    """Those that were measured, the nearest to equally frequent modes first."""
    found = [model for model in in_order(models) if KL in model.card.metrics]
    return sorted(found, key=lambda model: model.card.metrics[KL].value)


def samples(model: Model) -> str:
    """Its samples, as HTML: the image travels in the page."""
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


def apart(model: Model) -> str:
    """The first row of its samples, and the three digits of each apart, as HTML; nothing without samples."""
    sheet = model.card.sheets.get(SHEET)
    if sheet is None:
        return ""
    try:
        with Image.open(model.folder / sheet.file) as whole:
            row = whole.convert("RGB").crop((0, 0, whole.width, whole.height // sheet.rows))
    except OSError:  # `samples` says so
        return ""
    rows = {"First row": row} | dict(zip(("red", "green", "blue"), row.split(), strict=True))
    shown = "".join(
        f'<figure><img src="{data_uri(image)}" alt="{name}"><figcaption>{name}</figcaption></figure>'
        for name, image in rows.items()
    )
    return f'<div class="lab-apart">{shown}</div>'


def data_uri(image: Image.Image) -> str:
    """A PNG in a data: URI."""
    content = io.BytesIO()
    image.save(content, "PNG")
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"


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


def numbers(model: Model) -> str:
    """Its modes and KL, large: HTML."""
    return big_numbers(
        [
            (number(model.card.metrics[MODES].value, 0), "modes of 1,000 found in 26,000 samples"),
            (number(model.card.metrics[KL].value, 2), "nats, KL of their shares from equal ones"),
        ]
    )


def build(models: Models) -> None:
    """Lay out the samples and numbers of one method, and below them all methods."""
    found = on_digits(models)
    if not found:
        markdown("None is measured yet: `python -m training.lab_digits` does.")
        return
    by_name = {model.card.name: model for model in found}
    first = found[0]
    with layout.controls():
        choice = address.named(
            "method",
            gr.Radio(
                [(title_of(model.card), model.card.name) for model in found],
                value=first.card.name,
                label="Method, the lowest KL first",
                elem_id="lab-digits-method",
            ),
        )
    with layout.results():
        big = gr.HTML(numbers(first), elem_id="lab-digits-numbers")
        shown = gr.HTML(samples(first) + apart(first), elem_id="lab-digits")
    with layout.wide():
        markdown(
            "$G$ and $D$ are the perceptrons of the lab, wider; they see each digit as its code of ten numbers by an "
            "autoencoder, whose decoder draws what $G$ makes. A recogniser reads 26,000 samples of $G$. Test digits, "
            "stacked and read in the same way, say what a perfect $G$ would reach."
        )
        gr.HTML(table(models))
        markdown(
            "This is not the lesson of the lecture: no game collapses here, so what guards against collapse has "
            "nothing to mend, and packs find fewest modes, since of the points in a step packs of two make half as "
            "many examples for $D$, packs of four a quarter. The scoreboard with a slow $D$ shows a collapse, and "
            "what mends it.\n\n"
            "These are small perceptrons on codes: published numbers of this test are of convolutional networks on "
            "pixels, and no measure for these. Digits: MNIST, by Y. LeCun, C. Cortes and C. Burges, commonly given as "
            "CC BY-SA 3.0."
        )
        markdown(commands(models, KEYS))

    @user_facing
    def show(name: str) -> tuple[str, str]:
        """The numbers and samples of one method."""
        model = get_model(by_name, name)
        return numbers(model), samples(model) + apart(model)

    choice.change(
        show, choice, [big, shown], api_visibility="private", queue=False, show_progress="hidden"
    )


EXPERIMENT = Experiment(
    id="digits",
    title="Stacked digits",
    idea="Three digits drawn at random are the red, green and blue of one image: a thousand modes, one for each "
    "triple. How many does $G$ find?",
    equation=r"\mathrm{KL} = \sum_{k=1}^{1000} p_k \log(1000\, p_k)",
    lecture="§5.5",
    notice="Choose the methods one after the other: all find nearly a thousand triples, so nothing collapses here; "
    "the plain GAN too. They differ in how evenly they draw them, as the KL says, and packs of two and four, made "
    "against collapse, are the worst.",
    control="#lab-digits-method",
    result="#lab-digits img",
    number="#lab-digits-numbers .ll-number",
    elsewhere="method=lab-wgan-gp",
    build=build,
)
