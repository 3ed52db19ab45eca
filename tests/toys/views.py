"""A person and a view that can be read off the image: the first numbers of its first channel."""

from pathlib import Path

import numpy as np

from gen_models.families import MetricId, ViewsFacts
from gen_models.runtime import Model, to_uint8
from toys.disentangle import S, two_codes
from toys.write import Sheet, write

PERSONS = 4


def views(
    root: Path,
    name: str = "views-toy",
    k: int = 3,
    side: int = 16,
    beta: float = 1.0,
    adversary: float = 40.0,
    leak: float = 0.05,
    measured: bool = True,
    sheets: bool = True,
) -> Model:
    """The first 10 numbers of the red channel are s, the next k are 1/2 + z/4, all cut to [0, 1].

    Person i of PERSONS has s = the i-th unit vector, and view j all z = j/2 − 1. What was "rendered" is what the
    decoder makes.

    Args:
        root: holds the models.
        name: of the model.
        k: dimensions of z.
        side: of an image.
        beta: of the card.
        adversary: of the card.
        leak: of the card, the explained variance of a person read from z.
        measured: whether the card has numbers.
        sheets: whether there are the images of persons, and of persons in the views of others.
    """
    person, view = np.indices((PERSONS, PERSONS))
    grid = np.zeros((PERSONS, PERSONS, 3 * side * side), np.float32)
    grid[person, view, person] = 1
    grid[..., S : S + k] = 0.5 + 0.25 * (view[..., None] / 2 - 1)
    swaps = to_uint8(grid.reshape(-1, 3, side, side)).reshape(PERSONS, PERSONS, side, side, 3)
    donors = swaps[range(PERSONS), range(PERSONS)]
    variance = MetricId.EXPLAINED_VARIANCE
    metrics = {
        variance.of("person", "image"): 0.8,
        variance.of("person", "s"): 0.7,
        variance.of("person", "z"): leak,
        variance.of("view", "image"): 0.9,
        variance.of("view", "s"): 0.0,
        variance.of("view", "z"): 0.85,
        variance.of("yaw", "image"): 0.98,
        variance.of("yaw", "s"): 0.01,
        variance.of("yaw", "z"): 0.97,
        MetricId.L1.of("swap"): 0.04,
        MetricId.L1.of("copy"): 0.14,
        MetricId.L1.of("own"): 0.03,
        MetricId.SSIM.of("swap"): 0.8,
        MetricId.SSIM.of("copy"): 0.4,
        MetricId.SSIM.of("own"): 0.85,
    }
    return write(
        root,
        name,
        ViewsFacts(beta, adversary, invariance=3.0),
        two_codes((3, side, side), k),
        data="heads-identities",
        metrics=metrics if measured else {},
        sheets={"donors": Sheet(donors[None]), "swaps": Sheet(swaps)} if sheets else {},
        examples=donors,
    )
