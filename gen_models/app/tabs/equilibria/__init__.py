"""Training a GAN is a game, and no player goes downhill on a landscape: the generator changes θ, the discriminator
changes ψ, and both follow a vector field V that may circle round the equilibrium for ever. Here each player has a
single number, so the whole field fits on a page. Drag the start point, and every way to train is run from there at
once.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from gen_models import games
from gen_models.app import live
from gen_models.app.parts import endpoint, say
from gen_models.app.tabs.equilibria import lines, settings, study, views
from gen_models.app.tabs.equilibria.plane import Plane
from gen_models.cards import Card
from gen_models.runtime import Model

TITLE = "Equilibria"
ID = "equilibria"
SCRIPT = ""
LECTURE = "§5.1-5.4"
EQUATION = (
    r"V(\theta, \psi) = -\left(\frac{\partial L_G}{\partial \theta},\; \frac{\partial L_D}{\partial \psi}\right),"
    r"\qquad J = \frac{\partial V}{\partial (\theta, \psi)}, \qquad L = \tfrac{1}{2} \lVert V \rVert^2,"
    r"\qquad \nabla L = J^\top V"
)
NOTICE = (
    "simultaneous steps leave the circle whatever their size, since $|1 + h\\lambda| > 1$ for every $\\lambda = "
    "\\pm i\\omega$. Smaller steps only take longer. Then set the penalty R1 to weight 1: it moves $\\lambda$ to the "
    "left, and the same steps arrive."
)

PLANE, VIEWS = "equilibria-plane", "equilibria-views"


def shows(card: Card) -> bool:
    """No model: these games are formulas."""
    return False


def show(request: live.Request) -> live.Reply:
    """Everything on the page for a start point and the settings."""
    chosen = study.checked(request["context"])
    theta, psi = (float(x) for x in request["value"])
    found = study.run(chosen, theta, psi)
    return {"drawing": lines.drawing(found), "send": {VIEWS: views.shown(chosen, found)}}


def build(models: dict[str, Model]) -> None:
    """Lay out the settings, the field, and what the eigenvalues say."""
    say(
        "$V$ is what one training step follows; the lecture writes it for objectives that are climbed, without the "
        "minus. In the **Dirac-GAN** the data are one point at 0, the generator makes one point at $\\theta$, and the "
        "discriminator is $D_\\psi(x) = \\psi x$ (Mescheder et al. 2018). It is solved at $(0, 0)$. The full "
        "relaxation follows $-\\nabla L$, which cannot circle, but $L$ has critical points that solve no game. The "
        "mixture $V - \\gamma \\nabla L$ has both; the lecture takes $\\gamma = 0.6$ for it."
    )
    settings.build(study.FIRST, target=PLANE, elem_id="equilibria-settings")
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=320):
            Plane(
                show,
                value=(1.0, 1.0),
                reach=study.REACH,
                context=study.FIRST,
                label="The field V: drag the start point",
                elem_id=PLANE,
            )
        with gr.Column(scale=3, min_width=320):
            views.build(source=PLANE, elem_id=VIEWS)
    offer()


def offer() -> None:
    """The same over HTTP."""

    def equilibria_trajectories(
        game: str,
        theta: float,
        psi: float,
        h: float = 0.2,
        steps: int = 200,
        gamma: float = 0.6,
        sigma: float = 0.0,
        penalty: str = "none",
        weight: float = 1.0,
    ) -> dict[str, Any]:
        """Every way to follow a game's field from (θ, ψ): eigenvalues, factor a step, and where each ends.

        game: saturating, non-saturating, wasserstein or trap. θ, ψ from -3 to 3, h from 0.01 to 0.5, steps from 1
        to 500, γ from 0 to 1.2. For the first three games also σ from 0 to 1.5, and the penalty none, R1 or Roth of
        weight 0 to 2.
        """
        context = study.FIRST | dict.fromkeys(study.RULES, True)
        context |= {"game": game, "h": h, "steps": steps, "gamma": gamma}
        context |= {"sigma": sigma, "penalty": penalty, "weight": weight}
        chosen = study.checked(context)
        found = study.run(chosen, *study.checked_point(theta, psi))
        return {
            "eigenvalues": [[z.real, z.imag] for z in found.eigenvalues],
            "rules": {
                name: {
                    "factor": result.factor,
                    "end": result.path[-1].tolist(),
                    "distance": result.distance,
                    "diverged": result.diverged,
                }
                for name, result in found.results.items()
            },
            "false equilibria": [list(point) for point in found.bad],
        }

    def equilibria_field(
        game: str,
        theta: float,
        psi: float,
        sigma: float = 0.0,
        penalty: str = "none",
        weight: float = 1.0,
    ) -> dict[str, Any]:
        """V, its Jacobian J, L = ½‖V‖² and ∇L = Jᵀ V at (θ, ψ); the arguments are those of equilibria_trajectories."""
        context = study.FIRST | {"game": game, "sigma": sigma, "penalty": penalty, "weight": weight}
        played = study.game_of(study.checked(context))
        at = study.checked_point(theta, psi)
        return {
            "V": list(played.field(*at)),
            "J": [list(row) for row in played.jacobian(*at)],
            "L": games.half_square(played, *at),
            "gradient of L": list(games.gradient(played, *at)),
        }

    endpoint(equilibria_trajectories, "equilibria_trajectories")
    endpoint(equilibria_field, "equilibria_field")
