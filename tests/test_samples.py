"""Samples beside real images, on toy features: h is the first 16 pixels, and y gives both classes ½."""

from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

import toys

from gen_models import cards
from gen_models.families import AutoencoderKind, FeatureTask
from gen_models.families import MetricId as M
from training import autoencoder, vae
from training.data import Images, Info
from training.engine import measurement
from training.evaluation import samples
from training.tools.evaluate import evaluate_model

MEASURED = (M.FRECHET_DISTANCE, M.RECOGNISED, M.SHARPNESS)


def real(root, x):
    """The images `x` as those that samples are compared with."""
    m = SimpleNamespace(pixels=lambda split="test": x, metric=lambda id, value, n, **_: value)
    return samples.Real(m, toys.features(root, "f", x.shape[1:]))


@pytest.fixture
def images():
    return np.random.default_rng(0).random((60, 1, 8, 8), dtype=np.float32)


def test_real_images_are_at_distance_0_from_themselves_and_as_sharp(tmp_path, images):
    found = real(tmp_path, images).compare(images, "noise", 3)
    assert found[M.FRECHET_DISTANCE.of("noise", 3)] == pytest.approx(0, abs=1e-4)
    assert found[M.SHARPNESS.of("noise", 3)] == pytest.approx(1)
    assert found[M.RECOGNISED.of("noise", 3)] == 0  # both classes have ½


def test_a_shift_is_seen_in_the_distance_and_half_the_contrast_in_the_sharpness(tmp_path, images):
    one = real(tmp_path, images)
    assert one.compare(images + 1)[M.FRECHET_DISTANCE] == pytest.approx(16, rel=1e-3)
    assert one.compare(images / 2)[M.SHARPNESS] == pytest.approx(0.5)


@pytest.mark.parametrize(("sure", "share"), [(0.4, 1), (0.6, 0)])
def test_an_image_is_recognised_when_its_likeliest_class_is_above_the_bound(
    tmp_path, images, monkeypatch, sure, share
):
    monkeypatch.setattr(samples, "SURE", sure)
    one = real(tmp_path, images)
    assert one.compare(images)[M.RECOGNISED] == share
    assert one.compare_with_training()[M.RECOGNISED_REAL] == share


def test_images_of_another_side_are_averaged_down_or_resized(tmp_path):
    recogniser = toys.features(tmp_path, "f", (1, 8, 8))
    for side in (8, 16, 12, 6):
        grey = np.full((3, 1, side, side), 0.25, np.float32)
        np.testing.assert_allclose(measurement.features_of(recogniser, grey), 0.25, atol=1e-5)


def test_every_code_size_is_measured_for_each_way_to_draw_a_code(
    tmp_path, picture_folder, monkeypatch
):
    monkeypatch.setattr(samples, "SAMPLES", 50)
    monkeypatch.setattr(samples.noise, "__defaults__", (50,))
    options = {
        "data": f"folder:{picture_folder}", "size": 16, "channels": 1, "width": 4, "batch": 4, "steps": 2,
        "accelerator": "cpu", "runs": tmp_path / "runs", "exported": tmp_path,
    }  # fmt: skip
    toy = toys.features(tmp_path, "f", (1, 16, 16)).folder / "card.json"
    vae.main(vae.Config(name="v", codes=(2, 3), **options))
    card = cards.load(tmp_path / "v" / "card.json")
    toy.write_text(toy.read_text().replace(cards.load(toy).dataset.sha256, card.dataset.sha256))
    autoencoder.main(autoencoder.Config(name="a", codes=(2,), **options))
    vae.main(vae.Config(name="one", latent_dim=2, **options))
    evaluate_model(tmp_path / "v")
    ways = ("noise", "gaussian", "images")
    for name, sizes in (("v", (2, 3)), ("a", (2,))):
        found = cards.load(tmp_path / name / "card.json")
        assert found.family == "autoencoder"
        assert found.metrics.keys() >= {
            id.of(way, k) for id in MEASURED for way in ways for k in sizes
        }
    assert cards.load(tmp_path / "v" / "card.json").facts.kind is AutoencoderKind.VAE
    assert cards.load(tmp_path / "one" / "card.json").metrics.keys() >= {
        *MEASURED, M.PRECISION, M.RECALL, M.FRECHET_DISTANCE_REAL, M.RECOGNISED_REAL,
    }  # fmt: skip


class ReadsFactors:
    """Reads a light from the first pixel, and which half of the first row is lit; a third factor it cannot read."""

    class card:
        name = "reader"
        facts_as = staticmethod(lambda _: SimpleNamespace(task=FeatureTask.FACTORS))

        @staticmethod
        def metric(_, name):
            return SimpleNamespace(value={"light": 0.9, "side": 0.7, "mood": 0.2}[name])

    def input(self, *_):
        return SimpleNamespace(shape=("batch", 1, 4, 4))

    def __call__(self, _, x):
        light, left, right = x[:, 0, 1, 0], x[:, 0, 0, :2].sum(1), x[:, 0, 0, 2:].sum(1)
        return {"h": x[:, 0, 0], "y": np.stack([light, left, right, 0 * light], 1)}


def test_of_known_factors_that_are_read_well_histograms_of_samples_and_of_images_are_compared():
    rng = np.random.default_rng(0)
    x = np.zeros((200, 1, 4, 4), np.float32)
    light, side = rng.random(200), np.arange(200) % 2
    x[:, 0, 1, 0] = light
    x[range(200), 0, 0, 3 * side] = 1
    table = torch.tensor(np.stack([light, side, rng.random(200)], 1), dtype=torch.float32)
    info = Info("lamps", "lamps", "", "", "0" * 64, factors=("light", "side", "mood"))
    train = Images(torch.zeros(200, 1, 4, 4), None, info, table)
    m = SimpleNamespace(
        pixels=lambda split="test": x,
        images=lambda split: train,
        metric=lambda id, value, n, **_: value,
    )
    one = samples.Real(m, ReadsFactors())
    found = one.factor_overlap(x[side == 0])
    assert {*found} == {
        id.of(f) for id in (M.FACTOR_OVERLAP, M.FACTOR_OVERLAP_REAL) for f in ("light", "side")
    }
    assert found[M.FACTOR_OVERLAP.of("side")] == pytest.approx(0.5), "one kind is never made"
    assert found[M.FACTOR_OVERLAP.of("light")] > 0.85
    assert found[M.FACTOR_OVERLAP_REAL.of("side")] == found[M.FACTOR_OVERLAP_REAL.of("light")] == 1


def test_without_known_factors_there_are_no_histograms(tmp_path, images):
    assert real(tmp_path, images).factor_overlap(images) == {}
