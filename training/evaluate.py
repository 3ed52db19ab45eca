"""Measure an exported model and write the numbers into its card.

Everything is computed on the exported graphs, through `gen_models.runtime`, on the test split: what is measured is
what is served. Beside the numbers a contact sheet is made, `preview.webp`.

    python -m training.evaluate exported/vae-digits-2d
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import tyro
from PIL import Image

from gen_models import cards, estimators
from gen_models.cards import Metric
from gen_models.runtime import Array, Model
from training import cli
from training import metrics as measures
from training.evaluate_translation import cyclegan, pix2pix
from training.export import save_preview
from training.factors import Targets
from training.measurement import (
    Measurement,
    Result,
    contact_sheet,
    features_for,
    features_of,
    in_batches,
    spread,
)
from training.pca import largest_principal_angle, principal_components

IW_SAMPLES = (1, 50, 5000)
IW_EVERY = 2
"""Importance-weighted bounds are taken on every second test picture: 5,000 samples of each take long on a CPU."""


def evaluate(folder: Path) -> None:
    """Measure the model in `folder`, write its card anew with the numbers, and its preview."""
    try:
        card = cards.load(folder / "card.json")
    except cards.CardError as error:
        raise cli.UserError(str(error)) from None
    measure = EVALUATIONS.get(card.family)
    if measure is None:
        raise cli.UserError(f"there is no evaluation for the family {card.family!r}.")
    started = time.monotonic()
    metrics, preview = measure(Measurement(Model(card, folder), f"{_COMMAND} {folder}"))
    card.with_metrics(metrics).save(folder)
    save_preview(folder, Image.fromarray(preview.squeeze()))
    for key, metric in metrics.items():
        print(f"{card.name}: {key} = {metric.value:.4g} {metric.unit} (n = {metric.n})", flush=True)
    print(f"{card.name}: evaluated in {time.monotonic() - started:.0f} s", flush=True)


_COMMAND = "python -m training.evaluate"


def autoencoder(m: Measurement) -> Result:
    """Squared error at each code size; for affine decoders, the largest angle to PCA's subspace."""
    x, metrics, rows = m.pictures(), {}, []
    sheet = spread(x, 12)
    codes = sorted(
        int(role.removeprefix("encoder_"))
        for role in m.model.card.graphs
        if role.startswith("encoder_")
    )
    for k in codes:
        y = in_batches(
            lambda b, k=k: m.model(f"decoder_{k}", z=m.model(f"encoder_{k}", x=b)["z"])["x"], x
        )
        error = ((x - y) ** 2).sum((1, 2, 3)).mean()
        metrics[f"squared error/{k}"] = m.metric(error, "per picture, pixels in [0, 1]", len(x))
        rows.append(m.model(f"decoder_{k}", z=m.model(f"encoder_{k}", x=sheet)["z"])["x"])
    if m.model.card.config["kind"] == "linear":
        train = torch.from_numpy(m.pictures("train")).flatten(1)
        _, components, variances = principal_components(train, max(codes))
        for k in codes:
            units = np.concatenate([np.zeros((1, k)), np.eye(k)])
            images = torch.from_numpy(m.model(f"decoder_{k}", z=units)["x"]).flatten(1)
            angle = largest_principal_angle(images[1:] - images[:1], components[:k])
            gap = 1 - float(variances[k] / variances[k - 1])
            metrics[f"largest principal angle to PCA/{k}"] = m.metric(
                angle,
                "degrees",
                len(train),
                "train",
                f"the variances of components {k} and {k + 1} differ by {gap:.1%}",
            )
    return metrics, contact_sheet(np.concatenate([sheet, *rows]), columns=len(sheet))


def vae(m: Measurement) -> Result:
    """ELBO in its two terms, KL per dimension, squared error of reconstructions; IW bounds for binary models."""
    rng = np.random.default_rng(0)
    config, grey = m.model.card.config, m.pictures()
    # A model of black-or-white pictures is measured on such: each grey level is drawn once as a probability.
    x = (rng.random(grey.shape) < grey).astype(np.float32) if config["binarize"] else grey
    q = {
        name: in_batches(lambda b, name=name: m.model("encoder", x=b)[name], x)
        for name in ("mu", "logvar")
    }
    kl = estimators.kl_to_standard_normal(q["mu"], q["logvar"]).mean(0)
    log_px_z = in_batches(lambda b: estimators.draw(m.model, b, 16, rng).log_px_z.mean(1), x)
    y = in_batches(lambda z: m.model("decoder", z=z)["x"], q["mu"])
    n, beta = len(x), config["beta"]
    metrics = {
        "ELBO": m.metric(log_px_z.mean() - kl.sum(), "nats", n, note="weight 1 on the KL"),
        "reconstruction": m.metric(-log_px_z.mean(), "nats", n, note="E_q −log p(x|z), 16 draws"),
        "KL": m.metric(kl.sum(), "nats", n, note=f"trained with weight {beta:g}"),
        "active dimensions": m.metric(
            (kl > estimators.ACTIVE).sum(),
            f"of {len(kl)}",
            n,
            note=f"KL > {estimators.ACTIVE} nats",
        ),
        "squared error": m.metric(
            ((x - y) ** 2).sum((1, 2, 3)).mean(), "per picture, pixels in [0, 1]", n
        ),
    }
    metrics |= {f"KL of dimension/{j}": m.metric(value, "nats", n) for j, value in enumerate(kl)}
    if "attributes" in m.model.card.graphs:
        metrics |= _separation(m, q["mu"])
    if config["binarize"]:
        metrics |= _importance_weighted(m, x, rng)
    sheet = spread(x, 12)
    z = rng.standard_normal((48, len(kl)), dtype=np.float32)
    rows = [
        sheet,
        m.model("decoder", z=m.model("encoder", x=sheet)["mu"])["x"],
        m.model("decoder", z=z)["x"],
    ]
    return metrics, contact_sheet(np.concatenate(rows), columns=12)


def _separation(m: Measurement, mu: Array) -> dict[str, Metric]:
    """How well each attribute, read from z, tells test pictures that have more of it from those that have less."""
    data = m.images()
    assert data.factors is not None
    read = m.model("attributes", z=mu)
    metrics = {}
    for name, amount in read.items():
        factor = data.factors[:, data.info.factors.index(name)].numpy()
        more = factor > np.median(factor)
        auc = measures.area_under_roc(amount[more, 0], amount[~more, 0])
        metrics[f"separation/{name}"] = m.metric(
            auc,
            "area under the ROC curve",
            len(mu),
            note="above the median of the factor against the rest",
        )
    return metrics


def _importance_weighted(m: Measurement, x: Array, rng: np.random.Generator) -> dict[str, Metric]:
    """−log p(x) bounded by −log (1/k) Σ w over k draws of q(z|x): Burda, Grosse and Salakhutdinov 2016.

    The k draws are taken in parts that fit in memory; the mean is over weights, never over partial logarithms.
    """
    metrics, x = {}, x[::IW_EVERY]
    for k in IW_SAMPLES:
        parts = [min(500, k - start) for start in range(0, k, 500)]
        bound = []
        for i in range(0, len(x), 10):
            log_w = [estimators.draw(m.model, x[i : i + 10], part, rng).log_w for part in parts]
            bound.append(estimators.log_mean_exp(np.concatenate(log_w, axis=1)))
        metrics[f"−log p(x), {k} samples"] = m.metric(
            -np.concatenate(bound).mean(),
            "nats",
            len(x),
            note="upper bound; pixels drawn black or white once",
        )
    return metrics


SAMPLES = 10_000
"""Generated pictures that distances are taken on, and at most as many real ones."""
AMONG = 2_000
"""Pictures of each set for precision and recall, which compare all with all."""


def gan(m: Measurement) -> Result:
    """Fréchet distance, precision, recall and a check for copies, all on the features of the model's data set.

    Generated and real test pictures are compared; how far real training pictures are from the test pictures says what
    a perfect generator would score.
    """
    k = int(m.model.input("generator", "z").shape[1])
    rng = np.random.default_rng(0)
    z = rng.standard_normal((SAMPLES, k), dtype=np.float32)
    fake_x = in_batches(lambda b: m.model("generator", z=b)["x"], z)
    test_x, train_x = m.pictures(), m.pictures("train")
    picture = m.model.output("generator", "x")
    recogniser = features_for(m.model, m.model.card.dataset.sha256, picture)
    if recogniser is None:
        print(
            f"{m.model.card.name}: no features of its data in exported/, so no distances",
            flush=True,
        )
        metrics: dict[str, Metric] = {}
    else:
        fake, test, train = (
            in_batches(partial(features_of, recogniser), x)
            for x in (fake_x, test_x[:SAMPLES], train_x)
        )
        chosen = train[np.random.default_rng(1).permutation(len(train))[: len(test)]]
        on, n = f"on features of {recogniser.card.name}", len(test)
        among, few = test[:AMONG], len(test[:AMONG])
        precision, recall = measures.precision_and_recall(among, fake[:few])
        real = measures.precision_and_recall(among, chosen[:few])
        to_train = measures.nearest_distances(fake[:AMONG], train)
        usual = measures.nearest_distances(among, train)
        copies = (to_train < np.quantile(usual, 0.01)).mean()
        metrics = {
            "Fréchet distance": m.metric(
                measures.frechet_distance(fake, test), on, n, note=f"{SAMPLES:,} samples"
            ),
            "Fréchet distance of real pictures": m.metric(
                measures.frechet_distance(chosen, test), on, n, note="as many of training"
            ),
            "precision": m.metric(precision, "share of samples among real pictures", few),
            "recall": m.metric(recall, "share of real pictures among samples", few),
            "precision of real pictures": m.metric(real[0], "training among test pictures", few),
            "recall of real pictures": m.metric(real[1], "test among training pictures", few),
            "distance to nearest training picture": m.metric(
                np.median(to_train),
                "median " + on,
                len(to_train),
                note=f"test pictures: {np.median(usual):.3g}",
            ),
            "samples nearer than 1 % of test pictures": m.metric(
                copies,
                "share of samples",
                len(to_train),
                note="nearer to training than the nearest hundredth of test pictures is; 0.01 is usual",
            ),
        }
    sheet = np.concatenate([spread(test_x, 24), fake_x[:72]])
    return metrics, contact_sheet(sheet, columns=12, scale=max(1, 64 // sheet.shape[-1]))


ACCURACY = "code accuracy/seed "
"""Key of an InfoGAN's accuracy, without the seed."""


def infogan(m: Measurement) -> Result:
    """Code accuracy, by the best matching of categories to classes; the bound on I(c; x)."""
    data, x = m.images(), m.pictures()
    model, rng = m.model, np.random.default_rng(0)
    metrics: dict[str, Metric] = {}
    if data.y is not None:
        category = in_batches(lambda b: model("recogniser", x=b)["category"], x).argmax(1)
        accuracy, label_of = measures.match(category, data.y.numpy())
        key = f"{ACCURACY}{model.card.config['seed']}"
        metrics[key] = m.metric(accuracy, "of test pictures", len(x))
        for j in range(int(model.input("generator", "category").shape[1])):
            metrics[f"digit of category/{j}"] = m.metric(label_of.get(j, j), "by matching", len(x))
    n, categories = 10_000, int(model.input("generator", "category").shape[1])
    codes = int(model.input("generator", "continuous").shape[1])
    category = rng.integers(0, categories, n)
    feed = {
        "z": rng.standard_normal((n, int(model.input("generator", "z").shape[1]))),
        "category": np.eye(categories)[category],
        "continuous": rng.uniform(-1, 1, (n, codes)),
    }
    at = np.arange(n)
    read = [
        model("recogniser", x=model("generator", **{k: v[i] for k, v in feed.items()})["x"])
        for i in np.array_split(at, n // 250)
    ]
    q = {key: np.concatenate([part[key] for part in read]) for key in read[0]}
    of_category = np.log(categories) + np.log(q["category"][at, category].clip(1e-12)).mean()
    log_q = estimators.log_normal(feed["continuous"], q["continuous"], 2 * np.log(q["sigma"]))
    of_continuous = codes * np.log(2) + log_q.mean()
    for part, value, most in (
        ("category", of_category, f"at most log {categories} = {np.log(categories):.3f}"),
        (
            "continuous codes",
            of_continuous,
            "their density's logarithm, so without a greatest value",
        ),
    ):
        metrics[f"mutual information bound/{part}"] = m.metric(value, "nats", n, "", most)
    metrics["mutual information bound"] = m.metric(of_category + of_continuous, "nats", n, "")
    z = np.repeat(rng.standard_normal((1, feed["z"].shape[1])), categories * 11, 0)
    ramp = np.zeros((categories * 11, codes))
    ramp[:, 0] = np.tile(np.linspace(-1, 1, 11), categories)
    grid = model("generator", z=z, category=np.repeat(np.eye(categories), 11, 0), continuous=ramp)
    return metrics, contact_sheet(grid["x"], columns=11)


def features(m: Measurement) -> Result:
    """How well it recognises, and one row for each of some test pictures: the nearest of the bank."""
    data, x = m.images(), m.pictures()
    y = in_batches(lambda b: m.model("features", x=b)["y"], x)
    if data.y is not None and y.shape[1] == len(data.info.classes):
        accuracy = (y.argmax(1) == data.y.numpy()).mean()
        metrics = {"accuracy": m.metric(accuracy, "share of test pictures", len(x))}
    elif data.factors is not None:
        targets = Targets(m.images("train"))
        rest = (y - targets.table(data.factors).numpy()) ** 2
        metrics = {
            f"explained/{name}": m.metric(1 - rest[:, columns].mean(), "share of variance", len(x))
            for name, columns in targets.columns.items()
        }
    else:
        turned = np.concatenate([np.rot90(x, k, (2, 3)) for k in range(4)]).astype(np.float32)
        y = in_batches(lambda b: m.model("features", x=b)["y"], turned)
        accuracy = (y.argmax(1) == np.repeat(np.arange(4), len(x))).mean()
        metrics = {"accuracy": m.metric(accuracy, "share of turned test pictures", len(turned))}
    sheet = spread(x, 8)
    index = m.model("neighbours", h=m.model("features", x=sheet)["h"])["index"]
    bank = m.model.sheet("bank")
    near = bank.reshape(-1, *bank.shape[2:])[index].transpose(0, 1, 4, 2, 3) / np.float32(255)
    rows = np.concatenate([sheet[:, None], near], axis=1).reshape(-1, *sheet.shape[1:])
    return metrics, contact_sheet(rows, columns=1 + index.shape[1])


EVALUATIONS: dict[str, Callable[[Measurement], Result]] = {
    "autoencoder": autoencoder,
    "vae": vae,
    "gan": gan,
    "infogan": infogan,
    "pix2pix": pix2pix,
    "cyclegan": cyclegan,
    "features": features,
}


@dataclass(frozen=True)
class Config:
    """Measure exported models on their test data."""

    folders: tyro.conf.Positional[tuple[Path, ...]]
    """folders such as exported/vae-digits-2d"""
    beside: Path | None = None
    """folder of another, measured model of the same data, whose numbers go into the cards too, under its name"""


def main(config: Config) -> None:
    """Evaluate each folder in turn."""
    for folder in config.folders:
        evaluate(folder)
        if config.beside is not None:
            put_beside(folder, config.beside)


def put_beside(folder: Path, other: Path) -> None:
    """Copy the numbers of the model in `other` into the card of the one in `folder`: `L1` as `L1/name of the other`.

    So a model can be compared with one whose graphs are too large to be kept.
    """
    try:
        card, reference = (cards.load(path / "card.json") for path in (folder, other))
    except cards.CardError as error:
        raise cli.UserError(str(error)) from None
    if card.dataset.sha256 != reference.dataset.sha256:
        raise cli.UserError(f"{reference.name} was not trained on the data set of {card.name}.")
    parameters = sum(graph.parameters for graph in reference.graphs.values())
    note = f"{parameters:,} parameters, {reference.training.images:,} pictures seen"
    copies = {
        f"{key}/{reference.name}": dataclasses.replace(metric, note=note)
        for key, metric in reference.metrics.items()
    }
    card.with_metrics(copies).save(folder)


if __name__ == "__main__":
    cli.run(main, Config)
