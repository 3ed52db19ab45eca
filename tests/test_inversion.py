"""The search for z, on generators whose answer is known by hand."""

import numpy as np
import pytest

from gen_models.numerics import inversion

K = 4
W = np.linalg.qr(np.random.default_rng(0).normal(size=(48, K)))[0].T  # rows of length 1, orthogonal
Z = np.array([0.5, -1.0, 1.5, 0.2])


def linear(z):
    return (z @ W).reshape(-1, 3, 4, 4)


def picture(z):
    return linear(z[None])[0]


def test_a_linear_generator_is_solved_by_least_squares():
    # ‖Wᵀz − x‖² + λ‖z‖² with orthonormal rows has its least at W x / (1 + λ), here Z / 1.5.
    x = picture(Z) + np.random.default_rng(1).normal(0, 0.1, (3, 4, 4))
    trace = inversion.invert(linear, x, K, prior=0.5, iterations=8)
    np.testing.assert_allclose(trace.z[-1], W @ x.ravel() / 1.5, atol=1e-3)


def test_the_trace_begins_with_the_best_random_z_and_says_what_it_cost():
    x = picture(Z)
    trace = inversion.invert(linear, x, K, starts=100, iterations=3, seed=5, prior=0)
    random = np.random.default_rng(5).standard_normal((100, K))
    errors = np.square(linear(random) - x).sum((1, 2, 3))
    np.testing.assert_array_equal(trace.z[0], random[errors.argmin()])
    assert trace.errors[0] == pytest.approx(errors.min(), rel=1e-4)
    per_iteration = K + len(inversion.DAMPINGS)
    assert trace.passes == [100 + i * per_iteration for i in range(4)]
    assert len(trace.images) == len(trace.errors) == 4
    np.testing.assert_allclose(trace.images[-1], picture(trace.z[-1]), atol=1e-6)


def test_a_picture_that_the_generator_made_is_found_again_through_a_bent_one():
    def bent(z):
        return 1 / (1 + np.exp(-3 * linear(z))) + 0.1 * np.sin(5 * linear(z))

    trace = inversion.invert(bent, bent(Z[None])[0], K, prior=0)
    assert trace.errors[-1] < 1e-6
    assert trace.errors[0] > 0.05
    np.testing.assert_allclose(trace.z[-1], Z, atol=1e-3)


def test_the_error_never_rises_without_a_prior():
    def folded(z):
        return np.abs(linear(z)) + 0.2 * np.cos(9 * linear(z))

    errors = inversion.invert(folded, picture(Z), K, prior=0, starts=2).errors
    assert (np.diff(errors) <= 0).all()
    assert errors[-1] < errors[0]


def test_directions_that_change_nothing_stay_near_zero():
    def flat(z):
        return linear(np.concatenate([z[:, :2], 0 * z[:, 2:]], axis=1))

    trace = inversion.invert(flat, picture(np.array([1.0, -1.0, 0, 0])), K, prior=0.01)
    np.testing.assert_allclose(trace.z[-1], [1 / 1.01, -1 / 1.01, 0, 0], atol=1e-3)


def test_it_stops_in_time():
    trace = inversion.invert(linear, picture(Z), K, limit_s=0)
    assert len(trace.errors) == 1
    assert trace.passes == [inversion.STARTS]
