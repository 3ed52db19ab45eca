"""How well two codes part the number from the style (lecture §6.2): what is read from each, and what swaps show.

No number proves it alone: of a z that says nothing, nothing is read either, but then the swapped image has lost the
style, and the reconstruction its likeness. They are always taken together.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gen_models import cards
from gen_models.errors import UserError
from gen_models.families import MetricId as M
from gen_models.networks.disentangle import Perceptron
from gen_models.numerics.moments import slant
from gen_models.runtime import Array, Model
from training.data import Images, to_float
from training.engine.measurement import (
    Measurement,
    Result,
    contact_sheet,
    features_for,
    in_batches,
    recognise,
)

HELD_OUT = 6
"""Of this many training images one is held out: for the probe's best epoch, and where settings are chosen."""
EPOCHS = 40
PROBES = {"perceptron": 1e-3, "linear": 1e-2}
"""The probes, with Adam's learning rate: two hidden layers of 256, or none."""
VECTORS = ("sample", "mean")
STYLES = (0, 11, 32, 43, 54, 85, 106, 117, 128, 139)
"""Test images whose style stands at the left of the contact sheet's rows."""


class Codes(NamedTuple):
    """What the encoder makes of a split, with the labels."""

    s: Array
    mu: Array
    logvar: Array
    y: Array


def codes_of(model: Model, data: Images) -> Codes:
    """Encode a split."""
    assert data.y is not None
    x = to_float(data.x).numpy()
    parts = [model("encoder", x=x[i : i + 256]) for i in range(0, len(x), 256)]
    s, mu, logvar = (np.concatenate([part[k] for part in parts]) for k in ("s", "mu", "logvar"))
    return Codes(s, mu, logvar, data.y.numpy())


def held_out(data: Images) -> tuple[Images, Images]:
    """A split without every sixth image, and those."""
    assert data.y is not None
    out = torch.arange(len(data)) % HELD_OUT == HELD_OUT - 1
    return tuple(Images(data.x[part], data.y[part], data.info) for part in (~out, out))  # pyright: ignore[reportReturnType]


def probe_accuracy(kind: str, train: Codes, test: Codes, vector: str) -> float:
    """The share of test images whose class a probe reads from a code.

    The probe is trained on five sixths of the training images and tested as it was in the epoch in which it did best on
    the others. Of q(z|x) it sees a new sample in each epoch, or the mean. They are taken as they are.

    Args:
        kind: of PROBES.
        train: the codes to learn from.
        test: those to be judged by.
        vector: "sample" or "mean" of q(z|x), or "s".
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        out = np.arange(len(train.y)) % HELD_OUT == HELD_OUT - 1
        fitted, chosen = (Codes(*(part[each] for part in train)) for each in (~out, out))
        inputs, classes = _vector(test, vector).shape[1], int(train.y.max()) + 1
        net = Perceptron(inputs, classes) if kind == "perceptron" else nn.Linear(inputs, classes)
        optimizer = torch.optim.Adam(net.parameters(), PROBES[kind])
        judged = [(_vector(part, vector), torch.from_numpy(part.y)) for part in (chosen, test)]
        y, best = torch.from_numpy(fitted.y), (-1.0, 0.0)
        for _ in range(EPOCHS):
            z = _vector(fitted, vector)
            for batch in torch.randperm(len(y)).split(256):
                loss = F.cross_entropy(net(z[batch]), y[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            with torch.no_grad():
                right = [float((net(z).argmax(1) == y).float().mean()) for z, y in judged]
            best = max(best, (right[0], right[1]), key=lambda pair: pair[0])
    return best[1]


def _vector(codes: Codes, vector: str) -> Tensor:
    s, mu, logvar = (torch.from_numpy(part) for part in codes[:3])
    sample = mu + (0.5 * logvar).exp() * torch.randn_like(mu)
    return {"s": s, "mean": mu, "sample": sample}[vector]


def examine(
    model: Model, train: Images, test: Images, judge: Model | None
) -> dict[str, tuple[float, int]]:
    """All numbers by their key in a card, each with how many images or swaps it is of.

    Swaps use the mean of q(z|x), as the app does.

    Args:
        model: both graphs.
        train: what the probes learn from.
        test: what everything is measured on.
        judge: tells which number an image shows; without it that is not asked.
    """
    known, codes, x = codes_of(model, train), codes_of(model, test), to_float(test.x).numpy()
    found = {
        M.LEAK.of(probe, vector): (probe_accuracy(probe, known, codes, vector), len(x))
        for probe in PROBES
        for vector in VECTORS
    }
    found[M.ACCURACY] = probe_accuracy("perceptron", known, codes, "s"), len(x)
    donor = np.random.default_rng(0).permutation(len(x))
    of_another_class = codes.y[donor] != codes.y
    donor, style = donor[of_another_class], np.flatnonzero(of_another_class)
    y = swap(model, codes.s, codes.mu)
    swapped = swap(model, codes.s[donor], codes.mu[style])
    if judge:
        seen = in_batches(lambda b: recognise(judge, b)["y"], swapped).argmax(1)
        found[M.SWAP_CLASS] = float((seen == codes.y[donor]).mean()), len(donor)
    leaning = slant(swapped)
    for name, index in (("z", style), ("s", donor)):
        correlation = np.corrcoef(leaning, slant(x[index]))[0, 1]
        found[M.SLANT_CORRELATION.of(name)] = float(correlation), len(donor)
    found[M.SQUARED_ERROR] = float(np.square(x - y).sum((1, 2, 3)).mean()), len(x)
    return found


def swap(model: Model, s: Array, z: Array) -> Array:
    """Images (n, c, h, w) of codes s (n, j) and z (n, k)."""
    both = np.concatenate([s, z], axis=1)
    parts = s.shape[1]
    return in_batches(lambda b: model("decoder", s=b[:, :parts], z=b[:, parts:])["x"], both)


NOTES: Mapping[str, str] = {
    M.LEAK: "chance is 0.1; best epoch on held-out training images",
    M.ACCURACY: "read from s by a perceptron",
    M.SWAP_CLASS: "s and z of two test images of different classes, z the mean",
    M.SLANT_CORRELATION: "of the swapped image with the donor, classes different",
    M.SQUARED_ERROR: "s and z, the mean, of the same image",
}


def measure(m: Measurement) -> Result:
    """All numbers on the test split, and a grid: a row for each style, a column for each number."""
    test, model = m.images(), m.model
    judge = features_for(model, model.card.dataset.sha256, model.output("decoder", "x"))
    name = judge.card.name if judge else ""
    metrics = {}
    for key, (value, n) in examine(model, m.images("train"), test, judge).items():
        id = M(key.partition("/")[0])
        metrics[key] = m.metric(id, value, n, note=NOTES[id], what="test images", features=name)
    return metrics, sheet(model, test)


def measure_held_out(folder: Path, models: Path, train: Images, held: Images) -> None:
    """Print the numbers of the model in `folder` on held-out training images, for settings to be chosen.

    Raises:
        UserError: `models` has no network that recognises these images.
    """
    model = Model(cards.load(folder / "card.json"), folder)
    beside = Model(model.card, models / model.card.name)
    judge = features_for(beside, model.card.dataset.sha256, model.output("decoder", "x"))
    if judge is None:
        raise UserError(f"{models} has no features of {train.info.title}: train them first.")
    found = examine(model, train, held, judge)
    print(
        "held out: " + ", ".join(f"{key} {value:.4g}" for key, (value, _) in found.items()),
        flush=True,
    )


def sheet(model: Model, test: Images) -> Array:
    """Number donors on top, style donors at the left, and each pair decoded."""
    codes, x = codes_of(model, test), to_float(test.x).numpy()
    numbers = [int(np.flatnonzero(codes.y == label)[0]) for label in np.unique(codes.y)]
    styles = [i % len(x) for i in STYLES]
    s = np.tile(codes.s[numbers], (len(styles), 1))
    z = np.repeat(codes.mu[styles], len(numbers), axis=0)
    grid = swap(model, s, z).reshape(len(styles), len(numbers), *x.shape[1:])
    rows = np.concatenate([x[styles][:, None], grid], axis=1)
    top = np.concatenate([np.zeros_like(x[:1]), x[numbers]])
    tiles = np.concatenate([top, rows.reshape(-1, *x.shape[1:])])
    return contact_sheet(tiles, columns=1 + len(numbers))
