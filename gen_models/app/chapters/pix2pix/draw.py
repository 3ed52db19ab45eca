"""You draw c, and the image G(c, z) follows the brush."""

from __future__ import annotations

from typing import Any

import gradio as gr

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.pix2pix import canvases, terms, translate
from gen_models.app.checks import checked_integer, checked_seed, user_facing
from gen_models.app.controls.drawing import from_png
from gen_models.app.shell import address, charts, layout
from gen_models.app.shell.parts import endpoint, get_model
from gen_models.errors import BadRequest
from gen_models.runtime import Array, Model, to_uint8

PHOTOGRAPHS = [".png", ".jpg", ".jpeg", ".webp"]
PAD, RESULTS = "pix2pix-pad", "pix2pix-results"
HINTS = {
    "labels": "An upload becomes a map of labels: each pixel takes the label whose colour is nearest.",
    "lines": "An upload becomes grey; dark lines on white are what this model was trained on.",
    "terrain": "Of an upload, red is height and green is water, as in a saved drawing. Land lowered to 0 is sea.",
    "colours": "The colours are those that the examples have most of; the last field holds one of your own.",
}


def in_order(models: Models) -> Models:
    """Those that were trained by both terms; maps of labels first: with them a stranger paints something at once."""
    kinds = list(HINTS)
    whole = [each for each in models.values() if terms.way_of(each) == "both"]
    quick = [translate.quick(model) for model in whole or models.values()]
    quick.sort(key=lambda model: kinds.index(canvases.canvas(model).kind))
    return {model.card.name: model for model in quick}


def build(models: Models) -> None:
    """Lay out the canvas beside its inks, the images of four z beside the true one, and the numbers."""
    models = in_order(models)
    first = next(iter(models.values()))

    def answer(request: controls.Request) -> controls.Reply:
        context = request["context"]
        return translate.at(get_model(models, context.get("model")), request["value"], context)

    with layout.controls():
        with gr.Row(elem_id="pix2pix-choices", equal_height=False):
            choice = address.named("model", _model_choice(models, first))
            controls.steps(
                translate.P,
                translate.DEFAULT_P,
                label="Dropout p",
                unit="",
                key="p",
                targets=[PAD],
                elem_id="pix2pix-p",
                address="p",
            )
        pad = controls.PaintPad(
            answer,
            paper=canvases.paper_of(first),
            value=canvases.start(first),
            context={"seed": 0, "p": translate.DEFAULT_P},
            screens=[
                ("z0", "x̂ = G(c, z₁)"),
                ("true", "true x"),
                *((f"z{i}", f"z{'₁₂₃₄'[i]}") for i in range(1, translate.SHOWN)),
            ],
            numbers=[
                ("diversity", "|x̂ − x̂′| between the four z, mean"),
                ("error", "|x − x̂| to the true image, mean"),
            ],
            label="Your drawing c",
            elem_id=PAD,
            results=RESULTS,
            address="example",
            seed_address="seed",
        )
    with layout.results():
        layout.outlet(RESULTS, under=True)
    with layout.wide(), gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=280):
            upload = gr.UploadButton(
                "Upload a drawing", file_types=PHOTOGRAPHS, size="sm", min_width=170
            )
            hint = gr.Markdown(_hint(first), elem_classes="ll-aside")
        with gr.Column(scale=3, min_width=300):
            table = gr.HTML(
                translate.numbers(first),
                css_template=charts.TABLE_CSS,
                elem_id="pix2pix-numbers",
                padding=False,
            )

    @user_facing
    def change(name: str) -> list[Any]:
        """Another model: its canvas with its first example, and its numbers."""
        model = get_model(models, name)
        new = gr.update(paper=canvases.paper_of(model), value=canvases.start(model))
        return [new, _hint(model), translate.numbers(model)]

    @user_facing
    def uploaded(name: str, path: str) -> Any:
        """A visitor's image, PNG, JPEG or WebP, as a drawing for this model."""
        return gr.update(value=canvases.uploaded(canvases.canvas(get_model(models, name)), path))

    choice.change(
        change, choice, [pad, hint, table], api_name="pix2pix_model", show_progress="hidden"
    )
    upload.upload(
        uploaded, [choice, upload], pad, api_name="pix2pix_upload", show_progress="hidden"
    )


def offer(models: Models) -> None:
    """The same over HTTP."""
    models = in_order(models)

    def translated(model: Model, drawing: Array, p: Any, seed: Any) -> dict[str, Any]:
        u = translate.noise(model, checked_seed(seed), translate.SHOWN)
        made = translate.translate(model, drawing, u, translate.checked_p(model, p))
        true = canvases.truth(model, drawing)
        return {
            "pictures": [controls.data_uri(image) for image in to_uint8(made)],
            "diversity": translate.diversity(made),
            "error": None if true is None else translate.error(made[0], true),
        }

    def pix2pix(model: str, drawing: str, p: float, seed: int) -> dict[str, Any]:
        """Translate a drawing, a PNG of the model's own size in a data: URI, by four z, with dropout's share p.

        Gives PNGs in data: URIs, the mean |x̂ − x̂′| between them, and the mean |x − x̂| if the drawing is an example.
        """
        chosen = get_model(models, model)
        return translated(chosen, from_png(drawing, canvases.canvas(chosen).side), p, seed)

    def pix2pix_example(model: str, example: int, p: float, seed: int) -> dict[str, Any]:
        """Translate a test example, by its number, as `pix2pix` does a drawing; its drawing is in the answer too."""
        chosen = get_model(models, model)
        drawings = canvases.examples(chosen)
        if not len(drawings):
            raise BadRequest("The examples of this model are missing: export it again.")
        number = checked_integer(example, 0, len(drawings) - 1, "The number of an example")
        drawing = drawings[number]
        return {"drawing": controls.data_uri(drawing), **translated(chosen, drawing, p, seed)}

    endpoint(pix2pix, "pix2pix")
    endpoint(pix2pix_example, "pix2pix_example")


def _model_choice(models: Models, first: Model) -> gr.Dropdown:
    """A choice among models by their pairs: every title here begins with the chapter's own."""
    return gr.Dropdown(
        [(model.card.title.removeprefix("pix2pix: "), name) for name, model in models.items()],
        value=first.card.name,
        label="Model",
        visible=len(models) > 1,
        filterable=False,
        min_width=200,
    )


def _hint(model: Model) -> str:
    return HINTS[canvases.canvas(model).kind]


EXPERIMENT = Experiment(
    id="draw",
    title="Draw",
    idea="Draw $c$, and the image $\\hat{x} = G(c, z)$ follows your brush: $G$ learned it from pairs of a drawing and "
    "its true image $x$. $z$ is the noise of dropout; four of them are shown.",
    equation=r"\begin{aligned} \min_D \ & \mathbb{E}\big[-\log D(c, x) - \log(1 - D(c, \hat{x}))\big] \\"
    r" \min_G \ & \mathbb{E}\big[-\log D(c, \hat{x})\big] + \lambda\, \mathbb{E}\,|x - \hat{x}| \end{aligned}",
    lecture="§4.1",
    notice="Press New z: the four images differ less from each other, 0.087, than from the true $x$, 0.177, since the "
    "L1 term rewards the one answer that is least wrong for all $x$ that fit. Then move $p$: at 0 nothing is dropped "
    "and the four are one; at 0.9 the colours go astray, and the error grows on average over drawings, of every kind; "
    "a single image may say the opposite.",
    control=f"#{PAD} .paint-canvas",
    result=f"#{RESULTS} canvas",
    number=f"#{RESULTS} .ll-number",
    elsewhere="example=3&model=pix2pix-terrain&p=0.1&seed=7",
    build=build,
)
