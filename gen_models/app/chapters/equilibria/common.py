"""What the experiments with games of two numbers share: settings, the plane and its field, what follows from it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

import gradio as gr

from gen_models.app import controls
from gen_models.app.chapters.equilibria import lines, settings, study, views
from gen_models.app.chapters.equilibria.plane import Plane
from gen_models.app.shell import layout


def show(views_id: str, main: str, request: controls.Request) -> controls.Reply:
    """Everything on the page for a start point and the settings."""
    chosen = study.checked(request["context"])
    theta, psi = (float(x) for x in request["value"])
    found = study.run(chosen, theta, psi, main)
    return {"drawing": lines.drawing(found), "send": {views_id: views.shown(chosen, found)}}


def lay_out(
    name: str,
    *,
    first: dict[str, Any],
    keys: Collection[str],
    main: str,
    start: tuple[float, float],
    presets: Sequence[settings.Preset] = (),
    folded: bool = False,
) -> None:
    """The settings at the left, the field, and beside it what the eigenvalues say.

    Args:
        name: of the experiment.
        first: what is chosen at first, where it is not `study.FIRST`; ways to follow the field that are not in `keys`
            are not drawn.
        keys: what a visitor chooses; see `settings.build`.
        main: the way whose number is large.
        start: (θ, ψ) at first.
        presets: settings to begin with, one click each.
        folded: the eigenvalues and the table are shown on a click alone.
    """
    chosen = study.FIRST | dict.fromkeys(study.RULES, False) | first
    plane, beside = f"equilibria-{name}-plane", f"equilibria-{name}-views"
    with layout.controls():
        settings.build(
            chosen,
            keys=keys,
            target=plane,
            elem_id=f"equilibria-{name}-settings",
            presets=presets,
        )
    with layout.results(), gr.Row(elem_classes="ll-beside"):
        Plane(
            partial(show, beside, main),
            value=start,
            reach=study.REACH,
            context=chosen,
            label="The field V: drag the start point",
            elem_id=plane,
            address="start",
        )
        views.build(main=main, source=plane, elem_id=beside, folded=folded)
