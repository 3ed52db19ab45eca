"""An InfoGAN with two continuous codes that can be read off the image."""

from pathlib import Path

import numpy as np

from gen_models.families import InfoGANFacts, MetricId
from gen_models.runtime import Model, to_uint8
from toys.write import Graph, image, node, rows, write


def infogan(
    root: Path,
    name: str = "infogan-toy",
    k: int = 10,
    side: int = 28,
    certainty: float = 10.0,
    sigma: float = 0.5,
    matched: bool = True,
    examples: int = 12,
) -> Model:
    """Pixel j of the first row is 1 for category j and 0 for the others; the next two are 1/2 + c/4.

    The other pixels are 1/2 + z/8, z of 62 numbers written again and again, and all is cut to [0, 1]. Q takes the
    softmax of `certainty` times the first pixels, so that its probability of the true category is
    1 / (1 + (k − 1) e^−certainty), and reads continuous codes exactly. Category j is matched with
    digit 3 j + 1 (mod k).

    Args:
        root: holds the models.
        name: of the model.
        k: categories.
        side: of an image, which is grey.
        certainty: how sure Q is.
        sigma: the standard deviation that Q gives for continuous codes.
        matched: whether the card has numbers.
        examples: how many images examples.png holds; 0 writes none.
    """
    m, size, pixels = 2, 62, side * side
    x = image("x", (1, side, side))
    codes = rows("category", k, (0, 1)), rows("continuous", m, (-1, 1))
    writing = np.zeros((size + k + m, pixels), np.float32)
    rest = np.arange(k + m, pixels)
    writing[(rest - k - m) % size, rest] = 1 / 8
    writing[size:, : k + m] = np.diag([1] * k + [1 / 4] * m)
    bias = np.full(pixels, 0.5, np.float32)
    bias[:k] = 0
    reading = np.zeros((pixels, k), np.float32)
    reading[range(k), range(k)] = certainty
    four = np.zeros((pixels, m), np.float32)
    four[range(k, k + m), range(m)] = 4
    graphs = {
        "generator": Graph(
            [rows("z", size), *codes],
            [x],
            [
                node("Concat", ["z", "category", "continuous"], ["all"], axis=1),
                node("MatMul", ["all", "writing"], ["linear"]),
                node("Add", ["linear", "bias"], ["rows"]),
                node("Clip", ["rows", "low", "high"], ["cut"]),
                node("Reshape", ["cut", "back"], ["x"]),
            ],
            {
                "writing": writing, "bias": bias, "back": np.array([-1, 1, side, side]),
                "low": np.float32(0), "high": np.float32(1),
            },
        ),
        "recogniser": Graph(
            [x],
            [*codes, rows("sigma", m)],
            [
                node("Flatten", ["x"], ["rows"]),
                node("MatMul", ["rows", "reading"], ["scores"]),
                node("Softmax", ["scores"], ["category"], axis=1),
                node("MatMul", ["rows", "four"], ["off"]),
                node("Sub", ["off", "two"], ["continuous"]),
                node("Mul", ["continuous", "nothing"], ["zero"]),
                node("Add", ["zero", "spread"], ["sigma"]),
            ],
            {
                "reading": reading, "four": four, "two": np.float32([2]),
                "nothing": np.float32([0]), "spread": np.float32([sigma]),
            },
        ),
    }  # fmt: skip
    metrics = {MetricId.CLASS_OF_CATEGORY.of(j): (3 * j + 1) % k for j in range(k)}
    metrics |= {MetricId.CODE_ACCURACY.of(s): 0.9 + s / 100 for s in range(5)}
    metrics |= {
        MetricId.CODE_ACCURACY: 0.92,
        MetricId.INFORMATION_BOUND.of("category"): 2.25,
        MetricId.INFORMATION_BOUND.of("continuous"): 1.5,
    }
    shown = np.random.default_rng(5).random((examples, 1, side, side)) / 2
    shown[range(examples), 0, 0, np.arange(examples) % k] = 1
    return write(
        root,
        name,
        InfoGANFacts(k, m),
        graphs,
        data="digits",
        title="Toy InfoGAN",
        metrics=metrics if matched else {},
        examples=to_uint8(shown),
    )
