"""Drawings and tables that a live control moves: its reply sends `{elem_id: {"attributes": ..., "words": ...}}`.

Each part that moves has a name, `data-part`. A reply says which attributes and words of which part change, such as the
path of a curve:

    curve = plots.curve("fit", colour)                                # in the SVG
    return {"send": {DRAWING: {"attributes": {"fit": {"d": axes.path(x, y)}}}}}
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import gradio as gr
import numpy as np

from gen_models.app import charts, live
from gen_models.runtime import Array

WIDTH = 480
LEFT, RIGHT = 46, 16

FORWARD_COLOUR, REVERSE_COLOUR, MIDDLE_COLOUR = "#26868c", "#b8651b", "#8a63b8"
"""Contrast with the page, light and dark, is 3 or more; curves also differ by their dashes."""


@dataclass(frozen=True)
class Axes:
    """A frame within a drawing that is WIDTH wide: x from left to right, y from `bottom` up to `top`."""

    x: tuple[float, float]
    y: tuple[float, float]
    top: float
    bottom: float

    def across(self, x: Array | float) -> Array:
        """Where x lies."""
        low, high = self.x
        return LEFT + (np.asarray(x) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def up(self, y: Array | float) -> Array:
        """Where y lies; what is above or below lies on the edge."""
        low, high = self.y
        share = (np.clip(y, low, high) - low) / (high - low)
        return self.bottom - share * (self.bottom - self.top)

    def path(self, x: Array, y: Array) -> str:
        """A line through the points (n,), (n,)."""
        points = zip(self.across(x).tolist(), self.up(y).tolist(), strict=True)
        return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points)

    def area(self, x: Array, y: Array) -> str:
        """What lies between the line and the lower edge."""
        first, last = self.across(x[[0, -1]])
        return f"{self.path(x, y)}L{last:.1f} {self.bottom}L{first:.1f} {self.bottom}Z"

    def marks(self, x: Array, length: float = 12) -> str:
        """A short upright line on the lower edge at each x (n,) inside the frame."""
        low, high = self.x
        inside = x[(x >= low) & (x <= high)]
        return "".join(f"M{a:.1f} {self.bottom}v{-length}" for a in self.across(inside).tolist())

    def at(self, x: float) -> str:
        """An upright line through the frame."""
        return f"M{self.across(x):.1f} {self.top}V{self.bottom}"

    def level(self, y: float) -> str:
        """A line across the frame."""
        return f"M{LEFT} {self.up(y):.1f}H{WIDTH - RIGHT}"

    def frame(self, xs: Sequence[float], ys: Sequence[float], x_title: str, y_title: str) -> str:
        """Ticks with their numbers and both titles: SVG."""
        parts = [f'<path d="{self.level(self.y[0])}" stroke="currentColor" stroke-opacity="0.5"/>']
        for y in ys:
            parts.append(f'<path d="{self.level(y)}" stroke="currentColor" stroke-opacity="0.15"/>')
            parts.append(text(LEFT - 6, float(self.up(y)) + 4, number(y), "end"))
        for x in xs:
            parts.append(text(float(self.across(x)), self.bottom + 16, number(x), "middle"))
        if x_title:
            parts.append(text(WIDTH - RIGHT, self.bottom + 34, x_title, "end"))
        parts.append(text(0, self.top - 10, y_title))
        return "".join(parts)


def number(value: float) -> str:
    """Short, with a true minus."""
    return f"{value:g}".replace("-", "−")


def text(x: float, y: float, words: str, anchor: str = "start", part: str = "") -> str:
    """Words in a drawing."""
    name = f' data-part="{part}"' if part else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="currentColor"{name}>'
        f"{_subscripts(escape(words))}</text>"
    )


def _subscripts(words: str) -> str:
    """p_data and p_θ as they are written."""
    for name in ("data", "θ"):
        low = f'<tspan dy="4" font-size="11">{name}</tspan><tspan dy="-4">&#8203;</tspan>'
        words = words.replace(f"_{name}", low)
    return words


def curve(part: str, colour: str = "currentColor", dashes: str = "", width: float = 2.5) -> str:
    """A line whose path is sent later."""
    return (
        f'<path data-part="{part}" d="" fill="none" stroke="{colour}" stroke-width="{width}" '
        f'stroke-dasharray="{dashes}" stroke-linejoin="round"/>'
    )


def area(part: str, opacity: float = 0.18) -> str:
    """A grey area whose path is sent later."""
    return f'<path data-part="{part}" d="" fill="currentColor" fill-opacity="{opacity}"/>'


def dot(part: str, colour: str) -> str:
    """A dot whose place is sent later."""
    return (
        f'<circle data-part="{part}" r="6" fill="{colour}" stroke="var(--body-background-fill)" '
        'stroke-width="2"/>'
    )


def key(x: float, y: float, words: str, colour: str, dashes: str = "", part: str = "") -> str:
    """What a curve is: a piece of it and its name."""
    line = f'<path d="M{x} {y - 5}h26" stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dashes}"/>'
    return line + text(x + 32, y, words, part=part)


def area_key(x: float, y: float, words: str) -> str:
    """What the grey area is."""
    box = f'<rect x="{x}" y="{y - 11}" width="26" height="12" fill="currentColor" fill-opacity="0.18"/>'
    return box + text(x + 32, y, words)


def svg(height: float, seen: str, *parts: str) -> str:
    """The drawing; `seen` is what one sees in it, for those who do not."""
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(seen)}" font-size="14" '
        f'style="display: block; width: 100%; max-width: 40rem; height: auto">{"".join(parts)}</svg>'
    )


def table(head: Sequence[str], rows: Sequence[str], caption: str) -> str:
    """A table whose cells are sent later: the part of row i and column j is `cell-i-j`, both counted from 0."""

    def written(words: str) -> str:
        return escape(words).replace("_data", "<sub>data</sub>").replace("_θ", "<sub>θ</sub>")

    names = "".join(f'<th scope="col">{written(name)}</th>' for name in head)
    lines = "".join(
        f'<tr><th scope="row">{written(name)}</th>'
        + "".join(f'<td data-part="cell-{i}-{j}">–</td>' for j in range(len(head) - 1))
        + "</tr>"
        for i, name in enumerate(rows)
    )
    return (
        f"<table><caption>{written(caption)}</caption><thead><tr>{names}</tr></thead>"
        f"<tbody>{lines}</tbody></table>"
    )


def drawing(inside: str, *, label: str, source: str, elem_id: str) -> gr.HTML:
    """Drawings, tables and paragraphs whose parts a live control moves.

    Args:
        inside: HTML.
        label: what is drawn.
        source: elem_id of the live control; it is asked once more when the drawing is there.
        elem_id: its own.
    """
    return gr.HTML(
        label=label,
        html_template=f'<div class="ll-live">{inside}</div>',
        css_template=charts.TABLE_CSS + '[data-best="true"] { font-weight: 700; }',
        js_on_load=f"const source = {json.dumps(source)};\n{_SCRIPT}",
        apply_default_css=False,
        elem_id=elem_id,
    )


def paths(**d: str) -> live.Reply:
    """The paths of parts, as "attributes"."""
    return {part: {"d": path} for part, path in d.items()}


_SCRIPT = """
const root = element.firstElementChild;
const part = (name) => root.querySelector(`[data-part="${CSS.escape(name)}"]`);
root.control = {
  change({ attributes = {}, words = {} }) {
    for (const [name, set] of Object.entries(attributes))
      for (const [attribute, value] of Object.entries(set)) part(name)?.setAttribute(attribute, value);
    for (const [name, said] of Object.entries(words)) if (part(name)) part(name).textContent = said;
  },
};
document.getElementById(source)?.querySelector(".ll-live")?.control?.refresh();
"""
