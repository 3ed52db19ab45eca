"""Models of the repositories that `LATENT_MODELS` names: fetched in the background while the app starts.

The page is laid out once, so it shows what has arrived by then; the tab *Models* says what has become of the rest. A
repository that the cache holds is shown from there if the Hub does not answer in time, or at all.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import gradio as gr

from gen_models import hub
from gen_models.app import page
from gen_models.hub import HubError, Source
from gen_models.runtime import Model

if TYPE_CHECKING:
    from gen_models.app.tabs import Tab

log = logging.getLogger(__name__)

PATIENCE = 2.0
"""Seconds that the start waits for the Hub."""


class Hosted:
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

    def show(self, others: Sequence[Model], tabs: Sequence[Tab]) -> Model | None:
        """The model as it is here now, freshly arrived or from the cache. Called once, for the page.

        A name that one of the `others` has gets the user's in front. A model is left out if that name is taken too,
        or if it does not work in its tab.
        """
        here = self._arrived or hub.cached(self.source)
        if here is None:
            return None
        card, user = here.card, self.source.repo.partition("/")[0]
        taken = {model.card.name for model in others}
        free = [name for name in (card.name, f"{user}/{card.name}") if name not in taken]
        if not free:
            self._problem = f"another model of {user} is called {card.name} already."
            return None
        model = Model(dataclasses.replace(card, name=free[0]), here.folder)
        if not works(model, others, tabs):
            self._problem = "is left out: it does not work with this version of the app."
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
            self._arrived = hub.fetch(self.source, self._tell)
        except HubError as error:
            self._problem = str(error)
        except Exception:
            log.exception("%s", self.source)
            self._problem = "cannot be fetched; the server's log says why."

    def _tell(self, words: str) -> None:
        self._progress = words


class Repositories:
    """All that the host named. With nothing named it does nothing."""

    def __init__(self, wanted: str) -> None:
        """Begin to fetch `wanted`, "user/repo[@revision],..."."""
        self.hosted: list[Hosted] = []
        self.unreadable: list[str] = []
        for part in filter(None, (part.strip() for part in wanted.split(","))):
            try:
                self.hosted.append(Hosted(hub.parse(part)))
            except HubError as error:
                self.unreadable.append(f"LATENT_MODELS: {error}")
        self._until = time.monotonic() + PATIENCE
        for each in self.hosted:
            each.start()

    def models(self, local: Sequence[Model], tabs: Sequence[Tab]) -> list[Model]:
        """Those that are here, after waiting until two seconds have passed since the start at most."""
        for each in self.hosted:
            each.wait(self._until - time.monotonic())
        found: list[Model] = []
        for each in self.hosted:
            if model := each.show([*local, *found], tabs):
                found.append(model)
        return found

    @property
    def settled(self) -> bool:
        """Whether nothing more will happen."""
        return all(each.settled for each in self.hosted)

    @property
    def lines(self) -> Sequence[str]:
        """What has become of each, in Markdown."""
        return [*self.unreadable, *(each.line for each in self.hosted)]


def works(model: Model, others: Sequence[Model], tabs: Sequence[Tab]) -> bool:
    """Whether its graphs open and its tabs can be laid out with it, beside the others.

    Tried beforehand, because what somebody uploads must not keep the app from starting.
    """
    try:
        page.facts(model.card)
        for role in model.card.graphs:
            model.session(role)
        for tab in tabs:
            if tab.shows(model.card):
                mine = [one for one in (*others, model) if tab.shows(one.card)]
                with gr.Blocks(analytics_enabled=False):
                    tab.build({one.card.name: one for one in mine})
    except Exception:
        log.exception("%s is left out", model.card.name)
        return False
    return True
