"""The chapter "Progressive GAN" on toys whose α can be read off: functions, and endpoints with good and bad input."""

import base64
import io
import re

import gradio as gr
import numpy as np
import pytest
import toys
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image
from toys.progan import board_of

from gen_models.app import launch_options
from gen_models.app.chapters import progan
from gen_models.app.chapters.progan import common, fade, growth, levels
from gen_models.app.shell import page
from gen_models.errors import BadRequest


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """One that is meant, two whose settings break it, and one without examples and numbers."""
    root = tmp_path_factory.mktemp("exported")
    made = [
        toys.progan(root, "abrupt", fade=0),
        toys.progan(root, "loose", minibatch_std=False),
        toys.progan(root, "toy"),
        toys.progan(root, "bare", sides=(4, 8), measured=False, examples=0),
    ]
    return {model.card.name: model for model in made}


def page_of(models):
    contents = page.Contents.of(progan.CHAPTER, models, [])
    with gr.Blocks() as demo:
        for experiment in progan.CHAPTER.experiments:
            page.draw(contents, experiment)
        progan.CHAPTER.offer(contents.models)
    return demo


# ---------------------------------------------------------------------------------------------------------------------
# Which models
# ---------------------------------------------------------------------------------------------------------------------


def test_the_one_that_is_meant_comes_first_and_those_that_break_it_after(models):
    assert [*common.settings(models)] == ["toy", "bare", "loose", "abrupt"]
    assert common.name_of(models["toy"]) == "Fade-in"
    assert common.name_of(models["abrupt"]) == "Without fade-in"
    assert common.name_of(models["loose"]) == "Fade-in, no minibatch statistics"


def test_a_model_without_a_graph_or_its_film_is_left_out_and_said(models):
    assert all(progan.left_out(model) is None for model in models.values())
    model = models["toy"]
    card = model.card
    for part, held in (("graphs", card.graphs), ("sheets", card.sheets)):
        without = {role: each for role, each in held.items() if role not in ("fade_8", "film")}
        broken = type(model)(card.__class__(**{**card.__dict__, part: without}), model.folder)
        assert "left out" in progan.left_out(broken)


# ---------------------------------------------------------------------------------------------------------------------
# Growth
# ---------------------------------------------------------------------------------------------------------------------


def test_the_film_says_how_far_the_networks_had_grown(models):
    model = models["toy"]  # 640 images a level, 4 frames a level, a fade of 320 images
    seen = [growth.moment(model, i) for i in range(growth.count(model))]
    assert [m.level for m in seen] == [0] * 4 + [1] * 4 + [2] * 4
    assert [m.alpha for m in seen] == [1, 1, 1, 1, 0.4, 1, 1, 1, 0.4, 1, 1, 1]
    assert seen[0].seen == 128
    assert seen[-1].seen == 1920
    text = growth.at(model, 1.0)["text"]
    assert text == {"side": "16 × 16", "alpha": "1.00", "seen": "1,920"}
    assert growth.at(model, 0.0)["text"]["side"] == "4 × 4"


def test_the_drawing_shows_the_block_that_fades_in(models):
    model = models["toy"]
    facts = common.facts_of(model)
    moved = growth.attributes(facts, growth.moment(model, 4))
    assert moved["G0"]["fill-opacity"] == moved["D0"]["fill-opacity"] == "0.45"
    assert moved["G1"]["fill-opacity"] == "0.18"  # 0.4 of it
    assert moved["G2"]["fill-opacity"] == "0.00"
    assert [moved[f"way{i}"]["opacity"] for i in range(3)] == ["0.60", "0.40", "0.00"]
    drawn = growth.drawing(facts)
    assert all(f"data-part='{name}'" in drawn for name in moved)


def test_the_frame_is_that_of_the_moment(models):
    frames = growth.frames(models["toy"])
    assert frames.shape == (12, 36, 16, 16, 3)
    assert np.abs(frames[:, 0, 0, 0, 0] - 10.0 * np.arange(12)).max() <= 2


# ---------------------------------------------------------------------------------------------------------------------
# Fade-in
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.0, 0.25, 1.0])
def test_a_level_at_alpha_and_real_images_as_sharp(models, alpha):
    found = fade.faded(models["toy"], 2, alpha, 0)
    expected = 0.5 + alpha * (board_of(16) - 0.5)
    assert found.mixed.shape == (fade.MEASURED, 3, 16, 16)
    assert np.allclose(found.mixed, expected, atol=1e-6)
    assert np.allclose(found.real, expected, atol=0.01)  # the same chessboard, halved to grey
    assert np.allclose(found.below, 0.5)
    assert np.allclose(found.new, board_of(16))
    assert common.contrast(found.mixed) == pytest.approx(alpha / 2, abs=1e-6)


def test_what_alpha_answers(models):
    context = {"model": "toy", "side": 16, "seed": 0}
    reply = fade.show(models, {"value": np.array([0.5]), "context": context})
    assert reply["text"] == {"contrast": "63.8", "contrast-real": "63.8", "apart": "127.5"}
    assert reply["images"].keys() == {"x", "real", "below", "new"}


@pytest.mark.parametrize(
    ("context", "sentence"),
    [
        ({"model": "nobody"}, "no such model"),
        ({"model": "abrupt"}, "levels are there at once"),
        ({"side": 4}, "must be one of 8, 16"),
        ({"side": "8"}, "must be one of 8, 16"),
        ({"side": None}, "must be one of 8, 16"),
        ({"seed": -1}, "seed"),
        ({"model": "bare", "side": 8}, "example images of this model are missing"),
    ],
)
def test_what_alpha_refuses(models, context, sentence):
    context = {"model": "toy", "side": 8, "seed": 0} | context
    with pytest.raises(BadRequest, match=sentence):
        fade.show(models, {"value": np.array([0.5]), "context": context})


# ---------------------------------------------------------------------------------------------------------------------
# Levels
# ---------------------------------------------------------------------------------------------------------------------


def test_the_same_z_at_every_level(models):
    model = models["toy"]
    start, end = levels.on_the_way(model, 0, 0.0), levels.on_the_way(model, 0, 1.0)
    assert np.allclose(np.concatenate([start, end]), common.draw(model, 0, 8), atol=1e-6)
    found = levels.images(model, start)
    assert [*found] == [4, 8, 16]
    grey = np.clip(0.5 + start[:, 0] / 8, 0, 1)
    for x in found.values():
        assert np.allclose(x.mean((1, 2, 3)), grey, atol=1e-6)
    assert levels.moved(found[8], found[16]) == pytest.approx(0, abs=1e-6)
    assert levels.moved(np.zeros((1, 1, 4, 4)), np.ones((1, 1, 8, 8))) == 1
    assert levels.between(np.array([0.0, 0.0, 1.0]).reshape(3, 1, 1, 1)) == pytest.approx(2 / 3)
    request = {"value": np.array([0.0]), "context": {"model": "toy", "seed": 0}}
    text = levels.show(models, request)["text"]
    assert text["at16"].startswith("shrunk, 0.0 of 255")
    assert text["moved"] == "0.0"
    assert text["others"] == f"{255 * levels.between(grey.reshape(4, 1, 1, 1)):.1f}"


def test_bars_of_what_was_measured(models):
    model = models["toy"]
    assert levels.ungrown(model) == "other"
    assert levels.distances(model) == {
        16: {"grown": 20.0, "ungrown": 40.0, "real": 5.0},
        8: {"grown": 10.0},
    }
    drawn = levels.bars(model)
    widths = re.findall(r'<rect x="92" y="[^"]*" width="([\d.]+)"', drawn)
    assert [float(width) for width in widths[:4]] == [150, 300, 37.5, 75]
    assert "other, not grown" in drawn
    assert "15.0" in levels.figures(model)
    assert levels.figures(models["bare"]) == levels.bars(models["bare"]) == ""


def test_the_factor_that_is_covered_least_comes_first(models):
    head, _, *rows = levels.coverage(models["toy"]).splitlines()
    assert head == "| factor | grown | other, not grown | real images |"
    assert rows == ["| hair style | 0.60 | 0.70 | 0.97 |", "| beard | 0.90 | 0.80 | 0.95 |"]
    assert levels.coverage(models["bare"]) == ""


# ---------------------------------------------------------------------------------------------------------------------
# The page
# ---------------------------------------------------------------------------------------------------------------------


def test_without_a_model_it_says_how_to_make_one():
    demo = page_of({})
    words = " ".join(str(getattr(block, "value", "")) for block in demo.blocks.values())
    assert "training.progan" in words


def test_without_a_fade_nothing_fades(models):
    demo = page_of({"abrupt": models["abrupt"]})
    words = " ".join(str(getattr(block, "value", "")) for block in demo.blocks.values())
    assert "To fade a level in, train a GAN that does" in words


def test_its_thumbnail_is_an_image(models):
    assert progan.CHAPTER.thumbnail(models).dtype == np.uint8
    assert progan.CHAPTER.thumbnail({}) is None


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
    found = client.predict("toy", 4, api_name="/progan_frame")
    assert size_of(found["picture"]) == (6 * 17 - 1, 6 * 17 - 1)
    assert (found["images seen"], found["side"], found["alpha"]) == (768, 8, 0.4)
    found = client.predict("toy", 16, 0.5, 3, api_name="/progan_fade")
    assert size_of(found["picture"]) == size_of(found["real"]) == (50, 50)
    assert found["contrast"] == pytest.approx(0.25)
    found = client.predict("toy", 3, 0.5, api_name="/progan_levels")
    assert [size_of(found["pictures"][side]) for side in ("4", "16")] == [(9, 9), (33, 33)]
    assert found["distances"]["16"]["real"] == 5.0


@pytest.mark.parametrize(
    ("name", "args", "sentence"),
    [
        ("frame", ("nobody", 0), "no such model"),
        ("frame", ("toy", 12), "from 0 to 11"),
        ("frame", ("toy", "1"), "whole number"),
        ("fade", ("toy", 5, 0.5, 0), "one of 8, 16"),
        ("fade", ("abrupt", 8, 0.5, 0), "at once"),
        ("fade", ("toy", 8, 1.5, 0), "from 0 to 1"),
        ("fade", ("toy", 8, None, 0), "from 0 to 1"),
        ("fade", ("toy", 8, 0.5, -1), "from 0 to"),
        ("levels", ("toy", 0.5, 0), "whole number"),
        ("levels", ("toy", 0, 2), "from 0 to 1"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(client, name, args, sentence):
    with pytest.raises((AppError, ValueError)) as caught:
        client.predict(*args, api_name=f"/progan_{name}")
    words = str(caught.value)
    assert sentence in words
    assert "Traceback" not in words
