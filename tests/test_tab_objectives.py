"""The chapter "Objectives": its pure functions, and every endpoint with good and bad input."""

import numpy as np
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from gen_models import app
from gen_models.app.chapters import _plots as plots
from gen_models.app.chapters import objectives
from gen_models.app.chapters.objectives import fits, losses, naive
from gen_models.errors import BadRequest
from gen_models.numerics.divergences import FORWARD, JENSEN_SHANNON, REVERSE, gaussian

EQUAL = fits.Shape(0.5, 0.5, 0.5)
START = naive.Start(2.0, 3.0, 0.3)


def test_the_chapter_needs_no_model(toy_card):
    assert not objectives.shows(toy_card)
    assert objectives.CHAPTER.script == ""


@pytest.mark.parametrize("distance", [0.0, 1.0, 2.8, 4.0, 8.0])
def test_each_fit_is_the_best_in_its_own_column(distance):
    found = fits.fit_all(EQUAL, distance, 0.5)
    values = fits.compare(EQUAL.at(distance), tuple(f[0] for f in found), 0.5)
    assert (np.diag(values) <= values.min(0) + 1e-9).all()


def test_the_reverse_kl_gives_up_a_bump_before_js_and_kl_never_does():
    switches = [fits.scan(EQUAL, pi).switch for pi in (FORWARD, JENSEN_SHANNON, REVERSE)]
    assert switches[0] is None
    assert switches[2] < switches[1]
    for pi, switch in ((JENSEN_SHANNON, switches[1]), (REVERSE, switches[2])):
        before, after = (fits.divergences.fit(EQUAL.at(switch + e), pi)[0] for e in (-0.02, 0.02))
        assert before.mu == pytest.approx(0, abs=1e-3)
        assert abs(after.mu) > 0.4 * switch


def test_a_switch_grows_with_the_scale_of_the_bumps():
    small, large = (fits.scan(fits.Shape(w, w, 0.5), REVERSE).switch for w in (0.5, 1.0))
    assert large == pytest.approx(2 * small, abs=0.01)


def test_the_divergences_of_a_gaussian_of_ones_own_are_those_that_are_known():
    n01, q = gaussian(0, 1), gaussian(2, 0.5)
    forward, js, reverse = fits.divergences_of(n01, q, 0.5)
    assert forward == pytest.approx(fits.divergences.kl_of_gaussians(0, 1, 2, 0.5), rel=1e-6)
    assert reverse == pytest.approx(fits.divergences.kl_of_gaussians(2, 0.5, 0, 1), rel=1e-6)
    assert 0 < js < np.log(2)
    assert fits.divergences_of(n01, n01, 0.5) == pytest.approx((0, 0, 0), abs=1e-9)
    # Far apart and narrow, at the edges of what the page offers: finite, and JS at its ceiling.
    far = fits.divergences_of(fits.Shape(0.3, 0.3, 0.5).at(0), fits.checked_own(7, 0.4), 0.5)
    assert np.isfinite(far).all()
    assert far[1] == pytest.approx(np.log(2), abs=1e-3)


def test_no_gaussian_of_ones_own_is_better_than_the_best():
    p = EQUAL.at(3.5)
    least = np.diag(fits.compare(p, tuple(f[0] for f in fits.fit_all(EQUAL, 3.5, 0.5)), 0.5))
    for mu, sigma in ((0, 1), (-1.75, 1.0), (0, 1.8), (1.75, 0.5), (-1.8, 0.52)):
        own = fits.divergences_of(p, fits.checked_own(mu, sigma), 0.5)
        assert (np.array(own) >= least - 1e-6).all()
    words = fits.at(EQUAL, 3.5, 0.5, fits.checked_own(0, 1))["send"][fits.DRAWING]["words"]
    assert words["yours"].startswith("Yours, in nats: KL ")
    with pytest.raises(BadRequest, match="width of your Gaussian must be"):
        fits.checked_own(0, 0.1)
    with pytest.raises(BadRequest, match="mean of your Gaussian must be"):
        fits.checked_own(None, 1)


def test_equally_good_fits_and_lesser_minima_are_said():
    assert "one best fit" in fits.remark(fits.fit_all(EQUAL, 1.0, 0.5))
    assert "equally good for the reverse KL" in fits.remark(fits.fit_all(EQUAL, 3.5, 0.5))
    tilted = fits.Shape(0.5, 0.5, 0.6)
    assert "other local minima" in fits.remark(fits.fit_all(tilted, 5.0, 0.5))


def test_the_reply_has_finite_paths_bold_cells_and_no_minus_zero():
    sent = fits.at(EQUAL, 2.0, 0.5)["send"]
    for drawing, names in (
        (fits.DRAWING, ("data", "forward", "js", "reverse")),
        (fits.CURVES, ("scan-forward", "scan-js", "scan-reverse", "now")),
    ):
        for name in names:
            path = sent[drawing]["attributes"][name]["d"]
            assert path.startswith("M")
            assert "nan" not in path
    table = sent[fits.TABLE]
    bold = [table["attributes"][f"cell-{i}-{i + 2}"]["data-best"] for i in range(3)]
    assert bold == ["true"] * 3
    assert "−0.00" not in table["words"].values()


def test_a_chart_puts_its_ranges_on_its_edges():
    axes = plots.Axes((-2, 6), (0, 5))
    assert axes.path(np.array([-2, 2, 6]), np.array([0, 5, 9])) == (
        f"M0.0 {plots.SIDE}.0L500.0 0.0L{plots.SIDE}.0 0.0"
    )
    assert axes.marks(np.array([-3, 2, 7])) == f"M500.0 {plots.SIDE}v{-plots.MARK}"
    html = plots.chart(axes, (-2, 2), (5,), seen="a < b")
    assert '<span class="x" style="left: 0.00%">−2</span>' in html
    assert '<span class="y" style="top: 0.00%">5</span>' in html
    assert "a &lt; b" in html


def test_every_part_that_a_reply_moves_is_drawn():
    for reply, drawn in (
        (
            fits.at(EQUAL, 2.0, 0.5),
            {
                fits.DRAWING: fits.INSIDE,
                fits.CURVES: fits.INSIDE_CURVES,
                fits.TABLE: fits.INSIDE_TABLE,
            },
        ),
        (naive.at(START, 5), {naive.DRAWING: naive.INSIDE, naive.CURVES: naive.INSIDE_CURVES}),
        (
            losses.at(2.0),
            {
                losses.DENSITIES: losses.INSIDE_DENSITIES,
                losses.LOSSES: losses.INSIDE_LOSSES,
                losses.SLOPES: losses.INSIDE_SLOPES,
            },
        ),
    ):
        assert reply["send"].keys() == drawn.keys()
        for drawing, inside in drawn.items():
            sent = reply["send"][drawing]
            for part in sent["attributes"].keys() | sent.get("words", {}).keys():
                assert f'data-part="{part}"' in inside, (drawing, part)


def test_samples_collapse_to_the_top_of_p_data_and_spread_under_the_gan():
    collapsed, spread = (each[-1] for each in naive.climb(START))
    assert collapsed.std() < 1e-4
    assert naive.points(collapsed) == 1
    assert START.data.slope(collapsed) == pytest.approx(np.zeros(len(collapsed)), abs=1e-3)
    assert spread.std() == pytest.approx(START.data.std, rel=0.05)
    assert spread.mean() == pytest.approx(START.data.mean, abs=0.1)


def test_between_the_bumps_samples_collapse_to_two_points():
    collapsed, _ = (each[-1] for each in naive.climb(naive.Start(3.0, 0.0, 0.5)))
    assert naive.points(collapsed) == 2


def test_the_best_answer_is_where_p_data_is_greatest():
    p = START.data
    top = naive.highest(p)
    assert p.log(np.array([top])) >= p.log(np.linspace(-5, 5, 2001)).max() - 1e-9


def test_log_smoothed_is_the_mean_of_kernels_and_its_derivative():
    samples, x = START.samples, np.linspace(-5, 5, 41)
    log, slope = naive.log_smoothed(samples, x)
    near = log > -30
    kernels = np.exp([gaussian(s, naive.NOISE).log(x) for s in samples]).mean(0)
    np.testing.assert_allclose(log[near], np.log(kernels[near]), rtol=1e-9)
    up, down = (naive.log_smoothed(samples, x + e)[0] for e in (1e-5, -1e-5))
    np.testing.assert_allclose(slope, (up - down) / 2e-5, rtol=1e-5, atol=1e-5)


def test_the_derivative_of_log_d():
    x = np.linspace(-3, 4, 29)
    d, slope = naive.discriminator(START.data, START.samples, x)
    up, down = (naive.discriminator(START.data, START.samples, x + e)[0] for e in (1e-5, -1e-5))
    np.testing.assert_allclose(slope, (np.log(up) - np.log(down)) / 2e-5, rtol=1e-4, atol=1e-6)
    assert ((d >= 0) & (d <= 1)).all()


@pytest.mark.parametrize("distance", [0.0, 1.0, 3.0, 6.0])
def test_gradients_are_the_means_and_the_pulls_are_derivatives(distance):
    g = losses.gradients(distance)
    assert g.logit == pytest.approx(-(distance**2) / 2, abs=1e-6)
    assert g.saturating == pytest.approx(-g.d / 2)
    assert g.saturating + g.non_saturating == pytest.approx(-0.5)

    def loss(function, mean):  # D is held: the best for `distance`
        x = np.linspace(mean - 9, mean + 9, 721)
        weights = np.exp(gaussian(mean, 1).log(x)) * (x[1] - x[0])
        return weights @ function(losses.logit_at(distance, x))

    for function, pull in (
        (losses.divergences.saturating, g.pull_saturating),
        (losses.divergences.non_saturating, g.pull_non_saturating),
    ):
        slope = (loss(function, distance + 1e-4) - loss(function, distance - 1e-4)) / 2e-4
        assert slope == pytest.approx(pull, abs=1e-5)


def test_one_gradient_is_lost_as_d_grows_sure():
    game = [-losses.gradients(d).saturating for d in (0, 2, 4, 6, 8)]
    assert game == sorted(game, reverse=True)
    assert game[0] == pytest.approx(0.25, abs=1e-6)
    assert game[-1] < 1e-4
    assert losses.gradients(8).non_saturating == pytest.approx(-0.5, abs=1e-4)


def test_samplers_go_by_the_same_gradient_near_the_data_and_apart_far_from_it():
    assert losses.follow(3.0, 0) == (3.0, 3.0)
    # Where the mean D is ½, both pulls are m / 4: twenty steps shrink m by (1 − 0.025)^20.
    for m in losses.follow(0.01, 20):
        assert m == pytest.approx(0.01 * 0.975**20, rel=1e-3)
    g = losses.gradients(4.0)
    one = losses.follow(4.0, 1)
    assert one[0] == pytest.approx(4 - 0.1 * g.pull_saturating)
    assert one[1] == pytest.approx(4 - 0.1 * g.pull_non_saturating)
    ends = [losses.follow(8.0, n) for n in losses.STEPS]
    assert all(game >= practice for game, practice in ends)
    with pytest.raises(BadRequest, match="no such choice"):
        losses.show({"value": [3.0], "context": {"steps": 7}})


def test_small_numbers_keep_a_digit():
    assert losses.small(-0.049) == "−0.049"
    assert losses.small(-0.00002) == "−2 · 10⁻⁵"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    demo = app.build(tmp_path_factory.mktemp("exported"), (objectives.CHAPTER,))
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield Client(url, verbose=False)
    demo.close()


def test_the_endpoints_answer(client):
    fit = client.predict(6, 0.5, 0.5, 0.5, 0.5, api_name="/objectives_fit")
    assert fit["KL(p_data ‖ p_θ)"]["mu"] == pytest.approx(0, abs=1e-6)
    assert fit["KL(p_data ‖ p_θ)"]["sigma"] == pytest.approx((0.25 + 9) ** 0.5)
    assert fit["KL(p_θ ‖ p_data)"]["equally good"]
    result = client.predict(2, 3, 0.3, 200, api_name="/objectives_particles")
    assert result["D = p_data"]["std"] < 1e-4
    assert len(result["D = p_data / (p_data + p_θ)"]["samples"]) == naive.SAMPLES
    slopes = client.predict(0, api_name="/objectives_slopes")
    assert slopes["saturating"] == pytest.approx(-0.25, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("fit", (9, 0.5, 0.5, 0.5, 0.5), "The distance must be"),
        ("fit", ("near", 0.5, 0.5, 0.5, 0.5), "The distance must be"),
        ("fit", (2, 0, 0.5, 0.5, 0.5), "The width of the left bump must be"),
        ("fit", (2, 0.5, 100, 0.5, 0.5), "The width of the right bump must be"),
        ("fit", (2, 0.5, 0.5, 1, 0.5), "The weight of the left bump must be"),
        ("fit", (2, 0.5, 0.5, 0.5, 0), "π must be"),
        ("particles", (2, 3.3, 0.3, 10), "There is no such choice"),
        ("particles", (2, 3, 0.3, 201), "The number of steps must be"),
        ("particles", (2, 3, 0.3, 1.5), "The number of steps must be"),
        ("slopes", (-1,), "The distance must be"),
        ("slopes", (None,), "The distance must be"),
    ],
)
def test_bad_input_gets_one_sentence(client, name, values, words):
    with pytest.raises(AppError, match=words):
        client.predict(*values, api_name=f"/objectives_{name}")


def test_a_context_from_elsewhere_is_refused():
    for values in ((0.5, 0.5, 0.5, None), (True, 0.5, 0.5, 0.5), (float("nan"), 0.5, 0.5, 0.5)):
        with pytest.raises(BadRequest, match="must be a number"):
            fits.checked(*values)
    with pytest.raises(BadRequest, match="no such choice"):
        naive.checked(2, 3, 0.31)
