"""An autoencoder as a generator: what does the decoder make of codes that nobody encoded?"""

from __future__ import annotations

import random
from functools import partial

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.autoencoder import common
from gen_models.app.chapters.autoencoder.lineup import (
    SOURCES,
    Lineup,
    decode,
    fitted_codes,
    random_codes,
    sample_table,
)
from gen_models.app.checks import SEEDS, checked_seed, user_facing
from gen_models.app.shell import address, charts, layout
from gen_models.app.shell.parts import markdown, one_or_all
from gen_models.errors import BadRequest
from gen_models.runtime import Array

PREFIX = "autoencoder-generator"
SAMPLES, COLUMNS = 20, 5
"""Images in one grid."""
MAX_SPREAD = 10.0
"""Largest standard deviation offered for random codes; those of images have about 5 in each dimension."""
FIRST = 8
"""The code size to begin with, where there is one: the smallest at which a VAE has the autoencoder's layers."""
COLOURS = {"noise": "#b8651b", "gaussian": "#8a63c9", "vae": "#26868c"}
"""Each has a contrast of 3 or more on the light page and on the dark one."""
CAPTIONS = {
    f"{name}-{source}": f"{words}, {where}"
    for name, words in (("distance", "Fréchet distance"), ("share", "recognised"))
    for source, where in SOURCES.items()
}

HOW_TO_READ = "The distance compares whole sets, by mean and spread of their features: a few broken images cost little."


def can_generate(lineup: Lineup, code: int) -> bool:
    """Whether there is an autoencoder of this code size with a Gaussian fitted to its codes."""
    conv = lineup.at(code).get("conv")
    return conv is not None and f"gaussian_{code}" in conv.card.graphs


def grids(lineup: Lineup, code: int, seed: int, spread: float) -> dict[str, Array]:
    """Images from codes of "noise", of the fitted "gaussian", of the "vae" if there is one of this size, and "real".

    Args:
        lineup: of which data.
        code: size of z.
        seed: of the codes.
        spread: standard deviation of "noise"; that of the VAE's codes is always 1.

    Returns:
        uint8 (h, w, c) of each grid.
    """
    if not can_generate(lineup, code):
        raise BadRequest("There is no autoencoder with a fitted Gaussian of this code size.")
    if not len(lineup.examples):
        raise BadRequest(common.NO_EXAMPLES)
    model = lineup.models["conv"]
    x = {
        "noise": decode(model, code, random_codes(code, seed, spread, SAMPLES)),
        "gaussian": decode(model, code, fitted_codes(model, code, seed, SAMPLES)),
        "real": lineup.x(range(min(SAMPLES, len(lineup.examples)))),
    }
    if code in lineup.vaes:
        x["vae"] = lineup.vae_samples(code, random_codes(code, seed, 1, SAMPLES))
    return {name: controls.grid(lineup.to_uint8(batch), COLUMNS) for name, batch in x.items()}


def show(lineup: Lineup, request: controls.Request) -> controls.Reply:
    """Four grids."""
    context = request["context"]
    code = common.checked_code(lineup, context.get("code"))
    seed = checked_seed(context.get("seed"))
    images = grids(lineup, code, seed, float(request["value"][0]))
    none = "" if "vae" in images else "there is none of this size"
    if none:
        images["vae"] = np.full_like(images["real"], 128)
    text = {"vae": none or ("" if lineup.vae_is_alike(code) else "of another network")}
    return {
        "images": {name: controls.pixels(image) for name, image in images.items()},
        "text": text,
    }


# ---------------------------------------------------------------------------------------------------------------------
# The curves
# ---------------------------------------------------------------------------------------------------------------------


def curves(lineup: Lineup) -> list[charts.Curve]:
    """Fréchet distance of samples against code size; VAEs of another network are hollow."""
    rows = sample_table(lineup)
    wanted = [
        ("noise", SOURCES["noise"], lineup.codes, False),
        ("gaussian", SOURCES["gaussian"], lineup.codes, False),
        ("vae", "VAE", [k for k in lineup.vaes if lineup.vae_is_alike(k)], False),
        ("vae", "other VAE", [k for k in lineup.vaes if not lineup.vae_is_alike(k)], True),
    ]
    made = []
    for source, name, codes, hollow in wanted:
        points = [
            (row["code"], row[f"distance-{source}"])
            for row in rows
            if row["code"] in codes and row[f"distance-{source}"]
        ]
        if points:
            x, y = zip(*points, strict=True)
            made.append(charts.Curve(name, x, y, COLOURS[source], hollow=hollow))
    return made


def written(name: str, value: float | None) -> str:
    """A distance, or a share in per cent."""
    if value is None:
        return "–"
    return f"{value:.1f}" if name.startswith("distance") else f"{100 * value:.0f} %"


def numbers(lineup: Lineup) -> dict[str, dict[str, str]]:
    """For each code size, as text, what stands beside the curves."""
    return {
        str(row["code"]): {part: written(part, row[part]) for part in CAPTIONS}
        for row in sample_table(lineup)
    }


def table(lineup: Lineup) -> str:
    """`sample_table` in HTML, one line for each code size."""
    lines = [[code, *row.values()] for code, row in numbers(lineup).items()]
    head = [
        "code size",
        *SOURCES.values(),
        *(f"{words}, recog\u00adnised" for words in SOURCES.values()),
    ]
    return charts.table(
        head,
        lines,
        "Fréchet distance of 10,000 samples from test images, less is better; and the share of samples that a network "
        "trained to tell the images apart recognises with p > 0.95.",
    )


# ---------------------------------------------------------------------------------------------------------------------
# On the page
# ---------------------------------------------------------------------------------------------------------------------


def build(models: Models) -> None:
    """The code size and the spread of random codes; grids and curves."""
    panels = common.Panels(models.values())
    sliders = []
    with layout.controls(long=True):
        panels.choice()
        for i, lineup in panels.each():
            sizes = [code for code in lineup.codes if can_generate(lineup, code)]
            if not sizes:
                common.note_missing(lineup, ["conv"])
            elif not len(lineup.examples):
                markdown(common.NO_EXAMPLES)
            else:
                sliders.append(lay_out_controls(lineup, sizes, f"{PREFIX}-{i}"))
        if sliders:
            lay_out_seed(sliders)
    with layout.results():
        for i, lineup in panels.each():
            with gr.Row(elem_classes="ll-beside ae-generator"):
                layout.outlet(f"{PREFIX}-{i}-results", under=True)
                lay_out_curve(lineup, f"{PREFIX}-{i}-curve")
    with layout.wide():
        for _, lineup in panels.each():
            if curves(lineup):
                gr.HTML(table(lineup), css_template=charts.TABLE_CSS)
                markdown(budgets(lineup))
    panels.connect()


def budgets(lineup: Lineup) -> str:
    """How long each was trained, since the curves compare what was not trained alike."""
    alike = [lineup.models["conv"]] if "conv" in lineup.models else []
    alike += {id(vae): vae for vae in lineup.vaes.values()}.values()
    said = []
    for model in alike:
        sizes = len(model.card.graphs) // 3 if model.card.family == "autoencoder" else 1
        said.append(f"*{model.card.title}*, {model.card.training.images // sizes:,}")
    return (
        f"Their trainings differ. Images seen in training, for each code size: {'; '.join(said)}. A curve that lies "
        "lower with fewer images is the better method or the better network; one that lies higher may only be young."
    )


def first_code(sizes: list[int]) -> int:
    """The code size to begin with."""
    return FIRST if FIRST in sizes else common.middle(sizes)


def lay_out_curve(lineup: Lineup, elem_id: str) -> None:
    """The curves and the numbers of one code size."""
    drawn = curves(lineup)
    if not drawn:
        markdown(common.NOT_EVALUATED)
        return
    seen = "Curves of Fréchet distance against code size; the numbers are in the table below."
    chart = charts.log_log(drawn, "code size", "Fréchet distance of samples (s = 1)", seen)
    hollow = " Hollow: the next chapter’s VAEs." * any(c.hollow for c in drawn)
    common.curve(
        chart,
        numbers(lineup),
        CAPTIONS,
        first_code(lineup.codes),
        elem_id,
        f"{HOW_TO_READ}{hollow}",
    )


def lay_out_controls(lineup: Lineup, sizes: list[int], spread: str) -> controls.LatentSliders:
    """The code size, and the slider `spread`."""
    code = first_code(sizes)
    common.code_slider(sizes, code, spread, f"{spread}-curve")
    return controls.LatentSliders(
        partial(show, lineup),
        labels=["s"],
        value=[1.0],
        lo=0,
        hi=MAX_SPREAD,
        step=0.1,
        context={"code": code, "seed": 0},
        screens=[
            ("noise", "Random z = s ε"),
            ("gaussian", "z of the fitted Gaussian"),
            ("vae", "VAE, z ~ N(0, I)"),
            ("real", "Test images"),
        ],
        label="Spread s of the random codes",
        elem_id=spread,
        results=f"{spread}-results",
        address="s",
    )


def lay_out_seed(sliders: list[controls.LatentSliders]) -> None:
    """A seed for the samples of all data sets, and a button for another."""
    with gr.Row(elem_id=f"{PREFIX}-seed"):
        seed = gr.Number(0, label="Seed", precision=0, min_width=120)
        address.named("seed", seed, low=0, high=SEEDS - 1)
        again = gr.Button("New samples", min_width=120, size="md")
    again.click(lambda: random.randrange(SEEDS), None, seed, api_visibility="private")
    seed.change(
        user_facing(
            lambda seed: one_or_all(
                [gr.update(context={"seed": checked_seed(seed)}) for _ in sliders]
            )
        ),
        seed,
        sliders,
        api_visibility="private",
        show_progress="hidden",
    )


EXPERIMENT = Experiment(
    id="generator",
    title="As a generator",
    idea="Training never said how codes are distributed, so a random code decodes to anything. Two remedies: fit a "
    "Gaussian to the codes afterwards, or train a VAE, whose codes are made to follow $\\mathcal{N}(0, I)$.",
    equation=r"""\begin{aligned} \hat{x} = D(z), \quad z &= s\,\varepsilon, \quad \varepsilon \sim \mathcal{N}(0, I) \\
    \text{or}\quad z &\sim \mathcal{N}(m, C) \end{aligned}""",
    lecture="§1.6",
    notice="With 8 dimensions random codes are 55.0 away from digits, the fitted Gaussian’s 9.7, and the VAE’s, which "
    "need no fit, 6.2. Of the VAE’s 39 % are recognised, of the Gaussian’s 47 %, but more than a fifth of those are "
    "8s. From 16 dimensions on the two are within 8 %; at 2 all three are more than 50 away.",
    control=f'[id^="{PREFIX}"][id$="-code"] input',
    result=f'[data-outlet^="{PREFIX}"] .ll-screens',
    number=f'[id^="{PREFIX}"] .ll-number',
    elsewhere="data=fashion&code=16&s=3&seed=7",
    build=build,
)
