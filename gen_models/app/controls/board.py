"""The board of the GAN lab: one or two games that train while one looks, and all that acts on them.

`board.js` asks one server function. A question is one of

    {"do": "start", "data": name, "points": [[x, y], ...], "seed": int, "games": [...], ...}
    {"do": "frame", "steps": int, "hyper": [{name: value}, ...], ...}

with one or two games {"method": name, "hyper": {name: value}}, and in place of "..." the layers to show (`LAYERS` in
`board.js`) as "show", the step at which learning rates reach 0 as "fall", and who trains as "turns". The answer has for
each game where it stands and what to draw; to "start" also the field that they share. Points travel as int16 and D's
surface as bytes, in base64: a frame is about 6 kB.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import gradio as gr
import numpy as np
from starlette.responses import Response

from gen_models.app.controls.images import Array
from gen_models.app.controls.live import MOUNT, template
from gen_models.app.hosting import gradio_private
from gen_models.app.hosting.sentences import FAULT
from gen_models.errors import UserError
from gen_models.numerics.lab.sessions import Waiting

log = logging.getLogger(__name__)

HERE = Path(__file__).parent


class Board(gr.HTML):
    """The whole lab in the page.

    A visitor is a page: Gradio gives each a session hash, by which what they train is kept
    and, when it closes, freed.

    Args:
        compute: answers a question of a visitor, (session hash, question) to reply; what it needs is packed as below.
        settings: what board.js needs to know at first: methods, data, presets.
        visitors: how many may wait for an answer at the same time.
        label: says to screen readers what this is.
        elem_id: its own.
    """

    def __init__(
        self,
        compute: Callable[[str, Any], dict[str, Any]],
        settings: dict[str, Any],
        *,
        visitors: int,
        label: str,
        elem_id: str,
    ) -> None:
        self._compute = compute
        self._threads = anyio.CapacityLimiter(visitors)
        """Who waits for a turn does so here, and takes no thread from the rest of the app."""
        super().__init__(
            html_template=template("Board", {"label": label} | settings),
            css_template=(HERE / "board.css").read_text("utf-8"),
            js_on_load=(HERE / "board.js").read_text("utf-8") + MOUNT,
            apply_default_css=False,
            elem_id=elem_id,
        )

    def reply(self, visitor: str, question: Any) -> str:
        """The answer in JSON. Never raises; "ok" tells a reply from any other object, "again" is to ask once more."""
        try:
            return json.dumps({"ok": True} | self._compute(visitor, question), allow_nan=False)
        except UserError as error:
            again = isinstance(error, Waiting)
            return json.dumps({"ok": False, "error": str(error), "again": again})
        except Exception:
            log.exception("the lab failed")
        return json.dumps({"ok": False, "error": FAULT, "again": False})

    @gradio_private.server
    async def answer(self, question: Any, request: gr.Request) -> Response:
        """`reply` as the server function that board.js calls. Gradio hands over the web framework's request here."""
        body = await request.json()
        visitor = str(body["session_hash"])
        answer = await anyio.to_thread.run_sync(
            self.reply, visitor, question, limiter=self._threads
        )
        return Response(answer, media_type="application/json")


def packed_points(x: Array, half: float) -> str:
    """Points (n, 2) as int16 in base64, such that 32767 is twice `half`.

    The square that is shown reaches to `half`: a point that flew away is put outside of it, and not on its border.
    """
    near = np.clip(np.nan_to_num(x / np.float32(2 * half)), -1, 1)
    return base64.b64encode(np.round(near * 32767).astype("<i2").tobytes()).decode()


def packed_shades(p: Array) -> str:
    """Numbers from 0 to 1 as bytes, in base64."""
    return base64.b64encode(np.round(255 * p).astype(np.uint8).tobytes()).decode()


def packed_floats(x: Array) -> str:
    """float32, little-endian, in base64."""
    return base64.b64encode(np.ascontiguousarray(x, "<f4").tobytes()).decode()
