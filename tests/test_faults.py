"""kill -9 at any moment: afterwards the same command finishes, and what it makes is what it makes undisturbed.

Commands run as on a command line, but in forks of one process that has imported PyTorch already: most moments of a
short command would otherwise be those of its imports. A kill comes after a random time, or, since the dangerous
moments are short, right before a random one of the command's operations on files (opened to write, renamed, removed).
"""

import contextlib
import gzip
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hubs
import numpy as np
import pytest
import toys
from PIL import Image

from gen_models import cards
from gen_models.runtime import Model

pytestmark = pytest.mark.serial  # kills after a time that it has measured

NURSERY = """
import importlib, json, os, runpy, signal, sys, traceback

for module in json.loads(sys.argv[1]):
    importlib.import_module(module)
print("ready", flush=True)
child = 0
for line in sys.stdin:
    if child:
        os.waitpid(child, 0)  # only now: until its end was read, its number must stay its own, to be killed by
    task = json.loads(line)
    child = os.fork()
    if child:
        print(child, flush=True)
        end = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        print(end.si_status if end.si_code == os.CLD_EXITED else -end.si_status, flush=True)
        continue
    os.setpgid(0, 0)
    root, me, operations = task["root"], os.getpid(), 0
    log = os.open(root + "/../log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.update(task["environment"])
    os.chdir(root)

    def watch(event, about):
        global operations
        if event == "open":
            counts = isinstance(about[2], int) and about[2] & (os.O_WRONLY | os.O_RDWR)
        else:
            counts = event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir")
        if not counts or os.getpid() != me or not isinstance(about[0], (str, bytes, os.PathLike)):
            return
        if os.path.abspath(os.fsdecode(about[0])).startswith(root + "/"):
            operations += 1
            if operations == task["last"]:
                os.kill(me, signal.SIGKILL)

    code = 1
    try:
        exec(task["before"])
        sys.addaudithook(watch)
        sys.argv = [task["module"], *task["arguments"]]
        for name in (task["module"], task["module"] + ".__main__"):
            sys.modules.pop(name, None) if "." in name else None
        runpy.run_module(task["module"], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        traceback.print_exc()
    with open(root + "/../count.txt", "w") as file:
        file.write(str(operations))
    sys.stdout.flush()
    os._exit(code)
"""


class Nursery:
    """A process that forks one for each command."""

    def __init__(self, modules: list[str], **environment: str) -> None:
        command = [sys.executable, "-W", "ignore", "-c", NURSERY, json.dumps(modules)]
        self.process = subprocess.Popen(
            command,
            env=os.environ | {"PYTHONPATH": str(Path.cwd())} | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.line() == "ready"

    def line(self) -> str:
        """What it says next."""
        return self.process.stdout.readline().strip()

    def start(self, task: dict) -> int:
        """Begin a command; gives its process."""
        self.process.stdin.write(json.dumps(task) + "\n")
        self.process.stdin.flush()
        return int(self.line())

    def close(self) -> None:
        """End it."""
        self.process.stdin.close()
        self.process.wait(30)


@dataclass
class Command:
    """One command, and the folder that it runs in and writes to."""

    nursery: Nursery
    module: str
    arguments: list[str]
    root: Path
    before: str = ""
    """Python to run first: it makes sizes small."""
    environment: dict[str, str] = field(default_factory=dict)

    def finish(self) -> tuple[float, int]:
        """Run it to its end: seconds, and operations on files."""
        started = time.monotonic()
        self._start()
        assert self._end() == 0, self._said()
        return time.monotonic() - started, int((self.root.parent / "count.txt").read_text())

    def kill(self, rng: random.Random, seconds: float, operations: int) -> bool:
        """Start it and kill it; False if it was done before."""
        by_operation = rng.random() < 0.5
        process = self._start(rng.randint(1, operations) if by_operation else 0)
        if not by_operation:
            time.sleep(rng.uniform(0, seconds))
            os.kill(process, signal.SIGKILL)
        code = self._end()
        assert code in (0, -signal.SIGKILL), self._said()
        ended = time.monotonic() + 10
        while others := group(process):
            assert time.monotonic() < ended, f"{len(others)} processes of its own outlive it"
            time.sleep(0.02)
        return code != 0

    def _start(self, last: int = 0) -> int:
        return self.nursery.start(
            {
                "module": self.module,
                "arguments": self.arguments,
                "root": str(self.root),
                "before": self.before,
                "environment": self.environment,
                "last": last,
            }
        )

    def _end(self) -> int:
        return int(self.nursery.line())

    def _said(self) -> str:
        return (self.root.parent / "log.txt").read_text()[-3000:]


def group(leader: int) -> list[int]:
    """Processes of the group that `leader` began which are not done."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, pgrp = path.read_text().rpartition(")")[2].split()[:3]
            if int(pgrp) == leader and state not in "ZX":
                found.append(int(path.parent.name))
    return found


def disturb(
    command: Command,
    kills: int,
    fresh: Callable[[], None],
    look: Callable[[], None],
    result: Callable[[], dict[str, Any]],
    seed: int = 0,
) -> int:
    """Run a command undisturbed; then kill it up to five times in a row, `look` at what is there after each, let it
    finish and compare the result, again and again until it was killed `kills` times, which is given back.
    """
    rng, hit = random.Random(seed), 0
    fresh()
    size = command.finish()
    wanted = result()
    while hit < kills:
        fresh()
        for _ in range(min(5, kills - hit)):
            killed = command.kill(rng, *size)
            look()
            if not killed:
                break
            hit += 1
        command.finish()
        look()
        found = result()
        assert [name for name in wanted | found if wanted.get(name) != found.get(name)] == []
    return hit


def contents(folder: Path) -> dict[str, bytes]:
    """Every file under a folder, by its path in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def look_at_models(root: Path) -> None:
    """What passes for a model is one, and every picture is whole."""
    found, problems = cards.discover(root)
    assert problems == []
    for card in found:
        assert Model(card, root / card.name).check() is None
    for path in root.glob("[!.]*/[!.]*.png"):
        with Image.open(path) as picture:
            picture.load()


# ---------------------------------------------------------------------------------------------------------------------
# Training and export
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def torches():
    """Forks processes that have imported what trains."""
    pytest.importorskip("torch")
    modules = ["training.vae", "training.data.__main__", "torch.onnx", "onnxscript"]
    made = Nursery(
        modules, OMP_NUM_THREADS="1"
    )  # networks this small gain nothing by a second thread
    yield made
    made.close()


TIMED = ("seconds", "parts")
"""What a state says of the time that its run took: no two are equal."""


def disturb_training(
    nursery: Nursery, pictures: Path, tmp_path: Path, kills: int, seed: int = 0
) -> int:
    """Train, export and evaluate a VAE in seconds, and kill that."""
    import torch

    options = (
        f"--name toy --data folder:{pictures} --size 16 --channels 1 --latent-dim 2 --width 4 --batch 4 "
        "--steps 40 --save-every 7 --log-every 1 --accelerator cpu"
    )
    root = tmp_path / "work"
    command = Command(nursery, "training.vae", options.split(), root)
    run, exported = root / "runs" / "toy", root / "exported"

    def plain(state: Any) -> Any:
        if isinstance(state, torch.Tensor):
            return str(state.dtype), state.tolist()
        if isinstance(state, dict):
            return {key: plain(value) for key, value in state.items() if key not in TIMED}
        return [plain(each) for each in state] if isinstance(state, list | tuple) else state

    def state() -> Any:
        return plain(torch.load(run / "state.pt", weights_only=True))

    def look() -> None:
        look_at_models(exported)
        look_at_models(run.parent)  # the grids of samples lie one folder deeper
        for path in (run / "samples").glob("[!.]*.png"):
            with Image.open(path) as picture:
                picture.load()
        if (run / "state.pt").exists():
            state()

    def result() -> dict[str, Any]:
        files: dict[str, Any] = {
            name: content for name, content in contents(root).items() if "/tensorboard/" not in name
        }
        rows = files["runs/toy/log.jsonl"].splitlines()
        files["runs/toy/log.jsonl"] = [json.loads(row) | {"seconds": 0} for row in rows]
        files["runs/toy/state.pt"] = state()
        card = json.loads(files["exported/toy/card.json"])
        files["exported/toy/card.json"] = card | {"training": card["training"] | {"minutes": 0}}
        readme = files["exported/toy/README.md"].decode()
        files["exported/toy/README.md"] = re.sub(r"[0-9.]+ (minutes|seconds)", "", readme)
        return files

    return disturb(command, kills, lambda: clear(root), look, result, seed)


def clear(root: Path) -> None:
    """An empty folder."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()


@pytest.mark.train
def test_a_killed_training_goes_on_to_the_same_export(torches, picture_folder, tmp_path):
    assert disturb_training(torches, picture_folder, tmp_path, 2) == 2


# ---------------------------------------------------------------------------------------------------------------------
# Recipes
# ---------------------------------------------------------------------------------------------------------------------

DIGITS = """
from dataclasses import replace
from training.data import digits, torchvision_sets
digits.COUNT = 250
digits.INFO = replace(digits.INFO, sha256=os.environ["TOY_DIGITS"])
torchvision_sets.MNIST_INFO = replace(torchvision_sets.MNIST_INFO, sha256="")
"""
TOONS = """
from dataclasses import replace
from training.data import toons
toons.COUNT = 48
toons.INFO = replace(toons.INFO, sha256=os.environ["TOY_TOONS"])
"""


def disturb_digits(nursery: Nursery, tmp_path: Path, kills: int, seed: int = 0) -> int:
    """Build the digits from packed files in torchvision's layout, and kill that."""
    from training.data import common, digits

    root, rng = tmp_path / "work", np.random.default_rng(0)
    y = np.resize(np.arange(10), 300).astype(np.uint8)
    x = rng.integers(0, 256, (300, 28, 28), np.uint8)
    expected = common.sha256(*digits.canonical_order(x[:250], y[:250]))  # those for training

    def packed(array: np.ndarray) -> bytes:
        head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
        return gzip.compress(head + array.tobytes(), mtime=0)

    def fresh() -> None:
        clear(root)
        raw = root / "data" / "MNIST" / "raw"
        raw.mkdir(parents=True)
        for name, part in (("train", slice(0, 250)), ("t10k", slice(250, 300))):
            (raw / f"{name}-images-idx3-ubyte.gz").write_bytes(packed(x[part]))
            (raw / f"{name}-labels-idx1-ubyte.gz").write_bytes(packed(y[part]))

    def look() -> None:
        path = root / "data" / "digits.npz"
        if path.exists():
            with np.load(path) as file:
                assert common.sha256(*digits.canonical_order(file["x"], file["y"])) == expected

    def result() -> dict[str, bytes]:
        files = contents(root)
        assert "data/digits.npz" in files
        # What was being unpacked stays, beside what is read.
        return {name: files[name] for name in files if not name.startswith("data/.fetch-")}

    environment = {"TOY_DIGITS": expected}
    command = Command(nursery, "training.data", ["digits"], root, DIGITS, environment)
    return disturb(command, kills, fresh, look, result, seed)


def disturb_toons(nursery: Nursery, tmp_path: Path, kills: int, seed: int = 0) -> int:
    """Draw cartoons in as many processes as there are cores, and kill the one that started them."""
    from training.data import common, toons

    root = tmp_path / "work"
    _, _, expected = toons.build(48)

    def look() -> None:
        path = root / "data" / "toons.npz"
        if path.exists():
            with np.load(path) as file:
                meta = json.loads(str(file["meta"]))
                assert common.sha256(file["x"], file["factors"]) == meta["checksum"]

    def result() -> dict[str, bytes]:
        files = contents(root)
        assert list(files) == ["data/toons.npz"]
        return files

    environment = {"TOY_TOONS": expected}
    command = Command(nursery, "training.data", ["toons"], root, TOONS, environment)
    return disturb(command, kills, lambda: clear(root), look, result, seed)


@pytest.mark.train
def test_a_killed_recipe_builds_the_same_the_next_time(torches, tmp_path):
    assert disturb_digits(torches, tmp_path, 4) == 4


@pytest.mark.train
def test_a_killed_recipe_takes_its_processes_along(torches, tmp_path):
    assert disturb_toons(torches, tmp_path, 2) == 2


# ---------------------------------------------------------------------------------------------------------------------
# Downloads
# ---------------------------------------------------------------------------------------------------------------------


def disturb_pull(tmp_path: Path, kills: int, seed: int = 0) -> int:
    """Pull a model from a real download server in place of another, and kill that."""
    toys.heads(tmp_path / "made", "toy-heads", side=64)
    toys.heads(tmp_path / "other", "toy-heads", k=8)
    (tmp_path / "hub" / "models" / "me").mkdir(parents=True)
    repo = tmp_path / "hub" / "models" / "me" / "toy"
    shutil.copytree(tmp_path / "made" / "toy-heads", repo)
    hubs.commit(repo)
    root = tmp_path / "work"
    former = contents(tmp_path / "other" / "toy-heads")

    def fresh() -> None:
        clear(root)
        shutil.copytree(tmp_path / "other", root / "pulled")

    def look() -> None:
        look_at_models(root / "pulled")

    def result() -> dict[str, bytes]:
        assert [path.name for path in (root / "pulled").iterdir()] == ["toy-heads"]
        files = contents(root / "pulled" / "toy-heads")
        assert files != former
        return files

    with hubs.olah(tmp_path / "hub") as url:
        environment = {"HF_ENDPOINT": url, "HF_HOME": str(root / "hf"), "HF_HUB_OFFLINE": "0"}
        nursery = Nursery(["gen_models.hub"], HF_HUB_DISABLE_XET="1", HF_TOKEN="", **environment)
        try:
            arguments = ["pull", "me/toy", "--to", str(root / "pulled"), "--replace"]
            command = Command(nursery, "gen_models.hub", arguments, root)
            return disturb(command, kills, fresh, look, result, seed)
        finally:
            nursery.close()


def test_a_killed_download_leaves_the_former_model_or_the_new_one(tmp_path):
    assert disturb_pull(tmp_path, 4) == 4


# ---------------------------------------------------------------------------------------------------------------------
# Many
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.train
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_seventy_kills_change_nothing(torches, picture_folder, tmp_path):
    folders = [tmp_path / name for name in ("training", "digits", "toons", "pull")]
    for folder in folders:
        folder.mkdir()
    training, digits, toons, pull = folders
    hit = disturb_training(torches, picture_folder, training, 25, seed=1)
    hit += disturb_digits(torches, digits, 15, seed=2)
    hit += disturb_toons(torches, toons, 10, seed=3)
    hit += disturb_pull(pull, 20, seed=4)
    assert hit == 70
