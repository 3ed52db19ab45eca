"""log p(x) of one picture: estimated with z from the prior, and with the z that the encoder guesses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np
import pandas as pd

from gen_models import estimators
from gen_models.app import live
from gen_models.app.checks import checked_integer, checked_seed, spoken
from gen_models.app.tabs.vae import common
from gen_models.app.tabs.vae.common import Models
from gen_models.runtime import Array, Model

CHOICES = (100, 300, 1000)
MOST = max(CHOICES)
STEPS = (1, 3, 10, 30, 100, 300, 1000)
PART = 250
"""z decoded at a time: all at once, their feature maps would take more than 100 MB."""

PRIOR, POSTERIOR = "z ~ p(z)", "z ~ q(z|x)"


@dataclass(frozen=True)
class Evidence:
    """Estimates of log p(x) for one picture, in nats, from n samples of each kind."""

    steps: tuple[int, ...]
    """Numbers of samples k."""
    naive: Array
    """Naive Monte Carlo at each k: log-mean-exp of log p(x|z), z ~ p(z); at k = 1 the lecture's mean."""
    weighted: Array
    """The importance-weighted bound at each k, z ~ q(z|x); at k = 1 the ELBO."""
    used_prior: float
    """Effective number of the n samples of the prior."""
    used_posterior: float
    """Effective number of the n samples of q(z|x)."""


def estimate(model: Model, x: Array, n: int, seed: int) -> Evidence:
    """Estimate log p(x) of one picture (1, c, h, w) with n <= 1,000 samples of each kind; one seed, one result."""
    rng = np.random.default_rng(seed)
    parts = [min(PART, n - start) for start in range(0, n, PART)]
    naive = np.concatenate([estimators.draw_from_prior(model, x, k, rng) for k in parts])
    log_w = np.concatenate([estimators.draw(model, x, k, rng).log_w[0] for k in parts])
    # In double precision: sums of 784 terms are compared to a tenth of a nat.
    naive, log_w = naive.astype(np.float64), log_w.astype(np.float64)
    steps = tuple(k for k in STEPS if k <= n)
    steps += (n,) * (n not in steps)
    return Evidence(
        steps,
        estimators.bound_curve(naive, steps),
        estimators.bound_curve(log_w, steps),
        float(estimators.effective_sample_size(naive)),
        float(estimators.effective_sample_size(log_w)),
    )


def picture_for(model: Model, x: Array) -> Array:
    """x as the model was trained on it: black or white, each grey level drawn once as a probability, or as it is."""
    if not common.is_binary(model):
        return x
    return (np.random.default_rng(0).random(x.shape) < x).astype(np.float32)


def note_for(model: Model) -> str:
    """What "log p(x)" means for this model's pictures."""
    if not common.is_bernoulli(model):
        return "A Normal output has a density, so log p(x) may be above zero."
    if common.is_binary(model):
        return "The picture is drawn black or white once, as this model was trained: log p(x) is a log probability."
    return (
        "This model was trained on grey levels in place of black and white, so its Bernoulli log p(x) is a score and "
        "not quite a log probability. A model trained with `--binarize` has the exact one."
    )


def numbers(e: Evidence) -> str:
    """The best estimate and how many samples stand behind it, in big letters: HTML."""
    n = e.steps[-1]
    return common.big_numbers(
        [
            (common.nats(e.weighted[-1]), f"log p(x), by {n:,} z ~ q(z|x)"),
            (f"{e.used_posterior:.1f} of {n:,}", "effective samples of q(z|x)"),
            (f"{e.used_prior:.1f} of {n:,}", "effective samples of p(z)"),
        ]
    )


def table(e: Evidence) -> str:
    """All estimates, in Markdown."""
    return (
        f"| log p(x) estimated, nats | k = 1 | k = {e.steps[-1]:,} |\n|---|---|---|\n"
        f"| z ~ q(z\\|x), weighted by p(z) / q(z\\|x) | {common.figure(e.weighted[0])}, the ELBO "
        f"| {common.figure(e.weighted[-1])} |\n"
        f"| z ~ p(z) | {common.figure(e.naive[0])}, the lecture's mean of log p(x\\|z) "
        f"| {common.figure(e.naive[-1])}, log-mean-exp |"
    )


def curve(e: Evidence) -> pd.DataFrame:
    """Both curves as `gr.LinePlot` takes them: k as text, so that the axis is (nearly) logarithmic."""
    rows = [
        (str(k), value, kind)
        for kind, values in ((POSTERIOR, e.weighted), (PRIOR, e.naive))
        for k, value in zip(e.steps, values, strict=True)
    ]
    return pd.DataFrame(rows, columns=["k", "nats", "samples of"])


def build(models: Models, tab: gr.Tab) -> None:
    """Lay out the estimate on one picture; `tab` is where, and opening it makes the first estimate."""
    first = max(models.values(), key=common.is_binary)
    common.say(
        "How likely is one picture? Average $p(x|z)$ over $z$ from the prior, where almost every $z$ is wrong for "
        "this $x$; or over the $z$ that the encoder guesses, each weighted by $p(z)/q(z|x)$."
    )
    with gr.Row(equal_height=False):
        choice = common.model_choice(models, first)
        count = gr.Radio(CHOICES, value=1000, label="Samples", scale=0, min_width=320)
        # Without Gradio's bounds, so that `checked_seed` can say what is wrong in one sentence.
        seed = gr.Number(0, label="Seed", step=1, scale=0, min_width=160)
    with gr.Row():
        with gr.Column(scale=5):
            result = gr.HTML()
            chart = gr.LinePlot(
                x="k",
                y="nats",
                color="samples of",
                x_title="number of samples k",
                y_title="log p(x) estimated, nats",
                sort=[str(k) for k in STEPS],
                color_map={POSTERIOR: "#26868c", PRIOR: "#b8651b"},
                height=320,
                show_label=False,
                buttons=[],
            )
            values = gr.Markdown(elem_classes="ll-facts")
            note = gr.Markdown(note_for(first))
        with gr.Column(scale=2, min_width=300):
            sheets = common.Sheets(
                models,
                seen,
                prefix="vae-evidence-sheet",
                first=first,
                screens=[("seen", "x, as the model gets it")],
            )

    @spoken
    def run(
        name: str, count: int, seed: float, *images: Array
    ) -> tuple[str, pd.DataFrame, str, str]:
        """Estimates of log p(x) for the picture on the sheet."""
        model = common.choose(models, name)
        x = picture_for(model, common.as_input(model, sheets.image(model, images)))
        n = checked_integer(count, 1, MOST, "The number of samples")
        e = estimate(model, x, n, checked_seed(seed))
        return numbers(e), curve(e), table(e), note_for(model)

    @spoken
    def change(name: str) -> Any:
        return common.one_or_all(sheets.updates(common.choose(models, name)))

    choice.change(change, choice, sheets.pads, api_visibility="private", show_progress="hidden")
    gr.on(
        [tab.select, choice.change, count.change, seed.change, *(p.release for p in sheets.pads)],
        run,
        [choice, count, seed, *sheets.pads],
        [result, chart, values, note],
        api_name="vae_evidence",
        show_progress="hidden",
        trigger_mode="always_last",
        concurrency_limit=1,
    )

    def log_px(model: str, example: int, samples: int, seed: int) -> dict[str, Any]:
        """Estimates of log p(x), in nats, for an example picture, against the number of samples (at most 1,000)."""
        chosen = common.choose(models, model)
        x = picture_for(chosen, common.checked_example(chosen, example))
        n = checked_integer(samples, 1, MOST, "The number of samples")
        e = estimate(chosen, x, n, checked_seed(seed))
        return {
            "samples": list(e.steps),
            "naive Monte Carlo": e.naive.tolist(),
            "importance weighted": e.weighted.tolist(),
            "mean of log p(x|z)": float(e.naive[0]),
            "ELBO": float(e.weighted[0]),
            "effective samples, p(z)": e.used_prior,
            "effective samples, q(z|x)": e.used_posterior,
        }

    common.endpoint(log_px, "vae_log_px")


def seen(model: Model, x: Array) -> live.Reply:
    """The picture (1, c, h, w) whose likelihood is estimated."""
    return common.show_seen(model, picture_for(model, x))
