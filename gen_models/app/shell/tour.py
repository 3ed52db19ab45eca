"""The tour: a dozen addresses in the lecture's order, each with a sentence, a question, and the answer on the screen.

`tour.js` shows the stops in a panel under the page, with a ring round the control in question. Somebody's own tour is a
list of addresses with a sentence each, in a link (`?tour=`) or a file; what comes in that way is checked there, and its
addresses are opened as any other: hostile or not, they end at the nearest experiment.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

import gradio as gr

from gen_models.app.chapter import Chapter, path

_HERE = Path(__file__).parent
SCRIPT = (_HERE / "tour.js").read_text("utf-8")
"""For `first_load.FirstLoad`, after the scripts of the addresses."""
CSS = (_HERE / "tour.css").read_text("utf-8")
"""For `launch(css=...)`."""


@dataclass(frozen=True)
class Stop:
    """One stop of the lecture's tour. Its texts are plain."""

    address: str
    """Where it begins, without "#"."""
    lecture: str
    """Section of the lecture: "§2.6"."""
    sentence: str
    """What is on the screen."""
    question: str
    """What to guess, or to try, before going on."""
    then: str
    """Address of the same experiment that shows the answer."""
    answer: str
    control: str = ""
    """CSS selector of what the ring is drawn round, where it is not the experiment's main control."""


STOPS = (
    Stop(
        "autoencoder/reconstruct",
        "§1.2",
        "An autoencoder must remember an image by a code of two numbers: the thick 6 comes back as an 8.",
        "How many numbers does it take until the 6 is a 6 again, and closer to it than PCA comes?",
        "autoencoder/reconstruct?code=8",
        "Of the sizes offered, 8 is the first: 0.37 of PCA’s error. At 2 and 4 PCA’s blur is closer.",
    ),
    Stop(
        "autoencoder/generator?code=2",
        "§1.6",
        "The same decoder as a generator: it decodes random codes, which nobody encoded, and those of a Gaussian "
        "fitted to the codes; a VAE’s samples stand below. With two dimensions all three are far from digits.",
        "Give them sixteen. Which of the three will still be far?",
        "autoencoder/generator?code=16",
        "Random codes, at a Fréchet distance of 69.5: nothing in an autoencoder’s training says where codes lie. The "
        "fitted Gaussian comes to 7.0, and the VAE, which needs no fit, to 6.8.",
    ),
    Stop(
        "vae/map",
        "§2.4",
        "A VAE’s encoder answers with a region of the plane, drawn as rings, and the prior keeps all regions together.",
        "Ten digits share two dimensions. What will a 6 come back as?",
        "vae/map?image=7",
        "As a 0: its rings lie among the 0s, and its squared error is 86.8, where test images have 32.2 on average.",
    ),
    Stop(
        "vae/evidence?samples=100",
        "§2.3",
        "How likely is this image? The orange estimate averages p(x|z) over 100 z from the prior.",
        "Will ten times as many z bring it up to the green one, which takes the encoder’s z?",
        "vae/evidence",
        "No: about one z of the 1,000 carries the whole average, and the estimate stays 95 nats below. That is what "
        "the encoder is for.",
        control="[id='tab-vae/evidence'] fieldset",
    ),
    Stop(
        "objectives/fits?distance=2",
        "§3.3",
        "One Gaussian is fitted to two bumps by three objectives; while the bumps are close, all agree.",
        "Pull the bumps apart. Which objective keeps both to the end?",
        "objectives/fits?distance=5",
        "Only KL, the VAE’s. The reverse KL gave up one bump at 2.80 and JS, the GAN’s, at 4.24.",
    ),
    Stop(
        "objectives/losses?m=0",
        "§3.5",
        "Two losses for the generator: that of the game, and the one used in practice. At m = 0 they agree.",
        "Move the samples away until D is sure. Which loss still says where to go?",
        "objectives/losses?m=8",
        "The one used in practice: its slope is −0.500, that of the game’s loss −2 · 10⁻⁵.",
    ),
    Stop(
        "gan/samples",
        "§3.7",
        "Forty samples of a GAN. τ scales z before the generator sees it.",
        "What becomes of the forty when τ goes to 0?",
        "gan/samples?tau=0",
        "One image, forty times: the mean distance between two is 0.00. Variety comes from z alone.",
    ),
    Stop(
        "infogan/grid",
        "§3.8",
        "An InfoGAN saw no labels. Each row keeps its category; from left to right one code changes: the slant.",
        "There is one more continuous code, c₃. What may it have learnt to change?",
        "infogan/grid?code=1",
        "The strokes turn, most plainly the bar of the 7, and the digits stay what they are.",
        control="[id='tab-infogan/grid'] fieldset",
    ),
    Stop(
        "pix2pix/draw",
        "§4.1",
        "A drawing becomes an image; the noise z is dropout in the generator. Four z, four images: draw on it.",
        "What becomes of the four images when nothing is dropped, at p = 0?",
        "pix2pix/draw?p=0",
        "They are one image: the mean difference is 0.000. The drawing alone decides.",
        control="#pix2pix-p",
    ),
    Stop(
        "cyclegan/without",
        "§4.2",
        "No pairs here. The first row was trained with the cycle, the second without it.",
        "What will the second row make of quite another photograph?",
        "cyclegan/without?image=3",
        "Nearly the same pale map as before: a GAN alone asks for a map, and any map will do.",
    ),
    Stop(
        "equilibria/field",
        "§5.2",
        "Two players of one number each. When both step at once, they leave the circle.",
        "Do smaller steps cure that?",
        "equilibria/field?h=0.05&steps=500",
        "No, it only takes longer: each step multiplies the distance by |1 + hλ| > 1. Alternating steps stay.",
        control="#tab-unstable [data-key='h']",
    ),
    Stop(
        "lab/play?try=2",
        "§5.5",
        "Two networks play in the plane, and D learns at a twentieth of G’s rate. Press Play, and let it run.",
        "How many of the eight modes are kept, and what would help besides a faster D?",
        "lab/play?try=3",
        "One at most, most of the time. Press Play again: at the right D judges two points at once, so that a heap "
        "gives itself away, and most modes are found.",
    ),
)
"""The lecture's tour; what its answers say of the committed models is tested."""


def build(chapters: Sequence[Chapter]) -> gr.HTML:
    """Give tour.js the stops that these chapters have, and the main control of each experiment."""
    controls = {
        path(chapter, experiment): experiment.control
        for chapter in chapters
        for experiment in chapter.experiments
    }
    stops = [asdict(stop) for stop in STOPS if stop.address.partition("?")[0] in controls]
    # Percent-encoded, as the settings of a live control are: a template would read some of its characters.
    data = quote(json.dumps({"stops": stops, "controls": controls}))
    return gr.HTML(
        html_template=f'<span data-tour-stops="{data}"></span>',
        js_on_load="LatentLab.tour.start(JSON.parse(decodeURIComponent(element.firstElementChild.dataset.tourStops)))",
        apply_default_css=False,
        elem_classes="ll-unseen",
    )
