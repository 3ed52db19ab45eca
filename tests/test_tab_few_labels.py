"""The chapter "Few labels" on a toy whose codes tell all classes: pure functions, and endpoints with bad input."""

from dataclasses import replace

import numpy as np
import pytest
import toys

from gen_models.app.chapters.few_labels import CHAPTER, common, curves, draw, endpoints, label
from gen_models.errors import BadRequest
from gen_models.families import MetricId

METRICS = {
    "error/frozen/unwarping/unchanged/10": 30.0,
    "error/frozen/unwarping/unchanged/100": 7.0,
    "error_sd/frozen/unwarping/unchanged/100": 0.5,
    "error/scratch/no/augmented/100": 5.0,
    "error/scratch/no/unchanged/100": 20.0,
    "error/pca/no/unchanged/100": 25.0,
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return {"few": toys.few_labels(tmp_path_factory.mktemp("exported"), "few", metrics=METRICS)}


@pytest.fixture(scope="module")
def answers(models):
    return label.Answers(common.Digits(models["few"]))


def ask(value, encoder="unwarping", next="centres"):
    return {"value": value, "context": {"encoder": encoder, "next": next}}


def test_the_chapter_shows_its_own_family_alone(models, tmp_path):
    assert CHAPTER.shows(models["few"].card)
    assert not CHAPTER.shows(toys.gan(tmp_path, "gan").card)


def test_all_labels_make_every_test_image_right(answers):
    pairs = answers.truths(range(40))
    reply = answers.show(ask(pairs))
    assert reply["text"]["encoder"] == "100.0 %"
    assert reply["taken"] == "0123456789" * 4
    assert reply["offered"] == []


def test_one_label_makes_all_images_that_class(answers):
    reply = answers.show(ask([(3, 3)]))
    assert set(reply["taken"]) == {"3"}
    assert reply["text"] == dict.fromkeys(("encoder", "pca", "pixels"), "10.0 %")
    assert len(reply["offered"]) == label.AT_ONCE
    assert 3 not in [i for i, _ in reply["offered"]]


def test_without_a_label_it_is_a_guess(answers):
    reply = answers.show(ask([]))
    assert reply["taken"] == ""
    assert reply["text"]["pixels"] == "10 %, a guess"


def test_centres_are_of_ten_classes_here_and_a_random_order_is_another(answers):
    centres = answers.order("unwarping", "centres")
    assert sorted(answers.digits.pool_labels[centres[:10]].tolist()) == list(range(10))
    rest = answers.order("unwarping", "random")
    assert sorted(rest) == sorted(centres)
    assert rest != centres
    assert [i for i, _ in answers.first()] == centres[: label.FIRST]


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"encoder": "pixels", "next": "random"},
        {"encoder": "vae", "next": ["x"]},
        {"encoder": [1], "next": "random"},
    ],
)
def test_an_unknown_encoder_or_order_is_refused(answers, context):
    with pytest.raises(BadRequest, match="no such encoder or order"):
        answers.show({"value": [], "context": context})


@pytest.mark.parametrize(
    "value",
    [
        "x",
        {"a": 1},
        [[0]],
        [[0, 10]],
        [[40, 1]],
        [[-1, 1]],
        [[0, 1], [0, 2]],
        [[0, True]],
        [[0.0, 1]],
        [["0", 1]],
        [[0, 1]] * 41,
    ],
)
def test_what_is_no_list_of_labels_is_refused(answers, value):
    with pytest.raises(BadRequest, match="no list of labelled images"):
        board(answers).parse(value)


def test_labels_come_and_go_as_pairs(answers):
    assert board(answers).parse([[2, 5], [0, 1]]) == [(2, 5), (0, 1)]
    assert board(answers).postprocess(None) == []


def board(answers):
    return label.LabelMap(
        answers.show, images=40, columns=10, context={}, numbers=[], label="Labels"
    )


def test_the_curves_are_those_of_the_card(models):
    metrics = curves.metrics_of(models["few"].card, "")
    found = {
        each.name: each for each in curves.lines(metrics, "frozen", ["unwarping", "vae"], True)
    }
    assert found.keys() == {"Un-warping", "From scratch", "PCA, logistic"}
    assert found["Un-warping"].errors == [30.0, 7.0]
    assert found["Un-warping"].sds == [0.0, 0.5]
    assert found["From scratch"].errors == [5.0]
    assert curves.lines(metrics, "frozen", [], False)[0].errors == [20.0]
    assert curves.lines(metrics, "joint", ["vae"], True)[0].name == "From scratch"


def test_the_numbers_are_the_best_encoder_and_scratch(models):
    metrics = curves.metrics_of(models["few"].card, "")
    text = curves.numbers(metrics, "frozen", ["unwarping"], True)
    assert "7.0 %" in text
    assert "un-warping, the best shown" in text
    assert "5.0 %" in text
    assert "30.0 ± 0.0" in curves.table(metrics)
    assert "<svg" in curves.chart(metrics, "frozen", ["unwarping"], True)


def test_a_study_of_other_images_has_curves_of_its_own(models):
    card = models["few"].card
    of = MetricId.ERROR.of("frozen", "unwarping", "unchanged", 100, model="few-labels-fashion")
    (any_error, *_) = (m for key, m in card.metrics.items() if key.startswith("error/"))
    both = card.with_metrics({of: replace(any_error, value=41.0)})
    assert curves.studies_of(card) == {"": "Few"}
    assert curves.studies_of(both) == {"": "Few", "few-labels-fashion": "Fashion"}
    other = curves.metrics_of(both, "few-labels-fashion")
    (line,) = curves.lines(other, "frozen", ["unwarping"], False)
    assert line.errors == [41.0]
    assert curves.metrics_of(both, "") == card.metrics


def test_a_drawing_is_answered_by_all_classifiers(models):
    rows = draw.Classifiers(common.Digits(models["few"]))
    ink = np.full((28, 28), 75, np.uint8)
    reply = draw.show(rows, {"value": ink, "context": {"angle": 0}})
    words = reply["send"][draw.ANSWERS]["words"]
    names = list(rows.rows)
    assert words[f"top-{names.index('joint')}"] == "7"
    assert words[f"p-{names.index('joint')}-7"] == "100"
    assert words[f"top-{names.index('unwarping')}"] == "3"  # grey 75 is class 3
    assert reply["text"]["right"] == "100 %"
    with pytest.raises(BadRequest, match="no such angle"):
        draw.show(rows, {"value": ink, "context": {"angle": 7}})
    with pytest.raises(BadRequest, match="empty") as refused:
        draw.show(rows, {"value": np.zeros((112, 112), np.uint8), "context": {"angle": 0}})
    assert refused.value.text == {"right": "100 %"}


def test_a_quarter_turn_moves_the_left_half_down():
    image = np.zeros((1, 28, 28, 1), np.uint8)
    image[:, :, :14] = 255
    assert draw.turned(image, 90)[0, 20:, 2:26].min() == 255
    assert draw.turned(image, 0) is image


def test_the_endpoint_checks_what_it_is_asked(models, monkeypatch):
    made = {}
    monkeypatch.setattr(endpoints, "endpoint", lambda function, name: made.update({name: function}))
    endpoints.offer(models)
    classify = made["few_labels_classify"]
    answer = classify("unwarping", "centres", 10)
    assert answer["accuracy"] == 1
    assert len(answer["labelled"]) == 10
    for bad in (
        ("gan", "centres", 10),
        ("vae", "first", 10),
        ("vae", "random", 0),
        ("vae", "random", 41),
        ("vae", "random", True),
    ):
        with pytest.raises(BadRequest):
            classify(*bad)
