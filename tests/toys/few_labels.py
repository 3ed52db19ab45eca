"""Few labels whose images are flat: of class c with grey 25 c, and whose codes tell the classes apart."""

from pathlib import Path

import numpy as np

from gen_models.families import FewLabelsFacts, Objective
from gen_models.runtime import Array, Model
from toys.write import Graph, Sheet, image, node, rows, write

CLASSIFIERS = ("scratch", "scratch_augmented", "joint")
SIDE = 28


def few_labels(
    root: Path,
    name: str,
    pool: str = "0123456789" * 4,
    test: str = "9876543210" * 2,
    metrics: dict[str, float] | None = None,
) -> Model:
    """Code j is 10 for an image of class j, and else 0; all codes decode to black; a classifier is sure of class 7.

    Args:
        root: holds the models.
        name: of the model.
        pool: classes of the images that may be labelled, a multiple of 10 of them; the first ten are the labelled ones.
        test: classes of the test images, a multiple of 10.
        metrics: errors by key.
    """
    pixels, x, z = SIDE * SIDE, image("x", (1, SIDE, SIDE)), rows("z", 10)
    classes = np.zeros((pixels, 10), np.float32)
    classes[0] = 255 / 25
    encoder = Graph(
        [x],
        [z],
        [
            node("Flatten", ["x"], ["flat"]),
            node("MatMul", ["flat", "classes"], ["class"]),
            node("Sub", ["class", "each"], ["off"]),
            node("Abs", ["off"], ["apart"]),
            node("Sub", ["one", "apart"], ["near"]),
            node("Relu", ["near"], ["is"]),
            node("Mul", ["is", "ten"], ["z"]),
        ],
        {
            "classes": classes,
            "each": np.arange(10, dtype=np.float32),
            "one": np.ones(1, np.float32),
            "ten": np.full(1, 10, np.float32),
        },
    )
    decoder = Graph(
        [z],
        [x],
        [node("MatMul", ["z", "black"], ["flat"]), node("Reshape", ["flat", "shape"], ["x"])],
        {"black": np.zeros((10, pixels), np.float32), "shape": np.array([-1, 1, SIDE, SIDE])},
    )
    sure = np.zeros((pixels, 10), np.float32)
    classifier = Graph(
        [x],
        [rows("p", 10, (0, 1))],
        [
            node("Flatten", ["x"], ["flat"]),
            node("MatMul", ["flat", "zero"], ["none"]),
            node("Add", ["none", "seven"], ["p"]),
        ],
        {"zero": sure, "seven": np.eye(10, dtype=np.float32)[7]},
    )
    facts = FewLabelsFacts(
        tuple(Objective), pool, test, "1" * 10 + "0" * (len(pool) - 10), CLASSIFIERS
    )
    graphs = {f"encoder_{each}": encoder for each in (*Objective, "pca")}
    graphs |= {f"classifier_{each}": classifier for each in CLASSIFIERS}
    return write(
        root,
        name,
        facts,
        graphs | {"decoder": decoder},
        data="digits",
        title="Toy few labels",
        metrics=metrics,
        sheets={"pool": Sheet(flat(pool)), "test": Sheet(flat(test))},
        examples=flat(test).reshape(-1, SIDE, SIDE, 1),
    )


def flat(classes: str) -> Array:
    """Flat images of these classes: uint8 (rows, 10, SIDE, SIDE, 1)."""
    greys = 25 * np.array([int(c) for c in classes], np.uint8).reshape(-1, 10, 1, 1, 1)
    return np.broadcast_to(greys, (*greys.shape[:2], SIDE, SIDE, 1))
