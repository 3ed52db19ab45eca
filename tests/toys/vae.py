"""A VAE whose encoder and decoder are affine."""

from pathlib import Path

import numpy as np

from gen_models.cards import Port
from gen_models.families import CLASS, Likelihood, MetricId, VAEFacts
from gen_models.runtime import Array, Model
from toys.write import Graph, image, node, rows, write


def vae(
    root: Path,
    name: str,
    k: int = 2,
    shape: tuple[int, int, int] = (1, 8, 8),
    likelihood: str = "bernoulli",
    beta: float = 1.0,
    binarized: bool = False,
    measured: bool = True,
    data: str = "",
    classes: tuple[str, ...] = (),
) -> Model:
    """mu = A x with logvar −2; x = sigmoid(B z) with logits B z, or with logvar −3 as "normal"; A and B are random.

    Its dimensions have KL 1, 2, ... nats, the last of three or more none.

    Args:
        root: holds the models.
        name: of the model; its length is the seed of A and B.
        k: size of z.
        shape: (c, h, w).
        likelihood: "bernoulli" or "normal".
        beta: of the card.
        binarized: of the card.
        measured: whether the card has numbers.
        data: name of the data set; by default that of the shape.
        classes: names of the classes that it is told, if any: mu and the logits then have a term for each, C y.
    """
    rng = np.random.default_rng(len(name))
    d = int(np.prod(shape))
    down, up = rng.normal(0, 0.3, (d, k)), rng.normal(0, 2, (k, d))
    second = "logits" if likelihood == "bernoulli" else "logvar"
    spread = (up, np.zeros(d)) if second == "logits" else (0 * up, np.full(d, -3.0))
    graphs = {
        "encoder": affine(
            image("x", shape),
            (rows("mu", k), down, np.zeros(k), False),
            (rows("logvar", k), 0 * down, np.full(k, -2.0), False),
        ),
        "decoder": affine(
            rows("z", k),
            (image("x", shape), up, np.zeros(d), True),
            (Port(second, ("batch", *shape)), *spread, False),
        ),
    }
    if classes:
        graphs = {role: telling(graph, len(classes), rng) for role, graph in graphs.items()}
    kl = [0.0 if j == k - 1 > 1 else j + 1.0 for j in range(k)]
    metrics = {MetricId.DIMENSION_KL.of(j): nats for j, nats in enumerate(kl)}
    metrics |= {MetricId.ELBO: -50.0, MetricId.KL: sum(kl), MetricId.SQUARED_ERROR: 7.0}
    c, h, w = shape
    strip = np.random.default_rng(0).integers(0, 256, (h, 12 * w, c), np.uint8)
    return write(
        root,
        name,
        VAEFacts(Likelihood(likelihood), beta, binarized, classes=classes),
        graphs,
        data=data or f"noise-{c}-{h}-{w}",
        metrics=metrics if measured else {},
        examples=strip.reshape(h, 12, w, c).transpose(1, 0, 2, 3),
    )


def telling(graph: Graph, n: int, rng: np.random.Generator) -> Graph:
    """The same graph, told one of n classes: the first output has C y added before it is squashed, C random."""
    first = graph.outputs[0]
    width = int(np.prod([int(side) for side in first.shape[1:]]))
    flat = f"{first.name}-2"
    told = [
        node("MatMul", [CLASS, "C"], ["told"]),
        node("Add", [f"{first.name}-1", f"{first.name}-b"], ["untold"]),
        node("Add", ["untold", "told"], [flat]),
    ]
    nodes = [each for each in graph.nodes if list(each.output) != [flat]]
    at = next(i for i, each in enumerate(nodes) if flat in each.input)
    constants = {**graph.constants, "C": rng.normal(0, 3, (n, width)).astype(np.float32)}
    inputs = [*graph.inputs, rows(CLASS, n, (0.0, 1.0))]
    return Graph(inputs, graph.outputs, [*nodes[:at], *told, *nodes[at:]], constants)


def affine(source: Port, *outputs: tuple[Port, Array, Array, bool]) -> Graph:
    """A graph of outputs (port, matrix, bias, squash) that are affine in the flattened input."""
    nodes, constants = [node("Flatten", [source.name], ["flat"])], {}
    for port, matrix, bias, squash in outputs:
        out = port.name
        constants |= {
            f"{out}-W": matrix.astype(np.float32),
            f"{out}-b": bias.astype(np.float32),
            f"{out}-shape": np.array([-1, *port.shape[1:]], np.int64),
        }
        nodes += [
            node("MatMul", ["flat", f"{out}-W"], [f"{out}-1"]),
            node("Add", [f"{out}-1", f"{out}-b"], [f"{out}-2"]),
            node("Reshape", [f"{out}-2", f"{out}-shape"], [f"{out}-3"]),
            node("Sigmoid" if squash else "Identity", [f"{out}-3"], [out]),
        ]
    return Graph([source], [port for port, *_ in outputs], nodes, constants)
