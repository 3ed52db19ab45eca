"""A VAE chooses where its codes lie. The encoder answers with a region instead of a point, the decoder with a
distribution over pictures, and because every region is held near p(z) = N(0, I), a z drawn from there decodes to a new
picture.
"""

from __future__ import annotations

import gradio as gr

from gen_models.app.tabs.vae import (
    beta,
    common,
    dials,
    evidence,
    gradient,
    latent_map,
    morph,
    output,
    samples,
)
from gen_models.cards import Card
from gen_models.runtime import Model

TITLE = "VAEs"
ID = "vae"
SCRIPT = "training.vae"
LECTURE = "§2"
EQUATION = (
    r"-\mathrm{ELBO}(x) = \mathbb{E}_{z \sim q_\phi(z|x)}\left[-\log p_\theta(x|z)\right]"
    r" + \beta\, \mathrm{KL}\left(q_\phi(z|x) \,\|\, p(z)\right), \qquad"
    r" \log p_\theta(x) \ge \mathrm{ELBO}(x) \text{ at } \beta = 1"
)
NOTICE = (
    "on the β dial, reconstructions and samples pull in opposite directions: from one end to the other the squared "
    "error rises as the KL falls, and samples are best in between."
)


def shows(card: Card) -> bool:
    """Every VAE but those of the tab Morphing faces."""
    return card.family == "vae" and "directions" not in card.graphs


def build(models: dict[str, Model]) -> None:
    """Lay out one experiment to a tab."""
    for name in [name for name, model in models.items() if not common.is_whole(model)]:
        common.say(f"**{name} is left out: a VAE has the graphs encoder and decoder.**")
    models = {name: model for name, model in models.items() if common.is_whole(model)}
    if not models:
        return
    with gr.Tabs(elem_id="vae-experiments"):
        with gr.Tab("Map"):
            latent_map.build(models)
        with gr.Tab("Dials"):
            dials.build(models)
        with gr.Tab("Samples"):
            samples.build(models)
        with gr.Tab("β dial"):
            beta.build(models)
        with gr.Tab("Output"):
            output.build(models)
        with gr.Tab("log p(x)") as tab:
            evidence.build(models, tab)
        with gr.Tab("Why reparameterise"):
            gradient.build()
        with gr.Tab("Morph"):
            morph.build(models)
