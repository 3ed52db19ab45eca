"""Take the paths of a person's machine out of what is published: a card keeps the last part of each."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from gen_models.cards import Card

_DATA = re.compile(r"(folder|pairs|unpaired):(.+)", re.DOTALL)
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")
LOCAL = {"runs": "runs", "exported": "exported"}
"""Options that say where files lie on a machine, and not what is trained."""


def card_without_paths(card: Card) -> Card:
    """Return a card in whose command, options, data and metrics no path of a machine is left."""
    training = dataclasses.replace(
        card.training, command=command_without_paths(card.training.command)
    )
    data = dataclasses.replace(
        card.dataset, recipe=shortened(card.dataset.recipe), source=shortened(card.dataset.source)
    )
    metrics = {
        key: dataclasses.replace(metric, command=command_without_paths(metric.command))
        for key, metric in card.metrics.items()
    }
    config = options_without_paths(card.config)
    return dataclasses.replace(
        card, training=training, dataset=data, metrics=metrics, config=config
    )


def options_without_paths(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a training as a card holds them."""
    return {
        key: LOCAL.get(key, _without(value)) for key, value in options.items() if key != "replace"
    }


def command_without_paths(command: str) -> str:
    """Return a command as another person would give it from the folder of the project."""
    try:
        words = shlex.split(command)
    except ValueError:  # not a command
        return shortened(command)
    options: list[list[str]] = [[]]
    for word in words:
        if word.startswith("--"):
            option, equals, value = word.partition("=")
            options.append([option, value] if equals else [option])
        else:
            options[-1].append(word)
    kept = [
        option
        for option in options
        if option[:1] not in (["--runs"], ["--exported"], ["--replace"])
    ]
    return shlex.join(shortened(word) for option in kept for word in option)


def _without(value: Any) -> Any:
    if isinstance(value, str):
        return shortened(value)
    return [_without(each) for each in value] if isinstance(value, list | tuple) else value


def shortened(text: str) -> str:
    """Return the last part of a path outside the project, or of those in `folder:PATH`; all else as it is."""
    if match := _DATA.fullmatch(text):
        kind, paths = match.groups()
        return f"{kind}:{','.join(_last(path) for path in paths.split(','))}"
    foreign = (
        text.startswith(("/", "~")) or ".." in re.split(r"[\\/]", text) or _WINDOWS.match(text)
    )
    return _last(text) if foreign else text


def _last(path: str) -> str:
    kind = PureWindowsPath if _WINDOWS.match(path) or "\\" in path else PurePosixPath
    name = kind(path.strip()).name
    return path if path in (".", "") else name if name not in ("", "..", "~") else "folder"
