"""Equilibria: what training a GAN follows, in games of two numbers (lecture §5.1 to 5.4)."""

from __future__ import annotations

from typing import Any

from gen_models.app.chapter import UNSTABLE, Chapter, Models
from gen_models.app.chapters.equilibria import (
    field,
    overlap,
    relaxation,
    study,
    thumbnail,
)
from gen_models.app.shell.parts import endpoint
from gen_models.cards import Card
from gen_models.numerics import games


def shows(_: Card) -> bool:
    """No model: these games are formulas."""
    return False


def offer(_: Models) -> None:
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


CHAPTER = Chapter(
    id="equilibria",
    title="Equilibria",
    section=UNSTABLE,
    shows=shows,
    experiments=(field.EXPERIMENT, relaxation.EXPERIMENT, overlap.EXPERIMENT),
    invitation=(
        "Drag",
        "the start of both players, and see who leaves the circle and who comes in.",
    ),
    thumbnail=thumbnail.thumbnail,
    offer=offer,
)
