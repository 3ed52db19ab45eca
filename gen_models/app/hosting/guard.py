"""Between the network and Gradio: what anybody may send, how much of it at once, and what is kept of it.

`Guard` sees every request before Gradio does: it closes the routes that this page does not use, refuses bodies
that are too large or not what they should be, counts what is under way, and turns what nobody caught into a sentence.
`GuardedBlocks` does the last for events, whose errors Gradio catches itself. `lifespan` bounds what a session keeps.

A refusal is JSON with one sentence: under "detail", for Gradio's own clients, and under "error", for live.js.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi.exceptions import RequestValidationError
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse

from gen_models.app.hosting import gradio_private
from gen_models.app.hosting.sentences import BUSY, FAULT
from gen_models.errors import UserError

log = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

OPEN = frozenset({
    "api", "app_id", "call", "cancel", "component_server", "file", "heartbeat", "info", "openapi.json",
    "queue", "reset", "run", "startup-events", "theme.css", "upload", "upload_progress", "user",
})  # fmt: skip
"""What the page and Gradio's clients use of /gradio_api/. Closed are links that store a session on disk, recordings,
the proxy to Spaces, streams, reloading and the editor."""

MAX_FILE = 16 * 2**20
"""Bytes of a file: a photograph of 24 million pixels takes 5 to 12 MB, one of 48 up to 16."""
MAX_UPLOAD = MAX_FILE + 2**16
"""Bytes of a body that brings files, with the lines around them."""
MAX_JSON = 2**20
"""Bytes of any other body; the largest that the page sends is a drawing for pix2pix, of up to 0.4 MB."""
MAX_DEPTH = 16
MAX_BODY_S = 60.0
"""A body that takes longer is not waited for."""

MAX_REQUESTS = 1000
"""Under way at once; each visitor holds one or two open, to hear of the server."""
MAX_CALLS, MAX_CALLS_EACH = 64, 8
"""Server functions under way at once, of all sessions and of one; a tab that opens asks for each of its controls."""
MAX_EVENTS_EACH = 12
"""Events of one session that are waiting, running or not yet fetched."""
MAX_UNREAD = 300
"""Messages that wait to be fetched, of all sessions; beyond that, those that have waited longest are forgotten."""
MAX_SESSIONS = 500
"""Visitors whose choices are kept; beyond that, those seen longest ago begin anew."""
MAX_STORED, MIN_STORED, KEPT_S = 2**30, 2**16, 3600
"""Bytes of uploads that are kept, the least a file counts for, and for how many seconds it is kept."""

NOT_UNDERSTOOD = "That is not a request this app understands."
NOT_HERE = "There is nothing of that name here."
TOO_MUCH = f"That is too much at once: at most {MAX_FILE // 2**20} MB in a file, and 1 MB in anything else."
TOO_SLOW = "The request took too long to arrive."
NOT_UPLOADED = "A file must be uploaded first: addresses and paths are not opened."
NO_ROOM = "The server has no room for more files at the moment: try again later."
UNFETCHED = "Too many answers are waiting for you already: fetch them first."


class Refused(UserError):
    """Ends a request with a status of HTTP and one sentence."""

    def __init__(self, status: int, sentence: str, **more: Any) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.more = status, sentence, more

    def response(self) -> JSONResponse:
        """For Gradio's clients, for live.js, and for people."""
        content = {"ok": False, "error": self.sentence, "detail": self.sentence}
        # The rest of a body that was too long or too slow is not waited for.
        headers = {"connection": "close"} if self.status in (408, 413) else None
        return JSONResponse(content | self.more, self.status, headers)


class Busy(Refused):
    """A live control asks again by itself; its question is therefore answered, with status 200."""

    def __init__(self) -> None:
        super().__init__(200, BUSY, again=True)


# ---------------------------------------------------------------------------------------------------------------------
# Requests
# ---------------------------------------------------------------------------------------------------------------------


class Guard:
    """ASGI middleware; one for each app."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.requests = 0
        self.calls: Counter[str] = Counter()
        self.stored: deque[tuple[float, int]] = deque()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Let a request through to Gradio, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def tracked(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        self.requests += 1
        try:
            await self._admit(scope, receive, tracked)
        except Refused as refused:
            if not begun:
                await refused.response()(scope, receive, send)
        except UserError as error:
            if not begun:
                await Refused(400, str(error)).response()(scope, receive, send)
        except Exception as error:
            if begun:  # a stream, which has told its reader
                log.warning("%s broke off: %s", scope["path"], type(error).__name__)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            else:
                log.exception("%s failed", scope["path"])
                await Refused(500, FAULT).response()(scope, receive, send)
        finally:
            self.requests -= 1

    async def _admit(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if self.requests > MAX_REQUESTS:
            raise Refused(503, BUSY)
        _, api, rest = scope["path"].partition("/gradio_api/")
        name = re.split("[/=]", rest, maxsplit=1)[0]
        if api and (name not in OPEN or rest.lower().startswith(("file/", "file=http"))):
            raise Refused(404, NOT_HERE)
        if scope["method"] not in ("POST", "PUT", "PATCH", "DELETE"):
            await self.app(scope, receive, send)
        elif name == "upload":
            self._store(_content_length(scope, MAX_UPLOAD))
            await self.app(scope, _limited(receive, MAX_UPLOAD), send)
        else:
            _content_length(scope, MAX_JSON)
            body = await _read_body(receive, MAX_JSON)
            question = checked(body)
            if name == "component_server":
                await self._call(question, scope, _replay(body, receive), send)
                return
            blocks = gradio_private.blocks_of(scope["app"])
            _check_event(blocks, rest.rstrip("/").split("/"), question.get("fn_index"))
            if rest.startswith(("queue/join", "call/")):
                await _make_room(blocks, question.get("session_hash"))
            try:
                await self.app(scope, _replay(body, receive), send)
            except (AttributeError, KeyError, TypeError, ValueError):
                # Events run elsewhere; here, it is Gradio that stumbles over arguments it did not expect.
                raise Refused(400, NOT_UNDERSTOOD) from None

    async def _call(
        self,
        question: dict[str, Any],
        scope: MutableMapping[str, Any],
        receive: Receive,
        send: Send,
    ) -> None:
        """A server function, which Gradio neither queues nor limits."""
        session, component = question.get("session_hash"), question.get("component_id")
        if (
            session is None
            or type(component) is not int
            or not isinstance(question.get("fn_name"), str)
        ):
            raise Refused(400, NOT_UNDERSTOOD)
        if component not in gradio_private.components(scope["app"]):
            raise Refused(404, NOT_HERE)
        if self.calls[session] >= MAX_CALLS_EACH or self.calls.total() >= MAX_CALLS:
            raise Busy
        self.calls[session] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.calls[session] -= 1
            if not self.calls[session]:
                del self.calls[session]

    def _store(self, announced: int) -> None:
        """Book an upload, and forget those that `delete_cache` has removed by now."""
        now = time.monotonic()
        while self.stored and self.stored[0][0] < now - 2 * KEPT_S:
            self.stored.popleft()
        size = max(announced, MIN_STORED)
        if sum(each for _, each in self.stored) + size > MAX_STORED:
            raise Refused(503, NO_ROOM)
        self.stored.append((now, size))


def _content_length(scope: MutableMapping[str, Any], limit: int) -> int:
    """Bytes of the body as its sender says; `limit` if they do not."""
    length = dict(scope["headers"]).get(b"content-length", b"%d" % limit)
    if not length.isdigit() or len(length) > 15 or int(length) > limit:
        raise Refused(413, TOO_MUCH)
    return int(length)


def _limited(receive: Receive, limit: int) -> Receive:
    """The same body, which breaks off when it has become too long or too slow."""
    left, end = limit, asyncio.get_running_loop().time() + MAX_BODY_S

    async def limited() -> Message:
        nonlocal left
        try:
            async with asyncio.timeout_at(end):
                message = await receive()
        except TimeoutError:
            raise Refused(408, TOO_SLOW) from None
        left -= len(message.get("body", b""))
        if left < 0:
            raise Refused(413, TOO_MUCH)
        return message

    return limited


async def _read_body(receive: Receive, limit: int) -> bytes:
    """The body, of at most so many bytes."""
    part, parts = _limited(receive, limit), []
    while True:
        message = await part()
        if message["type"] == "http.disconnect":
            raise Refused(400, NOT_UNDERSTOOD)
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """`body` once more, and then what comes after it."""
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def replayed() -> Message:
        return next(messages, None) or await receive()

    return replayed


# ---------------------------------------------------------------------------------------------------------------------
# What is in them
# ---------------------------------------------------------------------------------------------------------------------


def checked(body: bytes) -> dict[str, Any]:
    """The JSON object that a body holds.

    NaN passes: the app's own checks have a better sentence for it.

    Raises:
        Refused: it is no object, nested too deeply, of a session that cannot be one, or it names a file by an address.
    """
    try:
        question = json.loads(body or b"{}")
    except (ValueError, RecursionError):  # not UTF-8, not JSON, a number of 5,000 digits, too deep
        raise Refused(400, NOT_UNDERSTOOD) from None
    if not isinstance(question, dict):
        raise Refused(400, NOT_UNDERSTOOD)
    session = question.get("session_hash")
    if session is not None and not (
        isinstance(session, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", session)
    ):
        raise Refused(400, NOT_UNDERSTOOD)
    level: list[Any] = [question]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                path = value.get("path")
                if isinstance(path, str) and ("://" in path or "\0" in path):
                    raise Refused(400, NOT_UNDERSTOOD if "\0" in path else NOT_UPLOADED)
                below += value.values()
            elif isinstance(value, list):
                below += value
        if not below:
            return question
        level = below
    raise Refused(400, NOT_UNDERSTOOD)


def _check_event(blocks: gr.Blocks, names: list[str], number: Any) -> None:
    """An event is called by its number, as the page does, or by the name that ends the address."""
    if number is None:
        called_by_name = names[0] in ("api", "call", "run")
        known = not called_by_name or names[-1] in gradio_private.event_names(blocks)
    else:
        known = type(number) is int and number in gradio_private.event_numbers(blocks)
    if not known:
        raise Refused(404, NOT_HERE)


async def _not_understood(_: Request, __: Exception) -> JSONResponse:
    """FastAPI would repeat the whole request."""
    return Refused(400, NOT_UNDERSTOOD).response()


# ---------------------------------------------------------------------------------------------------------------------
# What is kept
# ---------------------------------------------------------------------------------------------------------------------


async def _make_room(blocks: gr.Blocks, session: str | None) -> None:
    """Before an event is queued: refuse who does not fetch their answers, and forget what nobody fetches."""
    if session is not None and gradio_private.unfetched_events(blocks, session) >= MAX_EVENTS_EACH:
        raise Refused(503, UNFETCHED)
    waiting = gradio_private.unread_messages(blocks)
    excess = sum(waiting.values()) - MAX_UNREAD
    for each, unread in waiting.items():
        if excess <= 0:
            break
        await gradio_private.forget_messages(blocks, each)
        excess -= unread
    gradio_private.forget_unheard_events(blocks)


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """From the start of the server to its end; `app` is Gradio's."""
    gradio_private.keep_light_sessions(app)
    yield


# ---------------------------------------------------------------------------------------------------------------------
# Events
# ---------------------------------------------------------------------------------------------------------------------


class GuardedBlocks(gradio_private.WatchedBlocks):
    """Blocks whose events fail with a sentence: Gradio's own answer to what it did not expect is no words at all."""

    async def checked_inputs(self, inputs: Awaitable[Any]) -> Any:
        """Gradio's checks of what comes in; those that speak of a wrong choice repeat it."""
        try:
            return await inputs
        except gr.Error as error:
            if len(error.message) <= 300 and not re.search("[<>&]", error.message):
                raise gr.Error(error.message, print_exception=False) from None
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from None
        except Exception as error:
            log.info("refused: %s", type(error).__name__, exc_info=True)
        raise gr.Error(NOT_UNDERSTOOD, print_exception=False)

    async def answered(
        self, event: gradio_private.Event, answer: Awaitable[dict[str, Any]]
    ) -> dict[str, Any]:
        """One event, from its inputs to its outputs."""
        try:
            return await answer
        except gr.Error:
            raise
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from None
        except Exception:
            log.exception("an event failed")
            raise gr.Error(FAULT, print_exception=False) from None


APP_KWARGS = {
    "middleware": [Middleware(Guard)],
    "exception_handlers": {RequestValidationError: _not_understood},
    "lifespan": lifespan,
}
"""For `launch(app_kwargs=APP_KWARGS)`."""

SCRIPT = (Path(__file__).parent / "retry.js").read_text("utf-8")
"""For `first_load.FirstLoad`: the browser sends again by itself what the full queue refused."""
