"""pix2pix: a conditional GAN that learns a translation from example pairs (lecture §4.1; Isola et al. 2017).

A pair is what is drawn, c, and the wanted picture, x. A generator G turns c and z into x̂ = G(c, z); a discriminator D
sees both pictures of a pair and gives a logit of "real" for each of their patches. With the logistic loss (§3.4, §3.5),

    D minimises  E −log D(c, x) − log(1 − D(c, x̂)),        G minimises  E −log D(c, x̂)  +  λ |x − x̂|.

D asks for detail, the L1 term for the right whole. z is the noise of G's dropout, which stays active in use: an input
of the exported graph, so that equal z give equal pictures. `training.pix2pix_paper` is the paper's own recipe.

    python -m training.pix2pix --name pix2pix-heads --data heads-labels
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Adam

from gen_models.networks.pix2pix import PatchDiscriminator, UNet
from training import cli
from training.augment import mirrored
from training.data.pairs import Pairs, encode, load_pairs
from training.evaluate import evaluate
from training.objectives import absolute_error, logistic_discriminator, logistic_generator, r1
from training.run import Ema, Run, RunConfig, refit_batchnorm, set_lr
from training.translation import Drawn, export_pix2pix, pairs_of, progress_sheet, sides


@dataclass(frozen=True)
class Config(RunConfig):
    """One translation from pairs."""

    batch: int = 4
    """pairs per step and device"""
    data: str = "heads-labels"
    """pairs of training.data.pairs, or pairs:PATH, or pairs:PATH,BtoA"""
    size: int | None = None
    """side of the pictures in pixels, such as 64, 128 or 256 (default: 128)"""
    mirror: bool = False
    """mirror every other training pair"""
    width: int = 32
    """channels of G and D at half the pictures' side"""
    dropout: float = 0.5
    """share of the channels of G's inner layers that z drops"""
    lambda_l1: float = 100.0
    """weight of L1, of pixels in [−1, 1] as in the paper"""
    gamma: float = 0.0
    """weight of R1 on D, per patch and squared pixel in [0, 1]; 0 leaves it out"""
    r1_every: int = 16
    """steps between penalties"""
    ema: float = 200.0
    """half-life of G's moving average, in steps"""
    lr: float = 4e-4
    """Adam's learning rate, of both players"""
    decay: float = 0.5
    """share of the steps, the last ones, over which it falls to 0; 0 for none"""


def train(config: Config) -> tuple[nn.Module, Run]:
    """Fit and return the averaged generator and its run."""
    run = Run(config)
    data = load_pairs(config.data, "train", config.size)
    G, D = map(run.setup, build(config, data))
    ema = Ema(G.module, config.ema)
    optimizer_G, optimizer_D = (
        run.optimizer(Adam(net.parameters(), config.lr, betas=(0.5, 0.999))) for net in (G, D)
    )
    state = {"G": G, "D": D, "ema": ema, "optimizer_G": optimizer_G, "optimizer_D": optimizer_D}
    run.resume(**state)
    p = torch.tensor(config.dropout, device=run.fabric.device)

    for c, x in pairs_of(run, data):
        if config.mirror:
            c, x = mirrored(torch.cat([c, x], dim=1)).tensor_split([c.shape[1]], dim=1)
        for optimizer in (optimizer_G, optimizer_D):
            set_lr(optimizer, config.lr * min(1.0, (1 - run.progress) / max(config.decay, 1e-6)))
        u = torch.rand(len(c), G.module.noise, device=c.device)
        x_hat = G(c, u, p)

        real, fake = D(torch.cat([c, x], dim=1)), D(torch.cat([c, x_hat.detach()], dim=1))
        loss_D = logistic_discriminator(real, fake).mean()
        if config.gamma and run.step % config.r1_every == 0:
            with run.fabric.autocast():  # Fabric's wrapper allows no gradient but fabric.backward's
                penalty = r1(D.module, torch.cat([c, x], dim=1)).sum() / len(real)
            loss_D = loss_D + config.r1_every * config.gamma * penalty
        optimizer_D.zero_grad()
        run.fabric.backward(loss_D)
        optimizer_D.step()

        loss_G = logistic_generator(D(torch.cat([c, x_hat], dim=1)))
        l1 = 2 * absolute_error(x, x_hat)
        optimizer_G.zero_grad()
        run.fabric.backward(loss_G.mean() + config.lambda_l1 * l1.mean())
        optimizer_G.step()
        ema.update(G.module, run.step)

        run.log(loss_G=loss_G, l1=l1, real=real, fake=fake)
        run.checkpoint(lambda: progress_sheet(data, Drawn(ema.net, config.dropout)), **state)

    torch.manual_seed(config.seed)
    refit_batchnorm(Drawn(ema.net, config.dropout), inputs(run, data))
    return ema.net.eval(), run


def inputs(run: Run, data: Pairs, n: int = 400) -> Iterator[Tensor]:
    """n inputs of the generator from all over the training set, in batches."""
    for part in torch.linspace(0, len(data) - 1, min(n, len(data))).long().split(8):
        yield run.fabric.to_device(encode(data, data[part.tolist()][0]))


def build(config: Config, data: Pairs) -> tuple[UNet, PatchDiscriminator]:
    """Untrained (G, D) for pairs such as those of `data`."""
    c, x = sides(data)
    try:
        return UNet(c, x, data.size, config.width), PatchDiscriminator(c + x, config.width)
    except ValueError as error:
        raise cli.UserError(str(error)) from None


def main(config: Config) -> None:
    """Train, export, evaluate."""
    G, run = train(config)
    if run.is_main:
        export_pix2pix(
            config,
            G,
            run,
            module="training.pix2pix",
            title="pix2pix",
            summary="A conditional GAN with an L1 term; its U-Net is chosen for its time on a CPU",
        )
        evaluate(config.exported / config.name)


if __name__ == "__main__":
    cli.run(main, Config)
