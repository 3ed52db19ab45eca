"""The latent plane once more, on top of the first page: a dot to drag, and the digit at it."""

from __future__ import annotations

from gen_models.app import controls
from gen_models.app.chapter import Models, told_none
from gen_models.app.chapters.vae import common, latent_map
from gen_models.app.shell import thumbnails
from gen_models.runtime import Array, Model

PAD = "start-map"
START = (-0.6, -0.9)
"""Where the dot is at first: a digit that is easy to read."""


def _model(models: Models) -> Model | None:
    """The one whose plane it is, if any that is told no class has two latent dimensions."""
    plain = told_none(models)
    flat = {name: model for name, model in plain.items() if common.latent_dim(model) == 2}
    return common.usual(flat) if flat else None


def image(models: Models) -> Array | None:
    """The plane, uint8 (H, W, 3); None if no model has two latent dimensions."""
    model = _model(models)
    if model is None:
        return None
    found = latent_map.background(model)
    return found.repeat(4 - found.shape[-1], -1)  # grey becomes three equal channels


def build(models: Models) -> bool:
    """Lay out the plane; False if no model has two latent dimensions."""
    model = _model(models)
    if model is None:
        return False

    def move(request: controls.Request) -> controls.Reply:
        return {"images": latent_map.at_point(model, request["value"])["images"]}

    controls.LatentPad(
        move,
        value=START,
        lo=-latent_map.EXTENT,
        hi=latent_map.EXTENT,
        quantiles=True,
        background=thumbnails.address(thumbnails.TOY),
        screens=[("mean", "what the network draws there")],
        label="Drag the dot",
        elem_id=PAD,
        patient=True,
    )
    return True
