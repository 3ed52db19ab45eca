"""Few labels: an encoder from many images without labels, a classifier from few with them (lecture §1.4).

First an encoder E and a decoder D are trained on all images, and on no label, to give an image back,

    min_{E, D}  E_x  −log p(x | D(E(x̃))),

where x̃ is the image itself (plain; with a KL term, the VAE), the image with noise and masked patches (denoising:
Vincent et al. 2008), or the image after a random affine and elastic map, masked (un-warping). Then come few labels:

    frozen       logistic regression on z = E(x); E stays as it is (beside it: on pixels, on PCA, on a random E)
    fine-tuned   min_{E, w}     E_(x, y)  −log p(y | w, E(x)), from the trained E
    joint        min_{E, D, w}  E_(x, y)  −log p(y | w, E(x))  +  λ E_x −log p(x | D(E(x̃)))
    scratch      the same network on the same labels, from random weights

each with and without augmentation of the labelled images. Every result of a draw of labels is a line of
`runs/<name>/results.jsonl`: the same command goes on where it was stopped.

    python -m training.few_labels --name few-labels-digits --data digits --precision bf16-mixed
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import AdamW

from gen_models import cards, model_readme
from gen_models.cards import Port
from gen_models.errors import UserError
from gen_models.families import FewLabelsFacts, Objective
from gen_models.networks.autoencoder import AffineEncoder, ConvDecoder, ConvEncoder
from gen_models.networks.few_labels import (
    Classifier,
    Probabilities,
    StandardisedDecoder,
    StandardisedEncoder,
)
from gen_models.runtime import Array
from training.augment import mask_patches, warp
from training.data import Images, load, to_float
from training.engine import cli
from training.engine.batches import mix
from training.engine.export import Spec, dataset, export
from training.engine.measurement import evaluate
from training.engine.pca import principal_components
from training.engine.run import Run, RunConfig, set_lr
from training.evaluation import few_labels as study
from training.evaluation.few_labels import Cell, Way, balanced_draw
from training.objectives import PerSample, kl_to_standard_normal, log_bernoulli
from training.schedules import cosine

CORRUPTIONS: dict[Objective, Callable[[Tensor], Tensor]] = {
    Objective.PLAIN: lambda x: x,
    Objective.DENOISING: lambda x: mask_patches(
        (x + 0.4 * torch.randn_like(x)).clamp(0, 1), share=0.25
    ),
    Objective.VAE: lambda x: x,
    Objective.UNWARPING: lambda x: mask_patches(warp(x, UNWARPED), share=0.25),
}
"""x̃: what the encoder sees of an image."""
UNWARPED = 1.6
"""Strength of the maps that un-warping undoes."""
SMOOTHING = 0.05
"""Share of a label that is spread over all classes."""
UNLABELLED = 64
"""Images without labels in a step of joint training."""
POOL_LABELS = 100
"""Labels that the exported classifiers learnt from."""
CLASSIFIERS = {
    "scratch": (Way.SCRATCH, False),
    "scratch_augmented": (Way.SCRATCH, True),
    "joint": (Way.JOINT, True),
}
"""Those that are exported, and whether with augmentation."""


@dataclass(frozen=True)
class Config(RunConfig):
    """Encoders by four objectives, and what few labels make of them."""

    steps: int = 1_500
    """steps of each training without labels"""
    data: str = "digits"
    """a data set of training.data, with labels and on black ground"""
    objectives: tuple[Literal["unwarping", "denoising", "vae", "plain"], ...] = (
        "unwarping", "denoising", "vae", "plain",
    )  # fmt: skip
    """what encoders learn without labels; un-warping must be among them"""
    code: int = 32
    """dimensions of z"""
    width: int = 24
    """channels of the encoder after the first halving"""
    lr: float = 2e-3
    """AdamW's highest learning rate, without labels and with"""
    fit_steps: int = 300
    """steps of each training with labels"""
    reconstruction: float = 2e-3
    """λ of joint training"""
    seeds: int = 1
    """trainings without labels for each objective"""
    draws: int = 10
    """draws of labels for logistic regression"""
    rounds: int = 3
    """draws of labels for what is trained with labels"""
    validation: bool = False
    """take labels from five sixths of the training split and measure on the others: settings are chosen so"""

    def check(self) -> None:
        """Refuse options that no run can have."""
        super().check()
        if "unwarping" not in self.objectives:
            raise UserError("--objectives must have unwarping among them.")

    @property
    def encoders(self) -> tuple[Objective, ...]:
        """The objectives."""
        return tuple(map(Objective, self.objectives))


def train(
    config: Config, data: Images, objective: Objective, seed: int, fabric: Fabric | None = None
) -> tuple[nn.Module, nn.Module, Run]:
    """Fit (encoder, decoder) to images without their labels, and return them with their run."""
    run = Run(of_one_run(config, objective, seed), fabric)
    encoder, decoder = map(run.setup, build(config, data.x.shape[1:], objective))
    optimizer = run.optimizer(
        AdamW([*encoder.parameters(), *decoder.parameters()], config.lr, weight_decay=1e-2)
    )
    state = {"encoder": encoder, "decoder": decoder, "optimizer": optimizer}
    run.resume(**state)

    for x in run.batches(data):
        set_lr(optimizer, config.lr * cosine(run.progress))
        loss = reconstruction(encoder, decoder, x, objective)

        optimizer.zero_grad()
        run.fabric.backward(loss.mean())
        optimizer.step()

        run.log(loss=loss)
        run.checkpoint(**state)
    return encoder.module, decoder.module, run


def reconstruction(
    encoder: nn.Module, decoder: nn.Module, x: Float[Tensor, "b c h w"], objective: Objective
) -> PerSample:
    """−log p(x | D(z)), z = E(x̃), with Bernoulli pixels; of the VAE −log p(x | D(z)) + KL, z ~ q(z|x)."""
    z = encoder(CORRUPTIONS[objective](x)).float()
    if objective is not Objective.VAE:
        return -log_bernoulli(x, decoder(z))
    mu, logvar = z.chunk(2, dim=1)
    z = mu + (0.5 * logvar).exp() * torch.randn_like(mu)
    return -log_bernoulli(x, decoder(z)) + kl_to_standard_normal(mu, logvar)


def fit(
    config: Config,
    cell: Cell,
    data: Images,
    labelled: Images,
    start: tuple[nn.Module, nn.Module] | None,
    fabric: Fabric,
) -> Classifier:
    """Train a classifier on labelled images, from (encoder, decoder) or from random weights; `data` has no labels."""
    torch.manual_seed(mix(config.seed, cell.seed, cell.draw, cell.labels))
    encoder, decoder = build(config, data.x.shape[1:], cell.objective or Objective.PLAIN)
    if start is not None:
        for net, trained in zip((encoder, decoder), start, strict=True):
            net.load_state_dict(trained.state_dict())
    classifier = Classifier(encoder, config.code, len(data.info.classes))
    both = fabric.to_device(nn.ModuleList([classifier, decoder]))
    both = both.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    optimizer = AdamW(both.parameters(), config.lr, weight_decay=1e-2)
    images, labels, n = to_float(labelled.x), study.labels_of(labelled), len(labelled)

    for step in range(config.fit_steps):
        set_lr(optimizer, config.lr * cosine(step / config.fit_steps, warmup=0.05))
        chosen = torch.randint(n, (min(64, max(n, 32)),))
        x, y = fabric.to_device((images[chosen], labels[chosen]))
        with fabric.autocast():
            logits = classifier(warp(x, float(cell.augmented)))
            loss = F.cross_entropy(logits, y, label_smoothing=SMOOTHING)
            if cell.way is Way.JOINT and cell.objective:
                u = to_float(data.x[torch.randint(len(data), (UNLABELLED,))])
                unlabelled = reconstruction(encoder, decoder, fabric.to_device(u), cell.objective)
                loss = loss + config.reconstruction * unlabelled.mean()

        optimizer.zero_grad()
        fabric.backward(loss)
        optimizer.step()
    return classifier.eval()


def build(
    config: Config, shape: Sequence[int], objective: Objective
) -> tuple[nn.Module, nn.Module]:
    """Untrained (encoder, decoder); a VAE's encoder has mu and logvar for outputs."""
    c, size, _ = shape
    outputs = config.code * (2 if objective is Objective.VAE else 1)
    encoder = ConvEncoder(c, size, config.width, outputs)
    return encoder, ConvDecoder(c, size, max(config.width // 3, 1), config.code)


def of_one_run(config: Config, objective: Objective, seed: int) -> Config:
    """The options of one training without labels: it goes on whatever is then done with labels."""
    runs = config.runs / config.name
    own = replace(config, runs=runs, name=f"{objective}-{seed}", replace=True, seed=seed)
    study_alone = (
        "objectives",
        "fit_steps",
        "reconstruction",
        "seeds",
        "draws",
        "rounds",
        "validation",
    )
    return replace(own, **{option: getattr(Config, option) for option in study_alone})


def run_study(config: Config, data: Images, test: Images) -> tuple[Encoders, list[Run]]:
    """Train all encoders, then all classifiers that are not in the results yet; each encoder with its decoder."""
    nets: Encoders = {}
    runs: list[Run] = []
    for seed in range(config.seeds):
        for objective in config.encoders:
            *pair, run = train(config, data, objective, seed, runs[0].fabric if runs else None)
            nets[objective, seed] = pair[0].cpu(), pair[1].cpu()
            runs.append(run)
    results = study.Results(results_of(config))
    labelled, test = study.held_out(data) if config.validation else (data, test)
    y, truth = study.labels_of(labelled), study.labels_of(test)

    @cache
    def features(which: Objective | Way, seed: int) -> tuple[Array, Array]:
        """Of the images that have labels, and of those that are tested."""
        net = encoder_of(config, nets, data, which, seed)
        return codes_of(net, labelled).numpy(), codes_of(net, test).numpy()

    for cell in study.logistic_cells(config):
        if cell not in results.errors:
            index = balanced_draw(y, cell.labels, cell.draw)
            z, test_z = features(cell.objective or cell.way, cell.seed)
            p = study.logistic_regression(z[index], y[index].numpy(), test_z)
            results.add(cell, study.error(p, truth))
    for cell in study.trained_cells(config):
        if cell not in results.errors:
            start = nets[cell.objective, cell.seed] if cell.objective else None
            few = study.subset(labelled, balanced_draw(y, cell.labels, cell.draw))
            classifier = fit(config, cell, data, few, start, runs[0].fabric)
            results.add(cell, study.error(codes_of(classifier, test).numpy(), truth))
    return nets, runs


Encoders = dict[tuple[Objective, int], tuple[nn.Module, nn.Module]]
"""(encoder, decoder) by objective and seed."""


def results_of(config: Config) -> Path:
    """The file of results."""
    return config.folder / ("validation.jsonl" if config.validation else "results.jsonl")


def encoder_of(
    config: Config, nets: Encoders, data: Images, which: Objective | Way, seed: int
) -> nn.Module:
    """An encoder, trained or random, or PCA, whose codes have mean 0 and variance 1; or the pixels as they are."""
    if which is Way.PIXELS:
        return nn.Flatten()
    if which is Way.PCA:
        X = to_float(data.x)
        _, V, variances = principal_components(X.flatten(1), config.code)
        encoder = AffineEncoder(X.mean(0), config.code)
        encoder.W.data.copy_(V)
        sd = variances[: config.code].sqrt().float()
        return StandardisedEncoder(encoder, torch.zeros(config.code), sd)
    if which is Way.RANDOM:
        torch.manual_seed(seed)
        encoder, _ = build(config, data.x.shape[1:], Objective.PLAIN)
    else:
        encoder, _ = nets[Objective(which), seed]
    z = codes_of(encoder, data)[:, : config.code]
    return StandardisedEncoder(encoder, z.mean(0), z.std(0).clamp_min(1e-6))


@torch.no_grad()
def codes_of(net: nn.Module, data: Images) -> Tensor:
    """What a network gives for each image of a data set."""
    net = net.cpu().float().eval()
    return torch.cat([net(to_float(batch)) for batch in data.x.split(512)])


def export_model(
    config: Config, data: Images, test: Images, nets: Encoders, runs: list[Run]
) -> None:
    """Write `exported/<name>/`: the first seed's encoders, classifiers from labels of the pool, and both sheets."""
    encoders = {
        each: encoder_of(config, nets, data, each, seed=0) for each in (*config.encoders, Way.PCA)
    }
    unwarping = encoders[Objective.UNWARPING]
    assert isinstance(unwarping, StandardisedEncoder)
    pool = study.pool_of(data, codes_of(unwarping, data))
    labelled = balanced_draw(study.labels_of(pool), POOL_LABELS, 0)
    classifiers: dict[str, nn.Module] = {}
    for name, (way, augmented) in CLASSIFIERS.items():
        objective = Objective.UNWARPING if way is Way.JOINT else None
        start = nets[objective, 0] if objective else None
        cell = Cell(way, objective, augmented, POOL_LABELS, 0, 0)
        few = study.subset(pool, labelled)
        classifiers[name] = fit(config, cell, data, few, start, runs[0].fabric)

    x, z = Port("x", ("batch", *data.x.shape[1:]), range=(0, 1)), Port("z", ("batch", config.code))
    _, decoder = nets[Objective.UNWARPING, 0]
    graphs = {f"encoder_{each}": Spec(net, (x,), {"z": None}) for each, net in encoders.items()}
    graphs |= {
        f"classifier_{name}": Spec(Probabilities(net), (x,), {"p": (0, 1)})
        for name, net in classifiers.items()
    }
    decoder = StandardisedDecoder(decoder, unwarping.m, unwarping.s)
    graphs["decoder"] = Spec(decoder, (z,), {"x": (0, 1)})
    folder = export(
        name=config.name,
        root=config.exported,
        family="few-labels",
        title=f"Few labels of {test.info.title}",
        lecture="§1.4",
        summary=(
            f"Encoders of {test.info.title} that were trained without a label, by several objectives, and classifiers "
            f"that were trained on {POOL_LABELS} labels, with such an encoder and without."
        ),
        limitations=(
            "It knows digits, white on black and about as upright as those it was trained on: what is turned further "
            "than in training is read wrongly, and what is no digit is taken for one."
        ),
        module="training.few_labels",
        config=config,
        data=dataset(test.info, config.data, None),
        examples_of=test,
        facts=FewLabelsFacts(
            objectives=config.encoders,
            pool=study.digits_of(study.labels_of(pool)),
            test=study.digits_of(study.labels_of(test)),
            labelled=study.digits_of(torch.isin(torch.arange(len(pool)), labelled)),
            classifiers=tuple(CLASSIFIERS),
        ),
        runs=runs,
        graphs={role: replace(spec, fp16_weights=True) for role, spec in graphs.items()},
        sheets={
            "pool": study.sheet("pool", pool, study.COLUMNS),
            "test": study.sheet("test", test, 50),
        },
    )
    results = study.Results(results_of(config))
    card = cards.load(folder / "card.json")
    model_readme.save(card.with_metrics(results.metrics(len(test), card.training.command)), folder)
    evaluate(folder, study.measure)


def main(config: Config) -> None:
    """Train without labels and with, in a study that can be interrupted; then export and evaluate."""
    data, test = load(config.data, "train"), load(config.data, "test")
    nets, runs = run_study(config, data, test)
    if not config.validation:
        export_model(config, data, test, nets, runs)


if __name__ == "__main__":
    cli.run(main, Config)
