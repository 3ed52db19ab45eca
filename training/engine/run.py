"""What every training run shares: device, seed, folder, log, checkpoint, samples. There is no loop in here.

Step k of a run depends on (seed, rank, k) alone: its batch comes from `EndlessBatches`, its noise from a generator
seeded by the three. So a run that was killed and started again equals one that was never interrupted, bit for bit,
and no two ranks draw the same noise.

Ctrl-C and SIGTERM end a run at the next call of `checkpoint`, where its state is whole, and after it was saved. A state
that is not finite is never saved.
"""

from __future__ import annotations

import errno
import json
import math
import os
import platform
import re
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from importlib.util import find_spec
from pathlib import Path
from pickle import UnpicklingError
from types import FrameType
from typing import Any, Literal, NamedTuple, cast

import torch
from lightning_fabric import Fabric
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch import Tensor, nn
from torch.optim import Optimizer
from tqdm import tqdm

from gen_models import cards, without_paths
from gen_models.errors import UserError
from gen_models.files import write_atomically, written_whole
from training.data import Images, to_float
from training.data.torchvision_compat import torchvision
from training.engine import aliases, cli
from training.engine.batches import EndlessBatches, evenly_spaced_indices, mix


@dataclass(frozen=True)
class RunConfig:
    """Options that all algorithms share."""

    name: str
    """name of the run and of the exported model"""
    runs: Path = Path("runs")
    """folder of all runs; an unfinished run of this name in it is continued"""
    exported: Path = Path("exported")
    """folder of all exported models"""
    replace: bool = False
    """replace an exported model of this name that was trained with other options"""
    title: str = ""
    """what the card calls your own images, in place of their folder's name; of two sets: "A, B\""""
    licence: str = ""
    """licence of your own images, for the card"""
    steps: int = 5_000
    """optimiser steps"""
    batch: int = 128
    """images per step and device"""
    seed: int = 0
    """seed of everything"""
    log_every: int = 100
    """steps between log lines"""
    save_every: int = 1_000
    """steps between checkpoints and sample grids"""
    save_minutes: float = 5.0
    """longest time between checkpoints, whatever the steps"""
    accelerator: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """where the networks are trained"""
    devices: int = 1
    """processes that share each step, one per device"""
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    """number format of the networks"""

    @property
    def folder(self) -> Path:
        """State, log and samples of this run."""
        return self.runs / self.name

    def check(self) -> None:
        """Refuse options that no run can have, before anything is done with them.

        Raises:
            UserError: the first of them, as a sentence.
        """
        check_name(self.name)
        cli.check_numbers(self)
        _refuse_another_model(self)
        if self.accelerator == "cuda":
            found = torch.cuda.device_count() if torch.cuda.is_available() else 0
            if found < self.devices:
                raise UserError(
                    f"--accelerator cuda needs {self.devices} CUDA device(s), but this machine has {found}: "
                    "give --accelerator cpu, or fewer --devices."
                )
        if self.accelerator == "mps" and not torch.backends.mps.is_available():
            raise UserError("--accelerator mps needs a Mac with its GPU: give --accelerator cpu.")


NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,95}")
"""Names that a folder of a model may have, here and on the Hub."""


def check_name(name: str) -> None:
    """Refuse a name that would lead elsewhere, or that the app would not find."""
    if not NAME.fullmatch(name):
        raise UserError(
            f"--name must be a plain name of letters, digits, '-', '_' and '.', which begins with a letter or digit, "
            f"not {name!r}."
        )


class Diverged(UserError):
    """A loss, or a number in the state, is no longer finite."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM, after the state was saved."""

    def __init__(self, number: int, step: int) -> None:
        super().__init__(f"saved: the same command continues at step {step}")
        self.number = number
        """The number of the signal."""


class Part(NamedTuple):
    """What one process contributed to a run: a run that is continued, perhaps elsewhere, has several parts."""

    device: str
    seconds: float
    images: int


FIRST_GRIDS = (1, 10, 100)
"""Steps at which samples are drawn beside those of `save_every`: whether a run goes well is seen early."""
AGREE_EVERY = 10
"""Steps between two moments at which several processes ask each other whether to save."""


ESTIMATE_FROM, ESTIMATE_AT = 5, 20
"""Steps between which a step's time is taken for an estimate: the first ones are slower."""


def begin_message(config: RunConfig, device: torch.device, n: int, step: int) -> str:
    """Say what is trained where, and where what it makes will be."""
    data = f" of {config.data}" if hasattr(config, "data") else ""  # pyright: ignore[reportAttributeAccessIssue]
    kind = {"cuda": "CUDA, ", "mps": "", "cpu": "CPU, "}.get(device.type, "")
    return (
        f"{config.name}: {'continues at' if step else 'begins at'} step {step:,} of {config.steps:,} on "
        f"{kind}{device_name(device)}; {n:,} images{data}; samples in {config.folder / 'samples'}, state and log in "
        f"{config.folder}; Ctrl-C saves"
    )


def in_words(seconds: float) -> str:
    """Say about how long: "about 40 seconds", "about 12 minutes", "about 3.5 hours"."""
    if seconds < 90:
        return f"about {seconds:.0f} seconds"
    return (
        f"about {seconds / 60:.0f} minutes"
        if seconds < 5400
        else f"about {seconds / 3600:.1f} hours"
    )


class Run:
    """Fabric plus the run's folder. The loop stays on the algorithm's own page."""

    def __init__(self, config: RunConfig, fabric: Fabric | None = None) -> None:
        """Pass the Fabric of an earlier run of the same process: processes can be launched only once."""
        config.check()
        _refuse_another_run(config)  # on all ranks: one that went on alone would wait for ever
        self.config = config
        self.fabric = fabric or _launched(config)
        torch.manual_seed(config.seed)  # equal on all ranks: they build equal networks
        self.rank = self.fabric.global_rank
        self.is_main = self.fabric.is_global_zero
        self.step = 0
        self.seconds = 0.0
        """Training time, all continued parts of the run added up."""
        self._earlier: tuple[Part, ...] = ()
        self._began = (0, 0.0)
        """Step and seconds at which this process took over."""
        self._data = ""
        """SHA-256 of the data that the run was trained on so far, where it is known."""
        self._saved_at = time.monotonic()
        self._signal = 0
        """The signal that asks the run to end, if one came, and the step at which it came."""
        self._signal_step = 0
        self._told = False
        if self.is_main:
            config.folder.mkdir(parents=True, exist_ok=True)
            text = json.dumps(asdict(config), indent=2, default=str)
            write_atomically(config.folder / "config.json", text.encode())
        self._board = _tensorboard(config.folder) if self.is_main else None
        self._bar: tqdm[Any] | None = None

    def setup(self, net: nn.Module) -> Any:
        """The network on the run's device, in its precision, in step with the other ranks (a Fabric module).

        channels_last: without it bf16 convolutions on a CPU are several times slower.
        """
        net = net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        return self.fabric.setup_module(net)

    def optimizer(self, optimizer: Optimizer) -> Optimizer:
        """The optimiser as Fabric wants to step it (Fabric itself declares a union of types)."""
        return cast(Optimizer, self.fabric.setup_optimizers(optimizer))

    @property
    def progress(self) -> float:
        """How much of the run is done, in [0, 1]: what schedules are functions of."""
        return self.step / self.config.steps

    @property
    def parts(self) -> tuple[Part, ...]:
        """The devices that the run was trained on, in turn, each with its time and the images it saw."""
        step, seconds = self._began
        if self.step == step:
            return self._earlier
        images = (self.step - step) * self.config.batch * self.fabric.world_size
        return (
            *self._earlier,
            Part(device_name(self.fabric.device), self.seconds - seconds, images),
        )

    def batches(self, data: Images, until: int | None = None) -> Iterator[Tensor]:
        """Batches of images in [0, 1], (batch, c, h, w), on the device, up to step `until` or `config.steps`."""
        for index in self.indices(len(data), data.info.sha256, until):
            yield to_float(self.fabric.to_device(data[index]))

    def indices(self, n: int, sha256: str = "", until: int | None = None) -> Iterator[list[int]]:
        """The same for what is more than images: indices of a data set of n, one list for each step.

        Raises:
            UserError: the run was begun on data of another hash than `sha256`.
        """
        c = self.config
        if self._data and sha256 and self._data != sha256:
            raise UserError(
                f"{c.folder} holds a run that was trained on other data, or the data have changed: "
                "give this one another --name, or remove that folder."
            )
        self._data = sha256 or self._data
        last = c.steps if until is None else min(until, c.steps)
        if self.step >= last:
            return
        world = self.fabric.world_size
        self._bar = tqdm(
            total=c.steps * c.batch * world,
            initial=self.step * c.batch * world,
            unit=" images",
            unit_scale=True,
            desc=c.name,
            disable=not (self.is_main and sys.stderr.isatty()),
        )
        if self.is_main and not self._told:
            self._told = True
            self._tell(begin_message(c, self.fabric.device, n, self.step))
        started, before = time.monotonic(), self.seconds
        first, warm = self.step, (0, 0.0)
        self._saved_at = started
        with self._bar, self._listening():
            for index in EndlessBatches(n, c.batch, c.seed, self.rank, world, self.step):
                if self.step >= last:
                    break
                if self._signal and self.step > self._signal_step + AGREE_EVERY:
                    raise KeyboardInterrupt  # this loop has no checkpoints
                torch.manual_seed(mix(c.seed, self.rank, self.step))
                self.step += 1
                yield index
                self.seconds = before + time.monotonic() - started
                if self.step == first + ESTIMATE_FROM:
                    warm = self.step, self.seconds
                elif self.step == first + ESTIMATE_AT and self.is_main:
                    each = (self.seconds - warm[1]) / (self.step - warm[0])
                    self._tell(f"{c.name}: {in_words(each * (last - self.step))} to go")
                self._bar.update(c.batch * world)
            if self._signal and self.step == c.steps:  # it came after the last checkpoint
                raise Interrupted(self._signal, self.step)

    def _tell(self, sentence: str) -> None:
        """Print a sentence above the bar."""
        if self._bar is not None and not self._bar.disable:
            self._bar.write(sentence, file=sys.stderr)
        else:
            print(sentence, flush=True)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Within: the first Ctrl-C or SIGTERM is noted for `checkpoint`, another one ends the process at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def note(number: int, _: FrameType | None) -> None:
            if self._signal:
                raise KeyboardInterrupt
            self._signal, self._signal_step = number, self.step

        before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def log(self, **metrics: Tensor) -> None:
        """Every `log_every` steps: one line of log.jsonl, the mean of each metric over the batches of all ranks."""
        if self.step % self.config.log_every and self.step != self.config.steps:
            return
        values = torch.stack(
            [value.detach().float().mean().to(self.fabric.device) for value in metrics.values()]
        )
        if self.fabric.world_size > 1:
            # All ranks then see that a run diverged, and end together.
            values = cast(Tensor, self.fabric.all_reduce(values, reduce_op="mean"))
        means = dict(zip(metrics, values.tolist(), strict=True))
        if not all(map(math.isfinite, means.values())):
            raise Diverged(self._diverged(", ".join(f"{k} = {v:.4g}" for k, v in means.items())))
        if not self.is_main:
            return
        row = {"step": self.step, "seconds": round(self.seconds, 1)}
        row |= {name: round(value, 5) for name, value in means.items()}
        with (self.config.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")
        if self._bar is not None and not self._bar.disable:
            self._bar.set_postfix({name: f"{value:.4g}" for name, value in means.items()})
        else:
            print(f"{self.config.name}: " + json.dumps(row), flush=True)
        if self._board is not None:
            for name, value in means.items():
                self._board.add_scalar(name, value, self.step)

    def rows(self) -> list[dict[str, float]]:
        """What was logged so far, a row each time."""
        path = self.config.folder / "log.jsonl"
        return [json.loads(row) for row in path.read_text().splitlines()] if path.exists() else []

    def _diverged(self, what: str) -> str:
        return (
            f"the run diverged at step {self.step} ({what}): lower the learning rate, and give another --name or "
            f"remove {self.config.folder}."
        )

    def checkpoint(self, samples: Callable[[], Tensor] | None = None, **state: Any) -> None:
        """Save all that is needed to go on, and draw a grid of samples, where it is time for them.

        A state is saved every `save_every` steps, after `save_minutes`, at the end, and before an interruption;
        samples are drawn every `save_every` steps, at the end, and at the FIRST_GRIDS. `samples` returns images
        (n, c, h, w) in [0, 1] made from fixed inputs, so that grids of different steps can be compared. The old
        state stays until the new one is whole on disk.

        Raises:
            Diverged: a number in the state is not finite; the old state stays.
            Interrupted: Ctrl-C or SIGTERM came during the step, and the state is saved.
        """
        regular = self.step % self.config.save_every == 0 or self.step == self.config.steps
        number, overdue = self._wishes()
        saving = regular or overdue or number != 0
        if saving and not self._agree_on(all(map(_is_finite, state.values()))):
            raise Diverged(self._diverged("its weights are not finite"))
        try:
            # Before the state takes its place: a run that goes on from there draws them no more.
            if self.is_main and samples is not None and (regular or self.step in FIRST_GRIDS):
                self._draw(samples)
            if saving:
                self._save(state)
        except OSError as error:
            (self.config.folder / "state.pt.tmp").unlink(
                missing_ok=True
            )  # it may have filled the disk
            raise UserError(
                f"{self.config.folder} cannot be written: {error.strerror or error}; the last checkpoint is intact."
            ) from error
        if number:
            raise Interrupted(number, self.step)

    def _wishes(self) -> tuple[int, bool]:
        """The signal to end by, or 0, and whether it is long since the last save. All ranks get the same answer."""
        overdue = time.monotonic() - self._saved_at > 60 * self.config.save_minutes
        if self.fabric.world_size == 1:
            return self._signal, overdue
        if self.step % AGREE_EVERY:
            return 0, False
        wishes = torch.tensor([float(self._signal), float(overdue)])
        number, late = cast(Tensor, self.fabric.all_reduce(wishes, reduce_op="max")).tolist()
        return int(number), late > 0

    def _agree_on(self, fine: bool) -> bool:
        """Tell whether something is so on all ranks."""
        if self.fabric.world_size == 1:
            return fine
        return bool(self.fabric.all_reduce(torch.tensor(float(fine)), reduce_op="min"))

    def _draw(self, samples: Callable[[], Tensor]) -> None:
        folder = self.config.folder / "samples"
        folder.mkdir(exist_ok=True)
        with torch.no_grad(), written_whole(folder / f"{self.step:07d}.png") as file:
            torchvision.utils.save_image(samples(), file, format="png", nrow=10, padding=1)

    def _save(self, state: dict[str, Any]) -> None:
        temporary = self.config.folder / "state.pt.tmp"
        facts = {"step": self.step, "seconds": self.seconds, "data": self._data}
        facts["parts"] = [tuple(part) for part in self.parts]
        self.fabric.save(temporary, {**state, **facts})
        self._saved_at = time.monotonic()
        if self.is_main:
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            temporary.replace(self.config.folder / "state.pt")

    def resume(self, **state: Any) -> None:
        """Continue from the folder's checkpoint, loaded in place; without one, start a fresh log.

        Raises:
            UserError: the checkpoint is damaged, of other networks, or cannot be read.
        """
        path, log = self.config.folder / "state.pt", self.config.folder / "log.jsonl"
        rows = log.read_text(errors="replace").splitlines() if log.exists() else []
        if path.exists():
            anew = f"remove {self.config.folder} to begin the run anew"
            with reading(path, f"{path} is damaged, or of another version: {anew}."):
                rest = self.fabric.load(path, dict(state), strict=False, weights_only=True)
                self.step, self.seconds = rest["step"], rest["seconds"]
            self._data = rest.get("data", "")
            images = self.step * self.config.batch * self.fabric.world_size
            here = Part(device_name(self.fabric.device), self.seconds, images)
            # States had no parts once: those runs were trained where they are exported, as far as anyone knows.
            self._earlier = tuple(Part(*part) for part in rest.get("parts", [here]))
            self._began = (self.step, self.seconds)
        if self.is_main and rows:  # lines after the checkpoint are about to be written again
            kept = [row for row in rows if _step_of(row) <= self.step]
            write_atomically(log, "".join(row + "\n" for row in kept).encode())


DAMAGED = (EOFError, RuntimeError, ValueError, KeyError, TypeError, UnpicklingError)
"""What torch and JSON raise for a file that is empty, cut off or of something else."""
DAMAGED_NUMBERS = (None, errno.EINVAL, errno.EISDIR)
"""The numbers of an OSError that says the same. With any other, of a disk or of permissions, the file may be good."""


@contextmanager
def reading(path: Path, damaged: str) -> Iterator[None]:
    """Within: a file of a run is read, and what goes wrong is said in a sentence: that it is `damaged`, or why not.

    A file that is not there, and a device that is out of memory or fails, are for others to say.

    Raises:
        UserError: `damaged`, or that the file cannot be read.
    """
    try:
        yield
    except (FileNotFoundError, torch.OutOfMemoryError, torch.AcceleratorError):
        raise
    except OSError as error:
        if error.errno in DAMAGED_NUMBERS:
            raise UserError(damaged) from error
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    except DAMAGED as error:
        raise UserError(damaged) from error


def _launched(config: RunConfig) -> Fabric:
    """Fabric on the devices that a run asks for, its processes started."""
    try:
        fabric = Fabric(
            accelerator=config.accelerator, devices=config.devices, precision=config.precision
        )
    except (MisconfigurationException, RuntimeError, ValueError) as error:
        raise UserError(
            f"--accelerator {config.accelerator} --devices {config.devices} --precision {config.precision} "
            "is not available on this machine: use --accelerator cpu --precision 32-true."
        ) from error
    fabric.launch()
    return fabric


def device_name(device: torch.device) -> str:
    """The name of a device of this machine, as a card states it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return "Apple MPS"
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = lines[0].partition(":")[2].strip() if lines else cpu
    return f"{cpu}, {torch.get_num_threads()} thread(s)"


def _is_finite(part: Any) -> bool:
    """Tell whether all numbers of a network or an optimiser are finite."""
    if isinstance(part, dict):
        return all(map(_is_finite, part.values()))
    if isinstance(part, list | tuple):
        return all(map(_is_finite, part))
    if isinstance(part, Tensor):
        return bool(part.isfinite().all())
    return _is_finite(part.state_dict()) if hasattr(part, "state_dict") else True


def evenly_spaced(data: Images, n: int) -> Tensor:
    """n images from all over a data set, in [0, 1]: the fixed ones that sample grids show."""
    return to_float(data.x[evenly_spaced_indices(len(data), n)])


def set_lr(optimizer: Optimizer, lr: float) -> None:
    """Set the learning rate of all parameter groups."""
    for group in optimizer.param_groups:
        group["lr"] = lr


MAY_CHANGE = (
    "name",  # each folder of a run is of one name, and older ones of several sizes called it otherwise
    "runs",
    "exported",
    "replace",
    "title",
    "licence",
    "steps",
    "log_every",
    "save_every",
    "save_minutes",
    "accelerator",
    "devices",
    "precision",
)
"""Options that may differ when a run is continued."""


def _refuse_another_run(config: RunConfig) -> None:
    """A checkpoint is continued only by the run that wrote it, not by another one of the same name.

    Where images lie may change, for a run may have been begun on another machine; their hash tells whether they did.
    """
    path = config.folder / "config.json"
    if not (config.folder / "state.pt").exists() or not path.exists():
        return
    defaults = {
        option.name: option.default for option in fields(config)
    }  # options are added in time
    now, defaults = (
        json.loads(json.dumps(each, default=str)) for each in (asdict(config), defaults)
    )
    with reading(path, f"{path} is damaged: remove {config.folder} to begin anew."):
        before = aliases.current_options(type(config), dict(json.loads(path.read_text())))
    now, before = (without_paths.options_without_paths(each) for each in (now, before))
    for key in now.keys() - set(MAY_CHANGE):
        if (held := before.get(key, defaults[key])) != now[key]:
            there, here = (shlex.join(cli.typed(key, value)) for value in (held, now[key]))
            raise UserError(
                f"{config.folder} holds a run with {there}, not {here}: "
                "give this one another --name, or remove that folder."
            )


def _refuse_another_model(config: RunConfig) -> None:
    """An exported model is replaced by one of the same options, and by another only if that is asked for."""
    path = config.exported / config.name / "card.json"
    if config.replace or not path.exists():
        return
    there = f"{path.parent} holds another model"
    remedy = "give this one another --name, or replace that with --replace."
    module = aliases.module_of(type(config))
    try:
        card = cards.load(path)
        words = shlex.split(card.training.command)
        if module != aliases.page(words[2], words[3:]):
            raise UserError(f"{there}, made by {words[2]}: {remedy}")
        before = aliases.current_options(type(config), card.config)
    except (cards.CardError, ValueError, IndexError) as error:
        raise UserError(f"{there}, whose card cannot be read: {remedy}") from error
    defaults = {option.name: option.default for option in fields(config)}
    options, defaults = (
        {key: json.loads(json.dumps(value, default=str)) for key, value in each.items()}
        for each in (asdict(config), defaults)
    )
    now = without_paths.options_without_paths(options)
    free = set(MAY_CHANGE) | ({"seed"} if hasattr(config, "seeds") else set())
    if next(config.folder.rglob("state.pt"), None) is None:
        free.remove("steps")  # they may change where a run is continued, and here none is
    for key in sorted(now.keys() - free):
        if (held := before.get(key, defaults[key])) != now[key]:
            given, here = (shlex.join(cli.typed(key, value)) for value in (held, now[key]))
            raise UserError(f"{there}, trained with {given}, not {here}: {remedy}")


def _step_of(row: str) -> int:
    try:
        return json.loads(row)["step"]
    except (ValueError, KeyError):  # a line cut off by a kill
        return sys.maxsize


def _tensorboard(folder: Path) -> Any:
    if find_spec("tensorboard") is None:
        return None
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder / "tensorboard"))
