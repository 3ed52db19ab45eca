"""Few labels: which draws of labels are taken, what comes of them, and what the exported classifiers reach (§1.4).

A draw is balanced, and depends on its number alone: all ways see the same labels, so that they are compared in pairs.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from gen_models.cards import Metric, Sheet
from gen_models.errors import UserError
from gen_models.families import FewLabelsFacts, Objective
from gen_models.families import MetricId as M
from gen_models.numerics import logistic
from gen_models.runtime import Array
from training.augment import mask_patches, warp
from training.data import DataError, Images, to_float
from training.engine.export import webp
from training.engine.layout import grid_order
from training.engine.measurement import (
    Measurement,
    Result,
    contact_sheet,
    evenly_spaced,
    in_batches,
)

LOGISTIC, TRAINED = (10, 50, 100, 300, 1000), (100, 10, 1000)
"""Numbers of labels for logistic regression, and for what is trained step by step, the one that matters most first."""
ROWS, COLUMNS = 16, 25
"""Of the grid of images that a visitor labels."""
COMPARED = 100
"""Labels with which all encoders are fine-tuned; un-warping's is with any of TRAINED."""
HELD_OUT = 6
"""One in so many training images is kept for validation."""


class Way(StrEnum):
    """What is done with the labels."""

    PIXELS = "pixels"
    PCA = "pca"
    RANDOM = "random"
    """An encoder that was never trained."""
    FROZEN = "frozen"
    FINE_TUNED = "fine-tuned"
    JOINT = "joint"
    SCRATCH = "scratch"


class Cell(NamedTuple):
    """One classifier: how it is made, of which encoder, and from which labels."""

    way: Way
    objective: Objective | None
    """What its encoder learnt without labels, if it has one."""
    augmented: bool
    labels: int
    draw: int
    """Which draw of labels."""
    seed: int
    """Of the encoder."""

    @property
    def key(self) -> tuple[object, ...]:
        """The variant of the metric that it counts for: all but draw and seed."""
        return variant(self.way, self.objective, self.augmented, self.labels)


def variant(
    way: Way, objective: Objective | None, augmented: bool, labels: int
) -> tuple[object, ...]:
    """The variants of an error's key."""
    return way, objective or "no", "augmented" if augmented else "unchanged", labels


class Config(Protocol):
    """How many of each are made."""

    @property
    def encoders(self) -> tuple[Objective, ...]: ...  # noqa: D102
    @property
    def seeds(self) -> int: ...  # noqa: D102
    @property
    def draws(self) -> int: ...  # noqa: D102
    @property
    def rounds(self) -> int: ...  # noqa: D102


def logistic_cells(config: Config) -> Iterator[Cell]:
    """Logistic regression on pixels, on PCA, and on each encoder of each seed."""
    for labels in LOGISTIC:
        for draw in range(config.draws):
            yield Cell(Way.PIXELS, None, False, labels, draw, 0)
            yield Cell(Way.PCA, None, False, labels, draw, 0)
            yield Cell(Way.RANDOM, None, False, labels, draw, 0)
            for objective in config.encoders:
                for seed in range(config.seeds):
                    yield Cell(Way.FROZEN, objective, False, labels, draw, seed)


def trained_cells(config: Config) -> Iterator[Cell]:
    """What is trained with labels, draw by draw, so that one that is stopped has whole draws; the encoders in turn."""
    for draw in range(config.rounds):
        for labels in TRAINED:
            for augmented in (True, False):
                rest = (augmented, labels, draw, draw % config.seeds)
                yield Cell(Way.SCRATCH, None, *rest)
                yield Cell(Way.FINE_TUNED, Objective.UNWARPING, *rest)
                yield Cell(Way.JOINT, Objective.UNWARPING, *rest)
                if labels == COMPARED:
                    for objective in config.encoders:
                        if objective is not Objective.UNWARPING:
                            yield Cell(Way.FINE_TUNED, objective, *rest)


class Results:
    """Errors in per cent by cell, each a line of a file that one process writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.errors: dict[Cell, float] = {}
        for line in path.read_text().splitlines() if path.exists() else ():
            try:
                *cell, error = json.loads(line)
                way, objective, *rest = cell
                self.errors[Cell(Way(way), objective and Objective(objective), *rest)] = error
            except (ValueError, TypeError):  # a line cut off by a kill
                continue

    def add(self, cell: Cell, error: float) -> None:
        """Keep a result."""
        self.errors[cell] = error
        with self.path.open("a") as file:
            file.write(json.dumps([*cell, round(error, 4)]) + "\n")
        print(*cell, f"{error:.2f} %", flush=True)

    def metrics(self, n: int, command: str) -> dict[str, Metric]:
        """Mean and standard deviation over draws and encoders, of n test images."""
        groups: dict[tuple[object, ...], list[Cell]] = defaultdict(list)
        for cell in self.errors:
            groups[cell.key].append(cell)
        made = {}
        for key in sorted(groups, key=lambda key: (*map(str, key[:3]), key[3])):
            cells = groups[key]
            errors = np.array([self.errors[cell] for cell in cells])
            draws, seeds = {cell.draw for cell in cells}, {cell.seed for cell in cells}
            note = f"mean; draws of labels: {len(draws)}, encoders: {len(seeds)}"
            facts = ("% of test images", n, "test", tuple(sorted(seeds)), command, note)
            made[M.ERROR.of(*key)] = Metric(float(errors.mean()), *facts)
            if len(errors) > 1:
                made[M.ERROR_SD.of(*key)] = Metric(float(errors.std(ddof=1)), *facts)
        return made


def balanced_draw(y: Tensor, labels: int, draw: int) -> Tensor:
    """Indices of `labels` images, as many of each class; a draw of more contains that of fewer.

    Raises:
        UserError: a class has too few.
    """
    order = torch.from_numpy(np.random.default_rng(draw).permutation(len(y)))
    classes = [order[y[order] == label] for label in y.unique()]
    each = labels // len(classes)
    if min(map(len, classes)) < each:
        raise UserError(f"{labels} labels need {each} images of each class, and one has fewer.")
    return torch.stack([members[:each] for members in classes], 1).flatten()


def labels_of(data: Images) -> Tensor:
    """The labels of a data set that must have some."""
    if data.y is None:
        raise DataError(f"{data.info.title} has no labels.")
    return data.y


def subset(data: Images, index: Tensor) -> Images:
    """Some of the images, with their labels."""
    return Images(data.x[index], labels_of(data)[index], data.info)


def pool_of(data: Images, z: Tensor) -> Images:
    """Images to be labelled, in the order of a grid whose neighbours have near codes z."""
    chosen = torch.from_numpy(np.random.default_rng(1).permutation(len(data))[: ROWS * COLUMNS])
    order = grid_order(z[chosen].double().numpy(), ROWS, COLUMNS)
    return subset(data, chosen[torch.from_numpy(order)])


def sheet(name: str, data: Images, columns: int) -> tuple[Sheet, bytes]:
    """Images as one file without loss, row by row; the last row is filled with black."""
    black = data.x.new_zeros(-len(data) % columns, *data.x.shape[1:])
    rows, content = webp(to_float(torch.cat([data.x, black])), columns, lossless=True)
    return Sheet(f"{name}.webp", rows, columns), content


def held_out(data: Images) -> tuple[Images, Images]:
    """A training split without one image in HELD_OUT, and those."""
    order = torch.from_numpy(np.random.default_rng(0).permutation(len(data)))
    few, rest = order.tensor_split([len(data) // HELD_OUT])
    return subset(data, rest), subset(data, few)


def logistic_regression(z: Array, y: Array, test: Array) -> Array:
    """Probabilities of the classes of test features, by logistic regression on labelled ones."""
    W = logistic.fit(z, y, int(y.max()) + 1)
    return logistic.predict(W, test)


def error(p: Array, truth: Tensor) -> float:
    """Per cent of images whose likeliest class is not theirs."""
    return 100 * float((p.argmax(1) != truth.numpy()).mean())


# ---------------------------------------------------------------------------------------------------------------------
# The exported graphs
# ---------------------------------------------------------------------------------------------------------------------


def measure(m: Measurement) -> Result:
    """Accuracy of the exported classifiers; images, what un-warping sees of them, and what it gives back."""
    facts = m.model.card.facts_as(FewLabelsFacts)
    data, x, metrics = m.images(), m.pixels(), {}
    truth = labels_of(data)
    for name in facts.classifiers:
        p = in_batches(lambda b, name=name: m.model(f"classifier_{name}", x=b)["p"], x)
        right = 1 - error(p, truth) / 100
        note = f"trained on {facts.labelled.count('1')} labels"
        metrics[M.ACCURACY.of(name)] = m.metric(M.ACCURACY, right, len(x), note=note)
    images = evenly_spaced(x, 12)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        seen = mask_patches(warp(torch.from_numpy(images)), share=0.25).numpy()
    back = m.model("decoder", z=m.model(f"encoder_{Objective.UNWARPING}", x=seen)["z"])["x"]
    return metrics, contact_sheet(np.concatenate([images, seen, back]), columns=len(images))


def digits_of(labels: Tensor) -> str:
    """Classes from 0 to 9 as a string with a digit for each."""
    return "".join(map(str, labels.int().tolist()))
