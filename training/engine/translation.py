"""What training from pairs shares, whatever the recipe: batches, z, sheets of progress, and the export."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gen_models import cards
from gen_models.cards import Port
from gen_models.families import Label, Pix2PixFacts, Pix2PixRecipe
from gen_models.runtime import Array
from training.data import to_float
from training.data.pairs import Pairs, encode, load_pairs
from training.engine.batches import evenly_spaced_indices
from training.engine.export import Spec, dataset, export, titled, webp
from training.engine.run import Run, RunConfig

EXAMPLES = 12
"""Test pairs that go into the export, for the app to begin with."""
MAX_DROPOUT = 0.9
"""The largest share that dropout may drop in use."""


@dataclass(frozen=True)
class PairedConfig(RunConfig):
    """Options of every translation from pairs."""

    batch: int = 4
    """pairs per step and device"""
    data: str = "heads-labels"
    """pairs of training.data.pairs, or pairs:PATH, or pairs:PATH,BtoA"""
    size: int | None = None
    """side of the images in pixels, such as 64, 128 or 256; None: 128"""


class Drawn(nn.Module):
    """c to G(c, z), z drawn anew each time."""

    def __init__(self, G: nn.Module, dropout: float) -> None:
        super().__init__()
        self.G, self.dropout = G, dropout

    def forward(self, c: Tensor) -> Tensor:
        """Translate (b, k, h, w)."""
        u = torch.rand(len(c), cast(int, self.G.noise), device=c.device)
        return self.G(c, u, torch.tensor(self.dropout, device=c.device))


def sides(data: Pairs) -> tuple[int, int]:
    """Channels of c, as the network takes it, and of x."""
    return len(data.labels) or data.c.shape[-3], data.x.shape[-3]


def pairs_of(run: Run, data: Pairs) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches (c, x) as the network takes them, (b, k, h, w) and (b, 3, h, w) in [0, 1], until `config.steps`."""
    for index in run.indices(len(data), data.info.sha256):
        c, x = data[index]
        yield run.fabric.to_device((encode(data, c), to_float(x)))


def damaged(c: Tensor, share: float) -> Tensor:
    """Label maps of heads, one-hot (b, k, h, w), each damaged with this probability: see `training.data.heads.damage`.

    The changes are a function of torch's generator, which a run seeds anew in each step.
    """
    from training.data.heads.damage import damage_some  # which imports numba

    rng = np.random.default_rng(int(torch.randint(2**31, ())))
    maps = damage_some(c.argmax(1).cpu().numpy().astype(np.uint8), share, rng)
    return F.one_hot(torch.from_numpy(maps).long(), c.shape[1]).movedim(-1, 1).to(c)


def evenly_spaced_pairs(data: Pairs, n: int) -> tuple[Tensor, Tensor]:
    """n pairs (c, x) from all over a split, as `pairs_of` gives them."""
    c, x = data[evenly_spaced_indices(len(data), n)]
    return encode(data, c), to_float(x)


def progress_sheet(data: Pairs, G: Drawn) -> Tensor:
    """Ten pairs and what G makes of them, (30, 3, h, w) in [0, 1]: a row of c, of x, of x̂.

    BatchNorm works as in a training step; the z are the same each time.
    """
    c, x = evenly_spaced_pairs(data, 10)
    torch.manual_seed(0)  # each step seeds anew, so nothing else notices
    device = next(G.parameters()).device
    x_hat = deepcopy(G).train()(c.to(device)).float().cpu()
    return torch.cat([torch.from_numpy(shown(data, c.numpy())), x, x_hat])


def shown(data: Pairs, c: Array) -> Array:
    """c as the network takes it, (n, k, h, w), as colours (n, 3, h, w) in [0, 1].

    Label maps in the palette's colours; one channel as grey; two as red and green.
    """
    if data.labels:
        palette = np.array([label.colour for label in data.labels], np.float32) / 255
        return palette[c.argmax(1)].transpose(0, 3, 1, 2)
    if c.shape[1] == 1:
        return c.repeat(3, 1)
    return np.concatenate([c, np.zeros_like(c)], axis=1)[:, :3]


def sheet(name: str, images: Tensor, lossless: bool = False) -> tuple[cards.Sheet, bytes]:
    """A row of images (n, 3, h, w) in [0, 1] as a sheet of the card."""
    rows, content = webp(images, len(images), quality=90, lossless=lossless)
    return cards.Sheet(f"{name}.webp", rows, len(images)), content


def translator_ports(channels: int, size: int, noise: int) -> tuple[Port, ...]:
    """The inputs of a network (c, u, p) -> x̂.

    u is z: `noise` numbers, uniform in [0, 1); p is the share of G's numbers that dropout drops by them, 0 for none.
    """
    return (
        Port("c", ("batch", channels, size, size), range=(0, 1)),
        Port("u", ("batch", noise), range=(0, 1)),
        Port("p", (), range=(0, MAX_DROPOUT)),
    )


def export_pix2pix(
    config: PairedConfig,
    G: nn.Module,
    run: Run,
    *,
    recipe: Pix2PixRecipe,
    module: str,
    title: str,
    summary: str,
    l1: float,
    gan: float = 1.0,
) -> None:
    """Write `exported/<name>/` of a network with the inputs of `translator_ports`, with some test pairs.

    `l1` and `gan` are the weights of the terms that it was trained by.
    """
    test = titled(load_pairs(config.data, "test", config.size), config)
    k, _ = sides(test)
    c, x = evenly_spaced_pairs(test, min(EXAMPLES, len(test)))
    export(
        name=config.name,
        root=config.exported,
        family="pix2pix",
        title=f"{title}: {test.info.title}",
        lecture="§4.1",
        summary=f"{summary}, trained on pairs: {test.info.title}. z is the noise of its dropout.",
        limitations=(
            "It translates inputs like those it was trained on, and makes something of all others too. z changes "
            "little: the L1 term rewards the one answer that is least wrong."
        ),
        module=module,
        config=config,
        data=dataset(test.info, config.data, config.size),
        facts=Pix2PixFacts(
            recipe,
            labels=tuple(Label(label.name, label.colour) for label in test.labels),
            channels=() if test.labels else test.channels,
            l1=l1,
            gan=gan,
        ),
        runs=[run],
        graphs={
            "generator": Spec(
                G,
                translator_ports(k, test.size, cast(int, G.noise)),
                {"x": (0, 1)},
                fp16_weights=True,
            )
        },
        sheets={
            "inputs": sheet("inputs", torch.from_numpy(shown(test, c.numpy())), lossless=True),
            "targets": sheet("targets", x),
        },
    )
