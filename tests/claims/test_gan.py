"""What the chapter GANs claims."""

import numpy as np
import pytest

from claims import says
from gen_models.app.chapters import gan
from gen_models.app.chapters.gan import common, encoder, film, nearest, samples


@pytest.fixture(scope="module")
def models(exported):
    return {name: model for name, model in exported.items() if gan.CHAPTER.shows(model.card)}


def test_a_short_z_is_strange_to_g(models):
    says(
        samples.EXPERIMENT,
        "the distance to the nearest training image is 8.39 there and 7.19 at 1",
        "a length near $\\sqrt{64} = 8$",
        "At 0 all samples are one.",
    )
    model = common.default(common.generators(models))
    assert common.latent_dim(model) == 64
    search = common.search_for(model, models)
    texts = {tau: samples.at(model, search, 0, tau)["text"] for tau in (0, 0.2, 1)}
    assert (texts[0.2]["near"], texts[1]["near"]) == ("8.39", "7.19")
    assert texts[0]["distance"] == "0.00"


def test_a_sample_shows_the_class_that_was_asked_for(models):
    says(
        samples.EXPERIMENT,
        "*Conditional GAN on Fashion-MNIST* is told a class, such as *Bag*: of all its samples 87 % are recognised as "
        "what was asked for.",
    )
    model = models["gan-fashion-classes"]
    assert model.card.title == "Conditional GAN on Fashion-MNIST"
    assert f"{model.card.metrics['class_accuracy'].value:.0%}" == "87%"
    features = common.search_for(model, models).model
    for i, label in enumerate(model.card.classes):
        x = common.as_floats(model, samples.sample(model.told(label), 0, 1))
        right = (features("features", x=x)["y"].argmax(1) == i).mean()
        assert right > (0.5 if label == "Shirt" else 0.7), (
            label
        )  # shirts are taken for what they resemble


@pytest.mark.parametrize("name", ["gan-fashion", "gan-heads", "gan-toons"])
def test_a_training_image_is_found_at_distance_0_and_samples_are_as_new_as_images(models, name):
    says(
        nearest.EXPERIMENT,
        "the same image comes twice, at a distance of 0",
        "Samples stay about as far from the training images as those are from one another.",
    )
    search = common.search_for(models[name], models)
    some = np.linspace(0, len(search.bank) - 1, 16).astype(int)
    index, distance = search.nearest(search.bank[some])
    assert index[:, 0].tolist() == some.tolist()
    assert distance[:, 0].max() < 0.01
    assert distance[:, 1].min() > 1
    _, distance = search.nearest(common.images(models[name], common.draw(models[name], 0, 64)))
    assert distance[:, 0].mean() == pytest.approx(search.typical, rel=0.15)


def test_the_film_of_heads_gets_nearer_by_a_detour(models):
    says(
        film.EXPERIMENT,
        "8.6 at the first step, 12.4 at step 108, and 7.1 at the end",
        "typically 7.3",
    )
    model = models["gan-heads"]
    search = common.search_for(model, models)
    moments = [model.card.sheets["film"].steps.index(step) for step in (1, 108, 16000)]
    assert [film.near(model, search, i) for i in moments] == ["8.6", "12.4", "7.1"]
    assert f"{search.typical:.1f}" == "7.3"


def test_the_twelve_of_the_film_grow_unlike_and_noise_may_be_near(models):
    says(
        film.EXPERIMENT,
        "At step 9 the twelve are two thirds as unlike as training images, and at the end nearly as much.",
    )
    heads, toons = models["gan-heads"], models["gan-toons"]
    _, unlike = film.measured(heads, common.search_for(heads, models).model)
    assert unlike.min() == unlike[heads.card.sheets["film"].steps.index(9)]
    assert unlike.min() == pytest.approx(2 / 3, abs=0.02)
    assert 0.9 < unlike[-1] < 1
    search = common.search_for(toons, models)
    near, unlike = film.measured(toons, search.model)
    assert f"{near[0] / search.typical:.2f}" == "0.94"
    assert unlike[-1] > 3 * unlike[0]


def test_the_loss_of_g_is_alike_where_the_images_are_not(models):
    says(
        film.EXPERIMENT,
        "Losses do not tell: that of $G$ is 0.94 at step 108, and 0.96 at the end.",
    )
    model = models["gan-heads"]
    sheet = model.card.sheets["film"]
    moments = [sheet.steps.index(step) for step in (108, 16000)]
    assert [f"{sheet.losses['loss_G'][i]:.2f}" for i in moments] == ["0.94", "0.96"]
    near, _ = film.measured(model, common.search_for(model, models).model)
    assert near[moments[1]] < 0.6 * near[moments[0]]


def test_a_film_says_why_it_has_no_losses_and_only_then(models):
    """That today's scripts keep them is tested where they train: tests/test_gan.py."""
    for model in models.values():
        if "film" not in model.card.sheets:
            continue
        chart = film.at(model, None, 1.0)["send"][film.CHART]
        kept = bool(model.card.sheets["film"].losses)
        assert chart["words"]["none"] == ("" if kept else film.NO_LOSSES)
        assert bool(chart["attributes"]["loss_G"]["d"]) == kept
        # "What is drawn was measured on the film's own images": of the last moment, by hand.
        search = common.search_for(model, models)
        last = model.sheet("film")[:, -1]
        near, unlike = film.measured(model, search.model)
        assert near[-1] == pytest.approx(search.nearest(last)[1][:, 0].mean())
        real = search.bank[np.linspace(0, len(search.bank) - 1, len(last)).astype(int)]
        distances = [search.mean_pairwise_distance(images) for images in (last, real)]
        assert unlike[-1] == pytest.approx(distances[0] / distances[1])


def test_a_sample_of_g_is_found_again_and_a_real_image_is_not(models):
    says(encoder.EXPERIMENT, "the error falls near 0", "For a real image it stays larger")
    model = models["gan-fashion"]
    (own, _), (real, _) = (
        encoder.offered(models, model, kind) for kind in (encoder.OWN, encoder.REAL)
    )
    errors = [encoder.search(model, x[0]).errors for x in (own, real)]
    assert errors[0][-1] < 0.02 * errors[0][0]
    assert errors[1][-1] > 5 * errors[0][-1]
