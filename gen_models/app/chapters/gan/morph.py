"""Between two to four samples: on the sphere where z ~ N(0, I) lies, and on straight lines, which leave it."""

from __future__ import annotations

import base64
from typing import Any

import gradio as gr
import numpy as np
from gradio import processing_utils

from gen_models.app import controls, film
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.gan import common
from gen_models.app.checks import checked_integer, checked_seed, user_facing
from gen_models.app.shell import address, layout
from gen_models.app.shell.parts import endpoint, format_number, get_model, model_choice
from gen_models.numerics import latents
from gen_models.runtime import Array, Model

MIN_SAMPLES, MAX_SAMPLES = 2, 4
FRAMES_PER_LEG = 24
STOPS = 6
"""Random z that a walk goes through."""
START = (0, 1, 2, 3)
PAD, STRIP, RESULTS = "gan-morph", "gan-morph-strip", "gan-morph-results"
CORNERS = {
    2: "1 at the left, 2 at the right",
    3: "1 and 2 above, 3 below",
    4: "1 and 2 above, 3 and 4 below",
}


def corners(stops: Array) -> Array:
    """z at the upper left, upper right, lower left and lower right, for two to four samples (n, k): (4, k)."""
    order = {2: [0, 1, 0, 1], 3: [0, 1, 2, 2], 4: [0, 1, 2, 3]}[len(stops)]
    return stops[order]


def on_sphere(stops: Array, u: float, v: float) -> Array:
    """z at u to the right and v upwards, each in [0, 1], on great circles, lengths in between: (k,)."""
    a, b, c, d = corners(stops)
    above, below = latents.slerp(a, b, np.array([u]))[0], latents.slerp(c, d, np.array([u]))[0]
    return latents.slerp(below, above, np.array([v]))[0]


def on_line(stops: Array, u: float, v: float) -> Array:
    """The same on straight lines, the bilinear mean: (k,)."""
    a, b, c, d = corners(stops)
    return v * ((1 - u) * a + u * b) + (1 - v) * ((1 - u) * c + u * d)


def at(model: Model, stops: Array, u: float, v: float) -> controls.Reply:
    """Both ways to mix at one place, and the length of z on each."""
    z = np.stack([on_sphere(stops, u, v), on_line(stops, u, v)])
    sphere, line = common.images(model, z)
    lengths = [format_number(float(np.linalg.norm(each)), 2) for each in z]
    return {
        "images": {"sphere": controls.pixels(sphere), "line": controls.pixels(line)},
        "text": {"long": lengths[0], "short": lengths[1]},
    }


def background(model: Model, stops: Array) -> Array:
    """What lies under the dot, each image in the middle of its own cell: bytes (H, W, c)."""
    n = int(np.clip(400 // common.shape_of(model)[-1], 3, 9))
    places = (np.arange(n) + 0.5) / n
    z = np.stack([on_sphere(stops, u, v) for v in places[::-1] for u in places])
    return controls.grid(common.images(model, z), n, gap=0)


def loop(stops: Array, per_leg: int = FRAMES_PER_LEG) -> Array:
    """Points on the sphere through stops (n, k) and back to the first, `per_leg` to each next one: (n per_leg, k)."""
    t = np.linspace(0, 1, per_leg, endpoint=False)
    legs = zip(stops, np.roll(stops, -1, axis=0), strict=True)
    return np.concatenate([latents.slerp(a, b, t) for a, b in legs])


def movie(model: Model, stops: Array) -> bytes:
    """The loop through the stops as a GIF."""
    z = loop(stops)
    parts = [common.images(model, part) for part in np.array_split(z, -(-len(z) // 32))]
    return film.gif(np.concatenate(parts))


def stops_of(made: Models, name: Any, seed: Any, numbers: Any) -> tuple[Model, Array]:
    """A model, and z of the chosen samples of a seed: (n, k)."""
    model = get_model(made, name)
    chosen = common.checked_numbers(numbers, MIN_SAMPLES, MAX_SAMPLES, "A morph")
    return model, common.draw(model, checked_seed(seed), common.STRIP)[chosen]


def square(model: Model, seed: int, numbers: list[int], stops: Array) -> dict[str, Any]:
    """Settings of the pad for these samples."""
    return {
        "background": controls.data_uri(background(model, stops)),
        "label": _label(model, len(stops)),
        "context": {"model": model.card.name, "seed": seed, "samples": numbers},
    }


def build(models: Models) -> None:
    """Lay out the strip of samples, the square between them, and the films."""
    made = common.generators(models)
    if common.are_missing(made):
        return
    first = common.default(made)

    def mix(request: controls.Request) -> controls.Reply:
        context = request["context"]
        stops = stops_of(made, context.get("model"), context.get("seed"), context.get("samples"))
        u, v = request["value"]
        return at(*stops, float(u), float(v))

    start = common.draw(first, 0, common.STRIP)
    with layout.controls():
        choice = address.named("model", model_choice(made, first))
        seed = common.seed_field()
        chooser = controls.strip(
            common.images(first, start),
            START,
            most=MAX_SAMPLES,
            fewest=MIN_SAMPLES,
            label="Choose two to four samples",
            elem_id=STRIP,
            address="samples",
        )
        with gr.Row():
            mine = gr.Button("GIF of these", size="md", min_width=120)
            walk = gr.Button("GIF of a walk", size="md", min_width=120)
        gif = gr.Image(
            label="Film",
            show_label=False,
            interactive=False,
            buttons=["download"],
            type="filepath",
            visible=False,
            width=256,
            elem_id="gan-gif",
        )
    with layout.results(), gr.Row(elem_classes="ll-beside"):
        pad = controls.LatentPad(
            mix,
            value=(0.5, 0.5),
            lo=0,
            hi=1,
            axes=("across", "up"),
            **square(first, 0, list(START), start[list(START)]),
            screens=[("sphere", "on the sphere"), ("line", "on the straight line")],
            numbers=[("long", "|z| on the sphere"), ("short", "|z| on the straight line")],
            elem_id=PAD,
            results=RESULTS,
            address="at",
        )
        layout.outlet(RESULTS)

    @user_facing
    def change(name: str, seed: float, numbers: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The strip and the square of a model by seed."""
        model, stops = stops_of(made, name, seed, numbers)
        number = checked_seed(seed)
        images = common.images(model, common.draw(model, number, common.STRIP))
        new = square(model, number, list(numbers), stops)
        return gr.update(images=controls.data_uris(images)), gr.update(**new)

    @user_facing
    def pick(name: str, seed: float, numbers: Any) -> dict[str, Any]:
        """The square between the samples of these numbers."""
        model, stops = stops_of(made, name, seed, numbers)
        return gr.update(**square(model, checked_seed(seed), list(numbers), stops))

    @user_facing
    def record(name: str, seed: float, numbers: Any) -> dict[str, Any]:
        """A film through the chosen samples, as a GIF."""
        return saved(*stops_of(made, name, seed, numbers))

    @user_facing
    def wander(name: str) -> dict[str, Any]:
        """A film through six random z, as a GIF; another one each time."""
        model = get_model(made, name)
        new = int(np.random.default_rng().integers(2**31))
        return saved(model, common.draw(model, new, STOPS))

    def saved(model: Model, stops: Array) -> dict[str, Any]:
        data = movie(model, stops)
        file = processing_utils.save_bytes_to_cache(data, "walk.gif", gif.GRADIO_CACHE)
        return gr.update(value=file, visible=True)

    inputs = [choice, seed, chooser]
    quiet: dict[str, Any] = {"show_progress": "hidden"}
    gr.on(
        [choice.change, seed.change], change, inputs, [chooser, pad], api_name="gan_strip", **quiet
    )
    # A choice made while the last one is worked on counts too.
    chooser.release(pick, inputs, pad, api_name="gan_square", trigger_mode="always_last", **quiet)
    for button, film_of, of, name in (
        (mine, record, inputs, "gan_gif"),
        (walk, wander, [choice], "gan_wander"),
    ):
        button.click(
            lambda: gr.update(visible=True),
            None,
            gif,
            queue=False,
            api_visibility="private",
            **quiet,
        )  # the place of the film, which shows that one is being made
        button.click(film_of, of, gif, api_name=name)


def offer(models: Models) -> None:
    """Films over HTTP."""
    made = common.generators(models)

    def gan_morph(model: str, seed: int, samples: list[int]) -> str:
        """A loop through two to four of the twelve samples of a seed, as an animated GIF in a data: URI."""
        return _uri(movie(*stops_of(made, model, seed, samples)))

    def gan_walk(model: str, seed: int, stops: int) -> str:
        """A loop through 2 to 8 random z by seed, as an animated GIF in a data: URI."""
        chosen, n = get_model(made, model), checked_integer(stops, 2, 8, "The number of stops")
        return _uri(movie(chosen, common.draw(chosen, checked_seed(seed), n)))

    endpoint(gan_morph, "gan_morph")
    endpoint(gan_walk, "gan_walk")


def _label(model: Model, n: int) -> str:
    k = common.latent_dim(model)
    return f"Between the samples: {CORNERS[n]} (√k = {format_number(k**0.5, 2)})"


def _uri(gif: bytes) -> str:
    return "data:image/gif;base64," + base64.b64encode(gif).decode()


EXPERIMENT = Experiment(
    id="morph",
    title="Morph",
    idea="Between two samples lie others, if the way stays where $z$ is likely: in $k$ dimensions nearly every "
    "$z \\sim \\mathcal{N}(0, I)$ has a length near $\\sqrt{k}$.",
    equation=r"z_t = \frac{\sin((1 - t)\,\omega)}{\sin \omega}\, z_0 + \frac{\sin(t\,\omega)}{\sin \omega}\, z_1, "
    r"\quad \cos \omega = \frac{z_0^\top z_1}{|z_0||z_1|}",
    lecture="§3.1, §3.7",
    notice="Drag the dot to the middle. On the sphere $z$ keeps its length; the straight line takes a short cut "
    "inside, where $|z|$ is too small, and its image is blander.",
    control=f"#{PAD} .ll-pad",
    result=f"#{RESULTS} canvas",
    number=f"#{RESULTS} .ll-number",
    elsewhere="at=0.25,0.75&samples=2,5,7&seed=3",
    build=build,
)
