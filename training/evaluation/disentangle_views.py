"""How well two codes part a person from the view of them (lecture §6.2), where every factor of both is known.

What a code holds is what can be read from it: a perceptron learns to read the factors of training images from their
codes, and is asked for those of persons that nobody has seen. Much cannot be seen in an image, so a network that is
given the images learns the same, and only what it reads at least by half counts. And the renderer can do what a swap of
two codes tries: a person in the view of another.
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
from gen_models.families import MetricId as M
from gen_models.networks.disentangle import Perceptron, ViewTrunk
from gen_models.runtime import Array, Model
from training.data import Images, to_float
from training.data.targets import Targets
from training.data.views import HELD_OUT, Views, parts, swaps
from training.engine import metrics
from training.engine.measurement import Measurement, Result, contact_sheet, in_batches

SOURCES = ("image", "s", "z")
"""What factors are read from: the image itself, s, and the mean of q(z|x)."""
EPOCHS = {"image": 20, "s": 60, "z": 60}
BATCH, LR, WEIGHT_DECAY = 128, 1e-3, 1e-4
WIDTH = 24
"""Of the network that reads images."""
READABLE = 0.5
"""Variance that must be explained from the images of held-out persons for a factor to count."""


class Codes(NamedTuple):
    """What the encoder makes of a split."""

    s: Array
    mu: Array


def codes_of(model: Model, x: Array) -> Codes:
    """Encode images (n, c, h, w)."""
    codes = [model("encoder", x=x[i : i + 256]) for i in range(0, len(x), 256)]
    return Codes(*(np.concatenate([part[k] for part in codes]) for k in ("s", "mu")))


def decode(model: Model, s: Array, z: Array) -> Array:
    """Images (n, c, h, w) of codes s (n, j) and z (n, k)."""
    both = np.concatenate([s, z], axis=1)
    j = s.shape[1]
    return in_batches(lambda b: model("decoder", s=b[:, :j], z=b[:, j:])["x"], both)


def learnt(
    net: nn.Module, x: Tensor, targets: Tensor, chosen: Tensor, asked: Tensor, epochs: int
) -> Array:
    """What `net` makes of `asked` (m, ...) once it has learnt `targets` (n, t) from x (n, ...), by squared error.

    It learns from what is not `chosen`, bool (n,), and is taken as it was in the epoch in which it did best on the
    chosen ones: (sum(chosen) + m, t), those first.
    """
    fitted = (~chosen).nonzero()[:, 0]
    questions = torch.cat([x[chosen], asked])
    optimizer = torch.optim.AdamW(net.parameters(), LR, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LR, epochs=epochs, steps_per_epoch=-(-len(fitted) // BATCH)
    )
    best, found = np.inf, None
    for _ in range(epochs):
        net.train()
        for batch in fitted[torch.randperm(len(fitted))].split(BATCH):
            loss = F.mse_loss(net(x[batch]), targets[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        net.eval()
        with torch.no_grad():
            y = torch.cat([net(part) for part in questions.split(256)])
        error = float(F.mse_loss(y[: int(chosen.sum())], targets[chosen]))
        if found is None or error < best:
            best, found = error, y.numpy()
    assert found is not None
    return found


def explained(model: Model, train: Images, test: Images) -> dict[str, dict[str, float]]:
    """The share of a factor's variance that is explained, by factor and source, of the factors that count.

    In test images, after a reading that was learnt from training images. Where a factor is a kind, such as a style of
    hair, of all its indicators together. It may be below 0: then the mean would have been the better guess.
    """
    assert train.factors is not None
    assert test.factors is not None
    targets, chosen = Targets(train), Views(train).person % HELD_OUT == HELD_OUT - 1
    y_train, y_test = targets.table(train.factors), targets.table(test.factors)
    pictures = to_float(train.x), to_float(test.x)
    codes = [codes_of(model, x.numpy()) for x in pictures]
    inputs = {
        "image": pictures,
        "s": tuple(torch.from_numpy(each.s) for each in codes),
        "z": tuple(torch.from_numpy(each.mu) for each in codes),
    }
    truth = torch.cat([y_train[chosen], y_test]).numpy()
    held, asked = (slice(0, int(chosen.sum())), slice(int(chosen.sum()), None))
    share: dict[str, dict[str, list[float]]] = {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for source, (x, of_test) in inputs.items():
            c, size, outputs = x.shape[1], x.shape[-1], len(targets)
            net = (
                ViewTrunk(c, size, WIDTH, outputs) if source == "image" else Perceptron(c, outputs)
            )
            y = learnt(net, x, y_train, chosen, of_test, EPOCHS[source])
            for name, columns in targets.columns.items():
                for part in (held, asked):
                    rest = np.square(y[part, columns] - truth[part, columns]).mean(0)
                    ratio = 1 - rest.sum() / truth[part, columns].var(0).sum()
                    share.setdefault(name, {}).setdefault(source, []).append(float(ratio))
    return {
        name: {source: values[1] for source, values in of.items()}
        for name, of in share.items()
        if of["image"][0] >= READABLE
    }


def swap_errors(model: Model, test: Images, donors: Tensor, truth: Tensor) -> dict[str, float]:
    """How far images are from the renderer's: of swaps, and of what must be worse and what could be best.

    "swap": D(s, z) of two persons against the person of s in the view of z. "copy": the image that z is of, against
    the same: the view is right, the person wrong. "own": D(s, z) of one image, against it.

    Args:
        model: both graphs.
        test: the split that `donors` are places in.
        donors: int (blocks, k).
        truth: uint8 (blocks, k, k, c, h, w), as `training.data.views.swaps` has it.
    """
    x = to_float(test.x[donors.flatten()]).numpy()
    codes = codes_of(model, x)
    k = donors.shape[1]
    person, view = np.indices((len(x), k)).reshape(2, -1)
    view = person // k * k + view
    rendered = to_float(truth.flatten(0, 2)).numpy()
    of_two = person != view
    person, view, rendered = person[of_two], view[of_two], rendered[of_two]
    pairs = {
        "swap": (decode(model, codes.s[person], codes.mu[view]), rendered),
        "copy": (x[view], rendered),
        "own": (decode(model, *codes), x),
    }
    found: dict[str, float] = {}
    for name, (image, wanted) in pairs.items():
        found[M.L1.of(name)] = float(np.abs(image - wanted).mean())
        found[M.SSIM.of(name)] = float(metrics.ssim(image, wanted).mean())
    return found


def means(shares: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Explained variance by part, "person" or "view", and source: the mean over the part's factors that count."""
    found = {}
    for part, names in parts().items():
        of = [shares[name] for name in names if name in shares]
        for source in SOURCES if of else ():
            found[M.EXPLAINED_VARIANCE.of(part, source)] = float(
                np.mean([each[source] for each in of])
            )
    return found


def measure(m: Measurement) -> Result:
    """What is read from each code, how far swaps are from the truth, and a grid of a block of swaps."""
    train, test = m.images("train"), m.images()
    donors, truth = swaps(m.recipe, m.model.card.dataset.size)
    shares = explained(m.model, train, test)
    values = {
        M.EXPLAINED_VARIANCE.of(name, source): value
        for name, of in shares.items()
        for source, value in of.items()
    }
    values = means(shares) | values
    errors = swap_errors(m.model, test, donors, truth)
    found = {
        key: m.metric(M.EXPLAINED_VARIANCE, value, len(test), note=NOTE)
        for key, value in values.items()
    }
    k = donors.shape[1]
    for key, value in errors.items():
        n = donors.numel() if key.endswith("own") else donors.numel() * (k - 1)
        found[key] = m.metric(M(key.partition("/")[0]), value, n)
    return found, sheet(m.model, test, donors, truth)


NOTE = "test persons; best epoch on held-out training persons"


def measure_held_out(folder: Path, train: Images, held: Images) -> None:
    """Print what is read from each code of the model in `folder` on held-out persons, for settings to be chosen.

    And the error of D(s(x'), z(x)) against x, x' the next view of the same person.
    """
    model = Model(cards.load(folder / "card.json"), folder)
    shares = explained(model, train, held)
    x = to_float(held.x).numpy()
    codes = codes_of(model, x)
    views = Views(held)
    another = views.images[views.person, (views.view + 1) % views.images.shape[1]].numpy()
    error = np.abs(decode(model, codes.s[another], codes.mu) - x).mean()
    lines = [f"{name} " + "/".join(f"{of[s]:.2f}" for s in SOURCES) for name, of in shares.items()]
    print("held out, from " + "/".join(SOURCES) + ": " + ", ".join(lines))
    found = means(shares) | {"l1 of another view's s": float(error)}
    print(
        "held out: " + ", ".join(f"{key} {value:.4f}" for key, value in found.items()), flush=True
    )


def sheet(model: Model, test: Images, donors: Tensor, truth: Tensor) -> Array:
    """Persons on top, views at the left, each pair decoded; and beside it the same, rendered."""
    x = to_float(test.x[donors[0]]).numpy()
    codes = codes_of(model, x)
    k = len(x)
    made = decode(model, np.tile(codes.s, (k, 1)), np.repeat(codes.mu, k, axis=0))
    rendered = to_float(truth[0].transpose(0, 1).flatten(0, 1)).numpy()
    top = np.concatenate([np.zeros_like(x[:1]), x, np.zeros_like(x[:1]), x])
    grids = [images.reshape(k, k, *x.shape[1:]) for images in (made, rendered)]
    rows = [
        np.concatenate([x[i : i + 1], grids[0][i], x[i : i + 1], grids[1][i]]) for i in range(k)
    ]
    return contact_sheet(np.concatenate([top, *rows]), columns=2 * (1 + k), scale=1)
