"""From one image to another: a cross-fade, and the ways through the codes."""

from __future__ import annotations

from functools import partial

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.autoencoder import common
from gen_models.app.chapters.autoencoder.lineup import KINDS, Lineup, between
from gen_models.app.shell import layout
from gen_models.app.shell.parts import markdown

PREFIX = "autoencoder-between"
WAYS = ("pca", "conv")
"""The linear autoencoder's way is PCA's."""
FIRST = {"digits": (0, 14), "fashion": (8, 18)}
"""The examples to begin with, by data set: a 0 opens into a 4, a bag gets a handle."""


def show(lineup: Lineup, request: controls.Request) -> controls.Reply:
    """The image at t on each way from one example to another."""
    context = request["context"]
    code = common.checked_code(lineup, context.get("code"))
    ends = lineup.x([common.checked_example(lineup, context.get(end)) for end in ("start", "end")])
    t = float(request["value"][0])
    ways = {kind: between(model, code, ends, t) for kind, model in lineup.at(code).items()}
    images = {"fade": (1 - t) * ends[:1] + t * ends[1:]} | {k: x for k, (x, _) in ways.items()}
    text = {
        f"bend-{kind}": common.format_number(ways[kind][1] if kind in ways else None)
        for kind in KINDS
    }
    return {"images": common.painted(lineup, images), "text": text}


def build(models: Models) -> None:
    """Two images and a t between them, and the three ways."""
    panels = common.Panels(models.values())
    with layout.controls(long=True):
        panels.choice()
        for i, lineup in panels.each():
            if len(lineup.examples) > 1:
                lay_out_controls(lineup, f"{PREFIX}-{i}")
            else:
                markdown(common.NO_EXAMPLES)
    with layout.results():
        for i, lineup in panels.each():
            layout.outlet(f"{PREFIX}-{i}-results", under=True)
            common.note_missing(lineup, WAYS)
    panels.connect()


def lay_out_controls(lineup: Lineup, way: str) -> None:
    """The slider `way` for t, the code size, and the two images."""
    code = common.middle(lineup.codes)
    shown = lineup.examples[: common.THUMBNAILS]
    start, end = (min(i, len(shown) - 1) for i in FIRST.get(lineup.dataset.name, (0, 1)))
    kinds = [kind for kind in WAYS if kind in lineup.models]
    controls.LatentSliders(
        partial(show, lineup),
        labels=["t"],
        value=[0.5],
        lo=0,
        hi=1,
        sweep=True,
        context={"code": code, "start": start, "end": end},
        screens=[("fade", "Cross-fade of pixels"), *((kind, KINDS[kind]) for kind in kinds)],
        numbers=[
            (f"bend-{k}", f"{KINDS[k]}: squared distance from a cross-fade of its ends")
            for k in kinds
        ],
        label="From the first image to the second",
        elem_id=way,
        results=f"{way}-results",
        address="t",
    )
    common.code_slider(lineup.codes, code, way)
    for key, label, value, name in (("start", "From", start, "from"), ("end", "To", end, "to")):
        controls.thumbnails(
            shown,
            value,
            label=label,
            key=key,
            targets=[way],
            elem_id=f"{way}-{key}",
            address=name,
        )


EXPERIMENT = Experiment(
    id="between",
    title="Between two",
    idea="Go from one image to another, in a straight line through their codes. If the code holds what matters in an "
    "image, what lies between two images is an image too, and not both at once.",
    equation=r"\begin{aligned} z_t &= (1 - t)\,E(x_0) + t\,E(x_1) \\ \hat{x}_t &= D(z_t) \end{aligned}",
    lecture="§1.1",
    notice="Press Play. The autoencoder’s 0 opens and becomes a 4, stroke by stroke, and its number is 51 "
    "halfway; PCA shows both at once, as the cross-fade does: its decoder is linear, and its number stays 0.00.",
    control=f'[id^="{PREFIX}"] .ll-slider input',
    result=f'[data-outlet^="{PREFIX}"] .ll-screens',
    number=f'[data-outlet^="{PREFIX}"] .ll-number',
    elsewhere="data=fashion&code=16&from=4&to=9&t=0.25",
    build=build,
)
