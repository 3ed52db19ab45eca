"""Write files that are whole or not there at all, and hash them. Standard library only."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def sha256(content: bytes) -> str:
    """Return the hex digest of a file's content, as cards record it."""
    return hashlib.sha256(content).hexdigest()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a whole file or nothing."""
    with written_whole(path) as file:
        file.write(content)


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file beside `path` to write, which takes its place once it is whole and on disk, or never.

    What is there of processes that were killed while they wrote `path` is removed.
    """
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        if _has_ended(left.suffixes[-2][1:]):
            left.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _has_ended(process: str) -> bool:
    """Return whether no process of this number runs; False where that cannot be asked."""
    if os.name != "posix" or not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)  # asks, and does nothing
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        pass
    return False
