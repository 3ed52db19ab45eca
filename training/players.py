"""The players of a finished GAN: its generator as it is sampled, and both for another game that begins with them."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import nn
from torch.nn.modules.utils import consume_prefix_in_state_dict_if_present

from gen_models.networks.gan import Discriminator, Generator
from training import cli
from training.run import refit_batchnorm


def settled(G: nn.Module, latent_dim: int, device: torch.device) -> nn.Module:
    """An averaged generator with BatchNorm statistics of its own, taken over 10,240 z; in evaluation mode."""
    rng = torch.Generator().manual_seed(0)
    inputs = (torch.randn(256, latent_dim, generator=rng) for _ in range(40))
    return refit_batchnorm(G, (z.to(device) for z in inputs))


def players(folder: Path, shape: torch.Size) -> tuple[Generator, Discriminator]:
    """The trained (G, D) of a run of `training.gan`, G the moving average.

    Raises:
        cli.UserError: there is no such run, or it is not of pictures of `shape` (channels, height, width).
    """
    c, size, _ = shape
    try:
        options = json.loads((folder / "config.json").read_text())
        state = torch.load(folder / "state.pt", map_location="cpu", weights_only=True)
        width, latent_dim = options["width"], options["latent_dim"]
        average, judge = state["ema"], state["D"]
    except (OSError, KeyError):
        raise cli.UserError(f"{folder} holds no run of training.gan: train one first.") from None
    consume_prefix_in_state_dict_if_present(average, "net.")
    try:
        G, D = Generator(c, size, width, latent_dim), Discriminator(c, size, width)
        G.load_state_dict(average)
        D.load_state_dict(judge)
    except (ValueError, RuntimeError):  # a size that no GAN is for, or weights of another one
        raise cli.UserError(
            f"{folder} holds no run of training.gan for pictures of {c} channels, {size} x {size}."
        ) from None
    settled(G, latent_dim, torch.device("cpu"))
    return G, D
