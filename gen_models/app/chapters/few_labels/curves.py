"""Error against the number of labels: what was done with them, and with which encoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import gradio as gr

from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.few_labels.common import ENCODERS, encoders_of, first_of
from gen_models.app.checks import user_facing
from gen_models.app.shell import address, charts, layout
from gen_models.app.shell.parts import big_numbers, markdown
from gen_models.cards import Card, Metric
from gen_models.errors import BadRequest
from gen_models.families import MetricId, Objective, parse_key

PREFIX = "few-labels-curves"
WAYS = {
    "frozen": "Frozen",
    "fine-tuned": "Fine-tuned",
    "joint": "Joint",
}
REFERENCES = {
    "scratch": "From scratch",
    "pca": "PCA, logistic",
    "pixels": "Pixels, logistic",
    "random": "Untrained encoder, logistic",
}
"""What needs no encoder that was trained."""
COLOURS = {
    Objective.UNWARPING: "#26868c",
    Objective.DENOISING: "#b8651b",
    Objective.VAE: "#8a63c9",
    Objective.PLAIN: "#4c8c3a",
    "scratch": "#7b746a",
    "pca": "#3c78dc",
    "pixels": "#c2477f",
    "random": "#9a7b00",
}
"""Each has a contrast of 3 or more on the light page and on the dark one."""
AT = 100
"""Labels at which the numbers are taken."""


class Line(NamedTuple):
    """One curve: errors in per cent and their standard deviations, by number of labels."""

    name: str
    colour: str
    labels: list[int]
    errors: list[float]
    sds: list[float]
    dashed: bool


Metrics = Mapping[str, Metric]


def studies_of(card: Card) -> dict[str, str]:
    """Whose numbers the card has: its own, "", and those of studies of other data, by name, each with its data."""
    others = {parse_key(key).model: "" for key in card.metrics if key.startswith(MetricId.ERROR)}
    return {each: (each or card.name).removeprefix("few-labels-").capitalize() for each in others}


def metrics_of(card: Card, study: str) -> Metrics:
    """The numbers of one of `studies_of`, by the keys that its own card has."""
    return {
        key.partition("@")[0]: metric
        for key, metric in card.metrics.items()
        if parse_key(key).model == study
    }


def line(
    metrics: Metrics, name: str, colour: str, *key: object, dashed: bool = False
) -> Line | None:
    """The curve of a way, an objective and whether images were augmented; None if it was not measured."""
    labels = sorted(
        int(found.rpartition("/")[2])
        for found in metrics
        if found.rpartition("/")[0] == MetricId.ERROR.of(*key)
    )
    if not labels:
        return None
    errors = [metrics[MetricId.ERROR.of(*key, n)].value for n in labels]
    found = [metrics.get(MetricId.ERROR_SD.of(*key, n)) for n in labels]
    sds = [each.value if each else 0.0 for each in found]
    return Line(name, colour, labels, errors, sds, dashed)


def was_measured(metrics: Metrics, way: str) -> bool:
    """Whether there is an error of this way."""
    return any(key.startswith(f"{MetricId.ERROR.of(way)}/") for key in metrics)


def lines(metrics: Metrics, way: str, objectives: Sequence[str], augmented: bool) -> list[Line]:
    """The curves of one setting: encoders by this way, and what they are to be compared with."""
    told = "augmented" if augmented else "unchanged"
    frozen = way == "frozen"  # nothing that sees images learns
    made = [
        line(metrics, name, COLOURS[each], way, str(each), "unchanged" if frozen else told)
        for each, name in ENCODERS.items()
        if each in objectives
    ]
    for each in REFERENCES if frozen else ("scratch",):
        how = told if each == "scratch" else "unchanged"
        made.append(line(metrics, REFERENCES[each], COLOURS[each], each, "no", how, dashed=True))
    return [each for each in made if each]


def chart(metrics: Metrics, way: str, objectives: Sequence[str], augmented: bool) -> str:
    """The curves as SVG."""
    drawn = [
        charts.Curve(
            each.name, each.labels, each.errors, each.colour, sd=each.sds, dashed=each.dashed
        )
        for each in lines(metrics, way, objectives, augmented)
    ]
    if not drawn:
        return "<p>This was not measured: choose another encoder.</p>"
    seen = "Curves of error against the number of labels; the numbers are in the table below."
    return charts.log_log(drawn, "labels", "error on test images, %", seen)


def numbers(metrics: Metrics, way: str, objectives: Sequence[str], augmented: bool) -> str:
    """The errors at AT labels of the best encoder shown and from scratch, large."""
    found = {each.name: each for each in lines(metrics, way, objectives, augmented)}
    at = {
        name: each.errors[each.labels.index(AT)]
        for name, each in found.items()
        if AT in each.labels
    }
    trained = {name: error for name, error in at.items() if name in ENCODERS.values()}
    pairs = []
    if trained:
        best = min(trained, key=lambda name: trained[name])
        pairs.append(
            (
                f"{trained[best]:.1f} %",
                f"error at {AT} labels: {_in_a_sentence(best)}, the best shown",
            )
        )
    if (scratch := at.get(REFERENCES["scratch"])) is not None:
        pairs.append((f"{scratch:.1f} %", f"from scratch, {'' if augmented else 'not '}augmented"))
    return big_numbers(pairs)


def _in_a_sentence(name: str) -> str:
    """Begin a name with a small letter, but for VAE."""
    return name if name.isupper() else name.lower()


def table(metrics: Metrics) -> str:
    """All that was measured, in HTML."""
    rows = []
    for way, name in (WAYS | REFERENCES).items():
        for each, encoder in {**ENCODERS, None: ""}.items():
            for told in ("unchanged", "augmented"):
                found = line(metrics, "", "", way, str(each or "no"), told)
                if found:
                    head = ": ".join(filter(None, (name, _in_a_sentence(encoder))))
                    by = dict(
                        zip(found.labels, zip(found.errors, found.sds, strict=True), strict=True)
                    )
                    cells = [f"{by[n][0]:.1f} ± {by[n][1]:.1f}" if n in by else "–" for n in LABELS]
                    rows.append([head, "yes" if told == "augmented" else "no", *cells])
    head = ["", "augmented", *map(str, LABELS)]
    caption = (
        "Error in per cent of test images by number of labels: mean and standard deviation over draws of labels and "
        "trainings. How many of each stands in the model’s facts below."
    )
    return charts.table(head, rows, caption)


LABELS = (10, 50, 100, 300, 1000)


def build(models: Models) -> None:
    """Switches, the curves, the numbers at AT labels, and all of them in a table."""
    card = first_of(models).card
    encoders_at_hand, studies = encoders_of(card), studies_of(card)
    own = metrics_of(card, "")
    start = ("frozen", [*encoders_at_hand], False)
    with layout.controls():
        study = address.named(
            "data",
            gr.Radio(
                [(data, name) for name, data in studies.items()],
                value="",
                label="Images",
                visible=len(studies) > 1,
            ),
        )
        way = address.named(
            "way",
            gr.Radio(
                [(name, key) for key, name in WAYS.items() if was_measured(own, key)],
                value=start[0],
                label="What the labels are for",
                elem_id=f"{PREFIX}-way",
            ),
        )
        encoders = address.named(
            "encoders",
            gr.CheckboxGroup(
                [(name, key) for key, name in encoders_at_hand.items()],
                value=start[1],
                label="Encoders, trained without a label",
            ),
        )
        augmented = address.named(
            "augmented", gr.Checkbox(start[2], label="Augment the labelled images")
        )
    with layout.results(), gr.Row(elem_classes="ll-beside few-labels-row"):
        shown = gr.HTML(chart(own, *start), elem_id=f"{PREFIX}-chart")
        big = gr.HTML(numbers(own, *start), elem_id=f"{PREFIX}-numbers")
    with layout.wide():
        rows = gr.HTML(table(own), css_template=charts.TABLE_CSS)
        markdown(
            "*Frozen* fits logistic regression to the codes of labelled images; *fine-tuned* lets all weights go on "
            "learning; *joint* learns from the labels and from the reconstruction of all images. Every way gets the "
            "same labels: draw number 1 is the same images for all. Bars are standard deviations; without one, a "
            "number is of a single draw. *From scratch* is the same network as *fine-tuned*, from random weights. "
            "Augmented images are turned, bent and shifted at random; frozen codes are of images as they are. Settings "
            "were chosen on a sixth of the training images."
        )

    @user_facing
    def show(study: str, way: str, encoders: list[str], augmented: bool) -> tuple[str, str, str]:
        """The curves of a setting."""
        if way not in WAYS or not isinstance(encoders, list) or not set(encoders) <= set(ENCODERS):
            raise BadRequest("There is no such curve.")
        if study not in studies:
            raise BadRequest("There are no such images.")
        metrics, setting = metrics_of(card, study), (way, encoders, bool(augmented))
        return numbers(metrics, *setting), chart(metrics, *setting), table(metrics)

    gr.on(
        [study.change, way.change, encoders.change, augmented.change],
        show,
        [study, way, encoders, augmented],
        [big, shown, rows],
        api_visibility="private",
        queue=False,
        show_progress="hidden",
    )


EXPERIMENT = Experiment(
    id="curves",
    title="Curves",
    idea="The lecture’s claim: with few labels, an encoder that learnt from images without labels helps. Where it "
    "holds, and where augmentation does as much.",
    equation=r"\begin{aligned} \min_{E, D}\ & \mathbb{E}_x\, [-\log p(x | D(E(\tilde{x})))] && \text{no labels} \\ "
    r"\min_{W (, E)}\ & \mathbb{E}_{(x, y)} [-\log p(y | W, E(x))] && \text{with few} \end{aligned}",
    lecture="§1.4",
    notice="With 100 labels un-warping’s frozen code errs in 8.5 %, a plain autoencoder’s in 21.1 %, the network from "
    "scratch in 27.7 %: here the claim holds. Augment the labels, and scratch errs in 6.1 %, less than with any "
    "encoder, frozen or fine-tuned. On *Fashion* un-warping, 31.0 %, is no better than pixels, 30.0 %.",
    control=f"#{PREFIX}-way",
    result=f"#{PREFIX}-chart svg",
    number=f"#{PREFIX}-numbers .ll-number",
    elsewhere="way=fine-tuned&augmented=1&encoders=plain",
    build=build,
)
