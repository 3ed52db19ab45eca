"""Every training script, for a few steps and all the way to a card, on a small folder of pictures."""

import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from gen_models import cards
from gen_models.errors import UserError
from gen_models.families import AutoencoderFacts, AutoencoderKind
from gen_models.families import MetricId as M
from gen_models.networks import autoencoder as networks
from gen_models.runtime import Model
from training import autoencoder, vae
from training.augment import jitter
from training.data import Images, Info, load, to_float
from training.data.decoded import remember
from training.tools import recipes, registry
from training.tools.evaluate import evaluate_model


@pytest.fixture
def options(tmp_path, picture_folder):
    return {
        "data": f"folder:{picture_folder}", "size": 16, "channels": 1, "width": 4, "batch": 4, "steps": 3,
        "log_every": 1, "save_every": 2, "accelerator": "cpu", "runs": tmp_path / "runs", "exported": tmp_path,
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["conv", "linear", "pca"])
def test_autoencoders_of_every_kind_train_export_and_are_measured(options, tmp_path, kind):
    autoencoder.main(autoencoder.Config(name="a", kind=kind, codes=(2, 3), **options))
    card = cards.load(tmp_path / "a" / "card.json")
    roles = {"encoder", "decoder", "gaussian"}
    assert card.graphs.keys() == {f"{role}_{code}" for role in roles for code in (2, 3)}
    assert card.metrics.keys() >= {M.SQUARED_ERROR.of(2), M.SQUARED_ERROR.of(3)}
    assert (M.PRINCIPAL_ANGLE.of(2) in card.metrics) == (kind == "linear")
    assert card.training.images == (0 if kind == "pca" else 2 * 3 * 4)
    model = Model(card, tmp_path / "a")
    x = model.examples().transpose(0, 3, 1, 2) / np.float32(255)
    assert model("decoder_3", z=model("encoder_3", x=x)["z"])["x"].shape == x.shape


@pytest.mark.parametrize(
    ("more", "second"),
    [
        ({"likelihood": "bernoulli"}, "logits"),
        ({}, "logvar"),
        ({"binarize": True, "precision": "bf16-mixed"}, "logits"),
    ],
)
def test_vaes_of_every_output_train_export_and_are_measured(
    options, tmp_path, monkeypatch, more, second
):
    monkeypatch.setattr("training.evaluation.vae.IW_SAMPLES", (1, 3, 501))
    vae.main(vae.Config(name="v", latent_dim=2, **options | more))
    card = cards.load(tmp_path / "v" / "card.json")
    assert [port.name for port in card.graphs["decoder"].outputs] == ["x", second]
    assert card.metrics.keys() >= {M.ELBO, M.KL, M.DIMENSION_KL.of(1), M.ACTIVE_DIMENSIONS}
    assert (M.NLL_BOUND.of(501) in card.metrics) == ("binarize" in more)
    elbo, parts = (
        card.metrics[M.ELBO].value,
        card.metrics[M.RECONSTRUCTION].value + card.metrics[M.KL].value,
    )
    assert elbo == pytest.approx(-parts)
    assert (tmp_path / "v" / "preview.webp").exists()


def test_vaes_of_several_sizes_share_a_card_as_autoencoders_do(options, tmp_path):
    vae.main(vae.Config(name="v", codes=(2, 3), **options))
    card = cards.load(tmp_path / "v" / "card.json")
    assert card.facts == AutoencoderFacts(AutoencoderKind.VAE, (2, 3))
    assert card.training.images == 2 * 3 * 4
    networks = registry.autoencoder_networks(card)
    assert networks.keys() == {f"{role}_{k}" for role in ("encoder", "decoder") for k in (2, 3)}
    model = Model(card, tmp_path / "v")
    for k in (2, 3):
        x = model.examples().transpose(0, 3, 1, 2) / np.float32(255)
        z = model(f"encoder_{k}", x=x)["z"]
        assert z.shape == networks[f"encoder_{k}"].eval()(torch.from_numpy(x)).shape
        assert model(f"decoder_{k}", z=z)["x"].shape == x.shape


def test_the_drawn_codes_of_a_vae_spread_as_its_posterior_does(picture_folder):
    data = load(f"folder:{picture_folder}", "train", size=8, channels=1)

    class Same(torch.nn.Module):
        def forward(self, x):
            return torch.full((len(x), 2), 3.0), torch.full((len(x), 2), 2 * np.log(0.5))

    z = vae.draw_codes(Same(), data)
    assert z.shape == (len(data), 2)
    assert (z - 3).square().mean().sqrt().item() == pytest.approx(0.5, abs=0.2)


def test_what_needs_one_size_of_z_is_refused_with_several(options):
    with pytest.raises(UserError, match="need one size of z"):
        vae.Config(name="v", codes=(2, 3), fit_prior=True, **options).check()


def test_evaluating_twice_gives_the_same_numbers(options, tmp_path):
    vae.main(vae.Config(name="v", latent_dim=2, **options))
    first = cards.load(tmp_path / "v" / "card.json").metrics
    evaluate_model(tmp_path / "v")
    assert cards.load(tmp_path / "v" / "card.json").metrics == first


def test_a_model_is_not_measured_on_other_data_than_it_was_trained_on(
    options, tmp_path, picture_folder
):
    vae.main(vae.Config(name="v", latent_dim=2, **options))
    path = tmp_path / "v" / "card.json"
    digest = cards.load(path).dataset.sha256
    path.write_text(path.read_text().replace(digest, "0" * 64))
    remember("0" * 64, options["data"])
    with pytest.raises(UserError, match="is not the data set"):
        evaluate_model(tmp_path / "v")


def test_pca_is_exact(picture_folder):
    data = load(f"folder:{picture_folder}", "train", size=8, channels=1)
    config = autoencoder.Config(name="p", kind="pca")
    encoder, decoder = autoencoder.pca(config, data, 5)
    X = to_float(data.x).flatten(1)
    singular = torch.linalg.svdvals(X - X.mean(0))
    with torch.no_grad():
        error = (X - decoder(encoder(to_float(data.x))).flatten(1)).square().sum()
    torch.testing.assert_close(error, singular[5:].square().sum(), rtol=1e-4, atol=1e-4)


def test_the_fitted_gaussian_has_the_mean_and_covariance_of_the_codes():
    codes = (
        torch.randn(5000, 2, generator=torch.Generator().manual_seed(0))
        @ torch.tensor([[2.0, 1], [0, 1]])
        + 3
    )
    gaussian = networks.Gaussian(codes)
    torch.testing.assert_close(gaussian.L @ gaussian.L.T, torch.cov(codes.T), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(gaussian(torch.zeros(1, 2))[0], codes.mean(0))


@pytest.mark.parametrize(
    ("size", "sides"), [(28, [14, 7]), (64, [32, 16, 8]), (30, [15]), (16, [8])]
)
def test_pictures_are_halved_to_a_small_or_odd_side_and_come_back_whole(size, sides):
    assert networks._pyramid(size, 4)[0] == sides
    z = networks.ConvEncoder(3, size, 4, 5)(torch.rand(2, 3, size, size))
    assert networks.ConvDecoder(3, size, 4, 5)(z).shape == (2, 3, size, size)


def test_a_size_that_cannot_be_halved_is_refused_with_a_sentence():
    with pytest.raises(UserError, match="cannot be halved"):
        networks.ConvEncoder(1, 27, 4, 2)


def test_jitter_moves_pictures_each_in_its_own_way_and_strength_0_not_at_all():
    x = torch.zeros(2, 1, 16, 16)
    x[:, :, 5:9, 6:10] = 1
    assert jitter(x, 0) is x
    y = jitter(x, 1)
    assert not torch.equal(y[0], y[1])
    assert 0 <= y.min() < y.max() <= 1
    assert y.sum().item() == pytest.approx(x.sum().item(), rel=0.3)


def test_reparameterised_noise_has_the_mean_and_spread_of_q():
    torch.manual_seed(0)
    z = vae.reparameterise(torch.full((20_000, 1), 3.0), torch.full((20_000, 1), 2 * np.log(0.5)))
    assert z.mean().item() == pytest.approx(3, abs=0.02)
    assert z.std().item() == pytest.approx(0.5, abs=0.02)


def test_a_vae_overfits_one_batch(options):
    one = load(options["data"], "train", size=16, channels=1)
    batch = Images(one.x[:4], None, Info("one", "", "", "", ""))
    config = vae.Config(
        name="o", latent_dim=4, **options | {"steps": 400, "beta": 0.01, "augment": 0, "width": 8}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vae, "load", lambda *_, **__: batch)
        encoder, decoder, _ = vae.train(config)
    x = to_float(batch.x)
    with torch.no_grad():
        error = (decoder.eval()(encoder.eval()(x)[0])[0] - x).square().mean()
    assert error < 0.01


def run(*words):
    return subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["training.vae", "--name", "x", "--data", "no-such-data"], "no data set 'no-such-data'"),
        (["training.vae", "--name", "x", "--data", "folder:/no/such/folder"], "/no/such/folder"),
        (["training.evaluate", "exported/no-such-model"], "no-such-model"),
    ],
)
def test_a_mistake_on_the_command_line_gives_one_sentence_and_status_2(words, sentence, tmp_path):
    more = ["--runs", str(tmp_path)] if words[0] == "training.vae" else []
    done = run(*words, *more)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_recipe_is_a_whole_command_and_an_unknown_one_lists_them():
    assert recipes.command("vae-digits-2d")[:4] == ["-m", "training.vae", "--name", "vae-digits-2d"]
    done = run("training.recipes", "no-such-model")
    assert done.returncode == 2
    assert "vae-digits-2d" in done.stderr
