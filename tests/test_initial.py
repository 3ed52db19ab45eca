"""Fine-tuning: a run that begins with the networks of another one."""

from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from gen_models import cards
from gen_models.errors import UserError
from training import gan, vae
from training.engine import cli

NETWORKS = {gan: ("G", "D"), vae: ("encoder", "decoder")}


@pytest.fixture(params=NETWORKS, ids=lambda page: page.__name__)
def page(request):
    return request.param


@pytest.fixture
def config(page, tmp_path, picture_folder, monkeypatch):
    """Of a short run, called first. The exported G's BatchNorm, which takes seconds, is not looked at."""
    monkeypatch.setattr(gan, "recalibrate_generator", lambda G, *_: G)
    return page.Config(
        "first", data=f"folder:{picture_folder}", size=16, channels=1, width=4, latent_dim=3, batch=4, steps=2,
        accelerator="cpu", runs=tmp_path / "runs", exported=tmp_path,
    )  # fmt: skip


def weights(page, config):
    state = torch.load(config.folder / "state.pt", weights_only=True)
    return {
        f"{net}.{key}": value
        for net in NETWORKS[page]
        for key, value in state[net].items()
        if value.is_floating_point() and "running" not in key
    }


def test_a_run_begins_with_the_networks_of_another_and_goes_on(page, config):
    page.train(config)
    before = weights(page, config)
    still = replace(config, name="still", init_from="first", lr=1e-12, seed=5)
    page.train(still)
    assert all(
        torch.allclose(value, before[key], atol=1e-6) for key, value in weights(page, still).items()
    )
    tuned = replace(config, name="tuned", init_from="first", seed=5)
    page.train(tuned)
    after = weights(page, tuned)
    assert any((after[key] - value).abs().max() > 1e-4 for key, value in before.items())


def test_a_run_that_is_continued_does_not_begin_again(page, config):
    page.train(config)
    tuned = replace(config, name="tuned", init_from="first")
    page.train(tuned)
    before = weights(page, tuned)
    (config.folder / "state.pt").unlink()  # nor does it need the other run any more
    page.train(tuned)
    assert all(torch.equal(value, before[key]) for key, value in weights(page, tuned).items())


def test_what_cannot_be_begun_with_gets_a_sentence(page, config):
    tuned = replace(config, name="tuned", init_from="first")
    with pytest.raises(UserError, match=r"holds no training state to begin with: give the name of"):
        page.train(tuned)
    page.train(config)
    with pytest.raises(UserError, match="of other networks"):
        page.train(replace(tuned, width=8))
    (config.folder / "state.pt").write_bytes(b"x")
    with pytest.raises(UserError, match="damaged"):
        page.train(tuned)
    with pytest.raises(UserError, match="another run"):
        cli.check(replace(config, init_from="first"))


def test_several_sizes_have_no_single_beginning():
    with pytest.raises(UserError, match="--init-from need one size"):
        vae.Config("x", codes=(2, 3), init_from="y").check()


def test_a_shipped_model_has_no_state_and_its_command_is_told(tmp_path, picture_folder):
    config = vae.Config(
        "mine", data=f"folder:{picture_folder}", size=16, channels=1, accelerator="cpu", runs=tmp_path,
        exported=Path("exported"), init_from="vae-digits-2d",
    )  # fmt: skip
    with pytest.raises(UserError) as refused:
        vae.train(config)
    said = str(refused.value)
    card = cards.load(Path("exported/vae-digits-2d/card.json"))
    assert "vae-digits-2d is an export, and shipped models have no state" in said
    assert "python -m training.states pull USER/REPO" in said
    assert said.endswith(f"which took {card.training.time}: `{card.training.command}`.")
