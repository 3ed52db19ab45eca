"""A straight path in z through the means of two to four pictures: in between lies a third."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import gradio as gr
import numpy as np
from gradio import processing_utils

from gen_models import latents
from gen_models.app import film, live
from gen_models.app.checks import spoken
from gen_models.app.tabs.vae import common
from gen_models.app.tabs.vae.common import Models
from gen_models.runtime import Array, Model

FEWEST, MOST = 2, 4
FRAMES_PER_LEG = 24
STRIP_PER_LEG = 4
START = (3, 5, 8)
"""Example pictures the path goes through at first."""


def means(model: Model, images: Sequence[Array]) -> Array:
    """The means of q(z|x) for pictures, uint8 (h, w) or (h, w, c) each: (n, k)."""
    x = np.concatenate([common.as_input(model, image) for image in images])
    return model("encoder", x=x)["mu"]


def frames(model: Model, stops: Array, per_leg: int) -> Array:
    """Pictures evenly along the path through `stops` (m, k), `per_leg` from each to the next: bytes (n, h, w, c)."""
    return common.decode(model, latents.path(stops, per_leg * (len(stops) - 1) + 1))


def movie(model: Model, stops: Array) -> bytes:
    """The path to and fro, as a GIF."""
    return film.gif(film.to_and_fro(frames(model, stops, FRAMES_PER_LEG)))


def strip(model: Model, images: Sequence[Array]) -> Array | None:
    """The path at a glance, as `gr.Image` takes it; None if it has no pictures."""
    if not images:
        return None
    pictures = frames(model, means(model, images), STRIP_PER_LEG)
    return common.sheet_of(pictures, len(pictures))


def build(models: Models) -> None:
    """Lay out the path, the pictures to make it of, and the film."""
    first = common.usual(models)
    common.say(
        "Press play. Then make a path of your own, through up to four pictures: it goes straight from mean to mean in "
        "$z$, and never through an average of two pictures."
    )
    with gr.Row(visible=len(models) > 1):
        choice = common.model_choice(models, first)
    images = _start(first)
    path = gr.State({"model": first.card.name, "images": images})

    def scrub(request: live.Request) -> live.Reply:
        model = common.choose(models, request["context"].get("model"))
        z = latents.along(_stops(model, request["context"].get("stops")), request["value"])
        return {
            "pictures": {"mean": live.picture(common.decode(model, z)[0])},
            "text": {"prior": common.nats(common.log_prior(z[0]))},
        }

    with gr.Row():
        with gr.Column(scale=5):
            slider = live.LatentSliders(
                scrub,
                labels=["t"],
                lo=0,
                hi=1,
                step=0.005,
                sweep=True,
                context=_context(first, images),
                screens=[("mean", "mean of p(x|z)")],
                numbers=[("prior", "log p(z) on the way")],
                label="From the first picture, 0, to the last, 1",
                elem_id="vae-morph",
            )
            row = gr.Image(
                strip(first, images),
                label="The path",
                show_label=False,
                interactive=False,
                buttons=["download"],
                format="png",
            )
            make = gr.Button("Make a GIF", size="md")
            gif = gr.Image(
                label="To and fro",
                show_label=False,
                interactive=False,
                buttons=["download"],
                type="filepath",
                visible=False,
                elem_id="vae-film",
            )
        with gr.Column(scale=2, min_width=300):
            with gr.Row():
                add = gr.Button("Add to the path", size="md", min_width=120)
                anew = gr.Button("Start a new path", size="md", min_width=120)
            sheets = common.Sheets(models, lambda *_: {}, prefix="vae-morph-sheet", first=first)

    def show(model: Model, images: list[Array]) -> tuple[Any, ...]:
        state = {"model": model.card.name, "images": images}
        moved = gr.update(context=_context(model, images), value=[0.0])
        return state, strip(model, images), moved, gr.update(value=None, visible=False)

    @spoken
    def change(name: str, state: dict[str, Any]) -> tuple[Any, ...]:
        """The path with another model; pictures of another kind begin anew."""
        model = common.choose(models, name)
        same = common.data_of(model) == common.data_of(models[state["model"]])
        return *show(model, state["images"] if same else _start(model)), *sheets.updates(model)

    @spoken
    def append(name: str, state: dict[str, Any], *images: Array) -> tuple[Any, ...]:
        """The path with the picture on the sheet at its end."""
        if len(state["images"]) >= MOST:
            raise common.BadRequest(f"A path goes through up to {MOST} pictures: start a new one.")
        model = common.choose(models, name)
        return show(model, [*state["images"], sheets.image(model, images)])

    @spoken
    def restart(name: str, *images: Array) -> tuple[Any, ...]:
        """A path that begins with the picture on the sheet."""
        model = common.choose(models, name)
        return show(model, [sheets.image(model, images)])

    @spoken
    def record(name: str, state: dict[str, Any]) -> dict[str, Any]:
        """The path to and fro, as a GIF."""
        model = common.choose(models, name)
        if len(state["images"]) < FEWEST:
            raise common.BadRequest(f"A path goes through {FEWEST} to {MOST} pictures: add one.")
        data = movie(model, means(model, state["images"]))
        file = processing_utils.save_bytes_to_cache(data, "morph.gif", gif.GRADIO_CACHE)
        return gr.update(value=file, visible=True)

    shown = [path, row, slider, gif]
    quiet: dict[str, Any] = {"show_progress": "hidden"}
    choice.change(change, [choice, path], [*shown, *sheets.pads], api_name="vae_path", **quiet)
    add.click(append, [choice, path, *sheets.pads], shown, api_name="vae_path_add", **quiet)
    anew.click(restart, [choice, *sheets.pads], shown, api_name="vae_path_start", **quiet)
    make.click(record, [choice, path], gif, api_name="vae_gif")

    def morph(model: str, examples: list[int]) -> str:
        """The path through two to four example pictures and back, as an animated GIF in a data: URI."""
        chosen = common.choose(models, model)
        if not isinstance(examples, list) or not FEWEST <= len(examples) <= MOST:
            raise common.BadRequest(f"A path goes through {FEWEST} to {MOST} examples.")
        x = np.concatenate([common.checked_example(chosen, number) for number in examples])
        data = movie(chosen, chosen("encoder", x=x)["mu"])
        return "data:image/gif;base64," + base64.b64encode(data).decode()

    common.endpoint(morph, "vae_morph")


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
    if not isinstance(numbers, list) or len(numbers) not in range(k, MOST * k + 1, k):
        raise common.BadRequest(f"A path goes through up to {MOST} pictures.")
    return np.array(numbers, np.float32).reshape(-1, k)
