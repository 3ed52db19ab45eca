"""Training on somebody's own images: what the defaults are, what the card says, which model is replaced."""

import json
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from PIL import Image

from gen_models import cards
from gen_models.errors import UserError
from training import autoencoder, dcgan, features, gan, infogan, vae
from training.augment import jitter
from training.data.common import border_of
from training.engine import aliases, cli
from training.engine.measurement import evaluate
from training.engine.run import RunConfig
from training.evaluation import vae as vae_evaluation
from training.tools import recipes
from training.tools.evaluate import evaluate_model

OPTIONS = {"size": 32, "batch": 4, "steps": 2, "log_every": 1, "accelerator": "cpu"}


@pytest.fixture
def unequal(tmp_path):
    """Three classes, of 24, 9 and 2 images."""
    rng = np.random.default_rng(0)
    for name, n in (("cats", 24), ("dogs", 9), ("birds", 2)):
        (tmp_path / "home/jane/pets" / name).mkdir(parents=True)
        for i in range(n):
            pixels = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "home/jane/pets" / name / f"{i}.png")
    return tmp_path / "home/jane/pets"


@pytest.fixture
def options(tmp_path, unequal):
    places = {"runs": tmp_path / "runs", "exported": tmp_path / "exported"}
    return OPTIONS | places | {"data": f"folder:{unequal}"}


SMALL = {
    vae: {"width": 4, "latent_dim": 2},
    autoencoder: {"width": 4, "codes": (2,)},
    gan: {"width": 4, "latent_dim": 2},
    dcgan: {"width": 4, "latent_dim": 2},
    infogan: {"width": 4, "categories": 3, "seeds": (0,), "warmup": 1, "latent_dim": 2},
}


@pytest.mark.parametrize("page", SMALL, ids=lambda page: page.__name__)
def test_classes_of_unequal_size_train_and_no_path_gets_into_what_is_exported(
    options, page, monkeypatch
):
    monkeypatch.setattr(page, "evaluate", lambda *_: None)
    page.main(page.Config(name="t", title="Pets", licence="CC0 1.0", **SMALL[page], **options))
    folder = options["exported"] / "t"
    card = cards.load(folder / "card.json")
    assert (card.dataset.title, card.dataset.licence) == ("Pets", "CC0 1.0")
    assert "Pets" in card.title + card.summary
    assert card.dataset.recipe == "folder:pets"
    assert "folder:pets" in shlex.split(card.training.command)
    assert (folder / "examples.png").exists()
    for text in (folder / "card.json", folder / "README.md"):
        assert "jane" not in text.read_text()
        assert str(options["exported"].parent) not in text.read_text()


def test_a_gan_says_by_which_command_its_features_are_made(options, capsys):
    gan.main(gan.Config(name="t", **SMALL[gan], **options))
    said = capsys.readouterr().out
    command = next(line for line in said.splitlines() if "no features" in line).split("`")[1]
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "training.features"]
    config = cli.parse(features.Config, words[3:])
    assert (config.name, config.data, config.size) == ("features-pets", options["data"], 32)
    assert said.startswith("t: begins at step 0 of 2 on CPU, ")
    assert f"images of {options['data']}; samples in {options['runs']}/t/samples" in said
    assert f"the model is in {options['exported']}/t; to see it, copy that folder" in said


def test_few_images_without_features_are_one_sentence(options):
    with pytest.raises(UserError, match="fewer than 64 training images"):
        features.main(features.Config(name="f", width=4, **options))


def test_a_model_of_own_images_is_measured_again_where_they_lie(options, tmp_path):
    vae.main(vae.Config(name="t", **SMALL[vae], **options))
    folder = options["exported"] / "t"
    first = cards.load(folder / "card.json").metrics
    assert {metric.command for metric in first.values()} == {
        "python -m training.evaluate exported/t"
    }
    evaluate_model(folder)
    assert cards.load(folder / "card.json").metrics == first
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_DECODED", str(tmp_path / "elsewhere"))
        with pytest.raises(UserError, match=r"python -m training.data folder:PATH"):
            evaluate(folder, vae_evaluation.measure)


# Defaults that depend on the data


@pytest.mark.parametrize(
    ("page", "black"),
    [(vae, 0.5), (autoencoder, 0.7), (infogan, 0.3)],
    ids=("vae", "ae", "infogan"),
)
def test_images_are_moved_by_default_only_on_black_ground(page, black):
    strengths = {
        data: page.Config(name="x", data=data).augment
        for data in ("digits", "mnist", "fashion", "toons", "folder:x")
    }
    assert strengths == {
        "digits": black,
        "mnist": black,
        "fashion": black,
        "toons": 0,
        "folder:x": 0,
    }
    assert page.Config(name="x", data="folder:x", augment=0.2).augment == 0.2


def test_photographs_have_a_normal_output_and_digits_a_bernoulli_one():
    assert vae.Config(name="x").likelihood == "bernoulli"
    assert vae.Config(name="x", data="folder:x").likelihood == "normal"
    assert vae.Config(name="x", data="folder:x", binarize=True).likelihood == "bernoulli"
    assert vae.Config(name="x", data="digits", likelihood="normal").likelihood == "normal"


def test_a_white_image_that_is_moved_stays_white_and_a_black_ground_stays_black():
    white = torch.ones(16, 3, 16, 16)
    assert jitter(white, 2, border_of("folder:x")).min() > 0.99
    assert jitter(white, 2, border_of("digits")).min() == 0
    assert jitter(1 - white, 2, border_of("digits")).max() == 0


# Names, and which model is replaced


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "", "-x", "x y", "a\\b", "x" * 97, "~"])
def test_a_name_that_is_none_is_refused_first_and_nothing_is_written(tmp_path, name):
    config = autoencoder.Config(
        name=name, kind="pca", lr=-1, runs=tmp_path / "runs", exported=tmp_path / "exported"
    )
    with pytest.raises(UserError, match="--name must be a plain name"):
        cli.check(config)
    assert not list(tmp_path.iterdir())


def test_a_model_of_other_options_is_replaced_only_if_that_is_asked_for(options):
    def config(**more):
        return vae.Config(name="t", **SMALL[vae] | options | more)

    vae.export_model(config(), *vae.train(config()))
    config(steps=5, log_every=7, precision="bf16-mixed").check()
    config(data=str(options["data"]).replace("home/jane", "moved/to")).check()  # of the same name
    for change in ({"beta": 2.0}, {"data": "folder:dogs"}, {"seed": 1}):
        with pytest.raises(UserError, match="holds another model") as caught:
            config(**change).check()
        assert "--replace" in str(caught.value)
        config(replace=True, **change).check()
    with pytest.raises(UserError, match="trained with --steps 2, not --steps 5"):
        config(steps=5, runs=options["runs"] / "none").check()
    with pytest.raises(UserError, match=r"made by training\.vae"):
        gan.Config(name="t", exported=options["exported"]).check()
    (options["exported"] / "t" / "card.json").write_text("{}")
    with pytest.raises(UserError, match="whose card cannot be read"):
        config().check()


def test_every_committed_model_may_be_made_again_by_the_command_on_its_card(monkeypatch):
    for card in cards.discover(Path("exported"))[0]:
        words = shlex.split(card.training.command)
        if words[2] == "training.lab":
            continue
        page = __import__(aliases.page(words[2], words[3:]), fromlist=["Config"])
        config = cli.parse(page.Config, words[3:])
        assert isinstance(config, RunConfig)
        config.check()


def test_recipes_replace_the_model_that_they_make():
    assert "--replace" in recipes.command("vae-digits-2d")
    assert "--replace" not in recipes.command("lab-r1")


def test_a_run_of_several_sizes_that_was_begun_earlier_is_continued(options):
    small = SMALL[autoencoder] | options
    autoencoder.main(autoencoder.Config(name="t", **small))
    path = options["runs"] / "t" / "code-2" / "config.json"
    saved = json.loads(path.read_text())
    path.write_text(json.dumps(saved | {"name": "t/code-2", "runs": str(options["runs"])}))
    shutil.rmtree(options["exported"])
    autoencoder.main(autoencoder.Config(name="t", **small))
