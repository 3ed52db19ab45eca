"""A GAN has no encoder: the z of a image has to be searched for, where a VAE answers at once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.gan import common
from gen_models.app.checks import checked_integer, user_facing
from gen_models.app.shell import address, charts, layout
from gen_models.app.shell.parts import (
    big_numbers,
    endpoint,
    format_number,
    get_model,
    model_choice,
)
from gen_models.errors import BadRequest
from gen_models.numerics import inversion
from gen_models.runtime import Array, Model, from_uint8, to_uint8

THUMBNAILS = 12
OWN_SEED = 7
"""Of the samples offered as images that G can make."""
COLOURS = {"G": "#26868c", "start": "#8a63c9", "VAE": "#b8651b"}
REAL, OWN = "a real image", "a sample of G itself"


@dataclass(frozen=True)
class Answer:
    """What a VAE makes of a image."""

    name: str
    """Its title, without what sets it apart from others of its data."""
    image: Array
    """The mean of p(x|z) at the mean of q(z|x), at the generator's size: float32 (c, h, w)."""
    error: float
    """Its squared error there."""
    seconds: float


def resized(x: Array, side: int) -> Array:
    """Images (n, c, h, w) in [0, 1] at another size, bicubic as the training data were: (n, c, side, side)."""
    if x.shape[-1] == side:
        return x
    planes = x.reshape(-1, *x.shape[2:]).astype(np.float32)
    small = [
        np.asarray(Image.fromarray(plane).resize((side, side), Image.Resampling.BICUBIC))
        for plane in planes
    ]
    return np.clip(np.stack(small), 0, 1).reshape(*x.shape[:2], side, side)


def example_images(model: Model, models: Models) -> tuple[Array, str]:
    """Images to find z for, (n, c, h, w) in the generator's range, and what they are.

    Images from the test split, from the generator or a VAE of its data; else training images from the bank.
    """
    low, high = model.output("generator", "x").range or (0, 1)
    vae, search = common.vae_of(model, models), common.search_for(model, models)
    for source in (vae, model):
        if source is None:
            continue
        images = source.examples()[:THUMBNAILS]
        if len(images) and images.shape[-1] == common.shape_of(model)[0]:
            x = resized(from_uint8(images), common.shape_of(model)[-1])
            return low + (high - low) * x, "test image"
    if search is None:
        return np.zeros((0, *common.shape_of(model)), np.float32), "image"
    bank = search.bank
    some = np.linspace(0, len(bank) - 1, THUMBNAILS).astype(int)
    return common.as_floats(model, bank[some]), "training image"


def own_images(model: Model) -> Array:
    """Samples of G, as images to find again: (n, c, h, w)."""
    return common.generate(model, common.draw(model, OWN_SEED, THUMBNAILS))


def search(model: Model, x: Array, iterations: int = inversion.ITERATIONS) -> inversion.Trace:
    """The z whose image is nearest to x (c, h, w)."""
    return inversion.invert(
        lambda z: common.generate(model, z), x, common.latent_dim(model), iterations=iterations
    )


def ask(vae: Model, model: Model, x: Array) -> Answer:
    """What the VAE makes of x (c, h, w), a image of the generator `model`, in one pass."""
    low, high = model.output("generator", "x").range or (0, 1)
    at, to = (
        port.range or (0, 1) for port in (vae.input("encoder", "x"), vae.output("decoder", "x"))
    )
    side = int(vae.input("encoder", "x").shape[-1])
    small = resized((x[None] - low) / (high - low), side)
    vae(
        "decoder", z=vae("encoder", x=np.zeros_like(small))["mu"]
    )  # opens the files: not what is timed
    began = time.perf_counter()
    mu = vae("encoder", x=at[0] + (at[1] - at[0]) * small)["mu"]
    seconds = time.perf_counter() - began
    y = (vae("decoder", z=mu)["x"] - to[0]) / (to[1] - to[0])
    back = low + (high - low) * resized(y, x.shape[-1])[0]
    return Answer(vae.card.title.partition(":")[0], back, float(np.square(back - x).sum()), seconds)


def shown(model: Model, x: Array, trace: inversion.Trace | None, answer: Answer | None) -> str:
    """The image, what the search found in the end, and what the VAE answers: HTML."""
    parts = [(x, "the image")]
    if trace is not None:
        parts.append(
            (trace.images[-1], f"G at the z found: squared error {format_number(trace.errors[-1])}")
        )
    if answer is not None:
        words = f"{answer.name}, one pass: squared error {format_number(answer.error)}"
        parts.append((answer.image, words))
    return _figures(model, parts, "flex: 0 1 min(11rem, 30%)")


def on_the_way(model: Model, trace: inversion.Trace) -> str:
    """The match after each iteration: HTML."""
    names = [f"best of {trace.passes[0]}", *(f"{i}" for i in range(1, len(trace.errors)))]
    return _figures(model, list(zip(trace.images, names, strict=True)), "flex: 0 1 4.2rem")


def chart(trace: inversion.Trace, answer: Answer | None) -> str:
    """Squared error after each iteration, beside its start and the VAE's: SVG."""
    n = len(trace.errors) - 1
    if not n:
        return ""
    ends = [1, n] if n > 1 else [1]

    def flat(name: str, error: float, colour: str) -> charts.Curve:
        return charts.Curve(name, ends, [max(error, 0.01)] * len(ends), colour)

    curves = [
        flat(f"best of {trace.passes[0]}", trace.errors[0], COLOURS["start"]),
        *([flat("VAE, one pass", answer.error, COLOURS["VAE"])] if answer is not None else []),
        charts.Curve(
            "search", range(1, n + 1), [max(e, 0.01) for e in trace.errors[1:]], COLOURS["G"]
        ),
    ]
    seen = f"Squared error falls from {trace.errors[0]:.1f} to {trace.errors[-1]:.1f} in {n} iterations."
    return charts.log_log(curves, "iteration", "squared error", seen)


def numbers(trace: inversion.Trace, answer: Answer | None) -> str:
    """What the search cost, and what the VAE's answer did: HTML."""
    pairs = [
        (f"{trace.seconds:.1f} s", "search for z"),
        (f"{trace.passes[-1]:,}", "forward passes of G"),
        (
            format_number(trace.errors[-1]),
            f"squared error, from {format_number(trace.errors[0])} at the start",
        ),
    ]
    if answer is not None:
        pairs.append((f"{1000 * answer.seconds:.1f} ms", f"one pass of the encoder: {answer.name}"))
    return big_numbers(pairs)


def offered(models: Models, model: Model, kind: Any) -> tuple[Array, str]:
    """Images to find z for, (n, c, h, w), and what one is called."""
    if kind not in (REAL, OWN):
        raise BadRequest(f"Find z for {REAL}, or for {OWN}.")
    return (own_images(model), "sample of G") if kind == OWN else example_images(model, models)


def find_z(
    models: Models, model: Model, kind: Any, number: Any
) -> tuple[Array, inversion.Trace, Answer | None]:
    """One of the offered images (c, h, w), the search for its z, and what a VAE answers if there is one."""
    x, what = offered(models, model, kind)
    if not len(x):
        raise BadRequest("There are no example images for this model: try a sample of G itself.")
    i = checked_integer(number, 0, len(x) - 1, f"The number of a {what}")
    vae = common.vae_of(model, models)
    return x[i], search(model, x[i]), None if vae is None else ask(vae, model, x[i])


def build(models: Models) -> None:
    """Lay out the images, the search and its answer; it runs when the experiment is shown."""
    made = common.generators(models)
    if common.are_missing(made):
        return
    first = common.default(made)
    x, _ = offered(models, first, REAL)
    start = REAL if len(x) else OWN
    x = x if len(x) else own_images(first)
    with layout.controls(long=True):
        choice = address.named("model", model_choice(made, first))
        kind = address.named("for", gr.Radio([REAL, OWN], value=start, label="Find z for"))
        chooser = controls.strip(
            common.as_bytes(first, x),
            [0],
            most=1,
            fewest=1,
            label="Images",
            elem_id="gan-invert-strip",
            address="image",
        )
        curve = gr.HTML(elem_id="gan-invert-chart")
    with layout.results():
        result = gr.HTML(
            shown(first, x[0], None, None), elem_id="gan-invert", apply_default_css=False
        )
        big = gr.HTML(elem_id="gan-invert-numbers")
        steps = gr.HTML(apply_default_css=False, elem_id="gan-invert-steps")
    opened = layout.when_shown()

    def answered(name: Any, kind: Any, number: Any) -> tuple[str, str, str, str]:
        model = get_model(made, name)
        x, trace, answer = find_z(models, model, kind, number)
        return (
            shown(model, x, trace, answer),
            numbers(trace, answer),
            on_the_way(model, trace),
            chart(trace, answer),
        )

    @user_facing
    def find(name: str, kind: str, sample: Any) -> tuple[str, str, str, str]:
        """Search z for the chosen image: the match, what it cost, the way there and its squared error."""
        (number,) = common.checked_numbers(sample, 1, 1, "The search")
        return answered(name, kind, number)

    @user_facing
    def change(name: str, kind: str) -> tuple[Any, ...]:
        """The images of a model, and z for the first of them."""
        model = get_model(made, name)
        x, _ = offered(models, model, kind)
        new = gr.update(images=controls.data_uris(common.as_bytes(model, x)), value=[0])
        return new, *answered(name, kind, 0)

    outputs = [result, big, steps, curve]
    gr.on(
        [choice.change, kind.change],
        change,
        [choice, kind],
        [chooser, *outputs],
        api_name="gan_invert_pictures",
        show_progress_on=result,
    )
    gr.on(
        [opened.input, chooser.release],
        find,
        [choice, kind, chooser],
        outputs,
        api_name="gan_find",
        trigger_mode="always_last",
        show_progress_on=result,
    )


def offer(models: Models) -> None:
    """The search over HTTP."""
    made = common.generators(models)

    def gan_invert(model: str, picture: int, own: bool) -> dict[str, Any]:
        """The z of an example picture, or of a sample of G itself if `own`: errors and passes by iteration, a PNG."""
        if not isinstance(own, bool):
            raise BadRequest("own must be true or false.")
        chosen = get_model(made, model)
        _, trace, answer = find_z(models, chosen, OWN if own else REAL, picture)
        return {
            "z": trace.z[-1].tolist(),
            "squared error": trace.errors,
            "forward passes": trace.passes,
            "seconds": trace.seconds,
            "squared error of the VAE": None if answer is None else answer.error,
            "picture": controls.data_uri(common.as_bytes(chosen, trace.images[-1][None])[0]),
        }

    endpoint(gan_invert, "gan_invert")


def _figures(model: Model, parts: Sequence[tuple[Array, str]], size: str) -> str:
    low_high = model.output("generator", "x").range or (0, 1)
    look = 'class="ll-pixels" style="display: block; width: 100%; margin: 0; border-radius: 4px"'
    each = (
        f'<figure class="ll-screen" style="{size}"><img alt="" {look} '
        f'src="{controls.data_uri(to_uint8(x[None], low_high)[0])}">'
        f"<figcaption>{escape(words)}</figcaption></figure>"
        for x, words in parts
    )
    return f'<div class="ll-live"><div class="ll-screens">{"".join(each)}</div></div>'


EXPERIMENT = Experiment(
    id="encoder",
    title="No encoder",
    idea="An encoder would say which $z$ made an image. A GAN has none, so $z$ is searched for, from the best of 256 "
    "random ones; a VAE answers in one pass.",
    equation=r"\min_z\; \lVert x - G(z) \rVert^2 + \lambda\, \lVert z \rVert^2",
    lecture="§3.1, §7",
    notice="Find $z$ for a sample of $G$ itself: there is one, and the error falls near 0. For a real image it stays "
    "larger, since $G$ may have no $z$ for it.",
    control="#gan-invert-strip .ll-examples",
    result="#gan-invert img",
    number="#gan-invert-numbers .ll-number",
    elsewhere="image=3",
    build=build,
)
