"""All that the app uses of Gradio's inside, behind named functions: the one module to repair for a new Gradio.

Gradio documents none of this, and may change it in any minor version; requirements.txt therefore allows one.
`tests/test_gradio_private.py` checks each name and signature against the Gradio that is installed, and that no other
module of the app touches them. `app` below is Gradio's FastAPI application, as `scope["app"]` or `request.app`.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import gradio as gr
from gradio.components.base import server
from gradio.context import Context
from gradio.route_utils import API_PREFIX
from gradio.state_holder import SessionState, StateHolder

__all__ = [
    "API_PREFIX", "Event", "LightSession", "LightSessions", "WatchedBlocks", "add_part", "blocks_of",
    "component_of_session", "components", "event_names", "event_numbers", "forget_messages", "forget_unheard_events",
    "keep_light_sessions", "server", "server_function", "unfetched_events", "unload_of_page", "unread_messages",
]  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# The page
# ---------------------------------------------------------------------------------------------------------------------


def blocks_of(app: Any) -> gr.Blocks:
    """The Blocks that an application serves."""
    return app.get_blocks()


def components(app: Any) -> Mapping[int, Any]:
    """The components of the page by number, as they were laid out."""
    return app.get_blocks().blocks


def event_numbers(blocks: gr.Blocks) -> Collection[int]:
    """Numbers by which a browser calls the page's events."""
    return blocks.fns.keys()


def event_names(blocks: gr.Blocks) -> Collection[str | None]:
    """Names by which clients call the page's events."""
    return {fn.api_name for fn in blocks.fns.values()}


def unload_of_page(leave: Callable[[gr.Request], None]) -> None:
    """Call `leave` when a visitor closes the page that is being laid out; nothing if none is."""
    if Context.root_block is not None:
        Context.root_block.unload(leave)


# ---------------------------------------------------------------------------------------------------------------------
# Server functions
# ---------------------------------------------------------------------------------------------------------------------


def component_of_session(app: Any, session: str, number: Any) -> Any:
    """A component as this visitor has changed it, else as it was laid out, else None."""
    changed = app.state_holder[session]
    return changed[number] if number in changed else components(app).get(number)


def server_function(component: Any, name: str) -> Callable[..., Any] | None:
    """A method of a component that was declared with `server`; None if there is none of that name."""
    function = getattr(component, name, None)
    return function if getattr(function, "_is_server_fn", False) else None


# ---------------------------------------------------------------------------------------------------------------------
# The queue
# ---------------------------------------------------------------------------------------------------------------------


def unfetched_events(blocks: gr.Blocks, session: str) -> int:
    """How many events of a session are waiting, running or not yet fetched."""
    return len(blocks._queue.pending_event_ids_session.get(session, ()))


def unread_messages(blocks: gr.Blocks) -> dict[str, int]:
    """How many messages wait for each session, of those for which some do; those seen longest ago come first."""
    messages = blocks._queue.pending_messages_per_session
    return {session: unread.qsize() for session, unread in messages.items() if not unread.empty()}


async def forget_messages(blocks: gr.Blocks, session: str) -> None:
    """End a session's events, and drop what it did not fetch."""
    await blocks._queue.clean_events(session_hash=session)
    blocks._queue.pending_messages_per_session.pop(session, None)


def forget_unheard_events(blocks: gr.Blocks) -> None:
    """Drop the events of sessions that no longer have a place for messages."""
    events = blocks._queue.pending_event_ids_session
    for session in events.keys() - blocks._queue.pending_messages_per_session.keys():
        del events[session]


# ---------------------------------------------------------------------------------------------------------------------
# Events
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Event:
    """One call of an event."""

    name: str | None
    """Its api_name."""
    arrived: float
    """When it was queued, or called if it was not, of `time.monotonic`."""


class WatchedBlocks(gr.Blocks):
    """Blocks whose subclasses see each event: they override `checked_inputs` and `answered`, which must await."""

    async def checked_inputs(self, inputs: Awaitable[Any]) -> Any:
        """Await what Gradio's components make of an event's inputs; they raise what they do not expect."""
        return await inputs

    async def answered(self, event: Event, answer: Awaitable[dict[str, Any]]) -> dict[str, Any]:
        """Await the answer to an event, from its inputs to its outputs."""
        return await answer

    async def preprocess_data(self, *args: Any, **kwargs: Any) -> Any:
        """Gradio's own, through `checked_inputs`."""
        return await self.checked_inputs(super().preprocess_data(*args, **kwargs))

    async def process_api(self, block_fn: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Gradio's own, through `answered`."""
        fn = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
        queued = self._queue.event_ids_to_events.get(kwargs.get("event_id") or "")
        event = Event(fn.api_name, queued.enqueue_time if queued else time.monotonic())
        return await self.answered(event, super().process_api(block_fn, *args, **kwargs))


def add_part(answer: dict[str, Any], part: dict[str, Any]) -> None:
    """Let an event's answer bring components and events into the page, as `gr.render` does.

    Args:
        answer: of `process_api`.
        part: "components" and "dependencies" as in Gradio's configuration; "layout", whose own number is that of a
            component which is in the page, and loses what is in it; and "render_id", a number for this part.
    """
    answer["render_config"] = part


# ---------------------------------------------------------------------------------------------------------------------
# Sessions
# ---------------------------------------------------------------------------------------------------------------------


class LightSession(SessionState):
    """What a visitor has chosen.

    Gradio keeps the settings of all 700 components in each session besides: 1.2 MB, and 80 ms in which nobody else is
    answered. They serve its links to a session alone, which `guard` closes.
    """

    def __init__(self, blocks: gr.Blocks) -> None:
        super().__init__(SimpleNamespace(default_config=blocks.default_config, blocks={}))  # type: ignore[arg-type]

    def __setitem__(self, key: int, value: Any) -> None:
        super().__setitem__(key, value)
        self.config_values.clear()

    def _update_config(self, key: int) -> None:
        pass

    def _update_value_in_config(self, key: int, value: Any) -> None:
        pass


class LightSessions(StateHolder):
    """The same as Gradio's, of lighter sessions."""

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id not in self.session_data:
            self.session_data[session_id] = LightSession(self.blocks)
        return super().__getitem__(session_id)


def keep_light_sessions(app: Any) -> None:
    """Let an application keep `LightSessions`; to be called before it has had a visitor."""
    app.state_holder = LightSessions()
    app.state_holder.set_blocks(app.get_blocks())
