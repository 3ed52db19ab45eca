"""β from "almost an autoencoder" to "almost the prior": models that differ in nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from gen_models.app import choices, live
from gen_models.app.checks import checked_seed
from gen_models.app.tabs.vae import common
from gen_models.app.tabs.vae.common import Models, beta_of
from gen_models.app.tabs.vae.samples import sample
from gen_models.runtime import Array, Model

PAIRS, SAMPLES, COLUMNS = 8, 16, 4
KEYS = ("latent_dim", "likelihood", "binarize")


def families(models: Iterable[Model]) -> list[dict[float, Model]]:
    """Models that differ in β alone, by β, the least first: two or more in each family, the largest family first.

    Of two models with one β the first by name is taken.
    """
    groups: dict[Any, dict[float, Model]] = {}
    for model in models:
        config = model.card.config
        key = (common.data_of(model), *(config.get(name) for name in KEYS))
        groups.setdefault(key, {}).setdefault(beta_of(model), model)
    found = [dict(sorted(group.items())) for group in groups.values() if len(group) > 1]
    return sorted(found, key=len, reverse=True)


def pairs(model: Model) -> Array:
    """Example pictures, each above its reconstruction, in rows of four: bytes (n, h, w, c)."""
    x = common.examples_of(model, PAIRS)
    y = common.decode(model, model("encoder", x=x)["mu"])
    x = common.as_pictures(model, x)
    rows = [
        part for i in range(0, len(x), COLUMNS) for part in (x[i : i + COLUMNS], y[i : i + COLUMNS])
    ]
    return np.concatenate(rows)


def numbers_of(model: Model) -> dict[str, str]:
    """What the card says of the two terms of the loss."""

    def show(key: str, decimals: int = 1) -> str:
        value = common.metric(model, key)
        return "–" if value is None else common.figure(value, decimals)

    return {
        "error": show("squared error"),
        "kl": show("KL"),
        "reconstruction": show("reconstruction"),
        "active": f"{show('active dimensions', 0)} of {common.latent_dim(model)}",
    }


def build(models: Models) -> None:
    """Lay out the dial for each family of models that differ in β."""
    found = families(models.values())
    if not found:
        common.say(
            "The dial needs two VAEs that differ in β alone; this makes one more: "
            "`python -m training.vae --name NAME --data DATA --beta 10`."
        )
        return
    common.say(
        "β weighs the KL. Turn it down, and the code keeps everything: good reconstructions, but the codes no longer "
        "lie where $p(z)$ is, and samples fall apart. Turn it up, and the code keeps little: $q(z|x)$ spreads over "
        "much of $p(z)$, and pictures come back blurred towards an average."
    )
    for i, family in enumerate(found):
        data = next(iter(family.values())).card.dataset.name
        _dial(family, "β" if len(found) == 1 else f"β, {data}", f"vae-beta-{i}")

    def compare(model: str, seed: int) -> dict[str, Any]:
        """Examples above their reconstructions, samples from the prior (PNG in data: URIs), and the card's numbers."""
        chosen = common.choose(models, model)
        grids = {"pairs": pairs(chosen), "samples": sample(chosen, checked_seed(seed), SAMPLES)}
        pictures = {name: live.data_uri(live.grid(grid, COLUMNS)) for name, grid in grids.items()}
        return {"beta": beta_of(chosen), **pictures, **numbers_of(chosen)}

    common.endpoint(compare, "vae_beta")


def _dial(family: dict[float, Model], label: str, elem_id: str) -> None:
    first = min(family.values(), key=lambda m: beta_of(m) != 1)

    def turn(request: live.Request) -> live.Reply:
        beta = request["context"].get("beta")
        if not isinstance(beta, int | float) or beta not in family:
            raise common.BadRequest("There is no model of this β.")
        model = family[beta]
        x = common.as_input(model, request["value"])
        own = common.decode(model, common.encode(model, x).mu[None])[0]
        return {
            "pictures": {
                "own": live.picture(own),
                "pairs": live.picture(live.grid(pairs(model), COLUMNS)),
                "samples": live.picture(live.grid(sample(model, 0, SAMPLES), COLUMNS)),
            },
            "text": numbers_of(model),
        }

    choices.steps(
        list(family),
        beta_of(first),
        label=label,
        unit="× KL",
        key="beta",
        targets=[elem_id],
        elem_id=f"{elem_id}-dial",
    )
    common.sheet(
        first,
        turn,
        context={"beta": beta_of(first)},
        screens=[
            ("own", "your picture, reconstructed"),
            ("pairs", "test pictures, each above its reconstruction"),
            ("samples", "samples from the prior"),
        ],
        numbers=[
            ("error", "squared error, test pictures"),
            ("kl", "KL, nats"),
            ("reconstruction", "−E log p(x|z), nats"),
            ("active", "dimensions in use"),
        ],
        elem_id=elem_id,
    )
