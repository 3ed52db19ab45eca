"""Variational autoencoders (lecture §2; Kingma and Welling 2014).

Choose p(z) = N(0, I). A decoder gives a distribution p(x|z) over images, an encoder guesses a good z for an image,
q(z|x) = N(mu(x), diag σ²(x)). Minimise the negative of a lower bound on log p(x) (§2.4),

    −ELBO(x) = E_{z ~ q(z|x)}[ −log p(x|z) ] + β KL( q(z|x) ‖ p(z) ),

with one z per image, reparameterised so that ∂z/∂φ exists (§2.5): z = mu + σ ε, ε ~ N(0, I). (The slide prints
σ + mu ε, a slip.) The output is Bernoulli or Normal (§2.2). β = 1 is the bound; other values trade reconstructions
against samples (Higgins et al. 2017).

    python -m training.vae --name vae-digits-2d --data digits --latent-dim 2

With --classes both halves are told the class y of the image (§4.1; Sohn, Lee and Yan 2015): q(z|x, y) and p(x|z, y), in
a bound on log p(x|y). z need then not say the class.

With --codes, VAEs of several sizes of z share a card of the family of `training.autoencoder`. Beside its models, of the
same layers and sizes, they show what drawn codes decode to with the KL term, and without it (§1.6).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Float
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import AdamW

from gen_models.cards import Port
from gen_models.errors import UserError
from gen_models.families import CLASS, AutoencoderFacts, AutoencoderKind, Likelihood, VAEFacts
from gen_models.networks.autoencoder import Gaussian
from gen_models.networks.vae import (
    BernoulliDecoder,
    ClassDecoder,
    ClassEncoder,
    Encoder,
    FixedNormalDecoder,
    MeanDecoder,
    MeanEncoder,
    NormalDecoder,
    WhitenedDecoder,
    WhitenedEncoder,
)
from training.augment import jitter, random_hflip
from training.data import Images, load, to_float
from training.data.common import BLACK_GROUND, border_of
from training.engine import attributes, cli
from training.engine.batches import evenly_spaced_indices
from training.engine.classes import batches, classes_of, in_turn, one_hot
from training.engine.export import Spec, dataset, export, titled
from training.engine.initial import begin_with, check_another
from training.engine.measurement import evaluate
from training.engine.networks import evaluating
from training.engine.run import Run, RunConfig, evenly_spaced, set_lr
from training.evaluation import autoencoder as autoencoder_evaluation
from training.evaluation.vae import measure
from training.objectives import (
    kl_to_standard_normal,
    log_bernoulli,
    log_normal,
    pyramid_distance,
)
from training.schedules import cosine, linear_decay


@dataclass(frozen=True)
class Config(RunConfig):
    """One variational autoencoder."""

    data: str = "digits"
    """digits, mnist, fashion or folder:PATH"""
    size: int | None = None
    """side of the images in pixels; None: the data set's own, 64 for a folder"""
    channels: int | None = None
    """1 grey, 3 colour; None: the data set's own, 3 for a folder"""
    latent_dim: int = 10
    """size of z"""
    classes: bool = False
    """tell both halves the class of each image; in a folder, each subfolder is a class"""
    codes: tuple[int, ...] = ()
    """sizes of z instead of latent_dim; each is trained on its own, and all share a card as autoencoders do"""
    width: int = 16
    """channels after the first halving"""
    likelihood: Literal["bernoulli", "normal"] | None = None
    """p(x|z): one probability per pixel, or a mean and a standard deviation; None: bernoulli for digits, mnist and
    fashion, which are nearly black or white, else normal"""
    sigma: float | None = None
    """standard deviation of every pixel of a normal output; None: learned, one per pixel"""
    pyramid: float = 0.0
    """weight of a second error beside the likelihood's, absolute and at all scales, for sharper edges"""
    beta: float = 1.0
    """weight of the KL term, in training and in evaluation; 1 is the bound on log p(x)"""
    binarize: bool = False
    """draw each pixel, black or white, anew at every step with its grey level as the probability"""
    augment: float | None = None
    """strength of the random affine maps of the training images, which ends at 0; None: 0.5 for digits, mnist and
    fashion, else 0"""
    random_hflip: bool = False
    """flip every other training image, chosen at random, left to right"""
    fp16_weights: bool = False
    """store the exported weights as float16"""
    fit_prior: bool = False
    """after training, fit the prior, a Gaussian, to the codes of the training images"""
    attributes: tuple[str, ...] = ()
    """known factors of the data to find directions for in z, such as smile"""
    lr: float = 2e-3
    """AdamW's highest learning rate"""
    init_from: str = ""
    """name of another run of this script, of the same sizes, whose networks this one begins with: fine-tuning"""

    def __post_init__(self) -> None:
        """Settle what depends on the data."""
        black = self.data in BLACK_GROUND
        likelihood = self.likelihood or ("bernoulli" if black or self.binarize else "normal")
        cli.settle(self, augment=0.5 if black else 0.0, likelihood=likelihood)

    def check(self) -> None:
        """Refuse options that no run can have, and a size that the networks are not for."""
        super().check()
        check_another(self.name, self.init_from)
        if self.codes and (self.attributes or self.fit_prior or self.init_from):
            raise UserError(
                "--attributes, --fit-prior and --init-from need one size of z: give --latent-dim, not --codes."
            )
        if self.classes and (self.codes or self.attributes or self.fit_prior):
            raise UserError(
                "--codes, --attributes and --fit-prior are for a VAE that is told no class: leave out --classes."
            )
        if self.size is not None:
            with torch.device("meta"):  # no weights are made
                build(self, (self.channels or 3, self.size, self.size))


OUTPUTS: dict[str | None, tuple[type[nn.Module], Callable[..., Tensor]]] = {
    "bernoulli": (BernoulliDecoder, lambda x, mean, logits: log_bernoulli(x, logits)),
    "normal": (NormalDecoder, log_normal),
}
"""The decoder that gives each p(x|z), and log p(x|z) as a function of x and of what that decoder returns."""


AUGMENT_DECAY = 0.4
"""Last share of a run in which the images become those of the data: a density is judged on them, not on moved ones."""


def reparameterise(mu: Float[Tensor, "b k"], logvar: Float[Tensor, "b k"]) -> Float[Tensor, "b k"]:
    """z = mu + σ ε with ε ~ N(0, I) (§2.5)."""
    return mu + (0.5 * logvar).exp() * torch.randn_like(mu)


def train(config: Config, fabric: Fabric | None = None) -> tuple[nn.Module, nn.Module, Run]:
    """Fit and return (encoder, decoder) and the run they came from."""
    run = Run(config, fabric)
    data = load(config.data, "train", size=config.size, channels=config.channels)
    if config.attributes:
        attributes.amounts(data, config.attributes)  # which they are is asked now, not after hours
    _, log_likelihood = OUTPUTS[config.likelihood]
    classes = len(classes_of(data.info, config.classes))
    encoder, decoder = build(config, data.x.shape[1:], classes)
    if config.init_from:
        begin_with(run, config.init_from, encoder=encoder, decoder=decoder)
    encoder, decoder = run.setup(encoder), run.setup(decoder)
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimizer = run.optimizer(AdamW(parameters, config.lr, weight_decay=1e-4))
    state = {"encoder": encoder, "decoder": decoder, "optimizer": optimizer}
    run.resume(**state)

    fixed = evenly_spaced(data, 20).to(run.fabric.device)
    fixed_z = torch.randn(40, config.latent_dim, generator=torch.Generator().manual_seed(0))
    fixed_y, each_y = [], []  # of those, the class, if it is told
    if classes:
        fixed_y = [one_hot(data, evenly_spaced_indices(len(data), 20), classes).to(fixed.device)]
        each_y = [in_turn(40, classes).to(fixed.device)]

    def samples() -> Tensor:
        """Rows of images, of their reconstructions, and of samples from the prior."""
        with evaluating(encoder.module, decoder.module) as (E, D):
            back = D(E(fixed, *fixed_y)[0], *fixed_y)[0]
            return torch.cat([fixed, back, D(fixed_z.to(fixed.device), *each_y)[0]])

    for x, *y in batches(run, data, classes):  # y: of each image the class, if they are told it
        set_lr(optimizer, config.lr * cosine(run.progress))
        x = random_hflip(x) if config.random_hflip else x
        strength = (config.augment or 0) * linear_decay(run.progress, AUGMENT_DECAY)
        x = jitter(x, strength, border_of(config.data))
        x = torch.bernoulli(x) if config.binarize else x

        mu, logvar = encoder(x, *y)
        z = reparameterise(mu, logvar)
        mean, logvar_or_logits = decoder(z, *y)
        reconstruction = -log_likelihood(x, mean, logvar_or_logits)
        if config.pyramid:
            reconstruction = reconstruction + config.pyramid * pyramid_distance(x, mean)
        kl = kl_to_standard_normal(mu, logvar)
        loss = reconstruction + config.beta * kl

        optimizer.zero_grad()
        run.fabric.backward(loss.mean())
        optimizer.step()

        run.log(loss=loss, reconstruction=reconstruction, kl=kl)
        run.checkpoint(samples, **state)
    return encoder.module, decoder.module, run


def whitening_transform(
    mu: Float[Tensor, "n k"], logvar: Float[Tensor, "n k"]
) -> tuple[Float[Tensor, " k"], Float[Tensor, "k k"]]:
    """(m, A) such that u = A (z − m), with z ~ q(z|x) over all x, has mean 0 and covariance I.

    N(0, I) over u is then the Gaussian fitted to the codes of all images: a prior that is learned, last. In the
    training's own coordinates a mean or a correlation of the codes costs little beside the likelihood of thousands of
    pixels and hardly goes away, and draws from N(0, I) miss where the codes are. Of all such coordinates these are the
    ones in which the q(z|x) are, in the mean, uncorrelated, the surest first: a few sliders then say the most.
    """
    within = torch.diag(logvar.exp().mean(0))
    root = torch.linalg.cholesky(torch.cov(mu.T) + within)
    whiten = torch.linalg.inv(root)
    _, axes = torch.linalg.eigh(whiten @ within @ whiten.T)
    return mu.mean(0), axes.T @ whiten


@torch.no_grad()
def fit_prior(
    config: Config, encoder: nn.Module, decoder: nn.Module
) -> tuple[nn.Module, nn.Module]:
    """The same networks in coordinates whose N(0, I) is the Gaussian fitted to the training codes."""
    data = load(config.data, "train", size=config.size, channels=config.channels)
    encoder, decoder = (net.cpu().float().eval() for net in (encoder, decoder))
    codes = [encoder(to_float(batch)) for batch in data.x.split(512)]
    m, A = whitening_transform(*(torch.cat(part).double() for part in zip(*codes, strict=True)))
    m, A = m.float(), A.float()
    return WhitenedEncoder(encoder, m, A), WhitenedDecoder(decoder, m, A)


def build(config: Config, shape: Sequence[int], classes: int = 0) -> tuple[nn.Module, nn.Module]:
    """Untrained (encoder, decoder) for images of `shape` (channels, height, width).

    They are told one of `classes`, if there are any.
    """
    c, size, _ = shape
    encoder = Encoder(c + (classes > 0), size, config.width, config.latent_dim)
    sizes = (c, size, config.width, config.latent_dim + classes)
    decoder_type, _ = OUTPUTS[config.likelihood]
    if config.likelihood == "normal" and config.sigma:
        decoder = FixedNormalDecoder(*sizes, config.sigma)
    else:
        decoder = decoder_type(*sizes)
    return (
        (ClassEncoder(encoder, size, classes), ClassDecoder(decoder))
        if classes
        else (encoder, decoder)
    )


LIMITATIONS = (
    "Reconstructions and samples are blurry: the likelihood averages over what z does not say. "
    "It knows nothing but images like those it was trained on."
)


def export_model(config: Config, encoder: nn.Module, decoder: nn.Module, run: Run) -> None:
    """Write `exported/<name>/`."""
    test = titled(load(config.data, "test", size=config.size, channels=config.channels), config)
    shape, k = ("batch", *test.x.shape[1:]), config.latent_dim
    second = "logits" if config.likelihood == "bernoulli" else "logvar"
    classes = classes_of(test.info, config.classes)
    y = [Port(CLASS, ("batch", len(classes)), range=(0, 1))] if classes else []
    graphs = {
        "encoder": Spec(
            encoder,
            (Port("x", shape, range=(0, 1)), *y),
            {"mu": None, "logvar": None},
            config.fp16_weights,
        ),
        "decoder": Spec(
            decoder,
            (Port("z", ("batch", k)), *y),
            {"x": (0, 1), second: None},
            config.fp16_weights,
        ),
    }
    if config.attributes:
        graphs |= attribute_graphs(config, encoder)
    binary = ", drawn black or white anew at each step" if config.binarize else ""
    told = f", told one of {len(classes)} classes" if classes else ""
    prior = " Its prior is a Gaussian fitted to the codes after training." * config.fit_prior
    output = "binary" if config.binarize else config.likelihood
    export(
        name=config.name,
        root=config.exported,
        family="vae",
        title=(
            f"{'Conditional ' * config.classes}VAE on {test.info.title}: {k}-D, β = {config.beta:g}, {output}"
        ),
        lecture="§2.4" + ", §4.1" * config.classes,
        summary=(
            f"A variational autoencoder with {k} latent dimensions, a {config.likelihood} output and "
            f"β = {config.beta:g}{told}, trained on {test.info.title}{binary}.{prior}"
        ),
        limitations=LIMITATIONS,
        module="training.vae",
        config=config,
        data=dataset(test.info, config.data, config.size, config.channels),
        examples_of=test,
        facts=VAEFacts(
            Likelihood(config.likelihood),
            config.beta,
            config.binarize,
            config.sigma if config.likelihood == "normal" else None,
            tuple(config.attributes),
            classes,
        ),
        runs=[run],
        graphs=graphs,
    )


@torch.no_grad()
def attribute_graphs(config: Config, encoder: nn.Module) -> dict[str, Spec]:
    """The graphs "directions" and "attributes", fitted to the training split."""
    data = load(config.data, "train", size=config.size, channels=config.channels)
    encoder = encoder.cpu().float().eval()
    mu = torch.cat([encoder(to_float(batch))[0] for batch in data.x.split(512)])
    directions, readers = attributes.fit(mu, attributes.amounts(data, config.attributes))
    amount = tuple(Port(name, ("batch", 1)) for name in config.attributes)
    z = Port("z", ("batch", config.latent_dim))
    return {
        "directions": Spec(directions, amount, {"dz": None}),
        "attributes": Spec(readers, (z,), dict.fromkeys(config.attributes)),
    }


def export_sizes(config: Config, trained: Sequence[tuple[nn.Module, nn.Module, Run]]) -> None:
    """Write `exported/<name>/` with all sizes of z: the mean of q(z|x) is the code, that of p(x|z) the image."""
    data = load(config.data, "train", size=config.size, channels=config.channels)
    test = titled(load(config.data, "test", size=config.size, channels=config.channels), config)
    image = Port("x", ("batch", *test.x.shape[1:]), range=(0, 1))
    graphs: dict[str, Spec] = {}
    for k, (encoder, decoder, _) in zip(config.codes, trained, strict=True):
        z, half = Port("z", ("batch", k)), config.fp16_weights
        graphs[f"encoder_{k}"] = Spec(MeanEncoder(encoder), (image,), {"z": None}, half)
        graphs[f"decoder_{k}"] = Spec(MeanDecoder(decoder), (z,), {"x": (0, 1)}, half)
        gaussian = Gaussian(draw_codes(encoder, data))
        graphs[f"gaussian_{k}"] = Spec(gaussian, (Port("eps", ("batch", k)),), {"z": None})
    export(
        name=config.name,
        root=config.exported,
        family="autoencoder",
        title=f"VAE on {test.info.title}",
        lecture="§1.6, §2.4",
        summary=(
            f"Variational autoencoders with a {config.likelihood} output and β = {config.beta:g}, one for each code "
            f"size, trained on {test.info.title}. Their prior is N(0, I)."
        ),
        limitations=LIMITATIONS,
        module="training.vae",
        config=config,
        data=dataset(test.info, config.data, config.size, config.channels),
        examples_of=test,
        facts=AutoencoderFacts(AutoencoderKind.VAE, tuple(config.codes)),
        runs=[run for _, _, run in trained],
        graphs=graphs,
    )


@torch.no_grad()
def draw_codes(encoder: nn.Module, data: Images) -> Float[Tensor, "n k"]:
    """One z ~ q(z|x) for each image of a data set: together they are to be as z ~ p(z)."""
    encoder = encoder.cpu().float().eval()
    torch.manual_seed(0)
    q = [encoder(to_float(batch)) for batch in data.x.split(512)]
    return torch.cat([reparameterise(mu, logvar) for mu, logvar in q])


def train_sizes(config: Config) -> list[tuple[nn.Module, nn.Module, Run]]:
    """Fit a VAE for each size of z in turn."""
    trained: list[tuple[nn.Module, nn.Module, Run]] = []
    for k in config.codes:
        runs = config.runs / config.name
        one = replace(config, runs=runs, name=f"code-{k}", replace=True, latent_dim=k, codes=())
        trained.append(train(one, trained[0][2].fabric if trained else None))
    return trained


def main(config: Config) -> None:
    """Train, export, evaluate."""
    if config.codes:
        trained = train_sizes(config)
        if trained[0][2].is_main:
            export_sizes(config, trained)
            evaluate(config.exported / config.name, autoencoder_evaluation.measure)
        return
    encoder, decoder, run = train(config)
    if run.is_main:
        if config.fit_prior:
            encoder, decoder = fit_prior(config, encoder, decoder)
        export_model(config, encoder, decoder, run)
        evaluate(config.exported / config.name, measure)


if __name__ == "__main__":
    cli.run(main, Config)
