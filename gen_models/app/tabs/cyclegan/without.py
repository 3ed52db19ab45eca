"""The same picture by a model that was trained without the cycle, and the numbers of both on test pictures."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from gen_models.app import charts, live, parts
from gen_models.app.parts import Models, figure
from gen_models.app.tabs.cyclegan import common
from gen_models.app.tabs.cyclegan.common import Way
from gen_models.runtime import Array, Model

SIGMA = 0.05
"""The noise whose test error stands in the table."""
NONE = "–"
"""Not measured."""


@dataclass(frozen=True)
class Trip:
    """A picture translated there and back; all (1, c, h, w) in [0, 1]."""

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
    weight = model.card.config.get("cycle")
    return "with the cycle" + (f", λ = {weight:g}" if isinstance(weight, int | float) else "")


def both(model: Model, models: Models) -> list[Model]:
    """The model and its partner, if it has one: the one with the cycle first."""
    other = common.partner(model, models)
    found = [model] if other is None else [model, other]
    return sorted(found, key=common.has_cycle, reverse=True)


def comparison(models: list[Model], way: Way, x: Array, true: Array | None) -> str:
    """The round trip of x (1, c, h, w) by each model, and the true translation if it is known: HTML."""
    names = common.domains(models[0])
    given = [_screen(common.as_bytes(x), way.s, names[way.s])]
    if true is not None:
        given.append(_screen(common.as_bytes(true), f"true {way.t}", "of the same place"))
    blocks = [_block("what is translated", given)]
    for model in models:
        made = trip(model, way, x)
        off = ""
        if true is not None:
            off = f"{figure(common.mean_error(made.there, true), 3)} off the true {way.t}"
        screens = [
            _screen(
                common.as_bytes(made.there),
                f"{way.hat} = {way.there}",
                off,
            ),
            _screen(
                common.as_bytes(made.back),
                way.back(way.hat),
                f"cycle error {figure(made.error, 3)}",
            ),
            _screen(
                common.error_map(made.back, x), f"|{way.back(way.hat)} − {way.s}|", "error map"
            ),
        ]
        blocks.append(_block(called(model), screens))
    shown = f'<div class="ll-live ll-trips">{"".join(blocks)}</div>'
    if len(models) > 1:
        return shown
    config = models[0].card.config
    cycle = 0 if common.has_cycle(models[0]) else 10
    size = common.shape(models[0], way.s)[1]
    command = f"python -m training.cyclegan --name NAME --data {config.get('data')} --size {size} --cycle {cycle}"
    return f"{shown}<p>To compare, train one more model: <code>{escape(command)}</code></p>"


def _block(name: str, screens: list[str]) -> str:
    return (
        f'<div><div class="ll-label">{escape(name)}</div>'
        f'<div class="ll-screens">{"".join(screens)}</div></div>'
    )


def _screen(image: Array, caption: str, below: str) -> str:
    return (
        f'<figure class="ll-screen"><img class="ll-pixels" alt="{escape(caption)}" src="{live.data_uri(image)}">'
        f'<figcaption>{escape(caption)}<span class="ll-text">{escape(below)}</span></figcaption></figure>'
    )


def numbers(models: list[Model], way: Way) -> str:
    """What was measured on test pictures, a row for each model and each bound that the card has: HTML."""
    key = f"error against the true pair/{way.t}"
    measures = {
        "cycle error": f"cycle error/{way.s}",
        f"with noise σ = {SIGMA:g}": f"cycle error/{way.s}/noise {SIGMA:g}",
        f"error to the true {way.t}": key,
        f"Fréchet distance of {way.hat}": f"Fréchet distance/{way.t}",
    }
    rows = [[called(model), *(_cell(model, m) for m in measures.values())] for model in models]
    for name, bound in (
        (f"{way.s} left as it is", "identity"),
        ("pix2pix, trained with pairs", "pix2pix"),
    ):
        value = _cell(models[0], f"{key}/{bound}")
        if value != NONE:
            rows.append([name, NONE, NONE, value, NONE])
    heads = ["", *measures]
    kept = [j for j in range(len(heads)) if any(row[j] != NONE for row in rows)]
    if len(kept) == 1:  # the names alone
        return "<p>Not evaluated yet.</p>"
    caption = (
        f"{common.words(models[0], way)}: means over test pictures. "
        "Errors are mean |differences| of pixels in [0, 1]."
    )
    return charts.table([heads[j] for j in kept], [[row[j] for j in kept] for row in rows], caption)


def _cell(model: Model, key: str) -> str:
    value = parts.metric(model, key)
    return NONE if value is None else figure(value, 1 if key.startswith("Fréchet") else 3)
