"""Models of the repositories that `LATENT_MODELS` names: fetched in the background while the app starts.

The page is laid out once, so it shows what has arrived by then; the tab *Models* says what has become of the rest. A
repository that the cache holds is shown from there if the Hub does not answer in time, or at all.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Callable, Sequence

from gen_models import hub
from gen_models.errors import UserError
from gen_models.hub import Source
from gen_models.runtime import Model

log = logging.getLogger(__name__)

MAX_WAIT_S = 2.0
"""Seconds that the start waits for the Hub."""

LayOut = Callable[[Model, Sequence[Model]], None]
"""Lays out what shows a model beside the others, for nobody to see; raises whatever fails."""


class Repository:
    """One repository, and what has become of it."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._progress = "asking the Hub"
        self._arrived: hub.Export | None = None
        self._problem: str | None = None
        self._shown: hub.Export | None = None
        self._name = ""
        self._thread = threading.Thread(target=self._fetch, daemon=True)

    def start(self) -> None:
        """Begin to fetch it."""
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Give it so long to arrive, at most."""
        self._thread.join(max(0.0, seconds))

    @property
    def settled(self) -> bool:
        """Whether nothing more will happen."""
        return not self._thread.is_alive()

    @property
    def shown(self) -> bool:
        """Whether its model is on the page."""
        return self._shown is not None

    def show(self, others: Sequence[Model], lay_out: LayOut) -> Model | None:
        """The model as it is here now, freshly arrived or from the cache. Called once, for the page.

        A name that one of the `others` has gets the user's in front. A model is left out if that name is taken too,
        or if it does not work on the page.
        """
        here = self._arrived or hub.cached(self.source)
        if here is None:
            return None
        card, user = here.card, self.source.repo.partition("/")[0]
        taken = {model.card.name for model in others}
        free = [name for name in (card.name, f"{user}/{card.name}") if name not in taken]
        if not free:
            self._give_up(f"another model of {user} is called {card.name} already.")
            return None
        model = Model(dataclasses.replace(card, name=free[0]), here.folder)
        try:
            _try(model, others, lay_out)
        except Exception:  # noqa: BLE001 - what somebody uploads must not keep the app from starting
            self._give_up("is left out: it does not work with this version of the app.", trace=True)
            return None
        self._shown, self._name = here, free[0]
        return model

    @property
    def line(self) -> str:
        """What has become of it, in Markdown."""
        return f"`{self.source}`: {self._state()}"

    def _state(self) -> str:
        shown, arrived = self._shown, self._arrived
        again = "start the app again to see it."
        if shown is None:
            if self._problem:
                return self._problem
            return f"has arrived; {again}" if arrived else f"being fetched, {self._progress}."
        here = f"shown as **{self._name}**, commit {shown.commit[:7]}"
        if arrived:
            newer = arrived.commit != shown.commit
            return (
                f"{here}; commit {arrived.commit[:7]} has arrived: {again}" if newer else f"{here}."
            )
        return f"{here}, from the cache: {self._problem or self._progress + '.'}"

    def _fetch(self) -> None:
        try:
            self._arrived = hub.fetch(self.source, self._set_progress)
        except UserError as error:
            self._give_up(str(error))
        except Exception:  # noqa: BLE001 - it is in the log
            self._give_up("cannot be fetched; the server's log says why.", trace=True)

    def _give_up(self, problem: str, trace: bool = False) -> None:
        self._problem = problem
        log.warning("%s: %s", self.source, problem, exc_info=trace)

    def _set_progress(self, words: str) -> None:
        self._progress = words


class Repositories:
    """All that the host named. With nothing named it does nothing."""

    def __init__(self, wanted: str) -> None:
        """Begin to fetch `wanted`, "user/repo[@revision],..."."""
        self.items: list[Repository] = []
        self.unreadable: list[str] = []
        for part in filter(None, (part.strip() for part in wanted.split(","))):
            try:
                self.items.append(Repository(hub.parse(part)))
            except UserError as error:
                self.unreadable.append(f"LATENT_MODELS: {error}")
                log.warning("%s", self.unreadable[-1])
        self._until = time.monotonic() + MAX_WAIT_S
        for each in self.items:
            each.start()

    def models(self, local: Sequence[Model], lay_out: LayOut) -> list[Model]:
        """Those that are here, after waiting until two seconds have passed since the start at most."""
        for each in self.items:
            each.wait(self._until - time.monotonic())
        found: list[Model] = []
        for each in self.items:
            if model := each.show([*local, *found], lay_out):
                found.append(model)
        return found

    @property
    def settled(self) -> bool:
        """Whether nothing more will happen."""
        return all(each.settled for each in self.items)

    @property
    def complete(self) -> bool:
        """Whether all that the host named is on the page."""
        return not self.unreadable and all(each.shown for each in self.items)

    @property
    def lines(self) -> Sequence[str]:
        """What has become of each, in Markdown."""
        return [*self.unreadable, *(each.line for each in self.items)]


def _try(model: Model, others: Sequence[Model], lay_out: LayOut) -> None:
    """Open its graphs and lay out the page with it, beside the others; raise whatever fails."""
    for role in model.card.graphs:
        model.open(role)
    lay_out(model, others)
