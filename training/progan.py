"""Progressive growing of GANs (lecture §6.1; Karras et al. 2018).

G and D begin at 4 x 4 pixels. When they are good at it, a level is added to both, for images of twice the side, until
all levels are there: the large shape of an image is learnt first, where it is easy. A level l fades in,

    G_α(z)  =  (1 − α) enlarged(G_{l−1}(z))  +  α G_l(z),        x_α  =  (1 − α) enlarged(halved(x))  +  α x,

α from 0 to 1, so that nothing that was learnt is thrown away; D judges G_α(z) against real images x_α. The objective is
any GAN's: here the logistic one with R1, as in `training.gan`, R1 weighted by the pixels there are; or with --loss
wgan-gp the paper's,

    D minimises  E D(x̂) − D(x)  +  10 (‖∇ D‖ − 1)²  +  0.001 D(x)²,        G minimises  E −D(x̂).

D sees the standard deviation over groups of 4 images, against collapse (§5.5); G normalises the features of each
pixel; the weights of both are scaled at run time ("equalised learning rate"; `gen_models.networks.progan`).

    python -m training.progan --name progan-heads --data heads --random-hflip

--fade 0 and --no-minibatch-std are the settings that break it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from torch.optim import Adam

from gen_models.cards import Port
from gen_models.errors import UserError
from gen_models.families import ProGANFacts, ProGANLoss
from gen_models.networks.progan import (
    SMALLEST,
    AtLevel,
    Fading,
    GrowingDiscriminator,
    GrowingGenerator,
    enlarged,
    folded,
    mixed,
)
from gen_models.numerics.growth import Growth, growth
from training.augment import diff_augment, random_hflip
from training.data import load
from training.engine import cli
from training.engine.export import Spec, dataset, export, titled
from training.engine.film import Film, assemble
from training.engine.measurement import evaluate
from training.engine.networks import Ema
from training.engine.penalty import r1_penalty, wgan_gp_penalty
from training.engine.run import Run, RunConfig
from training.engine.snapshots import Snapshots
from training.evaluation.progan import measure
from training.objectives import (
    logistic_discriminator,
    logistic_generator,
    wasserstein_discriminator,
    wasserstein_generator,
)

ROWS = 36
"""z of the film."""
GRADIENT_PENALTY, DRIFT = 10.0, 1e-3
"""Weights of the terms of WGAN-GP."""


@dataclass(frozen=True)
class Config(RunConfig):
    """One progressive GAN."""

    steps: int = 36_250
    """optimiser steps"""
    batch: int = 16
    """images per step, at all levels, as in the paper up to 128 pixels"""
    data: str = "heads"
    """a data set of training.data, or folder:PATH"""
    channels: int | None = None
    """1 grey, 3 colour; None: the data set's own, 3 for a folder"""
    latent_dim: int = 64
    """size of z"""
    widths: tuple[int, ...] = (64, 64, 64, 48, 32)
    """channels of G and D at each level: 4, 8, 16, ... pixels"""
    images: tuple[int, ...] = (40_000, 80_000, 120_000, 140_000)
    """images that each level sees, but for the last one, which lasts to the end"""
    fade: int = 40_000
    """images over which a level fades in; 0: it is there at once"""
    minibatch_std: bool = True
    """show D the standard deviation over groups of 4 images"""
    loss: Literal["logistic", "wgan-gp"] = "logistic"
    """objective"""
    gamma: float = 1.0
    """weight of R1 at the last level, per squared pixel in [0, 1]; of the logistic loss alone"""
    r1_every: int = 16
    """steps between penalties R1"""
    augment: float = 0.0
    """probability of each change of DiffAugment, on all images that D sees; for small data sets"""
    random_hflip: bool = False
    """flip every other training image, chosen at random, left to right"""
    ema: float = 300.0
    """half-life of G's moving average, in steps"""
    lr: float = 1.5e-3
    """Adam's learning rate, of both players"""

    @property
    def sides(self) -> tuple[int, ...]:
        """Pixels in the side of each level's images."""
        return tuple(SMALLEST * 2**level for level in range(len(self.widths)))

    @property
    def seen(self) -> tuple[int, ...]:
        """Images that each level sees."""
        return (*self.images, self.steps * self.batch - sum(self.images))

    def growth(self, step: int) -> Growth:
        """Where the networks are in a step, from 1 on."""
        return growth(step * self.batch, self.seen, self.fade)

    def check(self) -> None:
        """Refuse options that no run can have, and a schedule in which a level would be left out."""
        super().check()
        if len(self.images) != len(self.widths) - 1:
            raise UserError(
                f"--images must be one fewer than --widths ({len(self.widths)}), not {len(self.images)}."
            )
        if min(self.seen) < 2 * self.batch or min(self.seen[1:], default=0) < self.fade:
            raise UserError(
                f"Each level must last for 2 steps, and for --fade ({self.fade}) images: give more --steps or --images."
            )
        if self.devices > 1:
            raise UserError(
                "training.progan is for one device: levels that are not there yet have no gradient."
            )


def train(config: Config) -> tuple[Snapshots, Run]:
    """Fit the growing networks and return the averaged generator of each level, and the run."""
    run = Run(config)
    data = load(config.data, "train", size=config.sides[-1], channels=config.channels)
    G, D = map(run.setup, build(config, data.x.shape[1]))
    ema = Ema(G.module, config.ema)
    optimizer_G, optimizer_D = (
        run.optimizer(Adam(net.parameters(), config.lr, betas=(0.0, 0.99))) for net in (G, D)
    )
    state = {"G": G, "D": D, "ema": ema, "optimizer_G": optimizer_G, "optimizer_D": optimizer_D}
    run.resume(**state)
    film = Film(run, config.latent_dim, moments(config), ROWS)
    snapshots = Snapshots(run, exported_moments(config))

    for x in run.batches(data):
        level, alpha = config.growth(run.step)
        x = random_hflip(x) if config.random_hflip else x
        x = diff_augment(faded(x, config.sides[level], alpha), config.augment)
        x_hat = G(torch.randn(len(x), config.latent_dim, device=x.device), level, alpha)
        fake_x = diff_augment(x_hat, config.augment)

        real, fake = D(x, level, alpha), D(fake_x.detach(), level, alpha)
        if config.loss == "logistic":
            loss_D = logistic_discriminator(real, fake)
            if config.gamma and run.step % config.r1_every == 0:
                gamma = config.gamma * (config.sides[level] / config.sides[-1]) ** 2
                loss_D = loss_D + config.r1_every * gamma * r1_penalty(run, D, x, level, alpha)
        else:
            penalty = wgan_gp_penalty(run, D, x, fake_x, level, alpha)
            drift = real.square().sum(1)
            loss_D = (
                wasserstein_discriminator(real, fake) + GRADIENT_PENALTY * penalty + DRIFT * drift
            )
        optimizer_D.zero_grad()
        run.fabric.backward(loss_D.mean())
        optimizer_D.step()

        D.requires_grad_(False)  # a third of D's work, which G has no use for
        fake = D(fake_x, level, alpha)
        loss_G = (
            logistic_generator(fake) if config.loss == "logistic" else wasserstein_generator(fake)
        )
        optimizer_G.zero_grad()
        run.fabric.backward(loss_G.mean())
        optimizer_G.step()
        D.requires_grad_(True)
        ema.update(G.module, run.step)

        run.log(loss_G=loss_G, real=real, fake=fake, level=torch.tensor(level + alpha - 1))
        snapshots.take(ema.net)
        shown = AtLevel(ema.net, level, alpha, config.sides[-1])
        film.take(shown)
        run.checkpoint(lambda: film.images(shown), **state)  # noqa: B023 (called at once)

    return snapshots, run


def build(config: Config, channels: int) -> tuple[GrowingGenerator, GrowingDiscriminator]:
    """Untrained (G, D) of all levels."""
    return (
        GrowingGenerator(channels, config.widths, config.latent_dim),
        GrowingDiscriminator(channels, config.widths, config.minibatch_std),
    )


def faded(x: Float[Tensor, "b c h w"], side: int, alpha: float) -> Float[Tensor, "b c side side"]:
    """x_α: real images of `side` pixels, as sharp as a level is that has faded in to α."""
    x = F.avg_pool2d(x, x.shape[-1] // side)
    return x if alpha == 1 else mixed(alpha, x, enlarged(F.avg_pool2d(x, 2)))


def moments(config: Config) -> list[int]:
    """Steps of the film's frames: some of each level, while it fades in, after each further `fade`, and at its end.

    Those of a longer run begin with these.
    """
    images, start = [], 0
    for lasts in config.seen:
        each = config.fade or max(1, lasts // 4)
        marks = {config.fade * quarter // 4 for quarter in (1, 2, 3)} - {0}
        marks |= set(range(each, lasts, each))
        images += [start + mark for mark in marks if mark < lasts] + [start + lasts]
        start += lasts
    return sorted({max(1, seen // config.batch) for seen in images})


def exported_moments(config: Config) -> dict[str, int]:
    """The step of each network that is exported: levels at their end, and in the middle of their fade-in.

    toRGB of the level below learns nothing after the fade-in, while the layers under it move on: the network of a
    level's end can no longer show α below 1.
    """
    steps: dict[str, int] = {}
    for step in range(1, config.steps + 1):
        level, alpha = config.growth(step)
        steps[f"generator_{config.sides[level]}"] = step
        if alpha <= 0.5:
            steps[f"fade_{config.sides[level]}"] = step
    return steps


def export_model(config: Config, snapshots: Snapshots, run: Run) -> None:
    """Write `exported/<name>/`: two graphs a level, and the film."""
    test = titled(
        load(config.data, "test", size=config.sides[-1], channels=config.channels), config
    )
    c, z = test.x.shape[1], Port("z", ("batch", config.latent_dim))

    def at(name: str) -> GrowingGenerator:
        G, _ = build(config, c)
        snapshots.restore(name, G)
        return folded(G.requires_grad_(False))

    graphs: dict[str, Spec] = {}
    for level, side in enumerate(config.sides):
        name = f"generator_{side}"
        graphs[name] = Spec(AtLevel(at(name), level), (z,), {"x": (0, 1)}, fp16_weights=True)
        if level and config.fade:
            name, alpha = f"fade_{side}", Port("in_alpha", (), range=(0, 1))
            graphs[name] = Spec(
                Fading(at(name), level), (z, alpha), {"x": (0, 1)}, fp16_weights=True
            )
    without = [", all of a level at once"] * (not config.fade)
    without += [", without minibatch statistics"] * (not config.minibatch_std)
    export(
        name=config.name,
        root=config.exported,
        family="progan",
        title=f"Progressive GAN on {test.info.title}{''.join(without)}",
        lecture="§6.1",
        summary=(
            f"A GAN that grew from {config.sides[0]} to {config.sides[-1]} pixels while it was trained on "
            f"{test.info.title}{''.join(without)}; what is exported is the moving average of its generator, of each "
            "level at its end and in the middle of its fade-in."
        ),
        limitations=(
            "No encoder: a given picture has no z here until one searches for it. Some samples are broken, "
            "and nothing says which. It makes nothing but pictures like those it was trained on."
        ),
        module="training.progan",
        config=config,
        data=dataset(test.info, config.data, config.sides[-1], config.channels),
        examples_of=test,
        facts=ProGANFacts(
            config.sides, config.seen, config.fade, config.minibatch_std, ProGANLoss(config.loss)
        ),
        runs=[run],
        graphs=graphs,
        sheets={"film": assemble(config.folder, config.steps, moments(config), ROWS)},
    )


def main(config: Config) -> None:
    """Train, export, evaluate."""
    snapshots, run = train(config)
    if run.is_main:
        export_model(config, snapshots, run)
        evaluate(config.exported / config.name, measure)


if __name__ == "__main__":
    cli.run(main, Config)
