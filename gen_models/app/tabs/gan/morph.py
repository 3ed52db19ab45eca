"""Between two to four samples: on the sphere where z ~ N(0, I) lies, and on straight lines, which leave it."""

from __future__ import annotations

import base64
from typing import Any

import gradio as gr
import numpy as np
from gradio import processing_utils

from gen_models import latents
from gen_models.app import film, live
from gen_models.app.checks import checked_integer, checked_seed, spoken
from gen_models.app.parts import Models, choose, endpoint, figure, model_choice, say
from gen_models.app.strip import strip, uris
from gen_models.app.tabs.gan import common
from gen_models.runtime import Array, Model

FEWEST, MOST = 2, 4
FRAMES_PER_LEG = 24
STOPS = 6
"""Random z that a walk goes through."""
START = (0, 1, 2, 3)
PAD, STRIP = "gan-morph", "gan-morph-strip"
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


def at(model: Model, stops: Array, u: float, v: float) -> live.Reply:
    """Both ways to mix at one place, and the length of z on each."""
    z = np.stack([on_sphere(stops, u, v), on_line(stops, u, v)])
    sphere, line = common.pictures(model, z)
    lengths = [figure(float(np.linalg.norm(each)), 2) for each in z]
    return {
        "pictures": {"sphere": live.picture(sphere), "line": live.picture(line)},
        "text": {"long": lengths[0], "short": lengths[1]},
    }


def background(model: Model, stops: Array) -> Array:
    """What lies under the dot, each picture in the middle of its own cell: bytes (H, W, c)."""
    n = int(np.clip(400 // common.shape_of(model)[-1], 3, 9))
    places = (np.arange(n) + 0.5) / n
    z = np.stack([on_sphere(stops, u, v) for v in places[::-1] for u in places])
    return live.grid(common.pictures(model, z), n, gap=0)


def loop(stops: Array, per_leg: int = FRAMES_PER_LEG) -> Array:
    """Points on the sphere through stops (n, k) and back to the first, `per_leg` to each next one: (n per_leg, k)."""
    t = np.linspace(0, 1, per_leg, endpoint=False)
    legs = zip(stops, np.roll(stops, -1, axis=0), strict=True)
    return np.concatenate([latents.slerp(a, b, t) for a, b in legs])


def movie(model: Model, stops: Array) -> bytes:
    """The loop through the stops as a GIF."""
    z = loop(stops)
    parts = [common.pictures(model, part) for part in np.array_split(z, -(-len(z) // 32))]
    return film.gif(np.concatenate(parts))


def build(models: Models) -> None:
    """Lay out the strip of samples, the square between them and the films."""
    made = common.generators(models)
    first = common.usual(made)
    say(
        "Choose two to four samples, then drag the dot between them. $z \\sim N(0, I)$ in $k$ dimensions nearly "
        "always has a length near $\\sqrt{k}$, so $G$ knows only a thin shell. The path on the sphere stays in it; "
        "the straight line takes a short cut inside, where $|z|$ is too small."
    )
    with gr.Row(equal_height=False):
        choice = model_choice(made, first)
        with gr.Column(scale=0, min_width=160):  # or Gradio would stack it under the choice
            seed = gr.Number(0, label="Seed", step=1)
    start = common.draw(first, 0, common.STRIP)
    chooser = strip(
        common.pictures(first, start),
        START,
        most=MOST,
        fewest=FEWEST,
        label="Choose two to four samples",
        elem_id=STRIP,
    )

    def stops_of(name: Any, seed: Any, numbers: Any) -> tuple[Model, Array]:
        model = choose(made, name)
        chosen = common.checked_numbers(numbers, FEWEST, MOST, "A morph")
        return model, common.draw(model, checked_seed(seed), common.STRIP)[chosen]

    def mix(request: live.Request) -> live.Reply:
        context = request["context"]
        stops = stops_of(context.get("model"), context.get("seed"), context.get("samples"))
        u, v = request["value"]
        return at(*stops, float(u), float(v))

    pad = live.LatentPad(
        mix,
        value=(0.5, 0.5),
        lo=0,
        hi=1,
        background=live.data_uri(background(first, start[list(START)])),
        axes=("across", "up"),
        context={"model": first.card.name, "seed": 0, "samples": list(START)},
        screens=[("sphere", "on the sphere"), ("line", "straight line")],
        numbers=[
            ("long", "|z| on the sphere"),
            ("short", "|z| on the straight line"),
        ],
        label=_label(first, len(START)),
        elem_id=PAD,
    )
    with gr.Row():
        mine = gr.Button("GIF through these samples", size="md", scale=0, min_width=240)
        walk = gr.Button("GIF of a walk through random z", size="md", scale=0, min_width=240)
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

    @spoken
    def change(name: str, seed: float, numbers: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The strip and the square of a model by seed."""
        model, stops = stops_of(name, seed, numbers)
        number = checked_seed(seed)
        pictures = common.pictures(model, common.draw(model, number, common.STRIP))
        return gr.update(images=uris(pictures)), _square(model, number, list(numbers), stops)

    @spoken
    def pick(name: str, seed: float, numbers: Any) -> dict[str, Any]:
        """The square between the samples of these numbers."""
        model, stops = stops_of(name, seed, numbers)
        return _square(model, checked_seed(seed), list(numbers), stops)

    def _square(model: Model, seed: int, numbers: list[int], stops: Array) -> dict[str, Any]:
        return gr.update(
            background=live.data_uri(background(model, stops)),
            label=_label(model, len(stops)),
            context={"model": model.card.name, "seed": seed, "samples": numbers},
        )

    @spoken
    def record(name: str, seed: float, numbers: Any) -> dict[str, Any]:
        """A film through the chosen samples, as a GIF."""
        return saved(*stops_of(name, seed, numbers))

    @spoken
    def wander(name: str) -> dict[str, Any]:
        """A film through six random z, as a GIF; another one each time."""
        model = choose(made, name)
        new = int(np.random.default_rng().integers(2**31))
        return saved(model, common.draw(model, new, STOPS))

    def saved(model: Model, stops: Array) -> dict[str, Any]:
        data = movie(model, stops)
        file = processing_utils.save_bytes_to_cache(data, "walk.gif", gif.GRADIO_CACHE)
        return gr.update(value=file, visible=True)

    inputs = [choice, seed, chooser]
    gr.on(
        [choice.change, seed.change],
        change,
        inputs,
        [chooser, pad],
        api_name="gan_strip",
        show_progress="hidden",
    )
    chooser.release(
        pick,
        inputs,
        pad,
        api_name="gan_square",
        show_progress="hidden",
        trigger_mode="always_last",  # a choice made while the last one is worked on counts too
    )
    mine.click(record, inputs, gif, api_name="gan_gif")
    walk.click(wander, choice, gif, api_name="gan_wander")

    def gan_morph(model: str, seed: int, samples: list[int]) -> str:
        """A loop through two to four of the twelve samples of a seed, as an animated GIF in a data: URI."""
        return _uri(movie(*stops_of(model, seed, samples)))

    def gan_walk(model: str, seed: int, stops: int) -> str:
        """A loop through 2 to 8 random z by seed, as an animated GIF in a data: URI."""
        chosen, n = choose(made, model), checked_integer(stops, 2, 8, "The number of stops")
        return _uri(movie(chosen, common.draw(chosen, checked_seed(seed), n)))

    endpoint(gan_morph, "gan_morph")
    endpoint(gan_walk, "gan_walk")


def _label(model: Model, n: int) -> str:
    k = common.latent_dim(model)
    return f"Between the samples: {CORNERS[n]} (√k = {figure(k**0.5, 2)})"


def _uri(gif: bytes) -> str:
    return "data:image/gif;base64," + base64.b64encode(gif).decode()
