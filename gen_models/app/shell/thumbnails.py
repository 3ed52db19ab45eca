"""The small images of the first page and of Models: made when one is first asked for, and served beside the page.

None of them is in the page's own configuration, which every visitor loads.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from html import escape

import numpy as np
from PIL import Image, ImageDraw
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gen_models.app import controls
from gen_models.app.hosting import gradio_private
from gen_models.app.hosting.health import MonitoredBlocks
from gen_models.errors import UserError
from gen_models.runtime import Array, Model

log = logging.getLogger(__name__)

WIDTH, HEIGHT = 480, 240
"""Of a chapter's image, in pixels."""
SIDE = 96
"""Of a model's image, in pixels."""
TOY = "start/toy"
"""The image of the first page's toy; the opening words stand beside it too."""
QUALITY = 80
KEPT_S = 3600
"""For how long a browser need not ask again."""
SMOOTH = 4
"""Lines are drawn this many times as large, then made smaller."""
GROUND = (29, 27, 24)
"""Behind what is drawn: dark in light and dark, as digits on black are."""

Line = tuple[Array, tuple[int, int, int]]
"""Points (n, 2) in pixels of the image, y downwards, and a colour."""


class IllustratedBlocks(MonitoredBlocks):
    """The whole app, with its small images."""

    thumbnails: Mapping[str, Callable[[], bytes]] = {}
    """By name, such as "chapters/vae": its file, which is made once."""

    def illustrate(self, makers: Mapping[str, Callable[[], Array | None]]) -> None:
        """Say what makes each image, uint8 (h, w, 3), or None if the models at hand cannot give it."""
        self.thumbnails = {name: cache(partial(_file, maker)) for name, maker in makers.items()}


def address(name: str) -> str:
    """Where the image of this name is, seen from the page."""
    return f"thumbnails/{name}.webp"


def image(name: str, width: int, height: int, css: str) -> str:
    """An `<img>` that is loaded when it comes near the screen; what it shows is said beside it."""
    return (
        f'<img class="{css}" src="{escape(address(name))}" width="{width}" height="{height}" alt="" '
        'loading="lazy" decoding="async">'
    )


def _answer(request: Request) -> Response:
    """The image; 404 if nobody ever said what makes it."""
    blocks = gradio_private.blocks_of(request.app)
    files = blocks.thumbnails if isinstance(blocks, IllustratedBlocks) else {}
    file = files.get(request.path_params["name"])
    if file is None:
        return Response(status_code=404)
    headers = {"cache-control": f"max-age={KEPT_S}"}
    return Response(file(), media_type="image/webp", headers=headers)


ROUTE = Route("/thumbnails/{name:path}.webp", _answer)
"""For `launch(app_kwargs={"routes": [ROUTE]})`."""


# ---------------------------------------------------------------------------------------------------------------------
# Making one
# ---------------------------------------------------------------------------------------------------------------------


def _file(maker: Callable[[], Array | None]) -> bytes:
    """The file of what `maker` makes; a dark one if it cannot."""
    try:
        made = maker()
    except UserError as error:
        log.warning("%s", error)
        made = None
    return webp(np.full((1, 1, 3), GROUND, np.uint8) if made is None else made)


def webp(made: Array) -> bytes:
    """A file of an image, uint8 (h, w, 3)."""
    file = io.BytesIO()
    Image.fromarray(made).save(file, "WEBP", quality=QUALITY, method=4)
    return file.getvalue()


def mosaic(images: Array, columns: int) -> Array:
    """Images uint8 (n, h, w, c) in rows of `columns`, as large as a chapter's image is: uint8 (HEIGHT, WIDTH, 3).

    Args:
        images: rows · columns of them, so that their tiles are squares.
        columns: images in a row.
    """
    side = WIDTH // columns
    large = [
        np.asarray(Image.fromarray(each).resize((side, side), Image.Resampling.LANCZOS))
        for each in images.repeat(4 - images.shape[-1], -1)  # grey becomes three equal channels
    ]
    return controls.grid(np.stack(large), columns, gap=0)


def drawing(lines: Sequence[Line], filled: Sequence[Line] = (), thick: float = 2.5) -> Array:
    """Lines over areas on a dark ground: uint8 (HEIGHT, WIDTH, 3)."""
    canvas = Image.new("RGB", (WIDTH * SMOOTH, HEIGHT * SMOOTH), GROUND)
    draw = ImageDraw.Draw(canvas)
    for points, colour in filled:
        draw.polygon((points * SMOOTH).ravel().tolist(), fill=colour)
    for points, colour in lines:
        draw.line((points * SMOOTH).ravel().tolist(), colour, round(thick * SMOOTH), joint="curve")
    return np.asarray(canvas.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS))


def preview(model: Model) -> Image.Image | None:
    """The model's contact sheet in RGB, if it has one that can be read."""
    try:
        with Image.open(model.folder / "preview.webp", formats=["WEBP"]) as file:
            return file.convert("RGB")
    except (OSError, Image.DecompressionBombError):
        return None


def of_model(model: Model) -> Array | None:
    """The top left square of the model's preview: uint8 (SIDE, SIDE, 3)."""
    image = preview(model)
    if image is None:
        return None
    length = min(image.size)
    small = image.crop((0, 0, length, length)).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    return np.asarray(small)
