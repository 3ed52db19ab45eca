"""What is chosen: the game, its remedies, how it is followed and which ways are shown; the plane follows at once.

Every change writes into the `context` of the plane in the browser, without a Gradio event, so that a slider is as
live as the start point. Python checks the context like any other input.
"""

from __future__ import annotations

import json
from html import escape
from typing import Any

import gradio as gr

from gen_models.app.tabs.equilibria.plane import COLOURS, DASHES
from gen_models.app.tabs.equilibria.study import GAMES, MOST_STEPS, PENALTIES, RANGES, RULES

SLIDERS = (
    ("weight", "penalty weight", 0.05, ""),
    ("sigma", "instance noise σ", 0.05, ""),
    ("h", "step size h", 0.01, ""),
    ("steps", "steps", 1, ""),
    ("gamma", "γ in V − γ∇L", 0.05, "0.6, as in the lecture"),
)
"""Key, label, smallest difference, and what is marked in the middle."""


def build(first: dict[str, Any], *, target: str, elem_id: str) -> gr.HTML:
    """The settings.

    Args:
        first: what is chosen at first, by key.
        target: elem_id of the plane.
        elem_id: its own.
    """
    sliders = "".join(_slider(elem_id, *slider) for slider in SLIDERS)
    rules = "".join(_rule(rule, label) for rule, label in RULES.items())
    return gr.HTML(
        first,
        label="Settings",
        html_template=(
            '<div class="ll-live"><div class="grid">'
            f"{_select(elem_id, 'game', 'game', GAMES)}{_select(elem_id, 'penalty', 'penalty on D', PENALTIES)}"
            f'{sliders}</div><div class="rules" role="group" aria-label="Ways to follow the field">{rules}</div></div>'
        ),
        css_template=_CSS,
        js_on_load=f"const target = {json.dumps(target)};\n{_SCRIPT}",
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
    low, high = RANGES.get(key, (1, MOST_STEPS))
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


_SCRIPT = """
const root = element.firstElementChild;
const inputs = [...root.querySelectorAll("[data-key]")];
const chosen = { ...props.value };
const plane = () => document.getElementById(target)?.querySelector(".ll-live")?.control;
const show = () => {
  for (const input of inputs) {
    const value = chosen[input.dataset.key];
    if (input.type === "checkbox") input.checked = value;
    else input.value = value;
    if (input.type === "range") {
      const digits = (input.step.split(".")[1] ?? "").length;
      input.parentElement.querySelector(".ll-value").textContent = value.toFixed(digits);
    }
  }
  // A general game has no data and no discriminator on them: neither noise nor penalty.
  for (const input of inputs) {
    const { key } = input.dataset;
    input.disabled =
      (["sigma", "penalty", "weight"].includes(key) && chosen.game === "trap") ||
      (key === "weight" && chosen.penalty === "none");
  }
};
for (const input of inputs) {
  const { key } = input.dataset;
  input.addEventListener("input", () => {
    chosen[key] = input.type === "checkbox" ? input.checked : input.type === "range" ? +input.value : input.value;
    show();
    plane()?.change({ context: { [key]: chosen[key] } });
  });
  input.addEventListener("change", () => { props.value = { ...chosen }; });
}
// A page that was hidden is built anew, and its plane begins where it first began: tell it, once it exists.
const remind = (tries) => {
  if (plane()) plane().change({ context: chosen });
  else if (tries) setTimeout(remind, 50, tries - 1);
};
show();
remind(100);
"""

_CSS = """
.grid {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(14.5rem, 1fr)); gap: 0.5rem 1.5rem; align-items: start;
}
.game { grid-column: span 2; }
.choice label { display: block; font-size: 0.9rem; line-height: 1.5rem; }
select {
  width: 100%; min-height: 2.25rem; padding: 0 0.5rem; border: 1px solid var(--input-border-color); border-radius: 6px;
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
.rules { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; }
.rules label { display: flex; align-items: center; gap: 0.5rem; min-height: 2rem; font-size: 0.95rem; cursor: pointer; }
.rules input { appearance: auto; width: 1.1rem; height: 1.1rem; }
@media (max-width: 640px) {
  .grid { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0.25rem 1rem; }
  .ll-slider label, .ll-value { font-size: 0.85rem; }
}
"""
