"""Torch to ONNX: export, compare with torch, write the card. Nothing is written unless every graph agrees."""

from __future__ import annotations

import dataclasses
import inspect
import io
import itertools
import logging
import math
import subprocess
import tempfile
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper
import onnxruntime as ort
import torch
import torch.nn.functional as F
from onnxscript import ir, optimizer
from PIL import Image
from torch import Tensor, nn

from gen_models import cards, files, model_readme
from gen_models.cards import Port
from gen_models.errors import UserError
from gen_models.families import FAMILIES, Facts
from gen_models.runtime import to_uint8
from training.data import Images, Info, to_float
from training.data.pairs import Pairs
from training.engine import cli, curves
from training.engine.run import Run, RunConfig, check_name

OPSET = 20
BATCHES = (1, 3, 16)
TOLERANCE = 1e-4
"""Largest difference allowed between torch and onnxruntime, relative to max(1, |value|)."""


MAX_FOLDED = 4096
"""Numbers in what is worked out at export: more than the channels of any layer, fewer than the pixels of an image."""
MAX_IMAGE_CHANNELS = 4
"""Channels of an image."""
MIN_FP16_SIZE = 1000
"""Numbers in a weight from which it is worth storing as float16."""


WEBP_SIDE, WEBP_PIXELS = 16_383, 89_000_000
"""Pixels in a side, WebP's limit, and in all, beyond which Pillow warns whoever opens the file."""


class ParityError(Exception):
    """The exported graph computes something else than the network: a fault of the program, not of who runs it."""


@dataclass(frozen=True)
class Spec:
    """A network to export: its input ports, and the names and value ranges of its outputs."""

    net: nn.Module
    inputs: tuple[Port, ...]
    outputs: dict[str, tuple[float, float] | None] = field(default_factory=dict)
    fp16_weights: bool = False
    """Store the weights as float16; they are cast to float32 when the graph is opened."""
    int8_weights: bool = False
    """Store the matrices of linear layers as 8-bit integers, with a scale for each row; opened, they are float32."""
    fixed: dict[str, Tensor] = field(default_factory=dict)
    """Inputs, by port, that no random numbers can stand for when graph and network are compared."""
    traced: nn.Module | None = None
    """The same network for the exporter, where that cannot look through `net`."""


def export(
    *,
    name: str,
    family: str,
    title: str,
    lecture: str,
    summary: str,
    limitations: str,
    module: str,
    config: RunConfig | None,
    data: cards.Dataset,
    facts: Facts,
    runs: Sequence[Run],
    graphs: dict[str, Spec],
    sheets: dict[str, tuple[cards.Sheet, bytes]] | None = None,
    examples_of: Images | None = None,
    without_runs: str = "CPU, in closed form",
    root: Path = Path("exported"),
) -> Path:
    """Write `root/name/`: a graph for each role, example images of a test split, sheets, the card and its README.

    Without a run, the card says `without_runs` for the device; without a config, it has no options. Of several runs the
    first one's losses are drawn. Everything is made in a temporary folder first; the card, which makes the model exist,
    is moved last.

    Raises:
        ParityError: a graph differs from its network by more than TOLERANCE; `root` is then untouched.
        ValueError: the family is unknown, or promises other facts or graphs than these.
    """
    if family not in FAMILIES or not isinstance(facts, FAMILIES[family].facts):
        raise ValueError(f"gen_models/families.py has no family {family!r} with such facts.")
    if lacking := facts.graphs().keys() - graphs.keys():
        raise ValueError(
            f"gen_models/families.py promises graphs that are not exported: {lacking}."
        )
    check_name(name)
    with tempfile.TemporaryDirectory() as scratch:
        made = {role: _export_graph(role, spec, Path(scratch)) for role, spec in graphs.items()}
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        for graph in made.values():
            files.write_atomically(folder / graph.file, (Path(scratch) / graph.file).read_bytes())
    for sheet, content in (sheets or {}).values():
        files.write_atomically(folder / sheet.file, content)
    for stale in set(folder.glob("*.onnx")) - {folder / graph.file for graph in made.values()}:
        stale.unlink()
    drawn = curves.losses(runs[0].rows()) if runs else ""
    if drawn:
        files.write_atomically(folder / cards.LOSSES, drawn.encode())
    else:
        (folder / cards.LOSSES).unlink(missing_ok=True)
    if examples_of is not None:
        save_strip(folder / "examples.png", to_float(examples(examples_of)))
    card = cards.Card(
        name=name,
        family=family,
        title=title,
        lecture=lecture,
        summary=summary,
        limitations=limitations,
        dataset=data,
        training=cards.Training(
            command=cli.command(module, config or {"name": name}),
            minutes=round(sum(run.seconds for run in runs) / 60, 2),
            device=trained_on(runs) if runs else without_runs,
            images=sum(part.images for run in runs for part in run.parts),
            versions={"torch": torch.__version__, "onnxruntime": ort.__version__}
            | {"onnx": onnx.__version__},
            commit=_commit(),
            seed=config.seed if config else None,
            batch=config.batch if config and runs else 0,
        ),
        facts=facts,
        config=_as_json(config) if config else {},
        graphs=made,
        sheets={role: sheet for role, (sheet, _) in (sheets or {}).items()},
    )
    model_readme.save(card, folder)
    return folder


def dataset(
    info: Info, recipe: str, size: int | None, channels: int | None = None
) -> cards.Dataset:
    """The facts of a data set, and how `training.data` is asked for it, as a card states them."""
    texts = info.name, info.title, info.licence, info.source, info.sha256, info.note
    return cards.Dataset(*texts, recipe=recipe, size=size, channels=channels)


D = TypeVar("D", Images, Pairs)


def titled(data: D, config: RunConfig, side: int | None = None) -> D:
    """Your own images by the title and under the licence that `config` gives them; of two sets, those of one side."""
    title = config.title
    if side is not None and title:
        title = title.split(",")[side].strip() if "," in title else f"{title}, {'AB'[side]}"
    info = dataclasses.replace(
        data.info, title=title or data.info.title, licence=config.licence or data.info.licence
    )
    if isinstance(data, Pairs):
        return dataclasses.replace(data, info=info)
    return Images(data.x, data.y, info, data.factors)


def examples(data: Images, per_class: int = 4) -> Tensor:
    """A few images of a split, uint8 (n, c, h, w): the classes in turn, or the first 40 without labels.

    Of a class with fewer than `per_class` all are taken.
    """
    if data.y is None:
        return data.x[:40]
    members = [(data.y == label).nonzero()[:per_class, 0].tolist() for label in data.y.unique()]
    turns = itertools.chain.from_iterable(itertools.zip_longest(*members))
    return data.x[[i for i in turns if i is not None]]


def save_preview(folder: Path, image: Image.Image) -> None:
    """Write the contact sheet that stands on the model's card: a third of what it would take without loss."""
    with files.written_whole(folder / "preview.webp") as file:
        image.save(file, "WEBP", quality=92, method=6)


def webp(
    tiles: Tensor, columns: int, quality: int = 80, lossless: bool = False
) -> tuple[int, bytes]:
    """Square images (n, c, h, w) in [0, 1], n a multiple of `columns`, row by row as one WebP: (rows, file).

    They are made smaller where the whole would be too large for WebP.
    """
    tiles = within_webp(tiles, len(tiles) // columns, columns)
    n, c, h, w = tiles.shape
    grid = to_uint8(tiles.numpy()).reshape(n // columns, columns, h, w, c)
    image = grid.transpose(0, 2, 1, 3, 4).reshape(n // columns * h, columns * w, c)
    buffer = io.BytesIO()
    Image.fromarray(image.squeeze()).save(
        buffer, "WEBP", quality=quality, method=6, lossless=lossless
    )
    return n // columns, buffer.getvalue()


def within_webp(tiles: Tensor, rows: int, columns: int) -> Tensor:
    """Square images (n, c, h, w), made smaller if a WebP of `rows` and `columns` of them would be too large."""
    side = min(WEBP_SIDE // max(rows, columns), math.isqrt(WEBP_PIXELS // (rows * columns)))
    if tiles.shape[-1] <= side:
        return tiles
    return F.interpolate(tiles, (side, side), mode="bilinear", antialias=True)


def save_strip(path: Path, images: Tensor) -> None:
    """Write images (n, c, h, w) in [0, 1] as one PNG, side by side from left to right."""
    tiles = to_uint8(images.numpy())
    with files.written_whole(path) as file:
        strip = Image.fromarray(np.concatenate(list(tiles), axis=1).squeeze())
        strip.save(file, "PNG", optimize=True)


def trained_on(runs: Sequence[Run]) -> str:
    """The devices that runs had, as the card states them; where there are several, each with its minutes."""
    seconds: Counter[str] = Counter()
    for part in (part for run in runs for part in run.parts):
        seconds[part.device] += part.seconds  # pyright: ignore[reportArgumentType]  # a Counter adds any numbers
    if len(seconds) < 2:
        return "".join(seconds)
    return "; ".join(f"{device} ({spent / 60:.2g} min)" for device, spent in seconds.items())


def _export_graph(role: str, spec: Spec, folder: Path) -> cards.Graph:
    net = spec.net.cpu().float().eval()
    net = net.to(memory_format=torch.contiguous_format)  # pyright: ignore[reportCallIssue]
    if spec.fp16_weights:
        net = net.half().float()  # parity is then that of the rounded weights
    if spec.int8_weights:
        round_to_int8(net)
    small = spec.fp16_weights or spec.int8_weights
    path = folder / f"{role}.onnx"
    rng = torch.Generator().manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        torch.onnx.export(
            spec.traced or net,
            _example(spec, 2, rng),  # a batch of 1 would be made static
            path,
            input_names=[port.name for port in spec.inputs],
            output_names=list(spec.outputs),
            dynamic_shapes=_dynamic_axes(spec.traced or net, spec.inputs),
            opset_version=OPSET,
            external_data=False,
            dynamo=True,
            # It folds BatchNorm too, into weights that are then no longer the rounded ones.
            optimize=not small,
            verbose=False,
        )
    if small:
        fold_shapes(path)
    transpose_thin_convolutions(path)
    if spec.fp16_weights:
        store_weights_as_fp16(path)
    if spec.int8_weights:
        store_weights_as_int8(path)
    without_traces(path)
    worst, outputs = parity(net, path, spec)
    return cards.Graph(
        file=path.name,
        sha256=files.sha256(path.read_bytes()),
        bytes=path.stat().st_size,
        inputs=spec.inputs,
        outputs=outputs,
        opset=OPSET,
        parameters=sum(p.numel() for p in net.parameters()),
        parity=worst,
    )


def fold_shapes(path: Path) -> None:
    """Work out what is known beforehand and small, such as shapes, and zeros for the bias that a convolution lacks.

    With a bias that is worked out at each call onnxruntime neither folds BatchNorm nor chooses its faster convolutions.
    """
    model = ir.load(path)
    optimizer.fold_constants(model, input_size_limit=64, output_size_limit=MAX_FOLDED)
    optimizer.remove_unused_nodes(model)
    ir.save(model, path)


def transpose_thin_convolutions(path: Path) -> None:
    """Write convolutions to few channels, such as the last one of a decoder, as the transposed ones that equal them.

    onnxruntime computes the former in blocks of 16 channels, and the latter as a product of matrices no larger than
    they must be: whole decoders become 1.05 to 1.4 times as fast.
    """
    model = onnx.load(path)
    weights = {weight.name: weight for weight in model.graph.initializer}
    uses = Counter(name for node in model.graph.node for name in node.input)
    for node in model.graph.node:
        if node.op_type != "Conv" or node.input[1] not in weights or uses[node.input[1]] > 1:
            continue
        weight = weights[node.input[1]]
        array = onnx.numpy_helper.to_array(weight)
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        kernel, pads = array.shape[2:], attributes.get("pads", [])
        plain = all(set(attributes.get(key, [1])) == {1} for key in ("strides", "dilations"))
        centred = [2 * pad + 1 for pad in pads] == [*kernel, *kernel]
        if (
            len(array) > MAX_IMAGE_CHANNELS
            or not plain
            or not centred
            or attributes.get("group", 1) != 1
        ):
            continue
        turned = np.ascontiguousarray(array.swapaxes(0, 1)[:, :, ::-1, ::-1])
        weight.CopyFrom(onnx.numpy_helper.from_array(turned, weight.name))
        node.op_type = "ConvTranspose"
    onnx.save(model, path)


def store_weights_as_fp16(path: Path) -> None:
    """Store the float32 weights of a graph as float16, each followed by a cast that is done once, at opening."""
    model = onnx.load(path)
    graph = model.graph
    casts = []
    for weight in graph.initializer:
        array = onnx.numpy_helper.to_array(weight)
        if array.dtype != np.float32 or array.size < MIN_FP16_SIZE:
            continue
        name, small = weight.name, f"{weight.name}_float16"
        weight.CopyFrom(onnx.numpy_helper.from_array(array.astype(np.float16), small))
        casts.append(onnx.helper.make_node("Cast", [small], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, path)


@torch.no_grad()
def round_to_int8(net: nn.Module) -> None:
    """Round the weights of linear layers to what 8 bits hold: each row to whole parts of 1/127 of its largest."""
    for layer in net.modules():
        if isinstance(layer, nn.Linear) and layer.weight.numel() >= MIN_FP16_SIZE:
            scale = row_scale(layer.weight.numpy())
            layer.weight.copy_(torch.from_numpy(np.rint(layer.weight.numpy() / scale) * scale))


def row_scale(weight: np.ndarray) -> np.ndarray:
    """What a step of the 8-bit integers of each row stands for, float32 (rows, 1)."""
    return (np.abs(weight).max(1, keepdims=True).clip(1e-12) / 127).astype(np.float32)


def store_weights_as_int8(path: Path) -> None:
    """Store the matrices that `round_to_int8` rounded as integers, each followed by a cast and its rows' scales.

    onnxruntime works the products out once, when the graph is opened: it then computes as fast as with float32.
    """
    model = onnx.load(path)
    graph = model.graph
    scales, nodes = [], []
    for weight in graph.initializer:
        array = onnx.numpy_helper.to_array(weight)
        if array.dtype != np.float32 or array.ndim != 2 or array.size < MIN_FP16_SIZE:
            continue
        scale, name = row_scale(array), weight.name
        whole = np.rint(array / scale)
        if not np.allclose(whole * scale, array, rtol=0, atol=float(scale.max()) * 1e-3):
            continue  # not of a linear layer
        small, factor, cast = (f"{name}_{part}" for part in ("int8", "scale", "cast"))
        weight.CopyFrom(onnx.numpy_helper.from_array(whole.astype(np.int8), small))
        scales.append(onnx.numpy_helper.from_array(scale, factor))
        nodes.append(onnx.helper.make_node("Cast", [small], [cast], to=onnx.TensorProto.FLOAT))
        nodes.append(onnx.helper.make_node("Mul", [cast, factor], [name]))
    graph.initializer.extend(scales)
    nodes += graph.node
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, path)


def load_exported(net: nn.Module, path: Path) -> None:
    """Set a network's parameters and buffers to those of its exported graph, so that training may go on from there.

    Weights that were stored as float16 come back with that precision. What no graph holds, such as the number of
    batches that BatchNorm has seen, is left as it is. Raises UserError for a missing graph, for one of another network,
    and for one whose BatchNorm was folded into its convolutions, as the exporter does where nothing is stored as fp16.
    """
    if not path.is_file():
        raise UserError(f"There is no exported graph {path}.")
    graph = onnx.load(path).graph
    held = {
        weight.name.removesuffix("_float16"): onnx.numpy_helper.to_array(weight)
        for weight in graph.initializer
    }
    transposed = {node.input[1] for node in graph.node if node.op_type == "ConvTranspose"}
    weights = net.state_dict()
    for name, value in weights.items():
        if name.endswith("num_batches_tracked"):
            continue
        array = held.get(name)
        layer = net.get_submodule(name.rpartition(".")[0])
        if array is not None and name in transposed and isinstance(layer, nn.Conv2d):
            array = array.swapaxes(0, 1)[:, :, ::-1, ::-1]  # transpose_thin_convolutions
        if array is None or array.shape != value.shape:
            raise UserError(f"{path} is no graph of this network: {name} differs.")
        weights[name] = torch.tensor(array.astype(np.float32), dtype=value.dtype)
    net.load_state_dict(weights)


def without_traces(path: Path) -> None:
    """Leave out of a graph where each operation came from: it is larger than a small graph, and names local files."""
    model = onnx.load(path)
    for node in model.graph.node:
        node.ClearField("metadata_props")
    onnx.save(model, path)


def _dynamic_axes(net: nn.Module, inputs: tuple[Port, ...]) -> tuple[Any, ...]:
    """Tell torch.export the axes that ports give by name; the inputs of a `forward(*x)` count as one."""
    dims = {
        axis: torch.export.Dim(axis) for p in inputs for axis in p.shape if isinstance(axis, str)
    }
    axes = tuple(
        {i: dims[axis] for i, axis in enumerate(port.shape) if isinstance(axis, str)}
        for port in inputs
    )
    parameters = inspect.signature(net.forward).parameters.values()
    return (axes,) if [p.kind for p in parameters] == [inspect.Parameter.VAR_POSITIONAL] else axes


@torch.no_grad()
def parity(net: nn.Module, path: Path, spec: Spec) -> tuple[float, tuple[Port, ...]]:
    """Largest |torch − onnxruntime| over batches of 1, 3 and 16, and the outputs' ports."""
    session = ort.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    rng = torch.Generator().manual_seed(1)
    worst, outputs = 0.0, {}
    for batch in BATCHES:
        inputs = _example(spec, batch, rng)
        wanted = net(*inputs)
        wanted = wanted if isinstance(wanted, tuple) else (wanted,)
        feed = {p.name: x.numpy() for p, x in zip(spec.inputs, inputs, strict=True)}
        got = session.run(list(spec.outputs), feed)
        for name, have, want in zip(spec.outputs, got, wanted, strict=True):
            difference = np.abs(np.asarray(have) - want.numpy())
            if not (difference <= TOLERANCE * np.maximum(1, np.abs(want.numpy()))).all():
                raise ParityError(
                    f"{path.name}: {name} differs from torch by {difference.max():.1e} at batch {batch}; "
                    "nothing was exported."
                )
            worst = max(worst, float(difference.max()))
            have = np.asarray(have)
            shape = ("batch" if have.shape[0] == batch else have.shape[0], *have.shape[1:])
            outputs[name] = Port(name, shape, str(have.dtype), spec.outputs[name])
    return worst, tuple(outputs.values())


def _example(spec: Spec, batch: int, rng: torch.Generator) -> tuple[Tensor, ...]:
    """Inputs as the graph will see them: those that are fixed, and random ones."""
    return tuple(
        spec.fixed[port.name] if port.name in spec.fixed else _random(port, batch, rng)
        for port in spec.inputs
    )


def _random(port: Port, batch: int, rng: torch.Generator) -> Tensor:
    """Uniform in the port's range, or normal if it is unbounded."""
    shape = [batch if isinstance(n, str) else n for n in port.shape]
    if port.range is None:
        return torch.randn(shape, generator=rng)
    low, high = port.range
    return low + (high - low) * torch.rand(shape, generator=rng)


def _as_json(config: RunConfig) -> dict[str, Any]:
    options = dataclasses.asdict(config)
    return {key: str(value) if isinstance(value, Path) else value for key, value in options.items()}


def _commit() -> str:
    """The commit of the code, marked where code differs from it; what is exported does not count."""
    here = Path(__file__).resolve().parents[2]  # a notebook may run in another repository

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=here, capture_output=True, text=True, check=True)
        return done.stdout

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "gen_models", "training")
        return git("rev-parse", "--short", "HEAD").strip() + "-dirty" * bool(changed)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
