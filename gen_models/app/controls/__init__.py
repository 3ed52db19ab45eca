"""Live controls, choices and displays: what an experiment is operated with, each `.py` beside its `.js`.

`live` says how a control asks and is answered. A chapter writes `from gen_models.app import controls` and

    controls.LatentPad(...)  controls.LatentSliders(...)  controls.DrawPad(...)     live controls
    controls.PaintPad(...)  controls.board                                          those of one chapter each
    controls.steps(...)  controls.thumbnails(...)  controls.strip(...)              choices
    controls.display(...)                                                           what a live control moves
    controls.keeping(...)                              numbers that stand where a value is refused
    controls.pixels(...)  controls.photo(...)  controls.data_uri(...)  controls.grid(...)    images for a reply
"""

from gen_models.app.controls.choices import steps, strip, thumbnails
from gen_models.app.controls.displays import display
from gen_models.app.controls.draw_pad import DrawPad
from gen_models.app.controls.images import ImageData, data_uri, data_uris, grid, photo, pixels
from gen_models.app.controls.latent_pad import LatentPad
from gen_models.app.controls.latent_sliders import LatentSliders
from gen_models.app.controls.live import (
    MOUNT,
    ROUTE,
    SCRIPT,
    Compute,
    Layout,
    Live,
    Reply,
    Request,
    keeping,
    template,
)
from gen_models.app.controls.paint_pad import PaintPad

__all__ = [
    "MOUNT", "ROUTE", "SCRIPT", "Compute", "DrawPad", "ImageData", "LatentPad", "LatentSliders", "Layout", "Live",
    "PaintPad", "Reply", "Request", "data_uri", "data_uris", "display", "grid", "keeping", "photo", "pixels", "steps",
    "strip", "template", "thumbnails",
]  # fmt: skip
