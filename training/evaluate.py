"""Measure an exported model and write the numbers into its card.

Everything is computed on the exported graphs, through `gen_models.runtime`, on the test split: what is measured is
what is served. Beside the numbers a contact sheet is made, `preview.png`.

    python -m training.evaluate exported/vae-digits-2d
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import tyro
from PIL import Image

from gen_models import cards, estimators
from gen_models.cards import Metric
from gen_models.runtime import Array, Model, to_uint8
from training import cli
from training.data import load, to_float
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
    Image.fromarray(preview.squeeze()).save(folder / "preview.png", optimize=True)
    for key, metric in metrics.items():
        print(f"{card.name}: {key} = {metric.value:.4g} {metric.unit} (n = {metric.n})", flush=True)
    print(f"{card.name}: evaluated in {time.monotonic() - started:.0f} s", flush=True)


_COMMAND = "python -m training.evaluate"


@dataclass(frozen=True)
class Measurement:
    """The model under test, its test split, and how its numbers are written down."""

    model: Model
    command: str

    def pictures(self, split: str = "test") -> Array:
        """A split of the model's data set, float32 (n, c, h, w) in [0, 1], checked to be the one it was trained on."""
        config = self.model.card.config
        data = load(config["data"], split, size=config["size"], channels=config["channels"])  # type: ignore[arg-type]
        if data.info.sha256 != self.model.card.dataset.sha256:
            raise cli.UserError(
                f"{config['data']} is not the data set that {self.model.card.name} was trained on."
            )
        return to_float(data.x).numpy()

    def metric(
        self, value: float, unit: str, n: int, split: str = "test", note: str = ""
    ) -> Metric:
        """A Metric of this model, with its training seed and the command that measures it."""
        seeds = (self.model.card.config["seed"],)
        return Metric(float(value), unit, n, split, seeds, self.command, note)


Result = tuple[dict[str, Metric], Array]


def autoencoder(m: Measurement) -> Result:
    """Squared error at each code size; for affine decoders, the largest angle to PCA's subspace."""
    x, metrics, rows = m.pictures(), {}, []
    sheet = _spread(x, 12)
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
    if config["binarize"]:
        metrics |= _importance_weighted(m, x, rng)
    sheet = _spread(x, 12)
    z = rng.standard_normal((48, len(kl)), dtype=np.float32)
    rows = [
        sheet,
        m.model("decoder", z=m.model("encoder", x=sheet)["mu"])["x"],
        m.model("decoder", z=z)["x"],
    ]
    return metrics, contact_sheet(np.concatenate(rows), columns=12)


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


EVALUATIONS: dict[str, Callable[[Measurement], Result]] = {"autoencoder": autoencoder, "vae": vae}


def in_batches(f: Callable[[Array], Array], x: Array, size: int = 256) -> Array:
    """f applied to parts of x along the first axis, and joined."""
    return np.concatenate([f(x[i : i + size]) for i in range(0, len(x), size)])


def contact_sheet(pictures: Array, columns: int, scale: int = 2) -> Array:
    """Pictures (n, c, h, w) in [0, 1], in rows of `columns`, enlarged by `scale`: uint8 (H, W, c)."""
    tiles = np.pad(to_uint8(pictures), ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=96)
    n, h, w, c = tiles.shape
    grid = tiles.reshape(n // columns, columns, h, w, c).transpose(0, 2, 1, 3, 4)
    return grid.reshape(n // columns * h, columns * w, c).repeat(scale, 0).repeat(scale, 1)


def _spread(x: Array, n: int) -> Array:
    """n pictures spread over the whole split."""
    return x[np.linspace(0, len(x) - 1, n).astype(int)]


@dataclass(frozen=True)
class Config:
    """Measure exported models on their test data."""

    folders: tyro.conf.Positional[tuple[Path, ...]]
    """folders such as exported/vae-digits-2d"""


def main(config: Config) -> None:
    """Evaluate each folder in turn."""
    for folder in config.folders:
        evaluate(folder)


if __name__ == "__main__":
    cli.run(main, Config)
