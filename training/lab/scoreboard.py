"""Every method of the lab by one protocol: modes covered and samples of high quality on ring and grid (lecture §5.5).

The protocol is that of PacGAN (Lin et al. 2018, section 4.1; `gen_models.numerics.lab.metrics`): a ring of 8 and a
grid of 25 Gaussians, 2,500 samples of G, 10 seeds. What is trained are the exported graphs, by onnxruntime and NumPy,
as visitors train them; the generator that is sampled is the moving average. All methods get the same networks, the
same number of steps, and learning rates that decay to 0 linearly; with R1, Roth's regulariser and instance noise, γ
and σ decay too, to the part that the card names. The other hyper-parameters are those of the cards, one choice for
both distributions; trials use seeds from 100 up, which are not among those reported.

With `--slow-d` D learns at a twentieth of the rate of G, on the ring: with these rates a plain GAN collapses, and what
guards against it can show that it does. Those numbers stand in the card beside the others.

With `--rejection-sampling` only samples that D accepts are measured (`Game.accepted`; Azadi et al. 2019), and those
numbers stand in the card beside the others, with a command of their own.

    python -m training.lab_scoreboard                                  (all methods: over an hour)
    python -m training.lab_scoreboard --names lab-r1
    python -m training.lab_scoreboard --slow-d --steps 3000 --seeds 3                  (all methods: ten minutes)
    python -m training.lab_scoreboard --names lab-r1 --first-seed 100 --seeds 2 --hyper in_gamma 0.01      (a trial)
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from gen_models import cards, model_readme
from gen_models.cards import Card, Metric
from gen_models.errors import UserError
from gen_models.families import FAMILIES, REJECTION, SLOW_D, label_of
from gen_models.families import MetricId as M
from gen_models.numerics.lab.distributions import DISTRIBUTIONS
from gen_models.numerics.lab.game import DECAYING, RATES, Diverged, Game
from gen_models.numerics.lab.game import SLOW_D as SLOW_RATES
from gen_models.numerics.lab.metrics import SAMPLES, coverage
from gen_models.runtime import Array, Model
from training.engine import cli
from training.schedules import delayed, exponential, linear_decay

DATA: tuple[Literal["ring", "grid"], ...] = ("ring", "grid")
DRAWS_PER_SAMPLE = 10
"""Samples drawn for each that is wanted: where D accepts a smaller share, fewer are left."""
STAIRS = 100
"""All that decays does so in so many stairs."""


@dataclass(frozen=True)
class Config:
    """What to measure."""

    names: tuple[str, ...] = ()
    """cards; none: all of the lab"""
    data: tuple[Literal["ring", "grid"], ...] = DATA
    """distributions"""
    steps: int = 10_000
    """steps of each training"""
    seeds: int = 10
    """trainings of each method on each distribution"""
    first_seed: int = 0
    """another than 0 is a trial: numbers are printed, not written"""
    hold: float = 0.0
    """share of a training in which γ and σ stay, before they decay: then more modes are found, and less precisely"""
    slow_d: bool = False
    """D learns at a twentieth of the rate of G, on the ring"""
    rejection_sampling: bool = False
    """measure the samples that D accepts, where it gives a probability (Azadi et al. 2019)"""
    hyper: dict[str, float] = field(default_factory=dict)
    """hyper-parameters that differ from the card's; a trial, too"""
    exported: Path = Path("exported")
    """folder of all exported models"""

    def check(self) -> None:
        """Refuse options that cannot be, before any training.

        Raises:
            UserError: the first of them, as a sentence.
        """
        cli.check_numbers(self)
        if self.slow_d and self.rejection_sampling:
            raise UserError("--slow-d and --rejection-sampling are two scoreboards: ask for one.")
        if not 0 <= self.hold < 1:
            raise UserError(f"--hold must be a share from 0 to below 1, not {self.hold:g}.")


class Result(NamedTuple):
    """What one training reached."""

    modes: int
    quality: float
    """Share of samples, 0 to 1."""
    kl: float
    """Of the modes' shares from equal ones, nats."""
    seconds: float
    """Seconds of one core, whatever else the machine did."""
    passed: float = 1.0
    """Share of G's samples that D accepts, if it was asked."""


def train(game: Game, steps: int, decay: float, hold: float = 0.0) -> None:
    """Train for so many steps: learning rates decay to 0 and, after the share `hold`, γ and σ to the part `decay`.

    Raises:
        Diverged: something was not finite.
    """
    full = dict(game.hyper)
    for stair in range(STAIRS):
        done = stair / STAIRS
        game.hyper |= {key: full[key] * linear_decay(done, 1.0) for key in RATES}
        decayed = exponential(1.0, decay, delayed(done, hold))
        game.hyper |= {key: full[key] * decayed for key in DECAYING if key in full}
        game.advance(steps * (stair + 1) // STAIRS - game.step)


def play(model: Model, data: str, seed: int, config: Config) -> Result:
    """Train from a seed and measure. A training that diverges covers nothing, as if all samples were one."""
    distribution, started = DISTRIBUTIONS[data], time.process_time()
    rates = SLOW_RATES if config.slow_d else {}
    game = Game(model, distribution, rates | config.hyper, seed)
    try:
        train(game, config.steps, game.facts.decay, config.hold)
    except Diverged:
        return Result(0, 0.0, math.log(number_of_modes(data)), time.process_time() - started)
    seconds = time.process_time() - started
    if config.rejection_sampling:
        x, accepted = accepted_samples(game)
    else:
        x, accepted = game.samples(SAMPLES, average=True), 1.0
    found = coverage(x, distribution)
    assert found is not None  # ring and grid have modes
    return Result(found.modes, found.quality, found.kl, seconds, accepted)


def number_of_modes(data: str) -> int:
    """8 of the ring, 25 of the grid."""
    return len(DISTRIBUTIONS[data].modes)  # pyright: ignore[reportArgumentType]


def accepted_samples(game: Game) -> tuple[Array, float]:
    """The first SAMPLES of G, the moving average, that D accepts, and the share that it does; fewer if D is strict."""
    x = game.samples(DRAWS_PER_SAMPLE * SAMPLES, average=True)
    passed = game.accepted(x)
    return x[passed][:SAMPLES], float(passed.mean())


def metrics(data: str, results: list[Result], config: Config, name: str) -> dict[str, Metric]:
    """The numbers of a method on one distribution, as its card keeps them."""
    command = f"python -m training.lab_scoreboard --names {name} --steps {config.steps}"
    if config.slow_d:
        command += " --slow-d"
    elif config.data != DATA:
        command += f" --data {' '.join(config.data)}"
    if config.seeds != Config.seeds:
        command += f" --seeds {config.seeds}"
    if config.hold:
        command += f" --hold {config.hold:g}"
    variant, passed = (SLOW_D if config.slow_d else data,), ""
    if config.rejection_sampling:
        variant, command = (data, REJECTION), f"{command} --rejection-sampling"
        shares = [100 * result.passed for result in results]
        passed = f", {np.mean(shares):.0f} % of samples passed"
    seeds = tuple(range(config.seeds))
    modes, quality, kl, seconds, _ = (
        np.array(column, float) for column in zip(*results, strict=True)
    )

    def metric(metric: M, value: float, note: str) -> Metric:
        unit = FAMILIES["lab"].metrics[metric].unit.format(total=number_of_modes(data))
        return Metric(round(float(value), 4), unit, SAMPLES, "", seeds, command, note)

    return {
        M.MODES.of(*variant): metric(
            M.MODES, modes.mean(), f"sd {modes.std():.1f}, worst {modes.min():.0f}"
        ),
        M.HIGH_QUALITY.of(*variant): metric(
            M.HIGH_QUALITY,
            100 * quality.mean(),
            f"sd {100 * quality.std():.1f}, worst {100 * quality.min():.1f}{passed}",
        ),
        M.MODE_KL.of(*variant): metric(
            M.MODE_KL, kl.mean(), f"sd {kl.std():.2f}, worst {kl.max():.2f}"
        ),
        M.SECONDS.of(*variant): metric(
            M.SECONDS, seconds.mean(), f"{config.steps:,} steps on one core, sd {seconds.std():.1f}"
        ),
    }


def scoreboard(card: Card, config: Config) -> None:
    """Train one method from all seeds on ring and grid, print it, and write it into the card."""
    folder = config.exported / card.name
    model, found = Model(card, folder), {}
    game = Game(model, DISTRIBUTIONS["ring"], {}, 0)
    if config.rejection_sampling and not game.gives_probability:
        raise UserError(
            f"--rejection-sampling needs a discriminator that gives probabilities; that of {card.name} does not."
        )
    for data in ("ring",) if config.slow_d else config.data:
        results = []
        for seed in range(config.first_seed, config.first_seed + config.seeds):
            results.append(play(model, data, seed, config))
            print(f"{card.name} {data} seed {seed}: {results[-1]}", flush=True)
        found |= metrics(data, results, config, card.name)
    for key, metric in found.items():
        print(
            f"{card.name}: {label_of(card.family, key)} = {metric.value:.4g} {metric.unit} ({metric.note})",
            flush=True,
        )
    if not config.first_seed and not config.hyper:
        card = cards.load(folder / "card.json")  # others may have written
        model_readme.save(card.with_metrics(found), folder)


def asked(names: tuple[str, ...], exported: Path) -> list[Card]:
    """The cards of these methods, or of all where none is named."""
    found = {card.name: card for card in cards.discover(exported)[0] if card.family == "lab"}
    for name in names:
        if name not in found:
            raise UserError(f"there is no method {name} in {exported}.")
    return [found[name] for name in names or found]


def main(config: Config) -> None:
    """Measure all methods that were asked for."""
    for card in asked(config.names, config.exported):
        scoreboard(card, config)


if __name__ == "__main__":
    cli.run(main, Config)
