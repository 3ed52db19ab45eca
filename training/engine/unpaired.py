"""What translation between two sets without pairs shares: options, batches, the pool, progress, and the export."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gen_models.cards import Port
from gen_models.errors import UserError
from gen_models.families import CycleGANFacts, Translator
from training.data import Images, to_float
from training.data.common import union
from training.data.pairs import load_unpaired
from training.engine.batches import EndlessBatches
from training.engine.export import Spec, dataset, export, titled
from training.engine.run import Run, RunConfig, evenly_spaced
from training.engine.translation import EXAMPLES, sheet
from training.objectives import (
    least_squares_discriminator,
    least_squares_generator,
    logistic_discriminator,
    logistic_generator,
)

POOL = 50
"""Translations that a pool keeps."""

Loss = Literal["least-squares", "logistic"]
LOSSES = {
    "least-squares": (least_squares_discriminator, least_squares_generator),
    "logistic": (logistic_discriminator, logistic_generator),
}
"""The loss of D and that of G by the name of an option."""


@dataclass(frozen=True)
class UnpairedConfig(RunConfig):
    """Options of every translation between two sets."""

    batch: int = 4
    """images of each set per step"""
    data: str = "heads-toons"
    """two sets of training.data.pairs, or unpaired:PATH, or unpaired:PATH_A,PATH_B"""
    size: int | None = None
    """side of the images in pixels, such as 64 or 128; None: 128"""
    random_hflip: bool = False
    """flip every other training image, chosen at random, left to right"""
    width: int = 32
    """channels at half the images' side, of networks that are new"""
    cycle: float = 10.0
    """λ, the weight of the cycle terms, of pixels in [−1, 1] as in the paper; 0 leaves the sets untied"""
    identity: float = 0.5
    """weight of the identity terms, in parts of λ; 0 where the sets share no colours"""
    noise: float = 0.0
    """standard deviation of the noise, of pixels in [0, 1], that a translation gets before it goes back"""
    loss: Loss = "least-squares"
    """losses of G and D"""
    gamma: float = 0.0
    """weight of R1 at the start, per squared pixel in [0, 1]; if there is one, D has no norm"""
    gamma_end: float | None = None
    """its weight at the end, to which it decays by the same factor in each step; None: it stays"""
    r1_every: int = 16
    """steps between penalties"""
    augment: float = 0.0
    """probability of each change of DiffAugment, on all images that D sees"""
    ema: float = 200.0
    """half-life of the generators' moving averages, in steps"""
    lr: float = 4e-4
    """Adam's learning rate, of all players; it decays to 0 over the second half"""

    def check(self) -> None:
        """Refuse options that no run can have, and those that contradict one another."""
        super().check()
        if self.devices > 1:
            raise UserError("CycleGAN trains on one device: leave out --devices.")
        if self.gamma_end is not None and not 0 < self.gamma_end <= self.gamma:
            raise UserError(
                f"--gamma-end must be above 0 and at most --gamma ({self.gamma:g}), not {self.gamma_end:g}."
            )


class Pool(nn.Module):
    """Translations made earlier, for D to see beside new ones (Shrivastava et al. 2017).

    A module, so that it is part of the checkpoint: without it a continued run would be another one.
    """

    kept: Tensor
    count: Tensor

    def __init__(self, shape: torch.Size, capacity: int = POOL) -> None:
        super().__init__()
        self.register_buffer("kept", torch.zeros(capacity, *shape))
        self.register_buffer("count", torch.zeros((), dtype=torch.long))

    @torch.no_grad()
    def exchange(self, x_hat: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Each image itself, kept, while the pool fills; later itself or, by a coin, one whose place it takes."""
        shown = []
        for image in x_hat:
            if self.count < len(self.kept):
                self.kept[self.count] = image
                self.count += 1
                shown.append(image)
            elif torch.rand(()) < 0.5:
                shown.append(image)
            else:
                i = torch.randint(len(self.kept), ())
                shown.append(self.kept[i].clone())
                self.kept[i] = image
        return torch.stack(shown)


def noisy(x: Float[Tensor, "b c h w"], sigma: float) -> Float[Tensor, "b c h w"]:
    """x + σ ε, ε ~ N(0, I): nothing fainter than σ comes through (Bashkirova et al. 2019)."""
    return x + sigma * torch.randn_like(x) if sigma else x


def batches(
    run: Run, X: Images, Y: Images, until: int | None = None
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of both sets in [0, 1], (b, c, h, w) each, every set in an order of its own, as `Run.batches`."""
    c = run.config
    of_y = EndlessBatches(len(Y), c.batch, c.seed + 1, start=run.step)
    for i, j in zip(run.indices(len(X), union(X.info, Y.info).sha256, until), of_y, strict=False):
        yield run.fabric.to_device((to_float(X[i]), to_float(Y[j])))


def progress_sheet(X: Images, Y: Images, G_xy: nn.Module, G_yx: nn.Module) -> Tensor:
    """Rows of ten: x, ŷ and back again; y, x̂ and back again. (60, 3, h, w) in [0, 1]."""
    rows = []
    for data, there, back in ((X, G_xy, G_yx), (Y, G_yx, G_xy)):
        source = evenly_spaced(data, 10).to(next(there.parameters()).device)
        translated = there(source)
        rows += [source, translated, back(translated)]
    return torch.cat(rows)


def export_unpaired(
    config: UnpairedConfig,
    G_xy: nn.Module,
    G_yx: nn.Module,
    run: Run,
    *,
    module: str,
    limitations: str,
    translator: Translator = Translator.RESNET,
) -> None:
    """Write `exported/<name>/`, with some test images of both sets."""
    X, Y = load_unpaired(config.data, "test", config.size)
    X, Y = titled(X, config, 0), titled(Y, config, 1)
    x, y = (Port(s, ("batch", *data.x.shape[1:]), range=(0, 1)) for s, data in (("x", X), ("y", Y)))
    info = union(X.info, Y.info)
    if config.cycle:
        title = "CycleGAN"
        terms = "with cycle and identity terms" if config.identity else "with a cycle term"
        if config.loss == "logistic":
            terms += ", logistic losses"
        if translator is Translator.GAN:
            terms += ", each an encoder before the generator of a GAN of the set it translates to"
        if config.noise:
            terms += f", noise of {config.noise:g} on each translation before it goes back"
    else:
        title = "CycleGAN without its cycle"
        terms = "to show what they are for, without cycle and identity terms"
    export(
        name=config.name,
        root=config.exported,
        family="cyclegan",
        title=f"{title}: {info.title}",
        lecture="§4.2",
        summary=(
            f"Two generators that translate between x, {X.info.title}, and y, {Y.info.title}; trained without pairs "
            f"and {terms}."
        ),
        limitations=limitations,
        module=module,
        config=config,
        data=dataset(info, config.data, config.size),
        facts=CycleGANFacts(config.cycle, config.identity, translator),
        runs=[run],
        graphs={
            "G_xy": Spec(G_xy, (x,), {"y": (0, 1)}, fp16_weights=True),
            "G_yx": Spec(G_yx, (y,), {"x": (0, 1)}, fp16_weights=True),
        },
        sheets={
            "x": sheet("x", evenly_spaced(X, min(EXAMPLES, len(X)))),
            "y": sheet("y", evenly_spaced(Y, min(EXAMPLES, len(Y)))),
        },
    )
