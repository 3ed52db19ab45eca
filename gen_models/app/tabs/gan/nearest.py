"""Is a sample new? The training pictures nearest to it, by features."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import live
from gen_models.app.checks import checked_integer, checked_seed, spoken
from gen_models.app.live import BadRequest
from gen_models.app.parts import Models, big_numbers, choose, endpoint, figure, model_choice, say
from gen_models.app.strip import strip, uris
from gen_models.app.tabs.gan import common
from gen_models.runtime import Array, Model

SAMPLE, COPY = "a sample of G", "a training picture, as a copying G would make it"
COPIES = "samples nearer than 1 % of test pictures"


def query(model: Model, search: common.Search, seed: int, number: int, copied: bool) -> Array:
    """What is searched for: sample `number` of a seed, or a training picture in its place; bytes (1, h, w, c)."""
    if copied:
        bank = search.bank
        i = int(np.random.default_rng([seed, number]).integers(len(bank)))
        return bank[i : i + 1]
    z = common.draw(model, seed, common.STRIP)[number : number + 1]
    return common.pictures(model, z)


def found(image: Array, search: common.Search) -> str:
    """A picture (1, h, w, c) and its nearest training pictures with their distances: HTML."""
    index, distance = search.nearest(image)
    shown = [_shown(image[0], "searched for", large=True)]
    for place, (i, d) in enumerate(zip(index[0], distance[0], strict=True), 1):
        shown.append(_shown(search.bank[i], f"{place}. distance {figure(float(d), 2)}"))
    return f'<div class="ll-live"><div class="ll-screens">{"".join(shown)}</div></div>'


def numbers(model: Model, image: Array, search: common.Search) -> str:
    """The nearest distance, what is usual, and the card's copying check: HTML."""
    _, distance = search.nearest(image)
    pairs = [
        (figure(float(distance[0, 0]), 2), "distance to the nearest training picture"),
        (figure(search.usual, 2), "a training picture to the nearest other one, median"),
    ]
    copies = model.card.metrics.get(COPIES)
    if copies is not None:
        percent = 100 * copies.value if copies.unit != "%" else copies.value
        words = f"of {copies.n:,} samples are nearer to a training picture than 99 % of test pictures are"
        pairs.append((f"{figure(percent)} %", words))
    return big_numbers(pairs)


def build(models: Models) -> None:
    """Lay out the samples, and what is nearest to the one chosen."""
    made = {
        name: model
        for name, model in common.generators(models).items()
        if common.search_for(model, models) is not None
    }
    if not made:
        say(
            "To search the training pictures, train a model of their features: "
            "`python -m training.features --name NAME --data DATA --size SIZE`."
        )
        return
    first = common.usual(made)
    say(
        "Does $G$ draw, or remember? Choose a sample: these are the training pictures nearest to it, out of 2,048. "
        "A copy would show as the same picture twice, at a distance near 0, and much nearer than training pictures "
        "are to one another. Put a training picture in to see one."
    )
    with gr.Row(equal_height=False):
        choice = model_choice(made, first)
        seed = gr.Number(0, label="Seed", step=1, scale=0, min_width=160)
        kind = gr.Radio([SAMPLE, COPY], value=SAMPLE, label="Search for", min_width=280)

    def result(
        name: Any, seed: Any, number: Any, copied: bool
    ) -> tuple[Model, common.Search, Array]:
        model = choose(made, name)
        search = common.search_for(model, models)
        if search is None:
            raise BadRequest("There are no training pictures to search for this model.")
        i = checked_integer(number, 0, common.STRIP - 1, "The number of a sample")
        return model, search, query(model, search, checked_seed(seed), i, copied)

    chooser = strip(
        common.pictures(first, common.draw(first, 0, common.STRIP)),
        [0],
        most=1,
        fewest=1,
        label="Samples",
        elem_id="gan-nearest-strip",
    )
    model, search, image = result(first.card.name, 0, 0, False)
    shown = gr.HTML(found(image, search), elem_id="gan-nearest", apply_default_css=False)
    big = gr.HTML(numbers(model, image, search))

    @spoken
    def look(name: str, seed: float, sample: Any, kind: str) -> tuple[str, str]:
        """What is nearest to the chosen sample, or to a training picture put in its place."""
        (number,) = common.checked_numbers(sample, 1, 1, "The search")
        model, search, image = result(name, seed, number, kind == COPY)
        return found(image, search), numbers(model, image, search)

    @spoken
    def change(name: str, seed: float, sample: Any, kind: str) -> tuple[dict[str, Any], str, str]:
        """The samples of a model by seed, and what is nearest."""
        after = look(name, seed, sample, kind)
        model = choose(made, name)
        pictures = common.pictures(model, common.draw(model, checked_seed(seed), common.STRIP))
        return gr.update(images=uris(pictures)), *after

    inputs = [choice, seed, chooser, kind]
    quiet: dict[str, Any] = {"show_progress": "hidden", "trigger_mode": "always_last"}
    gr.on(
        [choice.change, seed.change],
        change,
        inputs,
        [chooser, shown, big],
        api_name="gan_nearest_strip",
        **quiet,
    )
    gr.on(
        [chooser.release, kind.change], look, inputs, [shown, big], api_name="gan_nearest", **quiet
    )

    def gan_neighbours(model: str, seed: int, sample: int) -> dict[str, Any]:
        """The training pictures nearest to one of a seed's twelve samples: numbers in the bank, distances, PNGs."""
        _, search, image = result(model, seed, sample, False)
        index, distance = search.nearest(image)
        return {
            "index": index[0].tolist(),
            "distance": distance[0].tolist(),
            "usual distance": search.usual,
            "sample": live.data_uri(image[0]),
            "pictures": [live.data_uri(search.bank[i]) for i in index[0]],
        }

    endpoint(gan_neighbours, "gan_neighbours")


def _shown(image: Array, caption: str, large: bool = False) -> str:
    size = "flex: 0 1 9rem" if large else "flex: 0 1 7rem"
    look = 'class="ll-pixels" style="display: block; width: 100%; margin: 0; border-radius: 4px"'
    return (
        f'<figure class="ll-screen" style="{size}"><img alt="" {look} src="{live.data_uri(image)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
