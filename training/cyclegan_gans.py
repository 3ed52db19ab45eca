"""A CycleGAN that begins with two finished GANs, one of each set (lecture §4.2; after Zhu et al. 2017; ours).

Heads and cartoons differ in shape, not in colour and texture alone, and convolutions from image to image hardly change
a shape. Here a generator of the game is an encoder E into the z of the other set's GAN, followed by that GAN's
generator, and the two discriminators are the GANs' own:

    G_xy(x) = G_y(E_x(x)),        G_yx(y) = G_x(E_y(y)).

First the encoders alone learn the identity terms, to find the z of an image such as G makes,

    E_y, E_x minimise  |G_xy(y) − y| + |G_yx(x) − x|        (`--warmup`);

then all play, with the losses of `training.cyclegan`, and the cycle ties the two z-spaces.

    python -m training.cyclegan_gans --name cyclegan-heads-toons --data heads-toons --size 64
        --gans gan-heads-unpacked gan-toons-unpacked --warmup 2000 --steps 9500 --batch 16 --lr 3e-4
        --cycle 5 --identity 1 --loss logistic --gamma 1 --augment 0.1
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from gen_models.errors import UserError
from gen_models.families import Translator
from gen_models.networks.cyclegan import CodeTranslator
from gen_models.networks.gan import Discriminator, downsampled_sides
from training.augment import diff_augment, random_hflip
from training.data import Images
from training.data.pairs import SIZE, load_unpaired
from training.engine import cli
from training.engine.gan_runs import load_gan
from training.engine.measurement import evaluate
from training.engine.networks import Ema
from training.engine.penalty import r1_penalty
from training.engine.run import Run, set_lr
from training.engine.unpaired import (
    LOSSES,
    Pool,
    UnpairedConfig,
    batches,
    export_unpaired,
    noisy,
    progress_sheet,
)
from training.evaluation.cyclegan import measure
from training.objectives import absolute_error
from training.schedules import exponential, linear_decay, linear_warmup

LIMITATIONS = (
    "It draws a new image from a few dimensions: what they do not hold, such as an expression or glasses, is lost or "
    "made up. Nothing in its training says that a trait keeps its meaning. It may hide in a translation, in detail too "
    "faint to see, what the way back needs."
)
RAMP_STEPS = 500
"""Steps after the warm-up until the learning rate is whole: Adam knows nothing yet of what now learns."""


@dataclass(frozen=True)
class Config(UnpairedConfig):
    """One translation between two sets, by way of the z of their GANs."""

    gans: tuple[str, str] = ("gan-heads-unpacked", "gan-toons-unpacked")
    """runs of training.gan, of x and of y, whose players the game begins with"""
    warmup: int = 0
    """first steps, in which the encoders alone learn, by the identity terms alone"""

    def check(self) -> None:
        """Refuse options that no run can have, a warm-up that nothing follows, a size that no GAN is for."""
        super().check()
        if self.warmup >= self.steps:
            raise UserError(
                f"--warmup must be less than --steps ({self.steps}), not {self.warmup}."
            )
        downsampled_sides(self.size or SIZE)


def train(config: Config) -> tuple[nn.Module, nn.Module, Run]:
    """Fit and return the averaged generators, (G_xy, G_yx), and their run."""
    for folder in (config.runs / name for name in config.gans):
        if not (folder / "state.pt").exists():  # before data are made, which takes minutes
            raise UserError(f"{folder} holds no run of training.gan: train one first.")
    run = Run(config)
    X, Y = load_unpaired(config.data, "train", config.size)
    G_xy, G_yx, D_x, D_y = map(run.setup, build(config, X, Y))
    pool_x, pool_y = (Pool(data.x.shape[1:]).to(run.fabric.device) for data in (X, Y))
    ema_xy, ema_yx = Ema(G_xy.module, config.ema), Ema(G_yx.module, config.ema)
    optimizer_G, optimizer_D = (
        run.optimizer(Adam([*a.parameters(), *b.parameters()], config.lr, betas=(0.5, 0.999)))
        for a, b in ((G_xy, G_yx), (D_x, D_y))
    )
    loss_of_D, loss_of_G = LOSSES[config.loss]
    state = {"G_xy": G_xy, "G_yx": G_yx, "D_x": D_x, "D_y": D_y, "pool_x": pool_x, "pool_y": pool_y}
    state |= {"ema_xy": ema_xy, "ema_yx": ema_yx}
    state |= {"optimizer_G": optimizer_G, "optimizer_D": optimizer_D}
    run.resume(**state)

    def seen(x: Tensor) -> Tensor:
        """The images as D sees them."""
        return diff_augment(x, config.augment)

    def end_step(**losses: Tensor) -> None:
        ema_xy.update(G_xy.module, run.step)
        ema_yx.update(G_yx.module, run.step)
        run.log(**losses)
        run.checkpoint(lambda: progress_sheet(X, Y, ema_xy.net, ema_yx.net), **state)

    warm_up(config, run, (X, Y), (G_xy, G_yx), optimizer_G, end_step)
    for x, y in batches(run, X, Y):
        if config.random_hflip:
            x, y = random_hflip(x), random_hflip(y)
        ramp = linear_warmup(run.step - config.warmup, RAMP_STEPS if config.warmup else 0)
        for optimizer in (optimizer_G, optimizer_D):
            set_lr(optimizer, config.lr * min(linear_decay(run.progress, 0.5), ramp))

        cycle = identity = torch.zeros(())
        if config.cycle and config.identity:
            identity = 2 * absolute_error(G_xy(y), y) + 2 * absolute_error(G_yx(x), x)
        y_hat, x_hat = G_xy(x), G_yx(y)
        loss_G = loss_of_G(D_y(seen(y_hat))) + loss_of_G(D_x(seen(x_hat)))
        if config.cycle:
            x_back, y_back = G_yx(noisy(y_hat, config.noise)), G_xy(noisy(x_hat, config.noise))
            cycle = 2 * absolute_error(x_back, x) + 2 * absolute_error(y_back, y)
        ties = config.cycle * (cycle.mean() + config.identity * identity.mean())
        optimizer_G.zero_grad()
        run.fabric.backward(loss_G.mean() + ties)
        optimizer_G.step()

        x, y = seen(x), seen(y)
        loss_D = loss_of_D(D_y(y), D_y(seen(pool_y.exchange(y_hat))))
        loss_D = loss_D + loss_of_D(D_x(x), D_x(seen(pool_x.exchange(x_hat))))
        if config.gamma and run.step % config.r1_every == 0:
            penalty = r1_penalty(run, D_y, y).sum() + r1_penalty(run, D_x, x).sum()
            gamma = exponential(config.gamma, config.gamma_end or config.gamma, run.progress)
            loss_D = loss_D + config.r1_every * gamma * penalty / len(loss_D)
        optimizer_D.zero_grad()
        run.fabric.backward(0.5 * loss_D.mean())
        optimizer_D.step()
        end_step(loss_G=loss_G, loss_D=loss_D, cycle=cycle, identity=identity)
    return ema_xy.net, ema_yx.net, run


def warm_up(
    config: Config,
    run: Run,
    sets: tuple[Images, Images],
    generators: tuple[Any, Any],
    optimizer_G: Optimizer,
    end_step: Callable[..., None],
) -> None:
    """The first steps of a run, if they are not done yet: the encoders alone learn the identity terms."""
    G_xy, G_yx = generators
    for G in generators:
        G.module.generator.requires_grad_(False)
    for x, y in batches(run, *sets, until=config.warmup):
        if config.random_hflip:
            x, y = random_hflip(x), random_hflip(y)
        set_lr(optimizer_G, config.lr * linear_decay(run.progress, 0.5))
        identity = 2 * absolute_error(G_xy(y), y) + 2 * absolute_error(G_yx(x), x)
        optimizer_G.zero_grad()
        run.fabric.backward(identity.mean())
        optimizer_G.step()
        end_step(identity=identity)
    for G in generators:
        G.module.generator.requires_grad_(True)


def build(
    config: Config, X: Images, Y: Images
) -> tuple[CodeTranslator, CodeTranslator, Discriminator, Discriminator]:
    """(G_xy, G_yx, D_x, D_y) for images such as those of X and Y: the GANs' players, and untrained encoders."""
    (x, size, _), y = X.x.shape[1:], Y.x.shape[1]
    (of_x, D_x), (of_y, D_y) = (
        load_gan(config.runs / name, data.x.shape[1:])
        for name, data in zip(config.gans, (X, Y), strict=True)
    )
    return (
        CodeTranslator(x, size, config.width, of_y),
        CodeTranslator(y, size, config.width, of_x),
        D_x,
        D_y,
    )


def main(config: Config) -> None:
    """Train, export, evaluate."""
    G_xy, G_yx, run = train(config)
    if run.is_main:
        export_unpaired(
            config,
            G_xy,
            G_yx,
            run,
            module="training.cyclegan_gans",
            limitations=LIMITATIONS,
            translator=Translator.GAN,
        )
        evaluate(config.exported / config.name, measure)


if __name__ == "__main__":
    cli.run(main, Config)
