"""A small network that recognises, for its features: distances between sets of images are measured on them.

It learns what the data set knows about its images: the class, by cross-entropy; or the factors they were made from,
by squared error (`training.data.targets`); or, where nothing is known, by how many quarter turns an image was rotated
(Gidaris, Singh and Komodakis 2018). The 64 features before the last layer see what is in an image rather than its
pixels. Fréchet distances are taken on them (never called FID: those are Inception's features), and the
app searches them for the training images nearest to a sample.

    python -m training.features --name features-fashion --data fashion --size 32
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from PIL import Image
from torch import Tensor, nn
from torch.optim import AdamW

from gen_models.cards import Port, Sheet
from gen_models.errors import UserError
from gen_models.families import FeaturesFacts, FeatureTask
from gen_models.networks.features import Neighbours, Recogniser
from training.data import Images, load, to_float
from training.data.targets import Targets
from training.engine import cli
from training.engine.batches import evenly_spaced_indices
from training.engine.export import Spec, dataset, export, titled, webp
from training.engine.measurement import evaluate
from training.engine.run import Run, RunConfig, set_lr
from training.evaluation.features import measure
from training.objectives import squared_error
from training.schedules import cosine

BANK, COLUMNS = 2048, 64
"""Training images that the app searches, and how many of them lie in a row of their sheet."""
NEAREST = 6
"""Neighbours found for an image."""


@dataclass(frozen=True)
class Config(RunConfig):
    """One recogniser."""

    data: str = "fashion"
    """a data set of training.data, or folder:PATH"""
    size: int | None = None
    """side of the images in pixels; None: the data set's own, 64 for a folder"""
    channels: int | None = None
    """1 grey, 3 colour; None: the data set's own, 3 for a folder"""
    width: int = 32
    """channels after the first halving"""
    features: int = 64
    """size of the feature vector"""
    lr: float = 2e-3
    """AdamW's highest learning rate"""

    def check(self) -> None:
        """Refuse options that no run can have, and a size that the networks are not for."""
        super().check()
        if self.size is not None:
            with torch.device("meta"):  # no weights are made
                build(self, (self.channels or 3, self.size, self.size), 1)


class Task(NamedTuple):
    """What is to be recognised."""

    name: FeatureTask
    outputs: int
    loss: Callable[[Tensor, Tensor], Tensor]
    """The loss of predictions (b, outputs) and targets, per image (b,)."""
    targets: Tensor | None
    """The targets of all images; None: each image is turned, and the turn is its target."""


def task(data: Images) -> Task:
    """The task that a data set allows."""
    if data.y is not None and data.info.classes:
        return Task(FeatureTask.CLASSES, len(data.info.classes), _cross_entropy, data.y)
    if data.factors is not None:
        targets = Targets(data)
        return Task(FeatureTask.FACTORS, len(targets), squared_error, targets.table(data.factors))
    return Task(FeatureTask.ROTATIONS, 4, _cross_entropy, None)


def _cross_entropy(logits: Float[Tensor, "b c"], y: Tensor) -> Float[Tensor, " b"]:
    """−log softmax(logits)_y."""
    return F.cross_entropy(logits, y, reduction="none")


def train(config: Config, data: Images) -> tuple[nn.Module, Run]:
    """Fit and return the recogniser and its run."""
    run = Run(config)
    _, outputs, loss_of, targets = task(data)
    recogniser = run.setup(build(config, data.x.shape[1:], outputs))
    optimizer = run.optimizer(AdamW(recogniser.parameters(), config.lr, weight_decay=1e-2))
    state = {"recogniser": recogniser, "optimizer": optimizer}
    run.resume(**state)

    for index in run.indices(len(data), data.info.sha256):
        set_lr(optimizer, config.lr * cosine(run.progress))
        x = to_float(data[index])
        if targets is None:
            target = torch.randint(0, 4, (len(x),))
            x = torch.stack([p.rot90(int(k), (1, 2)) for p, k in zip(x, target, strict=True)])
        else:
            target = targets[index]
        x, target = run.fabric.to_device((x, target))

        _, y = recogniser(x)
        loss = loss_of(y, target)

        optimizer.zero_grad()
        run.fabric.backward(loss.mean())
        optimizer.step()

        run.log(loss=loss)
        run.checkpoint(**state)
    return recogniser.module, run


def build(config: Config, shape: Sequence[int], outputs: int) -> Recogniser:
    """An untrained recogniser for images of `shape` (channels, height, width)."""
    c, size, _ = shape
    return Recogniser(c, size, config.width, config.features, outputs)


def export_model(config: Config, recogniser: nn.Module, data: Images, run: Run) -> None:
    """Write `exported/<name>/`, with a bank of training images and the search in it."""
    test = titled(load(config.data, "test", size=config.size, channels=config.channels), config)
    count = min(BANK, len(data)) // COLUMNS * COLUMNS
    bank = data.x[evenly_spaced_indices(len(data), count)]
    rows, sheet = webp(to_float(bank), COLUMNS)
    bank = as_shown(sheet, rows, bank)
    image, k = Port("x", ("batch", *data.x.shape[1:]), range=(0, 1)), config.features
    export(
        name=config.name,
        root=config.exported,
        family="features",
        title=f"Features of {test.info.title}",
        lecture="§1.1",
        summary=(
            f"A small convolutional network that recognises what is in pictures of {test.info.title}. Its {k} features "
            "are what distances between real and generated pictures are measured on, and what nearest training "
            "pictures are searched by."
        ),
        limitations="Its distances compare models of this data set with one another, and nothing else.",
        module="training.features",
        config=config,
        data=dataset(test.info, config.data, config.size, config.channels),
        examples_of=test,
        facts=FeaturesFacts(task(data).name),
        runs=[run],
        graphs={
            "features": Spec(recogniser, (image,), {"h": None, "y": None}, fp16_weights=True),
            "neighbours": Spec(
                Neighbours(features_of(recogniser, bank), NEAREST),
                (Port("h", ("batch", k)),),
                {"index": None, "distance": None},
                fp16_weights=True,
            ),
        },
        sheets={"bank": (Sheet("bank.webp", rows, COLUMNS), sheet)},
    )


def as_shown(sheet: bytes, rows: int, bank: Tensor) -> Tensor:
    """Images (n, c, h, w) as their sheet shows them: an image that is searched for must be at distance 0 from itself.

    WebP changes each a little. Those that are smaller on the sheet stay as they are.
    """
    n, c, h, w = bank.shape
    with Image.open(io.BytesIO(sheet)) as file:
        image = np.array(file.convert("L" if c == 1 else "RGB"))
    if image.shape[0] != rows * h:
        return bank
    tiles = image.reshape(rows, h, n // rows, w, c).transpose(0, 2, 4, 1, 3)
    return torch.from_numpy(tiles.reshape(n, c, h, w).copy())


@torch.no_grad()
def features_of(recogniser: nn.Module, x: Tensor) -> Float[Tensor, "n k"]:
    """Features of images, uint8 (n, c, h, w)."""
    recogniser = recogniser.cpu().float().eval()
    return torch.cat([recogniser(to_float(batch))[0] for batch in x.split(512)])


def main(config: Config) -> None:
    """Train, export, evaluate."""
    data = load(config.data, "train", size=config.size, channels=config.channels)
    if len(data) < COLUMNS:
        raise UserError(f"{config.data} has fewer than {COLUMNS} training images.")
    recogniser, run = train(config, data)
    if run.is_main:
        export_model(config, recogniser, data, run)
        evaluate(config.exported / config.name, measure)


if __name__ == "__main__":
    cli.run(main, Config)
