"""Two small networks play against one another in the plane, and you watch: G turns z ~ N(0, I) into points, D learns
to tell them from real ones, G learns from D. Every step of the training is computed while you look. Methods of the
lecture that steady it are one click away, two of them side by side.
"""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np
from gradio.context import Context

from gen_models.app.checks import checked_integer, checked_seed
from gen_models.app.parts import Models, choose, endpoint
from gen_models.app.tabs.lab import digits, methods, scoreboard
from gen_models.app.tabs.lab.board import Board, Lab, checked_hyper, packed_points
from gen_models.app.tabs.lab.experiments import experiments
from gen_models.cards import Card
from gen_models.lab import distributions
from gen_models.lab.distributions import DISTRIBUTIONS, FREEHAND, MOST_DRAWN
from gen_models.lab.game import Diverged, Game
from gen_models.lab.metrics import SAMPLES, coverage

TITLE = "GAN lab"
ID = "lab"
SCRIPT = "training.lab"
LECTURE = "§3.2-3.6, §5"
EQUATION = (
    r"L_D = -\mathbb{E}_x \log D(x) - \mathbb{E}_z \log\left(1 - D(G(z))\right), \qquad"
    r" L_G = \mathbb{E}_z \log\left(1 - D(G(z))\right) \;\text{ or }\; -\mathbb{E}_z \log D(G(z))"
)
NOTICE = (
    "under *Break it*, D learns at a twentieth of the rate of G, and all points run together into one heap. With packs "
    "of two, at the same rates and from the same seed, most modes are found: D sees two points at once, so a heap "
    "gives itself away."
)
BOARD = "lab-board"
THUMBNAIL = 160
"""Points of a distribution's small picture."""
LONGEST = 500
"""Steps that one call over HTTP trains."""


def shows(card: Card) -> bool:
    """Every method whose training step was exported."""
    return card.family == "lab"


def settings(models: Models) -> dict[str, Any]:
    """What lab.js is told at first."""
    rng = np.random.default_rng(0)
    data = [
        {"name": d.name, "title": d.title, "points": packed_points(d.draw(rng, THUMBNAIL), d.half)}
        for d in DISTRIBUTIONS.values()
    ]
    t = np.linspace(-1, 1, THUMBNAIL)
    wave = packed_points(np.stack([0.8 * t, 0.4 * np.sin(6 * t)], 1), 1.0)
    data.append({"name": FREEHAND, "title": "Draw your own", "points": wave})
    return {
        "methods": [methods.described(model) for model in methods.in_order(models)],
        "data": data,
        "experiments": experiments(models),
        "drawn": distributions.REACH,
        "most": MOST_DRAWN,
    }


def build(models: Models) -> None:
    """Lay out the board and the scoreboards."""
    lab = Lab(models)
    with gr.Tabs(elem_id="lab-pages"):
        with gr.Tab("Play"):
            Board(lab, settings(models), label=TITLE, elem_id=BOARD)
        with gr.Tab("Scoreboard"):
            scoreboard.build(models)
        with gr.Tab("Stacked digits"):
            digits.build(models)

    def leave(request: gr.Request) -> None:
        lab.sessions.leave(request.session_hash or "")

    if Context.root_block is not None:
        Context.root_block.unload(leave)

    def lab_train(
        method: str, data: str, seed: int, steps: int, hyper: dict, points: list
    ) -> dict[str, Any]:
        """Train a method from a seed: each step's L_D, L_G and gradient norms of D and G, and how G ends.

        hyper holds hyper-parameters by input name, or nothing; points are for the data "freehand".
        """
        model = choose(models, method)
        distribution = distributions.chosen(data, points)
        game = Game(model, distribution, checked_hyper(model, hyper), checked_seed(seed))
        problem = None
        try:
            rows = game.advance(checked_integer(steps, 1, LONGEST, "The number of steps"))
        except Diverged as diverged:
            rows, problem = diverged.rows, str(diverged)
        covered = coverage(game.samples(SAMPLES), distribution)
        return {
            "steps": game.step,
            "rows": rows.tolist(),
            "modes": covered and covered.modes,
            "quality": covered and covered.quality,
            "problem": problem,
        }

    endpoint(lab_train, "lab_train")
