"""Disentanglement of a person from the view of them (lecture §6.2), where no label says what a view is.

Known is only which images show one person. s says who it is, z the rest: pose, expression, light and background. Two
views x, x' of one person are drawn. x is decoded from its own z and from the s of the other, so that s can only hold
what both share:

    L  =  (1/b) Lap₁( x, D(s(x'), z) )  +  β KL( q(z|x) ‖ p(z) )  +  ι ‖s(x) − s(x')‖²
          +  λ KL( u ‖ softmax_j ⟨A(z_i), s_j⟩ ),

    min over A:  −log softmax_j ⟨A(z_i), s_j⟩ at j = i;        min over the rest:  L.

What s already says costs nothing, and z is narrow and noisy (Gabbay and Hoshen 2020): it pays to spend z on what
differs from view to view. s forgets what differs, for two views must give one s. And an adversary A guesses from z_i
which of the persons of a batch it is of, by their s; the encoder makes its guess uniform, u = (1/n, ..., 1/n).

    python -m training.disentangle_views --name disentangle-heads

A wide z without noise is the setting that breaks it: --z-dim 64 --beta 0.01 --adversary 0. With --validate every sixth
person of the training split is held out, and measured on: settings are chosen so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Adam

from gen_models.cards import Port, Sheet
from gen_models.errors import UserError
from gen_models.families import ViewsFacts
from gen_models.networks.disentangle import (
    BothCodes,
    Mean,
    Perceptron,
    SpecifiedEncoder,
    UnspecifiedEncoder,
    ViewDecoder,
    ViewTrunk,
)
from training.augment import random_hflip
from training.data import Images, load, to_float
from training.data.views import Views, held_out, swaps
from training.engine import cli
from training.engine.export import Spec, dataset, export, webp
from training.engine.measurement import evaluate
from training.engine.networks import evaluating
from training.engine.run import Run, RunConfig, set_lr
from training.evaluation.disentangle_views import measure, measure_held_out
from training.objectives import (
    kl_to_standard_normal,
    pyramid_distance,
    squared_error,
    to_uniform,
)
from training.schedules import cosine, linear_warmup

RAMP = 0.1
"""First share of a run over which β, ι and λ rise from 0."""
SHOWN = 8
"""Persons, and views, of the grid of samples."""
QUALITY = 92
"""Of the sheets of an export, with which the app compares what the decoder makes."""


@dataclass(frozen=True)
class Config(RunConfig):
    """One code of two parts."""

    steps: int = 15_000
    """optimiser steps"""
    batch: int = 64
    """images per step and device"""
    data: str = "heads-identities"
    """a data set of training.data with several views of each person"""
    size: int | None = 64
    """side of the images in pixels, such as 32, 64 or 128; None: the data set's own"""
    s_dim: int = 64
    """size of s, the person"""
    z_dim: int = 12
    """size of z, the view"""
    width: int = 24
    """channels of the encoders at half the images' side, and half as many as the decoder's there"""
    scale: float = 8.0
    """b, the scale of the distance between images, which is summed over pixels"""
    beta: float = 1.0
    """weight of the KL term"""
    invariance: float = 3.0
    """ι, weight of ‖s(x) − s(x')‖²"""
    adversary: float = 40.0
    """weight of the person that the adversary may not tell from z; 0: nobody minds what it reads"""
    lr: float = 1.5e-3
    """Adam's highest learning rate"""
    validate: bool = False
    """hold out every sixth person of the training split, measure on those, and export nothing"""

    def check(self) -> None:
        """Refuse options that no run can have, and a size that the networks are not for."""
        super().check()
        if self.size is not None and (self.size % 4 or self.size < 16):
            raise UserError(f"--size must be a multiple of 4, at least 16, not {self.size}.")


def train(config: Config, data: Images) -> tuple[nn.Module, nn.Module, Run]:
    """Fit and return (encoder, decoder), as they are exported, and their run."""
    views = Views(data)
    run = Run(config)
    E_s, E_z, D, A = map(run.setup, build(config, data.x.shape[1:]))
    others = [p for net in (E_s, E_z, D) for p in net.parameters()]
    optimizer = run.optimizer(Adam(others, config.lr, betas=(0.9, 0.99)))
    optimizer_A = run.optimizer(Adam(A.parameters(), config.lr, betas=(0.5, 0.99)))
    state = {"E_s": E_s, "E_z": E_z, "D": D, "A": A}
    state |= {"optimizer": optimizer, "optimizer_A": optimizer_A}
    run.resume(**state)

    donors = to_float(data[views.first(SHOWN)]).to(run.fabric.device)

    def samples() -> Tensor:
        """A row for each view, a column for each person."""
        with evaluating(E_s, E_z, D) as (E, S, G):
            n = len(donors)
            s, z = E(donors).repeat(n, 1), S(donors)[0].repeat_interleave(n, 0)
            return G(s, z).sigmoid()

    for index in run.indices(len(data), data.info.sha256):
        set_lr(optimizer, config.lr * cosine(run.progress))
        ramp = linear_warmup(run.progress, RAMP)
        pair = to_float(data[index]), to_float(data[views.others(index)])
        both = random_hflip(torch.cat(pair, 1))  # as one, for a mirrored person is another
        x, other = run.fabric.to_device(both).chunk(2, 1)

        s_own, s = E_s(torch.cat([x, other])).chunk(2)
        mu, logvar = E_z(x)
        z = mu + (0.5 * logvar).exp() * torch.randn_like(mu)

        persons = s.detach()
        guess = guess_person(A(torch.cat([z, mu]).detach()), persons)
        optimizer_A.zero_grad()
        run.fabric.backward(cross_entropy_of_own(guess).mean())
        optimizer_A.step()

        distance = pyramid_distance(x, D(s, z).sigmoid()) / config.scale
        kl = kl_to_standard_normal(mu, logvar)
        apart = squared_error(s_own, s)
        read = to_uniform(guess_person(A(torch.cat([z, mu])), persons))

        loss = distance.mean() + ramp * (config.beta * kl + config.invariance * apart).mean()
        loss = loss + ramp * config.adversary * read.mean()

        optimizer.zero_grad()
        run.fabric.backward(loss)  # through A too, whose gradient its next step forgets
        optimizer.step()

        run.log(loss=loss, distance=distance, kl=kl, apart=apart, read=read)
        run.checkpoint(samples, **state)
    return BothCodes(E_s.module, E_z.module), Mean(D.module), run


def guess_person(
    guesses: Float[Tensor, "2b j"], persons: Float[Tensor, "b j"]
) -> Float[Tensor, "2b b"]:
    """⟨A(z_i), s_j⟩, over the root of the size of s: the logits of which person of the batch z_i is of.

    `guesses` are of a sample and then of the mean of each image's z.
    """
    return guesses @ persons.T / math.sqrt(persons.shape[1])


def cross_entropy_of_own(logits: Float[Tensor, "2b b"]) -> Float[Tensor, " 2b"]:
    """−log softmax(logits_i) at i: what A pays for the person that z_i is of."""
    own = torch.arange(logits.shape[1], device=logits.device).repeat(2)
    return F.cross_entropy(logits, own, reduction="none")


def build(config: Config, shape: Sequence[int]) -> tuple[nn.Module, ...]:
    """Untrained (E_s, E_z, D, A) for images of `shape` (channels, height, width)."""
    c, size, _ = shape
    s, z = config.s_dim, config.z_dim
    return (
        SpecifiedEncoder(ViewTrunk(c, size, config.width, s), s),
        UnspecifiedEncoder(ViewTrunk(c, size, config.width, 2 * z), z),
        ViewDecoder(c, size, config.width, s, z),
        Perceptron(z, s),
    )


def export_model(config: Config, encoder: nn.Module, decoder: nn.Module, run: Run) -> Path:
    """Write `exported/<name>/`, with persons of the test split in views of each other, and return it."""
    test = load(config.data, "test", size=config.size)
    image = Port("x", ("batch", *test.x.shape[1:]), range=(0, 1))
    codes = Port("s", ("batch", config.s_dim)), Port("z", ("batch", config.z_dim))
    donors, truth = swaps(config.data, config.size)
    side = donors.shape[1]
    sheets = {
        "donors": webp(to_float(test.x[donors[0]]), side, quality=QUALITY),
        "swaps": webp(to_float(truth[0].flatten(0, 1)), side, quality=QUALITY),
    }
    narrow = config.beta >= 0.1 and config.adversary > 0
    kept = (
        "z is narrow and noisy, and an adversary keeps the person out of it."
        if narrow
        else "Little keeps the person out of z."
    )
    return export(
        name=config.name,
        root=config.exported,
        family="views",
        title=f"Person and view of {test.info.title}: {config.z_dim}-D z, β = {config.beta:g}"
        + ("" if config.adversary else ", no adversary"),
        lecture="§6.2",
        summary=(
            f"Two codes of an image of {test.info.title}: s, who it is, and z, of {config.z_dim} dimensions, the view: "
            "pose, expression, light and background. Known in training was only which images show one person. "
            f"{kept} The s of one image and the z of another, decoded together, give the person of the one in the view "
            "of the other."
        ),
        limitations=(
            "What cannot be seen in one image of a person, such as the back of their hair, is guessed. Small things, "
            "such as gaze and the shape of a nose, are in neither code. Images are blurry."
        ),
        module="training.disentangle_views",
        config=config,
        data=dataset(test.info, config.data, config.size),
        facts=ViewsFacts(config.beta, config.adversary, config.invariance),
        runs=[run],
        sheets={
            role: (Sheet(f"{role}.webp", rows, side), content)
            for role, (rows, content) in sheets.items()
        },
        graphs={
            "encoder": Spec(
                encoder, (image,), {"s": None, "mu": None, "logvar": None}, fp16_weights=True
            ),
            "decoder": Spec(decoder, codes, {"x": (0, 1)}, fp16_weights=True),
        },
    )


def validate(config: Config) -> None:
    """Train without every sixth person of the training split, and print what is measured on those."""
    kept, held = held_out(load(config.data, "train", size=config.size))
    trained = train(config, kept)
    with TemporaryDirectory() as scratch:
        folder = export_model(replace(config, exported=Path(scratch)), *trained)
        measure_held_out(folder, kept, held)


def main(config: Config) -> None:
    """Train, export, evaluate; or train and measure on held-out persons."""
    if config.validate:
        validate(config)
        return
    encoder, decoder, run = train(config, load(config.data, "train", size=config.size))
    if run.is_main:
        evaluate(export_model(config, encoder, decoder, run), measure)


if __name__ == "__main__":
    cli.run(main, Config)
