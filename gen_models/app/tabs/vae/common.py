"""What the experiments with VAEs share: which models there are, pictures in and out, and sheets to draw on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from gen_models import estimators
from gen_models.app import drawing, live
from gen_models.app.checks import checked_integer
from gen_models.app.live import BadRequest
from gen_models.app.parts import (  # noqa: F401 - the experiments take them from here
    Models,
    big_numbers,
    choose,
    endpoint,
    figure,
    metric,
    model_choice,
    one_or_all,
    plain,
    say,
    sheet_of,
)
from gen_models.runtime import Array, Model, to_uint8

DataKey = tuple[str, tuple[int, ...]]

THUMBNAILS = 10
"""How many of a model's example pictures lie beside a sheet."""
LARGEST = 1e6
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
    return any(port.name == "logits" for port in model.card.graphs["decoder"].outputs)


def is_binary(model: Model) -> bool:
    """Whether it was trained on pictures drawn black or white."""
    return bool(model.card.config.get("binarize"))


def beta_of(model: Model) -> float:
    """The weight of the KL term it was trained with."""
    return float(model.card.config.get("beta", 1))


def usual(models: Models) -> Model:
    """The model to begin with: with β = 1 on grey pictures and more than a plane of latents, if there is one."""
    return min(models.values(), key=lambda m: (beta_of(m) != 1, is_binary(m), latent_dim(m) == 2))


def data_of(model: Model) -> DataKey:
    """What tells apart models that do not take the same pictures: the data set, and (c, h, w) of a picture."""
    shape = model.input("encoder", "x").shape[1:]
    return model.card.dataset.sha256, tuple(int(n) for n in shape)


def by_data(models: Iterable[Model]) -> dict[DataKey, list[Model]]:
    """Models that take the same pictures, together."""
    groups: dict[DataKey, list[Model]] = {}
    for model in models:
        groups.setdefault(data_of(model), []).append(model)
    return groups


def active_dimensions(model: Model) -> list[tuple[int, float | None]]:
    """(dimension, nats) of each active latent dimension, the largest KL first, as the card records them.

    Without a record every dimension counts, with None.
    """
    dimensions = range(latent_dim(model))
    kl = {j: metric(model, f"KL of dimension/{j}") for j in dimensions}
    known = {j: nats for j, nats in kl.items() if nats is not None}
    if len(known) < len(kl):
        return [(j, None) for j in dimensions]
    order = sorted(known, key=lambda j: -known[j])
    return [(j, known[j]) for j in order if known[j] > estimators.ACTIVE]


# ---------------------------------------------------------------------------------------------------------------------
# Pictures in, pictures out
# ---------------------------------------------------------------------------------------------------------------------


def as_input(model: Model, image: Array) -> Array:
    """A drawing or an example as the encoder takes it: float32 (1, c, h, w) in the range of its port.

    A picture of the encoder's own size is taken as it is. A drawing of any other size is scaled to it, and for
    MNIST's digits centred and scaled as those were.

    Args:
        model: whose encoder.
        image: uint8 (h, w) or (h, w, c).
    """
    _, (c, h, w) = data_of(model)
    image = image[..., None] if image.ndim == 2 else image
    if image.shape == (h, w, c):
        grey = image.astype(np.float32) / 255
    elif not image.any():
        raise BadRequest("The sheet is empty: draw something, or choose an example.")
    elif c != 1:
        raise BadRequest("These pictures have colour and a drawing has none: choose an example.")
    elif (h, w) == (28, 28) and model.card.dataset.name in ("digits", "mnist"):
        grey = drawing.mnist_like(image[..., 0])[..., None]
    else:
        small = Image.fromarray(image[..., 0]).resize((w, h), Image.Resampling.BILINEAR)
        grey = np.asarray(small, np.float32)[..., None] / 255
    low, high = model.input("encoder", "x").range or (0, 1)
    return (low + (high - low) * grey).transpose(2, 0, 1)[None]


def as_pictures(model: Model, x: Array) -> Array:
    """What the encoder takes or the decoder gives, (n, c, h, w), as bytes (n, h, w, c)."""
    return to_uint8(x, model.output("decoder", "x").range or (0, 1))


def examples_of(model: Model, n: int | None = None) -> Array:
    """The model's first n example pictures, or all, as the encoder takes them: (n, c, h, w)."""
    images = model.examples()[:n]
    if not len(images):
        raise BadRequest("The example pictures of this model are missing: export it again.")
    return np.concatenate([as_input(model, image) for image in images])


def checked_example(model: Model, number: Any) -> Array:
    """One of the model's example pictures by number, as the encoder takes it: (1, c, h, w)."""
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
        or not all(abs(v) <= LARGEST for v in value)  # which NaN is not
    ):
        raise BadRequest(f"z must be a list of {k} finite numbers for this model.")
    return np.array(value, np.float32)


@dataclass(frozen=True)
class Posterior:
    """q(z|x) = N(mu, diag σ²) for one picture."""

    mu: Array
    """(k,)"""
    sigma: Array
    """(k,)"""

    @property
    def kl(self) -> Array:
        """KL from p(z) = N(0, I), in nats, for each dimension: (k,)."""
        return estimators.kl_to_standard_normal(self.mu, 2 * np.log(self.sigma))


def encode(model: Model, x: Array) -> Posterior:
    """q(z|x) for one picture (1, c, h, w)."""
    q = model("encoder", x=x)
    return Posterior(q["mu"][0], np.exp(0.5 * q["logvar"][0]))


def decode(model: Model, z: Array) -> Array:
    """The mean of p(x|z) for z (n, k): bytes (n, h, w, c)."""
    return as_pictures(model, model("decoder", z=z)["x"])


def squared_error(x: Array, y: Array) -> float:
    """‖x − y‖² of two pictures."""
    return float(np.square(x - y).sum())


def log_prior(z: Array) -> float:
    """log p(z), in nats, for z (k,), p(z) = N(0, I)."""
    return float(estimators.log_normal(z, np.zeros_like(z), np.zeros_like(z)))


def show_seen(model: Model, x: Array) -> live.Reply:
    """The picture (1, c, h, w) as the encoder gets it, for a screen called "seen"."""
    return {"pictures": {"seen": live.picture(as_pictures(model, x)[0])}}


# ---------------------------------------------------------------------------------------------------------------------
# On the page
# ---------------------------------------------------------------------------------------------------------------------


def z_name(j: int) -> str:
    """The name of latent dimension j, counted from one: "z₃"."""
    return "z" + str(j + 1).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def nats(value: float) -> str:
    """A logarithm with its unit."""
    return f"{figure(value)} nats"


def sheet(
    model: Model,
    answer: live.Compute,
    *,
    context: dict[str, Any] | None = None,
    **options: Any,
) -> live.DrawPad:
    """A sheet with a model's example pictures, the first of them chosen; `options` go to `live.DrawPad`."""
    images = model.examples()[:THUMBNAILS]
    return live.DrawPad(
        answer,
        examples=[(f"Test picture {i + 1}", plain(image)) for i, image in enumerate(images)],
        value=0 if len(images) else None,
        context={"model": model.card.name, **(context or {})},
        label="Your picture",
        **options,
    )


class Sheets:
    """A sheet to draw on for each kind of pictures among the models; the one for the chosen model is shown.

    The examples on a sheet are of one data set, and a drawing stays while one goes through the models of its kind.
    """

    def __init__(
        self,
        models: Models,
        compute: Callable[[Model, Array], live.Reply],
        *,
        prefix: str,
        first: Model,
        **options: Any,
    ) -> None:
        """Lay them out; `compute(model, x)` answers for the picture x (1, c, h, w), `options` go to `live.DrawPad`."""

        def answer(request: live.Request) -> live.Reply:
            model = choose(models, request["context"].get("model"))
            return compute(model, as_input(model, request["value"]))

        groups = by_data([first, *models.values()])
        self._keys = list(groups)
        self.pads = [
            sheet(group[0], answer, visible=group[0] is first, elem_id=f"{prefix}-{i}", **options)
            for i, group in enumerate(groups.values())
        ]

    def updates(self, model: Model) -> list[dict[str, Any]]:
        """For the outputs `pads`: show the sheet of this model's pictures, and encode with this model."""
        return [
            gr.update(visible=True, context={"model": model.card.name})
            if key == data_of(model)
            else gr.update(visible=False)
            for key in self._keys
        ]

    def image(self, model: Model, values: Sequence[Array]) -> Array:
        """What is on the sheet for `model`, uint8 (h, w) or (h, w, 3), from the values of all `pads`."""
        return values[self._keys.index(data_of(model))]
