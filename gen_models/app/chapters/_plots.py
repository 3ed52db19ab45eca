"""Line charts and tables that a live control moves (`controls.display`), at home on any screen.

The lines of a chart are an SVG that CSS stretches to whatever width and height there is; its numbers and names are
HTML, so that they keep their size.

    AXES = plots.Axes((0, 8), (0, 5))
    inside = plots.chart(AXES, (0, 4, 8), (0, 5), plots.curve("fit", plots.TEAL), seen="The fit, which ...")
    return {"send": {DRAWING: {"attributes": {"fit": {"d": AXES.path(x, y)}}}}}
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.shell import charts
from gen_models.runtime import Array

SIDE = 1000
"""Width and height of a chart in its own units."""
MARK = 90
"""Height of a mark, in the same."""

TEAL, ORANGE, VIOLET = "var(--teal)", "var(--orange)", "var(--violet)"
"""Contrast with the page, light and dark, is 3 or more; curves also differ by their dashes."""


@dataclass(frozen=True)
class Axes:
    """The ranges of a chart: x from left to right, y upwards."""

    x: tuple[float, float]
    y: tuple[float, float]

    def across(self, x: Array | float) -> Array:
        """Where x lies."""
        low, high = self.x
        return (np.asarray(x) - low) / (high - low) * SIDE

    def up(self, y: Array | float) -> Array:
        """Where y lies, from the top; what is above or below lies on the edge."""
        low, high = self.y
        return (1 - (np.clip(y, low, high) - low) / (high - low)) * SIDE

    def path(self, x: Array, y: Array) -> str:
        """A line through the points (n,), (n,)."""
        points = zip(self.across(x).tolist(), self.up(y).tolist(), strict=True)
        return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points)

    def area(self, x: Array, y: Array) -> str:
        """What lies between the line and the lower edge."""
        first, last = self.across(x[[0, -1]])
        return f"{self.path(x, y)}L{last:.1f} {SIDE}L{first:.1f} {SIDE}Z"

    def marks(self, x: Array) -> str:
        """A short upright line on the lower edge at each x (n,) inside the chart."""
        low, high = self.x
        inside = x[(x >= low) & (x <= high)]
        return "".join(f"M{a:.1f} {SIDE}v{-MARK}" for a in self.across(inside).tolist())

    def at(self, x: float) -> str:
        """An upright line through the chart."""
        return f"M{self.across(x):.1f} 0V{SIDE}"

    def level(self, y: float) -> str:
        """A line across the chart."""
        return f"M0 {self.up(y):.1f}H{SIDE}"

    def dot(self, x: float, y: float) -> str:
        """A line of no length, which round ends make a dot that is not stretched with the chart."""
        return f"M{self.across(x):.1f} {self.up(y):.1f}h0"


# ---------------------------------------------------------------------------------------------------------------------
# Parts
# ---------------------------------------------------------------------------------------------------------------------


def curve(part: str, colour: str = "currentColor", dashes: str = "", width: float = 2.5) -> str:
    """A line whose path is sent later."""
    return fixed("", colour, dashes, width, part)


def fixed(
    d: str, colour: str = "currentColor", dashes: str = "", width: float = 2.5, part: str = ""
) -> str:
    """A line whose path is known."""
    name = f'data-part="{part}" ' if part else ""
    return (
        f'<path {name}d="{d}" fill="none" stroke="{colour}" stroke-width="{width}" '
        f'stroke-dasharray="{dashes}" stroke-linejoin="round"/>'
    )


def area(part: str) -> str:
    """A grey area whose path is sent later."""
    return f'<path data-part="{part}" d="" fill="currentColor" fill-opacity="0.16"/>'


def dot(part: str, colour: str) -> str:
    """A dot, with a rim, whose path (`Axes.dot`) is sent later."""
    return "".join(
        f'<path data-part="{name}" d="" stroke="{stroke}" stroke-width="{width}" stroke-linecap="round"/>'
        for name, stroke, width in (
            (f"{part}-rim", "var(--body-background-fill)", 17),
            (part, colour, 13),
        )
    )


def dots(**d: str) -> controls.Reply:
    """The paths of dots, as "attributes"."""
    return paths(**d) | paths(**{f"{part}-rim": path for part, path in d.items()})


def paths(**d: str) -> controls.Reply:
    """The paths of parts, as "attributes"."""
    return {part: {"d": path} for part, path in d.items()}


# ---------------------------------------------------------------------------------------------------------------------
# Charts, their names, and tables
# ---------------------------------------------------------------------------------------------------------------------


def chart(
    axes: Axes,
    xs: Sequence[float],
    ys: Sequence[float],
    *parts: str,
    seen: str,
    said: Callable[[float], str] | None = None,
) -> str:
    """A chart with lines and numbers at `xs` and `ys`, as HTML.

    Args:
        axes: its ranges.
        xs: where x has a number.
        ys: where y has a number and a line.
        parts: what is drawn, the last on top.
        seen: what one sees in it, for those who do not.
        said: how a number of x is written; None: as `number` does.
    """
    rules = [_rule(axes.level(axes.y[0]), 0.5), *(_rule(axes.level(y), 0.15) for y in ys)]
    ticks = [f'<span class="y" style="top: {axes.up(y) / SIDE:.2%}">{number(y)}</span>' for y in ys]
    for x in xs:
        words = (said or number)(x)
        ticks.append(f'<span class="x" style="left: {axes.across(x) / SIDE:.2%}">{words}</span>')
    return (
        f'<div class="chart{"" if ys else " bare"}"><svg viewBox="0 0 {SIDE} {SIDE}" preserveAspectRatio="none" '
        f'role="img" aria-label="{escape(seen)}">{"".join([*rules, *parts])}</svg>'
        f'<div aria-hidden="true">{"".join(ticks)}</div></div>'
    )


def _rule(d: str, opacity: float) -> str:
    return f'<path d="{d}" stroke="currentColor" stroke-opacity="{opacity}"/>'


def number(value: float) -> str:
    """Short, with a true minus."""
    return f"{value:g}".replace("-", "−")


def written(words: str) -> str:
    """Words with p_data and p_θ as mathematics: HTML."""
    words = escape(words).replace("p_data", "<i>p</i><sub>data</sub>")
    return words.replace("p_θ", "<i>p<sub>θ</sub></i>")


def title(words: str) -> str:
    """What a chart shows, above it."""
    return f'<p class="title">{written(words)}</p>'


def legend(*keys: str) -> str:
    """What the curves of a chart are, above it."""
    return f'<p class="keys">{"".join(keys)}</p>'


def key(words: str, colour: str, dashes: str = "") -> str:
    """What a curve is: a piece of it and its name."""
    line = fixed("M0 6h28", colour, dashes)
    return f'<span><svg width="28" height="12" aria-hidden="true">{line}</svg><b>{written(words)}</b></span>'


def area_key(words: str) -> str:
    """What the grey area is."""
    box = '<rect width="28" height="12" fill="currentColor" fill-opacity="0.16"/>'
    return f'<span><svg width="28" height="12" aria-hidden="true">{box}</svg><b>{written(words)}</b></span>'


def table(head: Sequence[str], rows: Sequence[str], caption: str) -> str:
    """A table whose cells are sent later: the part of row i and column j is `cell-i-j`, both counted from 0."""
    names = "".join(f'<th scope="col">{written(name)}</th>' for name in head)
    lines = "".join(
        f'<tr><th scope="row">{written(name)}</th>'
        + "".join(f'<td data-part="cell-{i}-{j}">–</td>' for j in range(len(head) - 1))
        + "</tr>"
        for i, name in enumerate(rows)
    )
    return (
        f'<div class="scrolls" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption>{written(caption)}</caption><thead><tr>{names}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def drawing(inside: str, *, label: str, source: str, elem_id: str, **more: Any) -> gr.HTML:
    """Charts, tables and paragraphs whose parts a live control moves.

    Args:
        inside: HTML.
        label: what is drawn.
        source: elem_id of the live control; it is asked once more when the drawing is there.
        elem_id: its own; `--chart` is the height of its charts.
        more: of `controls.display`, such as a class of JavaScript.
    """
    return controls.display(
        inside, label=label, source=source, elem_id=elem_id, style=charts.TABLE_CSS + STYLE, **more
    )


STYLE = """
--teal: #1f7f85; --orange: #b3601a; --violet: #7f57b0;
.dark & { --teal: #57b6bb; --orange: #e09a52; --violet: #b798e0; }
.ll-bench:has(.ll-waiting) & { opacity: 0.5; }
.ll-bench:has(.ll-failed) & { opacity: 0.35; }
.chart { position: relative; height: var(--chart, 14rem); margin: 0.5rem 1.5rem 1.75rem 2.9rem; }
.bare { margin-left: 0.75rem; }
.chart > svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
.chart path { vector-effect: non-scaling-stroke; }
.chart span {
  position: absolute; font-size: 0.85rem; line-height: 1; white-space: nowrap; color: var(--body-text-color-subdued);
}
.chart .y { right: 100%; margin-right: 0.5rem; transform: translateY(-50%); }
.chart .x { top: 100%; margin-top: 0.4rem; transform: translateX(-50%); }
.title, .keys { margin: 0; font-size: 0.9rem; line-height: 1.4; }
.title { color: var(--body-text-color-subdued); }
.keys { display: flex; flex-wrap: wrap; gap: 0 1.1rem; }
.keys span { display: inline-flex; gap: 0.4rem; align-items: baseline; }
.keys svg { flex: none; }
.keys b { font-weight: 400; }
.scrolls { overflow-x: auto; }
[data-best="true"] { font-weight: 700; }
"""
