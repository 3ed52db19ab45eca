"""Closes the graphs that nobody has used for some minutes; the next who asks for one opens it again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from gen_models.runtime import Model, close_unused

log = logging.getLogger(__name__)

MAX_PAUSE_S = 30.0


def watch(models: Sequence[Model], idle_s: float) -> None:
    """Look again and again, in a thread of its own, what has been idle for so many seconds."""
    threading.Thread(target=_watch, args=(models, idle_s), daemon=True, name="idle").start()


def _watch(models: Sequence[Model], idle_s: float) -> None:
    while True:
        time.sleep(min(idle_s / 4, MAX_PAUSE_S))
        try:
            if closed := close_unused(models, idle_s):
                log.info("closed %d graphs that nobody used", closed)
        except Exception:  # what is not closed now is closed later
            log.exception("idle graphs could not be closed")
