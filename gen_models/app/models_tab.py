"""Every exported model: preview, numbers, licence, sizes, where it runs and how fast, and how to train it again."""

from __future__ import annotations

import time
from collections.abc import Sequence

import gradio as gr
import numpy as np
from PIL import Image

from gen_models.app import page
from gen_models.app.hosted import Repositories
from gen_models.cards import Port
from gen_models.runtime import THREADS, Array, Model, ModelError, backend

REPEATS = 30


def build(models: Sequence[Model], problems: Sequence[str], repositories: Repositories) -> None:
    """Lay out the page."""
    gr.Markdown(
        "Every network in this app, with the numbers its card records. A number stands beside what it was "
        "measured on and the command that measures it.",
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
    gr.Markdown(runs_on(models[0]))
    if warning := backend.warning(models[0].provider):
        gr.Markdown(f"**{warning}**", elem_classes="ll-problem")
    by_name = {model.card.name: model for model in models}
    gr.Markdown(overview(models), elem_classes="ll-facts")
    name = gr.Dropdown(list(by_name), label="Model", info="Choose one to see its card.")
    with gr.Row():
        with gr.Column(scale=3, min_width=340):
            card = gr.Markdown(described(models[0]), elem_classes="ll-facts")
        with gr.Column(scale=2, min_width=300):
            preview = gr.Image(
                preview_of(models[0]),
                label="Preview",
                format="png",
                interactive=False,
                buttons=["download"],
            )
            measure = gr.Button("Measure its speed here")
            speed = gr.Markdown(elem_classes="ll-facts")
    with gr.Accordion("Its graphs", open=False):
        graphs = gr.Markdown(graphs_of(models[0]), elem_classes="ll-facts")

    def show(name: str) -> tuple[str, Image.Image | None, str, str]:
        model = choose(by_name, name)
        return described(model), preview_of(model), graphs_of(model), ""

    def time_it(name: str) -> str:
        return latency_table(choose(by_name, name))

    name.change(show, name, [card, preview, graphs, speed], api_name="models_card")
    measure.click(time_it, name, speed, api_name="models_latency", concurrency_limit=1)


def from_the_hub(repositories: Repositories) -> None:
    """What has become of the repositories the host named, kept up to date while something is under way."""
    gr.Markdown(
        "### From the Hugging Face Hub\n\nWhoever runs this app named these repositories. The page shows those that "
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


def choose(models: dict[str, Model], name: str) -> Model:
    """The model called `name`, or one sentence for the visitor."""
    if not isinstance(name, str) or name not in models:
        raise gr.Error("There is no model of that name.", print_exception=False)
    return models[name]


def described(model: Model) -> str:
    """Title and facts of a model, in Markdown."""
    return f"### {model.card.title}\n\n{page.facts(model.card)}"


def runs_on(model: Model) -> str:
    """Where graphs run, as onnxruntime reports it."""
    threads = "one thread" if THREADS == 1 else f"{THREADS} threads"
    return f"onnxruntime runs these graphs on **{model.provider}**, each on {threads}."


def overview(models: Sequence[Model]) -> str:
    """One line for each model, in Markdown."""
    rows = []
    for model in models:
        card = model.card
        size = sum(graph.bytes for graph in card.graphs.values())
        rows.append(
            f"| {card.title} | {card.lecture} | {len(card.graphs)} | {size / 1e6:.2f} "
            f"| {card.training.minutes:.1f} | {card.dataset.licence} |"
        )
    head = "| model | lecture | graphs | MB | minutes | licence of the data |\n|---|---|---|---|---|---|\n"
    return head + "\n".join(rows)


def preview_of(model: Model) -> Image.Image | None:
    """The model's contact sheet, if it has one."""
    try:
        with Image.open(model.folder / "preview.webp", formats=["WEBP"]) as file:
            file.load()
            return file
    except (OSError, Image.DecompressionBombError):
        return None


def graphs_of(model: Model) -> str:
    """The graphs of a model, in Markdown."""
    rows = [
        f"| {role} | {_ports(g.inputs)} → {_ports(g.outputs)} "
        f"| {g.parameters:,} | {g.bytes / 1e3:.0f} | {g.parity:.0e} |"
        for role, g in model.card.graphs.items()
    ]
    head = "| graph | ports | parameters | kB | difference |\n|---|---|---|---|---|\n"
    return (
        head
        + "\n".join(rows)
        + "\n\n*Difference*: the largest one between torch and onnxruntime, at export."
    )


def latency_table(model: Model) -> str:
    """Median time of each graph at batch 1 on this machine, now, in Markdown."""
    try:
        rows = [f"| {role} | {latency(model, role) * 1e3:.2f} |" for role in model.card.graphs]
    except ModelError as error:
        raise gr.Error(str(error), print_exception=False) from None
    head = f"Median of {REPEATS} runs, one picture each, on {model.provider}:\n\n| graph | ms |\n|---|---|\n"
    return head + "\n".join(rows)


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
