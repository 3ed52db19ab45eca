"""Generative adversarial networks, as one would train them today (lecture §3.1-3.7; Goodfellow et al. 2014).

A generator G turns z ~ N(0, I) into a picture x̂ = G(z); a discriminator D gives the logit of "x is real". Each step
plays both sides once (§3.6), with the logistic loss, non-saturating for G (§3.5),

    D minimises  E −log D(x) − log(1 − D(x̂))  +  γ E ½ ‖∇_x D(x)‖²,        G minimises  E −log D(x̂).

The last term of D, on real pictures, is R1 (Mescheder et al. 2018): it makes the game converge where the plain one
circles (§5.2-5.4). It is taken every `r1_every` steps, with `r1_every` times the weight (Karras et al. 2020). What is
sampled and exported is the moving average of G. `training.dcgan` is the lecture's own recipe without all this.

    python -m training.gan --name gan-fashion --data fashion --size 32
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.optim import Adam

from gen_models.cards import Port
from gen_models.networks.gan import Discriminator, Generator
from training import cli
from training.augment import differentiable, mirrored
from training.data import load
from training.evaluate import evaluate
from training.export import Spec, export
from training.film import Film, assemble
from training.objectives import logistic_discriminator, logistic_generator, r1
from training.players import settled
from training.run import Ema, Run, RunConfig


@dataclass(frozen=True)
class Config(RunConfig):
    """One generative adversarial network."""

    batch: int = 64
    """pictures per step and device"""
    data: str = "fashion"
    """a data set of training.data, or folder:PATH"""
    size: int | None = None
    """side of the pictures in pixels, such as 28, 32, 64 or 128 (default: the data set's own, 64 for a folder)"""
    channels: int | None = None
    """1 grey, 3 colour (default: the data set's own, 3 for a folder)"""
    latent_dim: int = 64
    """size of z"""
    width: int = 32
    """channels of G and D at half the pictures' side"""
    gamma: float = 0.1
    """weight of R1, per squared pixel in [0, 1]; 0 leaves it out"""
    r1_every: int = 16
    """steps between penalties"""
    augment: float = 0.0
    """probability of each change of DiffAugment, on all pictures that D sees; for small data sets"""
    mirror: bool = False
    """mirror every other training picture"""
    half: bool = False
    """store the exported weights as float16"""
    ema: float = 200.0
    """half-life of G's moving average, in steps"""
    lr: float = 5e-4
    """Adam's learning rate, of both players"""


def train(config: Config) -> tuple[nn.Module, Run]:
    """Fit and return the averaged generator and its run."""
    run = Run(config)
    data = load(config.data, "train", size=config.size, channels=config.channels)
    G, D = map(run.setup, build(config, data.x.shape[1:]))
    ema = Ema(G.module, config.ema)
    optimizer_G, optimizer_D = (
        run.optimizer(Adam(net.parameters(), config.lr, betas=(0.5, 0.99))) for net in (G, D)
    )
    state = {"G": G, "D": D, "ema": ema, "optimizer_G": optimizer_G, "optimizer_D": optimizer_D}
    run.resume(**state)
    film = Film(run, config.latent_dim)

    for x in run.batches(data):
        z = torch.randn(len(x), config.latent_dim, device=x.device)
        x_hat = G(z)

        x = differentiable(mirrored(x) if config.mirror else x, config.augment)
        real = D(x)
        fake = D(differentiable(x_hat.detach(), config.augment))
        loss_D = logistic_discriminator(real, fake)
        if config.gamma and run.step % config.r1_every == 0:
            with run.fabric.autocast():  # Fabric's wrapper allows no gradient but fabric.backward's
                penalty = r1(D.module, x)
            loss_D = loss_D + config.r1_every * config.gamma * penalty
        optimizer_D.zero_grad()
        run.fabric.backward(loss_D.mean())
        optimizer_D.step()

        loss_G = logistic_generator(D(differentiable(x_hat, config.augment)))
        optimizer_G.zero_grad()
        run.fabric.backward(loss_G.mean())
        optimizer_G.step()
        ema.update(G.module, run.step)

        run.log(loss_G=loss_G, real=real, fake=fake)
        film.take(ema.net)
        run.checkpoint(lambda: film.pictures(ema.net), **state)

    return settled(ema.net, config.latent_dim, run.fabric.device), run


def build(config: Config, shape: torch.Size) -> tuple[Generator, Discriminator]:
    """Untrained (G, D) for pictures of `shape` (channels, height, width)."""
    c, size, _ = shape
    try:
        G = Generator(c, size, config.width, config.latent_dim)
        return G, Discriminator(c, size, config.width)
    except ValueError as error:
        raise cli.UserError(str(error)) from None


def export_model(config: Config, G: nn.Module, run: Run) -> None:
    """Write `exported/<name>/`, the training film with it."""
    test = load(config.data, "test", size=config.size, channels=config.channels)
    export(
        name=config.name,
        root=config.exported,
        family="gan",
        title=f"GAN on {test.info.title}",
        lecture="§3.1-3.7",
        summary=(
            f"A convolutional GAN with the non-saturating logistic loss and R1, trained on {test.info.title}; "
            "what is exported is the moving average of its generator."
        ),
        limitations=(
            "No encoder: a given picture has no z here until one searches for it. Some samples are broken, "
            "and nothing says which. It makes nothing but pictures like those it was trained on."
        ),
        module="training.gan",
        config=config,
        data=test,
        runs=[run],
        graphs={
            "generator": Spec(
                G, (Port("z", ("batch", config.latent_dim)),), {"x": (0, 1)}, half=config.half
            ),
        },
        sheets={"film": assemble(config.folder, config.steps)},
    )


def main(config: Config) -> None:
    """Train, export, evaluate."""
    G, run = train(config)
    if run.is_main:
        export_model(config, G, run)
        evaluate(config.exported / config.name)


if __name__ == "__main__":
    cli.run(main, Config)
