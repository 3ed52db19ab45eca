"""pix2pix against the true image, and how much z changes (lecture §4.1)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.random import Generator
from scipy.spatial.distance import cdist

from gen_models.cards import Metric
from gen_models.families import MetricId as M
from gen_models.runtime import Array, Model
from training.data import load as load_images
from training.data import to_float
from training.data.pairs import Pairs, encode, load_pairs
from training.engine import metrics as measures
from training.engine.batches import evenly_spaced_indices
from training.engine.measurement import (
    Measurement,
    Result,
    contact_sheet,
    features_for,
)
from training.engine.translation import evenly_spaced_pairs, shown
from training.evaluation.translation import (
    BATCH,
    features_in_batches,
    measured_indices,
    translate,
)

SHOWN = 8
"""Test pairs on pix2pix's preview."""

DRAWS, DRAWN = 16, 200
"""Translations of one c, by as many z, and of how many c, for the diversity and the mean over z."""

SKETCH_DRAWS = 4
"""Translations of each of the drawings that nobody took from an image."""

WANTED = {"heads-labels": "heads", "toons-lines": "toons"}
"""Data sets whose images pairs translate into: there may be features of them."""


def measure(m: Measurement) -> Result:
    """L1, PSNR, SSIM, the Fréchet distance where there are features; how much z changes; a sheet of c, x, three x̂.

    Of a model that makes heads of label maps also what it makes of drawings, which stand below on the sheet.
    """
    model, rng = m.model, np.random.default_rng(0)
    source = model.card.dataset
    data = load_pairs(m.recipe, "test", source.size)
    m.check(data.info)
    at = measured_indices(len(data))
    n, parts = len(at), [at[i : i + BATCH] for i in range(0, len(at), BATCH)]
    numbers, made, true = [], [], []
    for c, x in _batches(data, parts):
        x_hat = translate(model, c, rng)
        numbers.append(
            [np.abs(x - x_hat).mean((1, 2, 3)), measures.psnr(x, x_hat), measures.ssim(x, x_hat)]
        )
        made.append(x_hat)
        true.append(x)
    error, psnr, ssim = np.concatenate(numbers, axis=1)
    metrics: dict[str, Metric] = {
        M.L1: m.metric(M.L1, error.mean(), n),
        M.PSNR: m.metric(M.PSNR, psnr.mean(), n, note="mean over images"),
        M.SSIM: m.metric(M.SSIM, ssim.mean(), n, note="1 for equal images"),
        **over_z(m, data, at, rng),
    }
    spec = source.recipe
    digest = load_images(WANTED[spec], "test").info.sha256 if spec in WANTED else data.info.sha256
    image = model.output("generator", "x")
    recogniser = features_for(model, digest, image)
    c, x = (some.numpy() for some in evenly_spaced_pairs(data, SHOWN))
    rows = [shown(data, c), x, *(translate(model, c, rng) for _ in range(3))]
    if recogniser is not None:
        name = recogniser.card.name
        fake, real = (
            features_in_batches(recogniser, np.concatenate(some)) for some in (made, true)
        )
        distance = measures.frechet_distance(fake, real)
        metrics[M.FRECHET_DISTANCE] = m.metric(M.FRECHET_DISTANCE, distance, n, features=name)
        if spec == "heads-labels":
            c, x_hat = of_drawings(model, data, rng)
            far, near = drawing_distance(features_in_batches(recogniser, x_hat), real)
            empty, _ = drawing_distance(features_in_batches(recogniser, blank(true)), real)
            note = (
                f"{SKETCH_DRAWS} z each; {near:.3g} between real heads is taken off; a blank image of their mean "
                f"colour has {empty - near:.3g}, so look at the images too"
            )
            metrics[M.DRAWING_DISTANCE] = m.metric(
                M.DRAWING_DISTANCE, far - near, len(c), "drawings", note, features=name
            )
            first = x_hat[::SKETCH_DRAWS]
            for i in range(0, len(c), SHOWN):
                rows += [shown(data, c[i : i + SHOWN]), first[i : i + SHOWN]]
    return metrics, contact_sheet(np.concatenate(rows), columns=SHOWN, scale=1)


def of_drawings(model: Model, data: Pairs, rng: Generator) -> tuple[Array, Array]:
    """Drawings by hand as the network takes them, (n, k, h, w), and SKETCH_DRAWS x̂ of each, those of one together."""
    from training.data.heads import drawings  # which imports numba

    maps = torch.from_numpy(drawings.load())
    rows = torch.arange(data.size) * drawings.SIDE // data.size
    c = encode(data, maps[:, :, rows][:, :, :, rows]).numpy()
    return c, np.concatenate(
        [translate(model, each[None].repeat(SKETCH_DRAWS, 0), rng) for each in c]
    )


def blank(images: list[Array]) -> Array:
    """One image (1, c, h, w) of the mean colour of all images (n, c, h, w) of the list: there is no head on it."""
    n = sum(map(len, images))
    colour = np.sum([len(some) * some.mean((0, 2, 3)) for some in images], axis=0) / n
    return np.broadcast_to(colour[:, None, None], (1, *images[0].shape[1:])).astype(np.float32)


def drawing_distance(fake: Array, real: Array) -> tuple[float, float]:
    """Mean distance of features (n, k) to the nearest real ones (m, k), and of these to their own nearest other."""
    own = np.sort(cdist(real, real), axis=1)[:, 1]  # column 0 is the image itself
    return float(measures.nearest_distances(fake, real).mean()), float(own.mean())


def over_z(m: Measurement, data: Pairs, at: list[int], rng: Generator) -> dict[str, Metric]:
    """Mean |x̂ − x̂'| between two translations of the same c; L1 and SSIM of the mean of all translations of it."""
    differences, errors, similarities = [], [], []
    chosen = [at[i] for i in evenly_spaced_indices(len(at), min(DRAWN, len(at)))]
    for c, x in _batches(data, [[i] for i in chosen]):
        x_hat = translate(m.model, c.repeat(DRAWS, 0), rng)
        pairs = np.abs(x_hat[:, None] - x_hat[None]).mean((2, 3, 4))
        differences.append(pairs.sum() / (DRAWS * (DRAWS - 1)))
        mean = x_hat.mean(0, keepdims=True)
        errors.append(np.abs(x - mean).mean())
        similarities.append(measures.ssim(x, mean))
    n, note = len(chosen), f"between {DRAWS} z of one input, all pairs"
    return {
        M.L1.of(DRAWS): m.metric(M.L1, float(np.mean(errors)), n),
        M.SSIM.of(DRAWS): m.metric(M.SSIM, float(np.mean(similarities)), n),
        M.DIVERSITY: m.metric(M.DIVERSITY, float(np.mean(differences)), n, note=note),
    }


def _batches(data: Pairs, parts: list[list[int]]) -> Iterator[tuple[Array, Array]]:
    for part in parts:
        c, x = data[part]
        yield encode(data, c).numpy(), to_float(x).numpy()
