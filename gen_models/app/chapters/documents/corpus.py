"""What the chapter knows of one data set: its models, the plane or the bits of each, and what a text becomes there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gen_models.app.shell.parts import metric
from gen_models.cards import Dataset
from gen_models.errors import BadRequest
from gen_models.families import PLANE, DocumentFacts, DocumentKind, MetricId
from gen_models.numerics.scatter import limits
from gen_models.numerics.words import counts, tokens
from gen_models.runtime import Array, Model

MAX_TEXT = 20_000
"""Characters of a text that a visitor may give."""
NEIGHBOURS, EXPECTED = 10, 8
"""Documents near another one, and words expected at a code, that are shown."""


def facts_of(model: Model) -> DocumentFacts:
    """The model's facts."""
    return model.card.facts_as(DocumentFacts)


def checked_text(text: Any) -> str:
    """A text that is not too long."""
    if not isinstance(text, str):
        raise BadRequest("A text is needed here.")
    if len(text) > MAX_TEXT:
        raise BadRequest(
            f"The text is longer than {MAX_TEXT:,} characters: give a part of it, a page is enough."
        )
    return text


@dataclass(frozen=True)
class Text:
    """A text as models see it."""

    words: list[str]
    """In order, without what is shorter than three letters."""
    known: list[bool]
    """Whether each word is in the vocabulary."""
    counts: Array
    """uint8 (1, words)."""


def read(text: str, vocabulary: tuple[str, ...]) -> Text:
    """Count the words of a text."""
    words, known = tokens(text), set(vocabulary)
    return Text(words, [word in known for word in words], counts([words], vocabulary))


class HeldOut:
    """Held-out documents in one model, and what a text becomes in it."""

    def __init__(self, model: Model, code: int) -> None:
        self.model = model
        self.code_size = code
        self.vocabulary = facts_of(model).words

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.card.name

    @cached_property
    def documents(self) -> dict[str, Array]:
        """Codes z (n, k), topics (n,) and numbers of the words of largest tf-idf (n, m)."""
        return self.model("documents", index=np.arange(documents_of(self.model)))

    @property
    def z(self) -> Array:
        """The codes (n, k)."""
        return self.documents["z"]

    @property
    def topics(self) -> Array:
        """The number of each document's topic (n,)."""
        return self.documents["topic"]

    def encode(self, text: Text) -> Array:
        """The code (k,) of a text."""
        return self.model(f"encoder_{self.code_size}", counts=text.counts)["z"][0]

    def own(self, document: int) -> list[str]:
        """The words of a document that set it apart: those of largest tf-idf."""
        return [self.vocabulary[i] for i in self.documents["words"][document]]


class Bits(HeldOut):
    """Held-out documents by the bits of one model."""

    def __init__(self, model: Model) -> None:
        super().__init__(model, facts_of(model).code_sizes[0])

    def distances(self, z: Array) -> Array:
        """Hamming distance of each document to a code (k,): how many bits differ, int (n,)."""
        return (self.z != z).sum(1)


class Plane(HeldOut):
    """Held-out documents in the plane of one model of code size 2."""

    def __init__(self, model: Model) -> None:
        super().__init__(model, PLANE)

    @cached_property
    def corners(self) -> tuple[Array, Array]:
        """Lower left and upper right corner of what is shown."""
        return limits(self.z)

    def place(self, z: Array) -> Array:
        """Where codes (..., 2) are on the plane: parts of its width from the left and of its height from below."""
        lo, hi = self.corners
        return np.clip((z - lo) / (hi - lo), 0, 1)

    def code(self, place: Array) -> Array:
        """The inverse of `place`."""
        lo, hi = self.corners
        return (lo + place * (hi - lo)).astype(np.float32)

    def expected(self, z: Array) -> list[str]:
        """The words that the decoder expects most at a code (2,): the likeliest, or of LSA those of most weight."""
        weights = self.model(f"decoder_{PLANE}", z=z[None])["words"][0]
        return [self.vocabulary[i] for i in np.argsort(-weights, kind="stable")[:EXPECTED]]

    def neighbours(self, z: Array, without: int | None = None) -> list[int]:
        """The documents nearest to a code (2,), but one; the nearest first."""
        distance = np.linalg.norm(self.z - z, axis=1)
        if without is not None:
            distance[without] = np.inf
        return np.argsort(distance, kind="stable")[:NEIGHBOURS].tolist()


def documents_of(model: Model) -> int:
    """How many held-out documents its plane shows."""
    _, last = model.input("documents", "index").range or (0, 0)
    return int(last) + 1


@dataclass(frozen=True)
class Corpus:
    """A data set with an autoencoder and LSA, each with a plane: the best of each kind first."""

    dataset: Dataset
    topics: tuple[str, ...]
    autoencoders: dict[str, Plane]
    lsa: dict[str, Plane]

    def plane(self, name: Any) -> Plane:
        """The plane of the model called `name`."""
        found = (self.autoencoders | self.lsa).get(name) if isinstance(name, str) else None
        if found is None:
            raise BadRequest("There is no such model here.")
        return found

    @property
    def first(self) -> tuple[Plane, Plane]:
        """The best autoencoder's and the best LSA's."""
        return next(iter(self.autoencoders.values())), next(iter(self.lsa.values()))

    def topic(self, document: int) -> str:
        """What a held-out document is on."""
        return self.topics[self.first[0].documents["topic"][document]]

    def common_topic(self, documents: list[int]) -> tuple[str, int]:
        """The topic that most of these documents are on, and how many are."""
        return Counter(map(self.topic, documents)).most_common(1)[0]


def corpora(models: Iterable[Model]) -> list[Corpus]:
    """The data sets that have both kinds with the same held-out documents."""
    groups: dict[str, list[Model]] = {}
    for model in models:
        if PLANE in facts_of(model).code_sizes and not facts_of(model).bit_noise:
            groups.setdefault(model.card.dataset.sha256, []).append(model)
    found = []
    for group in groups.values():
        kinds = {
            kind: [m for m in ranked(group, PLANE) if facts_of(m).kind is kind]
            for kind in DocumentKind
        }
        if all(kinds.values()) and len({documents_of(model) for model in group}) == 1:
            planes = [{m.card.name: Plane(m) for m in kinds[kind]} for kind in DocumentKind]
            found.append(Corpus(group[0].card.dataset, facts_of(group[0]).topics, *planes))
    return found


def hashes(models: Iterable[Model]) -> dict[str, Bits]:
    """The models whose codes are bits, of the data set of the best of them: the best first."""
    found = [Bits(model) for model in models if facts_of(model).bit_noise]
    found.sort(key=lambda bits: -(average_precision(bits) or 0))
    return {
        bits.name: bits
        for bits in found
        if bits.model.card.dataset.sha256 == found[0].model.card.dataset.sha256
        and documents_of(bits.model) == documents_of(found[0].model)
        and bits.code_size == found[0].code_size
    }


def average_precision(bits: Bits) -> float | None:
    """Mean average precision on test documents, by the card."""
    return metric(bits.model, MetricId.MEAN_AVERAGE_PRECISION, bits.code_size)


def ranked(models: Iterable[Model], code: int) -> list[Model]:
    """Models by their accuracy on test documents at a code size, the best first."""
    return sorted(models, key=lambda m: -(metric(m, MetricId.NEIGHBOUR_ACCURACY, code) or 0))
