"""What goes wrong around a training: damaged states, divergence, interruption, other data, another machine."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from torch import nn
from torch.optim import Adam

from gen_models.errors import UserError
from training import vae
from training.data import Images, Info
from training.engine import cli, export
from training.engine.gan_runs import load_gan
from training.engine.run import Diverged, Interrupted, Part, Run, RunConfig

DATA = Images(
    torch.arange(64, dtype=torch.uint8).view(16, 1, 2, 2), None, Info("toy", "", "", "", "a" * 64)
)


@pytest.fixture
def config(tmp_path):
    return RunConfig("toy", runs=tmp_path, steps=12, batch=2, save_every=100, accelerator="cpu")


def train(config, data=DATA, each_step=lambda run, net: None, samples=None):
    """A small run with all that pages do; `each_step` happens before the checkpoint."""
    run = Run(config)
    net = run.setup(nn.Linear(4, 4))
    optimizer = run.optimizer(Adam(net.parameters(), 0.1))
    state = {"net": net, "optimizer": optimizer}
    run.resume(**state)
    for x in run.batches(data):
        loss = (net(x.flatten(1) + torch.randn(len(x), 4)) - x.flatten(1)).square()
        optimizer.zero_grad()
        run.fabric.backward(loss.mean())
        optimizer.step()
        run.log(loss=loss)
        each_step(run, net)
        run.checkpoint(samples, **state)
    return run, net.module


def saved_step(config):
    return torch.load(config.folder / "state.pt", weights_only=True)["step"]


def at(step, action):
    return lambda run, net: action(net) if run.step == step else None


# a. Damaged states


@pytest.mark.parametrize("damage", ["empty", "cut off", "of something else", "zeros", "a folder"])
def test_a_damaged_state_is_named_with_what_to_do(config, damage):
    train(config)
    path = config.folder / "state.pt"
    content = path.read_bytes()
    if damage == "a folder":
        path.unlink()
        path.mkdir()
    elif damage == "of something else":
        torch.save({"net": 1}, path)
    else:
        kinds = {
            "empty": b"",
            "cut off": content[: len(content) // 2],
            "zeros": bytes(len(content)),
        }
        path.write_bytes(kinds[damage])
    with pytest.raises(UserError, match=r"state\.pt is damaged.*remove .*toy to begin") as raised:
        train(config)
    assert "\n" not in str(raised.value)


def test_a_damaged_config_of_a_run_is_named(config):
    train(config)
    (config.folder / "config.json").write_text('{"name": "to')
    with pytest.raises(UserError, match=r"config\.json is damaged"):
        train(config)


@pytest.mark.parametrize("part", ["state.pt", "config.json"])
@pytest.mark.parametrize("kept", [0, 100])
def test_a_damaged_gan_that_another_game_begins_with_is_named(tmp_path, part, kept):
    (tmp_path / "config.json").write_text(json.dumps({"width": 4, "latent_dim": 2}))
    torch.save({"ema": {}, "D": {}, "rest": torch.zeros(1000)}, tmp_path / "state.pt")
    content = (tmp_path / part).read_bytes()
    (tmp_path / part).write_bytes(content[: kept if part == "state.pt" else kept // 10])
    with pytest.raises(UserError, match=f"{part} is damaged"):
        load_gan(tmp_path, torch.Size((1, 16, 16)))


FAULTS = {
    "cannot be read: Permission denied": PermissionError(errno.EACCES, "Permission denied"),
    "cannot be read: Input/output error": OSError(errno.EIO, "Input/output error"),
}
"""What is said of a file that may be good, and the error."""


def failing(error):
    def load(*_, **__):
        raise error

    return load


@pytest.mark.parametrize("said", FAULTS)
def test_a_state_that_cannot_be_read_is_not_called_damaged(config, said, monkeypatch):
    train(config)
    run = Run(config)
    monkeypatch.setattr(run.fabric, "load", failing(FAULTS[said]))
    monkeypatch.setattr(torch, "load", failing(FAULTS[said]))
    with pytest.raises(UserError, match=rf"state\.pt {said}\.$"):
        run.resume()
    with pytest.raises(UserError, match=rf"state\.pt {said}\.$"):
        load_gan(config.folder, torch.Size((1, 16, 16)))
    monkeypatch.setattr(Path, "read_text", failing(FAULTS[said]))
    with pytest.raises(UserError, match=rf"config\.json {said}\.$"):
        Run(config)


def test_memory_that_does_not_suffice_is_no_damage(config, monkeypatch):
    train(config)
    run = Run(config)
    monkeypatch.setattr(run.fabric, "load", failing(torch.OutOfMemoryError("CUDA out of memory")))
    with pytest.raises(torch.OutOfMemoryError):
        run.resume()


# b. Divergence


def spoil(net):
    with torch.no_grad():
        net.module.weight[0, 0] = float("nan")


@pytest.mark.parametrize(
    ("options", "kept"),
    [({"save_every": 2}, 4), ({"save_every": 5}, 0), ({"save_minutes": 1e-9}, 4)],
)
def test_a_state_that_is_not_finite_is_not_saved_whatever_the_loss(config, options, kept):
    config = replace(config, log_every=100, **options)
    with pytest.raises(Diverged, match=r"diverged at step .* lower the learning rate") as raised:
        train(config, each_step=at(5, spoil))
    assert "\n" not in str(raised.value)
    state = config.folder / "state.pt"
    assert state.exists() == bool(kept)
    if kept:
        weights = torch.load(state, weights_only=True)["net"].values()
        assert saved_step(config) == kept
        assert all(tensor.isfinite().all() for tensor in weights)


def test_an_optimiser_that_is_not_finite_is_not_saved(config):
    run = Run(config)
    net = nn.Linear(2, 2)
    optimizer = Adam(net.parameters())
    net(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    optimizer.state[net.weight]["exp_avg_sq"][0] = float("inf")
    run.step = config.steps
    with pytest.raises(Diverged):
        run.checkpoint(net=net, optimizer=optimizer)


# c. Interruption


def interrupt(number):
    return lambda net: os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("step", [1, 7, 12])
def test_an_interrupted_run_saves_first_and_ends_bit_equal_to_a_straight_one(config, number, step):
    before = signal.getsignal(number)
    _, straight = train(replace(config, name="straight"))
    with pytest.raises(Interrupted, match=f"continues at step {step}") as raised:
        train(config, each_step=at(step, interrupt(number)))
    assert raised.value.number == number
    assert saved_step(config) == step
    assert signal.getsignal(number) is before
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    _, continued = train(config)
    for a, b in zip(straight.parameters(), continued.parameters(), strict=True):
        assert torch.equal(a, b)


def test_an_interruption_between_two_loops_is_noticed_in_the_next(config):
    """As between a warm-up and what follows: a signal after the last checkpoint of the first loop."""
    run = Run(config)
    for _ in run.batches(DATA, until=4):
        run.checkpoint()
        if run.step == 4:
            os.kill(os.getpid(), signal.SIGINT)

    def second():
        for _ in run.batches(DATA):
            run.checkpoint()

    with pytest.raises(Interrupted, match="continues at step 5"):
        second()
    assert saved_step(config) == 5


def test_a_second_interruption_does_not_wait_for_the_end_of_the_step(config):
    def twice(net):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        pytest.fail("went on")

    with pytest.raises(KeyboardInterrupt) as raised:
        train(config, each_step=at(3, twice))
    assert not isinstance(raised.value, Interrupted)


def test_a_loop_without_checkpoints_can_be_interrupted(config):
    run = Run(replace(config, steps=1000))

    def loop():
        for _ in run.batches(DATA):
            if run.step == 3:
                os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        loop()
    assert run.step < 20


def test_a_run_in_a_thread_of_its_own_trains_too(config):
    done = []
    thread = threading.Thread(target=lambda: done.append(train(config)[0].step))
    thread.start()
    thread.join()
    assert done == [12]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_command_line_says_where_it_continues_and_exits_as_shells_expect(
    config, number, status, monkeypatch, capsys
):
    monkeypatch.setattr(
        sys, "argv", ["train", "--name", "toy", "--runs", str(config.runs), "--steps", "12", "--exported",
                      str(config.runs), "--batch", "2", "--accelerator", "cpu"],
    )  # fmt: skip
    with pytest.raises(SystemExit) as ended:
        cli.run(lambda c: train(c, each_step=at(7, interrupt(number))), RunConfig)
    assert ended.value.code == status
    assert "the same command continues at step 7" in capsys.readouterr().err
    assert saved_step(config) == 7


def test_states_are_saved_by_time_too(config):
    seen = []

    def look(run, net):
        seen.append(saved_step(config) if (config.folder / "state.pt").exists() else 0)

    train(replace(config, save_minutes=1e-9), each_step=look)
    assert seen == list(range(12))


def test_first_samples_are_drawn_early(config):
    train(replace(config, steps=101), samples=lambda: torch.zeros(1, 1, 4, 4))
    drawn = sorted(int(path.stem) for path in (config.folder / "samples").iterdir())
    assert drawn == [1, 10, 100, 101]


RANKS = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from training.engine import cli
from training.engine.run import RunConfig
from test_run_faults import train
def slowly(run, net):
    (run.config.runs / f"rank{{run.rank}}").write_text(str(run.step))
    time.sleep(0.02)
cli.run(lambda c: train(c, each_step=slowly), RunConfig)
"""


def test_all_processes_of_a_run_agree_on_when_to_save_and_end(config, tmp_path):
    script = tmp_path / "ranks.py"
    script.write_text(RANKS.format(tests=str(Path(__file__).parent)))
    words = [sys.executable, str(script), "--name", "toy", "--runs", str(tmp_path), "--exported", str(tmp_path),
             "--steps", "2000", "--batch", "2", "--devices", "2", "--accelerator", "cpu"]  # fmt: skip
    env = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    process = subprocess.Popen(
        words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=env, text=True
    )
    rank, deadline = tmp_path / "rank1", time.monotonic() + 120
    while time.monotonic() < deadline and not (rank.exists() and int(rank.read_text() or 0) > 3):
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)  # to the main process alone
    _, said = process.communicate(timeout=60)
    step = saved_step(config)
    assert process.returncode == 143, said
    assert said.count(f"the same command continues at step {step}") == 1
    assert step % 10 == 0
    assert "Traceback" not in said


# d. A full disk


def test_a_full_disk_ends_in_a_sentence_and_leaves_the_old_state(config, monkeypatch):
    def full(path, state):
        path.write_bytes(b"half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    def fill(run, net):
        if run.step == 5:
            monkeypatch.setattr(run.fabric, "save", full)

    with pytest.raises(UserError, match="toy cannot be written: No space left on device"):
        train(replace(config, save_every=2), each_step=fill)
    assert saved_step(config) == 4
    assert not list(config.folder.glob("*.tmp"))


# e. Other data


def test_a_run_is_not_continued_on_other_data(config):
    other = Images(DATA.x, None, replace(DATA.info, sha256="b" * 64))
    train(config)
    train(config)
    with pytest.raises(UserError, match=r"other data.*give this one another --name"):
        train(config, other)
    with pytest.raises(UserError, match="other data"):
        train(replace(config, steps=20), other)
    assert saved_step(config) == 12


def test_a_run_of_other_options_is_refused_by_the_option_as_typed(tmp_path):
    folders = {"runs": tmp_path, "exported": tmp_path, "accelerator": "cpu"}
    first = vae.Config("v", latent_dim=2, **folders)
    Run(first)
    (first.folder / "state.pt").touch()
    with pytest.raises(UserError, match="v holds a run with --latent-dim 2, not --latent-dim 3: "):
        Run(vae.Config("v", latent_dim=3, **folders))
    with pytest.raises(UserError, match="holds a run with --no-binarize, not --binarize: "):
        Run(vae.Config("v", latent_dim=2, binarize=True, **folders))


def test_a_run_from_before_hashes_were_kept_is_continued(config):
    train(config)
    path = config.folder / "state.pt"
    state = torch.load(path, weights_only=True)
    for key in ("data", "parts"):
        del state[key]
    torch.save(state, path)
    run, _ = train(replace(config, steps=20))
    assert [part.images for part in run.parts] == [24, 16]


# j. Another machine


def test_parts_name_the_devices_a_run_really_had(config, monkeypatch):
    monkeypatch.setattr("training.engine.run.device_name", lambda device: "first machine")
    with pytest.raises(Interrupted):
        train(config, each_step=at(6, interrupt(signal.SIGINT)))
    monkeypatch.setattr("training.engine.run.device_name", lambda device: "second machine")
    train(config)
    monkeypatch.setattr("training.engine.run.device_name", lambda device: "the one that exports")
    run, _ = train(config)
    assert [(part.device, part.images) for part in run.parts] == [
        ("first machine", 12),
        ("second machine", 12),
    ]
    assert sum(part.seconds for part in run.parts) == pytest.approx(run.seconds)


def test_a_card_states_each_device_with_its_minutes():
    class Trained:
        def __init__(self, *parts):
            self.parts = parts

    a, b = Trained(Part("A", 60, 1), Part("B", 30, 1)), Trained(Part("A", 60, 1))
    assert export.trained_on([b]) == "A"
    assert export.trained_on([a, b]) == "A (2 min); B (0.5 min)"
