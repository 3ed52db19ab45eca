"""Beside the plane: the eigenvalues in the complex plane, the distance over the steps, and both in words.

The plane sends what `shown` gives.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from gen_models.app import controls
from gen_models.app.chapters.equilibria import lines, words
from gen_models.app.chapters.equilibria.lines import CHART, EIGEN
from gen_models.app.chapters.equilibria.plane import COLOURS, DASHES
from gen_models.app.chapters.equilibria.study import RULES, Found, Settings
from gen_models.app.shell.parts import format_number

_SCRIPT = (Path(__file__).parent / "views.js").read_text("utf-8")
REAL, FAKE = "#d9742b", "#3b82c4"
"""Colours of real and generated points: at least 3 to 1 on both backgrounds."""
MARKS = {
    "simultaneous": "M-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0z",
    "descent": "M-6-6h12v12h-12z",
    "consensus": "M0-8L8 6H-8z",
}
"""Of the eigenvalues of V, −∇L and V − γ∇L: a disc, a square and a triangle."""
MAIN = {
    "simultaneous": "factor per simultaneous step near (0, 0): below 1 it comes in",
    "consensus": "factor per step of V − γ∇L near (0, 0): below 1 it comes in",
}
"""What the large number is, for each way that may have it."""
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 26, 34
"""Around the frame of each chart."""


def shown(chosen: Settings, found: Found) -> dict[str, Any]:
    """What is to be shown of a start point in a game."""
    distances = {
        rule: lines.distance(result.path, None if rule == "continuous" else chosen.steps)
        for rule, result in found.results.items()
    }
    return {
        "formula": words.formula(chosen),
        "sentence": words.sentence(chosen, found),
        "notes": words.notes(chosen, found),
        "rows": words.table(found),
        "eigenvalues": lines.eigenvalues(found),
        "circle": lines.circle(chosen.h),
        "distances": distances,
        "steps": chosen.steps,
        "walk": lines.walk(found),
        "played": RULES.get(found.main or "", ""),
        "sigma": chosen.sigma if chosen.game != "trap" else None,
    }


def build(*, main: str, source: str, elem_id: str, folded: bool = False) -> gr.HTML:
    """The number of one way to follow the field, the charts, the sentence and the table.

    Args:
        main: the way whose number is large.
        source: elem_id of the plane; it is asked once more when these are there.
        elem_id: their own.
        folded: the eigenvalues and the table are shown on a click alone.
    """
    rows = "".join(
        f'<tr data-rule="{rule}"><th scope="row"><svg width="26" height="8" aria-hidden="true"><path d="M0 4H26" '
        f'class="line {rule}"/></svg>{escape(label)}</th><td></td><td></td><td></td></tr>'
        for rule, label in RULES.items()
    )
    table = (
        "<table><thead><tr><td></td>"
        '<th scope="col">λ at (0, 0)</th><th scope="col">factor per step, there</th>'
        f'<th scope="col">distance at the end</th></tr></thead><tbody>{rows}</tbody></table>'
    )
    return gr.HTML(
        label="What the eigenvalues say",
        html_template=controls.template(
            "EquilibriaViews",
            {"source": source, "main": main},
            f'<dl class="ll-numbers"><div><dd class="ll-number main"></dd><dt>{MAIN[main]}</dt></div>'
            '<div><dd class="ll-number end"></dd><dt>its distance at the end</dt></div></dl>'
            '<div class="player"><button type="button" class="ll-button play">Play</button>'
            '<input type="range" min="0" value="0" step="1"><span class="at" aria-hidden="true"></span></div>'
            f'<div class="charts">{_world()}{_distances()}{"" if folded else _eigen()}</div>'
            '<p class="formula"></p><p class="sentence"></p>'
            f"{_folded(_eigen() + table) if folded else table}"
            '<ul class="notes"></ul>',
        ),
        css_template=_CSS,
        js_on_load=_SCRIPT + controls.MOUNT,
        apply_default_css=False,
        elem_id=elem_id,
    )


def _folded(inside: str) -> str:
    return f"<details><summary>Eigenvalues, and each way in numbers</summary>{inside}</details>"


WORLD = (400, 110)
"""Width and height of the line on which data and samples lie, from −REACH to REACH, with ψx over it."""


def _world() -> str:
    """What θ and ψ are: the two points, the line ψx, and the bells of the noise. views.js moves them.

    The line is a logit of "generated", as the game of Mescheder et al. has it, where the lecture's D is one of "real".
    """
    width, height = WORLD
    inside = (
        f'<path class="axis" d="M0 {height / 2:g}H{width}"/><path class="bell real"/><path class="bell fake"/>'
        f'<path class="logit"/><circle class="point real" cx="{width / 2:g}" cy="{height / 2:g}" r="7"/>'
        f'<circle class="point fake" cy="{height / 2:g}" r="7"/>'
    )
    caption = "● real point 0, ● generated point θ. Line: ψx, the discriminator’s logit that x is generated."
    first, second = caption.split("●")[1:]
    said = f'<span class="real">●</span>{escape(first)}<span class="fake">●</span>{escape(second)}'
    return _chart("world", "the points x, and the line ψx", inside, "", said, WORLD)


def _eigen() -> str:
    """The complex plane from −3 to 1, with the left half and the circle inside which a step comes nearer."""
    width, height, unit = EIGEN
    marks = "".join(f'<path class="mark {rule}" d="{d}"/>' * 2 for rule, d in MARKS.items())
    inside = (
        f'<rect class="stable" width="{3 * unit}" height="{height}"/><circle class="disc"/>'
        f'<path class="axis" d="M0 {height / 2:g}H{width}M{3 * unit} 0V{height}"/>'
    )
    outside = "".join(
        [
            *(_text((x + 3) * unit, height + 18, format_number(x, 0)) for x in range(-3, 2)),
            *(
                _text(-8, height / 2 - y * unit + 5, name, "end")
                for y, name in ((1, "i"), (-1, "−i"))
            ),
            marks,  # which may lie on the edge
        ]
    )
    caption = (
        "Eigenvalues of J: ● V, ■ −∇L, ▲ V − γ∇L. Tinted: real part below 0, time brings them in. Inside the "
        "circle |1 + hλ| = 1: steps of size h do. Those beyond the frame are drawn on its edge."
    )
    return _chart("eigen", "imaginary part over real part of λ", inside, outside, caption)


def _distances() -> str:
    """Distances from 0.01 to 100, on a logarithmic axis."""
    width, height, _ = EIGEN
    names = ("100", "10", "1", "0.1", "0.01")
    levels = [k * height / 4 for k in range(5)]
    grid = "".join(f"M0 {y:g}H{width}" for y in levels)
    curves = "".join(f'<path class="line {rule}"/>' for rule in RULES)
    inside = (
        f'<path class="level" d="{grid}"/><svg viewBox="0 0 {CHART[0]} {CHART[1]}">{curves}</svg>'
    )
    outside = "".join(
        [
            *(_text(-6, y + 5, name, "end") for y, name in zip(levels, names, strict=True)),
            _text(0, height + 18, "0", "start"),
            _text(width, height + 18, "", "end", "last"),
        ]
    )
    caption = "Distance from (0, 0), on a logarithmic axis, over the steps: a straight line is a constant factor."
    return _chart("distance", "distance from (0, 0)", inside, outside, caption)


def _chart(
    name: str,
    title: str,
    inside: str,
    outside: str,
    caption: str,
    size: tuple[int, int] = EIGEN[:2],
) -> str:
    """A figure, its caption as HTML; what is inside is clipped to the frame."""
    width, height = size
    below = BOTTOM if outside else 4
    box = f"{-LEFT} {-TOP} {width + LEFT + RIGHT} {height + TOP + below}"
    frame = f'width="{width}" height="{height}"'
    return (
        f'<figure><svg class="{name}" viewBox="{box}" role="img" aria-label="{escape(title)}" font-size="15">'
        f'{_text(-LEFT, -10, title, "start")}<svg {frame} overflow="hidden">{inside}</svg>'
        f'<rect class="frame" {frame}/>{outside}</svg><figcaption>{caption}</figcaption></figure>'
    )


def _text(x: float, y: float, words: str, anchor: str = "middle", name: str = "tick") -> str:
    return f'<text class="{name}" x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="currentColor">{escape(words)}</text>'


_RULES = "\n".join(
    f".line.{rule} {{ stroke: {colour}; stroke-dasharray: {DASHES[rule]}; }}\n"
    f".mark.{rule} {{ fill: {colour}; }}"
    for rule, colour in COLOURS.items()
)

_CSS = f"""
.formula {{ margin: 0; white-space: pre-wrap; line-height: 1.5; }}
.sentence {{ margin: 0; line-height: 1.5; }}
summary {{ cursor: pointer; min-height: 2rem; }}
details figure {{ margin-bottom: 0.5rem; }}
.charts {{ display: flex; flex-wrap: wrap; gap: 0.5rem 1.5rem; }}
.ll-numbers {{ display: flex; flex-direction: row; gap: 0.25rem 1.5rem; margin: 0; }}
.ll-numbers > div {{ flex: 1 1 0; }}
.ll-numbers .ll-number {{ white-space: nowrap; font-size: 1.6rem; }}
.player {{ display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem; min-width: 0; }}
.player input {{ flex: 1 1 4rem; min-width: 0; }}
.player .ll-button {{ min-height: 2rem; min-width: 4.5rem; padding: 0 0.6rem; }}
.player .at {{ font-size: 0.85rem; white-space: nowrap; font-variant-numeric: tabular-nums; }}
[hidden] {{ display: none !important; }}
.logit {{ fill: none; stroke: currentColor; stroke-width: 2.5; }}
.point.real, .bell.real {{ fill: {REAL}; }}
.point.fake, .bell.fake {{ fill: {FAKE}; }}
.bell {{ fill-opacity: 0.3; }}
figcaption .real {{ color: {REAL}; }}
figcaption .fake {{ color: {FAKE}; }}
figure {{ flex: 1 1 14rem; min-width: 0; max-width: 22rem; margin: 0; }}
figure > svg {{ display: block; width: 100%; height: auto; }}
figcaption {{ font-size: 0.85rem; line-height: 1.35; color: var(--body-text-color-subdued); }}
.frame {{ fill: none; stroke: currentColor; stroke-opacity: 0.35; }}
.stable {{ fill: var(--color-accent); fill-opacity: 0.1; }}
.disc {{ fill: var(--color-accent); fill-opacity: 0.18; stroke: var(--color-accent); stroke-width: 1.5; }}
.axis {{ stroke: currentColor; stroke-opacity: 0.6; }}
.level {{ stroke: currentColor; stroke-opacity: 0.2; }}
.line {{ fill: none; stroke-width: 2.5; vector-effect: non-scaling-stroke; }}
.mark {{ stroke: var(--body-background-fill); stroke-width: 1.5; }}
{_RULES}
table {{ width: 100%; border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }}
table, tr, th, td {{ border: 0; }}
th, td {{
  padding: 0.35rem 0 0.35rem 0.75rem; border-bottom: 1px solid var(--border-color-primary); text-align: right;
}}
thead th {{ font-weight: 500; color: var(--body-text-color-subdued); vertical-align: bottom; line-height: 1.25; }}
th:first-child {{ padding-left: 0; text-align: left; font-weight: 500; white-space: nowrap; }}
th svg {{ display: inline-block; margin-right: 0.5rem; vertical-align: middle; }}
.notes {{
  display: flex; flex-direction: column; gap: 0.25rem; margin: 0; padding-left: 1.1rem; min-height: 3em;
  list-style: disc; font-size: 0.95rem; line-height: 1.4;
}}
.notes:empty {{ padding: 0; }}
@media (max-width: 640px) {{
  .ll-numbers {{ flex-direction: column; }}
  .ll-numbers .ll-number {{ font-size: 1.1rem; line-height: 1.3; }}
  .ll-numbers dt {{ font-size: 0.75rem; line-height: 1.2; }}
  .player .at {{ display: none; }}
  table {{ font-size: 0.8rem; }}
  th, td {{ padding-left: 0.4rem; }}
  th svg {{ display: block; }}
}}
"""
