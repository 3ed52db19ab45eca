"""Progressive GANs: their parts on cases solved by hand, a few steps of training, and what is known to go wrong."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from gen_models import cards
from gen_models.errors import UserError
from gen_models.families import MetricId as M
from gen_models.families import ProGANFacts
from gen_models.networks import progan as networks
from gen_models.runtime import Model
from training import progan
from training.engine.run import Run
from training.objectives import gradient_penalty


@pytest.fixture
def config(tmp_path, picture_folder):
    return progan.Config(
        name="p", data=f"folder:{picture_folder}", channels=1, latent_dim=6, widths=(8, 6, 4), images=(8, 16), fade=8,
        steps=10, batch=4, r1_every=2, log_every=1, save_every=4, accelerator="cpu", random_hflip=True,
        runs=tmp_path / "runs", exported=tmp_path,
    )  # fmt: skip


@pytest.fixture
def players(config):
    torch.manual_seed(0)
    return progan.build(config, 1)


# ---------------------------------------------------------------------------------------------------------------------
# Networks
# ---------------------------------------------------------------------------------------------------------------------


def test_minibatch_statistics_are_those_of_groups_of_4_images_by_hand():
    # In the first group one feature is ±1 and one ±3: σ is 1 and 3, the mean 2. The second group is constant.
    h = torch.zeros(8, 2, 3, 3)
    h[:4, 0] = torch.tensor([1.0, -1, 1, -1]).view(4, 1, 1)
    h[:4, 1] = torch.tensor([3.0, 3, -3, -3]).view(4, 1, 1)
    s = networks.group_std(h)
    assert s.shape == (8, 1, 3, 3)
    torch.testing.assert_close(s[:4], torch.full((4, 1, 3, 3), 2.0), atol=1e-3, rtol=0)
    assert s[4:].max() < 1e-3


def test_minibatch_statistics_do_not_see_differences_within_an_image():
    """The wrong axis: features and pixels that differ, in images that are all alike."""
    h = torch.randn(1, 5, 4, 4).expand(4, 5, 4, 4)
    assert networks.group_std(h).max() < 1e-3
    assert (
        networks.group_std(torch.randn(3, 5, 4, 4)).min() > 0.1
    )  # no group of 4: the batch is one


def test_d_tells_a_batch_of_one_image_from_others_only_by_minibatch_statistics(config, players):
    x = torch.rand(1, 1, 16, 16).expand(4, 1, 16, 16)
    mixture = torch.cat([x[:1], torch.rand(3, 1, 16, 16)])
    _, D = players
    assert D(x, 2)[0] != D(mixture, 2)[0]
    _, D = progan.build(replace(config, minibatch_std=False), 1)
    torch.testing.assert_close(D(x, 2)[0], D(mixture, 2)[0])


def test_pixel_norm_makes_the_mean_square_1_and_leaves_black_pixels_finite():
    x = torch.tensor([[3.0, 4.0], [0.0, 0.0]])[..., None, None]
    y = networks.PixelNorm()(x)
    expected = torch.tensor([3.0, 4.0]) / 12.5**0.5
    torch.testing.assert_close(y[0].flatten(), expected)
    assert torch.equal(y[1], torch.zeros(2, 1, 1))


def test_an_equalised_layer_keeps_the_variance_of_its_input_and_is_folded_exactly(players):
    torch.manual_seed(0)
    layer = networks.EqualisedConv2d(200, 200, 3, padding=1, gain=1)
    assert layer.weight.std().item() == pytest.approx(1, abs=0.02)
    assert layer(torch.randn(2, 200, 8, 8))[..., 1:-1, 1:-1].std().item() == pytest.approx(
        1, abs=0.05
    )
    G, _ = players
    z = torch.randn(3, 6)
    before = G(z, 2, 0.3)
    after = networks.folded(G)(z, 2, 0.3)
    torch.testing.assert_close(before, after, atol=1e-5, rtol=0)
    kinds = networks.EqualisedConv2d | networks.EqualisedLinear
    assert not any(isinstance(m, kinds) for m in G.modules())


def test_a_level_fades_in_from_exactly_the_image_of_the_one_below(players):
    """Not from an untrained one: α = 0 is the image of the level below, enlarged, and α = ½ half of each."""
    G, _ = players
    z = torch.randn(3, 6)
    below, above = networks.enlarged(G(z, 1)), G(z, 2)
    torch.testing.assert_close(G(z, 2, 0.0), below)
    torch.testing.assert_close(G(z, 2, 0.5), (below + above) / 2)
    torch.testing.assert_close(G(z, 2, torch.tensor(1.0)), above)
    assert (below - above).abs().max() > 0.01


def test_d_at_alpha_0_sees_no_more_than_the_level_below(players):
    _, D = players
    x = torch.rand(4, 1, 16, 16)
    halved = torch.nn.functional.avg_pool2d(x, 2)
    torch.testing.assert_close(D(x, 2, 0.0), D(halved, 1))
    assert (D(x, 2, 1.0) - D(x, 2, 0.0)).abs().max() > 1e-4


def test_images_are_linear_in_the_last_layer(players):
    """Without tanh, which saturates where a level fades in."""
    G, _ = players
    z = torch.randn(2, 6)
    G.to_rgb[2].bias.data += 20
    moved = G(z, 2)
    assert moved.min() > 5
    assert networks.AtLevel(G, 2)(z).max() == 1


def test_real_images_fade_in_too():
    x = torch.tensor([[0.0, 1], [1, 0]]).repeat(4, 4).view(1, 1, 8, 8)
    assert torch.equal(progan.faded(x, 8, 1.0), x)
    assert torch.equal(progan.faded(x, 8, 0.0), torch.full((1, 1, 8, 8), 0.5))
    assert progan.faded(x, 8, 0.5).unique().tolist() == [0.25, 0.75]
    assert torch.equal(progan.faded(x, 4, 1.0), torch.full((1, 1, 4, 4), 0.5))


def test_the_gradient_penalty_is_0_at_a_slope_of_1_and_by_hand_elsewhere():
    x, x_hat = torch.rand(3, 1, 2, 2), torch.rand(3, 1, 2, 2)
    for slope, penalty in ((0.5, 0.0), (1.5, 4.0)):  # four pixels: ‖∇‖ = 2 slope
        got = gradient_penalty(lambda x, s=slope: s * x.flatten(1).sum(1, keepdim=True), x, x_hat)
        torch.testing.assert_close(got, torch.full((3,), penalty))


# ---------------------------------------------------------------------------------------------------------------------
# Training
# ---------------------------------------------------------------------------------------------------------------------


def test_levels_last_as_long_as_was_said_whatever_the_data_and_the_last_one_to_the_end(config):
    assert config.sides == (4, 8, 16)
    assert config.seen == (8, 16, 16)
    grown = [config.growth(step) for step in range(1, 11)]
    assert [level for level, _ in grown] == [0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
    assert [alpha for _, alpha in grown] == [1, 1, 0.5, 1, 1, 1, 0.5, 1, 1, 1]
    assert progan.exported_moments(config) == {
        "generator_4": 2, "generator_8": 6, "generator_16": 10, "fade_8": 3, "fade_16": 7,
    }  # fmt: skip


def test_frames_are_taken_of_all_levels_and_at_the_end():
    config = progan.Config(
        name="p", images=(30_000, 50_000, 60_000, 60_000), fade=20_000, steps=16_250
    )
    at = progan.moments(config)
    assert at[-1] == config.steps
    each = np.bincount([config.growth(step).level for step in at])
    assert each.min() >= 5
    alphas = [round(alpha, 2) for level, alpha in map(config.growth, at) if level == 3]
    assert alphas == [0.25, 0.5, 0.75, 1, 1, 1]
    assert set(at) - {config.steps} <= set(progan.moments(replace(config, steps=20_000)))
    assert len(progan.moments(replace(config, fade=0))) == 20


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"images": (8, 16, 16)}, "one fewer than --widths"),
        ({"steps": 7}, "must last for 2 steps"),
        ({"fade": 17}, "and for --fade"),
        ({"devices": 2}, "one device"),
    ],
)
def test_options_that_no_run_can_have_are_refused(config, options, sentence):
    with pytest.raises(UserError, match=sentence):
        replace(config, **options).check()


def test_a_progan_trains_exports_its_levels_and_its_film_and_is_measured(config, monkeypatch):
    progan.main(replace(config, steps=20))
    folder = config.exported / "p"
    card = cards.load(folder / "card.json")
    assert card.facts_as(ProGANFacts).images == (8, 16, 56)
    levels = ["generator_4", "generator_8", "generator_16", "fade_8", "fade_16"]
    assert sorted(card.graphs) == sorted(levels)
    model = Model(card, folder)
    z = np.random.default_rng(0).standard_normal((3, 6), dtype=np.float32)
    x = {role: model(role, z=z)["x"] for role in levels[:3]}
    assert [each.shape[-1] for each in x.values()] == [4, 8, 16]
    assert all(0 <= each.min() <= each.max() <= 1 for each in x.values())
    # What fades in is a mixture of two images, at any α between the two ends.
    ends = [model("fade_16", z=z, in_alpha=np.float32(a))["x"] for a in (0, 1)]
    assert np.array_equal(ends[0][:, :, ::2, ::2].repeat(2, 2).repeat(2, 3), ends[0])
    film = model.sheet("film")
    assert film.shape[:2] == (progan.ROWS, len(card.sheets["film"].steps))
    # The frames of the first level are 4 x 4 squares, enlarged.
    assert film.shape[2:] == (16, 16, 1)
    keys = [M.SLICED_WASSERSTEIN.of(16), M.SLICED_WASSERSTEIN_REAL.of(16)]
    assert card.metrics.keys() >= {*keys}
    assert card.metrics[keys[0]].value > card.metrics[keys[1]].value > 0


def test_without_a_fade_there_is_nothing_that_fades(config):
    progan.main(replace(config, fade=0, minibatch_std=False))
    card = cards.load(config.exported / "p" / "card.json")
    assert sorted(card.graphs) == ["generator_16", "generator_4", "generator_8"]
    assert "at once" in card.title
    assert "without minibatch" in card.title


@pytest.mark.parametrize("loss", ["logistic", "wgan-gp"])
def test_a_run_killed_in_the_middle_of_a_fade_ends_as_one_that_was_not(config, monkeypatch, loss):
    config = replace(
        config, loss=loss, images=(8, 32), fade=16, steps=18, augment=0.5, save_every=5
    )
    whole, _ = progan.train(replace(config, name="whole"))

    def killed(run, **_):
        if run.step == 6:  # after the state of step 5, where α is 3/4
            raise InterruptedError

    with monkeypatch.context() as patch:
        patch.setattr(Run, "log", killed)
        with pytest.raises(InterruptedError):
            progan.train(replace(config, name="parts"))
    assert 0 < config.growth(5).alpha < 1
    parts, run = progan.train(replace(config, name="parts"))
    assert run.step == 18
    for name in progan.exported_moments(config):
        a, b = (torch.load(each.folder / f"{name}.pt") for each in (whole, parts))
        assert all(torch.equal(a[key], b[key]) for key in a)


def test_lost_snapshots_are_said_in_a_sentence(config, players):
    snapshots, _ = progan.train(config)
    (snapshots.folder / "fade_16.pt").write_bytes(b"x")
    for name in ("fade_16", "nothing"):
        with pytest.raises(UserError, match="missing or damaged"):
            snapshots.restore(name, players[0])
