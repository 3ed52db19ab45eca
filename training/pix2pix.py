"""pix2pix: a conditional GAN that learns a translation from example pairs (lecture §4.1; Isola et al. 2017).

A pair is what is drawn, c, and the wanted image, x. A generator G turns c and z into x̂ = G(c, z); a discriminator D
sees both images of a pair and gives a logit of "real" for each of their patches. With the logistic loss (§3.4, §3.5),

    D minimises  E −log D(c, x) − log(1 − D(c, x̂)),        G minimises  E −log D(c, x̂)  +  λ |x − x̂|.

D asks for detail, the L1 term for the right whole. z is the noise of G's dropout, which stays active in use: an input
of the exported graph, so that equal z give equal images. `training.pix2pix_paper` is the paper's own recipe.

The L1 term rewards the one answer that is least wrong, so z is ignored. With a spread s > 0 two draws x̂, x̂' of G answer
each c, and are rewarded for being as far from each other as from x (`objectives.crps`); D judges the first:

    λ (½ |x − x̂| + ½ |x − x̂'| − ½ s |x̂ − x̂'|)        in place of        λ |x − x̂|.

    python -m training.pix2pix --name pix2pix-heads --data heads-labels
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Adam

from gen_models.errors import UserError
from gen_models.families import Pix2PixRecipe
from gen_models.networks.gan import downsampled_sides
from gen_models.networks.pix2pix import PatchDiscriminator, UNet
from training.augment import random_hflip
from training.data.pairs import SIZE, Pairs, encode, load_pairs
from training.engine import cli
from training.engine.batches import evenly_spaced_indices
from training.engine.export import load_exported
from training.engine.measurement import evaluate
from training.engine.networks import Ema, recalibrate_batchnorm
from training.engine.penalty import r1_penalty
from training.engine.run import Run, set_lr
from training.engine.translation import (
    Drawn,
    PairedConfig,
    damaged,
    export_pix2pix,
    pairs_of,
    progress_sheet,
    sides,
)
from training.evaluation.pix2pix import measure
from training.objectives import (
    absolute_error,
    crps,
    logistic_discriminator,
    logistic_generator,
)
from training.schedules import linear_decay

TERMS = {
    (True, True): ("pix2pix", "A conditional GAN with an L1 term"),
    (True, False): (
        "pix2pix, L1 alone",
        "The generator of a conditional GAN, trained by its L1 term alone",
    ),
    (False, True): ("pix2pix, GAN alone", "A conditional GAN without an L1 term"),
}
"""Title and what is trained, by whether L1 and whether D has a weight."""


@dataclass(frozen=True)
class Config(PairedConfig):
    """One translation from pairs."""

    init_from: Path | None = None
    """folder of an exported pix2pix of the same shape whose weights G begins with; D begins anew"""
    damage: float = 0.0
    """share of the label maps that are damaged to look as if drawn by hand; for heads-labels"""
    random_hflip: bool = False
    """flip every other training pair, chosen at random, left to right"""
    width: int = 32
    """channels of G and D at half the images' side"""
    dropout: float = 0.5
    """share of the channels of G's inner layers that z drops"""
    lambda_l1: float = 100.0
    """weight of L1, of pixels in [−1, 1] as in the paper; 0 leaves it out"""
    lambda_gan: float = 1.0
    """weight of what D says of G's images; 0 leaves it out"""
    spread: float = 0.0
    """weight of the difference between two draws of G, in [0, 1]; 0 makes one draw alone"""
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

    def check(self) -> None:
        """Refuse options that no run can have, and a size that the networks are not for."""
        super().check()
        downsampled_sides(self.size or SIZE)
        if self.damage and self.data != "heads-labels":
            raise UserError(f"--damage is for --data heads-labels, not {self.data}.")
        if self.spread > 1:
            raise UserError(f"--spread must be at most 1, not {self.spread:g}.")
        if self.lambda_l1 == self.lambda_gan == 0:
            raise UserError("--lambda-l1 and --lambda-gan cannot both be 0: nothing would train G.")


def train(config: Config) -> tuple[nn.Module, Run]:
    """Fit and return the averaged generator and its run."""
    run = Run(config)
    data = load_pairs(config.data, "train", config.size)
    G, D = build(config, data)
    if config.init_from:
        load_exported(G, config.init_from / "generator.onnx")
    G, D = run.setup(G), run.setup(D)
    ema = Ema(G.module, config.ema)
    optimizer_G, optimizer_D = (
        run.optimizer(Adam(net.parameters(), config.lr, betas=(0.5, 0.999))) for net in (G, D)
    )
    state = {"G": G, "D": D, "ema": ema, "optimizer_G": optimizer_G, "optimizer_D": optimizer_D}
    run.resume(**state)
    p = torch.tensor(config.dropout, device=run.fabric.device)
    draws = 2 if config.spread else 1

    for c, x in pairs_of(run, data):
        if config.damage:
            c = damaged(c, config.damage)
        if config.random_hflip:
            c, x = random_hflip(torch.cat([c, x], dim=1)).tensor_split([c.shape[1]], dim=1)
        for optimizer in (optimizer_G, optimizer_D):
            set_lr(optimizer, config.lr * linear_decay(run.progress, config.decay))
        u = torch.rand(draws * len(c), G.module.noise, device=c.device)
        x_hat, *other = G(c.repeat(draws, 1, 1, 1), u, p).chunk(draws)

        real, fake = D(torch.cat([c, x], dim=1)), D(torch.cat([c, x_hat.detach()], dim=1))
        loss_D = logistic_discriminator(real, fake).mean()
        if config.gamma and run.step % config.r1_every == 0:
            penalty = r1_penalty(run, D, torch.cat([c, x], dim=1)).sum() / len(real)
            loss_D = loss_D + config.r1_every * config.gamma * penalty
        optimizer_D.zero_grad()
        run.fabric.backward(loss_D)
        optimizer_D.step()

        loss_G = logistic_generator(D(torch.cat([c, x_hat], dim=1)))
        l1 = 2 * (crps(x, x_hat, *other, config.spread) if other else absolute_error(x, x_hat))
        optimizer_G.zero_grad()
        run.fabric.backward(config.lambda_gan * loss_G.mean() + config.lambda_l1 * l1.mean())
        optimizer_G.step()
        ema.update(G.module, run.step)

        run.log(loss_G=loss_G, l1=l1, real=real, fake=fake)
        run.checkpoint(lambda: progress_sheet(data, Drawn(ema.net, config.dropout)), **state)

    torch.manual_seed(config.seed)
    recalibrate_batchnorm(Drawn(ema.net, config.dropout), inputs(run, data, config.damage))
    return ema.net.eval(), run


def inputs(run: Run, data: Pairs, damage: float, n: int = 400) -> Iterator[Tensor]:
    """n inputs of the generator from all over the training set, damaged as in training, in batches."""
    indices = evenly_spaced_indices(len(data), min(n, len(data)))
    for i in range(0, len(indices), 8):
        c = encode(data, data[indices[i : i + 8]][0])
        yield run.fabric.to_device(damaged(c, damage) if damage else c)


def build(config: Config, data: Pairs) -> tuple[UNet, PatchDiscriminator]:
    """Untrained (G, D) for pairs such as those of `data`."""
    c, x = sides(data)
    return UNet(c, x, data.size, config.width), PatchDiscriminator(c + x, config.width)


def main(config: Config) -> None:
    """Train, export, evaluate."""
    G, run = train(config)
    if run.is_main:
        title, what = TERMS[bool(config.lambda_l1), bool(config.lambda_gan)]
        export_pix2pix(
            config,
            G,
            run,
            recipe=Pix2PixRecipe.FAST,
            module="training.pix2pix",
            title=title,
            summary=f"{what}; its U-Net is chosen for its time on a CPU",
            l1=config.lambda_l1,
            gan=config.lambda_gan,
        )
        evaluate(config.exported / config.name, measure)


if __name__ == "__main__":
    cli.run(main, Config)
