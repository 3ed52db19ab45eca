"""The first page: something to play with, a way into each chapter, and what a visitor may want to know."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

import gradio as gr

from gen_models.app.chapter import SECTIONS, Chapter, Section, path
from gen_models.app.shell import citation, layout, thumbnails
from gen_models.app.shell.page import Contents
from gen_models.cards import Card
from gen_models.runtime import Array

WELCOME = """
<h1>A lecture on generative models, to operate</h1>
<p>Autoencoders, variational autoencoders and GANs that were really trained, to draw into, drag through and break: one
experiment for each idea, with its equation and the number that proves the point.</p>
"""
AUDIENCE = """
<p>For students who meet these methods, and for whoever teaches them: every experiment has an address of its own, to
link to or to show in a hall. It accompanies the lecture {lecture} of the course on deep learning for graphics.</p>
<p class="ll-begin"><a class="ll-go" href="#{first}">Begin with {where}</a>
<a class="ll-tour-link" href="#" data-tour><span class="ll-tour-new">Take the tour</span>
<span class="ll-tour-on">Continue the tour</span></a>
<a href="#models">All models and numbers</a></p>
"""
LECTURE = "<em>Unsupervised Learning</em>"
TOY = """
<p>Each point of this plane is an image: a network learnt it from handwritten digits, without being told which digit is
which. <a href="#{path}">Draw one and see where it lands</a></p>
"""
TRUE = """
<h2>What is computed, and what is stored</h2>
<p>What answers a control is computed by the networks on this server while you move it, with the weights that the
training scripts exported. Stored are the training film and the samples on stacked digits, recorded while the models
were trained, the example images, and the tables of measurements.</p>
"""
PRIVATE = """
<h2>Private</h2>
<p>Nothing you draw or upload leaves this server. There is no telemetry, and the page loads nothing
from anywhere else.</p>
"""

SCRIPT = (Path(__file__).parent / "start.js").read_text("utf-8") + "LatentLab.copyEntry(element)"


def build(contents: Sequence[Contents]) -> None:
    """Lay out the page."""
    chapters = [each.chapter for each in contents]
    with gr.Row(elem_classes="ll-hero", equal_height=False):
        layout.fixed(WELCOME, "ll-front ll-welcome")
        with gr.Column(elem_classes="ll-toy", min_width=0):
            for each in contents:
                if each.models and each.chapter.toy(each.models):
                    address = path(each.chapter, each.chapter.experiments[0])
                    layout.fixed(TOY.format(path=address), "ll-front ll-aside-of-toy")
                    break
        layout.fixed(audience(chapters), "ll-front ll-audience")
    layout.fixed(cards(contents), "ll-front ll-chapters")
    models = {name: m.card for each in contents for name, m in each.models.items()}
    with gr.Row(elem_classes="ll-facts-of-all", equal_height=False):
        layout.fixed(TRUE + PRIVATE, "ll-front ll-true")
        layout.fixed(credits(models.values()), "ll-front ll-credits")
        layout.fixed(cite(), "ll-front ll-cite", SCRIPT)


def toy_image(contents: Sequence[Contents]) -> Array | None:
    """What the toy shows before it can be played with, uint8 (h, w, 3); None if there is no toy."""
    for each in contents:
        if each.models and (image := each.chapter.toy_image(each.models)) is not None:
            return image
    return None


def audience(chapters: Sequence[Chapter]) -> str:
    """For whom this is, and where to begin."""
    url = citation.addresses().get("Lecture")
    lecture = f'<a href="{escape(url)}">{LECTURE}</a>' if url else LECTURE
    first = path(chapters[0], chapters[0].experiments[0])
    return AUDIENCE.format(lecture=lecture, first=first, where=chapters[0].section.lecture)


def cards(contents: Sequence[Contents]) -> str:
    """A card for each chapter, by section of the lecture."""
    rows = []
    for section in SECTIONS:
        mine = [each for each in contents if each.chapter.section is section]
        if mine:
            rows.append(
                f"<section>{_heading(section)}<ul>{''.join(map(card, mine))}</ul></section>"
            )
    return "".join(rows)


def _heading(section: Section) -> str:
    return (
        f'<header><h2>{escape(section.title)} <span class="ll-where">{section.lecture}</span></h2>'
        f"<p>{escape(section.told)}</p></header>"
    )


def card(each: Contents) -> str:
    """One chapter: its image, what to do there, where it stands in the lecture, and a link to each experiment."""
    chapter = each.chapter
    verb, rest = chapter.invitation
    entry = path(chapter, chapter.experiments[0])
    image = ""
    if each.models or not chapter.script:
        name = f"chapters/{chapter.id}"
        image = thumbnails.image(name, thumbnails.WIDTH, thumbnails.HEIGHT, "ll-picture")
    links = "".join(
        f'<li><a href="#{path(chapter, experiment)}">{escape(experiment.title)}</a></li>'
        for experiment in chapter.experiments
    )
    return (
        f'<li class="ll-card">{image}<h3><a href="#{entry}">{escape(chapter.title)}</a> '
        f'<span class="ll-where">{escape(lectured(chapter))}</span></h3>'
        f"<p><strong>{escape(verb)}</strong> {escape(rest)}</p>"
        f'<ul class="ll-links" aria-label="Experiments of {escape(chapter.title)}">{links}</ul></li>'
    )


def lectured(chapter: Chapter) -> str:
    """The sections of the lecture that its experiments are about, from the first to the last: "§2.1–2.6"."""
    named = re.findall(r"\d+(?:\.\d+)?", " ".join(each.lecture for each in chapter.experiments))
    within = {name for name in named if f"§{name.split('.')[0]}" == chapter.section.lecture}
    low, high = min(within, key=_order), max(within, key=_order)
    return f"§{low}" if low == high else f"§{low}–{high}"


def _order(name: str) -> list[int]:
    return [int(part) for part in name.split(".")]


def credits(cards: Iterable[Card]) -> str:
    """Licence and source of every data set, as the cards say them."""
    licences: dict[str, dict[str, str]] = {}
    for each in cards:
        data = each.dataset
        licences.setdefault(data.licence, {})[data.title] = data.source
    items = "".join(
        f"<dt>{escape('; '.join(titles))}</dt><dd>{escape(licence)}</dd>"
        for licence, titles in licences.items()
    )
    own = escape(citation.citation()["license"])
    return f"<h2>Licences and credits</h2><p>The program: {own} licence. The data of the models:</p><dl>{items}</dl>"


def cite() -> str:
    """The entry to cite this by, and a button that copies it."""
    urls = citation.addresses()
    links = "".join(
        f'<p><a href="{escape(urls[name])}">{name}</a></p>'
        for name in ("Homepage", "Repository")
        if name in urls
    )
    entry = escape(citation.bibtex(citation.citation(), urls))
    return (
        f'<h2>Cite it</h2><pre tabindex="0"><code>{entry}</code></pre>'
        f'<p><button type="button" class="ll-button">Copy BibTeX</button> <span role="status"></span></p>{links}'
    )
