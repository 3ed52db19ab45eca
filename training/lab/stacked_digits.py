"""Every method of the lab on stacked digits, where p_data has a thousand modes (lecture §5.5).

Three digits drawn at random are the channels of one colour image, and each triple of labels is a mode (Metz et al.
2017, section 3.3.1). Of 26,000 samples of G, a recogniser reads the three digits (Srivastava et al. 2017; Lin et al.
2018, section 4.2): how many of the 1,000 modes there are, and

    KL = Σ_k p_k log(1000 p_k)

over the modes' shares p_k, which is 0 where all are equally frequent.

The players are the lab's perceptrons, wider, and a point x is 3 · 10 numbers: each digit is its code by an autoencoder
(`ae-digits`), whose decoder draws what G makes, to be read by `features-digits`. So what is measured is which modes G
finds, and not its handwriting. The steps are exported as for the plane, to a folder that goes when they were measured.
As there, what is sampled is the moving average of G, learning rates fall to 0, and trials use seeds from 100 up.

    python -m training.lab_digits                       (all methods: over an hour)
    python -m training.lab_digits --names lab-r1
    python -m training.lab_digits --names lab-r1 --first-seed 100 --seeds 1 --hyper in_gamma 0.1      (a trial)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import torch

from gen_models import cards, files, model_readme
from gen_models.cards import Card, Metric, Sheet
from gen_models.families import FAMILIES, LabFacts, label_of
from gen_models.families import MetricId as M
from gen_models.numerics.lab.distributions import Distribution
from gen_models.numerics.lab.game import Diverged, Game
from gen_models.runtime import Array, Model
from training.data import load, to_float
from training.engine import cli
from training.engine.export import webp
from training.engine.measurement import in_batches
from training.lab import export as lab
from training.lab.methods import Sizes
from training.lab.scoreboard import asked, train

DIGITS, DIMENSIONS = 3, 10
"""How many digits a stack has, and how many dimensions the code of each."""
SIZES = Sizes(point=DIGITS * DIMENSIONS, width=128, init_gain=1)
MODES = 10**DIGITS
SAMPLES = 26_000
CODES, READER = "ae-digits", "features-digits"
SHEET, SHOWN, COLUMNS = "digits", 20, 10
"""Samples on a method's card."""


@dataclass(frozen=True)
class Config:
    """What to measure."""

    names: tuple[str, ...] = ()
    """cards; none: all of the lab"""
    steps: int = 10_000
    """steps of each training"""
    seeds: int = 5
    """trainings of each method"""
    first_seed: int = 0
    """another than 0 is a trial: numbers are printed, not written"""
    hyper: dict[str, float] = field(default_factory=dict)
    """hyper-parameters that differ from HYPER and the card's; a trial, too"""
    exported: Path = Path("exported")
    """folder of all exported models"""


DECAY = 1.0
"""γ and σ stay as they are: no mode is so small that they would hide it."""
HYPER = {"in_lr_g": 1e-3, "in_lr_d": 1e-3, "in_gamma": 1.0, "in_sigma": 0.3}
"""Hyper-parameters for digits instead of the card's; each method takes those that it has."""


class Score(NamedTuple):
    """What the protocol measures."""

    modes: int
    """Triples of digits that were found."""
    kl: float
    """The divergence in nats from the samples' modes to all equally frequent."""


def score(modes: Array) -> Score:
    """The protocol, on the mode of each sample, 0 to 999."""
    p = np.bincount(modes, minlength=MODES) / len(modes)
    found = p[p > 0]
    return Score(len(found), float((found * np.log(MODES * found)).sum()))


class Stacked:
    """Stacked digits as points: how they are drawn, what they look like, and how they are read.

    Args:
        exported: holds CODES and READER.
    """

    def __init__(self, exported: Path) -> None:
        self.coder, self.reader = (
            Model(cards.load(exported / name / "card.json"), exported / name)
            for name in (CODES, READER)
        )

    def codes(self, split: str) -> Array:
        """Codes of the digits of a split: (n, DIMENSIONS)."""
        x = to_float(load("digits", split).x).numpy()  # pyright: ignore[reportArgumentType]
        return in_batches(lambda b: self.coder(f"encoder_{DIMENSIONS}", x=b)["z"], x)

    @cached_property
    def distribution(self) -> Distribution:
        """p_data, of the training digits. One unit of the networks is the largest deviation of a number."""
        codes = self.codes("train")
        scale = float(codes.std(0).max())
        return Distribution("digits", "Stacked digits", drawn_from(codes), 0.0, 2 * scale, scale)

    @cached_property
    def real(self) -> Score:
        """The protocol on as many stacks of test digits: what a perfect G would reach."""
        return self.score(drawn_from(self.codes("test"))(np.random.default_rng(0), SAMPLES))

    def images(self, x: Array) -> Array:
        """Images in [0, 1] of points (n, DIGITS · DIMENSIONS): (n, DIGITS, h, w)."""
        z = x.reshape(-1, DIMENSIONS).astype(np.float32)
        images = in_batches(lambda b: self.coder(f"decoder_{DIMENSIONS}", z=b)["x"], z)
        return images.clip(0, 1).reshape(-1, DIGITS, *images.shape[2:])

    def score(self, x: Array) -> Score:
        """The protocol on points (n, DIGITS · DIMENSIONS)."""
        images = self.images(x)
        single = images.reshape(-1, 1, *images.shape[2:])
        y = in_batches(lambda b: self.reader("features", x=b)["y"], single).argmax(1)
        return score(y.reshape(-1, DIGITS) @ 10 ** np.arange(DIGITS))


def drawn_from(codes: Array) -> Callable[[np.random.Generator, int], Array]:
    """Places of a distribution: DIGITS rows of `codes` side by side, each drawn at random."""

    def place(rng: np.random.Generator, n: int) -> Array:
        return codes[rng.integers(len(codes), size=(n, DIGITS))].reshape(n, -1)

    return place


class Result(NamedTuple):
    """What one training reached."""

    score: Score
    seconds: float
    """Seconds of one core, whatever else the machine did."""
    game: Game


def play(model: Model, stacked: Stacked, seed: int, config: Config) -> Result:
    """Train from a seed and measure. A training that diverges covers nothing."""
    own = {
        name: value for name, value in HYPER.items() if name in model.card.facts_as(LabFacts).hyper
    }
    game = Game(model, stacked.distribution, own | config.hyper, seed)
    started = time.process_time()
    try:
        train(game, config.steps, DECAY)
    except Diverged:
        return Result(Score(0, float("inf")), time.process_time() - started, game)
    seconds = time.process_time() - started
    return Result(stacked.score(game.samples(SAMPLES, average=True)), seconds, game)


def metrics(results: list[Result], real: Score, config: Config, name: str) -> dict[str, Metric]:
    """The numbers of a method, as its card keeps them."""
    command = f"python -m training.lab_digits --names {name} --steps {config.steps}"
    if config.seeds != Config.seeds:
        command += f" --seeds {config.seeds}"
    seeds = tuple(range(config.seeds))
    modes, kl = (
        np.array(column, float) for column in zip(*(r.score for r in results), strict=True)
    )
    seconds = np.array([result.seconds for result in results])

    def metric(metric: M, value: float, note: str) -> Metric:
        unit = FAMILIES["lab"].metrics[metric].unit.format(total=MODES)
        return Metric(round(float(value), 4), unit, SAMPLES, "", seeds, command, note)

    return {
        M.MODES.of("digits"): metric(
            M.MODES, modes.mean(), f"sd {modes.std():.1f}, worst {modes.min():.0f}"
        ),
        M.MODE_KL.of("digits"): metric(
            M.MODE_KL,
            kl.mean(),
            f"sd {kl.std():.2f}, worst {kl.max():.2f}, test digits {real.kl:.2f}",
        ),
        M.SECONDS.of("digits"): metric(
            M.SECONDS, seconds.mean(), f"{config.steps:,} steps on one core, sd {seconds.std():.1f}"
        ),
    }


def sheet(stacked: Stacked, game: Game) -> tuple[Sheet, bytes]:
    """Some samples as an image, and its place on the card."""
    x = stacked.images(game.samples(SHOWN, average=True))
    rows, content = webp(torch.from_numpy(x), COLUMNS)
    return Sheet(f"{SHEET}.webp", rows, COLUMNS), content


def measure(card: Card, stacked: Stacked, config: Config) -> None:
    """Train one method from all seeds, print it, and write it into the card."""
    with TemporaryDirectory() as scratch:
        folder = lab.export_model(lab.Config(card.name, Path(scratch)), SIZES)
        model, results = Model(cards.load(folder / "card.json"), folder), []
        for seed in range(config.first_seed, config.first_seed + config.seeds):
            results.append(play(model, stacked, seed, config))
            print(f"{card.name} digits seed {seed}: {results[-1][:2]}", flush=True)
    found = metrics(results, stacked.real, config, card.name)
    for key, metric in found.items():
        print(
            f"{card.name}: {label_of(card.family, key)} = {metric.value:.4g} {metric.unit} ({metric.note})",
            flush=True,
        )
    if config.first_seed or config.hyper:
        return
    folder = config.exported / card.name
    shown, content = sheet(stacked, results[0].game)
    files.write_atomically(folder / shown.file, content)
    card = cards.load(folder / "card.json")  # others may have written meanwhile
    card = replace(card, sheets=card.sheets | {SHEET: shown}).with_metrics(found)
    model_readme.save(card, folder)


def main(config: Config) -> None:
    """Measure all methods that were asked for."""
    stacked = Stacked(config.exported)
    for card in asked(config.names, config.exported):
        measure(card, stacked, config)


if __name__ == "__main__":
    cli.run(main, Config)
