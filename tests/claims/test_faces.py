"""What the chapter Morphing faces claims."""

import numpy as np
import pytest

from claims import says
from gen_models.app.chapters.faces import attributes, common, encode, morph, sliders


@pytest.fixture(scope="module")
def model(exported):
    return exported["vae-heads"]


def test_at_3_a_tenth_of_the_colours_is_white_or_black(model):
    says(
        sliders.EXPERIMENT,
        "9 % of its colours are white or black",
        "fitted to the codes after training",
    )
    z = np.stack([common.random_z(model, seed) for seed in range(40)])
    ends = []
    for temperature in (0, 1, 3):
        x = model("decoder", z=np.float32(temperature) * z)["x"]
        ends.append(((x < 0.02) | (x > 0.98)).mean())
    assert ends[0] == 0
    assert ends[1] < 0.001
    assert ends[2] == pytest.approx(0.09, abs=0.01)
    assert "fitted to the codes after training" in model.card.summary


def test_every_slider_does_something_and_what_has_none_does_nearly_nothing(model):
    says(
        attributes.EXPERIMENT,
        "Smile and hair length have no slider: their AUC is 0.54 and 0.63",
        "glasses, with 0.99, are few",
    )
    names = common.attributes_of(model)
    assert [name for name in names if name not in attributes.offered(model)] == [
        "smile",
        "hair_length",
    ]
    assert [common.separation(model, name) for name in ("smile", "hair_length", "glasses")] == [
        "AUC 0.54",
        "AUC 0.63",
        "AUC 0.99",
    ]
    dz = common.step(model, np.concatenate([np.zeros((1, len(names))), 3 * np.eye(len(names))]))
    x = model("decoder", z=dz)["x"]
    moved = dict(zip(names, (np.abs(x[1:] - x[0]).max(1) > 0.1).mean((1, 2)), strict=True))
    for name in names:
        assert (moved[name] > 0.01) == (name in attributes.offered(model)), name


def test_age_and_beard_come_along_with_masculine(model):
    says(attributes.EXPERIMENT, "*age* and *beard* come along")
    names = common.attributes_of(model)
    row = attributes.together(model)[names.index("masculine")]
    along = {name for name, value in zip(names, row, strict=True) if value >= attributes.TOGETHER}
    assert along == {"masculine", "age", "beard"}


def test_a_mix_of_z_is_a_head_and_a_mix_of_pixels_is_not(model):
    says(
        morph.EXPERIMENT,
        "the mix of $z$ loses 5, and that of pixels, which is four heads at once, 46",
    )
    corners = morph.faces_at(model, [common.first_number(model, number) for number in morph.FIRST])
    assert [f"{error:.0f}" for error in morph.mixed(model, corners, 0.5, 0.5)[1]] == ["5", "46"]
    assert max(morph.mixed(model, corners, 0.0, 0.0)[1]) < 3


def test_what_is_no_head_is_far_off(model):
    says(encode.EXPERIMENT, "13 for test heads", "hundreds for what is no head")
    heads = [encode.encoded(model, image).error for image in model.examples()[:16]]
    assert np.mean(heads) == pytest.approx(13, abs=1)
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    assert encode.encoded(model, noise).error > 500
