"""The tabs, in the lecture's order. To add one, write a module here and name it in TABS.

A tab is a module (or package) with what `Tab` lists. `gen_models.app.page.lesson` puts the anatomy that all share
around it. What a tab computes stands in pure functions, tested without a browser.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from gen_models.app.tabs import (
    autoencoder,
    cyclegan,
    equilibria,
    faces,
    gan,
    infogan,
    lab,
    objectives,
    pix2pix,
    vae,
)
from gen_models.cards import Card
from gen_models.runtime import Model


class Tab(Protocol):
    """What a tab's module has. Its docstring is what a visitor reads first."""

    @property
    def TITLE(self) -> str:
        """Name on the tab."""
        ...

    @property
    def ID(self) -> str:
        """Its place in the page's address: a short word."""
        ...

    @property
    def SCRIPT(self) -> str:
        """The script that makes a model for it, such as `training.vae`; empty if it needs none."""
        ...

    @property
    def shows(self) -> Callable[[Card], bool]:
        """Whether it works with the model of this card."""
        ...

    @property
    def LECTURE(self) -> str:
        """Section of the lecture."""
        ...

    @property
    def EQUATION(self) -> str:
        """LaTeX, without dollar signs."""
        ...

    @property
    def NOTICE(self) -> str:
        """One sentence: what to notice."""
        ...

    @property
    def build(self) -> Callable[[dict[str, Model]], None]:
        """Lays out what is operated, and its number, for its models by name; at least one if it needs any."""
        ...


TABS: tuple[Tab, ...] = (
    autoencoder,
    vae,
    faces,
    objectives,
    gan,
    infogan,
    pix2pix,
    cyclegan,
    equilibria,
    lab,
)
