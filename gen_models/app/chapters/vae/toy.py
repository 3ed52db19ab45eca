"""The latent plane once more, on top of the first page: a dot to drag, and the digit at it."""

from __future__ import annotations

import base64
from functools import cache

from gen_models.app import controls
from gen_models.app.chapter import Models
from gen_models.app.chapters.vae import common, latent_map
from gen_models.app.shell.thumbnails import webp
from gen_models.runtime import Model

PAD = "start-map"
START = (-0.6, -0.9)
"""Where the dot is at first: a digit that is easy to read."""


@cache
def map_of(model: Model) -> str:
    """The plane as a small file in a data: URI."""
    image = latent_map.background(model)
    image = image.repeat(4 - image.shape[-1], -1)  # grey becomes three equal channels
    return "data:image/webp;base64," + base64.b64encode(webp(image)).decode()


def build(models: Models) -> bool:
    """Lay out the plane; False if no model has two latent dimensions."""
    flat = {name: model for name, model in models.items() if common.latent_dim(model) == 2}
    if not flat:
        return False
    model = common.usual(flat)

    def move(request: controls.Request) -> controls.Reply:
        """The first answer, and no other, brings the map, so that the page itself need not hold it."""
        reply = {"images": latent_map.at_point(model, request["value"])["images"]}
        if request["context"].get("bare") is True:
            reply |= {"background": map_of(model), "context": {}}
        return reply

    controls.LatentPad(
        move,
        value=START,
        lo=-latent_map.EXTENT,
        hi=latent_map.EXTENT,
        context={"bare": True},
        screens=[("mean", "what the network draws there")],
        label="Drag the dot",
        elem_id=PAD,
        patient=True,
    )
    return True
