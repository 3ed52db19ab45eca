"""The first page: what this is, and where to begin."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import gradio as gr

if TYPE_CHECKING:
    from gen_models.app.tabs import Tab

WELCOME = """
# Latent Lab

The lecture *Deep Learning for Graphics: Unsupervised Learning*, to operate. Every picture here is computed while you
watch, by networks that the scripts of this project trained and exported. Each tab shows one idea: its equation,
a thing to move, the number that goes with it, the setting that breaks it, and one thing to notice.
"""

SUMMARY = """
- **Autoencoders** give every picture a useful code. They are bad generators: nobody knows which codes decode well.
- **VAEs** give every picture a code and how sure they are of it, and generate better, because the latent space is
  regularised. What they draw is usually blurry.
- **GANs** have no encoder, so no code for a given picture. They usually generate best, and train unsteadily.

The last page, *Models*, lists every network with its numbers, its data's licence and the command that trains it again.
"""


def build(tabs: Sequence[Tab], pages: gr.Tabs) -> None:
    """Lay out the page, with a button to each tab of the lecture; `pages` is what the buttons turn."""
    gr.Markdown(WELCOME, elem_classes="ll-lead")
    gr.Markdown("### Where to begin")
    for tab in tabs:
        with gr.Row(equal_height=True, elem_classes="ll-toc"):
            with gr.Column(scale=1, min_width=180):
                go = gr.Button(tab.TITLE, variant="secondary")
                go.click(
                    partial(gr.Tabs, selected=tab.ID),
                    None,
                    pages,
                    queue=False,
                    api_visibility="private",
                )
            with gr.Column(scale=4, min_width=300):
                gr.Markdown(f"{_first_sentence(tab)} *Lecture {tab.LECTURE}.*")
    gr.Markdown("### What the lecture concludes (§7)")
    gr.Markdown(SUMMARY)


def _first_sentence(tab: Tab) -> str:
    words = " ".join((inspect.getdoc(tab) or "").split())
    return words.partition(". ")[0].removesuffix(".") + "."
