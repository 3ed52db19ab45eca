"""What the chapters pix2pix and CycleGAN claim."""

import numpy as np
import pytest

from claims import says
from gen_models.app.chapters import cyclegan, pix2pix
from gen_models.app.chapters.cyclegan import common, cycle, without
from gen_models.app.chapters.pix2pix import canvases, draw, terms, translate

XY = common.WAYS["xy"]
COAST, DESERT, LAND = 6, 7, 4
"""Test images of the earth, from 0."""


def shown(exported, chapter):
    return {name: model for name, model in exported.items() if chapter.shows(model.card)}


def made(model, number, p):
    """Diversity and mean error of an example's four images."""
    drawing = canvases.examples(model)[number]
    images = translate.translate(model, drawing, translate.noise(model, 0, translate.SHOWN), p)
    true = canvases.truth(model, drawing)
    return translate.diversity(images), [translate.error(image, true) for image in images]


def test_four_z_differ_less_from_each_other_than_from_the_true_image(exported):
    says(draw.EXPERIMENT, "differ less from each other, 0.087, than from the true $x$, 0.177")
    model = next(iter(draw.in_order(shown(exported, pix2pix.CHAPTER)).values()))
    diversity, errors = made(model, canvases.start(model), translate.DEFAULT_P)
    assert (f"{diversity:.3f}", f"{errors[0]:.3f}") == ("0.087", "0.177")


@pytest.mark.parametrize("name", ["pix2pix-heads", "pix2pix-terrain", "pix2pix-toons"])
def test_at_0_the_four_are_one_and_at_9_tenths_the_error_grows(exported, name):
    says(
        draw.EXPERIMENT,
        "at 0 nothing is dropped and the four are one",
        "the error grows on average over drawings, of every kind; a single image may say the opposite",
    )
    model = exported[name]
    assert made(model, 0, 0.0)[0] == 0
    usual, much = (np.array([made(model, i, p)[1] for i in range(4)]) for p in (0.5, 0.9))
    assert much.mean() > usual.mean()
    assert (much < usual).any()


@pytest.fixture(scope="module")
def pair(exported):
    """The earth with the cycle, and without."""
    models = shown(exported, cyclegan.CHAPTER)
    return without.both(models["cyclegan-earth"], models)


def test_the_coast_bears_noise_and_the_desert_does_not(pair):
    says(cycle.EXPERIMENT, "the cycle error stays", "the error grows by half")
    model = pair[0]
    assert common.first_image(model, XY) == COAST
    at = cycle.SIGMAS.index(0.05)
    for number, least, most in ((COAST, 1, 1.15), (DESERT, 1.4, 1.6)):
        clean, errors = cycle.sweep(model, XY, common.example(model, XY, number))
        assert least < errors[at] / clean < most
    there = common.translate(model, "x", "y", common.example(model, XY, DESERT))
    assert there.std((2, 3)).max() < 0.04, "nearly of one colour"


def test_without_the_cycle_every_image_becomes_the_same_green(pair):
    says(without.EXPERIMENT, "nearly every $x$ becomes the same pale green")
    x = np.concatenate([common.example(pair[1], XY, i) for i in range(8)])
    colours = [common.translate(model, "x", "y", x).mean((2, 3)) for model in pair]
    spread = [np.ptp(each, 0).max() for each in colours]
    assert spread[1] < 0.06 < 0.2 < spread[0]


def test_that_green_is_closer_on_land_and_not_on_the_coast(pair):
    says(without.EXPERIMENT, "On plain land (the fifth image)", "on the coast it is not")
    for number, with_cycle_is_closer in ((LAND, False), (COAST, True)):
        x, true = common.example(pair[0], XY, number), common.truth(pair[0], XY, number)
        errors = [common.mean_error(without.trip(model, XY, x).there, true) for model in pair]
        assert (errors[0] < errors[1]) is with_cycle_is_closer


def test_an_image_of_which_nothing_comes_back_is_told(pair):
    said = cycle.at(pair[1], XY, common.example(pair[1], XY, 0), 0.0)["text"]["error"]
    assert "knows no more of x than of any other image" in said
    assert (
        "knows" not in cycle.at(pair[0], XY, common.example(pair[0], XY, 0), 0.0)["text"]["error"]
    )


def test_what_each_term_alone_does_to_error_and_colour(exported):
    says(
        terms.EXPERIMENT,
        "Over all twelve, L1 alone is nearest to the true image, off by 0.103, and pale, with 0.53",
        "1.12 of the true image’s, but often for the wrong ones: 0.177. Both terms: 0.108 and 0.69",
    )
    three = terms.trio(shown(exported, pix2pix.CHAPTER))
    options = [
        {**model.card.config, "name": "", "lambda_l1": 0, "lambda_gan": 0}
        for model in three.values()
    ]
    assert options[0] == options[1] == options[2]
    n = len(canvases.examples(three["both"]))
    assert n == 12
    found = [terms.compared(three, i, translate.DEFAULT_P) for i in range(n)]
    measured = {
        way: tuple(
            float(np.mean([one[way][what] for one in found])) for what in ("error", "colour")
        )
        for way in terms.WAYS
    }
    wanted = {"both": (0.108, 0.69), "l1": (0.103, 0.53), "gan": (0.177, 1.12)}
    for way, numbers in wanted.items():
        assert measured[way] == pytest.approx(numbers, abs=0.006)
