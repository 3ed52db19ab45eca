"""What measuring a model needs, whatever its family: the model with its data, and images in batches and sheets."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from gen_models import cards, model_readme
from gen_models.cards import Metric, Port
from gen_models.errors import UserError
from gen_models.families import MetricId, label_of, spec_of
from gen_models.runtime import Array, Model, to_uint8
from training.data import Images, Info, Split, load, to_float
from training.data.decoded import whereabouts
from training.engine.batches import evenly_spaced_indices
from training.engine.export import save_preview


@dataclass(frozen=True)
class Measurement:
    """The model under test, its test split, and how its numbers are written down."""

    model: Model
    command: str

    def pixels(self, split: Split = "test") -> Array:
        """A split of the model's data set, float32 (n, c, h, w) in [0, 1]."""
        return to_float(self.images(split).x).numpy()

    @property
    def recipe(self) -> str:
        """What `training.data` is asked for on this machine: of your own images the card names no path."""
        source = self.model.card.dataset
        return whereabouts(source.recipe, source.sha256)

    def images(self, split: Split = "test") -> Images:
        """A split of the model's data set, checked to be the one it was trained on."""
        source = self.model.card.dataset
        data = load(self.recipe, split, size=source.size, channels=source.channels)
        self.check(data.info)
        return data

    def check(self, info: Info) -> None:
        """Refuse data of another hash than those that the model was trained on."""
        source = self.model.card.dataset
        if info.sha256 != source.sha256:
            raise UserError(
                f"{source.recipe} is not the data set that {self.model.card.name} was trained on."
            )

    def metric(
        self,
        metric: MetricId,
        value: float,
        n: int,
        split: str = "test",
        note: str = "",
        **unit: object,
    ) -> Metric:
        """A Metric of this model, with its training seed and the command that measures it.

        `unit` is what the braces of the metric's unit stand for, as `families.MetricSpec` has it.
        """
        card = self.model.card
        spec, seed = spec_of(card.family, metric), card.training.seed
        if spec is None:
            raise ValueError(
                f"gen_models/families.py gives the family {card.family!r} no metric {metric!r}."
            )
        seeds = () if seed is None else (seed,)
        return Metric(float(value), spec.unit.format(**unit), n, split, seeds, self.command, note)


Result = tuple[dict[str, Metric], Array]


def in_batches(f: Callable[[Array], Array], x: Array, size: int = 256) -> Array:
    """f applied to parts of x along the first axis, and joined."""
    return np.concatenate([f(x[i : i + size]) for i in range(0, len(x), size)])


def features_for(model: Model, sha256: str, image: Port) -> Model | None:
    """The exported features of the data set of this hash, beside `model`, that can take its images, if there are any.

    They can if they have as many channels. Those of a side that divides the images' come first, then the largest.
    """

    def side(one: Model) -> int:
        return int(one.input("features", "x").shape[-1])

    _, channels, height, _ = image.shape
    found = [
        Model(card, model.folder.parent / card.name)
        for card in cards.discover(model.folder.parent)[0]
        if card.family == "features" and card.dataset.sha256 == sha256
    ]
    able = [one for one in found if one.input("features", "x").shape[1] == channels]
    return max(able, key=lambda one: (int(height) % side(one) == 0, side(one)), default=None)


def features_of(recogniser: Model, x: Array) -> Array:
    """Features (n, k) of images (n, c, h, w)."""
    return recognise(recogniser, x)["h"]


def recognise(recogniser: Model, x: Array) -> dict[str, Array]:
    """Features h and predictions y of images (n, c, h, w), brought to the side that the recogniser takes.

    They are averaged down where that side divides theirs, and else resized as `training.data` resizes.
    """
    small = int(recogniser.input("features", "x").shape[-1])
    n, c, h, _ = x.shape
    if h % small:
        resized = F.interpolate(torch.from_numpy(x), (small, small), mode="bicubic", antialias=True)
        x = resized.clamp(0, 1).numpy()  # bicubic overshoots at edges
    else:
        x = x.reshape(n, c, small, h // small, small, h // small).mean((3, 5))
    return recogniser("features", x=x)


def contact_sheet(images: Array, columns: int, scale: int = 2) -> Array:
    """Images (n, c, h, w) in [0, 1], in rows of `columns`, enlarged by `scale`: uint8 (H, W, c)."""
    tiles = np.pad(to_uint8(images), ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=96)
    n, h, w, c = tiles.shape
    grid = tiles.reshape(n // columns, columns, h, w, c).transpose(0, 2, 1, 3, 4)
    return grid.reshape(n // columns * h, columns * w, c).repeat(scale, 0).repeat(scale, 1)


def evenly_spaced(x: Array, n: int) -> Array:
    """Return n images from all over a split, in its order."""
    return x[evenly_spaced_indices(len(x), n)]


def evaluate(folder: Path, measure: Callable[[Measurement], Result]) -> None:
    """Measure the model in `folder`, write its card anew with the numbers, and its preview."""
    card = cards.load(folder / "card.json")
    started = time.monotonic()
    metrics, preview = measure(
        Measurement(Model(card, folder), f"python -m training.evaluate exported/{card.name}")
    )
    model_readme.save(card.with_metrics(metrics), folder)
    save_preview(folder, Image.fromarray(preview.squeeze()))
    for key, metric in metrics.items():
        print(
            f"{card.name}: {label_of(card.family, key)} = {metric.value:.4g} {metric.unit} (n = {metric.n})",
            flush=True,
        )
    print(f"{card.name}: evaluated in {time.monotonic() - started:.0f} s", flush=True)
    print(f"{card.name}: {where_it_is(folder)}", flush=True)


def where_it_is(folder: Path) -> str:
    """Say where a model is, and how to see it in the app, which serves this project's `exported/`."""
    served = Path(__file__).resolve().parents[2] / "exported"
    if folder.resolve().parent == served:
        return (
            f"the model is in {folder}; to see it, start the app (`make demo`, or `python app.py`)"
        )
    return f"the model is in {folder}; to see it, copy that folder to {served} and start the app (`make demo`)"


def how_to_make_features(m: Measurement, image: Port) -> str:
    """Say that a model's samples, like `image`, could not be measured, and by which commands they can."""
    source, side = m.model.card.dataset, image.shape[-1]
    options = [
        "--name",
        f"features-{source.name}",
        "--data",
        m.recipe,
        "--size",
        str(source.size or side),
    ]
    options += ["--channels", str(source.channels)] if source.channels else []
    return (
        f"{m.model.card.name}: no features of its data in {m.model.folder.parent}, so no distances; for these, "
        f"`python -m training.features {shlex.join(options)}`, then `python -m training.evaluate {m.model.folder}`"
    )
