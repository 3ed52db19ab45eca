"""Toy models for the tests: ONNX graphs built by hand, without torch, whose answers are known on paper."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper
from PIL import Image

from gen_models import cards
from gen_models.cards import Port
from gen_models.runtime import Model, to_uint8


def graph(
    nodes: Iterable[NodeProto],
    inputs: dict[str, tuple[int, ...]],
    outputs: dict[str, tuple[int, ...]],
    constants: dict[str, np.ndarray],
) -> bytes:
    """An ONNX file. Shapes are given without the batch, which is the first axis of every input and output."""

    def ports(shapes):
        return [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])
            for name, shape in shapes.items()
        ]

    tensors = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    made = helper.make_graph(list(nodes), "toy", ports(inputs), ports(outputs), tensors)
    opset = helper.make_opsetid("", 20)
    return helper.make_model(made, opset_imports=[opset], ir_version=10).SerializeToString()


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
    """An autoencoder whose code is the first pixels of the picture, written to `root/name`.

    E takes the first K pixels. D puts them back and leaves the others black; as "conv" it squares them first. So
    x̂_i = x_i, or x_i², for i < K, and 0 elsewhere. The fitted Gaussian is z = 1 + 2 ε: variance 4 in each dimension.

    Args:
        root: holds the models.
        name: of the model.
        kind: "conv", "linear" or "pca".
        codes: each K.
        shape: (c, h, w).
        data: name of the data set.
        examples: how many pictures examples.png holds; 0 writes none.
        errors: the squared error of each K, for the card.
        angles: the largest principal angle of each K, for the card.
    """
    folder = root / name
    folder.mkdir(parents=True)
    x, pixels = Port("x", ("batch", *shape), range=(0, 1)), int(np.prod(shape))
    graphs = {}
    for k in codes:
        z, first = Port("z", ("batch", k)), np.eye(pixels, k, dtype=np.float32)
        flat, back = np.array([-1, pixels]), np.array([-1, *shape])
        encoder = [
            helper.make_node("Reshape", ["x", "flat"], ["rows"]),
            helper.make_node("MatMul", ["rows", "first"], ["z"]),
        ]
        bent = [helper.make_node("Mul", ["z", "z"], ["bent"])] if kind == "conv" else []
        decoder = [
            *bent,
            helper.make_node("MatMul", ["bent" if bent else "z", "rest"], ["rows"]),
            helper.make_node("Reshape", ["rows", "back"], ["x"]),
        ]
        gaussian = [
            helper.make_node("Mul", ["eps", "two"], ["wide"]),
            helper.make_node("Add", ["wide", "one"], ["z"]),
        ]
        one = np.ones(1, np.float32)
        shapes = {"x": shape, "z": (k,), "eps": (k,)}
        for role, source, target, nodes, constants in (
            ("encoder", x, z, encoder, {"flat": flat, "first": first}),
            ("decoder", z, x, decoder, {"rest": first.T.copy(), "back": back}),
            ("gaussian", Port("eps", ("batch", k)), z, gaussian, {"one": one, "two": 2 * one}),
        ):
            content = graph(
                nodes,
                {source.name: shapes[source.name]},
                {target.name: shapes[target.name]},
                constants,
            )
            file = f"{role}_{k}.onnx"
            (folder / file).write_bytes(content)
            graphs[f"{role}_{k}"] = cards.Graph(
                file, cards.sha256(content), len(content), (source,), (target,), 20, 0, 0.0
            )
    if examples:
        pictures = np.random.default_rng(0).random((examples, *shape))
        strip = np.concatenate(list(to_uint8(pictures)), axis=1)
        Image.fromarray(strip.squeeze()).save(folder / "examples.png")

    def metric(value: float, split: str) -> cards.Metric:
        return cards.Metric(value, "", 100, split, (0,), "python -m measure toy")

    metrics = {f"squared error/{k}": metric(v, "test") for k, v in (errors or {}).items()}
    metrics |= {
        f"largest principal angle to PCA/{k}": metric(v, "train") for k, v in (angles or {}).items()
    }
    card = cards.Card(
        name=name,
        family="autoencoder",
        title=f"Toy {kind}",
        lecture="§1.1",
        summary="It remembers the first pixels.",
        limitations="It forgets the others.",
        dataset=cards.Dataset(data, f"Toy {data}", "public domain", "nowhere", f"{data:0>64}"),
        training=cards.Training("python -m make toy", 0.0, "CPU", 0, {"torch": "0"}, "abc"),
        config={"kind": kind, "data": data, "seed": 0},
        graphs=graphs,
        metrics=metrics,
    )
    card.save(folder)
    return Model(card, folder)
