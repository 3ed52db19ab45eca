"""Models that are told a class: the projection discriminator by hand, folders of classes, exports, what is refused."""

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from gen_models import cards
from gen_models.errors import BadRequest, UserError
from gen_models.families import CLASS
from gen_models.families import MetricId as M
from gen_models.networks.gan import (
    ClassGenerator,
    ProjectionDiscriminator,
    class_means,
    minibatch_std,
)
from gen_models.networks.vae import BernoulliDecoder, ClassDecoder, ClassEncoder, Encoder
from gen_models.runtime import Model
from training import features, gan, vae
from training.data import load
from training.engine.classes import in_turn
from training.engine.gan_runs import load_gan
from training.engine.run import Run
from training.tools import registry
from training.tools.evaluate import evaluate_model

NAMES = ("bars", "discs", "noise")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three classes of 60, 24 and 12 images."""
    root = tmp_path_factory.mktemp("classes")
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:16, 0:16]
    for name, n in zip(NAMES, (60, 24, 12), strict=True):
        (root / name).mkdir()
        for i in range(n):
            at = rng.uniform(4, 12)
            shown = {
                "bars": abs(x - at) < 2,
                "discs": (x - at) ** 2 + (y - at) ** 2 < 16,
                "noise": rng.random((16, 16)) < 0.5,
            }[name]
            grey = 200 * shown + rng.uniform(0, 55, (16, 16))  # no two are equal
            Image.fromarray(grey.astype(np.uint8)).save(root / name / f"{i}.png")
    return root


def options_in(place, folder):
    return {
        "data": f"folder:{folder}", "size": 16, "channels": 1, "width": 4, "batch": 4, "steps": 4, "log_every": 1,
        "save_every": 2, "accelerator": "cpu", "runs": place / "runs", "exported": place,
    }  # fmt: skip


@pytest.fixture
def options(tmp_path, folder):
    return options_in(tmp_path, folder) | {"classes": True}


@pytest.fixture(scope="module")
def exported(tmp_path_factory, folder):
    """A GAN and a VAE that are told a class, measured on features of the same images."""
    place = tmp_path_factory.mktemp("exported")
    plain = options_in(place, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "COLUMNS", 8)
        patch.setattr("training.evaluation.gan.SAMPLES", 80)
        patch.setattr("training.evaluation.samples.SAMPLES", 80)
        features.main(features.Config(name="f", **plain))
        gan.main(gan.Config(name="g", classes=True, r1_every=2, **plain))
        vae.main(vae.Config(name="v", classes=True, binarize=True, **plain))
    return place


def model_of(place, name):
    return Model(cards.load(place / name / "card.json"), place / name)


def test_the_logit_is_psi_of_phi_and_the_product_of_phi_with_the_classs_direction():
    D = ProjectionDiscriminator(1, 8, 4, 2)  # φ has 4 channels at 4 x 4
    phi = torch.arange(64.0)[None] / 64
    D.D.phi = lambda *_: phi
    with torch.no_grad():
        D.D.head[-1].weight.fill_(0.5)
        D.D.head[-1].bias.fill_(-1)
        D.v.weight.zero_()
        D.v.weight[2, 0], D.v.weight[64 - 1, 0] = 3, -2  # v₀ = 3 e₂ − 2 e₆₃
        D.v.weight[32, 1] = 10  # v₁ = 10 e₃₂
    psi = 0.5 * 63 / 2 - 1  # Σ i / 64 = 63 / 2
    x, y = torch.zeros(1, 1, 8, 8), torch.eye(2)
    assert D(x, y[:1]).item() == pytest.approx(psi + 3 * 2 / 64 - 2 * 63 / 64)
    assert D(x, y[1:]).item() == pytest.approx(psi + 5)
    assert D(x, (y[:1] + y[1:]) / 2).item() == pytest.approx(psi + (6 / 64 - 126 / 64 + 5) / 2)


def test_what_d_sees_of_a_batch_is_how_images_vary_within_a_class():
    h = torch.tensor([1.0, 3.0, 10.0, 20.0, 5.0])[:, None, None, None].expand(5, 2, 1, 1)
    y = torch.eye(3)[[0, 0, 1, 1, 2]]
    assert class_means(h, y)[:, 0, 0, 0].tolist() == [2, 2, 15, 15, 5]
    # Deviations −1, 1, −5, 5, 0 have the variance 52 / 5.
    std = minibatch_std(h - class_means(h, y))
    assert std.flatten().tolist() == pytest.approx([10.4**0.5] * 5, rel=1e-5)
    collapsed = torch.tensor([1.0, 1.0, 10.0, 10.0, 5.0])[:, None, None, None]
    assert minibatch_std(collapsed).max() > 3
    assert minibatch_std(collapsed - class_means(collapsed, y)).max() < 0.01


def test_the_products_gradient_for_a_class_reaches_its_direction_alone():
    D = ProjectionDiscriminator(1, 16, 4, 3)
    D(torch.rand(2, 1, 16, 16), torch.eye(3)[[1, 1]]).sum().backward()
    moved = D.v.weight.grad.abs().sum(0)
    assert moved[1] > 0
    assert moved[0] == moved[2] == 0


def test_a_mixture_of_classes_is_a_mixture_of_their_embeddings():
    G = ClassGenerator(1, 16, 4, 5, 3).eval()
    z, y = torch.randn(1, 5), torch.eye(3)
    middle = G.code(z, (y[:1] + y[1:2]) / 2)
    torch.testing.assert_close(middle, (G.code(z, y[:1]) + G.code(z, y[1:2])) / 2)
    torch.testing.assert_close(middle[:, :5], z)


def test_both_halves_of_a_vae_use_the_class():
    encoder = ClassEncoder(Encoder(2, 16, 4, 3), 16, 2).eval()
    decoder = ClassDecoder(BernoulliDecoder(1, 16, 4, 3 + 2)).eval()
    x, z, y = torch.rand(2, 1, 16, 16), torch.zeros(2, 3), torch.eye(2)
    same = x[:1].repeat(2, 1, 1, 1)
    assert not torch.allclose(*encoder(same, y)[0])
    assert not torch.allclose(*decoder(z, y)[0])


def test_a_gan_learns_a_folder_of_classes_of_unequal_sizes(exported):
    model = model_of(exported, "g")
    assert model.card.classes == NAMES
    assert "told one of 3 classes" in model.card.summary
    assert "§4.1" in model.card.lecture
    assert model.card.graphs["generator"].parity < 1e-5
    assert model.sheet("film").shape[:2] == (12, 4)
    z = np.random.default_rng(0).standard_normal((2, 64))
    x = [model.told(name)("generator", z=z)["x"] for name in NAMES]
    assert x[0].shape == (2, 1, 16, 16)
    assert len({each.tobytes() for each in x}) == 3
    accuracy = model.card.metrics[M.CLASS_ACCURACY]
    assert 0 <= accuracy.value <= 1
    assert accuracy.n == 80


def test_a_vae_learns_them_and_is_measured_given_the_class(exported):
    model = model_of(exported, "v")
    assert model.card.classes == NAMES
    assert model.card.metrics.keys() >= {M.ELBO, M.CLASS_ACCURACY, M.NLL_BOUND.of(50)}
    # log p(x|y) is a bound that more samples make tighter.
    bounds = [model.card.metrics[M.NLL_BOUND.of(k)].value for k in (1, 50, 5000)]
    assert bounds == sorted(bounds, reverse=True)
    x = np.zeros((1, 1, 16, 16))
    codes = [model.told(name)("encoder", x=x)["mu"] for name in NAMES]
    assert not np.allclose(codes[0], codes[1])
    with pytest.raises(UserError, match="input y is missing"):
        model("encoder", x=x)


def test_evaluating_again_gives_the_same_and_the_registry_builds_the_networks(exported):
    before = cards.load(exported / "v" / "card.json").metrics
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.evaluation.samples.SAMPLES", 80)
        evaluate_model(exported / "v")
    assert cards.load(exported / "v" / "card.json").metrics == before
    for name in "gv":
        card = cards.load(exported / name / "card.json")
        nets = registry.FAMILIES[card.family].networks(card)
        for role, net in nets.items():
            assert sum(p.numel() for p in net.parameters()) == card.graphs[role].parameters


@pytest.mark.parametrize("page", [gan, vae])
def test_a_killed_run_ends_as_one_that_was_not(page, options, monkeypatch):
    whole = page.train(page.Config(name="whole", **options))[0]

    def killed(run, **_):
        if run.step == 3:
            raise InterruptedError

    with monkeypatch.context() as patch:
        patch.setattr(Run, "log", killed)
        with pytest.raises(InterruptedError):
            page.train(page.Config(name="parts", **options))
    parts, *_, run = page.train(page.Config(name="parts", **options))
    assert run.step == 4
    for a, b in zip(whole.state_dict().values(), parts.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_a_run_begins_with_one_that_was_told_a_class_and_with_no_other(options):
    gan.train(gan.Config(name="first", **options))
    gan.train(gan.Config(name="second", init_from="first", **options))
    gan.train(gan.Config(name="plain", **options | {"classes": False}))
    with pytest.raises(UserError, match="other networks"):
        gan.train(gan.Config(name="third", init_from="plain", **options))
    with pytest.raises(UserError, match="holds a run with --classes, not --no-classes"):
        gan.train(gan.Config(name="first", **options | {"classes": False}))


def test_a_cyclegan_does_not_begin_with_players_that_are_told_a_class(options, tmp_path):
    gan.train(gan.Config(name="told", **options))
    with pytest.raises(UserError, match="train them without --classes"):
        load_gan(tmp_path / "runs" / "told", torch.Size([1, 16, 16]))


def test_images_without_classes_are_refused_in_a_sentence(options, picture_folder, tmp_path):
    only = tmp_path / "only"
    (only / "one").mkdir(parents=True)
    for i in range(20):
        Image.new("L", (16, 16), 12 * i).save(only / "one" / f"{i}.png")
    for page in (gan, vae):
        for data, found in ((picture_folder, "has none"), (only, "has one class")):
            with pytest.raises(
                UserError, match=f"{found}; in a folder of yours, each subfolder is a class"
            ):
                page.train(page.Config(name="no", **options | {"data": f"folder:{data}"}))


@pytest.mark.parametrize(
    ("page", "more", "sentence"),
    [
        (gan, {"pack": 2}, "--pack must be 1 with --classes"),
        (vae, {"codes": (2, 4)}, "leave out --classes"),
        (vae, {"fit_prior": True}, "leave out --classes"),
        (vae, {"attributes": ("smile",)}, "leave out --classes"),
    ],
)
def test_options_that_do_not_go_with_classes(options, page, more, sentence):
    with pytest.raises(UserError, match=sentence):
        page.Config(name="no", **options, **more).check()


def test_a_batch_has_the_class_of_each_of_its_images(options, folder):
    data = load(options["data"], "train", size=16, channels=1)
    seen = {
        image.numpy().tobytes(): int(label) for image, label in zip(data.x, data.y, strict=True)
    }
    run = Run(gan.Config(name="b", **options))
    for x, y in gan.batches(run, data, 3):
        pixels = (255 * x).round().to(torch.uint8)
        assert [seen[image.numpy().tobytes()] for image in pixels] == y.argmax(1).tolist()
        assert y.sum(1).tolist() == [1] * 4


def test_classes_come_in_turn():
    assert in_turn(5, 2).argmax(1).tolist() == [0, 1, 0, 1, 0]


def test_a_class_is_one_hot_and_a_name_that_is_none_is_refused(exported):
    model = model_of(exported, "g")
    assert model.one_hot("discs", 2).tolist() == [[0, 1, 0]] * 2
    assert model.one_hot("", 4).argmax(1).tolist() == [0, 1, 2, 0]
    for bad in ("cats", None, ["bars"]):
        with pytest.raises(BadRequest, match="no such class: choose one of bars, discs, noise"):
            model.told(bad)
    assert model.card.graphs["generator"].inputs[1].name == CLASS
    with pytest.raises(BadRequest, match="is told no class"):
        model_of(exported, "f").told("bars")
