"""Choose one of a few, or several images; live controls on the page follow at once.

A choice writes itself into the `context` of live controls, in the browser and without a Gradio event, so that a drag
over the code sizes shows every one on the way:

    with gr.Column():
        steps([2, 4, 8, 16], 8, label="Code size", unit="numbers", key="code", targets=["sheet"], elem_id="code")
        DrawPad(compute, context={"code": 8}, elem_id="sheet")

The live control starts with the same choice in its own `context`, which Python checks like any other input.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

import gradio as gr

from gen_models.app.controls.images import Array, data_uri, data_uris
from gen_models.app.controls.live import MOUNT, template


def steps(
    values: Sequence[float],
    value: float,
    *,
    label: str,
    unit: str,
    key: str,
    targets: Sequence[str],
    elem_id: str,
    address: str = "",
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
        address: its name in the address of its experiment, if it is to be in it.
    """
    slider = f"{elem_id}-slider"
    return _choice(
        f'<div style="max-width: 27rem"><div class="ll-slider"><label for="{slider}">{html.escape(label)}</label>'
        f'<span class="ll-value" aria-hidden="true"></span>'
        f'<input type="range" id="{slider}" min="0" max="{len(values) - 1}" step="1"></div>'
        f'<div class="ll-axis" aria-hidden="true">{"".join(f"<span>{v:g}</span>" for v in values)}</div></div>',
        "Steps",
        value=list(values).index(value),
        label=label,
        settings={
            "key": key,
            "targets": targets,
            "values": values,
            "unit": unit,
            "address": address,
        },
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
    address: str = "",
) -> gr.HTML:
    """A strip of images to choose one from; its number goes into the context, and a `select` event tells Python.

    Python may choose too, by an update of its value; -1 is none.

    Args:
        images: uint8 (n, h, w, c).
        value: the one chosen at first.
        label: what is chosen.
        key: which entry of the context it writes.
        targets: elem_id of each live control that follows, or none.
        elem_id: its own.
        address: its name in the address of its experiment, if it is to be in it.
    """
    look = 'class="ll-pixels" style="display: block; width: 100%; border-radius: 3px"'
    buttons = "".join(
        f'<button type="button" class="ll-example" aria-label="Image {i + 1}">'
        f'<img alt="" loading="lazy" {look} src="{data_uri(image)}"></button>'
        for i, image in enumerate(images)
    )
    return _choice(
        f'<div class="ll-label">{html.escape(label)}</div>'
        f'<div class="ll-examples" role="group" aria-label="{html.escape(label)}">{buttons}</div>',
        "Thumbnails",
        value=value,
        label=label,
        settings={
            "key": key,
            "targets": targets,
            "values": list(range(len(images))),
            "address": address,
        },
        elem_id=elem_id,
    )


def strip(
    images: Array,
    chosen: Sequence[int],
    *,
    most: int,
    fewest: int,
    label: str,
    elem_id: str,
    noun: str = "Sample",
    address: str = "",
) -> gr.HTML:
    """A strip of images to choose one or several from, in order; another model or seed may bring other images.

    Its value is the list of numbers chosen, in the order they were chosen; `release` tells of a choice. Python brings
    other images as `gr.update(images=data_uris(...))`.

    With `most` = 1 a choice replaces the last one. Where just so many must be chosen, `fewest` = `most` > 1, one of
    the chosen gives its place to the next choice: the last, or that which was pressed. Otherwise a choice is added or
    taken away; one too many takes the place of the oldest, which is said.

    Args:
        images: uint8 (n, h, w, c).
        chosen: what is chosen at first.
        most: how many can be chosen.
        fewest: how many must be.
        label: what is chosen.
        elem_id: its own.
        noun: what a screen reader calls an image: "Sample 3".
        address: its name in the address of its experiment, if it is to be in it.
    """
    name = html.escape(label)
    return gr.HTML(
        list(chosen),
        label=label,
        html_template=template(
            "Strip",
            {"most": most, "fewest": fewest, "noun": noun, "address": address},
            f'<div class="ll-label">{name}</div><div class="ll-examples" role="group" aria-label="{name}" '
            'style="grid-template-columns: repeat(auto-fill, minmax(3.6rem, 1fr)); max-width: 56rem"></div>'
            '<p class="ll-aside" role="status"></p>',
        ),
        js_on_load=MOUNT,
        apply_default_css=False,
        elem_id=elem_id,
        images=data_uris(images),
    )


def _choice(
    body: str, kind: str, *, value: int, label: str, settings: dict, elem_id: str
) -> gr.HTML:
    """What `steps` and `thumbnails` share: the value is the index of what is chosen."""
    return gr.HTML(
        value,
        label=label,
        html_template=template(kind, settings | {"first": value}, body),
        js_on_load=MOUNT,
        apply_default_css=False,
        elem_id=elem_id,
    )
