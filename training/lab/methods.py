"""The methods of the lab: what each changes in the game of two perceptrons, its paper, and its hyper-parameters."""

from __future__ import annotations

from dataclasses import dataclass, field

from gen_models.families import LabLoss, LabPenalty

DEPTH = 3
"""Hidden layers of both players."""
BATCH = 128
"""Points of each kind in a step; PacGAN's experiments have 100."""


@dataclass(frozen=True)
class Method:
    """What one card trains with."""

    title: str
    paper: str
    lecture: str
    idea: str
    """The method in one sentence."""
    loss: LabLoss = LabLoss.NON_SATURATING
    penalty: LabPenalty | None = None
    """The penalty that is added to L_D with the weight γ."""
    noise: bool = False
    """Whether σ·N(0, I) is added to all that D sees, in both players' losses."""
    consensus: bool = False
    """Both players descend their losses and, with the weight γ, L = ½ ‖V‖²."""
    pack: int = 1
    """Points that D judges together."""
    minibatch: bool = False
    """Whether D compares the points of a batch."""
    unroll: int = 0
    """Steps of D that the generator looks ahead, and differentiates through."""
    decay: float = 1.0
    """The part of themselves to which γ and σ decay in a long training, such as the scoreboard's."""
    hyper: dict[str, float] = field(default_factory=dict)
    """Hyper-parameters that differ from HYPER, by port."""


_PLAIN = Method(
    "Non-saturating",
    "Goodfellow et al. 2014",
    "§3.5",
    "G minimises −log D(x̂), whose gradient does not vanish when D is sure.",
)
METHODS = {
    "saturating": Method(
        "Saturating",
        "Goodfellow et al. 2014",
        "§3.4",
        "The original game: G minimises log(1 − D(x̂)), what D maximises.",
        loss=LabLoss.SATURATING,
    ),
    "nonsaturating": _PLAIN,
    "least-squares": Method(
        "Least squares",
        "Mao et al. 2017",
        "§3.4",
        "D is a regression to 1 for real and 0 for generated points, and G wants 1.",
        loss=LabLoss.LEAST_SQUARES,
    ),
    "wgan-gp": Method(
        "Wasserstein, gradient penalty",
        "Gulrajani et al. 2017",
        "§5.4",
        "D estimates how far p_θ must be moved to become p_data; the penalty keeps its slope near 1.",
        loss=LabLoss.WASSERSTEIN,
        penalty=LabPenalty.GRADIENT,
        hyper={"in_lr_g": 1e-3},
    ),
    "r1": Method(
        "R1",
        "Mescheder et al. 2018",
        "§5.3",
        "A penalty on D's slope at real points makes the game converge where the plain one circles.",
        penalty=LabPenalty.R1,
        decay=0.0002,
    ),
    "roth": Method(
        "Roth's regulariser",
        "Roth et al. 2017",
        "§5.4",
        "What instance noise does on average, as a penalty on D's slope where D is wrong.",
        penalty=LabPenalty.ROTH,
        decay=0.01,
        hyper={"in_gamma": 0.1},
    ),
    "instance-noise": Method(
        "Instance noise",
        "Sønderby et al. 2017",
        "§5.4",
        "Noise on all that D sees makes real and generated points overlap.",
        noise=True,
        decay=0.01,
    ),
    "consensus": Method(
        "Consensus",
        "Mescheder et al. 2017",
        "§5.3",
        "Both players also descend ½ ‖V‖², the half squared length of the field that they follow.",
        consensus=True,
    ),
    "minibatch": Method(
        "Minibatch discrimination",
        "Salimans et al. 2016",
        "§5.5",
        "D sees how close a point is to the others of its batch, so that a collapsed G is found out.",
        minibatch=True,
    ),
    "pacgan-2": Method(
        "PacGAN, packs of 2",
        "Lin et al. 2018",
        "§5.5",
        "D judges two points together: all real or all generated.",
        pack=2,
    ),
    "pacgan-4": Method(
        "PacGAN, packs of 4",
        "Lin et al. 2018",
        "§5.5",
        "D judges four points together: all real or all generated.",
        pack=4,
    ),
    **{
        f"unrolled-{k}": Method(
            f"Unrolled, {k} step{'s' * (k > 1)}",
            "Metz et al. 2017",
            "§5.5",
            f"G answers to what D will be after {k} more step{'s' * (k > 1)}.",
            unroll=k,
        )
        for k in (1, 5, 10)
    },
}


@dataclass(frozen=True)
class Sizes:
    """The sizes of points and players."""

    point: int = 2
    """Dimensions of x, and of z."""
    width: int = 64
    """The width of both players: a step then takes about a millisecond, which is what live play needs."""
    init_gain: float = 16
    """Factor on the initial weights of D's first layer: the modes of ring and grid are small."""


PLANE = Sizes()

HYPER: dict[str, tuple[float, tuple[float, float]]] = {
    "in_lr_g": (3e-3, (1e-5, 0.1)),
    "in_lr_d": (5e-3, (1e-5, 0.1)),
    "in_beta1": (0.5, (0, 0.99)),
    "in_beta2": (0.99, (0, 0.9999)),
    "in_ema": (0.99, (0, 0.9999)),
    "in_alternating": (1, (0, 1)),
    "in_gamma": (0.1, (0, 100)),
    "in_sigma": (0.1, (0, 2)),
    "in_inner_lr": (5e-4, (0, 0.1)),
}
"""Hyper-parameters: default and range. A step has those that its method uses."""


def hyper(method: Method) -> dict[str, float]:
    """The hyper-parameters that a method uses, by port, with their defaults."""
    used = ["in_lr_g", "in_lr_d", "in_beta1", "in_beta2", "in_ema"]
    used += ["in_alternating"] * (not method.consensus)
    used += ["in_gamma"] * (method.penalty is not None or method.consensus)
    used += ["in_sigma"] * method.noise + ["in_inner_lr"] * (method.unroll > 0)
    return {name: method.hyper.get(name, HYPER[name][0]) for name in used}
