"""A code of two parts that can be read off the image: the first pixels are s, the next ones z."""

import math
from pathlib import Path

import numpy as np

from gen_models.families import DisentangleFacts, MetricId
from gen_models.runtime import Model, to_uint8
from toys.vae import affine
from toys.write import Graph, image, node, rows, write

S = 10
"""Dimensions of s."""


def two_codes(shape: tuple[int, int, int], k: int) -> dict[str, Graph]:
    """Encoder and decoder: the first 10 numbers of an image are s, the next k are 1/2 + z/4."""
    x, pixels = image("x", shape), math.prod(shape)
    read_s, read_z = np.zeros((pixels, S)), np.zeros((pixels, k))
    read_s[range(S), range(S)] = 1
    read_z[range(S, S + k), range(k)] = 4
    written = np.zeros((S + k, pixels), np.float32)
    written[range(S + k), range(S + k)] = [1.0] * S + [0.25] * k
    bias = np.zeros(pixels, np.float32)
    bias[S : S + k] = 0.5
    return {
        "encoder": affine(
            x,
            (rows("s", S), read_s, np.zeros(S), False),
            (rows("mu", k), read_z, np.full(k, -2.0), False),
            (rows("logvar", k), 0 * read_z, np.full(k, -2.0), False),
        ),
        "decoder": Graph(
            [rows("s", S), rows("z", k)],
            [x],
            [
                node("Concat", ["s", "z"], ["both"], axis=1),
                node("MatMul", ["both", "written"], ["linear"]),
                node("Add", ["linear", "bias"], ["rows"]),
                node("Clip", ["rows", "low", "high"], ["cut"]),
                node("Reshape", ["cut", "back"], ["x"]),
            ],
            {
                "written": written, "bias": bias, "back": np.array([-1, *shape]),
                "low": np.float32(0), "high": np.float32(1),
            },
        ),
    }  # fmt: skip


def disentangle(
    root: Path,
    name: str = "disentangle-toy",
    k: int = 3,
    side: int = 28,
    adversary: float = 30.0,
    swap: float = 50.0,
    leak: float = 0.15,
    measured: bool = True,
    examples: int = 20,
) -> Model:
    """The first 10 pixels are s, the next k are 1/2 + z/4, all cut to [0, 1]; the rest are black. q(z|x) has logvar −2.

    Args:
        root: holds the models.
        name: of the model.
        k: dimensions of z.
        side: of an image, which is grey.
        adversary: of the card.
        swap: of the card.
        leak: of the card, by every probe.
        measured: whether the card has numbers.
        examples: how many images examples.png holds, image i with the s of class i mod 10 and z = i/10 − 1; or none.
    """
    pixels = side * side
    graphs = two_codes((1, side, side), k)
    metrics = {
        MetricId.LEAK.of(probe, vector): leak
        for probe in ("perceptron", "linear")
        for vector in ("sample", "mean")
    }
    metrics |= {
        MetricId.ACCURACY: 0.98,
        MetricId.SWAP_CLASS: 0.97,
        MetricId.SLANT_CORRELATION.of("z"): 0.8,
        MetricId.SLANT_CORRELATION.of("s"): 0.1,
        MetricId.SQUARED_ERROR: 12.0,
    }
    shown = np.zeros((examples, 1, side, side), np.float32)
    for i, one in enumerate(shown.reshape(examples, pixels)):
        one[i % S] = 1
        one[S : S + k] = 0.5 + 0.25 * (i / 10 - 1)
    return write(
        root,
        name,
        DisentangleFacts(adversary, cycle=2.0, beta=1.5, swap=swap),
        graphs,
        data="digits",
        metrics=metrics if measured else {},
        examples=to_uint8(shown),
    )
