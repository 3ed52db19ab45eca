"""A sheet to paint on, pixel by pixel at the model's own size, and the pictures that follow the brush."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from gen_models.app import live
from gen_models.app.live import BadRequest
from gen_models.app.tabs.pix2pix import sheets
from gen_models.runtime import Array, Model

HERE = Path(__file__).parent


def paper(model: Model) -> dict[str, Any]:
    """Everything the browser needs to paint for one model, for the pad's `paper`."""
    sheet = sheets.sheet(model)
    return {
        "name": model.card.name,
        **asdict(sheet),
        "examples": [live.data_uri(drawing) for drawing in sheets.examples(model)],
    }


class PaintPad(live.Live):
    """A sheet to paint on with mouse, finger, pen or keys; live while painting.

    The value is uint8 (side, side, 3) (`sheets`). From the browser it comes as the number of an example that was not
    painted on, as a PNG in a data: URI, or as "" for an empty sheet; from Python as a number, as pixels, or as None.
    While something changes, the context's "all" is false; shortly after, it asks again with true. Its "model" is the
    name in `paper`, and its "seed" is drawn anew by a button.

    Args:
        compute: answers a request; see `live`.
        paper: what is painted on (`paper`); an update of it clears the sheet.
        value: what is on the sheet at first.
        context: what `compute` finds in request["context"].
        screens: (slot, caption) of each picture beside the sheet.
        numbers: (slot, caption) of each figure under them.
        label: says to screen readers, and above the sheet, what this is.
        layout: elem_id and so on, as in Gradio.
    """

    kind = "PaintPad"
    script = (HERE / "paint.js").read_text("utf-8")
    style = (HERE / "paint.css").read_text("utf-8")

    def __init__(
        self,
        compute: live.Compute,
        *,
        paper: dict[str, Any],
        value: Array | int | None = None,
        context: dict[str, Any] | None = None,
        screens: Sequence[tuple[str, str]] = (),
        numbers: Sequence[tuple[str, str]] = (),
        label: str = "Drawing",
        **layout: Unpack[live.Layout],
    ) -> None:
        self.paper = paper
        super().__init__(
            compute,
            value=value,
            context=context,
            screens=screens,
            numbers=numbers,
            label=label,
            settings={"paper": paper},
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
        return sheets.decoded(value, side)

    def postprocess(self, value: Any) -> str | int:
        """The number of an example, a PNG in a data: URI, or "" for an empty sheet."""
        if value is None:
            return ""
        return live.data_uri(value) if isinstance(value, np.ndarray) else int(value)

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
