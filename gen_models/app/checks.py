"""What comes from outside, by an event or over HTTP: checked, or refused with one sentence."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import gradio as gr

from gen_models.errors import BadRequest, UserError

P = ParamSpec("P")
R = TypeVar("R")

SEEDS = 2**31


def user_facing(function: Callable[P, R]) -> Callable[P, R]:
    """The same function, whose UserError reaches the visitor as its sentence; any other error stays what it is."""

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from None

    return wrapped


def checked_integer(value: Any, low: int, high: int, what: str) -> int:
    """A whole number from low to high; 3.0 is one, True and "3" are not. `what` begins the sentence otherwise."""
    # Not `value in range(...)`: Python would compare a float with every number of the range in turn.
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and low <= value <= high and value == int(value)):
        raise BadRequest(f"{what} must be a whole number from {low:,} to {high:,}.")
    return int(value)


def checked_number(value: Any, low: float, high: float, what: str) -> float:
    """A number from low to high; NaN is not."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadRequest(f"{what} must be a number from {low:g} to {high:g}.")
    return float(value)


def checked_seed(seed: Any) -> int:
    """A seed for noise."""
    return checked_integer(seed, 0, SEEDS - 1, "The seed")
