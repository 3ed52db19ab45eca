"""The lab without the page: distributions, the protocol of its numbers, a training, and who may train when."""

import math
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import toys

from gen_models import cards
from gen_models.errors import UserError
from gen_models.families import LabLoss
from gen_models.numerics.lab import distributions, sessions
from gen_models.numerics.lab.distributions import DISTRIBUTIONS, Distribution
from gen_models.numerics.lab.game import Diverged, Game
from gen_models.numerics.lab.metrics import (
    coverage,
    data_to_compare,
    noise,
    sliced_wasserstein,
)
from gen_models.runtime import Model

# ---------------------------------------------------------------------------------------------------------------------
# Distributions
# ---------------------------------------------------------------------------------------------------------------------


def closest(modes):
    """The distance of the two modes that are nearest to one another."""
    apart = np.linalg.norm(modes[:, None] - modes[None], axis=2)
    return apart[~np.eye(len(modes), dtype=bool)].min()


def test_the_ring_has_eight_different_modes_on_the_unit_circle():
    ring = DISTRIBUTIONS["ring"]
    assert ring.modes.shape == (8, 2)
    np.testing.assert_allclose(np.linalg.norm(ring.modes, axis=1), 1)
    assert closest(ring.modes) == pytest.approx(
        2 * np.sin(np.pi / 8)
    )  # a seventh twice would be 0 apart
    assert ring.sigma == 0.01


def test_the_grid_is_that_of_the_paper():
    grid = DISTRIBUTIONS["grid"]
    wanted = {(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)}
    assert {tuple(mode) for mode in grid.modes.tolist()} == wanted
    assert grid.sigma == 0.05


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_points_lie_in_what_is_shown_and_in_reach_of_the_networks(name):
    each = DISTRIBUTIONS[name]
    x = each.draw(np.random.default_rng(0), 5000)
    assert x.shape == (5000, 2)
    assert x.dtype == np.float32
    assert np.abs(x).max() < each.half
    assert 0.7 < np.abs(x).max() / each.scale < 2.2
    np.testing.assert_allclose(x.mean(0) / each.scale, 0, atol=0.2)  # a roll is not even
    np.testing.assert_array_equal(x, each.draw(np.random.default_rng(0), 5000))


@pytest.mark.parametrize("name", ["ring", "grid", "bumps"])
def test_each_mode_gets_its_share_with_the_noise_it_should_have(name):
    each = DISTRIBUTIONS[name]
    x = each.draw(np.random.default_rng(1), 20_000)
    apart = x[:, None] - each.modes
    nearest = np.square(apart).sum(2).argmin(1)
    share = np.bincount(nearest, minlength=len(each.modes)) / len(x)
    np.testing.assert_allclose(share, 1 / len(each.modes), rtol=0.2)
    np.testing.assert_allclose(apart[range(len(x)), nearest].std(0), each.sigma, rtol=0.05)


def test_a_drawing_is_sampled_where_it_was_drawn():
    drawn = distributions.chosen("freehand", [[0.5, -1], [-1, 1]])
    x = drawn.draw(np.random.default_rng(0), 1000)
    near = np.linalg.norm(x[:, None] - np.array([[0.5, -1], [-1, 1]]), axis=2).argmin(1)
    assert 400 < near.sum() < 600
    np.testing.assert_allclose(x[near == 0].mean(0), [0.5, -1], atol=0.01)
    assert drawn.modes is None


@pytest.mark.parametrize(
    "points",
    [
        [], None, "0,0", 7, {}, [[0, 0]] * 1_000_000, [[0]], [[0, 0, 0]], [0, 0], [[0, "0"]],
        [[0, float("nan")]], [[float("inf"), 0]], [[1.6, 0]], [[True, 0]], [[10**400, 0]], [None],
    ],
)  # fmt: skip
def test_drawings_that_cannot_be_used_are_refused_in_one_sentence(points):
    with pytest.raises(UserError, match=r"^[A-Z].*\.$"):
        distributions.chosen("freehand", points)


@pytest.mark.parametrize("name", ["", "RING", None, 3, ["ring"], "../ring"])
def test_unknown_distributions_are_refused(name):
    with pytest.raises(UserError, match="no such distribution"):
        distributions.chosen(name)


# ---------------------------------------------------------------------------------------------------------------------
# Modes covered and high quality
# ---------------------------------------------------------------------------------------------------------------------


def three_modes(sigma=0.1):
    modes = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    return Distribution(
        "three", "Three", lambda rng, n: modes[rng.integers(3, size=n)], sigma, 2, 1, modes
    )


def test_coverage_by_hand():
    # Within 3 σ = 0.3 of the first mode twice, of the second once, of the third never (0.31 away), and far from all.
    x = np.array([[0.29, 0], [0, 0], [1, 0.1], [0.31, 1], [-3, 7]], np.float32)
    found = coverage(x, three_modes())
    assert found[:2] == (2, pytest.approx(3 / 5))
    assert found.shares == pytest.approx((2 / 5, 1 / 5, 0))
    assert found.kl == pytest.approx(2 / 3 * math.log(3 * 2 / 3) + 1 / 3 * math.log(3 * 1 / 3))


def test_the_kl_of_equal_shares_is_0_and_of_a_heap_log_k():
    one_each = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], np.float32)
    assert coverage(one_each, three_modes()).kl == pytest.approx(0)
    heap = np.full((7, 2), [0.9, 0.1], np.float32)
    assert coverage(heap, three_modes()).kl == pytest.approx(math.log(3))
    for nowhere in (heap[:0], heap + 5):
        assert coverage(nowhere, three_modes()).kl == pytest.approx(math.log(3))


def test_noise_covers_most_of_the_grid_and_its_quality_gives_it_away():
    ring, grid = DISTRIBUTIONS["ring"], DISTRIBUTIONS["grid"]
    found = [coverage(noise(grid, seed), grid) for seed in range(10)]
    assert min(each.modes for each in found) >= 17
    assert max(each.quality for each in found) < 0.03
    assert coverage(noise(ring), ring).quality < 0.01


def test_the_sliced_wasserstein_distance_by_hand():
    x = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]], np.float32)
    assert sliced_wasserstein(x, x[::-1]) == 0, "the order is no matter"
    for shift in ([1.0, 0.0], [0.0, -1.0], [0.6, 0.8]):
        away = x + np.array(shift, np.float32)
        assert sliced_wasserstein(away, x) == pytest.approx(2 / math.pi, rel=0.01)
    ends = np.array([[-1.0, 0.0], [1.0, 0.0]], np.float32)
    middle = np.zeros((2, 2), np.float32)
    assert sliced_wasserstein(middle, ends) == pytest.approx(2 / math.pi, rel=0.01)


@pytest.mark.parametrize("name", ["moons", "spiral", "roll"])
def test_data_are_nearer_to_data_than_noise_or_a_heap_is(name):
    each = DISTRIBUTIONS[name]
    data, floor = data_to_compare(each)
    assert data_to_compare(each)[0] is data
    assert sliced_wasserstein(noise(each), data) > 4 * floor
    assert sliced_wasserstein(np.zeros_like(data), data) > 10 * floor


def test_the_real_points_cover_all_modes_and_nearly_all_are_of_high_quality():
    # Of a Gaussian in the plane, 1 - exp(-9/2) = 98.9 % lies within 3 σ.
    for name in ("ring", "grid"):
        each = DISTRIBUTIONS[name]
        modes, quality, _ = coverage(each.draw(np.random.default_rng(0), 20_000), each)
        assert modes == len(each.modes)
        assert quality == pytest.approx(1 - np.exp(-4.5), abs=0.004)


def test_what_has_no_modes_has_no_coverage_and_nan_is_of_no_quality():
    x = np.zeros((10, 2), np.float32)
    assert coverage(x, DISTRIBUTIONS["moons"]) is None
    assert coverage(x * np.nan, three_modes())[:2] == (0, 0)


# ---------------------------------------------------------------------------------------------------------------------
# Visitors
# ---------------------------------------------------------------------------------------------------------------------


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_places_are_bounded_and_freed_when_a_visitor_leaves(clock):
    held = sessions.Sessions[str](2, spare_s=60, longest_s=1000, clock=clock)
    held.put("a", "game of a")
    held.put("b", "game of b")
    held.put("a", "another game of a")  # needs no other place
    with pytest.raises(UserError, match=r"^All 2 places in the lab are taken: .*\.$"):
        held.put("c", "game of c")
    assert held.get("a") == "another game of a"
    held.leave("a")
    held.leave("nobody")
    held.put("c", "game of c")
    assert len(held) == 2
    with pytest.raises(sessions.Gone, match="press Reset"):
        held.get("a")


def test_who_asks_for_nothing_gives_way_to_a_new_visitor_but_not_before(clock):
    held = sessions.Sessions[str](2, spare_s=60, longest_s=1000, clock=clock)
    held.put("a", "")
    clock.now = 50
    held.put("b", "")
    clock.now = 100  # a waits for 100 seconds, b for 50
    assert len(held) == 2, "there is room, so nobody is freed"
    held.put("c", "")
    with pytest.raises(sessions.Gone):
        held.get("a")
    assert held.get("b") == ""
    clock.now = 155
    with pytest.raises(UserError, match="taken"):
        held.put("d", "")


def test_what_is_long_unused_is_freed_in_any_case(clock):
    held = sessions.Sessions[str](5, spare_s=60, longest_s=1000, clock=clock)
    held.put("a", "")
    clock.now = 900
    held.get("a")
    clock.now = 1800
    assert len(held) == 1
    clock.now = 1901
    assert len(held) == 0


def test_a_visitor_has_one_place_in_the_queue():
    turns = sessions.Turns(at_once=2, wait_s=1)
    with turns.turn("a"):
        with pytest.raises(sessions.Waiting), turns.turn("a"):
            pass
        with turns.turn("b"):
            pass
    with turns.turn("a"):  # free again, also after a refusal
        pass


def test_a_turn_is_given_back_when_training_fails():
    turns = sessions.Turns(at_once=1, wait_s=0.1)
    with pytest.raises(ZeroDivisionError), turns.turn("a"):
        _ = 1 / 0
    with turns.turn("b"):
        pass


def test_who_waits_in_vain_is_told_to_ask_again_and_leaves_the_queue():
    turns = sessions.Turns(at_once=1, wait_s=0.05)
    with turns.turn("a"):
        with pytest.raises(sessions.Waiting, match=r"\.$"), turns.turn("b"):
            pass
        with pytest.raises(sessions.Waiting, match=r"\.$"), turns.turn("b"):
            pass
    with turns.turn("b"):
        pass


@pytest.mark.serial
def test_a_greedy_visitor_gets_no_more_turns_than_a_modest_one():
    """One page asks in eight threads at once, three others in one: all get the same."""
    turns, got, stop = sessions.Turns(at_once=1, wait_s=5), {}, threading.Event()

    def play(visitor):
        while not stop.is_set():
            try:
                with turns.turn(visitor):
                    got[visitor] = got.get(visitor, 0) + 1
                    time.sleep(0.002)
            except sessions.Waiting:
                time.sleep(0.0005)

    visitors = ["greedy"] * 8 + ["b", "c", "d"]
    threads = [threading.Thread(target=play, args=(visitor,)) for visitor in visitors]
    for thread in threads:
        thread.start()
    time.sleep(1)
    stop.set()
    for thread in threads:
        thread.join()
    assert min(got.values()) > 20
    assert got["greedy"] <= 1.2 * min(got.values())


@pytest.mark.serial
def test_no_more_train_at_once_than_may():
    turns, inside, most, lock = sessions.Turns(at_once=2, wait_s=5), 0, 0, threading.Lock()

    def play(visitor):
        nonlocal inside, most
        for _ in range(20):
            with turns.turn(visitor):
                with lock:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0.001)
                with lock:
                    inside -= 1

    threads = [threading.Thread(target=play, args=(str(i),)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2


# ---------------------------------------------------------------------------------------------------------------------
# A training
# ---------------------------------------------------------------------------------------------------------------------

RING = DISTRIBUTIONS["ring"]


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return toys.lab(tmp_path_factory.mktemp("exported"))


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    return toys.lab(tmp_path_factory.mktemp("exported"), "lab-pacgan-2", pack=2)


def test_a_training_is_that_of_its_equations(toy):
    game = Game(toy, RING, {"in_lr_g": 0.25}, seed=3)
    (g, d), rho = game.state[0].astype(float), 1.0
    rows = game.advance(20)
    assert rows.shape == (20, 4)
    for loss_d, loss_g, norm_d, norm_g in rows:
        assert (loss_d, loss_g) == pytest.approx(((rho - d) ** 2, (rho - g) ** 2), abs=0.01)
        assert (norm_d, norm_g) == pytest.approx((abs(rho - d), abs(rho - g)), abs=0.01)
        g, d = g + 0.25 * (rho - g), d + 0.1 * (rho - d)
    assert game.step == 20
    np.testing.assert_allclose(game.state[0], [g, d], atol=0.01)


def test_the_first_state_is_of_the_seed_within_the_bounds_of_the_card(toy):
    states = [Game(toy, RING, {}, seed).state for seed in (1, 1, 2)]
    np.testing.assert_array_equal(states[0], states[1])
    assert (states[0][0] != states[2][0]).all()
    assert (np.abs(states[0]) <= 0.1).all()
    np.testing.assert_array_equal(states[0][3], states[0][0])
    assert (states[0][1:3] == 0).all()


def test_the_same_seed_trains_the_same_however_steps_are_asked_for_and_drawn(toy):
    one, other = (Game(toy, RING, {}, seed=5) for _ in range(2))
    one.advance(30)
    for _ in range(10):
        other.samples(100)  # what is drawn does not disturb the training
        other.judge(other.generate(np.ones((4, 2), np.float32)))
        other.advance(3)
    np.testing.assert_array_equal(one.state, other.state)
    different = Game(toy, RING, {}, seed=6)
    different.advance(30)
    assert (different.state[0] != one.state[0]).all()


def test_a_state_taken_out_and_put_back_goes_on_as_if_nothing_had_been(toy):
    game = Game(toy, RING, {}, seed=5)
    game.advance(10)
    kept = game.state.tobytes()
    before = game.generate(np.ones((1, 2), np.float32))
    game.state = np.zeros_like(game.state)
    assert (game.generate(np.ones((1, 2), np.float32)) == 0).all()
    game.state = np.frombuffer(kept, np.float32).reshape(4, -1)
    np.testing.assert_array_equal(game.generate(np.ones((1, 2), np.float32)), before)
    game.advance(1)
    again = Game(toy, RING, {}, seed=5)
    again.advance(11)
    np.testing.assert_array_equal(game.state, again.state)


def test_two_methods_of_one_seed_see_the_same_points(toy, packed):
    feeds = [Game(model, RING, {}, seed=4)._feed() for model in (toy, packed)]
    for name in ("in_real", "in_z"):
        assert (feeds[0][name].shape, feeds[1][name].shape) == ((64, 2), (32, 4))
        np.testing.assert_array_equal(feeds[0][name].ravel(), feeds[1][name].ravel())


def test_noise_is_uniform_where_its_port_has_a_range(toy):
    u = Game(toy, RING, {}, seed=0)._feed()["in_u"]
    assert u.shape == (64, 1)
    assert u.dtype == np.float32
    assert 0 <= u.min() < 0.1
    assert 0.9 < u.max() <= 1


def test_networks_see_points_in_their_own_unit(toy):
    grid = DISTRIBUTIONS["grid"]
    game = Game(toy, grid, {}, seed=0)
    assert np.abs(game._feed()["in_real"]).max() < 4.3 / grid.scale
    z = np.array([[3.0, 4.0]], np.float32)
    radius = float(game.state[0, 0])
    np.testing.assert_allclose(game.generate(z), radius * grid.scale * z / 5, rtol=1e-5)
    value, arrow = game.judge(np.array([[0.0, grid.scale]], np.float32))
    assert value == pytest.approx(game.state[0, 1] - 1)
    np.testing.assert_allclose(arrow, [[0, -1]])


def test_a_discriminator_of_several_points_gets_generated_ones_beside_each(packed):
    game = Game(packed, RING, {}, seed=0)
    game.state[0] = [0, 0.5]  # all generated points are 0, so the context adds nothing
    value, _ = game.judge(np.array([[0.25, 0], [0, 1]], np.float32))
    np.testing.assert_allclose(value, [0.25, -0.5], atol=1e-6)


def test_d_lets_a_point_pass_with_the_odds_that_it_is_real(toy):
    game = Game(toy, RING, {}, seed=0)
    game.state[0, 1] = 0  # the logit of x is -|x|
    far = np.tile(np.array([[np.log(4), 0]], np.float32), (20_000, 1))
    passed = game.accepted(far)
    assert abs(passed.mean() - 0.25) < 0.01  # three standard deviations
    np.testing.assert_array_equal(game.accepted(far), passed)  # or points would flicker
    game.state[0, 1] = 2  # D takes all of these for real
    assert game.accepted(far).all()


def test_what_passes_a_good_d_is_distributed_as_the_data(toy):
    game = Game(toy, RING, {}, seed=0)
    game.state[0, 1] = 0
    wide = np.random.default_rng(0).uniform(-1, 1, (40_000, 2)).astype(np.float32)
    radius = np.linalg.norm(wide, axis=1)
    wanted = np.average(
        radius, weights=np.exp(-radius)
    )  # under the density that -|x| is the log odds of
    assert abs(radius[game.accepted(wide)].mean() - wanted) < 0.006 < radius.mean() - wanted


def test_a_least_squares_d_is_itself_the_probability(tmp_path):
    game = Game(toys.lab(tmp_path, loss=LabLoss.LEAST_SQUARES), RING, {}, seed=0)
    game.state[0, 1] = 0.2  # D is 0.2 at the centre: odds of 1 to 4
    assert abs(game.accepted(np.zeros((20_000, 2), np.float32)).mean() - 0.25) < 0.01
    game.state[0, 1] = 7
    assert game.accepted(np.zeros((9, 2), np.float32)).all()


def test_the_exported_least_squares_d_rejects_what_it_calls_generated():
    """Training once wrote another spelling of the loss than this asked for, and every D >= 0 was accepted."""
    folder = Path("exported/lab-least-squares")
    game = Game(Model(cards.load(folder / "card.json"), folder), RING, {}, seed=0)
    game.advance(300)
    at = np.linspace(-RING.half, RING.half, 201, dtype=np.float32)
    x = np.stack(np.meshgrid(at, at), -1).reshape(-1, 2)
    value, _ = game.judge(x)
    for low, high, kept in ((-0.02, 0.02, (0, 0.02)), (0.18, 0.22, (0.2, 0.3)), (0.5, 9, (1, 1))):
        some = x[(value >= low) & (value <= high)]
        assert len(some) >= 20
        many = np.tile(some, (20_000 // len(some) + 1, 1))
        assert kept[0] <= game.accepted(many).mean() <= kept[1]


def test_all_points_pass_a_d_that_gives_no_probability(packed, tmp_path):
    assert not Game(packed, RING, {}, seed=0).gives_probability
    game = Game(toys.lab(tmp_path, loss=LabLoss.WASSERSTEIN), RING, {}, seed=0)
    assert not game.gives_probability
    assert game.accepted(np.full((5, 2), 9, np.float32)).all()


def test_the_moving_average_is_drawn_if_wished(toy):
    game = Game(toy, RING, {}, seed=0)
    game.advance(5)
    z = np.array([[1, 0]], np.float32)
    assert game.generate(z)[0, 0] == game.state[0, 0]
    assert game.generate(z, average=True)[0, 0] == game.state[3, 0] != game.state[0, 0]


def test_learning_rates_fall_in_a_straight_line_to_zero(toy):
    game = Game(toy, RING, {"in_lr_g": 0.4, "in_lr_d": 0.2}, seed=0)
    game.decay_steps = 4
    rates = []
    for _ in range(6):
        rates.append(tuple(float(game._feed()[name]) for name in ("in_lr_g", "in_lr_d")))
        game.advance(1)
    wanted = [(0.4, 0.2), (0.3, 0.15), (0.2, 0.1), (0.1, 0.05), (0, 0), (0, 0)]
    np.testing.assert_allclose(rates, wanted, atol=1e-7)
    assert game.hyper["in_lr_g"] == 0.4


def test_a_training_that_diverges_is_caught_and_the_state_before_is_kept(toy):
    game = Game(toy, RING, {"in_lr_g": 10.0}, seed=0)
    with pytest.raises(
        Diverged, match=r"^The training diverged at step \d+: lower the learning rate\.$"
    ) as caught:
        game.advance(1000)
    assert 10 < game.step == len(caught.value.rows) < 100
    assert str(game.step + 1) in str(caught.value)
    assert np.isfinite(caught.value.rows).all()
    assert np.isfinite(game.state).all()
    assert np.isfinite(game.generate(np.ones((4, 2), np.float32))).all()


@pytest.mark.parametrize("output", ["losses", "gradients", "state"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_caught_wherever_it_is(toy, monkeypatch, output, value):
    game, run = Game(toy, RING, {}, seed=0), Model.__call__

    def broken(model, role, **inputs):
        out = {name: array.copy() for name, array in run(model, role, **inputs).items()}
        if role == "step" and inputs["in_step"] == 4:
            out[output].flat[-1] = value
        return out

    monkeypatch.setattr(Model, "__call__", broken)
    with pytest.raises(Diverged, match="at step 4:"):
        game.advance(10)
    assert game.step == 3
    assert np.isfinite(game.state).all()
