"""pix2pix and CycleGAN: both scripts from folders to cards, resume, dropout as an input, the pool, the measures."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import toys
from PIL import Image

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from gen_models import cards
from gen_models.cards import Port
from gen_models.errors import UserError
from gen_models.families import CycleGANFacts, Label, Pix2PixFacts, Pix2PixRecipe
from gen_models.families import MetricId as M
from gen_models.networks import pix2pix as networks
from gen_models.networks.cyclegan import CodeTranslator, ResNet
from gen_models.networks.gan import Generator
from gen_models.runtime import Model
from training import cyclegan, cyclegan_gans, gan, pix2pix, pix2pix_paper
from training.data.common import Info, to_float, union
from training.data.decoded import remember
from training.data.pairs import Pairs, load_pairs, load_unpaired
from training.engine import metrics
from training.engine.export import Spec, export
from training.engine.measurement import Measurement
from training.engine.run import Run, RunConfig
from training.engine.translation import shown
from training.evaluation import cyclegan as cyclegan_evaluation
from training.evaluation import pix2pix as pix2pix_evaluation
from training.objectives import (
    absolute_error,
    least_squares_discriminator,
    least_squares_generator,
)
from training.tools.evaluate import put_beside


@pytest.fixture(scope="session")
def painted_folder(picture_folder, tmp_path_factory):
    """The discs of `picture_folder` in orange on blue, by the same names."""
    folder = tmp_path_factory.mktemp("painted")
    for path in picture_folder.iterdir():
        disc = np.asarray(Image.open(path))[..., None] > 0
        colours = np.where(disc, [255, 160, 40], [20, 60, 160]).astype(np.uint8)
        Image.fromarray(colours).save(folder / path.name)
    return folder


@pytest.fixture(scope="session")
def pairs_folder(picture_folder, painted_folder, tmp_path_factory):
    """The same as pairs: A the discs, B the painted ones."""
    folder = tmp_path_factory.mktemp("pairs")
    (folder / "A").symlink_to(picture_folder)
    (folder / "B").symlink_to(painted_folder)
    return folder


@pytest.fixture
def options(tmp_path):
    return {
        "size": 32, "width": 4, "batch": 4, "steps": 4, "log_every": 1, "save_every": 2,
        "accelerator": "cpu", "runs": tmp_path / "runs", "exported": tmp_path / "exported",
    }  # fmt: skip


@pytest.fixture
def of_pairs(options, pairs_folder):
    return options | {"data": f"pairs:{pairs_folder}"}


@pytest.fixture
def of_two_sets(options, picture_folder, painted_folder):
    return options | {"data": f"unpaired:{picture_folder},{painted_folder}"}


class Killed(Exception):
    pass


def killed_after(step, train, config, monkeypatch):
    """Train until `step` steps are done, and no further."""

    def log(run, **_):
        if run.step > step:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Run, "log", log)
        with pytest.raises(Killed):
            train(config)


def state(config):
    return torch.load(config.folder / "state.pt", weights_only=True)


def assert_equal(a, b):
    """Two nested states, to the last bit."""
    assert type(a) is type(b)
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b)
    elif isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a.keys() - {"seconds", "parts"}:
            assert_equal(a[key], b[key])
    elif isinstance(a, list | tuple):
        for left, right in zip(a, b, strict=True):
            assert_equal(left, right)
    else:
        assert a == b


# Both scripts, from folders to cards


def test_pix2pix_trains_on_a_folder_exports_z_and_is_measured(of_pairs, tmp_path):
    pix2pix.main(pix2pix.Config(name="p", random_hflip=True, gamma=1, r1_every=2, **of_pairs))
    card = cards.load(tmp_path / "exported" / "p" / "card.json")
    assert card.facts == Pix2PixFacts(Pix2PixRecipe.FAST, channels=("red", "green", "blue"))
    assert card.metrics.keys() == {M.L1, M.PSNR, M.SSIM, M.DIVERSITY, M.L1.of(16), M.SSIM.of(16)}
    assert card.metrics[M.DIVERSITY].value > 0
    model = Model(card, tmp_path / "exported" / "p")
    assert [port.name for port in card.graphs["generator"].inputs] == ["c", "u", "p"]
    for role in ("inputs", "targets"):
        assert model.sheet(role).shape[2:] == (32, 32, 3)

    c = model.sheet("inputs")[0, :1].transpose(0, 3, 1, 2) / np.float32(255)
    u = np.random.default_rng(0).random((2, 1, model.input("generator", "u").shape[1]), np.float32)
    one, again, other = (model("generator", c=c, u=z, p=0.5)["x"] for z in (u[0], u[0], u[1]))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert np.array_equal(*(model("generator", c=c, u=z, p=0)["x"] for z in u))


def test_the_papers_recipe_trains_on_the_same_pairs_and_is_measured_alike(of_pairs, tmp_path):
    pix2pix_paper.main(pix2pix_paper.Config(name="q", **of_pairs))
    card = cards.load(tmp_path / "exported" / "q" / "card.json")
    assert card.family == "pix2pix"
    assert card.metrics.keys() >= {M.L1, M.PSNR, M.SSIM, M.DIVERSITY}


def test_the_papers_numbers_can_be_put_beside_those_of_the_same_data_alone(of_pairs, tmp_path):
    folders = [tmp_path / "exported" / name for name in ("p", "q")]
    pix2pix.main(pix2pix.Config(name="p", **of_pairs | {"steps": 1}))
    pix2pix_paper.main(pix2pix_paper.Config(name="q", **of_pairs | {"steps": 1}))
    put_beside(*folders)
    ours, papers = (cards.load(folder / "card.json") for folder in folders)
    assert (
        ours.metrics[M.L1.of(model="q")].value
        == papers.metrics[M.L1].value
        != ours.metrics[M.L1].value
    )
    path = folders[1] / "card.json"
    path.write_text(path.read_text().replace(papers.dataset.sha256, "0" * 64))
    with pytest.raises(UserError, match="not trained on the data set of p"):
        put_beside(*folders)
    put_beside(*folders, other_data=True)
    note = cards.load(folders[0] / "card.json").metrics[M.L1.of(model="q")].note
    assert papers.dataset.title in note


def test_cyclegan_trains_on_two_folders_exports_both_ways_and_is_measured(of_two_sets, tmp_path):
    cyclegan.main(cyclegan.Config(name="c", blocks=1, random_hflip=True, **of_two_sets))
    card = cards.load(tmp_path / "exported" / "c" / "card.json")
    assert card.graphs.keys() == {"G_xy", "G_yx"}
    assert card.metrics.keys() >= {
        M.CYCLE_ERROR.of("x"),
        M.CYCLE_ERROR.of("y"),
        M.CYCLE_ERROR.of("y", 0.1),
    }
    assert not any(key.startswith(M.PAIR_ERROR) for key in card.metrics)
    model = Model(card, tmp_path / "exported" / "c")
    x = model.sheet("x")[0].transpose(0, 3, 1, 2) / np.float32(255)
    y = model("G_xy", x=x)["y"]
    assert model("G_yx", y=y)["x"].shape == x.shape
    assert 0 <= y.min() <= y.max() <= 1
    assert "without" not in card.title


def test_without_the_cycle_the_card_says_so(of_two_sets, tmp_path, monkeypatch):
    monkeypatch.setattr(cyclegan, "evaluate", lambda folder, measure: None)
    cyclegan.main(cyclegan.Config(name="c", blocks=1, cycle=0, **of_two_sets | {"steps": 1}))
    assert "without" in cards.load(tmp_path / "exported" / "c" / "card.json").title


def test_a_smooth_discriminator_and_a_noisy_way_back_train_too(of_two_sets, monkeypatch):
    weights, levels, exponential, noisy = [], [], cyclegan.exponential, cyclegan.noisy
    monkeypatch.setattr(
        cyclegan, "exponential", lambda *given: weights.append(exponential(*given)) or weights[-1]
    )
    monkeypatch.setattr(cyclegan, "noisy", lambda x, sigma: levels.append(sigma) or noisy(x, sigma))
    more = {"loss": "logistic", "gamma": 0.4, "gamma_end": 0.1, "r1_every": 2, "steps": 4}
    more |= {"noise": 0.2, "identity": 0.0}
    *_, run = cyclegan.train(cyclegan.Config(name="c", blocks=1, **of_two_sets | more))
    assert weights == pytest.approx([0.2, 0.1])  # at half of the way and at its end
    assert levels == [0.2] * 8  # both ways in each step
    assert run.step == 4


def test_noise_on_the_way_back_has_the_size_that_was_asked_for():
    x = torch.full((4, 3, 32, 32), 0.5)
    assert cyclegan.noisy(x, 0.0) is x
    torch.manual_seed(0)
    assert (cyclegan.noisy(x, 0.1) - x).std().item() == pytest.approx(0.1, rel=0.05)


def test_without_norms_what_passes_a_discriminator_keeps_its_size():
    torch.manual_seed(0)
    D = networks.PatchDiscriminator(3, 16, torch.nn.Identity)
    assert not any(isinstance(layer, torch.nn.InstanceNorm2d) for layer in D.modules())
    logits = D(torch.rand(8, 3, 64, 64))
    assert 0.2 < logits.square().mean().sqrt() < 5


@pytest.mark.parametrize(
    ("recipe", "more"),
    [(pix2pix, {}), (pix2pix, {"spread": 1.0}), (pix2pix, {"damage": 0.7}), (pix2pix_paper, {})],
)
def test_a_killed_pix2pix_ends_as_one_that_was_not(of_pairs, recipe, more, monkeypatch):
    if "damage" in more:
        monkeypatch.setattr(pix2pix, "load_pairs", lambda *_: drawn(HEAD_LABELS))
        monkeypatch.setattr("training.engine.translation.load_pairs", lambda *_: drawn(HEAD_LABELS))
        more = more | {"data": "heads-labels"}
    whole, killed = (recipe.Config(name=name, **of_pairs | more) for name in ("whole", "killed"))
    recipe.train(whole)
    killed_after(2, recipe.train, killed, monkeypatch)
    assert state(killed)["step"] == 2
    recipe.train(killed)
    assert_equal(state(whole), state(killed))


def test_a_killed_cyclegan_ends_as_one_that_was_not_pools_and_all(of_two_sets, monkeypatch):
    monkeypatch.setattr(cyclegan.Pool.__init__, "__defaults__", (6,))
    more = of_two_sets | {"steps": 6}
    whole, killed = (cyclegan.Config(name=name, blocks=1, **more) for name in ("whole", "killed"))
    cyclegan.train(whole)
    killed_after(4, cyclegan.train, killed, monkeypatch)
    assert state(killed)["pool_x"]["count"] == 6
    cyclegan.train(killed)
    assert_equal(state(whole), state(killed))


@pytest.fixture
def of_two_gans(of_two_sets, picture_folder, painted_folder):
    """Options of a CycleGAN that begins with two GANs, which are there."""
    common = {k: v for k, v in of_two_sets.items() if k != "data"} | {"steps": 2}
    for name, folder in {"gan-x": picture_folder, "gan-y": painted_folder}.items():
        gan.train(gan.Config(name=name, data=f"folder:{folder}", latent_dim=6, **common))
    return of_two_sets | {"gans": ("gan-x", "gan-y"), "warmup": 2, "loss": "logistic", "gamma": 1.0}


def test_a_cyclegan_that_begins_with_gans_exports_and_is_measured(of_two_gans, tmp_path):
    cyclegan_gans.main(cyclegan_gans.Config(name="c", **of_two_gans))
    card = cards.load(tmp_path / "exported" / "c" / "card.json")
    assert M.CYCLE_ERROR.of("x") in card.metrics
    assert "encoder before the generator of a GAN" in card.summary
    model = Model(card, tmp_path / "exported" / "c")
    x = model.sheet("x")[0].transpose(0, 3, 1, 2) / np.float32(255)
    assert model("G_xy", x=x)["y"].shape == x.shape


def test_the_game_begins_with_the_players_of_the_gans_crosswise(of_two_gans):
    config = cyclegan_gans.Config(name="c", **of_two_gans)
    X, Y = load_unpaired(config.data, "train", config.size)
    G_xy, G_yx, D_x, D_y = cyclegan_gans.build(config, X, Y)
    for name, G, D in (("gan-x", G_yx, D_x), ("gan-y", G_xy, D_y)):
        kept = torch.load(config.runs / name / "state.pt", weights_only=True)
        assert_equal(dict(D.state_dict()), dict(kept["D"]))
        mean = kept["ema"]["net.net.0.weight"]
        torch.testing.assert_close(G.generator.net[0].weight, mean, rtol=0, atol=0)
        assert all(p.requires_grad for p in G.parameters())


def test_in_the_warm_up_encoders_alone_learn(of_two_gans):
    config = cyclegan_gans.Config(name="c", **of_two_gans | {"steps": 4, "save_every": 1})
    X, Y = load_unpaired(config.data, "train", config.size)
    fresh = dict(cyclegan_gans.build(config, X, Y)[0].generator.state_dict())
    states = []

    def keep(self, samples=None, **state):
        G = state["G_xy"].module
        states.append([deepcopy(net.state_dict()) for net in (G.encoder, G.generator)])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "checkpoint", keep)
        cyclegan_gans.train(config)
    (encoder_1, generator_1), (encoder_2, generator_2), (_, generator_3), _ = states
    assert_equal(dict(generator_1), fresh)
    assert_equal(dict(generator_2), fresh)
    assert not torch.equal(encoder_1["0.weight"], encoder_2["0.weight"])
    assert not torch.equal(generator_2["net.0.weight"], generator_3["net.0.weight"])
    for statistic in ("net.2.running_mean", "net.2.num_batches_tracked"):
        assert torch.equal(generator_3[statistic], fresh[statistic])


def test_the_learning_rate_rises_after_the_warm_up_and_decays_at_the_end(of_two_gans, monkeypatch):
    rates = []

    def set_lr(optimizer, lr):
        rates.append(lr)

    monkeypatch.setattr(cyclegan_gans, "set_lr", set_lr)
    monkeypatch.setattr(cyclegan_gans, "RAMP_STEPS", 4)
    config = cyclegan_gans.Config(name="c", **of_two_gans | {"steps": 12, "lr": 1.0})
    cyclegan_gans.train(config)
    in_warmup, after = rates[:2], rates[2::2]
    assert in_warmup == [1, 1]
    decay = [1, 5 / 6, 2 / 3, 1 / 2, 1 / 3, 1 / 6, 0]
    assert after == pytest.approx([0.25, 0.5, 0.75, *decay])


def test_a_code_has_the_length_that_the_generator_is_used_to():
    torch.manual_seed(0)
    G = CodeTranslator(3, 32, 4, Generator(1, 32, 4, 6))
    x = torch.rand(5, 3, 32, 32)
    torch.testing.assert_close(G.z(x).norm(dim=1), torch.full((5,), 6**0.5))
    assert G(x).shape == (5, 1, 32, 32)


def test_a_killed_cyclegan_that_began_with_gans_ends_as_one_that_was_not(of_two_gans, monkeypatch):
    more = of_two_gans | {"steps": 6, "augment": 0.5}
    whole, killed = (cyclegan_gans.Config(name=name, **more) for name in ("whole", "killed"))
    cyclegan_gans.train(whole)
    killed_after(2, cyclegan_gans.train, killed, monkeypatch)
    cyclegan_gans.train(killed)
    assert_equal(state(whole), state(killed))


def test_mistakes_with_gans_get_a_sentence(of_two_gans, picture_folder):
    def train(**more):
        cyclegan_gans.train(cyclegan_gans.Config(name="c", **of_two_gans | more))

    with pytest.raises(UserError, match=r"nothing holds no run of training\.gan: train one first"):
        train(gans=("gan-x", "nothing"))
    same = {key: of_two_gans[key] for key in ("size", "width", "batch", "accelerator", "runs")}
    grey = gan.Config("grey", data=f"folder:{picture_folder}", channels=1, latent_dim=6, **same)
    gan.train(replace(grey, steps=1))
    with pytest.raises(UserError, match=r"no run of training\.gan for images of 3 channels"):
        train(gans=("gan-x", "grey"))
    with pytest.raises(UserError, match=r"--warmup must be less than --steps \(4\), not 4"):
        train(warmup=4)


def test_mistakes_get_a_sentence(of_pairs, of_two_sets):
    with pytest.raises(UserError, match="cannot be halved"):
        pix2pix.train(pix2pix.Config(name="p", **of_pairs | {"size": 44}))
    with pytest.raises(UserError, match="--damage is for --data heads-labels"):
        pix2pix.train(pix2pix.Config(name="p", damage=0.5, **of_pairs))
    with pytest.raises(UserError, match=r"--spread must be at most 1, not 1\.5"):
        pix2pix.train(pix2pix.Config(name="p", spread=1.5, **of_pairs))
    with pytest.raises(UserError, match="32, 64, 128 or 256"):
        pix2pix_paper.train(pix2pix_paper.Config(name="p", **of_pairs | {"size": 48}))
    with pytest.raises(UserError, match="not 36"):
        cyclegan.train(cyclegan.Config(name="c", **of_two_sets | {"size": 36}))
    with pytest.raises(UserError, match=r"at most --gamma \(0\.1\), not 0\.2"):
        cyclegan.train(cyclegan.Config(name="c", gamma=0.1, gamma_end=0.2, **of_two_sets))
    with pytest.raises(UserError, match="one device"):
        cyclegan.train(cyclegan.Config(name="c", devices=2, **of_two_sets))


def test_a_model_is_not_measured_on_other_pairs_than_its_own(of_pairs, tmp_path):
    pix2pix.main(pix2pix.Config(name="p", **of_pairs | {"steps": 1}))
    path = tmp_path / "exported" / "p" / "card.json"
    digest = cards.load(path).dataset.sha256
    path.write_text(path.read_text().replace(digest, "0" * 64))
    remember("0" * 64, of_pairs["data"])
    with pytest.raises(UserError, match="is not the data set"):
        pix2pix.evaluate(path.parent, pix2pix_evaluation.measure)


# Label maps


def drawn(labels=(), channels=3):
    n, k = 20, len(labels) or 256
    rng = torch.Generator().manual_seed(0)
    c = torch.randint(0, k, (n, 1 if labels else channels, 32, 32), generator=rng).to(torch.uint8)
    x = torch.randint(0, 256, (n, 3, 32, 32), generator=rng).to(torch.uint8)
    return Pairs(c, x, Info("made", "Made", "", "", "0" * 64), labels, ("label",), size=32)


LABELS = (
    Label("sky", (10, 200, 250)),
    Label("sea", (0, 0, 90)),
    Label("sand", (250, 240, 0)),
)
HEAD_LABELS = tuple(Label(str(i), (i, i, i)) for i in range(11))


def test_with_a_spread_two_draws_answer_each_input_and_one_is_judged(of_pairs, monkeypatch):
    seen, judged = [], []
    monkeypatch.setattr(
        pix2pix, "crps", lambda x, a, b, s: seen.append((a, b, s)) or (x - a).abs().mean((1, 2, 3))
    )
    loss = pix2pix.logistic_generator
    monkeypatch.setattr(
        pix2pix, "logistic_generator", lambda fake: judged.append(len(fake)) or loss(fake)
    )
    for spread in (0.0, 0.5):
        pix2pix.train(pix2pix.Config(name=f"p{spread}", spread=spread, **of_pairs | {"steps": 1}))
    ((first, second, spread),) = seen
    assert spread == 0.5
    assert first.shape == second.shape == (4, 3, 32, 32)
    assert not torch.equal(first, second)
    assert judged[0] == judged[1]


def test_a_damaged_input_keeps_its_image(of_pairs, monkeypatch):
    data, seen, given = drawn(HEAD_LABELS), [], []
    monkeypatch.setattr(pix2pix, "load_pairs", lambda *_: data)
    monkeypatch.setattr("training.engine.translation.load_pairs", lambda *_: data)
    error = pix2pix.absolute_error
    monkeypatch.setattr(
        pix2pix, "absolute_error", lambda x, x_hat: given.append(x) or error(x, x_hat)
    )
    damaged = pix2pix.damaged
    monkeypatch.setattr(
        pix2pix, "damaged", lambda c, share: seen.append((share, c)) or damaged(c, share)
    )
    more = of_pairs | {"data": "heads-labels", "steps": 2}
    pix2pix.train(pix2pix.Config(name="d", damage=0.5, **more))
    assert [share for share, _ in seen[:2]] == [0.5, 0.5]
    assert len(seen) == 2 + 3  # and where BatchNorm's statistics are taken anew, 20 pairs by 8
    for (_, c), x in zip(seen, given, strict=False):
        whole = torch.nn.functional.one_hot(data.c[:, 0].long(), 11).movedim(-1, 1)
        at = (whole[None] == c[:, None]).flatten(2).all(2).nonzero()[:, 1]
        assert torch.equal(x, to_float(data.x[at]))


def test_labels_enter_one_hot_and_stand_in_the_card_with_their_colours(
    options, tmp_path, monkeypatch
):
    data = drawn(LABELS)
    for module in (pix2pix, pix2pix_evaluation, pix2pix_paper):
        monkeypatch.setattr(module, "load_pairs", lambda *_: data)
    monkeypatch.setattr("training.engine.translation.load_pairs", lambda *_: data)
    pix2pix.main(pix2pix.Config(name="l", data="made", **options | {"steps": 1}))
    card = cards.load(tmp_path / "exported" / "l" / "card.json")
    assert card.facts_as(Pix2PixFacts).labels == LABELS
    assert card.facts_as(Pix2PixFacts).channels == ()
    assert card.graphs["generator"].inputs[0].shape == ("batch", 3, 32, 32)
    model = Model(card, tmp_path / "exported" / "l")
    colours = {tuple(colour) for colour in model.sheet("inputs").reshape(-1, 3).tolist()}
    assert colours == {label.colour for label in LABELS}


def test_inputs_of_one_and_two_channels_are_shown_as_grey_and_as_red_and_green():
    c = np.random.default_rng(0).random((2, 2, 4, 4), dtype=np.float32)
    grey, two = (shown(drawn(channels=k), c[:, :k]) for k in (1, 2))
    assert np.array_equal(grey, c[:, :1].repeat(3, 1))
    assert np.array_equal(two[:, :2], c)
    assert not two[:, 2].any()


# Networks


def test_dropout_drops_where_the_noise_is_below_p_and_makes_up_for_it():
    h = torch.tensor([[1.0, 2.0, 3.0, 4.0]])
    u = torch.tensor([[0.1, 0.5, 0.49, 0.9]])
    assert networks.dropout(h, u, torch.tensor(0.5)).tolist() == [[0, 4, 0, 8]]
    assert torch.equal(networks.dropout(h, u, torch.tensor(0.0)), h)


@pytest.mark.parametrize("kind", [networks.UNet, networks.PaperUNet])
def test_the_noise_is_as_much_as_the_generator_says_and_every_part_of_it_counts(kind):
    torch.manual_seed(0)
    G = kind(2, 3, 32, 4).eval().double()  # what one number changes untrained is very little
    c, p = torch.rand(1, 2, 32, 32, dtype=torch.double), torch.tensor(0.5, dtype=torch.double)
    u = torch.ones(1, G.noise, dtype=torch.double)
    with torch.no_grad():
        whole = G(c, u, p)
        assert whole.shape == (1, 3, 32, 32)
        for part in torch.arange(G.noise).tensor_split(7):
            less = u.index_fill(1, part, 0.0)
            assert not torch.equal(G(c, less, p), whole)


def test_the_papers_generator_has_54_million_numbers_and_three_levels_of_dropout():
    with torch.device("meta"):
        G = networks.PaperUNet(3, 3, 256, 64)
    assert sum(p.numel() for p in G.parameters()) == pytest.approx(54.4e6, rel=0.002)
    assert G.dropped == [(512, 2, 2), (512, 4, 4), (512, 8, 8)]


def test_a_patch_is_70_pixels_wide_and_each_is_a_sample():
    D = networks.PatchDiscriminator(3, 4, norm=torch.nn.Identity)
    x = torch.rand(2, 3, 256, 256, requires_grad=True)
    logits = D(x)
    assert logits.shape == (2 * 30 * 30, 1)
    logits[15 * 30 + 15].sum().backward()
    seen = x.grad[0].abs().sum(0).nonzero()
    assert (seen.max(0).values - seen.min(0).values + 1).tolist() == [70, 70]
    assert not x.grad[1].any()


def test_a_translation_by_cyclegan_does_not_depend_on_its_batch():
    torch.manual_seed(0)
    G = ResNet(3, 1, 4, 1, 3)
    x = torch.rand(3, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(G(x)[1:2], G(x[1:2]), atol=1e-6, rtol=1e-5)
        assert G(x).shape == (3, 1, 32, 32)


# Objectives, the pool, measures


def test_losses_of_translation_by_hand():
    x, y = torch.tensor([[[0.0, 1.0]]]), torch.tensor([[[0.5, 0.0]]])
    assert absolute_error(x, y).tolist() == [0.75]
    real, fake = torch.tensor([[1.0], [3.0]]), torch.tensor([[0.0], [2.0]])
    assert least_squares_discriminator(real, fake).tolist() == [0, 8]
    assert least_squares_generator(fake).tolist() == [1, 1]


def test_a_pool_gives_back_what_it_gets_until_it_is_full():
    pool = cyclegan.Pool(torch.Size([1, 1, 1]), capacity=3)
    first = torch.arange(3.0).view(3, 1, 1, 1).requires_grad_()
    shown_first = pool.exchange(first)
    assert torch.equal(shown_first, first)
    assert not shown_first.requires_grad
    assert int(pool.count) == 3
    assert pool.kept.flatten().tolist() == [0, 1, 2]


def test_a_full_pool_shows_new_pictures_half_of_the_time_and_loses_none():
    torch.manual_seed(0)
    pool = cyclegan.Pool(torch.Size([1, 1, 1]), capacity=5)
    pool.exchange(torch.arange(5.0).view(5, 1, 1, 1))
    new = torch.arange(5.0, 405.0).view(-1, 1, 1, 1)
    out = pool.exchange(new)
    assert (out == new).float().mean().item() == pytest.approx(0.5, abs=0.08)
    both = torch.cat([out.flatten(), pool.kept.flatten()])
    assert sorted(both.tolist()) == list(range(405))


def test_psnr_and_ssim_of_cases_solved_by_hand():
    rng = np.random.default_rng(0)
    x = rng.random((2, 3, 16, 16), dtype=np.float32) * np.float32(0.5)
    assert metrics.psnr(x, x + np.float32(0.1)) == pytest.approx([20, 20], rel=1e-4)
    assert metrics.ssim(x, x) == pytest.approx([1, 1])
    a, b = (np.full((1, 1, 16, 16), v, np.float32) for v in (0.4, 0.6))
    assert metrics.ssim(a, b) == pytest.approx([(2 * 0.24 + 1e-4) / (0.16 + 0.36 + 1e-4)], rel=1e-5)
    assert (metrics.ssim(x, 1 - x) < 0).all()


def test_noise_on_a_translation_is_of_its_strength_and_0_changes_nothing():
    x = np.full((4, 3, 32, 32), 0.5, np.float32)
    assert np.array_equal(cyclegan_evaluation.with_noise(x, 0), x)
    assert cyclegan_evaluation.with_noise(x, 0.05).std() == pytest.approx(0.05, rel=0.05)
    assert cyclegan_evaluation.with_noise(x, 5).max() == 1


def constant_model(folder, name, nets, family, facts, recipe):
    """A model of networks that nobody trained."""
    side = ("batch", 3, 32, 32)
    export(
        name=name, root=folder, family=family, title="", lecture="", summary="", limitations="", module="",
        config=RunConfig(name), facts=facts, runs=[],
        data=cards.Dataset("", "", "", "", "0" * 64, recipe=recipe),
        graphs={
            role: Spec(net, tuple(Port(p, side, range=(0, 1)) for p in inputs), {output: (0, 1)})
            for role, (net, inputs, output) in nets.items()
        },
    )  # fmt: skip
    return Model(cards.load(folder / name / "card.json"), folder / name)


class Darker(torch.nn.Module):
    def forward(self, x):
        return 0.5 * x


def test_an_error_against_true_pairs_stands_beside_doing_nothing(tmp_path):
    graphs = {"G_xy": (Darker(), ("x",), "y"), "G_yx": (Darker(), ("y",), "x")}
    model = constant_model(tmp_path, "c", graphs, "cyclegan", CycleGANFacts(10, 0.5), "earth")
    x = np.full((2, 3, 32, 32), 0.8, np.float32)
    m = Measurement(model, "")
    got = cyclegan_evaluation.against_truth(m, "y", x, model("G_xy", x=x)["y"], 0.25 * x)
    key = M.PAIR_ERROR.of("y")
    assert {k: metric.value for k, metric in got.items()} == pytest.approx(
        {key: 0.2, f"{key}/identity": 0.6}, rel=1e-5
    )


def test_over_z_the_mean_is_measured_and_the_differences(tmp_path):
    """x̂ = (1 − p u₁) shown(c): the mean over z has the mean of u₁."""
    model = toys.pix2pix(tmp_path, kind="colours")
    data = drawn()
    m, at = Measurement(model, ""), [0, 7]
    got = pix2pix_evaluation.over_z(m, data, at, np.random.default_rng(5))
    rng, wanted = np.random.default_rng(5), []
    for i in at:
        c, x = (to_float(each[i]).numpy() for each in (data.c, data.x))
        u = rng.random((16, 5), dtype=np.float32)[:, 0]
        between = np.abs(u[:, None] - u).sum() / (16 * 15)
        mean = (1 - 0.5 * u.mean()) * c
        alike = metrics.ssim(x[None], mean[None])[0]
        wanted.append((np.abs(x - mean).mean(), 0.5 * between * c.mean(), alike))
    l1, diversity, ssim = np.mean(wanted, 0)
    assert {key: metric.value for key, metric in got.items()} == pytest.approx(
        {M.L1.of(16): l1, M.DIVERSITY: diversity, M.SSIM.of(16): ssim}, rel=1e-4
    )


def test_how_far_drawings_are_from_heads_by_hand():
    fake, real = np.array([[0.0], [3.5]]), np.array([[1.0], [3.0], [4.0], [8.0]])
    far, near = pix2pix_evaluation.drawing_distance(fake, real)
    assert far == pytest.approx((1 + 0.5) / 2)
    assert near == pytest.approx((2 + 1 + 1 + 4) / 4)


def test_a_blank_image_has_the_mean_colour_of_all_images():
    one, two = np.zeros((1, 3, 4, 4), np.float32), np.zeros((3, 3, 4, 4), np.float32)
    one[:, 0], two[:, 1], two[:, 2, :2] = 1, 0.5, 0.4
    got = pix2pix_evaluation.blank([one, two])
    assert got.shape == (1, 3, 4, 4)
    assert np.allclose(got, np.array([0.25, 0.375, 0.15])[:, None, None])


def test_drawings_are_translated_by_several_z_each(tmp_path, monkeypatch):
    pytest.importorskip("numba")
    seen = []
    monkeypatch.setattr(
        pix2pix_evaluation, "translate", lambda _, c, rng: seen.append(c) or c[:, :3]
    )
    data = drawn(HEAD_LABELS)
    c, x_hat = pix2pix_evaluation.of_drawings(None, data, np.random.default_rng(0))
    assert c.shape == (24, 11, 32, 32)
    assert (c.sum(1) == 1).all()
    assert np.array_equal(x_hat, c[:, :3].repeat(4, 0))
    assert [each.shape[0] for each in seen] == [4] * 24


def test_the_facts_of_two_sets_are_told_once_each():
    a = Info("a", "Apples", "free", "garden", "1" * 64)
    b = replace(a, name="b", title="Pears", sha256="2" * 64)
    both = union(a, b)
    assert (both.name, both.title, both.licence) == ("a-b", "Apples and Pears", "free")
    assert both.sha256 not in (a.sha256, b.sha256)
    assert union(b, a).sha256 != both.sha256


def test_pairs_of_the_tests_are_pairs(pairs_folder):
    c, x = load_pairs(f"pairs:{pairs_folder}", "train", 32)[[0, 1]]
    assert torch.equal(c[:, 0] > 127, x[:, 0] > 137)
