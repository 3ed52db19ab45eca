"""A map of two latent dimensions."""

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


class LatentPad(Live):
    """A map of two latent dimensions with a dot to drag; z1 runs to the right, z2 upwards.

    The value is float32 (2,), clamped to [lo, hi]. Arrow keys move by a hundredth of the range, with Shift by a tenth.
    Where p(z) = N(0, I), the map may be spaced by its quantiles: as far as z is from lo to hi, so much of N(0, 1) lies
    between lo and z (`latents.quantiles`). Values, keys and addresses are z all the same.

        pad = LatentPad(decode, lo=-3, hi=3, background=data_uri(grid(images, 20, gap=0)), screens=[("x", "decoded")])
        encode.click(lambda: gr.update(value=mu, ellipse=[*mu, *sigma]), None, pad)

    Args:
        compute: answers a request; see `live`.
        value: where the dot stands at first.
        lo: least value of both dimensions.
        hi: greatest value of both dimensions.
        background: what lies under the dot, from lo to hi: `data_uri(image)`, or "".
        quantiles: equal lengths are equal probabilities under N(0, 1), not equal differences of z.
        ellipse: a Gaussian to draw, [mean1, mean2, std1, std2] in latent units, as its one and two standard
            deviation contours; or None. A reply may hold it too.
        axes: names of the two dimensions.
        context: what `compute` finds in request["context"].
        screens: (slot, caption) of each image beside the map.
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
        quantiles: bool = False,
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
                "quantiles": quantiles,
            },
            layout=layout,
        )

    def parse(self, value: Any) -> Array:
        """float32 (2,) in [lo, hi]."""
        return checked_vector(value, 2, self.lo, self.hi)

    def postprocess(self, value: Any) -> list[float]:
        """[z1, z2] for the browser; None is the middle of the map."""
        middle = (self.lo + self.hi) / 2
        return self.parse(as_floats([middle] * 2 if value is None else value)).tolist()

    def api_info(self) -> dict[str, Any]:
        """Two numbers."""
        return vector_schema(2)

    def example_payload(self) -> list[float]:
        """For the API page."""
        return [0.5, -0.5]

    example_value = example_payload
