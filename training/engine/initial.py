"""Networks that begin as those of an earlier run: fine-tuning, from its training state."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from gen_models import cards
from gen_models.errors import UserError
from training.engine.run import Run, reading


def check_another(name: str, init_from: str) -> None:
    """Refuse a run that would begin with itself: it is continued by the command that began it."""
    if init_from == name:
        raise UserError(f"--init-from names another run to begin with, not {name} itself.")


def _without_state(exported: Path, folder: Path) -> str:
    """Say that a run is not there, and where a state comes from; of an exported model, that it has none."""
    pull = "pull one, `python -m training.states pull USER/REPO`"
    try:
        trained = cards.load(exported / "card.json").training
    except cards.CardError:
        return f"{folder} holds no training state to begin with: give the name of a run in {folder.parent}, or {pull}."
    return (
        f"{folder} holds no training state: {exported} is an export, and shipped models have no state; {pull}, or "
        f"train it first, which took {trained.time}: `{trained.command}`."
    )


def begin_with(run: Run, other: str, **nets: nn.Module) -> None:
    """Set networks to those of the same names in the state of the run `other`, unless `run` has a state of its own.

    Raises:
        UserError: there is no such state, it is damaged or cannot be read, or it is of other networks.
    """
    if (run.config.folder / "state.pt").exists():
        return
    folder = run.config.runs / other
    path = folder / "state.pt"
    try:
        with reading(path, f"{path} is damaged: train {other} anew."):
            state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(_without_state(run.config.exported / other, folder)) from None
    for name, net in nets.items():
        try:
            net.load_state_dict(state[name])
        except (KeyError, TypeError, RuntimeError):
            raise UserError(
                f"{path} is of other networks: give the sizes of that run, which are in {folder / 'config.json'}."
            ) from None
