"""New pictures: draw z from the prior and decode it."""

from __future__ import annotations

import random

import gradio as gr
import numpy as np

from gen_models.app.checks import checked_seed, spoken
from gen_models.app.tabs.vae import common
from gen_models.app.tabs.vae.common import Models
from gen_models.runtime import Array, Model

COUNT, COLUMNS = 40, 8


def sample(model: Model, seed: int, n: int = COUNT) -> Array:
    """The means of p(x|z) for n draws z ~ p(z): bytes (n, h, w, c)."""
    z = np.random.default_rng(seed).standard_normal((n, common.latent_dim(model)), np.float32)
    return common.decode(model, z)


def likelihood(model: Model) -> str:
    """The card's number for how likely the test pictures are, in big letters: HTML."""
    elbo = common.metric(model, "ELBO")
    value = "not measured" if elbo is None else common.nats(elbo)
    return common.big_numbers([(value, "ELBO, a lower bound on log p(x), per test picture")])


def build(models: Models) -> None:
    """Lay out samples beside real pictures."""
    first = common.usual(models)
    common.say("Draw $z \\sim p(z)$ and decode it. Compare with pictures that nobody generated.")
    with gr.Row(equal_height=False):
        choice = common.model_choice(models, first)
        # Without Gradio's bounds, so that `checked_seed` can say what is wrong in one sentence.
        seed = gr.Number(0, label="Seed", step=1, scale=0, min_width=160)
        again = gr.Button("Draw anew", size="md", scale=0, min_width=160)
    with gr.Row():
        with gr.Column():
            drawn = gr.Image(
                _grid(sample(first, 0)),
                label="Samples",
                show_label=False,
                interactive=False,
                buttons=["download"],
                format="png",
            )
            common.say("Samples: means of $p(x|z)$, $z \\sim p(z)$")
        with gr.Column():
            real = gr.Image(
                _real(first),
                label="Real",
                show_label=False,
                interactive=False,
                buttons=[],
                format="png",
            )
            common.say("Real test pictures")
    number = gr.HTML(likelihood(first))

    @spoken
    def draw(name: str, seed: float) -> tuple[Array, Array | None, str]:
        """Samples of a model by seed, real pictures, and the model's ELBO."""
        model = common.choose(models, name)
        return _grid(sample(model, checked_seed(seed))), _real(model), likelihood(model)

    gr.on(
        [choice.change, seed.change],
        draw,
        [choice, seed],
        [drawn, real, number],
        api_name="vae_samples",
        show_progress="hidden",
    )
    again.click(lambda: random.randrange(1000), None, seed, api_visibility="private")


def _grid(pictures: Array) -> Array:
    return common.sheet_of(pictures, COLUMNS)


def _real(model: Model) -> Array | None:
    examples = model.examples()[:COUNT]
    return _grid(examples) if len(examples) else None
