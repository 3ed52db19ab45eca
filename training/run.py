"""What every training run shares: device, seed, folder, log, checkpoint, samples. There is no loop in here.

Step k of a run depends on (seed, rank, k) alone: its batch comes from `EndlessBatches`, its noise from a generator
seeded by the three. So a run that was killed and started again equals one that was never interrupted, bit for bit,
and no two ranks draw the same noise.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict, dataclass, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import update_bn
from torch.utils.data import Dataset
from tqdm import tqdm

from gen_models.cards import write_atomically, written_whole
from training import cli
from training.data import Images, to_float
from training.torchvision_compat import torchvision


@dataclass(frozen=True)
class RunConfig:
    """Options that all algorithms share."""

    name: str
    """name of the run and of the exported model"""
    runs: Path = Path("runs")
    """folder of all runs; an unfinished run of this name in it is continued"""
    exported: Path = Path("exported")
    """folder of all exported models"""
    steps: int = 5_000
    """optimiser steps"""
    batch: int = 128
    """pictures per step and device"""
    seed: int = 0
    """seed of everything"""
    log_every: int = 100
    """steps between log lines"""
    save_every: int = 1_000
    """steps between checkpoints and sample grids"""
    accelerator: str = "auto"
    """cpu, cuda, mps or auto"""
    devices: int = 1
    """processes that share each step, one per device"""
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    """number format of the networks"""

    @property
    def folder(self) -> Path:
        """State, log and samples of this run."""
        return self.runs / self.name


class Diverged(cli.UserError):
    """A loss is no longer a finite number."""


class Run:
    """Fabric plus the run's folder. The loop stays on the algorithm's own page."""

    def __init__(self, config: RunConfig, fabric: Fabric | None = None) -> None:
        """Pass the Fabric of an earlier run of the same process: processes can be launched only once."""
        self.config = config
        self.fabric = fabric or Fabric(
            accelerator=config.accelerator, devices=config.devices, precision=config.precision
        )
        if fabric is None:
            self.fabric.launch()
        torch.manual_seed(config.seed)  # equal on all ranks: they build equal networks
        self.rank = self.fabric.global_rank
        self.is_main = self.fabric.is_global_zero
        self.step = 0
        self.seconds = 0.0
        """Training time, all continued parts of the run added up."""
        if self.is_main:
            _refuse_another_run(config)
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

    def batches(self, data: Dataset[Tensor]) -> Iterator[Tensor]:
        """Batches of pictures in [0, 1], (batch, c, h, w), on the device, until `config.steps`."""
        for index in self.indices(len(data)):  # pyright: ignore[reportArgumentType]
            yield to_float(self.fabric.to_device(data[index]))

    def indices(self, n: int) -> Iterator[list[int]]:
        """The same for what is more than pictures: indices of a data set of n, one list for each step."""
        c = self.config
        world = self.fabric.world_size
        self._bar = tqdm(
            total=c.steps * c.batch * world,
            initial=self.step * c.batch * world,
            unit=" images",
            unit_scale=True,
            desc=c.name,
            disable=not (self.is_main and sys.stderr.isatty()),
        )
        started, before = time.monotonic(), self.seconds
        for index in EndlessBatches(n, c.batch, c.seed, self.rank, world, self.step):
            if self.step >= c.steps:
                break
            torch.manual_seed(mix(c.seed, self.rank, self.step))
            self.step += 1
            yield index
            self.seconds = before + time.monotonic() - started
            self._bar.update(c.batch * world)
        self._bar.close()

    def log(self, **metrics: Tensor) -> None:
        """Every `log_every` steps: one line of log.jsonl, the batch mean of each metric."""
        if self.step % self.config.log_every and self.step != self.config.steps:
            return
        means = {name: float(value.detach().float().mean()) for name, value in metrics.items()}
        if not all(map(math.isfinite, means.values())):
            raise Diverged(
                f"the run diverged at step {self.step} ({means}): lower the learning rate."
            )
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

    def checkpoint(self, samples: Callable[[], Tensor] | None = None, **state: Any) -> None:
        """Every `save_every` steps and at the end: all that is needed to go on, and a grid of samples.

        `samples` returns pictures (n, c, h, w) in [0, 1] made from fixed inputs, so that grids of different steps
        can be compared. The old state stays until the new one is whole on disk.
        """
        if self.step % self.config.save_every and self.step != self.config.steps:
            return
        temporary = self.config.folder / "state.pt.tmp"
        self.fabric.save(temporary, {**state, "step": self.step, "seconds": self.seconds})
        if not self.is_main:
            return
        # Before the state takes its place: a run that goes on from there draws them no more.
        if samples is not None:
            folder = self.config.folder / "samples"
            folder.mkdir(exist_ok=True)
            with torch.no_grad(), written_whole(folder / f"{self.step:07d}.png") as file:
                torchvision.utils.save_image(samples(), file, format="png", nrow=10, padding=1)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(self.config.folder / "state.pt")

    def resume(self, **state: Any) -> None:
        """Continue from the folder's checkpoint, loaded in place; without one, start a fresh log."""
        path, log = self.config.folder / "state.pt", self.config.folder / "log.jsonl"
        rows = log.read_text().splitlines() if log.exists() else []
        if path.exists():
            rest = self.fabric.load(path, dict(state), strict=False, weights_only=True)
            self.step, self.seconds = rest["step"], rest["seconds"]
        if self.is_main and rows:  # lines after the checkpoint are about to be written again
            kept = [row for row in rows if _step_of(row) <= self.step]
            write_atomically(log, "".join(row + "\n" for row in kept).encode())


class EndlessBatches:
    """Batches of shuffled indices for ever, a new shuffle each epoch, from any starting step.

    Together the ranks walk each epoch once: rank r of w takes every w-th index.
    """

    def __init__(
        self, n: int, batch: int, seed: int, rank: int = 0, world: int = 1, start: int = 0
    ) -> None:
        self.n, self.batch, self.seed = n, batch, seed
        self.rank, self.world, self.start = rank, world, start

    def __iter__(self) -> Iterator[list[int]]:
        step, epoch, order = self.start, -1, np.empty(0, int)
        while True:
            positions = (np.arange(self.batch) + step * self.batch) * self.world + self.rank
            indices = []
            for position in positions.tolist():
                if position // self.n != epoch:
                    epoch = position // self.n
                    order = np.random.default_rng((self.seed, epoch)).permutation(self.n)
                indices.append(int(order[position % self.n]))
            yield indices
            step += 1


class Ema(nn.Module):
    """Exponential moving average of a network: what is sampled and exported."""

    def __init__(self, net: nn.Module, halflife: float) -> None:
        """`halflife` is in steps."""
        super().__init__()
        self.net = deepcopy(net).eval().requires_grad_(False)
        self.halflife = halflife

    @torch.no_grad()
    def update(self, net: nn.Module, step: int) -> None:
        """θ̄ ← decay θ̄ + (1 − decay) θ after step `step`, from 1 on. Buffers, which BatchNorm has, are copied.

        The half-life is a twentieth of the steps so far until it reaches its own value, so that an average over a
        short past does not hold on to the random start (Karras et al. 2020).
        """
        decay = 0.5 ** (1 / min(self.halflife, 0.05 * step))
        for mean, now in zip(self.net.parameters(), net.parameters(), strict=True):
            mean.lerp_(now, 1 - decay)
        for mean, now in zip(self.net.buffers(), net.buffers(), strict=True):
            mean.copy_(now)


def refit_batchnorm(net: nn.Module, inputs: Iterable[Tensor]) -> nn.Module:
    """The network with BatchNorm statistics taken anew over batches of inputs, in evaluation mode.

    An averaged network has other activations than the one that its copied statistics were taken from.
    """
    update_bn(inputs, net)  # type: ignore[arg-type]  # any iterable will do
    return net.eval()


def spread(data: Images, n: int) -> Tensor:
    """n pictures from all over a data set, in [0, 1]: the fixed ones that sample grids show."""
    return to_float(data.x[torch.linspace(0, len(data) - 1, n).long()])


@contextmanager
def evaluating(*nets: nn.Module) -> Iterator[tuple[nn.Module, ...]]:
    """The networks in evaluation mode, back in training mode afterwards."""
    for net in nets:
        net.eval()
    yield nets
    for net in nets:
        net.train()


def cosine(progress: float, warmup: float = 0.02) -> float:
    """Factor of the learning rate at `progress` in [0, 1]: up to 1 during `warmup`, then a half cosine to 0."""
    if progress < warmup:
        return progress / warmup
    return 0.5 * (1 + math.cos(math.pi * (progress - warmup) / (1 - warmup)))


def set_lr(optimizer: Optimizer, lr: float) -> None:
    """Set the learning rate of all parameter groups."""
    for group in optimizer.param_groups:
        group["lr"] = lr


def mix(*parts: int) -> int:
    """One 32-bit seed from several integers."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


MAY_CHANGE = (
    "runs",
    "exported",
    "steps",
    "log_every",
    "save_every",
    "accelerator",
    "devices",
    "precision",
)
"""Options that may differ when a run is continued."""


def _refuse_another_run(config: RunConfig) -> None:
    """A checkpoint is continued only by the run that wrote it, not by another one of the same name."""
    path = config.folder / "config.json"
    if not (config.folder / "state.pt").exists() or not path.exists():
        return
    usual = {option.name: option.default for option in fields(config)}  # options are added in time
    now, usual = (json.loads(json.dumps(each, default=str)) for each in (asdict(config), usual))
    before = json.loads(path.read_text())
    for key in now.keys() - set(MAY_CHANGE):
        if (held := before.get(key, usual[key])) != now[key]:
            raise cli.UserError(
                f"{config.folder} holds a run with {key} = {held}, not {now[key]}: "
                "give this one another --name, or remove that folder."
            )


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
