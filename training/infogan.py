"""InfoGAN: a GAN whose codes can be read back from the image (lecture §3.8; Chen et al. 2016).

Part of G's input is a code c of known distribution: a category, uniform over ten, and two numbers, uniform in [−1, 1].
A recogniser Q guesses c from the image. Its log-likelihood bounds the mutual information of code and image from
below, and G and Q both raise it, beside the GAN's own game:

    L_I = E log q(c | G(z, c)) + H(c)  ≤  I(c; G(z, c)),        max over Q;  min over G:   V_G  −  λ L_I.

That is the paper's. With it alone the categories are fixed while G still draws blobs, and in our trainings few of them
became digits. So Q also looks at the real images, ours and not in the paper: what it says of an image should say as
much as possible about what it says of the same image, moved at random (Ji et al. 2019):

    I(Q(x'); Q(x'')) = Σ_ij P_ij log P_ij / (P_i P_j),        P = E q(·|x') q(·|x'')ᵀ.

At first it does so alone, with more groups than there are categories; then its categories begin as clusters of its
features (`training.engine.clusters`). No label is used. Which digit a category stands for is found afterwards, by
matching (Hungarian method) on test labels. Several seeds are trained; the first one's generator is exported.

    python -m training.infogan --name infogan-digits --data digits
"""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from gen_models import cards, model_readme
from gen_models.cards import Port
from gen_models.errors import UserError
from gen_models.families import InfoGANFacts
from gen_models.families import MetricId as M
from gen_models.networks.gan import Discriminator, downsampled_sides
from gen_models.networks.infogan import CodedGenerator, Reading, Recogniser
from training.augment import jitter
from training.data import Images, load, to_float
from training.data.common import BLACK_GROUND, border_of
from training.engine import cli
from training.engine.clusters import spectral_clusters
from training.engine.export import Spec, dataset, export, titled
from training.engine.measurement import evaluate
from training.engine.networks import Ema, recalibrate_batchnorm
from training.engine.penalty import r1_penalty
from training.engine.run import Run, RunConfig
from training.evaluation.infogan import measure
from training.objectives import log_normal, logistic_discriminator, logistic_generator

CLUSTERED = 10_000
"""The most images that are clustered: it takes memory for their number squared."""
GROUPS = 50
"""Groups that Q tells apart in the warm-up, finer than its categories."""
STRENGTH = 2.0
"""Strength of the random affine maps under which Q must still read the category."""
R1_EVERY = 16
"""Steps between penalties."""
EMA = 200.0
"""Half-life of G's moving average, in steps."""


@dataclass(frozen=True)
class Config(RunConfig):
    """One InfoGAN for each of several seeds."""

    batch: int = 128
    """images per step and device"""
    data: str = "digits"
    """a data set of training.data, or folder:PATH"""
    size: int | None = None
    """side of the images in pixels, such as 28, 32 or 64; None: the data set's own, 64 for a folder"""
    channels: int | None = None
    """1 grey, 3 colour; None: the data set's own, 3 for a folder"""
    latent_dim: int = 62
    """size of z, the noise that no code explains"""
    categories: int = 10
    """values of the categorical code"""
    continuous: int = 2
    """continuous codes"""
    width: int = 32
    """channels of G, D and Q at half the images' side"""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    """a network is trained from each; the first one's generator is exported"""
    further_steps: int = 0
    """more steps of the first, for its generator"""
    lambda_category: float = 1.0
    """weight of the category's part of L_I"""
    lambda_continuous: float = 0.05
    """weight of the continuous codes' part of L_I"""
    gamma: float = 0.1
    """weight of R1, per squared pixel in [0, 1]"""
    augment: float | None = None
    """strength of the random affine maps of the training images; None: 0.3 for digits, mnist and fashion, else 0"""
    warmup: int = 1_500
    """first steps, in which Q alone learns, from real images; 0 for InfoGAN as in the paper, but for `lambda_real`"""
    lambda_real: float = 1.0
    """weight of I(Q(x'); Q(x'')) beside L_I, for Q; 0 leaves it out"""
    lr: float = 5e-4
    """Adam's learning rate"""

    def __post_init__(self) -> None:
        """Settle what depends on the data."""
        cli.settle(self, augment=0.3 if self.data in BLACK_GROUND else 0.0)

    def check(self) -> None:
        """Refuse options that no run can have, several devices, and a size that the networks are not for."""
        super().check()
        if self.devices > 1:
            raise UserError("InfoGAN trains on one device: leave out --devices.")
        if self.size is not None:
            downsampled_sides(self.size)


def moved(config: Config, x: Tensor, strength: float | None) -> Tensor:
    """Images under random affine maps, with what suits the data at the border."""
    return jitter(x, strength or 0, border_of(config.data))


def draw_codes(
    config: Config, n: int, device: torch.device
) -> tuple[Float[Tensor, "b k"], Int[Tensor, " b"], Float[Tensor, "b m"]]:
    """(z, category, continuous codes) from their distributions."""
    z = torch.randn(n, config.latent_dim, device=device)
    category = torch.randint(0, config.categories, (n,), device=device)
    return z, category, 2 * torch.rand(n, config.continuous, device=device) - 1


def information(
    category: Int[Tensor, " b"],
    continuous: Float[Tensor, "b m"],
    logits: Float[Tensor, "b c"],
    mean: Float[Tensor, "b m"],
    logvar: Float[Tensor, "b m"],
) -> tuple[Float[Tensor, " b"], Float[Tensor, " b"]]:
    """log q(c|x) + H(c) in nats, for the category, H = log c, and for the continuous codes, H = m log 2."""
    of_category = math.log(logits.shape[1]) - F.cross_entropy(logits, category, reduction="none")
    of_continuous = mean.shape[1] * math.log(2) + log_normal(continuous, mean, logvar)
    return of_category, of_continuous


def read_back(
    config: Config, Q: nn.Module, x_hat: Tensor, category: Tensor, continuous: Tensor
) -> tuple[Float[Tensor, " b"], Float[Tensor, " b"]]:
    """`information` of Q's readings: the category from images moved at random, the rest from them as they are.

    Without the moves, ten slants or places would do for ten categories; a digit is what stays (ours, not in the paper).
    """
    _, mean, logvar, _ = Q(x_hat)
    logits = Q(moved(config, x_hat, STRENGTH))[0]
    return information(category, continuous, logits, mean, logvar)


def shared_information(a: Float[Tensor, "b k"], b: Float[Tensor, "b k"]) -> Float[Tensor, ""]:
    """I(Q(x'); Q(x'')) in nats, of the logits that Q gives for two moved copies of each image of a batch.

    At most log k: each copy tells the other's group, and all groups are equally large (Ji et al. 2019, eq. 3).
    """
    joint = a.softmax(1).T @ b.softmax(1) / len(a)
    joint = ((joint + joint.T) / 2).clamp(min=1e-7)
    single = joint.sum(1)
    return (joint * (joint.log() - single.log()[:, None] - single.log())).sum()


def train(
    config: Config, data: Images, seed: int, fabric: Fabric | None = None
) -> tuple[nn.Module, Recogniser, Run]:
    """Fit from `seed` and return (averaged G, Q) with their run."""
    steps = config.steps + config.further_steps * (seed == config.seeds[0])
    one = replace(config, runs=config.runs / config.name, name=f"seed-{seed}", replace=True)
    run = Run(replace(one, seed=seed, steps=steps), fabric)
    G, D, Q = map(run.setup, build(config, data.x.shape[1:]))
    ema = Ema(G.module, EMA)
    optimizer_G, optimizer_D, optimizer_Q = (
        run.optimizer(Adam(net.parameters(), lr, betas=betas))
        for net, lr, betas in (
            (G, config.lr, (0.5, 0.99)),
            (D, config.lr, (0.5, 0.99)),
            (Q, 2 * config.lr, (0.9, 0.99)),
        )
    )
    state = {"G": G, "D": D, "Q": Q, "ema": ema}
    state |= {"optimizer_G": optimizer_G, "optimizer_D": optimizer_D, "optimizer_Q": optimizer_Q}
    run.resume(**state)

    warm_up(config, run, data, Q, optimizer_Q, lambda: samples(config, ema.net), state)
    for x in run.batches(data):
        category_of, category_moved = (
            Q(moved(config, x, config.augment))[0],
            Q(moved(config, x, STRENGTH))[0],
        )
        shared = shared_information(category_of.float(), category_moved.float())

        z, category, continuous = draw_codes(config, len(x), x.device)
        x_hat = G(z, F.one_hot(category, config.categories).float(), continuous)

        parts = read_back(config, Q, x_hat.detach(), category, continuous)
        bound = config.lambda_category * parts[0] + config.lambda_continuous * parts[1]
        optimizer_Q.zero_grad()
        run.fabric.backward(-bound.mean() - config.lambda_real * shared)
        optimizer_Q.step()

        x = moved(config, x, config.augment)
        loss_D = logistic_discriminator(D(x), D(x_hat.detach()))
        if config.gamma and run.step % R1_EVERY == 0:
            loss_D = loss_D + R1_EVERY * config.gamma * r1_penalty(run, D, x)
        optimizer_D.zero_grad()
        run.fabric.backward(loss_D.mean())
        optimizer_D.step()

        loss_G = logistic_generator(D(x_hat))
        parts = read_back(config, Q, x_hat, category, continuous)
        bound = config.lambda_category * parts[0] + config.lambda_continuous * parts[1]
        optimizer_G.zero_grad()
        run.fabric.backward((loss_G - bound).mean())
        optimizer_G.step()
        ema.update(G.module, run.step)

        run.log(loss_G=loss_G, category=parts[0], continuous=parts[1], shared=shared)
        run.checkpoint(lambda: samples(config, ema.net), **state)
    recalibrate(config, ema.net)
    return ema.net, Q.module, run


def warm_up(
    config: Config,
    run: Run,
    data: Images,
    Q: Any,
    optimizer_Q: Optimizer,
    grid: Callable[[], Tensor],
    state: dict[str, Any],
) -> None:
    """The first steps of a run, if they are not done yet: Q alone learns, groups instead of categories."""
    for x in run.batches(data, until=config.warmup):
        group_of, group_moved = (
            Q(moved(config, x, config.augment))[3],
            Q(moved(config, x, STRENGTH))[3],
        )
        shared = shared_information(group_of.float(), group_moved.float())
        optimizer_Q.zero_grad()
        run.fabric.backward(-shared)
        optimizer_Q.step()
        if (
            run.step == config.warmup
        ):  # before the checkpoint: a run continued here has its categories
            begin_categories(Q.module, data, run.config.seed)
        run.log(shared=shared)
        run.checkpoint(grid, **state)


def begin_categories(Q: Recogniser, data: Images, seed: int) -> None:
    """Fit Q's categories, by logistic regression, to clusters of its features of training images."""
    device, k = Q.centres.device, len(Q.centres)
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed))
    Q.eval()
    with torch.no_grad():
        images = (to_float(data[i.tolist()]) for i in order[:CLUSTERED].split(500))
        h = torch.cat([Q.features(x.to(device)) for x in images]).float()
    Q.train()
    cluster = torch.from_numpy(spectral_clusters(h.cpu().numpy(), k, seed)).long().to(device)
    with torch.no_grad():
        Q.centres.copy_(F.normalize(F.one_hot(cluster, k).T.float() @ h))
    optimizer = Adam([Q.centres, Q.sharpness], 0.01)
    for _ in range(200):
        optimizer.zero_grad()
        F.cross_entropy(Q.category(h), cluster).backward()
        optimizer.step()


def build(config: Config, shape: torch.Size) -> tuple[nn.Module, Discriminator, Recogniser]:
    """Untrained (G, D, Q) for images of `shape` (channels, height, width)."""
    c, size, _ = shape
    codes = (config.categories, config.continuous)
    G = CodedGenerator(c, size, config.width, config.latent_dim, *codes)
    D = Discriminator(c, size, config.width)
    Q = Recogniser(c, size, config.width, *codes, GROUPS)
    return G, D, Q


def samples(config: Config, G: nn.Module) -> Tensor:
    """A row for each category: the first continuous code from −1 to 1, z fixed. (10 c, channels, h, w) in [0, 1]."""
    rows, columns = config.categories, 10
    device = next(G.parameters()).device
    z = torch.randn(1, config.latent_dim, generator=torch.Generator().manual_seed(0)).to(device)
    category = torch.eye(rows, device=device).repeat_interleave(columns, 0)
    continuous = torch.zeros(rows * columns, config.continuous, device=device)
    continuous[:, 0] = torch.linspace(-1, 1, columns, device=device).repeat(rows)
    G = recalibrate(config, deepcopy(G))
    return G(z.expand(rows * columns, -1), category, continuous).float()


def recalibrate(config: Config, G: nn.Module) -> nn.Module:
    """G with BatchNorm statistics of its own, over the distribution of its inputs."""
    device = next(G.parameters()).device
    torch.manual_seed(config.seed)

    def inputs() -> Tensor:
        z, category, continuous = draw_codes(config, 256, device)
        return torch.cat([z, F.one_hot(category, config.categories).float(), continuous], dim=1)

    recalibrate_batchnorm(G.get_submodule("G"), (inputs() for _ in range(20)))
    return G.eval()


def main(config: Config) -> None:
    """Train, export and evaluate for each seed; the first one's export stays, with the accuracy of all."""
    data = load(config.data, "train", size=config.size, channels=config.channels)
    trained: list[tuple[nn.Module, Recogniser, Run]] = []
    for seed in config.seeds:
        trained.append(train(config, data, seed, trained[0][2].fabric if trained else None))
    G, Q, _ = trained[0]
    kept = config.exported / config.name
    export_model(replace(config, seed=config.seeds[0]), G, Q, [run for *_, run in trained])
    evaluate(kept, measure)
    for seed, (G, Q, run) in zip(config.seeds[1:], trained[1:], strict=True):
        with TemporaryDirectory() as scratch:
            export_model(replace(config, seed=seed, exported=Path(scratch)), G, Q, [run])
            evaluate(Path(scratch, config.name), measure)
            take_accuracy(kept, Path(scratch, config.name))
    average_accuracy(kept)


def take_accuracy(folder: Path, other: Path) -> None:
    """Write the code accuracy of another seed's model into the card in `folder`."""
    measured = cards.load(other / "card.json").metrics
    command = "python -m training.infogan, on each export before the next"
    found = {
        key: replace(metric, command=command)
        for key, metric in measured.items()
        if key.startswith(M.CODE_ACCURACY.of(""))
    }
    model_readme.save(cards.load(folder / "card.json").with_metrics(found), folder)


def average_accuracy(folder: Path) -> None:
    """Add the mean over seeds to the card in `folder`, if it has the accuracy of any."""
    card = cards.load(folder / "card.json")
    found = [
        metric for key, metric in card.metrics.items() if key.startswith(M.CODE_ACCURACY.of(""))
    ]
    if not found:
        return
    values = [metric.value for metric in found]
    deviation = f"standard deviation {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
    seeds = tuple(seed for metric in found for seed in metric.seeds)
    mean = replace(found[-1], value=float(np.mean(values)), seeds=seeds, note=deviation)
    model_readme.save(card.with_metrics({M.CODE_ACCURACY: mean}), folder)


def export_model(config: Config, G: nn.Module, Q: Recogniser, runs: list[Run]) -> None:
    """Write `exported/<name>/` of the seed that the config names."""
    test = titled(load(config.data, "test", size=config.size, channels=config.channels), config)
    image = Port("x", ("batch", *test.x.shape[1:]), range=(0, 1))
    codes = (
        Port("z", ("batch", config.latent_dim)),
        Port("category", ("batch", config.categories), range=(0, 1)),
        Port("continuous", ("batch", config.continuous), range=(-1, 1)),
    )
    read = {"category": (0, 1), "continuous": None, "sigma": None}
    is_blind = config.lambda_category == config.lambda_continuous == 0
    export(
        name=config.name,
        root=config.exported,
        family="infogan",
        title=f"InfoGAN {'without L_I ' * is_blind}on {test.info.title}",
        lecture="§3.8",
        summary=(
            f"A GAN on {test.info.title} with the same inputs as an InfoGAN, but nothing in its loss that ties an "
            "image to its codes: Q learns from the training pictures alone."
            if is_blind
            else f"A GAN on {test.info.title} with a categorical code of {config.categories} values and "
            f"{config.continuous} continuous codes that can be read back from its pictures; no label was used. Unlike "
            "the paper's, Q learns from the training pictures too: a picture, moved, should keep its category."
        ),
        limitations=(
            "The generator leaves its codes unused: it is here to be compared with."
            if is_blind
            else "Nothing makes a category a digit but that this is the easiest thing to tell apart: in some trainings "
            "two digits share a category, or one digit has two."
        ),
        module="training.infogan",
        config=config,
        data=dataset(test.info, config.data, config.size, config.channels),
        examples_of=test,
        facts=InfoGANFacts(config.categories, config.continuous),
        runs=runs,
        graphs={
            "generator": Spec(G, codes, {"x": (0, 1)}, fp16_weights=True),
            "recogniser": Spec(Reading(Q), (image,), read, fp16_weights=True),
        },
    )


if __name__ == "__main__":
    cli.run(main, Config)
