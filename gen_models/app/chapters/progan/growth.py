"""The whole training as a film: the same z from 4 x 4 pixels on, beside the networks that grow."""

from __future__ import annotations

from functools import cache, partial
from typing import Any, NamedTuple

import gradio as gr

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.progan import common
from gen_models.app.checks import checked_integer, user_facing
from gen_models.app.shell import layout
from gen_models.app.shell.parts import endpoint, format_number
from gen_models.families import ProGANFacts
from gen_models.numerics.growth import growth
from gen_models.runtime import Array, Model

COLUMNS = 6
FILM, RESULTS, NETWORKS = "progan-growth", "progan-growth-results", "progan-growth-networks"
WIDE, ROW, HIGH = 300, 46, 26
"""Of the drawing: its width, a level's row, and the height of a block."""
G_AT, D_AT = 82, 218
"""Where the middles of G's and of D's blocks are."""
TIME = 28
"""Height of the line of time under the networks."""


class Moment(NamedTuple):
    """When a frame was taken."""

    seen: int
    """Training images until then"""
    level: int
    alpha: float


@cache
def frames(model: Model) -> Array:
    """What G made of the same z at each moment: bytes (moments, z, h, w, c)."""
    return model.sheet("film").swapaxes(0, 1)


def count(model: Model) -> int:
    """How many moments the film has."""
    return len(model.card.sheets["film"].steps)


def moment(model: Model, number: int) -> Moment:
    """When the frame of this number was taken."""
    facts, steps = common.facts_of(model), model.card.sheets["film"].steps
    seen = steps[number] * model.card.training.batch
    return Moment(seen, *growth(seen, facts.images, facts.fade))


def at(model: Model, t: float) -> controls.Reply:
    """The frame at t in [0, 1], when it was taken, and how far the networks had grown."""
    number = round(t * (count(model) - 1))
    now = moment(model, number)
    sides = common.facts_of(model).sides
    return {
        "images": {"x": controls.photo(controls.grid(frames(model)[number], COLUMNS, gap=2))},
        "text": {
            "side": f"{sides[now.level]} × {sides[now.level]}",
            "alpha": format_number(now.alpha, 2),
            "seen": f"{now.seen:,}",
        },
        "send": {
            NETWORKS: {"attributes": attributes(common.facts_of(model), now)},
        },
    }


# ---------------------------------------------------------------------------------------------------------------------
# The drawing
# ---------------------------------------------------------------------------------------------------------------------


def drawing(facts: ProGANFacts) -> str:
    """G and D, a block a level, images between them, and the line of time: SVG whose parts `attributes` moves."""
    sides = facts.sides
    n = len(sides)
    bottom = 24 + ROW * n
    parts = [
        _text(G_AT, 14, "G", "font-weight='700'"),
        _text(D_AT, 14, "D", "font-weight='700'"),
        _text(G_AT, bottom + 6, "z"),
        _text(D_AT, bottom + 6, "real?"),
    ]
    for level, side in enumerate(sides):
        y, half = _top(n, level), 26 + 7 * level
        for name, at in (("G", G_AT), ("D", D_AT)):
            parts.append(
                f"<path data-part='{name}{level}-below' d='M{at} {y + HIGH}v{ROW - HIGH}' stroke='currentColor' "
                "stroke-width='1.5'/>"
                if level
                else f"<path d='M{at} {y + HIGH}v8' stroke='currentColor' stroke-width='1.5'/>"
            )
            parts.append(
                f"<rect data-part='{name}{level}' x='{at - half}' y='{y}' width='{2 * half}' height='{HIGH}' rx='4' "
                "stroke='currentColor' fill='#26868c' fill-opacity='0'/>"
            )
            parts.append(_text(at, y + 18, f"{side} × {side}", f"data-part='{name}{level}-name'"))
        parts.append(
            f"<g data-part='way{level}' opacity='0'><path d='M{G_AT + half} {y + HIGH / 2}H{D_AT - half - 7}' "
            "stroke='currentColor' stroke-width='2'/>"
            f"<path d='M{D_AT - half} {y + HIGH / 2}l-8 -5v10z' fill='currentColor'/></g>"
        )
    line = bottom + 26
    each = (WIDE - 20) / n
    for level, side in enumerate(sides):
        x = 10 + each * level
        faded = x + each * facts.fade / facts.images[level]
        if level:
            parts.append(
                f"<path d='M{x} {line + 16}L{faded:.1f} {line}H{x + each}V{line + 16}z' "
                "fill='#26868c' fill-opacity='0.35'/>"
            )
        else:
            parts.append(
                f"<rect x='{x}' y='{line}' width='{each}' height='16' fill='#26868c' fill-opacity='0.35'/>"
            )
        parts.append(_text(x + each / 2, line + 32, f"{side} px"))
    parts.append(
        _text(
            WIDE / 2, line + 52, "α of each level while it trains; not to scale", "opacity='0.75'"
        )
    )
    parts.append(
        f"<path data-part='now' d='M10 {line - 4}V{line + 20}' stroke='currentColor' stroke-width='3'/>"
    )
    return (
        f'<svg viewBox="0 0 {WIDE} {line + 58}" role="img" aria-label="G and D, a block for each level, and how far '
        f'they have grown" font-size="13" fill="currentColor" text-anchor="middle">{"".join(parts)}</svg>'
    )


def attributes(facts: ProGANFacts, now: Moment) -> dict[str, dict[str, str]]:
    """Of the drawing's parts at a moment."""
    levels = len(facts.sides)
    moved: dict[str, dict[str, str]] = {}
    for level in range(levels):
        weight = 1.0 if level < now.level else now.alpha if level == now.level else 0.0
        for name in "GD":
            moved[f"{name}{level}"] = {
                "fill-opacity": f"{0.45 * weight:.2f}",
                "stroke-dasharray": "none" if level <= now.level else "4 4",
                "stroke-opacity": "1" if level <= now.level else "0.35",
            }
            there = "1" if level <= now.level else "0.45"
            moved[f"{name}{level}-name"] = {"opacity": there}
            if level:
                moved[f"{name}{level}-below"] = {"opacity": f"{weight:.2f}"}
        shown = {now.level: now.alpha, now.level - 1: 1 - now.alpha}.get(level, 0)
        moved[f"way{level}"] = {"opacity": f"{shown:.2f}"}
    part = (now.seen - sum(facts.images[: now.level])) / facts.images[now.level]
    x = 10 + (WIDE - 20) * (now.level + part) / levels
    line = 24 + ROW * levels + 26
    moved["now"] = {"d": f"M{x:.1f} {line - 4}V{line + 20}"}
    return moved


def _top(levels: int, level: int) -> int:
    return 24 + ROW * (levels - 1 - level)


def _text(x: float, y: float, words: str, more: str = "") -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' {more}>{words}</text>"


# ---------------------------------------------------------------------------------------------------------------------
# The page
# ---------------------------------------------------------------------------------------------------------------------


def scrub(models: Models, request: controls.Request) -> controls.Reply:
    """Answer the slider."""
    model = common.checked_setting(models, request["context"].get("model"))
    return at(model, float(request["value"][0]))


def build(models: Models) -> None:
    """Lay out the film and the networks."""
    made = common.settings(models)
    if common.are_missing(made):
        return
    first = next(iter(made.values()))
    with layout.controls():
        slider = controls.LatentSliders(
            partial(scrub, made),
            labels=["Training"],
            value=[1.0],
            lo=0,
            hi=1,
            step=0.005,
            sweep=True,
            context={"model": first.card.name},
            screens=[("x", "G of the same 36 z")],
            numbers=[
                ("side", "pixels now"),
                ("alpha", "α, weight of the newest level"),
                ("seen", "training images seen"),
            ],
            label="From the first level, 0, to the last, 1",
            elem_id=FILM,
            results=RESULTS,
            address="t",
        )
        choice = common.choice(made)
    with layout.results(), gr.Row(elem_classes="ll-beside"):
        layout.outlet(RESULTS, under=True)
        controls.display(
            drawing(common.facts_of(first)),
            label="The networks as they grow",
            source=FILM,
            elem_id=NETWORKS,
        )

    @user_facing
    def change(name: str) -> dict[str, Any]:
        """The film of another setting."""
        return gr.update(context={"model": common.checked_setting(made, name).card.name})

    choice.change(change, choice, slider, api_visibility="private", show_progress="hidden")


def offer(models: Models) -> None:
    """Frames over HTTP."""

    def frame(model: str, number: int) -> dict[str, Any]:
        """A frame of the training film by number: a PNG in a data: URI, the training images seen by then, the side of
        the images, and α.
        """
        chosen = common.checked_setting(models, model)
        i = checked_integer(number, 0, count(chosen) - 1, "The number of a frame")
        now = moment(chosen, i)
        return {
            "picture": controls.data_uri(controls.grid(frames(chosen)[i], COLUMNS)),
            "images seen": now.seen,
            "side": common.facts_of(chosen).sides[now.level],
            "alpha": now.alpha,
        }

    endpoint(frame, "progan_frame")


EXPERIMENT = Experiment(
    id="growth",
    title="Growth",
    idea="$G$ and $D$ begin at 4 × 4 pixels, where an image is easy. When that is learnt, both get a level more, and "
    "then the next. Here are 36 $z$, drawn once, through the whole training.",
    equation=r"\begin{aligned} G_\alpha(z) &= (1 - \alpha)\, U G_{l-1}(z) + \alpha\, G_l(z) \\ &\text{$U$: enlarged to "
    r"twice the side} \end{aligned}",
    lecture="§6.1",
    notice="Press *Play*. Of 672,000 training images, 80,000 had at most 8 × 8 pixels. What was learnt there stays: "
    "shrunk to 8 × 8, the last images still correlate at 0.60 with those that the same $z$ gave at 8 × 8. In a "
    "fade-in they go pale, in the last from a contrast of 39.6 to 27.1, and recover when it is over: what is shown is "
    "a moving average of $G$, which lags behind.",
    control=f"#{FILM} input",
    result=f"#{RESULTS} canvas",
    number=f"#{RESULTS} .ll-number",
    elsewhere="t=0.25",
    build=build,
)
