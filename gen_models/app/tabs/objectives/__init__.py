"""A model that is too small for the data must leave something out, and the objective decides what. The likelihood of
the data under the model, as in a VAE, spreads it over everything; asking instead how likely the model's samples are, as
in a GAN, would rather have one part right. Here all densities are known and one-dimensional, so nothing is hidden.
"""

from __future__ import annotations

import gradio as gr

from gen_models.app.parts import Models
from gen_models.app.tabs.objectives import fits, losses, naive
from gen_models.cards import Card

TITLE = "What the objective prefers"
ID = "objectives"
SCRIPT = ""
LECTURE = "§3.2-3.5"
EQUATION = (
    r"\mathrm{KL}(p_{data} \,\|\, p_\theta) = \mathbb{E}_{x \sim p_{data}} \log \frac{p_{data}(x)}{p_\theta(x)},"
    r" \qquad \mathrm{KL}(p_\theta \,\|\, p_{data}) = \mathbb{E}_{\hat{x} \sim p_\theta} \log"
    r" \frac{p_\theta(\hat{x})}{p_{data}(\hat{x})}"
)
NOTICE = (
    "while the bumps are close, all three fits are nearly the same. Only when the model cannot have both does it "
    "matter what it was asked."
)


def shows(card: Card) -> bool:
    """No model: everything here is computed."""
    return False


def build(models: Models) -> None:
    """Lay out one experiment to a tab; no model is needed."""
    with gr.Tabs(elem_id="objectives-experiments"):
        with gr.Tab("One Gaussian, two bumps"):
            fits.build()
        with gr.Tab("Naive sampling revisited"):
            naive.build()
        with gr.Tab("Generator losses"):
            losses.build()
