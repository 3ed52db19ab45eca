"""The same image by a model that was trained without the cycle, and the numbers of both on test images."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from html import escape

import gradio as gr

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.cyclegan import common
from gen_models.app.chapters.cyclegan.common import Way
from gen_models.app.checks import user_facing
from gen_models.app.shell import charts, layout, parts
from gen_models.app.shell.parts import format_number
from gen_models.families import CycleGANFacts, MetricId, Translator
from gen_models.runtime import Array, Model

SIGMA = 0.05
"""The noise whose test error stands in the table."""
NONE = "–"
"""Not measured."""


@dataclass(frozen=True)
class Trip:
    """An image translated there and back; all (1, c, h, w) in [0, 1]."""

    there: Array
    back: Array
    error: float
    """The cycle error."""


def trip(model: Model, way: Way, x: Array) -> Trip:
    """There and back."""
    there = common.translate(model, way.s, way.t, x)
    back = common.translate(model, way.t, way.s, there)
    return Trip(there, back, common.mean_error(back, x))


def called(model: Model) -> str:
    """What sets a model apart from its partner."""
    if not common.has_cycle(model):
        return "without the cycle, λ = 0"
    return f"with the cycle, λ = {common.cycle_weight(model):g}"


def both(model: Model, models: Models) -> list[Model]:
    """The model and its partner, if it has one: the one with the cycle first."""
    other = common.partner(model, models)
    found = [model] if other is None else [model, other]
    return sorted(found, key=common.has_cycle, reverse=True)


def comparison(models: list[Model], way: Way, x: Array, true: Array | None) -> str:
    """The round trip of x (1, c, h, w) by each model, and the true translation if it is known: HTML."""
    names = common.domains(models[0])
    given = [
        _figure(common.as_bytes(x), f"{way.s}, {names[way.s]}" if names[way.s] != way.s else way.s)
    ]
    if true is not None:
        given.append(_figure(common.as_bytes(true), f"the true {way.t}"))
    rows = []
    for i, model in enumerate(models):
        made = trip(model, way, x)
        figures = [
            given[i] if i < len(given) else "<span></span>",
            _figure(common.as_bytes(made.there), f"translation {way.hat}"),
            _figure(common.as_bytes(made.back), f"round trip {way.tilde}"),
            _figure(common.error_map(made.back, x), f"|{way.tilde} − {way.s}|"),
        ]
        off = None if true is None else common.mean_error(made.there, true)
        rows.append("".join(figures) + _numbers(called(model), made.error, off, way))
    shown = f'<div class="cyclegan-trips">{"".join(rows)}</div>'
    if len(models) > 1:
        return shown
    command = escape(partner_command(models[0]))
    return f"{shown}<p>To compare, train one more model: <code>{command}</code></p>"


def partner_command(model: Model) -> str:
    """The command that trains a model like this one but for the cycle: without it, or with it."""
    facts, data = model.card.facts_as(CycleGANFacts), model.card.dataset.recipe
    size = common.shape(model, "x")[1]
    of_gans = facts.translator is Translator.GAN
    module = "training.cyclegan_gans" if of_gans else "training.cyclegan"
    words = ["python", "-m", module, "--name", "NAME", "--data", data]
    if of_gans:
        words += ["--gans", "GAN-OF-X", "GAN-OF-Y"]
    return shlex.join([*words, "--size", str(size), "--cycle", "0" if facts.cycle else "10"])


def _figure(image: Array, caption: str) -> str:
    return (
        f'<figure><img class="ll-pixels" alt="{escape(caption)}" src="{controls.data_uri(image)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _numbers(name: str, error: float, off: float | None, way: Way) -> str:
    """The name of a model, its cycle error, and how far its translation is from the true one, if that is known."""
    pairs = [(format_number(error, 3), "cycle error")]
    if off is not None:
        pairs.append((format_number(off, 3), f"error to the true {way.t}"))
    return f"<div><strong>{escape(name)}</strong>{parts.big_numbers(pairs)}</div>"


def numbers(models: list[Model], way: Way) -> str:
    """What was measured on test images, a row for each model and each bound that the card has: HTML."""
    measures: dict[str, tuple[MetricId, *tuple[object, ...]]] = {
        "cycle error": (MetricId.CYCLE_ERROR, way.s),
        f"with noise σ = {SIGMA:g}": (MetricId.CYCLE_ERROR, way.s, SIGMA),
        f"error to the true {way.t}": (MetricId.PAIR_ERROR, way.t),
        f"Fréchet distance of {way.hat}": (MetricId.FRECHET_DISTANCE, way.t),
    }
    rows = [[called(model), *(_cell(model, *m) for m in measures.values())] for model in models]
    for name, bound in (
        (f"{way.s} left as it is", "identity"),
        ("pix2pix, trained with pairs", "pix2pix"),
    ):
        value = _cell(models[0], MetricId.PAIR_ERROR, way.t, bound)
        if value != NONE:
            rows.append([name, NONE, NONE, value, NONE])
    heads = ["", *measures]
    kept = [j for j in range(len(heads)) if any(row[j] != NONE for row in rows)]
    if len(kept) == 1:  # the names alone
        return "<p>Not evaluated yet.</p>"
    caption = (
        f"{common.words(models[0], way)}: means over test images. "
        "Errors are mean |differences| of pixels in [0, 1]."
    )
    return charts.table([heads[j] for j in kept], [[row[j] for j in kept] for row in rows], caption)


def _cell(model: Model, metric: MetricId, *variant: object) -> str:
    value = parts.metric(model, metric, *variant)
    decimals = 1 if metric is MetricId.FRECHET_DISTANCE else 3
    return NONE if value is None else format_number(value, decimals)


def comparable(models: Models) -> Models:
    """A model of each pair, the one with the cycle; all models if there is no pair."""
    pairs = {
        name: model
        for name, model in models.items()
        if common.has_cycle(model) and common.partner(model, models) is not None
    }
    return pairs or models


def build(models: Models) -> None:
    """Lay out the choice of an image, beside what both models make of it; below, their numbers on test images."""
    with layout.controls():
        source = common.Source(comparable(models), "cyclegan-without-images", common.Uploads())
    with layout.results():
        compared = gr.HTML(elem_id="cyclegan-without", padding=False)
    with layout.wide():
        gr.Markdown("## Measured on test images")
        table = gr.HTML(css_template=charts.TABLE_CSS, elem_id="cyclegan-numbers", padding=False)
    shown = layout.when_shown()
    source.then(lambda *_: [], [])

    @user_facing
    def compare(name: str, key: str, image: int | str) -> list[str]:
        """What both models make of an image, and their numbers."""
        model, way, x = source.chosen(name, key, image)
        pair = both(model, models)
        true = common.truth(model, way, image) if isinstance(image, int) else None
        made = "" if x is None else comparison(pair, way, x, true)
        return [made, numbers(pair, way)]

    gr.on(
        [*source.changes, shown.input],
        compare,
        source.inputs,
        [compared, table],
        api_visibility="private",
        show_progress="minimal",
        show_progress_on=compared,
        trigger_mode="always_last",
    )


EXPERIMENT = Experiment(
    id="without",
    title="Without the cycle",
    idea="Two GANs alone do not tie an output to its input: $D_y$ asks that $\\hat{y}$ look like a $y$, and any $y$ "
    "will do. The second row was trained so, with the same data.",
    equation=r"\min_{G_{xy}} \; \mathbb{E}\,(D_y(\hat{y}) - 1)^2 + \lambda\, \mathbb{E}\,|\,G_{yx}(\hat{y}) - x\,|",
    lecture="§4.2",
    notice="Go through the test images: without the cycle nearly every $x$ becomes the same pale green, and the way "
    "back has little to read. On plain land (the fifth image) that green happens to be the closer map; on the coast it "
    "is not.",
    control="#cyclegan-without-images .ll-examples",
    result="#cyclegan-without img",
    number="#cyclegan-without .ll-number",
    elsewhere="way=yx&image=3",
    build=build,
)
