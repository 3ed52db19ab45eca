"""You draw c, and G answers with a picture x̂ = G(c, z) that follows your brush. It learned this from pairs (c, x): a
discriminator D sees drawing and picture together and judges each patch of them, and an L1 term keeps x̂ near the true x.
z is the noise of G's dropout: several z stand side by side.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from gen_models.app import charts, live
from gen_models.app.checks import checked_integer, checked_seed, spoken
from gen_models.app.choices import steps
from gen_models.app.parts import Models, choose, endpoint, model_choice, say
from gen_models.app.tabs.pix2pix import sheets, translate
from gen_models.app.tabs.pix2pix.pad import PaintPad, paper
from gen_models.cards import Card
from gen_models.runtime import Array, Model, to_uint8

TITLE = "pix2pix"
ID = "pix2pix"
SCRIPT = "training.pix2pix"
LECTURE = "§4.1"
EQUATION = (
    r"\begin{aligned} \hat{x} &= G(c, z) \\"
    r" \min_D \ & \mathbb{E}\big[-\log D(c, x) - \log(1 - D(c, \hat{x}))\big] \\"
    r" \min_G \ & \mathbb{E}\big[-\log D(c, \hat{x})\big] + \lambda\, \mathbb{E}\,|x - \hat{x}| \end{aligned}"
)
NOTICE = (
    "press New z. The pictures differ less from each other than from the true $x$: the L1 term rewards the one "
    "answer that is least wrong for all $x$ that fit the drawing, and leaves z little to say. Then draw nonsense, "
    "such as eyes on the chin. G makes something of it all the same: it was never asked whether a drawing makes sense."
)
PHOTOGRAPHS = [".png", ".jpg", ".jpeg", ".webp"]
PAD = "pix2pix-pad"
HINTS = {
    "labels": "An upload becomes a map of labels: each pixel takes the label whose colour is nearest.",
    "lines": "An upload becomes grey; dark lines on white are what this model was trained on.",
    "terrain": "Of an upload, red is height and green is water, as in a saved drawing. Land lowered to 0 is sea.",
    "colours": "The colours are those that the examples have most of; the last field holds one of your own.",
}


def shows(card: Card) -> bool:
    """Every model that was trained on pairs."""
    return card.family == "pix2pix"


def build(models: Models) -> None:
    """Lay out the sheet, its pictures, p, and the numbers."""
    for name in [name for name, model in models.items() if not sheets.is_whole(model)]:
        say(f"**{name} is left out: it needs a graph generator with the inputs c, u and p.**")
    models = {
        name: translate.quick(model) for name, model in models.items() if sheets.is_whole(model)
    }
    if not models:
        return
    kinds = list(HINTS)  # labels first: with them a stranger paints something at once
    models = dict(sorted(models.items(), key=lambda m: kinds.index(sheets.sheet(m[1]).kind)))
    first = next(iter(models.values()))

    def answer(request: live.Request) -> live.Reply:
        context = request["context"]
        return translate.at(choose(models, context.get("model")), request["value"], context)

    with gr.Row(equal_height=False):
        choice = model_choice(models, first)
        with gr.Column(min_width=280):
            steps(
                translate.P,
                translate.USUAL,
                label="p: the share of G's channels that dropout drops",
                unit="",
                key="p",
                targets=[PAD],
                elem_id="pix2pix-p",
            )
    pad = PaintPad(
        answer,
        paper=paper(first),
        value=_first_example(first),
        context={"seed": 0, "p": translate.USUAL},
        screens=[
            ("z0", "x̂ = G(c, z₁)"),
            *((f"z{i}", f"z{'₁₂₃₄'[i]}") for i in range(1, translate.SHOWN)),
            ("true", "true x"),
        ],
        numbers=[
            ("diversity", "|x̂ − x̂′| between these four z, mean"),
            ("error", "|x − x̂| to the true picture, mean"),
        ],
        label="Your drawing c",
        elem_id=PAD,
    )
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=280):
            upload = gr.UploadButton(
                "Upload a drawing", file_types=PHOTOGRAPHS, size="md", min_width=170
            )
            hint = gr.Markdown(_hint(first))
            say(
                "**To break it**, move p. At 0 nothing is dropped: z has no say, and a drawing has one answer. "
                "Near 0.9 hardly anything is left of G's innermost layers: colours go astray. Outlines stay, because "
                "they pass by on the U-Net's skip connections."
            )
        with gr.Column(scale=3, min_width=300):
            table = gr.HTML(
                translate.numbers(first),
                css_template=charts.TABLE_CSS,
                elem_id="pix2pix-numbers",
                padding=False,
            )

    @spoken
    def change(name: str) -> list[Any]:
        """Another model: its sheet with its first example, and its numbers."""
        model = choose(models, name)
        new = gr.update(paper=paper(model), value=_first_example(model))
        return [new, _hint(model), translate.numbers(model)]

    @spoken
    def uploaded(name: str, path: str) -> Any:
        """A visitor's picture, PNG, JPEG or WebP, as a drawing for this model."""
        return gr.update(value=sheets.uploaded(sheets.sheet(choose(models, name)), path))

    choice.change(
        change, choice, [pad, hint, table], api_name="pix2pix_model", show_progress="hidden"
    )
    upload.upload(
        uploaded, [choice, upload], pad, api_name="pix2pix_upload", show_progress="hidden"
    )
    _offer(models)


def _offer(models: Models) -> None:
    """The same over HTTP."""

    def translated(model: Model, drawing: Array, p: Any, seed: Any) -> dict[str, Any]:
        u = translate.noise(model, checked_seed(seed), translate.SHOWN)
        made = translate.translate(model, drawing, u, translate.checked_p(model, p))
        true = sheets.truth(model, drawing)
        return {
            "pictures": [live.data_uri(picture) for picture in to_uint8(made)],
            "diversity": translate.diversity(made),
            "error": None if true is None else translate.error(made[0], true),
        }

    def pix2pix(model: str, drawing: str, p: float, seed: int) -> dict[str, Any]:
        """Translate a drawing, a PNG of the model's own size in a data: URI, by four z, with dropout's share p.

        Gives PNGs in data: URIs, the mean |x̂ − x̂′| between them, and the mean |x − x̂| if the drawing is an example.
        """
        chosen = choose(models, model)
        return translated(chosen, sheets.decoded(drawing, sheets.sheet(chosen).side), p, seed)

    def pix2pix_example(model: str, example: int, p: float, seed: int) -> dict[str, Any]:
        """Translate a test example, by its number, as `pix2pix` does a drawing; its drawing is in the answer too."""
        chosen = choose(models, model)
        drawings = sheets.examples(chosen)
        if not len(drawings):
            raise live.BadRequest("The examples of this model are missing: export it again.")
        number = checked_integer(example, 0, len(drawings) - 1, "The number of an example")
        drawing = drawings[number]
        return {"drawing": live.data_uri(drawing), **translated(chosen, drawing, p, seed)}

    endpoint(pix2pix, "pix2pix")
    endpoint(pix2pix_example, "pix2pix_example")


def _first_example(model: Model) -> int | None:
    """What is on the sheet at first: an example, if there is one."""
    return 0 if len(sheets.examples(model)) else None


def _hint(model: Model) -> str:
    return HINTS[sheets.sheet(model).kind]
