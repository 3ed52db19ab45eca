"""A generator of flat images, and a fade-in to a chessboard: α can be read off every pixel."""

from pathlib import Path

import numpy as np

from gen_models.cards import Port
from gen_models.families import MetricId, ProGANFacts, ProGANLoss
from gen_models.runtime import Model, to_uint8
from toys.write import Graph, Sheet, image, node, rows, write

IMAGES = 640
"""Training images of each level; a batch of `toys.write` has 64."""
FRAMES = 4
"""Moments of the film at each level."""


def progan(
    root: Path,
    name: str = "progan-toy",
    k: int = 3,
    sides: tuple[int, ...] = (4, 8, 16),
    channels: int = 3,
    fade: int = IMAGES // 2,
    minibatch_std: bool = True,
    measured: bool = True,
    examples: int = 12,
) -> Model:
    """At the end of a level all pixels are 1/2 + z_1 / 8, cut to [0, 1]; while it fades in, each square of 2 x 2 pixels
    is 1/2 below, and (1, 0; 0, 1) above.

    The film has 36 z, and at moment j all pixels are 10 j. Of the examples, image i is the same chessboard.

    Args:
        root: holds the models.
        name: of the model.
        k: size of z.
        sides: of the levels' images.
        channels: of the images.
        fade: images over which a level fades in; with 0 there are no such graphs.
        minibatch_std: of the card.
        measured: whether the card has numbers.
        examples: how many images examples.png holds.
    """
    graphs = {}
    for level, side in enumerate(sides):
        shape = (channels, side, side)
        constants = {
            "first": np.eye(k, 1, dtype=np.float32) / 8, "half": np.float32(0.5),
            "ones": np.ones((1, *shape), np.float32), "column": np.array([-1, 1, 1, 1]),
            "low": np.float32(0), "high": np.float32(1),
        }  # fmt: skip
        flat = [
            node("MatMul", ["z", "first"], ["moved"]),
            node("Add", ["moved", "half"], ["grey"]),
            node("Clip", ["grey", "low", "high"], ["cut"]),
            node("Reshape", ["cut", "column"], ["pixel"]),
            node("Mul", ["pixel", "ones"], ["x"]),
        ]
        graphs[f"generator_{side}"] = Graph([rows("z", k)], [image("x", shape)], flat, constants)
        if level and fade:
            board = board_of(side) - 0.5
            graphs[f"fade_{side}"] = Graph(
                [rows("z", k), Port("in_alpha", (), range=(0.0, 1.0))],
                [image("x", shape)],
                [
                    node("MatMul", ["z", "nothing"], ["zero"]),
                    node("Reshape", ["zero", "column"], ["each"]),
                    node("Mul", ["in_alpha", "board"], ["part"]),
                    node("Add", ["part", "half"], ["one"]),
                    node("Add", ["one", "each"], ["x"]),
                ],
                {
                    "nothing": np.zeros((k, 1), np.float32), "half": np.float32(0.5),
                    "column": np.array([-1, 1, 1, 1]),
                    "board": np.broadcast_to(board, (1, *shape)).astype(np.float32),
                },
            )  # fmt: skip
    largest, n = sides[-1], len(sides)
    moments = [IMAGES * (i + 1) // FRAMES // 64 for i in range(FRAMES * n)]
    film = np.empty((36, FRAMES * n, largest, largest, channels), np.uint8)
    film[:] = 10 * np.arange(FRAMES * n, dtype=np.uint8)[:, None, None, None]
    shown = np.broadcast_to(board_of(largest), (examples, channels, largest, largest))
    metrics = {
        MetricId.SLICED_WASSERSTEIN.of(side): 10.0 * (i + 1) for i, side in enumerate(sides[1:])
    }
    metrics |= {
        MetricId.SLICED_WASSERSTEIN.of(sides[-1], model="other"): 40.0,
        MetricId.SLICED_WASSERSTEIN_REAL.of(sides[-1]): 5.0,
        MetricId.FACTOR_OVERLAP.of("beard"): 0.9,
        MetricId.FACTOR_OVERLAP.of("beard", model="other"): 0.8,
        MetricId.FACTOR_OVERLAP_REAL.of("beard"): 0.95,
        MetricId.FACTOR_OVERLAP.of("hair_style"): 0.6,
        MetricId.FACTOR_OVERLAP.of("hair_style", model="other"): 0.7,
        MetricId.FACTOR_OVERLAP_REAL.of("hair_style"): 0.97,
        MetricId.FRECHET_DISTANCE: 7.0,
        MetricId.RECALL: 0.5,
    }
    return write(
        root,
        name,
        ProGANFacts(sides, (IMAGES,) * n, fade, minibatch_std, ProGANLoss.LOGISTIC),
        graphs,
        data="heads",
        metrics=metrics if measured else {},
        sheets={"film": Sheet(film, tuple(moments))},
        examples=to_uint8(np.float32(shown)) if examples else None,
    )


def board_of(side: int) -> np.ndarray:
    """A chessboard of single pixels, white at the top left: (side, side) in [0, 1]."""
    return (np.indices((side, side)).sum(0) + 1) % 2.0
