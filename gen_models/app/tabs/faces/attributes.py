"""One slider for each attribute: a walk along its direction, and what else moves on the way."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import live, parts
from gen_models.app.checks import checked_number
from gen_models.app.page import MATHS
from gen_models.app.tabs.faces import common
from gen_models.app.tabs.faces.common import Face, Models
from gen_models.app.tabs.vae import common as vae
from gen_models.runtime import Array, Model

EXTENT = 4.0
"""Standard deviations of an attribute, to either side."""
TOGETHER = 0.2
"""An attribute that moves by this much when another is moved by 1 is marked."""


def labels_of(model: Model) -> list[str]:
    """A name for each slider: the attribute, and how well it is told apart."""
    return [
        f"{common.called(name)} · {common.separation(model, name)}"
        for name in common.attributes_of(model)
    ]


def edited(model: Model, z: Array, amounts: Array) -> Array:
    """z (k,) and z + dz for amounts (a,): (2, k)."""
    return np.stack([z, z + common.step(model, amounts[None])[0]])


def amount(value: float, decimals: int = 1) -> str:
    """A number with a true minus, zero without one."""
    return parts.figure(round(float(value), decimals) + 0.0, decimals)


def at(model: Model, z: Array, amounts: Array) -> live.Reply:
    """The face at z (k,), the one `amounts` (a,) away, and every attribute read from both."""
    both = edited(model, z, amounts)
    before, after = vae.decode(model, both)
    readings = common.read(model, both)
    return {
        "pictures": {"before": live.picture(before), "after": live.picture(after)},
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


def build(model: Model, elem_id: str) -> None:
    """Lay out the attributes of a model."""
    first = common.first_face(model)
    names = common.attributes_of(model)
    parts.say(
        "Choose a head and move one attribute: $z' = z + t\\,d$, $t$ in standard deviations. Under the faces stands "
        "what each attribute was and what it is now, read from $z'$. The AUC is how well a direction tells apart test "
        "heads with more and with less of it: 0.5 is chance, 1 is never wrong."
    )

    def walk(request: live.Request) -> live.Reply:
        z = vae.checked_latent(model, request["context"].get("z"))
        return at(model, z, request["value"])

    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=300):
            pad = live.LatentSliders(
                walk,
                labels=labels_of(model),
                lo=-EXTENT,
                hi=EXTENT,
                sweep=True,
                context={"z": first.z.tolist()},
                screens=[("before", "z"), ("after", "z′ = z + t d")],
                numbers=[(name, common.called(name)) for name in names],
                label="Attributes, in standard deviations",
                elem_id=elem_id,
            )
        with gr.Column(scale=2, min_width=280):
            source = common.Source(model, f"{elem_id}-heads", random=True)
    with gr.Accordion("What moves together", open=False):
        parts.say(
            f"From the mean face, one attribute a row is moved by one standard deviation; each column is what the "
            f"model then reads. Without entanglement there would be 1 from corner to corner and 0 elsewhere. "
            f"**Bold**: another attribute that moves by {TOGETHER} or more."
        )
        gr.Markdown(table_of(model), elem_classes="ll-facts", latex_delimiters=MATHS)

    def take(face: Face) -> list[Any]:
        return [gr.update(context={"z": face.z.tolist()})]

    source.then(take, [], [pad], "faces_edit")


def checked_amounts(model: Model, value: Any) -> Array:
    """float32 (a,) from {attribute: amount}, 0 for those not named."""
    names = common.attributes_of(model)
    if not isinstance(value, dict) or not value.keys() <= {*names}:
        raise live.BadRequest(f"The attributes of this model are {', '.join(names)}.")
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
        chosen = parts.choose(models, model)
        both = edited(chosen, vae.checked_latent(chosen, z), checked_amounts(chosen, amounts))
        before, after = common.read(chosen, both).tolist()
        names = common.attributes_of(chosen)
        return {
            "z": both[1].tolist(),
            "picture": live.data_uri(vae.decode(chosen, both[1:])[0]),
            "before": dict(zip(names, before, strict=True)),
            "after": dict(zip(names, after, strict=True)),
        }

    parts.endpoint(edit, "faces_edit")
