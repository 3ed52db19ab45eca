"""An InfoGAN says what part of a picture each number controls, without one label. Besides the noise z, the generator
gets codes c from distributions that we choose, and a second network Q must read c back from the picture x̂ = G(z, c).
So c cannot be ignored, and what is easiest to read back becomes its meaning: here which digit, and how it is written.
"""

from __future__ import annotations

import gradio as gr

from gen_models.app.checks import spoken
from gen_models.app.parts import choose, model_choice, one_or_all, say
from gen_models.app.tabs.infogan import bound, common, controls, grid, reading
from gen_models.cards import Card
from gen_models.runtime import Model

TITLE = "InfoGAN"
ID = "infogan"
SCRIPT = "training.infogan"
LECTURE = "§3.8"
EQUATION = (
    r"\min_{G, Q} \max_D\; V(D, G) - \lambda\, L_I(G, Q), \qquad"
    r" L_I(G, Q) = \mathbb{E}_{c \sim p(c),\, \hat{x} = G(z, c)}\left[\log Q(c \mid \hat{x})\right] + H(c)"
    r" \;\le\; I(c;\, G(z, c))"
)
NOTICE = (
    "under Codes, change only the seed of $z$: the writing changes, and Q still reads the category and nearly the "
    "same slider positions. Then push a slider to ±2, where no code was ever drawn: the category is still read, the "
    "position less and less."
)


def shows(card: Card) -> bool:
    """Every InfoGAN."""
    return card.family == "infogan"


def build(models: dict[str, Model]) -> None:
    """Lay out one experiment to a tab, for every model; a choice shows one model's."""
    for name in [name for name, model in models.items() if not common.is_whole(model)]:
        say(
            f"**{name} is left out: it needs a graph generator with the inputs z, category and continuous, and a "
            "graph recogniser that reads both codes.**"
        )
    models = {name: model for name, model in models.items() if common.is_whole(model)}
    if not models:
        return
    first = next(iter(models.values()))
    with gr.Row(visible=len(models) > 1):
        choice = model_choice(models, first)
    columns = []
    for i, model in enumerate(models.values()):
        with (
            gr.Column(visible=model is first) as column,
            gr.Tabs(elem_id=f"infogan-experiments-{i}"),
        ):
            with gr.Tab("Codes"):
                controls.build(model, f"infogan-codes-{i}")
            with gr.Tab("Grid"):
                grid.build(model, f"infogan-grid-{i}")
            with gr.Tab("Reading digits"):
                reading.build(model, f"infogan-read-{i}")
            with gr.Tab("Bound"):
                bound.build(model, f"infogan-bound-{i}")
        columns.append(column)

    @spoken
    def change(name: str) -> object:
        """Show the experiments of a model."""
        chosen = choose(models, name)
        return one_or_all([gr.update(visible=model is chosen) for model in models.values()])

    if len(models) > 1:
        choice.change(change, choice, columns, api_visibility="private", show_progress="hidden")
    for experiment in (controls, grid, reading, bound):
        experiment.offer(models)
