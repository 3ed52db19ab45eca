"""A pair of translations that hide what they need for the way back."""

from pathlib import Path

import numpy as np

from gen_models.families import CycleGANFacts, MetricId
from gen_models.runtime import Model, to_uint8
from toys.write import Graph, Sheet, image, node, write

COLOUR = np.float32([0.2, 0.5, 0.7]).reshape(1, 3, 1, 1)


def cyclegan(
    root: Path,
    name: str = "cyclegan-toy",
    side: int = 32,
    hidden: float = 0.05,
    data: str = "earth",
    cycle: float = 10.0,
    examples: int = 6,
    measured: bool = True,
) -> Model:
    """G_xy gives the colour b = (0.2, 0.5, 0.7) to every pixel and hides x in it: ŷ = b + `hidden` (x − ½).

    G_yx reads it again, x̂ = ½ + (ŷ − b) / `hidden`, cut to [0, 1], so that the round trip of an x ends where it began.
    Without a cycle (`cycle` = 0) G_yx gives grey ½ instead, whatever it gets.
    Example i of x is a disc of its own colour and place, of y a flat image of grey (i + 1) / 8.

    Args:
        root: holds the models.
        name: of the model.
        side: of an image, which has three colours.
        hidden: how much of x is left in ŷ.
        data: name of the data set; "earth" has true pairs.
        cycle: λ.
        examples: how many images each sheet holds; 0 leaves the sheets out.
        measured: whether the card has numbers.
    """
    half = np.float32(0.5)
    graphs = {
        "G_xy": scaled("x", "y", side, half, np.float32(hidden), COLOUR),
        "G_yx": scaled("y", "x", side, COLOUR, np.float32(1 / hidden if cycle else 0), half),
    }
    i = np.arange(examples)[:, None, None]
    down, across = np.mgrid[:side, :side]
    middle = side * (i + 2) / (examples + 3)
    disc = (across - middle) ** 2 + (down - side / 2) ** 2 < (side / 4) ** 2
    colours = np.random.default_rng(7).random((2, examples, 1, 1, 3))
    shown = {
        "x": np.where(disc[..., None], *colours),
        "y": np.ones((examples, side, side, 3)) * ((i + 1) / 8)[..., None],
    }
    tiles = {role: to_uint8(x.transpose(0, 3, 1, 2))[None] for role, x in shown.items()}
    metrics = {}
    for s, t in ("xy", "yx"):
        metrics[MetricId.CYCLE_ERROR.of(s)] = 0.03 if cycle else 0.25
        for sigma in (0.01, 0.02, 0.05, 0.1, 0.2):
            metrics[MetricId.CYCLE_ERROR.of(s, sigma)] = 0.03 + sigma
        metrics[MetricId.FRECHET_DISTANCE.of(t)] = 7.25
        if data == "earth":
            metrics[MetricId.PAIR_ERROR.of(t)] = 0.125
            metrics[MetricId.PAIR_ERROR.of(t, "identity")] = 0.375
            metrics[MetricId.PAIR_ERROR.of(t, "pix2pix")] = 0.0625
    return write(
        root,
        name,
        CycleGANFacts(cycle, identity=0.5),
        graphs,
        data=data,
        title="Toy CycleGAN",
        metrics=metrics if measured else {},
        sheets={role: Sheet(row) for role, row in tiles.items()} if examples else {},
    )


def scaled(
    s: str, t: str, side: int, less: np.ndarray, times: np.ndarray, more: np.ndarray
) -> Graph:
    """(s − less) · times + more, cut to [0, 1]."""
    return Graph(
        [image(s, (3, side, side))],
        [image(t, (3, side, side))],
        [
            node("Sub", [s, "less"], ["centred"]),
            node("Mul", ["centred", "times"], ["scaled"]),
            node("Add", ["scaled", "more"], ["moved"]),
            node("Clip", ["moved", "low", "high"], [t]),
        ],
        {"less": less, "times": times, "more": more, "low": np.float32(0), "high": np.float32(1)},
    )
