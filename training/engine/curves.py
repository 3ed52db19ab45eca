"""The curves of a run's losses, which stand on its model's card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

POINTS = 120
"""Of a curve: a long log is averaged in this many parts."""
COLUMNS = 3
WIDTH, HEIGHT, MARGIN = 250, 130, 12
LINE, INK = "#26868c", "#808080"
"""Grey is legible on white and on black: an image does not know what it stands on."""
OTHER = ("step", "seconds")


def losses(rows: Sequence[Mapping[str, float]]) -> str:
    """Draw each metric of a log over the steps, a small chart for each: SVG; "" for a log with fewer than two rows."""
    names = [name for name in (rows[-1] if rows else {}) if name not in OTHER]
    charts = [chart for name in names if (chart := _chart(name, *_series(rows, name)))]
    if not charts:
        return ""
    down = -(-len(charts) // COLUMNS)
    width, height = min(len(charts), COLUMNS) * WIDTH, down * HEIGHT
    placed = [
        f'<g transform="translate({i % COLUMNS * WIDTH} {i // COLUMNS * HEIGHT})">{chart}</g>'
        for i, chart in enumerate(charts)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="11" fill="{INK}">{"".join(placed)}</svg>\n'
    )


def _series(rows: Sequence[Mapping[str, float]], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Steps and values of a metric, averaged in at most `POINTS` parts."""
    found = np.array([(row["step"], row[name]) for row in rows if name in row]).reshape(-1, 2)
    parts = np.array_split(found, min(POINTS, max(1, len(found))))
    step, value = np.array([part.mean(0) for part in parts if len(part)]).reshape(-1, 2).T
    return step, value


def _chart(name: str, step: np.ndarray, value: np.ndarray) -> str:
    """One metric over the steps, its least and greatest value at the left, the last step below."""
    if len(step) < 2:
        return ""
    low, high = float(value.min()), float(value.max())
    left, right, top, bottom = 52, WIDTH - MARGIN, 24, HEIGHT - 24
    x = left + (right - left) * step / step[-1]
    y = bottom - (bottom - top) * (value - low) / ((high - low) or 1)
    path = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))
    return (
        f'<text x="{left}" y="14">{escape(name)}</text>'
        f'<text x="{left - 6}" y="{top + 4}" text-anchor="end">{high:.3g}</text>'
        f'<text x="{left - 6}" y="{bottom + 4}" text-anchor="end">{low:.3g}</text>'
        f'<text x="{right}" y="{HEIGHT - 10}" text-anchor="end">step {step[-1]:,.0f}</text>'
        f'<path d="M{left} {top}V{bottom}H{right}" fill="none" stroke="{INK}" stroke-opacity="0.5"/>'
        f'<path d="{path}" fill="none" stroke="{LINE}" stroke-width="1.5"/>'
    )
