"""The schedule of a growing GAN: its corners, worked out by hand."""

from itertools import pairwise

import pytest

from gen_models.numerics.growth import growth

IMAGES = (10, 20, 40)


@pytest.mark.parametrize(
    ("seen", "level", "alpha"),
    [
        (1, 0, 1.0),  # nothing is below level 0: it does not fade in
        (10, 0, 1.0),
        (11, 1, 0.1),
        (15, 1, 0.5),
        (20, 1, 1.0),
        (30, 1, 1.0),
        (31, 2, 0.1),
        (35, 2, 0.5),
        (40, 2, 1.0),
        (70, 2, 1.0),
        (1e9, 2, 1.0),
    ],
)
def test_each_level_but_the_first_fades_in_at_its_start(seen, level, alpha):
    assert growth(seen, IMAGES, fade=10) == (level, pytest.approx(alpha))


def test_alpha_rises_all_the_way_and_in_small_steps():
    """Not cut to an integer, and not stuck at one end."""
    alphas = [growth(seen, IMAGES, fade=20).alpha for seen in range(31, 71)]
    assert alphas == sorted(alphas)
    assert len(set(alphas)) == 20
    assert max(b - a for a, b in pairwise(alphas)) < 0.06


def test_without_a_fade_a_level_is_there_at_once():
    assert {growth(seen, IMAGES, 0).alpha for seen in range(1, 71)} == {1.0}


def test_it_is_counted_in_images_and_needs_a_level():
    assert [growth(seen, IMAGES, 10).level for seen in (10, 11, 30, 31)] == [0, 1, 1, 2]
    with pytest.raises(ValueError, match="at least one level"):
        growth(1, (), 10)
