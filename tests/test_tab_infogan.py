"""The chapter "InfoGAN" on toys whose codes are pixels: pure functions, and endpoints with good and bad input."""

import base64
import dataclasses
import io
import math
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
import toys
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image

from gen_models.app import launch_options
from gen_models.app.chapters import infogan
from gen_models.app.chapters.infogan import bound, codes, common, grid, reading
from gen_models.app.controls import drawing
from gen_models.app.shell import page
from gen_models.errors import BadRequest
from gen_models.families import MetricId
from gen_models.runtime import Model, from_uint8


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """One whose Q gives a standard deviation; and one without it, of three categories, numbers and examples."""
    root = tmp_path_factory.mktemp("exported")
    made = [
        toys.infogan(root, "toy", sigma=0.5),
        without_sigma(toys.infogan(root, "bare", k=3, certainty=4.0, matched=False, examples=0)),
    ]
    return {model.card.name: model for model in made}


def without_sigma(model):
    """The same model as if Q gave no standard deviation."""
    graph = model.card.graphs["recogniser"]
    graph = dataclasses.replace(graph, outputs=graph.outputs[:2])
    graphs = model.card.graphs | {"recogniser": graph}
    return Model(dataclasses.replace(model.card, graphs=graphs), model.folder)


# ---------------------------------------------------------------------------------------------------------------------
# Codes
# ---------------------------------------------------------------------------------------------------------------------


def test_shapes_and_ranges_come_from_the_ports(models):
    assert [common.categories(model) for model in models.values()] == [10, 3]
    assert common.slider_range(models["toy"]) == (-2, 2)
    assert common.interval(models["toy"]) == "[−1, 1]"
    assert common.draw_z(models["toy"], 0, 5).shape == (5, 62)


def test_categories_stand_in_the_order_of_their_digits(models):
    shown = common.shown(models["toy"])
    assert [*shown] == [*range(10)]
    assert all((3 * category + 1) % 10 == digit for digit, category in shown.items())
    assert common.title_of(models["toy"], 3) == "category 3 of 0 to 9, matched with digit 0"
    bars = common.bars_of(models["toy"], np.arange(10))
    assert bars["names"] == [str(digit) for digit in range(10)]
    assert bars["shares"] == [*shown.values()]


def test_without_a_match_for_each_a_category_is_called_by_its_number(models):
    assert common.shown(models["bare"]) == {0: 0, 1: 1, 2: 2}
    assert common.title_of(models["bare"], 1) == "category 1 of 0 to 2"
    card, of = models["toy"].card, MetricId.CLASS_OF_CATEGORY.of
    twice = card.metrics | {of(3): card.metrics[of(4)]}
    model = Model(dataclasses.replace(card, metrics=twice), models["toy"].folder)
    assert common.shown(model) == {j: j for j in range(10)}


@pytest.mark.parametrize("number", [True, "3", None, 10, -1, 2.5, math.nan, [3]])
def test_what_is_no_category_on_the_page_is_refused(models, number):
    with pytest.raises(BadRequest, match="no category"):
        common.shown_category(models["toy"], number)


@pytest.mark.parametrize("given", [[0], [0, 0, 0], "00", None, [0, "1"], [0, 2.1], [math.nan, 0]])
def test_codes_that_the_sliders_do_not_give_are_refused(models, given):
    with pytest.raises(BadRequest, match="continuous code"):
        common.checked_codes(models["toy"], given)


def test_codes_come_back_from_the_picture(models):
    given = np.float32([0.5, -1.5])
    for category in range(10):
        image, q = codes.at(models["toy"], category, given, seed=category)
        assert image.shape == (28, 28, 1)
        assert q.category.tolist() == [category]
        np.testing.assert_allclose(q.mean[0], given, atol=1e-5)


def test_the_reply_says_what_was_read_and_when_a_code_is_out_of_range(models):
    inside = codes.reply(models["toy"], 3, np.float32([0.5, -1]), 0)["text"]
    assert inside["category"] == "0, 100 %"
    assert (inside["c0"], inside["c1"], inside["error"]) == ("0.50", "−1.00", "0.00")
    assert "outside" not in inside["x"]
    assert (
        "outside [−1, 1]" in codes.reply(models["toy"], 3, np.float32([0.5, -1.1]), 0)["text"]["x"]
    )


def test_z_changes_the_picture_and_not_the_codes(models):
    one, other = (codes.at(models["toy"], 2, np.zeros(2, np.float32), seed) for seed in (0, 1))
    assert (one[0] != other[0]).any()
    np.testing.assert_array_equal(one[1].category, other[1].category)


def test_the_grid_varies_one_code_along_its_rows(models):
    row = grid.codes_of(models["toy"], 1, np.array([0.3]))
    np.testing.assert_allclose(row[:, 0], 0.3)
    np.testing.assert_allclose(row[:, 1], np.linspace(-1, 1, grid.COLUMNS))
    pictures, right = grid.table(models["toy"], 0, np.array([0.25]), 0)
    assert right == 1
    rows = pictures.reshape(10, grid.COLUMNS, 28, 28)[:, :, 0]
    for (digit, category), row in zip(common.shown(models["toy"]).items(), rows, strict=True):
        assert (row[:, category] == 255).all(), digit
        assert (np.diff(row[:, 10].astype(int)) > 0).all()
        assert len(np.unique(row[:, 11])) == 1


# ---------------------------------------------------------------------------------------------------------------------
# Reading
# ---------------------------------------------------------------------------------------------------------------------


def test_an_example_reaches_q_exactly_and_a_drawing_as_a_digit(models):
    model = models["toy"]
    image = model.examples()[0]
    np.testing.assert_array_equal(reading.seen(model, common.as_input(model, image)), image)
    ink = np.zeros((112, 112), np.uint8)
    ink[20:60, 30:36] = 255
    digit = from_uint8(drawing.mnist_like(ink)[None, ..., None])[0, 0]
    np.testing.assert_array_equal(common.as_input(model, ink)[0, 0], digit)
    with pytest.raises(BadRequest, match="canvas is empty"):
        common.as_input(model, np.zeros((112, 112), np.uint8))


def test_pictures_are_written_from_the_codes_within_their_range(models):
    model = models["toy"]
    _, q = codes.at(model, 7, np.float32([1.8, 0.4]), 0)
    pictures = reading.rewritten(model, q, seed=3)
    assert pictures.shape == (6, 28, 28, 1)
    assert (pictures[:, 0, 7] == 255).all()
    assert (pictures[:, 0, 10] == round(255 * 0.75)).all(), "1.8 is kept to 1"
    assert len({image.tobytes() for image in pictures}) == 6


def test_accuracy_comes_with_its_spread(models):
    assert reading.accuracy(models["toy"]) == "92.0 %"
    assert "92.0 % of test digits" in reading.spread(models["toy"])
    assert "mean of 5 trainings, from 90.0 % to 94.0 %" in reading.spread(models["toy"])
    assert reading.accuracy(models["bare"]) == "–"


# ---------------------------------------------------------------------------------------------------------------------
# The bound
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [2, 10])
def test_a_sure_and_right_q_gives_log_k_and_a_guessing_one_gives_zero(k):
    category = np.arange(k)
    np.testing.assert_allclose(bound.category_terms(np.eye(k), category), math.log(k))
    np.testing.assert_allclose(
        bound.category_terms(np.full((k, k), 1 / k), category), 0, atol=1e-12
    )


def test_a_sure_and_wrong_q_gives_a_finite_negative_bound():
    terms = bound.category_terms(np.eye(10), np.roll(np.arange(10), 1))
    np.testing.assert_allclose(terms, math.log(bound.MIN_PROBABILITY) + math.log(10))


def test_continuous_codes_solved_by_hand():
    """At its mean a Normal's density is 1/(σ √2π); a code of [−1, 1] has the entropy log 2."""
    codes = np.float32([[0.5, -0.5]])
    exact = bound.continuous_terms(codes, np.full((1, 2), 0.1), codes, (-1, 1))
    by_hand = 2 * (math.log(2) - math.log(0.1 * math.sqrt(2 * math.pi)))
    np.testing.assert_allclose(exact, by_hand)
    off = bound.continuous_terms(codes + 0.1, np.full((1, 2), 0.1), codes, (-1, 1))
    np.testing.assert_allclose(off, by_hand - 2 * 0.5, rtol=1e-5)  # one σ away costs half a nat


def test_the_bound_of_a_toy_is_the_one_on_paper(models):
    """Q gives the true category 1 / (1 + (k − 1) e^−a), and another one e^−a times that."""
    for name, k, a in (("toy", 10, 10.0), ("bare", 3, 4.0)):
        found = bound.terms(models[name], 1000, 0)
        right = math.log(k) - math.log(1 + (k - 1) * math.exp(-a))
        assert bound.bound(found, 0).category == pytest.approx(right, abs=1e-4)
        wrong = right - a * (k - 1) / k  # an independent category is the true one in 1 of k
        assert bound.bound(found, 1).category == pytest.approx(wrong, abs=4 * a / 1000**0.5)
        assert bound.zero_at(found) == pytest.approx(right / (right - wrong), abs=0.03)
        assert found.right == 1


def test_the_bound_falls_through_zero_as_codes_are_replaced(models):
    found = bound.terms(models["toy"], 300, 1)
    values = [bound.bound(found, share).category for share in (0, 0.1, 0.5, 1)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 0 > values[-1]
    zero = bound.zero_at(found)
    assert zero is not None
    assert bound.bound(found, zero).category == pytest.approx(0, abs=0.8)


def test_a_guessing_q_reaches_zero_nowhere(tmp_path):
    found = bound.terms(toys.infogan(tmp_path, certainty=0.0), 50, 0)
    assert bound.bound(found, 0).category == pytest.approx(0, abs=1e-5)
    assert bound.bound(found, 1).category == pytest.approx(0, abs=1e-5)
    assert bound.zero_at(found) is None


def test_continuous_codes_count_only_with_a_standard_deviation(models):
    exact = 2 * (math.log(2) - math.log(0.5 * math.sqrt(2 * math.pi)))
    found = bound.terms(models["toy"], 100, 0)
    assert bound.bound(found, 0).continuous == pytest.approx(exact, abs=1e-4)
    assert bound.bound(found, 1).continuous < exact - 1
    assert bound.bound(bound.terms(models["bare"], 100, 0), 0).continuous is None


def test_the_chart_has_room_for_every_model_and_moves_only_what_is_drawn(models):
    axes = bound.axes_for(models)
    drawn = bound.inside(axes)
    for model in models.values():
        found = bound.bound(bound.terms(model, 100, 0), 1)
        assert axes.y[0] < found.category < math.log(common.categories(model)) < axes.y[1]
        reply = bound.reply(model, axes, 1.0, 100, 0)
        moved = reply["send"][bound.CHART]["attributes"]
        assert moved["dot"]["d"] == axes.dot(1, found.category)
        assert moved["line"]["d"].count("L") == len(bound.SHARES) - 1
        assert all(f'data-part="{part}"' in drawn for part in moved)
    assert bound.reply(models["toy"], axes, 0, 100, 0)["text"]["ceiling"] == "2.30 nats"
    assert bound.reply(models["bare"], axes, 0, 100, 0)["text"]["continuous"] == "–"


# ---------------------------------------------------------------------------------------------------------------------
# The page
# ---------------------------------------------------------------------------------------------------------------------


def page_of(models):
    contents = page.Contents.of(infogan.CHAPTER, models, [])
    with gr.Blocks() as demo:
        for experiment in infogan.CHAPTER.experiments:
            page.draw(contents, experiment)
        if contents.models:
            infogan.CHAPTER.offer(contents.models)
    return demo


def words_of(models):
    return "\n".join(str(getattr(b, "value", "")) for b in page_of(models).blocks.values())


def test_it_shows_infogans(models, toy_card):
    assert infogan.shows(models["toy"].card)
    assert not infogan.shows(toy_card)


def test_a_model_that_lacks_a_graph_is_left_out_in_a_sentence(models):
    card = models["toy"].card
    half = dataclasses.replace(card, name="half", graphs={"generator": card.graphs["generator"]})
    model = Model(half, models["toy"].folder)
    assert "half is left out" in words_of({"half": model, "toy": models["toy"]})
    assert "half is left out" in words_of({"half": model})


def test_what_was_measured_is_on_the_page(models):
    words = words_of({"toy": models["toy"]})
    assert "No label was used" in words
    assert "2.25 nats" in page.facts(models["toy"].card)
    assert "92.0 % of test digits" in words


def of(name, **context):
    """A request as a control sends it."""
    context = {"model": name, "seed": 0} | context
    return {"value": np.zeros(2, np.float32), "context": context}


def test_one_set_of_controls_answers_for_any_model(models):
    toy = codes.show(models, of("toy", category=3))["send"][codes.BARS]
    bare = codes.show(models, of("bare", category=2))["send"][codes.BARS]
    assert (len(toy["names"]), toy["given"]) == (10, 3)
    assert (bare["names"], bare["given"]) == (["0", "1", "2"], 2)
    one = {"value": np.zeros(1, np.float32)}
    for name, k in (("toy", 10), ("bare", 3)):
        answer = grid.show(models, of(name, code=1) | one)
        assert answer["images"]["grid"][:2] == [grid.COLUMNS * 29 - 1, k * 29 - 1]


@pytest.mark.parametrize(
    ("name", "context"),
    [
        ("none", {}),
        (None, {}),
        ("bare", {"category": 7}),
        ("toy", {"category": 3, "seed": -1}),
        ("toy", {"category": "3"}),
    ],
)
def test_a_context_from_elsewhere_is_refused(models, name, context):
    with pytest.raises(BadRequest):
        codes.show(models, of(name, **context))


def test_a_model_of_other_images_does_not_read_these(models):
    card = models["bare"].card
    other = dataclasses.replace(card, dataset=dataclasses.replace(card.dataset, name="letters"))
    both = {"toy": models["toy"], "bare": Model(other, models["bare"].folder)}
    assert [*reading.alike(both)] == ["toy"]
    assert [*reading.alike(models)] == ["toy", "bare"]


# ---------------------------------------------------------------------------------------------------------------------
# Over HTTP
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(models):
    demo = page_of(models)
    demo.queue(api_open=False)
    options = launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield Client(url, verbose=False)
    demo.close()


def size_of(uri):
    kind, content = uri.split(";base64,")
    assert kind == "data:image/png"
    return Image.open(io.BytesIO(base64.b64decode(content))).size


def refused(client, *args, api_name):
    """What the visitor reads: one sentence, and nothing of the inside."""
    with pytest.raises((AppError, ValueError)) as caught:
        client.predict(*args, api_name=api_name)
    words = str(caught.value)
    assert "Traceback" not in words
    assert "site-packages" not in words
    assert "verbose error" not in words, "an error of ours, not a refusal"
    return words


def test_generate(client):
    found = client.predict("toy", 3, [0.5, -0.5], 0, api_name="/infogan_generate")
    assert size_of(found["picture"]) == (28, 28)
    assert found["digit"] == 0
    assert np.argmax(found["probabilities"]) == 3
    assert found["continuous"] == pytest.approx([0.5, -0.5], abs=1e-5)
    bare = client.predict("bare", 2, [2, -2], 0, api_name="/infogan_generate")
    assert bare["digit"] is None


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("none", 0, [0, 0], 0), "no such model"),
        ((None, 0, [0, 0], 0), "no such model"),
        (("bare", 3, [0, 0], 0), "from 0 to 2"),
        (("toy", "3", [0, 0], 0), "whole number"),
        (("toy", 3, [0], 0), "list of 2 numbers"),
        (("toy", 3, [0, 9], 0), "from -2 to 2"),
        (("toy", 3, [0, None], 0), "from -2 to 2"),
        (("toy", 3, [0, 0], -1), "The seed"),
        (("toy", 3, [0, 0], 0.5), "The seed"),
    ],
)
def test_what_cannot_be_generated_is_refused(client, args, sentence):
    assert sentence in refused(client, *args, api_name="/infogan_generate")


def test_a_grid(client):
    found = client.predict("toy", 1, [0.5], 7, api_name="/infogan_grid")
    assert size_of(found["picture"]) == (grid.COLUMNS * 29 - 1, 10 * 29 - 1)
    assert sorted(found["rows"]) == [*range(10)]
    assert found["read as their row"] == 1


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("none", 0, [0], 0), "no such model"),
        (("toy", 2, [0], 0), "from 0 to 1"),
        (("toy", 0, [0, 0], 0), "list of 1 number."),
        (("toy", 0, ["0"], 0), "must be a number"),
        (("toy", 0, [0], "x"), "The seed"),
    ],
)
def test_what_is_no_grid_is_refused(client, args, sentence):
    assert sentence in refused(client, *args, api_name="/infogan_grid")


def test_reading(client):
    found = client.predict("toy", 4, 0, api_name="/infogan_read")
    assert found["category"] == 4
    assert found["digit"] == 3
    assert len(found["probabilities"]) == 10
    assert len(found["continuous"]) == 2
    assert size_of(found["rewritten"]) == (3 * 29 - 1, 2 * 29 - 1)


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("none", 0, 0), "no such model"),
        (("bare", 0, 0), "example images of this model are missing"),
        (("toy", 12, 0), "from 0 to 11"),
        (("toy", True, 0), "whole number"),
        (("toy", 0, 2**31), "The seed"),
    ],
)
def test_what_cannot_be_read_is_refused(client, args, sentence):
    assert sentence in refused(client, *args, api_name="/infogan_read")


def test_the_bound(client):
    whole, none = (client.predict("toy", 200, p, 0, api_name="/infogan_bound") for p in (0, 1))
    assert whole["category"] == pytest.approx(whole["H of the category"], abs=0.01)
    assert none["category"] < 0
    assert none["continuous"] < whole["continuous"]
    assert client.predict("bare", 10, 0.5, 0, api_name="/infogan_bound")["continuous"] is None


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("none", 100, 0, 0), "no such model"),
        (("toy", 9, 0, 0), "from 10 to 1,000"),
        (("toy", 1e9, 0, 0), "from 10 to 1,000"),
        (("toy", 100, 1.1, 0), "The share must be a number from 0 to 1"),
        (("toy", 100, "0", 0), "The share"),
        (("toy", 100, 0, None), "The seed"),
    ],
)
def test_what_is_no_bound_is_refused(client, args, sentence):
    assert sentence in refused(client, *args, api_name="/infogan_bound")


def test_every_endpoint_has_a_test_here(client):
    named = client.view_api(return_format="dict")["named_endpoints"]
    source = Path(__file__).read_text("utf-8")
    assert len(named) == 4
    assert [name for name in named if f'"{name}"' not in source] == []
