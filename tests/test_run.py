import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from torch import nn

from gen_models.errors import UserError
from training.data import Images, Info
from training.engine.batches import EndlessBatches, evenly_spaced_indices, mix
from training.engine.networks import Ema, recalibrate_batchnorm
from training.engine.run import Diverged, Run, RunConfig, in_words


def test_how_long_a_run_will_take_is_said_after_20_steps(tmp_path, capsys):
    config = RunConfig("r", runs=tmp_path, steps=25, batch=2, log_every=100, accelerator="cpu")
    for _ in Run(config).indices(10):
        pass
    said = capsys.readouterr().out.splitlines()
    assert [line.split(" on ")[0] for line in said] == [
        "r: begins at step 0 of 25",
        "r: about 0 seconds to go",
    ]
    assert [in_words(s) for s in (40, 700, 9000)] == [
        "about 40 seconds", "about 12 minutes", "about 2.5 hours",
    ]  # fmt: skip


def batches(count, **options):
    return list(islice(EndlessBatches(**options), count))


def test_an_epoch_shows_each_picture_once_and_the_next_in_another_order():
    epochs = [
        list(chain(*part))
        for part in (batches(10, n=20, batch=4, seed=0)[:5], batches(10, n=20, batch=4, seed=0)[5:])
    ]
    assert [sorted(epoch) for epoch in epochs] == [list(range(20))] * 2
    assert epochs[0] != epochs[1]


def test_batches_from_step_k_are_those_of_a_run_that_began_at_0():
    assert batches(12, n=10, batch=3, seed=1)[7:] == batches(5, n=10, batch=3, seed=1, start=7)


def test_ranks_share_an_epoch_without_overlap():
    parts = [list(chain(*batches(5, n=20, batch=2, seed=0, rank=r, world=2))) for r in (0, 1)]
    assert sorted(parts[0] + parts[1]) == list(range(20))


def test_seeds_of_ranks_and_steps_differ():
    assert len({mix(0, rank, step) for rank in range(4) for step in range(100)}) == 400


def test_the_average_copies_batchnorm_statistics():
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    ema = Ema(net, halflife=1)
    before = net[0].weight.detach().clone()
    net(torch.randn(8, 2))
    with torch.no_grad():
        net[0].weight += 1
    ema.update(net, step=1000)
    torch.testing.assert_close(ema.net[0].weight, before + 0.5)
    assert torch.equal(ema.net[1].running_mean, net[1].running_mean)


def test_the_average_forgets_the_start_within_a_twentieth_of_the_steps():
    net = nn.Linear(1, 1, bias=False)
    ema = Ema(net, halflife=1000)
    before = net.weight.detach().clone()
    with torch.no_grad():
        net.weight += 1
    ema.update(net, step=20)  # a twentieth of 20 steps is one: the half-life of this update
    torch.testing.assert_close(ema.net.weight, before + 0.5)


def test_batchnorm_is_refitted_to_what_the_network_now_sees():
    net = nn.Sequential(nn.BatchNorm1d(1))
    net[0].running_mean.fill_(9)
    recalibrate_batchnorm(net, [torch.full((4, 1), 2.0), torch.full((4, 1), 4.0)])
    assert net[0].running_mean.item() == pytest.approx(3)
    assert not net.training


def test_a_run_that_diverges_says_so_in_one_sentence(tmp_path):
    run = Run(RunConfig("toy", runs=tmp_path, log_every=1, accelerator="cpu"))
    with pytest.raises(Diverged, match="lower the learning rate"):
        run.log(loss=torch.tensor(float("nan")))


def test_samples_are_drawn_and_state_is_whole_after_a_checkpoint(tmp_path):
    config = RunConfig("toy", runs=tmp_path, steps=2, batch=2, save_every=1, accelerator="cpu")
    data = Images(torch.zeros(4, 1, 8, 8, dtype=torch.uint8), None, Info("toy", "", "", "", ""))
    run = Run(config)
    for x in run.batches(data):
        run.checkpoint(lambda x=x: x, marker=7)
    assert sorted(p.name for p in (config.folder / "samples").iterdir()) == [
        "0000001.png",
        "0000002.png",
    ]
    again = Run(config)
    again.resume()
    assert (again.step, again.seconds) == (2, pytest.approx(run.seconds, abs=1))
    assert not list(config.folder.glob("*.tmp"))


def test_a_run_is_not_continued_with_other_options(tmp_path):
    config = RunConfig("toy", runs=tmp_path, accelerator="cpu")
    Run(config)
    Run(replace(config, seed=1))  # nothing to continue yet
    (config.folder / "state.pt").touch()
    Run(replace(config, seed=1, steps=7))
    with pytest.raises(UserError, match="--seed 1, not --seed 2: give this one another --name"):
        Run(replace(config, seed=2))


TRAIN = [sys.executable, "-m", "training.vae", "--data", "folder:{data}", "--size", "16", "--channels", "1",
         "--latent-dim", "2", "--width", "4", "--batch", "4", "--steps", "40", "--save-every", "7", "--log-every", "1",
         "--accelerator", "cpu", "--exported", "{tmp}/exported"]  # fmt: skip


def test_a_run_is_continued_though_options_have_been_added_since(tmp_path):
    @dataclass(frozen=True)
    class Later(RunConfig):
        attributes: tuple[str, ...] = ()

    Run(RunConfig("toy", runs=tmp_path, accelerator="cpu"))
    (tmp_path / "toy" / "state.pt").touch()
    Run(Later("toy", runs=tmp_path, accelerator="cpu"))
    with pytest.raises(UserError, match="attributes"):
        Run(Later("toy", runs=tmp_path, accelerator="cpu", attributes=("smile",)))


def train_command(tmp_path, data, *more):
    return [word.format(tmp=tmp_path, data=data) for word in TRAIN] + list(more)


def weights(path):
    state = torch.load(path, weights_only=True)
    return {
        **{f"E.{k}": v for k, v in state["encoder"].items()},
        **{f"D.{k}": v for k, v in state["decoder"].items()},
    }


def test_a_killed_run_ends_bit_equal_to_an_uninterrupted_one(tmp_path, picture_folder):
    straight = train_command(
        tmp_path, picture_folder, "--name", "straight", "--runs", str(tmp_path)
    )
    subprocess.run(straight, check=True, capture_output=True)

    killed = train_command(tmp_path, picture_folder, "--name", "killed", "--runs", str(tmp_path))
    process = subprocess.Popen(killed, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    log, deadline = tmp_path / "killed" / "log.jsonl", time.monotonic() + 60
    while time.monotonic() < deadline and not (
        log.exists() and len(log.read_text().splitlines()) >= 17
    ):
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    steps_done = len(log.read_text().splitlines())
    assert 17 <= steps_done < 40, "the run must be killed in the middle"

    subprocess.run(killed, check=True, capture_output=True)
    a, b = weights(tmp_path / "straight" / "state.pt"), weights(tmp_path / "killed" / "state.pt")
    assert a.keys() == b.keys()
    assert all(torch.equal(a[key], b[key]) for key in a)
    steps = [json.loads(row)["step"] for row in log.read_text().splitlines()]
    assert steps == list(range(1, 41))


def test_two_processes_train_together_draw_different_noise_and_rank_0_exports(
    tmp_path, picture_folder
):
    script = tmp_path / "ranks.py"
    script.write_text(
        "import sys, torch\n"
        "from pathlib import Path\n"
        "from training.data import load\n"
        "from training.engine.run import Run, RunConfig\n"
        "run = Run(RunConfig('r', runs=Path(sys.argv[1]), steps=1, batch=2, devices=2, accelerator='cpu'))\n"
        "data = load('folder:' + sys.argv[2], 'train', size=16, channels=1)\n"
        "for x in run.batches(data):\n"
        "    both = run.fabric.all_gather(torch.randn(4))\n"
        "    assert not torch.equal(both[0], both[1])\n"
        "    (Path(sys.argv[1]) / f'rank{run.rank}').touch()\n"
    )
    env = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    subprocess.run(
        [sys.executable, str(script), str(tmp_path), str(picture_folder)],
        check=True,
        env=env,
        timeout=120,
    )
    assert {p.name for p in tmp_path.glob("rank?")} == {"rank0", "rank1"}

    command = train_command(
        tmp_path, picture_folder, "--name", "two", "--runs", str(tmp_path), "--devices", "2"
    )
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    card = json.loads((tmp_path / "exported" / "two" / "card.json").read_text())
    assert card["training"]["images"] == 40 * 4 * 2


@pytest.mark.parametrize(
    ("n", "k", "indices"), [(5, 3, [0, 2, 4]), (5, 1, [0]), (2, 3, [0, 0, 1]), (3, 3, [0, 1, 2])]
)
def test_evenly_spaced_indices_begin_and_end_with_the_first_and_the_last(n, k, indices):
    assert evenly_spaced_indices(n, k) == indices
