"""One slider for each attribute: a walk along its direction, and what else moves on the way."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import MATHS, Experiment
from gen_models.app.chapters.faces import common
from gen_models.app.chapters.faces.common import Face, Models
from gen_models.app.chapters.vae import common as vae
from gen_models.app.checks import checked_number
from gen_models.app.shell import address, layout, parts
from gen_models.errors import BadRequest
from gen_models.families import MetricId
from gen_models.runtime import Array, Model

EXTENT = 4.0
"""Standard deviations of an attribute, to either side."""
FIRST = 7
"""The head that is shown at first."""
START = {"yaw": 3.0}
"""What has been moved at first."""
SLIDERS, RESULTS = "faces-attributes", "faces-attributes-results"
KNOWN = 0.7
"""An attribute whose direction has a smaller AUC gets no slider: it would do nothing."""
TOGETHER = 0.1
"""An attribute that moves by this much when another is moved by 1 is marked."""


def is_known(model: Model, attribute: str) -> bool:
    """Whether z tells of an attribute; where nobody measured it, it may."""
    auc = parts.metric(model, MetricId.ATTRIBUTE_AUROC, attribute)
    return auc is None or auc >= KNOWN


def offered(model: Model) -> list[str]:
    """The attributes that have a slider."""
    return [name for name in common.attributes_of(model) if is_known(model, name)]


def labels_of(model: Model) -> list[str]:
    """A name for each slider: the attribute, and how well it is told apart."""
    return [f"{common.called(name)} · {common.separation(model, name)}" for name in offered(model)]


def left_out(model: Model) -> str:
    """Which attributes have no slider, and why: a sentence, or nothing."""
    unknown = [name for name in common.attributes_of(model) if not is_known(model, name)]
    each = ", ".join(
        f"{common.called(name)} ({common.separation(model, name)})" for name in unknown
    )
    return f"No slider, since $z$ hardly tells of them: {each}." if each else ""


def amounts_of(model: Model, values: Array) -> Array:
    """Amounts (a,) of all attributes, for the values of the sliders."""
    names = common.attributes_of(model)
    amounts = np.zeros(len(names), np.float32)
    amounts[[names.index(name) for name in offered(model)]] = values
    return amounts


def edited(model: Model, z: Array, amounts: Array) -> Array:
    """z (k,) and z + dz for amounts (a,): (2, k)."""
    return np.stack([z, z + common.step(model, amounts[None])[0]])


def amount(value: float, decimals: int = 1) -> str:
    """A number with a true minus, zero without one."""
    return parts.format_number(round(float(value), decimals) + 0.0, decimals)


def at(model: Model, z: Array, amounts: Array) -> controls.Reply:
    """The face at z (k,), the one `amounts` (a,) away, and every attribute read from both."""
    both = edited(model, z, amounts)
    before, after = vae.decode(model, both)
    readings = common.read(model, both)
    return {
        "images": {"before": controls.pixels(before), "after": controls.pixels(after)},
        "text": {
            name: f"{amount(a)} → {amount(b)}"
            for name, a, b in zip(common.attributes_of(model), *readings, strict=True)
        },
    }


def together(model: Model) -> Array:
    """How far each attribute of a column moves when that of a row is moved by 1, at the mean face: (a, a)."""
    n = len(common.attributes_of(model))
    z = common.step(model, np.concatenate([np.zeros((1, n)), np.eye(n)]))
    readings = common.read(model, z)
    return readings[1:] - readings[:1]


def table_of(model: Model) -> str:
    """`together` in Markdown; what moves along is bold."""
    names = [common.called(name) for name in common.attributes_of(model)]

    def cell(value: float, own: bool) -> str:
        number = amount(value, 2)
        return f"**{number}**" if abs(value) >= TOGETHER and not own else number

    rows = [
        f"| {name} + 1 | {' | '.join(cell(v, i == j) for j, v in enumerate(row))} |"
        for i, (name, row) in enumerate(zip(names, together(model).tolist(), strict=True))
    ]
    return "\n".join([f"| moved | {' | '.join(names)} |", "|---" * (1 + len(names)) + "|", *rows])


def build(models: Models) -> None:
    """Lay out a slider for each attribute, beside the face before and after."""
    first = next(iter(models.values()))
    number = common.first_number(first, FIRST)

    def walk(request: controls.Request) -> controls.Reply:
        model = parts.get_model(models, request["context"].get("model"))
        z = vae.checked_latent(model, request["context"].get("z"))
        return at(model, z, amounts_of(model, request["value"]))

    with layout.controls(long=True):
        choice = address.named("model", parts.model_choice(models, first))
        sliders = controls.LatentSliders(
            walk,
            labels=labels_of(first),
            value=starts(first),
            lo=-EXTENT,
            hi=EXTENT,
            sweep=True,
            context=_context(first, common.face(first, number)),
            screens=[("before", "z"), ("after", "z′ = z + t d")],
            numbers=[(name, common.called(name)) for name in every_attribute(models)],
            label="t, in standard deviations",
            elem_id=SLIDERS,
            results=RESULTS,
            address="t",
        )
        unknown = gr.Markdown(left_out(first), latex_delimiters=MATHS, elem_classes="ll-aside")
        source = common.OneFace(models, choice, number, "faces-attributes-heads", random=True)
    with layout.results():
        layout.outlet(RESULTS)
    with layout.wide(), gr.Accordion("What moves together", open=False):
        parts.markdown(
            "From the mean face, one attribute a row is moved by one standard deviation; each column is what the "
            "model then reads. If each attribute had a direction of its own, there would be 1 from corner to corner "
            f"and 0 elsewhere. **Bold**: another attribute that moves by {TOGETHER} or more. The AUC beside a slider "
            "is how well its direction tells apart test heads with more and with less of the attribute: 0.5 is "
            "chance, 1 is never wrong."
        )
        table = gr.Markdown(
            table_of(first), elem_classes="ll-facts", latex_delimiters=MATHS, container=False
        )

    def take(model: Model, face: Face) -> list[Any]:
        new = gr.update(labels=labels_of(model), context=_context(model, face))
        return [new, table_of(model), left_out(model)]

    source.then(take, [sliders, table, unknown], "faces_edit")


def starts(model: Model) -> list[float]:
    """Where the sliders stand at first: one attribute has been moved, so that there is something to see."""
    return [START.get(name, 0.0) for name in offered(model)]


def every_attribute(models: Models) -> list[str]:
    """The attributes of all models together, each once."""
    return [
        *dict.fromkeys(name for model in models.values() for name in common.attributes_of(model))
    ]


def _context(model: Model, face: Face) -> dict[str, Any]:
    return {"model": model.card.name, "z": face.z.tolist()}


def checked_amounts(model: Model, value: Any) -> Array:
    """float32 (a,) from {attribute: amount}, 0 for those not named."""
    names = common.attributes_of(model)
    if not isinstance(value, dict) or not value.keys() <= {*names}:
        raise BadRequest(f"The attributes of this model are {', '.join(names)}.")
    amounts = [
        checked_number(value.get(name, 0), -EXTENT, EXTENT, f"The amount of {common.called(name)}")
        for name in names
    ]
    return np.array(amounts, np.float32)


def offer(models: Models) -> None:
    """The same over HTTP."""

    def edit(model: str, z: list[float], amounts: dict[str, float]) -> dict[str, Any]:
        """Walk from z by amounts such as {"smile": 2}, in standard deviations: the new z, its head as a PNG in a
        data: URI, and all attributes read before and after.
        """
        chosen = parts.get_model(models, model)
        both = edited(chosen, vae.checked_latent(chosen, z), checked_amounts(chosen, amounts))
        before, after = common.read(chosen, both).tolist()
        names = common.attributes_of(chosen)
        return {
            "z": both[1].tolist(),
            "picture": controls.data_uri(vae.decode(chosen, both[1:])[0]),
            "before": dict(zip(names, before, strict=True)),
            "after": dict(zip(names, after, strict=True)),
        }

    parts.endpoint(edit, "faces_edit")


EXPERIMENT = Experiment(
    id="attributes",
    title="Attributes",
    idea="An attribute is a direction $d$ of latent space: walk along it, and the head changes. The readings say what "
    "changed on the way, and what else did.",
    equation=r"z' = z + \sum_{a} t_a\, d_a, \quad \hat{x} = D_\theta(z')",
    lecture="§2.6",
    notice="*Yaw* turns the head. Move *masculine* instead: *age* and *beard* come along, since nothing in the ELBO "
    "asks for one direction per attribute. Smile and hair length have no slider: their AUC is 0.54 and 0.63, where 0.5 "
    "is chance, so $z$ hardly tells of them. Size does not decide it: hair is many pixels, and glasses, with 0.99, are "
    "few.",
    control=f"#{SLIDERS} .ll-slider",
    result=f"#{RESULTS} canvas[data-slot=after]",
    number=f"#{RESULTS} .ll-number",
    elsewhere="face=345&t=0,2,0,0,1.5,0,-1,0",
    build=build,
)
