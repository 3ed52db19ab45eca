"""Is a sample new? The training images nearest to it, by features."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.gan import common
from gen_models.app.checks import checked_integer, checked_seed, user_facing
from gen_models.app.shell import address, layout
from gen_models.app.shell.parts import (
    big_numbers,
    endpoint,
    format_number,
    get_model,
    markdown,
    model_choice,
)
from gen_models.app.upload import square
from gen_models.errors import BadRequest
from gen_models.families import MetricId
from gen_models.runtime import Array, Model

IMAGES = [".png", ".jpg", ".jpeg", ".webp"]
SAMPLE, COPY = "a sample of G", "a training image, as a copying G would make it"


def query(model: Model, search: common.Search, seed: int, number: int, copied: bool) -> Array:
    """What is searched for: sample `number` of a seed, or a training image in its place; bytes (1, h, w, c)."""
    if copied:
        bank = search.bank
        i = int(np.random.default_rng([seed, number]).integers(len(bank)))
        return bank[i : i + 1]
    z = common.draw(model, seed, common.STRIP)[number : number + 1]
    return common.images(model, z)


def found(image: Array, search: common.Search) -> str:
    """A image (1, h, w, c) and its nearest training images with their distances: HTML."""
    index, distance = search.nearest(image)
    shown = [_shown(image[0], "searched for", large=True)]
    for place, (i, d) in enumerate(zip(index[0], distance[0], strict=True), 1):
        shown.append(_shown(search.bank[i], f"{place}. distance {format_number(float(d), 2)}"))
    return f'<div class="ll-live"><div class="ll-screens">{"".join(shown)}</div></div>'


def numbers(model: Model, image: Array, search: common.Search) -> str:
    """The nearest distance, what is typical, and the card's copying check: HTML."""
    _, distance = search.nearest(image)
    pairs = [
        (format_number(float(distance[0, 0]), 2), "distance to the nearest training image"),
        (format_number(search.typical, 2), "a training image to the nearest other one, median"),
    ]
    copies = model.card.metric(MetricId.NEAR_COPIES)
    if copies is not None:
        words = (
            f"of {copies.n:,} samples are nearer to a training image than 99 % of test images are"
        )
        pairs.append((f"{format_number(100 * copies.value)} %", words))
    return big_numbers(pairs)


def searchable(models: Models) -> Models:
    """The generators whose training images can be searched."""
    return {
        name: model
        for name, model in common.generators(models).items()
        if common.search_for(model, models) is not None
    }


def look_up(
    models: Models, name: Any, seed: Any, number: Any, copied: bool
) -> tuple[Model, common.Search, Array]:
    """A model, its search, and what is searched for: bytes (1, h, w, c)."""
    model = get_model(common.generators(models), name)
    search = common.search_for(model, models)
    if search is None:
        raise BadRequest("There are no training images to search for this model.")
    i = checked_integer(number, 0, common.STRIP - 1, "The number of a sample")
    return model, search, query(model, search, checked_seed(seed), i, copied)


def build(models: Models) -> None:
    """Lay out the samples, and what is nearest to the one chosen."""
    made = searchable(models)
    if not made:
        markdown(
            "To search the training images, train a model of their features: "
            "`python -m training.features --name NAME --data DATA --size SIZE`."
        )
        return
    first = common.default(made)
    with layout.controls(long=True):
        choice = address.named("model", model_choice(made, first))
        chooser = controls.strip(
            common.images(first, common.draw(first, 0, common.STRIP)),
            [0],
            most=1,
            fewest=1,
            label="Samples",
            elem_id="gan-nearest-strip",
            address="sample",
        )
        kind = address.named("for", gr.Radio([SAMPLE, COPY], value=SAMPLE, label="Search for"))
        with gr.Row(equal_height=False):
            seed = common.seed_field()
            upload = gr.UploadButton("Your own image", file_types=IMAGES, size="sm", min_width=120)
    model, search, image = look_up(models, first.card.name, 0, 0, False)
    with layout.results():
        shown = gr.HTML(found(image, search), elem_id="gan-nearest", apply_default_css=False)
        big = gr.HTML(numbers(model, image, search), elem_id="gan-nearest-numbers")

    @user_facing
    def look(name: str, seed: float, sample: Any, kind: str) -> tuple[str, str]:
        """What is nearest to the chosen sample, or to a training image put in its place."""
        (number,) = common.checked_numbers(sample, 1, 1, "The search")
        model, search, image = look_up(models, name, seed, number, kind == COPY)
        return found(image, search), numbers(model, image, search)

    @user_facing
    def change(name: str, seed: float, sample: Any, kind: str) -> tuple[dict[str, Any], str, str]:
        """The samples of a model by seed, and what is nearest."""
        after = look(name, seed, sample, kind)
        model = get_model(made, name)
        images = common.images(model, common.draw(model, checked_seed(seed), common.STRIP))
        return gr.update(images=controls.data_uris(images)), *after

    @user_facing
    def own(name: str, path: Any) -> tuple[str, str]:
        """What is nearest to a visitor's image, PNG, JPEG or WebP: its middle square."""
        model, search, _ = look_up(models, name, 0, 0, False)
        channels, side, _ = common.shape_of(model)
        image = square(path, side, channels)[None]
        return found(image, search), numbers(model, image, search)

    inputs, outputs = [choice, seed, chooser, kind], [shown, big]
    quiet: dict[str, Any] = {"show_progress": "hidden", "trigger_mode": "always_last"}
    gr.on(
        [choice.change, seed.change],
        change,
        inputs,
        [chooser, *outputs],
        api_name="gan_nearest_strip",
        **quiet,
    )
    gr.on([chooser.release, kind.change], look, inputs, outputs, api_name="gan_nearest", **quiet)
    upload.upload(own, [choice, upload], outputs, api_name="gan_nearest_upload", **quiet)


def offer(models: Models) -> None:
    """The search over HTTP."""

    def gan_neighbours(model: str, seed: int, sample: int) -> dict[str, Any]:
        """The training pictures nearest to one of a seed's twelve samples: numbers in the bank, distances, PNGs."""
        _, search, image = look_up(models, model, seed, sample, False)
        index, distance = search.nearest(image)
        return {
            "index": index[0].tolist(),
            "distance": distance[0].tolist(),
            "usual distance": search.typical,
            "sample": controls.data_uri(image[0]),
            "pictures": [controls.data_uri(search.bank[i]) for i in index[0]],
        }

    endpoint(gan_neighbours, "gan_neighbours")


def _shown(image: Array, caption: str, large: bool = False) -> str:
    size = "flex: 0 1 9rem" if large else "flex: 0 1 6.2rem"
    look = 'class="ll-pixels" style="display: block; width: 100%; margin: 0; border-radius: 4px"'
    return (
        f'<figure class="ll-screen" style="{size}"><img alt="" {look} src="{controls.data_uri(image)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


EXPERIMENT = Experiment(
    id="nearest",
    title="Nearest",
    idea="Does $G$ draw, or remember? These are the training images nearest to a sample, by the features of a "
    "classifier $\\varphi$, out of 2,048 of them.",
    equation=r"\min_i\; \lVert \varphi(G(z)) - \varphi(x_i) \rVert",
    lecture="§3.1, §3.7",
    notice="Search for a training image, as a copying $G$ would make it: the same image comes twice, at a distance of "
    "0. Samples stay about as far from the training images as those are from one another.",
    control="#gan-nearest-strip .ll-examples",
    result="#gan-nearest img",
    number="#gan-nearest-numbers .ll-number",
    elsewhere="sample=4&seed=2",
    build=build,
)
