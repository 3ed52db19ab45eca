"""Two planes side by side: held-out documents by an autoencoder's code and by LSA, and a text of the visitor's own."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, Unpack

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.documents.box import DocumentBox, read_back
from gen_models.app.chapters.documents.corpus import (
    NEIGHBOURS,
    Corpus,
    Plane,
    corpora,
    documents_of,
    facts_of,
    read,
)
from gen_models.app.checks import user_facing
from gen_models.app.controls.live import Array, Layout, checked_vector
from gen_models.app.shell import address, layout
from gen_models.app.shell.parts import format_number, markdown, metric
from gen_models.errors import BadRequest
from gen_models.families import PLANE, DocumentKind, MetricId, WordWeighting
from gen_models.numerics.scatter import COLOURS, PAPER

PLANES, RESULTS = "documents-planes", "documents-planes-results"
FIRST = 41
"""The document that is chosen at first, where there are as many."""


class DocumentPlanes(DocumentBox):
    """Two planes of documents, and a box to write in.

    The value is that of a box; or [x, y, plane], a place on one of the planes as parts of
    its width and height. While the pointer rests on a document, the browser asks for that one instead.
    """

    kind = "DocumentPlanes"
    script = DocumentBox.script + (Path(__file__).parent / "planes.js").read_text("utf-8")

    def __init__(
        self,
        corpus: Corpus,
        *,
        value: str | int | list[float] | None = None,
        context: dict[str, Any] | None = None,
        label: str = "Your text",
        **layout: Unpack[Layout],
    ) -> None:
        first = corpus.first
        super().__init__(
            lambda request: show(corpus, request),
            documents_of(first[0].model),
            value=value,
            context=context or {"autoencoder": first[0].name, "lsa": first[1].name},
            label=label,
            settings={
                "topics": corpus.topics,
                "colours": [COLOURS[i % len(COLOURS)] for i in range(len(corpus.topics))],
                "paper": "rgb({}, {}, {})".format(*PAPER),
            },
            layout=layout,
        )

    def parse(self, value: Any) -> str | int | list[float]:
        """A text, the number of a document, or a place."""
        if isinstance(value, list):
            x, y, plane = checked_vector(value, 3, 0, 1).tolist()
            if plane not in (0, 1):
                raise BadRequest("There are two planes, 0 and 1.")
            return [x, y, plane]
        return super().parse(value)

    def api_info(self) -> dict[str, Any]:
        """A text, a number, or a place."""
        return {
            "anyOf": [
                {"type": "string"},
                {"type": "integer"},
                {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3},
            ]
        }


# ---------------------------------------------------------------------------------------------------------------------
# What answers
# ---------------------------------------------------------------------------------------------------------------------


def show(corpus: Corpus, request: controls.Request) -> controls.Reply:
    """What is known of a text, a document or a place, in both planes; and the planes the browser has not yet."""
    context, value = request["context"], request["value"]
    planes = corpus.plane(context.get("autoencoder")), corpus.plane(context.get("lsa"))
    have = str(context.get("have", "")).split("|")
    accuracies = {f"accuracy-{i}": accuracy(plane) for i, plane in enumerate(planes)}
    if isinstance(value, str):
        answer = of_text(corpus, planes, value)
    elif isinstance(value, int):
        answer = of_document(corpus, planes, value)
    else:
        answer = of_place(corpus, planes, value)
    new = {str(i): points(p) for i, p in enumerate(planes) if p.name not in have}
    return {"text": accuracies, "reply": answer, "points": new}


def of_document(corpus: Corpus, planes: tuple[Plane, Plane], document: int) -> dict[str, Any]:
    """A held-out document: its own words, and where it lies."""
    topic = corpus.topic(document)
    near = [plane.neighbours(plane.z[document], without=document) for plane in planes]
    shares = [sum(corpus.topic(i) == topic for i in each) for each in near]
    return {
        "document": document,
        "topic": topic,
        "title": f"Document {document + 1:,}, on {topic}",
        "own": planes[0].own(document),
        "marks": [plane.place(plane.z[document]) for plane in planes],
        "near": near,
        "shares": [f"{n} of {NEIGHBOURS}" for n in shares],
        "of": ["neighbours share its topic"] * 2,
        "expected": [plane.expected(plane.z[document]) for plane in planes],
    }


def of_text(corpus: Corpus, planes: tuple[Plane, Plane], text: str) -> dict[str, Any]:
    """A visitor's text: which of its words are known, where it lands, and what its neighbours are on."""
    seen = read(text, planes[0].vocabulary)
    answer = read_back(seen)
    if not any(seen.known):
        return answer
    codes = [plane.encode(seen) for plane in planes]
    near = [plane.neighbours(z) for plane, z in zip(planes, codes, strict=True)]
    common = [corpus.common_topic(each) for each in near]
    return answer | {
        "marks": [plane.place(z) for plane, z in zip(planes, codes, strict=True)],
        "near": near,
        "shares": [f"{n} of {NEIGHBOURS}" for _, n in common],
        "of": [f"neighbours are on {topic}" for topic, _ in common],
        "expected": [plane.expected(z) for plane, z in zip(planes, codes, strict=True)],
    }


def of_place(corpus: Corpus, planes: tuple[Plane, Plane], value: list[float]) -> dict[str, Any]:
    """A place on one of the planes: what is expected there."""
    which = int(value[2])
    plane, place = planes[which], np.array(value[:2], np.float32)
    z = plane.code(place)
    near = plane.neighbours(z)
    topic, n = corpus.common_topic(near)

    def alone(what: Any, otherwise: Any) -> list[Any]:
        return [what if i == which else otherwise for i in range(2)]

    return {
        "title": f"A place in the plane of {('the autoencoder', 'LSA')[which]}",
        "marks": alone(place, None),
        "near": alone(near, []),
        "shares": alone(f"{n} of {NEIGHBOURS}", ""),
        "of": alone(f"neighbours are on {topic}", ""),
        "expected": alone(plane.expected(z), []),
    }


def accuracy(plane: Plane) -> str:
    """How often the neighbours tell a test document's topic, by the card."""
    value = metric(plane.model, MetricId.NEIGHBOUR_ACCURACY, PLANE)
    return "–" if value is None else f"{format_number(100 * value, 0)} %"


def points(plane: Plane) -> dict[str, Any]:
    """Where the documents are: 16 bits each way from the lower left corner, and a byte for the topic."""
    places = np.rint(plane.place(plane.z) * 65535).astype("<u2")
    return {
        "model": plane.name,
        "places": _base64(places),
        "topics": _base64(plane.documents["topic"].astype(np.uint8)),
    }


def _base64(array: Array) -> str:
    return base64.b64encode(array.tobytes()).decode()


# ---------------------------------------------------------------------------------------------------------------------
# On the page
# ---------------------------------------------------------------------------------------------------------------------


def build(models: Models) -> None:
    """The box and the planes, and the choices that break them."""
    found = corpora(models.values())
    if not found:
        markdown(
            "The planes need an autoencoder of documents and LSA of the same ones: `python -m training.documents` and "
            "`python -m training.documents --kind lsa` make them."
        )
        return
    corpus = found[0]
    with layout.controls():
        planes = DocumentPlanes(
            corpus, value=first_document(corpus), elem_id=PLANES, results=RESULTS, address="at"
        )
        autoencoder = choice("autoencoder", "The autoencoder was trained", corpus.autoencoders)
        lsa = choice("lsa", "LSA is of", corpus.lsa)
    with layout.results():
        layout.outlet(RESULTS)

    @user_facing
    def follow(autoencoder: str, lsa: str) -> dict[str, Any]:
        """The same in other planes."""
        names = {"autoencoder": corpus.plane(autoencoder).name, "lsa": corpus.plane(lsa).name}
        return gr.update(context=names)

    gr.on(
        [autoencoder.change, lsa.change],
        follow,
        [autoencoder, lsa],
        planes,
        api_visibility="private",
        show_progress="hidden",
    )


def first_document(corpus: Corpus) -> int:
    """What is shown before the first click."""
    return min(FIRST, documents_of(corpus.first[0].model) - 1)


def choice(name: str, label: str, planes: dict[str, Plane]) -> gr.Dropdown:
    """A choice among models of one kind."""
    options = [(said(plane), name) for name, plane in planes.items()]
    dropdown = gr.Dropdown(
        options, value=options[0][1], label=label, filterable=False, visible=len(options) > 1
    )
    return address.named(name, dropdown)


def said(plane: Plane) -> str:
    """What sets a model apart from the others of its kind."""
    facts = facts_of(plane.model)
    if facts.kind is DocumentKind.LSA:
        return {
            WordWeighting.RAW: "counts as they are",
            WordWeighting.LOG: "logarithms of counts",
            WordWeighting.TF_IDF: "tf-idf",
        }[facts.weighting]
    if facts.word_dropout:
        return f"with {format_number(100 * facts.word_dropout, 0)} % of the words left out"
    return "without leaving words out"


EXPERIMENT = Experiment(
    id="planes",
    title="Two planes",
    idea="Each dot is a post that no model has seen, placed by its counts of words alone: by a deep autoencoder’s code "
    "of two numbers, and by LSA, which is linear. Neither was told the topics, which are the colours.",
    equation=r"\begin{aligned} \text{autoencoder: } & \min_{E,\,D}\ -\textstyle\sum_w \tfrac{n_w}{N} \log p_w, \quad "
    r"p = \mathrm{softmax}\, D(E(n)) \\ \text{LSA: } & z = x V, \quad X = U \Sigma V^\top \end{aligned}",
    lecture="§1.3",
    notice="By 15 neighbours 60 % of test posts get their topic in the autoencoder’s plane, and 19 % in LSA’s; guesses "
    "get 5 %. Trained *without leaving words out*, it falls to 56 %. Topics that share words lie side by side: of a "
    "hockey post’s ten neighbours 7.4 are on hockey, and 2.0 on baseball.",
    control=f"#{PLANES} textarea",
    result=f"#{RESULTS} canvas",
    number=f"#{RESULTS} .ll-number",
    elsewhere="at=12&autoencoder=documents-newsgroups-no-dropout&lsa=lsa-newsgroups",
    build=build,
)
