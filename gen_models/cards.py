"""The model card: the one contract between `training/` (writes it) and the app (reads it).

A folder `exported/<name>/` holds `card.json`, the `.onnx` graphs that it names and a `README.md` made from it
(`gen_models.model_readme`). There is no list of models anywhere: a model exists when its card exists. A card that is
read is checked against the types below and against what its family promises (`gen_models.families`).
"""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError

from gen_models.errors import UserError
from gen_models.families import (
    CLASS,
    FAMILIES,
    Facts,
    GANFacts,
    MetricId,
    Strict,
    VAEFacts,
    spec_of,
)
from gen_models.files import write_atomically

SCHEMA = 2
LOSSES = "losses.svg"
"""The curves of a model's losses, beside its card, if it was trained in steps since they are kept."""
LARGEST = 1e300
"""Numbers beyond this are refused: no float would hold their sum."""
FLAT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
"""Names of files beside a card."""
F = TypeVar("F", bound=Facts)


class CardError(UserError):
    """Raised for a card that cannot be used."""


@dataclass(frozen=True)
class Port(Strict):
    """Describes one input or output of a graph."""

    name: str
    shape: tuple[int | str, ...]
    """A string is a dynamic axis: `("batch", 1, 28, 28)`."""
    dtype: str = "float32"
    range: tuple[float, float] | None = None
    """Value range, such as (0, 1) for an image; None if unbounded, as a latent is."""


@dataclass(frozen=True)
class Graph(Strict):
    """Describes one `.onnx` file and what flows through it."""

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
class Dataset(Strict):
    """Says what the model was trained on."""

    name: str
    title: str
    licence: str
    source: str
    sha256: str
    """Hash of the pixels and labels themselves."""
    note: str = ""
    recipe: str = ""
    """What `training.data` is asked for: "digits", "folder:PATH"; empty if nothing is read from files."""
    size: int | None = None
    """Side of the square images in pixels; None: the data set's own."""
    channels: int | None = None
    """1 grey, 3 colour; None: the data set's own."""


@dataclass(frozen=True)
class Sheet(Strict):
    """Describes one image file of equal square tiles: a training film, or a bank of training images."""

    file: str
    rows: int
    columns: int
    steps: tuple[int, ...] = ()
    """Of a film: the training step of each column."""
    losses: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """Of a film: each loss at these steps, the mean over the step's batch; nothing if the run kept none."""


@dataclass(frozen=True)
class Metric(Strict):
    """States a number as a sentence that someone can check."""

    value: float
    unit: str
    n: int
    """How many images (or draws) stand behind the value."""
    split: str
    """"train", "test", or "" where no data are involved."""
    seeds: tuple[int, ...]
    command: str
    note: str = ""


@dataclass(frozen=True)
class Training(Strict):
    """Says how the weights came to be."""

    command: str
    minutes: float
    device: str
    images: int
    """Images seen, all epochs counted."""
    versions: dict[str, str]
    commit: str
    seed: int | None = None
    """Seed of everything; None where nothing is random."""
    batch: int = 0
    """Images of one step; 0 where there are no steps."""

    @property
    def time(self) -> str:
        """Say how long it took: "14.2 minutes", "42 seconds", or "none" where nothing was trained."""
        if not self.images:
            return "none"
        brief = self.minutes < 1
        return f"{60 * self.minutes:.0f} seconds" if brief else f"{self.minutes:.1f} minutes"

    @property
    def spent(self) -> str:
        """Say the time, and the device if it was no core of a CPU: "1.1 minutes on NVIDIA H200"."""
        on_cpu = not self.images or self.device.endswith("thread(s)")
        return self.time if on_cpu else f"{self.time} on {self.device}"


@dataclass(frozen=True)
class Card:
    """Holds everything the app may know about a trained model."""

    name: str
    family: str
    title: str
    lecture: str
    """Section of the lecture, such as "§2.4"."""
    summary: str
    """One or two sentences: what this model is."""
    limitations: str
    dataset: Dataset
    training: Training
    facts: Facts
    """What the code of the family needs to know of this model."""
    graphs: dict[str, Graph]
    """By role: "encoder", "decoder", "generator", ..."""
    config: dict[str, Any] = field(default_factory=dict)
    """Options of the training, as provenance: nothing in the app reads them."""
    sheets: dict[str, Sheet] = field(default_factory=dict)
    """By role: "film", "bank"."""
    metrics: dict[str, Metric] = field(default_factory=dict)
    """By key: see `families.MetricId.of`."""
    schema: int = SCHEMA

    @property
    def effort(self) -> str:
        """Say in words how much training it took."""
        made = self.training
        if not made.images:
            return f"no training steps ({made.device})"
        seen = FAMILIES[self.family].seen
        return f"{made.images:,} {seen} seen in {made.time} on {made.device}"

    @property
    def classes(self) -> tuple[str, ...]:
        """Name the classes, one of which its graphs are told; there are none if they are told none."""
        return self.facts.classes if isinstance(self.facts, GANFacts | VAEFacts) else ()

    def facts_as(self, kind: type[F]) -> F:
        """Return the facts of a model whose family is known.

        Raises:
            CardError: it is of another family.
        """
        if not isinstance(self.facts, kind):
            raise CardError(
                f"{self.name} is a model of the family {self.family} and cannot be used here."
            )
        return self.facts

    def metric(self, metric: MetricId, *variant: object) -> Metric | None:
        """Return a number, or None if it was not measured."""
        return self.metrics.get(metric.of(*variant))

    def content(self) -> bytes:
        """Return the content of `card.json`."""
        raw = dataclasses.asdict(self)
        for sheet in raw["sheets"].values():
            if not sheet["losses"]:  # cards of before there were any stay as they are
                del sheet["losses"]
        text = json.dumps(raw, indent=2, ensure_ascii=False, allow_nan=False)
        return text.encode() + b"\n"

    def save(self, folder: Path) -> None:
        """Write `card.json` in one atomic step."""
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "card.json", self.content())

    def with_metrics(self, metrics: dict[str, Metric]) -> Card:
        """Return the same card with these metrics added or replaced."""
        return dataclasses.replace(self, metrics={**self.metrics, **metrics})


def load(path: Path) -> Card:
    """Read the `card.json` of an export, whose folder is called what the card says.

    Raises:
        CardError: as `read`, or the card belongs to another folder.
    """
    where = f"{path.parent.name}/{path.name}"
    card = read(path, where)
    if card.name != path.parent.name:
        raise CardError(f"{where} says it belongs to {card.name[:40]!r}.")
    return card


def read(path: Path, where: str) -> Card:
    """Read a `card.json`, wherever it lies; `where` is what error messages call it.

    Raises:
        CardError: missing, unreadable, no JSON object, of another schema, or not a card as `checked` wants it.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise CardError(f"There is no {where}.") from None
    except OSError as error:
        raise CardError(f"{where} cannot be read: {error.strerror or error}.") from error
    try:
        raw = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        raw = None
    if not isinstance(raw, dict):
        raise CardError(f"{where} is no card: its content is not a JSON object.")
    schema = raw.get("schema")
    if schema != SCHEMA:
        older = isinstance(schema, int) and 1 <= schema < SCHEMA
        folder = Path(
            *path.absolute().parent.parts[-2:]
        )  # not the whole path: visitors of the app read it
        remedy = f"convert it with `python -m gen_models.migrate {shlex.quote(str(folder))}`."
        raise CardError(
            f"{where} has card schema {json.dumps(schema)[:20]}, and this version reads schema {SCHEMA}: "
            + (remedy if older else "another version of this program wrote it.")
        )
    return checked(raw, where)


def checked(raw: dict[str, Any], where: str) -> Card:
    """Return the card that this content of a file describes.

    Raises:
        CardError: a part is missing, unknown or of the wrong type; the family is unknown, or promises something that
            the card does not keep; a file is named outside the card's folder.
    """
    name = raw.get("family")
    family = next((family for known, family in FAMILIES.items() if known == name), None)
    if family is None:
        raise CardError(f"{where} is of an unknown family, {str(name)[:40]!r}.")
    kinds = get_type_hints(Card) | {"facts": family.facts}
    parts = {}
    for name, value in raw.items():
        if name not in kinds:
            raise CardError(f"{where} is damaged: it has an unknown part, {name[:40]!r}.")
        try:
            # As JSON, where an array is a tuple and a string an enum's value, and nothing else is converted.
            parts[name] = _adapter(kinds[name]).validate_json(json.dumps(value), strict=True)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = repr(".".join(map(str, (name, *first["loc"])))[:80])[1:-1]  # on one line
            raise CardError(f"{where} is damaged: {place}: {first['msg'][:120]}.") from error
        if not _is_finite(value):
            raise CardError(f"{where} is damaged: {name} holds a number that is out of range.")
    try:
        card = Card(**parts)
    except TypeError:
        missing = [part.name for part in dataclasses.fields(Card) if part.name not in parts]
        raise CardError(f"{where} is damaged: it lacks {missing[0]}.") from None
    _keep_promises(card, where)
    return card


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _is_finite(value: Any) -> bool:
    """Return whether all numbers in a part of a card can be written to JSON again and reckoned with."""
    if isinstance(value, dict | list):
        return all(map(_is_finite, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, int | float) or abs(value) <= LARGEST


def _keep_promises(card: Card, where: str) -> None:
    """Refuse a card whose graphs or metrics are not those of its family, or whose files lie elsewhere."""
    files = [part.file for part in (*card.graphs.values(), *card.sheets.values())]
    if not all(FLAT.fullmatch(file) for file in files):
        raise CardError(f"{where} names a file outside its own folder.")
    if not card.graphs:
        raise CardError(f"{where} is damaged: it has no graph.")
    for role, sheet in card.sheets.items():
        if min(sheet.rows, sheet.columns) < 1:
            raise CardError(f"{where} is damaged: its sheet {role[:40]!r} has no tiles.")
        if any(len(losses) != sheet.columns for losses in sheet.losses.values()):
            raise CardError(
                f"{where} is damaged: its sheet {role[:40]!r} has not one loss for each column."
            )
    for role, promised in card.facts.graphs().items():
        graph = card.graphs.get(role)
        if graph is None:
            raise CardError(f"{where} is damaged: it has no graph called {role!r}.")
        for wanted, ports in ((promised.inputs, graph.inputs), (promised.outputs, graph.outputs)):
            if lacking := set(wanted) - {port.name for port in ports}:
                raise CardError(
                    f"{where} is damaged: its graph {role!r} lacks the port {min(lacking)!r}."
                )
    for role, graph in card.graphs.items():
        for port in graph.inputs:
            if card.classes and port.name == CLASS and port.shape[1:] != (len(card.classes),):
                raise CardError(
                    f"{where} is damaged: it names {len(card.classes)} classes, which the input {CLASS} of its graph "
                    f"{role!r} is not for."
                )
    for key in card.metrics:
        if spec_of(card.family, key) is None:
            raise CardError(f"{where} has a metric that its family does not: {key[:60]!r}.")


def discover(root: Path) -> tuple[list[Card], list[str]]:
    """Find all usable cards under `root`, by name, and give one sentence for each that is not.

    A folder whose name begins with a dot is one that is not finished.
    """
    found, problems = [], []
    for path in sorted(root.glob("[!.]*/card.json")):
        try:
            found.append(load(path))
        except CardError as error:
            problems.append(str(error))
    return found, problems
