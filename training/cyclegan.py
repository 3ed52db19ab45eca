"""CycleGAN: a translation learnt from two sets of images, without pairs (lecture §4.2; Zhu et al. 2017).

Generators G_xy: x -> ŷ and G_yx: y -> x̂; discriminators D_y and D_x, which give a number for each patch of an image, 1
for real. Two GANs alone do not tie output to input: any ŷ will do that looks like a y. So the way there and back must
end where it began,

    D_y minimises  E (D_y(y) − 1)² + D_y(ŷ)²,        and D_x likewise,
    G_xy, G_yx minimise  E (D_y(ŷ) − 1)² + (D_x(x̂) − 1)²  +  λ ( |G_yx(ŷ) − x| + |G_xy(x̂) − y| )
                         + ½ λ ( |G_xy(y) − y| + |G_yx(x) − x| ).

The last line, what is a y already stays as it is, keeps colours. A discriminator sees translations out of a pool of
earlier ones. `--cycle 0` leaves out both, and shows what they are for. `training.cyclegan_gans` begins with two
finished GANs instead, for sets that differ in shape.

    python -m training.cyclegan --name cyclegan-earth --data earth --size 64
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Adam

from gen_models.errors import UserError
from gen_models.networks.cyclegan import ResNet
from gen_models.networks.pix2pix import PatchDiscriminator
from training.augment import diff_augment, random_hflip
from training.data import Images
from training.data.pairs import SIZE, load_unpaired
from training.engine import cli
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
from training.schedules import exponential, linear_decay

LIMITATIONS = (
    "It changes colour and texture well and shape poorly, and may hide in a translation, in detail too faint to see, "
    "what the way back needs."
)


@dataclass(frozen=True)
class Config(UnpairedConfig):
    """One translation between two sets."""

    blocks: int = 6
    """residual blocks of a generator"""
    downsamplings: int = 3
    """times that a generator halves the side before its blocks; 2, as in the paper, keeps more detail"""

    def check(self) -> None:
        """Refuse options that no run can have, and a size that cannot be halved so often."""
        super().check()
        if not 1 <= self.downsamplings <= 5:
            raise UserError(f"--downsamplings must be from 1 to 5, not {self.downsamplings}.")
        size, step = self.size or SIZE, 2**self.downsamplings
        if size % step or size < 32:
            raise UserError(
                f"With {self.downsamplings} downsamplings CycleGAN needs images of 32 or more pixels a side, "
                f"a multiple of {step}, not {size}."
            )


def train(config: Config) -> tuple[nn.Module, nn.Module, Run]:
    """Fit and return the averaged generators, (G_xy, G_yx), and their run."""
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

    for x, y in batches(run, X, Y):
        if config.random_hflip:
            x, y = random_hflip(x), random_hflip(y)
        for optimizer in (optimizer_G, optimizer_D):
            set_lr(optimizer, config.lr * linear_decay(run.progress, 0.5))

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
        ema_xy.update(G_xy.module, run.step)
        ema_yx.update(G_yx.module, run.step)

        run.log(loss_G=loss_G, loss_D=loss_D, cycle=cycle, identity=identity)
        run.checkpoint(lambda: progress_sheet(X, Y, ema_xy.net, ema_yx.net), **state)
    return ema_xy.net, ema_yx.net, run


def build(
    config: Config, X: Images, Y: Images
) -> tuple[ResNet, ResNet, PatchDiscriminator, PatchDiscriminator]:
    """Untrained (G_xy, G_yx, D_x, D_y) for images such as those of X and Y."""
    x, y = X.x.shape[1], Y.x.shape[1]
    norm = nn.Identity if config.gamma else nn.InstanceNorm2d
    return (
        ResNet(x, y, config.width, config.blocks, config.downsamplings),
        ResNet(y, x, config.width, config.blocks, config.downsamplings),
        PatchDiscriminator(x, config.width, norm),
        PatchDiscriminator(y, config.width, norm),
    )


def main(config: Config) -> None:
    """Train, export, evaluate."""
    G_xy, G_yx, run = train(config)
    if run.is_main:
        export_unpaired(
            config, G_xy, G_yx, run, module="training.cyclegan", limitations=LIMITATIONS
        )
        evaluate(config.exported / config.name, measure)


if __name__ == "__main__":
    cli.run(main, Config)
