"""Documents: how well near codes belong to one topic, and what the decoder expects (lecture §1.3)."""

from __future__ import annotations

import numpy as np

from gen_models.cards import Metric
from gen_models.families import PLANE, DocumentFacts, DocumentKind
from gen_models.families import MetricId as M
from gen_models.numerics.scatter import scatter
from gen_models.runtime import Array
from training.data.common import Split
from training.data.texts import load_texts
from training.data.word_counts import Texts
from training.engine.measurement import Measurement, Result, in_batches
from training.engine.retrieval import retrieve

SIDE = 480
"""Pixels of the preview."""


def measure(m: Measurement) -> Result:
    """Search the training documents by each test document, at each code size; the plane of test documents, or bits."""
    facts = m.model.card.facts_as(DocumentFacts)
    train, test = texts(m, "train"), texts(m, "test")
    metrics: dict[str, Metric] = {}
    codes: dict[int, Array] = {}
    for k in facts.code_sizes:
        seen, codes[k] = (encode(m, k, split) for split in (train, test))
        found = retrieve(codes[k], test.y.numpy(), seen, train.y.numpy())
        numbers = {
            M.NEIGHBOUR_ACCURACY.of(k): found.accuracy,
            M.MEAN_AVERAGE_PRECISION.of(k): found.mean_average_precision,
        } | {M.PRECISION.of(k, n): share for n, share in found.precision.items()}
        if facts.kind is DocumentKind.AUTOENCODER:
            numbers[M.CROSS_ENTROPY.of(k)] = cross_entropy(m, k, codes[k], test)
        for key, value in numbers.items():
            metrics[key] = m.metric(M(key.split("/")[0]), value, len(test))
    if facts.bit_noise:
        return metrics, bits_by_topic(codes[facts.code_sizes[0]], test.y.numpy())
    first = codes.get(PLANE, codes[facts.code_sizes[0]])
    plane = np.pad(first, ((0, 0), (0, max(0, PLANE - first.shape[1]))))[:, :PLANE]
    return metrics, scatter(plane, test.y.numpy(), SIDE)


def bits_by_topic(codes: Array, y: Array) -> Array:
    """How often each bit is 1 among the documents of a topic, from black to white: a row for each topic, uint8."""
    share = np.stack([(codes[y == topic] > 0).mean(0) for topic in np.unique(y)])
    rows, columns = (max(1, SIDE // n) for n in share.shape)
    image = np.rint(255 * share).astype(np.uint8).repeat(rows, 0).repeat(columns, 1)
    return image[:, :, None].repeat(3, 2)


def texts(m: Measurement, split: Split) -> Texts:
    """A split of the model's documents, checked to be those that it was trained on."""
    data = load_texts(m.model.card.dataset.recipe, split)
    m.check(data.info)
    return data


def encode(m: Measurement, k: int, data: Texts) -> Array:
    """Codes (n, k) of documents."""
    counts = data.counts.numpy()
    return in_batches(lambda n: m.model(f"encoder_{k}", counts=n)["z"], counts)


def cross_entropy(m: Measurement, k: int, codes: Array, data: Texts) -> float:
    """−Σ_w (n_w / N) log p_w(z), the mean over documents, in nats per word."""
    counts = data.counts.numpy()
    p = in_batches(lambda z: m.model(f"decoder_{k}", z=z)["words"], codes)
    share = counts / counts.sum(1, keepdims=True, dtype=np.float32)
    return float(-(share * np.log(p.clip(1e-20))).sum(1).mean())
