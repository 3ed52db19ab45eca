"""The compiler of the inner loops, with or without a place to keep what it made."""

from collections.abc import Callable
from typing import Any

import numba


def njit(function: Callable[..., Any]) -> Any:
    """The function compiled by numba when it is first called, and kept on disk for the next process.

    Where no folder can be written to, in a read-only checkout without a home, each process compiles it anew.
    """
    try:
        return numba.njit(cache=True)(function)
    except RuntimeError:  # numba finds no place for its cache
        return numba.njit(function)
