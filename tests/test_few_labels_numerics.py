"""Logistic regression against cases solved by hand, and which images stand for others."""

import numpy as np
import pytest

from gen_models.numerics import clusters, logistic


def test_the_loss_without_weights_is_log_of_the_classes():
    X = logistic.with_ones(np.random.default_rng(0).normal(size=(6, 3)))
    Y = np.eye(4)[[0, 1, 2, 3, 0, 1]]
    loss, gradient = logistic.loss_and_gradient(np.zeros((4, 4)), X, Y, 0.1)
    assert loss == pytest.approx(np.log(4))
    np.testing.assert_allclose(gradient, X.T @ (0.25 - Y) / 6)


def test_the_gradient_is_that_of_the_loss():
    rng = np.random.default_rng(1)
    X, Y = logistic.with_ones(rng.normal(size=(7, 3))), np.eye(3)[rng.integers(0, 3, 7)]
    W, direction, h = rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), 1e-5
    _, gradient = logistic.loss_and_gradient(W, X, Y, 0.3)
    ends = [logistic.loss_and_gradient(W + s * h * direction, X, Y, 0.3)[0] for s in (1, -1)]
    assert (ends[0] - ends[1]) / (2 * h) == pytest.approx((gradient * direction).sum(), rel=1e-6)


def test_two_points_of_two_classes_have_the_minimum_found_by_hand():
    """By symmetry W = [[-w, w], [0, 0]], and w solves 2 λ w = 2 (1 − s)/2 with s = sigmoid(2 w)."""
    W = logistic.fit(np.array([[-1.0], [1.0]]), np.array([0, 1]), 2, l2=0.1, steps=500)
    w = W[0, 1]
    np.testing.assert_allclose(W, [[-w, w], [0, 0]], atol=1e-9)
    assert 0.1 * w == pytest.approx((1 - 1 / (1 + np.exp(-2 * w))), abs=1e-6)


@pytest.mark.parametrize("shape", [(5, 40), (60, 4)])
def test_the_fit_ends_where_the_gradient_does(shape):
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=shape), rng.integers(0, 3, shape[0])
    W = logistic.fit(X, y, 3, l2=0.1, steps=400)
    _, gradient = logistic.loss_and_gradient(W, logistic.with_ones(X), np.eye(3)[y], 0.1)
    assert np.abs(gradient).max() < 1e-3


def test_probabilities_sum_to_one_for_large_scores():
    p = logistic.predict(np.array([[1e4, -1e4], [0, 0]]), np.array([[1.0], [-1.0]]))
    np.testing.assert_allclose(p, [[1, 0], [0, 1]])


def test_the_images_asked_for_first_are_one_of_each_cluster():
    rng = np.random.default_rng(3)
    middles = 100 * rng.normal(size=(10, 5))
    z = (middles[:, None] + rng.normal(size=(10, 20, 5))).reshape(200, 5).astype(np.float32)
    order = clusters.by_centres(z)
    assert sorted(order) == list(range(200))
    assert sorted(i // 20 for i in order[:10]) == list(range(10))


def test_fewer_points_than_clusters_are_all_asked_for():
    assert clusters.by_centres(np.ones((4, 2))) == [0, 1, 2, 3]


def test_equal_points_have_equal_centres():
    np.testing.assert_array_equal(clusters.k_means(np.ones((5, 2)), 2), np.ones((2, 2)))
