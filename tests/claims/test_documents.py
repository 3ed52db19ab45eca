"""What the chapter Documents claims."""

import numpy as np
import pytest

from claims import says
from gen_models.app.chapters.documents import planes
from gen_models.app.chapters.documents.corpus import corpora


@pytest.fixture(scope="module")
def documents(exported):
    return {name: m for name, m in exported.items() if m.card.family == "documents"}


@pytest.fixture(scope="module")
def corpus(documents):
    (found,) = corpora(documents.values())
    return found


def test_the_autoencoders_plane_tells_topics_and_lsas_does_not(corpus):
    says(
        planes.EXPERIMENT,
        "60 % of test posts get their topic in the autoencoder’s plane, and 19 % in LSA’s; guesses get 5 %",
        "Trained *without leaving words out*, it falls to 56 %",
    )
    (deep, plain), (lsa, *_) = corpus.autoencoders.values(), corpus.lsa.values()
    assert [planes.accuracy(plane) for plane in (deep, plain, lsa)] == ["60 %", "56 %", "19 %"]
    assert planes.said(plain) == "without leaving words out"
    topics = deep.documents["topic"]
    assert np.bincount(topics).max() / len(topics) < 0.06  # of twenty topics of nearly equal size


def test_topics_that_share_words_lie_side_by_side(corpus):
    says(
        planes.EXPERIMENT,
        "of a hockey post’s ten neighbours 7.4 are on hockey, and 2.0 on baseball",
    )
    plane, topics = corpus.first[0], list(corpus.topics)
    labels = plane.documents["topic"]
    hockey = np.flatnonzero(labels == topics.index("hockey"))
    near = np.array([plane.neighbours(plane.z[i], without=int(i)) for i in hockey])
    on = [(labels[near] == topics.index(name)).sum(1).mean() for name in ("hockey", "baseball")]
    assert [f"{each:.1f}" for each in on] == ["7.4", "2.0"]


def test_both_planes_show_the_same_documents(corpus):
    first, *others = (corpus.autoencoders | corpus.lsa).values()
    for other in others:
        np.testing.assert_array_equal(other.documents["topic"], first.documents["topic"])
        np.testing.assert_array_equal(other.documents["words"], first.documents["words"])


def test_the_first_document_and_the_examples_are_clear_cases(corpus):
    chosen = (corpus.first[0], corpus.first[1])
    answer = planes.of_document(corpus, chosen, planes.first_document(corpus))
    assert answer["shares"] == ["10 of 10", "0 of 10"]
    for (_, text), topic in zip(planes.EXAMPLES, ("space", "hockey", "medicine"), strict=True):
        answer = planes.of_text(corpus, chosen, text)
        assert answer["of"][0] == f"neighbours are on {topic}"
        assert int(answer["shares"][0].split()[0]) >= 6


def test_a_code_lies_where_its_document_was_kept(corpus):
    """The codes that the planes show are those that the exported encoder gives: a single word finds its topic."""
    plane = corpus.first[0]
    for word, topic in (("israel", "Middle East"), ("engine", "cars"), ("key", "cryptography")):
        answer = planes.of_text(corpus, corpus.first, word)
        assert answer["of"][0] == f"neighbours are on {topic}"
        assert word in answer["expected"][0]
    assert plane.z.shape[1] == 2
