"""What the chapter Documents claims."""

import numpy as np
import pytest

from claims import says
from gen_models.app.chapters.documents import hashing, planes, size
from gen_models.app.chapters.documents.box import EXAMPLES
from gen_models.app.chapters.documents.corpus import average_precision, corpora
from gen_models.app.chapters.documents.corpus import hashes as hashes_of
from gen_models.families import DocumentKind, MetricId, WordWeighting

REAL = "documents-newsgroups-real"
"""Not committed; its numbers stand in the card of documents-newsgroups-bits."""


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
    for (_, text), topic in zip(EXAMPLES, ("space", "hockey", "medicine"), strict=True):
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


def test_more_numbers_find_better_first_documents_and_worse_later_ones(documents):
    cards = [of_kind[DocumentKind.AUTOENCODER] for of_kind in size.compared(documents).values()]
    points = [size.precision(card, code) for card, code in zip(cards, (2, 10, 30), strict=True)]
    for n, words in ((1, "50, 61 and 62 % of them"), (1023, "31, 27 and 25 % of the first 1,023")):
        percents = [str(round(100 * each[n])) for each in points]
        assert "{}, {} and {} %".format(*percents) in words
        assert words in size.READING.replace("\n", " ")
    average = [
        size.measured(card, MetricId.MEAN_AVERAGE_PRECISION, code)[0]
        for card, code in zip(cards, (2, 10, 30), strict=True)
    ]
    assert average == sorted(average, reverse=True)


def test_few_numbers_need_a_bent_plane_and_many_do_not(documents):
    says(
        size.EXPERIMENT,
        "the autoencoder’s mean average precision is 3.5 times LSA’s",
        "61 % of searches, against 51 %",
        "of all documents LSA now finds more, 0.36 against 0.34",
        "In thirty LSA leads at every length",
    )
    found = size.compared(documents)
    assert list(found) == [2, 10, 30]
    average, curves = {}, {}
    for code, cards in found.items():
        for kind, card in cards.items():
            average[code, kind] = size.measured(card, MetricId.MEAN_AVERAGE_PRECISION, code)[0]
            curves[code, kind] = size.precision(card, code)
    deep, lsa = DocumentKind.AUTOENCODER, DocumentKind.LSA
    assert f"{average[2, deep] / average[2, lsa]:.1f}" == "3.5"
    assert [f"{100 * curves[10, kind][1]:.0f}" for kind in (deep, lsa)] == ["61", "51"]
    assert [f"{average[10, kind]:.2f}" for kind in (lsa, deep)] == ["0.36", "0.34"]
    assert all(curves[30, lsa][n] > share for n, share in curves[30, deep].items())


def test_lsa_has_its_best_weighting_at_each_size(documents):
    """Chosen by validation (docs/training.md), which agrees with the test split."""
    found = size.compared(documents)
    weightings = {
        code: documents[cards[DocumentKind.LSA].name].card.facts.weighting
        for code, cards in found.items()
    }
    tf_idf = WordWeighting.TF_IDF
    assert weightings == {2: WordWeighting.RAW, 10: tf_idf, 30: tf_idf}


def test_the_targets_of_two_dimensions_are_met(documents):
    card = documents["documents-newsgroups"].card
    assert size.measured(card, MetricId.NEIGHBOUR_ACCURACY, 2)[0] >= 0.58
    assert size.measured(card, MetricId.NEIGHBOUR_ACCURACY, 10)[0] >= 0.65


@pytest.fixture(scope="module")
def hashes(documents):
    return hashes_of(documents.values())


def test_bits_keep_most_of_a_real_valued_code_if_their_noise_is_large(hashes):
    says(
        hashing.EXPERIMENT,
        "A code of 32 real numbers has a mean average precision of 0.30 on test posts; the bits keep 0.27, in 4 bytes",
        "Trained with *s = 1*, they keep 0.22",
    )
    averages = {hashing.noise_of(bits): average_precision(bits) for bits in hashes.values()}
    assert {noise: f"{value:.2f}" for noise, value in averages.items()} == {4: "0.27", 1: "0.22"}
    card = next(iter(hashes.values())).model.card
    key = MetricId.MEAN_AVERAGE_PRECISION
    bits, real = card.metrics[key.of(32)], card.metrics[key.of(32, model=REAL)]
    assert f"{real.value:.2f}" == "0.30"
    assert bits.n == real.n == 7364
    assert bits.value >= 0.9 * real.value  # or they would not be shown


def test_a_wider_radius_finds_more_and_less_of_the_topic(hashes):
    says(
        hashing.EXPERIMENT,
        "Within 4 bits a post finds 10 others on average, 61 % of them on its topic; within 8 bits 120, and 34 %",
    )
    bits = next(iter(hashes.values()))
    same = bits.topics[:, None] == bits.topics
    distances = np.array([bits.distances(z) for z in bits.z])
    np.fill_diagonal(distances, bits.code_size + 1)
    found = [distances <= radius for radius in (4, 8)]
    assert [round(near.sum(1).mean()) for near in found] == [10, 120]
    assert [f"{near[same].sum() / near.sum():.2f}" for near in found] == ["0.61", "0.34"]


def test_both_kinds_of_bits_are_of_the_documents_of_the_planes(hashes, corpus):
    for bits in hashes.values():
        np.testing.assert_array_equal(bits.topics, corpus.first[0].topics)
        assert bits.own(41) == corpus.first[0].own(41)


def test_the_first_document_and_the_examples_find_their_topic_by_bits(hashes):
    def shown(value, noise=4):
        context = {"noise": noise, "radius": hashing.FIRST_RADIUS}
        return hashing.show(hashes, {"value": value, "context": context})

    assert shown(hashing.FIRST)["text"]["precision"] == "100 %"
    assert shown(hashing.FIRST, noise=1)["text"]["precision"] == "50 %"
    for (_, text), topic in zip(EXAMPLES, ("space", "hockey", "medicine"), strict=True):
        assert shown(text)["reply"]["topic"] == topic
