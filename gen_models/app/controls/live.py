"""Live controls: move something, and the image follows the pointer.

Each control here is a `gr.HTML` whose JavaScript (the `.js` beside it, on the ground of `live.js`) asks one server
function for images and paints the answer on canvases. It never has more than one question under way and always asks
for the latest position, so a drag stays fresh on a slow machine. Images travel as raw pixels and no Gradio event runs
during a drag; a `release` event comes when the visitor lets go.

The author of an experiment writes one pure function and hands it to a control:

    def decode(request: controls.Request) -> controls.Reply:
        x = to_uint8(models[request["context"]["model"]]("decoder", z=request["value"][None])["x"][0])
        return {"images": {"x": controls.pixels(x)}, "text": {"x": "decoded from z"}}

    pad = controls.LatentPad(decode, context={"model": "vae-digits-2d"}, screens=[("x", "p(x|z)")], label="z")
    pad.release(remember, pad, ...)              # Gradio's own events, with the checked value
    choice.change(lambda name: gr.update(context={"model": name}), choice, pad)

A request has the control's checked `value` and its `context`. The context comes back from the browser: treat it as
input, look things up by it, never build a path from it. A reply holds, all optional,

    images    {slot: pixels(...)}      or photo(...) or data_uri(...), painted on the screen or canvas of that name
    text      {slot: str}              written under a screen, or as one of the `numbers`
    send      {elem_id: {...}}         changes for other live controls and displays, applied at once in the browser
    and any change of the control itself (see below), such as "ellipse" of a LatentPad.

Changes. A control takes new settings from a Python event as `gr.update(context=..., labels=..., value=...)`, and other
controls through a reply's "send"; other JavaScript calls `control.change({...})` on the element of class ll-live. All
end in the same place: `value` moves the control, `context` is merged key by key, the rest replaces what was there, and
the image is asked for anew. Screens and numbers are fixed; a DrawPad takes context and value only.

How Gradio 6.31 does it: it rebuilds the control in Python for that session, with the new arguments, so later values are
checked against them; to the browser it sends the named settings alone, as props that live.js watches. A control in a
tab that was never opened gets them when it is first shown, but of several updates only the last one's: send together
what belongs together. ("send" does not reach such a control.)

Errors. A `UserError`, such as `BadRequest` or `runtime.ModelError`, is one sentence for the visitor and shown as it
is. Anything else is our fault: it is logged, and the visitor reads a general sentence. The numbers of a refused value
become a dash, but for those that are true without it:

    with controls.keeping({"accuracy": accuracy(model)}):
        x = as_input(model, request["value"])      # an empty canvas is refused

Gradio gives server functions no queue, no limit and no checks, so all three are here.

What lies on the page. Every control, choice and display is an element of class ll-live that `template` writes and
that `MOUNT` hands to a class of JavaScript, by its name in `LatentLab.kinds`. The page needs the script `SCRIPT` and
the classes of app.css. What one tab alone has brings its class along, in `script`.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NotRequired, TypedDict
from urllib.parse import quote

import anyio
import gradio as gr
import numpy as np
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gen_models.app.hosting import gradio_private
from gen_models.app.hosting.sentences import BUSY, FAULT
from gen_models.errors import BadRequest, UserError

log = logging.getLogger(__name__)

Array = np.ndarray


class Request(TypedDict):
    """What a control asks: where it stands, and what the tab told it to remember."""

    value: Any
    context: dict[str, Any]
    changed: NotRequired[list[str]]
    """What is new since the last answer: "value", and names in the context. It comes from the browser, too."""


Reply = dict[str, Any]
Compute = Callable[[Request], Reply]


class Refused(BadRequest):
    """A value that cannot be used, and the numbers that do not depend on it."""

    def __init__(self, sentence: str, text: dict[str, str]) -> None:
        super().__init__(sentence)
        self.text = text


@contextmanager
def keeping(text: dict[str, str]) -> Iterator[None]:
    """Let these numbers stand where a BadRequest refuses the value."""
    try:
        yield
    except BadRequest as error:
        raise Refused(str(error), text) from None


class Layout(TypedDict, total=False):
    """Arguments that every control takes: where its results and its address are, and Gradio's own."""

    results: str
    """elem_id of the `shell.layout.outlet` for its images and numbers; they stand beside the control otherwise."""
    address: str
    """Its name in the address of its experiment; without one, its value is not in it."""
    patient: bool
    """It asks for its first images only when it comes on the screen."""
    elem_id: str | None
    scale: int | None
    min_width: int | None
    visible: bool
    render: bool
    key: str | int | None


HERE = Path(__file__).parent
_SCRIPTS = ("live", "latent_pad", "latent_sliders", "draw_pad", "choices", "displays")
SCRIPT = "\n".join((HERE / f"{name}.js").read_text("utf-8") for name in _SCRIPTS)
"""For `first_load.FirstLoad`: what all controls share, and those of several chapters."""

MOUNT = "LatentLab.mount(element.firstElementChild, {props, server, trigger, watch})"
"""For `gr.HTML(js_on_load=...)`: makes a `template` alive."""

AT_ONCE = 4
WAIT_S = 0.25
_places = threading.BoundedSemaphore(AT_ONCE)
SHORT_S = 0.002
"""A control whose last answer took less computing than this is answered where the question arrived. A thread to and
from costs more than the image, and with many visitors each hand-over waits for Python's lock behind the others."""


def template(kind: str, settings: dict[str, Any], inside: str = "") -> str:
    """HTML for `gr.HTML(html_template=...)`: an element that `LatentLab.kinds[kind]` takes over, with its settings."""
    # Percent-encoded JSON has no character that HTML, Handlebars or a JavaScript template would read.
    data = quote(json.dumps({"kind": kind} | settings), safe="")
    return f'<div class="ll-live" data-settings="{data}">{inside}</div>'


class Live(gr.HTML):
    """A control that asks `compute` for images while it is being moved; use one of its subclasses.

    A subclass says how it looks (`kind`, a class of JavaScript, and `settings`, its JSON) and `parse`s what the browser
    sends. Settings are written into the template and not into Gradio's props: those are compiled again at every
    change, and would grow by a background image. A control that one tab alone has brings its class along: `script` adds
    it to `LatentLab.kinds`, and `style` is its CSS.
    """

    kind: str
    script = ""
    style = ""

    def __init__(
        self,
        compute: Compute,
        *,
        value: Any,
        context: dict[str, Any] | None,
        screens: Sequence[tuple[str, str]],
        numbers: Sequence[tuple[str, str]],
        label: str,
        settings: dict[str, Any],
        layout: Layout,
    ) -> None:
        self._compute = compute
        self._took = float("inf")
        everything = settings | {
            "results": layout.pop("results", ""),
            "address": layout.pop("address", ""),
            "patient": layout.pop("patient", False),
            "label": label,
            "context": context or {},
            "screens": screens,
            "numbers": numbers,
        }
        if everything["address"]:
            everything["first"] = self.postprocess(value)
        super().__init__(
            value=value,
            label=label,
            html_template=template(self.kind, everything),
            css_template=self.style,
            js_on_load=self.script + MOUNT,
            apply_default_css=False,
            **layout,
        )

    def parse(self, value: Any) -> Any:
        """Check and clamp what the browser sent; a BadRequest if it cannot be used."""
        raise NotImplementedError

    def postprocess(self, value: Any) -> Any:
        """What Python sets, as the browser needs it."""
        raise NotImplementedError

    def preprocess(self, payload: Any) -> Any:
        """The checked value, for Gradio's own events."""
        try:
            return self.parse(payload)
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from None

    def reply(self, payload: Any) -> str:
        """Answer one question of the browser, in JSON. Never raises; "ok" tells a reply from any other object."""
        if not _places.acquire(timeout=WAIT_S):
            return _refusal(BUSY, again=True)
        try:
            return self._reply(payload)
        finally:
            _places.release()

    @gradio_private.server
    async def answer(self, payload: Any, request: gr.Request) -> Response:
        """`reply` as the server function that live.js calls; a Response, so that FastAPI does not walk the pixels."""
        if self._took < SHORT_S:
            text = self._reply(payload)
        else:
            text = await anyio.to_thread.run_sync(self.reply, payload)
        return Response(text, media_type="application/json")

    def _reply(self, payload: Any) -> str:
        started = time.thread_time()  # not the clock: it would count the waiting for Python's lock
        try:
            reply = {"ok": True} | self._compute(self._request(payload))
            text = json.dumps(reply, default=_plain, allow_nan=False, separators=(",", ":"))
            self._took = time.thread_time() - started
        except Refused as error:
            return _refusal(str(error), text=error.text)
        except UserError as error:
            return _refusal(str(error))
        except Exception:
            log.exception("%s failed", getattr(self._compute, "__qualname__", self._compute))
            return _refusal(FAULT)
        return text

    def _request(self, payload: Any) -> Request:
        if not isinstance(payload, dict):
            raise BadRequest("That is not a request this app understands.")
        return {
            "value": self.parse(payload.get("value")),
            "context": _checked(payload.get("context")),
            "changed": _names(payload.get("changed", [])),
        }


def _names(changed: Any) -> list[str]:
    """Up to 33 short words: "value", and names in a context."""
    if not (isinstance(changed, list) and len(changed) <= 33 and all(map(_is_short, changed))):
        raise BadRequest("That is not a request this app understands.")
    return changed


def _refusal(error: str, again: bool = False, text: dict[str, str] | None = None) -> str:
    """`again`: live.js asks once more by itself in a second. `text`: numbers that are true nevertheless."""
    kept = {"text": text} if text else {}
    return json.dumps({"ok": False, "error": error, "again": again, **kept})


def _plain(value: Any) -> Any:
    """numpy scalars and arrays as JSON."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be sent to the browser")


def _checked(context: Any) -> dict[str, Any]:
    """A context holds up to 32 short values: text, numbers, and lists of up to 1,024 finite numbers."""

    def fits(value: Any) -> bool:
        if isinstance(value, list):
            return len(value) <= 1024 and all(_is_number(v) for v in value)
        return value is None or isinstance(value, bool) or _is_number(value) or _is_short(value)

    if not (
        isinstance(context, dict)
        and len(context) <= 32
        and all(_is_short(key) and fits(value) for key, value in context.items())
    ):
        raise BadRequest("That is not a request this app understands.")
    return context


def _is_short(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 200


def _is_number(value: Any) -> bool:
    """A finite number; written so that NaN, infinities and integers too large for a float all fail."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -1e300 < value < 1e300


def checked_vector(value: Any, n: int, lo: float, hi: float) -> Array:
    """float32 (n,) inside [lo, hi] from a JSON list, or BadRequest."""
    if not isinstance(value, list | tuple) or len(value) != n or not all(map(_is_number, value)):
        raise BadRequest(f"{n} finite numbers are needed here.")
    return np.array([min(max(v, lo), hi) for v in value], np.float32)


def as_floats(value: Any) -> list[float]:
    """Python floats from what the author of a tab gives, numpy or not."""
    return np.asarray(value, float).tolist()


def vector_schema(n: int) -> dict[str, Any]:
    """`n` numbers, as JSON Schema."""
    return {"type": "array", "items": {"type": "number"}, "minItems": n, "maxItems": n}


async def _call(request: HttpRequest) -> Response:
    """Call a server function as all of ours are: async, given the request too, and answering with a Response."""
    question = await request.json()
    control = gradio_private.component_of_session(
        request.app, question["session_hash"], question["component_id"]
    )
    function = gradio_private.server_function(control, question["fn_name"])
    if function is None:
        return JSONResponse({"detail": "There is no such function."}, 404)
    return await function(question.get("data"), request)


ROUTE = Route(f"{gradio_private.API_PREFIX}/component_server/", _call, methods=["POST"])
"""For `launch(app_kwargs={"routes": [ROUTE]})`, which puts it before Gradio's own of the same address: finding that
one among 80, and its reading the function's signature anew each time, costs several times what a small image does."""
