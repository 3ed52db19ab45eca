"""A small network that recognises, for its features: distances between sets of pictures are measured on them.

It learns what the data set knows about its pictures: the class, by cross-entropy; or the factors they were made from,
by squared error (`training.factors`); or, where nothing is known, by how many quarter turns a picture was rotated
(Gidaris, Singh and Komodakis 2018). The 64 features before the last layer see what is in a picture rather than its
pixels. `training.evaluate` takes Fréchet distances on them (never called FID: those are Inception's features), and the
app searches them for the training pictures nearest to a sample.

    python -m training.features --name features-fashion --data fashion --size 32
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import AdamW

from gen_models.cards import Port, Sheet
from gen_models.networks.features import Neighbours, Recogniser
from training import cli
from training.data import Images, load, to_float
from training.evaluate import evaluate
from training.export import Spec, export, webp
from training.factors import Targets
from training.objectives import squared_error
from training.run import Run, RunConfig, cosine, set_lr

BANK, COLUMNS = 2048, 64
"""Training pictures that the app searches, and how many of them lie in a row of their sheet."""
NEAREST = 6
"""Neighbours found for a picture."""


@dataclass(frozen=True)
class Config(RunConfig):
    """One recogniser."""

    data: str = "fashion"
    """a data set of training.data, or folder:PATH"""
    size: int | None = None
    """side of the pictures in pixels (default: the data set's own, 64 for a folder)"""
    channels: int | None = None
    """1 grey, 3 colour (default: the data set's own, 3 for a folder)"""
    width: int = 32
    """channels after the first halving"""
    features: int = 64
    """size of the feature vector"""
    lr: float = 2e-3
    """AdamW's highest learning rate"""


class Task(NamedTuple):
    """What is to be recognised."""

    outputs: int
    loss: Callable[[Tensor, Tensor], Tensor]
    """Of predictions (b, outputs) and targets, per picture (b,)."""
    targets: Tensor | None
    """Of all pictures; None: the picture is turned, and the turn is the target."""


def task(data: Images) -> Task:
    """The task that a data set allows."""
    if data.y is not None and data.info.classes:
        return Task(len(data.info.classes), _cross_entropy, data.y)
    if data.factors is not None:
        targets = Targets(data)
        return Task(len(targets), squared_error, targets.table(data.factors))
    return Task(4, _cross_entropy, None)


def _cross_entropy(logits: Float[Tensor, "b c"], y: Tensor) -> Float[Tensor, " b"]:
    """−log softmax(logits)_y."""
    return F.cross_entropy(logits, y, reduction="none")


def train(config: Config, data: Images) -> tuple[nn.Module, Run]:
    """Fit and return the recogniser and its run."""
    run = Run(config)
    c, size, _ = data.x.shape[1:]
    outputs, loss_of, targets = task(data)
    recogniser = run.setup(Recogniser(c, size, config.width, config.features, outputs))
    optimizer = run.optimizer(AdamW(recogniser.parameters(), config.lr, weight_decay=1e-2))
    state = {"recogniser": recogniser, "optimizer": optimizer}
    run.resume(**state)

    for index in run.indices(len(data)):
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


def export_model(config: Config, recogniser: nn.Module, data: Images, run: Run) -> None:
    """Write `exported/<name>/`, with a bank of training pictures and the search in it."""
    test = load(config.data, "test", size=config.size, channels=config.channels)
    count = min(BANK, len(data)) // COLUMNS * COLUMNS
    if not count:
        raise cli.UserError(f"{config.data} has fewer than {COLUMNS} training pictures.")
    bank = data.x[torch.linspace(0, len(data) - 1, count).long()]
    rows, sheet = webp(to_float(bank), COLUMNS)
    picture, k = Port("x", ("batch", *data.x.shape[1:]), range=(0, 1)), config.features
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
        data=test,
        runs=[run],
        graphs={
            "features": Spec(recogniser, (picture,), {"h": None, "y": None}, half=True),
            "neighbours": Spec(
                Neighbours(features_of(recogniser, bank), NEAREST),
                (Port("h", ("batch", k)),),
                {"index": None, "distance": None},
            ),
        },
        sheets={"bank": (Sheet("bank.webp", rows, COLUMNS), sheet)},
    )


@torch.no_grad()
def features_of(recogniser: nn.Module, x: Tensor) -> Float[Tensor, "n k"]:
    """Features of pictures, uint8 (n, c, h, w)."""
    recogniser = recogniser.cpu().float().eval()
    return torch.cat([recogniser(to_float(batch))[0] for batch in x.split(512)])


def main(config: Config) -> None:
    """Train, export, evaluate."""
    data = load(config.data, "train", size=config.size, channels=config.channels)
    recogniser, run = train(config, data)
    if run.is_main:
        export_model(config, recogniser, data, run)
        evaluate(config.exported / config.name)


if __name__ == "__main__":
    cli.run(main, Config)
