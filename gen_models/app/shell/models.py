"""Every exported model: preview, numbers, licence, sizes, where it runs and how fast, and how to train it again."""

from __future__ import annotations

import base64
import csv
import time
from collections.abc import Sequence
from html import escape
from pathlib import Path

import gradio as gr
import numpy as np
from PIL import Image
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gen_models import numbers
from gen_models.app.checks import user_facing
from gen_models.app.hosting import gradio_private
from gen_models.app.hosting.hub_models import Repositories
from gen_models.app.shell import layout, page, thumbnails
from gen_models.cards import LOSSES, Card, Port
from gen_models.errors import BadRequest
from gen_models.runtime import Array, Model, backend, provider_in_use
from gen_models.tables import markdown_table

REPEATS = 30
SCRIPT = (Path(__file__).parent / "models.js").read_text("utf-8") + (
    "LatentLab.modelList(element, {props, trigger, watch})"
)
BACK = '<button type="button" class="ll-button">Back to the list</button>'
BACK_SCRIPT = (
    "element.querySelector('button').addEventListener('click',"
    " () => document.getElementById('models-list').scrollIntoView())"
)
"""For a narrow screen, where the card stands under the list."""
FEATURES = "Measuring samples"
"""Heading of the models that no chapter shows for themselves."""


def build(
    contents: Sequence[page.Contents],
    models: Sequence[Model],
    problems: Sequence[str],
    repositories: Repositories,
) -> None:
    """Lay out the page.

    Args:
        contents: the chapters, which group the models.
        models: all that are served.
        problems: a sentence for each that is not.
        repositories: where some of them come from.
    """
    gr.Markdown(
        "# Models\n\nEvery network in this app. Choose one to read its card: what it was trained on and how, and its "
        "numbers, each with what it was measured on and the command that measures it.",
        elem_classes="ll-lead",
    )
    for problem in problems:
        gr.Markdown(f"**{problem}**", elem_classes="ll-problem")
    if repositories.lines:
        from_the_hub(repositories)
    if not models:
        gr.Markdown(
            "There is no model under `exported/` yet: `python -m training.recipes` makes them."
        )
        return
    groups = grouped(contents, models)
    first = groups[0][1][0]
    by_name = {model.card.name: model for model in models}
    with gr.Row(elem_classes="ll-shelf", equal_height=False):
        with gr.Column(min_width=0):
            chosen = layout.fixed(
                listing(groups),
                "ll-front ll-list",
                SCRIPT,
                first.card.name,
                elem_id="models-list",
                label="Model",
            )
        with gr.Column(min_width=0, elem_id="models-card"):
            layout.fixed(BACK, "ll-front ll-back-to-list", BACK_SCRIPT)
            card = gr.Markdown(described(first), elem_classes="ll-facts")
            preview = gr.Image(
                thumbnails.preview(first),
                label="Preview",
                format="webp",
                interactive=False,
                buttons=["download"],
            )
            with gr.Accordion("Its graphs, and their speed here", open=False):
                graphs = gr.Markdown(graphs_of(first), elem_classes="ll-facts")
                measure = gr.Button("Measure its speed here")
                speed = gr.Markdown(elem_classes="ll-facts")
                if used := provider_in_use(models):
                    gr.Markdown(runs_on(used))
                    if warning := backend.warning(used):
                        gr.Markdown(f"**{warning}**", elem_classes="ll-problem")
    all_cards = [model.card for model in models]
    count = sum(len(each.metrics) for each in all_cards)
    layout.fixed(
        f'<h2>All numbers</h2><p><a href="{numbers.FILE}" download>{numbers.FILE}</a> holds the {count:,} numbers of '
        "these cards, each with its unit, what it was measured on, its seeds and its command, and where several seeds "
        "were taken, the 95 % interval of their mean.</p>",
        "ll-front ll-all",
    )
    with gr.Accordion("Show them here", open=False) as folded:
        table = gr.Markdown(elem_classes="ll-facts ll-all-numbers")

    @user_facing
    def show(name: str) -> tuple[str, Image.Image | None, str, str]:
        model = get_model(by_name, name)
        return described(model), thumbnails.preview(model), graphs_of(model), ""

    @user_facing
    def time_it(name: str) -> str:
        return latency_table(get_model(by_name, name))

    chosen.input(show, chosen, [card, preview, graphs, speed], api_name="models_card")
    measure.click(time_it, chosen, speed, api_name="models_latency", concurrency_limit=1)
    folded.expand(lambda: all_numbers(all_cards), None, table, api_name="models_numbers")


def grouped(
    contents: Sequence[page.Contents], models: Sequence[Model]
) -> list[tuple[str, list[Model]]]:
    """The models by the title of a chapter that shows each, its script's own if it may be; those of none come last."""
    groups: dict[str, list[Model]] = {each.chapter.title: [] for each in contents}
    for model in models:
        mine = [
            each.chapter
            for each in contents
            if each.chapter.shows(model.card) and model.card.family != "features"
        ]
        made = model.card.training.command.split()
        mine.sort(key=lambda chapter: chapter.script not in made)
        groups.setdefault(mine[0].title if mine else FEATURES, []).append(model)
    return [(title, found) for title, found in groups.items() if found]


def listing(groups: Sequence[tuple[str, Sequence[Model]]]) -> str:
    """A row for each model, by chapter, as HTML."""
    parts = []
    for title, models in groups:
        rows = "".join(f"<li>{row(model)}</li>" for model in models)
        parts.append(f"<section><h2>{escape(title)}</h2><ul>{rows}</ul></section>")
    return "".join(parts)


def row(model: Model) -> str:
    """A button: the model's image, its title, the number that stands for it, where it is from and how long it took."""
    card = model.card
    size = sum(graph.bytes for graph in card.graphs.values()) / 1e6
    facts = (card.lecture, f"{size:.2f} MB", f"training: {card.training.time}")
    number = "".join(f"<span>{escape(line)}</span>" for line in numbers.headlines(card, 1))
    image = thumbnails.image(
        f"models/{card.name}", thumbnails.SIDE, thumbnails.SIDE, "ll-thumbnail"
    )
    return (
        f'<button type="button" data-model="{escape(card.name)}" aria-pressed="false">{image}<span>'
        f"<strong>{escape(card.title)}</strong>{number}<small>{escape(' · '.join(facts))}</small></span></button>"
    )


def all_numbers(cards: Sequence[Card]) -> str:
    """What the file holds, but for units, notes and commands, in Markdown."""
    lines = csv.DictReader(numbers.table(cards).splitlines())
    rows = [
        (
            line["model"],
            line["label"],
            line["value"],
            f"{line['low']} to {line['high']}" if line["low"] else "",
            line["n"],
            line["seeds"],
        )
        for line in lines
    ]
    return markdown_table(("model", "number", "value", "95 % interval", "n", "seeds"), rows)


def _answer(request: Request) -> Response:
    blocks = gradio_private.blocks_of(request.app)
    models = blocks.models if isinstance(blocks, thumbnails.IllustratedBlocks) else ()
    return Response(numbers.table(model.card for model in models), media_type="text/csv")


ROUTE = Route(f"/{numbers.FILE}", _answer)
"""For `launch(app_kwargs={"routes": [ROUTE]})`: the numbers of the models that are served."""


def from_the_hub(repositories: Repositories) -> None:
    """What has become of the repositories the host named, kept up to date while something is under way."""
    gr.Markdown(
        "## From the Hugging Face Hub\n\nWhoever runs this app named these repositories. The page shows those that "
        "were here when it started; their graphs were checked against their cards."
    )
    lines = gr.Markdown(hub_lines(repositories), elem_classes="ll-facts")
    if repositories.settled:
        return
    clock = gr.Timer(2)

    def tick() -> tuple[str, gr.Timer]:
        return hub_lines(repositories), gr.Timer(active=not repositories.settled)

    clock.tick(
        tick, None, [lines, clock], api_name="models_hub", queue=False, show_progress="hidden"
    )


def hub_lines(repositories: Repositories) -> str:
    """One line for each repository, in Markdown."""
    return "\n".join(f"- {line}" for line in repositories.lines)


def get_model(models: dict[str, Model], name: str) -> Model:
    """The model called `name`, or one sentence for the visitor."""
    if not isinstance(name, str) or name not in models:
        raise BadRequest("There is no model of that name.")
    return models[name]


def described(model: Model) -> str:
    """Title and facts of a model, and the curves of its losses, in Markdown."""
    return f"## {model.card.title}\n\n{page.facts(model.card)}\n\n{losses(model)}"


def losses(model: Model) -> str:
    """The curves of its losses as an image, if they were kept: HTML."""
    path = model.folder / LOSSES
    if not path.is_file():
        return ""
    data = base64.b64encode(path.read_bytes()).decode()
    words = f"What was logged while {model.card.name} was trained, over its steps"
    return f'<img alt="{escape(words)}" src="data:image/svg+xml;base64,{data}">'


def runs_on(provider: str) -> str:
    """Where graphs run, as onnxruntime reports it."""
    n = backend.threads
    threads = "one thread" if n == 1 else f"{n} threads"
    return f"onnxruntime runs these graphs on **{provider}**, each on {threads}."


def graphs_of(model: Model) -> str:
    """The graphs of a model, in Markdown."""
    rows = [
        (
            role,
            f"{_ports(g.inputs)} → {_ports(g.outputs)}",
            f"{g.parameters:,}",
            f"{g.bytes / 1e3:.0f}",
            f"{g.parity:.0e}",
        )
        for role, g in model.card.graphs.items()
    ]
    made = markdown_table(("graph", "ports", "parameters", "kB", "difference"), rows)
    return f"{made}\n\n*Difference*: the largest one between torch and onnxruntime, at export."


def latency_table(model: Model) -> str:
    """Median time of each graph at batch 1 on this machine, now, in Markdown."""
    rows = [(role, f"{latency(model, role) * 1e3:.2f}") for role in model.card.graphs]
    how = f"Median of {REPEATS} runs, one image each, on {model.provider}:"
    return f"{how}\n\n{markdown_table(('graph', 'ms'), rows)}"


def latency(model: Model, role: str) -> float:
    """Median seconds of one run of a graph at batch 1."""
    feed = {port.name: _zeros(port) for port in model.card.graphs[role].inputs}
    model(role, **feed)  # opens the session
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        model(role, **feed)
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds))


def _zeros(port: Port) -> Array:
    return np.zeros([1 if isinstance(n, str) else n for n in port.shape], port.dtype)


def _ports(ports: Sequence[Port]) -> str:
    return ", ".join(f"{p.name} {'×'.join(str(n) for n in p.shape[1:])}" for p in ports)
