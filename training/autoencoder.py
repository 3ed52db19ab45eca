"""Autoencoders: convolutional, linear, and PCA (lecture §1.1, §1.2, §1.6).

An encoder E and a decoder D are trained to reconstruct,

    min_{E, D}  E_x ‖x − D(E(x))‖²,

through a code z = E(x) of few numbers. With affine E and D the optimum spans the subspace of the first principal
components (Baldi and Hornik 1989), so the linear autoencoder stands beside PCA, which needs no training: its
directions are the first right singular vectors of the centred data. Deeper E and D reconstruct better at the same
code size. A Gaussian fitted to the codes is exported too: what D makes of its samples is §1.6's question.

    python -m training.autoencoder --name ae-digits --kind conv --data digits --codes 2 4 8 10 16 32 64
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Float
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import AdamW

from gen_models.cards import Port
from gen_models.errors import UserError
from gen_models.families import AutoencoderFacts, AutoencoderKind
from gen_models.networks.autoencoder import (
    AffineDecoder,
    AffineEncoder,
    ConvDecoder,
    ConvEncoder,
    Gaussian,
    MeanDecoder,
)
from training.augment import jitter
from training.data import Images, load, to_float
from training.data.common import BLACK_GROUND, border_of
from training.engine import cli
from training.engine.export import Spec, dataset, export, titled
from training.engine.measurement import evaluate
from training.engine.networks import evaluating
from training.engine.pca import principal_components
from training.engine.run import Run, RunConfig, evenly_spaced, set_lr
from training.evaluation.autoencoder import measure
from training.objectives import squared_error
from training.schedules import cosine


@dataclass(frozen=True)
class Config(RunConfig):
    """One kind of autoencoder on one data set, at one or more code sizes."""

    kind: Literal["conv", "linear", "pca"] = "conv"
    """conv: deep; linear: affine maps, trained; pca: affine maps, by singular value decomposition"""
    data: str = "digits"
    """digits, mnist, fashion or folder:PATH"""
    size: int | None = None
    """side of the images in pixels; None: the data set's own, 64 for a folder"""
    channels: int | None = None
    """1 grey, 3 colour; None: the data set's own, 3 for a folder"""
    codes: tuple[int, ...] = (10,)
    """code sizes; each is trained on its own, and all share a card"""
    width: int = 16
    """channels after the first halving (conv)"""
    augment: float | None = None
    """strength of the random affine maps of the training images; None: 0.7 for digits, mnist and fashion, else 0"""
    lr: float = 3e-3
    """AdamW's highest learning rate"""
    fp16_weights: bool = False
    """store the exported weights as float16"""

    def __post_init__(self) -> None:
        """Settle what depends on the data."""
        cli.settle(self, augment=0.7 if self.data in BLACK_GROUND else 0.0)

    def check(self) -> None:
        """Refuse options that no run can have, and a size that the networks are not for."""
        super().check()
        if self.size is not None:
            with torch.device("meta"):  # no weights are made
                mean = torch.zeros(self.channels or 3, self.size, self.size)
                for code in self.codes:
                    build(self, mean, code)


def train(
    config: Config, data: Images, code: int, fabric: Fabric | None = None
) -> tuple[nn.Module, nn.Module, Run]:
    """Fit (encoder, decoder) with a code of `code` numbers, and return them with their run."""
    runs = config.runs / config.name
    run = Run(replace(config, runs=runs, name=f"code-{code}", replace=True), fabric)
    encoder, decoder = map(run.setup, build(config, data.mean(), code))
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimizer = run.optimizer(AdamW(parameters, config.lr, weight_decay=1e-4))
    state = {"encoder": encoder, "decoder": decoder, "optimizer": optimizer}
    run.resume(**state)

    fixed = evenly_spaced(data, 20).to(run.fabric.device)

    def samples() -> Tensor:
        """Rows of images and of their reconstructions."""
        with evaluating(encoder.module, decoder.module) as (E, D):
            return torch.cat([fixed, D(E(fixed))])

    for x in run.batches(data):
        set_lr(optimizer, config.lr * cosine(run.progress))
        x = jitter(x, config.augment or 0, border_of(config.data))
        loss = squared_error(x, decoder(encoder(x)))

        optimizer.zero_grad()
        run.fabric.backward(loss.mean())
        optimizer.step()

        run.log(squared_error=loss)
        run.checkpoint(samples, **state)
    return encoder.module, decoder.module, run


def build(config: Config, mean: Float[Tensor, "c h w"], code: int) -> tuple[nn.Module, nn.Module]:
    """Untrained (encoder, decoder) for images of the shape of `mean`, the data's mean."""
    if config.kind == "conv":
        c, size, _ = mean.shape
        encoder = ConvEncoder(c, size, config.width, code)
        return encoder, MeanDecoder(ConvDecoder(c, size, config.width, code))
    if config.kind == "pca" and code > mean.numel():
        raise UserError(f"These images have {mean.numel()} principal components, not {code}.")
    return AffineEncoder(mean, code), AffineDecoder(mean, code)


@torch.no_grad()
def pca(config: Config, data: Images, code: int) -> tuple[nn.Module, nn.Module]:
    """The first `code` principal components, exactly: z = V(x − m), x̂ = m + Vᵀz, with V by SVD."""
    X = to_float(data.x)
    _, V, _ = principal_components(X.flatten(1), code)
    encoder, decoder = build(config, X.mean(0), code)
    encoder.get_parameter("W").copy_(V)
    decoder.get_parameter("V").copy_(V)
    return encoder, decoder


@torch.no_grad()
def codes_of(encoder: nn.Module, data: Images) -> Tensor:
    """Codes of a whole data set, (n, code)."""
    encoder = encoder.cpu().float().eval()
    return torch.cat([encoder(to_float(batch)) for batch in data.x.split(1024)])


TITLES = {"conv": "Autoencoder", "linear": "Linear autoencoder", "pca": "PCA"}
SUMMARIES = {
    "conv": "Convolutional autoencoders, one for each code size",
    "linear": "Linear autoencoders (affine encoder and decoder, trained by gradient descent), one for each code size",
    "pca": "Principal component analysis by singular value decomposition, one for each code size",
}


def main(config: Config) -> None:
    """Train for each code size, then export all and evaluate."""
    data = load(config.data, "train", size=config.size, channels=config.channels)
    test = titled(load(config.data, "test", size=config.size, channels=config.channels), config)
    image = Port("x", ("batch", *data.x.shape[1:]), range=(0, 1))
    runs: list[Run] = []
    graphs: dict[str, Spec] = {}
    for code in config.codes:
        if config.kind == "pca":
            encoder, decoder = pca(config, data, code)
        else:
            encoder, decoder, run = train(config, data, code, runs[0].fabric if runs else None)
            runs.append(run)
        z, half = Port("z", ("batch", code)), config.fp16_weights
        graphs[f"encoder_{code}"] = Spec(encoder, (image,), {"z": None}, half)
        graphs[f"decoder_{code}"] = Spec(decoder, (z,), {"x": (0, 1)}, half)
        gaussian = Gaussian(codes_of(encoder, data))
        graphs[f"gaussian_{code}"] = Spec(gaussian, (Port("eps", ("batch", code)),), {"z": None})
    if runs and not runs[0].is_main:
        return
    export(
        name=config.name,
        root=config.exported,
        family="autoencoder",
        title=f"{TITLES[config.kind]} on {test.info.title}",
        lecture="§1.1, §1.6" if config.kind == "conv" else "§1.2",
        summary=f"{SUMMARIES[config.kind]}, trained on {test.info.title}.",
        limitations=(
            "Not a generator: codes drawn from the fitted Gaussian often decode to no digit at all. "
            "It knows nothing but pictures like those it was trained on."
        ),
        module="training.autoencoder",
        config=config,
        data=dataset(test.info, config.data, config.size, config.channels),
        examples_of=test,
        facts=AutoencoderFacts(AutoencoderKind(config.kind), tuple(config.codes)),
        runs=runs,
        graphs=graphs,
    )
    evaluate(config.exported / config.name, measure)


if __name__ == "__main__":
    cli.run(main, Config)
