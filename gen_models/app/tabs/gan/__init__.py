"""A GAN learns to draw without ever being told what a picture should look like. A generator G turns z ~ N(0, I) into a
picture; a discriminator D learns to tell it from a real one; G learns from D alone. What remains is G: it draws sharp
pictures, but says neither how likely one is nor which z made it.
"""

from __future__ import annotations

import gradio as gr

from gen_models.app.parts import Models, say
from gen_models.app.tabs.gan import common, encoder, film, morph, nearest, samples
from gen_models.cards import Card

TITLE = "GANs"
ID = "gan"
SCRIPT = "training.gan"
LECTURE = "§3.1-3.7"
EQUATION = (
    r"\max_D\ \mathbb{E}_x \log D(x) + \mathbb{E}_{z \sim p(z)} \log\left(1 - D(G(z))\right), \qquad"
    r" \min_G\ \mathbb{E}_{z \sim p(z)} \left[-\log D(G(z))\right], \qquad p(z) = N(0, I)"
)
NOTICE = (
    r"truncation $\psi$ trades one good for another: the nearer to 0, the safer each picture, and the more they are "
    "all the same."
)

SHARED = ("fashion", "heads")
"""Data sets that a VAE shares with a GAN: their encoder is what a GAN lacks."""


def shows(card: Card) -> bool:
    """GANs, the features their training pictures are searched by, and VAEs of the same pictures."""
    return card.family in ("gan", "features") or (
        card.family == "vae" and card.dataset.name in SHARED
    )


def build(models: Models) -> None:
    """Lay out one experiment to a tab."""
    if not common.generators(models):
        say("There is no generator yet. Make one with `python -m training.gan`.")
        return
    with gr.Tabs(elem_id="gan-experiments"):
        with gr.Tab("Samples"):
            samples.build(models)
        with gr.Tab("Morph"):
            morph.build(models)
        with gr.Tab("Nearest training pictures"):
            nearest.build(models)
        with gr.Tab("No encoder") as tab:
            encoder.build(models, tab)
        with gr.Tab("Training film"):
            film.build(models)
