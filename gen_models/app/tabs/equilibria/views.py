"""Beside the plane: the eigenvalues in the complex plane, the distance over the steps, and both in words.

The plane sends what `shown` gives.
"""

from __future__ import annotations

import json
from html import escape
from typing import Any

import gradio as gr

from gen_models.app.parts import figure
from gen_models.app.tabs.equilibria import lines, words
from gen_models.app.tabs.equilibria.lines import CHART, EIGEN
from gen_models.app.tabs.equilibria.plane import COLOURS, DASHES
from gen_models.app.tabs.equilibria.study import RULES, Found, Settings

MARKS = {
    "simultaneous": "M-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0z",
    "descent": "M-6-6h12v12h-12z",
    "consensus": "M0-8L8 6H-8z",
}
"""Of the eigenvalues of V, −∇L and V − γ∇L: a disc, a square and a triangle."""
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
    }


def build(*, source: str, elem_id: str) -> gr.HTML:
    """The charts, the sentence and the table.

    Args:
        source: elem_id of the plane; it is asked once more when these are there.
        elem_id: their own.
    """
    rows = "".join(
        f'<tr data-rule="{rule}"><th scope="row"><svg width="26" height="8" aria-hidden="true"><path d="M0 4H26" '
        f'class="line {rule}"/></svg>{escape(label)}</th><td></td><td></td><td></td></tr>'
        for rule, label in RULES.items()
    )
    return gr.HTML(
        label="What the eigenvalues say",
        html_template=(
            '<div class="ll-live"><p class="formula"></p><p class="sentence"></p>'
            f'<div class="charts">{_eigen()}{_distances()}</div>'
            "<table><thead><tr><th></th>"
            '<th scope="col">λ at (0, 0)</th><th scope="col">factor per step, there</th>'
            f'<th scope="col">distance at the end</th></tr></thead><tbody>{rows}</tbody></table>'
            '<ul class="notes"></ul></div>'
        ),
        css_template=_CSS,
        js_on_load=f"const source = {json.dumps(source)};\n{_SCRIPT}",
        apply_default_css=False,
        elem_id=elem_id,
    )


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
            *(_text((x + 3) * unit, height + 18, figure(x, 0)) for x in range(-3, 2)),
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
    """Distances from 0.001 to 10, on a logarithmic axis."""
    width, height, _ = EIGEN
    names = ("10", "1", "0.1", "0.01", "0.001")
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


def _chart(name: str, title: str, inside: str, outside: str, caption: str) -> str:
    """A figure; what is inside is clipped to the frame."""
    width, height, _ = EIGEN
    box = f"{-LEFT} {-TOP} {width + LEFT + RIGHT} {height + TOP + BOTTOM}"
    size = f'width="{width}" height="{height}"'
    return (
        f'<figure><svg class="{name}" viewBox="{box}" role="img" aria-label="{escape(title)}" font-size="15">'
        f'{_text(-LEFT, -10, title, "start")}<svg {size} overflow="hidden">{inside}</svg>'
        f'<rect class="frame" {size}/>{outside}</svg><figcaption>{escape(caption)}</figcaption></figure>'
    )


def _text(x: float, y: float, words: str, anchor: str = "middle", name: str = "tick") -> str:
    return f'<text class="{name}" x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="currentColor">{escape(words)}</text>'


_SCRIPT = """
const root = element.firstElementChild;
const $ = (selector) => root.querySelector(selector);
const $$ = (selector) => [...root.querySelectorAll(selector)];
root.control = {
  change({ formula, sentence, notes, rows, eigenvalues, circle, distances, steps }) {
    // L_G is L with a subscript G.
    $(".formula").replaceChildren(...formula.split(/_(.)/).map((words, i) => {
      if (i % 2 === 0) return words;
      const sub = document.createElement("sub");
      sub.textContent = words;
      return sub;
    }));
    $(".sentence").textContent = sentence;
    $(".notes").replaceChildren(...notes.map((words) => {
      const item = document.createElement("li");
      item.textContent = words;
      return item;
    }));
    for (const [rule, cells] of Object.entries(rows)) {
      const row = $(`tr[data-rule=${rule}]`);
      row.hidden = !cells;
      row.querySelectorAll("td").forEach((cell, i) => { cell.textContent = cells?.[i] ?? ""; });
      $(`.distance .${rule}`).setAttribute("d", distances[rule] ?? "");
    }
    for (const rule of ["simultaneous", "descent", "consensus"])
      $$(`.eigen .mark.${rule}`).forEach((mark, i) => {
        const place = eigenvalues[rule]?.[i];
        mark.style.display = place ? "" : "none";
        if (place) mark.setAttribute("transform", `translate(${place})`);
      });
    const [[x, y], radius] = circle;
    Object.entries({ cx: x, cy: y, r: radius }).forEach(([key, value]) => $(".disc").setAttribute(key, value));
    $(".last").textContent = steps === 1 ? "1 step" : `${steps} steps`;
    $(".eigen").setAttribute("aria-label", sentence);
    $(".distance").setAttribute("aria-label", "Distance at the end: " + Object.entries(rows)
      .filter(([, cells]) => cells)
      .map(([rule, cells]) => `${$(`tr[data-rule=${rule}] th`).textContent} ${cells[2]}`).join("; "));
  },
};
document.getElementById(source)?.querySelector(".ll-live")?.control?.refresh();
"""

_RULES = "\n".join(
    f".line.{rule} {{ stroke: {colour}; stroke-dasharray: {DASHES[rule]}; }}\n"
    f".mark.{rule} {{ fill: {colour}; }}"
    for rule, colour in COLOURS.items()
)

_CSS = f"""
.formula {{ margin: 0; white-space: pre-wrap; line-height: 1.5; }}
.sentence {{ margin: 0; min-height: 4.5em; line-height: 1.5; }}
.charts {{ display: flex; flex-wrap: wrap; gap: 1rem 1.5rem; }}
figure {{ flex: 1 1 15rem; min-width: 0; max-width: 26rem; margin: 0; }}
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
  table {{ font-size: 0.8rem; }}
  th, td {{ padding-left: 0.4rem; }}
  th svg {{ display: block; }}
}}
"""
