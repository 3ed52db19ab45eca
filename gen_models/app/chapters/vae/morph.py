"""A straight path in z through the means of two to four images: in between lies a third."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import gradio as gr
import numpy as np
from gradio import processing_utils

from gen_models.app import controls, film
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.vae import common
from gen_models.app.checks import checked_integer, user_facing
from gen_models.app.shell import layout
from gen_models.numerics import latents
from gen_models.runtime import Array, Model

MIN_STOPS, MAX_STOPS = 2, 4
FRAMES_PER_LEG = 24
FRAMES = 13
"""Images of the path at a glance."""
START = (3, 5, 8)
"""Example images the path goes through at first."""
MIDDLE = 0.75
"""Where on it the slider stands at first: in the middle between the second and the third."""
SLIDER, RESULTS = "vae-morph", "vae-morph-results"


def means(model: Model, images: Sequence[Array]) -> Array:
    """The means of q(z|x) for images, uint8 (h, w) or (h, w, c) each: (n, k)."""
    x = np.concatenate([common.as_input(model, image) for image in images])
    return model("encoder", x=x)["mu"]


def frames(model: Model, stops: Array, per_leg: int) -> Array:
    """Images evenly along the path through `stops` (m, k), `per_leg` from each to the next: bytes (n, h, w, c)."""
    return common.decode(model, latents.path(stops, per_leg * (len(stops) - 1) + 1))


def movie(model: Model, stops: Array) -> bytes:
    """The path to and fro, as a GIF."""
    return film.gif(film.to_and_fro(frames(model, stops, FRAMES_PER_LEG)))


def fade(ends: Array, t: Array) -> Array:
    """The cross-fade of the images `ends` (m, c, h, w) at each t of (n,): (n, c, h, w)."""
    flat = latents.along(ends.reshape(len(ends), -1), t)
    return flat.reshape(-1, *ends.shape[1:]).astype(np.float32)


def shown(model: Model, stops: Array, t: Array) -> controls.Reply:
    """What lies at t (1,) of the path through `stops` (m, k): decoded, and as a cross-fade of the decoded stops.

    Each is encoded and decoded once more. What the model takes for an image comes back as it was.
    """
    z = latents.along(stops, t)
    ends, y = model("decoder", z=stops)["x"], model("decoder", z=z)["x"]
    both = np.concatenate([y, fade(ends, t)])
    back = model("decoder", z=model("encoder", x=both)["mu"])["x"]
    morphed, faded = common.as_pictures(model, both)
    glance = np.linspace(0, 1, FRAMES)
    strips = common.decode(model, latents.along(stops, glance)), fade(ends, glance)
    return {
        "images": {
            "mean": controls.pixels(morphed),
            "fade": controls.pixels(faded),
            "path": controls.pixels(controls.grid(strips[0], FRAMES)),
            "fades": controls.pixels(controls.grid(common.as_pictures(model, strips[1]), FRAMES)),
        },
        "text": {
            "morph error": common.format_number(common.squared_error(both[0], back[0])),
            "fade error": common.format_number(common.squared_error(both[1], back[1])),
            "prior": common.nats(common.log_prior(z[0])),
        },
    }


def build(models: Models) -> None:
    """Lay out the path, the images to make it of, and the film."""
    first = common.usual(models)
    images = _start(first)
    path = gr.State({"model": first.card.name, "images": images})

    def scrub(request: controls.Request) -> controls.Reply:
        model = common.get_model(models, request["context"].get("model"))
        return shown(model, _stops(model, request["context"].get("stops")), request["value"])

    with layout.controls(long=True):
        slider = controls.LatentSliders(
            scrub,
            labels=["t"],
            value=[MIDDLE],
            lo=0,
            hi=1,
            step=0.005,
            sweep=True,
            context=_context(first, images),
            screens=[
                ("mean", "decoded at z(t)"),
                ("fade", "cross-fade of the same images"),
                ("path", "the path"),
                ("fades", "the cross-fade"),
            ],
            numbers=[
                (
                    "morph error",
                    "decoded image: squared error when it is encoded and decoded again",
                ),
                ("fade error", "cross-fade: the same"),
                ("prior", "log p(z) on the way"),
            ],
            label="From the first image, 0, to the last, 1",
            elem_id=SLIDER,
            results=RESULTS,
            address="t",
        )
        choice = common.model_choice(models, first)
        stops = controls.strip(
            first.examples()[: common.THUMBNAILS],
            [i for i in START if i < len(first.examples())],
            most=MAX_STOPS,
            fewest=MIN_STOPS,
            label="Through two to four images, in order",
            elem_id="vae-morph-stops",
            noun="Test image",
            address="stops",
        )
        make = gr.Button("Make a GIF", size="md")
        with gr.Accordion("Draw a stop of your own", open=False):
            canvases = common.Canvases(
                models, lambda *_: {}, prefix="vae-morph-canvas", first=first, address=""
            )
            with gr.Row():
                add = gr.Button("Add to the path", size="md", min_width=120)
                anew = gr.Button("Start a new path", size="md", min_width=120)
    with layout.results():
        layout.outlet(RESULTS)
        gif = gr.Image(
            label="To and fro",
            interactive=False,
            buttons=["download"],
            type="filepath",
            visible=False,
            height=220,
            elem_id="vae-film",
        )

    def show(model: Model, images: list[Array]) -> tuple[Any, ...]:
        state = {"model": model.card.name, "images": images}
        moved = gr.update(context=_context(model, images))
        return state, moved, gr.update(value=None, visible=False)

    @user_facing
    def change(name: str, state: dict[str, Any]) -> tuple[Any, ...]:
        """The path with another model; images of another kind begin anew."""
        model = common.get_model(models, name)
        same = common.data_of(model) == common.data_of(models[state["model"]])
        examples = controls.data_uris(model.examples()[: common.THUMBNAILS])
        thumbnails = gr.update(images=examples)
        if not same:
            thumbnails = gr.update(images=examples, value=list(START))
        images = state["images"] if same else _start(model)
        return *show(model, images), thumbnails, *canvases.updates(model)

    @user_facing
    def through(name: str, chosen: list[int]) -> tuple[Any, ...]:
        """The path through example images."""
        model = common.get_model(models, name)
        examples = model.examples()
        return show(model, [examples[i] for i in _checked(model, chosen)])

    @user_facing
    def append(name: str, state: dict[str, Any], *images: Array) -> tuple[Any, ...]:
        """The path with the image on the canvas at its end."""
        if len(state["images"]) >= MAX_STOPS:
            raise common.BadRequest(
                f"A path goes through up to {MAX_STOPS} images: start a new one."
            )
        model = common.get_model(models, name)
        return show(model, [*state["images"], canvases.image(model, images)])

    @user_facing
    def restart(name: str, *images: Array) -> tuple[Any, ...]:
        """A path that begins with the image on the canvas."""
        model = common.get_model(models, name)
        return show(model, [canvases.image(model, images)])

    @user_facing
    def record(name: str, state: dict[str, Any]) -> dict[str, Any]:
        """The path to and fro, as a GIF."""
        model = common.get_model(models, name)
        if len(state["images"]) < MIN_STOPS:
            raise common.BadRequest(
                f"A path goes through {MIN_STOPS} to {MAX_STOPS} images: add one."
            )
        data = movie(model, means(model, state["images"]))
        file = processing_utils.save_bytes_to_cache(data, "morph.gif", gif.GRADIO_CACHE)
        return gr.update(value=file, visible=True)

    outputs = [path, slider, gif]
    quiet: dict[str, Any] = {"show_progress": "hidden"}
    everything = [*outputs, stops, *canvases.pads]
    choice.change(change, [choice, path], everything, api_name="vae_path", **quiet)
    stops.release(through, [choice, stops], outputs, api_visibility="private", **quiet)
    add.click(append, [choice, path, *canvases.pads], outputs, api_name="vae_path_add", **quiet)
    anew.click(restart, [choice, *canvases.pads], outputs, api_name="vae_path_start", **quiet)
    # An empty frame at once, so that the progress has a place.
    make.click(
        None, None, gif, js="() => ({__type__: 'update', visible: true})", api_visibility="private"
    ).then(record, [choice, path], gif, api_name="vae_gif")


def offer(models: Models) -> None:
    """A film of a path, over HTTP."""

    def morph(model: str, examples: list[int]) -> str:
        """The path through two to four example images and back, as an animated GIF in a data: URI."""
        chosen = common.get_model(models, model)
        x = np.concatenate(
            [common.checked_example(chosen, number) for number in _checked(chosen, examples)]
        )
        data = movie(chosen, chosen("encoder", x=x)["mu"])
        return "data:image/gif;base64," + base64.b64encode(data).decode()

    common.endpoint(morph, "vae_morph")


def _checked(model: Model, examples: Any) -> list[int]:
    if not isinstance(examples, list) or not MIN_STOPS <= len(examples) <= MAX_STOPS:
        raise common.BadRequest(f"A path goes through {MIN_STOPS} to {MAX_STOPS} examples.")
    n = len(model.examples())
    return [checked_integer(i, 0, n - 1, "The number of an example") for i in examples]


def _start(model: Model) -> list[Array]:
    examples = model.examples()
    return [examples[i] for i in START if i < len(examples)]


def _context(model: Model, images: Sequence[Array]) -> dict[str, Any]:
    """What the slider remembers of a path: the model and its stops, one number after the other."""
    stops = means(model, images) if images else np.zeros((1, common.latent_dim(model)))
    return {"model": model.card.name, "stops": stops.ravel().tolist()}


def _stops(model: Model, numbers: Any) -> Array:
    """The inverse: (n, k), 1 <= n <= 4."""
    k = common.latent_dim(model)
    if not isinstance(numbers, list) or len(numbers) not in range(k, MAX_STOPS * k + 1, k):
        raise common.BadRequest(f"A path goes through up to {MAX_STOPS} images.")
    return np.array(numbers, np.float32).reshape(-1, k)


EXPERIMENT = Experiment(
    id="morph",
    title="Morph",
    idea="A straight path in $z$, from mean to mean, is a path through images, where a cross-fade of pixels shows both "
    "ends at once. Where the model is not sure, its images too lie between two digits.",
    equation=r"\begin{aligned} z(t) &= (1 - t)\, \mu(x_1) + t\, \mu(x_2) \\ "
    r"\hat{x}(t) &= D_\theta\big(z(t)\big) \end{aligned}",
    lecture="§2.6",
    notice="Between the 5 and the 8, at t = 0.75, the decoded image comes back from the VAE almost as it was, with a "
    "squared error of 0.4; the cross-fade of the same two, 12.6: it is no image that the model knows.",
    control="#vae-morph input",
    result="#vae-morph-results canvas",
    number="#vae-morph-results .ll-number",
    elsewhere="model=vae-digits-2d&t=0.3&stops=2,8",
    build=build,
)
