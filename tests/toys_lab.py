"""A toy method of the lab: an ONNX graph of one step whose course is known on paper."""

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from gen_models import cards
from gen_models.cards import Port
from gen_models.runtime import Model

HYPER = {"in_lr_g": 0.05, "in_lr_d": 0.1, "in_alternating": 1.0, "in_ema": 0.5}


def method(
    root: Path, name: str = "lab-nonsaturating", pack: int = 1, measured: bool = True
) -> Model:
    """G puts z on a circle of radius g and D calls real what lies inside of radius d, written to `root/name`.

    With ρ the mean distance of the real points from the origin, a step is

        g <- g + lr_g (ρ − g),    d <- d + lr_d (ρ − d),    L_D = (ρ − d)²,  L_G = (ρ − g)²,  |grad| = |ρ − d|, |ρ − g|

    so that on the ring of 8 all modes are found when g comes near 1, and a learning rate above 2 lets g fly away. Noise
    in_u is uniform in (0, 1) and only added to L_D, times 0. The sample is g z / ‖z‖, D's output d − ‖x‖ and its
    arrow −x. A discriminator that sees `pack` points adds the mean of its context.
    """
    folder = root / name
    folder.mkdir(parents=True)
    node = helper.make_node
    constants = {
        "pairs": np.array([-1, 2]), "one": np.array([1]), "first": np.array([1.0, 0.0], "f4"),
        "second": np.array([0.0, 1.0], "f4"), "zero": np.float32(0), "row": np.array([1, 2]),
        "unity": np.float32(1), "nothing": np.zeros((2, 2), np.float32), "whole": np.array([-1, 1]),
        "ends": np.array([1, 2, 1]), "all": np.array([8]),
    }  # fmt: skip

    def ports(each):
        return [helper.make_tensor_value_info(p.name, TensorProto.FLOAT, p.shape) for p in each]

    graphs = {}

    def keep(role, nodes, inputs, outputs):
        tensors = [numpy_helper.from_array(value, key) for key, value in constants.items()]
        made = helper.make_graph(nodes, "toy", ports(inputs), ports(outputs), tensors)
        opset = helper.make_opsetid("", 20)
        content = helper.make_model(made, opset_imports=[opset], ir_version=10).SerializeToString()
        (folder / f"{role}.onnx").write_bytes(content)
        graphs[role] = cards.Graph(
            f"{role}.onnx", cards.sha256(content), len(content), inputs, outputs, 20, 2, 0.0
        )

    wide = 2 * pack
    step = [
        node("Reshape", ["in_state", "pairs"], ["rows"]),
        node("Split", ["rows", "ends"], ["now", "moments", "mean"], axis=0),
        node("Reshape", ["in_real", "pairs"], ["x"]),
        node("ReduceL2", ["x", "one"], ["far"], keepdims=0),
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
    ]
    scalars = ("in_step", *HYPER)
    ranges = {
        "in_lr_g": (1e-5, 10.0),
        "in_lr_d": (1e-5, 10.0),
        "in_alternating": (0.0, 1.0),
        "in_ema": (0.0, 1.0),
    }
    keep(
        "step",
        step,
        (
            Port("in_state", (8,)), Port("in_real", ("batch", wide)), Port("in_z", ("batch", wide)),
            Port("in_u", ("batch", 1), range=(0, 1)),
            *(Port(each, (), range=ranges.get(each)) for each in scalars),
        ),
        (Port("state", (8,)), Port("losses", (2,)), Port("gradients", (2,))),
    )  # fmt: skip
    keep(
        "sample",
        [
            node("ReduceL2", ["in_z", "one"], ["far"], keepdims=1),
            node("Div", ["in_z", "far"], ["way"]),
            node("Split", ["in_parameters"], ["g", "d"], axis=0, num_outputs=2),
            node("Mul", ["way", "g"], ["x"]),
        ],
        (Port("in_parameters", (2,)), Port("in_z", ("batch", 2))),
        (Port("x", ("batch", 2)),),
    )
    context = (Port("in_context", ("context", wide - 2)),) if pack > 1 else ()
    sees = [
        node("Split", ["in_parameters"], ["g", "d"], axis=0, num_outputs=2),
        node("ReduceL2", ["in_x", "one"], ["far"], keepdims=1),
        node("Sub", ["d", "far"], ["inside"]),
        node("Neg", ["in_x"], ["arrow"]),
    ]
    if pack > 1:
        sees += [
            node("ReduceMean", ["in_context"], ["others"], keepdims=0),
            node("Add", ["inside", "others"], ["logit"]),
        ]
    else:
        sees.append(node("Identity", ["inside"], ["logit"]))
    keep(
        "discriminator",
        sees,
        (Port("in_parameters", (2,)), Port("in_x", ("batch", 2)), *context),
        (Port("logit", ("batch", 1)), Port("arrow", ("batch", 2))),
    )

    def metric(value: float, unit: str) -> cards.Metric:
        command = "python -m training.lab_scoreboard"
        return cards.Metric(value, unit, 2500, "", tuple(range(10)), command, "worst 7")

    metrics = {
        "ring: modes": metric(7.5, "of 8"),
        "ring: high quality": metric(97.5, "%"),
        "ring: seconds": metric(12.5, "s"),
    }
    card = cards.Card(
        name=name,
        family="lab",
        title=f"Toy {name}",
        lecture="§3.6",
        summary="G is a circle.",
        limitations="It stays one.",
        dataset=cards.Dataset("lab", "Made while you look", "public domain", "nowhere", "0" * 64),
        training=cards.Training("python -m training.lab", 0.0, "CPU", 0, {}, "abc"),
        config={
            "method": name.removeprefix("lab-"), "loss": "non-saturating", "pack": pack, "batch": 64, "fall": 1.0,
            "hyper": HYPER, "initial": [[1, 0.1], [1, 0.1]],
        },
        graphs=graphs,
        metrics=metrics if measured else {},
    )  # fmt: skip
    card.save(folder)
    return Model(card, folder)
