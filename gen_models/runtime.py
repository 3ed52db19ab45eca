"""Run exported models with onnxruntime: numpy in, numpy out. The only module that imports onnxruntime."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from pathlib import Path

import numpy as np
import onnxruntime as ort
from PIL import Image

from gen_models.cards import Card, Graph, Port
from gen_models.errors import UserError
from gen_models.files import sha256

Array = np.ndarray


class ModelError(UserError):
    """Raised when a model cannot run."""


class Model:
    """Runs the graphs of a card: `model("decoder", z=z)` returns a dict of arrays by output name.

    A graph is read, checked against the card's SHA-256 and opened when it is first used. Sessions are shared:
    onnxruntime's `run` may be called from many threads, and opening is behind a lock.
    """

    def __init__(self, card: Card, folder: Path, threads: int | None = None) -> None:
        self.card = card
        self.folder = folder
        self.threads = threads or backend.threads
        self._sessions: dict[str, ort.InferenceSession] = {}
        self._lock = threading.Lock()

    def __call__(self, role: str, **inputs: Array) -> dict[str, Array]:
        """Run the graph `role` on inputs by name, cast to the dtype that the card declares.

        Raises:
            ModelError: no such graph, a damaged file, or inputs that do not fit the card's ports.
        """
        graph = self._graph(role)
        feed = {port.name: _checked(port, inputs.get(port.name)) for port in graph.inputs}
        session = self.session(role)
        names = [port.name for port in graph.outputs]
        return dict(zip(names, (np.asarray(y) for y in session.run(names, feed)), strict=True))

    def session(self, role: str) -> ort.InferenceSession:
        """Return the open session of one graph; open it the first time."""
        with self._lock:
            if role not in self._sessions:
                self._sessions[role] = self._open(role)
            return self._sessions[role]

    @property
    def provider(self) -> str:
        """Return where the graphs really run, as onnxruntime reports it: "CUDA" or "CPU"."""
        role = next(iter(self.card.graphs))
        return self.session(role).get_providers()[0].removesuffix("ExecutionProvider")

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
        options = ort.SessionOptions()
        options.intra_op_num_threads = self.threads
        # Several sessions in one process would otherwise spin against each other for the cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        content, providers = self._read(role), backend.providers
        try:
            return ort.InferenceSession(content, options, providers=providers)
        except Exception as error:  # onnxruntime raises its own types, undocumented ones among them
            name = f"{self.card.name}/{self.card.graphs[role].file}"
            raise ModelError(f"{name} cannot be opened by onnxruntime; {_REPAIR}") from error


def provider_in_use(models: Iterable[Model]) -> str | None:
    """Return where graphs run, "CUDA" or "CPU", by the first of the models that can be opened; None if none can."""
    for model in models:
        with suppress(ModelError):
            return model.provider
    return None


_REPAIR = "export the model again or restore the file from the repository."


class Backend:
    """Chooses the onnxruntime provider once, CUDA if it is there and else CPU, and the threads inside one graph.

    `LATENT_PROVIDER` is "auto" (the default), "cuda" or "cpu". `LATENT_THREADS` is 1 if nothing is said, the measured
    choice for the small graphs here (`make bench`): they take well under a millisecond, and the cores are better spent
    on several visitors. Both are looked at when they are first needed, so that importing this module cannot fail.
    """

    def __init__(self, wanted: str | None = None, available: list[str] | None = None) -> None:
        self.wanted = (wanted or os.environ.get("LATENT_PROVIDER") or "auto").lower()
        self.available = ort.get_available_providers() if available is None else available

    @cached_property
    def providers(self) -> list[str]:
        """Return the providers for onnxruntime, best first; CPU always stands behind CUDA.

        Raises:
            UserError: no such provider is known.
        """
        if self.wanted not in ("auto", "cuda", "cpu"):
            raise UserError(f"LATENT_PROVIDER is {self.wanted!r}; it may be auto, cuda or cpu.")
        cuda = self.wanted != "cpu" and "CUDAExecutionProvider" in self.available
        return [*["CUDAExecutionProvider"] * cuda, "CPUExecutionProvider"]

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
        """Return a sentence for the app when CUDA was asked for, or is offered, and `used` is not CUDA."""
        if used == "CUDA" or (self.wanted != "cuda" and len(self.providers) == 1):
            return None
        return (
            f"CUDA was asked for, but onnxruntime runs on {used}: "
            "install onnxruntime-gpu and a matching CUDA, or set LATENT_PROVIDER=cpu."
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
