"""There and back again: the round trip, its error, and how much noise on the translation it bears."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import numpy as np

from gen_models.app import charts, live, parts
from gen_models.app.parts import figure
from gen_models.app.tabs.cyclegan import common
from gen_models.app.tabs.cyclegan.common import Way
from gen_models.runtime import Array, Model

SIGMAS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3)
"""Noise at which the chart has a mark."""
MOST = SIGMAS[-1]
FAINT = 5
"""How much the faint detail of a translation is enlarged."""
FLOOR = 0.001
"""The chart's least error: a quarter of one step of an 8-bit pixel."""
COLOURS = {"picture": "#26868c", "test": "#b8651b", "clean": "#8a63b8"}
SLOTS = ("source", "translation", "noisy", "detail", "back", "error")


def with_noise(pictures: Array, sigma: float) -> Array:
    """Pictures (n, c, h, w) plus the same N(0, σ²) each time, within [0, 1].

    What is hidden in faint detail is lost in it; what is plain to see is not.
    """
    noise = np.random.default_rng(0).standard_normal(pictures.shape, np.float32)
    return (pictures + np.float32(sigma) * noise).clip(0, 1)


def faint_detail(pictures: Array) -> Array:
    """½ + FAINT times the difference from the mean of 5 x 5 pixels: (n, c, h, w), cut to [0, 1].

    Grey is where a picture is smooth. Strong edges are white and black; what one could not see before is in between.
    """
    wide = np.pad(pictures, ((0, 0), (0, 0), (2, 2), (2, 2)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(wide, (5, 5), axis=(2, 3))
    return (0.5 + FAINT * (pictures - windows.mean(axis=(-2, -1)))).clip(0, 1)


def sweep(model: Model, way: Way, x: Array) -> tuple[float, list[float]]:
    """The cycle error of x (1, c, h, w) without noise, and at each of SIGMAS."""
    there = common.translate(model, way.s, way.t, x)
    noisy = np.concatenate([with_noise(there, sigma) for sigma in (0, *SIGMAS)])
    back = common.translate(model, way.t, way.s, noisy)
    clean, *errors = (common.mean_error(one, x) for one in back)
    return clean, errors


def tested(model: Model, way: Way) -> dict[float, float]:
    """The cycle error of test pictures by σ of the noise, as far as the card has it."""
    found = {sigma: parts.metric(model, f"cycle error/{way.s}/noise {sigma:g}") for sigma in SIGMAS}
    return {sigma: error for sigma, error in found.items() if error is not None}


def strangers(model: Model, way: Way, x: Array) -> float | None:
    """The mean error of other test pictures in place of the round trip: nothing of x is left at this error."""
    errors = [
        common.mean_error(common.as_input(image), x) for image in common.examples(model, way.s)
    ]
    others = [error for error in errors if error > 0]
    return float(np.mean(others)) if others else None


def at(model: Model, way: Way, x: Array, sigma: float) -> live.Reply:
    """The whole way of x (1, c, h, w), with noise of σ on its translation."""
    there = common.translate(model, way.s, way.t, x)
    noisy = with_noise(there, sigma)
    clean, back = common.translate(model, way.t, way.s, np.concatenate([there, noisy]))[:, None]
    shown = {
        "source": x,
        "translation": there,
        "noisy": noisy,
        "detail": faint_detail(noisy),
        "back": back,
    }
    pictures = {slot: live.picture(common.as_bytes(picture)) for slot, picture in shown.items()}
    pictures["error"] = live.picture(common.error_map(back, x))
    noise = f"{way.hat} + σε" if sigma else way.hat
    names, others = common.domains(model), strangers(model, way, x)
    return {
        "pictures": pictures,
        "text": {
            "source": way.s + (f", {names[way.s]}" if names[way.s] != way.s else ""),
            "translation": f"{way.hat} = {way.there}",
            "noisy": noise,
            "detail": f"of {noise}",
            "back": way.back(noise),
            "error": f"|{way.back(noise)} − {way.s}|",
            "now": figure(common.mean_error(back, x), 3),
            "clean": figure(common.mean_error(clean, x), 3),
            "strangers": "–" if others is None else figure(others, 3),
        },
    }


def chart(model: Model, way: Way, x: Array) -> str:
    """Cycle error of x (1, c, h, w) by noise, beside that of test pictures: HTML."""
    clean, errors = sweep(model, way, x)
    measured = tested(model, way)
    ends = [SIGMAS[0], MOST]
    curves = [charts.Curve("no noise", ends, _percent([clean, clean]), COLOURS["clean"])]
    if measured:
        y = _percent(measured.values())
        curves.append(charts.Curve("test pictures", [*measured], y, COLOURS["test"], hollow=True))
    curves.append(charts.Curve("this picture", SIGMAS, _percent(errors), COLOURS["picture"]))
    seen = (
        f"Cycle error of this picture: {clean:.3f} without noise, {errors[0]:.3f} at a noise of {SIGMAS[0]:g}, "
        f"{errors[-1]:.3f} at {MOST:g}."
    )
    return charts.log_log(curves, f"noise σ on {way.hat}", "cycle error, % of the range", seen)


def _percent(errors: Iterable[float]) -> list[float]:
    """On a logarithmic axis nothing is 0."""
    return [100 * max(error, FLOOR) for error in errors]


def legend() -> str:
    """What the greys of an error map mean: HTML."""
    bar = (
        "display: inline-block; width: 8rem; height: 0.9rem; vertical-align: middle; margin: 0 0.5rem; "
        "border: 1px solid var(--border-color-primary); background: linear-gradient(to right, #000, #fff)"
    )
    words = f"{1 / common.GAIN:g} or more, mean over colours of pixels in [0, 1]"
    return (
        f'<p style="margin: 0; font-size: 0.9rem">Error map: 0<span role="img" aria-label="from black to white" '
        f'style="{bar}"></span>{escape(words)}</p>'
    )
