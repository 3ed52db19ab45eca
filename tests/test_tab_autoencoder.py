"""The chapter Autoencoders: what it computes, on toys solved by hand, and what it answers over HTTP."""

import base64
import json
import urllib.request
from dataclasses import replace

import gradio as gr
import numpy as np
import pytest
import toys
from gradio_client import Client
from gradio_client.exceptions import AppError

from gen_models.app import controls, launch_options
from gen_models.app.chapters.autoencoder import (
    CHAPTER,
    between,
    common,
    errors,
    generator,
    plane,
    reconstruct,
)
from gen_models.app.chapters.autoencoder import lineup as maths
from gen_models.app.chapters.autoencoder.lineup import lineups
from gen_models.app.shell import charts, page
from gen_models.errors import BadRequest
from gen_models.families import AutoencoderFacts
from gen_models.runtime import Model


@pytest.fixture
def models(tmp_path):
    """A convolutional, a linear autoencoder and PCA of digits, the linear one at fewer code sizes."""
    return [
        toys.autoencoder(tmp_path, "ae", "conv", (2, 4), errors={2: 3.0, 4: 1.0}),
        toys.autoencoder(tmp_path, "linear", "linear", (4,), errors={4: 4.0}, angles={4: 0.5}),
        toys.autoencoder(tmp_path, "pca", "pca", (2, 4), errors={2: 6.0, 4: 4.0}),
    ]


@pytest.fixture
def lineup(models):
    return lineups(models)["digits"]


def request(value, **context):
    return controls.Request(value=value, context=context)


def show_reconstruction(lineup, asked):
    return reconstruct.show(lineup, "canvas", asked)


def pixels(image):
    """What `controls.pixels` packed, as numbers."""
    return list(base64.b64decode(image[3]))


# Line-ups


def test_what_was_trained_on_the_same_data_stands_side_by_side(models, lineup):
    assert list(lineup.models) == ["conv", "linear", "pca"]
    assert lineup.codes == [2, 4]
    assert list(lineup.at(2)) == ["conv", "pca"]
    assert lineup.handwriting
    assert lineup.examples.shape == (12, 28, 28, 1)


def test_two_models_of_a_kind_give_two_lineups_named_by_their_models(models, tmp_path):
    mine = toys.autoencoder(tmp_path, "mine", "conv", (4,))
    found = lineups([*models, mine])
    assert sorted(found) == ["digits (ae, linear, pca)", "digits (mine, linear, pca)"]


def test_other_data_and_other_sizes_stand_apart_the_most_code_sizes_first(models, tmp_path):
    colour = toys.autoencoder(tmp_path, "c", "pca", (3,), shape=(3, 8, 8), data="photos")
    small = toys.autoencoder(tmp_path, "s", "pca", (3,), shape=(1, 8, 8))
    found = lineups([colour, small, *models])
    assert [lineup.codes for lineup in found.values()] == [[2, 4], [3], [3]]
    assert not any(lineup.handwriting for lineup in list(found.values())[1:])


def without_codes(root):
    """A model as if it had no code size at all, which `cards.load` would refuse."""
    model = toys.autoencoder(root, "x")
    facts = replace(model.card.facts_as(AutoencoderFacts), code_sizes=())
    return Model(replace(model.card, facts=facts, graphs={}), model.folder)


def test_a_model_of_no_code_size_is_left_out(tmp_path):
    assert lineups([without_codes(tmp_path)]) == {}


# What the encoder sees


def test_an_image_of_the_right_size_is_seen_as_it_is(lineup):
    image = np.arange(784, dtype=np.uint8).reshape(28, 28)
    seen = lineup.seen(image)
    assert seen.shape == (1, 1, 28, 28)
    np.testing.assert_array_equal(lineup.to_uint8(seen)[0, :, :, 0], image)


def test_a_drawing_is_centred_where_the_data_are_digits_and_only_scaled_where_not(tmp_path):
    ink = np.zeros((112, 112), np.uint8)
    ink[:20, :20] = 255
    digits = lineups([toys.autoencoder(tmp_path, "d")])["digits"]
    clothes = lineups([toys.autoencoder(tmp_path, "f", data="fashion")])["fashion"]
    assert digits.seen(ink)[0, 0, 14, 14] == 1
    assert clothes.seen(ink)[0, 0, 2, 2] == 1
    assert clothes.seen(ink)[0, 0, 14, 14] == 0


def test_a_drawing_is_refused_where_images_have_colour(tmp_path):
    made = toys.autoencoder(tmp_path, "c", shape=(3, 8, 8), data="photos")
    with pytest.raises(BadRequest, match=r"have colour .*\.$"):
        lineups([made])["photos"].seen(np.zeros((112, 112), np.uint8))


# The maths


def test_reconstruction_keeps_what_the_code_holds_and_loses_the_rest(lineup):
    x = np.zeros((1, 1, 28, 28), np.float32)
    x[0, 0, 0, :5] = 0.5
    pca, conv = lineup.models["pca"], lineup.models["conv"]
    error = maths.squared_error
    assert error(x, maths.reconstruct(pca, 2, x)) == pytest.approx([0.75])  # 3 · ½²
    assert error(x, maths.reconstruct(pca, 4, x)) == pytest.approx([0.25])
    # Squared, ½ comes back as ¼: 4 · ¼² for what the code holds, ½² for what it does not.
    assert error(x, maths.reconstruct(conv, 4, x)) == pytest.approx([0.5])


def test_the_way_through_an_affine_decoder_is_a_cross_fade_and_through_a_bent_one_is_not(lineup):
    ends = np.zeros((2, 1, 28, 28), np.float32)
    ends[0, 0, 0, 0] = 1
    x, bend = maths.between(lineup.models["pca"], 2, ends, 0.25)
    assert x[0, 0, 0, 0] == pytest.approx(0.75)
    assert bend == pytest.approx(0)
    x, bend = maths.between(lineup.models["conv"], 2, ends, 0.25)
    assert x[0, 0, 0, 0] == pytest.approx(0.75**2)
    assert bend == pytest.approx((0.75 - 0.75**2) ** 2)


@pytest.mark.parametrize("t", [0.0, 1.0])
def test_every_way_begins_and_ends_at_the_reconstructions(lineup, t):
    ends = lineup.x([3, 5])
    for model in lineup.at(4).values():
        x, bend = maths.between(model, 4, ends, t)
        np.testing.assert_allclose(x[0], maths.reconstruct(model, 4, ends)[int(t)], atol=1e-6)
        assert bend == pytest.approx(0, abs=1e-6)


def test_codes_are_drawn_with_the_spread_and_from_the_gaussian(lineup):
    wide = maths.random_codes(4, seed=1, spread=3.0, n=5000)
    fitted = maths.fitted_codes(lineup.models["conv"], 4, seed=1, n=5000)
    assert wide.mean() == pytest.approx(0, abs=0.1)
    assert wide.std() == pytest.approx(3, rel=0.02)
    assert fitted.mean() == pytest.approx(1, abs=0.1)
    assert fitted.std() == pytest.approx(2, rel=0.02)
    np.testing.assert_allclose(wide / 3, (fitted - 1) / 2, atol=1e-5)  # the same noise


def test_a_vae_stands_beside_by_its_sizes_and_in_the_same_layers_first(models, tmp_path):
    both = [
        toys.vae(tmp_path, "plain", k=4, shape=(1, 28, 28), data="digits"),
        toys.autoencoder(tmp_path, "sizes", "vae", (4,)),
    ]
    lineup = lineups([*both, *models])["digits"]
    assert list(lineup.models) == ["conv", "linear", "pca"]
    assert [(k, vae.card.name) for k, vae in lineup.vaes.items()] == [(4, "sizes")]
    assert lineup.vae_is_alike(4)
    z = np.ones((1, 4), np.float32)
    assert lineup.vae_samples(4, z).ravel()[:5].tolist() == [1, 1, 1, 1, 0]
    alone = lineups([both[0], *models])["digits"]
    assert not alone.vae_is_alike(4)
    assert alone.vae_samples(4, z).shape == (1, 1, 28, 28)


def test_samples_are_compared_by_what_the_cards_say_and_nothing_else(lineup):
    rows = maths.sample_table(lineup)
    assert [row["code"] for row in rows] == [2, 4]
    assert {value for row in rows for key, value in row.items() if key != "code"} == {None}
    assert set(generator.numbers(lineup)["2"].values()) == {"–"}
    assert generator.curves(lineup) == []


def test_the_plane_is_laid_out_where_there_are_features_and_says_what_it_lacks_where_not(
    models, tmp_path
):
    assert "The plane needs" in words(built(models))
    features = toys.features(tmp_path, "features", shape=(1, 28, 28), data="digits")
    named = {model.card.name: model for model in (*models, features)}
    (lineup, found), *rest = plane.planes(named)
    assert (found, rest) == (features, [])
    codes = plane.Plane(lineup, found)
    # The code is the first two pixels, here of flat squares of the grey 12 i.
    np.testing.assert_allclose(codes.z[3], 36 / 255, rtol=1e-6)
    assert codes.at(np.zeros(2, np.float32))["text"]["near"] == "20 of 20"
    assert "The plane needs" not in words(built([*models, features]))


def test_vaes_alone_are_no_lineup(tmp_path):
    vae = toys.autoencoder(tmp_path, "sizes", "vae", (4,))
    assert lineups([vae]) == {}
    assert "There is no autoencoder yet" in words(built([vae]))


def test_the_table_holds_what_the_cards_say_and_nothing_else(lineup):
    assert maths.error_table(lineup) == [
        {"code": 2, "conv": 3.0, "linear": None, "pca": 6.0, "ratio": 0.5, "angle": None},
        {"code": 4, "conv": 1.0, "linear": 4.0, "pca": 4.0, "ratio": 0.25, "angle": 0.5},
    ]


def test_the_curve_has_the_numbers_of_every_code_size(lineup):
    assert errors.numbers(lineup) == {
        "2": {"ratio": "0.50", "conv": "3.00", "linear": "–", "pca": "6.00"},
        "4": {"ratio": "0.25", "conv": "1.00", "linear": "4.00", "pca": "4.00"},
    }
    assert [(curve.name, curve.x) for curve in errors.curves(lineup)] == [
        ("PCA", (2, 4)),
        ("Linear autoencoder", (4,)),
        ("Autoencoder", (2, 4)),
    ]


# What live controls are answered


def test_reconstructions_of_an_image_with_each_error_and_both_ratios(lineup):
    image = np.zeros((28, 28), np.uint8)
    image[0, :5] = 255
    reply = reconstruct.show(lineup, "canvas", request(image, code=4))
    assert reply["text"] == {
        "conv": "squared error 1.00",
        "linear": "squared error 1.00",
        "pca": "squared error 1.00",
        "here": "1.00",
        "test": "0.25",
    }
    assert pixels(reply["images"]["x"])[:6] == [255] * 5 + [0]
    assert pixels(reply["images"]["pca"])[:6] == [255] * 4 + [0, 0]


def test_a_kind_without_that_code_size_shows_grey_and_says_so(lineup):
    reply = reconstruct.show(lineup, "canvas", request(lineup.examples[0], code=2))
    assert reply["text"]["linear"] == "not trained at this size"
    assert set(pixels(reply["images"]["linear"])) == {128}


def test_the_figure_has_a_row_for_images_autoencoder_and_pca_and_comes_once_a_size(lineup):
    figure = reconstruct.figure(lineup, 4)
    assert figure.shape == (3 * 29 - 1, 10 * 29 - 1, 1)
    np.testing.assert_array_equal(figure[:28, :28], lineup.examples[0])
    pca = maths.reconstruct(lineup.models["pca"], 4, lineup.x([1]))
    np.testing.assert_array_equal(figure[58:, 29:57], lineup.to_uint8(pca)[0])
    first = reconstruct.show(lineup, "canvas", request(lineup.examples[0], code=4))
    assert first["send"] == {"canvas": {"context": {"figure": 4}}}
    again = reconstruct.show(lineup, "canvas", request(lineup.examples[0], code=4, figure=4))
    assert "figure" not in again["images"]
    assert "send" not in again


def test_between_two_examples(lineup):
    reply = between.show(lineup, request([1.0], code=4, start=0, end=3))
    assert pixels(reply["images"]["fade"]) == lineup.examples[3].ravel().tolist()
    assert reply["text"] == {"bend-conv": "0.00", "bend-linear": "0.00", "bend-pca": "0.00"}


def test_samples_depend_on_the_seed_and_real_images_do_not(lineup):
    replies = [generator.show(lineup, request([1.0], code=4, seed=seed)) for seed in (0, 0, 1)]
    images = [reply["images"] for reply in replies]
    assert images[0] == images[1]
    assert images[0]["noise"] != images[2]["noise"]
    assert images[0]["gaussian"] != images[2]["gaussian"]
    assert images[0]["real"] == images[2]["real"]


@pytest.mark.parametrize(
    ("show", "value", "context", "sentence"),
    [
        (show_reconstruction, np.zeros((28, 28), np.uint8), {}, "code size"),
        (
            show_reconstruction,
            np.zeros((112, 112), np.uint8),
            {"code": 4},
            "drawing is empty",
        ),
        (
            between.show,
            [0.5],
            {"code": 4, "start": 0, "end": 99},
            "number of the image",
        ),
        (between.show, [0.5], {"code": "4", "start": 0, "end": 1}, "code size"),
        (generator.show, [1.0], {"code": 4, "seed": -1}, "seed"),
        (generator.show, [1.0], {"code": True, "seed": 1}, "code size"),
    ],
)
def test_a_bad_context_gets_one_sentence(lineup, show, value, context, sentence):
    with pytest.raises(BadRequest, match=rf"{sentence}.*\.$"):
        show(lineup, request(value, **context))


# Charts and choices


def test_ticks_hold_the_numbers_between_them():
    assert charts.ticks(3, 40) == pytest.approx([2, 5, 10, 20, 50])
    assert charts.ticks(0.2, 0.2) == pytest.approx([0.2, 0.5])


def test_a_chart_names_its_curves_and_reads_no_text_as_markup():
    svg = charts.log_log([charts.Curve("<b>", [1, 2], [3, 4], "red")], "x", "y", 'a "quote"')
    assert "&lt;b&gt;" in svg
    assert "a &quot;quote&quot;" in svg
    assert "<b>" not in svg


def test_a_chart_marks_the_points_of_an_x_and_a_rule_through_them():
    svg = charts.log_log([charts.Curve("a", [2, 10], [3, 4], "red")], "x", "y", "")
    assert svg.count('data-x="10"') == 2
    assert svg.count("data-x") == 4


def test_a_table_has_a_caption_and_names_its_rows():
    html = charts.table(["k", "v"], [["2", "0.5"]], "Numbers")
    assert "<caption>Numbers</caption>" in html
    assert '<th scope="row">2</th><td>0.5</td>' in html


def test_a_choice_holds_its_numbers_and_whom_to_tell():
    with gr.Blocks():
        slider = controls.steps(
            [2, 8], 8, label="Code <size>", unit="numbers", key="code", targets=["a"], elem_id="s"
        )
        strip = controls.thumbnails(
            np.zeros((3, 4, 4, 1), np.uint8),
            2,
            label="From",
            key="start",
            targets=["a"],
            elem_id="t",
        )
    assert (slider.value, strip.value) == (1, 2)
    assert "Code &lt;size&gt;" in slider.html_template
    assert strip.html_template.count("<button") == 3


# The page and its endpoints


def built(models):
    contents = page.Contents.of(CHAPTER, {model.card.name: model for model in models}, [])
    with gr.Blocks() as demo:
        page.sections([contents])
        CHAPTER.offer(contents.models)
    return demo


def words(demo):
    said = [
        (getattr(block, "value", ""), getattr(block, "label", "")) for block in demo.blocks.values()
    ]
    return "\n".join(f"{value} {label}" for value, label in said)


def test_a_missing_kind_is_named_with_the_command_that_makes_it(tmp_path):
    shown = words(built([toys.autoencoder(tmp_path, "pca", "pca", (2,))]))
    assert "--kind conv --data digits --codes 2" in shown
    assert "--kind linear --data digits --codes 2" in shown


def test_the_page_stands_without_examples_and_without_metrics(tmp_path):
    shown = words(built([toys.autoencoder(tmp_path, "ae", examples=0)]))
    assert common.NO_EXAMPLES in shown
    assert "not evaluated yet" in shown


def test_the_page_stands_for_colour_images_of_another_size(tmp_path):
    model = toys.autoencoder(tmp_path, "ae", shape=(3, 8, 8), data="photos", errors={2: 1.0})
    shown = words(built([model]))
    assert "Draw over an image" in shown


def test_a_model_without_a_pair_of_graphs_is_left_out_in_one_sentence(tmp_path):
    assert "x is left out: it has no encoder and decoder" in words(built([without_codes(tmp_path)]))


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    root = tmp_path_factory.mktemp("exported")
    demo = built(
        [
            toys.autoencoder(root, "ae", "conv", (2, 4), errors={2: 3.0, 4: 1.0}),
            toys.autoencoder(root, "pca", "pca", (2, 4), errors={2: 6.0, 4: 4.0}),
            toys.autoencoder(root, "colour", "conv", (2,), (3, 8, 8), "photos", examples=0),
        ]
    )
    options = launch_options() | {"prevent_thread_lock": True, "server_port": None}
    demo.queue(api_open=False)
    _, url, _ = demo.launch(**options, quiet=True)
    yield url
    demo.close()


@pytest.fixture(scope="module")
def client(served):
    return Client(served, verbose=False)


def test_reconstruct_an_example(client):
    answer = client.predict("digits", 4, 3, api_name="/autoencoder_reconstruct")
    assert set(answer) == {"x", "conv", "pca"}
    assert answer["x"].startswith("data:image/png;base64,")
    assert answer["pca"]["squared_error"] > 0


def test_reconstruct_a_drawing(client):
    drawing = np.zeros((40, 30))
    drawing[10:30, 10:20] = 255
    answer = client.predict(
        "digits", 4, drawing=drawing.tolist(), api_name="/autoencoder_reconstruct"
    )
    # The first pixels of a centred drawing are paper, so both kinds answer with paper: an error of all its ink.
    assert answer["pca"]["squared_error"] == pytest.approx(20 * 10)
    assert answer["conv"]["squared_error"] == pytest.approx(20 * 10)


def test_errors_by_code_size(client):
    rows = client.predict("digits", api_name="/autoencoder_errors")
    assert [row["ratio"] for row in rows] == [0.5, 0.25]


def test_between_over_http(client):
    answer = client.predict("digits", 4, 0, 1, 0.5, api_name="/autoencoder_between")
    assert set(answer) == {"fade", "conv", "pca"}
    assert answer["pca"]["bend"] == pytest.approx(0, abs=1e-9)
    assert answer["conv"]["bend"] > 0


def test_samples_over_http(client):
    answer = client.predict("digits", 4, 5, 2.0, api_name="/autoencoder_sample")
    again = client.predict("digits", 4, 5, 2.0, api_name="/autoencoder_sample")
    assert set(answer) == {"noise", "gaussian", "real"}
    assert answer == again
    assert answer["gaussian"]["frechet_distance"] is None


NOT_A_NUMBER = float("nan")
DEFAULTS = {"reconstruct": [0, None]}
BAD = [
    ("reconstruct", ["nothing", 4], "The data must be one of: digits, photos."),
    ("reconstruct", [["digits"], 4], "The data must be one of: digits, photos."),
    ("reconstruct", ["digits", 3], "The code size must be one of 2, 4."),
    ("reconstruct", ["digits", "four"], "The code size must be one of 2, 4."),
    ("reconstruct", ["digits", None], "The code size must be one of 2, 4."),
    ("reconstruct", ["digits", NOT_A_NUMBER], "The code size must be one of 2, 4."),
    ("reconstruct", ["digits", 4, 12], "whole number from 0 to 11."),
    ("reconstruct", ["digits", 4, 10**30], "whole number from 0 to 11."),
    ("reconstruct", ["digits", 4, 0, "a drawing"], "at most 512 by 512."),
    ("reconstruct", ["digits", 4, 0, [[1, 2], [3]]], "at most 512 by 512."),
    ("reconstruct", ["digits", 4, 0, [[NOT_A_NUMBER] * 9] * 9], "at most 512 by 512."),
    ("reconstruct", ["digits", 4, 0, [[256] * 9] * 9], "at most 512 by 512."),
    ("reconstruct", ["digits", 4, 0, [[1]] * 513], "at most 512 by 512."),
    ("reconstruct", ["digits", 4, 0, []], "at most 512 by 512."),
    ("reconstruct", ["digits", 4, 0, [[0] * 9] * 9], "The drawing is empty"),
    ("reconstruct", ["photos", 2, 0], common.NO_EXAMPLES),
    ("reconstruct", ["photos", 2, 0, [[9] * 9] * 9], "choose an example."),
    ("errors", [7], "The data must be one of: digits, photos."),
    ("between", ["digits", 4, 0, -1, 0.5], "whole number from 0 to 11."),
    ("between", ["digits", 4, 0, 1, 1.5], "t must be a number from 0 to 1."),
    ("between", ["digits", 4, 0, 1, NOT_A_NUMBER], "t must be a number from 0 to 1."),
    ("between", ["digits", 4, 0, 1, "half"], "t must be a number from 0 to 1."),
    ("sample", ["digits", 4, 2**31, 1.0], "whole number from 0 to 2,147,483,647."),
    ("sample", ["digits", 4, 0.5, 1.0], "whole number from 0 to 2,147,483,647."),
    ("sample", ["digits", 4, 0, 11], "The spread must be a number from 0 to 10."),
    ("sample", ["photos", 2, 0, 1.0], common.NO_EXAMPLES),
]


@pytest.mark.parametrize(("verb", "data", "sentence"), BAD)
def test_bad_input_over_http_gets_one_sentence(served, verb, data, sentence):
    """Raw HTTP: the client would refuse NaN before the app could."""
    url = f"{served}gradio_api/call/autoencoder_{verb}"
    data = [*data, *DEFAULTS.get(verb, [])[len(data) - 2 :]]  # only the client fills in defaults
    body = json.dumps({"data": data}).encode()
    post = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(post) as answer:
        event = json.load(answer)["event_id"]
    with urllib.request.urlopen(f"{url}/{event}") as stream:
        said = stream.read().decode()
    assert "event: error" in said
    assert sentence in json.loads(said.split("data: ")[-1])["error"]


def test_bad_input_through_the_client_is_an_app_error(client):
    with pytest.raises(AppError, match="The code size must be one of 2, 4"):
        client.predict("digits", 3, api_name="/autoencoder_reconstruct")
