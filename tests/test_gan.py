"""GANs and what belongs to them: every script to a card in a few steps, resume, films, augmentation, codes."""

import io
import math
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from gen_models import cards
from gen_models.errors import UserError
from gen_models.families import MetricId as M
from gen_models.networks import gan as networks
from gen_models.runtime import Model
from training import dcgan, features, gan, infogan, vae
from training.augment import diff_augment, random_hflip
from training.data import Images, Info, load, to_float
from training.data.targets import Targets
from training.engine import attributes, film
from training.engine.export import webp
from training.engine.gan_runs import load_gan
from training.engine.run import Run
from training.evaluation import gan as gan_evaluation
from training.tools.evaluate import evaluate_model


def options_in(folder, pictures):
    return {
        "data": f"folder:{pictures}", "size": 32, "channels": 1, "width": 4, "batch": 4, "steps": 4,
        "log_every": 1, "save_every": 2, "accelerator": "cpu", "runs": folder / "runs", "exported": folder,
    }  # fmt: skip


@pytest.fixture
def options(tmp_path, picture_folder):
    return options_in(tmp_path, picture_folder)


@pytest.fixture(scope="module")
def trained_features(tmp_path_factory, picture_folder):
    folder = tmp_path_factory.mktemp("features")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "COLUMNS", 8)
        features.main(features.Config(name="f", **options_in(folder, picture_folder)))
    return folder / "f"


@pytest.fixture
def feature_network(trained_features, tmp_path):
    """A copy of the exported features beside the other models, for a test to damage."""
    return shutil.copytree(trained_features, tmp_path / "f")


@pytest.fixture
def few_samples(monkeypatch):
    monkeypatch.setattr("training.evaluation.gan.SAMPLES", 80)
    monkeypatch.setattr("training.evaluation.gan.MAX_COMPARED", 10)


def test_a_gan_trains_exports_its_film_and_is_measured(
    options, tmp_path, few_samples, feature_network
):
    gan.main(gan.Config(name="g", r1_every=2, augment=0.5, random_hflip=True, **options))
    card = cards.load(tmp_path / "g" / "card.json")
    assert card.metrics.keys() >= {M.FRECHET_DISTANCE, M.PRECISION, M.RECALL}
    sheet = card.sheets["film"]
    assert sheet.steps == (1, 2, 3, 4)
    assert sheet.losses.keys() == {"loss_D", "loss_G"}
    assert all(0 < loss < 5 for losses in sheet.losses.values() for loss in losses)
    model = Model(card, tmp_path / "g")
    assert model.sheet("film").shape == (film.ROWS, 4, 32, 32, 1)
    x = model("generator", z=np.zeros((2, 64)))["x"]
    assert x.shape == (2, 1, 32, 32)
    assert 0 <= x.min() <= x.max() <= 1


def test_the_features_of_another_data_set_are_not_used(
    options, tmp_path, few_samples, feature_network
):
    path = feature_network / "card.json"
    digest = cards.load(path).dataset.sha256
    path.write_text(path.read_text().replace(digest, "0" * 64))
    gan.main(gan.Config(name="g", **options))
    assert cards.load(tmp_path / "g" / "card.json").metrics == {}


def test_without_features_only_the_samples_that_are_shown_are_made(monkeypatch):
    made = []

    class Generator:
        card = SimpleNamespace(name="g", dataset=SimpleNamespace(sha256=""), classes=())
        input = output = lambda *_: np.zeros((1, 4))

        def __call__(self, role, z):
            made.append(len(z))
            return {"x": np.zeros((len(z), 1, 8, 8), np.float32)}

    splits = []
    m = SimpleNamespace(
        model=Generator(),
        pixels=lambda split="test": splits.append(split) or np.zeros((30, 1, 8, 8), np.float32),
    )
    monkeypatch.setattr(gan_evaluation, "features_for", lambda *_: None)
    monkeypatch.setattr(gan_evaluation, "how_to_make_features", lambda *_: "")
    metrics, _ = gan_evaluation.measure(m)
    assert (metrics, sum(made), splits) == ({}, 72, ["test"])


def test_the_lectures_recipe_trains_and_exports(options, tmp_path, few_samples):
    dcgan.main(dcgan.Config(name="d", **options))
    card = cards.load(tmp_path / "d" / "card.json")
    assert card.family == "gan"
    assert card.sheets["film"].losses.keys() == {"loss_D", "loss_G"}
    assert card.training.command.startswith("python -m")


def test_a_killed_gan_with_packs_and_a_decay_ends_as_one_that_was_not(options, monkeypatch):
    options |= {"pack": 2, "decay": 0.75, "r1_every": 2, "augment": 0.5}
    whole, _ = gan.train(gan.Config(name="whole", **options))

    def killed(run, **_):
        if run.step == 3:
            raise InterruptedError

    with monkeypatch.context() as patch:
        patch.setattr(Run, "log", killed)
        with pytest.raises(InterruptedError):
            gan.train(gan.Config(name="parts", **options))
    parts, run = gan.train(gan.Config(name="parts", **options))
    assert run.step == 4
    for a, b in zip(whole.state_dict().values(), parts.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_the_learning_rate_of_both_players_falls_over_the_last_steps(options, monkeypatch):
    rates = []
    monkeypatch.setattr(gan, "set_lr", lambda _, lr: rates.append(lr))
    gan.train(gan.Config(name="g", lr=1e-3, decay=0.5, **options))
    assert rates[::2] == rates[1::2] == pytest.approx([1e-3, 1e-3, 5e-4, 0])
    rates.clear()
    gan.train(gan.Config(name="h", lr=1e-3, **options))
    assert set(rates) == {1e-3}


def test_packs_hold_successive_images_channel_after_channel():
    x = torch.arange(4.0).view(4, 1, 1, 1) * 10 + torch.arange(3.0).view(1, 3, 1, 1)
    two = gan.packed(x.expand(4, 3, 2, 2), 2)
    assert two.shape == (2, 6, 2, 2)
    assert two[..., 0, 0].tolist() == [[0, 1, 2, 10, 11, 12], [20, 21, 22, 30, 31, 32]]
    assert (two == two[..., :1, :1]).all()
    assert torch.equal(gan.packed(x, 1), x)
    assert gan.packed(x, 4).flatten().tolist() == x.flatten().tolist()


@pytest.mark.parametrize("pack", [0, 3])
def test_a_batch_that_is_no_whole_number_of_packs_is_refused_with_a_sentence(options, pack):
    with pytest.raises(UserError, match=rf"--pack must be .* --batch \(4\), not {pack}"):
        gan.train(gan.Config(name="g", pack=pack, **options))


def test_another_game_begins_with_no_d_that_judges_packs(options, tmp_path):
    gan.train(gan.Config(name="one", **options))
    gan.train(gan.Config(name="two", pack=2, **options))
    _, D = load_gan(tmp_path / "runs" / "one", torch.Size([1, 32, 32]))
    assert D(torch.zeros(1, 1, 32, 32)).shape == (1, 1)
    with pytest.raises(UserError, match="2 images together"):
        load_gan(tmp_path / "runs" / "two", torch.Size([1, 32, 32]))


def test_infogan_trains_every_seed_exports_and_is_measured(options, tmp_path):
    infogan.main(infogan.Config(name="i", seeds=(0, 7), categories=3, warmup=2, **options))
    card = cards.load(tmp_path / "i" / "card.json")
    assert card.graphs.keys() == {"generator", "recogniser"}
    assert card.training.seed == card.config["seed"] == 0
    assert card.training.images == 2 * 4 * 4
    assert {path.name for path in (tmp_path / "runs" / "i").iterdir()} == {"seed-0", "seed-7"}
    q = Model(card, tmp_path / "i")("recogniser", x=np.zeros((2, 1, 32, 32)))
    np.testing.assert_allclose(q["category"].sum(1), 1, rtol=1e-5)
    of_category, of_continuous, whole = (
        card.metrics[M.INFORMATION_BOUND.of(*part)].value
        for part in (("category",), ("continuous",), ())
    )
    assert whole == pytest.approx(of_category + of_continuous)
    assert of_category <= math.log(3)


@pytest.mark.parametrize("algorithm", [gan, dcgan])
def test_a_run_that_was_stopped_ends_as_one_that_was_not(options, algorithm):
    whole, _ = algorithm.train(algorithm.Config(name="whole", **options))
    algorithm.train(algorithm.Config(name="parts", **options | {"steps": 2}))
    parts, run = algorithm.train(algorithm.Config(name="parts", **options))
    assert run.step == 4
    for a, b in zip(whole.state_dict().values(), parts.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_a_size_that_no_gan_is_for_is_refused_with_a_sentence(options):
    with pytest.raises(UserError, match="cannot be halved"):
        gan.train(gan.Config(name="g", **options | {"size": 22}))
    with pytest.raises(UserError, match="32 or 64"):
        dcgan.train(dcgan.Config(name="d", **options | {"size": 16}))


@pytest.mark.parametrize(("size", "sides"), [(28, [14, 7]), (32, [16, 8, 4]), (64, [32, 16, 8, 4])])
def test_pictures_are_halved_down_to_4_or_7(size, sides):
    assert networks.downsampled_sides(size) == sides
    x = networks.Generator(3, size, 4, 5)(torch.randn(2, 5))
    assert x.shape == (2, 3, size, size)
    assert networks.Discriminator(3, size, 4)(x).shape == (2, 1)


def test_the_lectures_generator_has_five_transposed_convolutions():
    for size in (32, 64):
        G = networks.DCGANGenerator(1, size, 4, 10)
        layers = [m for m in G.modules() if isinstance(m, torch.nn.ConvTranspose2d)]
        assert len(layers) == 5
        assert G(torch.randn(2, 10)).shape == (2, 1, size, size)


def test_the_spread_of_a_collapsed_batch_is_nearly_zero():
    one = torch.rand(1, 3, 4, 4)
    assert networks.minibatch_std(one.expand(5, -1, -1, -1)).max() <= 1.1e-3
    two = torch.cat([torch.zeros(1, 3, 4, 4), 2 * torch.ones(1, 3, 4, 4)])
    torch.testing.assert_close(networks.minibatch_std(two), torch.ones(2, 1, 4, 4))


# Augmentation


def test_every_change_of_the_discriminators_pictures_lets_gradients_through():
    torch.manual_seed(0)
    x = torch.rand(8, 3, 16, 16, requires_grad=True)
    assert diff_augment(x, 0) is x
    y = diff_augment(x, 1)
    assert y.shape == x.shape
    y.sum().backward()
    assert x.grad is not None
    assert (x.grad.flatten(1).abs().sum(1) > 0).all()


def test_at_half_probability_some_pictures_stay_as_they_are():
    torch.manual_seed(0)
    x = torch.rand(200, 1, 16, 16)
    same = (diff_augment(x, 0.5) == x).flatten(1).all(1).float().mean()
    assert same.item() == pytest.approx(0.5**3, abs=0.08)


def test_about_half_of_the_pictures_are_mirrored():
    torch.manual_seed(0)
    x = torch.rand(400, 1, 4, 4)
    y = random_hflip(x)
    flipped = (y == x.flip(3)).flatten(1).all(1)
    assert ((y == x).flatten(1).all(1) | flipped).all()
    assert flipped.float().mean().item() == pytest.approx(0.5, abs=0.08)


# Films


def test_a_film_of_large_images_is_as_large_as_a_webp_may_be(tmp_path):
    (tmp_path / "film").mkdir()
    column = np.repeat(np.linspace(0, 255, film.ROWS).round().astype(np.uint8), 512)
    for step in range(1, film.FRAMES + 1):
        frame = Image.fromarray(np.broadcast_to(column[:, None], (len(column), 512)))
        frame.save(tmp_path / "film" / f"{step:07d}.png")
    sheet, content = film.assemble(tmp_path, film.FRAMES)
    with Image.open(io.BytesIO(content)) as whole:
        side = whole.width // sheet.columns
        assert 470 < side < 512
        assert whole.size == (sheet.columns * side, sheet.rows * side)
        pixels = np.asarray(whole.convert("L"))
    tiles = pixels.reshape(film.ROWS, side, film.FRAMES, side)
    assert np.abs(tiles - column[::512, None, None, None].astype(int)).max() <= 3


def test_a_film_without_the_losses_of_a_frame_has_none(tmp_path):
    (tmp_path / "film").mkdir()
    for step in (1, 2):
        Image.new("L", (8, 8 * film.ROWS)).save(tmp_path / "film" / f"{step:07d}.png")
    (tmp_path / "film" / "0000001.json").write_text('{"loss_G": 0.5}')
    assert film.assemble(tmp_path, 2)[0].losses == {}
    (tmp_path / "film" / "0000002.json").write_text('{"loss_G": 0.25}')
    assert film.assemble(tmp_path, 2)[0].losses == {"loss_G": (0.5, 0.25)}
    (tmp_path / "film" / "0000002.json").write_text('{"loss_G": NaN}')
    assert film.assemble(tmp_path, 2)[0].losses == {}


def test_a_sheet_of_large_images_is_as_large_as_a_webp_may_be():
    rows, content = webp(torch.rand(64, 1, 256, 256), 64)
    with Image.open(io.BytesIO(content)) as whole:
        assert (rows, whole.size) == (1, (64 * 255, 255))


def test_moments_begin_at_the_first_step_end_at_the_last_and_grow():
    moments = film.moments(10_000)
    assert (moments[0], moments[-1]) == (1, 10_000)
    assert moments == sorted(set(moments))
    assert max(np.diff(moments[:5])) < min(np.diff(moments[-5:]))
    assert film.moments(3) == [1, 2, 3]


# Codes of InfoGAN


def test_a_perfect_reading_of_the_category_is_worth_its_entropy():
    config = infogan.Config(name="x")
    category = torch.tensor([3, 0])
    logits = 100 * torch.nn.functional.one_hot(category, config.categories).float()
    bound, _ = infogan.information(category, torch.zeros(2, 1), logits, *torch.zeros(2, 2, 1))
    assert bound.tolist() == pytest.approx([math.log(10)] * 2)


def test_a_reading_that_knows_nothing_is_worth_nothing():
    category = torch.tensor([1, 2])
    bound, _ = infogan.information(
        category, torch.zeros(2, 1), torch.zeros(2, 10), *torch.zeros(2, 2, 1)
    )
    assert bound.tolist() == pytest.approx([0, 0], abs=1e-6)


def test_a_continuous_code_read_with_an_error_of_sigma_is_worth_what_the_formula_says():
    c, mean = torch.tensor([[0.5]]), torch.tensor([[0.4]])
    logvar = torch.tensor([[2 * math.log(0.1)]])
    _, bound = infogan.information(torch.tensor([0]), c, torch.zeros(1, 2), mean, logvar)
    wanted = math.log(2) - 0.5 - math.log(0.1) - 0.5 * math.log(2 * math.pi)
    assert bound.item() == pytest.approx(wanted, rel=1e-5)


def test_the_accuracy_of_all_seeds_comes_together(options, tmp_path, monkeypatch):
    one = load(options["data"], "train", size=32, channels=1)
    labelled = Images(one.x, torch.arange(len(one)) % 3, replace(one.info, classes=("a", "b", "c")))
    for module in ("training.infogan", "training.engine.measurement"):
        monkeypatch.setattr(f"{module}.load", lambda *_, **__: labelled)
    infogan.main(infogan.Config(name="i", seeds=(3, 5), categories=3, warmup=2, **options))
    metrics = cards.load(tmp_path / "i" / "card.json").metrics
    each = [metrics[M.CODE_ACCURACY.of(seed)] for seed in (3, 5)]
    assert [metric.seeds for metric in each] == [(3,), (5,)]
    mean = metrics[M.CODE_ACCURACY]
    assert mean.value == pytest.approx(np.mean([metric.value for metric in each]))
    assert mean.seeds == (3, 5)


def test_readings_that_agree_share_their_entropy_and_independent_ones_nothing():
    alike = 100 * torch.eye(5).repeat(20, 1)
    assert infogan.shared_information(alike, alike).item() == pytest.approx(math.log(5), rel=1e-4)
    every_pair = alike.repeat_interleave(5, 0), alike[:5].repeat(100, 1)
    assert infogan.shared_information(*every_pair).item() == pytest.approx(0, abs=1e-4)
    one_group = 100 * torch.eye(5)[:1].repeat(20, 1)
    assert infogan.shared_information(one_group, one_group).item() == pytest.approx(0, abs=1e-4)


def test_categories_begin_as_the_clusters_of_what_q_sees():
    """Pictures of three kinds, with some noise: an untrained Q sees three clusters."""
    rng = torch.Generator().manual_seed(0)
    kinds = torch.randint(0, 255, (3, 1, 16, 16), generator=rng)
    x = kinds.repeat(20, 1, 1, 1) + torch.randint(-5, 6, (60, 1, 16, 16), generator=rng)
    data = Images(x.clamp(0, 255).byte(), None, Info("kinds", "", "", "", ""))
    torch.manual_seed(0)
    Q = infogan.Recogniser(1, 16, 8, 3, 2, 5)
    infogan.begin_categories(Q, data, 0)
    category = Q.eval()(to_float(data.x))[0].argmax(1).reshape(20, 3)
    assert (category == category[0]).all()
    assert len(set(category[0].tolist())) == 3


def test_an_infogan_that_was_stopped_ends_as_one_that_was_not(options):
    data = load(options["data"], "train", size=32, channels=1)
    more = options | {"categories": 3, "warmup": 3}
    _, whole, _ = infogan.train(infogan.Config(name="whole", **more), data, 0)
    infogan.train(infogan.Config(name="parts", **more | {"steps": 2}), data, 0)
    _, parts, _ = infogan.train(infogan.Config(name="parts", **more), data, 0)
    for a, b in zip(whole.state_dict().values(), parts.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_codes_come_from_their_distributions():
    config = infogan.Config(name="x", continuous=3)
    torch.manual_seed(0)
    z, category, continuous = infogan.draw_codes(config, 5000, torch.device("cpu"))
    assert z.shape == (5000, 62)
    assert torch.bincount(category, minlength=10).min() > 400
    assert continuous.abs().max() <= 1
    assert continuous.std().item() == pytest.approx(1 / math.sqrt(3), abs=0.02)


# Factors and attributes


def made(factors, names):
    x = torch.zeros(len(factors), 3, 8, 8, dtype=torch.uint8)
    info = replace(Info("made", "", "", "", "0" * 64), factors=names)
    return Images(x, None, info, factors)


def test_kinds_become_indicators_and_amounts_stay_with_mean_0_and_variance_1():
    rng = torch.Generator().manual_seed(0)
    amount, kind = torch.randn(300, 1, generator=rng), torch.randint(0, 3, (300, 1), generator=rng)
    targets = Targets(made(torch.cat([amount, kind], dim=1), ("amount", "kind")))
    assert targets.columns == {"amount": slice(0, 1), "kind": slice(1, 4)}
    table = targets.table(torch.cat([amount, kind], dim=1))
    torch.testing.assert_close(table.mean(0), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(table.std(0), torch.ones(4))
    assert (table[:, 1:].argmax(1) == kind[:, 0]).all()


def test_directions_and_readings_of_a_linear_world_are_exact():
    rng = torch.Generator().manual_seed(0)
    known = torch.randn(400, 2, generator=rng) * torch.tensor([2.0, 5.0]) + 1
    standard = (known - known.mean(0)) / known.std(0)
    d = torch.tensor([[1.0, 0, 2], [0, 3, 0]])
    directions, readers = attributes.fit(standard @ d + 4, known)
    with torch.no_grad():
        step = directions(torch.ones(1, 1), torch.zeros(1, 1))
        torch.testing.assert_close(step, d[:1], atol=1e-4, rtol=1e-4)
        read = torch.cat(readers(standard @ d + 4), dim=1)
    torch.testing.assert_close(read, standard, atol=1e-3, rtol=1e-3)


def test_a_factor_that_the_data_do_not_have_is_named():
    data = made(torch.zeros(4, 1), ("smile",))
    with pytest.raises(UserError, match="no factor wings; it has: smile"):
        attributes.amounts(data, ("wings",))


def test_a_vae_with_a_fixed_sigma_and_attributes_exports_and_is_measured(
    options, tmp_path, monkeypatch
):
    rng = torch.Generator().manual_seed(0)

    def heads(spec, split, **_):
        one = load(options["data"], "train", size=32, channels=3)
        factors = torch.rand(len(one), 2, generator=rng)
        return Images(one.x, None, replace(one.info, factors=("smile", "age")), factors)

    monkeypatch.setattr(vae, "load", heads)
    monkeypatch.setattr("training.engine.measurement.load", heads)
    more = {"likelihood": "normal", "sigma": 0.1, "augment": 0, "random_hflip": True}
    more |= {"attributes": ("age", "smile")}
    vae.main(vae.Config(name="v", latent_dim=3, **options | more))
    card = cards.load(tmp_path / "v" / "card.json")
    model = Model(card, tmp_path / "v")
    assert np.allclose(model("decoder", z=np.zeros((1, 3)))["logvar"], 2 * math.log(0.1))
    assert model("directions", age=np.ones((1, 1)), smile=np.zeros((1, 1)))["dz"].shape == (1, 3)
    assert model("attributes", z=np.zeros((2, 3)))["smile"].shape == (2, 1)
    assert card.metrics.keys() >= {M.ATTRIBUTE_AUROC.of("age"), M.ATTRIBUTE_AUROC.of("smile")}


# Features


def test_features_learn_classes_factors_or_turns(options):
    one = load(options["data"], "train", size=32, channels=1)
    labels = torch.arange(len(one)) % 3
    classes = Images(one.x, labels, replace(one.info, classes=("a", "b", "c")))
    factors = Images(one.x, None, replace(one.info, factors=("r",)), torch.rand(len(one), 1))
    turns = Images(one.x, None, one.info)
    assert [features.task(data).outputs for data in (classes, factors, turns)] == [3, 1, 4]
    for name, data in (("a", classes), ("b", factors), ("c", turns)):
        features.train(features.Config(name=name, **options), data)


def test_the_nearest_of_a_bank_are_found_with_their_distances():
    from gen_models.networks.features import Neighbours

    bank = torch.tensor([[0.0, 0], [3, 4], [6, 8]])
    index, distance = Neighbours(bank, 2)(torch.tensor([[0.1, 0], [6, 8]]))
    assert index.tolist() == [[0, 1], [2, 1]]
    torch.testing.assert_close(distance[1], torch.tensor([0.0, 5.0]), atol=2e-3, rtol=0)


def test_a_gan_learns_where_the_light_is(options, tmp_path):
    """Pictures that are white on the left or on the right half: G must find both, and nothing between."""
    half = torch.zeros(2, 1, 32, 32, dtype=torch.uint8)
    half[0, :, :, :16] = 255
    half[1, :, :, 16:] = 255
    data = Images(half.repeat(40, 1, 1, 1), None, Info("halves", "", "", "", ""))
    config = gan.Config(name="halves", latent_dim=4, **options | {"steps": 150, "width": 8, "batch": 16})  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gan, "load", lambda *_, **__: data)
        G, _ = gan.train(config)
    with torch.no_grad():
        x = G(torch.randn(200, 4, generator=torch.Generator().manual_seed(0)))
    left = (x[..., :16].mean((1, 2, 3)) > x[..., 16:].mean((1, 2, 3))).float().mean()
    assert 0.1 < left < 0.9
    wanted = torch.where(
        (x[..., :16].mean((1, 2, 3)) > x[..., 16:].mean((1, 2, 3))).view(-1, 1, 1, 1),
        to_float(half[:1]),
        to_float(half[1:]),
    )
    assert (x - wanted).abs().mean() < 0.15


def test_evaluating_a_gan_twice_gives_the_same_numbers(
    options, tmp_path, few_samples, feature_network
):
    gan.main(gan.Config(name="g", **options))
    first = cards.load(tmp_path / "g" / "card.json").metrics
    evaluate_model(tmp_path / "g")
    assert cards.load(tmp_path / "g" / "card.json").metrics == first
