"""A method of the lab whose course is known on paper."""

from pathlib import Path

import numpy as np

from gen_models.cards import Metric, Port
from gen_models.families import Initial, LabFacts, LabLoss, MetricId
from gen_models.runtime import Model
from toys.write import Graph, node, rows, write

HYPER = {"in_lr_g": 0.05, "in_lr_d": 0.1, "in_alternating": 1.0, "in_ema": 0.5}
RANGES = {
    "in_lr_g": (1e-5, 10.0), "in_lr_d": (1e-5, 10.0), "in_alternating": (0.0, 1.0), "in_ema": (0.0, 1.0),
}  # fmt: skip


def lab(
    root: Path,
    name: str = "lab-nonsaturating",
    pack: int = 1,
    measured: bool = True,
    loss: LabLoss = LabLoss.NON_SATURATING,
) -> Model:
    """G puts z on a circle of radius g and D calls real what lies inside of radius d.

    With ρ the mean distance of the real points from the origin, a step is

        g <- g + lr_g (ρ − g),    d <- d + lr_d (ρ − d),    L_D = (ρ − d)²,  L_G = (ρ − g)²,  |grad| = |ρ − d|, |ρ − g|

    so that on the ring of 8 all modes are found when g comes near 1, and a learning rate above 2 lets g fly away. Noise
    in_u is uniform in (0, 1) and only added to L_D, times 0. The sample is g z / ‖z‖, D's output d − ‖x‖ and its
    arrow −x, whatever loss the card names. A discriminator that sees `pack` points adds the mean of its context.
    """
    wide = 2 * pack
    parameters, state = Port("in_parameters", (2,)), Port("in_state", (8,))
    step = Graph(
        [
            state, rows("in_real", wide), rows("in_z", wide), rows("in_u", 1, (0, 1)), Port("in_step", ()),
            *(Port(each, (), range=RANGES[each]) for each in HYPER),
        ],
        [Port("state", (8,)), Port("losses", (2,)), Port("gradients", (2,))],
        [
            node("Reshape", ["in_state", "pairs"], ["rows"]),
            node("Split", ["rows", "ends"], ["now", "moments", "mean"], axis=0),
            node("Reshape", ["in_real", "pairs"], ["x"]),
            node("ReduceL2", ["x", "axis"], ["far"], keepdims=0),
            node("ReduceMean", ["far"], ["rho"], keepdims=0),
            node("Sub", ["rho", "now"], ["gap"]),  # (1, 2): of g, of d
            node("Mul", ["first", "in_lr_g"], ["rate_g"]),
            node("Mul", ["second", "in_lr_d"], ["rate_d"]),
            node("Add", ["rate_g", "rate_d"], ["rates"]),
            node("Mul", ["gap", "rates"], ["move"]),
            node("Add", ["now", "move"], ["theta"]),
            node("Mul", ["mean", "in_ema"], ["old"]),
            node("Sub", ["unity", "in_ema"], ["rest"]),
            node("Mul", ["theta", "rest"], ["new"]),
            node("Add", ["old", "new"], ["average"]),
            node("Concat", ["theta", "moments", "average"], ["next"], axis=0),
            node("Reshape", ["next", "all"], ["state"]),
            node("Mul", ["gap", "gap"], ["squares"]),
            node("Split", ["squares"], ["square_g", "square_d"], axis=1, num_outputs=2),
            node("Concat", ["square_d", "square_g"], ["both"], axis=1),
            node("ReduceMean", ["in_u"], ["u"], keepdims=0),
            node("Mul", ["u", "zero"], ["none"]),
            node("Squeeze", ["both"], ["flat"]),
            node("Add", ["flat", "none"], ["losses"]),
            node("Sqrt", ["losses"], ["gradients"]),
        ],
        {
            "pairs": np.array([-1, 2]), "axis": np.array([1]), "first": np.float32([1, 0]),
            "second": np.float32([0, 1]), "zero": np.float32(0), "unity": np.float32(1),
            "ends": np.array([1, 2, 1]), "all": np.array([8]),
        },
    )  # fmt: skip
    split = node("Split", ["in_parameters"], ["g", "d"], axis=0, num_outputs=2)
    sample = Graph(
        [parameters, rows("in_z", 2)],
        [rows("x", 2)],
        [
            node("ReduceL2", ["in_z", "axis"], ["far"], keepdims=1),
            node("Div", ["in_z", "far"], ["way"]),
            split,
            node("Mul", ["way", "g"], ["x"]),
        ],
        {"axis": np.array([1])},
    )
    judges = [
        split,
        node("ReduceL2", ["in_x", "axis"], ["far"], keepdims=1),
        node("Sub", ["d", "far"], ["inside"]),
        node("Neg", ["in_x"], ["arrow"]),
    ]
    if pack > 1:
        judges.append(node("ReduceMean", ["in_context"], ["others"], keepdims=0))
        judges.append(node("Add", ["inside", "others"], ["logit"]))
    else:
        judges.append(node("Identity", ["inside"], ["logit"]))
    context = [Port("in_context", ("context", wide - 2))] if pack > 1 else []
    discriminator = Graph(
        [parameters, rows("in_x", 2), *context],
        [rows("logit", 1), rows("arrow", 2)],
        judges,
        {"axis": np.array([1])},
    )
    metrics = {
        MetricId.MODES.of("ring"): scored(7.5, "of 8"),
        MetricId.HIGH_QUALITY.of("ring"): scored(97.5, "%"),
        MetricId.SECONDS.of("ring"): scored(12.5, "s"),
    }
    return write(
        root,
        name,
        LabFacts(loss, "a toy", 64, HYPER, (Initial(1, 0.1), Initial(1, 0.1)), pack=pack),
        {"step": step, "sample": sample, "discriminator": discriminator},
        data="",
        metrics=metrics if measured else {},
    )


def scored(value: float, unit: str) -> Metric:
    """A number of the scoreboard: over ten seeds."""
    command = "python -m training.lab_scoreboard"
    return Metric(value, unit, 2500, "", tuple(range(10)), command, "worst 7")
