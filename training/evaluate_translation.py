"""Measuring models that translate pictures: pix2pix against the true picture, CycleGAN against its own way back.

Both are measured on the test split, at most `PICTURES` of it, spread over the whole; errors are of pixels in [0, 1].
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.random import Generator

from gen_models import cards
from gen_models.cards import Metric
from gen_models.runtime import Array, Model
from training import cli
from training import metrics as measures
from training.data import load as load_pictures
from training.data import to_float
from training.data.common import union
from training.data.pairs import Pairs, encode, load_pairs, load_unpaired
from training.measurement import (
    Measurement,
    Result,
    contact_sheet,
    features_for,
    features_of,
    in_batches,
    spread,
)
from training.translation import shown, spread_pairs

PICTURES = 1000
"""Test pictures at most."""
BATCH = 16
SHOWN = 7
"""Test pairs on pix2pix's preview."""
DRAWS, DRAWN = 8, 100
"""Translations of one c, by as many z, and of how many c, for the diversity."""
SIGMAS = (0.01, 0.02, 0.05, 0.1, 0.2)
"""Standard deviations of the noise that is laid on a translation before the way back."""
WANTED = {"heads-labels": "heads", "toons-lines": "toons"}
"""Data sets whose pictures pairs translate into: there may be features of them."""
ALIGNED = {"earth": "earth-pairs"}
"""Unpaired sets in whose test split pictures of equal index are pairs, and the set of pairs to compare with."""
MEAN_ERROR = "mean |difference| of pixels in [0, 1]"


def pix2pix(m: Measurement) -> Result:
    """L1, PSNR, SSIM, the Fréchet distance where there are features; how much z changes; a sheet of c, x, three x̂."""
    model, rng = m.model, np.random.default_rng(0)
    data = load_pairs(model.card.config["data"], "test", model.card.config["size"])
    _check(m, data.info.sha256)
    at = _spread_over(len(data)).tolist()
    n, parts = len(at), [at[i : i + BATCH] for i in range(0, len(at), BATCH)]
    numbers, made, true = [], [], []
    for c, x in _batches(data, parts):
        x_hat = translate(model, c, rng)
        numbers.append(
            [np.abs(x - x_hat).mean((1, 2, 3)), measures.psnr(x, x_hat), measures.ssim(x, x_hat)]
        )
        made.append(x_hat)
        true.append(x)
    error, psnr, ssim = np.concatenate(numbers, axis=1)
    metrics = {
        "L1": m.metric(error.mean(), MEAN_ERROR, n),
        "PSNR": m.metric(psnr.mean(), "dB", n, note="mean over pictures"),
        "SSIM": m.metric(ssim.mean(), "", n, note="1 for equal pictures"),
        "diversity": diversity(m, data, at, rng),
    }
    spec = model.card.config["data"]
    digest = load_pictures(WANTED[spec], "test").info.sha256 if spec in WANTED else data.info.sha256
    picture = model.output("generator", "x")
    recogniser = features_for(model, digest, picture)
    if recogniser is not None:
        fake, real = (_features(recogniser, np.concatenate(some)) for some in (made, true))
        metrics["Fréchet distance"] = m.metric(
            measures.frechet_distance(fake, real), f"on features of {recogniser.card.name}", n
        )
    c, x = (some.numpy() for some in spread_pairs(data, SHOWN))
    rows = [shown(data, c), x, *(translate(model, c, rng) for _ in range(3))]
    return metrics, contact_sheet(np.concatenate(rows), columns=SHOWN, scale=1)


def translate(model: Model, c: Array, rng: Generator, p: float = 0.5) -> Array:
    """x̂ of each c by a z of its own; p is the share of numbers that dropout drops."""
    k = int(model.input("generator", "u").shape[1])
    return model("generator", c=c, u=rng.random((len(c), k), dtype=np.float32), p=np.array(p))["x"]


def diversity(m: Measurement, data: Pairs, at: list[int], rng: Generator) -> Metric:
    """Mean |x̂ − x̂'| between two translations of the same c."""
    total = []
    chosen = at[:: -(-len(at) // DRAWN)]
    for c, _ in _batches(data, [[i] for i in chosen]):
        x_hat = translate(m.model, c.repeat(DRAWS, 0), rng)
        pairs = np.abs(x_hat[:, None] - x_hat[None]).mean((2, 3, 4))
        total.append(pairs.sum() / (DRAWS * (DRAWS - 1)))
    note = f"between {DRAWS} z of one input, all pairs"
    return m.metric(float(np.mean(total)), MEAN_ERROR, len(chosen), note=note)


def cyclegan(m: Measurement) -> Result:
    """Each way: cycle error, without and with noise on the translation; error against true pairs; Fréchet distance."""
    model, config = m.model, m.model.card.config
    X, Y = load_unpaired(config["data"], "test", config["size"])
    _check(m, union(X.info, Y.info).sha256)
    domain = {s: to_float(D.x[_spread_over(len(D))]).numpy() for s, D in (("x", X), ("y", Y))}
    metrics, rows = {}, []
    for s, t, wanted in (("x", "y", Y), ("y", "x", X)):
        source, target, n = domain[s], domain[t], len(domain[s])
        translated = _through(model, s, t, source)
        for sigma in (0, *SIGMAS):
            error = np.abs(_through(model, t, s, with_noise(translated, sigma)) - source).mean()
            key = f"cycle error/{s}" + (f"/noise {sigma:g}" if sigma else "")
            note = f"noise of σ = {sigma:g} on the translation" if sigma else ""
            metrics[key] = m.metric(error, MEAN_ERROR, n, note=note)
        if config["data"] in ALIGNED:
            metrics |= against_truth(m, t, source, translated, target)
        recogniser = features_for(model, wanted.info.sha256, model.output(f"G_{s}{t}", t))
        if recogniser is not None:
            fake, real = (_features(recogniser, some) for some in (translated, target))
            metrics[f"Fréchet distance/{t}"] = m.metric(
                measures.frechet_distance(fake, real), f"on features of {recogniser.card.name}", n
            )
        some = spread(source, 10)
        there = _through(model, s, t, some)
        rows += [some, there, _through(model, t, s, there)]
    return metrics, contact_sheet(np.concatenate(rows), columns=10, scale=1)


def with_noise(x: Array, sigma: float) -> Array:
    """x + N(0, σ²), within [0, 1]: what is hidden in faint detail is lost in it, what is plain to see is not."""
    noise = np.random.default_rng(0).standard_normal(x.shape, dtype=np.float32)
    return (x + np.float32(sigma) * noise).clip(0, 1)


def against_truth(
    m: Measurement, side: str, source: Array, translated: Array, target: Array
) -> dict[str, Metric]:
    """Error against the pictures of the same places, which training never saw together, and what bounds it.

    Doing nothing is one bound; the other is a pix2pix that was trained on such pairs, if one stands beside the model.
    """
    n, key = len(target), f"error against the true pair/{side}"
    metrics = {
        key: m.metric(np.abs(translated - target).mean(), MEAN_ERROR, n),
        f"{key}/identity": m.metric(np.abs(source - target).mean(), MEAN_ERROR, n),
    }
    pairs = ALIGNED[m.model.card.config["data"]] + ",BtoA" * (side == "x")
    for card in cards.discover(m.model.folder.parent)[0]:
        if card.family == "pix2pix" and (card.config["data"], card.config["size"]) == (
            pairs,
            m.model.card.config["size"],
        ):
            paired, rng = Model(card, m.model.folder.parent / card.name), np.random.default_rng(0)
            made = in_batches(lambda c: translate(paired, c, rng), source, BATCH)  # noqa: B023
            error = np.abs(made - target).mean()
            metrics[f"{key}/pix2pix"] = m.metric(error, MEAN_ERROR, n, note=f"by {card.name}")
    return metrics


def _through(model: Model, s: str, t: str, pictures: Array) -> Array:
    """Pictures of domain s, translated into domain t."""
    return in_batches(lambda some: model(f"G_{s}{t}", **{s: some})[t], pictures, BATCH)


def _features(recogniser: Model, pictures: Array) -> Array:
    return in_batches(partial(features_of, recogniser), pictures)


def _batches(data: Pairs, parts: list[list[int]]) -> Iterator[tuple[Array, Array]]:
    for part in parts:
        c, x = data[part]
        yield encode(data, c).numpy(), to_float(x).numpy()


def _spread_over(n: int) -> Array:
    """At most PICTURES of n indices, spread over all."""
    return np.linspace(0, n - 1, min(n, PICTURES)).astype(int)


def _check(m: Measurement, sha256: str) -> None:
    if sha256 != m.model.card.dataset.sha256:
        raise cli.UserError(
            f"{m.model.card.config['data']} is not the data set that {m.model.card.name} was trained on."
        )
