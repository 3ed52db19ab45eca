"""Three ways to images, on the same data: what they draw, what they make of an image, and what was measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from html import escape

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.autoencoder import common
from gen_models.app.chapters.autoencoder.lineup import (
    Lineup,
    decode,
    fitted_codes,
    random_codes,
    reconstruct,
    squared_error,
)
from gen_models.app.shell import charts, layout
from gen_models.app.shell.parts import markdown
from gen_models.families import MetricId
from gen_models.runtime import Array, Model, to_uint8

PREFIX = "summary-compare"
SAMPLES, COLUMNS = 16, 4
SEED = 0
FIRST = "fashion"
"""The data set to begin with, where all three are measured."""
START = 8
"""The example on the canvas at first: a bag."""
METHODS = {"ae": "Autoencoder", "vae": "VAE", "gan": "GAN"}
SAMPLED = {"ae": "samples of a Gaussian fitted to its codes", "vae": "samples", "gan": "samples"}
ROWS = {
    "size": "code size",
    "distance": "Fréchet distance",
    "share": "recognised",
    "sharpness": "sharpness",
    "error": "squared error",
    "code": "a code for your image?",
}


@dataclass(frozen=True)
class Trio:
    """Autoencoder, VAE and GAN of one data set."""

    lineup: Lineup
    code: int
    """Size of the autoencoder's and the VAE's z: of those that both have, the nearest to the GAN's."""
    gan: Model | None

    @property
    def autoencoder(self) -> Model:
        """The convolutional one."""
        return self.lineup.models["conv"]

    @property
    def vae(self) -> Model:
        """That of the same size."""
        return self.lineup.vaes[self.code]


def trio_of(lineup: Lineup, models: Iterable[Model]) -> Trio | None:
    """What there is to compare on this data; None without an autoencoder and a VAE of one size."""
    gans = [
        model
        for model in models
        if model.card.family in ("gan", "infogan")
        and model.card.dataset.sha256 == lineup.dataset.sha256
    ]
    gan = min(gans, key=_distance, default=None)
    conv = lineup.models.get("conv")
    both = [k for k in lineup.vaes if conv and f"gaussian_{k}" in conv.card.graphs]
    if not both:
        return None
    wanted = size_of(gan) if gan else 0
    return Trio(lineup, min(both, key=lambda k: abs(k - wanted)), gan)


def _distance(model: Model) -> float:
    found = model.card.metric(MetricId.FRECHET_DISTANCE)
    return found.value if found else np.inf


def size_of(gan: Model) -> int:
    """Dimensions of all that a generator takes."""
    return sum(int(port.shape[1]) for port in gan.card.graphs["generator"].inputs)


def gan_samples(gan: Model, seed: int, n: int) -> Array:
    """n samples, uint8 (n, h, w, c): z ~ N(0, I), each category in turn, continuous codes uniform."""
    rng = np.random.default_rng(seed)
    inputs = {}
    for port in gan.card.graphs["generator"].inputs:
        k = int(port.shape[1])
        if port.name == "category":
            inputs[port.name] = np.eye(k)[np.arange(n) % k]
        elif port.range:
            inputs[port.name] = rng.uniform(*port.range, (n, k))
        else:
            inputs[port.name] = rng.standard_normal((n, k))
    return to_uint8(gan("generator", **inputs)["x"], gan.output("generator", "x").range or (0, 1))


def draws(trio: Trio, n: int) -> dict[str, Array]:
    """n samples by each method: uint8 (n, h, w, c)."""
    lineup, code = trio.lineup, trio.code
    z = fitted_codes(trio.autoencoder, code, SEED, n)
    images = {
        "ae": lineup.to_uint8(decode(trio.autoencoder, code, z)),
        "vae": lineup.to_uint8(lineup.vae_samples(code, random_codes(code, SEED, 1, n))),
    }
    if trio.gan:
        images["gan"] = gan_samples(trio.gan, SEED, n)
    return images


def samples(trio: Trio) -> dict[str, Array]:
    """A grid of samples by each method: uint8 (h, w, c)."""
    return {name: controls.grid(batch, COLUMNS) for name, batch in draws(trio, SAMPLES).items()}


def reconstructions(trio: Trio, x: Array) -> dict[str, Array]:
    """What the two that have an encoder make of an image x (1, c, h, w)."""
    lineup, code = trio.lineup, trio.code
    if lineup.vae_is_alike(code):
        vae = reconstruct(trio.vae, code, x)
    else:
        vae = trio.vae("decoder", z=trio.vae("encoder", x=x)["mu"])["x"]
    return {"ae": reconstruct(trio.autoencoder, code, x), "vae": vae}


def show(trio: Trio, request: controls.Request) -> controls.Reply:
    """Samples, and the image on the canvas as each gives it back."""
    x = trio.lineup.seen(request["value"])
    made = reconstructions(trio, x)
    images = {f"{name}-samples": controls.pixels(grid) for name, grid in samples(trio).items()}
    images |= {
        f"{name}-own": controls.pixels(trio.lineup.to_uint8(y)[0]) for name, y in made.items()
    }
    grey = np.full_like(trio.lineup.to_uint8(x)[0], 128)
    images |= {"gan-own": controls.pixels(grey)}
    text = {
        f"{name}-own": f"squared error {squared_error(x, y)[0]:.1f}" for name, y in made.items()
    }
    return {"images": images, "text": text | {"gan-own": "it has no encoder"}}


# ---------------------------------------------------------------------------------------------------------------------
# What was measured
# ---------------------------------------------------------------------------------------------------------------------


def measured(trio: Trio) -> dict[str, list[tuple[str, str]]]:
    """For each row of the table and each method: the words, and the address of the experiment that shows it."""
    lineup, code = trio.lineup, trio.code
    alike = lineup.vae_is_alike(code)
    at = f"data={lineup.name}&code={code}"
    vae = f"vae/dials?model={trio.vae.card.name}"
    sampled = {
        "ae": f"autoencoder/generator?{at}",
        "vae": f"autoencoder/generator?{at}",
        "gan": _gan_address(trio.gan),
    }
    variants = {"ae": ("gaussian", code), "vae": ("noise", code) if alike else (), "gan": ()}
    models = {"ae": trio.autoencoder, "vae": trio.vae, "gan": trio.gan}

    def number(id: MetricId, method: str, *variant: object, percent: bool = False) -> str:
        model = models[method]
        found = model.card.metric(id, *variant) if model else None
        if found is None:
            return "–"
        return f"{100 * found.value:.0f} %" if percent else f"{found.value:.2f}"

    def row(id: MetricId, *, percent: bool = False) -> list[tuple[str, str]]:
        return [
            (number(id, method, *variants[method], percent=percent), sampled[method])
            for method in METHODS
        ]

    sizes = [str(code), str(code), str(size_of(trio.gan)) if trio.gan else "–"]
    return {
        "size": [(size, "") for size in sizes],
        "distance": row(MetricId.FRECHET_DISTANCE),
        "share": row(MetricId.RECOGNISED, percent=True),
        "sharpness": row(MetricId.SHARPNESS),
        "error": [
            (number(MetricId.SQUARED_ERROR, "ae", code), f"autoencoder/reconstruct?{at}"),
            (
                number(MetricId.SQUARED_ERROR, "vae", *([code] if alike else [])),
                "" if alike else vae,
            ),
            ("–", ""),
        ],
        "code": [
            ("yes", f"autoencoder/reconstruct?{at}"),
            ("yes, with σ", "vae/map"),
            ("no", "gan/encoder"),
        ],
    }


def _gan_address(gan: Model | None) -> str:
    if gan is None:
        return ""
    return f"gan/samples?model={gan.card.name}" if gan.card.family == "gan" else "infogan/grid"


def table(trio: Trio) -> str:
    """`measured` in HTML; its distances are large."""

    def cell(name: str, words: str, link: str) -> str:
        inside = (
            f'<a href="#{escape(link)}">{escape(words)}</a>'
            if link and words != "–"
            else escape(words)
        )
        return f'<td><span class="{"ll-number" if name == "distance" else ""}">{inside}</span></td>'

    head = "".join(f'<th scope="col">{name}</th>' for name in METHODS.values())
    lines = "".join(
        f'<tr><th scope="row">{ROWS[name]}</th>{"".join(cell(name, *each) for each in cells)}</tr>'
        for name, cells in measured(trio).items()
    )
    return (
        "<table><caption>From the models’ cards; each number leads to its experiment, – was not measured. Of samples: "
        "Fréchet distance from test images, the share recognised with p &gt; 0.95, and sharpness, that of images being "
        "1. Of test images: their squared error.</caption>"
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{lines}</tbody></table>"
    )


# ---------------------------------------------------------------------------------------------------------------------
# On the page
# ---------------------------------------------------------------------------------------------------------------------


def build(models: Models) -> None:
    """A canvas, what the three make of it, their samples, and their numbers."""
    panels = common.Panels(models.values(), first=FIRST)
    with layout.controls(long=True):
        panels.choice()
        for i, lineup in panels.each():
            trio = trio_of(lineup, models.values())
            if trio is None or not len(lineup.examples):
                markdown("These images have no autoencoder and VAE of one size to compare.")
            else:
                lay_out_canvas(trio, f"{PREFIX}-{i}")
    with layout.results():
        for i, lineup in panels.each():
            trio = trio_of(lineup, models.values())
            with gr.Row(elem_classes="ll-beside summary-row"):
                layout.outlet(f"{PREFIX}-{i}-results", under=True)
                if trio:
                    gr.HTML(
                        table(trio),
                        css_template=charts.TABLE_CSS,
                        elem_classes="summary-table",
                        elem_id=f"{PREFIX}-{i}-table",
                    )
    panels.connect()


def lay_out_canvas(trio: Trio, canvas: str) -> None:
    """The canvas `canvas`, with an example on it."""
    examples = trio.lineup.examples[: common.THUMBNAILS]
    controls.DrawPad(
        partial(show, trio),
        value=min(START, len(examples) - 1),
        examples=[(f"Test image {i + 1}", image) for i, image in enumerate(examples)],
        screens=[
            *((f"{name}-samples", f"{words}: {SAMPLED[name]}") for name, words in METHODS.items()),
            *((f"{name}-own", "your image") for name in METHODS),
        ],
        label="Your image",
        elem_id=canvas,
        results=f"{canvas}-results",
        address="image",
    )


EXPERIMENT = Experiment(
    id="compare",
    title="Three methods",
    idea="An autoencoder has a code for every image and no distribution over codes; a VAE has both; a GAN only draws. "
    "Here they stand side by side on the same images, with codes of equal or nearest size.",
    equation=r"\begin{aligned} \text{AE:}\quad & x \to z \to \hat{x} \\ \text{VAE:}\quad & x \to q(z|x) \to \hat{x}, "
    r"\quad z \sim p(z) \to \hat{x} \\ \text{GAN:}\quad & z \sim p(z) \to \hat{x} \end{aligned}",
    lecture="§7",
    notice="The GAN’s samples are by far the nearest to real images: on Fashion-MNIST 0.56 away, where the "
    "autoencoder’s and the VAE’s are 7.90 and 10.60, on digits 1.09 to 6.57 and 7.03. They are as sharp as images, at "
    "0.97 and 0.95; the others are blurred, on Fashion to 0.61 and 0.55. And the GAN alone has no code for your image. "
    "By this distance the VAE is on neither data better than the autoencoder with its fitted Gaussian; of its digits "
    "more are recognised, 29 % to 24 %.",
    control=f'[id^="{PREFIX}"] .ll-draw',
    result=f'[data-outlet^="{PREFIX}"] .ll-screens',
    number=f'[id^="{PREFIX}"][id$="-table"] .ll-number',
    elsewhere="data=digits&image=5",
    build=build,
)
