"""Variational autoencoders (lecture §2; Kingma and Welling 2014).

Choose p(z) = N(0, I). A decoder gives a distribution p(x|z) over pictures, an encoder guesses a good z for a picture,
q(z|x) = N(mu(x), diag σ²(x)). Minimise the negative of a lower bound on log p(x) (§2.4),

    −ELBO(x) = E_{z ~ q(z|x)}[ −log p(x|z) ] + β KL( q(z|x) ‖ p(z) ),

with one z per picture, reparameterised so that ∂z/∂φ exists (§2.5): z = mu + σ ε, ε ~ N(0, I). (The slide prints
σ + mu ε, a slip.) The output is Bernoulli or Normal (§2.2). β = 1 is the bound; other values trade reconstructions
against samples (Higgins et al. 2017).

    python -m training.vae --name vae-digits-2d --data digits --latent-dim 2
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import AdamW

from gen_models.cards import Port
from gen_models.networks.vae import (
    BernoulliDecoder,
    Encoder,
    FixedNormalDecoder,
    MovedDecoder,
    MovedEncoder,
    NormalDecoder,
)
from training import attributes, cli
from training.augment import jitter, mirrored
from training.data import load, to_float
from training.evaluate import evaluate
from training.export import Spec, export
from training.objectives import (
    kl_to_standard_normal,
    log_bernoulli,
    log_normal,
    pyramid_distance,
)
from training.run import Run, RunConfig, cosine, evaluating, set_lr, spread


@dataclass(frozen=True)
class Config(RunConfig):
    """One variational autoencoder."""

    data: str = "digits"
    """digits, mnist, fashion or folder:PATH"""
    size: int | None = None
    """side of the pictures in pixels (default: the data set's own, 64 for a folder)"""
    channels: int | None = None
    """1 grey, 3 colour (default: the data set's own, 3 for a folder)"""
    latent_dim: int = 10
    """size of z"""
    width: int = 16
    """channels after the first halving"""
    likelihood: Literal["bernoulli", "normal"] = "bernoulli"
    """p(x|z): one probability per pixel, or a mean and a standard deviation"""
    sigma: float | None = None
    """standard deviation of every pixel of a normal output (default: learned, one per pixel)"""
    pyramid: float = 0.0
    """weight of a second error beside the likelihood's, absolute and at all scales, for sharper edges"""
    beta: float = 1.0
    """weight of the KL term, in training and in evaluation; 1 is the bound on log p(x)"""
    binarize: bool = False
    """draw each pixel, black or white, anew at every step with its grey level as the probability"""
    augment: float = 0.5
    """strength of the random affine maps of the training pictures; for pictures on black ground"""
    mirror: bool = False
    """mirror every other training picture"""
    half: bool = False
    """store the exported weights as float16"""
    fit_prior: bool = False
    """after training, fit the prior, a Gaussian, to the codes of the training pictures"""
    attributes: tuple[str, ...] = ()
    """known factors of the data to find directions for in z, such as smile"""
    lr: float = 2e-3
    """AdamW's highest learning rate"""


OUTPUTS = {
    "bernoulli": (BernoulliDecoder, lambda x, mean, logits: log_bernoulli(x, logits)),
    "normal": (NormalDecoder, log_normal),
}
"""The decoder that gives each p(x|z), and log p(x|z) as a function of x and of what that decoder returns."""


def reparameterise(mu: Float[Tensor, "b k"], logvar: Float[Tensor, "b k"]) -> Float[Tensor, "b k"]:
    """z = mu + σ ε with ε ~ N(0, I) (§2.5)."""
    return mu + (0.5 * logvar).exp() * torch.randn_like(mu)


def train(config: Config) -> tuple[nn.Module, nn.Module, Run]:
    """Fit and return (encoder, decoder) and the run they came from."""
    run = Run(config)
    data = load(config.data, "train", size=config.size, channels=config.channels)
    _, log_likelihood = OUTPUTS[config.likelihood]
    encoder, decoder = map(run.setup, build(config, data.x.shape[1:]))
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimizer = run.optimizer(AdamW(parameters, config.lr, weight_decay=1e-4))
    state = {"encoder": encoder, "decoder": decoder, "optimizer": optimizer}
    run.resume(**state)

    fixed = spread(data, 20).to(run.fabric.device)
    fixed_z = torch.randn(40, config.latent_dim, generator=torch.Generator().manual_seed(0))

    def samples() -> Tensor:
        """Rows of pictures, of their reconstructions, and of samples from the prior."""
        with evaluating(encoder.module, decoder.module) as (E, D):
            return torch.cat([fixed, D(E(fixed)[0])[0], D(fixed_z.to(fixed.device))[0]])

    for x in run.batches(data):
        set_lr(optimizer, config.lr * cosine(run.progress))
        x = jitter(mirrored(x) if config.mirror else x, config.augment)
        x = torch.bernoulli(x) if config.binarize else x

        mu, logvar = encoder(x)
        z = reparameterise(mu, logvar)
        mean, spread_or_logits = decoder(z)
        reconstruction = -log_likelihood(x, mean, spread_or_logits)
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


def coordinates(
    mu: Float[Tensor, "n k"], logvar: Float[Tensor, "n k"]
) -> tuple[Float[Tensor, " k"], Float[Tensor, "k k"]]:
    """(m, A) such that u = A (z − m), with z ~ q(z|x) over all x, has mean 0 and covariance I.

    N(0, I) over u is then the Gaussian fitted to the codes of all pictures: a prior that is learned, last. In the
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
    m, A = coordinates(*(torch.cat(part).double() for part in zip(*codes, strict=True)))
    m, A = m.float(), A.float()
    return MovedEncoder(encoder, m, A), MovedDecoder(decoder, m, A)


def build(config: Config, shape: Sequence[int]) -> tuple[nn.Module, nn.Module]:
    """Untrained (encoder, decoder) for pictures of `shape` (channels, height, width)."""
    c, size, _ = shape
    sizes = (c, size, config.width, config.latent_dim)
    if config.likelihood == "normal" and config.sigma:
        return Encoder(*sizes), FixedNormalDecoder(*sizes, config.sigma)
    decoder_type, _ = OUTPUTS[config.likelihood]
    return Encoder(*sizes), decoder_type(*sizes)


def export_model(config: Config, encoder: nn.Module, decoder: nn.Module, run: Run) -> None:
    """Write `exported/<name>/`."""
    test = load(config.data, "test", size=config.size, channels=config.channels)
    picture, k = ("batch", *test.x.shape[1:]), config.latent_dim
    second = "logits" if config.likelihood == "bernoulli" else "logvar"
    graphs = {
        "encoder": Spec(
            encoder, (Port("x", picture, range=(0, 1)),), {"mu": None, "logvar": None}, config.half
        ),
        "decoder": Spec(
            decoder, (Port("z", ("batch", k)),), {"x": (0, 1), second: None}, config.half
        ),
    }
    if config.attributes:
        graphs |= attribute_graphs(config, encoder)
    binary = ", drawn black or white anew at each step" if config.binarize else ""
    prior = " Its prior is a Gaussian fitted to the codes after training." * config.fit_prior
    output = "binary" if config.binarize else config.likelihood
    export(
        name=config.name,
        root=config.exported,
        family="vae",
        title=f"VAE on {test.info.title}: {k}-D, β = {config.beta:g}, {output}",
        lecture="§2.4",
        summary=(
            f"A variational autoencoder with {k} latent dimensions, a {config.likelihood} output and "
            f"β = {config.beta:g}, trained on {test.info.title}{binary}.{prior}"
        ),
        limitations=(
            "Reconstructions and samples are blurry: the likelihood averages over what z does not say. "
            "It knows nothing but pictures like those it was trained on."
        ),
        module="training.vae",
        config=config,
        data=test,
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


def main(config: Config) -> None:
    """Train, export, evaluate."""
    encoder, decoder, run = train(config)
    if run.is_main:
        if config.fit_prior:
            encoder, decoder = fit_prior(config, encoder, decoder)
        export_model(config, encoder, decoder, run)
        evaluate(config.exported / config.name)


if __name__ == "__main__":
    cli.run(main, Config)
