"""One slider for each latent dimension."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from gen_models.app.controls.live import (
    Array,
    Compute,
    Layout,
    Live,
    as_floats,
    checked_vector,
    vector_schema,
)


class LatentSliders(Live):
    """One slider for each latent dimension; double-click one, or press Reset, to bring it back to zero.

    The value is float32 (n,), clamped to [lo, hi], in the order of `labels`.

        sliders = LatentSliders(decode, labels=["z₃  4.1 nats", "z₇  2.0 nats"], screens=[("x", "decoded")])
        choice.change(lambda name: gr.update(labels=..., value=[0.0] * n, context={"model": name}), choice, sliders)

    Args:
        compute: answers a request; see `live`.
        labels: a name for each slider.
        value: where they stand at first; None puts them at zero, or as near as [lo, hi] allows.
        lo: least value of all sliders.
        hi: greatest value of all sliders.
        step: smallest difference.
        sweep: gives each slider a button that sweeps it to and fro.
        said: what stands beside a slider instead of its number, from its least value to its greatest, evenly spaced.
        context: what `compute` finds in request["context"].
        screens: (slot, caption) of each image beside the sliders.
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
        said: Sequence[str] = (),
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
            settings={
                "labels": self.labels,
                "lo": lo,
                "hi": hi,
                "step": step,
                "sweep": sweep,
                "said": list(said),
            },
            layout=layout,
        )

    def parse(self, value: Any) -> Array:
        """float32 (n,) in [lo, hi]."""
        return checked_vector(value, len(self.labels), self.lo, self.hi)

    def postprocess(self, value: Any) -> list[float]:
        """One number for each slider; None is zero."""
        n = len(self.labels)
        return self.parse(as_floats([0.0] * n if value is None else value)).tolist()

    def api_info(self) -> dict[str, Any]:
        """As many numbers as there are sliders."""
        return vector_schema(len(self.labels))

    def example_payload(self) -> list[float]:
        """For the API page."""
        return [0.5] * len(self.labels)

    example_value = example_payload
