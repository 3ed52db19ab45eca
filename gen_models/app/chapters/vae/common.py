"""What the experiments with VAEs share: which models there are, images in and out, and canvases to draw on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from gen_models.app import controls
from gen_models.app.checks import SEEDS, checked_integer
from gen_models.app.controls import drawing
from gen_models.app.shell import address
from gen_models.app.shell.parts import (  # noqa: F401 - the experiments take them from here
    Models,
    big_numbers,
    chosen_class,
    class_choice,
    class_update,
    endpoint,
    format_number,
    get_model,
    image_grid,
    markdown,
    metric,
    one_or_all,
    without_grey_axis,
)
from gen_models.errors import BadRequest
from gen_models.families import Likelihood, MetricId, VAEFacts
from gen_models.numerics import estimators
from gen_models.runtime import Array, Model, from_uint8, to_uint8

DataKey = tuple[str, tuple[int, ...]]

THUMBNAILS = 10
"""How many of a model's example images lie beside a canvas."""
MAX_LATENT = 1e6
"""Latents beyond this are refused: float32 networks make nothing of them."""

# ---------------------------------------------------------------------------------------------------------------------
# Which models
# ---------------------------------------------------------------------------------------------------------------------


def is_whole(model: Model) -> bool:
    """Whether it has both halves of a VAE."""
    return {"encoder", "decoder"} <= model.card.graphs.keys()


def latent_dim(model: Model) -> int:
    """k, the size of z."""
    return int(model.input("decoder", "z").shape[1])


def is_bernoulli(model: Model) -> bool:
    """Whether p(x|z) is Bernoulli; otherwise it is Normal."""
    return model.card.facts_as(VAEFacts).likelihood is Likelihood.BERNOULLI


def is_binary(model: Model) -> bool:
    """Whether it was trained on images drawn black or white."""
    return model.card.facts_as(VAEFacts).binarized


def beta_of(model: Model) -> float:
    """The weight of the KL term it was trained with."""
    return model.card.facts_as(VAEFacts).beta


def usual(models: Models) -> Model:
    """The model to begin with: told no class, β = 1, grey images, more than a plane of latents, if there is one."""

    def order(model: Model) -> tuple[bool, bool, bool, bool]:
        others = beta_of(model) != 1, is_binary(model), latent_dim(model) == 2
        return bool(model.card.classes), *others

    return min(models.values(), key=order)


def data_name(model: Model) -> str:
    """What its images are, in a word: "Digits"."""
    return model.card.dataset.name.capitalize()


def name_of(model: Model) -> str:
    """What tells it from the other VAEs, in words: "Digits, 10-D, β = 4"."""
    beta = beta_of(model)
    differences = [
        "" if beta == 1 else f"β = {beta:g}",
        "" if is_bernoulli(model) else "Normal",
        "black or white" if is_binary(model) else "",
        "told the class" if model.card.classes else "",
    ]
    return ", ".join([data_name(model), f"{latent_dim(model)}-D", *filter(None, differences)])


def model_choice(models: Models, first: Model) -> gr.Dropdown:
    """A choice among models, "model" in the address; one alone is not shown."""

    def order(model: Model) -> tuple[Any, ...]:
        kind = data_name(model), latent_dim(model), is_binary(model), not is_bernoulli(model)
        return (*kind, beta_of(model))

    names = {model.card.name: name_of(model) for model in sorted(models.values(), key=order)}
    count = Counter(names.values())
    choice = gr.Dropdown(
        [(n if count[n] == 1 else f"{n} ({slug})", slug) for slug, n in names.items()],
        value=first.card.name,
        label="Model",
        visible=len(models) > 1,
        filterable=False,
    )
    return address.named("model", choice)


def seed_choice() -> gr.Number:
    """A seed for noise, "seed" in the address, and a button that takes another one."""
    with gr.Row(equal_height=False, elem_classes="vae-seed"):
        # Without Gradio's bounds, so that `checked_seed` can say what is wrong in one sentence.
        seed = gr.Number(0, label="Seed", step=1, min_width=100)
        again = gr.Button("Draw anew", size="md", min_width=100)
    again.click(
        None, None, seed, js="() => Math.floor(1000 * Math.random())", api_visibility="private"
    )
    address.named("seed", seed, low=0, high=SEEDS - 1)
    return seed


def data_of(model: Model) -> DataKey:
    """What tells apart models that do not take the same images: the data set, and (c, h, w) of one."""
    shape = model.input("encoder", "x").shape[1:]
    return model.card.dataset.sha256, tuple(int(n) for n in shape)


def by_data(models: Iterable[Model]) -> dict[DataKey, list[Model]]:
    """Models that take the same images, together."""
    groups: dict[DataKey, list[Model]] = {}
    for model in models:
        groups.setdefault(data_of(model), []).append(model)
    return groups


def active_dimensions(model: Model) -> list[tuple[int, float | None]]:
    """(dimension, nats) of each active latent dimension, the largest KL first, as the card records them.

    Without a record every dimension counts, with None.
    """
    dimensions = range(latent_dim(model))
    kl = {j: metric(model, MetricId.DIMENSION_KL, j) for j in dimensions}
    known = {j: nats for j, nats in kl.items() if nats is not None}
    if len(known) < len(kl):
        return [(j, None) for j in dimensions]
    order = sorted(known, key=lambda j: -known[j])
    return [(j, known[j]) for j in order if known[j] > estimators.ACTIVE]


# ---------------------------------------------------------------------------------------------------------------------
# Images in, images out
# ---------------------------------------------------------------------------------------------------------------------


def as_input(model: Model, image: Array) -> Array:
    """A drawing or an example as the encoder takes it: float32 (1, c, h, w) in the range of its port.

    An image of the encoder's own size is taken as it is. A drawing of any other size is scaled to it, and for
    MNIST's digits centred and scaled as those were.

    Args:
        model: whose encoder.
        image: uint8 (h, w) or (h, w, c).
    """
    _, (c, h, w) = data_of(model)
    image = image[..., None] if image.ndim == 2 else image
    if image.shape == (h, w, c):
        fit = image
    elif not image.any():
        raise BadRequest("The canvas is empty: draw something, or choose an example.")
    elif c != 1:
        raise BadRequest("These images have colour and a drawing has none: choose an example.")
    elif (h, w) == (28, 28) and model.card.dataset.name in ("digits", "mnist"):
        fit = drawing.mnist_like(image[..., 0])[..., None]
    else:
        small = Image.fromarray(image[..., 0]).resize((w, h), Image.Resampling.BILINEAR)
        fit = np.asarray(small)[..., None]
    return from_uint8(fit[None], model.input("encoder", "x").range or (0, 1))


def as_pictures(model: Model, x: Array) -> Array:
    """What the encoder takes or the decoder gives, (n, c, h, w), as bytes (n, h, w, c)."""
    return to_uint8(x, model.output("decoder", "x").range or (0, 1))


def examples_of(model: Model, n: int | None = None) -> Array:
    """The model's first n example images, or all, as the encoder takes them: (n, c, h, w)."""
    images = model.examples()[:n]
    if not len(images):
        raise BadRequest("The example images of this model are missing: export it again.")
    return np.concatenate([as_input(model, image) for image in images])


def checked_example(model: Model, number: Any) -> Array:
    """One of the model's example images by number, as the encoder takes it: (1, c, h, w)."""
    x = examples_of(model)
    i = checked_integer(number, 0, len(x) - 1, "The number of an example")
    return x[i : i + 1]


def checked_latent(model: Model, value: Any) -> Array:
    """float32 (k,) from a list of k finite numbers, k the size of the model's z."""
    k = latent_dim(model)
    if (
        not isinstance(value, list | tuple)
        or len(value) != k
        or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in value)
        or not all(abs(v) <= MAX_LATENT for v in value)  # which NaN is not
    ):
        raise BadRequest(f"z must be a list of {k} finite numbers for this model.")
    return np.array(value, np.float32)


@dataclass(frozen=True)
class Posterior:
    """q(z|x) = N(mu, diag σ²) for one image."""

    mu: Array
    """(k,)"""
    sigma: Array
    """(k,)"""

    @property
    def kl(self) -> Array:
        """KL from p(z) = N(0, I), in nats, for each dimension: (k,)."""
        return estimators.kl_to_standard_normal(self.mu, 2 * np.log(self.sigma))


def encode(model: Model, x: Array) -> Posterior:
    """q(z|x) for one image (1, c, h, w)."""
    q = model("encoder", x=x)
    return Posterior(q["mu"][0], np.exp(0.5 * q["logvar"][0]))


def decode(model: Model, z: Array) -> Array:
    """The mean of p(x|z) for z (n, k): bytes (n, h, w, c)."""
    return as_pictures(model, model("decoder", z=z)["x"])


def squared_error(x: Array, y: Array) -> float:
    """‖x − y‖² of two images."""
    return float(np.square(x - y).sum())


def log_prior(z: Array) -> float:
    """log p(z), in nats, for z (k,), p(z) = N(0, I)."""
    return float(estimators.log_normal(z, np.zeros_like(z), np.zeros_like(z)))


def show_seen(model: Model, x: Array) -> controls.Reply:
    """The image (1, c, h, w) as the encoder gets it, for a screen called "seen"."""
    return {"images": {"seen": controls.pixels(as_pictures(model, x)[0])}}


# ---------------------------------------------------------------------------------------------------------------------
# On the page
# ---------------------------------------------------------------------------------------------------------------------


def z_name(j: int) -> str:
    """The name of latent dimension j, counted from one: "z₃"."""
    return "z" + str(j + 1).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def nats(value: float) -> str:
    """A logarithm with its unit."""
    return f"{format_number(value)} nats"


def canvas(
    model: Model,
    answer: controls.Compute,
    *,
    start: int = 0,
    address: str = "image",
    context: dict[str, Any] | None = None,
    **options: Any,
) -> controls.DrawPad:
    """A canvas with a model's example images, number `start` of them chosen; `options` go to `controls.DrawPad`."""
    images = model.examples()[:THUMBNAILS]
    return controls.DrawPad(
        answer,
        examples=[
            (f"Test image {i + 1}", without_grey_axis(image)) for i, image in enumerate(images)
        ],
        value=min(start, len(images) - 1) if len(images) else None,
        context={"model": model.card.name, **(context or {})},
        label="Your image",
        address=address,
        **options,
    )


class Canvases:
    """A canvas to draw on for each kind of images among the models; the one for the chosen model is shown.

    The examples on a canvas are of one data set, and a drawing stays while one goes through the models of its kind.
    """

    def __init__(
        self,
        models: Models,
        compute: Callable[[Model, Array], controls.Reply],
        *,
        prefix: str,
        first: Model,
        **options: Any,
    ) -> None:
        """Lay them out; `compute(model, x)` answers for the image x (1, c, h, w); `options` are DrawPad's."""

        def answer(request: controls.Request) -> controls.Reply:
            context = request["context"]
            label = context.get("label", "")
            model = get_model(models, context.get("model")).told(label)
            reply = compute(model, as_input(model, request["value"]))
            if label and set(request.get("changed", ["value"])) <= {"label"}:
                for delta in reply.get(
                    "send", {}
                ).values():  # z stays, to be seen as the other class
                    delta.pop("value", None)
            return reply

        groups = by_data([first, *models.values()])
        self._keys = list(groups)
        self.pads = [
            canvas(group[0], answer, visible=group[0] is first, elem_id=f"{prefix}-{i}", **options)
            for i, group in enumerate(groups.values())
        ]

    def updates(self, model: Model, label: str = "") -> list[dict[str, Any]]:
        """For the outputs `pads`: show the canvas of this model's images, and encode with this model, of this class."""
        return [
            gr.update(visible=True, context={"model": model.card.name, "label": label})
            if key == data_of(model)
            else gr.update(visible=False)
            for key in self._keys
        ]

    def image(self, model: Model, values: Sequence[Array]) -> Array:
        """What is on the canvas for `model`, uint8 (h, w) or (h, w, 3), from the values of all `pads`."""
        return values[self._keys.index(data_of(model))]
