"""What the experiments with autoencoders share: what comes from outside, a panel for each data set, code sizes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapters.autoencoder.lineup import KINDS, Lineup, lineups
from gen_models.app.checks import checked_integer
from gen_models.app.shell import address
from gen_models.app.shell.parts import markdown
from gen_models.errors import BadRequest
from gen_models.runtime import Array, Model

CURVE = (Path(__file__).parent / "curve.js").read_text("utf-8")
THUMBNAILS = 20
"""How many of the example images are offered."""
NOT_EVALUATED = (
    "These models are not evaluated yet: run `python -m training.evaluate` on their folders."
)
NO_EXAMPLES = "The example images of these models are missing: export a model again, or restore its examples.png."

# ---------------------------------------------------------------------------------------------------------------------
# Choices from outside, by a live control or over HTTP: checked, or refused with one sentence
# ---------------------------------------------------------------------------------------------------------------------


def checked_code(lineup: Lineup, code: Any) -> int:
    """One of the line-up's code sizes."""
    if isinstance(code, bool) or code not in lineup.codes:
        raise BadRequest(f"The code size must be one of {', '.join(map(str, lineup.codes))}.")
    return int(code)


def checked_example(lineup: Lineup, number: Any) -> int:
    """The number of an example."""
    if not len(lineup.examples):
        raise BadRequest(NO_EXAMPLES)
    return checked_integer(number, 0, len(lineup.examples) - 1, "The number of the image")


# ---------------------------------------------------------------------------------------------------------------------
# What is shown
# ---------------------------------------------------------------------------------------------------------------------


def painted(lineup: Lineup, x: dict[str, Array]) -> dict[str, controls.ImageData]:
    """The first image of each batch for the screen of that name, and grey for a kind that made none."""
    channels, height, width = lineup.shape
    grey = controls.pixels(np.full((height, width, channels), 128, np.uint8))
    images = {slot: controls.pixels(lineup.to_uint8(batch)[0]) for slot, batch in x.items()}
    return dict.fromkeys(lineup.models, grey) | images


def format_number(value: float | None) -> str:
    """A number as it stands on the page."""
    return "–" if value is None else f"{value:.2f}"


# ---------------------------------------------------------------------------------------------------------------------
# On the page
# ---------------------------------------------------------------------------------------------------------------------


class Panels:
    """What an experiment shows of each data set, of which one is chosen.

    Data sets differ in their examples and code sizes, so that each has controls and results of its own:

        panels = Panels(models)
        with layout.controls():
            panels.choice()
            for i, lineup in panels.each(): ...
        with layout.results():
            for i, lineup in panels.each(): ...
        panels.connect()
    """

    def __init__(self, models: Iterable[Model], first: str = "") -> None:
        """Data sets of these models; `first` is the name of the one to begin with, if it is there."""
        found = lineups(models)
        self._lineups = dict(sorted(found.items(), key=lambda item: item[0] != first))
        self._columns: list[tuple[str, gr.Column]] = []

    def choice(self) -> None:
        """Lay out the choice of a data set; one alone is not shown. Say what to do where there is none."""
        if not self._lineups:
            markdown("There is no autoencoder yet: `python -m training.autoencoder` makes one.")
            return
        self._choice = address.named(
            "data",
            gr.Dropdown(
                [(lineup.title, name) for name, lineup in self._lineups.items()],
                value=next(iter(self._lineups)),
                label="Data",
                visible=len(self._lineups) > 1,
                filterable=False,
            ),
        )

    def each(self) -> Iterator[tuple[int, Lineup]]:
        """What follows in the loop is shown while that data set is chosen."""
        for i, (name, lineup) in enumerate(self._lineups.items()):
            with gr.Column(visible=i == 0, min_width=0) as column:
                yield i, lineup
            self._columns.append((name, column))

    def connect(self) -> None:
        """Let the choice show the panels of its data set."""
        if not self._lineups:
            return
        self._choice.change(
            lambda chosen: [gr.update(visible=name == chosen) for name, _ in self._columns],
            self._choice,
            [column for _, column in self._columns],
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )


def code_slider(codes: list[int], code: int, *targets: str) -> None:
    """The slider of code sizes, for live control `targets`; `code` is chosen at first."""
    controls.steps(
        codes,
        code,
        label="Code size",
        unit="dimensions",
        key="code",
        targets=targets,
        elem_id=f"{targets[0]}-code",
        address="code",
    )


def curve(
    chart: str,
    numbers: dict[str, dict[str, str]],
    captions: dict[str, str],
    code: int,
    elem_id: str,
    note: str = "",
    opens: str = "",
) -> gr.HTML:
    """A chart over code sizes that marks the points of one, and the numbers of it.

    Args:
        chart: SVG, by `charts.log_log`.
        numbers: for each code size, as text, the number of each part.
        captions: what each part is.
        code: the one marked at first; a `code_slider` with this elem_id for a target changes it.
        elem_id: its own.
        note: how to read it.
        opens: address of the images of a code size, which is added to it: a click on a point leads there.
    """
    first = numbers[str(code)]
    facts = "".join(
        f'<div><dd class="ll-number" data-part="{part}">{first[part]}</dd><dt>{escape(words)}</dt></div>'
        for part, words in captions.items()
    )
    return gr.HTML(
        label="Curve",
        html_template=controls.template(
            "CodeCurve",
            {"code": str(code), "numbers": numbers, "opens": opens},
            f'<div class="ae-curve">{chart}<dl class="ll-numbers">{facts}</dl>'
            f'<p class="ll-note">{escape(note)}</p><a class="ae-open"></a></div>',
        ),
        js_on_load=CURVE + controls.MOUNT,
        apply_default_css=False,
        elem_id=elem_id,
    )


def middle(codes: list[int]) -> int:
    """A code size neither small nor large."""
    return codes[len(codes) // 2]


def note_missing(lineup: Lineup, kinds: Iterable[str] = KINDS) -> None:
    """Say which of these kinds there is no model of, and how to make one."""
    codes = " ".join(map(str, lineup.codes))
    for kind in kinds:
        if kind not in lineup.models:
            markdown(
                f"{KINDS[kind]}: there is no model of these images yet; `python -m training.autoencoder "
                f"--kind {kind} --data {lineup.dataset.recipe} --codes {codes}` makes one."
            )
