"""The decoder gives a distribution over images: its mean, a sample of it and its standard deviation."""

from __future__ import annotations

import math
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.vae import common
from gen_models.app.checks import checked_seed, user_facing
from gen_models.app.shell import address, layout
from gen_models.families import MetricId
from gen_models.numerics import estimators
from gen_models.runtime import Array, Model, to_uint8

NAMES = {True: "Bernoulli", False: "Normal"}
MIN_ERROR = 1e-6
"""Instead of zero, where an image is reproduced exactly or a distribution has no spread."""
START = 2
"""The example that is chosen at first."""
RESULTS = "vae-output-results"


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
    """For each kind of images, a Bernoulli and a Normal model, or the one there is; kinds with both come first.

    Preferred are models with β = 1 on grey images, and for the Bernoulli a z as large as the Normal's.
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
    """Images and numbers of p(x|z) at the mean of q(z|x) for an image x (1, c, h, w).

    The standard deviation is scaled from its smallest value, black, to its largest, white.
    """
    mean, sample, sigma = distribution(model, common.encode(model, x).mu, seed)
    low, top = float(sigma.min()), float(sigma.max())
    images = {
        "mean": common.as_pictures(model, mean)[0],
        "sample": common.as_pictures(model, sample)[0],
        "sigma": to_uint8(sigma, (low, max(top, low + MIN_ERROR)))[0],
    }
    errors = common.squared_error(x, mean), common.squared_error(x, sample)
    text = {
        "mean": f"squared error {errors[0]:.1f}",
        "sample": f"squared error {errors[1]:.1f}",
        "sigma": f"{low:.2f}, black, to {top:.2f}, white",
        "ratio": f"{errors[1] / max(errors[0], MIN_ERROR):.1f}×",
    }
    return images, text


def gain(model: Model) -> float | None:
    """How many nats the bound would rise if the decoder gave its best σ for all pixels; None if it was not measured."""
    sigma, reconstruction = (
        common.metric(model, id) for id in (MetricId.OPTIMAL_SIGMA, MetricId.RECONSTRUCTION)
    )
    if sigma is None or reconstruction is None:
        return None
    pixels = math.prod(common.data_of(model)[1])
    return estimators.log_normal_at_optimal_sigma(sigma, pixels) + reconstruction


def build(models: Models) -> None:
    """Lay out a canvas for each kind of images, with what a Bernoulli and a Normal output make of it."""
    pairs = sides(models)
    with layout.controls():
        names = [common.data_name(next(iter(pair.values()))) for pair in pairs]
        choice = gr.Radio(
            [(name, i) for i, name in enumerate(names)],
            value=0,
            label="Images",
            visible=len(pairs) > 1,
        )
        address.named("data", choice)
        pads = [_canvas(pair, i) for i, pair in enumerate(pairs)]
        seed = common.seed_choice()
    with layout.wide():
        common.markdown(
            "The Normal’s decoder gives a $\\log \\sigma^2$ for every pixel, which its last layer holds above $-3$: σ "
            "is never below $e^{-3/2} = 0.22$, or the likelihood of a black margin would grow without bound. In most "
            "pixels it lies there, and so is more a choice than something learnt. The best σ, if all pixels share "
            "one, is the root of their mean squared error, $\\sigma^{*2} = \\mathbb{E}\\, (x - \\mu(z))^2$ (O. Rybkin, "
            "K. Daniilidis and S. Levine, *Simple and effective VAE training with calibrated decoders*, 2021): about "
            "half of the bound here. What that would add to the bound is for the same weights; a model trained with "
            "it would also pay more KL for a sharper code. The images of σ run from its least value, black, to its "
            "largest, white."
        )
    with layout.results():
        layout.outlet(RESULTS)
        if all(len(pair) < len(NAMES) for pair in pairs):
            common.markdown(
                "Two models would show more, one with a Bernoulli output and one with a Normal: "
                "`python -m training.vae --name NAME --data DATA --likelihood normal` makes one."
            )

    @user_facing
    def show(chosen: int, seed: float) -> Any:
        context = {"seed": checked_seed(seed)}
        return common.one_or_all(
            [gr.update(visible=i == chosen, context=context) for i in range(len(pads))]
        )

    gr.on(
        [choice.change, seed.change],
        show,
        [choice, seed],
        pads,
        api_visibility="private",
        show_progress="hidden",
    )


def offer(models: Models) -> None:
    """The decoder's distribution for an example, over HTTP."""

    def distribution_of(model: str, example: int, seed: int) -> dict[str, str]:
        """p(x|z) for an example image: mean, one sample and standard deviation, as PNG data URIs with numbers."""
        chosen = common.get_model(models, model)
        x = common.checked_example(chosen, example)
        images, text = shown(chosen, x, checked_seed(seed))
        uris = {name: controls.data_uri(image) for name, image in images.items()}
        return uris | {f"{name} note": words for name, words in text.items()}

    common.endpoint(distribution_of, "vae_output")


def _canvas(pair: dict[str, Model], i: int) -> controls.DrawPad:
    def answer(request: controls.Request) -> controls.Reply:
        seed = checked_seed(request["context"].get("seed"))
        images, text = {}, {k: v for kind, m in pair.items() for k, v in best(kind, m).items()}
        for kind, model in pair.items():
            with controls.keeping(text):
                x = common.as_input(model, request["value"])
            some, words = shown(model, x, seed)
            images |= {f"{kind} {name}": controls.pixels(image) for name, image in some.items()}
            text |= {f"{kind} {name}": said for name, said in words.items()}
        return {"images": images, "text": text}

    def best(kind: str, model: Model) -> dict[str, str]:
        """Its best σ and what that is worth, if they were measured."""
        sigma, nats = common.metric(model, MetricId.OPTIMAL_SIGMA), gain(model)
        if sigma is None or nats is None:
            return {}
        return {f"{kind} best": f"{sigma:.3f}", f"{kind} gain": f"{nats:.0f} nats"}

    measured = [
        (f"{kind} {name}", f"{kind}: {words}")
        for kind, model in pair.items()
        if best(kind, model)
        for name, words in (
            ("best", "one σ for all pixels that fits best"),
            ("gain", "by which it would raise the bound"),
        )
    ]
    shows = {"mean": "mean", "sample": "a sample", "sigma": "σ of each pixel"}
    return common.canvas(
        next(iter(pair.values())),
        answer,
        start=START,
        context={"seed": 0},
        screens=[
            (f"{kind} {name}", f"{kind}: {words}") for kind in pair for name, words in shows.items()
        ],
        numbers=[
            *(
                (f"{kind} ratio", f"{kind}: error of the sample over that of the mean")
                for kind in pair
            ),
            *measured,
        ],
        visible=i == 0,
        elem_id=f"vae-output-canvas-{i}",
        results=RESULTS,
    )


EXPERIMENT = Experiment(
    id="output",
    title="Output",
    idea="The decoder gives not an image but a distribution over images. What papers show is its mean; in a sample, no "
    "pixel knows of its neighbours.",
    equation=r"\begin{aligned} \text{Bernoulli:}\quad p_\theta(x|z) &= \mathrm{Bern}\big(x;\, r(z)\big) \\ "
    r"\text{Normal:}\quad p_\theta(x|z) &= \mathcal{N}\big(x;\, \mu(z), \Sigma(z)\big) \end{aligned}",
    lecture="§2.2",
    notice="Draw another sample: the Bernoulli's noise lies on the edges, where $r(z)$ is near ½, the Normal's lies "
    "everywhere. For each of the ten test digits a sample has at least twice the error of the mean: σ is held above "
    "0.22, where 0.118 fits best, and that alone would raise the bound by 212 nats.",
    control="[id^=vae-output-canvas] .ll-draw",
    result="#vae-output-results canvas",
    number="#vae-output-results .ll-number",
    elsewhere="data=1&image=5&seed=7",
    build=build,
)
