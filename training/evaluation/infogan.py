"""What the codes of an InfoGAN say about its images (lecture §3.8)."""

from __future__ import annotations

import numpy as np

from gen_models.cards import Metric
from gen_models.families import InfoGANFacts
from gen_models.families import MetricId as M
from gen_models.numerics import estimators
from training.engine import metrics as measures
from training.engine.measurement import (
    Measurement,
    Result,
    contact_sheet,
    in_batches,
)
from training.evaluation.samples import real_images


def measure(m: Measurement) -> Result:
    """Code accuracy, by the best matching of categories to classes; the bound on I(c; x); how near samples come."""
    data, x = m.images(), m.pixels()
    model, rng = m.model, np.random.default_rng(0)
    facts = model.card.facts_as(InfoGANFacts)
    metrics: dict[str, Metric] = {}
    if data.y is not None:
        category = in_batches(lambda b: model("recogniser", x=b)["category"], x).argmax(1)
        accuracy, label_of = measures.match(category, data.y.numpy())
        key = M.CODE_ACCURACY.of(model.card.training.seed)
        metrics[key] = m.metric(M.CODE_ACCURACY, accuracy, len(x))
        for j in range(facts.categories):
            key = M.CLASS_OF_CATEGORY.of(j)
            metrics[key] = m.metric(M.CLASS_OF_CATEGORY, label_of.get(j, j), len(x))
    n, categories, codes = 10_000, facts.categories, facts.continuous
    category = rng.integers(0, categories, n)
    feed = {
        "z": rng.standard_normal((n, int(model.input("generator", "z").shape[1]))),
        "category": np.eye(categories)[category],
        "continuous": rng.uniform(-1, 1, (n, codes)),
    }
    at = np.arange(n)
    parts = np.array_split(at, n // 250)
    fake = [model("generator", **{k: v[i] for k, v in feed.items()})["x"] for i in parts]
    real = real_images(m, model.output("generator", "x"))
    if real is not None:
        metrics |= real.compare(np.concatenate(fake))
    read = [model("recogniser", x=each) for each in fake]
    q = {key: np.concatenate([part[key] for part in read]) for key in read[0]}
    of_category = np.log(categories) + np.log(q["category"][at, category].clip(1e-12)).mean()
    log_q = estimators.log_normal(feed["continuous"], q["continuous"], 2 * np.log(q["sigma"]))
    of_continuous = codes * np.log(2) + log_q.mean()
    for part, value, most in (
        ("category", of_category, f"at most log {categories} = {np.log(categories):.3f}"),
        (
            "continuous",
            of_continuous,
            "their density's logarithm, so without a greatest value",
        ),
    ):
        key = M.INFORMATION_BOUND.of(part)
        metrics[key] = m.metric(M.INFORMATION_BOUND, value, n, "", most)
    metrics[M.INFORMATION_BOUND] = m.metric(M.INFORMATION_BOUND, of_category + of_continuous, n, "")
    z = np.repeat(rng.standard_normal((1, feed["z"].shape[1])), categories * 11, 0)
    ramp = np.zeros((categories * 11, codes))
    ramp[:, 0] = np.tile(np.linspace(-1, 1, 11), categories)
    grid = model("generator", z=z, category=np.repeat(np.eye(categories), 11, 0), continuous=ramp)
    return metrics, contact_sheet(grid["x"], columns=11)
