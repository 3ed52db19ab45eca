"""The chapters, in the lecture's order. To add one, write a package here and name its CHAPTER in CHAPTERS."""

from __future__ import annotations

from pathlib import Path

from gen_models.app.chapter import Chapter
from gen_models.app.chapters import (
    autoencoder,
    cyclegan,
    disentangle,
    documents,
    equilibria,
    faces,
    few_labels,
    gan,
    infogan,
    lab,
    objectives,
    pix2pix,
    progan,
    summary,
    vae,
)

CHAPTERS: tuple[Chapter, ...] = (
    autoencoder.CHAPTER,
    documents.CHAPTER,
    few_labels.CHAPTER,
    vae.CHAPTER,
    faces.CHAPTER,
    objectives.CHAPTER,
    gan.CHAPTER,
    infogan.CHAPTER,
    pix2pix.CHAPTER,
    cyclegan.CHAPTER,
    equilibria.CHAPTER,
    lab.CHAPTER,
    progan.CHAPTER,
    disentangle.CHAPTER,
    summary.CHAPTER,
)

CSS = "".join(path.read_text("utf-8") for path in sorted(Path(__file__).parent.glob("*/style.css")))
"""What single chapters add to the app's look."""
