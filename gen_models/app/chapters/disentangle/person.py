"""Person and view: one head with the view of another, beside what the renderer says; and every person in every view."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.disentangle import common
from gen_models.app.checks import checked_integer, checked_number, user_facing
from gen_models.app.shell import address, layout
from gen_models.app.shell.parts import endpoint, format_number, get_model, markdown, metric
from gen_models.families import MetricId, ViewsFacts, parse_key
from gen_models.numerics import latents
from gen_models.runtime import Array, Model, ModelError, from_uint8
from gen_models.tables import markdown_table

SLIDER, RESULTS = "disentangle-person", "disentangle-person-results"
PERSON, VIEW = 5, 1
"""The images that s and z are of at first."""
FRAME = 3
"""Pixels of the frame around the pair that is chosen."""
NAMES = {
    "person": "all of the person",
    "view": "all of the view",
    "background_hue": "hue of the background",
    "background_value": "brightness of the background",
    "grey": "grey hair",
    "light_azimuth": "side of the light",
    "light_elevation": "height of the light",
    "pitch": "nod (pitch)",
    "roll": "tilt (roll)",
    "shape_a": "first of three shapes",
    "shape_b": "second of three shapes",
    "shape_c": "third of three shapes",
    "shirt_hue": "hue of the shirt",
    "yaw": "turn (yaw)",
}
"""Of what is read, where a factor's own name does not say it."""
SOURCES = {"image": "the image", "s": "s", "z": "z"}
TRAIN = "python -m training.disentangle_views --name NAME"
PARTS = ("person", "view")


# ---------------------------------------------------------------------------------------------------------------------
# Which models
# ---------------------------------------------------------------------------------------------------------------------


def settings(models: Models) -> Models:
    """Codes of a person and a view, those whose z an adversary and noise keep clean first."""

    def order(model: Model) -> tuple[bool, int]:
        return facts_of(model).adversary == 0, common.z_dim(model)

    found = [model for model in models.values() if model.card.family == "views"]
    return {model.card.name: model for model in sorted(found, key=order)}


def has_heads(model: Model) -> bool:
    """Whether what a code of a person and a view is shown on is there; of any other model, that it needs none."""
    if model.card.family != "views":
        return True
    try:
        return bool(len(heads(model))) and len(rendered(model)) == len(heads(model))
    except ModelError:
        return False


def facts_of(model: Model) -> ViewsFacts:
    """What is known of its training."""
    return model.card.facts_as(ViewsFacts)


def name_of(model: Model) -> str:
    """What tells it from the others: "12-D z, β = 1, adversary"."""
    facts = facts_of(model)
    judge = "adversary" if facts.adversary else "no adversary"
    return f"{common.z_dim(model)}-D z, β = {facts.beta:g}, {judge}"


def checked(models: Models, name: Any) -> Model:
    """A code of a person and a view by name."""
    return get_model(settings(models), name)


# ---------------------------------------------------------------------------------------------------------------------
# Images
# ---------------------------------------------------------------------------------------------------------------------


@cache
def heads(model: Model) -> Array:
    """Test images of persons that training has not seen, uint8 (n, h, w, c).

    Raises:
        ModelError: they are missing.
    """
    return model.sheet("donors")[0]


@cache
def rendered(model: Model) -> Array:
    """The person of each of them, a row, in the view of each, a column: uint8 (n, n, h, w, c).

    Raises:
        ModelError: they are missing.
    """
    return model.sheet("swaps")


@cache
def codes(model: Model) -> tuple[Array, Array]:
    """Their s (n, j) and the mean of their q(z|x) (n, k)."""
    return common.encode(
        model, from_uint8(heads(model), model.input("encoder", "x").range or common.UNIT)
    )


@cache
def grid(model: Model) -> Array:
    """Every person, one a column, in every view, one a row, bytes (h, w, c); what is given stands on top and left."""
    given, (s, z) = heads(model), codes(model)
    n = len(given)
    made = common.as_bytes(model, common.decode(model, np.tile(s, (n, 1)), np.repeat(z, n, axis=0)))
    paper = np.full_like(given[:1], 255)
    rows = [np.concatenate([paper, given])]
    rows += [np.concatenate([given[i : i + 1], made[i * n : (i + 1) * n]]) for i in range(n)]
    image = controls.grid(np.concatenate(rows), 1 + n, fill=255)
    return np.pad(image, ((0, 1), (0, 1), (0, 0)), constant_values=255)


def framed(model: Model, person: int, view: int) -> Array:
    """The grid with a frame around one image: bytes (h, w, c)."""
    image, side = grid(model).copy(), heads(model).shape[1]
    top, left = ((1 + i) * (side + 1) - 1 for i in (view, person))
    bottom, right = top + side + 1, left + side + 1
    for edge in range(FRAME):
        image[[top + edge, bottom - edge], left : right + 1] = 0
        image[top : bottom + 1, [left + edge, right - edge]] = 0
    return image


def swap(model: Model, person: int, view: int, t: float) -> Array:
    """D(s, (1 − t) z + t z') of a person's s and z, and the z' of another image: bytes (h, w, c)."""
    s, z = codes(model)
    x = common.decode(model, s[[person]], latents.along(z[[person, view]], np.array([t])))
    return common.as_bytes(model, x)[0]


def error(a: Array, b: Array) -> float:
    """Mean |difference| of two images, bytes (h, w, c), of numbers in [0, 1]."""
    return float(np.abs(from_uint8(a[None]) - from_uint8(b[None])).mean())


# ---------------------------------------------------------------------------------------------------------------------
# The page
# ---------------------------------------------------------------------------------------------------------------------


def variance(model: Model, part: str, source: str) -> str:
    """The explained variance of a part, or of a factor, as it is shown."""
    value = metric(model, MetricId.EXPLAINED_VARIANCE, part, source)
    return "–" if value is None else format_number(value, 2)


def show(models: Models, request: controls.Request) -> controls.Reply:
    """Answer the slider."""
    context = request["context"]
    model = checked(models, context.get("model"))
    person, view = (place(model, context.get(key)) for key in ("person", "view"))
    made = swap(model, person, view, float(request["value"][0]))
    truth = rendered(model)[person, view]
    images = {"swap": controls.pixels(made), "truth": controls.pixels(truth)}
    if {"model", "person", "view"} & {*request.get("changed", ["model"])}:
        images["grid"] = controls.photo(framed(model, person, view))
    return {
        "images": images,
        "text": {
            "error": format_number(error(made, truth), 3),
            "copy": format_number(error(heads(model)[view], truth), 3),
            "person": variance(model, "person", "z"),
            "view": variance(model, "view", "z"),
        },
    }


def place(model: Model, number: Any) -> int:
    """One of the heads by number."""
    return checked_integer(number, 0, len(heads(model)) - 1, "The number of a head")


def table(model: Model) -> str:
    """What is read from the image, from s and from z: Markdown.

    First of the person, then of the view, and under each the factors that are rather in s, or rather in z.
    """

    def value(name: str, source: str) -> float:
        return metric(model, MetricId.EXPLAINED_VARIANCE, name, source) or 0.0

    keys = map(parse_key, model.card.metrics)
    factors = {key.variants[0] for key in keys if key.id == MetricId.EXPLAINED_VARIANCE} - {*PARTS}
    of_person = {name for name in factors if value(name, "s") > value(name, "z")}
    order: list[str] = []
    for part, names in zip(PARTS, (of_person, factors - of_person), strict=True):
        order += [part, *sorted(names, key=lambda name: -value(name, "image"))]
    rows = [
        (NAMES.get(name, name.replace("_", " ")), *(variance(model, name, of) for of in SOURCES))
        for name in order
    ]
    return markdown_table(("read", *(f"from {words}" for words in SOURCES.values())), rows)


def build(models: Models) -> None:
    """Lay out the heads, the swap and the grid."""
    found = settings(models)
    if not found:
        markdown(f"To swap heads, train a code of a person and a view: `{TRAIN}`.")
        return
    first = next(iter(found.values()))
    images = heads(first)
    person, view = (min(i, len(images) - 1) for i in (PERSON, VIEW))
    with layout.controls(long=True):
        for key, value, label in (
            ("person", person, "Who it is: s"),
            ("view", view, "In whose view: z'"),
        ):
            controls.thumbnails(
                images,
                value,
                label=label,
                key=key,
                targets=[SLIDER],
                elem_id=f"{SLIDER}-{key}",
                address=key,
            )
        slider = controls.LatentSliders(
            partial(show, models),
            labels=["t"],
            value=[1.0],
            lo=0,
            hi=1,
            step=0.005,
            sweep=True,
            context={"model": first.card.name, "person": person, "view": view},
            screens=[
                ("grid", "every person, on top, in every view, at the left"),
                ("swap", "decoded from s and z at t"),
                ("truth", "rendered: right at t = 1"),
            ],
            numbers=[
                ("error", "mean |difference| of decoded and rendered"),
                ("copy", "of a copy of the image of z' and rendered"),
                ("person", "how much of the person is read from z; 1: all"),
                ("view", "how much of the view is read from z; 1: all"),
            ],
            label="From their own z, 0, to z', 1",
            elem_id=SLIDER,
            results=RESULTS,
            address="t",
        )
        choice = address.named(
            "model",
            gr.Radio(
                [(name_of(model), name) for name, model in found.items()],
                value=first.card.name,
                label="Trained with",
                visible=len(found) > 1,
            ),
        )
    with layout.results():
        layout.outlet(RESULTS)
    with layout.wide():
        markdown(
            "What is in a code is what can be read from it: a perceptron learnt it from codes of training heads, and "
            "was asked for heads of other people. 1: all of the variance is explained; 0: no more than by the mean, "
            "and below 0 less. A network that is given the images learnt the same; factors of which that explains "
            "less than half can hardly be seen, and are left out. The first model saw 960,000 images, the other "
            "256,000. On the mean its s says more of a person than that network can see, for it has learnt to know "
            "them in any view. The grin is in neither code: a mouth is few pixels. In the equation, $\\mathrm{Lap}_1$ "
            "is the absolute difference of two images at every scale, $b$ its unit; $A$ guesses from z which person of "
            "a batch it is of, and $u$ is a guess without knowledge; weights are $\\beta$, $\\iota$ and $\\lambda$."
        )
        read = gr.Markdown(table(first), elem_classes="ll-facts")

    @user_facing
    def follow(name: str) -> tuple[dict[str, Any], str]:
        """The same heads swapped by another model, and what is read from its codes."""
        model = checked(models, name)
        return gr.update(context={"model": model.card.name}), table(model)

    choice.change(follow, choice, [slider, read], api_visibility="private", show_progress="hidden")


def offer(models: Models) -> None:
    """The same over HTTP."""

    def person(model: str, person: int, view: int, t: float) -> dict[str, Any]:
        """A head with the person of one example and, at t = 1, the view of another, by their numbers, as a PNG in a
        data: URI; the same as it was rendered; and the mean absolute difference of both. At t = 0 its own view.
        """
        chosen = checked(models, model)
        i, j = (place(chosen, number) for number in (person, view))
        made = swap(chosen, i, j, checked_number(t, 0, 1, "t"))
        truth = rendered(chosen)[i, j]
        return {
            "picture": controls.data_uri(made),
            "rendered": controls.data_uri(truth),
            "error": error(made, truth),
        }

    endpoint(person, "disentangle_person")


EXPERIMENT = Experiment(
    id="person",
    title="Person and view",
    idea="Training knows only which images $x, x'$ show one person. $s$ says who it is, $z$ the rest: pose, light, "
    "background. The renderer knows the right answer to each swap.",
    equation=r"\begin{aligned} \min\ & \tfrac{1}{b}\, \mathrm{Lap}_1\big(x,\, D(s(x'), z)\big) + \beta\, "
    r"\mathrm{KL} \\ &+ \iota\, \lVert s(x) - s(x') \rVert^2 \\ &+ \lambda\, \mathrm{KL}\big(u \,\|\, "
    r"A(z)\big) \end{aligned}",
    lecture="§6.2",
    notice="*12-D z*: down a column the person stays, along a row the view. Over 1,008 pairs of people unseen in "
    "training, decoded and rendered differ by 0.028, a copy of the view's image by 0.112; nothing of the person can "
    "be read from z. *64-D z*: 0.59 of the person can, rows repeat the head at their left, and swaps are off by "
    "0.092.",
    control="#disentangle-person input",
    result="#disentangle-person-results canvas[data-slot=swap]",
    number="#disentangle-person-results .ll-number",
    elsewhere="t=0.4&person=3&view=7",
    build=build,
)
