"""The weights of a network at chosen moments of a run, for what is exported of more than its end."""

from __future__ import annotations

import io
from collections.abc import Mapping

import torch
from torch import nn

from gen_models.errors import UserError
from gen_models.files import write_atomically
from training.engine.run import Run, reading


class Snapshots:
    """Keeps them in the run's folder, by name."""

    def __init__(self, run: Run, at: Mapping[str, int]) -> None:
        """`at`: the step of each."""
        self.run, self.at = run, dict(at)
        self.folder = run.config.folder / "snapshots"

    def take(self, net: nn.Module) -> None:
        """Keep the weights under each name whose step this is."""
        for name, step in self.at.items():
            if step == self.run.step and self.run.is_main:
                self.folder.mkdir(exist_ok=True)
                buffer = io.BytesIO()
                torch.save(net.state_dict(), buffer)
                write_atomically(self.folder / f"{name}.pt", buffer.getvalue())

    def restore(self, name: str, net: nn.Module) -> None:
        """Load the weights of this name into a network on the CPU.

        Raises:
            UserError: the file is missing, damaged or of another network.
        """
        path, folder = self.folder / f"{name}.pt", self.run.config.folder
        wrong = f"{path} is missing or damaged: remove {folder} to begin the run anew."
        try:
            with reading(path, wrong):
                net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        except FileNotFoundError:
            raise UserError(wrong) from None
