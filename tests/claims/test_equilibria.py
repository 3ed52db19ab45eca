"""What the chapter "Equilibria" says, computed anew by its own engine: a test for each idea and Notice."""

import math
from itertools import pairwise

import numpy as np
import pytest

from gen_models.app.chapters.equilibria import overlap, relaxation, study, words
from gen_models.numerics import games

ROOT2 = math.sqrt(2)


def run(start=(1.0, 1.0), **changed):
    return study.run(study.checked(study.FIRST | changed), *start)


def distances(result):
    return np.hypot(*result.path.T)


# ---------------------------------------------------------------------------------------------------------------------
# Field
# ---------------------------------------------------------------------------------------------------------------------


def test_the_field_of_a_gan_is_no_gradient():
    """∂V_θ/∂ψ = ∂V_ψ/∂θ would hold of a landscape."""
    for loss in ("saturating", "non-saturating", "wasserstein"):
        (_, b), (c, _) = games.Dirac(loss).jacobian(0.0, 0.0)
        assert b == -c != 0


@pytest.mark.parametrize("h", [0.01, 0.2, 0.5])
@pytest.mark.parametrize("start", [(1.0, 1.0), (-0.5, 2.0), (2.5, -1.0)])
def test_simultaneous_steps_leave_the_saturating_circle_whatever_their_size(h, start):
    result = run(start, h=h, steps=500).results["simultaneous"]
    assert result.factor > 1
    assert all(before < after for before, after in pairwise(distances(result)))


def test_alternating_steps_stay():
    result = run(steps=500).results["alternating"]
    assert result.factor == pytest.approx(1)
    assert distances(result).max() < 1.15 * ROOT2
    assert distances(result).min() > 0.85 * ROOT2


def test_the_same_lambda_decides_only_near_0_for_the_non_saturating_loss():
    plain, other = run(), run(game="non-saturating")
    assert plain.eigenvalues == other.eigenvalues == (0.5j, -0.5j)
    assert plain.results["continuous"].distance == pytest.approx(ROOT2, rel=1e-3)
    assert other.results["continuous"].distance == pytest.approx(0.43, abs=0.01)
    assert other.results["simultaneous"].distance == pytest.approx(0.68, abs=0.01)
    near = run((0.1, 0.1), game="non-saturating").results["simultaneous"]
    assert near.distance > near.first, "near (0, 0) they leave"
    said = words.notes(study.checked(study.FIRST | {"game": "non-saturating"}), other)
    assert "falls from 1.41 to 0.43" in said[0]


def test_a_factor_that_is_nearly_1_is_not_said_to_be_1():
    assert words.factor_text(run(h=0.01).results["simultaneous"].factor) == "1 + 1.2e−5"
    assert words.factor_text(1.0) == "1.0000"


# ---------------------------------------------------------------------------------------------------------------------
# Relaxation
# ---------------------------------------------------------------------------------------------------------------------


def test_in_one_game_v_circles_minus_grad_l_is_trapped_and_the_mixture_arrives():
    found = run((1.5, 1.5), **relaxation.TRIO)
    path = found.results["continuous"].path
    assert min(math.dist(point, path[0]) for point in path[20:]) < 0.1, "it returns"
    (trap,) = (point for point in found.bad if point.is_minimum)
    end = found.results["descent"].path[-1]
    assert end == pytest.approx(trap[:2], abs=0.02)
    v = found.game.field(trap.theta, trap.psi)
    assert all(abs(each) > 0.1 for each in v), "neither player is content"
    assert found.results["consensus"].distance < games.ARRIVED


def test_minus_grad_l_cannot_circle():
    """L falls all the way."""
    for start in ((1.5, 1.5), (2.0, -1.0), (-2.0, 0.5)):
        found = run(start, **relaxation.TRIO)
        level = games.half_square(found.game, *found.results["descent"].path.T)
        assert (np.diff(level) <= 1e-12).all()


def test_the_mixture_fails_from_2_1_and_from_half_of_the_plane():
    """Sometimes: 40 of 81 start points do not arrive in the saturating game, all do in the game with the trap."""
    result = run((2.0, 1.0), **relaxation.FAILS).results["consensus"]
    assert result.distance == pytest.approx(7.09, abs=0.01)
    assert result.distance > result.first
    assert study.mixture_arrives(games.Dirac("saturating"), 0.2, 0.6, 500) == 81 - 40
    assert study.mixture_arrives(games.Trap(), 0.2, 0.6, 500) == 81


# ---------------------------------------------------------------------------------------------------------------------
# Overlap
# ---------------------------------------------------------------------------------------------------------------------


def test_without_noise_the_players_never_rest_and_with_r1_or_noise_they_arrive():
    ways = {"plain": {}, "R1": {"penalty": "R1"}, "noise": {"sigma": 0.5}}
    found = {name: run(steps=500, **way) for name, way in ways.items()}
    real = {name: each.eigenvalues[0].real for name, each in found.items()}
    assert real["R1"] < real["noise"] < real["plain"] == 0, "the eigenvalues move to the left"
    ends = {name: each.results["simultaneous"].distance for name, each in found.items()}
    assert ends["plain"] > ROOT2
    assert ends["R1"] < ends["noise"] < games.ARRIVED
    assert "more slowly" in overlap.EXPERIMENT.notice


def test_the_penalty_is_the_form_of_noise():
    """Near (0, 0) noise of variance σ² moves the eigenvalues as R1 of weight σ²/2 does (Roth et al. 2017)."""
    for sigma in (0.3, 0.7, 1.0):
        noise = run(sigma=sigma).eigenvalues
        penalty = run(penalty="R1", weight=sigma**2 / 2).eigenvalues
        assert noise == pytest.approx(penalty, abs=1e-6)
