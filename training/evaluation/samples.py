"""Samples beside real images, on the features of their data set: how autoencoders and VAEs compare (§1.6, §7)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from gen_models.cards import Metric, Port
from gen_models.families import CLASS, FeaturesFacts, FeatureTask
from gen_models.families import MetricId as M
from gen_models.runtime import Array, Model
from training.data import Split
from training.data.targets import Targets
from training.engine import metrics as measures
from training.engine.measurement import Measurement, features_for, in_batches, recognise

SAMPLES = 10_000
"""Samples that distances are taken on, and at most as many real images."""
MAX_COMPARED = 2_000
"""Images of each set for precision and recall, which compare all with all."""
READABLE = 0.5
"""Variance of a factor that the recogniser must explain for its histogram to be taken."""
SURE = 0.95
"""A prediction above this probability counts as recognised."""


def asked_for(m: Measurement, split: Split = "test") -> dict[str, Array]:
    """The class of each image of a split, one-hot, for a model that is told one: what its graphs are given besides.

    So the samples of a model are of each class as often as real images are.
    """
    if not m.model.card.classes:
        return {}
    labels = m.images(split).y
    assert labels is not None
    return {CLASS: np.eye(len(m.model.card.classes), dtype=np.float32)[labels.numpy()]}


def rows(told: dict[str, Array], index: Array) -> dict[str, Array]:
    """Those rows of `asked_for`, from the first again after the last."""
    return {name: each[index % len(each)] for name, each in told.items()}


def noise(k: int, n: int = SAMPLES) -> Array:
    """z ~ N(0, I), (n, k); the same for every model with a code of this size."""
    return np.random.default_rng(0).standard_normal((n, k), dtype=np.float32)


@dataclass(frozen=True)
class Real:
    """The real images that samples of a model are compared with, as a recogniser of their data set sees them."""

    m: Measurement
    recogniser: Model

    @cached_property
    def test(self) -> Array:
        """At most `SAMPLES` test images."""
        return self.m.pixels()[:SAMPLES]

    @cached_property
    def seen(self) -> tuple[Array, Array]:
        """Features and greatest probabilities of the test images."""
        return self.see(self.test)

    def see(self, x: Array) -> tuple[Array, Array]:
        """Features (n, k) of images, and the greatest probability (n,) that the recogniser gives to a class."""
        parts = [recognise(self.recogniser, x[i : i + 256]) for i in range(0, len(x), 256)]
        h, y = (np.concatenate([part[name] for part in parts]) for name in ("h", "y"))
        return h, 1 / np.exp(y - y.max(1, keepdims=True)).sum(1)

    @property
    def recognises(self) -> bool:
        """Whether the recogniser tells classes; one of factors or turns has no opinion of what is shown."""
        return self.recogniser.card.facts_as(FeaturesFacts).task is FeatureTask.CLASSES

    def compare(self, x: Array, *variant: object, note: str = "") -> dict[str, Metric]:
        """Fréchet distance, share recognised and sharpness of samples (n, c, h, w)."""
        write = partial(self.m.metric, n=len(self.test), features=self.recogniser.card.name)
        note = f"{len(x):,} samples" + note
        h, p = self.see(x)
        sharp = measures.sharpness(x) / measures.sharpness(self.test)
        values = {
            M.FRECHET_DISTANCE: measures.frechet_distance(h, self.seen[0]),
            M.RECOGNISED: (p > SURE).mean(),
            M.SHARPNESS: sharp,
        }
        if not self.recognises:
            del values[M.RECOGNISED]
        return {id.of(*variant): write(id, value, note=note) for id, value in values.items()}

    def compare_with_training(self) -> dict[str, Metric]:
        """The same distance of training images, as many as there are test images, and the share of those recognised."""
        train = self.m.pixels("train")
        chosen = train[np.random.default_rng(1).permutation(len(train))[: len(self.test)]]
        write = partial(self.m.metric, n=len(self.test), features=self.recogniser.card.name)
        distance = measures.frechet_distance(self.see(chosen)[0], self.seen[0])
        metrics = {
            M.FRECHET_DISTANCE_REAL.of(): write(
                M.FRECHET_DISTANCE_REAL, distance, note="as many of training"
            )
        }
        if self.recognises:
            share = (self.seen[1] > SURE).mean()
            metrics[M.RECOGNISED_REAL.of()] = write(M.RECOGNISED_REAL, share)
        return metrics

    def class_accuracy(self, x: Array, told: dict[str, Array]) -> dict[str, Metric]:
        """Share of samples (n, c, h, w) in which the recogniser sees the class that was asked for."""
        if not told or not self.recognises:
            return {}

        def right(x: Array) -> float:
            seen = in_batches(lambda b: recognise(self.recogniser, b)["y"], x).argmax(1)
            return (seen == rows(told, np.arange(len(x)))[CLASS].argmax(1)).mean()

        metric = self.m.metric(
            M.CLASS_ACCURACY,
            right(x),
            len(x),
            note=f"classes as often as in test images, of which {right(self.test):.3g} are recognised",
            features=self.recogniser.card.name,
        )
        return {M.CLASS_ACCURACY.of(): metric}

    def factor_overlap(self, x: Array, model: str = "") -> dict[str, Metric]:
        """How much the histogram of each known factor, as it is read from samples (n, c, h, w), is that of test images.

        And, where they are samples of no other `model`, the same of training images. Of the factors that the recogniser
        reads well enough; none if it reads none.
        """
        if self.recogniser.card.facts_as(FeaturesFacts).task is not FeatureTask.FACTORS:
            return {}
        targets = Targets(self.m.images("train"))

        def read(x: Array) -> Array:
            return in_batches(lambda b: recognise(self.recogniser, b)["y"], x)

        made, test, train = map(read, (x, self.test, self.m.pixels("train")))
        found = {}
        for name, columns in targets.columns.items():
            known = self.recogniser.card.metric(M.EXPLAINED_VARIANCE, name)
            if known is None or known.value < READABLE:
                continue
            sets = {M.FACTOR_OVERLAP: made} | ({} if model else {M.FACTOR_OVERLAP_REAL: train})
            for id, y in sets.items():
                value = overlap(y[:, columns], test[:, columns])
                found[id.of(name, model=model)] = self.m.metric(
                    id, value, len(y), features=self.recogniser.card.name
                )
        return found

    def precision_and_recall(self, x: Array) -> dict[str, Metric]:
        """Precision and recall of samples, on at most `MAX_COMPARED` of each set."""
        few = min(len(self.test), len(x), MAX_COMPARED)
        h, _ = self.see(x[:few])
        values = measures.precision_and_recall(self.seen[0][:few], h)
        return {
            id.of(): self.m.metric(id, value, few)
            for id, value in zip((M.PRECISION, M.RECALL), values, strict=True)
        }


def overlap(a: Array, b: Array) -> float:
    """How much two sets' histograms of a factor, read as (n, 1) for an amount and (n, kinds) for a kind, are one."""
    if a.shape[1] == 1:
        return measures.histogram_overlap(a[:, 0], b[:, 0])
    return measures.shares_overlap(a.argmax(1), b.argmax(1))


def real_images(m: Measurement, image: Port) -> Real | None:
    """What samples like `image` are compared with; None, said aloud, where their data set has no features."""
    recogniser = features_for(m.model, m.model.card.dataset.sha256, image)
    if recogniser is None:
        name = m.model.card.name
        print(f"{name}: no features of its data in exported/, so no distances", flush=True)
        return None
    return Real(m, recogniser)
