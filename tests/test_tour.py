"""The lecture's tour: every stop is there, and what its answers say of the committed models is so."""

import re
from pathlib import Path

import numpy as np
import pytest

from gen_models import cards
from gen_models.app.chapter import path
from gen_models.app.chapters import CHAPTERS, autoencoder, cyclegan, gan, infogan, pix2pix, vae
from gen_models.app.chapters.autoencoder import generator, lineup, reconstruct
from gen_models.app.chapters.cyclegan import common as cycles
from gen_models.app.chapters.cyclegan import without
from gen_models.app.chapters.equilibria import study
from gen_models.app.chapters.gan import common as gans
from gen_models.app.chapters.gan import samples
from gen_models.app.chapters.infogan import common as codes
from gen_models.app.chapters.infogan import grid
from gen_models.app.chapters.lab.presets import PRESETS
from gen_models.app.chapters.objectives import fits, losses
from gen_models.app.chapters.pix2pix import canvases, translate
from gen_models.app.chapters.vae import common as vaes
from gen_models.app.chapters.vae import evidence, latent_map
from gen_models.app.shell import share, tour
from gen_models.families import MetricId
from gen_models.runtime import Model
from scripts import biome, vendor

EXPERIMENTS = {path(chapter, each): each for chapter in CHAPTERS for each in chapter.experiments}
STOPS = {stop.address.partition("?")[0]: stop for stop in tour.STOPS}


def test_about_a_dozen_stops_each_in_a_place_of_its_own():
    assert len(STOPS) == len(tour.STOPS) == 12


@pytest.mark.parametrize("stop", tour.STOPS, ids=list(STOPS))
def test_a_stop_asks_and_answers_in_one_experiment(stop):
    place, _, values = stop.address.partition("?")
    then, _, other = stop.then.partition("?")
    assert then == place in EXPERIMENTS
    assert values != other  # the answer shows something else
    assert re.fullmatch(r"§\d\.\d", stop.lecture)
    for words in (stop.sentence, stop.question, stop.answer):
        assert 10 < len(words) <= 300
        assert "$" not in words  # plain text
    assert stop.question.endswith("?")


@pytest.fixture(scope="module")
def models():
    """Those of a chapter, by name."""
    found, _ = cards.discover(Path("exported"))
    every = {card.name: Model(card, Path("exported") / card.name) for card in found}

    def of(chapter):
        return {name: model for name, model in every.items() if chapter.shows(model.card)}

    return of


def says(where, *numbers):
    for number in numbers:
        assert number in STOPS[where].answer


def test_eight_numbers_bring_the_six_back(models):
    digits = lineup.lineups(models(autoencoder.CHAPTER).values())["digits"]
    x = digits.x([reconstruct.FIRST["digits"]])
    ratios = {}
    for code in digits.codes:
        made = reconstruct.compare(digits, code, x)
        ratios[code] = made["conv"][1] / made["pca"][1]
    assert [code for code in digits.codes if code < 8] == [2, 4]
    assert min(ratios[2], ratios[4]) > 1
    says("autoencoder/reconstruct", f"{ratios[8]:.2f} of PCA’s")


def test_with_sixteen_dimensions_only_random_codes_are_far_from_digits(models):
    digits = lineup.lineups(models(autoencoder.CHAPTER).values())["digits"]
    sources = ("noise", "gaussian", "vae")
    two, sixteen = (
        [generator.numbers(digits)[code][f"distance-{source}"] for source in sources]
        for code in ("2", "16")
    )
    assert min(map(float, two)) > 50
    assert float(sixteen[0]) > 50 > 10 > max(map(float, sixteen[1:]))
    says("autoencoder/generator", *sixteen)


def test_in_two_dimensions_a_six_comes_back_as_another_digit(models):
    flat = {n: m for n, m in models(vae.CHAPTER).items() if vaes.latent_dim(m) == 2}
    model = vaes.usual(flat)
    number = int(STOPS["vae/map"].then.rpartition("=")[2]) - 1  # an address counts from 1
    reply = latent_map.of_image(model, vaes.checked_example(model, number))
    average = model.card.metric(MetricId.SQUARED_ERROR)
    says("vae/map", reply["text"]["error"], f"{average.value:.1f} on average")


def test_of_a_thousand_z_of_the_prior_one_counts(models):
    model = max(models(vae.CHAPTER).values(), key=vaes.is_binary)
    x = evidence.image_for(model, vaes.checked_example(model, evidence.START))
    found = evidence.estimate(model, x, 1000, 0)
    assert found.used_prior < 1.5
    says("vae/evidence", f"{found.weighted[-1] - found.naive[-1]:.0f} nats")


def test_kl_alone_keeps_both_bumps():
    shape = fits.Shape(*(fits.FIRST[name] for name in ("left", "right", "weight")))
    text = fits.at(shape, 5, fits.FIRST["pi"])["text"]
    assert text["forward-switch"].startswith("none")
    says("objectives/fits", text["reverse-switch"], text["js-switch"])


def test_one_loss_has_a_slope_where_d_is_sure():
    found = losses.gradients(8)
    says(
        "objectives/losses",
        losses.small(found.saturating),
        f"{found.non_saturating:.3f}".replace("-", "−"),
    )
    near = losses.gradients(0)
    assert near.saturating == pytest.approx(near.non_saturating)


def test_without_z_all_samples_are_one_image(models):
    model = gans.default(gans.generators(models(gan.CHAPTER)))
    distance = samples.mean_pairwise_distance(samples.sample(model, 0, 0.0))
    says("gan/samples", f"{distance:.2f}")


def test_another_code_turns_strokes_and_leaves_the_digits(models):
    model = next(iter(models(infogan.CHAPTER).values()))
    others = np.zeros(codes.continuous(model) - 1, np.float32)
    _, right = grid.table(model, 1, others, grid.FIRST_SEED)
    assert right > 0.99  # the share that Q reads as the category of their row


def test_without_dropout_four_images_are_one(models):
    model = next(iter(models(pix2pix.CHAPTER).values()))
    drawing = canvases.examples(model)[canvases.start(model)]
    context = {"seed": 0, "p": 0, "all": True}
    says("pix2pix/draw", translate.at(model, drawing, context)["text"]["diversity"])


def test_without_the_cycle_two_photographs_become_nearly_one_map(models):
    made = models(cyclegan.CHAPTER)
    bound, free = without.both(cycles.usual(without.comparable(made)), made)
    way = cycles.way_of("xy")
    first, other = cycles.first_image(bound, way), 2  # image=3 of the address
    maps = {
        model.card.name: [
            cycles.translate(model, way.s, way.t, cycles.example(bound, way, i))
            for i in (first, other)
        ]
        for model in (bound, free)
    }
    apart = {name: float(np.abs(a - b).mean()) for name, (a, b) in maps.items()}
    assert apart[free.card.name] < 0.5 * apart[bound.card.name]


def test_smaller_steps_leave_the_circle_too():
    values = dict(
        pair.split("=") for pair in STOPS["equilibria/field"].then.partition("?")[2].split("&")
    )
    game = study.checked(study.FIRST | {"h": float(values["h"]), "steps": int(values["steps"])})
    found = study.run(game, 1.0, 1.0).results
    assert found["simultaneous"].factor > 1
    assert found["alternating"].factor == pytest.approx(1)


def test_the_last_stop_sets_up_a_slow_d_and_then_packs_of_two():
    """What is seen there is tested with the lab: `test_a_slow_d_loses_modes_that_packs_of_two_find`."""
    stop = STOPS["lab/play"]
    tried = [PRESETS[int(each.rpartition("=")[2]) - 1].title for each in (stop.address, stop.then)]
    assert "slow D" in tried[0]
    assert "packs of two" in tried[1]


def test_the_libraries_for_sharing_are_those_of_npm():
    assert biome.install(), biome.MISSING
    for name, source in vendor.FILES.items():
        assert (vendor.VENDOR / name).read_bytes() == source.read_bytes()
    assert share.ROUTE.path == "/vendor"
