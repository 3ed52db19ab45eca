"""Live controls: move something, and the picture follows the pointer.

Each control here is a `gr.HTML` whose JavaScript (`static/live.js`) asks one server function for pictures and paints
the answer on canvases. It never has more than one question under way and always asks for the latest position, so a
drag stays fresh on a slow machine. Pictures travel as raw pixels and no Gradio event runs during a drag; a `release`
event comes when the visitor lets go.

The author of a tab writes one pure function and hands it to a control:

    def decode(request: live.Request) -> live.Reply:
        x = to_uint8(models[request["context"]["model"]]("decoder", z=request["value"][None])["x"][0])
        return {"pictures": {"x": live.picture(x)}, "text": {"x": "decoded from z"}}

    pad = live.LatentPad(decode, context={"model": "vae-digits-2d"}, screens=[("x", "p(x|z)")], label="z")
    pad.release(remember, pad, ...)              # Gradio's own events, with the checked value
    choice.change(lambda name: gr.update(context={"model": name}), choice, pad)

A request has the control's checked `value` and its `context`. The context comes back from the browser: treat it as
input, look things up by it, never build a path from it. A reply holds, all optional,

    pictures  {slot: picture(...)}     or photo(...) or data_uri(...), painted on the screen or canvas of that name
    text      {slot: str}              written under a screen, or as one of the `numbers`
    send      {elem_id: {...}}         changes for other live controls, applied at once in the browser
    and any change of the control itself (see below), such as "ellipse" of a LatentPad.

Changes. A control takes new settings from a Python event as `gr.update(context=..., labels=..., value=...)`, and other
controls through a reply's "send"; other JavaScript calls `control.change({...})` on the element of class ll-live. All
end in the same place: `value` moves the control, `context` is merged key by key, the rest replaces what was there, and
the picture is asked for anew. Screens and numbers are fixed; a DrawPad takes context and value only.

How Gradio 6.31 does it: it rebuilds the control in Python for that session, with the new arguments, so later values are
checked against them; to the browser it sends the named settings alone, as props that live.js watches. A control in a
tab that was never opened gets them when it is first shown, but of several updates only the last one's: send together
what belongs together. ("send" does not reach such a control.)

Errors. A `ValueError` whose message is one sentence, ending in a full stop, is meant for the visitor and shown as it
is; so is `runtime.ModelError`. Anything else is our fault: it is logged, and the visitor reads a general sentence.
Gradio gives server functions no queue, no limit and no checks, so all three are here.

The page needs `launch(head=live.HEAD, css=theme.CSS)`.
"""

from __future__ import annotations

import base64
import io
import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack
from urllib.parse import quote

import anyio
import gradio as gr
import numpy as np
from gradio.components.base import server
from gradio.route_utils import API_PREFIX
from PIL import Image
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gen_models.app.drawing import from_runs, to_runs
from gen_models.runtime import ModelError

log = logging.getLogger(__name__)

Array = np.ndarray

Picture = list | str
"""What `picture` makes: [width, height, channels, base64 of the pixels]; or a file in a data: URI."""


class Request(TypedDict):
    """What a control asks: where it stands, and what the tab told it to remember."""

    value: Any
    context: dict[str, Any]


Reply = dict[str, Any]
Compute = Callable[[Request], Reply]


class Layout(TypedDict, total=False):
    """Gradio's own arguments that every control takes."""

    elem_id: str | None
    scale: int | None
    min_width: int | None
    visible: bool
    render: bool
    key: str | int | None


HEAD = "".join(
    f"<script>{(Path(__file__).parent / 'static' / name).read_text('utf-8')}</script>"
    for name in ("live.js", "retry.js")
)
"""For `launch(head=...)`: the JavaScript that all controls share, and what asks again when the queue is full."""

AT_ONCE = 4
WAIT_S = 0.25
_places = threading.BoundedSemaphore(AT_ONCE)
SHORT_S = 0.002
"""A control whose last picture took less computing than this is answered where the question arrived. A thread to and
from costs more than the picture, and with many visitors each hand-over waits for Python's lock behind the others."""

BUSY = "The server is busy: try again in a moment."
FAULT = "Something went wrong on the server: this picture could not be made."


class BadRequest(ValueError):
    """Input that cannot be used; the message is one sentence for the visitor."""


# ---------------------------------------------------------------------------------------------------------------------
# Pictures
# ---------------------------------------------------------------------------------------------------------------------


def picture(image: Array) -> Picture:
    """Pixels as the browser paints them.

    Args:
        image: uint8 (h, w), (h, w, 1) or (h, w, 3).
    """
    height, width, channels = _shape(image)
    return [width, height, channels, base64.b64encode(image.tobytes()).decode()]


def data_uri(image: Array) -> str:
    """The same as a PNG in a data: URI, smaller than raw pixels: for large backgrounds that rarely change."""
    _shape(image)
    file = io.BytesIO()
    Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def photo(image: Array) -> str:
    """The same as a JPEG, not exact and a fraction of the bytes: for a picture that the next one soon replaces."""
    _shape(image)
    file = io.BytesIO()
    flat = image.squeeze(-1) if image.shape[-1] == 1 else image
    Image.fromarray(flat).save(file, "JPEG", quality=92, subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def grid(images: Array, columns: int, gap: int = 1, fill: int = 128) -> Array:
    """Lay out uint8 (n, h, w) or (n, h, w, c) row by row, `gap` pixels of grey `fill` between; a rest stays grey."""
    n, height, width = images.shape[:3]
    rows = -(-n // columns)
    shape = (rows * (height + gap) - gap, columns * (width + gap) - gap, *images.shape[3:])
    sheet = np.full(shape, fill, np.uint8)
    for i, image in enumerate(images):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet


def _shape(image: Array) -> tuple[int, int, int]:
    shape = image.shape if image.ndim == 3 else (*image.shape, 1)
    if image.dtype != np.uint8 or len(shape) != 3 or shape[2] not in (1, 3):
        raise TypeError(
            f"a picture is uint8 (h, w), (h, w, 1) or (h, w, 3), not {image.dtype} {image.shape}"
        )
    return shape


# ---------------------------------------------------------------------------------------------------------------------
# The ground all controls stand on
# ---------------------------------------------------------------------------------------------------------------------


class Live(gr.HTML):
    """A control that asks `compute` for pictures while it is being moved; use one of the classes below.

    A subclass says how it looks (`kind`, a class in live.js, and `settings`, its JSON) and `parse`s what the browser
    sends. Settings are written into the template and not into Gradio's props: those are compiled again at every
    change, and would grow by a background picture. A control that one tab alone has brings its class along: `script`
    adds it to `LatentLab.kinds`, and `style` is its CSS.
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
            "kind": self.kind,
            "label": label,
            "context": context or {},
            "screens": screens,
            "numbers": numbers,
        }
        super().__init__(
            value=value,
            label=label,
            # Percent-encoded JSON has no character that HTML, Handlebars or a JavaScript template would read.
            html_template=f'<div class="ll-live" data-settings="{quote(json.dumps(everything), safe="")}"></div>',
            css_template=self.style,
            js_on_load=self.script
            + "LatentLab.mount(element.firstElementChild, {props, server, trigger, watch})",
            apply_default_css=False,
            **layout,
        )

    def parse(self, value: Any) -> Any:
        """Check and clamp what the browser sent; a ValueError with one sentence if it cannot be used."""
        raise NotImplementedError

    def postprocess(self, value: Any) -> Any:
        """What Python sets, as the browser needs it."""
        raise NotImplementedError

    def preprocess(self, payload: Any) -> Any:
        """The checked value, for Gradio's own events."""
        try:
            return self.parse(payload)
        except ValueError as error:
            raise gr.Error(str(error), print_exception=False) from None

    def reply(self, payload: Any) -> str:
        """Answer one question of the browser, in JSON. Never raises; "ok" tells a reply from any other object."""
        if not _places.acquire(timeout=WAIT_S):
            return _refusal(BUSY, again=True)
        try:
            return self._reply(payload)
        finally:
            _places.release()

    @server
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
        except Exception as error:
            if _is_for_the_visitor(error):
                return _refusal(str(error))
            log.exception("%s failed", getattr(self._compute, "__qualname__", self._compute))
            return _refusal(FAULT)
        return text

    def _request(self, payload: Any) -> Request:
        if not isinstance(payload, dict):
            raise BadRequest("That is not a request this app understands.")
        return {
            "value": self.parse(payload.get("value")),
            "context": _checked(payload.get("context")),
        }


def _refusal(error: str, again: bool = False) -> str:
    """`again`: live.js asks once more by itself in a second."""
    return json.dumps({"ok": False, "error": error, "again": again})


def _is_for_the_visitor(error: Exception) -> bool:
    """Ours, or a ValueError that speaks in a sentence: numpy's and Python's own end without a full stop."""
    if isinstance(error, BadRequest | ModelError):
        return True
    message = str(error)
    return isinstance(error, ValueError) and message.endswith(".") and "\n" not in message


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


def _vector(value: Any, n: int, lo: float, hi: float) -> Array:
    """float32 (n,) inside [lo, hi] from a JSON list, or BadRequest."""
    if not isinstance(value, list | tuple) or len(value) != n or not all(map(_is_number, value)):
        raise BadRequest(f"{n} finite numbers are needed here.")
    return np.array([min(max(v, lo), hi) for v in value], np.float32)


def _floats(value: Any) -> list[float]:
    """Python floats from what the author of a tab gives, numpy or not."""
    return np.asarray(value, float).tolist()


async def _call(request: HttpRequest) -> Response:
    """Call a server function as all of ours are: async, given the request too, and answering with a Response."""
    question = await request.json()
    session, component = (
        request.app.state_holder[question["session_hash"]],
        question["component_id"],
    )
    blocks = request.app.get_blocks().blocks
    control = session[component] if component in session else blocks.get(component)
    function: Any = getattr(control, question["fn_name"], None)
    if not getattr(function, "_is_server_fn", False):
        return JSONResponse({"detail": "There is no such function."}, 404)
    return await function(question.get("data"), request)


ROUTE = Route(f"{API_PREFIX}/component_server/", _call, methods=["POST"])
"""For `launch(app_kwargs={"routes": [ROUTE]})`, which puts it before Gradio's own of the same address: finding that
one among 80, and its reading the function's signature anew each time, costs several times what a small picture does."""


# ---------------------------------------------------------------------------------------------------------------------
# The controls
# ---------------------------------------------------------------------------------------------------------------------


class LatentPad(Live):
    """A map of two latent dimensions with a dot to drag; z1 runs to the right, z2 upwards.

    The value is float32 (2,), clamped to [lo, hi]. Arrow keys move by a hundredth of the range, with Shift by a tenth.

        pad = LatentPad(decode, lo=-3, hi=3, background=data_uri(grid(sheet, 20, gap=0)), screens=[("x", "decoded")])
        encode.click(lambda: gr.update(value=mu, ellipse=[*mu, *sigma]), None, pad)

    Args:
        compute: answers a request; see the module.
        value: where the dot stands at first.
        lo: least value of both dimensions.
        hi: greatest value of both dimensions.
        background: what lies under the dot, from lo to hi: `data_uri(image)`, or "".
        ellipse: a Gaussian to draw, [mean1, mean2, std1, std2] in latent units, as its one and two standard
            deviation contours; or None. A reply may hold it too.
        axes: names of the two dimensions.
        context: what `compute` finds in request["context"].
        screens: (slot, caption) of each picture beside the map.
        numbers: (slot, caption) of each figure under them, filled by a reply's "text".
        label: says to screen readers, and above the map, what this is.
        layout: elem_id, scale, min_width, visible, render, key, as in Gradio.
    """

    kind = "LatentPad"

    def __init__(
        self,
        compute: Compute,
        *,
        value: Sequence[float] = (0.0, 0.0),
        lo: float = -3.0,
        hi: float = 3.0,
        background: str = "",
        ellipse: Sequence[float] | None = None,
        axes: tuple[str, str] = ("z₁", "z₂"),
        context: dict[str, Any] | None = None,
        screens: Sequence[tuple[str, str]] = (),
        numbers: Sequence[tuple[str, str]] = (),
        label: str = "Latent map",
        **layout: Unpack[Layout],
    ) -> None:
        self.lo, self.hi = lo, hi
        super().__init__(
            compute,
            value=value,
            context=context,
            screens=screens,
            numbers=numbers,
            label=label,
            settings={
                "lo": lo,
                "hi": hi,
                "background": background,
                "ellipse": ellipse,
                "axes": axes,
            },
            layout=layout,
        )

    def parse(self, value: Any) -> Array:
        """float32 (2,) in [lo, hi]."""
        return _vector(value, 2, self.lo, self.hi)

    def postprocess(self, value: Any) -> list[float]:
        """[z1, z2] for the browser; None is the middle of the map."""
        middle = (self.lo + self.hi) / 2
        return self.parse(_floats([middle] * 2 if value is None else value)).tolist()

    def api_info(self) -> dict[str, Any]:
        """Two numbers."""
        return _numbers_schema(2)

    def example_payload(self) -> list[float]:
        """For the API page."""
        return [0.5, -0.5]

    example_value = example_payload


class LatentSliders(Live):
    """One slider for each latent dimension; double-click one, or press Reset, to bring it back to zero.

    The value is float32 (n,), clamped to [lo, hi], in the order of `labels`.

        sliders = LatentSliders(decode, labels=["z₃  4.1 nats", "z₇  2.0 nats"], screens=[("x", "decoded")])
        choice.change(lambda name: gr.update(labels=..., value=[0.0] * n, context={"model": name}), choice, sliders)

    Args:
        compute: answers a request; see the module.
        labels: a name for each slider.
        value: where they stand at first; None puts them at zero, or as near as [lo, hi] allows.
        lo: least value of all sliders.
        hi: greatest value of all sliders.
        step: smallest difference.
        sweep: gives each slider a button that sweeps it to and fro.
        context: what `compute` finds in request["context"].
        screens: (slot, caption) of each picture beside the sliders.
        numbers: (slot, caption) of each figure under them, filled by a reply's "text".
        label: says to screen readers, and above the sliders, what these are.
        layout: elem_id, scale, min_width, visible, render, key, as in Gradio.
    """

    kind = "LatentSliders"

    def __init__(
        self,
        compute: Compute,
        *,
        labels: Sequence[str],
        value: Sequence[float] | None = None,
        lo: float = -3.0,
        hi: float = 3.0,
        step: float = 0.01,
        sweep: bool = False,
        context: dict[str, Any] | None = None,
        screens: Sequence[tuple[str, str]] = (),
        numbers: Sequence[tuple[str, str]] = (),
        label: str = "Latent dimensions",
        **layout: Unpack[Layout],
    ) -> None:
        self.labels, self.lo, self.hi = list(labels), lo, hi
        super().__init__(
            compute,
            value=value,
            context=context,
            screens=screens,
            numbers=numbers,
            label=label,
            settings={"labels": self.labels, "lo": lo, "hi": hi, "step": step, "sweep": sweep},
            layout=layout,
        )

    def parse(self, value: Any) -> Array:
        """float32 (n,) in [lo, hi]."""
        return _vector(value, len(self.labels), self.lo, self.hi)

    def postprocess(self, value: Any) -> list[float]:
        """One number for each slider; None is zero."""
        n = len(self.labels)
        return self.parse(_floats([0.0] * n if value is None else value)).tolist()

    def api_info(self) -> dict[str, Any]:
        """As many numbers as there are sliders."""
        return _numbers_schema(len(self.labels))

    def example_payload(self) -> list[float]:
        """For the API page."""
        return [0.5] * len(self.labels)

    example_value = example_payload


class DrawPad(Live):
    """A sheet to draw on with mouse, finger or pen, and pictures to start from; live while drawing.

    The value is uint8 (side, side), 0 paper and 255 ink. While an example is chosen and not yet drawn over, the value
    is that example's own pixels, not a copy redrawn on the sheet, so a test digit is encoded exactly:

        def digit(ink):                     # float32 (28, 28) in [0, 1]
            return ink / np.float32(255) if ink.shape == (28, 28) else drawing.mnist_like(ink)

        sheet = DrawPad(reconstruct, examples=[("a 7", x_test[0]), ("a 2", x_test[1])], value=0,
                        screens=[("x", "what the encoder sees"), ("ae", "autoencoder")])

    In Python, and so in `gr.update(value=...)`, the value may be None (empty), the number of an example, or uint8
    (h, w), which is scaled to the sheet.

    Args:
        compute: answers a request; see the module.
        value: what is on the sheet at first.
        side: height and width in pixels of what Python gets. The visitor draws at a finer resolution.
        pen: width of the pen at first, as a fraction of the side.
        paper: "black" draws in white, as MNIST's digits are; "white" draws in black.
        examples: (caption, uint8 (h, w)) of each picture to start from; fixed after construction.
        context: what `compute` finds in request["context"].
        screens: (slot, caption) of each picture beside the sheet.
        numbers: (slot, caption) of each figure under them, filled by a reply's "text".
        label: says to screen readers, and above the sheet, what this is.
        layout: elem_id, scale, min_width, visible, render, key, as in Gradio.
    """

    kind = "DrawPad"

    def __init__(
        self,
        compute: Compute,
        *,
        value: Array | int | None = None,
        side: int = 112,
        pen: float = 0.08,
        paper: str = "black",
        examples: Sequence[tuple[str, Array]] = (),
        context: dict[str, Any] | None = None,
        screens: Sequence[tuple[str, str]] = (),
        numbers: Sequence[tuple[str, str]] = (),
        label: str = "Drawing",
        **layout: Unpack[Layout],
    ) -> None:
        self.side = side
        self._examples = [image for _, image in examples]
        super().__init__(
            compute,
            value=value,
            context=context,
            screens=screens,
            numbers=numbers,
            label=label,
            settings={
                "side": side,
                "pen": pen,
                "paper": paper,
                "examples": [(caption, picture(image)) for caption, image in examples],
            },
            layout=layout,
        )

    def parse(self, value: Any) -> Array:
        """uint8 (side, side), or a chosen example's own pixels."""
        if value is None:
            return from_runs("", self.side)
        if isinstance(value, str):
            return from_runs(value, self.side)
        if type(value) is int and 0 <= value < len(self._examples):
            return self._examples[value]
        raise BadRequest("There is no such example.")

    def postprocess(self, value: Any) -> str | int:
        """The number of an example, or the run-length code of a drawing (`drawing.to_runs`)."""
        if value is None:
            return ""
        if not isinstance(value, np.ndarray):
            return int(value)
        size = (self.side, self.side)
        return to_runs(np.asarray(Image.fromarray(value).resize(size, Image.Resampling.BILINEAR)))

    def api_info(self) -> dict[str, Any]:
        """The number of an example, or a run-length code."""
        text = f"number of an example, or drawing.to_runs of uint8 ({self.side}, {self.side})"
        return {"anyOf": [{"type": "integer"}, {"type": "string"}], "description": text}

    def example_payload(self) -> str | int:
        """For the API page."""
        return 0 if self._examples else ""

    example_value = example_payload


def _numbers_schema(n: int) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "number"}, "minItems": n, "maxItems": n}
