"""The chapter "VAEs" on toy models: its pure functions, and every endpoint over HTTP with good and bad input."""

import base64
import dataclasses
import io
from pathlib import Path
from statistics import NormalDist

import gradio as gr
import numpy as np
import pytest
import toys
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image

from gen_models.app import launch_options
from gen_models.app.chapters import vae
from gen_models.app.chapters.vae import (
    beta,
    common,
    dials,
    evidence,
    latent_map,
    morph,
    output,
    reparameterise,
    samples,
)
from gen_models.app.chapters.vae import told as told_the_class
from gen_models.app.controls import drawing
from gen_models.app.shell import page
from gen_models.errors import UserError
from gen_models.numerics import estimators
from gen_models.runtime import Model, from_uint8


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """As many kinds of VAE as the app may meet: a plane, two βs, a Normal, a binary one, and one in colour."""
    root = tmp_path_factory.mktemp("exported")
    made = [
        toys.vae(root, "plane"),
        toys.vae(root, "three", k=3),
        toys.vae(root, "three-beta-4", k=3, beta=4.0),
        toys.vae(root, "normal", k=3, likelihood="normal"),
        toys.vae(root, "binary", k=4, binarized=True),
        toys.vae(root, "colour", k=5, shape=(3, 12, 12), likelihood="normal", measured=False),
    ]
    return {model.card.name: model for model in made}


# ---------------------------------------------------------------------------------------------------------------------
# Pure functions
# ---------------------------------------------------------------------------------------------------------------------


def test_an_example_reaches_the_encoder_exactly(models):
    for model in models.values():
        image = model.examples()[0]
        x = common.as_input(model, image)
        assert x.shape == (1, *image.transpose(2, 0, 1).shape)
        np.testing.assert_array_equal(common.as_pictures(model, x)[0], image)
        np.testing.assert_array_equal(common.as_input(model, common.without_grey_axis(image)), x)


def test_a_drawing_is_scaled_to_the_images_of_the_model(models):
    ink = np.zeros((112, 112), np.uint8)
    ink[:, 56:] = 255
    x = common.as_input(models["plane"], ink)
    np.testing.assert_allclose(x[0, 0, 4], [0, 0, 0, 0, 1, 1, 1, 1], atol=0.2)


def test_a_drawing_for_digits_is_centred_as_mnist_is(tmp_path):
    model = toys.vae(tmp_path, "digits", shape=(1, 28, 28))
    named = dataclasses.replace(model.card.dataset, name="digits")
    digits = Model(dataclasses.replace(model.card, dataset=named), model.folder)
    ink = np.zeros((112, 112), np.uint8)
    ink[5:60, 5:15] = 255
    digit = from_uint8(drawing.mnist_like(ink)[None, ..., None])[0, 0]
    np.testing.assert_array_equal(common.as_input(digits, ink)[0, 0], digit)
    assert (common.as_input(model, ink)[0, 0] != digit).any()


@pytest.mark.parametrize(
    ("name", "ink", "sentence"),
    [("plane", 0, "The canvas is empty"), ("colour", 255, "These images have colour")],
)
def test_a_drawing_that_cannot_be_used_is_refused(models, name, ink, sentence):
    with pytest.raises(common.BadRequest, match=sentence):
        common.as_input(models[name], np.full((112, 112), ink, np.uint8))


def test_posterior_is_what_the_encoder_says(models):
    x = common.examples_of(models["three"], 1)
    q = common.encode(models["three"], x)
    np.testing.assert_allclose(q.sigma, np.exp(-1), rtol=1e-6)
    by_hand = 0.5 * (q.mu**2 + np.exp(-2) + 2 - 1)
    np.testing.assert_allclose(q.kl, by_hand, rtol=1e-5)


def test_active_dimensions_come_in_order_of_their_kl(models):
    assert common.active_dimensions(models["three"]) == [(1, 2.0), (0, 1.0)]
    assert common.active_dimensions(models["colour"]) == [(j, None) for j in range(5)]


def test_the_model_to_begin_with_is_a_plain_one(models):
    assert common.usual(models).card.name == "three"
    assert common.usual({"plane": models["plane"]}).card.name == "plane"


def test_log_prior():
    assert common.log_prior(np.zeros(2)) == pytest.approx(-np.log(2 * np.pi))
    assert common.log_prior(np.array([2.0])) == pytest.approx(-2 - 0.5 * np.log(2 * np.pi))


def test_map_shows_the_decoded_mean_where_it_is(models):
    model = models["plane"]
    side = latent_map.background(model)
    n = side.shape[0] // 8
    assert side.shape == (8 * n, 8 * n, 1)
    # The image in the top left cell belongs to the median of that cell, where Φ has gone half a cell from Φ(−3).
    lowest = 0.001349898
    assert latent_map.EXTENT == 3.0
    middle = -NormalDist().inv_cdf(lowest + (1 - 2 * lowest) / (2 * n))
    corner = common.decode(model, np.array([[-middle, middle]], np.float32))[0]
    np.testing.assert_array_equal(side[:8, :8], corner)


def test_the_codes_of_the_test_images_lie_on_the_map(models):
    model = models["plane"]
    image = latent_map.with_codes(model)
    side = latent_map.background(model).shape[0]
    assert image.shape == (side, side, 3)
    x, y = latent_map.places(model, side)[-1].astype(int)
    assert not latent_map.is_labelled(model)
    assert tuple(image[y, x]) == latent_map.PLAIN, "the last one lies on top"


def test_map_sends_mean_and_ellipse_of_an_image(models):
    model = models["plane"]
    x = common.examples_of(model, 1)
    reply = latent_map.of_image(model, x)
    q = common.encode(model, x)
    sent = reply["send"][latent_map.PAD]
    assert sent["value"] == pytest.approx(q.mu.tolist())
    assert sent["ellipse"] == pytest.approx([*q.mu, *q.sigma])
    assert reply["text"]["kl"] == f"{q.kl.sum():.1f} nats"


def test_dials_stand_for_active_dimensions_and_leave_the_others(models):
    model = models["three"]
    assert dials.labels_of(model) == ["z₂ · 2.00 nats", "z₁ · 1.00 nats"]
    start = np.array([1.0, 2.0, 3.0], np.float32)
    assert dials.positions(model, start) == [2, 1]
    assert dials.turned(model, start, np.array([5, 4])).tolist() == [4, 5, 3]
    assert dials.at(model, start, np.array([2, 1]))["text"] == {"moved": "0.0", "used": "2 of 3"}
    assert dials.labels_of(models["colour"]) == ["z₁", "z₂", "z₃", "z₄", "z₅"]


def test_models_are_named_by_what_differs(models):
    assert [common.name_of(models[name]) for name in ("three", "three-beta-4", "normal")] == [
        "Noise-1-8-8, 3-D",
        "Noise-1-8-8, 3-D, β = 4",
        "Noise-1-8-8, 3-D, Normal",
    ]
    assert common.name_of(models["binary"]) == "Noise-1-8-8, 4-D, black or white"


def test_models_of_one_name_are_told_apart_by_their_folder(models):
    card = dataclasses.replace(models["three"].card, name="other")
    twice = {"three": models["three"], "other": Model(card, models["three"].folder)}
    with gr.Blocks():
        choice = common.model_choice(twice, models["three"])
    assert choice.choices == [
        ("Noise-1-8-8, 3-D (three)", "three"),
        ("Noise-1-8-8, 3-D (other)", "other"),
    ]


def test_samples_depend_on_the_seed_alone(models):
    first = samples.sample(models["colour"], 3, 4)
    assert first.shape == (4, 12, 12, 3)
    np.testing.assert_array_equal(first, samples.sample(models["colour"], 3, 4))
    assert (first != samples.sample(models["colour"], 4, 4)).any()


def test_samples_of_a_colder_prior_are_nearer_to_one_another(models):
    model = models["three"]
    cold, warm = (samples.draw(model, 0, 8, temperature=t) for t in (0, 1))
    assert samples.mean_pairwise_distance(cold) == pytest.approx(0, abs=1e-9)
    np.testing.assert_array_equal(common.as_pictures(model, warm), samples.sample(model, 0, 8))
    pairs = [np.square(a - b).sum() for i, a in enumerate(warm) for b in warm[:i]]
    assert samples.mean_pairwise_distance(warm) == pytest.approx(np.mean(pairs), rel=1e-5)


def test_families_differ_in_beta_alone(models):
    assert [[*family] for family in beta.families(models.values())] == [[1.0, 4.0]]
    assert [m.card.name for m in beta.families(models.values())[0].values()] == [
        "three",
        "three-beta-4",
    ]


def test_pairs_stand_above_one_another(models):
    model = models["three"]
    rows = beta.pairs(model)
    assert len(rows) == 16
    np.testing.assert_array_equal(rows[:4], model.examples()[:4])
    x = common.examples_of(model, 4)
    np.testing.assert_array_equal(rows[4:8], common.decode(model, model("encoder", x=x)["mu"]))


def test_numbers_that_were_not_measured_are_a_dash(models):
    assert beta.numbers_of(models["three"])["kl"] == "3.0"
    assert beta.numbers_of(models["colour"])["kl"] == "–"


@pytest.mark.parametrize("name", ["three", "normal"])
def test_a_sample_has_the_mean_and_spread_of_the_distribution(models, name):
    model = models[name]
    z = np.zeros(3, np.float32)
    drawn = np.concatenate([output.distribution(model, z, seed)[1] for seed in range(2000)])
    mean, _, sigma = output.distribution(model, z, 0)
    np.testing.assert_allclose(drawn.mean(0), mean[0], atol=5 * 0.5 / 2000**0.5)
    np.testing.assert_allclose(drawn.std(0), sigma[0], rtol=0.15)


def test_a_bernoulli_sample_is_black_or_white(models):
    _, sample, _ = output.distribution(models["three"], np.ones(3, np.float32), 0)
    assert set(np.unique(sample)) <= {0.0, 1.0}


def test_output_pairs_a_bernoulli_with_a_normal_of_the_same_images(models):
    named = [{kind: m.card.name for kind, m in side.items()} for side in output.sides(models)]
    assert named == [{"Bernoulli": "three", "Normal": "normal"}, {"Normal": "colour"}]


def test_estimates_of_log_p_are_repeatable_and_begin_with_the_elbo(models):
    model = models["binary"]
    x = evidence.image_for(model, common.examples_of(model, 1))
    assert set(np.unique(x)) <= {0.0, 1.0}
    e = evidence.estimate(model, x, 300, seed=5)
    assert e.steps == (1, 3, 10, 30, 100, 300)
    rng = np.random.default_rng(5)
    naive = np.concatenate([estimators.draw_from_prior(model, x, k, rng) for k in (250, 50)])
    assert e.naive[0] == pytest.approx(naive.mean(), rel=1e-5)
    assert e.naive[-1] == pytest.approx(estimators.log_mean_exp(naive), rel=1e-5)
    assert 1 <= e.used_prior <= 300
    assert 1 <= e.used_posterior <= 300
    again = evidence.estimate(model, x, 300, seed=5)
    np.testing.assert_array_equal(again.weighted, e.weighted)


def test_a_number_of_samples_between_the_steps_is_the_last_one(models):
    x = common.examples_of(models["three"], 1)
    assert evidence.estimate(models["three"], x, 7, 0).steps == (1, 3, 7)


def test_the_chart_has_a_mark_for_each_estimate_but_the_best(models):
    e = evidence.estimate(models["three"], common.examples_of(models["three"], 1), 100, 0)
    drawn = evidence.chart(e)
    legend = 2
    assert drawn.count('r="4"') == 2 * len(e.steps) - 1 + legend
    one = evidence.estimate(models["three"], common.examples_of(models["three"], 1), 1, 0)
    assert evidence.chart(one).count('r="4"') == 1 + 1


def test_each_kind_of_model_says_what_its_likelihood_means(models):
    notes = {name: evidence.note_for(models[name]) for name in ("normal", "binary", "three")}
    assert "density" in notes["normal"]
    assert "black or white once" in notes["binary"]
    assert "--binarize" in notes["three"]


def test_gradients_from_the_same_noise_agree_with_the_exact_case():
    spread = reparameterise.compare(sigma=0.5, a=2.0)
    assert spread.gradient == -4
    for drawn, exact in zip((spread.reparameterised, spread.score), spread.exact, strict=True):
        assert drawn.mean() == pytest.approx(-4, abs=5 * (exact / len(drawn)) ** 0.5)
        assert drawn.var() == pytest.approx(exact, rel=0.05)


def test_histogram_puts_bars_and_truth_in_their_place():
    image = reparameterise.histogram(np.array([0.1, 0.1, 0.9]), 0, 1, mark=0.5)
    assert image.shape == (reparameterise.HEIGHT, reparameterise.WIDTH, 3)
    bars = (image == reparameterise.BAR).all(2).sum(0)
    assert bars[int(0.1 * reparameterise.WIDTH)] == 2 * bars[int(0.9 * reparameterise.WIDTH)]
    assert (image == reparameterise.TRUTH).all(2).sum(0).argmax() == int(
        0.5 * (reparameterise.WIDTH - 1)
    )


def test_a_morph_goes_from_mean_to_mean(models):
    model = models["three"]
    stops = morph.means(model, list(model.examples()[:3]))
    pictures = morph.frames(model, stops, per_leg=4)
    assert len(pictures) == 9
    np.testing.assert_array_equal(pictures[[0, 4, 8]], common.decode(model, stops))
    with Image.open(io.BytesIO(morph.movie(model, stops))) as film:
        assert film.n_frames <= 2 * 2 * morph.FRAMES_PER_LEG
        assert film.size == (256, 256)


def test_a_morph_is_compared_with_a_cross_fade_of_its_ends(models):
    model = models["three"]
    stops = morph.means(model, list(model.examples()[:2]))
    ends = model("decoder", z=stops)["x"]
    np.testing.assert_allclose(
        morph.fade(ends, np.array([0.25]))[0], 0.75 * ends[0] + 0.25 * ends[1], rtol=1e-5
    )
    at_start = morph.shown(model, stops, np.array([0.0], np.float32))
    assert at_start["images"]["mean"] == at_start["images"]["fade"]
    assert at_start["text"]["morph error"] == at_start["text"]["fade error"]
    midway = morph.shown(model, stops, np.array([0.5], np.float32))
    assert midway["images"]["mean"] != midway["images"]["fade"]
    one = morph.shown(model, stops[:1], np.array([0.5], np.float32))
    assert one["images"]["path"][:2] == midway["images"]["path"][:2], (
        "a path of one image is as wide"
    )


# ---------------------------------------------------------------------------------------------------------------------
# The page
# ---------------------------------------------------------------------------------------------------------------------


def page_of(models):
    with gr.Blocks() as demo:
        contents = page.Contents.of(vae.CHAPTER, models, [])
        with gr.Tabs():
            page.sections([contents])
        if contents.models:
            vae.CHAPTER.offer(contents.models)
    return demo


def words_of(models):
    return "\n".join(str(getattr(b, "value", "")) for b in page_of(models).blocks.values())


def test_a_chapter_lacking_models_says_what_makes_them(models):
    words = words_of({"three": models["three"]})
    assert "--latent-dim 2" in words
    assert "--beta 10" in words
    assert "--likelihood normal" in words


def test_a_model_without_its_encoder_is_left_out_in_a_sentence(models):
    card = models["three"].card
    half = dataclasses.replace(card, name="half", graphs={"decoder": card.graphs["decoder"]})
    model = Model(half, models["three"].folder)
    assert "half is left out" in words_of({"plane": models["plane"], "half": model})
    assert "half is left out" in words_of({"half": model})


def test_models_without_examples_or_numbers_are_laid_out(tmp_path):
    model = toys.vae(tmp_path, "bare", measured=False)
    (model.folder / "examples.png").unlink()
    assert len(page_of({"bare": model}).blocks) > 50
    assert samples.elbo(model) == "not measured"
    assert samples.shown(model, 0, 1.0)["text"]["distance"] == "–"
    assert samples.shown(model, 0, 1.0)["text"]["real variety"] == "–"


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


def picture(uri):
    kind, content = uri.split(";base64,")
    assert kind in ("data:image/png", "data:image/gif")
    return Image.open(io.BytesIO(base64.b64decode(content)))


def refused(client, *args, api_name):
    """What the visitor reads: one sentence, and nothing of the inside."""
    with pytest.raises((AppError, ValueError)) as caught:
        client.predict(*args, api_name=api_name)
    words = str(caught.value)
    assert "Traceback" not in words
    assert "site-packages" not in words
    assert "verbose error" not in words, "an error of ours, not a refusal"
    return words


def test_encode_then_decode(client, models):
    q = client.predict("three", 1, api_name="/vae_encode")
    want = common.encode(models["three"], common.checked_example(models["three"], 1))
    assert q["mu"] == pytest.approx(want.mu.tolist())
    assert q["KL"] == pytest.approx(want.kl.tolist())
    decoded = client.predict("three", q["mu"], api_name="/vae_decode")
    np.testing.assert_array_equal(picture(decoded), picture(q["picture"]))
    assert picture(client.predict("colour", [0] * 5, api_name="/vae_decode")).mode == "RGB"


@pytest.mark.parametrize(
    "name", ["", "no-such-model", "../../etc", "x" * 10_000, 3, None, ["plane"]]
)
def test_unknown_models_are_refused(client, name):
    assert "no such model" in refused(client, name, [0, 0], api_name="/vae_decode")
    assert "no such model" in refused(client, name, 0, api_name="/vae_encode")


@pytest.mark.parametrize(
    "z",
    [
        [],
        [0],
        [0, 0, 0],
        [0, "1"],
        [0, None],
        [0, 1e300],
        [0, 10**400],
        "00",
        7,
        {"a": 1},
        [True, 1],
    ],
)
def test_latents_that_do_not_fit_are_refused(client, z):
    assert "2 finite numbers" in refused(client, "plane", z, api_name="/vae_decode")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_json_number_is_refused(client, value):
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the client, the server or we say so
        client.predict("plane", [0, value], api_name="/vae_decode")
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize("number", [-1, 12, 1.5, "0", None, 1e30, True])
def test_examples_that_do_not_exist_are_refused(client, number):
    assert "whole number from 0 to 11" in refused(client, "three", number, api_name="/vae_encode")


def test_samples(client):
    drawn, real, number = client.predict("three", 3, api_name="/vae_samples")
    assert Image.open(drawn).width == Image.open(real).width
    assert "−50.0 nats" in number
    again, _, _ = client.predict("three", 3, api_name="/vae_samples")
    np.testing.assert_array_equal(Image.open(again), Image.open(drawn))
    client.predict("colour", 2**31 - 1, api_name="/vae_samples")
    cold, _, _ = client.predict("three", 3, 0.0, api_name="/vae_samples")
    assert (np.asarray(Image.open(cold)) != np.asarray(Image.open(drawn))).any()
    words = refused(client, "three", 3, 9.0, api_name="/vae_samples")
    assert "The temperature must be a number from 0 to 2" in words


@pytest.mark.parametrize("seed", [-1, 2**31, 0.5, "7", "seven", None, 1e300, [1], True])
def test_seeds_out_of_range_are_refused(client, seed):
    assert "The seed must be" in refused(client, "three", seed, api_name="/vae_samples")
    assert "The seed must be" in refused(client, "three", seed, api_name="/vae_beta")


def test_beta(client):
    found = client.predict("three-beta-4", 0, api_name="/vae_beta")
    assert found["beta"] == 4
    assert picture(found["pairs"]).size == picture(found["samples"]).size
    assert found["error"] == "7.0"


def test_output(client):
    found = client.predict("normal", 0, 1, api_name="/vae_output")
    assert {picture(found[name]).size for name in ("mean", "sample", "sigma")} == {(8, 8)}
    assert "squared error" in found["mean note"]
    assert "no such model" in refused(client, "none", 0, 0, api_name="/vae_output")


def test_log_px(client):
    found = client.predict("binary", 2, 100, 0, api_name="/vae_log_px")
    assert found["samples"] == [1, 3, 10, 30, 100]
    assert found["ELBO"] == found["importance weighted"][0]
    assert found["mean of log p(x|z)"] == found["naive Monte Carlo"][0]
    assert client.predict("binary", 2, 100, 0, api_name="/vae_log_px") == found


@pytest.mark.parametrize("n", [0, 1001, 10**9, -5, "10", 2.5, None])
def test_too_many_samples_are_refused(client, n):
    words = refused(client, "binary", 0, n, 0, api_name="/vae_log_px")
    assert "whole number from 1 to 1,000" in words


def test_evidence_of_an_example_and_of_a_drawing(client, models):
    # One canvas for each kind of images: grey, and in colour.
    result, chart, table, note = client.predict("binary", 100, 0, 1, 0, api_name="/vae_evidence")
    assert "log p(x)" in result
    assert "the ELBO" in table
    assert "black or white" in note
    assert chart.count('r="4"') == 2 * 5 - 1 + 2
    ink = np.zeros((112, 112), np.uint8)
    ink[20:90, 50:60] = 255
    drawn = client.predict("binary", 100, 0, drawing.to_runs(ink), 0, api_name="/vae_evidence")
    assert drawn[0] != result


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("none", 100, 0, 0, 0), "not in the list"),
        (("binary", 101, 0, 0, 0), "not in the list"),
        (("binary", 100, -1, 0, 0), "The seed must be"),
        (("binary", 100, 0, 99, 0), "no such example"),
        (("binary", 100, 0, "", 0), "The canvas is empty"),
        (("binary", 100, 0, "@@@", 0), "not a drawing"),
        (("binary", 100, 0, [1, 2], 0), "no such example"),
    ],
)
def test_evidence_of_what_is_no_image_is_refused(client, args, sentence):
    assert sentence in refused(client, *args, api_name="/vae_evidence")


def test_gradients(client):
    found = client.predict(1.0, -1.0, 0, api_name="/vae_gradients")
    assert found["gradient"] == 2
    assert found["reparameterised, exact variance"] == 4
    assert found["score function, exact variance"] == 30
    assert found["score function, variance"] == pytest.approx(30, rel=0.1)


@pytest.mark.parametrize("sigma", [0, -1, 1e9, "1", None])
def test_gradients_out_of_range_are_refused(client, sigma):
    assert "σ must be a number from 0.1 to 3" in refused(
        client, sigma, 1.0, 0, api_name="/vae_gradients"
    )


def test_morph(client):
    film = picture(client.predict("colour", [0, 1, 2], api_name="/vae_morph"))
    assert film.is_animated


@pytest.mark.parametrize("stops", [[], [1], [0, 1, 2, 3, 4], "01", None, 3])
def test_morphs_of_too_few_or_too_many_are_refused(client, stops):
    assert "2 to 4 examples" in refused(client, "three", stops, api_name="/vae_morph")


def test_morphs_of_what_does_not_exist_are_refused(client):
    assert "whole number" in refused(client, "three", [0, "1"], api_name="/vae_morph")


def test_a_path_is_made_and_recorded(client):
    client.predict("three", 1, 0, api_name="/vae_path_start")
    assert "add one" in refused(client, "three", api_name="/vae_gif")
    client.predict("three", 2, 0, api_name="/vae_path_add")
    gif = client.predict("three", api_name="/vae_gif")
    with Image.open(gif["value"] if isinstance(gif, dict) else gif) as film:
        assert film.is_animated
    for _ in range(2):
        client.predict("three", 3, 0, api_name="/vae_path_add")
    assert "up to 4" in refused(client, "three", 3, 0, api_name="/vae_path_add")
    assert "canvas is empty" in refused(client, "three", "", 0, api_name="/vae_path_start")


def test_pages_of_another_model(client):
    for endpoint in ("/vae_map", "/vae_dials", "/vae_random", "/vae_path"):
        name = "plane" if endpoint == "/vae_map" else "colour"
        assert client.predict(name, api_name=endpoint) is not None
        assert "not in the list" in refused(client, "none", api_name=endpoint)


def test_every_endpoint_has_a_test_here(client):
    named = client.view_api(return_format="dict")["named_endpoints"]
    source = Path(__file__).read_text("utf-8")
    assert [name for name in named if f'"{name}"' not in source] == []


# ---------------------------------------------------------------------------------------------------------------------
# A VAE that is told a class
# ---------------------------------------------------------------------------------------------------------------------

CLASSES = ("boot", "bag", "coat")


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    root = tmp_path_factory.mktemp("told")
    made = [toys.vae(root, "three", k=3), toys.vae(root, "told", classes=CLASSES)]
    return {model.card.name: model for model in made}


@pytest.fixture(scope="module")
def told_client(told):
    demo = page_of(told)
    options = launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield Client(url, verbose=False)
    demo.close()


def test_experiments_that_know_no_class_get_no_such_model(told):
    for experiment in vae.CHAPTER.experiments:
        assert ("told" in experiment.takes(told)) == (experiment.id in ("map", "samples", "told"))
    assert common.usual(told).card.name == "three"
    only = {"told": told["told"]}
    assert vae.CHAPTER.thumbnail(only) is not None
    assert not vae.CHAPTER.toy(only)
    # Every other experiment says that it has no model, and the page can be laid out.
    assert words_of(only).count("There is no model for this experiment yet") == 6


def test_the_map_and_the_codes_on_it_are_of_classes(told):
    model = told["told"]
    boots, bags = (latent_map.background(model.told(name)) for name in CLASSES[:2])
    assert (boots != bags).any()
    x = common.examples_of(model)
    each = model.told("")("encoder", x=x)["mu"]
    np.testing.assert_array_equal(each[1::3], model.told("bag")("encoder", x=x)["mu"][1::3])
    with pytest.raises(UserError, match="input y is missing"):
        model("encoder", x=x)
    assert latent_map.with_codes(model.told("bag")).shape[-1] == 3


def test_samples_are_of_the_class_or_of_each_in_turn(told):
    bags, each = (samples.draw(told["told"].told(label), 0, 6) for label in ("bag", ""))
    np.testing.assert_allclose(bags[[1, 4]], each[[1, 4]], atol=1e-6)
    assert not np.isclose(bags[[0, 2]], each[[0, 2]]).all()
    assert common.name_of(told["told"]) == "Noise-1-8-8, 2-D, told the class"


def test_each_class_is_told_as_one_alone_would_be(told):
    model = told["told"]
    x = common.checked_example(model, 1)
    each = told_the_class.each_class(model, x)
    for i, name in enumerate(CLASSES):
        q = model.told(name)("encoder", x=x)
        kl = 0.5 * (q["mu"] ** 2 + np.exp(q["logvar"]) - 1 - q["logvar"]).sum()
        draws = estimators.draw(model.told(name), x, 4000, np.random.default_rng(1))
        np.testing.assert_allclose(each.mu[i], q["mu"][0], atol=1e-6)
        assert each.kl[i] == pytest.approx(kl, rel=1e-5)
        spread = 5 * draws.log_px_z.std() / (told_the_class.DRAWS // 3) ** 0.5
        assert each.bound[i] == pytest.approx(draws.log_px_z.mean() - kl, abs=float(spread))
        images = told_the_class.in_each_class(model, q["mu"][0])
        same = model.told(name)("decoder", z=q["mu"])["x"][0]
        np.testing.assert_allclose(images[i], same, atol=1e-6)
    assert len({float(bound) for bound in each.bound}) == 3


def test_the_class_told_is_that_of_the_highest_bound_or_another(told):
    model = told["told"]
    x = common.checked_example(model, 1)
    bound = told_the_class.each_class(model, x).bound
    low, _, best = (CLASSES[i] for i in np.argsort(bound))
    itself = told_the_class.shown(model, x, "")
    assert itself["text"]["likeliest"].startswith(f"{best}, then ")
    assert itself["text"]["below"] == "0.0 nats"
    other = told_the_class.shown(model, x, low)
    assert other["text"]["likeliest"] == itself["text"]["likeliest"]
    assert other["text"]["below"] == common.nats(bound.max() - bound.min())
    assert other["text"]["bound"] == common.nats(bound.min())
    assert other["images"]["own"] != itself["images"]["own"]
    assert told_the_class.shown(model, x, best) == itself


def test_the_bound_of_each_class_over_http(told_client, told):
    bounds = told_client.predict("told", 1, api_name="/vae_told")
    x = common.checked_example(told["told"], 1)
    expected = told_the_class.each_class(told["told"], x).bound
    assert bounds == pytest.approx(dict(zip(CLASSES, expected, strict=True)))
    assert "is told no class" in refused(told_client, "three", 1, api_name="/vae_told")
    assert "no such model" in refused(told_client, "none", 1, api_name="/vae_told")
    assert "number of an example" in refused(told_client, "told", 1e9, api_name="/vae_told")


def test_without_a_model_that_is_told_a_class_its_command_is_told(told):
    assert "--classes --latent-dim 2" in words_of({"three": told["three"]})
    assert "--classes --latent-dim 2" not in words_of(told)


def test_the_class_is_asked_for_over_http(told_client):
    for api, words in (("/vae_encode", (1,)), ("/vae_decode", ([0, 1],))):
        made = [str(told_client.predict("told", *words, label, api_name=api)) for label in CLASSES]
        assert len(set(made)) == 3
        assert "no such class: choose one of boot, bag, coat" in refused(
            told_client, "told", *words, "cats", api_name=api
        )
        assert "is told no class" in refused(
            told_client,
            "three",
            *(([0, 1, 2],) if api == "/vae_decode" else words),
            "bag",
            api_name=api,
        )
    assert "no such class" in refused(told_client, "told", 0, 1, "cats", api_name="/vae_samples")
    made = told_client.predict("told", True, "bag", api_name="/vae_map")
    assert (made[-1]["value"], made[-1]["visible"]) == ("bag", True)
    assert "no such model" in refused(told_client, "told", [0, 1], api_name="/vae_morph")
