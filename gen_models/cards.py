"""The model card: the one contract between `training/` (writes it) and the app (reads it).

A folder `exported/<name>/` holds `card.json`, the `.onnx` graphs that it names and a `README.md` made from it.
There is no list of models anywhere: a model exists when its card exists. Standard library only.
"""

from __future__ import annotations

import dataclasses
import glob
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

from gen_models import readme

SCHEMA = 1
Family = Literal[
    "autoencoder", "vae", "gan", "infogan", "pix2pix", "cyclegan", "progan", "lab", "features"
]


class CardError(Exception):
    """A card that cannot be used; the message is one sentence for the person who reads it."""


@dataclass(frozen=True)
class Port:
    """One input or output of a graph."""

    name: str
    shape: tuple[int | str, ...]
    """A string is a dynamic axis: `("batch", 1, 28, 28)`."""
    dtype: str = "float32"
    range: tuple[float, float] | None = None
    """Value range, such as (0, 1) for a picture; None if unbounded, as a latent is."""


@dataclass(frozen=True)
class Label:
    """What a label map calls one kind of thing."""

    name: str
    colour: tuple[int, int, int]
    """How it is shown, 0 to 255."""


@dataclass(frozen=True)
class Graph:
    """One `.onnx` file and what flows through it."""

    file: str
    sha256: str
    bytes: int
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    opset: int
    parameters: int
    parity: float
    """Largest |torch − onnxruntime| over all outputs, on random inputs at batch 1, 3 and 16."""


@dataclass(frozen=True)
class Dataset:
    """What the model was trained on. `sha256` is the hash of the pixels and labels themselves."""

    name: str
    title: str
    licence: str
    source: str
    sha256: str
    note: str = ""


@dataclass(frozen=True)
class Sheet:
    """One picture file of equal square tiles: a training film, or a bank of training pictures."""

    file: str
    rows: int
    columns: int
    steps: tuple[int, ...] = ()
    """Of a film: the training step of each column."""


@dataclass(frozen=True)
class Metric:
    """A number as a sentence that someone can check."""

    value: float
    unit: str
    n: int
    """How many pictures (or draws) stand behind the value."""
    split: str
    """"train", "test", or "" where no data are involved."""
    seeds: tuple[int, ...]
    command: str
    note: str = ""


@dataclass(frozen=True)
class Training:
    """How the weights came to be."""

    command: str
    minutes: float
    device: str
    images: int
    """Pictures seen, all epochs counted."""
    versions: dict[str, str]
    commit: str

    @property
    def effort(self) -> str:
        """How much it took, in words."""
        if not self.images:
            return f"no training steps ({self.device})"
        return f"{self.images:,} pictures seen in {self.minutes:.1f} minutes on {self.device}"


@dataclass(frozen=True)
class Card:
    """Everything the app may know about a trained model."""

    name: str
    family: Family
    title: str
    lecture: str
    """Section of the lecture, such as "§2.4"."""
    summary: str
    """One or two sentences: what this model is."""
    limitations: str
    dataset: Dataset
    training: Training
    config: dict[str, Any]
    graphs: dict[str, Graph]
    """By role: "encoder", "decoder", "generator", ..."""
    sheets: dict[str, Sheet] = field(default_factory=dict)
    """By role: "film", "bank"."""
    labels: tuple[Label, ...] = ()
    """Of a model that translates label maps: what each channel of its one-hot input stands for."""
    channels: tuple[str, ...] = ()
    """Of a model that translates pictures: what the channels of its input are, such as ("line",)."""
    metrics: dict[str, Metric] = field(default_factory=dict)
    schema: int = SCHEMA

    def save(self, folder: Path) -> None:
        """Write `card.json` and the README made from it, each in one atomic step."""
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False, allow_nan=False)
        write_atomically(folder / "README.md", readme.render(self).encode())
        write_atomically(folder / "card.json", text.encode() + b"\n")

    def with_metrics(self, metrics: dict[str, Metric]) -> Card:
        """The same card with these metrics added or replaced."""
        return dataclasses.replace(self, metrics={**self.metrics, **metrics})


def load(path: Path) -> Card:
    """Read the `card.json` of an export, whose folder is called what the card says.

    Raises:
        CardError: as `read`, or the card belongs to another folder.
    """
    where = f"{path.parent.name}/{path.name}"
    card = read(path, where)
    if card.name != path.parent.name:
        raise CardError(f"{where} says it belongs to {str(card.name)[:40]!r}.")
    return card


def read(path: Path, where: str) -> Card:
    """Read a `card.json`, wherever it lies; `where` is what error messages call it.

    Raises:
        CardError: unreadable, of another schema, of an unknown family, or pointing outside its folder.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        schema = raw.get("schema")
        if schema != SCHEMA:
            raise CardError(f"{where} has card schema {schema}; this app reads schema {SCHEMA}.")
        card = Card(
            **{
                **raw,
                "dataset": Dataset(**raw["dataset"]),
                "training": Training(**raw["training"]),
                "graphs": {role: _graph(graph) for role, graph in raw["graphs"].items()},
                "sheets": {
                    role: Sheet(**{**sheet, "steps": tuple(sheet["steps"])})
                    for role, sheet in raw.get("sheets", {}).items()
                },
                "labels": tuple(
                    Label(label["name"], tuple(label["colour"])) for label in raw.get("labels", ())
                ),
                "channels": tuple(raw.get("channels", ())),
                "metrics": {
                    key: Metric(**{**metric, "seeds": tuple(metric["seeds"])})
                    for key, metric in raw["metrics"].items()
                },
            }
        )
    except CardError:
        raise
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise CardError(f"{where} is damaged: {error.__class__.__name__}.") from error
    if card.family not in get_args(Family):
        raise CardError(f"{where} is of an unknown family, {str(card.family)[:40]!r}.")
    files = [part.file for part in (*card.graphs.values(), *card.sheets.values())]
    if any(Path(file).name != file for file in files):
        raise CardError(f"{where} names a file outside its own folder.")
    return card


def _graph(raw: dict[str, Any]) -> Graph:
    return Graph(
        **{
            **raw,
            "inputs": tuple(_port(port) for port in raw["inputs"]),
            "outputs": tuple(_port(port) for port in raw["outputs"]),
        }
    )


def _port(raw: dict[str, Any]) -> Port:
    low_high = raw["range"]
    return Port(
        raw["name"], tuple(raw["shape"]), raw["dtype"], tuple(low_high) if low_high else None
    )


def discover(root: Path) -> tuple[list[Card], list[str]]:
    """All usable cards under `root`, by name, and one sentence for each that is not.

    A folder whose name begins with a dot is one that is not finished.
    """
    found, problems = [], []
    for path in sorted(root.glob("[!.]*/card.json")):
        try:
            found.append(load(path))
        except CardError as error:
            problems.append(str(error))
    return found, problems


def sha256(content: bytes) -> str:
    """Hex digest of a file's content, as cards record it."""
    return hashlib.sha256(content).hexdigest()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a whole file or nothing."""
    with written_whole(path) as file:
        file.write(content)


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """A file beside `path` to write, which takes its place once it is whole and on disk, or never.

    What is there of processes that were killed while they wrote `path` is removed.
    """
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        if _has_ended(left.suffixes[-2][1:]):
            left.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _has_ended(process: str) -> bool:
    """Whether no process of this number runs; False where that cannot be asked."""
    if os.name != "posix" or not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)  # asks, and does nothing
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        pass
    return False
