"""The command line of the training scripts: options from a Config, one sentence when something is wrong."""

from __future__ import annotations

import dataclasses
import io
import math
import os
import runpy
import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import tyro

from gen_models.errors import UserError, end_command, user_facing
from training.engine import aliases

C = TypeVar("C")

FOLDERS = ("runs", "exported")
"""Options that name a folder to write to."""
ABOVE_ZERO = {
    "steps", "batch", "log_every", "save_every", "save_minutes", "devices", "size", "channels", "width", "latent_dim",
    "s_dim", "z_dim", "features", "blocks", "codes", "categories", "continuous", "groups", "lr", "ema", "r1_every",
    "samples", "repeats", "moves", "seconds", "code", "fit_steps", "widths", "images",
}  # fmt: skip
"""Options that are numbers above 0, where a script has them. All others may be 0, and none is negative."""
HOW_MANY = ("codes", "seeds")
"""Options that are several numbers, or how many there are: one at least, or as few as by default."""


def run(entry: Callable[[C], None], config_type: type[C]) -> None:
    """Parse the command line into `config_type`, check the options and call `entry` with them.

    Exits with status 2 and one sentence on a UserError or a file that cannot be written; with 130 on Ctrl-C or 143 on
    SIGTERM (the run can be continued); and with 1 and a sentence that says where the trace is on anything else.
    """
    write_anything()
    module, words = aliases.module_of(config_type), sys.argv[1:]
    if (page := aliases.page(module, words)) != module:
        # By name, as `python -m` would: pages may not import one another, nor the engine a page.
        runpy.run_module(page, run_name="__main__", alter_sys=True)
        return
    try:
        config = parse(config_type, words)
        check(config)
        entry(config)
    except KeyboardInterrupt as error:
        said = str(error) or "the same command continues from the last checkpoint"
        _end(128 + getattr(error, "number", 2), f"interrupted, {said}")
    except Exception as error:  # noqa: BLE001 - a command ends with a sentence
        if (sentence := user_facing(error)) is not None:
            _end(2, f"error: {sentence}")
        end_command(error)


def parse(config_type: type[C], words: Sequence[str]) -> C:
    """The options of a command line, by their names of today or by older ones."""
    module = main_module()
    return tyro.cli(
        config_type,
        prog=f"python -m {module}" if module else None,
        args=aliases.current_words(config_type, words),
    )


def write_anything() -> None:
    """Write what a terminal cannot show, such as λ where only ASCII is known, as a question mark."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _end(status: int, sentence: str) -> None:
    """Say why, once, and exit. Fabric kills all processes of a run when one of them ends with an error."""
    if int(os.environ.get("LOCAL_RANK", 0)):
        sys.exit(0)
    print(sentence, file=sys.stderr)
    sys.exit(status)


def check(config: Any) -> None:
    """Refuse options that cannot be, and folders that cannot be written to, before any work.

    Raises:
        UserError: the first of them, as a sentence.
    """
    if hasattr(config, "check"):
        config.check()
    else:
        check_numbers(config)
    if hasattr(config, "name"):  # of the model that is made
        for option in FOLDERS:
            if hasattr(config, option):
                _check_folder(f"--{option}", getattr(config, option))


def check_numbers(config: Any) -> None:
    """Refuse options of a dataclass that are no numbers a script could use.

    Raises:
        UserError: the first of them, as a sentence.
    """
    for option in dataclasses.fields(config):
        value = getattr(config, option.name)
        several = isinstance(value, tuple)
        if option.name in HOW_MANY and value in ((), 0) and value != option.default:
            raise UserError(f"--{option.name} needs at least one number.")
        for number in value if several else (value,):
            if isinstance(number, int | float) and not isinstance(number, bool):
                _check_number(option.name, number)


def _check_number(name: str, number: float) -> None:
    if math.isfinite(number) and (number > 0 or (number == 0 and name not in ABOVE_ZERO)):
        return
    least = "above 0" if name in ABOVE_ZERO else "0 or more"
    raise UserError(f"--{name.replace('_', '-')} must be {least}, not {number:g}.")


def _check_folder(option: str, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(
            f"{option}: {folder} cannot be written to ({error.strerror}); name another folder."
        ) from None


def settle(config: Any, **defaults: Any) -> None:
    """Give options of a frozen dataclass that are None the values that depend on others, in its `__post_init__`."""
    for name, value in defaults.items():
        if getattr(config, name) is None:
            object.__setattr__(config, name, value)


def main_module() -> str:
    """The module that `python -m` runs, such as training.vae; "" where it is a script or a notebook."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return spec.name.removesuffix(".__main__") if spec is not None else ""


def command(module: str, config: Any) -> str:
    """The command that makes a model, as someone would type it again.

    It is the one that is running, or, where `module` was called by a notebook or another program, the one that has the
    options of `config`, a dataclass, that differ from the defaults; of a dict, all.
    """
    if main_module() == module:
        words = sys.argv[1:]
        if not isinstance(config, dict):
            words = aliases.current_words(type(config), words)
        return shlex.join(["python", "-m", module, *words])
    words = ["python", "-m", module]
    for name, value in _changed(config).items():
        words += typed(name, value)
    return shlex.join(words)


def typed(name: str, value: Any) -> list[str]:
    """The words that give an option this value: latent_dim and 2 are --latent-dim 2."""
    option = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{option}" if value else f"--no-{option}"]
    values = value if isinstance(value, tuple | list) else (value,)
    return [f"--{option}", *map(str, values)]


def _changed(config: Any) -> dict[str, Any]:
    """The options of a config that differ from their defaults."""
    if isinstance(config, dict):
        return config
    values = {option: getattr(config, option.name) for option in dataclasses.fields(config)}
    return {option.name: value for option, value in values.items() if value != option.default}
