"""Addresses: `/#vae/map?z=0.1,1` opens an experiment with its controls where somebody left them.

`address.js` reads and writes them in the browser; this module tells it which controls an address may set, and to what.
A live control names its part of the address by its own argument `address`. A stock component of Gradio is named here:

    seed = address.named("seed", gr.Number(0, label="Seed"), low=0, high=SEEDS - 1)

An address is hostile input: each value passes its control's own check in the browser, and what then reaches the server
is an event like any other. Drawings, uploads and trained weights are never in an address.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr

from gen_models.app.chapter import SECTIONS, Chapter, path

C = TypeVar("C", bound=gr.components.FormComponent)

SCRIPT = "\n".join(
    (Path(__file__).parent / name).read_text("utf-8") for name in ("address.js", "repair.js")
)
"""For `first_load.FirstLoad`, after the scripts of the controls."""


@dataclass(frozen=True)
class _Field:
    name: str
    component: Any
    check: dict[str, Any]
    """What address.js holds a value to: "choices", "low" and "high" of a number, or nothing for a check box."""


_fields: ContextVar[list[_Field] | None] = ContextVar("fields", default=None)


def named(name: str, component: C, low: float | None = None, high: float | None = None) -> C:
    """The same component, whose value is `name` in the address of the experiment that is being laid out.

    Args:
        name: a short word.
        component: a Dropdown, Radio, CheckboxGroup, Checkbox, Slider or Number.
        low: least number, where the component itself has none.
        high: largest number, where the component itself has none.
    """
    found = _fields.get()
    if found is not None:
        found.append(_Field(name, component, _check(component, low, high)))
    return component


def _check(component: Any, low: float | None, high: float | None) -> dict[str, Any]:
    if isinstance(component, gr.Dropdown | gr.Radio | gr.CheckboxGroup):
        several = isinstance(component, gr.CheckboxGroup) or bool(
            getattr(component, "multiselect", False)
        )
        return {"choices": [value for _, value in component.choices], "several": several}
    if isinstance(component, gr.Slider | gr.Number):
        low = component.minimum if low is None else low
        high = component.maximum if high is None else high
        if low is None or high is None:
            raise TypeError("a number in an address needs bounds")
        whole = isinstance(component, gr.Number) and component.precision == 0
        return {"low": low, "high": high, "whole": whole or component.step == 1}
    if isinstance(component, gr.Checkbox):
        return {}
    raise TypeError(f"{type(component).__name__} has no place in an address")


@contextmanager
def fields(where: str) -> Iterator[None]:
    """Collect what `named` names meanwhile, and connect it to the address of the experiment `where`."""
    found: list[_Field] = []
    before = _fields.set(found)
    try:
        yield
    finally:
        _fields.reset(before)
    if found:
        _connect(where, found)


def _connect(where: str, found: Sequence[_Field]) -> None:
    """Two events that stay in the browser: from the address to the components, and back."""
    components = [field.component for field in found]
    settings = {
        "path": where,
        "fields": [
            {"name": field.name, "first": field.component.value} | field.check for field in found
        ],
    }
    store = gr.HTML(
        html_template=f'<span class="ll-fields" data-fields="{html.escape(json.dumps(settings))}"></span>',
        js_on_load="LatentLab.address.fields(element.firstElementChild, {props, trigger})",
        apply_default_css=False,
        elem_classes="ll-unseen",
    )
    one = "[0]" if len(components) == 1 else ""  # one output alone does not come in a list
    store.input(
        None,
        store,
        components,
        js=f"(values) => values{one}",
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    gr.on(
        [component.change for component in components],
        None,
        components,
        None,
        js=f"(...values) => LatentLab.address.chosen({json.dumps(where)}, values)",
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )


def bar(chapters: Sequence[Chapter]) -> gr.HTML:
    """The buttons that are always there; address.js learns here which experiments there are."""
    outline = [
        {
            "section": section.id,
            "experiments": [
                path(chapter, experiment)
                for chapter in chapters
                if chapter.section is section
                for experiment in chapter.experiments
            ],
        }
        for section in SECTIONS
    ]
    return gr.HTML(
        html_template=(
            f'<div class="ll-address" data-outline="{html.escape(json.dumps(outline))}">'
            '<p role="status"></p><button type="button" class="ll-button" data-tour>Tour</button>'
            '<button type="button" class="ll-button" data-share>Share</button>'
            '<button type="button" class="ll-button" data-copy>Copy link</button></div>'
        ),
        js_on_load="LatentLab.address.start(element.firstElementChild)",
        apply_default_css=False,
        elem_id="ll-bar",
    )
