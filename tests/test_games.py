"""Two-player games: fields and derivatives against closed forms, differences and torch; steps against what is known."""

import math

import numpy as np
import pytest

from gen_models.numerics import games
from gen_models.numerics.games import Dirac, Trap

GAMES = [
    Dirac("saturating"),
    Dirac("non-saturating"),
    Dirac("wasserstein"),
    Dirac("saturating", sigma=0.7),
    Dirac("non-saturating", sigma=1.3),
    Dirac("wasserstein", sigma=1.0),
    Dirac("saturating", penalty="R1", weight=0.8),
    Dirac("saturating", penalty="Roth", weight=1.4),
    Dirac("non-saturating", sigma=0.6, penalty="Roth", weight=1.1),
    Dirac("non-saturating", sigma=0.6, penalty="R1", weight=0.3),
    Trap(),
]
POINTS = [(1.0, 1.0), (-0.4, 1.7), (2.1, -0.3), (0.0, 0.0), (-1.2, -2.0)]
every_game = pytest.mark.parametrize("game", GAMES, ids=str)


def sigmoid(t):
    return 1 / (1 + math.exp(-t))


# ---------------------------------------------------------------------------------------------------------------------
# Fields
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("theta", "psi"), POINTS)
def test_the_dirac_gan_is_the_papers(theta, psi):
    s = sigmoid(-theta * psi)
    assert Dirac("saturating").field(theta, psi) == pytest.approx((-psi * s, theta * s))
    heuristic = (-psi * sigmoid(theta * psi), theta * s)
    assert Dirac("non-saturating").field(theta, psi) == pytest.approx(heuristic)
    assert Dirac("wasserstein").field(theta, psi) == pytest.approx((-psi, theta))


@pytest.mark.parametrize(("theta", "psi"), POINTS)
def test_a_penalty_acts_on_the_discriminator_alone(theta, psi):
    plain = Dirac("saturating").field(theta, psi)
    for penalty in ("R1", "Roth"):
        v = Dirac("saturating", penalty=penalty, weight=0.5).field(theta, psi)
        assert v[0] == plain[0]
        assert (v[1] - plain[1]) * psi <= 0, "it draws ψ to 0"
    r1 = Dirac("saturating", penalty="R1", weight=0.5).field(theta, psi)
    assert r1[1] - plain[1] == pytest.approx(-0.5 * psi)


def test_noise_and_roths_penalty_do_nothing_to_the_wasserstein_game():
    for game in (Dirac("wasserstein", sigma=1.2), Dirac("wasserstein", 0, "Roth", 2)):
        assert game.field(1.1, -0.7) == pytest.approx((0.7, 1.1))


@pytest.mark.parametrize("loss", ["saturating", "non-saturating"])
@pytest.mark.parametrize("penalty", ["none", "Roth"])
def test_means_over_noise_are_right(loss, penalty, monkeypatch):
    theta, psi = np.meshgrid(*2 * [np.linspace(-3, 3, 13)])
    for sigma in (0.5, 1.5):
        game = Dirac(loss, sigma, penalty, 1.0)
        coarse = np.array(game.field(theta, psi))
        with monkeypatch.context() as patch:
            patch.setattr(games, "NODES", 801)
            patch.setattr(games, "WIDEST", 9.0)
            games._noise.cache_clear()
            exact = np.array(game.field(theta, psi))
        games._noise.cache_clear()
        assert np.abs(coarse - exact).max() < (0.03 if sigma > 1 else 1e-4)
        assert np.abs(exact).max() > 0.5


@every_game
def test_the_equilibrium_is_where_nothing_moves(game):
    assert game.field(0.0, 0.0) == pytest.approx((0, 0), abs=1e-15)


@every_game
def test_arrays_and_floats_give_the_same(game):
    theta, psi = (np.array(x) for x in zip(*POINTS, strict=True))
    v, j = np.array(game.field(theta, psi)), np.array(game.jacobian(theta, psi))
    assert v.shape == (2, len(POINTS))
    assert j.shape == (2, 2, len(POINTS))
    for i, (t, p) in enumerate(POINTS):
        np.testing.assert_allclose(v[:, i], game.field(t, p), rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(j[..., i], game.jacobian(t, p), rtol=1e-12, atol=1e-15)


# ---------------------------------------------------------------------------------------------------------------------
# Derivatives
# ---------------------------------------------------------------------------------------------------------------------


def difference(function, theta, psi, e=1e-5):
    """The derivatives of a pair, or of one number, by θ and by ψ: (..., 2)."""
    by_theta = np.subtract(function(theta + e, psi), function(theta - e, psi)) / (2 * e)
    by_psi = np.subtract(function(theta, psi + e), function(theta, psi - e)) / (2 * e)
    return np.stack([by_theta, by_psi], -1)


@every_game
@pytest.mark.parametrize(("theta", "psi"), POINTS)
def test_the_jacobian_is_the_derivative_of_the_field(game, theta, psi):
    np.testing.assert_allclose(
        game.jacobian(theta, psi), difference(game.field, theta, psi), atol=1e-8
    )


@every_game
@pytest.mark.parametrize(("theta", "psi"), POINTS)
def test_the_gradient_is_the_derivative_of_half_the_square(game, theta, psi):
    numeric = difference(lambda t, p: games.half_square(game, t, p), theta, psi)
    np.testing.assert_allclose(games.gradient(game, theta, psi), numeric, atol=1e-8)


def test_the_gradient_has_no_further_factor_of_a_half():
    """L = ½ f′² r²: a notebook in wide use halves the second term of f′² θ + f′ f″ r² ψ, and turns its sign."""
    slope, bend = sigmoid(-1), -sigmoid(1) * sigmoid(-1)
    assert slope**2 + slope * bend * 2 == pytest.approx(-0.033, abs=5e-4)
    assert slope**2 + slope * bend * 2 / 2 == pytest.approx(0.019, abs=5e-4)
    got = games.gradient(Dirac("saturating"), 1.0, 1.0)
    assert got == pytest.approx((slope**2 + slope * bend * 2,) * 2)
    plain, relaxed = (games.relaxed(Dirac("saturating"), 1.0, 1.0, gamma) for gamma in (0, 0.6))
    assert np.subtract(relaxed, plain) == pytest.approx(-0.6 * np.array(got))


@pytest.mark.train
@pytest.mark.parametrize("game", GAMES[:10], ids=str)
@pytest.mark.parametrize(("theta", "psi"), POINTS)
def test_every_derivative_against_torch(game, theta, psi):
    """From the losses as the papers write them."""
    import torch
    from torch.autograd.functional import jacobian
    from torch.nn.functional import logsigmoid

    nodes = torch.tensor(games._noise(game.sigma), dtype=torch.float64)
    noise, w = nodes[:, 0], nodes[:, 1]
    f = (lambda t: t) if game.loss == "wasserstein" else logsigmoid  # log S(t) = −log(1 + e^(−t))

    def losses(theta, psi):
        real, fake = psi * noise, psi * (theta + noise)
        loss_d = -(w * (f(fake) + f(-real))).sum()
        loss_g = (w * (-f(-fake) if game.loss == "non-saturating" else f(fake))).sum()
        if game.penalty == "R1":
            loss_d = loss_d + game.weight / 2 * psi**2
        if game.penalty == "Roth" and game.loss != "wasserstein":
            true_at_real, true_at_fake = torch.sigmoid(-real), torch.sigmoid(-fake)
            each = ((1 - true_at_real) ** 2 + true_at_fake**2) * psi**2
            loss_d = loss_d + game.weight / 2 * (w * each).sum()
        return loss_g, loss_d

    def field(x):
        (by_theta,) = torch.autograd.grad(losses(x[0], x[1])[0], x, create_graph=True)
        (by_psi,) = torch.autograd.grad(losses(x[0], x[1])[1], x, create_graph=True)
        return -torch.stack([by_theta[0], by_psi[1]])

    x = torch.tensor([theta, psi], dtype=torch.float64, requires_grad=True)
    np.testing.assert_allclose(game.field(theta, psi), field(x).detach(), atol=1e-12)
    np.testing.assert_allclose(game.jacobian(theta, psi), jacobian(field, x), atol=1e-12)
    half_square = field(x).square().sum() / 2
    (gradient,) = torch.autograd.grad(half_square, x)
    np.testing.assert_allclose(games.half_square(game, theta, psi), half_square.item(), atol=1e-12)
    np.testing.assert_allclose(games.gradient(game, theta, psi), gradient, atol=1e-12)


@pytest.mark.train
@pytest.mark.parametrize(("theta", "psi"), POINTS)
def test_the_trap_against_torch(theta, psi):
    import torch

    x = torch.tensor([theta, psi], dtype=torch.float64, requires_grad=True)

    def field(x):
        t, p = x
        (g,) = torch.autograd.grad(t * p - 1.6 * (t - t.atan()), x, create_graph=True)
        (d,) = torch.autograd.grad(-t * p + 1.6 * (p - p.atan()), x, create_graph=True)
        return -torch.stack([g[0], d[1]])

    np.testing.assert_allclose(Trap().field(theta, psi), field(x).detach(), atol=1e-12)
    (gradient,) = torch.autograd.grad(field(x).square().sum() / 2, x)
    np.testing.assert_allclose(games.gradient(Trap(), theta, psi), gradient, atol=1e-12)


# ---------------------------------------------------------------------------------------------------------------------
# Eigenvalues at the equilibrium
# ---------------------------------------------------------------------------------------------------------------------


def eigenvalues(game):
    return games.eigenvalues(games.at_equilibrium(game))


def test_eigenvalues_of_the_plain_games():
    assert eigenvalues(Dirac("saturating")) == (0.5j, -0.5j)
    assert eigenvalues(Dirac("non-saturating")) == (0.5j, -0.5j)
    assert eigenvalues(Dirac("wasserstein")) == (1j, -1j)
    assert eigenvalues(Trap()) == (1j, -1j)


@pytest.mark.parametrize("weight", [0.25, 0.5, 1.0, 1.5])
def test_r1_moves_them_left_and_is_critical_at_weight_1(weight):
    """Mescheder et al. 2018, §3: −γ/2 ± √(γ²/4 − f′(0)²)."""
    root = np.emath.sqrt(weight**2 / 4 - 0.25)
    got = eigenvalues(Dirac("saturating", penalty="R1", weight=weight))
    assert got == pytest.approx((-weight / 2 + root, -weight / 2 - root))
    if weight == 1:
        assert got == (-0.5, -0.5)


@pytest.mark.parametrize("sigma", [0.3, 1.0, 1.4])
def test_instance_noise_moves_them_left(sigma):
    """Ibid.: f″(0) σ² ± √(f″(0)² σ⁴ − f′(0)²)."""
    bend = -0.25 * sigma**2
    root = np.emath.sqrt(bend**2 - 0.25)
    got = eigenvalues(Dirac("saturating", sigma=sigma))
    assert got == pytest.approx((bend + root, bend - root), abs=1e-7)


def test_roths_penalty_is_half_of_r1_at_the_equilibrium():
    half = eigenvalues(Dirac("saturating", penalty="R1", weight=0.4))
    assert eigenvalues(Dirac("saturating", penalty="Roth", weight=0.8)) == pytest.approx(half)


@pytest.mark.parametrize("gamma", [0.6, 1.0])
def test_the_mixture_moves_them_left_by_a_quarter_of_gamma(gamma):
    """J is antisymmetric with ½, so Jᵀ J = ¼ I."""
    j = games.at_equilibrium(Dirac("saturating"))
    got = games.eigenvalues(j - gamma * j.T @ j)
    assert got == pytest.approx((-gamma / 4 + 0.5j, -gamma / 4 - 0.5j))


@every_game
def test_eigenvalues_are_numpys(game):
    for matrix in (games.at_equilibrium(game), games.at_equilibrium(game) + np.diag([0.3, -0.2])):
        exact = np.sort_complex(np.linalg.eigvals(matrix))
        got = np.sort_complex(games.eigenvalues(matrix))
        np.testing.assert_allclose(got, exact, atol=1e-7)


# ---------------------------------------------------------------------------------------------------------------------
# Steps
# ---------------------------------------------------------------------------------------------------------------------


def radius(path):
    return np.hypot(*path.T)


def test_simultaneous_steps_leave_and_alternating_ones_stay():
    game = Dirac("saturating")
    away = radius(games.follow(games.simultaneous(game, 0.2), 1.0, 1.0, 500))
    assert len(away) == 501
    assert away[-1] > 1.5 * away[0]
    assert (np.diff(away) > 0).all(), "V is at right angles to the radius"
    bounded = radius(games.follow(games.alternating(game, 0.2), 1.0, 1.0, 5000))
    assert bounded.max() < 1.2 * bounded[0]
    assert bounded.min() > 0.8 * bounded[0]


@pytest.mark.parametrize("h", [0.05, 0.3])
def test_steps_in_the_bilinear_game_are_exact(h):
    """Simultaneous steps multiply the radius by √(1 + h²); alternating ones keep θ² + ψ² + h θψ."""
    game = Dirac("wasserstein")
    away = radius(games.follow(games.simultaneous(game, h), 0.6, -0.8, 40))
    np.testing.assert_allclose(away, (1 + h * h) ** (np.arange(41) / 2))
    theta, psi = games.follow(games.alternating(game, h), 0.6, -0.8, 40).T
    kept = theta**2 + psi**2 + h * theta * psi
    np.testing.assert_allclose(kept, kept[0])


@every_game
def test_one_step_near_the_equilibrium_is_its_matrix(game):
    h, gamma, j = 0.2, 0.6, games.at_equilibrium(game)
    start = np.array([3e-6, -4e-6])
    matrices = {
        games.simultaneous(game, h): np.eye(2) + h * j,
        games.alternating(game, h): games.alternating_matrix(j, h),
        games.descent(game, h): np.eye(2) - h * j.T @ j,
        games.consensus(game, h, gamma): np.eye(2) + h * (j - gamma * j.T @ j),
    }
    for step, matrix in matrices.items():
        np.testing.assert_allclose(step(*start), matrix @ start, atol=1e-10)


def test_r1_and_the_mixture_arrive():
    r1 = Dirac("saturating", penalty="R1", weight=1.0)
    assert radius(games.follow(games.simultaneous(r1, 0.2), 1.0, 1.0, 500))[-1] < 1e-9
    mixed = games.consensus(Dirac("saturating"), 0.2, 0.6)
    assert radius(games.follow(mixed, 1.0, 1.0, 500))[-1] < 1e-3


def test_continuous_time_circles_and_ends_on_time():
    saturating = games.continuous(Dirac("saturating"), 1.0, 1.0, 100.0)
    np.testing.assert_allclose(radius(saturating), 2**0.5, rtol=1e-4)
    bilinear = games.continuous(Dirac("wasserstein"), 1.0, 0.0, 2 * math.pi)
    np.testing.assert_allclose(bilinear[-1], [1, 0], atol=1e-4)
    closing = games.continuous(Dirac("non-saturating"), 1.0, 1.0, 100.0)
    assert (np.diff(radius(closing)) < 0).all(), "Mescheder et al. 2018: it converges, slowly"


def test_a_trajectory_that_diverges_ends():
    path = games.follow(games.simultaneous(Dirac("wasserstein"), 3.0), 1.0, 1.0, 500)
    assert len(path) < 20
    assert np.isfinite(path).all()
    assert len(games.follow(lambda theta, psi: (math.nan, psi), 1.0, 1.0, 500)) == 2


# ---------------------------------------------------------------------------------------------------------------------
# False equilibria
# ---------------------------------------------------------------------------------------------------------------------


def test_the_trap_has_a_minimum_of_l_that_solves_nothing():
    saddle, minimum = sorted(games.bad_points(Trap(), 3.0))
    for point in (saddle, minimum):
        assert point.theta == pytest.approx(point.psi)
        assert 3.2 * point.theta == pytest.approx((1 + point.theta**2) ** 2), "q′ = 1"
    assert (saddle.is_minimum, minimum.is_minimum) == (False, True)
    for point in (saddle, minimum):
        assert games.gradient(Trap(), point.theta, point.psi) == pytest.approx((0, 0), abs=1e-9)
        assert math.hypot(*Trap().field(point.theta, point.psi)) > 0.05
        assert np.linalg.det(Trap().jacobian(point.theta, point.psi)) == pytest.approx(0, abs=1e-6)


def test_full_relaxation_ends_in_the_trap_and_the_mixture_does_not():
    _, minimum = sorted(games.bad_points(Trap(), 3.0))
    stuck = games.follow(games.descent(Trap(), 0.2), 1.8, 1.8, 5000)[-1]
    assert stuck == pytest.approx(minimum[:2], abs=1e-6)
    assert radius(games.follow(games.consensus(Trap(), 0.2, 0.6), 1.8, 1.8, 500))[-1] < 1e-9


@pytest.mark.parametrize("start", [0.5, 1.5, -1.0])
def test_curves_along_the_traps_field_are_closed(start):
    """From the diagonal to the diagonal, and back as in a mirror: it returns to where it began."""
    path = games.continuous(Trap(), start, start, 40.0)
    assert min(math.dist(point, (start, start)) for point in path[20:]) < 0.1
    there = games.follow(games.runge_kutta(Trap(), 0.01), start, start, 1)[-1]
    back = games.follow(games.runge_kutta(Trap(), -0.01), start, start, 1)[-1]
    assert there[::-1] == pytest.approx(back)


def test_arrivals_are_counted():
    still, home = (lambda theta, psi: (theta, psi)), (lambda theta, psi: (theta * 0, psi * 0))
    assert games.arrivals(still, 1.0, 3, side=3) == 1, "the middle alone"
    assert games.arrivals(home, 1.0, 1, side=3) == 9
    assert games.arrivals(lambda theta, psi: (theta * 1e200, psi), 1.0, 9, side=3) == 1


def test_the_saturating_dirac_gan_has_two_saddles_of_l():
    """On the diagonal ∇L = 0 where 2 θ² σ(θ²) = 1; farther out −∇L leads away, since L falls to 0 there."""
    points = games.bad_points(Dirac("saturating"), 3.0)
    assert len(points) == 2
    for theta, psi, is_minimum in points:
        assert theta == pytest.approx(psi)
        assert 2 * theta**2 * sigmoid(theta**2) == pytest.approx(1)
        assert not is_minimum
    for start, nearer in ((0.8, True), (0.9, False)):
        path = games.follow(games.descent(Dirac("saturating"), 0.2), start, start, 2000)
        assert bool(radius(path)[-1] < radius(path)[0]) is nearer


def test_the_non_saturating_one_has_four_farther_out_and_the_bilinear_game_none():
    four = games.bad_points(Dirac("non-saturating"), 3.0)
    places = {(round(theta, 3), round(psi, 3)) for theta, psi, _ in four}
    assert len(places) == 4
    assert {(-psi, theta) for theta, psi in places} == places, "a quarter of a turn changes nothing"
    assert not any(point.is_minimum for point in four)
    for theta, psi, _ in four:
        assert games.gradient(Dirac("non-saturating"), theta, psi) == pytest.approx(
            (0, 0), abs=1e-9
        )
    assert games.bad_points(Dirac("wasserstein"), 3.0) == ()
