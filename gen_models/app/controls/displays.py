"""Displays: drawings, tables and words that a live control moves.

Each part that moves has a name, `data-part`. A reply says which attributes and words of which part change, such as the
path of a curve:

    display('<svg ...><path data-part="fit"/></svg>', label="The fit", source="pad", elem_id="fit-drawing")
    return {"send": {"fit-drawing": {"attributes": {"fit": {"d": "M0 0L1 1"}}, "words": {"title": "..."}}}}
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from gen_models.app.controls.live import MOUNT, template


def display(
    inside: str,
    *,
    label: str,
    source: str,
    elem_id: str,
    style: str = "",
    kind: str = "Display",
    script: str = "",
    settings: dict[str, Any] | None = None,
) -> gr.HTML:
    """Something whose parts a live control moves.

    Args:
        inside: HTML.
        label: what it shows.
        source: elem_id of the live control; it is asked once more when the display is there.
        elem_id: its own.
        style: its CSS.
        kind: its class of JavaScript, one that extends Display; `script` adds it to `LatentLab.kinds`.
        script: JavaScript.
        settings: what that class needs to know beside `source`.
    """
    return gr.HTML(
        label=label,
        html_template=template(kind, {"source": source} | (settings or {}), inside),
        css_template=style,
        js_on_load=script + MOUNT,
        apply_default_css=False,
        elem_id=elem_id,
    )
