"""A canvas to paint on, pixel by pixel at the model's own size, and the images that follow the brush."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from gen_models.app.controls.drawing import from_png
from gen_models.app.controls.images import Array, data_uri
from gen_models.app.controls.live import Compute, Layout, Live
from gen_models.errors import BadRequest

HERE = Path(__file__).parent


class PaintPad(Live):
    """A canvas to paint on with mouse, finger, pen or keys; live while painting.

    A paper has a "name", a "kind" ("labels", "lines", "terrain" or "colours"), a "side" in pixels, a "blank" colour,
    "inks" ({"name", "colour", "does"}), the number of the "first" ink, "examples", PNGs in data: URIs, and the number
    of the "example" that an update of the paper puts on the canvas.

    The value is uint8 (side, side, 3), in the colours of the inks. From the browser it comes as the number of an
    example that was not painted on, as a PNG in a data: URI, or as "" for an empty canvas; from Python as a number, as
    pixels, or as None.

    While something changes, the context's "all" is false; shortly after, it asks again with true, and until that is
    answered the class ll-painting says that not all of what is shown belongs to the drawing. The context's "model" is
    the name in `paper`, and its "seed" is drawn anew by a button.

    Args:
        compute: answers a request; see `live`.
        paper: what is painted on; an update of it begins a new canvas.
        value: what is on the canvas at first.
        context: what `compute` finds in request["context"].
        screens: (slot, caption) of each image beside the canvas.
        numbers: (slot, caption) of each number under them.
        seed_address: the name of the seed in the address of the experiment, as `address` is that of an example; a
            drawing is not in it.
        label: says to screen readers, and above the canvas, what this is.
        layout: elem_id and so on, as in Gradio.
    """

    kind = "PaintPad"
    script = (HERE / "paint_pad.js").read_text("utf-8")
    style = (HERE / "paint_pad.css").read_text("utf-8")

    def __init__(
        self,
        compute: Compute,
        *,
        paper: dict[str, Any],
        value: Array | int | None = None,
        context: dict[str, Any] | None = None,
        screens: Sequence[tuple[str, str]] = (),
        numbers: Sequence[tuple[str, str]] = (),
        seed_address: str = "",
        label: str = "Drawing",
        **layout: Unpack[Layout],
    ) -> None:
        self.paper = paper
        super().__init__(
            compute,
            value=value,
            context=context,
            screens=screens,
            numbers=numbers,
            label=label,
            settings={"paper": paper, "seedAddress": seed_address},
            layout=layout,
        )

    def parse(self, value: Any) -> Array:
        """uint8 (side, side, 3)."""
        side, examples = self.paper["side"], self.paper["examples"]
        if value is None or value == "":
            return np.full((side, side, 3), self.paper["blank"], np.uint8)
        if type(value) is int:
            if not 0 <= value < len(examples):
                raise BadRequest("There is no such example.")
            value = examples[value]
        return from_png(value, side)

    def postprocess(self, value: Any) -> str | int:
        """The number of an example, a PNG in a data: URI, or "" for an empty canvas."""
        if value is None:
            return ""
        return data_uri(value) if isinstance(value, np.ndarray) else int(value)

    def api_info(self) -> dict[str, Any]:
        """The number of an example, or a PNG."""
        text = (
            f"number of an example, or a PNG of {self.paper['side']} pixels square in a data: URI"
        )
        return {"anyOf": [{"type": "integer"}, {"type": "string"}], "description": text}

    def example_payload(self) -> str | int:
        """For the API page."""
        return 0 if self.paper["examples"] else ""

    example_value = example_payload
