"""A VAE of coloured images with directions for attributes, linear throughout."""

from pathlib import Path

import numpy as np

from gen_models.families import Likelihood, MetricId, VAEFacts
from gen_models.runtime import Model, to_uint8
from toys.write import Graph, image, node, rows, write


def heads(
    root: Path,
    name: str = "vae-toy-heads",
    k: int = 16,
    side: int = 16,
    attributes: tuple[str, ...] = ("smile", "age", "hair_length"),
    examples: int = 12,
    measured: bool = True,
) -> Model:
    """x = ½ + Σ_j z_j u_j with u_j orthogonal patterns of 4 x 4 fields, cut to [0, 1]; mu are its parts along them.

    So an image that is made of the patterns comes back; logvar is −2. For z ~ N(0, I) a pixel has a standard deviation
    of 0.1. Attribute i is read as z_i, plus half of z_0 for the second one; its direction is the axis i. So moving the
    first moves the second by half as much, and the others are independent. KL of dimension j is (k − j) / 10, the last
    0.

    Args:
        root: holds the models.
        name: of the model.
        k: size of z, at most 48.
        side: of an image, a multiple of 4; it has three colours.
        attributes: their names, at most k.
        examples: how many images examples.png holds; 0 writes none.
        measured: whether the card has numbers.
    """
    shape, n, d = (3, side, side), len(attributes), 3 * side * side
    fields, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(48, k)))
    wide = fields.T.reshape(k, 3, 4, 4).repeat(side // 4, 2).repeat(side // 4, 3)
    length = 0.1 * (d / k) ** 0.5
    patterns = (wide.reshape(k, d) * length / np.linalg.norm(wide[0])).astype(np.float32)
    reading = np.eye(k, n, dtype=np.float32)
    reading[0, 1] = 0.5
    half = np.float32([0.5])
    each = [rows(attribute, 1) for attribute in attributes]
    graphs = {
        "encoder": Graph(
            [image("x", shape)],
            [rows("mu", k), rows("logvar", k)],
            [
                node("Reshape", ["x", "flat"], ["rows"]),
                node("Sub", ["rows", "half"], ["middle"]),
                node("MatMul", ["middle", "patterns"], ["small"]),
                node("Mul", ["small", "per_length"], ["mu"]),
                node("Mul", ["mu", "zero"], ["none"]),
                node("Add", ["none", "least"], ["logvar"]),
            ],
            {
                "flat": np.array([-1, d]), "half": half, "patterns": patterns.T.copy(),
                "per_length": np.float32([1 / length**2]), "zero": np.float32([0]), "least": np.float32([-2]),
            },
        ),
        "decoder": Graph(
            [rows("z", k)],
            [image("x", shape), rows("logvar", 1)],
            [
                node("MatMul", ["z", "patterns"], ["middle"]),
                node("Add", ["middle", "half"], ["rows"]),
                node("Clip", ["rows", "low", "high"], ["cut"]),
                node("Reshape", ["cut", "back"], ["x"]),
                node("MatMul", ["z", "nothing"], ["logvar"]),
            ],
            {
                "patterns": patterns, "half": half, "low": np.float32(0), "high": np.float32(1),
                "back": np.array([-1, *shape]), "nothing": np.zeros((k, 1), np.float32),
            },
        ),
        "directions": Graph(
            each,
            [rows("dz", k)],
            [
                node("Concat", list(attributes), ["t"], axis=1),
                node("MatMul", ["t", "axes"], ["dz"]),
            ],
            {"axes": np.eye(n, k, dtype=np.float32)},
        ),
        "attributes": Graph(
            [rows("z", k)],
            each,
            [
                node("MatMul", ["z", "reading"], ["all"]),
                node("Split", ["all"], list(attributes), axis=1, num_outputs=n),
            ],
            {"reading": reading},
        ),
    }  # fmt: skip
    z = np.random.default_rng(4).normal(size=(examples, k))
    metrics = {
        MetricId.DIMENSION_KL.of(j): (k - j) / 10 if j < k - 1 else 0.0 for j in range(k)
    }  # fmt: skip
    metrics |= {MetricId.SQUARED_ERROR: 7.5, MetricId.KL: 13.5}
    metrics |= {MetricId.ATTRIBUTE_AUROC.of(a): 0.95 - i / 20 for i, a in enumerate(attributes)}
    return write(
        root,
        name,
        VAEFacts(Likelihood.NORMAL, attributes=attributes),
        graphs,
        data="heads",
        title="Toy heads",
        metrics=metrics if measured else {},
        examples=to_uint8((0.5 + z @ patterns).reshape(-1, *shape)),
    )
