"""Two sets of pictures and no pairs: G_xy translates x into ŷ, and D_y sees to it that ŷ looks like a y. Nothing there
asks that ŷ belong to x. So G_yx must lead back from ŷ to x. Below you see how well it does, what it reads in ŷ to do
so, and what becomes of a translation that never had to come back.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from gen_models.app import charts, live
from gen_models.app.checks import checked_integer, checked_number, spoken
from gen_models.app.parts import Models, choose, endpoint, model_choice, say
from gen_models.app.strip import strip, uris
from gen_models.app.tabs.cyclegan import common, cycle, without
from gen_models.app.tabs.cyclegan.common import Way
from gen_models.cards import Card
from gen_models.runtime import Model

TITLE = "CycleGAN"
ID = "cyclegan"
SCRIPT = "training.cyclegan"
LECTURE = "§4.2"
EQUATION = (
    r"\begin{aligned} \hat{y} &= G_{xy}(x), \qquad \hat{x} = G_{yx}(y) \\"
    r" \min_{G_{xy},\, G_{yx}} \ & \mathbb{E}\big[(D_y(\hat{y}) - 1)^2 + (D_x(\hat{x}) - 1)^2\big]"
    r" + \lambda\, \mathbb{E}\big[\,|G_{yx}(\hat{y}) - x| + |G_{xy}(\hat{x}) - y|\,\big] \\"
    r" & + \tfrac{1}{2} \lambda\, \mathbb{E}\big[\,|G_{xy}(y) - y| + |G_{yx}(x) - x|\,\big] \end{aligned}"
)
NOTICE = (
    "a small cycle error proves that $G_{yx}$ can tell from $\\hat{y}$ what $x$ was, not that you can. Raise σ slowly: "
    "if the cycle error grows before you see $\\hat{y}$ change, the way back reads detail too faint for the eye (Chu, "
    "Zhmoginov and Sandler, 2017). Nor need a trait keep its meaning: with heads and cartoons a dark face may become a "
    "light one, as long as the way back can tell. Without the cycle $D_y$ alone judges $\\hat{y}$: it may look like a "
    "y, and nothing in its training leads back to $x$."
)
PHOTOGRAPHS = [".png", ".jpg", ".jpeg", ".webp"]
MOST_PICTURES = 100
"""No sheet holds more."""
QUIET: dict[str, Any] = {"show_progress": "hidden", "trigger_mode": "always_last"}


def shows(card: Card) -> bool:
    """Every CycleGAN, with the cycle and without."""
    return card.family == "cyclegan"


def build(models: Models) -> None:
    """Lay out a picture to choose, its round trip under noise, and the same without the cycle."""
    for name in [name for name, model in models.items() if not common.is_whole(model)]:
        say(f"**{name} is left out: it needs the graphs G_xy and G_yx.**")
    models = {name: model for name, model in models.items() if common.is_whole(model)}
    if not models:
        return
    uploads = common.Uploads()
    first, way = common.usual(models), common.WAYS["xy"]

    with gr.Row(equal_height=False):
        choice = model_choice(models, first)
        direction = gr.Radio(_ways(first), value=way.key, label="Direction", min_width=280)
    images = common.examples(first, way.s)
    number = 0 if len(images) else -1
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=280):
            pictures = strip(
                images,
                [number] if number == 0 else [],
                most=1,
                fewest=1,
                label="A test picture, which training did not see",
                elem_id="cyclegan-pictures",
                noun="Picture",
            )
        with gr.Column(scale=2, min_width=240):
            upload = gr.UploadButton(
                "Upload a picture", file_types=PHOTOGRAPHS, size="md", min_width=170
            )
            say(
                "The largest square is taken, in its middle or a little above. A picture unlike those of the training "
                "sets comes out odd."
            )

    def answer(request: live.Request) -> live.Reply:
        c = request["context"]
        model, way = choose(models, c.get("model")), common.way_of(c.get("way"))
        x = common.source(model, way, c.get("picture"), uploads)
        return cycle.at(model, way, x, float(request["value"][0]))

    with gr.Row(equal_height=False):
        with gr.Column(scale=3, min_width=300):
            trip = live.LatentSliders(
                answer,
                labels=["σ, noise on the translation"],
                lo=0,
                hi=cycle.MOST,
                step=0.005,
                sweep=True,
                context={"model": first.card.name, "way": way.key, "picture": number},
                screens=[
                    ("source", "original"),
                    ("translation", "translation"),
                    ("noisy", "translation + noise"),
                    ("detail", f"its faint detail, {cycle.FAINT} times"),
                    ("back", "round trip"),
                    ("error", "error map"),
                ],
                numbers=[
                    ("now", "cycle error with this noise"),
                    ("clean", "cycle error without noise"),
                    ("strangers", "mean error of another test picture instead"),
                ],
                label="The round trip: noise before the way back",
                elem_id="cyclegan-trip",
            )
            gr.HTML(cycle.legend(), padding=False)
        with gr.Column(scale=2, min_width=300):
            say("### How much noise the way back bears")
            chart = gr.HTML(elem_id="cyclegan-chart", padding=False)
            say("### Measured on test pictures")
            table = gr.HTML(
                css_template=charts.TABLE_CSS, elem_id="cyclegan-numbers", padding=False
            )
    say("### With the cycle, and without")
    compared = gr.HTML(elem_id="cyclegan-without", padding=False)

    def shown(model: Model, way: Way, picture: int | str) -> list[Any]:
        """What follows a choice: the live control, the chart, the table, and the comparison."""
        context = {"model": model.card.name, "way": way.key, "picture": picture}
        pair = without.both(model, models)
        new = [gr.update(context=context)]
        if picture == -1:
            return [*new, "", without.numbers(pair, way), ""]
        x = common.source(model, way, picture, uploads)
        true = common.truth(model, way, picture) if isinstance(picture, int) else None
        return [
            *new,
            cycle.chart(model, way, x),
            without.numbers(pair, way),
            without.comparison(pair, way, x, true),
        ]

    outputs = [trip, chart, table, compared]
    chart.value, table.value, compared.value = shown(first, way, number)[1:]

    def began(model: Model, way: Way, chosen: Any) -> list[Any]:
        """The strip of a model and a way, and what follows; the number chosen stays, if there is one."""
        images = common.examples(model, way.s)
        kept = _number(chosen) if chosen else 0
        picture = min(kept, len(images) - 1)
        new = gr.update(images=uris(images), value=[picture] if len(images) else [])
        return [new, *shown(model, way, picture)]

    @spoken
    def change(name: str, key: str, chosen: Any) -> list[Any]:
        """The pictures and numbers of another model."""
        model = choose(models, name)
        return [gr.update(choices=_ways(model)), *began(model, common.way_of(key), chosen)]

    @spoken
    def turn(name: str, key: str, chosen: Any) -> list[Any]:
        """The pictures and numbers of the other direction."""
        return began(choose(models, name), common.way_of(key), chosen)

    @spoken
    def take(name: str, key: str, chosen: Any) -> list[Any]:
        """Another test picture."""
        return shown(choose(models, name), common.way_of(key), _number(chosen))

    @spoken
    def uploaded(name: str, key: str, path: str) -> list[Any]:
        """A visitor's picture: PNG, JPEG or WebP."""
        model, way = choose(models, name), common.way_of(key)
        return [gr.update(value=[]), *shown(model, way, uploads.keep(model, way, path))]

    inputs = [choice, direction, pictures]
    choice.change(
        change, inputs, [direction, pictures, *outputs], api_name="cyclegan_model", **QUIET
    )
    direction.input(turn, inputs, [pictures, *outputs], api_name="cyclegan_way", **QUIET)
    pictures.release(take, inputs, outputs, api_name="cyclegan_picture", **QUIET)
    upload.upload(
        uploaded,
        [choice, direction, upload],
        [pictures, *outputs],
        api_name="cyclegan_upload",
        **QUIET,
    )
    offer(models)


def offer(models: Models) -> None:
    """The same over HTTP."""

    def cyclegan(model: str, way: str, picture: int, sigma: float) -> dict[str, Any]:
        """Translate a test picture by number, there ("xy" or "yx") and back, with noise of `sigma`, 0 to 0.3, between.

        Gives the cycle error, that of all models of the same data, and translation, round trip and error map as PNGs
        in data: URIs.
        """
        chosen, direction = choose(models, model), common.way_of(way)
        sigma = checked_number(sigma, 0, cycle.MOST, "The noise")
        x = common.example(chosen, direction, picture)
        pair = {one.card.name: one for one in without.both(chosen, models)}
        there = common.translate(chosen, direction.s, direction.t, x)
        back = common.translate(chosen, direction.t, direction.s, cycle.with_noise(there, sigma))
        return {
            "cycle error": common.mean_error(back, x),
            "without noise": {
                name: without.trip(one, direction, x).error for name, one in pair.items()
            },
            "translation": live.data_uri(common.as_bytes(there)),
            "round trip": live.data_uri(common.as_bytes(back)),
            "error map": live.data_uri(common.error_map(back, x)),
        }

    endpoint(cyclegan, "cyclegan")


def _ways(model: Model) -> list[tuple[str, str]]:
    """The two directions, as a radio takes them."""
    return [(common.words(model, way), way.key) for way in common.WAYS.values()]


def _number(chosen: Any) -> int:
    """The number that is chosen in a strip."""
    if not isinstance(chosen, list) or len(chosen) != 1:
        raise live.BadRequest("Choose one picture.")
    return checked_integer(chosen[0], 0, MOST_PICTURES - 1, "The number of a picture")
