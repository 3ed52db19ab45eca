"""The training film: what G makes of the same z, from the first step to the last.

Frames are taken at moments that grow geometrically, since a GAN changes most at the start. They are kept as images
in the run's folder, and put into the export as one: a row for each z, a column for each moment. The losses of these
steps are kept beside them.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Collection
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from gen_models.cards import Sheet
from gen_models.files import write_atomically
from gen_models.runtime import to_uint8
from training.data import to_float
from training.engine.classes import in_turn
from training.engine.export import within_webp
from training.engine.run import Run

FRAMES = 32
ROWS = 12
BATCH = 60
"""Images made at once: BatchNorm takes its statistics over them, and a sample grid shows them all."""


def moments(steps: int, frames: int = FRAMES) -> list[int]:
    """Steps at which frames are taken, rising geometrically from 1 to `steps`, each once."""
    return sorted({round(float(step)) for step in np.geomspace(1, steps, frames)})


class Film:
    """Takes frames of a generator during a run, from z that depend on nothing but their number."""

    def __init__(
        self,
        run: Run,
        latent_dim: int,
        at: Collection[int] | None = None,
        rows: int = ROWS,
        classes: int = 0,
    ) -> None:
        """`at`: the steps at which frames are taken; None: those of `moments`. `rows`: how many z are shown.

        With `classes`, that many, G is also told a class, each in turn.
        """
        self.run, self.rows = run, rows
        self.folder = run.config.folder / "film"
        self.moments = set(moments(run.config.steps) if at is None else at)
        z = torch.randn(BATCH, latent_dim, generator=torch.Generator().manual_seed(0))
        inputs = (z, in_turn(BATCH, classes)) if classes else (z,)
        self.inputs = [each.to(run.fabric.device) for each in inputs]

    @torch.no_grad()
    def images(self, G: nn.Module) -> Tensor:
        """G's images of the fixed z, (BATCH, c, h, w) in [0, 1], BatchNorm working as in a training step."""
        copy = deepcopy(G).train()  # a pass in training mode changes BatchNorm's running statistics
        return copy(*self.inputs).float()

    def take(self, G: nn.Module, **losses: Tensor) -> None:
        """Keep a frame, and the means of the losses over this process's batch, if this step is one of the moments."""
        if self.run.step not in self.moments or not self.run.is_main:
            return
        self.folder.mkdir(exist_ok=True)
        column = np.concatenate(list(to_uint8(self.images(G)[: self.rows].cpu().numpy())))
        buffer = io.BytesIO()
        Image.fromarray(column.squeeze()).save(buffer, "PNG")
        write_atomically(self.folder / f"{self.run.step:07d}.png", buffer.getvalue())
        if losses:
            means = {name: round(loss.float().mean().item(), 4) for name, loss in losses.items()}
            write_atomically(self.folder / f"{self.run.step:07d}.json", json.dumps(means).encode())


def assemble(
    folder: Path, steps: int, at: Collection[int] | None = None, rows: int = ROWS
) -> tuple[Sheet, bytes]:
    """The film of a run of `steps` steps, for the card, and its image, as large as a WebP may be.

    `at` and `rows` are those that the film was taken with.
    """
    paths = [
        path
        for path in sorted((folder / "film").glob("*.png"))
        if int(path.stem) <= steps and (at is None or int(path.stem) in at)
    ]
    columns = []
    for path in paths:
        with Image.open(path, formats=["PNG"]) as frame:
            column = np.asarray(frame)
        side = column.shape[1]
        tiles = torch.tensor(column.reshape(rows, side, side, -1)).permute(0, 3, 1, 2)
        tiles = within_webp(to_float(tiles), rows, len(paths))
        columns.append(np.concatenate(list(to_uint8(tiles.numpy()))).squeeze())
    buffer = io.BytesIO()
    Image.fromarray(np.concatenate(columns, axis=1)).save(buffer, "WEBP", quality=85, method=6)
    taken = tuple(int(path.stem) for path in paths)
    return Sheet("film.webp", rows, len(columns), taken, _losses(paths)), buffer.getvalue()


def _losses(paths: list[Path]) -> dict[str, tuple[float, ...]]:
    """The losses beside these frames; nothing if there are none beside one of them, or one is not finite."""
    kept = [path.with_suffix(".json") for path in paths]
    if not all(path.exists() for path in kept):
        return {}
    rows = [json.loads(path.read_text()) for path in kept]
    losses = {name: tuple(row[name] for row in rows) for name in rows[0]}
    return losses if all(map(math.isfinite, sum(losses.values(), ()))) else {}
