"""Disentanglement: its terms on cases solved by hand, a few steps of training, and what its numbers find in toys."""

import math
from dataclasses import replace

import numpy as np
import pytest
import toys

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from gen_models import cards
from gen_models.errors import UserError
from gen_models.families import MetricId as M
from gen_models.numerics.moments import slant
from gen_models.runtime import Model
from training import disentangle
from training.data import Images, Info
from training.evaluation import disentangle as evaluation
from training.evaluation.disentangle import Codes
from training.objectives import kl_to_standard_normal

INFO = Info("bars", "bars", "public domain", "nowhere", "0" * 64, classes=("left", "right", "top"))


@pytest.fixture
def bars():
    """60 images of three classes: a bar at the left, at the right or on top, of any brightness."""
    rng = torch.Generator().manual_seed(0)
    y = torch.arange(60) % 3
    x = torch.zeros(60, 1, 16, 16)
    light = 0.3 + 0.7 * torch.rand(60, 1, 1, generator=rng)
    x[y == 0, :, :, 2:5] = light[y == 0, ..., None]
    x[y == 1, :, :, 11:14] = light[y == 1, ..., None]
    x[y == 2, :, 2:5] = light[y == 2, ..., None]
    return Images((255 * x).byte(), y, INFO)


@pytest.fixture
def config(tmp_path):
    return disentangle.Config(
        name="d", runs=tmp_path / "runs", exported=tmp_path / "exported", steps=4, batch=8, size=16, s_dim=4, z_dim=2,
        width=4, log_every=1,
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# Terms
# ---------------------------------------------------------------------------------------------------------------------


def test_the_encoder_pays_nothing_where_the_adversary_reads_nothing_and_by_hand_where_it_does():
    nothing = torch.full((2, 10), 3.0)
    torch.testing.assert_close(disentangle.to_uniform(nothing), torch.zeros(2), atol=1e-6, rtol=0)
    # p = (3/4, 1/4): KL(u ‖ p) = −½ (log 3/4 + log 1/4) − log 2 = −½ log 3/4
    read = torch.tensor([[math.log(3.0), 0.0]])
    assert disentangle.to_uniform(read).item() == pytest.approx(-0.5 * math.log(0.75), rel=1e-5)


def test_the_gradient_of_the_uniform_target_takes_back_what_is_read():
    logits = torch.tensor([[2.0, 0.0, 0.0]], requires_grad=True)
    disentangle.to_uniform(logits).sum().backward()
    p = torch.tensor([[2.0, 0.0, 0.0]]).softmax(1)
    torch.testing.assert_close(logits.grad, p - 1 / 3)


def test_kl_and_cycle_by_hand():
    mu, logvar = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, math.log(4.0)]])
    by_hand = 0.5 * 1 + 0.5 * (4 - math.log(4) - 1)
    assert kl_to_standard_normal(mu, logvar).item() == pytest.approx(by_hand, rel=1e-5)
    z_1, z_2 = torch.tensor([[1.0, -2.0], [0.5, 0.5]]), torch.tensor([[0.0, 1.0], [0.5, 0.5]])
    assert disentangle.cycle_error(z_1, z_2).tolist() == [4.0, 0.0]


def test_partners_are_of_the_same_class_and_any_of_it():
    labels = torch.tensor([2, 0, 1, 0, 2, 2, 0])
    torch.manual_seed(0)
    of = labels.repeat(50)
    drawn = disentangle.partners(labels, of)
    assert (labels[drawn] == of).all()
    assert set(drawn.tolist()) == set(range(7))


def test_slants_solved_by_hand():
    upright, leaning = np.zeros((1, 1, 5, 5)), np.zeros((1, 1, 5, 5))
    upright[..., 2] = 1
    for row in range(5):
        leaning[0, 0, row, 4 - row] = 1  # one to the left for each row further down
    back = leaning[..., ::-1]
    both = np.concatenate([upright, leaning, back, 0 * upright])
    np.testing.assert_allclose(slant(both), [0, -1, 1, 0], atol=1e-6)
    np.testing.assert_allclose(slant(0.2 * leaning), -1, atol=1e-6)


# ---------------------------------------------------------------------------------------------------------------------
# Training
# ---------------------------------------------------------------------------------------------------------------------


def test_it_trains_a_few_steps_and_exports_graphs_that_agree_with_torch(bars, config, monkeypatch):
    monkeypatch.setattr(disentangle, "load", lambda *_, **__: bars)
    encoder, decoder, run = disentangle.train(config, bars)
    folder = disentangle.export_model(config, encoder, decoder, run)
    model = Model(cards.load(folder / "card.json"), folder)
    assert model.card.facts.adversary == config.adversary
    assert all(graph.parity <= 1e-4 for graph in model.card.graphs.values())
    x = (bars.x[:3] / 255).numpy()
    codes = model("encoder", x=x)
    assert {k: v.shape for k, v in codes.items()} == {
        "s": (3, 4), "mu": (3, config.z_dim), "logvar": (3, config.z_dim),
    }  # fmt: skip
    assert model("decoder", s=codes["s"], z=codes["mu"])["x"].shape == (3, 1, 16, 16)


@pytest.mark.parametrize("weights", [{"cycle": 0.0}, {"batch": 7}, {"z_dim": 9}])
def test_other_settings_are_the_same_script(bars, config, weights):
    _, _, run = disentangle.train(replace(config, **weights), bars)
    assert run.step == config.steps


def test_a_run_that_was_stopped_ends_as_one_that_was_not(bars, config):
    whole = disentangle.train(replace(config, name="whole"), bars)
    parts = replace(config, name="parts", save_every=2)
    with pytest.raises(KeyboardInterrupt):
        disentangle.train(parts, Stopping(bars, 3))
    parts = disentangle.train(parts, bars)
    assert parts[2].step == config.steps
    for a, b in zip(whole[:2], parts[:2], strict=True):
        for name, value in a.state_dict().items():
            assert torch.equal(value, b.state_dict()[name]), name


@pytest.mark.parametrize("weight", [0.0, 30.0])
def test_the_encoder_minds_the_adversary_by_its_weight(bars, config, weight, monkeypatch):
    config = replace(config, adversary=weight)
    one, *_ = disentangle.train(replace(config, name="one"), bars)
    monkeypatch.setattr(disentangle, "A_STEPS", 5)  # an adversary that reads better
    other, *_ = disentangle.train(replace(config, name="other"), bars)
    same = [torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True)]
    assert all(same) == (weight == 0)


def test_data_without_classes_are_refused(bars, config):
    with pytest.raises(UserError, match="no classes"):
        disentangle.train(config, Images(bars.x, None, INFO))


# ---------------------------------------------------------------------------------------------------------------------
# Numbers
# ---------------------------------------------------------------------------------------------------------------------


def blobs(n, distance, seed):
    """Codes of two classes: mu at ±distance in the first of two dimensions, q's σ = 1."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    mu = np.float32(0.01 * rng.standard_normal((n, 2)))
    mu[:, 0] += distance * (2 * y - 1)
    return Codes(mu, mu, np.zeros_like(mu), y)


@pytest.mark.parametrize("probe", ["perceptron", "linear"])
def test_a_probe_reads_what_is_there_and_chance_where_nothing_is(probe):
    train, test = blobs(1200, 1.0, 0), blobs(1000, 1.0, 1)
    assert evaluation.probe_accuracy(probe, train, test, "mean") > 0.99
    # Of N(±1, 1) the best that can be done is Φ(1) = 0.841.
    sample = evaluation.probe_accuracy(probe, train, test, "sample")
    assert sample == pytest.approx(0.841, abs=0.04)
    nothing = blobs(1200, 0.0, 0), blobs(1000, 0.0, 1)
    assert evaluation.probe_accuracy(probe, *nothing, "mean") == pytest.approx(0.5, abs=0.06)


def test_only_a_perceptron_reads_what_is_no_half_plane():
    rng = np.random.default_rng(0)
    sign = rng.integers(0, 2, (2000, 2))
    mu = np.float32(2 * sign - 1 + 0.2 * rng.standard_normal((2000, 2)))
    every = Codes(mu, mu, mu, sign[:, 0] ^ sign[:, 1])
    train, test = (
        Codes(*(part[half] for part in every)) for half in (slice(1500), slice(1500, None))
    )
    assert evaluation.probe_accuracy("perceptron", train, test, "mean") > 0.98
    assert evaluation.probe_accuracy("linear", train, test, "mean") < 0.8  # at most 3 of 4 clusters


def test_probing_leaves_the_random_numbers_of_others_alone():
    torch.manual_seed(3)
    wanted = torch.rand(1)
    torch.manual_seed(3)
    evaluation.probe_accuracy("linear", blobs(60, 1.0, 0), blobs(60, 1.0, 1), "sample")
    assert torch.equal(torch.rand(1), wanted)


@pytest.mark.filterwarnings("ignore:invalid value")  # all its slants are 0
def test_of_a_toy_whose_codes_are_pixels_each_swap_is_what_it_should_be(tmp_path):
    model = toys.disentangle(tmp_path)
    x = torch.zeros(120, 1, 28, 28)
    y = torch.arange(120) % 10
    x[range(120), 0, 0, y] = 1
    x[:, 0, 0, 10:13] = torch.rand(120, 3, generator=torch.Generator().manual_seed(0))
    data = Images((255 * x).round().byte(), y, replace(INFO, classes=tuple("0123456789")))
    found = evaluation.examine(model, data, data, None)
    assert found[M.ACCURACY] == (1, 120)
    assert found[M.SQUARED_ERROR] == (pytest.approx(0, abs=1e-6), 120)
    assert found[M.SLANT_CORRELATION.of("z")][1] < 120, "swaps of two classes alone"
    assert M.SWAP_CLASS not in found
    codes = evaluation.codes_of(model, data)
    swapped = evaluation.swap(model, codes.s[::-1], codes.mu)
    np.testing.assert_allclose(swapped[:, 0, 0, :10], codes.s[::-1], atol=1e-5)
    np.testing.assert_allclose(swapped[:, 0, 0, 10:13], data.x[:, 0, 0, 10:13] / 255, atol=1e-5)
    assert evaluation.sheet(model, data).shape == (11 * 60, 11 * 60, 1)


def test_every_sixth_image_is_held_out(bars):
    kept, held = evaluation.held_out(bars)
    assert (len(kept), len(held)) == (50, 10)
    assert torch.equal(held.x, bars.x[5::6])


class Stopping(Images):
    """Data that end a run in the middle of a step, by what Ctrl-C raises."""

    def __init__(self, data, step):
        super().__init__(data.x, data.y, data.info)
        self.left = 2 * step  # the donors of the samples, and the pairs of the steps before

    def __getitem__(self, index):
        if isinstance(index, list):
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
        return super().__getitem__(index)
