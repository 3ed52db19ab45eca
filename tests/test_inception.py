"""FID is tested with a stand-in for Inception's network: its weights are a download."""

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from gen_models import cards
from gen_models.errors import UserError
from gen_models.families import MetricId as M
from training import gan
from training.evaluation import inception


def mean_and_spread(pictures):
    """Two features of uint8 (b, 3, h, w)."""
    assert pictures.dtype == torch.uint8
    assert pictures.shape[1] == 3
    flat = pictures.double().flatten(1)
    return (torch.stack([flat.mean(1), flat.std(1)], dim=1),)


@pytest.fixture
def folder(tmp_path, picture_folder, monkeypatch):
    monkeypatch.setattr("training.evaluation.gan.SAMPLES", 80)
    options = {
        "data": f"folder:{picture_folder}",
        "size": 32,
        "channels": 1,
        "width": 4,
        "batch": 4,
    }
    options |= {"steps": 2, "accelerator": "cpu", "runs": tmp_path / "r", "exported": tmp_path}
    gan.main(gan.Config(name="g", **options))
    return tmp_path / "g"


def test_fid_is_the_frechet_distance_of_samples_to_training_pictures(folder):
    inception.measure(folder, mean_and_spread, samples=30)
    metric = cards.load(folder / "card.json").metrics[M.FID]
    assert (metric.n, metric.split) == (30, "train")
    assert np.isfinite(metric.value)
    assert metric.value > 0


def test_without_the_package_or_the_weights_one_sentence_says_so(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    with pytest.raises(UserError, match="pip install torch-fidelity"):
        inception.inception(None)

    package = ModuleType("torch_fidelity")
    module = ModuleType("torch_fidelity.feature_extractor_inceptionv3")
    seen = []

    def extractor(name, features, feature_extractor_weights_path):
        seen.append((name, features, feature_extractor_weights_path))
        raise FileNotFoundError("no such file")

    module.__dict__["FeatureExtractorInceptionV3"] = extractor
    monkeypatch.setitem(sys.modules, "torch_fidelity", package)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with pytest.raises(UserError, match="cannot be read or downloaded: no such file"):
        inception.inception(tmp_path / "w.pth")
    assert seen == [("inception-v3-compat", ["2048"], str(tmp_path / "w.pth"))]


def test_only_gans_are_measured():
    with pytest.raises(UserError, match="family 'vae'"):
        inception.measure(Path("exported/vae-digits-2d"), mean_and_spread, 2)
