"""Train a generator G against a discriminator D, step by step, by the exported graph of a whole step.

A card of the family "lab" has three graphs. "step" takes the state of both networks, a batch of real points, noise and
hyper-parameters, and gives the state after one step of D and G (forward, backward, Adam), with losses and gradient
norms. "sample" is G; "discriminator" is D and, for a generated point, where G's loss pulls it. Networks see points in
units of the distribution's `scale`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from gen_models.cards import Port
from gen_models.errors import UserError
from gen_models.families import LabFacts, LabLoss
from gen_models.numerics.lab.distributions import Distribution
from gen_models.runtime import Array, Model

RATES = ("in_lr_g", "in_lr_d")
SLOW_D = {"in_lr_g": 0.002, "in_lr_d": 0.0001}
"""Learning rates with which a plain GAN collapses on the ring."""
FAR = 1e6
"""A training about to diverge gives numbers that are finite and too large to reckon with; these are cut to ±FAR."""
DECAYING = ("in_gamma", "in_sigma")
"""Hyper-parameters that decay as far as the card says where the learning rates decay."""
TURNS = {"both": (1, 1), "d": (0, 1), "g": (1, 0), "d2": (2, 1), "d5": (5, 1)}
"""Who trains, by name: of how many steps G trains in one, 0 for none; and whether D trains."""
CONTEXTS = 4
"""A discriminator that compares several points sees each point of its surface with so many sets of generated ones."""


class Diverged(UserError):
    """Raised when something in the training is not a finite number any more."""

    def __init__(self, step: int, rows: Array) -> None:
        super().__init__(f"The training diverged at step {step:,}: lower the learning rate.")
        self.rows = rows
        """What `Game.advance` would have returned: the steps before, (n, 4)."""


def hyper_ports(model: Model) -> list[Port]:
    """Return the hyper-parameters of a method: scalar inputs of its step with a range, in order."""
    default = model.card.facts_as(LabFacts).hyper
    return [port for port in model.card.graphs["step"].inputs if port.name in default]


class Game:
    """Trains from a seed. The same seed gives the same training, however its steps are asked for.

    Args:
        model: of the family "lab".
        distribution: p_data.
        hyper: hyper-parameters by input name, for those that differ from their defaults; may be changed between steps.
        seed: of the initial parameters, of the data and of the noise. Games with the same seed see the same x and z.
    """

    def __init__(
        self, model: Model, distribution: Distribution, hyper: Mapping[str, float], seed: int
    ) -> None:
        self.model, self.distribution = model, distribution
        self.facts = model.card.facts_as(LabFacts)
        self.size = int(model.card.graphs["sample"].outputs[0].shape[1])
        """Numbers in a point, and in a z."""
        self.hyper = {**self.facts.hyper, **hyper}
        self.decay_steps = 0
        """Step at which the learning rates have decayed linearly to 0, and γ and σ to the part that the card names; 0:
        they stay as they are."""
        self.turns = "both"
        """Who trains; see `TURNS`."""
        self.step = 0
        rng, self._of_x, self._of_z, self._of_noise, show = (
            np.random.default_rng([seed, i]) for i in range(5)
        )
        theta = np.concatenate([rng.uniform(-bound, bound, n) for n, bound in self.facts.initial])
        self.state = np.zeros((4, len(theta)), np.float32)
        """Parameters of G and then of D; Adam's first and second moments; the parameters' moving average: (4, P)."""
        self.state[[0, 3]] = theta
        self._of_samples = show

    @cached_property
    def _noise(self) -> list[Port]:
        """Draw what a step needs besides z and x."""
        known = {"in_z", "in_real"}
        ports = self.model.card.graphs["step"].inputs
        return [p for p in ports if p.shape[:1] == ("batch",) and p.name not in known]

    def advance(self, steps: int) -> Array:
        """Train for so many steps.

        Returns:
            For each step L_D, L_G, |grad_D|, |grad_G|: float32 (steps, 4).

        Raises:
            Diverged: at this step something was not finite; the state before it is kept.
        """
        rows = np.empty((steps, 4), np.float32)
        for i in range(steps):
            out = self.model("step", **self._feed())
            rows[i, :2], rows[i, 2:] = out["losses"], out["gradients"]
            if not (np.isfinite(rows[i]).all() and np.isfinite(out["state"]).all()):
                raise Diverged(self.step + 1, rows[:i])
            self.state = out["state"].reshape(self.state.shape)
            self.step += 1
        return rows

    def _feed(self) -> dict[str, Any]:
        """Return the inputs of the next step. A method that packs m points sees rows of m."""
        wide = int(self.model.input("step", "in_real").shape[1])
        n = self.facts.batch * self.size // wide
        x = self.distribution.draw(self._of_x, n * wide // self.size) / self.distribution.scale
        z = self._of_z.standard_normal((n, wide), np.float32)
        feed: dict[str, Any] = {
            "in_state": self.state.reshape(-1),
            "in_step": self.step + 1,
            "in_real": x.reshape(n, wide),
        }
        feed |= {port.name: _drawn(self._of_noise, port, n) for port in self._noise}
        return feed | self.hyper | self._rates() | {"in_z": z}

    def _rates(self) -> dict[str, float]:
        """Return what differs from `hyper` in the next step: what decays, and the learning rate of who waits."""
        rates: dict[str, float] = {}
        if self.decay_steps:
            left = max(0.0, 1 - self.step / self.decay_steps)
            rates = {name: left * self.hyper[name] for name in RATES}
            for name in self.hyper.keys() & DECAYING:
                rates[name] = self.hyper[name] * self.facts.decay ** (1 - left)
        every, d_trains = TURNS[self.turns]
        if not every or (self.step + 1) % every:
            rates["in_lr_g"] = 0.0
        return rates if d_trains else rates | {"in_lr_d": 0.0}

    def generate(self, z: Array, average: bool = False) -> Array:
        """G(z) for z (n, k), in the distribution's coordinates: float32 (n, k); of the moving average if wished."""
        theta = self.state[3 if average else 0]
        return (
            _near(self.model("sample", in_parameters=theta, in_z=z)["x"]) * self.distribution.scale
        )

    def samples(self, n: int, average: bool = False) -> Array:
        """Draw n new samples (n, k), in the distribution's coordinates."""
        z = self._of_samples.standard_normal((n, self.size), np.float32)
        return self.generate(z, average)

    def judge(self, x: Array) -> tuple[Array, Array]:
        """Return what D says of points x (n, k), in the distribution's coordinates.

        Returns:
            D's output (n,), before any sigmoid, and where G's loss pulls a generated point that lies there, (n, k):
            minus its gradient, in units of the networks.
        """
        feed = {"in_parameters": self.state[0], "in_x": x / np.float32(self.distribution.scale)}
        for port in self.model.card.graphs["discriminator"].inputs:
            if port.name == "in_context":
                wide = int(port.shape[1])
                shape = CONTEXTS * wide // self.size, self.size
                z = np.random.default_rng(0).standard_normal(shape, np.float32)
                context = self.generate(z) / self.distribution.scale
                feed["in_context"] = context.reshape(CONTEXTS, wide)
        out = self.model("discriminator", **feed)
        return _near(out["logit"][:, 0]), _near(out["arrow"])

    @cached_property
    def gives_probability(self) -> bool:
        """Return whether D's output for a point is the logit or the probability that this point is real.

        It is not for the critic of a Wasserstein GAN, nor where D judges several points together.
        """
        ports = self.model.card.graphs["discriminator"].inputs
        alone = all(port.name != "in_context" for port in ports)
        return alone and self.facts.loss is not LabLoss.WASSERSTEIN

    def accepted(self, x: Array) -> Array:
        """Accept each generated point x (n, k) with probability min(1, D / (1 − D)), by rejection sampling: bool (n,).

        A D that is as good as it can be says D / (1 − D) = p_data / p_G (§3.3), and a point that is kept with
        probability p_data / (M p_G) is a sample of p_data: rejection sampling, here with M = 1, so that where G puts
        too few points none are lost (Azadi et al. 2019). The coin for the i-th point is always the same. Where D gives
        no probability, all are accepted.
        """
        if not self.gives_probability:
            return np.ones(len(x), bool)
        value, _ = self.judge(x)
        if self.facts.loss is LabLoss.LEAST_SQUARES:
            odds = np.clip(value, 0, 0.5) / (1 - np.clip(value, 0, 0.5))
        else:
            odds = np.exp(np.minimum(value, 0))
        return np.random.default_rng(1).random(len(x)) < odds


def _near(x: Array) -> Array:
    return np.clip(np.nan_to_num(x), -FAR, FAR)


def _drawn(rng: np.random.Generator, port: Port, n: int) -> Array:
    """Draw n rows of noise: uniform in the port's range, or standard normal where it has none."""
    shape = (n, *(int(side) for side in port.shape[1:]))
    if port.range is None:
        return rng.standard_normal(shape, np.float32)
    return rng.uniform(*port.range, shape).astype(np.float32)
