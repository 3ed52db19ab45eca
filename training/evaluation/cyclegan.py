"""CycleGAN against its own way back and, where there are true pairs, against them (lecture §4.2)."""

from __future__ import annotations

import numpy as np

from gen_models import cards
from gen_models.cards import Metric
from gen_models.families import MetricId as M
from gen_models.runtime import Array, Model
from training.data import to_float
from training.data.common import union
from training.data.pairs import load_unpaired
from training.engine import metrics as measures
from training.engine.measurement import (
    Measurement,
    Result,
    contact_sheet,
    evenly_spaced,
    features_for,
    in_batches,
)
from training.evaluation.translation import (
    BATCH,
    features_in_batches,
    measured_indices,
    translate,
)

SIGMAS = (0.01, 0.02, 0.05, 0.1, 0.2)
"""Standard deviations of the noise that is laid on a translation before the way back."""

ALIGNED = {"earth": "earth-pairs"}
"""Unpaired sets in whose test split images of equal index are pairs, and the set of pairs to compare with."""


def measure(m: Measurement) -> Result:
    """Each way: cycle error, without and with noise on the translation; error against true pairs; Fréchet distance."""
    model, data = m.model, m.model.card.dataset
    X, Y = load_unpaired(m.recipe, "test", data.size)
    m.check(union(X.info, Y.info))
    domain = {s: to_float(D.x[measured_indices(len(D))]).numpy() for s, D in (("x", X), ("y", Y))}
    metrics, rows = {}, []
    for s, t, wanted in (("x", "y", Y), ("y", "x", X)):
        source, target, n = domain[s], domain[t], len(domain[s])
        translated = _through(model, s, t, source)
        for sigma in (0, *SIGMAS):
            error = np.abs(_through(model, t, s, with_noise(translated, sigma)) - source).mean()
            key = M.CYCLE_ERROR.of(s, sigma) if sigma else M.CYCLE_ERROR.of(s)
            note = f"noise of σ = {sigma:g} on the translation" if sigma else ""
            metrics[key] = m.metric(M.CYCLE_ERROR, error, n, note=note)
        if data.recipe in ALIGNED:
            metrics |= against_truth(m, t, source, translated, target)
        recogniser = features_for(model, wanted.info.sha256, model.output(f"G_{s}{t}", t))
        if recogniser is not None:
            fake, real = (features_in_batches(recogniser, some) for some in (translated, target))
            metrics[M.FRECHET_DISTANCE.of(t)] = m.metric(
                M.FRECHET_DISTANCE,
                measures.frechet_distance(fake, real),
                n,
                features=recogniser.card.name,
            )
        some = evenly_spaced(source, 10)
        there = _through(model, s, t, some)
        rows += [some, there, _through(model, t, s, there)]
    return metrics, contact_sheet(np.concatenate(rows), columns=10, scale=1)


def with_noise(x: Array, sigma: float) -> Array:
    """x + N(0, σ²), within [0, 1]: what is hidden in faint detail is lost in it, what is plain to see is not."""
    noise = np.random.default_rng(0).standard_normal(x.shape, dtype=np.float32)
    return (x + np.float32(sigma) * noise).clip(0, 1)


def against_truth(
    m: Measurement, side: str, source: Array, translated: Array, target: Array
) -> dict[str, Metric]:
    """Error against the images of the same places, which training never saw together, and what bounds it.

    Doing nothing is one bound; the other is a pix2pix that was trained on such pairs, if one stands beside the model.
    """
    n, data = len(target), m.model.card.dataset
    metrics = {
        M.PAIR_ERROR.of(side): m.metric(M.PAIR_ERROR, np.abs(translated - target).mean(), n),
        M.PAIR_ERROR.of(side, "identity"): m.metric(
            M.PAIR_ERROR, np.abs(source - target).mean(), n
        ),
    }
    pairs = ALIGNED[data.recipe] + ",BtoA" * (side == "x")
    for card in cards.discover(m.model.folder.parent)[0]:
        if card.family == "pix2pix" and (card.dataset.recipe, card.dataset.size) == (
            pairs,
            data.size,
        ):
            paired, rng = Model(card, m.model.folder.parent / card.name), np.random.default_rng(0)
            made = in_batches(lambda c: translate(paired, c, rng), source, BATCH)  # noqa: B023
            error = np.abs(made - target).mean()
            metrics[M.PAIR_ERROR.of(side, "pix2pix")] = m.metric(
                M.PAIR_ERROR, error, n, note=f"by {card.name}"
            )
    return metrics


def _through(model: Model, s: str, t: str, images: Array) -> Array:
    """Images of domain s, translated into domain t."""
    return in_batches(lambda some: model(f"G_{s}{t}", **{s: some})[t], images, BATCH)
