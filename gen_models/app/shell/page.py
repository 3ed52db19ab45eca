"""What every experiment has around it: its idea and equation, its Notice, and how its models were made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import gradio as gr
from markdown_it import MarkdownIt
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from gen_models.app import controls
from gen_models.app.chapter import MATHS, SECTIONS, Chapter, Experiment, Models, path
from gen_models.app.hosting import gradio_private, parts
from gen_models.app.hosting.guard import NOT_HERE, Refused
from gen_models.app.shell import address
from gen_models.cards import Card, Metric
from gen_models.errors import UserError
from gen_models.families import better_of, label_of
from gen_models.tables import markdown_table

SCRIPT = (Path(__file__).parent / "made.js").read_text("utf-8")
"""For `first_load.FirstLoad`, after that of the controls."""

_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass(frozen=True)
class Contents:
    """What a chapter has to show."""

    chapter: Chapter
    models: Models
    """Those that can be used."""
    problems: Sequence[str]
    """A sentence for each that cannot."""

    @classmethod
    def of(cls, chapter: Chapter, models: Models, problems: Sequence[str]) -> Contents:
        """Leave out what the chapter cannot use."""
        reasons = {name: chapter.left_out(model) for name, model in models.items()}
        usable = {name: model for name, model in models.items() if reasons[name] is None}
        return cls(chapter, usable, [*problems, *filter(None, reasons.values())])


def sections(contents: Sequence[Contents]) -> list[str]:
    """A tab for each section of the lecture, with a second row of tabs: the experiments of its chapters.

    Returns:
        The sentences that stand in the place of experiments that could not be laid out.
    """
    failures: list[str] = []
    for section in SECTIONS:
        mine = [each for each in contents if each.chapter.section is section]
        if not mine:
            continue
        with (
            gr.Tab(section.title, id=section.id, elem_id=f"tab-{section.id}"),
            gr.Tabs(elem_classes="ll-experiments", overflow_behavior="wrap"),
        ):
            for each in mine:
                for experiment in each.chapter.experiments:
                    name = path(each.chapter, experiment)
                    tab = gr.Tab(experiment.title, id=name, elem_id=f"tab-{name}")
                    with tab, parts.place(name):
                        if failure := draw(each, experiment):
                            failures.append(failure)
    return failures


def labels(chapters: Sequence[Chapter]) -> str:
    """CSS that writes a chapter's name before the first of its tabs, where a section has several chapters.

    The name is drawn and not spoken: it is not part of the tab's own name.
    """
    rules = []
    for section in SECTIONS:
        mine = [chapter for chapter in chapters if chapter.section is section]
        for chapter in mine if len(mine) > 1 else ():
            first = path(chapter, chapter.experiments[0])
            rules.append(
                f'[role="tab"][data-tab-id="{first}"]::before {{ content: "{chapter.title}" / ""; }}'
            )
    return "\n".join(rules)


def draw(contents: Contents, experiment: Experiment) -> str | None:
    """One experiment: the idea strip, the workbench, and what is folded below.

    Returns:
        The sentence that stands in the place of the workbench if it could not be laid out.
    """
    chapter, models = contents.chapter, experiment.takes(contents.models)
    gr.Markdown(
        f"# {experiment.title}\n\n{experiment.idea}\n\n$${experiment.equation}$$",
        latex_delimiters=MATHS,
        elem_classes="ll-idea",
    )
    for problem in contents.problems:
        gr.Markdown(f"**{problem}**", elem_classes="ll-problem")
    if chapter.script and not models:
        gr.Markdown(
            f"There is no model for this experiment yet. Make one with `python -m {chapter.script}`, or restore the "
            "folder `exported/` from the repository, and start the app again."
        )
        return None
    failure = None
    with gr.Column(elem_classes="ll-bench"):
        try:
            with address.fields(path(chapter, experiment)):
                experiment.build(models)
        except UserError as error:  # such as a whole file that onnxruntime cannot open
            failure = str(error)
            gr.Markdown(f"**{failure}**", elem_classes="ll-problem")
        gr.Markdown(
            f"**Notice.** {experiment.notice}", latex_delimiters=MATHS, elem_classes="ll-notice"
        )
    if models:
        gr.HTML(
            html_template=controls.template("Made", {}, _made(models, experiment.lecture)),
            js_on_load=controls.MOUNT,
            apply_default_css=False,
        )
    return failure


def _made(models: Models, lecture: str) -> str:
    """The models by title; the facts of one are fetched when it is opened: HTML."""
    each = (
        f'<details data-model="{escape(model.card.name)}"><summary>{escape(model.card.title)}</summary>'
        '<div class="prose ll-facts"></div></details>'
        for model in models.values()
    )
    head = f"How these models were made (lecture {escape(lecture)})"
    return f"<details><summary>{head}</summary>{''.join(each)}</details>"


def _answer(request: Request) -> Response:
    """The facts of one model, as HTML; the card's own is shown as text."""
    models = getattr(gradio_private.blocks_of(request.app), "models", ())
    for model in models:
        if model.card.name == request.path_params["name"]:
            return HTMLResponse(_markdown.render(facts(model.card)))
    return Refused(404, NOT_HERE).response()


def facts(card: Card) -> str:
    """How one model came to be, in Markdown."""
    made, data = card.training, card.dataset
    versions = ", ".join(f"{name} {version}" for name, version in made.versions.items())
    return (
        f"{card.summary}\n\n"
        f"```\n{made.command}\n```\n\n"
        f"Training: {card.effort}; {versions}; commit `{made.commit}`. "
        f"Data: {data.title} ({data.licence}; {data.source}).\n\n"
        f"{metrics_table(card)}\n\n*Limits.* {card.limitations}"
    )


def metrics_table(card: Card) -> str:
    """Every number of a card, with what stands behind it, as a Markdown table."""
    if not card.metrics:
        return "Not evaluated yet."
    rows = [(_label(card, key), _sentence(metric)) for key, metric in card.metrics.items()]
    commands = dict.fromkeys(metric.command for metric in card.metrics.values())
    measured = "\n".join(f"```\n{command}\n```" for command in commands)
    return f"{markdown_table(('measured', 'value'), rows)}\n\n{measured}"


def _label(card: Card, key: str) -> str:
    better = better_of(card.family, key)
    return label_of(card.family, key) + (f" ({better})" if better else "")


def _sentence(metric: Metric) -> str:
    seeds = f", seed {', '.join(map(str, metric.seeds))}" if metric.seeds else ""
    note = f" ({metric.note})" if metric.note else ""
    split = f", {metric.split} split" if metric.split else ""
    return f"{metric.value:.4g} {metric.unit}{note}; n = {metric.n:,}{split}{seeds}"


ROUTE = Route("/latent-lab/models/{name}", _answer)
"""For `launch(app_kwargs={"routes": [ROUTE]})`."""
