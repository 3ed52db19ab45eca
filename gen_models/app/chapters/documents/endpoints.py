"""What the experiments compute, over HTTP."""

from __future__ import annotations

from typing import Any

import numpy as np

from gen_models.app.chapter import Models
from gen_models.app.chapters.documents.corpus import (
    Corpus,
    Plane,
    checked_text,
    corpora,
    facts_of,
    hashes,
    read,
)
from gen_models.app.chapters.documents.hashing import checked_radius, search, written
from gen_models.app.checks import checked_number
from gen_models.app.shell.parts import endpoint
from gen_models.errors import BadRequest

FARTHEST = 1e4
"""Codes farther from 0 than this are refused: none is."""


def offer(models: Models) -> None:
    """From a text to its places, from a place to words, and from a text to its bits and what they find."""
    found = {corpus.dataset.name: corpus for corpus in corpora(models.values())}
    hashed = hashes(models.values())

    def get_plane(name: Any) -> tuple[Corpus, Plane]:
        for corpus in found.values():
            if isinstance(name, str) and name in corpus.autoencoders | corpus.lsa:
                return corpus, corpus.plane(name)
        raise BadRequest("There is no such model here.")

    def documents_place(model: str, text: str) -> dict[str, Any]:
        """Place a text in the plane of a model: its code z, the words that count and those that do not, the topics of
        its ten nearest held-out documents, and the words that the model expects there. z is null if no word counts.
        """
        corpus, plane = get_plane(model)
        seen = read(checked_text(text), plane.vocabulary)
        words = list(zip(seen.words, seen.known, strict=True))
        answer: dict[str, Any] = {
            "known": [word for word, known in words if known],
            "unknown": [word for word, known in words if not known],
            "z": None,
        }
        if any(seen.known):
            z = plane.encode(seen)
            answer["z"] = z.tolist()
            answer["topics"] = [corpus.topic(i) for i in plane.neighbours(z)]
            answer["expected"] = plane.expected(z)
        return answer

    def documents_expect(model: str, z1: float, z2: float) -> list[str]:
        """The words that a model expects at the code (z1, z2), the likeliest first."""
        _, plane = get_plane(model)
        z = [checked_number(z, -FARTHEST, FARTHEST, "Each part of the code") for z in (z1, z2)]
        return plane.expected(np.array(z, np.float32))

    def documents_similar(model: str, text: str, radius: int) -> dict[str, Any]:
        """Hash a text by a model of bits: its bits, how many held-out documents differ from them in at most `radius`,
        and how many of those are on each topic. The bits are null if no word counts.
        """
        found = hashed.get(model)
        if found is None:
            raise BadRequest("There is no such model here.")
        seen = read(checked_text(text), found.vocabulary)
        within = checked_radius(radius)
        if not any(seen.known):
            return {"bits": None, "found": 0, "topics": {}}
        z = found.encode(seen)
        near = search(found, z, within)
        topics = facts_of(found.model).topics
        return {
            "bits": written(z),
            "found": len(near.documents),
            "topics": {topics[topic]: n for topic, n in near.topics},
        }

    for function in (documents_place, documents_expect, documents_similar):
        endpoint(function, function.__name__)
