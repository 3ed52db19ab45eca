"""The chapter "Documents" on toys whose code is two counts: places, neighbours, words, and hostile texts."""

import base64
import json

import gradio as gr
import numpy as np
import pytest
import toys
from gradio_client import Client
from gradio_client.exceptions import AppError

from gen_models import app
from gen_models.app.chapters import documents
from gen_models.app.chapters.documents import box, hashing, planes, size
from gen_models.app.chapters.documents import corpus as corpora
from gen_models.errors import BadRequest

HOSTILE = {
    "emoji": "🚀🚀🚀 🌙",
    "right to left": "שלום עולם مرحبا بالعالم",
    "HTML": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "marks": "\u202e\u200b\x00\ufffd\ud83d",
    "empty": "",
    "spaces": " \n\t ",
    "one word": "a" * 20_000,
}
"""Texts without a word that the toys know; none is refused."""


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """An autoencoder, a worse one without word dropout, and LSA of two weightings."""
    root = tmp_path_factory.mktemp("exported")
    made = [
        toys.documents(root, "plain", word_dropout=0.0, accuracy=0.4),
        toys.documents(root, "deep", accuracy=0.6),
        toys.documents(root, "lsa-raw", "lsa", "raw", scale=2.0, accuracy=0.2),
        toys.documents(root, "lsa-log", "lsa", "log", scale=2.0, accuracy=0.1),
        toys.hashing(root, "bits-weak", bit_noise=1.0, average_precision=0.2),
        toys.hashing(root, "bits"),
        toys.hashing(root, "bits-other", data="other", average_precision=0.1),
    ]
    return {model.card.name: model for model in made}


@pytest.fixture(scope="module")
def corpus(models):
    (found,) = corpora.corpora(models.values())
    return found


# A text, a document, a place


def test_the_best_of_each_kind_comes_first(corpus):
    assert list(corpus.autoencoders) == ["deep", "plain"]
    assert list(corpus.lsa) == ["lsa-raw", "lsa-log"]
    assert corpus.topics == ("space", "cars")


def test_a_data_set_needs_both_kinds(models):
    assert corpora.corpora([models["deep"], models["plain"]]) == []


def test_a_text_is_counted_and_its_unknown_words_are_told(corpus):
    seen = corpora.read("The Orbit, the orbit: an ENGINE!", corpus.first[0].vocabulary)
    assert seen.words == ["the", "orbit", "the", "orbit", "engine"]
    assert seen.known == [False, True, False, True, True]
    assert seen.counts.tolist() == [[2, 1, 0, 0]]
    assert corpus.first[0].encode(seen).tolist() == [2, 1]


def test_places_are_parts_of_the_plane_and_come_back(corpus):
    plane = corpus.first[0]
    lo, hi = plane.corners
    assert plane.place(np.stack([lo, hi])).tolist() == [[0, 0], [1, 1]]
    np.testing.assert_allclose(
        plane.code(plane.place(np.array([3, 4], np.float32))), [3, 4], atol=1e-5
    )
    assert plane.place(hi + 100).tolist() == [1, 1]  # beyond the corner: on it


def answer(corpus, value, **context):
    names = {"autoencoder": "deep", "lsa": "lsa-raw"}
    return planes.show(corpus, {"value": value, "context": names | context})


def test_a_document_is_marked_in_both_planes_with_its_neighbours(corpus):
    reply = answer(corpus, 13)["reply"]
    assert reply["topic"] == "space"
    assert reply["own"] == ["orbit", "moon"]
    assert sorted(reply["near"][0]) == [8, 9, 10, 11, 12, 14, 15, 16, 17, 18]  # without itself
    assert reply["shares"] == ["10 of 10", "10 of 10"]
    assert reply["expected"][0][0] == "orbit"
    z = corpus.first[0].z[13]
    assert reply["marks"][0].tolist() == corpus.first[0].place(z).tolist()


def test_a_text_lands_where_its_code_is_and_its_neighbours_have_a_topic(corpus):
    reply = answer(corpus, "engine " * 12 + "unheard")["reply"]
    assert reply["read"][-1] == ("unheard", False)
    assert reply["of"] == ["neighbours are on cars"] * 2
    assert (
        reply["marks"][0].tolist() == corpus.first[0].place(np.array([0, 12], np.float32)).tolist()
    )
    assert reply["expected"][1][0] == "engine"


def test_of_a_long_text_the_first_words_are_shown(corpus):
    reply = answer(corpus, "moon " * 300)["reply"]
    assert len(reply["read"]) == box.SHOWN_WORDS
    assert reply["rest"] == 300 - box.SHOWN_WORDS


@pytest.mark.parametrize("name", HOSTILE)
def test_a_text_without_known_words_is_marked_nowhere(corpus, name):
    reply = answer(corpus, HOSTILE[name])["reply"]
    assert "marks" not in reply
    assert reply["title"] == "No word of the vocabulary yet"
    json.dumps(reply)


def test_a_place_is_decoded_in_its_own_plane_alone(corpus):
    reply = answer(corpus, [1.0, 0.0, 1.0])["reply"]
    assert reply["marks"][0] is None
    assert reply["marks"][1].tolist() == [1, 0]
    assert reply["expected"][0] == []
    assert reply["expected"][1][0] == "orbit"
    assert reply["of"] == ["", "neighbours are on space"]


def test_points_are_sent_once(corpus):
    first = answer(corpus, 0)["points"]
    places = np.frombuffer(base64.b64decode(first["1"]["places"]), "<u2").reshape(-1, 2) / 65535
    np.testing.assert_allclose(places, corpus.first[1].place(corpus.first[1].z), atol=1e-4)
    assert list(base64.b64decode(first["0"]["topics"])) == [0] * 20 + [1] * 20
    assert answer(corpus, 0, have="deep|lsa-raw")["points"] == {}
    assert list(answer(corpus, 0, have="plain|lsa-raw")["points"]) == ["0"]


@pytest.mark.parametrize("context", [{"lsa": "other"}, {"autoencoder": 3}, {"lsa": None}])
def test_an_unknown_model_is_refused(corpus, context):
    with pytest.raises(BadRequest, match="no such model"):
        answer(corpus, 0, **context)


# The control


@pytest.fixture
def control(corpus):
    with gr.Blocks():
        return planes.DocumentPlanes(corpus, value=0)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("a" * 1_000_000, "longer than 20,000"),
        (40, "whole number from 0 to 39"),
        (-1, "whole number"),
        (True, "whole number"),
        (None, "whole number"),
        ([0.5, 0.5], "3 finite numbers"),
        ([0.5, 0.5, 0.5], "two planes"),
        ([0.5, float("nan"), 0], "finite"),
        ({"text": "x"}, "whole number"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_text_document_or_place_is_refused(control, value, said):
    reply = json.loads(control.reply({"value": value, "context": {}}))
    assert reply["ok"] is False
    assert said in reply["error"]


@pytest.mark.parametrize("value", [*HOSTILE.values(), 0, 39, [0, 1, 1]])
def test_everything_else_is_answered(control, value):
    context = {"autoencoder": "plain", "lsa": "lsa-log", "have": "x"}
    reply = json.loads(control.reply({"value": value, "context": context}))
    assert reply["ok"] is True
    assert reply["text"] == {"accuracy-0": "40 %", "accuracy-1": "10 %"}


# Code size


def test_each_code_size_compares_the_best_of_each_kind(models):
    found = size.compared(models)
    assert list(found) == [2, 10]
    assert [card.name for card in found[10].values()] == ["deep", "lsa-raw"]
    assert size.numbers(found[10], 10) == {
        "accuracy-autoencoder": "70 %",
        "average-autoencoder": "0.35",
        "accuracy-lsa": "30 %",
        "average-lsa": "0.15",
    }
    drawn = size.chart(found)
    assert drawn.count(">10-D</text>") == 2  # a label for each kind's curve
    assert drawn.count('data-code="2"') == 4  # curves and their labels
    assert "0.6</td>" in size.table(found).replace("0.600", "0.6")


def test_numbers_of_other_seeds_stand_in_the_card_under_their_models(models):
    card = models["deep"].card
    key = "neighbour_accuracy/2@deep-seed-1"
    beside = card.with_metrics({key: card.metrics["neighbour_accuracy/2"]})
    assert size.measured(beside, size.MetricId.NEIGHBOUR_ACCURACY, 2) == [0.6, 0.6]


def test_without_models_of_both_kinds_the_experiments_say_what_makes_them(models):
    with gr.Blocks() as demo:
        for experiment in documents.CHAPTER.experiments:
            experiment.build({"deep": models["deep"]})
    said = " ".join(str(getattr(block, "value", "")) for block in demo.blocks.values())
    assert "training.documents --kind lsa" in said


# Hashing


@pytest.fixture(scope="module")
def hashes(models):
    return corpora.hashes(models.values())


def test_the_best_bits_come_first_and_those_of_other_data_are_left_out(hashes):
    assert list(hashes) == ["bits", "bits-weak"]
    assert [hashing.noise_of(bits) for bits in hashes.values()] == [4, 1]
    assert hashed(hashes, 0)["text"]["average"] == "0.30"
    assert hashed(hashes, 0, noise=1)["text"]["average"] == "0.20"


def test_bits_have_no_plane(models):
    alone = [model for name, model in models.items() if name.startswith(("bits", "lsa"))]
    assert corpora.corpora(alone) == []


def test_distances_are_the_bits_that_differ(hashes):
    distances = hashes["bits"].distances(np.array([1, -1, 1, -1]))
    assert distances[:4].tolist() == [0, 0, 0, 1]
    assert distances[20:24].tolist() == [4, 4, 4, 3]


@pytest.mark.parametrize(
    ("radius", "count", "precision", "recall"),
    [(0, 14, 1, 14 / 19), (1, 19, 1, 1), (3, 24, 19 / 24, 1), (4, 39, 19 / 39, 1)],
)
def test_precision_falls_and_recall_rises_with_the_radius(hashes, radius, count, precision, recall):
    """Of 19 others on space, 14 have the same bits and 5 lack one; of 20 on cars, 5 differ in 3 and 15 in 4."""
    bits = hashes["bits"]
    found = hashing.search(bits, bits.z[0], radius, 0)
    assert len(found.documents) == count
    assert 0 not in found.documents
    assert found.distances == sorted(found.distances)
    assert (found.precision, found.recall) == (pytest.approx(precision), pytest.approx(recall))


def test_of_a_text_the_most_common_topic_counts(hashes):
    found = hashing.search(hashes["bits"], np.array([-1, 1, -1, 1]), 1)
    assert (found.topic, found.topics, found.precision, found.recall) == (1, [(1, 20)], 1, 1)
    nothing = hashing.search(hashes["bits"], np.array([1, 1, 1, 1]), 1)
    assert nothing == ([], [], [], None, None, None)


def hashed(hashes, value, **context):
    return hashing.show(hashes, {"value": value, "context": {"noise": 4, "radius": 1} | context})


def test_a_document_shows_its_bits_and_the_nearest(hashes):
    answer = hashed(hashes, 3)
    assert answer["reply"]["title"] == "Document 4, on space"
    assert answer["reply"]["code"] == "1000"
    assert answer["reply"]["topics"] == [("space", 19)]
    assert answer["reply"]["near"][0] == ("1000", 0, "space", "orbit, moon")
    assert answer["text"]["found"] == "19"
    assert answer["text"]["precision"] == "100 %"
    assert answer["text"]["recall-of"] == "of all posts on space: recall"


def test_a_text_gets_bits_of_its_own(hashes):
    answer = hashed(hashes, "The ENGINE, the wheel and the wheel")
    assert answer["reply"]["code"] == "0101"
    assert answer["reply"]["read"][1] == ("engine", True)
    assert answer["reply"]["topic"] == "cars"
    nothing = hashed(hashes, "orbit engine", radius=0)
    assert (nothing["text"]["found"], nothing["text"]["precision"]) == ("0", "–")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_text_without_known_words_has_no_bits(hashes, name):
    answer = hashed(hashes, HOSTILE[name])
    assert "code" not in answer["reply"]
    assert answer["text"]["found"] == "–"
    json.dumps(answer)


@pytest.mark.parametrize(
    ("context", "said"),
    [
        ({"noise": 2}, "no such model"),
        ({"noise": ["4"]}, "no such model"),
        ({"radius": 11}, "from 0 to 10"),
        ({"radius": -1}, "from 0 to 10"),
        ({"radius": 1.5}, "whole number"),
        ({"radius": None}, "whole number"),
        ({"radius": "4"}, "whole number"),
    ],
)
def test_a_radius_or_a_model_that_is_none_is_refused(hashes, context, said):
    with pytest.raises(BadRequest, match=said):
        hashed(hashes, 0, **context)


@pytest.mark.parametrize("value", [[0.5, 0.5, 0], None, 40, "a" * 1_000_000], ids=str)
def test_the_box_takes_a_text_or_a_document_and_nothing_else(hashes, value):
    with gr.Blocks():
        search = hashing.HashSearch(hashes, value=0)
    reply = json.loads(search.reply({"value": value, "context": {"noise": 4, "radius": 1}}))
    assert reply["ok"] is False


# Over HTTP


@pytest.fixture(scope="module")
def client(models, tmp_path_factory):
    root = next(iter(models.values())).folder.parent
    demo = app.build(root, (documents.CHAPTER,))
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield Client(url, verbose=False)
    demo.close()


def test_a_text_is_placed_over_http(client):
    found = client.predict("deep", "Orbit and engine and 🚀 <b>", api_name="/documents_place")
    assert found["z"] == [1, 1]
    assert found["known"] == ["orbit", "engine"]
    assert found["unknown"] == ["and", "and"]
    assert len(found["topics"]) == 10
    assert client.predict("deep", "", api_name="/documents_place")["z"] is None


def test_a_place_is_decoded_over_http(client):
    assert client.predict("lsa-raw", 0, 3, api_name="/documents_expect")[0] == "engine"


def test_a_text_finds_documents_by_its_bits_over_http(client):
    found = client.predict("bits", "moon 🚀 orbit", 3, api_name="/documents_similar")
    assert found == {"bits": "1010", "found": 25, "topics": {"space": 20, "cars": 5}}
    assert client.predict("bits", "🚀", 3, api_name="/documents_similar")["bits"] is None


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("/documents_place", ("deep", "a" * 1_000_000), "longer than"),
        ("/documents_place", ("nothing", "moon"), "no such model"),
        ("/documents_expect", ("deep", 1e9, 0), "number from"),
        ("/documents_similar", ("bits", "a" * 1_000_000, 1), "longer than"),
        ("/documents_similar", ("deep", "moon", 1), "no such model"),
        ("/documents_similar", ("bits", "moon", 11), "from 0 to 10"),
    ],
)
def test_bad_input_over_http_is_refused_with_a_sentence(client, name, arguments, said):
    with pytest.raises(AppError, match=said):
        client.predict(*arguments, api_name=name)


def test_labels_of_curves_stand_apart_and_near_their_curves():
    assert size.apart([10, 50], 14) == [10, 50]
    assert size.apart([20, 10], 14) == [22, 8]
    # Three that would meet the fourth: all four stand about their mean, 33.
    assert size.apart([30, 31, 32, 39], 10) == [18, 28, 38, 48]
