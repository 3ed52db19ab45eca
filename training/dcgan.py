"""DCGAN, the lecture's own recipe (§3.4-3.7; Radford, Metz and Chintala 2016).

Five transposed convolutions with BatchNorm for G, strided convolutions with BatchNorm for D, binary cross-entropy, Adam
with learning rate 2e-4 and β₁ = 0.5 for both. With D's logits of real and generated images (§3.4, §3.5),

    D minimises  ½ E −log D(x) + ½ E −log(1 − D(x̂)),        G minimises  ½ E −log D(x̂).

It is kept as the lecture has it, to compare with: `training.gan` is what one would add today, and the tab shows both.

    python -m training.dcgan --name dcgan-fashion --data fashion --size 32
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.optim import Adam

from gen_models.cards import Port
from gen_models.families import GANFacts, GANRecipe
from gen_models.networks.gan import DCGANDiscriminator, DCGANGenerator
from training.data import load
from training.engine import cli
from training.engine.export import Spec, dataset, export, titled
from training.engine.film import Film, assemble
from training.engine.measurement import evaluate
from training.engine.run import Run, RunConfig
from training.evaluation.gan import measure
from training.objectives import logistic_discriminator, logistic_generator


@dataclass(frozen=True)
class Config(RunConfig):
    """One DCGAN."""

    batch: int = 64
    """images per step and device"""
    data: str = "fashion"
    """a data set of training.data, or folder:PATH"""
    size: int = 32
    """side of the images in pixels, 32 or 64"""
    channels: int | None = None
    """1 grey, 3 colour; None: the data set's own, 3 for a folder"""
    latent_dim: int = 100
    """size of z"""
    width: int = 64
    """channels of G and D at half the images' side"""
    lr: float = 2e-4
    """Adam's learning rate, of both players"""

    def check(self) -> None:
        """Refuse options that no run can have, and a size that the networks are not for."""
        super().check()
        with torch.device("meta"):  # no weights are made
            build(self, torch.Size((self.channels or 3, self.size, self.size)))


def train(config: Config) -> tuple[nn.Module, Run]:
    """Fit and return the generator and its run."""
    run = Run(config)
    data = load(config.data, "train", size=config.size, channels=config.channels)
    G, D = map(run.setup, build(config, data.x.shape[1:]))
    optimizer_G, optimizer_D = (
        run.optimizer(Adam(net.parameters(), config.lr, betas=(0.5, 0.999))) for net in (G, D)
    )
    state = {"G": G, "D": D, "optimizer_G": optimizer_G, "optimizer_D": optimizer_D}
    run.resume(**state)
    film = Film(run, config.latent_dim)

    for x in run.batches(data):
        z = torch.randn(len(x), config.latent_dim, device=x.device)
        x_hat = G(z)

        real, fake = D(x), D(x_hat.detach())
        loss_D = 0.5 * logistic_discriminator(real, fake)
        optimizer_D.zero_grad()
        run.fabric.backward(loss_D.mean())
        optimizer_D.step()

        loss_G = 0.5 * logistic_generator(D(x_hat))
        optimizer_G.zero_grad()
        run.fabric.backward(loss_G.mean())
        optimizer_G.step()

        run.log(loss_G=loss_G, real=real, fake=fake)
        film.take(G.module, loss_D=loss_D, loss_G=loss_G)
        run.checkpoint(lambda: film.images(G.module), **state)
    return G.module, run


def build(config: Config, shape: torch.Size) -> tuple[nn.Module, nn.Module]:
    """Untrained (G, D) for images of `shape` (channels, height, width)."""
    c, size, _ = shape
    G = DCGANGenerator(c, size, config.width, config.latent_dim)
    return G, DCGANDiscriminator(c, size, config.width)


def export_model(config: Config, G: nn.Module, run: Run) -> None:
    """Write `exported/<name>/`, the training film with it."""
    test = titled(load(config.data, "test", size=config.size, channels=config.channels), config)
    export(
        name=config.name,
        root=config.exported,
        family="gan",
        title=f"DCGAN on {test.info.title}",
        lecture="§3.7",
        summary=(
            f"The lecture's own recipe, DCGAN as published, trained on {test.info.title} to compare with."
        ),
        limitations=(
            "No encoder: a given picture has no z here until one searches for it. Some samples are broken, "
            "and nothing says which. It makes nothing but pictures like those it was trained on."
        ),
        module="training.dcgan",
        config=config,
        data=dataset(test.info, config.data, config.size, config.channels),
        examples_of=test,
        facts=GANFacts(GANRecipe.DCGAN),
        runs=[run],
        graphs={
            "generator": Spec(
                G, (Port("z", ("batch", config.latent_dim)),), {"x": (0, 1)}, fp16_weights=True
            ),
        },
        sheets={"film": assemble(config.folder, config.steps)},
    )


def main(config: Config) -> None:
    """Train, export, evaluate."""
    G, run = train(config)
    if run.is_main:
        export_model(config, G, run)
        evaluate(config.exported / config.name, measure)


if __name__ == "__main__":
    cli.run(main, Config)
