"""The field that both players of a GAN follow, and why steps along it leave the equilibrium."""

from __future__ import annotations

from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.equilibria import common
from gen_models.app.chapters.equilibria.settings import Preset


def build(_: Models) -> None:
    """Lay out the plane with its settings."""
    common.lay_out(
        "field",
        first={"continuous": True, "simultaneous": True, "alternating": True},
        keys=("game", "h", "steps", "continuous", "simultaneous", "alternating"),
        main="simultaneous",
        start=(1.0, 1.0),
        presets=(
            Preset("Saturating: round and round", (1.0, 1.0), {"game": "saturating"}),
            Preset("Non-saturating: it comes nearer", (1.0, 1.0), {"game": "non-saturating"}),
        ),
        folded=True,
    )


EXPERIMENT = Experiment(
    id="field",
    title="Field",
    idea="In a GAN no player goes downhill on a landscape: both follow a field $V$ that may circle round the "
    "equilibrium. Here each has one number, the generator $\\theta$ and the discriminator $\\psi$.",
    equation=r"V(\theta, \psi) = -\Big(\frac{\partial L_G}{\partial \theta},\; \frac{\partial L_D}{\partial \psi}\Big)",
    lecture="§5.2",
    notice="Simultaneous steps leave the circle of the saturating loss whatever their size: $|1 + h\\lambda| > 1$ for "
    "$\\lambda = \\pm i\\omega$. Alternating steps stay. The non-saturating loss has the same $\\lambda$, which "
    "decides only near $(0, 0)$: from $(1, 1)$ the players come nearer.",
    control="#equilibria-field-plane .ll-pad",
    result="#equilibria-field-views .charts svg",
    number="#equilibria-field-views .ll-number",
    elsewhere="h=0.1&start=-0.5,2&steps=300",
    build=build,
)
