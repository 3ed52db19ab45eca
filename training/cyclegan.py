"""CycleGAN: a translation learnt from two sets of pictures, without pairs (lecture §4.2; Zhu et al. 2017).

Generators G_xy: x -> ŷ and G_yx: y -> x̂; discriminators D_y and D_x, which give a number for each patch of a picture, 1
for real. Two GANs alone do not tie output to input: any ŷ will do that looks like a y. So the way there and back must
end where it began,

    D_y minimises  E (D_y(y) − 1)² + D_y(ŷ)²,        and D_x likewise,
    G_xy, G_yx minimise  E (D_y(ŷ) − 1)² + (D_x(x̂) − 1)²  +  λ ( |G_yx(ŷ) − x| + |G_xy(x̂) − y| )
                         + ½ λ ( |G_xy(y) − y| + |G_yx(x) − x| ).

The last line, what is a y already stays as it is, keeps colours. A discriminator sees translations out of a pool of
earlier ones. `--cycle 0` leaves out both, and shows what they are for.

    python -m training.cyclegan --name cyclegan-earth --data earth --size 64

Heads and cartoons differ in shape, not in colour and texture alone. There the game begins with the players of two
finished GANs, one of each set (`--gans`): a generator of the game is an encoder into the z of the one, followed by its
G, and the two D are theirs. First the encoders alone learn the identity terms (`--warmup`), to find the z of a picture
such as G makes; then all play, and the cycle ties the two z-spaces.

    python -m training.cyclegan --name cyclegan-heads-toons --data heads-toons --size 64 --gans gan-heads gan-toons
        --warmup 2000 --steps 9500 --batch 16 --lr 3e-4 --cycle 5 --identity 1 --loss logistic --gamma 1 --augment 0.1
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from gen_models.cards import Port
from gen_models.networks.cyclegan import CodeTranslator, ResNet
from gen_models.networks.gan import Discriminator
from gen_models.networks.pix2pix import PatchDiscriminator
from training import cli
from training.augment import differentiable, mirrored
from training.data import Images, to_float
from training.data.common import union
from training.data.pairs import load_unpaired
from training.evaluate import evaluate
from training.export import Spec, export
from training.objectives import (
    absolute_error,
    least_squares_discriminator,
    least_squares_generator,
    logistic_discriminator,
    logistic_generator,
    r1,
)
from training.players import players
from training.run import Ema, EndlessBatches, Run, RunConfig, set_lr, spread
from training.translation import EXAMPLES, dataset, sheet

LIMITS = (
    "It changes colour and texture well and shape poorly, and may hide in a translation, in detail too faint to see, "
    "what the way back needs."
)
LIMITS_OF_CODES = (
    "It draws a new picture from a few numbers: what they do not hold, such as an expression or glasses, is lost or "
    "made up. Nothing in its training says that a trait keeps its meaning. It may hide in a translation, in detail too "
    "faint to see, what the way back needs."
)
POOL = 50
"""Translations that a pool keeps."""
RISE = 500
"""Steps after the warm-up until the learning rate is whole."""

Loss = Literal["least squares", "logistic"]
LOSSES = {
    "least squares": (least_squares_discriminator, least_squares_generator),
    "logistic": (logistic_discriminator, logistic_generator),
}
"""Of D, of G."""

Translator = ResNet | CodeTranslator
Judge = PatchDiscriminator | Discriminator


@dataclass(frozen=True)
class Config(RunConfig):
    """One translation between two sets."""

    batch: int = 4
    """pictures of each set per step"""
    data: str = "heads-toons"
    """two sets of training.data.pairs, or unpaired:PATH, or unpaired:PATH_A,PATH_B"""
    size: int | None = None
    """side of the pictures in pixels, such as 64 or 128 (default: 128)"""
    mirror: bool = False
    """mirror every other training picture"""
    width: int = 32
    """channels of the generators and discriminators at half the pictures' side"""
    blocks: int = 6
    """residual blocks of a generator"""
    halvings: int = 3
    """how often a generator halves the side before its blocks; 2, as in the paper, keeps more detail"""
    cycle: float = 10.0
    """λ, the weight of the cycle terms, of pixels in [−1, 1] as in the paper; 0 leaves the sets untied"""
    identity: float = 0.5
    """weight of the identity terms, in parts of λ; 0 where the sets share no colours"""
    noise: float = 0.0
    """standard deviation of the noise, of pixels in [0, 1], that a translation gets before it goes back"""
    loss: Loss = "least squares"
    """of the two players"""
    gamma: float = 0.0
    """weight of R1 at the start, per squared pixel in [0, 1]; if there is one, D has no norm"""
    gamma_end: float | None = None
    """its weight at the end, towards which it falls by the same factor in each step (default: it stays)"""
    r1_every: int = 16
    """steps between penalties"""
    gans: tuple[str, ...] = ()
    """runs of training.gan, one of each set, whose players the game begins with; translations then go by way of a z"""
    warmup: int = 0
    """first steps, in which encoders alone learn, by the identity terms alone; only with --gans"""
    augment: float = 0.0
    """probability of each change of DiffAugment, on all pictures that D sees"""
    ema: float = 200.0
    """half-life of the generators' moving averages, in steps"""
    lr: float = 4e-4
    """Adam's learning rate, of all players; it falls to 0 over the second half"""

    def rate(self, step: int) -> float:
        """The learning rate of a step. After the warm-up it rises first: Adam knows nothing yet of what now learns."""
        factor = min(1.0, 2 - 2 * step / self.steps)
        if self.warmup and step > self.warmup:
            factor = min(factor, (step - self.warmup) / RISE)
        return self.lr * factor


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
        """Each picture itself, kept, while the pool fills; later itself or, by a coin, one whose place it takes."""
        shown = []
        for picture in x_hat:
            if self.count < len(self.kept):
                self.kept[self.count] = picture
                self.count += 1
                shown.append(picture)
            elif torch.rand(()) < 0.5:
                shown.append(picture)
            else:
                i = torch.randint(len(self.kept), ())
                shown.append(self.kept[i].clone())
                self.kept[i] = picture
        return torch.stack(shown)


def train(config: Config) -> tuple[nn.Module, nn.Module, Run]:
    """Fit and return the averaged generators, (G_xy, G_yx), and their run."""
    if config.devices > 1:
        raise cli.UserError("CycleGAN trains on one device: leave out --devices.")
    run = Run(config)
    X, Y = load_unpaired(config.data, "train", config.size)
    G_xy, G_yx, D_x, D_y = map(run.setup, build(config, X, Y))
    pool_x, pool_y = (Pool(data.x.shape[1:]).to(run.fabric.device) for data in (X, Y))
    ema_xy, ema_yx = Ema(G_xy.module, config.ema), Ema(G_yx.module, config.ema)
    optimizer_G, optimizer_D = (
        run.optimizer(Adam([*a.parameters(), *b.parameters()], config.lr, betas=(0.5, 0.999)))
        for a, b in ((G_xy, G_yx), (D_x, D_y))
    )
    loss_of_D, loss_of_G = LOSSES[config.loss]
    state = {"G_xy": G_xy, "G_yx": G_yx, "D_x": D_x, "D_y": D_y, "pool_x": pool_x, "pool_y": pool_y}
    state |= {"ema_xy": ema_xy, "ema_yx": ema_yx}
    state |= {"optimizer_G": optimizer_G, "optimizer_D": optimizer_D}
    run.resume(**state)

    def seen(x: Tensor) -> Tensor:
        """As D sees a picture."""
        return differentiable(x, config.augment)

    def minimise(loss: Tensor, optimizer: Optimizer) -> None:
        optimizer.zero_grad()
        run.fabric.backward(loss)
        optimizer.step()

    def end_step(**losses: Tensor) -> None:
        ema_xy.update(G_xy.module, run.step)
        ema_yx.update(G_yx.module, run.step)
        run.log(**losses)
        run.checkpoint(lambda: progress_sheet(X, Y, ema_xy.net, ema_yx.net), **state)

    for x, y in batches(run, X, Y):
        if config.mirror:
            x, y = mirrored(x), mirrored(y)
        for optimizer in (optimizer_G, optimizer_D):
            set_lr(optimizer, config.rate(run.step))
        warming = run.step <= config.warmup
        if config.gans:
            for G in (G_xy, G_yx):
                G.module.generator.requires_grad_(not warming)
        cycle = identity = torch.zeros(())
        if warming or (config.cycle and config.identity):
            identity = 2 * absolute_error(G_xy(y), y) + 2 * absolute_error(G_yx(x), x)
        if warming:
            minimise(identity.mean(), optimizer_G)
            end_step(identity=identity)
            continue

        y_hat, x_hat = G_xy(x), G_yx(y)
        loss_G = loss_of_G(D_y(seen(y_hat))) + loss_of_G(D_x(seen(x_hat)))
        if config.cycle:
            x_back, y_back = G_yx(noisy(y_hat, config.noise)), G_xy(noisy(x_hat, config.noise))
            cycle = 2 * absolute_error(x_back, x) + 2 * absolute_error(y_back, y)
        ties = config.cycle * (cycle.mean() + config.identity * identity.mean())
        minimise(loss_G.mean() + ties, optimizer_G)

        x, y = seen(x), seen(y)
        loss_D = loss_of_D(D_y(y), D_y(seen(pool_y.exchange(y_hat))))
        loss_D = loss_D + loss_of_D(D_x(x), D_x(seen(pool_x.exchange(x_hat))))
        if config.gamma and run.step % config.r1_every == 0:
            with run.fabric.autocast():  # Fabric's wrapper allows no gradient but fabric.backward's
                penalty = r1(D_y.module, y).sum() + r1(D_x.module, x).sum()
            gamma = falling(config.gamma, config.gamma_end, run.progress)
            loss_D = loss_D + config.r1_every * gamma * penalty / len(loss_D)
        minimise(0.5 * loss_D.mean(), optimizer_D)
        end_step(loss_G=loss_G, loss_D=loss_D, cycle=cycle, identity=identity)
    return ema_xy.net, ema_yx.net, run


def falling(start: float, end: float | None, progress: float) -> float:
    """From `start` to `end` by equal factors, at `progress` from 0 to 1; `start` if there is no end."""
    return start if end is None else start * (end / start) ** progress


def noisy(x: Float[Tensor, "b c h w"], sigma: float) -> Float[Tensor, "b c h w"]:
    """x with Normal noise of standard deviation σ: nothing fainter comes through (Bashkirova et al. 2019)."""
    return x + sigma * torch.randn_like(x) if sigma else x


def batches(run: Run, X: Images, Y: Images) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of both sets in [0, 1], (b, c, h, w) each, every set in an order of its own, until `config.steps`."""
    c = run.config
    of_y = EndlessBatches(len(Y), c.batch, c.seed + 1, start=run.step)
    for i, j in zip(run.indices(len(X)), of_y, strict=False):
        yield run.fabric.to_device((to_float(X[i]), to_float(Y[j])))


def build(config: Config, X: Images, Y: Images) -> tuple[Translator, Translator, Judge, Judge]:
    """Untrained (G_xy, G_yx, D_x, D_y) for pictures such as those of X and Y; with `gans`, theirs."""
    (x, size, _), y = X.x.shape[1:], Y.x.shape[1]
    if config.gamma_end is not None and not 0 < config.gamma_end <= config.gamma:
        raise cli.UserError(
            f"--gamma-end is above 0 and at most --gamma, {config.gamma:g}, not {config.gamma_end:g}."
        )
    if config.warmup and not (config.gans and config.warmup < config.steps):
        raise cli.UserError("--warmup is for --gans, and less than --steps.")
    if config.gans:
        if len(config.gans) != 2:
            raise cli.UserError("--gans needs two runs, one of each set.")
        (of_x, D_x), (of_y, D_y) = (
            players(config.runs / name, data.x.shape[1:])
            for name, data in zip(config.gans, (X, Y), strict=True)
        )
        return (
            CodeTranslator(x, size, config.width, of_y),
            CodeTranslator(y, size, config.width, of_x),
            D_x,
            D_y,
        )
    if not 1 <= config.halvings <= 5:
        raise cli.UserError(f"--halvings is a number from 1 to 5, not {config.halvings}.")
    if size % (step := 2**config.halvings) or size < 32:
        raise cli.UserError(
            f"With {config.halvings} halvings CycleGAN needs pictures of 32 or more pixels a side, a multiple of "
            f"{step}, not {size}."
        )
    norm = nn.Identity if config.gamma else nn.InstanceNorm2d
    return (
        ResNet(x, y, config.width, config.blocks, config.halvings),
        ResNet(y, x, config.width, config.blocks, config.halvings),
        PatchDiscriminator(x, config.width, norm),
        PatchDiscriminator(y, config.width, norm),
    )


def progress_sheet(X: Images, Y: Images, G_xy: nn.Module, G_yx: nn.Module) -> Tensor:
    """Rows of ten: x, ŷ and back again; y, x̂ and back again. (60, 3, h, w) in [0, 1]."""
    rows = []
    for data, there, back in ((X, G_xy, G_yx), (Y, G_yx, G_xy)):
        source = spread(data, 10).to(next(there.parameters()).device)
        translated = there(source)
        rows += [source, translated, back(translated)]
    return torch.cat(rows)


def export_model(config: Config, G_xy: nn.Module, G_yx: nn.Module, run: Run) -> None:
    """Write `exported/<name>/`, with some test pictures of both sets."""
    X, Y = load_unpaired(config.data, "test", config.size)
    x, y = (Port(s, ("batch", *data.x.shape[1:]), range=(0, 1)) for s, data in (("x", X), ("y", Y)))
    info = union(X.info, Y.info)
    if config.cycle:
        title = "CycleGAN"
        terms = "with cycle and identity terms" if config.identity else "with a cycle term"
        if config.loss == "logistic":
            terms += ", logistic losses"
        if config.gans:
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
        limitations=LIMITS_OF_CODES if config.gans else LIMITS,
        module="training.cyclegan",
        config=config,
        data=dataset(info),
        runs=[run],
        graphs={
            "G_xy": Spec(G_xy, (x,), {"y": (0, 1)}, half=True),
            "G_yx": Spec(G_yx, (y,), {"x": (0, 1)}, half=True),
        },
        sheets={
            "x": sheet("x", spread(X, min(EXAMPLES, len(X)))),
            "y": sheet("y", spread(Y, min(EXAMPLES, len(Y)))),
        },
    )


def main(config: Config) -> None:
    """Train, export, evaluate."""
    G_xy, G_yx, run = train(config)
    if run.is_main:
        export_model(config, G_xy, G_yx, run)
        evaluate(config.exported / config.name)


if __name__ == "__main__":
    cli.run(main, Config)
