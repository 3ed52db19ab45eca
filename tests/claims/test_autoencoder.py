"""What the chapter Autoencoders claims."""

import numpy as np
import pytest

from claims import says
from gen_models.app.chapters.autoencoder import (
    CHAPTER,
    between,
    common,
    errors,
    generator,
    plane,
    reconstruct,
)
from gen_models.app.chapters.autoencoder import lineup as maths


@pytest.fixture(scope="module")
def lineups(exported):
    return maths.lineups(m for m in exported.values() if CHAPTER.shows(m.card))


@pytest.fixture(scope="module")
def digits(lineups):
    return lineups["digits"]


def test_at_two_dimensions_the_thick_6_becomes_an_8_and_at_eight_it_comes_back(digits, read):
    says(
        reconstruct.EXPERIMENT,
        "With 2 dimensions the autoencoder answers the thick 6 with an 8",
        "further from the 6 than PCA’s blur",
        "Move the code size to 8: the 6 comes back, at 0.37 of PCA’s error.",
    )
    assert digits.codes[0] == 2
    x = digits.x([reconstruct.FIRST["digits"]])
    few, more = (reconstruct.compare(digits, code, x) for code in (2, 8))
    assert read(few["conv"][0]) == [8]
    assert few["conv"][1] > few["pca"][1]
    assert read(more["conv"][0]) != [8]
    assert common.format_number(more["conv"][1] / more["pca"][1]) == "0.37"


def test_depth_gains_the_more_over_pca_the_larger_the_code(digits):
    says(errors.EXPERIMENT, "On digits the ratio falls from 0.71 at 2 dimensions to 0.18 at 64")
    rows = maths.error_table(digits)
    ratios = [row["ratio"] for row in rows]
    assert ratios == sorted(ratios, reverse=True)
    assert [row["code"] for row in (rows[0], rows[-1])] == [2, 64]
    assert [common.format_number(ratios[i]) for i in (0, -1)] == ["0.71", "0.18"]


@pytest.mark.parametrize("data", ["digits", "fashion"])
def test_no_linear_autoencoder_is_better_than_pca_and_the_trained_one_is_as_good(lineups, data):
    says(
        errors.EXPERIMENT,
        "Of all linear encoders and decoders PCA is the best",
        "The linear autoencoder’s rings lie on PCA’s points at every size.",
    )
    for row in maths.error_table(lineups[data]):
        if row["linear"] is not None:
            assert row["linear"] == pytest.approx(row["pca"], rel=0.001)


def test_halfway_the_way_through_the_codes_is_far_from_a_cross_fade_and_pcas_is_one(digits):
    says(between.EXPERIMENT, "its number is 51 halfway", "its number stays 0.00")
    ends, code = digits.x(between.FIRST["digits"]), common.middle(digits.codes)
    bends = {
        kind: [maths.between(digits.models[kind], code, ends, t)[1] for t in np.linspace(0, 1, 21)]
        for kind in ("conv", "pca")
    }
    assert f"{bends['conv'][10]:.0f}" == "51"
    assert bends["conv"][0] == bends["conv"][-1] == pytest.approx(0, abs=1e-6)
    assert max(bends["pca"]) < 0.005


def test_the_way_from_the_0_to_the_4_begins_and_ends_at_those_digits(digits, read):
    says(between.EXPERIMENT, "The autoencoder’s 0 opens and becomes a 4")
    ends, code = digits.x(between.FIRST["digits"]), common.middle(digits.codes)
    x = [maths.between(digits.models["conv"], code, ends, t)[0] for t in (0.0, 1.0)]
    assert read(np.concatenate(x)) == [0, 4]


@pytest.fixture(scope="module")
def sampled(digits):
    """`sample_table` by code size."""
    return {row["code"]: row for row in maths.sample_table(digits)}


def test_random_codes_are_far_from_digits_and_both_remedies_near(digits, sampled):
    says(
        generator.EXPERIMENT,
        "With 8 dimensions random codes are 55.0 away from digits, the fitted Gaussian’s 9.7, and the VAE’s, which "
        "need no fit, 6.2. Of the VAE’s 39 % are recognised, of the Gaussian’s 47 %",
    )
    shown = generator.numbers(digits)["8"]
    assert [shown[f"distance-{source}"] for source in maths.SOURCES] == ["55.0", "9.7", "6.2"]
    assert [shown[f"share-{source}"] for source in ("gaussian", "vae")] == ["47 %", "39 %"]
    assert digits.vae_is_alike(8)
    for row in sampled.values():
        assert row["distance-noise"] > 1.1 * row["distance-gaussian"]


def test_from_16_dimensions_on_the_vae_and_the_fitted_gaussian_are_alike(digits, sampled):
    says(generator.EXPERIMENT, "From 16 dimensions on the two are within 8 %")
    both = [k for k in digits.codes if k >= 16 and sampled[k]["distance-vae"]]
    assert both == [16, 32]
    for k in both:
        assert sampled[k]["distance-vae"] == pytest.approx(
            sampled[k]["distance-gaussian"], rel=0.08
        )


def test_at_two_dimensions_nothing_samples_digits(sampled):
    says(generator.EXPERIMENT, "at 2 all three are more than 50 away")
    assert min(sampled[2][f"distance-{source}"] for source in maths.SOURCES) > 50


def test_the_fitted_gaussian_draws_too_many_8s_and_the_shares_are_those_of_the_cards(
    digits, sampled, exported
):
    says(generator.EXPERIMENT, "of the Gaussian’s 47 %, but more than a fifth of those are 8s")
    features, conv = exported["features-digits"], digits.models["conv"]
    x = {
        "gaussian": maths.decode(conv, 8, maths.fitted_codes(conv, 8, 1, 1000)),
        "vae": digits.vae_samples(8, maths.random_codes(8, 1, 1, 1000)),
    }
    eights = {}
    for source, images in x.items():
        y = features("features", x=images)["y"]
        sure = 1 / np.exp(y - y.max(1, keepdims=True)).sum(1) > 0.95
        assert sure.mean() == pytest.approx(sampled[8][f"share-{source}"], abs=0.05)
        eights[source] = (y.argmax(1) == 8).mean()
    assert 0.2 < eights["gaussian"] < 0.28
    assert eights["gaussian"] > eights["vae"] > 0.1, "9 % of the data"


@pytest.fixture(scope="module")
def codes(exported):
    """The plane of the digits' codes."""
    shown = {name: m for name, m in exported.items() if CHAPTER.shows(m.card)}
    return plane.Plane(*plane.planes(shown)[0])


def test_random_codes_of_two_dimensions_decode_to_three_digits(codes):
    says(
        plane.EXPERIMENT,
        "96 % decode to what a network takes for a 1, a 4 or an 8, and none to a 0, 3, 5, 6 or 9.",
    )
    z = maths.random_codes(2, seed=0, spread=1, n=1000)
    labels, _ = codes.read(maths.decode(codes.model, 2, z))
    assert np.isin(labels, (1, 4, 8)).mean() == pytest.approx(0.96, abs=0.005)
    assert not np.isin(labels, (0, 3, 5, 6, 9)).any()


def test_much_of_the_plane_is_empty_and_the_dot_begins_in_a_hole(codes):
    says(
        plane.EXPERIMENT,
        "43 % of this plane has no code within 2 of it",
        "A code that falls in a hole need not decode to any digit.",
    )
    line = np.linspace(-plane.REACH, plane.REACH, 41)
    grid = np.stack(np.meshgrid(line, line), -1).reshape(-1, 1, 2)
    near = np.linalg.norm(codes.z - grid, axis=2) < 2
    assert (~near.any(1)).mean() == pytest.approx(0.43, abs=0.005)
    assert plane.NEAR * 2 * plane.REACH == 2
    first = codes.at(np.float32(plane.FIRST))["text"]
    assert first["near"] == "0 of 2,048"
    _, (sure,) = codes.read(maths.decode(codes.model, 2, np.float32([plane.FIRST])))
    assert sure < 0.5


def test_the_cloud_is_neither_round_nor_about_0(codes):
    says(plane.EXPERIMENT, "which nobody asked to be round or to lie about 0")
    assert np.linalg.norm(codes.z.mean(0)) > 5
    assert codes.z[:, 1].std() > 1.5 * codes.z[:, 0].std()
    assert (np.abs(codes.z).max(1) > plane.REACH).mean() < 0.011
