"""A progressive GAN beside real images (lecture §6.1): what is measured on any GAN, and details at each size."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import Tensor

from gen_models import cards
from gen_models.cards import Metric
from gen_models.families import GANFacts, GANRecipe, ProGANFacts
from gen_models.families import MetricId as M
from gen_models.runtime import Model
from training.engine import details
from training.engine.measurement import Measurement, Result, in_batches
from training.evaluation import gan
from training.evaluation.samples import SAMPLES, real_images

MOST = 2_048
"""Images of each set at most, of which half of the training images are one. The paper takes 8,192."""


def measure(m: Measurement) -> Result:
    """The numbers of any GAN, of the last level's images, and their details, if they have room for patches.

    Half of the training images stand for the real ones, the other half for what a perfect generator would score, as
    many as there are samples. The GAN of the same data that did not grow is measured beside it, if there is one.
    """
    last = m.model.card.facts_as(ProGANFacts).sides[-1]
    metrics, sheet = gan.measure(m, f"generator_{last}")
    if last < details.COARSEST:
        return metrics, sheet  # no room for patches
    beside = real_images(m, m.model.output(f"generator_{last}", "x"))
    if beside is not None:
        for each in ungrown(m, last):
            x = samples(each, "generator", SAMPLES).numpy()
            metrics |= beside.factor_overlap(x, each.card.name)
    real, other = halves(torch.from_numpy(m.pixels("train")))
    sets = {"": samples(m.model, f"generator_{last}", len(real))}
    sets |= {each.card.name: samples(each, "generator", len(real)) for each in ungrown(m, last)}
    floor, *found = details.distances(real, [other, *sets.values()])
    write = partial(m.metric, n=len(real), split="train")
    for size, value in floor.items():
        id = M.SLICED_WASSERSTEIN_REAL
        metrics[id.of(size)] = write(id, value, note="half and half")
    for name, distances in zip(sets, found, strict=True):
        for size, value in distances.items():
            id = M.SLICED_WASSERSTEIN
            metrics[id.of(size, model=name)] = write(id, value)
    for name, x in sets.items():
        metrics[M.MS_SSIM.of(model=name)] = similarity(m, M.MS_SSIM, x)
    metrics[M.MS_SSIM_REAL.of()] = similarity(m, M.MS_SSIM_REAL, real)
    return metrics, sheet


def halves(x: Tensor) -> tuple[Tensor, Tensor]:
    """Two disjoint sets of images, of one size."""
    n = min(len(x) // 2, MOST)
    order = torch.from_numpy(np.random.default_rng(1).permutation(len(x)))
    return x[order[:n]], x[order[n : 2 * n]]


def samples(model: Model, role: str, n: int) -> Tensor:
    """n images of a generator, from the same z for all with a code of this size."""
    z = np.random.default_rng(0).standard_normal(
        (n, int(model.input(role, "z").shape[1])), dtype=np.float32
    )
    return torch.from_numpy(in_batches(lambda b: model(role, z=b)["x"], z))


def similarity(m: Measurement, id: M, x: Tensor) -> Metric:
    """MS-SSIM of one half of the images with the other."""
    n = len(x) // 2
    parts = zip(x[:n].split(256), x[n : 2 * n].split(256), strict=True)
    total = sum(details.ms_ssim(a, b) * len(a) for a, b in parts)
    return m.metric(id, total / n, n, split="train" if id is M.MS_SSIM_REAL else "")


def ungrown(m: Measurement, side: int) -> list[Model]:
    """GANs of today's recipe beside this model, of the same data and size, that are told no class."""
    root, source = m.model.folder.parent, m.model.card.dataset
    return [
        Model(card, root / card.name)
        for card in cards.discover(root)[0]
        if card.family == "gan"
        and not card.classes
        and card.dataset.sha256 == source.sha256
        and card.facts_as(GANFacts).recipe is GANRecipe.LOGISTIC_R1
        and card.graphs["generator"].outputs[0].shape[2] == side
    ]
