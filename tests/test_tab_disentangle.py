"""The chapter "Disentanglement" on toys whose codes are pixels: functions, and endpoints with good and bad input."""

import base64
import dataclasses
import io
import re

import gradio as gr
import numpy as np
import pytest
import toys
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image

from gen_models.app import launch_options
from gen_models.app.chapters import disentangle
from gen_models.app.chapters.disentangle import common, leak, person, swap, walk
from gen_models.app.shell import page
from gen_models.errors import BadRequest
from gen_models.runtime import Model


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """One that is meant, two whose settings break it, one without examples; and what stands beside them."""
    root = tmp_path_factory.mktemp("exported")
    made = [
        toys.disentangle(root, "wide", k=6, leak=0.4),
        toys.disentangle(root, "none", adversary=0.0, swap=0.0, leak=0.7),
        toys.disentangle(root, "classifier", adversary=0.0, leak=0.6),
        toys.disentangle(root, "toy"),
        toys.disentangle(root, "bare", k=8, measured=False, examples=0),
        toys.vae(root, "vae", k=4, shape=(1, 28, 28), data="digits"),
        toys.features(root, "features", shape=(1, 28, 28), data="digits"),
        toys.views(root, "loose", k=6, beta=0.01, adversary=0.0, leak=0.6),
        toys.views(root, "views"),
    ]
    return {model.card.name: model for model in made}


# ---------------------------------------------------------------------------------------------------------------------
# Which models
# ---------------------------------------------------------------------------------------------------------------------


def test_the_one_that_is_meant_comes_first_and_those_that_break_it_after(models):
    assert [*common.settings(models)] == ["toy", "wide", "bare", "classifier", "none"]
    named = [common.name_of(models[name]) for name in ("toy", "classifier", "none")]
    assert named == ["Adversary and classifier, 3-D z", "Classifier, 3-D z", "Neither, 3-D z"]


def test_beside_it_stand_a_plain_vae_and_who_reads_numbers(models):
    assert common.plain_vae(models) is models["vae"]
    assert common.reader(models) is models["features"]
    alone = {"toy": models["toy"]}
    assert common.plain_vae(alone) is None
    assert common.reader(alone) is None


def test_it_shows_what_is_of_its_digits(models):
    assert all(disentangle.CHAPTER.shows(model.card) for model in models.values())
    card = models["vae"].card
    fashion = dataclasses.replace(card, dataset=dataclasses.replace(card.dataset, name="fashion"))
    assert not disentangle.CHAPTER.shows(fashion)


@pytest.mark.parametrize(
    "options", [{"beta": 4.0}, {"binarized": True}, {"likelihood": "normal"}, {"k": 2}]
)
def test_a_vae_that_is_not_plain_does_not_stand_beside(tmp_path, options):
    model = toys.vae(tmp_path, "other", **{"k": 4, "data": "digits"} | options)
    assert not disentangle.CHAPTER.shows(model.card)


def test_a_model_that_lacks_a_graph_is_left_out_in_a_sentence(models):
    card = models["toy"].card
    half = dataclasses.replace(card, name="half", graphs={"encoder": card.graphs["encoder"]})
    assert "half is left out" in disentangle.left_out(Model(half, models["toy"].folder))


@pytest.mark.parametrize("name", ["vae", "nobody", None, 3])
def test_what_is_no_code_of_two_parts_cannot_be_chosen(models, name):
    with pytest.raises(BadRequest, match="no such model"):
        common.checked_setting(models, name)


# ---------------------------------------------------------------------------------------------------------------------
# Swap
# ---------------------------------------------------------------------------------------------------------------------


def test_each_image_of_the_grid_has_the_style_of_its_row_and_the_number_of_its_column(models):
    model = models["toy"]
    x = common.examples(model)[7:8]
    styles, numbers, made = swap.swapped(model, x)
    np.testing.assert_array_equal(styles[0], x[0])
    np.testing.assert_array_equal(numbers[-1], x[0])
    for row, style in zip(made, styles, strict=True):
        for image, number in zip(row, numbers, strict=True):
            np.testing.assert_allclose(image[0, 0, :10], number[0, 0, :10], atol=1e-5)
            np.testing.assert_allclose(image[0, 0, 10:13], style[0, 0, 10:13], atol=1e-5)
    grid = swap.picture(model, styles, numbers, made)
    rows, columns = 1 + len(styles), 1 + len(numbers)
    assert grid.shape == (29 * rows - 1, 29 * columns - 1, 1)
    assert grid[14, 14, 0] == 255, "the corner is paper"


def request(value, **context):
    return {"value": value, "context": context}


def test_the_reply_has_the_numbers_of_the_chosen_setting(models):
    image = models["toy"].examples()[3][..., 0]
    toy, none = (swap.show(models, request(image, model=name))["text"] for name in ("toy", "none"))
    assert (toy["leak"], none["leak"]) == ("15.0 %", "70.0 %")
    assert toy["class"] == "97.0 %"
    assert toy["error"] == "0.0"
    drawn = np.zeros((112, 112), np.uint8)
    drawn[20:90, 50:60] = 255
    assert float(swap.show(models, request(drawn, model="toy"))["text"]["error"]) > 10


def test_an_empty_canvas_and_a_missing_model_are_refused_in_a_sentence(models):
    with pytest.raises(BadRequest, match="canvas is empty") as refused:
        swap.show(models, request(np.zeros((112, 112), np.uint8), model="toy"))
    assert refused.value.text.keys() == {
        "leak",
        "class",
        "slant",
    }  # of test digits, not of the drawing
    assert refused.value.text["leak"] == "15.0 %"
    image = models["toy"].examples()[3][..., 0]
    with pytest.raises(BadRequest, match="no such model"):
        swap.show(models, request(image, model="vae"))
    with pytest.raises(BadRequest, match="example images of this model are missing"):
        swap.show(models, request(image, model="bare"))


# ---------------------------------------------------------------------------------------------------------------------
# Walk
# ---------------------------------------------------------------------------------------------------------------------


def test_one_walk_moves_the_style_alone_and_the_other_the_number_alone(models):
    model = models["toy"]
    ends = common.examples(model)[[2, 17]]
    found = walk.walks(model, models["vae"], ends)
    assert [*found] == [*walk.WALKS]
    t = np.array([0, 0.25, 1])
    style, number = (found[name].at(t)[:, 0, 0] for name in ("style", "number"))
    a, b = ends[:, 0, 0, :13]
    between = a + t[:, None] * (b - a)
    for part, moving, fixed in ((slice(10, 13), style, number), (slice(0, 10), number, style)):
        np.testing.assert_allclose(moving[:, part], between[:, part], atol=1e-5)
        np.testing.assert_allclose(fixed[:, part], np.tile(a[part], (3, 1)), atol=1e-5)
    assert found["plain"].at(t).shape == (3, 1, 28, 28)


def test_the_reply_of_a_walk(models):
    reply = walk.show(models, request(np.float32([0.5]), model="toy", ends=[2, 17]))
    assert {*reply["images"]} == {each for name in walk.WALKS for each in (name, f"{name}-path")}
    assert reply["images"]["style-path"][:2] == [29 * walk.FRAMES - 1, 28]
    assert re.fullmatch(r"a \d, slant −?\d\.\d\d", reply["text"]["plain"])
    assert reply["text"]["plain-kept"] == "13 of 13", "this reader reads the same everywhere"
    alone = walk.show({"toy": models["toy"]}, request([0.5], model="toy", ends=[2, 17]))
    assert {*alone["images"]} == {"style", "style-path", "number", "number-path"}


@pytest.mark.parametrize("ends", [None, [1], [1, 2, 3], [0, 20], [0, True], ["0", 1], [0.5, 1]])
def test_a_walk_between_no_examples_is_refused(models, ends):
    with pytest.raises(BadRequest):
        walk.show(models, request(np.float32([0.5]), model="toy", ends=ends))


# ---------------------------------------------------------------------------------------------------------------------
# Leak
# ---------------------------------------------------------------------------------------------------------------------


def test_each_model_has_a_bar_as_long_as_its_leak(models):
    found = [models[name] for name in ("toy", "none", "bare")]
    svg = leak.bars(found, "linear", "sample")
    widths = [float(w) for w in re.findall(r'width="([\d.]+)"', svg)]
    assert widths == [0.15 * leak.WIDE, 0.7 * leak.WIDE, 0]
    assert "not measured" in svg
    assert "70.0 %" in leak.figures(found, "linear", "sample")
    assert leak.together(found).count("\n") == 4


# ---------------------------------------------------------------------------------------------------------------------
# Person and view
# ---------------------------------------------------------------------------------------------------------------------


def test_the_one_that_keeps_the_person_out_of_z_comes_first(models):
    assert [*person.settings(models)] == ["views", "loose"]
    assert [person.name_of(model) for model in person.settings(models).values()] == [
        "3-D z, β = 1, adversary", "6-D z, β = 0.01, no adversary",
    ]  # fmt: skip


def test_a_swap_of_heads_is_the_person_in_the_other_view(models):
    model = models["views"]
    truth = model.sheet("swaps")
    for i, j in ((0, 3), (2, 1), (3, 3)):
        assert person.error(person.swap(model, i, j, 1.0), truth[i, j]) < 1e-3
        assert person.error(person.swap(model, i, j, 0.0), truth[i, i]) < 1e-3
    halfway = person.swap(model, 0, 2, 0.5)
    assert person.error(halfway, truth[0, 1]) < 1e-3, "the z of toys lie on a line, evenly spaced"


def test_the_grid_has_a_person_a_column_and_a_view_a_row(models):
    model = models["views"]
    grid, truth = person.grid(model), model.sheet("swaps")
    side, n = 16, len(truth)
    assert grid.shape == ((n + 1) * (side + 1),) * 2 + (3,)
    for i in range(n):
        for j in range(n):
            top, left = (1 + j) * (side + 1), (1 + i) * (side + 1)
            tile = grid[top : top + side, left : left + side]
            np.testing.assert_allclose(tile.astype(int), truth[i, j], atol=1)


def test_the_reply_of_a_swap_of_heads(models):
    context = {"model": "views", "person": 1, "view": 3}
    reply = person.show(models, request(np.float32([1.0]), **context) | {"changed": ["value"]})
    assert {*reply["images"]} == {"swap", "truth"}, "the grid does not depend on t"
    assert reply["text"] == {
        "error": "0.000", "copy": reply["text"]["copy"], "person": "0.05", "view": "0.85",
    }  # fmt: skip
    assert float(reply["text"]["copy"]) > 0
    first = person.show(
        models, request(np.float32([0.0]), **context) | {"changed": ["model", "value"]}
    )
    assert {*first["images"]} == {"swap", "truth", "grid"}
    assert float(first["text"]["error"]) > 0, "at t = 0 it is not yet that view"
    assert (
        person.show(models, request([1.0], **context | {"model": "loose"}))["text"]["person"]
        == "0.60"
    )


@pytest.mark.parametrize("wrong", [{"person": 4}, {"view": -1}, {"view": None}, {"person": True}])
def test_a_head_that_is_not_there_is_refused(models, wrong):
    context = {"model": "views", "person": 1, "view": 3} | wrong
    with pytest.raises(BadRequest, match="The number of a head"):
        person.show(models, request(np.float32([1.0]), **context))


def test_in_the_grid_the_chosen_pair_has_a_frame(models):
    model = models["views"]
    plain, framed = person.grid(model), person.framed(model, 1, 3)
    rows, columns = np.nonzero((plain != framed).any(-1))
    assert rows.min() // 17 in (3, 4)
    assert 4 * 17 - 1 <= rows.min() <= rows.max() <= 5 * 17 - 1
    assert 2 * 17 - 1 <= columns.min() <= columns.max() <= 3 * 17 - 1
    assert (framed[4 * 17 - 1, 2 * 17 : 3 * 17] == 0).all()


def test_the_table_has_the_person_and_then_the_view(models):
    rows = person.table(models["views"]).splitlines()
    assert [row.split("|")[1].strip() for row in rows[2:]] == [
        "all of the person", "all of the view", "turn (yaw)",
    ]  # fmt: skip
    assert [cell.strip() for cell in rows[4].split("|")[2:5]] == ["0.98", "0.01", "0.97"]


def test_a_model_of_heads_without_its_images_is_left_out_in_a_sentence(tmp_path):
    bare = toys.views(tmp_path, "bare", sheets=False)
    assert "bare is left out: its images of persons are missing" in disentangle.left_out(bare)
    assert disentangle.left_out(toys.views(tmp_path, "whole")) is None


# ---------------------------------------------------------------------------------------------------------------------
# The page, and over HTTP
# ---------------------------------------------------------------------------------------------------------------------


def page_of(models):
    contents = page.Contents.of(disentangle.CHAPTER, models, [])
    with gr.Blocks() as demo:
        for experiment in disentangle.CHAPTER.experiments:
            page.draw(contents, experiment)
        disentangle.CHAPTER.offer(contents.models)
    return demo


def test_without_a_code_of_two_parts_the_page_says_how_to_train_one(models):
    demo = page_of({"vae": models["vae"]})
    words = "\n".join(str(getattr(block, "value", "")) for block in demo.blocks.values())
    assert words.count("python -m training.disentangle --name NAME") >= 3
    assert "python -m training.disentangle_views --name NAME" in words
    assert disentangle.CHAPTER.thumbnail({"vae": models["vae"]}) is None


def test_the_chapter_has_an_image(models):
    assert disentangle.CHAPTER.thumbnail(models).dtype == np.uint8


@pytest.fixture(scope="module")
def client(models):
    demo = page_of(models)
    demo.queue(api_open=False)
    options = launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield Client(url, verbose=False)
    demo.close()


def size_of(uri):
    return Image.open(io.BytesIO(base64.b64decode(uri.split(";base64,")[1]))).size


def test_what_is_offered(client):
    found = client.predict("toy", 3, 8, api_name="/disentangle_swap")
    assert size_of(found["picture"]) == (28, 28)
    assert found["class read from z"] == 0.15
    found = client.predict("toy", 3, 8, "plain", 0.5, api_name="/disentangle_walk")
    assert size_of(found["picture"]) == (28, 28)
    found = client.predict("views", 1, 3, 1.0, api_name="/disentangle_person")
    assert size_of(found["picture"]) == size_of(found["rendered"]) == (16, 16)
    assert found["error"] < 1e-3
    found = client.predict("linear", "mean", api_name="/disentangle_leak")
    assert found == {"toy": 0.15, "wide": 0.4, "bare": None, "classifier": 0.6, "none": 0.7}


@pytest.mark.parametrize(
    ("name", "args", "sentence"),
    [
        ("swap", ("nobody", 0, 0), "no such model"),
        ("swap", ("vae", 0, 0), "no such model"),
        ("swap", ("toy", 20, 0), "from 0 to 19"),
        ("swap", ("toy", 0, "1"), "whole number"),
        ("swap", ("bare", 0, 0), "example images of this model are missing"),
        ("walk", ("toy", 0, 1, "both", 0.5), "must be one of: style, number, plain"),
        ("walk", ("toy", 0, -1, "style", 0.5), "from 0 to 19"),
        ("walk", ("toy", 0, 1, "style", 2), "from 0 to 1"),
        ("walk", ("toy", 0, 1, "style", None), "from 0 to 1"),
        ("person", ("toy", 0, 1, 1.0), "no such model"),
        ("person", ("views", 0, 4, 1.0), "from 0 to 3"),
        ("person", ("views", 0, 1, 1.5), "from 0 to 1"),
        ("leak", ("deep", "mean"), "must be one of: perceptron, linear"),
        ("leak", ("linear", 3), "must be one of: mean, sample"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(client, name, args, sentence):
    with pytest.raises((AppError, ValueError)) as caught:
        client.predict(*args, api_name=f"/disentangle_{name}")
    words = str(caught.value)
    assert sentence in words
    assert "Traceback" not in words
