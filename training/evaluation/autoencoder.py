"""Autoencoders: what they reconstruct (lecture §1.1), how near PCA (§1.2), what drawn codes give (§1.6)."""

from __future__ import annotations

import numpy as np
import torch

from gen_models.cards import Metric
from gen_models.families import AutoencoderFacts, AutoencoderKind
from gen_models.families import MetricId as M
from training.engine.measurement import (
    Measurement,
    Result,
    contact_sheet,
    evenly_spaced,
    in_batches,
)
from training.engine.pca import largest_principal_angle, principal_components
from training.evaluation.samples import Real, noise, real_images

GENERATORS = (AutoencoderKind.CONV, AutoencoderKind.VAE)
"""Kinds that §1.6 and §2 compare as generators."""


def measure(m: Measurement) -> Result:
    """Squared error at each code size; for affine decoders, the largest angle to PCA's subspace; samples.

    Codes are drawn in three ways: "noise" is z ~ N(0, I), a VAE's p(z); "gaussian" the Gaussian fitted to the codes of
    training images; "images" are the codes of test images, and say what the decoder can do.
    """
    facts = m.model.card.facts_as(AutoencoderFacts)
    x, metrics, rows = m.pixels(), {}, []
    sheet = evenly_spaced(x, 12)
    codes = sorted(facts.code_sizes)
    for k in codes:
        y = in_batches(
            lambda b, k=k: m.model(f"decoder_{k}", z=m.model(f"encoder_{k}", x=b)["z"])["x"], x
        )
        error = ((x - y) ** 2).sum((1, 2, 3)).mean()
        metrics[M.SQUARED_ERROR.of(k)] = m.metric(M.SQUARED_ERROR, error, len(x))
        rows.append(m.model(f"decoder_{k}", z=m.model(f"encoder_{k}", x=sheet)["z"])["x"])
    real = real_images(m, m.model.output(f"decoder_{codes[0]}", "x"))
    if real and facts.kind in GENERATORS:
        for k in codes:
            metrics |= _samples(m, real, k)
        metrics |= real.compare_with_training()
    if facts.kind is AutoencoderKind.LINEAR:
        train = torch.from_numpy(m.pixels("train")).flatten(1)
        _, components, variances = principal_components(train, max(codes))
        for k in codes:
            units = np.concatenate([np.zeros((1, k)), np.eye(k)])
            images = torch.from_numpy(m.model(f"decoder_{k}", z=units)["x"]).flatten(1)
            angle = largest_principal_angle(images[1:] - images[:1], components[:k])
            gap = 1 - float(variances[k] / variances[k - 1])
            metrics[M.PRINCIPAL_ANGLE.of(k)] = m.metric(
                M.PRINCIPAL_ANGLE,
                angle,
                len(train),
                "train",
                f"the variances of components {k} and {k + 1} differ by {gap:.1%}",
            )
    return metrics, contact_sheet(np.concatenate([sheet, *rows]), columns=len(sheet))


def _samples(m: Measurement, real: Real, k: int) -> dict[str, Metric]:
    """What the decoder of code size k makes of codes that are drawn, beside real images."""
    eps = noise(k)
    codes = {
        "noise": eps,
        "gaussian": m.model(f"gaussian_{k}", eps=eps)["z"],
        "images": in_batches(lambda b: m.model(f"encoder_{k}", x=b)["z"], real.test),
    }
    metrics = {}
    for way, z in codes.items():
        x = in_batches(lambda b: m.model(f"decoder_{k}", z=b)["x"], z)
        metrics |= real.compare(x.clip(0, 1), way, k)  # an affine decoder knows no bounds
    return metrics
