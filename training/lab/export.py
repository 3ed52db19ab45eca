"""The lab's step, G and D as ONNX graphs.

`make_fx` writes down every operation of forward and backward pass, and that list is what becomes ONNX.

    python -m training.lab --name lab-r1
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from gen_models import cards, model_readme
from gen_models.errors import UserError
from gen_models.families import Initial, LabFacts
from gen_models.numerics.lab.distributions import DISTRIBUTIONS
from gen_models.numerics.lab.game import Game
from gen_models.runtime import Model
from training.engine import cli
from training.engine.export import Spec, export, save_preview
from training.lab.methods import BATCH, DEPTH, METHODS, PLANE, Method, Sizes, hyper
from training.lab.step import Judge, Sample, Step, begin, initial

PREVIEW = 2000
"""Steps before the preview is drawn."""


@dataclass(frozen=True)
class Config:
    """One method, as graphs."""

    name: str
    """lab-METHOD, with a METHOD of METHODS"""
    exported: Path = Path("exported")
    """folder of all exported models"""

    @property
    def method(self) -> Method:
        """What the name stands for."""
        try:
            return METHODS[self.name.removeprefix("lab-")]
        except KeyError:
            known = ", ".join(f"lab-{name}" for name in METHODS)
            raise UserError(f"there is no {self.name}; there are {known}.") from None


def spec(game: Step | Sample | Judge, outputs: tuple[str, ...]) -> Spec:
    """A graph of the game, written down operation by operation."""
    state = begin(game, 0)
    state[1:3] = 0.01 * torch.rand(2, game.n, generator=torch.Generator().manual_seed(0))
    fixed = {"in_state": state.reshape(-1), "in_parameters": state[0], "in_step": torch.tensor(3.0)}
    # Not at random: looking five steps ahead with a step of any size gives NaN, here as there.
    fixed |= {name: torch.tensor(float(value)) for name, value in hyper(game.method).items()}
    sizes = {"batch": 7, "context": 5}  # equal to no other axis, or it would be taken for that one
    example = [
        fixed[port.name] if port.name in fixed
        else torch.full([sizes[n] if isinstance(n, str) else n for n in port.shape], 0.5)
        for port in game.inputs
    ]  # fmt: skip
    traced = make_fx(game, SIMPLER, tracing_mode="symbolic")(*example)
    return Spec(game, game.inputs, dict.fromkeys(outputs), fixed=fixed, traced=traced)


def _softplus_backward(gradient: Tensor, x: Tensor, beta: float, threshold: float) -> Tensor:
    return gradient * (beta * x).sigmoid()


def _turned(x: Tensor) -> Tensor:
    """A row or a column needs no transposing, and its products are then several times as fast in onnxruntime."""
    return x.reshape(x.shape[::-1]) if 1 in x.shape else NotImplemented


def _summed(x: Tensor, dim: list[int], keepdim: bool = False) -> Tensor:
    """The sum over a batch, as a product with ones: five times as fast."""
    if x.ndim != 2 or list(dim) != [0]:
        return NotImplemented
    total = x.new_ones(1, x.shape[0]) @ x
    return total if keepdim else total.reshape(-1)


SIMPLER: dict[Any, Any] = {
    torch.ops.aten.softplus_backward.default: _softplus_backward,
    torch.ops.aten.t.default: _turned,
    torch.ops.aten.sum.dim_IntList: _summed,
}
"""Operations that PyTorch's own exporter would spell out in more or slower ones."""


def dataset() -> cards.Dataset:
    """All the distributions of the lab; the hash is of the first 1,000 points of each, to 4 digits."""
    digest = hashlib.sha256()
    for each in DISTRIBUTIONS.values():
        digest.update(np.round(each.draw(np.random.default_rng(0), 1000), 4).tobytes())
    return cards.Dataset(
        "plane",
        "Points in the plane",
        "none needed",
        "formulas in gen_models/numerics/lab/distributions.py",
        digest.hexdigest(),
        f"Drawn when they are needed: {', '.join(d.title for d in DISTRIBUTIONS.values())}.",
    )


def export_model(config: Config, sizes: Sizes = PLANE) -> Path:
    """Write `exported/<name>/`."""
    method = config.method
    step, sample, judge = (kind(method, sizes) for kind in (Step, Sample, Judge))
    return export(
        name=config.name,
        root=config.exported,
        family="lab",
        title=f"Lab: {method.title}",
        lecture=method.lecture,
        summary=f"{method.idea} {method.paper}.",
        limitations=(
            "Not a trained model: the graphs are a training step, G and D, and have no weights of their own. Two "
            "perceptrons for points in the plane, nothing else. The hyper-parameters are one choice for all "
            "distributions; what fails here may work with others, and the reverse."
        ),
        module="training.lab",
        config=None,
        facts=LabFacts(
            loss=method.loss,
            paper=method.paper,
            batch=BATCH,
            hyper=hyper(method),
            initial=tuple(Initial(length, bound) for length, bound in initial(step)),
            penalty=method.penalty,
            pack=method.pack,
            unroll=method.unroll,
            decay=method.decay,
            width=sizes.width,
            depth=DEPTH,
        ),
        data=dataset(),
        runs=[],
        without_runs="to train is what it is for",
        graphs={
            "step": spec(step, ("state", "losses", "gradients")),
            "sample": spec(sample, ("x",)),
            "discriminator": spec(judge, ("logit", "arrow")),
        },
    )


def preview(folder: Path) -> Image.Image:
    """Real points and those of G (the moving average) after a training of the exported graphs on the ring of 8."""
    game = Game(Model(cards.load(folder / "card.json"), folder), DISTRIBUTIONS["ring"], {}, 0)
    game.advance(PREVIEW)
    side, half = 320, game.distribution.half
    image = Image.new("RGB", (side, side), "white")
    pen = ImageDraw.Draw(image)
    real = game.distribution.draw(np.random.default_rng(0), 500)
    for points, colour in ((real, "#b0b0b0"), (game.samples(1000, average=True), "#d9480f")):
        for x, y in (side / 2 * (1 + points * (1, -1) / half)).tolist():
            pen.ellipse((x - 2, y - 2, x + 2, y + 2), fill=colour)
    return image


def measured(card: cards.Card) -> tuple[object, ...]:
    """What the numbers of the scoreboard depend on."""
    return *(card.graphs[role].sha256 for role in ("step", "sample", "discriminator")), card.facts


def main(config: Config) -> None:
    """Export. The numbers of the scoreboards are kept if what they were measured on is what it was."""
    path = config.exported / config.name / "card.json"
    before = cards.load(path) if path.exists() else None
    folder = export_model(config)
    card = cards.load(path)
    if before and measured(before) == measured(card):
        card = replace(card, sheets=before.sheets).with_metrics(before.metrics)
        model_readme.save(card, folder)
    save_preview(folder, preview(folder))


if __name__ == "__main__":
    cli.run(main, Config)
