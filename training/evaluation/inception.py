"""FID, for those who can download Inception's weights: Fréchet distance on its 2,048 features (Heusel et al. 2017).

The project's own distances are on features of its own (`training.features`), need no download, and compare models of
one data set with each other. FID compares with published numbers, if it is taken as they were: here on generated
images against as many of the training split, both enlarged to Inception's 299 pixels as its reference code does.
Under 50,000 images it comes out too high; n stands beside the value.

    pip install torch-fidelity        (an environment of its own: the package also installs one called "tests")
    python -m training.inception exported/gan-fashion
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import tyro
from torch import Tensor

from gen_models import cards, model_readme
from gen_models.errors import UserError
from gen_models.families import MetricId as M
from gen_models.runtime import Array, Model, to_uint8
from training.engine import cli
from training.engine.measurement import Measurement, in_batches
from training.engine.metrics import frechet_distance
from training.evaluation.samples import asked_for, rows


@dataclass(frozen=True)
class Config:
    """Measure exported GANs by FID, and write it into their cards."""

    folders: tyro.conf.Positional[tuple[Path, ...]]
    """folders such as exported/gan-fashion"""
    samples: int = 50_000
    """generated images, and at most as many of training"""
    weights: Path | None = None
    """a file that holds Inception's weights; None: downloaded once"""

    def check(self) -> None:
        """Refuse options that cannot be, before weights are downloaded.

        Raises:
            UserError: the first of them, as a sentence.
        """
        cli.check_numbers(self)
        if self.samples < 2:
            raise UserError("FID needs two samples at least.")


def inception(weights: Path | None) -> Callable[[Tensor], tuple[Tensor, ...]]:
    """The network: uint8 (b, 3, h, w) to ((b, 2048),).

    Raises:
        UserError: the package or the weights are not there.
    """
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import (  # pyright: ignore[reportMissingImports]
            FeatureExtractorInceptionV3,
        )
    except ModuleNotFoundError:
        raise UserError(
            "FID needs the package torch-fidelity, which is not installed: pip install torch-fidelity."
        ) from None
    path = None if weights is None else str(weights)
    try:
        return FeatureExtractorInceptionV3(
            "inception-v3-compat", ["2048"], feature_extractor_weights_path=path
        )
    except OSError as error:  # no such file, or no network
        raise UserError(f"Inception's weights cannot be read or downloaded: {error}.") from None


def measure(folder: Path, net: Callable[[Tensor], tuple[Tensor, ...]], samples: int) -> None:
    """Write the FID of the GAN in `folder` into its card."""
    card = cards.load(folder / "card.json")
    if card.family != "gan":
        raise UserError(f"FID is measured of GANs; {card.name} is of the family {card.family!r}.")
    model = Model(card, folder)
    m = Measurement(model, f"python -m training.inception {folder} --samples {samples}")

    def features(x: Array) -> Array:
        colour = np.broadcast_to(x, (len(x), 3, *x.shape[2:]))
        images = torch.from_numpy(to_uint8(colour).transpose(0, 3, 1, 2).copy())
        with torch.no_grad():
            return net(images)[0].double().numpy()

    k = int(model.input("generator", "z").shape[1])
    z = np.random.default_rng(0).standard_normal((samples, k), dtype=np.float32)
    told = asked_for(m, "train")
    fake = in_batches(
        lambda i: features(model("generator", z=z[i], **rows(told, i))["x"]), np.arange(samples)
    )
    real = in_batches(features, m.pixels("train")[:samples])
    metric = m.metric(
        M.FID,
        frechet_distance(fake, real),
        samples,
        "train",
        f"{len(real):,} real pictures",
    )
    model_readme.save(card.with_metrics({M.FID: metric}), folder)
    print(f"{card.name}: FID = {metric.value:.4g} ({samples:,} samples, {metric.note})", flush=True)


def main(config: Config) -> None:
    """Measure each folder in turn."""
    net = inception(config.weights)
    for folder in config.folders:
        measure(folder, net, config.samples)


if __name__ == "__main__":
    cli.run(main, Config)
