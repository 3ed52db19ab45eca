"""What the experiments with objectives share on the page: choices beside a slider, and drawings over its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import gradio as gr

from gen_models.app import controls
from gen_models.app.chapters import _plots as plots
from gen_models.app.shell import layout

Choice = tuple[str, Sequence[float], str]
"""Its key in the context and name in the address, its numbers, and its label."""


def choices(slider: str, prefix: str, first: Mapping[str, float], *each: Choice) -> None:
    """A row of numbers to choose from for each; `first` are chosen at first."""
    for key, values, label in each:
        controls.steps(
            values,
            first[key],
            label=label,
            unit="",
            key=key,
            targets=[slider],
            elem_id=f"{prefix}-{key}",
            address=key,
        )


def drawings(slider: str, numbers: str, *each: tuple[str, str, str]) -> None:
    """Drawings side by side, each (HTML, label, elem_id), and the outlet `numbers` under them."""
    with gr.Row(elem_classes="ll-beside"):
        for inside, label, elem_id in each:
            plots.drawing(inside, label=label, source=slider, elem_id=elem_id)
    layout.outlet(numbers, under=True)
