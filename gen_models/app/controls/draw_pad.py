"""A canvas to draw digits on, by freehand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np
from PIL import Image

from gen_models.app.controls.drawing import from_runs, to_runs
from gen_models.app.controls.images import pixels
from gen_models.app.controls.live import Array, Compute, Layout, Live
from gen_models.errors import BadRequest


class DrawPad(Live):
    """A sheet to draw on with mouse, finger or pen, and images to start from; live while drawing.

    The value is uint8 (side, side), 0 paper and 255 ink. While an example is chosen and not yet drawn over, the value
    is that example's own pixels, not a copy redrawn on the sheet, so a test digit is encoded exactly:

        def digit(ink):                     # uint8 (28, 28)
            return ink if ink.shape == (28, 28) else drawing.mnist_like(ink)

        sheet = DrawPad(reconstruct, examples=[("a 7", x_test[0]), ("a 2", x_test[1])], value=0,
                        screens=[("x", "what the encoder sees"), ("ae", "autoencoder")])

    In Python, and so in `gr.update(value=...)`, the value may be None (empty), the number of an example, or uint8
    (h, w), which is scaled to the sheet.

    Args:
        compute: answers a request; see `live`.
        value: what is on the sheet at first.
        side: height and width in pixels of what Python gets. The visitor draws at a finer resolution.
        pen: width of the pen at first, as a fraction of the side.
        paper: "black" draws in white, as MNIST's digits are; "white" draws in black.
        examples: (caption, uint8 (h, w)) of each image to start from; fixed after construction.
        context: what `compute` finds in request["context"].
        screens: (slot, caption) of each image beside the sheet.
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
                "examples": [(caption, pixels(image)) for caption, image in examples],
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
