"""pix2pix, the paper's own recipe, to compare with (lecture §4.1; Isola et al. 2017, §6.1 and §6.2).

The U-Net of 54 M numbers with BatchNorm and transposed convolutions, ngf 64; D with BatchNorm on patches of 70 x 70
pixels; binary cross-entropy, that of D halved; Adam with learning rate 2e-4 and β₁ = 0.5; λ = 100; dropout at ½:

    D minimises  ½ E −log D(c, x) + ½ E −log(1 − D(c, x̂)),        G minimises  E −log D(c, x̂)  +  λ |x − x̂|.

For the same pairs, steps, size and batch as `training.pix2pix`; its graph is too large to be kept beside the others.

    python -m training.pix2pix_paper --name pix2pix-paper-heads --data heads-labels --exported /tmp/paper
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.optim import Adam

from gen_models.families import Pix2PixRecipe
from gen_models.networks.pix2pix import PaperUNet, PatchDiscriminator
from training.data.pairs import SIZE, Pairs, load_pairs
from training.engine import cli
from training.engine.measurement import evaluate
from training.engine.run import Run
from training.engine.translation import (
    Drawn,
    PairedConfig,
    export_pix2pix,
    pairs_of,
    progress_sheet,
    sides,
)
from training.evaluation.pix2pix import measure
from training.objectives import absolute_error, logistic_discriminator, logistic_generator


@dataclass(frozen=True)
class Config(PairedConfig):
    """One translation from pairs, by the paper's recipe."""

    size: int | None = None
    """side of the images in pixels: 32, 64, 128 or 256; None: 128"""
    width: int = 64
    """channels of G and D at half the images' side"""
    dropout: float = 0.5
    """share of the numbers of G's inner layers that z drops"""
    lambda_l1: float = 100.0
    """weight of L1, of pixels in [−1, 1]"""
    lr: float = 2e-4
    """Adam's learning rate, of both players"""

    def check(self) -> None:
        """Refuse options that no run can have, and a size that the networks are not for."""
        super().check()
        with torch.device("meta"):  # no weights are made
            PaperUNet(3, 3, self.size or SIZE, self.width)


def train(config: Config) -> tuple[nn.Module, Run]:
    """Fit and return the generator and its run."""
    run = Run(config)
    data = load_pairs(config.data, "train", config.size)
    G, D = map(run.setup, build(config, data))
    optimizer_G, optimizer_D = (
        run.optimizer(Adam(net.parameters(), config.lr, betas=(0.5, 0.999))) for net in (G, D)
    )
    state = {"G": G, "D": D, "optimizer_G": optimizer_G, "optimizer_D": optimizer_D}
    run.resume(**state)
    p = torch.tensor(config.dropout, device=run.fabric.device)

    for c, x in pairs_of(run, data):
        u = torch.rand(len(c), G.module.noise, device=c.device)
        x_hat = G(c, u, p)

        real, fake = D(torch.cat([c, x], dim=1)), D(torch.cat([c, x_hat.detach()], dim=1))
        loss_D = 0.5 * logistic_discriminator(real, fake)
        optimizer_D.zero_grad()
        run.fabric.backward(loss_D.mean())
        optimizer_D.step()

        loss_G = logistic_generator(D(torch.cat([c, x_hat], dim=1)))
        l1 = 2 * absolute_error(x, x_hat)
        optimizer_G.zero_grad()
        run.fabric.backward(loss_G.mean() + config.lambda_l1 * l1.mean())
        optimizer_G.step()

        run.log(loss_G=loss_G, l1=l1, real=real, fake=fake)
        run.checkpoint(lambda: progress_sheet(data, Drawn(G.module, config.dropout)), **state)
    return G.module, run


def build(config: Config, data: Pairs) -> tuple[PaperUNet, PatchDiscriminator]:
    """Untrained (G, D) for pairs such as those of `data`."""
    c, x = sides(data)
    G = PaperUNet(c, x, data.size, config.width)
    return G, PatchDiscriminator(c + x, config.width, norm=nn.BatchNorm2d)


def main(config: Config) -> None:
    """Train, export, evaluate."""
    G, run = train(config)
    if run.is_main:
        export_pix2pix(
            config,
            G,
            run,
            recipe=Pix2PixRecipe.PAPER,
            module="training.pix2pix_paper",
            title="pix2pix by the paper's recipe",
            summary="A conditional GAN with an L1 term, the paper's own U-Net of 54 M numbers at 256 pixels",
            l1=config.lambda_l1,
        )
        evaluate(config.exported / config.name, measure)


if __name__ == "__main__":
    cli.run(main, Config)
