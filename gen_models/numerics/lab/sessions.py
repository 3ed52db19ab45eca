"""Hold visitors and their games: a fixed number at once, freed when the page closes, and a fair share for each.

`Sessions` holds what each visitor trains. `Turns` says who may train now: a visitor has one place in the queue, the
queue is first come, first served, and a turn is short, so that n visitors get one n-th each however much they ask for.
Both may be used from many threads.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from gen_models.errors import UserError

T = TypeVar("T")

FULL = "All {most} places in the lab are taken: try again in a minute."
GONE = "This training was put away, because the page was not used for a while: press Reset to begin again."


class Gone(UserError):
    """Raised when a visitor has no game here (any more)."""


class Waiting(UserError):
    """Raised when it is not this visitor's turn: they ask again."""


@dataclass
class _Held(Generic[T]):
    games: T
    used: float


class Sessions(Generic[T]):
    """Holds what each visitor trains.

    Args:
        most: visitors at once.
        spare_s: a visitor who asked for nothing in so many seconds gives way when a new one finds no place.
        longest_s: after so many, the games are freed in any case.
        clock: seconds, for tests.
    """

    def __init__(
        self,
        most: int,
        spare_s: float,
        longest_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.most, self.spare_s, self.longest_s = most, spare_s, longest_s
        self._clock = clock
        self._held: dict[str, _Held[T]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Count the visitors with games."""
        with self._lock:
            self._free_older_than(self.longest_s)
            return len(self._held)

    def put(self, visitor: str, games: T) -> None:
        """Give a visitor games, in place of those they had.

        Raises:
            UserError: all places are taken.
        """
        with self._lock:
            self._free_older_than(self.longest_s)
            if visitor not in self._held and len(self._held) >= self.most:
                self._free_older_than(self.spare_s, at_most=1)
                if len(self._held) >= self.most:
                    raise UserError(FULL.format(most=self.most))
            self._held[visitor] = _Held(games, self._clock())

    def get(self, visitor: str) -> T:
        """Return a visitor's games.

        Raises:
            Gone: there are none, or not any more.
        """
        with self._lock:
            self._free_older_than(self.longest_s)
            held = self._held.get(visitor)
            if held is None:
                raise Gone(GONE)
            held.used = self._clock()
            return held.games

    def leave(self, visitor: str) -> None:
        """Free a visitor's games; there need be none."""
        with self._lock:
            self._held.pop(visitor, None)

    def _free_older_than(self, seconds: float, at_most: int | None = None) -> None:
        """Forget those not used for longer, the longest unused first."""
        now = self._clock()
        old = [v for v, held in self._held.items() if now - held.used > seconds]
        for visitor in sorted(old, key=lambda v: self._held[v].used)[:at_most]:
            del self._held[visitor]


class Turns:
    """Decides who may train now.

    Args:
        at_once: visitors that train at the same time.
        wait_s: how long one waits for a turn before they must ask again.
    """

    def __init__(self, at_once: int, wait_s: float) -> None:
        self.at_once, self.wait_s = at_once, wait_s
        self._queue: deque[str] = deque()
        """Those who train, then those who wait, in the order in which they came."""
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, visitor: str) -> Iterator[None]:
        """Train inside of this.

        Raises:
            Waiting: this visitor waits or trains already, or waited in vain.
        """
        with self._changed:
            if visitor in self._queue:
                raise Waiting("This page trains already: ask again.")
            self._queue.append(visitor)
            if not self._changed.wait_for(lambda: self._is_up(visitor), self.wait_s):
                self._queue.remove(visitor)
                self._changed.notify_all()
                raise Waiting("Many train at the moment: the next step comes soon.")
        try:
            yield
        finally:
            with self._changed:
                self._queue.remove(visitor)
                self._changed.notify_all()

    def _is_up(self, visitor: str) -> bool:
        return self._queue.index(visitor) < self.at_once
