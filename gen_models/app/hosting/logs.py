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
import time
import traceback
from collections.abc import Awaitable, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from gen_models.app.hosting import gradio_private
from gen_models.app.hosting.guard import OPEN, ASGIApp, GuardedBlocks, Message, Receive, Send
from gen_models.app.hosting.sentences import BUSY, FAULT
from gen_models.errors import UserError

log = logging.getLogger(__name__)

LEVELS = {"off": None, "info": logging.INFO, "debug": logging.DEBUG}
MAX_QUEUED = 10_000
"""Lines that wait to be written; when whoever reads them is slower than that, further ones are dropped."""
MAX_FRAMES = 5
"""Places of an error that are named, the innermost last."""

INFO_ROUTES = ("/", "/gradio_api/upload")
"""Requests that are told at "info"; events and controls have lines of their own."""
CONTROL = "/gradio_api/component_server"
CLIENT_LEFT = 499


# ---------------------------------------------------------------------------------------------------------------------
# Lines
# ---------------------------------------------------------------------------------------------------------------------


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The fields that `log_answer` gave, or the message and the place of the error."""
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
    frames = traceback.extract_tb(error.__traceback__)[-MAX_FRAMES:]
    return {
        "error": type(error).__name__,
        "at": [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames],
    }


class NonBlockingHandler(QueueHandler):
    """Hands lines to a thread that writes them, so that nobody's picture waits for whoever reads the log."""

    def enqueue(self, record: logging.LogRecord) -> None:
        """Never waits."""
        with suppress(queue.Full):
            self.queue.put_nowait(record)


def start() -> None:
    """Write lines from now on, as `LATENT_LOG` says; raises UserError for a word that it does not know."""
    word = os.environ.get("LATENT_LOG") or ("info" if "SPACE_ID" in os.environ else "off")
    if word.lower() not in LEVELS:
        raise UserError(f"LATENT_LOG is {word!r}; it may be off, info or debug.")
    level = LEVELS[word.lower()]
    if level is None:
        return
    waiting: queue.Queue[logging.LogRecord] = queue.Queue(MAX_QUEUED)
    handler = NonBlockingHandler(waiting)
    handler.setFormatter(JsonFormatter())
    ours = logging.getLogger("gen_models")
    ours.setLevel(level)
    ours.addHandler(handler)
    ours.propagate = False
    QueueListener(waiting, logging.StreamHandler()).start()


def log_answer(level: int, **fields: Any) -> None:
    """Write one line about a question that was answered."""
    log.log(level, "%s", fields["endpoint"], extra={"fields": fields})


def _ms(since: float) -> float:
    return round(1000 * (time.monotonic() - since), 1)


# ---------------------------------------------------------------------------------------------------------------------
# Requests
# ---------------------------------------------------------------------------------------------------------------------


class RequestLog:
    """ASGI middleware, to stand before `guard.Guard`, so that what is refused has its line too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Pass a request on, and tell how it went."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        since, status, streams = time.monotonic(), CLIENT_LEFT, False
        control = scope["path"].rstrip("/").endswith(CONTROL)
        question, answer = bytearray(), b""

        async def tracked_receive() -> Message:
            message = await receive()
            if control:
                question.extend(message.get("body", b""))
            return message

        async def tracked_send(message: Message) -> None:
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
            await self.app(scope, tracked_receive, tracked_send)
        finally:
            if control:
                name, status = _control_name(scope, question), _reply_status(status, answer)
                log_answer(
                    logging.INFO, kind="control", endpoint=name, status=status, ms=_ms(since)
                )
            elif not streams or status >= 400:
                name = _route(scope)
                level = logging.INFO if status >= 400 or name in INFO_ROUTES else logging.DEBUG
                log_answer(level, kind="request", endpoint=name, status=status, ms=_ms(since))


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


def _control_name(scope: MutableMapping[str, Any], question: bytearray) -> str:
    """The name of the control that a question goes to."""
    try:
        block = gradio_private.components(scope["app"])[json.loads(question)["component_id"]]
    except (KeyError, TypeError, ValueError, RecursionError):
        return CONTROL
    return block.elem_id or type(block).__name__


def _reply_status(status: int, answer: bytes) -> int:
    """The status of a live control's reply: it also refuses with 200, and with a sentence (see `live.Live.reply`)."""
    if status != 200 or not answer.replace(b" ", b"").startswith(b'{"ok":false'):
        return status
    reply = json.loads(answer)
    if reply.get("again") or reply["error"] == BUSY:
        return 503
    return 500 if reply["error"] == FAULT else 400


def middleware() -> list[Middleware]:
    """For `launch(app_kwargs={"middleware": ...})`, to stand before the guard's; none if nothing is to be told."""
    return [Middleware(RequestLog)] if log.isEnabledFor(logging.INFO) else []


# ---------------------------------------------------------------------------------------------------------------------
# Events
# ---------------------------------------------------------------------------------------------------------------------


class LoggedBlocks(GuardedBlocks):
    """Blocks whose events are logged."""

    async def answered(
        self, event: gradio_private.Event, answer: Awaitable[dict[str, Any]]
    ) -> dict[str, Any]:
        """One event, from its inputs to its outputs."""
        since, status = time.monotonic(), CLIENT_LEFT
        try:
            output = await super().answered(event, answer)
            status = 200
            return output
        except gr.Error as error:
            status = 500 if error.message == FAULT else 400
            raise
        finally:
            if log.isEnabledFor(logging.INFO):
                log_answer(
                    logging.INFO,
                    kind="event",
                    endpoint=f"/{event.name}",
                    status=status,
                    ms=_ms(event.arrived),
                    waited_ms=round(1000 * (since - event.arrived), 1),
                )
