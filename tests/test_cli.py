"""The command line of the scripts: help, options that cannot be, folders that cannot be written to."""

import importlib
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

import tyro

from gen_models.errors import UserError
from training import autoencoder, dcgan, features, gan, infogan, pix2pix, pix2pix_paper, vae
from training.engine import cli
from training.engine.export import ParityError
from training.engine.run import RunConfig
from training.tools import recipes

PAGES = ("autoencoder", "vae", "gan", "dcgan", "infogan", "pix2pix", "pix2pix_paper", "cyclegan", "cyclegan_gans",
         "disentangle", "disentangle_views", "documents", "features", "few_labels", "progan")  # fmt: skip
COMMANDS = (*PAGES, "evaluate", "inception", "bench", "lab", "lab_digits", "lab_scoreboard")


def refusal(capsys, entry, config_type, *words):
    """What `entry` says on the command line instead of doing anything."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["x", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.run(entry, config_type)
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert said.count("\n") == 1, said
    assert "Traceback" not in said
    return said


def never(config):
    pytest.fail("went on")


CANNOT_BE = {
    "0": ("--log-every", "--save-every", "--save-minutes", "--batch", "--steps", "--devices", "--latent-dim",
          "--width", "--lr", "--size", "--codes", "--ema", "--r1-every"),
    "-1": ("--steps", "--seed", "--seeds", "--lr", "--gamma", "--beta", "--augment"),
    "nan": ("--lr", "--gamma"),
}  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("value", CANNOT_BE)
def test_numbers_that_no_run_can_have_are_refused_before_any_work(tmp_path, capsys, page, value):
    config_type = importlib.import_module(f"training.{page}").Config
    known = {"--" + field.name.replace("_", "-") for field in fields(config_type)}
    for option in known.intersection(CANNOT_BE[value]):
        words = ("--name", "x", "--runs", tmp_path / "runs", "--exported", tmp_path, option, value)
        said = refusal(capsys, never, config_type, *words)
        assert option in said
        assert f"not {value}" in said
        assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("module", "words", "sentence"),
    [
        ("lab_scoreboard", ("--seeds", 0), "--seeds needs at least one number"),
        ("lab_scoreboard", ("--steps", 0), "--steps must be above 0, not 0"),
        ("lab_scoreboard", ("--first-seed", -1), "--first-seed must be 0 or more, not -1"),
        ("lab_digits", ("--seeds", 0), "--seeds needs at least one number"),
        ("bench", ("--repeats", 0), "--repeats must be above 0, not 0"),
        ("inception", ("x", "--samples", 0), "--samples must be above 0, not 0"),
        ("autoencoder", ("--name", "x", "--codes"), "--codes needs at least one number"),
        ("infogan", ("--name", "x", "--seeds"), "--seeds needs at least one number"),
    ],
    ids=lambda part: " ".join(map(str, part)) if isinstance(part, tuple) else None,
)
def test_the_other_scripts_refuse_such_numbers_too(capsys, module, words, sentence):
    found = importlib.import_module(f"training.{module}")
    assert sentence in refusal(capsys, never, found.Config, *words)


@pytest.mark.skipif(torch.cuda.is_available(), reason="has CUDA")
def test_a_device_that_is_not_there_is_refused_before_any_work(tmp_path, capsys):
    words = ("--name", "x", "--runs", tmp_path, "--accelerator")
    assert "CUDA device" in refusal(capsys, never, vae.Config, *words, "cuda")
    assert "mps" in refusal(capsys, never, vae.Config, *words, "mps")
    with pytest.raises(UserError, match="CUDA"):
        RunConfig("x", accelerator="cuda").check()


@pytest.mark.parametrize("option", ["runs", "exported"])
@pytest.mark.parametrize("place", ["a file", "below a file", "/proc"])
def test_a_folder_that_cannot_be_written_to_is_refused_before_any_work(
    tmp_path, capsys, option, place
):
    (tmp_path / "file").touch()
    path = {"a file": tmp_path / "file", "below a file": tmp_path / "file" / "x"}.get(
        place, Path("/proc/x")
    )
    rest = {"runs": "exported", "exported": "runs"}[option]
    words = ("--name", "x", f"--{rest}", tmp_path, f"--{option}", path)
    assert f"--{option}: {path} cannot be written to" in refusal(capsys, never, vae.Config, *words)


@pytest.mark.parametrize("name", ["", "..", "../x", "/tmp/x"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path, capsys, name):
    words = ("--name", name, "--runs", tmp_path, "--exported", tmp_path)
    assert "--name must be a plain name" in refusal(capsys, never, vae.Config, *words)


def test_a_full_disk_at_the_export_ends_in_a_sentence(tmp_path, capsys):
    def full(config):
        with open("/dev/full", "w") as file:  # noqa: PTH123
            file.write("x")

    words = ("--name", "x", "--runs", tmp_path, "--exported", tmp_path)
    assert "No space left on device" in refusal(capsys, full, vae.Config, *words)


@pytest.mark.parametrize(
    "error", [OSError(5, "Input/output error"), ParityError("generator.onnx: x differs.")]
)
def test_a_fault_of_ours_is_told_as_one_with_its_trace(tmp_path, capsys, monkeypatch, error):
    def broken(config):
        raise error

    words = ["x", "--name", "x", "--runs", str(tmp_path), "--exported", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as ended:
        cli.run(broken, vae.Config)
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert f"unexpected {type(error).__name__}; its trace is in" in said
    trace = Path(said.split("its trace is in ")[1].strip().removesuffix("."))
    assert str(error) in trace.read_text()
    trace.unlink()


PAIRS = SimpleNamespace(
    labels=(), c=torch.zeros(1, 3, 33, 33), x=torch.zeros(1, 3, 33, 33), size=33
)
SHAPE = torch.Size((1, 33, 33))


def test_a_size_that_a_network_cannot_have_gets_a_sentence():
    for build in (
        lambda: vae.build(vae.Config("x"), SHAPE),
        lambda: autoencoder.build(autoencoder.Config("x"), torch.zeros(SHAPE), 2),
        lambda: features.build(features.Config("x"), SHAPE, 2),
        lambda: gan.build(gan.Config("x"), SHAPE),
        lambda: dcgan.build(dcgan.Config("x"), SHAPE),
        lambda: infogan.build(infogan.Config("x"), SHAPE),
        lambda: pix2pix.build(pix2pix.Config("x"), PAIRS),
        lambda: pix2pix_paper.build(pix2pix_paper.Config("x"), PAIRS),
    ):
        with pytest.raises(UserError, match=r"33|halved"):
            build()


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page not in ("documents", "few_labels", "progan")]
)
def test_such_a_size_is_refused_before_the_data_are_there(tmp_path, capsys, page):
    config_type = importlib.import_module(f"training.{page}").Config
    folders = ("--name", "x", "--runs", tmp_path, "--exported", tmp_path)
    said = refusal(capsys, never, config_type, *folders, "--size", 33)
    assert "33" in said or "halved" in said
    config_type("x").check()


@pytest.mark.parametrize(
    ("module", "words", "sentence"),
    [
        ("gan", ("--name", "x", "--pack", 3), "--pack"),
        ("infogan", ("--name", "x", "--devices", 2), "one device"),
        ("cyclegan", ("--name", "x", "--devices", 2), "one device"),
        ("cyclegan", ("--name", "x", "--gamma-end", 2), "--gamma-end"),
        ("cyclegan", ("--name", "x", "--downsamplings", 6), "--downsamplings"),
        ("cyclegan_gans", ("--name", "x", "--warmup", 5000), "--warmup"),
        ("lab_scoreboard", ("--hold", 1), "--hold"),
        ("inception", ("x", "--samples", 1), "two samples"),
    ],
    ids=lambda part: " ".join(map(str, part)) if isinstance(part, tuple) else None,
)
def test_options_that_contradict_one_another_are_refused_before_any_work(
    tmp_path, capsys, module, words, sentence, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    config_type = importlib.import_module(f"training.{module}").Config
    assert sentence in refusal(capsys, never, config_type, *words)


def test_more_principal_components_than_pixels_get_a_sentence():
    config = autoencoder.Config("x", kind="pca")
    with pytest.raises(UserError, match="16 principal components, not 17"):
        autoencoder.build(config, torch.zeros(1, 4, 4), 17)


def test_factors_that_the_data_do_not_have_are_noticed_before_the_training(
    tmp_path, picture_folder
):
    config = vae.Config(
        "x", data=f"folder:{picture_folder}", size=16, channels=1, attributes=("smile",), runs=tmp_path,
        accelerator="cpu",
    )  # fmt: skip
    with pytest.raises(UserError, match="no factor smile"):
        vae.train(config)
    assert not (tmp_path / "x" / "log.jsonl").exists()


# Help


def help_of(module, **env):
    words = [sys.executable, "-m", f"training.{module}", "--help"]
    return subprocess.run(
        words, capture_output=True, text=True, env={**os.environ, **env, "COLUMNS": "200"}
    )


@pytest.mark.parametrize("module", ["cyclegan", "evaluate", "lab", "data", "recipes"])
def test_help_is_given_where_lambda_cannot_be_written_and_shows_the_command(module):
    done = help_of(module, PYTHONIOENCODING="ascii")
    assert "Error" not in done.stderr
    assert f"usage: python -m training.{module} " in done.stdout + done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("module", COMMANDS)
def test_help_states_each_default_once(module, capsys):
    found = importlib.import_module(
        f"training.{module}" if module != "lab" else "training.lab.export"
    )
    with pytest.raises(SystemExit):
        tyro.cli(found.Config, args=["--help"])
    for option in capsys.readouterr().out.replace("│", " ").split("--"):
        assert option.count("default:") <= 1, option
    source = Path(sys.modules[found.Config.__module__].__file__).read_text()
    assert "(default:" not in source  # tyro adds it


def test_facts_of_a_data_set_are_told_where_degrees_cannot_be_written(tmp_path, picture_folder):
    folder = tmp_path / "60° λ"
    shutil.copytree(picture_folder, folder)
    words = [sys.executable, "-m", "training.data", f"folder:{folder}"]
    done = subprocess.run(
        words, capture_output=True, text=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}
    )
    assert done.returncode == 0, done.stderr
    assert "60? ?" in done.stdout


def test_a_recipe_takes_the_place_of_the_process_that_names_it(monkeypatch):
    """So that Ctrl-C reaches the training alone, and its status is the command's."""
    ran = []
    monkeypatch.setattr(recipes.os, "execv", lambda *words: ran.append(words))
    monkeypatch.setattr(sys, "argv", ["x", "pca-digits", "--steps", "3"])
    recipes.main()
    assert ran == [
        (sys.executable, [sys.executable, *recipes.command("pca-digits"), "--steps", "3"])
    ]


# The command on the card


@dataclass(frozen=True)
class Config(RunConfig):
    codes: tuple[int, ...] = (1,)
    mirror: bool = False
    sharp: bool = True


def test_a_program_that_is_not_the_script_gets_the_command_of_the_options(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["ipykernel_launcher.py", "-f", "/tmp/kernel.json"])
    config = Config("a b", steps=7, codes=(2, 3), mirror=True, sharp=False, runs=Path("/r"))
    said = cli.command("training.vae", config)
    assert said == (
        "python -m training.vae --name 'a b' --runs /r --steps 7 --codes 2 3 --mirror --no-sharp"
    )
    assert tyro.cli(Config, args=shlex.split(said)[3:]) == config
    assert cli.command("training.lab", {"name": "lab-r1"}) == "python -m training.lab --name lab-r1"


@pytest.mark.parametrize("page", PAGES)
def test_what_a_notebook_calls_gets_a_command_of_the_same_options(page):
    """Also those that depend on the data, which are None by default and settled when a config is made."""
    config_type = importlib.import_module(f"training.{page}").Config
    config = config_type("a b", steps=7, seed=3, replace=True)
    words = shlex.split(cli.command(f"training.{page}", config))
    assert words[:5] == ["python", "-m", f"training.{page}", "--name", "a b"]
    assert tyro.cli(config_type, args=words[3:]) == config


def test_the_script_itself_gets_the_command_as_it_was_typed(monkeypatch):
    spec = SimpleNamespace(name="training.lab.__main__")
    monkeypatch.setattr(sys, "argv", ["x", "--name", "lab-r1", "--exported", "/e"])
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", spec)
    assert cli.command("training.lab", {"name": "lab-r1"}) == (
        "python -m training.lab --name lab-r1 --exported /e"
    )
