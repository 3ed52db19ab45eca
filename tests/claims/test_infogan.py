"""What the chapter InfoGAN claims."""

import numpy as np
import pytest

from claims import says
from gen_models.app.chapters.infogan import bound, codes, common, grid, reading

N = 200


@pytest.fixture(scope="module")
def model(exported):
    return exported["infogan-digits"]


def drawn(model, **fixed):
    """Categories, codes uniform as in training but for those `fixed` by number, and what Q reads from N images."""
    rng = np.random.default_rng(0)
    k, m = common.categories(model), common.continuous(model)
    z = rng.standard_normal((N, common.width(model.input("generator", "z"))), np.float32)
    category, c = rng.integers(0, k, N), rng.uniform(-1, 1, (N, m)).astype(np.float32)
    for i, value in fixed.items():
        c[:, int(i[1:])] = value
    return category, c, common.read(model, common.generate(model, z, category, c))


def test_q_reads_what_the_generator_was_given(model):
    says(codes.EXPERIMENT, "Q still reads the category and, mostly within 0.2, the same positions")
    category, c, q = drawn(model)
    assert (q.category == category).mean() > 0.99
    assert (np.abs(q.mean - c) < 0.2).mean() > 0.75


@pytest.mark.parametrize("code", ["c0", "c1"])
@pytest.mark.parametrize("end", [-2, 2])
def test_beyond_its_range_a_position_is_not_read(model, code, end):
    says(codes.EXPERIMENT, "in 95 % of the images or more, but the position as 1.3 to 1.5")
    category, _, q = drawn(model, **{code: end})
    assert (q.category == category).mean() > 0.93
    assert 1.25 < np.abs(q.mean[:, int(code[1])].mean()) < 1.6


def moments(x):
    """Slant (mean of xy over that of y²) and height of the ink's centre of images (n, 1, h, w)."""
    ink = x[:, 0].clip(0, 1)
    ink = ink / ink.sum((1, 2), keepdims=True)
    up, across = np.mgrid[: x.shape[2], : x.shape[3]]
    up = x.shape[2] - 1 - up
    cx, cy = ((ink * v).sum((1, 2), keepdims=True) for v in (across, up))
    slant = (ink * (across - cx) * (up - cy)).sum((1, 2)) / (ink * (up - cy) ** 2).sum((1, 2))
    return slant.mean(), cy.mean()


def test_c2_is_the_slant_and_c3_raises_the_ink_of_every_digit(model):
    says(
        grid.EXPERIMENT,
        "c₂ is the slant of every digit",
        "the centre of the ink rises by 1 to 3 of 28 pixels, in every digit",
    )
    z = common.draw_z(model, 0, 12)
    for category in common.shown(model).values():
        found = {}
        for code in (0, 1):
            for end in (-1, 1):
                c = np.zeros((len(z), 2), np.float32)
                c[:, code] = end
                found[code, end] = moments(common.generate(model, z, [category] * len(z), c))
        assert found[0, 1][0] > found[0, -1][0] + 0.2
        assert 1 < found[1, 1][1] - found[1, -1][1] < 3.2


def test_q_reads_nearly_every_image_of_the_grid_as_its_row(model):
    says(grid.EXPERIMENT, "Q reads nearly every image as its row")
    for code in (0, 1):
        for seed in (grid.FIRST_SEED, 0, 1):
            assert grid.table(model, code, np.zeros(1, np.float32), seed)[1] > 0.97


def test_what_is_written_again_is_the_same_digit(model, read):
    says(reading.EXPERIMENT, "the digit and its slant stay, for they are in the codes")
    for image in model.examples()[:10]:
        q = common.read(model, common.as_input(model, image))
        again = reading.rewritten(model, q, 5).transpose(0, 3, 1, 2)
        digit = common.digit_of(model, int(q.category[0]))
        assert np.mean(np.array(read(np.float32(again) / 255)) == digit) > 0.8


def test_q_is_often_sure_of_what_is_no_digit(model, exported):
    says(reading.EXPERIMENT, "Q has ten categories and must choose one, often without a doubt")
    clothes = exported["ae-fashion"].examples()[:20].transpose(0, 3, 1, 2)
    shares = common.read(model, np.float32(clothes) / 255).shares
    assert (shares.max(1) > 0.95).mean() > 0.3


def test_a_fifth_of_the_codes_replaced_and_the_bound_says_nothing(model):
    says(bound.EXPERIMENT, "At 0 % the bound is 2.30 nats", "at about 21 % it is 0")
    found = bound.terms(model, bound.SIZES[1], 0)
    assert bound.bound(found, 0).category == pytest.approx(2.30, abs=0.005)
    assert bound.zero_at(found) == pytest.approx(0.21, abs=0.005)
    assert found.right > 0.99


def test_without_the_term_nobody_uses_the_codes(exported):
    says(
        grid.EXPERIMENT,
        "trained as long: its whole grid is one image",
        "Q's reading is right as often as a guess, 1 in 10",
    )
    alone, other = exported["infogan-digits-without-info"], exported["infogan-digits"]
    config, whole = alone.card.config, other.card.config
    assert config["steps"] == whole["steps"] + whole["further_steps"]
    category, _, q = drawn(alone)
    assert 0.05 < (q.category == category).mean() < 0.15
    images, _ = grid.table(alone, 0, np.zeros(1, np.float32), grid.FIRST_SEED)
    assert np.abs(images / 255 - images[0] / 255).mean() < 0.03
