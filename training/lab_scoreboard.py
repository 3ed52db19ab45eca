"""Every method of the lab by one protocol: modes covered and samples of high quality on ring and grid (lecture §5.5).

The protocol is that of PacGAN (Lin et al. 2018, section 4.1; `gen_models.lab.metrics`): a ring of 8 and a grid of 25
Gaussians, 2,500 samples of G, 10 seeds. What is trained are the exported graphs, by onnxruntime and NumPy, as visitors
train them; the generator that is sampled is the moving average. All methods get the same networks, the same number of
steps, and learning rates that fall to 0 in a straight line; with R1, Roth's regulariser and instance noise, γ and σ
fall too, to the part that the card names. The other hyper-parameters are those of the cards, one choice for both
distributions; trials use seeds from 100 up, which are not among those reported.

With `--accept` only samples that D lets pass are measured (`Game.accepted`; Azadi et al. 2019), and those numbers stand
in the card beside the others, with a command of their own.

    python -m training.lab_scoreboard                                  (all methods: over an hour)
    python -m training.lab_scoreboard --names lab-r1
    python -m training.lab_scoreboard --names lab-r1 --first-seed 100 --seeds 2 --hyper in_gamma 0.01      (a trial)
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from gen_models import cards
from gen_models.cards import Card, Metric
from gen_models.lab.distributions import DISTRIBUTIONS
from gen_models.lab.game import RATES, Diverged, Game
from gen_models.lab.metrics import PASSED, SAMPLES, coverage
from gen_models.runtime import Array, Model
from training import cli

DATA: tuple[Literal["ring", "grid"], ...] = ("ring", "grid")
FALLING = ("in_gamma", "in_sigma")
"""Where the card says how far."""
STRICTEST = 10
"""A D that lets fewer than one in so many pass is left with fewer samples."""
PIECES = 100
"""All that falls does so in so many stairs."""


@dataclass(frozen=True)
class Config:
    """What to measure."""

    names: tuple[str, ...] = ()
    """cards (default: all of the lab)"""
    data: tuple[Literal["ring", "grid"], ...] = DATA
    """distributions"""
    steps: int = 10_000
    """steps of each training"""
    seeds: int = 10
    """trainings of each method on each distribution"""
    first_seed: int = 0
    """another than 0 is a trial: numbers are printed, not written"""
    held: float = 0.0
    """part of a training in which γ and σ stay, before they fall: then more modes are found, and less precisely"""
    accept: bool = False
    """measure what D lets pass, where it gives a probability"""
    hyper: dict[str, float] = field(default_factory=dict)
    """hyper-parameters that differ from the card's; a trial, too"""
    exported: Path = Path("exported")
    """folder of all exported models"""


class Result(NamedTuple):
    """Of one training."""

    modes: int
    quality: float
    """Share of samples, 0 to 1."""
    seconds: float
    """Of one core, whatever else the machine did."""
    passed: float = 1.0
    """Share of G's samples that D lets pass, if it was asked."""


def train(game: Game, steps: int, fall: float, held: float = 0.0) -> None:
    """Train for so many steps: learning rates fall to 0 and, after the part `held` of it, γ and σ to the part `fall`.

    Raises:
        Diverged: something was not finite.
    """
    full = dict(game.hyper)
    for piece in range(PIECES):
        done = piece / PIECES
        game.hyper |= {key: full[key] * (1 - done) for key in RATES}
        fallen = fall ** (max(0, done - held) / (1 - held))
        game.hyper |= {key: full[key] * fallen for key in FALLING if key in full}
        game.advance(steps * (piece + 1) // PIECES - game.step)


def play(model: Model, data: str, seed: int, config: Config) -> Result:
    """Train from a seed and measure. A training that diverges covers nothing."""
    distribution, started = DISTRIBUTIONS[data], time.process_time()
    game = Game(model, distribution, config.hyper, seed)
    try:
        train(game, config.steps, model.card.config["fall"], config.held)
    except Diverged:
        return Result(0, 0.0, time.process_time() - started)
    seconds = time.process_time() - started
    x, passed = passing(game) if config.accept else (game.samples(SAMPLES, average=True), 1.0)
    found = coverage(x, distribution)
    assert found is not None  # ring and grid have modes
    return Result(found.modes, found.quality, seconds, passed)


def passing(game: Game) -> tuple[Array, float]:
    """The first SAMPLES of G, the moving average, that D lets pass, and the share that did; fewer if D is strict."""
    x = game.samples(STRICTEST * SAMPLES, average=True)
    passed = game.accepted(x)
    return x[passed][:SAMPLES], float(passed.mean())


def metrics(data: str, results: list[Result], config: Config, name: str) -> dict[str, Metric]:
    """The numbers of a method on one distribution, as its card keeps them."""
    command = f"python -m training.lab_scoreboard --names {name} --steps {config.steps}"
    if config.data != DATA:
        command += f" --data {' '.join(config.data)}"
    if config.seeds != Config.seeds:
        command += f" --seeds {config.seeds}"
    if config.held:
        command += f" --held {config.held:g}"
    label, passed = data, ""
    if config.accept:
        label, command = data + PASSED, f"{command} --accept"
        shares = [100 * result.passed for result in results]
        passed = f", {np.mean(shares):.0f} % of samples passed"
    seeds = tuple(range(config.seeds))
    modes, quality, seconds, _ = (np.array(column, float) for column in zip(*results, strict=True))
    of = len(DISTRIBUTIONS[data].modes)  # pyright: ignore[reportArgumentType]

    def metric(value: float, unit: str, note: str) -> Metric:
        return Metric(round(float(value), 4), unit, SAMPLES, "", seeds, command, note)

    return {
        f"{label}: modes": metric(modes.mean(), f"of {of}", f"sd {modes.std():.1f}, worst {modes.min():.0f}"),
        f"{label}: high quality": metric(
            100 * quality.mean(), "%", f"sd {100 * quality.std():.1f}, worst {100 * quality.min():.1f}{passed}"
        ),
        f"{label}: seconds": metric(
            seconds.mean(), "s", f"{config.steps:,} steps on one core, sd {seconds.std():.1f}"
        ),
    }  # fmt: skip


def scoreboard(card: Card, config: Config) -> None:
    """Train one method from all seeds on ring and grid, print it, and write it into the card."""
    folder = config.exported / card.name
    model, found = Model(card, folder), {}
    if config.accept and not Game(model, DISTRIBUTIONS["ring"], {}, 0).gives_probability:
        raise cli.UserError(f"D of {card.name} gives no probability to let points pass by.")
    for data in config.data:
        results = []
        for seed in range(config.first_seed, config.first_seed + config.seeds):
            results.append(play(model, data, seed, config))
            print(f"{card.name} {data} seed {seed}: {results[-1]}", flush=True)
        found |= metrics(data, results, config, card.name)
    for key, metric in found.items():
        print(f"{card.name}: {key} = {metric.value:.4g} {metric.unit} ({metric.note})", flush=True)
    if not config.first_seed and not config.hyper:
        cards.load(folder / "card.json").with_metrics(found).save(folder)  # others may have written


def asked(names: tuple[str, ...], exported: Path) -> list[Card]:
    """The cards of these methods, or of all where none is named."""
    found = {card.name: card for card in cards.discover(exported)[0] if card.family == "lab"}
    for name in names:
        if name not in found:
            raise cli.UserError(f"there is no method {name} in {exported}.")
    return [found[name] for name in names or found]


def main(config: Config) -> None:
    """Measure all methods that were asked for."""
    if not 0 <= config.held < 1:
        raise cli.UserError(f"--held is a part from 0 to below 1, not {config.held:g}.")
    for card in asked(config.names, config.exported):
        scoreboard(card, config)


if __name__ == "__main__":
    cli.run(main, Config)
