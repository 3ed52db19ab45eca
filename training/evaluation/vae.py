"""The evidence lower bound of VAEs in its two terms, importance-weighted bounds (lecture §2.4), and samples."""

from __future__ import annotations

import numpy as np

from gen_models.cards import Metric
from gen_models.families import Likelihood, VAEFacts
from gen_models.families import MetricId as M
from gen_models.numerics import estimators
from gen_models.runtime import Array
from training.engine import metrics as measures
from training.engine.batches import evenly_spaced_indices
from training.engine.measurement import (
    Measurement,
    Result,
    contact_sheet,
    evenly_spaced,
    in_batches,
)
from training.evaluation.gan import by_class
from training.evaluation.samples import asked_for, noise, real_images, rows

IW_SAMPLES = (1, 50, 5000)
IW_EVERY = 2
"""Importance-weighted bounds are taken on every second test image: 5,000 samples of each take long on a CPU."""


def measure(m: Measurement) -> Result:
    """ELBO in its two terms, KL per dimension, squared error, samples; IW bounds of binary models."""
    rng = np.random.default_rng(0)
    facts, grey = m.model.card.facts_as(VAEFacts), m.pixels()
    # A model of black-or-white images is measured on such: each grey level is drawn once as a probability.
    x = (rng.random(grey.shape) < grey).astype(np.float32) if facts.binarized else grey
    told, index = asked_for(m), np.arange(len(x))
    q = {
        name: in_batches(
            lambda i, name=name: m.model("encoder", x=x[i], **rows(told, i))[name], index
        )
        for name in ("mu", "logvar")
    }
    kl = estimators.kl_to_standard_normal(q["mu"], q["logvar"]).mean(0)
    log_px_z = in_batches(
        lambda i: estimators.draw(m.model, x[i], 16, rng, **rows(told, i)).log_px_z.mean(1), index
    )
    y = in_batches(lambda i: m.model("decoder", z=q["mu"][i], **rows(told, i))["x"], index)
    n = len(x)
    metrics = {
        M.ELBO: m.metric(M.ELBO, log_px_z.mean() - kl.sum(), n, note="weight 1 on the KL"),
        M.RECONSTRUCTION: m.metric(
            M.RECONSTRUCTION, -log_px_z.mean(), n, note="E_q −log p(x|z), 16 draws"
        ),
        M.KL: m.metric(M.KL, kl.sum(), n, note=f"trained with weight {facts.beta:g}"),
        M.ACTIVE_DIMENSIONS: m.metric(
            M.ACTIVE_DIMENSIONS,
            (kl > estimators.ACTIVE).sum(),
            n,
            note=f"KL > {estimators.ACTIVE} nats",
            total=len(kl),
        ),
        M.SQUARED_ERROR: m.metric(M.SQUARED_ERROR, ((x - y) ** 2).sum((1, 2, 3)).mean(), n),
    }
    metrics |= {
        M.DIMENSION_KL.of(j): m.metric(M.DIMENSION_KL, value, n) for j, value in enumerate(kl)
    }
    if facts.likelihood is Likelihood.NORMAL:
        metrics |= _optimal_sigma(m, x)
    if "attributes" in m.model.card.graphs:
        metrics |= _separation(m, q["mu"])
    if real := real_images(m, m.model.output("decoder", "x")):
        eps = noise(len(kl))
        samples = in_batches(
            lambda i: m.model("decoder", z=eps[i], **rows(told, i))["x"], np.arange(len(eps))
        )
        metrics |= real.compare(samples) | real.precision_and_recall(samples)
        metrics |= real.class_accuracy(samples, told)
        metrics |= real.compare_with_training()
    if facts.binarized:
        metrics |= _importance_weighted(m, x, told, rng)
    sheet = evenly_spaced(x, 12)
    shown = rows(told, np.array(evenly_spaced_indices(len(x), 12)))
    mu = m.model("encoder", x=sheet, **shown)["mu"]
    z = rng.standard_normal((48, len(kl)), dtype=np.float32)
    images = [
        sheet,
        m.model("decoder", z=mu, **shown)["x"],
        by_class(m.model, "decoder", z) if told else m.model("decoder", z=z)["x"],
    ]
    return metrics, contact_sheet(np.concatenate(images), columns=12)


def _optimal_sigma(m: Measurement, x: Array) -> dict[str, Metric]:
    """The one σ for all pixels that fits best, whatever σ the decoder gives (Rybkin et al. 2021)."""
    rng = np.random.default_rng(0)
    errors = in_batches(lambda b: estimators.draw_squared_errors(m.model, b, 16, rng), x)
    sigma = estimators.optimal_sigma(errors)
    note = "root of the mean squared error of a pixel, 16 draws of z"
    return {M.OPTIMAL_SIGMA: m.metric(M.OPTIMAL_SIGMA, sigma, len(x), note=note)}


def _separation(m: Measurement, mu: Array) -> dict[str, Metric]:
    """How well each attribute, read from z, tells test images that have more of it from those that have less."""
    data = m.images()
    assert data.factors is not None
    read = m.model("attributes", z=mu)
    metrics = {}
    for name, amount in read.items():
        factor = data.factors[:, data.info.factors.index(name)].numpy()
        more = factor > np.median(factor)
        auc = measures.area_under_roc(amount[more, 0], amount[~more, 0])
        metrics[M.ATTRIBUTE_AUROC.of(name)] = m.metric(
            M.ATTRIBUTE_AUROC,
            auc,
            len(mu),
            note="above the median of the factor against the rest",
        )
    return metrics


def _importance_weighted(
    m: Measurement, x: Array, told: dict[str, Array], rng: np.random.Generator
) -> dict[str, Metric]:
    """−log p(x) bounded by −log (1/k) Σ w over k draws of q(z|x): Burda, Grosse and Salakhutdinov 2016.

    The k draws are taken in parts that fit in memory; the mean is over weights, never over partial logarithms.
    """
    metrics, every = {}, np.arange(0, len(x), IW_EVERY)
    for k in IW_SAMPLES:
        parts = [min(500, k - start) for start in range(0, k, 500)]
        bound = []
        for start in range(0, len(every), 10):
            i = every[start : start + 10]
            log_w = [
                estimators.draw(m.model, x[i], part, rng, **rows(told, i)).log_w for part in parts
            ]
            bound.append(estimators.log_mean_exp(np.concatenate(log_w, axis=1)))
        metrics[M.NLL_BOUND.of(k)] = m.metric(
            M.NLL_BOUND,
            -np.concatenate(bound).mean(),
            len(every),
            note="upper bound; pixels drawn black or white once",
        )
    return metrics
