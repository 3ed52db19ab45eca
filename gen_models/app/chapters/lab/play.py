"""Train one or two games of GANs on points in the plane, live."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np

from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.lab import methods
from gen_models.app.chapters.lab.answers import VISITORS, Lab, checked_hyper, kl_of_shares
from gen_models.app.chapters.lab.presets import presets
from gen_models.app.checks import checked_integer, checked_seed
from gen_models.app.controls.board import Board, packed_points
from gen_models.app.hosting import gradio_private
from gen_models.app.shell.parts import endpoint, get_model
from gen_models.numerics.lab import distributions
from gen_models.numerics.lab.distributions import DISTRIBUTIONS, FREEHAND, MAX_DRAWN
from gen_models.numerics.lab.game import Diverged, Game
from gen_models.numerics.lab.metrics import SAMPLES, coverage

BOARD = "lab-board"
THUMBNAIL = 160
"""Points of a distribution's small image."""
MAX_STEPS = 500
"""Steps that one call over HTTP trains."""


def settings(models: Models) -> dict[str, Any]:
    """What board.js is told at first."""
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
        "presets": presets(models),
        "drawn": distributions.REACH,
        "most": MAX_DRAWN,
    }


def build(models: Models) -> None:
    """Lay out the board; what a visitor trains is forgotten when their page closes."""
    lab = Lab(models)
    Board(lab.answer, settings(models), visitors=VISITORS, label="GAN lab", elem_id=BOARD)

    def leave(request: gr.Request) -> None:
        lab.sessions.leave(request.session_hash or "")

    gradio_private.unload_of_page(leave)


def offer(models: Models) -> None:
    """Training over HTTP."""

    def lab_train(
        method: str, data: str, seed: int, steps: int, hyper: dict, points: list
    ) -> dict[str, Any]:
        """Train a method from a seed: each step's L_D, L_G and gradient norms of D and G, and how G ends.

        hyper holds hyper-parameters by input name, or nothing; points are for the data "freehand".
        """
        model = get_model(models, method)
        distribution = distributions.chosen(data, points)
        game = Game(model, distribution, checked_hyper(model, hyper), checked_seed(seed))
        problem = None
        try:
            rows = game.advance(checked_integer(steps, 1, MAX_STEPS, "The number of steps"))
        except Diverged as diverged:
            rows, problem = diverged.rows, str(diverged)
        covered = coverage(game.samples(SAMPLES), distribution)
        return {
            "steps": game.step,
            "rows": rows.tolist(),
            "modes": covered and covered.modes,
            "quality": covered and covered.quality,
            "kl": kl_of_shares(covered),
            "problem": problem,
        }

    endpoint(lab_train, "lab_train")


EXPERIMENT = Experiment(
    id="play",
    title="Play",
    idea="Two networks play in the plane, computed while you watch: $G$ moves its points to where $D$ believes the "
    "data to be, and $D$ learns anew where they come from.",
    equation=r"\begin{aligned} L_D &= -\mathbb{E}_x \log D(x) - \mathbb{E}_z \log(1 - D(G(z))) \\"
    r" L_G &= -\mathbb{E}_z \log D(G(z)) \end{aligned}",
    lecture="§3.2-3.6, §5.5",
    notice="Under *Break it*, $D$ learns at a twentieth of the rate of $G$, and all points run together into one "
    "heap. With packs of two, at the same rates and from the same seed, most modes are found: $D$ sees two "
    "points at once, so a heap gives itself away.",
    control=f"#{BOARD} .lab-play",
    result=f"#{BOARD} .lab-stage",
    number=f"#{BOARD} .ll-number",
    elsewhere="data=grid&method=lab-pacgan-2&seed=7&try=0",
    build=build,
)
