"""What tabs share: one model among several, images as sheets, numbers in words, and endpoints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any, get_type_hints

import gradio as gr
import numpy as np
from PIL import Image

from gen_models.app import controls
from gen_models.app.chapter import MATHS
from gen_models.app.checks import user_facing
from gen_models.errors import BadRequest
from gen_models.families import MetricId
from gen_models.runtime import Array, Model

Models = dict[str, Model]
"""Models by name."""

THUMBNAIL = 40
"""Pixels of an image in a strip to choose from, at most."""


def get_model(models: Models, name: Any) -> Model:
    """The model called `name`."""
    if not isinstance(name, str) or name not in models:
        raise BadRequest("There is no such model here.")
    return models[name]


def metric(model: Model, metric: MetricId, *variant: object) -> float | None:
    """A number of the model's card, or None if it was not measured."""
    found = model.card.metric(metric, *variant)
    return None if found is None else found.value


def image_grid(images: Array, columns: int, width: int = 1000) -> Array:
    """Pictures (n, h, w, c) in rows of `columns`, enlarged to nearly `width`, as `gr.Image` takes them."""
    image = controls.grid(images, columns)
    times = max(1, width // image.shape[1])
    return without_grey_axis(image.repeat(times, 0).repeat(times, 1))


def without_grey_axis(image: Array) -> Array:
    """Bytes (h, w, c) as (h, w) if they are grey."""
    return image[..., 0] if image.shape[-1] == 1 else image


def thumbnails(images: Array) -> Array:
    """Images uint8 (n, h, w, c) at the size of a strip: none of them larger than THUMBNAIL."""
    n, height, width, channels = images.shape
    if max(height, width) <= THUMBNAIL:
        return images
    size = (THUMBNAIL, THUMBNAIL)
    small = [
        np.asarray(Image.fromarray(without_grey_axis(image)).resize(size, Image.Resampling.LANCZOS))
        for image in images
    ]
    return np.array(small, np.uint8).reshape(n, *size, channels)


def endpoint(function: Callable[..., Any], name: str) -> None:
    """Offer `function` over HTTP, with the types of its signature; its docstring describes it."""
    function.__annotations__ = get_type_hints(function)  # Gradio would take a return type's string
    gr.api(user_facing(function), api_name=name)


def markdown(words: str) -> None:
    """A paragraph, with formulas between dollars."""
    gr.Markdown(words, latex_delimiters=MATHS)


def format_number(value: float, decimals: int = 1) -> str:
    """A number with a true minus, and no minus before zero."""
    return f"{value:z,.{decimals}f}".replace("-", "−")


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
        [(model.card.title, name) for name, model in models.items()],
        value=first.card.name,
        label="Model",
        visible=len(models) > 1,
        filterable=False,
    )


def class_choice(models: Models, first: Model, in_turn: bool = True) -> gr.Dropdown:
    """A choice of the class, shown where the chosen model is told one; `in_turn`: or "", each in turn.

    Before a model is chosen it holds the classes of all, so that an address may name any.
    """
    names = dict.fromkeys(name for model in models.values() for name in model.card.classes)
    choices = _class_choices(tuple(names), in_turn or not first.card.classes)
    return gr.Dropdown(
        choices,
        value=chosen_class(first, "", in_turn),
        label="Class",
        visible=bool(first.card.classes),
        filterable=False,
    )


def chosen_class(model: Model, label: Any, in_turn: bool = True) -> str:
    """The class if the model has it, and else the one to begin with."""
    names = model.card.classes
    return label if label in names else "" if in_turn or not names else names[0]


def class_update(model: Model, label: Any, in_turn: bool = True) -> dict[str, Any]:
    """For a choice of the class, when a model is chosen: its classes, and the same one if it has it."""
    choices = _class_choices(model.card.classes, in_turn)
    value = chosen_class(model, label, in_turn)
    return gr.update(choices=choices, value=value, visible=bool(model.card.classes))


def _class_choices(names: tuple[str, ...], in_turn: bool) -> list[tuple[str, str]]:
    each = [(name, name) for name in names]
    return [("each in turn", ""), *each] if in_turn or not names else each


def one_or_all(updates: list[Any]) -> Any:
    """Updates for a list of outputs, as Gradio takes them: one alone does not come in a list."""
    return updates[0] if len(updates) == 1 else updates
