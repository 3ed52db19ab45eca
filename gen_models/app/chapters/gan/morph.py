"""Between two to four samples: on the sphere where z ~ N(0, I) lies, and on straight lines, which leave it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np
from gradio import processing_utils

from gen_models.app import controls, film
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.gan import common
from gen_models.app.checks import checked_integer, checked_seed, user_facing
from gen_models.app.shell import address, layout
from gen_models.app.shell.parts import (
    chosen_class,
    class_choice,
    class_update,
    endpoint,
    format_number,
    get_model,
    model_choice,
)
from gen_models.numerics import latents
from gen_models.runtime import Array, Model

MIN_SAMPLES, MAX_SAMPLES = 2, 4
FRAMES_PER_LEG = 24
STOPS = 6
"""Random z that a walk goes through."""
START = (0, 1, 2, 3)
Way = Callable[[Array, Array, Array], Array]
"""From a to b, (k,) each, at each t of (n,): (n, k)."""
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


def classes_at(told: dict[str, Array], places: Sequence[tuple[float, float]]) -> dict[str, Array]:
    """The classes of the samples, mixed at each place in the same shares, if the generator is told one."""
    return {
        name: np.stack([on_line(classes, u, v) for u, v in places])
        for name, classes in told.items()
    }


def at(model: Model, stops: Array, u: float, v: float, **told: Array) -> controls.Reply:
    """Both ways to mix at one place, and the length of z on each; `told`: the class of each stop."""
    z = np.stack([on_sphere(stops, u, v), on_line(stops, u, v)])
    sphere, line = common.images(model, z, **classes_at(told, [(u, v), (u, v)]))
    lengths = [format_number(float(np.linalg.norm(each)), 2) for each in z]
    return {
        "images": {"sphere": controls.pixels(sphere), "line": controls.pixels(line)},
        "text": {"long": lengths[0], "short": lengths[1]},
    }


def background(model: Model, stops: Array, **told: Array) -> Array:
    """What lies under the dot, each image in the middle of its own cell: bytes (H, W, c)."""
    n = int(np.clip(400 // common.shape_of(model)[-1], 3, 9))
    along = (np.arange(n) + 0.5) / n
    places = [(u, v) for v in along[::-1] for u in along]
    z = np.stack([on_sphere(stops, u, v) for u, v in places])
    return controls.grid(common.images(model, z, **classes_at(told, places)), n, gap=0)


def loop(stops: Array, per_leg: int = FRAMES_PER_LEG, way: Way = latents.slerp) -> Array:
    """Points on the sphere through stops (n, k) and back to the first, `per_leg` to each next one: (n per_leg, k)."""
    t = np.linspace(0, 1, per_leg, endpoint=False)
    legs = zip(stops, np.roll(stops, -1, axis=0), strict=True)
    return np.concatenate([way(a, b, t) for a, b in legs])


def movie(model: Model, stops: Array, **told: Array) -> bytes:
    """The loop through the stops as a GIF; classes are mixed on straight lines."""
    z, told = loop(stops), {name: loop(each, way=latents.lerp) for name, each in told.items()}
    parts = [
        common.images(model, z[i], **{name: each[i] for name, each in told.items()})
        for i in np.array_split(np.arange(len(z)), -(-len(z) // 32))
    ]
    return film.gif(np.concatenate(parts))


@dataclass(frozen=True)
class Stops:
    """The chosen samples of a seed."""

    model: Model
    seed: int
    numbers: list[int]
    label: str
    """Their class, where the generator is told one; "" for each in turn."""

    @classmethod
    def of(cls, made: Models, name: Any, seed: Any, numbers: Any, label: Any = "") -> Stops:
        """Check what comes from outside."""
        model = get_model(made, name).told(label)
        chosen = common.checked_numbers(numbers, MIN_SAMPLES, MAX_SAMPLES, "A morph")
        return cls(model, checked_seed(seed), chosen, label)

    @property
    def z(self) -> Array:
        """(n, k)."""
        return common.draw(self.model, self.seed, common.STRIP)[self.numbers]

    @property
    def told(self) -> dict[str, Array]:
        """The class of each, one-hot, if the generator is told one."""
        each = common.told(self.model, self.label, common.STRIP)
        return {name: classes[self.numbers] for name, classes in each.items()}

    def square(self) -> dict[str, Any]:
        """Settings of the pad."""
        name = self.model.card.name
        context = {"seed": self.seed, "samples": self.numbers, "label": self.label}
        return {
            "background": controls.data_uri(background(self.model, self.z, **self.told)),
            "label": _label(self.model, len(self.numbers)),
            "context": {"model": name, **context},
        }


def walk_through(model: Model, seed: int, n: int, label: str) -> bytes:
    """The loop through n random z as a GIF."""
    return movie(model, common.draw(model, seed, n), **common.told(model, label, n))


def strip_of(model: Model, seed: int, label: str) -> Array:
    """The samples to choose from: bytes (n, h, w, c)."""
    z = common.draw(model, seed, common.STRIP)
    return common.images(model, z, **common.told(model, label, common.STRIP))


def build(models: Models) -> None:
    """Lay out the strip of samples, the square between them, and the films."""
    made = common.generators(models)
    if common.are_missing(made):
        return
    first = common.default(made)

    def mix(request: controls.Request) -> controls.Reply:
        context = request["context"]
        name, seed, numbers = (context.get(key) for key in ("model", "seed", "samples"))
        stops = Stops.of(made, name, seed, numbers, context.get("label", ""))
        u, v = request["value"]
        return at(stops.model, stops.z, float(u), float(v), **stops.told)

    start = Stops(first, 0, list(START), "")
    with layout.controls():
        choice = address.named("model", model_choice(made, first))
        label = address.named("class", class_choice(made, first))
        seed = common.seed_field()
        chooser = controls.strip(
            strip_of(first, 0, ""),
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
            **start.square(),
            screens=[("sphere", "on the sphere"), ("line", "on the straight line")],
            numbers=[("long", "|z| on the sphere"), ("short", "|z| on the straight line")],
            elem_id=PAD,
            results=RESULTS,
            address="at",
        )
        layout.outlet(RESULTS)

    @user_facing
    def change(
        name: str, seed: float, numbers: Any, label: str = ""
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """The strip and the square of a model by seed, of a class or each in turn if it is told one."""
        model = get_model(made, name)
        stops = Stops.of(made, name, seed, numbers, chosen_class(model, label))
        images = strip_of(model, stops.seed, stops.label)
        strip = gr.update(images=controls.data_uris(images))
        return strip, gr.update(**stops.square()), class_update(model, label)

    @user_facing
    def pick(name: str, seed: float, numbers: Any, label: str = "") -> dict[str, Any]:
        """The square between the samples of these numbers."""
        return gr.update(**Stops.of(made, name, seed, numbers, label).square())

    @user_facing
    def record(name: str, seed: float, numbers: Any, label: str = "") -> dict[str, Any]:
        """A film through the chosen samples, as a GIF."""
        stops = Stops.of(made, name, seed, numbers, label)
        return saved(movie(stops.model, stops.z, **stops.told))

    @user_facing
    def wander(name: str, label: str = "") -> dict[str, Any]:
        """A film through six random z, as a GIF; another one each time."""
        model = get_model(made, name)
        new = int(np.random.default_rng().integers(2**31))
        return saved(walk_through(model, new, STOPS, label))

    def saved(data: bytes) -> dict[str, Any]:
        file = processing_utils.save_bytes_to_cache(data, "walk.gif", gif.GRADIO_CACHE)
        return gr.update(value=file, visible=True)

    inputs = [choice, seed, chooser, label]
    quiet: dict[str, Any] = {"show_progress": "hidden"}
    gr.on(
        [choice.change, seed.change, label.change],
        change,
        inputs,
        [chooser, pad, label],
        api_name="gan_strip",
        **quiet,
    )
    # A choice made while the last one is worked on counts too.
    chooser.release(pick, inputs, pad, api_name="gan_square", trigger_mode="always_last", **quiet)
    for button, film_of, of, name in (
        (mine, record, inputs, "gan_gif"),
        (walk, wander, [choice, label], "gan_wander"),
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

    def gan_morph(model: str, seed: int, samples: list[int], label: str = "") -> str:
        """A loop through two to four of the twelve samples of a seed, as an animated GIF in a data: URI.

        Of a model that is told a class, they are of the class `label`, or of each in turn.
        """
        chosen = Stops.of(made, model, seed, samples, label)
        return _uri(movie(chosen.model, chosen.z, **chosen.told))

    def gan_walk(model: str, seed: int, stops: int, label: str = "") -> str:
        """A loop through 2 to 8 random z by seed, as an animated GIF in a data: URI.

        Of a model that is told a class, they are of the class `label`, or of each in turn.
        """
        n = checked_integer(stops, 2, 8, "The number of stops")
        return _uri(walk_through(get_model(made, model), checked_seed(seed), n, label))

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
    tells_class=True,
)
