"""log p(x) of one image: estimated with z from the prior, and with the z that the encoder guesses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.vae import common
from gen_models.app.checks import checked_integer, checked_seed, user_facing
from gen_models.app.shell import address, charts, layout
from gen_models.numerics import estimators
from gen_models.runtime import Array, Model

CHOICES = (100, 300, 1000)
MAX_SAMPLES = max(CHOICES)
STEPS = (1, 3, 10, 30, 100, 300, 1000)
PART = 250
"""z decoded at a time: all at once, their feature maps would take more than 100 MB."""

START = 3
"""The example that is chosen at first."""

PRIOR, POSTERIOR = ("#b8651b", "z ~ p(z)"), ("#26868c", "z ~ q(z|x)")
"""A colour and a name for each kind of samples."""
LEAST = 0.01
"""Nats that a point of the chart lies below the best estimate, at least: its axis is logarithmic."""


@dataclass(frozen=True)
class Evidence:
    """Estimates of log p(x) for one image, in nats, from n samples of each kind."""

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
    """Estimate log p(x) of one image (1, c, h, w) with n <= 1,000 samples of each kind; one seed, one result."""
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


def image_for(model: Model, x: Array) -> Array:
    """x as the model was trained on it: black or white, each grey level drawn once as a probability, or as it is."""
    if not common.is_binary(model):
        return x
    return (np.random.default_rng(0).random(x.shape) < x).astype(np.float32)


def note_for(model: Model) -> str:
    """What "log p(x)" means for this model's images."""
    if not common.is_bernoulli(model):
        return "A Normal output has a density, so log p(x) may be above zero."
    if common.is_binary(model):
        return "The image is drawn black or white once, as this model was trained: log p(x) is a log probability."
    return (
        "This model was trained on grey levels in place of black and white, so its Bernoulli log p(x) is a score and "
        "not quite a log probability. A model trained with `--binarize` has the exact one."
    )


def numbers(e: Evidence) -> str:
    """The best estimate and how many samples stand behind it, in big letters: HTML."""
    n = e.steps[-1]
    return _answer(
        common.big_numbers(
            [
                (common.nats(e.weighted[-1]), "log p(x), z ~ q(z|x)"),
                (f"{e.used_posterior:.1f} of {n:,}", "effective z of q(z|x)"),
                (common.nats(e.naive[-1]), "log p(x), z ~ p(z)"),
                (f"{e.used_prior:.1f} of {n:,}", "effective z of p(z)"),
            ]
        )
    )


def table(e: Evidence) -> str:
    """All estimates, in Markdown."""
    return (
        f"| log p(x) estimated, nats | k = 1 | k = {e.steps[-1]:,} |\n|---|---|---|\n"
        f"| z ~ q(z\\|x), weighted by p(z) / q(z\\|x) | {common.format_number(e.weighted[0])}, the ELBO "
        f"| {common.format_number(e.weighted[-1])} |\n"
        f"| z ~ p(z) | {common.format_number(e.naive[0])}, the lecture's mean of log p(x\\|z) "
        f"| {common.format_number(e.naive[-1])}, log-mean-exp |"
    )


def chart(e: Evidence) -> str:
    """How far below the best estimate each estimate is, against the number of samples k: an SVG element.

    The best one is the last with z ~ q(z|x), which has no point of its own.
    """
    best, drawn = float(e.weighted[-1]), []
    for (colour, name), values in ((PRIOR, e.naive), (POSTERIOR, e.weighted[:-1])):
        below = [max(best - float(value), LEAST) for value in values]
        if below:
            drawn.append(charts.Curve(name, e.steps[: len(below)], below, colour))
    seen = (
        f"log p(x) estimated from 1 to {e.steps[-1]} samples: of q(z|x) from {e.weighted[0]:.0f} to "
        f"{best:.0f} nats, of p(z) from {e.naive[0]:.0f} to {e.naive[-1]:.0f}"
    )
    title = f"nats below the best estimate, {common.nats(best)}"
    return _answer(charts.log_log(drawn, "number of samples k", title, seen))


def _answer(inside: str) -> str:
    """What an estimate shows; STALE dims it until the next one comes."""
    return f'<div class="vae-answer">{inside}</div>'


STALE = """(...shown) => shown.map((html) => html.replace('class="vae-answer"', 'class="vae-answer ll-stale"'))"""
NOTHING_YET = _answer("<p>Estimating …</p>")


def seen(model: Model, x: Array) -> controls.Reply:
    """The image (1, c, h, w) whose likelihood is estimated."""
    return common.show_seen(model, image_for(model, x))


def build(models: Models) -> None:
    """Lay out the estimate on one image; the first is made when the experiment is first on the screen."""
    first = max(models.values(), key=common.is_binary)
    with layout.controls():
        choice = common.model_choice(models, first)
        count = address.named("samples", gr.Radio(CHOICES, value=1000, label="Samples"))
        canvases = common.Canvases(
            models,
            seen,
            prefix="vae-evidence-canvas",
            first=first,
            start=START,
            screens=[("seen", "x, as the model gets it")],
            results="vae-evidence-seen",
        )
        seed = common.seed_choice()
    with layout.results():
        result = gr.HTML(NOTHING_YET, elem_id="vae-evidence-numbers")
        with gr.Row(equal_height=False):
            graph = gr.HTML(elem_id="vae-evidence-chart")
            layout.outlet("vae-evidence-seen")
        opened = gr.HTML(
            html_template="<span></span>",
            js_on_load="trigger('input')",
            apply_default_css=False,
            elem_classes="ll-unseen",
        )
    with layout.wide():
        values = gr.Markdown(elem_classes="ll-facts")
        note = gr.Markdown(note_for(first))

    @user_facing
    def run(name: str, count: int, seed: float, *images: Array) -> tuple[str, str, str, str]:
        """Estimates of log p(x) for the image on the canvas."""
        model = common.get_model(models, name)
        x = image_for(model, common.as_input(model, canvases.image(model, images)))
        n = checked_integer(count, 1, MAX_SAMPLES, "The number of samples")
        e = estimate(model, x, n, checked_seed(seed))
        return numbers(e), chart(e), table(e), note_for(model)

    @user_facing
    def change(name: str) -> Any:
        return common.one_or_all(canvases.updates(common.get_model(models, name)))

    quiet: dict[str, Any] = {"show_progress": "hidden"}
    choice.change(change, choice, canvases.pads, api_visibility="private", **quiet)
    moved = [choice.change, count.change, seed.change, *(p.release for p in canvases.pads)]
    shown = [result, graph]
    gr.on(moved, None, shown, shown, js=STALE, queue=False, api_visibility="private", **quiet)
    gr.on(
        [opened.input, *moved],
        run,
        [choice, count, seed, *canvases.pads],
        [result, graph, values, note],
        api_name="vae_evidence",
        trigger_mode="always_last",
        concurrency_limit=1,
        **quiet,
    )


def offer(models: Models) -> None:
    """Estimates for an example, over HTTP."""

    def log_px(model: str, example: int, samples: int, seed: int) -> dict[str, Any]:
        """Estimates of log p(x), in nats, for an example image, against the number of samples (at most 1,000)."""
        chosen = common.get_model(models, model)
        x = image_for(chosen, common.checked_example(chosen, example))
        n = checked_integer(samples, 1, MAX_SAMPLES, "The number of samples")
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


EXPERIMENT = Experiment(
    id="evidence",
    title="log p(x)",
    idea="How likely is an image? Average $p(x|z)$ over $z$ from the prior, nearly all wrong for this $x$, or over the "
    "encoder's guesses, weighted by $p(z)/q(z|x)$.",
    equation=r"\begin{aligned} \log p_\theta(x) &= \log \mathbb{E}_{p(z)} \big[p_\theta(x|z)\big] \\ "
    r"&= \log \mathbb{E}_{q_\phi(z|x)} \big[p_\theta(x|z)\, p(z) / q_\phi(z|x)\big] \end{aligned}",
    lecture="§2.1–§2.4",
    notice="Choose any digit: of 1,000 $z$ from the prior about one carries the whole estimate, and it stays tens to "
    "hundreds of nats too low. One $z$ of the encoder's, the ELBO at k = 1, comes closer than the 1,000.",
    control="[id^=vae-evidence-canvas] .ll-draw",
    result="#vae-evidence-chart svg",
    number="#vae-evidence-numbers .ll-number",
    elsewhere="model=vae-digits-10d&image=5&samples=300&seed=7",
    build=build,
)
