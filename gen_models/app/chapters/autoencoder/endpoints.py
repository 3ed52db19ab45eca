"""What the experiments compute, over HTTP."""

from __future__ import annotations

from typing import Any

import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Models
from gen_models.app.chapters.autoencoder import generator, reconstruct
from gen_models.app.chapters.autoencoder.common import checked_code, checked_example
from gen_models.app.chapters.autoencoder.lineup import (
    Lineup,
    between,
    error_table,
    lineups,
    sample_table,
)
from gen_models.app.checks import checked_number, checked_seed
from gen_models.app.shell.parts import endpoint
from gen_models.errors import BadRequest
from gen_models.runtime import Array


def checked_drawing(grey: Any) -> Array:
    """uint8 (h, w) from rows of numbers in 0..255."""
    sentence = (
        "The drawing must be rows of equal length, of numbers from 0 to 255, at most 512 by 512."
    )
    try:
        drawing = np.array(grey, float)
    except (ValueError, TypeError, OverflowError):
        raise BadRequest(sentence) from None
    if drawing.ndim != 2 or not drawing.size or max(drawing.shape) > 512:
        raise BadRequest(sentence)
    if not ((drawing >= 0) & (drawing <= 255)).all():  # NaN is neither
        raise BadRequest(sentence)
    return drawing.astype(np.uint8)


def png(lineup: Lineup, x: Array) -> str:
    """The first image of a batch, as a PNG in a data: URI."""
    return controls.data_uri(lineup.to_uint8(x)[0])


def offer(models: Models) -> None:
    """One typed endpoint for each experiment."""
    found = lineups(models.values())

    def get_lineup(data: Any) -> Lineup:
        if not isinstance(data, str) or data not in found:
            raise BadRequest(f"The data must be one of: {', '.join(found)}.")
        return found[data]

    def autoencoder_reconstruct(
        data: str, code: int, example: int = 0, drawing: list[list[float]] | None = None
    ) -> dict[str, Any]:
        """Encode and decode one image with every kind of autoencoder of one code size.

        data: the name of a data set. code: code size. example: number of a test image. drawing: instead of the
        example, rows of grey levels, 0 paper to 255 ink, at most 512 by 512.
        """
        lineup = get_lineup(data)
        code = checked_code(lineup, code)
        if drawing is None:
            image = lineup.examples[checked_example(lineup, example)]
        else:
            image = checked_drawing(drawing)
        x = lineup.seen(image)
        made = reconstruct.compare(lineup, code, x)
        return {"x": png(lineup, x)} | {
            kind: {"picture": png(lineup, y), "squared_error": error}
            for kind, (y, error) in made.items()
        }

    def autoencoder_errors(data: str) -> list[dict[str, Any]]:
        """Squared error on the test split by code size and kind, and the angle between linear autoencoder and PCA."""
        return error_table(get_lineup(data))

    def autoencoder_between(data: str, code: int, start: int, end: int, t: float) -> dict[str, Any]:
        """The image at t in 0..1 on each way between two examples, and how far the way bends off a cross-fade."""
        lineup = get_lineup(data)
        code = checked_code(lineup, code)
        ends = lineup.x([checked_example(lineup, number) for number in (start, end)])
        t = checked_number(t, 0, 1, "t")
        ways = {kind: between(model, code, ends, t) for kind, model in lineup.at(code).items()}
        return {"fade": png(lineup, (1 - t) * ends[:1] + t * ends[1:])} | {
            kind: {"picture": png(lineup, x), "bend": bend} for kind, (x, bend) in ways.items()
        }

    def autoencoder_sample(
        data: str, code: int, seed: int = 0, spread: float = 1.0
    ) -> dict[str, Any]:
        """Grids of images from random codes of a spread, from the fitted Gaussian, by the VAE of this size, and of real
        images; with Fréchet distance and share recognised by the cards, where z ~ N(0, I) for "noise".
        """
        lineup = get_lineup(data)
        code = checked_code(lineup, code)
        spread = checked_number(spread, 0, generator.MAX_SPREAD, "The spread")
        images = generator.grids(lineup, code, checked_seed(seed), spread)
        row = sample_table(lineup)[lineup.codes.index(code)]
        return {
            name: {
                "picture": controls.data_uri(image),
                "frechet_distance": row.get(f"distance-{name}"),
                "recognised": row.get(f"share-{name}"),
            }
            for name, image in images.items()
        }

    for function in (
        autoencoder_reconstruct,
        autoencoder_errors,
        autoencoder_between,
        autoencoder_sample,
    ):
        endpoint(function, function.__name__)
