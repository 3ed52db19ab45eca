"""What the chapter Progressive GAN claims."""

import numpy as np
import pytest

from claims import says
from gen_models.app.chapters import progan
from gen_models.app.chapters.progan import common, fade, growth, levels


@pytest.fixture(scope="module")
def model(exported):
    """The one that is shown first."""
    models = {name: m for name, m in exported.items() if progan.CHAPTER.shows(m.card)}
    return next(iter(common.settings(models).values()))


@pytest.fixture(scope="module")
def images(model):
    """100 z at the end of every level."""
    return levels.images(model, common.draw(model, 1, 100))


def correlation(a, b):
    """Of what differs from image to image: images less their mean."""
    a, b = (x - x.mean(0) for x in (a, b))
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def test_how_many_images_each_level_saw(model):
    facts = common.facts_of(model)
    says(growth.EXPERIMENT, f"Of {sum(facts.images):,} training images")
    says(growth.EXPERIMENT, f"{sum(facts.images[:2]):,} had at most 8 × 8 pixels")
    assert facts.sides == (4, 8, 16, 32, 64)
    assert growth.moment(model, growth.count(model) - 1).seen == sum(facts.images)


def test_the_last_images_are_still_like_those_of_8_pixels(images):
    halved = common.halved(images[64], 8)
    found = f"{correlation(halved, images[8]):.2f}"
    says(growth.EXPERIMENT, f"the last images still correlate at {found} with those that the same")
    assert float(found) > 0.5


def test_in_a_fade_in_they_go_pale(model):
    film = np.moveaxis(growth.frames(model), -1, 2) / 255
    contrast = [255 * common.contrast(images) for images in film]
    moments = [growth.moment(model, i) for i in range(growth.count(model))]
    facts = common.facts_of(model)
    for level in range(1, len(facts.sides)):
        ends = sum(facts.images[:level]) + facts.fade
        fading = [i for i, at in enumerate(moments) if at.level == level and at.seen <= ends]
        assert len(fading) == 4
        before, after = contrast[fading[0] - 1], contrast[fading[-1] + 1]
        palest = min(contrast[i] for i in fading)
        assert palest < 0.9 * min(before, after)
    says(
        growth.EXPERIMENT,
        f"In a fade-in they go pale, in the last from a contrast of {before:.1f} to {palest:.1f}, and recover when it "
        "is over: what is shown is a moving average of $G$, which lags behind.",
    )
    # It lags, and does not only mix two images: the last fade-in is palest at its end, where nothing is mixed.
    assert moments[fading[-1]].alpha == 1
    assert contrast[fading[-1]] == palest


def test_with_alpha_at_1_contrast_is_lost(model):
    level = common.facts_of(model).sides.index(fade.FIRST)
    contrast = [
        f"{255 * common.contrast(fade.faded(model, level, alpha, 0).mixed):.1f}"
        for alpha in (fade.START, 1)
    ]
    real = f"{255 * common.contrast(fade.faded(model, level, fade.START, 0).real):.1f}"
    says(
        fade.EXPERIMENT,
        f"At α = {fade.START} the contrast is {contrast[0]}, and of real images {real}",
    )
    says(fade.EXPERIMENT, f"alone it is mush, of {contrast[1]}")
    assert float(contrast[1]) < 0.8 * float(contrast[0])


def test_what_d_sees_hardly_changes(model):
    level = common.facts_of(model).sides.index(fade.FIRST)
    real = [255 * common.contrast(fade.faded(model, level, alpha, 0).real) for alpha in (0, 1)]
    says(fade.EXPERIMENT, f"from {real[0]:.1f} at 0 to {real[1]:.1f} at 1")


def test_the_last_level_gives_contrast_back(model, images):
    real = common.real_images(model, 40)
    dull, last, true = (255 * common.contrast(x) for x in (images[32], images[64], real))
    says(
        levels.EXPERIMENT,
        f"had lost contrast, {dull:.1f}; the last one gives it back, {last:.1f}, as real images have {true:.1f}",
    )
    assert abs(last - true) < abs(dull - true)


def test_how_long_both_were_trained(exported, model):
    seen = [exported[name].card.training.images for name in (model.card.name, "gan-heads")]
    says(
        levels.EXPERIMENT,
        f"And it saw {seen[0]:,} images, {common.facts_of(model).images[-1]:,} of them for the last level, and "
        f"*gan-heads* {seen[1]:,}",
    )


def test_details_beside_the_gan_that_did_not_grow_are_said_once_they_are_measured(model):
    found = levels.distances(model)
    assert ("by its details" in levels.EXPERIMENT.notice) == bool(found)
    means = {kind: np.mean([row[kind] for row in found.values()]) for kind in found.get(64, ())}
    if found:
        assert levels.ungrown(model) == "gan-heads"
        says(
            levels.EXPERIMENT,
            f"Growing won at every size: by its details the GAN that grew is {means['grown']:.1f} from real images, "
            f"*gan-heads* {means['ungrown']:.1f}, and one half of the real ones {means['real']:.1f} from the other",
        )
        assert all(row["real"] < row["grown"] < row["ungrown"] for row in found.values())
