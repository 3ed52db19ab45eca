"""What the chapter Objectives claims."""

import numpy as np
import pytest

from claims import says
from gen_models.app.chapters.objectives import fits, losses, naive
from gen_models.app.shell.parts import format_number
from gen_models.numerics.divergences import FORWARD, JENSEN_SHANNON, REVERSE

FIRST = fits.Shape(*(fits.FIRST[name] for name in ("left", "right", "weight")))


def test_near_bumps_are_fitted_alike_by_all_three():
    says(fits.EXPERIMENT, "Up to a *distance* of 2 the three fits are nearly the same.")
    for distance in np.linspace(0, 2, 9):
        best = [found[0] for found in fits.fit_all(FIRST, float(distance), 0.5)]
        assert np.ptp([f.mu for f in best]) < 0.01
        assert max(f.sigma for f in best) < 1.1 * min(f.sigma for f in best)


def test_the_reverse_kl_jumps_to_one_bump_before_js_and_kl_never_does():
    says(
        fits.EXPERIMENT,
        "Beyond 2.80 the reverse KL gives up one bump, beyond 4.24 JS does too, and KL never does.",
    )
    switches = [fits.scan(FIRST, pi).switch for pi in (REVERSE, JENSEN_SHANNON, FORWARD)]
    assert [format_number(s, 2) for s in switches[:2]] == ["2.80", "4.24"]
    assert switches[2] is None


def test_a_jump_is_told_only_where_there_is_one():
    assert fits.scan(fits.Shape(0.5, 0.5, 0.9), JENSEN_SHANNON).switch is None  # narrows by and by
    assert (
        fits.scan(fits.Shape(1.5, 1.5, 0.5), REVERSE).switch is None
    )  # beyond the largest distance
    switch = fits.scan(fits.Shape(0.3, 0.7, 0.5), REVERSE).switch
    before, after = (
        fits.divergences.fit(fits.Shape(0.3, 0.7, 0.5).at(switch + e), REVERSE)[0].sigma
        for e in (-0.01, 0.01)
    )
    assert after < 0.9 * before


def test_the_kls_best_fit_has_the_mean_and_spread_of_the_data():
    for shape in (FIRST, fits.Shape(0.3, 1.5, 0.2)):
        p = shape.at(5.0)
        best = fits.fit_all(shape, 5.0, 0.5)[0][0]
        assert (best.mu, best.sigma) == pytest.approx((p.mean, p.std), abs=1e-4)


def test_samples_become_one_point_where_d_is_the_density_and_spread_where_it_compares():
    says(
        naive.EXPERIMENT,
        "Where D is the density, 96 samples become 1 point; where it compares, their σ goes to 1.2, that of the data.",
    )
    start = naive.Start(**naive.FIRST)
    collapsed, spread = (each[-1] for each in naive.climb(start))
    assert (len(collapsed), naive.points(collapsed)) == (96, 1)
    assert format_number(spread.std()) == format_number(start.data.std) == "1.2"


def test_samples_between_the_bumps_end_in_two_points():
    says(naive.EXPERIMENT, "Now set their *mean* to 0, between the bumps: they end in two points.")
    collapsed, _ = naive.climb(naive.Start(**naive.FIRST | {"mean": 0.0}))
    assert naive.points(collapsed[-1]) == 2


def test_one_slope_is_lost_where_d_is_sure_and_the_other_is_not():
    says(
        losses.EXPERIMENT,
        "At *m* = 0 both slopes are −0.25",
        "the slope of the game's loss is −2 · 10⁻⁵, and that of the other is −0.500.",
    )
    near, far = (losses.gradients(m) for m in (0.0, 8.0))
    assert (near.saturating, near.non_saturating) == pytest.approx((-0.25, -0.25), abs=1e-6)
    assert losses.small(far.saturating) == "−2 · 10⁻⁵"
    assert losses.small(far.non_saturating) == "−0.500"


def test_of_two_samplers_that_start_where_d_is_sure_one_stays():
    says(
        losses.EXPERIMENT,
        "After 1,000 *steps* from there the game's sampler is still at 7.98; the other is at 1.92 after 30.",
    )
    assert format_number(losses.follow(8.0, 1000)[0], 2) == "7.98"
    assert format_number(losses.follow(8.0, 30)[1], 2) == "1.92"


def test_no_number_on_the_page_is_minus_zero():
    for distance in (0.0, 1.0, 3.5, 8.0):
        reply = fits.at(FIRST, distance, 0.5)
        said = [*reply["text"].values(), *reply["send"][fits.TABLE]["words"].values()]
        assert not {"−0.0", "−0.00", "−0.000"} & set(said)
