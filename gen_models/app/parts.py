"""What tabs share: one model among several, pictures as sheets, numbers in words, and endpoints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any, get_type_hints

import gradio as gr
from gradio.events import api

from gen_models.app import live
from gen_models.app.checks import spoken
from gen_models.app.live import BadRequest
from gen_models.app.page import MATHS
from gen_models.runtime import Array, Model

Models = dict[str, Model]
"""Models by name."""


def choose(models: Models, name: Any) -> Model:
    """The model called `name`."""
    if not isinstance(name, str) or name not in models:
        raise BadRequest("There is no such model here.")
    return models[name]


def metric(model: Model, key: str) -> float | None:
    """A number of the model's card, or None if it was not measured."""
    found = model.card.metrics.get(key)
    return None if found is None else found.value


def sheet_of(pictures: Array, columns: int, width: int = 1000) -> Array:
    """Pictures (n, h, w, c) in rows of `columns`, enlarged to nearly `width`, as `gr.Image` takes them."""
    image = live.grid(pictures, columns)
    times = max(1, width // image.shape[1])
    return plain(image.repeat(times, 0).repeat(times, 1))


def plain(image: Array) -> Array:
    """Bytes (h, w, c) as (h, w) if they are grey."""
    return image[..., 0] if image.shape[-1] == 1 else image


def endpoint(function: Callable[..., Any], name: str) -> None:
    """Offer `function` over HTTP, with the types of its signature; its docstring describes it."""
    function.__annotations__ = get_type_hints(function)  # Gradio would take a return type's string
    api(spoken(function), api_name=name)


def say(words: str) -> None:
    """A paragraph, with formulas between dollars."""
    gr.Markdown(words, latex_delimiters=MATHS)


def figure(value: float, decimals: int = 1) -> str:
    """A number with a true minus."""
    return f"{value:,.{decimals}f}".replace("-", "−")


def big_numbers(pairs: Sequence[tuple[str, str]]) -> str:
    """Numbers with their captions, large, as the live controls show theirs: HTML."""
    each = (
        f'<div><dd class="ll-number">{escape(value)}</dd><dt>{escape(caption)}</dt></div>'
        for value, caption in pairs
    )
    return f'<dl class="ll-numbers">{"".join(each)}</dl>'


def model_choice(models: Models, first: Model) -> gr.Dropdown:
    """A choice among models; one alone is not shown."""
    return gr.Dropdown(
        list(models),
        value=first.card.name,
        label="Model",
        visible=len(models) > 1,
        filterable=False,
        scale=0,
        min_width=280,
    )


def one_or_all(updates: list[Any]) -> Any:
    """Updates for a list of outputs, as Gradio takes them: one alone does not come in a list."""
    return updates[0] if len(updates) == 1 else updates
