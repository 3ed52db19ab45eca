"""Generative adversarial networks, as one would train them today (lecture §3.1-3.7; Goodfellow et al. 2014).

A generator G turns z ~ N(0, I) into an image x̂ = G(z); a discriminator D gives the logit of "x is real". Each step
plays both sides once (§3.6), with the logistic loss, non-saturating for G (§3.5),

    D minimises  E −log D(x) − log(1 − D(x̂))  +  γ E ½ ‖∇_x D(x)‖²,        G minimises  E −log D(x̂).

The last term of D, on real images, is R1 (Mescheder et al. 2018): it makes the game converge where the plain one
circles (§5.2-5.4). It is taken every `r1_every` steps, with `r1_every` times the weight (Karras et al. 2020). With
`pack` D judges that many images at once, against mode collapse (§5.5): x and x̂ above are then packs. What is sampled
and exported is the moving average of G. `training.dcgan` is the lecture's own recipe without all this.

With --classes both players are told the class y of the images (§4.1): x̂ = G(z, y), with an embedding of y beside z, and
D is that of a projection (Miyato and Koyama 2018),

    D(x, y) = ψ(φ(x)) + ⟨v_y, φ(x)⟩.

    python -m training.gan --name gan-fashion --data fashion --size 32
    python -m training.gan --name mine --data folder:PATH --classes
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Adam

from gen_models.cards import Port
from gen_models.errors import UserError
from gen_models.families import CLASS, GANFacts, GANRecipe
from gen_models.networks.gan import (
    ClassGenerator,
    Discriminator,
    Generator,
    ProjectionDiscriminator,
    downsampled_sides,
)
from training.augment import diff_augment, random_hflip
from training.data import load
from training.engine import cli
from training.engine.classes import batches, classes_of, one_hot
from training.engine.export import Spec, dataset, export, titled
from training.engine.film import Film, assemble
from training.engine.gan_runs import CALIBRATION, recalibrate_generator
from training.engine.initial import begin_with, check_another
from training.engine.measurement import evaluate
from training.engine.networks import Ema
from training.engine.penalty import r1_penalty
from training.engine.run import Run, RunConfig, set_lr
from training.evaluation.gan import measure
from training.objectives import logistic_discriminator, logistic_generator
from training.schedules import linear_decay


@dataclass(frozen=True)
class Config(RunConfig):
    """One generative adversarial network."""

    batch: int = 64
    """images per step and device"""
    data: str = "fashion"
    """a data set of training.data, or folder:PATH"""
    size: int | None = None
    """side of the images in pixels, such as 28, 32, 64 or 128; None: the data set's own, 64 for a folder"""
    channels: int | None = None
    """1 grey, 3 colour; None: the data set's own, 3 for a folder"""
    latent_dim: int = 64
    """size of z"""
    width: int = 32
    """channels of G and D at half the images' side"""
    classes: bool = False
    """tell G and D the class of each image; in a folder, each subfolder is a class"""
    pack: int = 1
    """images that D judges together (PacGAN; Lin et al. 2018)"""
    gamma: float = 0.1
    """weight of R1, per squared pixel in [0, 1]; 0 leaves it out"""
    r1_every: int = 16
    """steps between penalties"""
    augment: float = 0.0
    """probability of each change of DiffAugment, on all images that D sees; for small data sets"""
    random_hflip: bool = False
    """flip every other training image, chosen at random, left to right"""
    fp16_weights: bool = False
    """store the exported weights as float16"""
    ema: float = 200.0
    """half-life of G's moving average, in steps"""
    lr: float = 5e-4
    """Adam's learning rate, of both players"""
    decay: float = 0.0
    """share of the steps, the last ones, over which it falls to 0; 0 for none"""
    init_from: str = ""
    """name of another run of this script, of the same sizes, whose G and D this one begins with: fine-tuning"""

    def check(self) -> None:
        """Refuse options that no run can have, packs that no batch holds, and a size that G and D are not for."""
        super().check()
        check_another(self.name, self.init_from)
        if self.pack < 1 or self.batch % self.pack:
            raise UserError(
                f"--pack must be 1 or more and divide --batch ({self.batch}), not {self.pack}."
            )
        if self.pack > 1 and self.classes:
            raise UserError(
                "--pack must be 1 with --classes: D judges each image by its own class."
            )
        if self.size is not None:
            downsampled_sides(self.size)


def train(config: Config) -> tuple[nn.Module, Run]:
    """Fit and return the averaged generator and its run."""
    run = Run(config)
    data = load(config.data, "train", size=config.size, channels=config.channels)
    classes = len(classes_of(data.info, config.classes))
    G, D = build(config, data.x.shape[1:], classes)
    if config.init_from:
        begin_with(run, config.init_from, G=G, D=D)
    G, D = run.setup(G), run.setup(D)
    ema = Ema(G.module, config.ema)
    optimizer_G, optimizer_D = (
        run.optimizer(Adam(net.parameters(), config.lr, betas=(0.5, 0.99))) for net in (G, D)
    )
    state = {"G": G, "D": D, "ema": ema, "optimizer_G": optimizer_G, "optimizer_D": optimizer_D}
    run.resume(**state)
    film = Film(run, config.latent_dim, classes=classes)

    def seen(x: Tensor) -> Tensor:
        """The images as D sees them."""
        return packed(diff_augment(x, config.augment), config.pack)

    for x, *y in batches(run, data, classes):  # y: of each image the class, if they are told it
        for optimizer in (optimizer_G, optimizer_D):
            set_lr(optimizer, config.lr * linear_decay(run.progress, config.decay))
        z = torch.randn(len(x), config.latent_dim, device=x.device)
        x_hat = G(z, *y)

        x = seen(random_hflip(x) if config.random_hflip else x)
        real = D(x, *y)
        fake = D(seen(x_hat.detach()), *y)
        loss_D = logistic_discriminator(real, fake)
        if config.gamma and run.step % config.r1_every == 0:
            loss_D = loss_D + config.r1_every * config.gamma * r1_penalty(run, D, x, *y)
        optimizer_D.zero_grad()
        run.fabric.backward(loss_D.mean())
        optimizer_D.step()

        loss_G = logistic_generator(D(seen(x_hat), *y))
        optimizer_G.zero_grad()
        run.fabric.backward(loss_G.mean())
        optimizer_G.step()
        ema.update(G.module, run.step)

        run.log(loss_G=loss_G, real=real, fake=fake)
        film.take(ema.net, loss_D=logistic_discriminator(real, fake), loss_G=loss_G)
        run.checkpoint(lambda: film.images(ema.net), **state)

    drawn = torch.arange(CALIBRATION) % len(data)
    y = one_hot(data, drawn.tolist(), classes) if classes else None
    return recalibrate_generator(ema.net, config.latent_dim, run.fabric.device, y), run


def build(config: Config, shape: torch.Size, classes: int = 0) -> tuple[nn.Module, nn.Module]:
    """Untrained (G, D) for images of `shape` (channels, height, width), told one of `classes` if there are any."""
    c, size, _ = shape
    if classes:
        G = ClassGenerator(c, size, config.width, config.latent_dim, classes)
        return G, ProjectionDiscriminator(c, size, config.width, classes)
    G = Generator(c, size, config.width, config.latent_dim)
    return G, Discriminator(config.pack * c, size, config.width)


def packed(x: Float[Tensor, "b c h w"], m: int) -> Float[Tensor, "b/m m*c h w"]:
    """Stack each m images in turn to one, their channels one after another (§5.5; Lin et al. 2018).

    To D one image of a collapsed generator may look real; m that are alike do not.
    """
    return x.unflatten(0, (-1, m)).flatten(1, 2)


def export_model(config: Config, G: nn.Module, run: Run) -> None:
    """Write `exported/<name>/`, the training film with it."""
    test = titled(load(config.data, "test", size=config.size, channels=config.channels), config)
    classes = classes_of(test.info, config.classes)
    judged = f", D judging {config.pack} images together" if config.pack > 1 else ""
    told = f", told one of {len(classes)} classes" if classes else ""
    y = [Port(CLASS, ("batch", len(classes)), range=(0, 1))] if classes else []
    export(
        name=config.name,
        root=config.exported,
        family="gan",
        title=f"{'Conditional ' * config.classes}GAN on {test.info.title}",
        lecture="§3.1-3.7" + ", §4.1" * config.classes,
        summary=(
            f"A convolutional GAN with the non-saturating logistic loss and R1{judged}{told}, trained on "
            f"{test.info.title}; what is exported is the moving average of its generator."
        ),
        limitations=(
            "No encoder: a given picture has no z here until one searches for it. Some samples are broken, "
            "and nothing says which. It makes nothing but pictures like those it was trained on."
        ),
        module="training.gan",
        config=config,
        data=dataset(test.info, config.data, config.size, config.channels),
        examples_of=test,
        facts=GANFacts(GANRecipe.LOGISTIC_R1, config.pack, classes),
        runs=[run],
        graphs={
            "generator": Spec(
                G,
                (Port("z", ("batch", config.latent_dim)), *y),
                {"x": (0, 1)},
                fp16_weights=config.fp16_weights,
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
