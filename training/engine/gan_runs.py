"""The players of a finished GAN: its generator as it is sampled, and both for another game that begins with them."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.modules.utils import consume_prefix_in_state_dict_if_present

from gen_models.errors import UserError
from gen_models.networks.gan import ClassGenerator, Discriminator, Generator
from training.engine import aliases
from training.engine.networks import recalibrate_batchnorm
from training.engine.run import reading

CALIBRATION = 10_240
"""Draws of z over which the BatchNorm statistics of a generator are taken."""


def recalibrate_generator(
    G: nn.Module, latent_dim: int, device: torch.device, y: Tensor | None = None
) -> nn.Module:
    """An averaged generator with BatchNorm statistics of its own, over CALIBRATION draws of z; in evaluation mode.

    y: a class for each draw, one-hot, where G is told one.
    """
    rng = torch.Generator().manual_seed(0)
    inputs = (torch.randn(256, latent_dim, generator=rng) for _ in range(CALIBRATION // 256))
    if y is None:
        return recalibrate_batchnorm(G, (z.to(device) for z in inputs))
    assert isinstance(G, ClassGenerator)
    told = zip(inputs, y.split(256), strict=True)
    with torch.no_grad():
        recalibrate_batchnorm(G.G, (G.code(z.to(device), y.to(device)) for z, y in told))
    return G.eval()


def load_gan(folder: Path, shape: torch.Size) -> tuple[Generator, Discriminator]:
    """The trained (G, D) of a run of `training.gan`, G the moving average.

    Raises:
        UserError: there is no such run, a file of it is damaged or cannot be read, it is of other images than `shape`
            (channels, height, width), D judges packs, or both players are told a class.
    """
    c, size, _ = shape
    paths = [folder / part for part in ("config.json", "state.pt")]
    config, checkpoint = (f"{path} is damaged: train {folder.name} anew." for path in paths)
    try:
        with reading(paths[0], config):
            options = aliases.renamed(json.loads(paths[0].read_text()))
        with reading(paths[1], checkpoint):
            state = torch.load(paths[1], map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(f"{folder} holds no run of training.gan: train one first.") from None
    try:
        width, latent_dim = options["width"], options["latent_dim"]
        average, judge = state["ema"], state["D"]
    except (KeyError, TypeError):
        raise UserError(f"{folder} holds no run of training.gan: train one first.") from None
    if (pack := options.get("pack", 1)) > 1:  # options are added in time
        raise UserError(
            f"D of {folder} judges {pack} images together, but here it has to judge one: train it with --pack 1."
        )
    if options.get("classes"):
        raise UserError(
            f"G and D of {folder} are told a class, which there is not here: train them without --classes."
        )
    consume_prefix_in_state_dict_if_present(average, "net.")
    try:
        G, D = Generator(c, size, width, latent_dim), Discriminator(c, size, width)
        G.load_state_dict(average)
        D.load_state_dict(judge)
    except (UserError, RuntimeError):  # a size that no GAN is for, or weights of another one
        raise UserError(
            f"{folder} holds no run of training.gan for images of {c} channels, {size} x {size}."
        ) from None
    recalibrate_generator(G, latent_dim, torch.device("cpu"))
    return G, D
