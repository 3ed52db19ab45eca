"""Run exported models with onnxruntime: numpy in, numpy out. The only module that imports onnxruntime."""

from __future__ import annotations

import ctypes
import os
import re
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import onnxruntime as ort
from PIL import Image

from gen_models.cards import Card, Graph, Port
from gen_models.errors import BadRequest, UserError
from gen_models.families import CLASS
from gen_models.files import sha256

Array = np.ndarray


class ModelError(UserError):
    """Raised when a model cannot run."""


@dataclass
class _Open:
    """A session, how many threads use it, and when one last did, by `time.monotonic`."""

    session: ort.InferenceSession
    users: int = 0
    used: float = 0.0


class Model:
    """Runs the graphs of a card: `model("decoder", z=z)` returns a dict of arrays by output name.

    A graph is read, checked against the card's SHA-256 and opened when it is first used, and again when it is used
    after `close_unused`. Sessions are shared: onnxruntime's `run` may be called from many threads, and opening,
    closing and counting are behind a lock.
    """

    def __init__(self, card: Card, folder: Path, threads: int | None = None) -> None:
        self.card = card
        self.folder = folder
        self.threads = threads or backend.threads
        self._sessions: dict[str, _Open] = {}
        self._lock = threading.Lock()
        self._told: str | None = None

    def __call__(self, role: str, **inputs: Array) -> dict[str, Array]:
        """Run the graph `role` on inputs by name, cast to the dtype that the card declares.

        Raises:
            ModelError: no such graph, a damaged file, or inputs that do not fit the card's ports.
        """
        graph = self._graph(role)
        if self._told is not None and CLASS not in inputs:
            inputs[CLASS] = self.one_hot(self._told, len(next(iter(inputs.values()))))
        feed = {port.name: _checked(port, inputs.get(port.name)) for port in graph.inputs}
        names = [port.name for port in graph.outputs]
        with self._in_use(role) as session:
            outputs = session.run(names, feed)
        return dict(zip(names, map(np.asarray, outputs), strict=True))

    def told(self, label: str) -> Model:
        """Return the same model, whose graphs are told this class, as `one_hot` has it, with whatever they are given.

        Raises:
            BadRequest: there is no such class.
        """
        if label == "" and not self.card.classes:
            return self
        self.one_hot(label, 0)  # there is such a class
        model = copy(self)  # sessions are shared
        model._told = label
        return model

    @property
    def label(self) -> str:
        """The class that its graphs are told; "" for each in turn, or for none."""
        return self._told or ""

    def one_hot(self, label: str, n: int) -> Array:
        """Return a class of the card n times, or for "" each class in turn, one-hot, (n, classes).

        Raises:
            BadRequest: there is no such class.
        """
        names = self.card.classes
        if not names:
            raise BadRequest(f"{self.card.name} is told no class.")
        if label == "":
            return np.eye(len(names), dtype=np.float32)[np.arange(n) % len(names)]
        if label not in names:
            raise BadRequest(
                f"{self.card.name} has no such class: choose one of {', '.join(names)}."
            )
        return np.eye(len(names), dtype=np.float32)[[names.index(label)] * n]

    def open(self, role: str) -> None:
        """Open a graph now rather than when it is first used; raise ModelError if that fails."""
        with self._in_use(role):
            pass

    def close_unused(self, since: float) -> int:
        """Close each session that no thread uses or has used since then, by `time.monotonic`; return how many."""
        with self._lock:
            idle = [
                role
                for role, each in self._sessions.items()
                if not each.users and each.used < since
            ]
            closed = [self._sessions.pop(role) for role in idle]
        return len(closed)

    @contextmanager
    def _in_use(self, role: str) -> Iterator[ort.InferenceSession]:
        """A graph's session, open and not closed meanwhile."""
        with self._lock:
            if role not in self._sessions:
                self._sessions[role] = _Open(self._open(role))
            mine = self._sessions[role]
            mine.users += 1
        try:
            yield mine.session
        finally:
            with self._lock:
                mine.users -= 1
                mine.used = time.monotonic()

    @cached_property
    def provider(self) -> str:
        """Where the graphs really run, as onnxruntime reports it: "CUDA" or "CPU"."""
        with self._in_use(next(iter(self.card.graphs))) as session:
            return _provider(session)

    def check(self) -> str | None:
        """Read and check every graph without opening it; return None, or one sentence on what is wrong."""
        try:
            for role in self.card.graphs:
                self._read(role)
        except ModelError as error:
            return str(error)
        return None

    def examples(self) -> Array:
        """Return the example images from the test split, uint8 (n, h, w, c); n is 0 if there is no such file.

        They lie side by side in `examples.png`, each as wide as it is high.
        """
        try:
            with Image.open(self.folder / "examples.png", formats=["PNG"]) as file:
                strip = np.asarray(file.convert("L" if file.mode == "L" else "RGB"))
        except OSError:
            return np.zeros((0, 1, 1, 1), np.uint8)
        side = strip.shape[0]
        tiles = strip.reshape(side, -1, side, strip.shape[2] if strip.ndim == 3 else 1)
        return np.ascontiguousarray(tiles.transpose(1, 0, 2, 3))

    def sheet(self, role: str) -> Array:
        """Return the tiles of an image grid that the card names, uint8 (rows, columns, h, w, c).

        Raises:
            ModelError: there is no such sheet, or its file is missing or not what the card says.
        """
        sheet = self.card.sheets.get(role)
        if sheet is None:
            raise ModelError(f"{self.card.name} has no sheet called {role!r}.")
        try:
            with Image.open(self.folder / sheet.file, formats=["WEBP"]) as file:
                grey = self._image_channels() == 1
                image = np.asarray(file.convert("L" if grey else "RGB"))
            side = image.shape[0] // sheet.rows
            tiles = image.reshape(sheet.rows, side, sheet.columns, side, -1)
        except (OSError, ValueError):
            name = f"{self.card.name}/{sheet.file}"
            raise ModelError(f"{name} is missing or damaged; {_REPAIR}") from None
        return np.ascontiguousarray(tiles.transpose(0, 2, 1, 3, 4))

    def _image_channels(self) -> int:
        """Return the most channels of an image that goes through this model, or 3 where none does."""
        ports = [p for g in self.card.graphs.values() for p in (*g.inputs, *g.outputs)]
        return max((int(port.shape[1]) for port in ports if len(port.shape) == 4), default=3)

    def input(self, role: str, name: str) -> Port:
        """Return the port `name` of graph `role`: its shape and range are card data, never constants."""
        return next(port for port in self._graph(role).inputs if port.name == name)

    def output(self, role: str, name: str) -> Port:
        """Return an output's port, as `input` does for an input."""
        return next(port for port in self._graph(role).outputs if port.name == name)

    def _graph(self, role: str) -> Graph:
        try:
            return self.card.graphs[role]
        except KeyError:
            raise ModelError(f"{self.card.name} has no graph called {role!r}.") from None

    def _read(self, role: str) -> bytes:
        graph = self._graph(role)
        name = f"{self.card.name}/{graph.file}"
        try:
            content = (self.folder / graph.file).read_bytes()
        except OSError:
            raise ModelError(f"{name} is missing; {_REPAIR}") from None
        if sha256(content) != graph.sha256:
            raise ModelError(f"{name} is not the file its card describes; {_REPAIR}")
        return content

    def _open(self, role: str) -> ort.InferenceSession:
        content, providers = self._read(role), backend.providers
        try:
            return _session(content, providers, self.threads)
        except Exception as error:  # onnxruntime raises its own types, undocumented ones among them
            name = f"{self.card.name}/{self.card.graphs[role].file}"
            raise ModelError(f"{name} cannot be opened by onnxruntime; {_REPAIR}") from error


def _session(content: bytes, providers: list[str], threads: int) -> ort.InferenceSession:
    _share_arena()
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    # Several sessions in one process would otherwise spin against each other for the cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.log_severity_level = 3
    return ort.InferenceSession(content, options, providers=providers)


def _provider(session: ort.InferenceSession) -> str:
    return session.get_providers()[0].removesuffix("ExecutionProvider")


# ---------------------------------------------------------------------------------------------------------------------
# Memory
# ---------------------------------------------------------------------------------------------------------------------


@cache
def _share_arena() -> None:
    """Let all sessions of this process take their memory from one arena.

    Each would otherwise keep one of its own, as large as its largest run: for all graphs of the committed models 1,014
    MB are resident instead of 606, at the same speed (`python -m scripts.memory`).
    """
    cpu = ort.OrtMemoryInfo.create_v2(
        "Cpu",
        ort.OrtMemoryInfoDeviceType.CPU,
        0,
        0,
        ort.OrtDeviceMemoryType.DEFAULT,
        0,
        ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR,
    )
    # It may be there already, where this module was imported again or another thread was faster.
    with suppress(Exception):
        ort.create_and_register_allocator(cpu, ort.OrtArenaCfg({}))


def close_unused(models: Iterable[Model], idle_s: float) -> int:
    """Close the sessions that nobody has used for so many seconds, and give memory back; return how many."""
    since = time.monotonic() - idle_s
    if closed := sum(model.close_unused(since) for model in models):
        _give_memory_back()
    return closed


def _give_memory_back() -> None:
    """Give back what closed sessions held: the arena keeps what it had from the system, and so does glibc."""
    shrink = ort.RunOptions()
    shrink.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    _session(_IDENTITY, [_CPU], 1).run(None, {"x": np.zeros((), np.float32)}, shrink)
    if sys.platform == "linux":
        with suppress(AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)


_IDENTITY = (
    b'\x08\x08:/\n\x10\n\x01x\x12\x01y"\x08Identity\x12\x01gZ\x0b\n\x01x\x12\x06\n\x04\x08\x01\x12\x00'
    b"b\x0b\n\x01y\x12\x06\n\x04\x08\x01\x12\x00B\x02\x10\x14"
)
"""The ONNX graph y = x of one float, for what onnxruntime does in a run alone."""


# ---------------------------------------------------------------------------------------------------------------------
# Where graphs run
# ---------------------------------------------------------------------------------------------------------------------


def provider_in_use(models: Iterable[Model]) -> str | None:
    """Return where graphs run, "CUDA" or "CPU", by the first of the models that can be opened; None if none can."""
    for model in models:
        with suppress(ModelError):
            return model.provider
    return None


_REPAIR = "export the model again or restore the file from the repository."
_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
_INSTALL = "install onnxruntime-gpu and a matching CUDA"


class Backend:
    """Chooses the onnxruntime provider once, CUDA if it is there and else CPU, and the threads inside one graph.

    `LATENT_PROVIDER` is "auto" (the default), "cuda", which insists, or "cpu". `LATENT_THREADS` is 1 if nothing is
    said, the measured choice for the small graphs here (`make bench`): they take well under a millisecond, and the
    cores are better spent on several visitors. Both are looked at when they are first needed, so that importing this
    module cannot fail.
    """

    def __init__(self, wanted: str | None = None, available: list[str] | None = None) -> None:
        self.wanted = (wanted or os.environ.get("LATENT_PROVIDER") or "auto").lower()
        self.available = ort.get_available_providers() if available is None else available

    @cached_property
    def providers(self) -> list[str]:
        """Return the providers for onnxruntime, best first; CPU always stands behind CUDA.

        Raises:
            UserError: no such provider is known, or CUDA is insisted on and not to be had.
        """
        if self.wanted not in ("auto", "cuda", "cpu"):
            raise UserError(f"LATENT_PROVIDER is {self.wanted!r}; it may be auto, cuda or cpu.")
        cuda = self.wanted != "cpu" and _CUDA in self.available
        found = [*[_CUDA] * cuda, _CPU]
        # What onnxruntime offers may still lack a device or a library: then it falls back to the CPU in silence.
        if self.wanted == "cuda" and _provider(_session(_IDENTITY, found, 1)) != "CUDA":
            raise UserError(
                f"LATENT_PROVIDER is 'cuda', but onnxruntime runs on the CPU alone: {_INSTALL}, or set it to auto."
            )
        return found

    @cached_property
    def threads(self) -> int:
        """Return the number of threads inside one graph.

        Raises:
            UserError: the environment names no such number.
        """
        word = os.environ.get("LATENT_THREADS") or "1"
        if not re.fullmatch("[1-9][0-9]{0,3}", word):
            raise UserError(f"LATENT_THREADS is {word!r}; it must be a whole number from 1.")
        return int(word)

    def check(self) -> None:
        """Look at the environment now rather than at the first graph; raise UserError as the properties do."""
        _ = self.providers, self.threads

    def warning(self, used: str) -> str | None:
        """Return a sentence for the app when CUDA is offered and `used` is not CUDA."""
        if used == "CUDA" or len(self.providers) == 1:
            return None
        return (
            f"onnxruntime offers CUDA but runs on {used}: {_INSTALL}, or set LATENT_PROVIDER=cpu."
        )


backend = Backend()


def _checked(port: Port, value: Array | None) -> Array:
    if value is None:
        raise ModelError(f"The input {port.name} is missing.")
    array = np.asarray(value, dtype=port.dtype)
    fits = array.ndim == len(port.shape) and all(
        isinstance(want, str) or want == have
        for want, have in zip(port.shape, array.shape, strict=True)
    )
    if not fits:
        raise ModelError(
            f"The input {port.name} has shape {array.shape}; it should be {port.shape}."
        )
    return array


def to_uint8(images: Array, value_range: tuple[float, float] = (0.0, 1.0)) -> Array:
    """Turn images (n, c, h, w) in `value_range` into bytes (n, h, w, c), rounded and clipped.

    Pixels change scale here and in `from_uint8`, and nowhere else.
    """
    low, high = value_range
    scaled = (np.asarray(images, np.float32) - low) * (255 / (high - low)) + 0.5
    return np.clip(scaled, 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)


def from_uint8(images: Array, value_range: tuple[float, float] = (0.0, 1.0)) -> Array:
    """Turn bytes (n, h, w, c) into float32 images (n, c, h, w) in `value_range`: the inverse of `to_uint8`."""
    low, high = value_range
    return low + (high - low) * (images.transpose(0, 3, 1, 2) / np.float32(255))
