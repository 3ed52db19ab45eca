"""Four faces at the corners of a square: mix their z, or mix their pixels."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np
from gradio import processing_utils

from gen_models import latents
from gen_models.app import film, live, parts
from gen_models.app.checks import checked_number, spoken
from gen_models.app.tabs.faces import common
from gen_models.app.tabs.faces.common import Face, Models
from gen_models.app.tabs.vae import common as vae
from gen_models.runtime import Array, Model

CORNERS = ("top left", "top right", "bottom left", "bottom right")
AROUND = (0, 1, 3, 2, 0)
"""The corners in the order of a walk."""
MAP = 5
"""Faces to a side of the map under the dot."""
FRAMES_PER_LEG = 24


def weights(x: float, y: float) -> Array:
    """How much of each corner is at (x, y), both from 0 to 1, y upwards: (4,), non-negative, summing to 1."""
    across, up = np.array([1 - x, x]), np.array([y, 1 - y])
    return np.outer(up, across).ravel().astype(np.float32)


def map_of(model: Model, corners: Array) -> str:
    """The faces all over the square, corners (4, k) at its corners: a picture in a data: URI."""
    along = np.linspace(0, 1, MAP)
    z = np.stack([weights(x, y) @ corners for y in along[::-1] for x in along])
    return live.data_uri(live.grid(vae.decode(model, z), MAP, gap=0))


def mixed(model: Model, corners: Array, x: float, y: float) -> tuple[Array, Array]:
    """Pictures (2, c, h, w) at (x, y) and how far each is from what the VAE makes of it, (2,).

    The first is decoded from the mix of the corners' z (4, k), the second is the same mix of their pixels. Each is
    encoded and decoded again: what is a head to the VAE comes back, and what is two heads at once does not.
    """
    share = weights(x, y)
    decoded = model("decoder", z=np.concatenate([(share @ corners)[None], corners]))["x"]
    fade = np.tensordot(share, decoded[1:], 1)
    both = np.stack([decoded[0], fade])
    again = model("decoder", z=model("encoder", x=both)["mu"])["x"]
    return both, np.square(both - again).sum((1, 2, 3))


def at(model: Model, corners: Array, x: float, y: float) -> live.Reply:
    """Both mixtures at (x, y), and what comes back of each."""
    both, errors = mixed(model, corners, x, y)
    decoded, fade = vae.as_pictures(model, both)
    return {
        "pictures": {"latent": live.picture(decoded), "fade": live.picture(fade)},
        "text": {
            "of latent": parts.figure(float(errors[0])),
            "of fade": parts.figure(float(errors[1])),
        },
    }


def walk(model: Model, corners: Array) -> bytes:
    """Once around the corners (4, k) and back to the first, as a GIF."""
    z = latents.path(corners[[*AROUND]], FRAMES_PER_LEG * (len(AROUND) - 1) + 1)[:-1]
    return film.gif(vae.decode(model, z))


def start(model: Model) -> Array:
    """The first example heads at the corners; random faces where there are too few: (4, k)."""
    n = min(len(CORNERS), len(model.examples()))
    heads = [common.head(model, i).z for i in range(n)]
    return np.stack([*heads, *(common.random_z(model, i) for i in range(n, len(CORNERS)))])


def build(model: Model, elem_id: str) -> None:
    """Lay out the square, what is at its corners, and the film."""
    first = start(model)
    parts.say(
        "Move the dot between four faces. The left picture mixes their $z$ and decodes; the right one mixes their "
        "pixels, so that it has every mouth and every hairline at once. Encode and decode each again, and the number "
        "says how much is lost: what is a head comes back."
    )

    def move(request: live.Request) -> live.Reply:
        corners = _corners(model, request["context"].get("corners"))
        return at(model, corners, *request["value"].tolist())

    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=300):
            pad = live.LatentPad(
                move,
                value=(0.5, 0.5),
                lo=0,
                hi=1,
                background=map_of(model, first),
                axes=("left to right", "up"),
                context={"corners": first.ravel().tolist()},
                screens=[("latent", "mix of z, decoded"), ("fade", "mix of pixels")],
                numbers=[
                    ("of latent", "squared error, mix of z encoded and decoded again"),
                    ("of fade", "the same for the mix of pixels"),
                ],
                label="Between four faces",
                elem_id=elem_id,
            )
        with gr.Column(scale=2, min_width=280):
            corner = gr.Radio(list(CORNERS), value=CORNERS[0], label="Corner to change")
            source = common.Source(model, f"{elem_id}-heads", random=True)
            make = gr.Button("Make a GIF of a walk around", size="md")
            gif = gr.Image(
                label="Around the corners",
                show_label=False,
                interactive=False,
                buttons=["download"],
                type="filepath",
                visible=False,
                elem_id=f"{elem_id}-film",
            )
    state = gr.State(first.tolist())

    def take(face: Face, place: str, corners: list[list[float]]) -> list[Any]:
        if place not in CORNERS:
            raise live.BadRequest(f"A corner is one of: {', '.join(CORNERS)}.")
        now = np.array(corners, np.float32)
        now[CORNERS.index(place)] = face.z
        moved = gr.update(context={"corners": now.ravel().tolist()}, background=map_of(model, now))
        return [now.tolist(), moved, gr.update(value=None, visible=False)]

    source.then(take, [corner, state], [state, pad, gif], "faces_corner")

    @spoken
    def record(corners: list[list[float]]) -> dict[str, Any]:
        """The walk around the corners, as a GIF."""
        content = walk(model, np.array(corners, np.float32))
        file = processing_utils.save_bytes_to_cache(content, "faces.gif", gif.GRADIO_CACHE)
        return gr.update(value=file, visible=True)

    make.click(record, state, gif, api_name="faces_gif", show_progress="hidden")


def _corners(model: Model, numbers: Any) -> Array:
    """(4, k) from what a context holds, one corner after the other."""
    k = vae.latent_dim(model)
    if not isinstance(numbers, list) or len(numbers) != len(CORNERS) * k:
        raise live.BadRequest("The square has four corners.")
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
        chosen = parts.choose(models, model)
        if not isinstance(heads, list) or len(heads) != len(CORNERS):
            raise live.BadRequest("A square has four heads.")
        x, y = checked_number(x, 0, 1, "x"), checked_number(y, 0, 1, "y")
        corners = np.stack([common.head(chosen, number).z for number in heads])
        both, errors = mixed(chosen, corners, x, y)
        decoded, fade = vae.as_pictures(chosen, both)
        return {
            "z": (weights(x, y) @ corners).tolist(),
            "picture": live.data_uri(decoded),
            "mix of pixels": live.data_uri(fade),
            "squared error": float(errors[0]),
            "squared error of the mix of pixels": float(errors[1]),
        }

    parts.endpoint(morph, "faces_morph")
