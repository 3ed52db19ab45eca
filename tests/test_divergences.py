"""Divergences on a line against closed forms, fits against brute force, slopes against differences."""

import math

import numpy as np
import pytest

from gen_models.numerics import divergences
from gen_models.numerics.divergences import FORWARD, JENSEN_SHANNON, REVERSE, gaussian, two_bumps

LOGITS = np.linspace(-30, 30, 61)


@pytest.mark.parametrize("q", [(0.0, 1.0), (1.5, 0.7), (-0.5, 1.1)])
def test_kl_of_gaussians_has_its_closed_form_in_both_directions(q):
    p, model = gaussian(0.3, 1.2), gaussian(*q)
    expected = divergences.kl_of_gaussians(0.3, 1.2, *q)
    assert divergences.divergence(p, model, FORWARD) == pytest.approx(expected, abs=1e-6)
    swapped = divergences.kl_of_gaussians(*q, 0.3, 1.2)
    assert divergences.divergence(p, model, REVERSE) == pytest.approx(swapped, abs=1e-6)


def test_closed_form_by_hand():
    assert divergences.kl_of_gaussians(0, 1, 0, 1) == 0
    assert divergences.kl_of_gaussians(1, 1, 0, 1) == 0.5
    assert divergences.kl_of_gaussians(0, 1, 0, 2) == pytest.approx(math.log(2) - 3 / 8)


def test_jensen_shannon_is_symmetric_between_0_and_log_2():
    p, q = two_bumps(3, 0.5, 0.7, 0.4), gaussian(0.5, 1)
    x = p.grid()
    forth = divergences.jensen_shannon(p.log(x), q.log(x), x)
    back = divergences.jensen_shannon(q.log(x), p.log(x), x)
    assert forth == pytest.approx(back)
    assert 0 < forth < math.log(2)
    assert divergences.divergence(p, p, JENSEN_SHANNON) == pytest.approx(0, abs=1e-12)
    apart = two_bumps(30, 0.5, 0.5, 0.5)
    x = apart.grid()
    left, right = (gaussian(m, 0.5).log(x) for m in (-15, 15))
    assert divergences.jensen_shannon(left, right, x) == pytest.approx(math.log(2), abs=1e-6)


def test_the_family_goes_to_both_kl():
    p, q, small = two_bumps(2, 0.5, 0.7, 0.4), gaussian(0.2, 1), 1e-4
    for pi, limit in ((small, FORWARD), (1 - small, REVERSE)):
        scaled = divergences.divergence(p, q, pi) / (pi * (1 - pi))
        assert scaled == pytest.approx(divergences.divergence(p, q, limit), rel=2e-3)


def test_a_mixture_has_mass_one_and_its_slope_is_the_derivative():
    p = two_bumps(3, 0.4, 1.2, 0.3)
    x = p.grid()
    mass = np.exp(p.log(x))
    step = x[1] - x[0]
    assert mass.sum() * step == pytest.approx(1, abs=1e-6)
    assert (x * mass).sum() * step == pytest.approx(p.mean, abs=1e-6)
    assert (np.square(x - p.mean) * mass).sum() * step == pytest.approx(p.std**2, abs=1e-5)
    numeric = (p.log(x + 1e-5) - p.log(x - 1e-5)) / 2e-5
    np.testing.assert_allclose(p.slope(x), numeric, atol=1e-5)


@pytest.mark.parametrize("bumps", [(0, 1, 1, 0.5), (3, 0.5, 0.5, 0.5), (6, 0.3, 1.5, 0.2)])
def test_kl_matches_the_moments(bumps):
    p = two_bumps(*bumps)
    (best,) = divergences.fit(p, FORWARD)
    assert best.mu == pytest.approx(p.mean, abs=1e-5)
    assert best.sigma == pytest.approx(p.std, rel=1e-5)


@pytest.mark.parametrize("pi", [FORWARD, 0.1, JENSEN_SHANNON, 0.9, REVERSE])
def test_one_gaussian_is_fitted_exactly(pi):
    best = divergences.fit(gaussian(0.4, 0.8), pi)[0]
    assert (best.mu, best.sigma) == pytest.approx((0.4, 0.8), abs=1e-6)
    assert best.value == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("pi", [FORWARD, 0.01, JENSEN_SHANNON, 0.99, REVERSE])
def test_no_gaussian_of_a_grid_is_better_than_the_fit(pi):
    rng = np.random.default_rng(0)
    for _ in range(8):
        distance, weight = rng.uniform(0, 8), rng.uniform(0.1, 0.9)
        p = two_bumps(distance, *rng.choice([0.3, 0.5, 1.0, 1.5], 2), weight)
        best = divergences.fit(p, pi)[0]
        assert best.value == pytest.approx(divergences.divergence(p, best.density, pi))
        for mu in np.linspace(-distance / 2 - 1, distance / 2 + 1, 25):
            for sigma in np.geomspace(0.2, 1.5 * p.std, 15):
                assert divergences.divergence(p, gaussian(mu, sigma), pi) > best.value - 1e-9


@pytest.mark.parametrize("pi", [0.2, JENSEN_SHANNON, REVERSE])
def test_derivatives_are_those_of_the_divergence(pi):
    p, step = two_bumps(3, 0.5, 0.8, 0.4), 1e-4
    x = p.grid()
    scale = pi * (1 - pi) if pi < 1 else 1

    def value(a, b):  # a and b move mu / sigma and log sigma
        return divergences.divergence(p, gaussian(0.5 + a * 0.9, 0.9 * math.exp(b)), pi) / scale

    gradient, _ = divergences._derivatives(x, p.log(x), np.array([0.5]), np.array([0.9]), pi)
    numeric = [
        (value(step, 0) - value(-step, 0)) / (2 * step),
        (value(0, step) - value(0, -step)) / (2 * step),
    ]
    np.testing.assert_allclose(gradient[0], numeric, rtol=1e-4, atol=1e-6)


def test_equal_bumps_far_apart_leave_the_reverse_kl_two_equal_choices():
    first, second, *_ = divergences.fit(two_bumps(6, 0.5, 0.5, 0.5), REVERSE)
    assert (first.mu, second.mu) == pytest.approx((-3, 3), abs=0.01)
    assert first.value == pytest.approx(second.value)
    assert first.value == pytest.approx(math.log(2), abs=1e-3)  # half of the mass is missed
    (only,) = divergences.fit(two_bumps(1, 0.5, 0.5, 0.5), REVERSE)
    assert only.mu == pytest.approx(0, abs=1e-6)


def test_the_optimal_discriminator_is_p_over_p_plus_q_and_no_other_does_better():
    p, q = two_bumps(2, 0.5, 0.7, 0.4), gaussian(0.5, 1)
    x = p.grid()
    logit = divergences.optimal_logit(p.log(x), q.log(x))
    real, fake = np.exp(p.log(x)), np.exp(q.log(x))
    inside = real + fake > 1e-200
    d = divergences.sigmoid(logit)
    np.testing.assert_allclose(d[inside], (real / (real + fake + 1e-300))[inside], rtol=1e-9)

    def loss(a):  # −½ E log D(x) − ½ E log(1 − D(x̂))
        terms = real * np.logaddexp(0, -a) + fake * np.logaddexp(0, a)
        return 0.5 * terms.sum() * (x[1] - x[0])

    # Goodfellow et al. 2014, theorem 1, with the lecture's factor ½ and sign.
    js = divergences.divergence(p, q, JENSEN_SHANNON)
    assert loss(logit) == pytest.approx(math.log(2) - js, abs=1e-9)
    for other in (logit + 0.3, 0.7 * logit, logit + np.sin(x)):
        assert loss(other) > loss(logit)


@pytest.mark.parametrize(
    ("loss", "slope"),
    [
        (divergences.saturating, divergences.saturating_slope),
        (divergences.non_saturating, divergences.non_saturating_slope),
    ],
)
def test_slopes_are_derivatives(loss, slope):
    numeric = (loss(LOGITS + 1e-5) - loss(LOGITS - 1e-5)) / 2e-5
    np.testing.assert_allclose(slope(LOGITS), numeric, atol=1e-8)


def test_losses_are_the_lectures_formulas():
    d = np.array([0.01, 0.5, 0.99])
    logit = np.log(d / (1 - d))
    np.testing.assert_allclose(divergences.saturating(logit), 0.5 * np.log(1 - d))
    np.testing.assert_allclose(divergences.non_saturating(logit), -0.5 * np.log(d))


def test_a_sure_discriminator_takes_away_one_gradient_only():
    sure = np.array([-800.0])
    assert divergences.saturating_slope(sure) == 0
    assert divergences.non_saturating_slope(sure) == -0.5
    assert divergences.saturating_slope(np.zeros(1)) == -0.25
    assert divergences.non_saturating_slope(np.zeros(1)) == -0.25
