"""How an experiment is laid out: controls in a column at the left, what answers them large at the right.

    with layout.controls():
        model = layout.model_choice(models, first)
        LatentSliders(decode, results="vae-dials-results", ...)
    with layout.results():
        layout.outlet("vae-dials-results")

On a phone the results come first, and stay in sight while the controls scroll under them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr


@contextmanager
def controls(*, long: bool = False) -> Iterator[gr.Column]:
    """The column of what is moved and chosen, 320 pixels wide on a desktop.

    Args:
        long: it is longer than the results, under which the Notice then stands.
    """
    classes = ["ll-controls", "ll-long"] if long else ["ll-controls"]
    with gr.Column(elem_classes=classes, min_width=0) as column:
        yield column


@contextmanager
def results() -> Iterator[gr.Column]:
    """The large part; what stands in a `gr.Row` in it stands side by side."""
    with gr.Column(elem_classes="ll-results", min_width=0) as column:
        yield column


@contextmanager
def wide() -> Iterator[gr.Column]:
    """What is not needed on the first screen: tables, long explanations. It has the whole width, under the rest."""
    with gr.Column(elem_classes="ll-wide", min_width=0) as column:
        yield column


def outlet(elem_id: str, *, under: bool = False) -> gr.HTML:
    """Where live controls put their images and numbers, if their `results` is this elem_id.

    Args:
        elem_id: its own.
        under: numbers stand under the images, not beside them.
    """
    return gr.HTML(
        html_template=f'<div class="ll-live ll-outlet{" ll-under" if under else ""}" data-outlet="{elem_id}"></div>',
        apply_default_css=False,
        elem_id=elem_id,
    )


def when_shown() -> gr.HTML:
    """What sends an `input` event each time the experiment comes on the screen: for work that the page need not do."""
    return gr.HTML(
        html_template="<span></span>",
        js_on_load="trigger('input')",
        apply_default_css=False,
        elem_classes="ll-unseen",
    )


def fixed(
    inside: str,
    css: str,
    script: str | None = None,
    value: str | None = None,
    elem_id: str | None = None,
    label: str | None = None,
) -> gr.HTML:
    """A part of the page that no event rewrites.

    Args:
        inside: HTML, in which nothing is taken for a placeholder of Gradio's templates.
        css: its classes.
        script: JavaScript, run when it comes on the screen.
        value: what its events tell Python.
        elem_id: its own.
        label: what it is, for the API.
    """
    for character in "{}$`\\":
        inside = inside.replace(character, f"&#{ord(character)};")
    return gr.HTML(
        value,
        html_template=inside,
        js_on_load=script,
        apply_default_css=False,
        elem_classes=css.split(),
        elem_id=elem_id,
        label=label,
    )
