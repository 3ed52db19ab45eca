"""Distances between sets, on cases solved by hand."""

import numpy as np
import pytest

metrics = pytest.importorskip("training.engine.metrics", reason="needs scipy")
pytestmark = pytest.mark.train


def cloud(n, mean, std, seed=0):
    """Points whose sample mean and standard deviation are exact, and whose dimensions are uncorrelated."""
    x = np.random.default_rng(seed).standard_normal((n, len(mean)))
    x -= x.mean(0)
    x = np.linalg.solve(np.linalg.cholesky(np.cov(x, rowvar=False)), x.T).T
    return x * std + mean


def test_at_equal_covariance_the_frechet_distance_is_that_of_the_means():
    a, b = cloud(500, [0, 0, 0], [1, 2, 3]), cloud(400, [3, 0, 4], [1, 2, 3], seed=1)
    assert metrics.frechet_distance(a, b) == pytest.approx(25)
    assert metrics.frechet_distance(a, a) == pytest.approx(0, abs=1e-6)


def test_at_equal_means_and_aligned_axes_it_is_that_of_the_standard_deviations():
    a, b = cloud(500, [1, 1], [1, 2]), cloud(500, [1, 1], [4, 2], seed=1)
    assert metrics.frechet_distance(a, b) == pytest.approx((4 - 1) ** 2)


def test_it_is_symmetric_and_survives_a_dimension_that_never_changes():
    a, b = cloud(100, [0, 0], [1, 1]), cloud(100, [0, 0], [1, 1], seed=3)
    a[:, 1] = b[:, 1] = 5
    b[:, 0] *= 2
    there = metrics.frechet_distance(a, b)
    assert there == pytest.approx(1)
    assert there == pytest.approx(metrics.frechet_distance(b, a))


def test_a_generator_that_makes_one_good_picture_is_precise_and_recalls_little():
    real = np.arange(40.0)[:, None] ** 1.5
    fake = real[20] + np.linspace(-0.1, 0.1, 40)[:, None]
    precision, recall = metrics.precision_and_recall(real, fake)
    assert precision == 1
    assert recall == 1 / 40


def test_a_generator_of_rubbish_is_not_precise():
    real, fake = np.random.default_rng(0).random((2, 50, 2))
    assert metrics.precision_and_recall(real, fake + 100) == (0, 0)
    assert metrics.precision_and_recall(real, real) == (1, 1)


def test_nearest_distances_are_those_of_pythagoras():
    a, b = np.array([[0.0, 0], [10, 0]]), np.array([[3.0, 4], [10, 1], [50, 50]])
    assert metrics.nearest_distances(a, b).tolist() == [5, 1]


def test_stripes_are_as_sharp_as_their_contrast_in_one_of_two_directions():
    stripes = np.tile(np.float32([0, 0.5]), (2, 1, 6, 3))
    assert metrics.sharpness(stripes) == pytest.approx(0.25)
    assert metrics.sharpness(np.ones((2, 3, 4, 4))) == 0


def test_matching_renames_categories_as_well_as_can_be():
    labels = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2])
    categories = np.array([2, 2, 2, 0, 0, 1, 1, 1, 1])
    accuracy, label_of = metrics.match(categories, labels)
    assert label_of == {2: 0, 0: 1, 1: 2}
    assert accuracy == pytest.approx(8 / 9)


def test_two_classes_in_one_category_cannot_both_be_matched():
    accuracy, _ = metrics.match(np.zeros(10, int), np.repeat([0, 1], 5))
    assert accuracy == 0.5


def test_the_area_under_the_roc_curve_is_the_share_of_ordered_pairs():
    assert metrics.area_under_roc(np.array([3.0, 2]), np.array([1.0, 0])) == 1
    assert metrics.area_under_roc(np.array([1.0, 3]), np.array([2.0])) == 0.5
    assert metrics.area_under_roc(np.array([1.0]), np.array([1.0])) == 0.5


def test_histograms_overlap_where_both_have_something():
    b = np.arange(100.0)
    assert metrics.histogram_overlap(b, b) == pytest.approx(1)
    assert metrics.histogram_overlap(b[:50], b) == pytest.approx(0.5), (
        "half of the range is missing"
    )
    assert metrics.histogram_overlap(b + 1000, b) == pytest.approx(0.1), (
        "all in the last bin of ten"
    )
    assert metrics.histogram_overlap(b[b > 89], b, bins=2) == pytest.approx(0.5)


def test_shares_overlap_by_the_smaller_of_each():
    a, b = np.array([0, 0, 0, 1]), np.array([0, 1, 2, 2])
    assert metrics.shares_overlap(a, b) == pytest.approx(0.25 + 0.25)
    assert metrics.shares_overlap(a, a) == 1
