"""Semantic hashing: a document as bits, and the documents whose bits differ in few (lecture §1.3)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple, Unpack

import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.documents.box import DocumentBox, read_back
from gen_models.app.chapters.documents.corpus import (
    Bits,
    average_precision,
    documents_of,
    facts_of,
    hashes,
    read,
)
from gen_models.app.checks import checked_integer
from gen_models.app.controls.live import Array, Layout
from gen_models.app.shell import layout
from gen_models.app.shell.parts import format_number, markdown
from gen_models.errors import BadRequest

SEARCH, RESULTS = "documents-hashing", "documents-hashing-results"
RADIUS, NOISE = "documents-hashing-radius", "documents-hashing-noise"
MAX_RADIUS, FIRST_RADIUS, FIRST = 10, 4, 41
"""Bits, and the document that is chosen at first, where there are as many."""
SHOWN, TOPICS = 6, 6
"""Documents, and topics, of those within the radius that are listed."""


class HashSearch(DocumentBox):
    """A box to write in, or to take a held-out document from; its bits search the other documents.

    The context holds the noise of the model, and the radius as number of bits.
    """

    kind = "HashSearch"
    script = DocumentBox.script + (Path(__file__).parent / "hashing.js").read_text("utf-8")

    def __init__(
        self,
        models: dict[str, Bits],
        *,
        value: str | int | None = None,
        label: str = "Your text",
        context: dict[str, Any] | None = None,
        **layout: Unpack[Layout],
    ) -> None:
        first = next(iter(models.values()))
        super().__init__(
            lambda request: show(models, request),
            documents_of(first.model),
            value=value,
            context=context or {"noise": noise_of(first), "radius": FIRST_RADIUS},
            label=label,
            settings={"bits": first.code_size},
            layout=layout,
        )


# ---------------------------------------------------------------------------------------------------------------------
# What answers
# ---------------------------------------------------------------------------------------------------------------------


class Found(NamedTuple):
    """Holds what lies within the radius of a code: the nearest documents first."""

    documents: list[int]
    distances: list[int]
    topics: list[tuple[int, int]]
    """Topics by number and how many documents are on each, the most common first."""
    topic: int | None
    """The one searched for: the document's own, or of a text the most common; None if nothing is found."""
    precision: float | None
    """The share of what is found that is on it."""
    recall: float | None
    """The share of all other documents on it that is found."""


def noise_of(bits: Bits) -> float:
    """The standard deviation of the noise that a model was trained with."""
    return facts_of(bits.model).bit_noise


def with_noise(models: dict[str, Bits], noise: Any) -> Bits:
    """The best model of this noise."""
    found = next((bits for bits in models.values() if noise_of(bits) == noise), None)
    if found is None:
        raise BadRequest("There is no such model here.")
    return found


def search(bits: Bits, z: Array, radius: int, document: int | None = None) -> Found:
    """The documents whose bits differ from z in at most `radius`, without the one that searches."""
    distances = bits.distances(z)
    others = np.ones(len(distances), bool)
    if document is not None:
        others[document] = False
    order = np.argsort(distances, kind="stable")
    order = order[others[order] & (distances[order] <= radius)]
    topics = Counter(bits.topics[order].tolist()).most_common()
    topic = next(iter(topics), (None,))[0] if document is None else int(bits.topics[document])
    precision = recall = None
    if topic is not None:
        on = dict(topics).get(topic, 0)
        precision = on / len(order) if len(order) else None
        recall = on / max(1, int((bits.topics[others] == topic).sum()))
    return Found(order.tolist(), distances[order].tolist(), topics, topic, precision, recall)


def show(models: dict[str, Bits], request: controls.Request) -> controls.Reply:
    """The bits of a text or a document, and what lies within the radius of them."""
    context, value = request["context"], request["value"]
    bits = with_noise(models, context.get("noise"))
    radius = checked_radius(context.get("radius"))
    names = facts_of(bits.model).topics
    measured = average_precision(bits)
    average = {"average": "–" if measured is None else format_number(measured, 2)}
    if isinstance(value, str):
        seen = read(value, bits.vocabulary)
        reply, document = read_back(seen), None
        if not any(seen.known):
            return {"text": average | said(None, names), "reply": reply}
        z = bits.encode(seen)
    else:
        document, z = value, bits.z[value]
        topic = names[bits.topics[document]]
        title = f"Document {document + 1:,}, on {topic}"
        reply = {"document": document, "title": title, "own": bits.own(document)}
    found = search(bits, z, radius, document)
    reply |= {
        "code": written(z),
        "topic": None if found.topic is None else names[found.topic],
        "topics": [(names[topic], n) for topic, n in found.topics[:TOPICS]],
        "near": [
            (written(bits.z[i]), distance, names[bits.topics[i]], ", ".join(bits.own(i)[:3]))
            for i, distance in zip(found.documents[:SHOWN], found.distances, strict=False)
        ],
    }
    return {"text": average | said(found, names), "reply": reply}


def checked_radius(radius: Any) -> int:
    """How many bits may differ."""
    return checked_integer(radius, 0, MAX_RADIUS, "The radius")


def written(z: Array) -> str:
    """A code as "0110..."."""
    return "".join("1" if bit > 0 else "0" for bit in z)


def said(found: Found | None, names: tuple[str, ...]) -> dict[str, str]:
    """The numbers, and what each is of."""
    topic = "one topic" if found is None or found.topic is None else names[found.topic]
    return {
        "found": "–" if found is None else f"{len(found.documents):,}",
        "precision": percent(found and found.precision),
        "precision-of": f"of them are on {topic}: precision",
        "recall": percent(found and found.recall),
        "recall-of": f"of all posts on {topic}: recall",
    }


def percent(share: float | None) -> str:
    """A share, or a dash."""
    return "–" if share is None else f"{format_number(100 * share, 0)} %"


# ---------------------------------------------------------------------------------------------------------------------
# On the page
# ---------------------------------------------------------------------------------------------------------------------


def build(models: Models) -> None:
    """The radius, the noise, the box, and what is found."""
    found = hashes(models.values())
    if not found:
        markdown(
            "Bits need a model that was trained for them: `python -m training.documents --codes 32 --bit-noise 4` "
            "makes one."
        )
        return
    first = next(iter(found.values()))
    with layout.controls(long=True):
        controls.steps(
            list(range(MAX_RADIUS + 1)),
            FIRST_RADIUS,
            label="Radius",
            unit="bits",
            key="radius",
            targets=[SEARCH],
            elem_id=RADIUS,
            address="radius",
        )
        noises = sorted({noise_of(bits) for bits in found.values()})
        if len(noises) > 1:
            controls.steps(
                noises,
                noise_of(first),
                label="Noise s in training",
                unit="",
                key="noise",
                targets=[SEARCH],
                elem_id=NOISE,
                address="noise",
            )
        HashSearch(
            found,
            value=min(FIRST, documents_of(first.model) - 1),
            elem_id=SEARCH,
            results=RESULTS,
            address="at",
        )
    with layout.results():
        layout.outlet(RESULTS)


EXPERIMENT = Experiment(
    id="hashing",
    title="Hashing",
    idea="A post as 32 bits, which fit in four bytes: a search takes all posts whose bits differ in few, without one "
    "multiplication. In training, noise before the sigmoid drowns all but large numbers, whose signs become the bits.",
    equation=r"\begin{aligned} \text{training: } & z = 2\,\mathrm{sigmoid}(\mu(n) + s\,\epsilon) - 1, \quad \epsilon "
    r"\sim \mathcal{N}(0, I) \\ \text{search: } & b = [\mu(n) > 0], \quad d(b, b') = \textstyle\sum_i |b_i - b'_i| "
    r"\end{aligned}",
    lecture="§1.3",
    notice="A code of 32 real numbers has a mean average precision of 0.30 on test posts; the bits keep 0.27, in 4 "
    "bytes instead of 128. Trained with *s = 1*, they keep 0.22: small numbers pass that noise, and a sign drops their "
    "size. Within 4 bits a post finds 10 others on average, 61 % of them on its topic; within 8 bits 120, and 34 %.",
    control=f"#{RADIUS} input",
    result=f"#{RESULTS} .dp-bits",
    number=f"#{RESULTS} .ll-number",
    elsewhere="at=12&noise=1&radius=7",
    build=build,
)
