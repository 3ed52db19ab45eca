"""The one writer of toy models: from facts, graphs, images and numbers to a folder that `cards.load` accepts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper
from PIL import Image

from gen_models import cards, model_readme
from gen_models.cards import Metric, Port
from gen_models.families import FAMILIES, Facts, spec_of
from gen_models.files import sha256
from gen_models.runtime import Array, Model

OPSET = 20
COMMAND = "python -m measure toy"
node = helper.make_node


@dataclass(frozen=True)
class Graph:
    """What one graph of a toy computes."""

    inputs: Sequence[Port]
    outputs: Sequence[Port]
    nodes: Sequence[NodeProto]
    constants: Mapping[str, Array] = field(default_factory=dict)

    def onnx(self) -> bytes:
        """The content of an ONNX file."""
        made = helper.make_graph(
            list(self.nodes),
            "toy",
            [_info(port) for port in self.inputs],
            [_info(port) for port in self.outputs],
            [numpy_helper.from_array(np.asarray(v), name) for name, v in self.constants.items()],
        )
        opset = helper.make_opsetid("", OPSET)
        return helper.make_model(made, opset_imports=[opset], ir_version=10).SerializeToString()


def _info(port: Port):
    kind = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64}[port.dtype]
    return helper.make_tensor_value_info(port.name, kind, port.shape)


def image(name: str, shape: tuple[int, int, int]) -> Port:
    """A port of images (c, h, w) in [0, 1]."""
    return Port(name, ("batch", *shape), range=(0.0, 1.0))


def rows(name: str, k: int, range: tuple[float, float] | None = None) -> Port:
    """A port of k numbers for each of a batch."""
    return Port(name, ("batch", k), range=range)


@dataclass(frozen=True)
class Sheet:
    """A sheet of a toy: tiles, uint8 (rows, columns, h, w, c), and of a film the step and the losses of each column."""

    tiles: Array
    steps: tuple[int, ...] = ()
    losses: dict[str, tuple[float, ...]] = field(default_factory=dict)


def write(
    root: Path,
    name: str,
    facts: Facts,
    graphs: Mapping[str, Graph],
    *,
    data: str = "none",
    title: str = "",
    metrics: Mapping[str, float | Metric] | None = None,
    sheets: Mapping[str, Sheet] | None = None,
    examples: Array | None = None,
) -> Model:
    """Write a toy to `root/name`. Its family is that of its facts.

    Args:
        root: holds the models.
        name: of the model.
        facts: what its card promises.
        graphs: by role.
        data: name of the data set, and what `training.data` would be asked for.
        title: of the model; "Toy NAME" if empty.
        metrics: by key; a number has the unit that the family gives it, and stands for 100 test images.
        sheets: by role.
        examples: uint8 (n, h, w, c), for examples.png; None or no images: there is no such file.
    """
    family = family_of(facts)
    folder = root / name
    folder.mkdir(parents=True)
    files = {}
    for role, graph in graphs.items():
        content = graph.onnx()
        (folder / f"{role}.onnx").write_bytes(content)
        files[role] = cards.Graph(
            f"{role}.onnx",
            sha256(content),
            len(content),
            tuple(graph.inputs),
            tuple(graph.outputs),
            OPSET,
            0,
            0.0,
        )
    if examples is not None and len(examples):
        _save(examples[None], folder / "examples.png")
    named = {}
    for role, sheet in (sheets or {}).items():
        _save(sheet.tiles, folder / f"{role}.webp")
        named[role] = cards.Sheet(f"{role}.webp", *sheet.tiles.shape[:2], sheet.steps, sheet.losses)
    card = cards.Card(
        name=name,
        family=family,
        title=title or f"Toy {name}",
        lecture="§1",
        summary="It computes what its module says.",
        limitations="It computes nothing else.",
        dataset=cards.Dataset(
            data, f"Toy {data}", "public domain", "nowhere", sha256(data.encode()), recipe=data
        ),
        training=cards.Training(
            "python -m make toy", 0.0, "CPU", 0, {"torch": "0"}, "abc", seed=0, batch=64
        ),
        facts=facts,
        graphs=files,
        sheets=named,
        metrics={
            str(key): value if isinstance(value, Metric) else metric(family, key, value)
            for key, value in (metrics or {}).items()
        },
    )
    model_readme.save(card, folder)
    return Model(cards.load(folder / "card.json"), folder)


def family_of(facts: Facts) -> str:
    """The family whose facts these are."""
    return next(name for name, family in FAMILIES.items() if family.facts is type(facts))


def metric(family: str, key: str, value: float, n: int = 100, unit: str = "") -> Metric:
    """A number of a card, in the unit that its family gives it where none is given."""
    spec = spec_of(family, key)
    assert spec is not None, f"{family} has no metric {key}"
    return Metric(
        float(value), unit or re.sub(r"{\w+}", "toys", spec.unit), n, "test", (0,), COMMAND
    )


def _save(tiles: Array, path: Path) -> None:
    """Tiles (rows, columns, h, w, c) as one image file."""
    m, n, h, w, c = tiles.shape
    whole = tiles.transpose(0, 2, 1, 3, 4).reshape(m * h, n * w, c)
    Image.fromarray(whole[..., 0] if c == 1 else whole).save(path, lossless=True)
