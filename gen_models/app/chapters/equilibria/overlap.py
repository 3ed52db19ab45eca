"""Noise on the data and penalties on the discriminator, which steady the same game."""

from __future__ import annotations

from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.equilibria import common


def build(_: Models) -> None:
    """Lay out the plane with its settings."""
    common.lay_out(
        "overlap",
        first={"continuous": True, "simultaneous": True},
        keys=("game", "penalty", "weight", "sigma", "h", "steps", "continuous", "simultaneous"),
        main="simultaneous",
        start=(1.0, 1.0),
    )


EXPERIMENT = Experiment(
    id="overlap",
    title="Overlap",
    idea="The real point and the generated one do not overlap, so $D$ never comes to rest. Noise on both makes them "
    "overlap, and its analytic form is a penalty on the gradient of $D$.",
    equation=r"L_D \leftarrow L_D + \frac{w}{2}\, \mathbb{E}\, \lVert \nabla_x D_\psi(x) \rVert^2",
    lecture="§5.4",
    notice="Set the penalty to R1: the eigenvalues move to the left, and the same simultaneous steps that left the "
    "equilibrium arrive. Instance noise $\\sigma$ alone does the same, more slowly.",
    control="#equilibria-overlap-plane .ll-pad",
    result="#equilibria-overlap-views .charts svg",
    number="#equilibria-overlap-views .ll-number",
    elsewhere="penalty=R1&sigma=0.5&weight=0.5",
    build=build,
)
