"""The plane of both players: a map to drag a start point on, with the field and the trajectories drawn over it.

A reply's "drawing" holds what `lines.drawing` gives: `arrows` and, by rule, `curves` and `steps`, each the path of an
SVG, and `bad`, a list of [x, y, is_minimum].
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from gen_models.app import live
from gen_models.app.tabs.equilibria.lines import SIDE

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


class Plane(live.LatentPad):
    """A LatentPad over (θ, ψ), from −reach to reach, that draws its replies.

    Args:
        compute: answers a request; see `live`.
        value: the start point at first.
        reach: least and greatest θ and ψ.
        context: what `compute` finds in request["context"].
        label: says to screen readers, and above the plane, what this is.
        layout: elem_id, scale, min_width, visible, render, key, as in Gradio.
    """

    def __init__(
        self,
        compute: live.Compute,
        *,
        value: Sequence[float],
        reach: float,
        context: dict[str, Any],
        label: str,
        **layout: Unpack[live.Layout],
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
        self.js_on_load = f"{self.js_on_load}\n{_SCRIPT.replace('SIDE', str(SIDE))}"
        self.css_template = _CSS


_SCRIPT = """
const control = element.firstElementChild.control;
const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
svg.setAttribute("class", "ll-contours");
svg.setAttribute("viewBox", "0 0 SIDE SIDE");
svg.setAttribute("aria-hidden", "true");
control.dot.before(svg);
const part = (name, attributes = {}, parent = front) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent.append(node);
  return node;
};
part("path", { class: "axes", d: "M0 500H1000M500 0V1000" }, svg);
const field = part("path", { class: "arrows" }, svg);
const front = part("g", {}, svg);
const draw = ({ arrows, curves, steps, bad }) => {
  if (field.getAttribute("d") !== arrows) field.setAttribute("d", arrows); // the same while the start is dragged
  front.replaceChildren();
  for (const [rule, d] of Object.entries(curves)) part("path", { class: `curve ${rule}`, d });
  for (const [rule, d] of Object.entries(steps)) part("path", { class: `steps ${rule}`, d });
  part("circle", { class: "equilibrium", cx: 500, cy: 500, r: 13 });
  for (const [x, y, minimum] of bad) {
    const mark = minimum ? "m-12-12l24 24m0-24l-24 24" : "m0-15l15 15l-15 15l-15-15z";
    for (const layer of ["under", "over"]) part("path", { class: `bad ${layer}`, d: `M${x} ${y}${mark}` });
  }
};
// A reply's "drawing" becomes a setting like any other; `settle` is told of it.
const settle = control.settle;
control.settle = (changed) => {
  settle.call(control, changed);
  if (changed?.drawing) draw(changed.drawing);
};
"""

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
.ll-dot {{ width: 16px; height: 16px; margin: 0 0 -8px -8px; }}
"""
