"""The command line of the training scripts: options from a Config, one sentence when something is wrong."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from typing import TypeVar

import tyro

C = TypeVar("C")


class UserError(Exception):
    """Something the person at the keyboard can put right; the message is one sentence."""


def run(entry: Callable[[C], None], config_type: type[C]) -> None:
    """Parse the command line into `config_type` and call `entry` with it.

    Exits with status 2 and one sentence on a UserError, and with 130 when interrupted (the run can be continued).
    """
    config = tyro.cli(config_type)
    try:
        entry(config)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("interrupted: the same command continues from the last checkpoint", file=sys.stderr)
        sys.exit(130)


def command(module: str) -> str:
    """The command that is running, as someone would type it again."""
    return shlex.join(["python", "-m", module, *sys.argv[1:]])
