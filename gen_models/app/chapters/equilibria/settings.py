"""What is chosen: the game, its remedies, how it is followed and which ways are shown; the plane follows at once.

Every change writes into the `context` of the plane in the browser, without a Gradio event, so that a slider is as
live as the start point. Python checks the context like any other input.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from gen_models.app import controls
from gen_models.app.chapters.equilibria.plane import COLOURS, DASHES
from gen_models.app.chapters.equilibria.study import GAMES, MAX_STEPS, PENALTIES, RANGES, RULES

_SCRIPT = (Path(__file__).parent / "settings.js").read_text("utf-8")
SLIDERS = (
    ("weight", "penalty weight", 0.05, ""),
    ("sigma", "instance noise σ", 0.05, ""),
    ("h", "step size h", 0.01, ""),
    ("steps", "steps", 1, ""),
    ("gamma", "γ in V − γ∇L", 0.05, "0.6, as in the lecture"),
)
"""Key, label, smallest difference, and what is marked in the middle."""


@dataclass(frozen=True)
class Preset:
    """What one click chooses."""

    title: str
    start: tuple[float, float]
    """(θ, ψ)."""
    chosen: dict[str, Any]
    """By key."""


def build(
    first: dict[str, Any],
    *,
    keys: Collection[str],
    target: str,
    elem_id: str,
    presets: Sequence[Preset] = (),
) -> gr.HTML:
    """The settings.

    Args:
        first: what is chosen at first, by key.
        keys: what can be chosen: "game", "penalty", keys of SLIDERS, and ways to follow the field. The rest stays.
        target: elem_id of the plane.
        elem_id: its own.
        presets: buttons above the settings.
    """
    menus = {"game": ("game", GAMES), "penalty": ("penalty on D", PENALTIES)}
    choices = "".join(_select(elem_id, key, *menu) for key, menu in menus.items() if key in keys)
    sliders = "".join(_slider(elem_id, *slider) for slider in SLIDERS if slider[0] in keys)
    rules = "".join(_rule(rule, label) for rule, label in RULES.items() if rule in keys)
    buttons = "".join(
        f'<button type="button" class="ll-button">{escape(each.title)}</button>' for each in presets
    )
    return gr.HTML(
        first,
        label="Settings",
        html_template=controls.template(
            "EquilibriaSettings",
            {"target": target, "presets": [asdict(each) for each in presets]},
            f'<div class="presets" role="group" aria-label="Settings to begin with">{buttons}</div>'
            f'<div class="grid">{choices}{sliders}</div>'
            f'<div class="rules" role="group" aria-label="Ways to follow the field">{rules}</div>',
        ),
        css_template=_CSS,
        js_on_load=_SCRIPT + controls.MOUNT,
        apply_default_css=False,
        elem_id=elem_id,
    )


def _select(elem_id: str, key: str, label: str, options: dict[str, str]) -> str:
    name = f"{elem_id}-{key}"
    each = "".join(f'<option value="{k}">{escape(v)}</option>' for k, v in options.items())
    return (
        f'<div class="choice {key}"><label for="{name}">{label}</label>'
        f'<select id="{name}" data-key="{key}">{each}</select></div>'
    )


def _slider(elem_id: str, key: str, label: str, step: float, mark: str) -> str:
    low, high = RANGES.get(key, (1, MAX_STEPS))
    name = f"{elem_id}-{key}"
    marked = f'<div class="mark" aria-hidden="true">{mark}</div>' if mark else ""
    return (
        f'<div><div class="ll-slider"><label for="{name}">{label}</label>'
        '<span class="ll-value" aria-hidden="true"></span>'
        f'<input type="range" id="{name}" data-key="{key}" min="{low:g}" max="{high:g}" step="{step:g}"></div>'
        f"{marked}</div>"
    )


def _rule(rule: str, label: str) -> str:
    line = f'stroke="{COLOURS[rule]}" stroke-dasharray="{DASHES[rule]}" stroke-width="3"'
    return (
        f'<label><input type="checkbox" data-key="{rule}"><svg width="30" height="8" aria-hidden="true">'
        f'<path d="M0 4H30" {line}/></svg>{escape(label)}</label>'
    )


_CSS = """
.presets { display: flex; flex-wrap: wrap; gap: 0.35rem; margin-bottom: 0.5rem; }
.presets:empty { display: none; }
.presets .ll-button { min-height: 2rem; padding: 0 0.6rem; font-size: 0.85rem; }
.grid { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.5rem; align-items: start; }
.choice label { display: block; font-size: 0.9rem; line-height: 1.5rem; }
select {
  appearance: auto; width: 100%; min-height: 2.25rem; padding: 0 0.5rem;
  border: 1px solid var(--input-border-color); border-radius: 6px;
  background: var(--input-background-fill); color: var(--body-text-color); font: inherit; font-size: 0.9rem;
}
:disabled { opacity: 0.4; cursor: default; }
.ll-slider { column-gap: 0; }
.ll-slider label { line-height: 1.5rem; }
.ll-value { min-width: 2.4rem; }
.mark { text-align: center; font-size: 0.8rem; line-height: 1; color: var(--body-text-color-subdued); }
.mark::before {
  content: ""; display: block; width: 2px; height: 0.4rem; margin: -0.4rem auto 0.2rem; background: currentColor;
}
.rules { display: flex; flex-direction: column; }
.rules label { display: flex; align-items: center; gap: 0.5rem; min-height: 2rem; font-size: 0.95rem; cursor: pointer; }
.rules input { appearance: auto; width: 1.1rem; height: 1.1rem; }
@media (max-width: 640px) {
  .ll-slider label, .ll-value { font-size: 0.85rem; }
}
"""
