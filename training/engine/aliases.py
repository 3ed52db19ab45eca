"""Options by the names and values they had: in commands of old cards, in runs begun earlier, in cards themselves.

To rename an option is to add a line here. Nothing else knows the old names.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from gen_models.errors import UserError

NAMES = {
    "half": "fp16_weights",
    "mirror": "random_hflip",
    "halvings": "downsamplings",
    "warm_up": "warmup",
    "held": "hold",
    "accept": "rejection_sampling",
}
"""Old name of an option: its name now."""

VALUES = {("loss", "least squares"): "least-squares"}
"""(Name now, old value): the value now."""

MOVED = {"training.cyclegan": {"gans": "training.cyclegan_gans"}}
"""Page: option: the page that now has the algorithm of a command with this option."""

ANY = object()
RETIRED: dict[str, dict[str, Any]] = {
    "training.cyclegan": {"gans": [], "warmup": 0},
    "training.infogan": {"groups": 50, "moved": 2.0, "r1_every": 16, "ema": 200.0},
    "training.cyclegan_gans": {"blocks": ANY, "downsamplings": ANY},  # its networks never had them
}
"""Page: option that it no longer has: the one value that is still allowed, since it changes nothing."""


def renamed(saved: Mapping[str, Any]) -> dict[str, Any]:
    """Saved options by their names and values of today."""
    options = {NAMES.get(name, name): value for name, value in saved.items()}
    return {
        name: VALUES.get((name, value), value) if isinstance(value, str) else value
        for name, value in options.items()
    }


def current_options(config_type: type, saved: Mapping[str, Any]) -> dict[str, Any]:
    """Options saved by an earlier version, such as those of a card, as arguments of `config_type`.

    Raises:
        UserError: an option that is no longer there has another value than the one that changes nothing.
    """
    options, retired = renamed(saved), RETIRED.get(module_of(config_type), {})
    for name in retired.keys() & options.keys():
        value = options.pop(name)
        if retired[name] is not ANY and value != retired[name]:
            raise UserError(
                f"--{name.replace('_', '-')} was removed from {module_of(config_type)}; it is fixed at "
                f"{_shown(retired[name])}, so {_shown(value)} cannot be used."
            )
    return options


def page(module: str, words: Sequence[str]) -> str:
    """The module that a command `python -m module words` is for."""
    given = {_name(word) for word in words if word.startswith("--")}
    return next((to for option, to in MOVED.get(module, {}).items() if option in given), module)


def current_words(config_type: type, words: Sequence[str]) -> list[str]:
    """The words of a command line by the names and values of today.

    Raises:
        UserError: as for `current_options`.
    """
    known = {option.name for option in fields(config_type)}
    retired = RETIRED.get(module_of(config_type), {})
    result: list[str] = []
    for option, values in _options(words):
        if option is None:
            result += values
            continue
        name = NAMES.get(_name(option), _name(option))
        negative = name.startswith("no_") and NAMES.get(name[3:])
        if name in retired and name not in known:
            given = [json.loads(value) if _is_json(value) else value for value in values]
            current_options(
                config_type, {name: given if retired[name] == [] else (given or [True])[0]}
            )
            continue
        name = f"no_{negative}" if negative else name
        result.append("--" + name.replace("_", "-"))
        result += [VALUES.get((name, value), value) for value in values]
    return result


def module_of(config_type: type) -> str:
    """The module of a Config as one types it, also where it is the one that runs as `python -m`."""
    name = config_type.__module__
    spec = getattr(sys.modules[name], "__spec__", None)
    return spec.name.removesuffix(".__main__") if name == "__main__" and spec else name


def _options(words: Sequence[str]) -> list[tuple[str | None, list[str]]]:
    """Each option with the words that follow it; first those before any option."""
    parts: list[tuple[str | None, list[str]]] = [(None, [])]
    for word in words:
        if word.startswith("--"):
            option, equals, value = word.partition("=")
            parts.append((option, [value] * bool(equals)))
        else:
            parts[-1][1].append(word)
    return parts


def _name(option: str) -> str:
    return option.partition("=")[0].removeprefix("--").replace("-", "_")


def _is_json(value: str) -> bool:
    try:
        json.loads(value)
    except ValueError:
        return False
    return True


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
