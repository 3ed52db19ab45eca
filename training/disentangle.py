"""Disentanglement: a code of two parts, the number and the style (lecture §6.2).

s says what the labels specify, here the number; z says the rest. Two images x, x' of one class are drawn. x is decoded
from its own z and from the s of the other, so that s can only hold what both share (Mathieu et al. 2016):

    L  =  −log p(x | s(x'), z)  +  β KL( q(z|x) ‖ p(z) )  +  γ CE(s(x'), y)
          +  λ KL( u ‖ A(z) )  +  c |z(x₁) − z(x₂)|  +  κ ( CE(C(x₁), y₁) + CE(C(x₂), y₂) ),

    min over A:  CE(A(z), y);        min over C:  CE(C(x), y);        min over the rest:  L.

The first three terms do not keep the number out of z. Three things do: z is narrow; an adversary A reads the class from
z, while the encoder makes what it reads uniform, u = (1/10, ..., 1/10); and images made with one z and two numbers, x₁
and x₂, must come back to one z (Jha et al. 2018). The last term is for the swap itself: whatever z they are made with,
x₁ and x₂ must show their own numbers, y₁ and y₂, to a classifier C that learns beside, from images of the data.
(Mathieu et al. let a discriminator that is told the number judge that.)

    python -m training.disentangle --name disentangle-digits

--adversary 0 and --z-dim 64 are the settings that break it. With --validate every sixth training image is held out,
and measured on: settings are chosen so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.optim import Adam

from gen_models.cards import Port
from gen_models.errors import UserError
from gen_models.families import DisentangleFacts
from gen_models.networks.autoencoder import ConvEncoder
from gen_models.networks.disentangle import (
    BothCodes,
    Decoder,
    Mean,
    Perceptron,
    SpecifiedEncoder,
    UnspecifiedEncoder,
)
from training.augment import jitter
from training.data import Images, load, to_float
from training.engine import cli
from training.engine.export import Spec, dataset, export
from training.engine.measurement import evaluate
from training.engine.networks import evaluating
from training.engine.run import Run, RunConfig, set_lr
from training.evaluation.disentangle import held_out, measure, measure_held_out
from training.objectives import kl_to_standard_normal, log_bernoulli, to_uniform
from training.schedules import cosine, linear_warmup

NUMBER = 20.0
"""γ: weight of the class read from s, beside the likelihood of 784 pixels."""
A_STEPS = 2
"""Steps of the adversary for each of the others."""
RAMP = 0.1
"""First share of a run over which β, λ, c and κ rise from 0."""
C_LR = 1e-3
"""Adam's learning rate for the classifier."""
C_AUGMENT = 1.0
"""Strength of the random affine maps of all that the classifier sees."""


@dataclass(frozen=True)
class Config(RunConfig):
    """One code of two parts."""

    steps: int = 20_000
    """optimiser steps"""
    batch: int = 64
    """images per step and device"""
    data: str = "digits"
    """a data set of training.data whose images have classes"""
    size: int | None = None
    """side of the images in pixels, such as 28, 32 or 64; None: the data set's own"""
    s_dim: int = 16
    """size of s, the number"""
    z_dim: int = 8
    """size of z, the style"""
    width: int = 24
    """channels of encoders and decoder at half the images' side"""
    beta: float = 1.5
    """weight of the KL term"""
    adversary: float = 30.0
    """weight of the class that the adversary may not read from z; 0: nobody minds what it reads"""
    cycle: float = 2.0
    """weight of |z(x₁) − z(x₂)|"""
    swap: float = 50.0
    """weight of the number that a classifier must read from a swap; 0: nobody looks at swaps"""
    augment: float = 0.5
    """strength of the random affine maps of the training images"""
    lr: float = 1.5e-3
    """Adam's highest learning rate"""
    validate: bool = False
    """hold out every sixth training image, measure on those, and export nothing"""

    def check(self) -> None:
        """Refuse options that no run can have, and a size that the networks are not for."""
        super().check()
        if self.size is not None:
            with torch.device("meta"):  # no weights are made
                build(self, (1, self.size, self.size), 1)


def train(config: Config, data: Images) -> tuple[nn.Module, nn.Module, Run]:
    """Fit and return (encoder, decoder), as they are exported, and their run."""
    if data.y is None or not data.info.classes:
        raise UserError(f"{config.data} has no classes, which s is to specify.")
    run, labels = Run(config), data.y.long()
    E_s, E_z, D, A, C, head = map(
        run.setup, build(config, data.x.shape[1:], len(data.info.classes))
    )
    others = [p for net in (E_s, E_z, D, head) for p in net.parameters()]
    optimizer = run.optimizer(Adam(others, config.lr, betas=(0.9, 0.99)))
    optimizer_A = run.optimizer(Adam(A.parameters(), config.lr, betas=(0.5, 0.99)))
    optimizer_C = run.optimizer(Adam(C.parameters(), C_LR))
    state = {"E_s": E_s, "E_z": E_z, "D": D, "A": A, "C": C, "head": head}
    state |= {"optimizer": optimizer, "optimizer_A": optimizer_A, "optimizer_C": optimizer_C}
    run.resume(**state)

    donors = first_of_each_class(data).to(run.fabric.device)

    def samples() -> Tensor:
        """A row for each style, a column for each number."""
        with evaluating(E_s, E_z, D) as (E, S, G):
            n = len(donors)
            s, z = E(donors).repeat(n, 1), S(donors)[0].repeat_interleave(n, 0)
            return G(s, z).sigmoid()

    for index in run.indices(len(data), data.info.sha256):
        set_lr(optimizer, config.lr * cosine(run.progress))
        ramp = linear_warmup(run.progress, RAMP)
        y = labels[index]
        pair = to_float(data[index]), to_float(data[partners(labels, y).tolist()])
        x, other, y = run.fabric.to_device((*(jitter(each, config.augment) for each in pair), y))

        s, (mu, logvar) = E_s(other), E_z(x)
        z = mu + (0.5 * logvar).exp() * torch.randn_like(mu)

        for _ in range(A_STEPS):
            loss_A = cross_entropy(A(z.detach()), y) + cross_entropy(A(mu.detach()), y)
            optimizer_A.zero_grad()
            run.fabric.backward(loss_A.mean())
            optimizer_A.step()

        loss_C = cross_entropy(C(jitter(torch.cat([x, other]), C_AUGMENT)), y.repeat(2))
        optimizer_C.zero_grad()
        run.fabric.backward(loss_C.mean())
        optimizer_C.step()

        reconstruction = -log_bernoulli(x, D(s, z))
        kl = kl_to_standard_normal(mu, logvar)
        number = cross_entropy(head(s), y)
        read = 0.5 * (to_uniform(A(z)) + to_uniform(A(mu)))

        half = len(s) // 2
        one_z = z.detach()[:half].repeat(2, 1)
        x_12 = D(s.detach()[: 2 * half], one_z).sigmoid()
        cycle = cycle_error(*E_z(x_12)[0].chunk(2))
        swap = cross_entropy(C(jitter(x_12, C_AUGMENT)), y[: 2 * half])

        loss = (reconstruction + NUMBER * number).mean()
        loss = loss + ramp * (config.beta * kl + config.adversary * read).mean()
        loss = loss + ramp * (config.cycle * cycle.mean() + config.swap * swap.mean())

        optimizer.zero_grad()
        run.fabric.backward(loss)  # through A and C too, whose gradients their next steps forget
        optimizer.step()

        run.log(
            loss=loss,
            reconstruction=reconstruction,
            kl=kl,
            number=number,
            read=read,
            cycle=cycle,
            swap=swap,
        )
        run.checkpoint(samples, **state)
    return BothCodes(E_s.module, E_z.module), Mean(D.module), run


def partners(labels: Int[Tensor, " n"], of: Int[Tensor, " b"]) -> Int[Tensor, " b"]:
    """For each class in `of`, the index of an image of that class, drawn at random."""
    count = labels.bincount()
    first = count.cumsum(0) - count
    drawn = (torch.rand(len(of)) * count[of]).long()
    return labels.argsort(stable=True)[first[of] + drawn]


def cross_entropy(logits: Float[Tensor, "b c"], y: Int[Tensor, " b"]) -> Float[Tensor, " b"]:
    """−log softmax(logits)_y."""
    return F.cross_entropy(logits, y, reduction="none")


def cycle_error(z_1: Float[Tensor, "b k"], z_2: Float[Tensor, "b k"]) -> Float[Tensor, " b"]:
    """|z₁ − z₂|, summed over dimensions."""
    return (z_1 - z_2).abs().sum(1)


def first_of_each_class(data: Images) -> Float[Tensor, "c ch h w"]:
    """The first image of each class."""
    assert data.y is not None
    first = [int((data.y == label).nonzero()[0, 0]) for label in data.y.unique()]
    return to_float(data[first])


def build(config: Config, shape: Sequence[int], classes: int) -> tuple[nn.Module, ...]:
    """Untrained (E_s, E_z, D, A, C, head) for images of `shape` (channels, height, width)."""
    c, size, _ = shape
    return (
        SpecifiedEncoder(ConvEncoder(c, size, config.width, config.s_dim), config.s_dim),
        UnspecifiedEncoder(ConvEncoder(c, size, config.width, 2 * config.z_dim), config.z_dim),
        Decoder(c, size, config.width, config.s_dim, config.z_dim),
        Perceptron(config.z_dim, classes),
        ConvEncoder(c, size, config.width, classes),
        nn.Linear(config.s_dim, classes),
    )


def export_model(config: Config, encoder: nn.Module, decoder: nn.Module, run: Run) -> Path:
    """Write `exported/<name>/` and return it."""
    test = load(config.data, "test", size=config.size)
    image = Port("x", ("batch", *test.x.shape[1:]), range=(0, 1))
    codes = Port("s", ("batch", config.s_dim)), Port("z", ("batch", config.z_dim))
    judges: dict[str, str] = {}
    if config.adversary:
        judges["an adversary"] = " The adversary keeps the number out of z."
    if config.swap:
        judges["a classifier"] = " The classifier asks that a swap show the number of its s."
    trained = f"with {' and '.join(judges)}" if judges else "with neither adversary nor classifier"
    return export(
        name=config.name,
        root=config.exported,
        family="disentangle",
        title=f"Number and style of {test.info.title}: {config.z_dim}-D z, {trained}",
        lecture="§6.2",
        summary=(
            f"Two codes of an image of {test.info.title}: s, its number, which labels specify, and z, its style, of "
            f"{config.z_dim} dimensions, trained {trained}.{''.join(judges.values())} The s of one image and the z of "
            "another, decoded together, give the number of the one in the style of the other."
        ),
        limitations=(
            "Style is what can be changed without changing the number, and is small: slant, width, thickness. A "
            "number's own ways of being written, such as a 7 with a bar, have no place in it. Images are blurry."
        ),
        module="training.disentangle",
        config=config,
        data=dataset(test.info, config.data, config.size),
        examples_of=test,
        facts=DisentangleFacts(config.adversary, config.cycle, config.beta, config.swap),
        runs=[run],
        graphs={
            "encoder": Spec(
                encoder, (image,), {"s": None, "mu": None, "logvar": None}, fp16_weights=True
            ),
            "decoder": Spec(decoder, codes, {"x": (0, 1)}, fp16_weights=True),
        },
    )


def validate(config: Config) -> None:
    """Train without every sixth image of the training split, and print what is measured on those."""
    kept, held = held_out(load(config.data, "train", size=config.size))
    trained = train(config, kept)
    with TemporaryDirectory() as scratch:
        folder = export_model(replace(config, exported=Path(scratch)), *trained)
        measure_held_out(folder, config.exported, kept, held)


def main(config: Config) -> None:
    """Train, export, evaluate; or train and measure on held-out images."""
    if config.validate:
        validate(config)
        return
    encoder, decoder, run = train(config, load(config.data, "train", size=config.size))
    if run.is_main:
        evaluate(export_model(config, encoder, decoder, run), measure)


if __name__ == "__main__":
    cli.run(main, Config)
