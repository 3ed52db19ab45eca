"""Generators that mix patterns."""

from pathlib import Path

import numpy as np

from gen_models.families import CLASS, GANFacts, GANRecipe, MetricId
from gen_models.runtime import Model
from toys.write import Graph, Sheet, image, metric, node, rows, write


def matrix(root: Path, name: str = "toy") -> Model:
    """The smallest model there is, of the family "gan": x = z W, reshaped to (1, 4, 4), with W = 0, 1, 2, ... / 48."""
    weights = np.arange(48, dtype=np.float32).reshape(3, 16) / 48
    graph = Graph(
        [rows("z", 3)],
        [image("x", (1, 4, 4))],
        [node("MatMul", ["z", "W"], ["flat"]), node("Reshape", ["flat", "shape"], ["x"])],
        {"W": weights, "shape": np.array([-1, 1, 4, 4])},
    )
    metrics = {MetricId.PRECISION: metric("gan", MetricId.PRECISION, 0.125, n=10)}
    facts = GANFacts(GANRecipe.LOGISTIC_R1)
    return write(root, name, facts, {"generator": graph}, title="Toy", metrics=metrics)


def gan(
    root: Path,
    name: str,
    k: int = 4,
    shape: tuple[int, int, int] = (1, 8, 8),
    data: str = "fashion",
    moments: int = 5,
    measured: bool = True,
    recipe: GANRecipe = GANRecipe.LOGISTIC_R1,
    classes: tuple[str, ...] = (),
) -> Model:
    """x = sigmoid(z W) of fixed orthogonal patterns; told a class, sigmoid((z; y) W) with a pattern for each class too.

    Its film shows three z, at moment j as flat squares of the grey 50 j; steps 1, 10, 100, ... of 64 images.

    Args:
        root: holds the models.
        name: of the model.
        k: size of z.
        shape: (c, h, w).
        data: name of the data set.
        moments: columns of the film; 0 leaves it out.
        measured: whether the card has numbers.
        recipe: which training it is said to have had; the film of a DCGAN has no losses.
        classes: names of the classes that it is told, if any.
    """
    pixels, (c, h, w) = int(np.prod(shape)), shape
    n = len(classes)
    patterns = np.linalg.qr(np.random.default_rng(1).normal(size=(pixels, k + n)))[0].T
    told = [rows(CLASS, n, (0.0, 1.0))] if classes else []
    graph = Graph(
        [rows("z", k), *told],
        [image("x", shape)],
        [
            node("Concat", ["z", *(port.name for port in told)], ["code"], axis=1),
            node("MatMul", ["code", "patterns"], ["rows"]),
            node("Sigmoid", ["rows"], ["grey"]),
            node("Reshape", ["grey", "back"], ["x"]),
        ],
        {"patterns": np.float32(4 * patterns), "back": np.array([-1, *shape])},
    )
    greys = 50 * np.arange(moments, dtype=np.uint8)[:, None, None, None]
    film = np.broadcast_to(greys, (3, moments, h, w, c))
    steps = tuple(10**j for j in range(moments))
    losses = {name: tuple(np.linspace(2, 0, moments)) for name in ("loss_D", "loss_G")}
    if recipe is GANRecipe.DCGAN:
        losses = {}
    metrics = {
        MetricId.FRECHET_DISTANCE: 7.25,
        MetricId.PRECISION: 0.75,
        MetricId.RECALL: 0.5,
        MetricId.FRECHET_DISTANCE_REAL: 0.125,
        MetricId.NEAR_COPIES: metric("gan", MetricId.NEAR_COPIES, 0.015, n=2000),
    }
    return write(
        root,
        name,
        GANFacts(recipe, classes=classes),
        {"generator": graph},
        data=data,
        title="Toy GAN",
        metrics=metrics if measured else {},
        sheets={"film": Sheet(film, steps, losses)} if moments else {},
    )
