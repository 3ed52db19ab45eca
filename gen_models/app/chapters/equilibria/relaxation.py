"""The relaxation of the lecture: descend half the squared length of V, or mix that into V."""

from __future__ import annotations

from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.equilibria import common
from gen_models.app.chapters.equilibria.settings import Preset

TRIO = {
    "game": "trap",
    "gamma": 0.6,
    "h": 0.2,
    "steps": 200,
    "continuous": True,
    "simultaneous": False,
    "descent": True,
    "consensus": True,
}
FAILS = TRIO | {"game": "saturating", "steps": 500}


def build(_: Models) -> None:
    """Lay out the plane with its settings."""
    common.lay_out(
        "relaxation",
        first=TRIO,
        keys=("game", "gamma", "h", "steps", "continuous", "simultaneous", "descent", "consensus"),
        main="consensus",
        start=(1.5, 1.5),
        presets=(
            Preset("V circles, −∇L is trapped", (1.5, 1.5), TRIO),
            Preset("The mixture fails", (2.0, 1.0), FAILS),
        ),
    )


EXPERIMENT = Experiment(
    id="relaxation",
    title="Relaxation",
    idea="Following $-\\nabla L$ cannot circle, but $L$ has minima that solve no game. Mixed into $V$, a "
    "little of it brings the players to rest at the equilibrium, where $V$ circles: sometimes.",
    equation=r"L = \tfrac{1}{2} \lVert V \rVert^2, \quad \nabla L = J^\top V, \quad V_\gamma = V - \gamma\, \nabla L",
    lecture="§5.3",
    notice="In one game $V$ circles, $-\\nabla L$ is trapped at the ✕, where neither player is content, and the "
    "mixture arrives. *The mixture fails*: from $(2, 1)$ in the saturating game it ends farther away than it began.",
    control="#equilibria-relaxation-plane .ll-pad",
    result="#equilibria-relaxation-views .charts svg",
    number="#equilibria-relaxation-views .ll-number",
    elsewhere="game=wasserstein&gamma=0.3&start=2,2",
    build=build,
)
