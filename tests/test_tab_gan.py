"""The tab "GANs" on toy models: its pure functions, and every endpoint over HTTP with good and bad input."""

import base64
import io
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
import toys
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from gen_models.app import controls, launch_options
from gen_models.app.chapters import gan
from gen_models.app.chapters.gan import common, encoder, film, morph, nearest, samples
from gen_models.app.shell import page
from gen_models.families import GANRecipe


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Two recipes on grey pictures with their features, and a colour GAN with a VAE of another size."""
    root = tmp_path_factory.mktemp("exported")
    made = [
        toys.gan(root, "gan-fashion"),
        toys.gan(root, "dcgan-fashion", k=6, moments=3, recipe=GANRecipe.DCGAN),
        toys.features(root, "features-fashion"),
        toys.gan(root, "gan-heads", k=16, shape=(3, 12, 12), data="heads", measured=False),
        toys.heads(root, "vae-heads"),
    ]
    return {model.card.name: model for model in made}


@pytest.fixture
def fashion(models):
    return models["gan-fashion"]


# ---------------------------------------------------------------------------------------------------------------------
# Pure functions
# ---------------------------------------------------------------------------------------------------------------------


def test_the_tab_shows_gans_their_features_and_vaes_of_the_same_pictures(models, tmp_path):
    assert all(gan.shows(model.card) for model in models.values())
    assert not gan.shows(toys.infogan(tmp_path).card)
    assert set(common.generators(models)) == {"gan-fashion", "dcgan-fashion", "gan-heads"}


def test_models_of_the_same_pictures_belong_together(models, fashion):
    names = [model.card.name for model in common.same_data(fashion, models)]
    assert names == ["gan-fashion", "dcgan-fashion"]
    assert common.search_for(fashion, models).model.card.name == "features-fashion"
    assert common.search_for(models["gan-heads"], models) is None
    assert common.vae_of(models["gan-heads"], models).card.name == "vae-heads"
    assert common.vae_of(fashion, models) is None


def test_features_of_pictures_of_another_size_are_not_searched(models, fashion, tmp_path):
    other = toys.features(tmp_path, "large", shape=(1, 12, 12))
    assert common.search_for(fashion, {"large": other}) is None


def test_samples_are_the_same_at_truncation_zero_and_spread_with_it(fashion):
    none, half, full = (samples.sample(fashion, 3, tau) for tau in (0, 0.5, 1))
    assert (none == none[0]).all()
    assert samples.mean_pairwise_distance(none) == 0
    assert 0 < samples.mean_pairwise_distance(half) < samples.mean_pairwise_distance(full)
    np.testing.assert_array_equal(full, common.images(fashion, common.draw(fashion, 3, 40)))


def test_spread_is_the_mean_distance_of_pairs():
    images = np.zeros((3, 2, 2, 1), np.uint8)
    images[1, 0, 0], images[2] = 255, 255
    assert samples.mean_pairwise_distance(images) == pytest.approx((1 + 2 + 3**0.5) / 3)


def test_numbers_of_samples_come_with_those_of_real_pictures(models, fashion):
    search = common.search_for(fashion, models)
    text = samples.at(fashion, search, 0, 0.0)["text"]
    # At τ = 0 all pictures are of grey 128; the nearest in the bank is 132, and features are 16 pixels.
    assert text == {"distance": "0.00", "near": f"{4 * 4 / 255:.2f}"}
    assert samples.at(models["gan-heads"], None, 0, 1.0)["text"]["near"] == "–"
    assert "0.19" in samples.scale_of(fashion, search)  # 4 · 12 / 255


def test_the_table_has_both_recipes_and_the_perfect_one(models, fashion):
    table = samples.comparison(fashion, models)
    for words in ("7.25", "0.75", "0.50", "0.12", "DCGAN", "today", "perfect generator"):
        assert words in table
    assert "–" in samples.comparison(models["gan-heads"], models)


def test_two_samples_are_mixed_on_their_great_circle():
    stops = np.array([[3, 0], [0, 1]], np.float32)
    middle = morph.on_sphere(stops, 0.5, 0.3)
    np.testing.assert_allclose(middle, 2 * np.array([1, 1]) / 2**0.5, rtol=1e-5)
    np.testing.assert_allclose(morph.on_line(stops, 0.5, 0.3), [1.5, 0.5])


@pytest.mark.parametrize("n", [2, 3, 4])
def test_corners_are_the_samples_themselves(n):
    stops = np.random.default_rng(0).normal(size=(n, 5)).astype(np.float32)
    for (u, v), z in zip([(0, 1), (1, 1), (0, 0), (1, 0)], morph.corners(stops), strict=True):
        np.testing.assert_allclose(morph.on_sphere(stops, u, v), z, rtol=1e-4)
        np.testing.assert_allclose(morph.on_line(stops, u, v), z, rtol=1e-4)


def test_the_straight_line_shortens_z_and_the_sphere_does_not(fashion):
    stops = np.eye(4, dtype=np.float32) * 2
    text = morph.at(fashion, stops, 0.5, 0.5)["text"]
    assert text == {"long": "2.00", "short": "1.00"}


def test_the_square_shows_each_mix_in_the_middle_of_its_cell(fashion):
    stops = common.draw(fashion, 0, 3)
    image = morph.background(fashion, stops)
    n = image.shape[0] // 8
    above_left = morph.on_sphere(stops, 0.5 / n, 1 - 0.5 / n)
    np.testing.assert_array_equal(image[:8, :8], common.images(fashion, above_left[None])[0])


def test_a_loop_returns_to_where_it_began():
    stops = np.eye(3, dtype=np.float32)
    z = morph.loop(stops, 10)
    assert z.shape == (30, 3)
    np.testing.assert_allclose(z[::10], stops, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1, rtol=1e-5)


def test_a_copy_is_found_at_distance_zero(models, fashion):
    search = common.search_for(fashion, models)
    copy = nearest.query(fashion, search, 0, 2, copied=True)
    index, distance = search.nearest(copy)
    np.testing.assert_array_equal(search.bank[index[0, 0]], copy[0])
    np.testing.assert_allclose(distance[0, 0], 0, atol=1e-6)
    assert search.typical == pytest.approx(4 * 12 / 255, rel=1e-4)
    page = nearest.numbers(fashion, copy, search)
    assert "0.00" in page
    assert "1.5 %" in page
    assert "of 2,000 samples" in page


def test_the_first_thing_searched_for_is_the_sample_itself(models, fashion):
    search = common.search_for(fashion, models)
    sample = nearest.query(fashion, search, 5, 3, copied=False)
    np.testing.assert_array_equal(sample[0], common.images(fashion, common.draw(fashion, 5, 12))[3])
    assert nearest.found(sample, search).count("<figure") == 7


def test_pictures_are_resized_only_if_they_must_be():
    x = np.random.default_rng(0).random((2, 3, 28, 28)).astype(np.float32)
    assert encoder.resized(x, 28) is x
    large = encoder.resized(x, 32)
    assert large.shape == (2, 3, 32, 32)
    flat = encoder.resized(np.full((1, 1, 28, 28), 0.25, np.float32), 32)
    np.testing.assert_allclose(flat, 0.25, rtol=1e-6)


def test_pictures_to_invert_are_test_pictures_where_there_are_some(models, fashion):
    x, what = encoder.example_images(models["gan-heads"], models)
    assert (x.shape, what) == ((12, 3, 12, 12), "test image")
    x, what = encoder.example_images(fashion, models)
    assert (x.shape, what) == ((12, 1, 8, 8), "training image")
    assert len(encoder.example_images(fashion, {})[0]) == 0


def test_a_sample_of_the_generator_is_found_again(fashion):
    x = encoder.own_images(fashion)[4]
    trace = encoder.search(fashion, x)
    z = common.draw(fashion, encoder.OWN_SEED, 12)[4]
    np.testing.assert_allclose(trace.z[-1], z, atol=0.15)  # but for the prior
    assert trace.errors[-1] < 0.01 < trace.errors[0]


def test_a_vae_answers_at_the_size_of_the_generator(models):
    model = models["gan-heads"]
    x, _ = encoder.example_images(model, models)
    answer = encoder.ask(models["vae-heads"], model, x[0])
    assert answer.image.shape == x[0].shape
    assert answer.error == pytest.approx(np.square(answer.image - x[0]).sum())
    # The toy VAE gives its examples back, so what is left comes from resizing alone.
    assert answer.error < 0.1 * np.square(x[0] - x[0].mean()).sum()


def test_the_chart_has_the_search_its_start_and_the_vae(models):
    model = models["gan-heads"]
    x, _ = encoder.example_images(model, models)
    trace = encoder.search(model, x[0], iterations=3)
    answer = encoder.ask(models["vae-heads"], model, x[0])
    chart = encoder.chart(trace, answer)
    for words in ("search", "best of 256", "VAE, one pass", "in 3 iterations"):
        assert words in chart
    assert "VAE" not in encoder.chart(trace, None)
    assert f"{trace.passes[-1]:,}" in encoder.numbers(trace, answer)
    for words in (encoder.shown(model, x[0], trace, answer), encoder.numbers(trace, answer)):
        assert models["vae-heads"].card.title in words
        assert "vae-heads" not in words


def test_the_film_shows_each_moment_with_what_had_been_seen(models, fashion):
    search = common.search_for(fashion, models)
    for t, moment in ((0, 0), (0.5, 2), (1, 4)):
        text = film.at(fashion, search, t)["text"]
        assert text["seen"] == f"{64 * 10**moment:,}"
        assert text["step"] == f"{10**moment:,}"
        assert float(text["near"]) >= 0
        assert film.at(fashion, None, t)["text"]["near"] == "–"
        np.testing.assert_array_equal(film.frames(fashion)[moment], 50 * moment)


def test_the_slider_of_the_film_says_steps_and_half_way_is_the_later_moment(models):
    assert film.step_names(models["dcgan-fashion"]) == ["step 1", "step 10", "step 100"]
    assert [film.moment_at(models["dcgan-fashion"], t) for t in (0.24, 0.25, 0.75)] == [0, 1, 2]


def test_images_that_are_one_are_not_unlike(models, fashion):
    features = common.search_for(fashion, models).model
    near, unlike = film.measured(fashion, features)
    assert near.shape == unlike.shape == (5,)
    np.testing.assert_allclose(unlike, 0, atol=1e-6)  # the toy's three z look alike at each moment
    search = common.Search(features)
    h = features("features", x=search.bank[:3].transpose(0, 3, 1, 2) / np.float32(255))["h"]
    pairs = [np.linalg.norm(h[i] - h[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert search.mean_pairwise_distance(search.bank[:3]) == pytest.approx(np.mean(pairs), rel=1e-4)


def test_losses_are_drawn_beside_a_film_that_kept_them(models, fashion):
    sent = film.at(fashion, common.search_for(fashion, models), 0)["send"][film.CHART]
    assert sent["attributes"]["losses"] == {"data-kept": "true"}
    assert sent["words"]["none"] == ""
    # log10 of steps 1 to 10,000 fills the chart; the losses of the toy go from 2 to 0, of an axis that ends at 4.
    assert sent["attributes"]["loss_D"]["d"].startswith("M0.0 500.0L")
    assert sent["attributes"]["loss_D"]["d"].endswith("L1000.0 1000.0")
    without = film.at(models["dcgan-fashion"], None, 0)["send"][film.CHART]
    assert without["attributes"]["losses"] == {"data-kept": "false"}
    assert "were not kept" in without["words"]["none"]
    assert without["attributes"]["near"]["d"] == without["attributes"]["loss_D"]["d"] == ""


def test_every_part_that_the_film_moves_is_drawn(models, fashion):
    sent = film.at(fashion, common.search_for(fashion, models), 0.5)["send"][film.CHART]
    for part in sent["attributes"].keys() | sent["words"].keys():
        assert f'data-part="{part}"' in film.INSIDE


def page_of(models):
    """The chapter alone."""
    contents = page.Contents.of(gan.CHAPTER, models, [])
    with gr.Blocks() as demo:
        for experiment in gan.CHAPTER.experiments:
            page.draw(contents, experiment)
        gan.CHAPTER.offer(contents.models)
    return demo


def test_without_a_generator_each_experiment_says_what_to_do(models):
    demo = page_of({"vae-heads": models["vae-heads"]})
    said = [str(getattr(block, "value", "")) for block in demo.blocks.values()]
    assert (
        sum(
            "training.gan" in words or "training.features" in words or "no training film" in words
            for words in said
        )
        == 5
    )


# ---------------------------------------------------------------------------------------------------------------------
# Endpoints
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(models):
    demo = page_of(models)
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


def test_sample(client, fashion):
    found = client.predict("gan-fashion", 3, 1.0, api_name="/gan_sample")
    assert picture(found["picture"]).size == (8 * 9 - 1, 5 * 9 - 1)
    assert found["spread"] == pytest.approx(
        samples.mean_pairwise_distance(samples.sample(fashion, 3, 1.0))
    )
    assert client.predict("gan-fashion", 3, 0, api_name="/gan_sample")["spread"] == 0


@pytest.mark.parametrize("tau", [-0.1, 1.6, "1", None, True, 1e300])
def test_temperatures_out_of_range_are_refused(client, tau):
    words = refused(client, "gan-fashion", 0, tau, api_name="/gan_sample")
    assert "The temperature must be a number from 0 to 1.5" in words


@pytest.mark.parametrize("seed", [-1, 2**31, 0.5, "7", None, [1], True])
def test_seeds_out_of_range_are_refused(client, seed):
    for endpoint, rest in (
        ("/gan_sample", [1.0]),
        ("/gan_morph", [[0, 1]]),
        ("/gan_walk", [3]),
        ("/gan_neighbours", [0]),
    ):
        assert "The seed must be" in refused(client, "gan-fashion", seed, *rest, api_name=endpoint)


@pytest.mark.parametrize("name", ["", "vae-heads", "features-fashion", "../../etc", 3, None])
def test_unknown_models_are_refused(client, name):
    for endpoint, rest in (
        ("/gan_sample", [0, 1.0]),
        ("/gan_morph", [0, [0, 1]]),
        ("/gan_walk", [0, 3]),
        ("/gan_neighbours", [0, 0]),
        ("/gan_invert", [0, False]),
        ("/gan_film", [0]),
    ):
        assert "no such model" in refused(client, name, *rest, api_name=endpoint)


def test_morph_and_walk(client):
    loop = picture(client.predict("gan-heads", 0, [3, 1], api_name="/gan_morph"))
    assert (loop.format, loop.n_frames) == ("GIF", 2 * morph.FRAMES_PER_LEG)
    walk = picture(client.predict("gan-fashion", 0, 3, api_name="/gan_walk"))
    assert walk.is_animated


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [
        ([], "2 to 4 of the samples"),
        ([0], "2 to 4 of the samples"),
        ([0, 1, 2, 3, 4], "2 to 4 of the samples"),
        ("01", "2 to 4 of the samples"),
        (None, "2 to 4 of the samples"),
        ([0, 12], "whole number from 0 to 11"),
        ([0, "1"], "whole number from 0 to 11"),
        ([1, 1], "each sample once"),
    ],
)
def test_morphs_of_what_is_no_choice_are_refused(client, numbers, sentence):
    assert sentence in refused(client, "gan-fashion", 0, numbers, api_name="/gan_morph")
    assert sentence in refused(client, "gan-fashion", 0, numbers, api_name="/gan_square")
    assert sentence in refused(client, "gan-fashion", 0, numbers, api_name="/gan_gif")


@pytest.mark.parametrize("stops", [1, 9, 2.5, "3", None])
def test_walks_of_too_many_stops_are_refused(client, stops):
    assert "whole number from 2 to 8" in refused(
        client, "gan-fashion", 0, stops, api_name="/gan_walk"
    )


def test_neighbours(client, models, fashion):
    found = client.predict("gan-fashion", 5, 3, api_name="/gan_neighbours")
    search = common.search_for(fashion, models)
    index, distance = search.nearest(nearest.query(fashion, search, 5, 3, False))
    assert found["index"] == index[0].tolist()
    assert found["distance"] == pytest.approx(distance[0].tolist())
    assert found["distance"] == sorted(found["distance"])
    assert picture(found["pictures"][0]).size == (8, 8)
    assert "no training images" in refused(client, "gan-heads", 0, 0, api_name="/gan_neighbours")
    for number in (-1, 12, "0", None):
        assert "whole number from 0 to 11" in refused(
            client, "gan-fashion", 0, number, api_name="/gan_neighbours"
        )


def test_invert(client):
    found = client.predict("gan-fashion", 2, True, api_name="/gan_invert")
    assert found["squared error"][-1] < 0.01
    assert found["squared error of the VAE"] is None
    heads = client.predict("gan-heads", 2, False, api_name="/gan_invert")
    assert heads["squared error of the VAE"] < heads["squared error"][-1]
    assert len(heads["z"]) == 16
    assert picture(heads["picture"]).size == (12, 12)


@pytest.mark.parametrize("number", [-1, 12, 1.5, "0", None, 1e30])
def test_pictures_that_do_not_exist_are_refused(client, number):
    for own in (True, False):
        assert "whole number from 0 to 11" in refused(
            client, "gan-fashion", number, own, api_name="/gan_invert"
        )


@pytest.mark.parametrize("own", [None, 1, "yes"])
def test_own_is_true_or_false(client, own):
    assert "true or false" in refused(client, "gan-fashion", 0, own, api_name="/gan_invert")


def test_film(client):
    found = client.predict("gan-fashion", 2, api_name="/gan_film")
    assert (found["step"], found["pictures seen"]) == (100, 6400)
    assert picture(found["picture"]).getpixel((0, 0)) == 100
    for moment in (-1, 5, 0.5, "0", None):
        assert "whole number from 0 to 4" in refused(
            client, "gan-fashion", moment, api_name="/gan_film"
        )
    assert "from 0 to 2" in refused(client, "dcgan-fashion", 3, api_name="/gan_film")


def test_what_a_visitor_does(client):
    table = client.predict("dcgan-fashion", 3, api_name="/gan_samples")[2]
    assert table.count("<img") == 2, "both recipes draw"
    assert "DCGAN" in table
    assert client.predict("gan-heads", 3, [1, 2], api_name="/gan_strip") is not None
    assert client.predict("gan-heads", 3, [1, 2, 5], api_name="/gan_square") is not None
    for gif in (
        client.predict("gan-fashion", 0, [0, 1], api_name="/gan_gif"),
        client.predict("gan-fashion", api_name="/gan_wander"),
    ):
        with Image.open(gif["value"] if isinstance(gif, dict) else gif) as film:
            assert film.is_animated
    assert client.predict("dcgan-fashion", api_name="/gan_film_model") is not None


def test_a_visitors_own_image_is_searched_for(client, tmp_path):
    Image.fromarray(np.full((40, 60, 3), 200, np.uint8)).save(tmp_path / "own.jpg")
    (tmp_path / "words.png").write_text("no picture")
    for model in ("dcgan-fashion", "gan-fashion"):
        own = handle_file(str(tmp_path / "own.jpg"))
        shown, big = client.predict(model, own, api_name="/gan_nearest_upload")
        assert shown.count("<figure") == 7
        assert "distance 0.00" not in shown
        assert "training image" in big
    with pytest.raises(AppError, match="not a PNG, JPEG or WebP"):
        client.predict(
            "gan-fashion", handle_file(str(tmp_path / "words.png")), api_name="/gan_nearest_upload"
        )


def test_a_visitor_searches_and_inverts(client):
    args = ("dcgan-fashion", 3, [2])
    shown, big = client.predict(*args, nearest.SAMPLE, api_name="/gan_nearest")
    assert shown.count("<figure") == 7
    _, copied, _ = client.predict(*args, nearest.COPY, api_name="/gan_nearest_strip")
    assert copied != shown
    assert "training image" in big
    assert "distance 0.00" in copied
    result, big, steps, chart = client.predict("gan-heads", encoder.REAL, [3], api_name="/gan_find")
    assert result.count("<figure") == 3
    assert "forward passes" in big
    assert steps.count("<figure") == 1 + 10
    assert "<svg" in chart
    _, found, *_ = client.predict("gan-heads", encoder.OWN, api_name="/gan_invert_pictures")
    assert "Toy heads, one pass" in found
    assert "1 of the samples" in refused(
        client, "gan-heads", encoder.REAL, [], api_name="/gan_find"
    )
    assert "not in the list" in refused(client, "gan-heads", "all", [0], api_name="/gan_find")


def test_every_endpoint_has_a_test_here(client):
    named = client.view_api(return_format="dict")["named_endpoints"]
    source = Path(__file__).read_text("utf-8")
    assert [name for name in named if f'"{name}"' not in source] == []


# ---------------------------------------------------------------------------------------------------------------------
# A generator that is told a class
# ---------------------------------------------------------------------------------------------------------------------

CLASSES = ("boot", "bag", "coat")


@pytest.fixture(scope="module")
def told_models(tmp_path_factory):
    root = tmp_path_factory.mktemp("told")
    made = [
        toys.gan(root, "gan-fashion"),
        toys.gan(root, "gan-fashion-classes", classes=CLASSES),
        toys.features(root, "features-fashion"),
    ]
    return {model.card.name: model for model in made}


@pytest.fixture(scope="module")
def told_client(told_models):
    demo = page_of(told_models)
    options = launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield Client(url, verbose=False)
    demo.close()


def test_samples_are_of_the_class_or_of_each_in_turn(told_models):
    model = told_models["gan-fashion-classes"]
    bags, each = (samples.sample(model.told(label), 0, 1, 6) for label in ("bag", ""))
    np.testing.assert_array_equal(bags[[1, 4]], each[[1, 4]])
    assert (bags[[0, 2, 3, 5]] != each[[0, 2, 3, 5]]).any((1, 2, 3)).all()


def test_experiments_that_know_no_class_get_no_such_model(told_models):
    for experiment in gan.CHAPTER.experiments:
        takes = "gan-fashion-classes" in experiment.takes(told_models)
        assert takes == (experiment.id in ("samples", "morph", "film"))
    only = {"gan-fashion-classes": told_models["gan-fashion-classes"]}
    assert nearest.EXPERIMENT.takes(only) == {}
    assert common.default(common.generators(told_models)).card.name == "gan-fashion"
    assert gan.CHAPTER.thumbnail(only) is not None


def test_the_classes_of_the_samples_are_mixed_as_their_z(told_models):
    model = told_models["gan-fashion-classes"]
    stops = morph.Stops.of(told_models, model.card.name, 0, [0, 1, 5, 3])
    assert stops.told["y"].argmax(1).tolist() == [0, 1, 2, 0]
    (y,) = morph.classes_at(stops.told, [(0.5, 0.25)]).values()
    np.testing.assert_allclose(y, [[0.5 * 0.25 + 0.5 * 0.75, 0.5 * 0.25, 0.5 * 0.75]], atol=1e-6)
    corner = morph.at(model, stops.z, 1.0, 1.0, **stops.told)["images"]["sphere"]
    expected = common.images(model, stops.z[1:2], y=model.one_hot("bag", 1))[0]
    assert corner == controls.pixels(expected)
    bags = morph.Stops.of(told_models, model.card.name, 0, [0, 1], "bag")
    assert bags.told["y"].tolist() == [[0, 1, 0]] * 2


def test_the_class_is_asked_for_over_http(told_client):
    def pictures(api, *words):
        found = {
            label: told_client.predict("gan-fashion-classes", 0, *words, label, api_name=api)
            for label in ("", *CLASSES)
        }
        return {str(each) for each in found.values()}

    for api, words in (("/gan_sample", (1.0,)), ("/gan_morph", ([0, 1],)), ("/gan_walk", (2,))):
        assert len(pictures(api, *words)) == 4
        for model, said in (
            ("gan-fashion-classes", "no such class: choose one of boot, bag, coat"),
            ("gan-fashion", "is told no class"),
        ):
            assert said in refused(told_client, model, 0, *words, "cats", api_name=api)
    assert "no such model" in refused(
        told_client, "gan-fashion-classes", 0, 0, api_name="/gan_neighbours"
    )
    assert told_client.predict("gan-fashion-classes", 0, api_name="/gan_film")["step"] == 1


def test_a_choice_of_model_brings_its_classes(told_client):
    for api, words in (("/gan_samples", (0,)), ("/gan_strip", (0, [0, 1]))):
        told = told_client.predict("gan-fashion-classes", *words, "bag", api_name=api)[-1]
        assert (told["visible"], told["value"]) == (True, "bag")
        assert told["choices"] == [["each in turn", ""], *([name, name] for name in CLASSES)]
        assert told_client.predict("gan-fashion", *words, api_name=api)[-1]["visible"] is False
        assert "not in the list" in refused(
            told_client, "gan-fashion-classes", *words, "cats", api_name=api
        )


def test_the_table_says_which_was_told_the_class(told_models):
    table = samples.comparison(told_models["gan-fashion"], told_models)
    assert "gan-fashion-classes, today&#x27;s recipe, told the class" in table
    assert samples.side_by_side(told_models["gan-fashion"], told_models, 0).count("<img") == 2
