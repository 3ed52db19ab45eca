"""The plane of both players: a map to drag a start point on, with the field and the trajectories drawn over it.

A reply's "drawing" holds what `lines.drawing` gives: `arrows` and, by rule, `curves` and `steps`, each the path of an
SVG, and `bad`, a list of [x, y, is_minimum].
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack

from gen_models.app import controls

COLOURS = {
    "continuous": "currentColor",
    "simultaneous": "#d9542b",
    "alternating": "#3b82c4",
    "descent": "#a35cc0",
    "consensus": "#4c8c3a",
}
"""Of each rule: at least 3 to 1 on the background, light and dark."""
DASHES = {
    "continuous": "1 0",
    "simultaneous": "1 0",
    "alternating": "7 4",
    "descent": "2 4",
    "consensus": "9 3 2 3",
}
"""Of each rule, in pixels, so that they differ without their colours."""


_RULES = "\n".join(
    f".{rule} {{ stroke: {colour}; stroke-dasharray: {DASHES[rule]}; }}"
    for rule, colour in COLOURS.items()
)

_CSS = f"""
path {{ fill: none; vector-effect: non-scaling-stroke; }}
.axes {{ stroke: currentColor; stroke-opacity: 0.25; }}
.arrows {{ fill: currentColor; fill-opacity: 0.3; }}
.curve {{ stroke-width: 2; stroke-linejoin: round; }}
.continuous {{ stroke-opacity: 0.6; }}
{_RULES}
.steps {{ stroke-width: 5; stroke-linecap: round; stroke-dasharray: none; }}
.equilibrium {{ fill: var(--body-background-fill); stroke: currentColor; stroke-width: 5; }}
.bad.under {{ stroke: var(--body-background-fill); stroke-width: 6; }}
.bad.over {{ stroke: currentColor; stroke-width: 2.5; }}
.v {{ stroke-width: 2.5; stroke-linecap: round; stroke-linejoin: round; }}
.v.theta {{ stroke: {COLOURS["alternating"]}; }}
.v.psi {{ stroke: {COLOURS["simultaneous"]}; }}
.v.both {{ stroke: currentColor; }}
.here {{ fill: currentColor; stroke: var(--body-background-fill); stroke-width: 4; }}
.ll-dot {{ width: 16px; height: 16px; margin: 0 0 -8px -8px; }}
"""


class Plane(controls.LatentPad):
    """A LatentPad over (θ, ψ), from −reach to reach, that draws its replies.

    Args:
        compute: answers a request; see `controls.live`.
        value: the start point at first.
        reach: least and greatest θ and ψ.
        context: what `compute` finds in request["context"].
        label: says to screen readers, and above the plane, what this is.
        layout: elem_id, scale, min_width, visible, render, key, as in Gradio.
    """

    kind = "Plane"
    script = (Path(__file__).parent / "plane.js").read_text("utf-8")
    style = _CSS

    def __init__(
        self,
        compute: controls.Compute,
        *,
        value: Sequence[float],
        reach: float,
        context: dict[str, Any],
        label: str,
        **layout: Unpack[controls.Layout],
    ) -> None:
        super().__init__(
            compute,
            value=value,
            lo=-reach,
            hi=reach,
            axes=("θ", "ψ"),
            context=context,
            label=label,
            **layout,
        )
