"""Classes that a model is told: which there are, and batches of images with theirs, one-hot."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from gen_models.errors import UserError
from training.data import Images, Info, to_float
from training.engine.run import Run


def classes_of(info: Info, wanted: bool) -> tuple[str, ...]:
    """The names of the classes that a model of these images is told; none where it is not `wanted`.

    Raises:
        UserError: they have fewer than two classes.
    """
    if wanted and len(info.classes) < 2:
        found = "one class" if info.classes else "none"
        raise UserError(
            f"--classes needs images of two classes or more, and {info.title} has {found}; in a folder of yours, each "
            "subfolder is a class."
        )
    return info.classes if wanted else ()


def one_hot(data: Images, index: list[int] | slice, classes: int) -> Float[Tensor, "b n"]:
    """The classes of some images, one-hot."""
    assert data.y is not None
    return F.one_hot(data.y[index].long(), classes).float()


def in_turn(n: int, classes: int) -> Float[Tensor, "b n"]:
    """Each class in turn, one-hot, n in all."""
    return F.one_hot(torch.arange(n) % classes, classes).float()


def batches(run: Run, data: Images, classes: int) -> Iterator[tuple[Tensor, ...]]:
    """Batches (x, y) of images in [0, 1] and their classes, one-hot, on the device; (x,) where `classes` is 0."""
    if not classes:
        for x in run.batches(data):
            yield (x,)
        return
    for index in run.indices(len(data), data.info.sha256):
        x, y = run.fabric.to_device((data[index], one_hot(data, index, classes)))
        yield to_float(x), y
