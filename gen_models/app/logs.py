"""One line of JSON on stderr for whatever the server was asked and for whatever went wrong, for the host.

`LATENT_LOG` is "off", "info" (what visitors do: events, live controls, pages, uploads, and all that is refused) or
"debug" (every request). It is "info" on Spaces and "off" elsewhere if nothing is said. A line reads

    {"time": "2026-11-23T08:15:00.042Z", "level": "info", "kind": "event", "endpoint": "/vae_evidence",
     "status": 200, "ms": 412.6, "waited_ms": 80.1}

    kind       "event" of Gradio's queue, "control" (a live control's question), "request", or "message": the
               server's own words, such as a fault
    endpoint   the event's api_name, the control's elem_id, or the route
    status     as in HTTP, whatever the transport said: 200 answered, 400 refused with a sentence, 499 the visitor
               left, 500 our fault, 503 busy
    ms         from the arrival of the question to its answer, waiting included; waited_ms is the share of the queue

An answer that Gradio streams is timed as the event it belongs to: how long somebody listened says nothing. Lines hold
no address, session, input or file name, and of an error its type and place but not its message, which may quote one.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import re
import sys
import time
import traceback
from collections.abc import MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from gen_models.app.guard import OPEN, App, Message, Page, Receive, Send
from gen_models.app.live import BUSY, FAULT

log = logging.getLogger(__name__)

LEVELS = {"off": None, "info": logging.INFO, "debug": logging.DEBUG}
MOST_WAITING = 10_000
"""Lines that wait to be written; when whoever reads them is slower than that, further ones are dropped."""
FRAMES = 5
"""Places of an error that are named, the innermost last."""

PAGES = ("/", "/gradio_api/upload")
"""Requests that are told at "info"; events and controls have lines of their own."""
CONTROL = "/gradio_api/component_server"
LEFT = 499


# ---------------------------------------------------------------------------------------------------------------------
# Lines
# ---------------------------------------------------------------------------------------------------------------------


class Line(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The fields that `told` gave, or the message and the place of the error."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": moment.replace("+00:00", "Z"), "level": record.levelname.lower()}
        if hasattr(record, "fields"):
            return json.dumps(line | record.fields)  # type: ignore[attr-defined]
        # Of an address, what follows the name of the endpoint may be a session or a file.
        message = re.sub(r"(?<!\S)(/gradio_api/\w+|/)\S*", r"\1", record.getMessage())
        line |= {"kind": "message", "message": message}
        if record.exc_info and record.exc_info[1]:
            line |= _place(record.exc_info[1])
        return json.dumps(line)


def _place(error: BaseException) -> dict[str, Any]:
    """An error without its message."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    return {
        "error": type(error).__name__,
        "at": [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames],
    }


class Waiting(QueueHandler):
    """Hands lines to a thread that writes them, so that nobody's picture waits for whoever reads the log."""

    def enqueue(self, record: logging.LogRecord) -> None:
        """Never waits."""
        with suppress(queue.Full):
            self.queue.put_nowait(record)


def start() -> None:
    """Write lines from now on, as `LATENT_LOG` says; a word that it does not know ends the program with a sentence."""
    word = os.environ.get("LATENT_LOG") or ("info" if "SPACE_ID" in os.environ else "off")
    if word.lower() not in LEVELS:
        sys.exit(f"LATENT_LOG is {word!r}; it may be off, info or debug.")
    level = LEVELS[word.lower()]
    if level is None:
        return
    waiting: queue.Queue[logging.LogRecord] = queue.Queue(MOST_WAITING)
    handler = Waiting(waiting)
    handler.setFormatter(Line())
    ours = logging.getLogger("gen_models")
    ours.setLevel(level)
    ours.addHandler(handler)
    ours.propagate = False
    QueueListener(waiting, logging.StreamHandler()).start()


def told(level: int, **fields: Any) -> None:
    """Write one line about a question that was answered."""
    log.log(level, "%s", fields["endpoint"], extra={"fields": fields})


def _ms(since: float) -> float:
    return round(1000 * (time.monotonic() - since), 1)


# ---------------------------------------------------------------------------------------------------------------------
# Requests
# ---------------------------------------------------------------------------------------------------------------------


class Timed:
    """ASGI middleware, to stand before `guard.Guard`, so that what is refused has its line too."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Pass a request on, and tell how it went."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        since, status, streams = time.monotonic(), LEFT, False
        control = scope["path"].rstrip("/").endswith(CONTROL)
        question, answer = bytearray(), b""

        async def heard() -> Message:
            message = await receive()
            if control:
                question.extend(message.get("body", b""))
            return message

        async def said(message: Message) -> None:
            nonlocal status, streams, answer
            if message["type"] == "http.response.start":
                status = message["status"]
                streams = (b"content-type", b"text/event-stream") in [
                    (name.lower(), value.partition(b";")[0]) for name, value in message["headers"]
                ]
            elif control:
                answer = answer or message.get("body", b"")
            await send(message)

        try:
            await self.app(scope, heard, said)
        finally:
            if control:
                name, status = _control(scope, question), _of_reply(status, answer)
                told(logging.INFO, kind="control", endpoint=name, status=status, ms=_ms(since))
            elif not streams or status >= 400:
                name = _route(scope)
                level = logging.INFO if status >= 400 or name in PAGES else logging.DEBUG
                told(level, kind="request", endpoint=name, status=status, ms=_ms(since))


def _route(scope: MutableMapping[str, Any]) -> str:
    """The route of a request, never its address: that may be anything."""
    path: str = scope["path"]
    _, api, rest = path.partition("/gradio_api/")
    if api:
        name = re.split("[/=]", rest, maxsplit=1)[0]
        return api + name if name in OPEN else "unknown"
    if route := scope.get("route"):
        return route.path
    # FastAPI's routes say that it was they; the app's own, which are plain, do not.
    plain = path in [getattr(route, "path", None) for route in scope["app"].routes]
    return path if plain else "unknown"


def _control(scope: MutableMapping[str, Any], question: bytearray) -> str:
    """The name of the control that a question goes to."""
    try:
        block = scope["app"].get_blocks().blocks[json.loads(question)["component_id"]]
    except (KeyError, TypeError, ValueError, RecursionError):
        return CONTROL
    return block.elem_id or type(block).__name__


def _of_reply(status: int, answer: bytes) -> int:
    """The status of a live control's reply: it also refuses with 200, and with a sentence (see `live.Live.reply`)."""
    if status != 200 or not answer.replace(b" ", b"").startswith(b'{"ok":false'):
        return status
    reply = json.loads(answer)
    if reply.get("again") or reply["error"] == BUSY:
        return 503
    return 500 if reply["error"] == FAULT else 400


def middleware() -> list[Middleware]:
    """For `launch(app_kwargs={"middleware": ...})`, to stand before the guard's; none if nothing is to be told."""
    return [Middleware(Timed)] if log.isEnabledFor(logging.INFO) else []


# ---------------------------------------------------------------------------------------------------------------------
# Events
# ---------------------------------------------------------------------------------------------------------------------


class TimedPage(Page):
    """A page whose events are told."""

    async def process_api(self, block_fn: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """One event, from its inputs to its outputs."""
        since, status = time.monotonic(), LEFT
        try:
            output = await super().process_api(block_fn, *args, **kwargs)
            status = 200
            return output
        except gr.Error as error:
            status = 500 if error.message == FAULT else 400
            raise
        finally:
            if log.isEnabledFor(logging.INFO):
                fn = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
                event = self._queue.event_ids_to_events.get(kwargs.get("event_id") or "")
                arrived = event.enqueue_time if event else since
                told(
                    logging.INFO,
                    kind="event",
                    endpoint=f"/{fn.api_name}",
                    status=status,
                    ms=_ms(arrived),
                    waited_ms=round(1000 * (since - arrived), 1),
                )
