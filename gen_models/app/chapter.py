"""What the app is made of: sections of the lecture, the chapters of each, and the experiments of a chapter. A leaf.

To add an experiment, write a file in its chapter's folder that ends in `EXPERIMENT = Experiment(...)`, and name it in
the chapter's `CHAPTER`. `gen_models.app.shell.page` draws what all experiments share around it. No event may join two
experiments: each comes into the page by itself, when its tab is opened (`gen_models.app.hosting.parts`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gen_models.cards import Card
from gen_models.runtime import Array, Model

Models = dict[str, Model]
"""Models by name."""

MATHS = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "$", "right": "$", "display": False},
]
"""Gradio's delimiters of LaTeX in Markdown."""


@dataclass(frozen=True)
class Section:
    """A part of the lecture, and a tab of the first row."""

    id: str
    title: str
    lecture: str
    """Its section: "§2"."""
    told: str
    """What the lecture says of it, in a sentence or two (§7)."""


AUTOENCODERS = Section(
    "autoencoders",
    "Autoencoders",
    "§1",
    "Every image gets a useful code. As generators they are bad: nobody knows which codes decode well.",
)
VAES = Section(
    "vaes",
    "VAEs",
    "§2",
    "A code, and how sure it is. The latent space is regularised, so new codes decode too, usually to blurry images.",
)
GANS = Section(
    "gans",
    "GANs",
    "§3",
    "Usually the best generators, trained as a game of two networks. They have no code for a given image.",
)
TRANSLATION = Section(
    "translation",
    "Translation",
    "§4",
    "From one kind of image to another, learnt from pairs, or from two sets without pairs.",
)
UNSTABLE = Section(
    "unstable",
    "Unstable training",
    "§5",
    "The game circles, diverges, or forgets modes. What the reasons are, and what helps.",
)
FURTHER = Section(
    "further", "Further", "§6", "Higher resolution, and a dimension of its own for each property."
)
SUMMARY = Section("summary", "Summary", "§7", "The three kinds of model beside one another.")
SECTIONS = (AUTOENCODERS, VAES, GANS, TRANSLATION, UNSTABLE, FURTHER, SUMMARY)
"""In the lecture's order; one without chapters is not shown."""


def told_none(models: Models) -> Models:
    """Those that are told no class."""
    return {name: model for name, model in models.items() if not model.card.classes}


@dataclass(frozen=True)
class Experiment:
    """One idea to operate: its sentence, its equation, what is moved, what answers, and what to notice."""

    id: str
    """Its place in the chapter's addresses: `#chapter/id`."""
    title: str
    """On its tab: two words or so."""
    idea: str
    """One sentence, two at most, in Markdown: what a visitor is looking at."""
    equation: str
    """LaTeX, without dollar signs. A line that is too long for a phone has `\\\\` in an `aligned` block."""
    lecture: str
    """Section of the lecture: "§2.6"."""
    notice: str
    """What to notice, in Markdown, and true of the committed models: `tests/claims/` holds it to that."""
    control: str
    """CSS selector of the main control. It, the result and the number share one screen, which a test measures."""
    result: str
    """CSS selector of what answers the control."""
    number: str
    """CSS selector of the number that proves the point."""
    elsewhere: str
    """The values of an address that is not where the experiment begins, such as "z=0.1,1": tests go there and back."""
    build: Callable[[Models], None]
    """Lays out the controls, the results and the numbers for the chapter's models, at least one if it needs any."""
    tells_class: bool = False
    """Whether it lets a visitor choose the class, where a model is told one; without that, it takes no such model."""

    def takes(self, models: Models) -> Models:
        """Those of its chapter's models that it works with."""
        return models if self.tells_class else told_none(models)


def _takes_any(_: Model) -> str | None:
    return None


def _offers_nothing(_: Models) -> None:
    pass


def _has_no_toy(_: Models) -> bool:
    return False


def _has_no_image(_: Models) -> Array | None:
    return None


@dataclass(frozen=True)
class Chapter:
    """The experiments with one kind of model."""

    id: str
    """Its place in addresses: a short word."""
    title: str
    section: Section
    shows: Callable[[Card], bool]
    """Whether it works with the model of this card."""
    experiments: tuple[Experiment, ...]
    invitation: tuple[str, str]
    """What to do there, for the first page: a verb, and the rest of the sentence."""
    thumbnail: Callable[[Models], Array | None]
    """Its image on the first page, as `shell.thumbnails` makes one; None if these models cannot give one."""
    script: str = ""
    """The script that makes a model for it, such as `training.vae`; empty if it needs none."""
    left_out: Callable[[Model], str | None] = _takes_any
    """Why a model that it shows cannot be used, in one sentence; None if it can."""
    offer: Callable[[Models], None] = _offers_nothing
    """Offers over HTTP what the experiments compute."""
    toy: Callable[[Models], bool] = _has_no_toy
    """Lays out something to play with on top of the first page; False if it cannot."""
    toy_image: Callable[[Models], Array | None] = _has_no_image
    """What the toy shows before it can be played with, uint8 (h, w, 3); None if there is no toy."""


def path(chapter: Chapter, experiment: Experiment) -> str:
    """The address of an experiment, without "#"."""
    return f"{chapter.id}/{experiment.id}"
