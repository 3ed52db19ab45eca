"""Line charts as SVG, sharp at any size and readable in light and dark, and the table of numbers beside one.

gr.LinePlot has no logarithmic axes, and hides a curve that lies on another one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 480, 320
LEFT, RIGHT, TOP, BOTTOM = 40, 10, 56, 48


@dataclass(frozen=True)
class Curve:
    """Positive numbers y at positive x. A small mark shows on top of a large hollow one at the same place.

    With standard deviations `sd` of y, a bar reaches from y − sd to y + sd.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    colour: str
    hollow: bool = False
    sd: Sequence[float] = ()
    dashed: bool = False


def log_log(curves: Sequence[Curve], x_title: str, y_title: str, seen: str) -> str:
    """An SVG element: curves on two logarithmic axes, with a tick at every x.

    The points of an x, and an unseen rule through them, have it as their `data-x`: JavaScript can mark them.

    Args:
        curves: drawn in this order, each with at least one point.
        x_title: what x is.
        y_title: what y is, and its unit.
        seen: what a reader sees in the chart, for those who do not see it.
    """
    xs = sorted({x for curve in curves for x in curve.x})
    ys = ticks(min(min(curve.y) for curve in curves), max(max(curve.y) for curve in curves))
    places, rows = _legend(curves)
    across = _log_scale(xs[0], xs[-1], LEFT + 16, WIDTH - RIGHT - 16)
    top = TOP + 20 * (rows - 1)
    up = _log_scale(ys[0], ys[-1], HEIGHT - BOTTOM, top)
    parts = [
        _text(0, 14, y_title),
        _text(WIDTH - RIGHT, HEIGHT - 6, x_title, "end"),
        *(_text(across(x), HEIGHT - BOTTOM + 20, f"{x:g}", "middle") for x in xs),
    ]
    for y in ys:
        line = f"M{LEFT} {up(y):.1f}H{WIDTH - RIGHT}"
        parts.append(f'<path d="{line}" stroke="currentColor" stroke-opacity="0.2"/>')
        parts.append(_text(LEFT - 8, up(y) + 5, f"{y:g}", "end"))
    for x in xs:
        line = f"M{across(x):.1f} {top}V{HEIGHT - BOTTOM}"
        parts.append(f'<path d="{line}" data-x="{x:g}" stroke="currentColor" stroke-opacity="0"/>')
    for curve, (left, row) in zip(curves, places, strict=True):
        points = [(across(x), up(y)) for x, y in zip(curve.x, curve.y, strict=True)]
        line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        dashes = ' stroke-dasharray="6 4"' if curve.dashed else ""
        parts.append(
            f'<path d="{line}" fill="none" stroke="{curve.colour}" stroke-width="2"{dashes}/>'
        )
        for (x, _), y, sd in zip(points, curve.y, curve.sd, strict=False):
            ends = [up(min(max(end, ys[0]), ys[-1])) for end in (y - sd, y + sd)]
            bar = f"M{x:.1f} {ends[0]:.1f}V{ends[1]:.1f}"
            parts.append(f'<path d="{bar}" stroke="{curve.colour}" stroke-width="1.5"/>')
        parts += [
            _mark(x, y, curve, f"{curve.name}, {at:g}: {value:.3g}", f'data-x="{at:g}"')
            for (x, y), at, value in zip(points, curve.x, curve.y, strict=True)
        ]
        height = 35 + 20 * row
        parts.append(_mark(left + 6, height, curve) + _text(left + 18, height + 5, curve.name))
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(seen)}" font-size="14" '
        f'style="display: block; width: 100%; max-width: 44rem; height: auto">{"".join(parts)}</svg>'
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> str:
    """An HTML table of numbers, the first column naming the rows; for a gr.HTML with `css_template=TABLE_CSS`.

    A heading may hold a soft hyphen where it may break on a phone.
    """
    names = "".join(
        f'<th scope="col">{escape(name)}</th>' if name else "<td></td>" for name in head
    )
    lines = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{escape(v)}</td>" for v in values)}</tr>'
        for name, *values in rows
    )
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{names}</tr></thead><tbody>{lines}</tbody></table>"


TABLE_CSS = """
table { width: 100%; border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
caption { caption-side: bottom; padding-top: 0.5rem; text-align: left; color: var(--body-text-color-subdued); }
table, tr, th, td { border: 0; }
th, td { padding: 0.4rem 0 0.4rem 0.6rem; border-bottom: 1px solid var(--border-color-primary); text-align: right; }
th { font-weight: 500; color: var(--body-text-color-subdued); }
th:first-child { padding-left: 0; text-align: left; }
"""


def ticks(low: float, high: float) -> list[float]:
    """The numbers 1, 2 and 5 times powers of ten from at or below `low` to at or above `high`."""
    decades = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    numbers = [digit * 10.0**decade for decade in decades for digit in (1, 2, 5)]
    first = max(i for i, number in enumerate(numbers) if number <= low)
    last = min(i for i, number in enumerate(numbers) if number >= high)
    return numbers[first : max(last, first + 1) + 1]


def _legend(curves: Sequence[Curve]) -> tuple[list[tuple[float, int]], int]:
    """Where each curve's name begins, and in which row; and how many rows there are."""
    places, left, row = [], float(LEFT), 0
    for curve in curves:
        length = 40 + 7.5 * len(curve.name)
        if left > LEFT and left + length - 20 > WIDTH:
            left, row = float(LEFT), row + 1
        places.append((left, row))
        left += length
    return places, row + 1


def _log_scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    """Maps low..high to start..end by logarithm; a single number to the middle."""
    if low == high:
        return lambda _: (start + end) / 2
    return lambda v: start + (end - start) * math.log(v / low) / math.log(high / low)


def _mark(x: float, y: float, curve: Curve, tip: str = "", data: str = "") -> str:
    radius, fill = (7, "none") if curve.hollow else (4, curve.colour)
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{fill}" stroke="{curve.colour}" '
        f'stroke-width="2" {data}><title>{escape(tip)}</title></circle>'
    )


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="currentColor">{escape(words)}</text>'
