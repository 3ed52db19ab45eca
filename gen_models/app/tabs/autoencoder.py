"""An encoder E turns a picture x into a code z of a few numbers, and a decoder D turns the code back into a picture.
Both learn from pictures alone, without labels, so the code comes to hold what matters most in them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import charts, choices, live
from gen_models.app.checks import SEEDS, checked_integer, checked_number, checked_seed, spoken
from gen_models.app.page import MATHS
from gen_models.app.tabs._lineup import (
    KINDS,
    Lineup,
    between,
    code_error,
    decode,
    encode,
    error_table,
    fitted_codes,
    lineups,
    random_codes,
    ratio,
    reconstruct,
    squared_error,
)
from gen_models.cards import Card
from gen_models.runtime import Array, Model

TITLE = "Autoencoders"
ID = "autoencoder"
SCRIPT = "training.autoencoder"
LECTURE = "§1.1, §1.2, §1.6"
EQUATION = r"\min_{E,\,D}\ \mathbb{E}_x\,\lVert x - D(z) \rVert^2, \quad z = E(x)"
NOTICE = (
    "with very few numbers PCA answers with a blur, an average of many pictures; the autoencoder answers with one "
    "thing, though often the wrong one."
)

THUMBNAILS = 20
NO_EXAMPLES = "The example pictures of these models are missing: export a model again, or restore its examples.png."
SHEET = 25
"""Pictures on one sheet of "As a generator"."""
MOST_SPREAD = 10.0
"""Largest standard deviation offered for random codes; those of pictures have about 5 in each dimension."""
COLOURS = {"conv": "#26868c", "linear": "#b8651b", "pca": "#8a63c9"}
"""Each has a contrast of 3 or more on the light page and on the dark one."""


# ---------------------------------------------------------------------------------------------------------------------
# Choices from outside, by a live control or over HTTP: checked, or refused with one sentence
# ---------------------------------------------------------------------------------------------------------------------


def checked_code(lineup: Lineup, code: Any) -> int:
    """One of the line-up's code sizes."""
    if isinstance(code, bool) or code not in lineup.codes:
        raise ValueError(f"The code size must be one of {', '.join(map(str, lineup.codes))}.")
    return int(code)


def checked_example(lineup: Lineup, number: Any) -> int:
    """The number of an example."""
    if not len(lineup.examples):
        raise ValueError(NO_EXAMPLES)
    return checked_integer(number, 0, len(lineup.examples) - 1, "The number of the picture")


def checked_drawing(grey: Any) -> Array:
    """uint8 (h, w) from rows of numbers in 0..255."""
    sentence = (
        "The drawing must be rows of equal length, of numbers from 0 to 255, at most 512 by 512."
    )
    try:
        drawing = np.array(grey, float)
    except (ValueError, TypeError, OverflowError):
        raise ValueError(sentence) from None
    if drawing.ndim != 2 or not drawing.size or max(drawing.shape) > 512:
        raise ValueError(sentence)
    if not ((drawing >= 0) & (drawing <= 255)).all():  # NaN is neither
        raise ValueError(sentence)
    return drawing.astype(np.uint8)


# ---------------------------------------------------------------------------------------------------------------------
# What is shown, for a live control (a Reply) and over HTTP
# ---------------------------------------------------------------------------------------------------------------------


def compare(lineup: Lineup, code: int, x: Array) -> dict[str, tuple[Array, float]]:
    """What each kind that has this code size makes of one picture: x̂, and ‖x − x̂‖²."""
    made = {kind: reconstruct(model, code, x) for kind, model in lineup.at(code).items()}
    return {kind: (y, float(squared_error(x, y)[0])) for kind, y in made.items()}


def show_reconstructions(lineup: Lineup, request: live.Request) -> live.Reply:
    """The picture on the sheet, and what each kind makes of it."""
    code = checked_code(lineup, request["context"].get("code"))
    x = lineup.seen(request["value"])
    made = compare(lineup, code, x)
    errors = {kind: error for kind, (_, error) in made.items()}
    text = dict.fromkeys(lineup.models, "not trained at this size")
    text |= {kind: f"squared error {error:.2f}" for kind, error in errors.items()}
    text["here"] = figure(ratio(errors.get("conv"), errors.get("pca")))
    text["test"] = figure(error_table(lineup)[lineup.codes.index(code)]["ratio"])
    pictures = {"x": x} | {kind: y for kind, (y, _) in made.items()}
    return {"pictures": painted(lineup, pictures), "text": text}


def show_between(lineup: Lineup, request: live.Request) -> live.Reply:
    """The picture at t on each way from one example to another."""
    context = request["context"]
    code = checked_code(lineup, context.get("code"))
    ends = lineup.x([checked_example(lineup, context.get(end)) for end in ("start", "end")])
    t = float(request["value"][0])
    ways = {kind: between(model, code, ends, t) for kind, model in lineup.at(code).items()}
    pictures = {"fade": (1 - t) * ends[:1] + t * ends[1:]} | {k: x for k, (x, _) in ways.items()}
    text = {f"bend-{kind}": figure(ways[kind][1] if kind in ways else None) for kind in KINDS}
    return {"pictures": painted(lineup, pictures), "text": text}


def can_generate(lineup: Lineup, code: int) -> bool:
    """Whether there is an autoencoder of this code size with a Gaussian fitted to its codes."""
    conv = lineup.at(code).get("conv")
    return conv is not None and f"gaussian_{code}" in conv.card.graphs


def sheets(
    lineup: Lineup, code: int, seed: int, spread: float
) -> tuple[dict[str, Array], dict[str, float]]:
    """As a generator: pictures from "random" codes and from the fitted "gaussian", and "real" ones, by name.

    Returns:
        uint8 (h, w, c) of each sheet, and the `code_error` of its codes, those of the real pictures included.
    """
    if not can_generate(lineup, code):
        raise ValueError("There is no autoencoder with a fitted Gaussian of this code size.")
    if not len(lineup.examples):
        raise ValueError(NO_EXAMPLES)
    model = lineup.models["conv"]
    real = lineup.x(range(min(SHEET, len(lineup.examples))))
    z = {
        "random": random_codes(code, seed, spread, SHEET),
        "gaussian": fitted_codes(model, code, seed, SHEET),
        "real": encode(model, code, real),
    }
    x = {name: decode(model, code, codes) for name, codes in z.items()}
    errors = {name: code_error(model, code, z[name], x[name]) for name in z}
    shown = x | {"real": real}
    return {n: live.grid(lineup.to_uint8(batch), columns=5) for n, batch in shown.items()}, errors


def show_samples(lineup: Lineup, request: live.Request) -> live.Reply:
    """Three sheets, and the code error of each."""
    context = request["context"]
    code = checked_code(lineup, context.get("code"))
    seed = checked_seed(context.get("seed"))
    images, errors = sheets(lineup, code, seed, float(request["value"][0]))
    return {
        "pictures": {name: live.picture(image) for name, image in images.items()},
        "text": {f"error-{name}": figure(error) for name, error in errors.items()},
    }


def painted(lineup: Lineup, x: dict[str, Array]) -> dict[str, live.Picture]:
    """The first picture of each batch for the screen of that name, and grey for a kind that made none."""
    channels, height, width = lineup.shape
    grey = live.picture(np.full((height, width, channels), 128, np.uint8))
    pictures = {slot: live.picture(lineup.to_uint8(batch)[0]) for slot, batch in x.items()}
    return dict.fromkeys(lineup.models, grey) | pictures


def figure(value: float | None) -> str:
    """A number as it stands on the page."""
    return "–" if value is None else f"{value:.2f}"


# ---------------------------------------------------------------------------------------------------------------------
# The page
# ---------------------------------------------------------------------------------------------------------------------


def shows(card: Card) -> bool:
    """Whether it is an autoencoder, PCA among them."""
    return card.family == "autoencoder"


def build(models: dict[str, Model]) -> None:
    """Four experiments, each laid out once for every data set; the choice above them shows one data set's."""
    found = lineups(models.values())
    if not found:
        say("None of these models has an encoder and a decoder of the same code size.")
        return
    first = next(iter(found))
    data = gr.Radio(
        [(lineup.title, name) for name, lineup in found.items()],
        value=first,
        label="Pictures",
        visible=len(found) > 1,
    )
    panels: list[tuple[str, gr.Column]] = []
    with gr.Tabs(overflow_behavior="wrap"):
        for title, lay_out in EXPERIMENTS.items():
            with gr.Tab(title):
                for number, (name, lineup) in enumerate(found.items()):
                    with gr.Column(visible=name == first) as panel:
                        lay_out(lineup, f"autoencoder-{number}")
                    panels.append((name, panel))
    data.change(
        lambda chosen: [gr.update(visible=name == chosen) for name, _ in panels],
        data,
        [panel for _, panel in panels],
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    offer_endpoints(found)


def lay_out_reconstruction(lineup: Lineup, prefix: str) -> None:
    """A sheet to draw on, and what each kind makes of the drawing."""
    draw = "Draw a digit" if lineup.handwriting else "Draw over a picture"
    say(
        f"{draw} or choose another, then drag the code size down to {lineup.codes[0]}. All methods get the same "
        "few numbers to remember the picture by."
    )
    note_missing(lineup)
    sheet, code = f"{prefix}-sheet", middle(lineup.codes)
    code_slider(lineup.codes, sheet, f"{prefix}-sheet-code")
    measured = lineup.metric("conv", f"squared error/{code}")
    count = f"{measured.n:,} " if measured else ""
    live.DrawPad(
        partial(show_reconstructions, lineup),
        value=0 if len(lineup.examples) else None,
        examples=[(f"picture {i + 1}", x) for i, x in enumerate(lineup.examples[:THUMBNAILS])],
        context={"code": code},
        screens=[("x", "x, as E sees it"), *((k, KINDS[k]) for k in lineup.models)],
        numbers=[
            ("here", "autoencoder's error / PCA's, for this picture"),
            ("test", f"the same over all {count}test pictures"),
        ],
        label="Picture x",
        elem_id=sheet,
    )


def lay_out_errors(lineup: Lineup, prefix: str) -> None:
    """The curve of test error over code size, and how near the linear autoencoder comes to PCA."""
    rows = error_table(lineup)
    curves = []
    for kind in ("pca", "linear", "conv"):
        points = [(row["code"], row[kind]) for row in rows if row[kind]]
        if points:
            x, y = zip(*points, strict=True)
            curves.append(charts.Curve(KINDS[kind], x, y, COLOURS[kind], hollow=kind == "linear"))
    if not curves:
        say(
            "These models are not evaluated yet: run `python -m training.evaluate` on their folders."
        )
        return
    say(
        "Squared error on test pictures, which none of the models has seen, at each code size. PCA is the best that "
        "any linear encoder and decoder can do: does the linear autoencoder, trained step by step, find the same?"
    )
    excess = [r for row in rows if (r := ratio(row["linear"], row["pca"])) is not None]
    if excess:
        big_number(
            f"{max(excess):.3f}",
            "squared error of the linear autoencoder / PCA's, at the worst code size: 1 if it found as good a subspace",
        )
        say(
            "The angle in the table says how far its subspace is turned from PCA's. Where two neighbouring components "
            "have almost the same variance, as at large sizes, it can turn far at almost no cost."
        )
    seen = "Curves of squared error against code size; the numbers are in the table beside them."
    with gr.Row():
        with gr.Column(min_width=340):
            gr.HTML(charts.log_log(curves, "code size", "squared error per picture", seen))
        with gr.Column(min_width=340):
            gr.HTML(table(rows), css_template=charts.TABLE_CSS)


def lay_out_between(lineup: Lineup, prefix: str) -> None:
    """From one picture to another: a cross-fade, and the ways through the codes."""
    if len(lineup.examples) < 2:
        say(NO_EXAMPLES)
        return
    say(
        "Choose two pictures and move t from one to the other. A cross-fade shows both at once; so does PCA, whose way "
        "is straight. The autoencoder's way bends: on it one picture turns into the other."
    )
    way, code = f"{prefix}-way", middle(lineup.codes)
    shown = lineup.examples[:THUMBNAILS]
    start, end = 1, 7 % len(shown)
    with gr.Row():
        for key, label, value in (("start", "From", start), ("end", "To", end)):
            with gr.Column(min_width=320):
                choices.thumbnails(
                    shown, value, label=label, key=key, targets=[way], elem_id=f"{prefix}-{key}"
                )
    code_slider(lineup.codes, way, f"{prefix}-way-code")
    kinds = [kind for kind in ("pca", "conv") if kind in lineup.models]
    live.LatentSliders(
        partial(show_between, lineup),
        labels=["t"],
        value=[0.5],
        lo=0,
        hi=1,
        sweep=True,
        context={"code": code, "start": start, "end": end},
        screens=[("fade", "Cross-fade of pixels"), *((kind, KINDS[kind]) for kind in kinds)],
        numbers=[
            (f"bend-{k}", f"{KINDS[k]}: squared distance from a cross-fade of its own ends")
            for k in kinds
        ],
        label="(1 − t) · first + t · second",
        elem_id=way,
    )


def lay_out_generator(lineup: Lineup, prefix: str) -> None:
    """Pictures from random codes, from a Gaussian fitted to the codes, and real ones."""
    sizes = [k for k in lineup.codes if can_generate(lineup, k)]
    if not sizes:
        say(f"There is no autoencoder of these pictures yet; {command(lineup, 'conv')} makes one.")
        return
    if not len(lineup.examples):
        say(NO_EXAMPLES)
        return
    say(
        "Which codes give a picture when nobody encoded one? Random ones, $z = s\\,\\varepsilon$ with "
        "$\\varepsilon \\sim \\mathcal{N}(0, I)$, mostly miss, at any spread $s$. The Gaussian with the mean and "
        "covariance of the training pictures' codes hits or misses."
    )
    pad, code, seed = f"{prefix}-samples", middle(sizes), 0
    code_slider(sizes, pad, f"{prefix}-samples-code")
    with gr.Row(equal_height=True):
        number = gr.Number(seed, label="Seed", precision=0, scale=0, min_width=200)
        again = gr.Button("New samples", scale=0, min_width=180, size="md")
    samples = live.LatentSliders(
        partial(show_samples, lineup),
        labels=["s"],
        value=[1.0],
        lo=0,
        hi=MOST_SPREAD,
        step=0.1,
        context={"code": code, "seed": seed},
        screens=[
            ("random", "Random z"),
            ("gaussian", "z from the fitted Gaussian"),
            ("real", "Real pictures"),
        ],
        numbers=[
            ("error-random", "random z"),
            ("error-gaussian", "fitted Gaussian"),
            ("error-real", "codes of real pictures"),
        ],
        label="Spread s of the random codes",
        elem_id=pad,
    )
    say(
        "The numbers: median $\\lVert z - E(D(z)) \\rVert^2$ over the variance of the training pictures' codes, 0 "
        "where the encoder finds $z$ again in $D(z)$. Where it is large the decoder is lost; small alone is no picture."
    )
    again.click(lambda: random.randrange(SEEDS), None, number, api_visibility="private")
    number.change(
        spoken(lambda seed: gr.update(context={"seed": checked_seed(seed)})),
        number,
        samples,
        api_visibility="private",
    )


EXPERIMENTS: dict[str, Callable[[Lineup, str], None]] = {
    "Reconstruct": lay_out_reconstruction,
    "Error curve": lay_out_errors,
    "Between two": lay_out_between,
    "As a generator": lay_out_generator,
}


def code_slider(codes: list[int], target: str, elem_id: str) -> None:
    """The slider of code sizes, for one live control."""
    choices.steps(
        codes,
        middle(codes),
        label="Code size",
        unit="numbers",
        key="code",
        targets=[target],
        elem_id=elem_id,
    )


def middle(codes: list[int]) -> int:
    """The code size to begin with."""
    return codes[len(codes) // 2]


def note_missing(lineup: Lineup) -> None:
    """Say which kinds there is no model of, and how to make one."""
    for kind, title in KINDS.items():
        if kind not in lineup.models:
            say(
                f"{title}: there is no model of these pictures yet; {command(lineup, kind)} makes one."
            )


def command(lineup: Lineup, kind: str) -> str:
    """The command that trains the kind that is missing, in Markdown."""
    data = next(iter(lineup.models.values())).card.config.get("data")
    codes = " ".join(map(str, lineup.codes))
    return f"`python -m training.autoencoder --kind {kind} --data {data} --codes {codes}`"


def table(rows: list[dict[str, float | None]]) -> str:
    """`error_table` in HTML, one line for each code size."""
    head = ["code", "auto\u00adencoder", "linear", "PCA", "ratio", "angle"]
    lines = [
        [
            f"{row['code']}",
            *(figure(row[key]) for key in (*KINDS, "ratio")),
            "–" if row["angle"] is None else f"{row['angle']:.1f}°",
        ]
        for row in rows
    ]
    caption = (
        "Ratio: autoencoder over PCA. Angle: the largest between the linear autoencoder and PCA."
    )
    return charts.table(head, lines, caption)


def big_number(number: str, caption: str) -> None:
    """A number of the page, large, and what it is."""
    gr.HTML(f'<div class="ll-number">{number}</div><div>{caption}</div>')


def say(words: str) -> None:
    """A line of text."""
    gr.Markdown(words, latex_delimiters=MATHS)


# ---------------------------------------------------------------------------------------------------------------------
# Over HTTP
# ---------------------------------------------------------------------------------------------------------------------


def offer_endpoints(found: dict[str, Lineup]) -> None:
    """What the experiments compute, as typed endpoints; pictures come as PNG in data: URIs."""

    def choose(data: Any) -> Lineup:
        if not isinstance(data, str) or data not in found:
            raise ValueError(f"The data must be one of: {', '.join(found)}.")
        return found[data]

    def png(lineup: Lineup, x: Array) -> str:
        return live.data_uri(lineup.to_uint8(x)[0])

    def autoencoder_reconstruct(
        data: str, code: int, example: int = 0, drawing: list[list[float]] | None = None
    ) -> dict[str, Any]:
        """Encode and decode one picture with every kind of autoencoder of one code size.

        data: the name of a data set. code: code size. example: number of a test picture. drawing: instead of the
        example, rows of grey levels, 0 paper to 255 ink, at most 512 by 512.
        """
        lineup = choose(data)
        code = checked_code(lineup, code)
        if drawing is None:
            sheet = lineup.examples[checked_example(lineup, example)]
        else:
            sheet = checked_drawing(drawing)
        x = lineup.seen(sheet)
        made = compare(lineup, code, x)
        return {"x": png(lineup, x)} | {
            kind: {"picture": png(lineup, y), "squared_error": error}
            for kind, (y, error) in made.items()
        }

    def autoencoder_errors(data: str) -> list[dict[str, Any]]:
        """Squared error on the test split by code size and kind, and the angle between linear autoencoder and PCA."""
        return error_table(choose(data))

    def autoencoder_between(data: str, code: int, start: int, end: int, t: float) -> dict[str, Any]:
        """The picture at t in 0..1 on each way between two examples, and how far the way bends off a cross-fade."""
        lineup = choose(data)
        code = checked_code(lineup, code)
        ends = lineup.x([checked_example(lineup, number) for number in (start, end)])
        t = checked_number(t, 0, 1, "t")
        ways = {kind: between(model, code, ends, t) for kind, model in lineup.at(code).items()}
        return {"fade": png(lineup, (1 - t) * ends[:1] + t * ends[1:])} | {
            kind: {"picture": png(lineup, x), "bend": bend} for kind, (x, bend) in ways.items()
        }

    def autoencoder_sample(
        data: str, code: int, seed: int = 0, spread: float = 1.0
    ) -> dict[str, Any]:
        """Sheets of pictures from random codes of a spread, from the fitted Gaussian, and of real pictures.

        Each with its code error: median ‖z − E(D(z))‖² over the variance of the training pictures' codes.
        """
        lineup = choose(data)
        code = checked_code(lineup, code)
        spread = checked_number(spread, 0, MOST_SPREAD, "The spread")
        images, errors = sheets(lineup, code, checked_seed(seed), spread)
        return {
            name: {"picture": live.data_uri(image), "code_error": errors[name]}
            for name, image in images.items()
        }

    endpoints: list[Callable[..., Any]] = [
        autoencoder_reconstruct,
        autoencoder_errors,
        autoencoder_between,
        autoencoder_sample,
    ]
    for function in endpoints:
        gr.api(spoken(function), api_name=function.__name__)
