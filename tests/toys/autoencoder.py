"""An autoencoder whose code is the first pixels of the image."""

from pathlib import Path

import numpy as np

from gen_models.families import AutoencoderFacts, AutoencoderKind, MetricId
from gen_models.runtime import Model, to_uint8
from toys.write import Graph, image, node, rows, write


def autoencoder(
    root: Path,
    name: str,
    kind: str = "conv",
    codes: tuple[int, ...] = (2, 4),
    shape: tuple[int, int, int] = (1, 28, 28),
    data: str = "digits",
    examples: int = 12,
    errors: dict[int, float] | None = None,
    angles: dict[int, float] | None = None,
) -> Model:
    """E takes the first K pixels. D puts them back and leaves the others black; as "conv" it squares them first.

    So x̂_i = x_i, or x_i², for i < K, and 0 elsewhere. The fitted Gaussian is z = 1 + 2 ε: variance 4 in each dimension.

    Args:
        root: holds the models.
        name: of the model.
        kind: "conv", "linear", "pca" or "vae".
        codes: each K.
        shape: (c, h, w).
        data: name of the data set.
        examples: how many images examples.png holds; 0 writes none.
        errors: the squared error of each K, for the card.
        angles: the largest principal angle of each K, for the card.
    """
    x, pixels = image("x", shape), int(np.prod(shape))
    flat, back = np.array([-1, pixels]), np.array([-1, *shape])
    one = np.ones(1, np.float32)
    graphs = {}
    for k in codes:
        z, first = rows("z", k), np.eye(pixels, k, dtype=np.float32)
        graphs[f"encoder_{k}"] = Graph(
            [x],
            [z],
            [node("Reshape", ["x", "flat"], ["rows"]), node("MatMul", ["rows", "first"], ["z"])],
            {"flat": flat, "first": first},
        )
        bent = [node("Mul", ["z", "z"], ["bent"])] if kind == "conv" else []
        graphs[f"decoder_{k}"] = Graph(
            [z],
            [x],
            [
                *bent,
                node("MatMul", ["bent" if bent else "z", "rest"], ["rows"]),
                node("Reshape", ["rows", "back"], ["x"]),
            ],
            {"rest": first.T.copy(), "back": back},
        )
        graphs[f"gaussian_{k}"] = Graph(
            [rows("eps", k)],
            [z],
            [node("Mul", ["eps", "two"], ["wide"]), node("Add", ["wide", "one"], ["z"])],
            {"one": one, "two": 2 * one},
        )
    metrics = {MetricId.SQUARED_ERROR.of(k): error for k, error in (errors or {}).items()}
    metrics |= {MetricId.PRINCIPAL_ANGLE.of(k): angle for k, angle in (angles or {}).items()}
    return write(
        root,
        name,
        AutoencoderFacts(AutoencoderKind(kind), codes),
        graphs,
        data=data,
        title=f"Toy {kind}",
        metrics=metrics,
        examples=to_uint8(np.random.default_rng(0).random((examples, *shape))),
    )
