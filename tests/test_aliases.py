"""Old commands, old runs and old cards: what they called an option, today's code still understands."""

import importlib
import json
import shlex
import shutil
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from gen_models import cards
from gen_models.errors import UserError
from training import cyclegan, cyclegan_gans, gan, infogan
from training.data import load
from training.engine import aliases, cli
from training.engine.run import Run
from training.tools.registry import FAMILIES

CARDS = sorted(Path("exported").glob("*/card.json"))
NO_COMMAND = "python -m training.infogan, on each export before the next"


def quoted():
    """All commands of the committed cards."""
    found = set()
    for path in CARDS:
        card = json.loads(path.read_text())
        found |= {card["training"]["command"], *(m["command"] for m in card["metrics"].values())}
    return sorted(found - {NO_COMMAND})


def parsed(command):
    """The Config that a command line means."""
    python, m, module, *words = shlex.split(command)
    assert (python, m) == ("python", "-m")
    module = aliases.page(module, words)
    if importlib.util.find_spec(module).submodule_search_locations:
        module += ".__main__"
    return cli.parse(importlib.import_module(module).Config, words)


WILD = [
    "python -m training.pix2pix --name ours --data pairs:/tmp/p --batch 16 --gamma 0.03 --ema 500",
    "python -m training.pix2pix --name ours --data pairs:/tmp/p --mirror --batch 16 --gamma 0.03 --ema 500 --lr 1e-4",
    "python -m training.pix2pix --name ours --data=pairs:/tmp/p --batch=16 --gamma=0.03 --ema=500 --no-mirror",
]


@pytest.mark.parametrize("command", [*quoted(), *WILD])
def test_commands_of_cards_and_in_the_wild_are_understood(command):
    config = parsed(command)
    words = shlex.split(command)
    if "--batch" in words:
        assert config.batch == int(words[words.index("--batch") + 1])


def test_there_are_commands_of_all_kinds_of_pages():
    modules = {shlex.split(command)[2] for command in quoted()}
    assert {
        "training.gan",
        "training.infogan",
        "training.cyclegan",
        "training.lab_scoreboard",
    } <= modules


def test_old_names_and_values_on_the_command_line_mean_what_they_meant():
    old = parsed("python -m training.gan --name g --half --mirror")
    assert (old.fp16_weights, old.random_hflip) == (True, True)
    assert parsed("python -m training.gan --name g --no-mirror").random_hflip is False
    old = parsed("python -m training.cyclegan --name c --halvings 2 --loss 'least squares'")
    assert (old.downsamplings, old.loss) == (2, "least-squares")
    assert parsed("python -m training.cyclegan --name c --halvings=4").downsamplings == 4
    assert parsed("python -m training.infogan --name i --warm-up 7 --groups 50").warmup == 7
    assert parsed("python -m training.infogan --name i --warm_up 7 --moved 2").warmup == 7
    old = parsed("python -m training.lab_scoreboard --held 0.5 --accept --names lab-r1 lab-roth")
    assert (old.hold, old.rejection_sampling) == (0.5, True)
    assert old.names == ("lab-r1", "lab-roth")


def test_the_command_of_two_gans_goes_to_their_own_page(monkeypatch):
    command = "python -m training.cyclegan --name c --gans a b --warmup 9 --blocks 6"
    config = parsed(command)
    assert isinstance(config, cyclegan_gans.Config)
    assert (config.gans, config.warmup) == (("a", "b"), 9)
    called = []
    monkeypatch.setattr(sys, "argv", ["cyclegan.py", *shlex.split(command)[3:]])
    monkeypatch.setattr(cli.runpy, "run_module", lambda *given, **_: called.append(given))
    cli.run(cyclegan.main, cyclegan.Config)
    assert called == [("training.cyclegan_gans",)]


def test_a_card_quotes_the_options_of_today(monkeypatch):
    monkeypatch.setattr(cli, "main_module", lambda: "training.gan")
    monkeypatch.setattr(sys, "argv", ["gan.py", "--name", "g", "--half", "--mirror"])
    command = "python -m training.gan --name g --fp16-weights --random-hflip"
    assert cli.command("training.gan", gan.Config("g")) == command


def test_an_option_that_is_gone_is_refused_where_it_would_change_something():
    assert aliases.current_words(
        infogan.Config, ["--name", "i", "--groups", "50", "--ema=200"]
    ) == ["--name", "i"]
    with pytest.raises(
        UserError,
        match=r"--groups was removed from training\.infogan; it is fixed at 50, so 4 cannot",
    ):
        parsed("python -m training.infogan --name i --groups 4")
    with pytest.raises(UserError, match=r"--warmup was removed .* fixed at 0, so 5 cannot be used"):
        parsed("python -m training.cyclegan --name c --warmup 5")
    saved = {"name": "c", "gans": ["a", "b"], "halvings": 3}
    with pytest.raises(
        UserError, match=r'--gans was removed .* fixed at \[\], so \["a", "b"\] cannot'
    ):
        aliases.current_options(cyclegan.Config, saved)
    del saved["gans"]
    assert aliases.current_options(cyclegan.Config, saved) == {"name": "c", "downsamplings": 3}


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.parent.name)
def test_the_networks_of_every_card_are_built_from_its_options(path):
    card = cards.load(path)
    networks = FAMILIES[card.family].networks
    if networks is not None:
        with torch.device("meta") if card.family in ("gan", "cyclegan") else torch.device("cpu"):
            built = networks(card)
        assert built.keys() <= card.graphs.keys()
        # The z of the one is not in its card; LSA is a product of two matrices.
        without = card.name == "cyclegan-heads-toons" or card.name.startswith("lsa-")
        assert bool(built) == (not without)


# Runs begun at 329b5db, before any option was renamed

OLD = {
    "runs": "", "exported": "", "batch": 4, "seed": 0, "log_every": 1, "save_every": 2, "accelerator": "cpu",
    "devices": 1, "precision": "32-true", "size": 32, "width": 4, "r1_every": 16, "ema": 200.0,
}  # fmt: skip
OLD_CYCLEGAN = OLD | {
    "cycle": 10.0, "identity": 0.5, "noise": 0.0, "gamma": 1.0, "gamma_end": None, "augment": 0.0, "lr": 4e-4,
    "mirror": True, "blocks": 1, "halvings": 2, "gans": [], "warmup": 0,
}  # fmt: skip


class Killed(Exception):
    pass


def state(folder):
    return torch.load(folder / "state.pt", weights_only=True)


def assert_equal(a, b, at=""):
    """Two nested states, to the last bit."""
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b), at
    elif isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a.keys() - {"seconds", "parts"}:
            assert_equal(a[key], b[key], f"{at}.{key}")
    elif isinstance(a, list | tuple):
        for i, (left, right) in enumerate(zip(a, b, strict=True)):
            assert_equal(left, right, f"{at}[{i}]")
    else:
        assert a == b, at


def continued_with_old_names(train, command, old, folder, monkeypatch, after):
    """Kill a run after `after` steps, call its options what they were, and continue it with the old command."""

    def log(run, **_):
        if run.step > after:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Run, "log", log)
        with pytest.raises(Killed):
            train(parsed(command))
    assert state(folder)["step"] == after
    path = folder / "config.json"
    now = json.loads(path.read_text())
    common = {key: now[key] for key in ("name", "steps", "data", "runs", "exported")}
    path.write_text(json.dumps(old | common))
    train(parsed(command))
    return state(folder)


@pytest.fixture
def other_folder(picture_folder, tmp_path):
    """The same images, in another folder."""
    return shutil.copytree(picture_folder, tmp_path / "other")


@pytest.fixture
def words(tmp_path):
    return (
        f"--size 32 --width 4 --batch 4 --log-every 1 --save-every 2 --accelerator cpu --runs {tmp_path} "
        f"--exported {tmp_path}/exported"
    )


def test_an_old_gan_goes_on_to_the_last_bit(words, tmp_path, picture_folder, monkeypatch):
    command = f"python -m training.gan --data folder:{picture_folder} --latent-dim 6 --half --mirror --steps 4 {words}"
    gan.train(parsed(f"{command} --name whole"))
    old = OLD | {
        "channels": None,
        "latent_dim": 6,
        "gamma": 0.1,
        "augment": 0.0,
        "mirror": True,
        "half": True,
        "lr": 5e-4,
    }
    got = continued_with_old_names(
        gan.train, f"{command} --name old", old, tmp_path / "old", monkeypatch, 2
    )
    assert_equal(got, state(tmp_path / "whole"))
    with pytest.raises(UserError, match="--random-hflip, not --no-random-hflip"):
        gan.train(parsed(f"{command} --no-mirror --name old"))


def test_an_old_cyclegan_goes_on_to_the_last_bit(
    words, tmp_path, picture_folder, other_folder, monkeypatch
):
    command = (
        f"python -m training.cyclegan --data unpaired:{picture_folder},{other_folder} --mirror --blocks 1 "
        f"--halvings 2 --gamma 1 --loss 'least squares' --steps 4 {words}"
    )
    cyclegan.train(parsed(f"{command} --name whole"))
    got = continued_with_old_names(
        cyclegan.train, f"{command} --name old", OLD_CYCLEGAN | {"loss": "least squares"}, tmp_path / "old",
        monkeypatch, 2,
    )  # fmt: skip
    assert_equal(got, state(tmp_path / "whole"))


@pytest.mark.parametrize("after", [2, 4])
def test_an_old_cyclegan_of_two_gans_goes_on_to_the_last_bit(
    words, tmp_path, picture_folder, other_folder, monkeypatch, after
):
    gan.train(
        parsed(
            f"python -m training.gan --data folder:{picture_folder} --latent-dim 6 --steps 2 --name g {words}"
        )
    )
    path = tmp_path / "g" / "config.json"
    path.write_text(
        path.read_text().replace("fp16_weights", "half").replace("random_hflip", "mirror")
    )
    command = (
        f"python -m training.cyclegan --data unpaired:{picture_folder},{other_folder} --mirror --gans g g --warmup 2 "
        f"--gamma 1 --loss logistic --steps 6 {words}"
    )
    cyclegan_gans.train(parsed(f"{command} --name whole"))
    old = OLD_CYCLEGAN | {
        "loss": "logistic",
        "gans": ["g", "g"],
        "warmup": 2,
        "blocks": 6,
        "halvings": 3,
    }
    got = continued_with_old_names(
        cyclegan_gans.train, f"{command} --name old", old, tmp_path / "old", monkeypatch, after
    )
    assert_equal(got, state(tmp_path / "whole"))


@pytest.mark.parametrize("after", [2, 4])
def test_an_old_infogan_goes_on_to_the_last_bit(
    words, tmp_path, picture_folder, monkeypatch, after
):
    """Killed in the warm-up of 3 steps, and after it."""
    command = (
        f"python -m training.infogan --data folder:{picture_folder} --categories 3 --seeds 0 --warm-up 3 --groups 50 "
        f"--steps 6 --augment 0.3 {words}"
    )

    def train(config):
        infogan.train(config, load(config.data, "train", size=32, channels=1), 0)

    train(parsed(f"{command} --name whole"))
    old = OLD | {
        "name": "old/seed-0", "channels": None, "latent_dim": 62, "categories": 3, "continuous": 2, "seeds": [0],
        "further_steps": 0, "lambda_category": 1.0, "lambda_continuous": 0.05, "gamma": 0.1, "augment": 0.3,
        "moved": 2.0, "warm_up": 3, "groups": 50, "lambda_real": 1.0, "lr": 5e-4,
    }  # fmt: skip
    folder = tmp_path / "old" / "seed-0"
    got = continued_with_old_names(train, f"{command} --name old", old, folder, monkeypatch, after)
    assert_equal(got, state(tmp_path / "whole" / "seed-0"))
