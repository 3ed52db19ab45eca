"""Choose one of a few, and live controls on the page follow at once.

A choice writes itself into the `context` of live controls, in the browser and without a Gradio event, so that a drag
over the code sizes shows every one on the way:

    with gr.Column():
        steps([2, 4, 8, 16], 8, label="Code size", unit="numbers", key="code", targets=["sheet"], elem_id="code")
        DrawPad(compute, context={"code": 8}, elem_id="sheet")

The live control starts with the same choice in its own `context`, which Python checks like any other input.
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence

import gradio as gr

from gen_models.app.live import data_uri
from gen_models.runtime import Array


def steps(
    values: Sequence[float],
    value: float,
    *,
    label: str,
    unit: str,
    key: str,
    targets: Sequence[str],
    elem_id: str,
) -> gr.HTML:
    """A slider over a few numbers that need not be evenly spaced.

    Args:
        values: the numbers, from left to right.
        value: the one chosen at first.
        label: what the numbers are.
        unit: what follows the chosen one, as in "8 numbers".
        key: which entry of the context it writes.
        targets: elem_id of each live control that follows.
        elem_id: its own.
    """
    slider = f"{elem_id}-slider"
    return _choice(
        f'<div style="max-width: 27rem"><div class="ll-slider"><label for="{slider}">{html.escape(label)}</label>'
        f'<span class="ll-value" aria-hidden="true"></span>'
        f'<input type="range" id="{slider}" min="0" max="{len(values) - 1}" step="1"></div>'
        f'<div class="ll-axis" aria-hidden="true">{"".join(f"<span>{v:g}</span>" for v in values)}</div></div>',
        _STEPS,
        value=list(values).index(value),
        label=label,
        settings={"key": key, "targets": targets, "values": values, "unit": unit},
        elem_id=elem_id,
    )


def thumbnails(
    images: Array,
    value: int,
    *,
    label: str,
    key: str,
    targets: Sequence[str],
    elem_id: str,
) -> gr.HTML:
    """A strip of pictures to choose one from; its number goes into the context, and a `select` event tells Python.

    Python may choose too, by an update of its value; -1 is none.

    Args:
        images: uint8 (n, h, w, c).
        value: the one chosen at first.
        label: what is chosen.
        key: which entry of the context it writes.
        targets: elem_id of each live control that follows, or none.
        elem_id: its own.
    """
    look = 'class="ll-pixels" style="display: block; width: 100%; border-radius: 3px"'
    buttons = "".join(
        f'<button type="button" class="ll-example" aria-label="Picture {i + 1}">'
        f'<img alt="" {look} src="{data_uri(image)}"></button>'
        for i, image in enumerate(images)
    )
    return _choice(
        f'<div class="ll-label">{html.escape(label)}</div>'
        f'<div class="ll-examples" role="group" aria-label="{html.escape(label)}">{buttons}</div>',
        _THUMBNAILS,
        value=value,
        label=label,
        settings={"key": key, "targets": targets, "values": list(range(len(images)))},
        elem_id=elem_id,
    )


def _choice(
    body: str, script: str, *, value: int, label: str, settings: dict, elem_id: str
) -> gr.HTML:
    """What both share: the value is the index of what is chosen."""
    data = html.escape(json.dumps(settings | {"first": value}))
    return gr.HTML(
        value,
        label=label,
        html_template=f'<div class="ll-live" data-choice="{data}">{body}</div>',
        js_on_load=_CHOOSE + script,
        apply_default_css=False,
        elem_id=elem_id,
    )


_CHOOSE = """
const root = element.firstElementChild;
const { key, targets, values, unit, first } = JSON.parse(root.dataset.choice);
const live = (id) => document.getElementById(id)?.querySelector(".ll-live")?.control;
const send = (i) => targets.forEach((id) => live(id)?.change({ context: { [key]: values[i] } }));
const choose = (i) => {
  show(i);
  send(i);
};
// A page that was hidden is built anew, and its live controls begin where they first began: tell them, once they exist.
const remind = (tries) => {
  if (targets.every(live)) send(props.value);
  else if (tries) setTimeout(remind, 50, tries - 1);
};
if (props.value !== first) remind(100);
"""

_STEPS = """
const input = root.querySelector("input");
const output = root.querySelector(".ll-value");
const show = (i) => {
  input.value = i;
  output.textContent = `${values[i]} ${unit}`;
  input.setAttribute("aria-valuetext", output.textContent);
};
input.addEventListener("input", () => choose(+input.value));
input.addEventListener("change", () => { props.value = +input.value; });
show(props.value);
"""

_THUMBNAILS = """
const buttons = [...root.querySelectorAll("button")];
const show = (i) => buttons.forEach((button, j) => button.setAttribute("aria-pressed", String(j === i)));
buttons.forEach((button, i) => button.addEventListener("click", () => {
  choose(i);
  props.value = i;
  trigger("select");
}));
watch("value", () => show(props.value));
show(props.value);
"""
