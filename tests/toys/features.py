"""Features that are pixels, and a bank of flat squares."""

from pathlib import Path

import numpy as np

from gen_models.cards import Port
from gen_models.families import FeaturesFacts, FeatureTask
from gen_models.runtime import Model
from toys.write import Graph, Sheet, image, node, rows, write


def features(
    root: Path, name: str, shape: tuple[int, int, int] = (1, 8, 8), data: str = "fashion"
) -> Model:
    """Features h are the first 16 pixels; the bank has 4 x 5 flat squares, and number i has the grey 12 i.

    So a flat image of grey g is 4 |g − 12 i| / 255 from number i.
    """
    c, h, w = shape
    greys = 12 * np.arange(20, dtype=np.uint8)
    bank = np.broadcast_to(greys.reshape(4, 5, 1, 1, 1), (4, 5, h, w, c))
    flat = np.ones((1, 20, 16), np.float32) * greys[:, None] / np.float32(255)
    graphs = {
        "features": Graph(
            [image("x", shape)],
            [rows("h", 16), rows("y", 2)],
            [
                node("Flatten", ["x"], ["flat"]),
                node("MatMul", ["flat", "first"], ["h"]),
                node("MatMul", ["h", "label"], ["y"]),
            ],
            {"first": np.eye(c * h * w, 16, dtype=np.float32), "label": np.ones((16, 2), "f4")},
        ),
        "neighbours": Graph(
            [rows("h", 16)],
            [Port("index", ("batch", 6), "int64"), rows("distance", 6)],
            [
                node("Unsqueeze", ["h", "one"], ["each"]),
                node("Sub", ["each", "bank"], ["apart"]),
                node("ReduceL2", ["apart", "two"], ["far"], keepdims=0),
                node("TopK", ["far", "six"], ["distance", "index"], largest=0),
            ],
            {"one": np.array([1]), "two": np.array([2]), "six": np.array([6]), "bank": flat},
        ),
    }
    facts = FeaturesFacts(FeatureTask.CLASSES)
    sheets = {"bank": Sheet(bank)}
    return write(root, name, facts, graphs, data=data, title="Toy features", sheets=sheets)
