"""The estimators around log p(x), on cases that can be solved by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.polynomial.hermite_e import hermegauss

from gen_models.numerics import estimators


class LinearGaussian:
    """z ~ N(0, I), x = V z + b + s ε, with orthogonal columns in V: q(z|x) is the posterior and log p(x) is known."""

    V = np.array([[2, 0], [0, 1], [0, 0.5], [0, 0]])
    b = np.array([0.1, 0.2, 0.3, 0.4])
    s = 0.5

    def __call__(self, role, **inputs):
        if role == "decoder":
            mean = inputs["z"] @ self.V.T + self.b
            logvar = np.full_like(mean, 2 * np.log(self.s))
            return {"x": mean.reshape(-1, 1, 2, 2), "logvar": logvar.reshape(-1, 1, 2, 2)}
        x = inputs["x"].reshape(-1, 4)
        precision = 1 + (self.V**2).sum(0) / self.s**2
        mu = (x - self.b) @ self.V / self.s**2 / precision
        return {"mu": mu, "logvar": np.tile(-np.log(precision), (len(x), 1))}

    def input(self, role, name):
        return SimpleNamespace(shape=("batch", 2))

    def log_p(self, x):
        d = x.reshape(-1, 4) - self.b
        cov = self.V @ self.V.T + self.s**2 * np.eye(4)
        squares = np.einsum("ni,ij,nj->n", d, np.linalg.inv(cov), d)
        return -0.5 * (squares + np.linalg.slogdet(2 * np.pi * cov)[1])


X = np.random.default_rng(0).normal(size=(3, 1, 2, 2))


def test_log_mean_exp_is_exact_and_does_not_overflow():
    a = np.log([[1.0, 3.0], [2.0, 6.0]])
    np.testing.assert_allclose(estimators.log_mean_exp(a), np.log([2, 4]))
    np.testing.assert_allclose(estimators.log_mean_exp(a + 5000), 5000 + np.log([2, 4]))
    np.testing.assert_allclose(estimators.log_mean_exp(a, axis=0), np.log([1.5, 4.5]))


def test_effective_sample_size_counts_equal_weights_and_one_that_dominates():
    assert estimators.effective_sample_size(np.full(7, -800.0)) == pytest.approx(7)
    assert estimators.effective_sample_size(np.array([0, -900.0, -900.0])) == pytest.approx(1)
    assert estimators.effective_sample_size(np.log([1.0, 3.0])) == pytest.approx(16 / 10)


def test_log_bernoulli():
    r = np.array([0.25, 0.5, 0.9])
    x = np.array([0, 1, 0.3]).reshape(1, 1, 1, 3)
    by_hand = np.log(0.75) + np.log(0.5) + 0.3 * np.log(0.9) + 0.7 * np.log(0.1)
    got = estimators.log_bernoulli(x, np.log(r / (1 - r)).reshape(1, 1, 1, 3))
    assert got == pytest.approx([by_hand])
    extreme = np.array([1e4, -1e4]).reshape(1, 1, 1, 2)
    assert estimators.log_bernoulli((extreme > 0).astype(float), extreme) == pytest.approx([0])


def test_the_best_sigma_is_the_root_of_the_mean_square_and_no_other_fits_better():
    x, mean = np.array([0.0, 1.0, 3.0, 0.0]), np.array([1.0, 1.0, 1.0, 2.0])
    sigma = estimators.optimal_sigma((x - mean) ** 2)
    assert sigma == pytest.approx(1.5)  # √(9/4)

    def log_p(s):
        return estimators.log_normal(x, mean, np.full(4, 2 * np.log(s)))

    best = estimators.log_normal_at_optimal_sigma(sigma, 4)
    assert best == pytest.approx(log_p(sigma))
    assert max(log_p(sigma * 0.99), log_p(sigma * 1.01)) < best


def test_drawn_errors_have_the_mean_that_the_posterior_gives():
    model = LinearGaussian()
    errors = estimators.draw_squared_errors(model, X, 20_000, np.random.default_rng(1))
    assert errors.shape == (3, 20_000)
    q = model("encoder", x=X)
    still = (X.reshape(3, 4) - q["mu"] @ model.V.T - model.b) ** 2
    moved = np.exp(q["logvar"]) @ (model.V**2).T
    np.testing.assert_allclose(errors.mean(1), (still + moved).mean(1), rtol=0.02)


def test_log_normal():
    # log N(3; 1, 4) = −½ (1 + log 4 + log 2π)
    got = estimators.log_normal(np.array([3.0]), np.array([1.0]), np.log(np.array([4.0])))
    assert got == pytest.approx(-0.5 * (1 + np.log(4) + np.log(2 * np.pi)))


def test_kl_to_standard_normal():
    mu, logvar = np.array([0.0, 1.0, 0.0]), np.log([1.0, 1.0, 4.0])
    got = estimators.kl_to_standard_normal(mu, logvar)
    np.testing.assert_allclose(got, [0, 0.5, 0.5 * (3 - np.log(4))], atol=1e-12)


def test_with_the_exact_posterior_every_weight_is_p_of_x():
    model = LinearGaussian()
    draws = estimators.draw(model, X, 50, np.random.default_rng(1))
    np.testing.assert_allclose(draws.log_w, np.tile(model.log_p(X)[:, None], 50), rtol=1e-5)
    np.testing.assert_allclose(estimators.effective_sample_size(draws.log_w), 50, rtol=1e-4)


def test_elbo_is_the_mean_of_log_weights():
    model = LinearGaussian()
    draws = estimators.draw(model, X, 20_000, np.random.default_rng(1))
    q = model("encoder", x=X)
    kl = estimators.kl_to_standard_normal(q["mu"], q["logvar"]).sum(1)
    np.testing.assert_allclose(draws.log_px_z.mean(1) - kl, model.log_p(X), atol=0.05)


def test_naive_monte_carlo_reaches_log_p_of_x_where_the_mean_of_logs_does_not():
    model = LinearGaussian()
    log_px_z = estimators.draw_from_prior(model, X[:1], 200_000, np.random.default_rng(1))
    assert log_px_z.shape == (200_000,)
    assert estimators.log_mean_exp(log_px_z) == pytest.approx(model.log_p(X)[0], abs=0.05)
    assert log_px_z.mean() < model.log_p(X)[0] - 1


def test_bound_curve_averages_over_groups_of_weights():
    log_w = np.log([1.0, 3.0, 2.0, 2.0])
    got = estimators.bound_curve(log_w, [1, 2, 3, 4])
    np.testing.assert_allclose(got, [log_w.mean(), np.log(2), np.log(2), np.log(2)])


def test_bound_curve_rises_to_log_p_of_x():
    model = LinearGaussian()
    log_px_z = estimators.draw_from_prior(model, X[:1], 100_000, np.random.default_rng(2))
    curve = estimators.bound_curve(log_px_z, [1, 10, 100, 1000])
    assert (np.diff(curve) > 0).all()
    assert curve[-1] == pytest.approx(model.log_p(X)[0], abs=0.1)


@pytest.mark.parametrize(("sigma", "a"), [(0.1, 3.0), (1.0, 1.0), (2.0, 0.3)])
def test_gradient_estimates_have_the_mean_and_variance_that_quadrature_gives(sigma, a):
    mu = 0.7
    eps, weight = hermegauss(20)  # exact for polynomials up to degree 39
    weight = weight / weight.sum()
    z = mu + sigma * eps
    by_quadrature = []
    for estimate in (2 * (z - a), (z - a) ** 2 * eps / sigma):
        mean = weight @ estimate
        assert mean == pytest.approx(2 * (mu - a))
        by_quadrature.append(weight @ (estimate - mean) ** 2)
    assert estimators.gradient_variances(mu, sigma, a) == pytest.approx(by_quadrature)

    n = 200_000
    draws = estimators.gradient_estimates(mu, sigma, a, n, np.random.default_rng(3))
    for drawn, variance in zip(draws, by_quadrature, strict=True):
        assert drawn.mean() == pytest.approx(2 * (mu - a), abs=5 * (variance / n) ** 0.5)
        assert drawn.var() == pytest.approx(variance, rel=0.1)
