"""There and back again: the round trip, its error, and how much noise on the translation it bears."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.cyclegan import common
from gen_models.app.chapters.cyclegan.common import Way
from gen_models.app.checks import user_facing
from gen_models.app.shell import charts, layout, parts
from gen_models.app.shell.parts import format_number
from gen_models.families import MetricId
from gen_models.runtime import Array, Model

SIGMAS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3)
"""Noise at which the chart has a mark."""
MAX_SIGMA = SIGMAS[-1]
FAINT = 5
"""How much the faint detail of a translation is enlarged."""
FLOOR = 0.001
"""The chart's least error: a quarter of one step of an 8-bit pixel."""
LOST = 0.9
"""From this part of the error of other images on, nothing of an image has come back."""
COLOURS = {"image": "#26868c", "test": "#b8651b", "clean": "#8a63b8"}
SLIDER, RESULTS = "cyclegan-cycle", "cyclegan-cycle-results"
SCREENS = (
    ("source", "original"),
    ("noisy", "translation, with noise"),
    ("back", "round trip"),
    ("translation", "translation"),
    ("detail", f"faint detail, {FAINT} times"),
    ("error", f"error map, white from {1 / common.GAIN:g}"),
)


def with_noise(images: Array, sigma: float) -> Array:
    """Pictures (n, c, h, w) plus the same N(0, σ²) each time, within [0, 1].

    What is hidden in faint detail is lost in it; what is plain to see is not.
    """
    noise = np.random.default_rng(0).standard_normal(images.shape, np.float32)
    return (images + np.float32(sigma) * noise).clip(0, 1)


def faint_detail(images: Array) -> Array:
    """½ + FAINT times the difference from the mean of 5 x 5 pixels: (n, c, h, w), cut to [0, 1].

    Grey is where an image is smooth. Strong edges are white and black; what one could not see before is in between.
    """
    wide = np.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(wide, (5, 5), axis=(2, 3))
    return (0.5 + FAINT * (images - windows.mean(axis=(-2, -1)))).clip(0, 1)


def sweep(model: Model, way: Way, x: Array) -> tuple[float, list[float]]:
    """The cycle error of x (1, c, h, w) without noise, and at each of SIGMAS."""
    there = common.translate(model, way.s, way.t, x)
    noisy = np.concatenate([with_noise(there, sigma) for sigma in (0, *SIGMAS)])
    back = common.translate(model, way.t, way.s, noisy)
    clean, *errors = (common.mean_error(one, x) for one in back)
    return clean, errors


def tested(model: Model, way: Way) -> dict[float, float]:
    """The cycle error of test images by σ of the noise, as far as the card has it."""
    found = {sigma: parts.metric(model, MetricId.CYCLE_ERROR, way.s, sigma) for sigma in SIGMAS}
    return {sigma: error for sigma, error in found.items() if error is not None}


def strangers(model: Model, way: Way, x: Array) -> float | None:
    """The mean error of other test images in place of the round trip: nothing of x is left at this error."""
    errors = [
        common.mean_error(common.as_input(image), x) for image in common.examples(model, way.s)
    ]
    others = [error for error in errors if error > 0]
    return float(np.mean(others)) if others else None


def at(model: Model, way: Way, x: Array, sigma: float) -> controls.Reply:
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
    images = {slot: controls.pixels(common.as_bytes(image)) for slot, image in shown.items()}
    images["error"] = controls.pixels(common.error_map(back, x))
    noise = f"{way.hat} + σε" if sigma else way.hat
    names, others, error = (
        common.domains(model),
        strangers(model, way, x),
        common.mean_error(back, x),
    )
    is_lost = others is not None and error > LOST * others
    return {
        "images": images,
        "text": {
            "source": way.s + (f", {names[way.s]}" if names[way.s] != way.s else ""),
            "noisy": noise,
            "back": way.tilde,
            "translation": way.hat + (f", {names[way.t]}" if names[way.t] != way.t else ""),
            "detail": f"of {noise}",
            "error": f"|{way.tilde} − {way.s}|"
            + is_lost * f": it knows no more of {way.s} than of any other image",
            "now": format_number(error, 3),
            "clean": format_number(common.mean_error(clean, x), 3),
            "strangers": "–" if others is None else format_number(others, 3),
        },
    }


def chart(model: Model, way: Way, x: Array) -> str:
    """Cycle error of x (1, c, h, w) by noise, beside that of test images: HTML."""
    clean, errors = sweep(model, way, x)
    measured = tested(model, way)
    ends = [SIGMAS[0], MAX_SIGMA]
    curves = [charts.Curve("no noise", ends, _percent([clean, clean]), COLOURS["clean"])]
    if measured:
        y = _percent(measured.values())
        curves.append(charts.Curve("test images", [*measured], y, COLOURS["test"], hollow=True))
    curves.append(charts.Curve("this image", SIGMAS, _percent(errors), COLOURS["image"]))
    seen = (
        f"Cycle error of this image: {clean:.3f} without noise, {errors[0]:.3f} at a noise of {SIGMAS[0]:g}, "
        f"{errors[-1]:.3f} at {MAX_SIGMA:g}."
    )
    return charts.log_log(curves, f"noise σ on {way.hat}", "cycle error, % of the range", seen)


def _percent(errors: Iterable[float]) -> list[float]:
    """On a logarithmic axis nothing is 0."""
    return [100 * max(error, FLOOR) for error in errors]


def context_of(model: Model, way: Way, image: int | str) -> dict[str, Any]:
    """What the slider remembers."""
    return {"model": model.card.name, "way": way.key, "image": image}


def build(models: Models) -> None:
    """Lay out the choice of an image and the noise, beside its round trip; below, the chart of noise."""
    uploads, first, way = common.Uploads(), common.usual(models), common.WAYS["xy"]

    def answer(request: controls.Request) -> controls.Reply:
        c = request["context"]
        model, way = parts.get_model(models, c.get("model")), common.way_of(c.get("way"))
        x = common.image_of(model, way, c.get("image"), uploads)
        return at(model, way, x, float(request["value"][0]))

    with layout.controls(long=True):
        slider = controls.LatentSliders(
            answer,
            labels=["σ"],
            lo=0,
            hi=MAX_SIGMA,
            step=0.005,
            sweep=True,
            context=context_of(first, way, common.first_image(first, way)),
            screens=SCREENS,
            numbers=[
                ("now", "cycle error with this noise"),
                ("clean", "cycle error without noise"),
                ("strangers", "error of another test image instead, mean"),
            ],
            label="Noise before the way back",
            elem_id=SLIDER,
            results=RESULTS,
            address="sigma",
        )
        source = common.Source(models, "cyclegan-cycle-images", uploads)
    with layout.results():
        layout.outlet(RESULTS)
    with layout.wide():
        gr.Markdown("## How much noise the way back bears")
        drawing = gr.HTML(elem_id="cyclegan-chart", padding=False)
    shown = layout.when_shown()

    def take(model: Model, way: Way, image: int | str) -> list[Any]:
        return [gr.update(context=context_of(model, way, image))]

    source.then(take, [slider], "cyclegan")

    @user_facing
    def draw(name: str, key: str, image: int | str) -> str:
        """The chart of an image."""
        model, way, x = source.chosen(name, key, image)
        return "" if x is None else chart(model, way, x)

    gr.on(
        [*source.changes, shown.input],
        draw,
        source.inputs,
        drawing,
        api_visibility="private",
        show_progress="minimal",
        trigger_mode="always_last",
    )


EXPERIMENT = Experiment(
    id="cycle",
    title="Round trip",
    idea="Without pairs, nobody can say what $\\hat{y}$ should have been. But $x$ must come back from it: whatever "
    "$G_{yx}$ needs for that has to be in $\\hat{y}$.",
    equation=r"\begin{aligned} \hat{y} &= G_{xy}(x), \quad \tilde{x} = G_{yx}(\hat{y} + \sigma \varepsilon) \\"
    r" L_{\text{cycle}} &= \mathbb{E}\,\big|\, G_{yx}(G_{xy}(x)) - x \,\big| \end{aligned}",
    lecture="§4.2",
    notice="Noise shows what the way back reads. With the coast, $\\sigma = 0.05$ is plain to see and the cycle error "
    "stays: it reads shapes that you see as well. Choose the image after it, the desert: its map is nearly of one "
    "colour, what little differs is lost in the noise, and the error grows by half.",
    control=f"#{SLIDER} .ll-slider",
    result=f"#{RESULTS} canvas[data-slot=back]",
    number=f"#{RESULTS} .ll-number",
    elsewhere="model=cyclegan-heads-toons&way=yx&image=3&sigma=0.05",
    build=build,
)
