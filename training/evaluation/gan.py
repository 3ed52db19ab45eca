"""Samples of GANs beside real images, in the space of features trained on the same data (lecture §3)."""

from __future__ import annotations

from functools import partial

import numpy as np

from gen_models.cards import Metric
from gen_models.families import MetricId as M
from gen_models.runtime import Array, Model
from training.engine import metrics as measures
from training.engine.measurement import (
    Measurement,
    Result,
    contact_sheet,
    evenly_spaced,
    features_for,
    features_of,
    how_to_make_features,
    in_batches,
)
from training.evaluation.samples import SAMPLES, Real, asked_for, rows

SHOWN = 72
"""Samples on the contact sheet."""
MAX_ROWS = 20
"""Classes on the contact sheet, of a model that is told one."""
MAX_COMPARED = 2_000
"""Images of each set for precision and recall, which compare all with all."""


def measure(m: Measurement, role: str = "generator") -> Result:
    """Fréchet distance, sharpness, precision, recall and a check for copies, on the features of the model's data.

    Generated and real test images are compared; how far real training images are from the test images says what
    a perfect generator would score. `role` is the graph z -> x; if it is told a class, then those of the test images.
    """
    k = int(m.model.input(role, "z").shape[1])
    rng = np.random.default_rng(0)
    z = rng.standard_normal((SAMPLES, k), dtype=np.float32)
    image = m.model.output(role, "x")
    recogniser = features_for(m.model, m.model.card.dataset.sha256, image)
    # Without features there is nothing to compare, and samples are only shown.
    z = z if recogniser is not None else z[:SHOWN]
    told, test_x = asked_for(m), m.pixels()
    fake_x = in_batches(lambda i: m.model(role, z=z[i], **rows(told, i))["x"], np.arange(len(z)))
    if recogniser is None:
        print(how_to_make_features(m, image), flush=True)
        metrics: dict[str, Metric] = {}
    else:
        fake, test, train = (
            in_batches(partial(features_of, recogniser), x)
            for x in (fake_x, test_x[:SAMPLES], m.pixels("train"))
        )
        chosen = train[np.random.default_rng(1).permutation(len(train))[: len(test)]]
        on, n = {"features": recogniser.card.name}, len(test)
        among, few = test[:MAX_COMPARED], len(test[:MAX_COMPARED])
        precision, recall = measures.precision_and_recall(among, fake[:few])
        real = measures.precision_and_recall(among, chosen[:few])
        to_train = measures.nearest_distances(fake[:MAX_COMPARED], train)
        real_to_train = measures.nearest_distances(among, train)
        copies = (to_train < np.quantile(real_to_train, 0.01)).mean()
        real_images = Real(m, recogniser)
        metrics = {
            **real_images.compare(fake_x),
            **real_images.class_accuracy(fake_x, told),
            **real_images.factor_overlap(fake_x),
            M.FRECHET_DISTANCE_REAL: m.metric(
                M.FRECHET_DISTANCE_REAL,
                measures.frechet_distance(chosen, test),
                n,
                note="as many of training",
                **on,
            ),
            M.PRECISION: m.metric(M.PRECISION, precision, few),
            M.RECALL: m.metric(M.RECALL, recall, few),
            M.PRECISION_REAL: m.metric(M.PRECISION_REAL, real[0], few),
            M.RECALL_REAL: m.metric(M.RECALL_REAL, real[1], few),
            M.NEAREST_TRAINING_DISTANCE: m.metric(
                M.NEAREST_TRAINING_DISTANCE,
                np.median(to_train),
                len(to_train),
                note=f"test images: {np.median(real_to_train):.3g}",
                **on,
            ),
            M.NEAR_COPIES: m.metric(
                M.NEAR_COPIES,
                copies,
                len(to_train),
                note="nearer to training than the nearest hundredth of test images is; 0.01 is usual",
            ),
        }
    scale = max(1, 64 // test_x.shape[-1])
    if told:
        return metrics, contact_sheet(by_class(m.model, role, z), columns=12, scale=scale)
    sheet = np.concatenate([evenly_spaced(test_x, 24), fake_x[:SHOWN]])
    return metrics, contact_sheet(sheet, columns=12, scale=scale)


def by_class(model: Model, role: str, z: Array) -> Array:
    """A row for each of the first classes, of the same twelve z: (12 rows, c, h, w)."""
    told = [model.told(label) for label in model.card.classes[:MAX_ROWS]]
    return np.concatenate([each(role, z=z[:12])["x"] for each in told])
