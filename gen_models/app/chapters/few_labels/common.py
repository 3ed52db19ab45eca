"""What the experiments share: the images that may be labelled, the test images, and their features."""

from __future__ import annotations

from functools import cached_property
from threading import Lock

import numpy as np

from gen_models.app.chapter import Models
from gen_models.cards import Card
from gen_models.families import FewLabelsFacts, MetricId, Objective
from gen_models.numerics import logistic
from gen_models.runtime import Array, Model, from_uint8

CLASSES = 10
PIXELS, PCA = "pixels", "pca"
ENCODERS = {
    Objective.UNWARPING: "Un-warping",
    Objective.DENOISING: "Denoising",
    Objective.VAE: "VAE",
    Objective.PLAIN: "Plain autoencoder",
}
"""What was learnt without labels, by name."""
PARTS = 256
"""Images that an encoder takes at once."""


class Digits:
    """The images of a model of few labels. What is computed from them is kept; several visitors may ask at once."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.facts = model.card.facts_as(FewLabelsFacts)
        self.pool_labels, self.test_labels = (
            np.array([int(c) for c in text]) for text in (self.facts.pool, self.facts.test)
        )
        self._features: dict[str, tuple[Array, Array]] = {}
        self._lock = Lock()

    @cached_property
    def pool(self) -> Array:
        """The images that may be labelled, uint8 (n, h, w, 1), row by row of their grid."""
        tiles = self.model.sheet("pool")
        return tiles.reshape(-1, *tiles.shape[2:])[: len(self.pool_labels)]

    @cached_property
    def test(self) -> Array:
        """The test images, uint8 (n, h, w, 1)."""
        tiles = self.model.sheet("test")
        return tiles.reshape(-1, *tiles.shape[2:])[: len(self.test_labels)]

    @property
    def columns(self) -> int:
        """Of the grid of images that may be labelled."""
        return self.model.card.sheets["pool"].columns

    def features(self, kind: str) -> tuple[Array, Array]:
        """Features of the pool and of the test images: "pixels", "pca" or an objective."""
        with self._lock:
            if kind not in self._features:
                self._features[kind] = (self.encode(kind, self.pool), self.encode(kind, self.test))
            return self._features[kind]

    def encode(self, kind: str, images: Array) -> Array:
        """Features (n, k) of images, uint8 (n, h, w, 1)."""
        x = from_uint8(images)
        if kind == PIXELS:
            return x.reshape(len(x), -1)
        parts = (x[i : i + PARTS] for i in range(0, len(x), PARTS))
        return np.concatenate([self.model(f"encoder_{kind}", x=part)["z"] for part in parts])

    def classifier(self, kind: str, index: Array, labels: Array) -> Array:
        """The weights of logistic regression on features of some of the pool, with these labels."""
        pool, _ = self.features(kind)
        return logistic.fit(pool[index], labels, CLASSES)

    def accuracy(self, kind: str, W: Array) -> float:
        """Share of test images that weights W classify rightly."""
        _, test = self.features(kind)
        return float((logistic.predict(W, test).argmax(1) == self.test_labels).mean())


def encoders_of(card: Card) -> dict[str, str]:
    """The encoders of a model, by what they learnt, with their names."""
    objectives = card.facts_as(FewLabelsFacts).objectives
    return {str(key): name for key, name in ENCODERS.items() if key in objectives}


def percent(share: float) -> str:
    """0.9 as "90.0 %"."""
    return f"{100 * share:.1f} %"


def first_of(models: Models) -> Model:
    """The model that the experiments show: the one with the most labelled results."""
    return max(
        models.values(),
        key=lambda model: sum(key.startswith(MetricId.ERROR) for key in model.card.metrics),
    )
