"""The decoder gives a distribution over pictures: its mean, a sample of it and its standard deviation."""

from __future__ import annotations

import random
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import live
from gen_models.app.checks import SEEDS, checked_seed
from gen_models.app.tabs.vae import common
from gen_models.app.tabs.vae.common import Models
from gen_models.runtime import Array, Model, to_uint8

NAMES = {True: "Bernoulli", False: "Normal"}
TINY = 1e-6
"""Instead of zero, where a picture is reproduced exactly or a distribution has no spread."""


def distribution(model: Model, z: Array, seed: int) -> tuple[Array, Array, Array]:
    """p(x|z) for z (k,): its mean, one sample and its standard deviation, each float32 (1, c, h, w).

    A Bernoulli's standard deviation is √(r(1 − r)): its mean says it already.
    """
    rng = np.random.default_rng(seed)
    p = model("decoder", z=z[None])
    mean = p["x"]
    if "logits" in p:
        return mean, (rng.random(mean.shape) < mean).astype(np.float32), np.sqrt(mean * (1 - mean))
    sigma = np.exp(0.5 * p["logvar"])
    return mean, mean + sigma * rng.standard_normal(mean.shape, np.float32), sigma


def sides(models: Models) -> list[dict[str, Model]]:
    """For each kind of pictures, a Bernoulli and a Normal model, or the one there is; kinds with both come first.

    Preferred are models with β = 1 on grey pictures, and for the Bernoulli a z as large as the Normal's.
    """

    def best(group: list[Model], k: int | None = None) -> list[Model]:
        def key(m: Model) -> tuple[bool, bool, bool]:
            return common.beta_of(m) != 1, common.is_binary(m), common.latent_dim(m) != k

        return sorted(group, key=key)[:1]

    found = []
    for group in common.by_data(models.values()).values():
        normal = best([m for m in group if not common.is_bernoulli(m)])
        k = common.latent_dim(normal[0]) if normal else None
        bernoulli = best([m for m in group if common.is_bernoulli(m)], k)
        found.append({NAMES[common.is_bernoulli(m)]: m for m in [*bernoulli, *normal]})
    return sorted(found, key=len, reverse=True)


def shown(model: Model, x: Array, seed: int) -> tuple[dict[str, Array], dict[str, str]]:
    """Pictures and numbers of p(x|z) at the mean of q(z|x) for a picture x (1, c, h, w).

    The standard deviation is scaled from its smallest value, black, to its largest, white.
    """
    mean, sample, sigma = distribution(model, common.encode(model, x).mu, seed)
    low, top = float(sigma.min()), float(sigma.max())
    pictures = {
        "mean": common.as_pictures(model, mean)[0],
        "sample": common.as_pictures(model, sample)[0],
        "sigma": to_uint8(sigma, (low, max(top, low + TINY)))[0],
    }
    errors = common.squared_error(x, mean), common.squared_error(x, sample)
    text = {
        "mean": f"squared error {errors[0]:.1f}",
        "sample": f"squared error {errors[1]:.1f}",
        "sigma": f"from {low:.2f}, black, to {top:.2f}, white",
        "ratio": f"{errors[1] / max(errors[0], TINY):.1f}×",
    }
    return pictures, text


def build(models: Models) -> None:
    """Lay out a sheet for each kind of pictures, with what a Bernoulli and a Normal output make of it."""
    pairs = sides(models)
    titles = [next(iter(pair.values())).card.dataset.title for pair in pairs]
    common.say(
        "The decoder does not give a picture but a distribution $p(x|z)$. What papers show is its mean. A sample has "
        "noise in every pixel: once $z$ is given, no pixel knows of its neighbours."
    )
    if all(len(pair) < len(NAMES) for pair in pairs):
        common.say(
            "Two models would show more, one with a Bernoulli output and one with a Normal: "
            "`python -m training.vae --name NAME --data DATA --likelihood normal` makes one."
        )
    with gr.Row():
        with gr.Column(scale=5):
            pads = [_sheet(pair, i) for i, pair in enumerate(pairs)]
        with gr.Column(scale=1, min_width=180):
            choice = gr.Radio(
                [(title, i) for i, title in enumerate(titles)],
                value=0,
                label="Pictures",
                visible=len(pairs) > 1,
            )
            again = gr.Button("Draw another sample", size="md")

    def show(chosen: int) -> Any:
        return common.one_or_all([gr.update(visible=i == chosen) for i in range(len(pads))])

    def noise() -> Any:
        seed = random.randrange(SEEDS)
        return common.one_or_all([gr.update(context={"seed": seed}) for _ in pads])

    choice.change(show, choice, pads, api_visibility="private", show_progress="hidden")
    again.click(noise, None, pads, api_visibility="private", show_progress="hidden")

    def distribution_of(model: str, example: int, seed: int) -> dict[str, str]:
        """p(x|z) for an example picture: mean, one sample and standard deviation, as PNG data URIs with numbers."""
        chosen = common.choose(models, model)
        x = common.checked_example(chosen, example)
        pictures, text = shown(chosen, x, checked_seed(seed))
        uris = {name: live.data_uri(image) for name, image in pictures.items()}
        return uris | {f"{name} note": words for name, words in text.items()}

    common.endpoint(distribution_of, "vae_output")


def _sheet(pair: dict[str, Model], i: int) -> live.DrawPad:
    def answer(request: live.Request) -> live.Reply:
        seed = checked_seed(request["context"].get("seed"))
        pictures, text = {}, {}
        for kind, model in pair.items():
            x = common.as_input(model, request["value"])
            some, words = shown(model, x, seed)
            pictures |= {f"{kind} {name}": live.picture(image) for name, image in some.items()}
            text |= {f"{kind} {name}": said for name, said in words.items()}
        return {"pictures": pictures, "text": text}

    shows = {"mean": "mean", "sample": "a sample", "sigma": "standard deviation"}
    return common.sheet(
        next(iter(pair.values())),
        answer,
        context={"seed": 0},
        screens=[
            (f"{kind} {name}", f"{kind}: {words}") for kind in pair for name, words in shows.items()
        ],
        numbers=[
            (f"{kind} ratio", f"{kind}: squared error of the sample, over that of the mean")
            for kind in pair
        ],
        visible=i == 0,
        elem_id=f"vae-output-sheet-{i}",
    )
