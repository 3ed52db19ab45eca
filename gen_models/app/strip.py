"""A strip of pictures to choose one or several from, in order. Another model or seed brings other pictures."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence

import gradio as gr

from gen_models.app import live
from gen_models.runtime import Array


def strip(
    images: Array,
    chosen: Sequence[int],
    *,
    most: int,
    fewest: int,
    label: str,
    elem_id: str,
    noun: str = "Sample",
) -> gr.HTML:
    """The strip. Its value is the list of numbers chosen, in the order they were chosen; `release` tells of a choice.

    With `most` = 1 a choice replaces the last one. Otherwise it is added or taken away, within the limits; one too
    many takes the place of the oldest.

    Args:
        images: bytes (n, h, w, c).
        chosen: what is chosen at first.
        most: how many can be chosen.
        fewest: how many must be.
        label: what is chosen.
        elem_id: its own.
        noun: what a screen reader calls a picture: "Sample 3".
    """
    data = html.escape(json.dumps({"most": most, "fewest": fewest, "noun": noun}))
    name = html.escape(label)
    return gr.HTML(
        list(chosen),
        label=label,
        html_template=(
            f'<div class="ll-live" data-strip="{data}"><div class="ll-label">{name}</div>'
            f'<div class="ll-examples" role="group" aria-label="{name}" '
            'style="grid-template-columns: repeat(auto-fill, minmax(3.6rem, 1fr)); max-width: 56rem"></div></div>'
        ),
        js_on_load=_SCRIPT,
        apply_default_css=False,
        elem_id=elem_id,
        images=uris(images),
    )


def uris(images: Array) -> list[str]:
    """Pictures for the strip's `images`, as `gr.update(images=...)` takes them."""
    return [live.data_uri(image) for image in images]


_SCRIPT = """
const root = element.firstElementChild;
const { most, fewest, noun } = JSON.parse(root.dataset.strip);
const group = root.querySelector("[role=group]");
let chosen = [...props.value];
const mark = () => [...group.children].forEach((button, i) => {
  const place = chosen.indexOf(i);
  button.setAttribute("aria-pressed", String(place >= 0));
  button.setAttribute("aria-label", `${noun} ${i + 1}` + (most > 1 && place >= 0 ? `, number ${place + 1}` : ""));
  button.lastElementChild.textContent = most > 1 && place >= 0 ? place + 1 : "";
});
const press = (i) => {
  if (most === 1) chosen = [i];
  else if (chosen.includes(i)) {
    if (chosen.length <= fewest) return;
    chosen = chosen.filter((j) => j !== i);
  } else chosen = [...chosen, i].slice(-most);
  mark();
  props.value = [...chosen];
  trigger("release");
};
const draw = () => {
  group.replaceChildren(...props.images.map((uri, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "ll-example";
    const image = document.createElement("img");
    image.className = "ll-pixels";
    image.alt = "";
    image.src = uri;
    image.style.cssText = "display: block; width: 100%; margin: 0; border-radius: 3px";
    const place = document.createElement("span");
    place.style.cssText = "display: block; font-size: 0.85rem; line-height: 1.3";
    if (most === 1) place.hidden = true;
    button.append(image, place);
    button.addEventListener("click", () => press(i));
    return button;
  }));
  mark();
};
draw();
watch("images", draw);
watch("value", () => {
  chosen = [...props.value];
  mark();
});
"""
