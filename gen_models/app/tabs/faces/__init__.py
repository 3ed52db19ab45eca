"""A VAE trained on pictures of heads, and on nothing else, learns what can vary in a face. Every z decodes to a head,
the way from one z to another is a morph, and a factor such as a beard is a direction d to walk along: z + t d.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from gen_models.app.checks import spoken
from gen_models.app.parts import choose, model_choice, say
from gen_models.app.tabs.faces import attributes, common, encode, morph, sliders
from gen_models.cards import Card
from gen_models.runtime import Model

TITLE = "Morphing faces"
ID = "faces"
SCRIPT = "training.vae"
LECTURE = "§2.6"
EQUATION = (
    r"\hat{x} = D_\theta\Big(z + \sum_{a} t_a\, d_a\Big), \qquad"
    r" z = \mu_\phi(x) \ \text{ or } \ z \sim p(z) = \mathcal{N}(0, I)"
)
NOTICE = (
    "under Attributes, *yaw* moves the whole picture and *smile* hardly anything, and their AUCs say the same: the "
    "likelihood counts pixels, and a smile is few of them. Then move *masculine*: *age* comes along, since nothing in "
    "the ELBO asks that one factor be one direction of $z$."
)


def shows(card: Card) -> bool:
    """Every VAE with directions for attributes."""
    return card.family == "vae" and "directions" in card.graphs


def build(models: dict[str, Model]) -> None:
    """Lay out one experiment to a tab, for every model; a choice shows one model's."""
    for name in [name for name, model in models.items() if not common.is_whole(model)]:
        say(
            f"**{name} is left out: it needs the graphs encoder, decoder, directions and attributes, and the last "
            "must read every attribute that directions moves.**"
        )
    models = {name: model for name, model in models.items() if common.is_whole(model)}
    if not models:
        return
    first = next(iter(models.values()))
    with gr.Row(visible=len(models) > 1):
        choice = model_choice(models, first)
    columns = []
    for i, model in enumerate(models.values()):
        with gr.Column(visible=model is first) as column, gr.Tabs(elem_id=f"faces-experiments-{i}"):
            with gr.Tab("Sliders"):
                sliders.build(model, f"faces-sliders-{i}")
            with gr.Tab("Attributes"):
                attributes.build(model, f"faces-attributes-{i}")
            with gr.Tab("Encode"):
                encode.build(model, f"faces-encode-{i}")
            with gr.Tab("Morph"):
                morph.build(model, f"faces-morph-{i}")
        columns.append(column)

    @spoken
    def change(name: str) -> list[dict[str, Any]]:
        """Show the experiments of a model."""
        chosen = choose(models, name)
        return [gr.update(visible=model is chosen) for model in models.values()]

    if len(models) > 1:
        choice.change(change, choice, columns, api_name="faces_model", show_progress="hidden")
    sliders.offer(models)
    attributes.offer(models)
    encode.offer(models)
    morph.offer(models)
