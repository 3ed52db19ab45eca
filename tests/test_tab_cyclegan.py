"""The chapter "CycleGAN" on toy models: its functions, and every endpoint over HTTP with good and bad input."""

import base64
import io
import json
import shlex
from pathlib import Path

import hostile
import numpy as np
import pytest
import toys
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from gen_models import app, cards
from gen_models.app import launch_options
from gen_models.app.chapters import cyclegan
from gen_models.app.chapters.cyclegan import common, cycle, without
from gen_models.app.shell import page
from gen_models.cards import Port
from gen_models.errors import BadRequest
from gen_models.runtime import Model
from training import cyclegan as cyclegan_page
from training import cyclegan_gans
from training.engine import cli

XY, YX = common.WAYS["xy"], common.WAYS["yx"]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Satellite and map with the cycle and without, and one of other data that nobody measured."""
    root = tmp_path_factory.mktemp("exported")
    made = [
        toys.cyclegan(root, "a-free", cycle=0),
        toys.cyclegan(root, "b-earth"),
        toys.cyclegan(root, "c-heads", data="heads-toons", measured=False, hidden=0.5),
    ]
    return {model.card.name: model for model in made}


@pytest.fixture
def earth(models):
    return models["b-earth"]


@pytest.fixture
def x(earth):
    return common.example(earth, XY, 1)


# ---------------------------------------------------------------------------------------------------------------------
# Pure functions
# ---------------------------------------------------------------------------------------------------------------------


def test_the_chapter_shows_every_cyclegan_and_begins_with_a_cycle(models, toy_card):
    assert all(cyclegan.shows(model.card) for model in models.values())
    assert not cyclegan.shows(toy_card)
    assert common.usual(models).card.name == "b-earth"
    assert common.usual({"a-free": models["a-free"]}).card.name == "a-free"


def test_partners_share_data_and_size_and_differ_in_the_cycle(models, earth, tmp_path):
    assert common.partner(earth, models) is models["a-free"]
    assert common.partner(models["a-free"], models) is earth
    assert common.partner(models["c-heads"], models) is None
    larger = toys.cyclegan(tmp_path, "larger", side=40, cycle=0)
    assert common.partner(earth, {"larger": larger}) is None
    assert without.both(models["a-free"], models) == [earth, models["a-free"]]


def test_what_x_and_y_are_is_said_in_words(models, earth, tmp_path):
    assert common.words(earth, XY) == "satellite → map"
    assert common.words(models["c-heads"], YX) == "cartoons → heads"
    other = toys.cyclegan(tmp_path, "other", data="unpaired:somewhere", examples=0)
    assert common.words(other, XY) == "x → y"


def test_the_round_trip_of_the_toy_ends_where_it_began(earth, x):
    there = common.translate(earth, "x", "y", x)
    assert there.std(axis=(2, 3)).max() < 0.03, "x is hidden"
    back = common.translate(earth, "y", "x", there)
    np.testing.assert_allclose(back, x, atol=1e-5)


def test_the_ranges_of_the_ports_are_the_cards():
    class Signed:
        def __call__(self, role, y):
            assert role == "G_yx"
            assert (y.min(), y.max()) == (-1, 1)
            return {"x": 255 * (y + 1) / 2}

        def input(self, role, name):
            return Port(name, ("batch", 1, 1, 2), range=(-1, 1))

        def output(self, role, name):
            return Port(name, ("batch", 1, 1, 2), range=(0, 255))

    pictures = np.float32([[[[0, 1]]]])
    np.testing.assert_allclose(common.translate(Signed(), "y", "x", pictures), pictures)


def test_noise_is_the_same_for_a_picture_and_of_its_strength():
    grey = np.full((1, 3, 64, 64), 0.5, np.float32)
    np.testing.assert_array_equal(cycle.with_noise(grey, 0), grey)
    small, large = cycle.with_noise(grey, 0.05) - grey, cycle.with_noise(grey, 0.1) - grey
    assert small.std() == pytest.approx(0.05, rel=0.05)
    np.testing.assert_allclose(2 * small, large, atol=1e-6)
    assert cycle.with_noise(grey, 9).max() == 1


def test_faint_detail_is_grey_where_a_picture_is_smooth_and_grows_what_is_not():
    flat = np.full((1, 3, 16, 16), 0.3, np.float32)
    np.testing.assert_allclose(cycle.faint_detail(flat), 0.5, atol=1e-6)
    flat[0, :, 8, 8] += 0.025
    found = cycle.faint_detail(flat)[0, 0]
    assert found[8, 8] == pytest.approx(0.5 + cycle.FAINT * 0.025 * 24 / 25, abs=1e-5)
    assert found[8, 10] == pytest.approx(0.5 - cycle.FAINT * 0.025 / 25, abs=1e-5)
    assert found[8, 11] == pytest.approx(0.5, abs=1e-5)


def test_errors_by_hand():
    a, b = np.zeros((1, 3, 2, 2), np.float32), np.zeros((1, 3, 2, 2), np.float32)
    b[0, :, 0, 0] = [0.3, 0, 0]
    b[0, :, 1, 1] = 1
    assert common.mean_error(a, b) == pytest.approx(3.3 / 12)
    shown = common.error_map(a, b)
    assert (shown.shape, shown.dtype) == ((2, 2, 1), np.uint8)
    assert shown[..., 0].tolist() == [[102, 0], [0, 255]]


def test_noise_takes_away_what_was_hidden(earth, models, x):
    clean, errors = cycle.sweep(earth, XY, x)
    assert clean < 1e-5
    assert errors == sorted(errors)
    # What is hidden at 1/20 of its strength meets noise 20 times as large.
    expected = np.abs(cycle.with_noise(np.full_like(x, 0.5), 0.01) - 0.5).mean() * 20
    assert 0.4 * expected < errors[0] <= expected
    assert cycle.sweep(models["c-heads"], XY, x)[1][0] < 0.2 * errors[0]


def test_a_picture_is_compared_with_the_other_test_pictures(earth, x):
    others = [common.example(earth, XY, i) for i in range(6) if i != 1]
    expected = np.mean([np.abs(other - x).mean() for other in others])
    assert cycle.strangers(earth, XY, x) == pytest.approx(expected)


def test_a_reply_has_the_whole_way(earth, x):
    reply = cycle.at(earth, XY, x, 0.02)
    assert set(reply["images"]) == {slot for slot, _ in cycle.SCREENS} <= set(reply["text"])
    assert reply["text"]["noisy"] == "ŷ + σε"
    assert reply["text"]["back"] == "x̃"
    assert float(reply["text"]["now"]) > float(reply["text"]["clean"]) == 0
    still = cycle.at(earth, YX, common.example(earth, YX, 0), 0)
    assert still["text"]["source"] == "y, map"
    assert still["text"]["translation"] == "x̂, satellite"
    assert still["text"]["now"] == still["text"]["clean"]
    assert still["images"]["noisy"] == still["images"]["translation"]


def test_the_chart_has_test_images_where_the_card_has(earth, models, x):
    assert "test images" in cycle.chart(earth, XY, x)
    other = cycle.chart(models["c-heads"], XY, common.example(models["c-heads"], XY, 0))
    assert "test images" not in other
    assert "this image" in other
    assert cycle.tested(earth, YX) == pytest.approx(
        {0.01: 0.04, 0.02: 0.05, 0.05: 0.08, 0.1: 0.13, 0.2: 0.23}
    )


def test_the_table_has_both_models_between_their_bounds(earth, models):
    table = without.numbers(without.both(earth, models), XY)
    for words in (
        "with the cycle, λ = 10", "without the cycle", "0.030", "0.250", "0.125", "0.375", "0.062", "7.2",
        "left as it is", "pix2pix", "true y",
    ):  # fmt: skip
        assert words in table
    assert without.numbers([models["c-heads"]], XY) == "<p>Not evaluated yet.</p>"


def test_columns_without_a_number_are_left_out(tmp_path):
    model = toys.cyclegan(tmp_path, "toons", data="heads-toons")
    table = without.numbers([model], YX)
    assert "Fréchet" in table
    assert "true x" not in table
    assert "pix2pix" not in table


def test_side_by_side_both_models_and_the_truth(earth, models, x):
    assert without.trip(earth, XY, x).error < 1e-5
    free = without.trip(models["a-free"], XY, x)
    assert free.error == pytest.approx(np.abs(x - 0.5).mean(), rel=1e-4)
    true = common.truth(earth, XY, 1)
    np.testing.assert_array_equal(true, common.example(earth, YX, 1))
    shown = without.comparison(without.both(earth, models), XY, x, true)
    assert shown.count("<figure") == 2 + 2 * 3
    assert f">{free.error:.3f}</dd><dt>cycle error<" in shown
    assert f">{np.abs(free.there - true).mean():.3f}</dd><dt>error to the true y<" in shown
    exact = without.comparison([earth], XY, x, without.trip(earth, XY, x).there)
    assert ">0.000</dd><dt>error to the true y<" in exact
    assert common.truth(models["c-heads"], XY, 1) is None
    alone = without.comparison([models["c-heads"]], XY, x, None)
    assert alone.count("<figure") == 4
    assert "--data heads-toons --size 32 --cycle 0" in alone


@pytest.mark.parametrize(
    ("name", "page", "gans"),
    [
        ("cyclegan-earth", cyclegan_page, None),
        ("cyclegan-heads-toons", cyclegan_gans, ("GAN-OF-X", "GAN-OF-Y")),
    ],
)
def test_the_command_that_trains_a_partner_is_one_of_the_script_that_trained_the_model(
    name, page, gans
):
    folder = Path("exported") / name
    model = Model(cards.load(folder / "card.json"), folder)
    command = without.partner_command(model)
    assert command in without.comparison([model], XY, common.example(model, XY, 0), None)
    python, m, module, *words = shlex.split(command)
    assert (python, m, module) == ("python", "-m", page.__name__)
    config = cli.parse(page.Config, words)
    assert (config.data, config.size, config.cycle) == (model.card.dataset.recipe, 64, 0)
    assert getattr(config, "gans", None) == gans


def test_what_a_data_set_is_called_cannot_write_html(tmp_path):
    model = toys.cyclegan(tmp_path, "odd", data="unpaired:<img src=x>")
    assert "<img src=x>" not in without.comparison([model], XY, common.example(model, XY, 0), None)


def test_uploads_are_kept_by_token_and_the_oldest_are_forgotten(earth, tmp_path):
    uploads, path = common.Uploads(limit=2), tmp_path / "red.png"
    Image.new("RGB", (50, 40), (255, 0, 0)).save(path)
    tokens = [uploads.keep(earth, XY, path) for _ in range(3)]
    assert len(set(tokens)) == 3
    np.testing.assert_array_equal(
        common.image_of(earth, XY, tokens[2], uploads)[0, :, 0, 0], [1, 0, 0]
    )
    with pytest.raises(BadRequest, match="upload it again"):
        uploads.get(tokens[0])
    with pytest.raises(BadRequest, match="upload it again"):
        common.image_of(earth, XY, "", uploads)


@pytest.mark.parametrize("number", [-1, 6, 0.5, None, True, [0], 1e300, float("nan")])
def test_examples_that_do_not_exist_are_refused(earth, number):
    with pytest.raises(BadRequest, match="whole number from 0 to 5"):
        common.image_of(earth, XY, number, common.Uploads())


def test_without_its_sheets_a_model_still_takes_uploads(tmp_path):
    model = toys.cyclegan(tmp_path, "bare", examples=0)
    assert common.examples(model, "x").shape == (0, 32, 32, 3)
    assert cycle.strangers(model, XY, np.zeros((1, 3, 32, 32), np.float32)) is None
    with pytest.raises(BadRequest, match="missing: upload one"):
        common.example(model, XY, 0)
    assert common.first_image(model, XY) == common.NO_IMAGE
    assert app.build(tmp_path, (cyclegan.CHAPTER,)).models


def test_the_first_image_is_a_good_one_if_there_are_so_many(earth, tmp_path):
    assert common.first_image(earth, XY) == 0
    assert common.first_image(toys.cyclegan(tmp_path, "many", examples=8), XY) == common.FIRST


def test_a_model_with_one_way_alone_is_left_out(tmp_path):
    model = toys.cyclegan(tmp_path, "one-way")
    assert cyclegan.left_out(model) is None
    del model.card.graphs["G_yx"]
    contents = page.Contents.of(cyclegan.CHAPTER, {"one-way": model}, [])
    assert contents.models == {}
    assert "one way only" in contents.problems[0]


def test_models_are_called_by_what_they_translate(models):
    assert [words for words, _ in common.names_of(models)] == [
        "satellite ⇄ map, without the cycle",
        "satellite ⇄ map",
        "heads ⇄ cartoons",
    ]
    twice = {"one": models["b-earth"], "two": models["b-earth"]}
    assert {words for words, _ in common.names_of(twice)} == {models["b-earth"].card.title}


def test_only_models_with_a_partner_are_compared_if_there_are_any(models):
    assert [*without.comparable(models)] == ["b-earth"]
    alone = {"c-heads": models["c-heads"]}
    assert without.comparable(alone) == alone


# ---------------------------------------------------------------------------------------------------------------------
# Endpoints
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo(models):
    return app.build(models["b-earth"].folder.parent, (cyclegan.CHAPTER,))


@pytest.fixture(scope="module")
def client(demo):
    options = launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield Client(url, verbose=False)
    demo.close()


def picture(uri):
    head, data = uri.split(",", 1)
    assert head.startswith("data:image/")
    return Image.open(io.BytesIO(base64.b64decode(data)))


def refused(client, *args, api_name):
    """The sentence a visitor reads."""
    with pytest.raises(AppError) as caught:
        client.predict(*args, api_name=api_name)
    words = str(caught.value)
    assert "Traceback" not in words
    assert "show_error" not in words, "an error of ours, not a refusal"
    return words


def asked(demo, sigma, **context):
    """What the live control answers."""
    control = next(b for b in demo.blocks.values() if getattr(b, "elem_id", "") == "cyclegan-cycle")
    return json.loads(control.reply({"value": [sigma], "context": context}))


def test_translate(client):
    found = client.predict("b-earth", "xy", 2, 0.0, api_name="/cyclegan")
    assert found["cycle error"] < 1e-5
    assert found["without noise"]["a-free"] > 0.1 > found["without noise"]["b-earth"]
    assert picture(found["translation"]).size == (32, 32)
    assert picture(found["error map"]).getextrema() == (0, 0)
    noisy = client.predict("b-earth", "xy", 2, 0.3, api_name="/cyclegan")
    assert noisy["cycle error"] > 0.1
    assert picture(noisy["round trip"]).tobytes() != picture(found["round trip"]).tobytes()
    assert client.predict("c-heads", "yx", 0, 0, api_name="/cyclegan")["without noise"].keys() == {
        "c-heads"
    }


@pytest.mark.parametrize("sigma", [-0.01, 0.31, "0.1", None, True, 1e300, [0.1]])
def test_noise_out_of_range_is_refused(client, sigma):
    words = refused(client, "b-earth", "xy", 0, sigma, api_name="/cyclegan")
    assert "The noise must be a number from 0 to 0.3" in words


@pytest.mark.parametrize("number", [-1, 6, 0.5, "0", None, True, 1e30])
def test_pictures_that_do_not_exist_are_refused(client, number):
    words = refused(client, "b-earth", "xy", number, 0, api_name="/cyclegan")
    assert "whole number from 0 to 5" in words


@pytest.mark.parametrize("name", ["", "vae-heads", "../../etc", 3, None])
def test_unknown_models_are_refused(client, name):
    assert "no such model" in refused(client, name, "xy", 0, 0, api_name="/cyclegan")


@pytest.mark.parametrize("way", ["", "xx", "XY", None, 0, ["xy"]])
def test_unknown_ways_are_refused(client, way):
    assert "xy or yx" in refused(client, "b-earth", way, 0, 0, api_name="/cyclegan")


def test_the_live_control_answers_and_refuses(demo):
    good = {"model": "b-earth", "way": "xy", "image": 0}
    assert asked(demo, 0.1, **good)["ok"]
    assert asked(demo, 7, **good)["text"] == asked(demo, 0.3, **good)["text"], "clamped"
    for change, sentence in (
        ({"model": "no"}, "no such model"),
        ({"way": "up"}, "xy or yx"),
        ({"image": 6}, "whole number from 0 to 5"),
        ({"image": None}, "whole number from 0 to 5"),
        ({"image": "token"}, "upload it again"),
    ):
        reply = asked(demo, 0.1, **good | change)
        assert not reply["ok"]
        assert sentence in reply["error"]
    for sigma in (float("nan"), float("inf"), "0.1", None, True):
        reply = asked(demo, sigma, **good)
        assert "finite numbers" in reply["error"]


def context(update):
    return update["props"]["context"]


def test_a_visitor_chooses(client):
    slider = client.predict("b-earth", "xy", [3], api_name="/cyclegan_picture")
    assert context(slider) == {"model": "b-earth", "way": "xy", "image": 3}
    strip, turned = client.predict("b-earth", "yx", [3], api_name="/cyclegan_way")
    assert strip["value"] == [3]
    assert context(turned) == {"model": "b-earth", "way": "yx", "image": 3}
    *_, other = client.predict("c-heads", "xy", [], api_name="/cyclegan_model")
    assert context(other) == {"model": "c-heads", "way": "xy", "image": 0}


@pytest.mark.parametrize("chosen", [[], [0, 1], "0", 3, {}])
def test_what_is_no_choice_is_refused(client, chosen):
    assert "Choose one image" in refused(
        client, "b-earth", "xy", chosen, api_name="/cyclegan_picture"
    )


@pytest.mark.parametrize("number", [-1, 100, 0.5, "0", None, True])
def test_choices_of_no_picture_are_refused(client, number):
    for name in ("/cyclegan_picture", "/cyclegan_way", "/cyclegan_model"):
        words = refused(client, "b-earth", "xy", [number], api_name=name)
        assert "must be a whole number" in words
    assert "from 0 to 5" in refused(client, "b-earth", "xy", [6], api_name="/cyclegan_picture")


def uploaded(client, path):
    return client.predict("b-earth", "xy", handle_file(path), api_name="/cyclegan_upload")


@pytest.mark.parametrize("kind", ["RGB", "L", "CMYK", "P", "RGBA", "jpeg", "webp"])
def test_pictures_of_every_kind_are_taken(client, tmp_path, kind):
    mode = kind if kind.isupper() else "RGB"
    image = Image.effect_noise((90, 60), 80).convert(mode)
    path = tmp_path / {"CMYK": "a.jpg", "jpeg": "a.jpg", "webp": "a.webp"}.get(kind, "a.png")
    if kind == "P":
        image.info["transparency"] = 3
    image.save(path)
    *_, slider = uploaded(client, path)
    assert len(context(slider)["image"]) > 16, "a token"


@pytest.mark.parametrize(("content", "sentence"), hostile.FILES.values(), ids=hostile.FILES)
def test_files_that_cannot_be_used_are_refused(client, tmp_path, content, sentence):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(AppError, match=sentence):
        uploaded(client, tmp_path / "a.png")


def test_every_endpoint_has_a_test_here(client):
    every = client.view_api(return_format="dict")["named_endpoints"]
    named = [name for name in every if name.startswith("/cyclegan")]
    assert len(named) == 5
    source = Path(__file__).read_text("utf-8")
    assert [name for name in named if f'"{name}"' not in source] == []


def test_a_damaged_sheet_is_as_good_as_none(tmp_path):
    model = toys.cyclegan(tmp_path, "damaged")
    (model.folder / "x.webp").write_bytes(b"no picture")
    assert len(common.examples(model, "x")) == 0
    assert len(common.examples(model, "y")) == 6
    assert common.truth(model, YX, 0) is None
