"""A 2-D latent space to move in: every point is an image, and every image has its place and its uncertainty."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np
from PIL import Image, ImageDraw

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.autoencoder.lineup import HANDWRITING
from gen_models.app.chapters.autoencoder.plane import COLOURS, swatches
from gen_models.app.chapters.vae import common
from gen_models.app.checks import user_facing
from gen_models.app.shell import address, layout
from gen_models.numerics import latents
from gen_models.runtime import Array, Model

EXTENT = 3.0
"""The map shows [−3, 3]²: all but half a percent of p(z) = N(0, I), spaced by its quantiles."""
START = 8
"""The example that is chosen at first: of the first ten digits, the one with the largest rings."""
PAD, RESULTS = "vae-map", "vae-map-results"
CLASSES, DOT, PLAIN = 10, 7, (255, 209, 102)
"""Of the digits; half the width of a code's dot; its colour where images have no classes."""
LEGEND = "Codes of the example images, in the colours of their digits: " + swatches()


def background(model: Model) -> Array:
    """The means of p(x|z) at a grid of quantiles of p(z), at most about 620 pixels wide: uint8 (H, W, c)."""
    side = int(model.output("decoder", "x").shape[-1])
    n = int(np.clip(620 // side, 6, 22))
    # Each image stands in the middle of its own cell, so that the dot is over what it shows.
    z = latents.plane(latents.quantiles(n, EXTENT))
    return controls.grid(common.decode(model, z), n, gap=0)


def places(model: Model, side: int) -> Array:
    """Where the mean of q(z|x) of each example is on a map so many pixels wide, (x, y) from the top left: (n, 2)."""
    mu = model("encoder", x=common.examples_of(model))["mu"]
    return (side - 1) * latents.probability(mu * [1, -1], EXTENT)


def with_codes(model: Model) -> Array:
    """The same, darker, with a dot at the mean of q(z|x) of each example, in the colour of its digit: (H, W, 3)."""
    model, image = model.told(""), background(model) // 2  # each example is of the next class
    picture = Image.fromarray(image.repeat(3 // image.shape[-1], -1))
    pen, side = ImageDraw.Draw(picture), picture.width
    for i, (x, y) in enumerate(places(model, side).tolist()):
        # Examples are exported class by class in turn: image i shows class i modulo their number.
        colour = tuple(COLOURS[i % CLASSES].tolist()) if is_labelled(model) else PLAIN
        pen.ellipse((x - DOT, y - DOT, x + DOT, y + DOT), fill=colour, outline="black", width=2)
    return np.asarray(picture)


def is_labelled(model: Model) -> bool:
    """Whether its images show digits."""
    return model.card.dataset.name in HANDWRITING


def seen(model: Model, codes: Any) -> str:
    """What lies under the dot, as a data: URI."""
    return controls.data_uri(with_codes(model) if codes else background(model))


def at_point(model: Model, z: Array) -> controls.Reply:
    """What the map shows beside a point z (2,)."""
    return {
        "images": {"mean": controls.pixels(common.decode(model, z[None])[0])},
        "text": {"prior": common.nats(common.log_prior(z))},
    }


def of_image(model: Model, x: Array) -> controls.Reply:
    """Encode an image (1, c, h, w); the map moves to the mean of q(z|x) and draws its ellipse."""
    q = common.encode(model, x)
    y = model("decoder", z=q.mu[None])["x"]
    return {
        "images": {"own": controls.pixels(common.as_pictures(model, y)[0])},
        "text": {
            "error": common.format_number(common.squared_error(x, y)),
            "kl": common.nats(q.kl.sum()),
        },
        "send": {PAD: {"value": q.mu.tolist(), "ellipse": [*q.mu.tolist(), *q.sigma.tolist()]}},
    }


def build(models: Models) -> None:
    """Lay out the map of the models with a 2-D z, beside a canvas to draw on."""
    flat = {name: model for name, model in models.items() if common.latent_dim(model) == 2}
    if not flat:
        common.markdown(
            "A map needs a VAE with two latent dimensions; this makes one: "
            "`python -m training.vae --name NAME --data DATA --latent-dim 2`."
        )
        return
    first = common.usual(flat)
    start = common.chosen_class(first, "", in_turn=False)
    with layout.controls():
        choice = common.model_choice(flat, first)
        label = address.named("class", common.class_choice(flat, first, in_turn=False))
        codes = address.named("codes", gr.Checkbox(False, label="Codes of the example images"))
        legend = gr.Markdown(LEGEND, visible=False, elem_classes="ll-aside")
        canvases = common.Canvases(
            flat,
            of_image,
            prefix="vae-map-canvas",
            first=first,
            start=START,
            screens=[("own", "your image, decoded at its mean")],
            numbers=[
                ("error", "squared error of your image"),
                ("kl", "KL of its region from p(z)"),
            ],
            results=RESULTS,
        )

    def at_dot(request: controls.Request) -> controls.Reply:
        context = request["context"]
        model = common.get_model(flat, context.get("model")).told(context.get("label", ""))
        return at_point(model, request["value"])

    with layout.results(), gr.Row(elem_classes="ll-beside"):
        pad = controls.LatentPad(
            at_dot,
            lo=-EXTENT,
            hi=EXTENT,
            quantiles=True,
            background=controls.data_uri(background(first.told(start))),
            context={"model": first.card.name, "label": start},
            screens=[("mean", "mean of p(x|z) at the dot")],
            numbers=[("prior", "log p(z) at the dot")],
            label="The latent plane",
            elem_id=PAD,
            results=RESULTS,
            address="z",
        )
        layout.outlet(RESULTS)

    @user_facing
    def change(name: str, codes: bool, label: str = "") -> tuple[dict[str, Any], ...]:
        """The map of a model, of a class if it is told one."""
        model = common.get_model(flat, name)
        told = common.chosen_class(model, label, in_turn=False)
        map_ = gr.update(
            background=seen(model.told(told), codes),
            ellipse=None,
            context={"model": name, "label": told},
        )
        new = common.class_update(model, label, in_turn=False)
        return map_, *canvases.updates(model, told), new

    @user_facing
    def lay_over(name: str, codes: bool, label: str) -> tuple[dict[str, Any], ...]:
        """The codes of the test images on the map, or not."""
        model = common.get_model(flat, name)
        told = common.chosen_class(model, label, in_turn=False)
        shown = gr.update(visible=codes and is_labelled(model))
        return gr.update(background=seen(model.told(told), codes)), shown

    quiet: dict[str, Any] = {"show_progress": "hidden"}
    inputs = [choice, codes, label]
    gr.on(
        [choice.change, label.change],
        change,
        inputs,
        [pad, *canvases.pads, label],
        api_name="vae_map",
        **quiet,
    )
    codes.change(lay_over, inputs, [pad, legend], api_visibility="private", **quiet)


def offer(models: Models) -> None:
    """Encoding and decoding with any model, over HTTP."""

    def encode(model: str, example: int, label: str = "") -> dict[str, Any]:
        """q(z|x) of an example image: mu, sigma and KL in nats by dimension, and the mean decoded, as a PNG.

        A model that is told a class is told `label`, or the first.
        """
        chosen = common.get_model(models, model).told(label)
        x = common.checked_example(chosen, example)
        q = common.encode(chosen, x)
        y = chosen("decoder", z=q.mu[None])["x"]
        return {
            "mu": q.mu.tolist(),
            "sigma": q.sigma.tolist(),
            "KL": q.kl.tolist(),
            "squared error": common.squared_error(x, y),
            "picture": controls.data_uri(common.as_pictures(chosen, y)[0]),
        }

    def decode(model: str, z: list[float], label: str = "") -> str:
        """The mean of p(x|z), as a PNG in a data: URI. A model that is told a class is told `label`, or the first."""
        chosen = common.get_model(models, model).told(label)
        return controls.data_uri(common.decode(chosen, common.checked_latent(chosen, z)[None])[0])

    common.endpoint(encode, "vae_encode")
    common.endpoint(decode, "vae_decode")


EXPERIMENT = Experiment(
    id="map",
    title="Map",
    idea="Every point of the plane is an image, and every image has its region in the plane: the encoder answers with "
    "a Gaussian, drawn as rings at one and two standard deviations. Equal areas of the map are equally probable under "
    "$p(z)$.",
    equation=r"\begin{aligned} q_\phi(z|x) &= \mathcal{N}\big(z;\, \mu(x), \sigma^2(x)\big) \\ "
    r"\hat{x} &= D_\theta(z) \end{aligned}",
    lecture="§2.4, §2.6",
    notice="Choose the 6: it comes back as a 0, with a squared error of 86.8 where test images have 32.2 on average; "
    "its neighbours on the map are 0s and 6s. The 5 lies among 3s. Two dimensions have no room for all; the ten of "
    "**Dials** bring the 6’s error down to 32.7.",
    control="#vae-map .ll-pad",
    result="#vae-map-results canvas[data-slot=mean]",
    number="#vae-map-results .ll-number",
    elsewhere="z=0.1,1&codes=1",
    build=build,
    tells_class=True,
)
