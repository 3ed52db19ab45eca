"""Errors meant for a person, and how a command ends with one sentence whatever went wrong."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

OURS_TO_SAY = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM),
    *(errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG),
)
"""Errors of the file system that the person at the keyboard can put right."""


class UserError(Exception):
    """Tells the person at the keyboard or in the app what they can put right; the message is one sentence.

    Every error meant for a person derives from it: of models, cards, the Hub, the lab, live controls, data and the
    command line. Whatever derives from it is shown as it is; everything else is logged and gets a general sentence.
    """


class BadRequest(UserError):
    """Raised for input that cannot be used."""


def user_facing(error: BaseException) -> str | None:
    """Return the sentence for an error that the person can put right; None for a fault of the program.

    That is a UserError's own, and of the file system's errors in OURS_TO_SAY the place and what is wrong with it.
    """
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, OSError) and error.errno in OURS_TO_SAY:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror}."
    return None


@contextmanager
def ending_in_a_sentence() -> Iterator[None]:
    """End the command that runs in this context with one sentence on stderr, whatever goes wrong.

    As `end_command` does; Ctrl-C gives status 130.
    """
    try:
        yield
    except KeyboardInterrupt:
        print("interrupted: give the same command again.", file=sys.stderr)
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - a command ends in a sentence
        end_command(error)


def end_command(error: Exception) -> NoReturn:
    """End a command with one sentence on stderr.

    What is `user_facing` gives its sentence and status 2. Anything else is a fault of the program: status 1, and a
    sentence that names the file with the trace. On Spaces, and with LATENT_LOG=debug, the trace goes to stderr instead.
    Where whatever reads the output has read enough, as `head` does, it ends without a word, like a signal's 141.
    """
    if isinstance(error, BrokenPipeError):
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # nothing more is written at the exit
        sys.exit(141)
    if (sentence := user_facing(error)) is not None:
        print(f"error: {sentence}", file=sys.stderr)
        sys.exit(2)
    trace = "".join(traceback.format_exception(error))
    kind = type(error).__name__
    logged = "SPACE_ID" in os.environ or os.environ.get("LATENT_LOG", "").lower() == "debug"
    if logged or not (file := _written(trace)):
        print(f"{trace}error: unexpected {kind}; its trace is above.", file=sys.stderr)
    else:
        print(f"error: unexpected {kind}; its trace is in {file}.", file=sys.stderr)
    sys.exit(1)


def _written(trace: str) -> str | None:
    """Write `trace` to a new temporary file and return its path; None if nothing can be written."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", prefix="latent-lab-", suffix=".log", delete=False
        ) as file:
            file.write(trace)
    except OSError:
        return None
    return file.name
