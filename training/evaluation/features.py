"""How much the recognisers know of their images: other models are measured on their features."""

from __future__ import annotations

import numpy as np

from gen_models.cards import Metric
from gen_models.families import FeaturesFacts, FeatureTask
from gen_models.families import MetricId as M
from gen_models.runtime import from_uint8
from training.data.targets import Targets
from training.engine.measurement import (
    Measurement,
    Result,
    contact_sheet,
    evenly_spaced,
    in_batches,
)


def measure(m: Measurement) -> Result:
    """How well it recognises, and one row for each of some test images: the nearest of the bank."""
    data, x, task = m.images(), m.pixels(), m.model.card.facts_as(FeaturesFacts).task
    metrics: dict[str, Metric]
    y = in_batches(lambda b: m.model("features", x=b)["y"], x)
    if task is FeatureTask.CLASSES:
        assert data.y is not None
        accuracy = (y.argmax(1) == data.y.numpy()).mean()
        metrics = {M.ACCURACY: m.metric(M.ACCURACY, accuracy, len(x), what="test images")}
    elif task is FeatureTask.FACTORS:
        assert data.factors is not None
        targets = Targets(m.images("train"))
        rest = (y - targets.table(data.factors).numpy()) ** 2
        metrics = {
            M.EXPLAINED_VARIANCE.of(name): m.metric(
                M.EXPLAINED_VARIANCE, 1 - rest[:, columns].mean(), len(x)
            )
            for name, columns in targets.columns.items()
        }
    else:
        turned = np.concatenate([np.rot90(x, k, (2, 3)) for k in range(4)]).astype(np.float32)
        y = in_batches(lambda b: m.model("features", x=b)["y"], turned)
        accuracy = (y.argmax(1) == np.repeat(np.arange(4), len(x))).mean()
        metrics = {
            M.ACCURACY: m.metric(M.ACCURACY, accuracy, len(turned), what="turned test images")
        }
    sheet = evenly_spaced(x, 8)
    index = m.model("neighbours", h=m.model("features", x=sheet)["h"])["index"]
    bank = m.model.sheet("bank")
    near = from_uint8(bank.reshape(-1, *bank.shape[2:]))[index]
    rows = np.concatenate([sheet[:, None], near], axis=1).reshape(-1, *sheet.shape[1:])
    return metrics, contact_sheet(rows, columns=1 + index.shape[1])
