"""Four faces at the corners of a square: mix their z, or mix their pixels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np
from gradio import processing_utils

from gen_models.app import controls, film
from gen_models.app.chapter import Experiment
from gen_models.app.chapters.faces import common
from gen_models.app.chapters.faces.common import Models
from gen_models.app.chapters.vae import common as vae
from gen_models.app.checks import checked_number, user_facing
from gen_models.app.shell import address, layout, parts
from gen_models.errors import BadRequest
from gen_models.numerics import latents
from gen_models.runtime import Array, Model

CORNERS = ("top left", "top right", "bottom left", "bottom right")
AROUND = (0, 1, 3, 2, 0)
"""The corners in the order of a walk."""
MAP = 5
"""Faces to a side of the map under the dot."""
FRAMES_PER_LEG = 24
FIRST = (7, 0, 5, 12)
"""The head at each corner at first."""
NAMES = ("nw", "ne", "sw", "se")
"""Of the corners in an address."""
START = (0.3, 0.65)
"""Where the dot is at first."""
PAD, RESULTS = "faces-morph", "faces-morph-results"
MAKE = "Make a GIF of a walk around"


def weights(x: float, y: float) -> Array:
    """How much of each corner is at (x, y), both from 0 to 1, y upwards: (4,), non-negative, summing to 1."""
    across, up = np.array([1 - x, x]), np.array([y, 1 - y])
    return np.outer(up, across).ravel().astype(np.float32)


def map_of(model: Model, corners: Array) -> str:
    """The faces all over the square, corners (4, k) at its corners: an image in a data: URI."""
    along = np.linspace(0, 1, MAP)
    z = np.stack([weights(x, y) @ corners for y in along[::-1] for x in along])
    return controls.data_uri(controls.grid(vae.decode(model, z), MAP, gap=0))


def mixed(model: Model, corners: Array, x: float, y: float) -> tuple[Array, Array]:
    """Images (2, c, h, w) at (x, y) and how far each is from what the VAE makes of it, (2,).

    The first is decoded from the mix of the corners' z (4, k), the second is the same mix of their pixels. Each is
    encoded and decoded again: what is a head to the VAE comes back, and what is two heads at once does not.
    """
    share = weights(x, y)
    decoded = model("decoder", z=np.concatenate([(share @ corners)[None], corners]))["x"]
    fade = np.tensordot(share, decoded[1:], 1)
    both = np.stack([decoded[0], fade])
    again = model("decoder", z=model("encoder", x=both)["mu"])["x"]
    return both, np.square(both - again).sum((1, 2, 3))


def at(model: Model, corners: Array, x: float, y: float) -> controls.Reply:
    """Both mixtures at (x, y), and what comes back of each."""
    both, errors = mixed(model, corners, x, y)
    decoded, fade = vae.as_pictures(model, both)
    return {
        "images": {"latent": controls.pixels(decoded), "fade": controls.pixels(fade)},
        "text": {
            "of latent": parts.format_number(float(errors[0])),
            "of fade": parts.format_number(float(errors[1])),
        },
    }


def walk(model: Model, corners: Array) -> bytes:
    """Once around the corners (4, k) and back to the first, as a GIF."""
    z = latents.path(corners[[*AROUND]], FRAMES_PER_LEG * (len(AROUND) - 1) + 1)[:-1]
    return film.gif(vae.decode(model, z))


def faces_at(model: Model, numbers: Sequence[Any], before: Sequence[Any] = ()) -> Array:
    """The z (4, k) of four faces by number; for what was uploaded, the row of `before`."""
    rows = [
        before[i] if number == common.UPLOADED and before else common.face(model, number).z.tolist()
        for i, number in enumerate(numbers)
    ]
    return np.stack([vae.checked_latent(model, row) for row in rows])


@dataclass(frozen=True)
class _Parts:
    """What the visitor operates, and what follows."""

    choice: gr.Dropdown
    pad: controls.LatentPad
    corner: gr.Radio
    source: common.Source
    numbers: Sequence[gr.Number]
    """The face at each corner, by number."""
    make: gr.Button
    gif: gr.Image


def build(models: Models) -> None:
    """Lay out the square, what is at its corners, both mixtures, and the film."""
    first = next(iter(models.values()))
    numbers = [common.first_number(first, number) for number in FIRST]
    corners = faces_at(first, numbers)

    def move(request: controls.Request) -> controls.Reply:
        model = parts.get_model(models, request["context"].get("model"))
        found = _corners(model, request["context"].get("corners"))
        return at(model, found, *request["value"].tolist())

    with layout.controls(long=True):
        choice = address.named("model", parts.model_choice(models, first))
        pad = controls.LatentPad(
            move,
            value=START,
            lo=0,
            hi=1,
            background=map_of(first, corners),
            axes=("left to right", "up"),
            context=_context(first, corners),
            screens=[("latent", "mix of z, decoded"), ("fade", "mix of pixels")],
            numbers=[
                ("of latent", "mix of z: squared error when encoded again"),
                ("of fade", "mix of pixels: squared error when encoded again"),
            ],
            label="Between four faces",
            elem_id=PAD,
            results=RESULTS,
            address="at",
        )
        corner = gr.Radio(list(CORNERS), value=CORNERS[0], label="Put another face at the")
        source = common.Source(first, numbers[0], "faces-morph-heads", random=True)
        hidden = [
            common.number_in_address(name, number)
            for name, number in zip(NAMES, numbers, strict=True)
        ]
        make = gr.Button(MAKE, size="md")
        gif = gr.Image(
            label="Around the corners",
            show_label=False,
            interactive=False,
            buttons=["download"],
            type="filepath",
            visible=False,
            elem_id="faces-morph-film",
        )
    with layout.results():
        layout.outlet(RESULTS, under=True)
    state = gr.State(corners.tolist())
    _connect(models, _Parts(choice, pad, corner, source, hidden, make, gif), state)


def _connect(models: Models, page: _Parts, state: gr.State) -> None:
    """What happens when a face, a corner or a model is chosen; `state` holds the z of the corners."""

    def shown(model: Model, corners: Array) -> list[Any]:
        new = gr.update(context=_context(model, corners), background=map_of(model, corners))
        return [corners.tolist(), new, gr.update(value=None, visible=False)]

    def at_corner(place: str, number: Any) -> list[Any]:
        i = checked_corner(place)
        return [number if j == i else gr.skip() for j in range(len(CORNERS))]

    @user_facing
    def chosen(number: Any, *place_and_model: str) -> list[Any]:
        """An example head at a corner, by number."""
        # Not named, here and below: clients know these parameters as Gradio's "param_1".
        place, model = place_and_model
        of = parts.get_model(models, model)
        number = common.chosen_number(number)
        common.head(of, number)
        return at_corner(place, number)

    @user_facing
    def drawn(*places: str) -> list[Any]:
        """A z drawn from p(z) at a corner."""
        (place,) = places
        return at_corner(place, common.random_number())

    @user_facing
    def uploaded(path: str, *more: Any) -> list[Any]:
        """A photograph at a corner: PNG, JPEG or WebP."""
        place, model, corners = more
        of = parts.get_model(models, model)
        now = np.array(corners, np.float32)
        now[checked_corner(place)] = common.photograph(of, path).z
        return [*shown(of, now), gr.update(value=[]), *at_corner(place, common.UPLOADED)]

    @user_facing
    def follow(model: str, corners: list[list[float]], *numbers: int) -> Any:
        """The square of four faces by number."""
        of = parts.get_model(models, model)
        now = faces_at(of, numbers, corners)
        return gr.skip() if now.tolist() == corners else shown(of, now)

    @user_facing
    def change(model: str, *numbers: int) -> list[Any]:
        """The same heads with another model; after an upload, those of the beginning."""
        of = parts.get_model(models, model)
        kept = [b if a == common.UPLOADED else a for a, b in zip(numbers, FIRST, strict=True)]
        return [*shown(of, faces_at(of, kept)), common.strip_of(of, kept[0]), *kept]

    @user_facing
    def record(model: str, corners: list[list[float]]) -> dict[str, Any]:
        """The walk around the corners, as a GIF."""
        content = walk(parts.get_model(models, model), np.array(corners, np.float32))
        file = processing_utils.save_bytes_to_cache(content, "faces.gif", page.gif.GRADIO_CACHE)
        return gr.update(value=file, visible=True)

    strip, choice, corner, numbers = page.source.strip, page.choice, page.corner, [*page.numbers]
    square = [state, page.pad, page.gif]
    quiet: dict[str, Any] = {"show_progress": "hidden", "trigger_mode": "always_last"}
    here: dict[str, Any] = {"queue": False, "api_visibility": "private"}
    strip.release(chosen, [strip, corner, choice], numbers, api_name="faces_corner_head", **quiet)
    page.source.random.click(drawn, corner, numbers, api_name="faces_corner_random", **quiet)
    page.source.upload.upload(
        uploaded,
        [page.source.upload, corner, choice, state],
        [*square, strip, *numbers],
        api_name="faces_corner_upload",
        **quiet,
    )
    triggers = [number.change for number in numbers]
    gr.on(triggers, follow, [choice, state, *numbers], square, api_visibility="private", **quiet)
    # In the strip, the head at the corner is marked.
    gr.on([*triggers, corner.change], None, [corner, *numbers], strip, js=MARK, **here)
    inputs, outputs = [choice, *numbers], [*square, strip, *numbers]
    choice.change(change, inputs, outputs, api_visibility="private", **quiet)
    busy = page.make.click(None, None, page.make, js=button_js("Making a GIF …", False), **here)
    made = busy.then(record, [choice, state], page.gif, api_name="faces_gif", **quiet)
    made.then(None, None, page.make, js=button_js(MAKE, True), **here)


MARK = f"""(corner, ...numbers) => {{
  const number = numbers[{json.dumps(CORNERS)}.indexOf(corner)];
  return [number >= 0 && number < {common.HEADS} ? [number] : []];
}}"""


def button_js(words: str, interactive: bool) -> str:
    """What gives a button these words, and whether it can be pressed."""
    update = {"__type__": "update", "value": words, "interactive": interactive}
    return f"() => ({json.dumps(update)})"


def checked_corner(place: Any) -> int:
    """Which of the corners it is."""
    if place not in CORNERS:
        raise BadRequest(f"A corner is one of: {', '.join(CORNERS)}.")
    return CORNERS.index(place)


def _context(model: Model, corners: Array) -> dict[str, Any]:
    return {"model": model.card.name, "corners": corners.ravel().tolist()}


def _corners(model: Model, numbers: Any) -> Array:
    """(4, k) from what a context holds, one corner after the other."""
    k = vae.latent_dim(model)
    if not isinstance(numbers, list) or len(numbers) != len(CORNERS) * k:
        raise BadRequest("The square has four corners.")
    return np.stack(
        [vae.checked_latent(model, numbers[i : i + k]) for i in range(0, len(numbers), k)]
    )


def offer(models: Models) -> None:
    """The same over HTTP."""

    def morph(model: str, heads: list[int], x: float, y: float) -> dict[str, Any]:
        """Mix four example heads by number (top left, top right, bottom left, bottom right) at x and y from 0 to 1:
        z, the head decoded from it and the mix of pixels as PNGs in data: URIs, and the squared error of each when
        it is encoded and decoded again.
        """
        chosen = parts.get_model(models, model)
        if not isinstance(heads, list) or len(heads) != len(CORNERS):
            raise BadRequest("A square has four heads.")
        x, y = checked_number(x, 0, 1, "x"), checked_number(y, 0, 1, "y")
        corners = np.stack([common.head(chosen, number).z for number in heads])
        both, errors = mixed(chosen, corners, x, y)
        decoded, fade = vae.as_pictures(chosen, both)
        return {
            "z": (weights(x, y) @ corners).tolist(),
            "picture": controls.data_uri(decoded),
            "mix of pixels": controls.data_uri(fade),
            "squared error": float(errors[0]),
            "squared error of the mix of pixels": float(errors[1]),
        }

    parts.endpoint(morph, "faces_morph")


EXPERIMENT = Experiment(
    id="morph",
    title="Morph four",
    idea="Between four faces lie faces, if it is $z$ that is mixed. A mix of pixels has every mouth and every hairline "
    "at once; encode and decode it again, and it does not come back.",
    equation=r"\hat{x} = D_\theta\Big(\sum_{i} w_i\, z_i\Big) \quad \text{or} \quad \sum_{i} w_i\, D_\theta(z_i)",
    lecture="§2.6",
    notice="Move the dot into a corner: both mixtures are the same head, and little is lost. In the middle the mix of "
    "$z$ loses 5, and that of pixels, which is four heads at once, 46.",
    control=f"#{PAD} .ll-pad",
    result=f"#{RESULTS} canvas",
    number=f"#{RESULTS} .ll-number",
    elsewhere="at=0.2,0.7&ne=345&sw=0",
    build=build,
)
