"""β from "almost an autoencoder" to "almost the prior": models that differ in nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.vae import common
from gen_models.app.chapters.vae.common import beta_of
from gen_models.app.chapters.vae.samples import sample
from gen_models.app.checks import checked_seed
from gen_models.app.shell import layout
from gen_models.families import MetricId, VAEFacts
from gen_models.runtime import Array, Model

PAIRS, SAMPLES, COLUMNS = 8, 16, 4
START = 3
"""The example that is chosen at first."""
CANVAS, RESULTS = "vae-beta-canvas", "vae-beta-results"


def families(models: Iterable[Model]) -> list[dict[float, Model]]:
    """Models that differ in β alone, by β, the least first: two or more in each family, the largest family first.

    Of two models with one β the first by name is taken.
    """
    groups: dict[Any, dict[float, Model]] = {}
    for model in models:
        facts = model.card.facts_as(VAEFacts)
        key = (
            common.data_of(model),
            common.latent_dim(model),
            facts.likelihood,
            facts.sigma,
            facts.binarized,
        )
        groups.setdefault(key, {}).setdefault(beta_of(model), model)
    found = [dict(sorted(group.items())) for group in groups.values() if len(group) > 1]
    return sorted(found, key=len, reverse=True)


def pairs(model: Model) -> Array:
    """Example images, each above its reconstruction, in rows of four: bytes (n, h, w, c)."""
    x = common.examples_of(model, PAIRS)
    y = common.decode(model, model("encoder", x=x)["mu"])
    x = common.as_pictures(model, x)
    rows = [
        part for i in range(0, len(x), COLUMNS) for part in (x[i : i + COLUMNS], y[i : i + COLUMNS])
    ]
    return np.concatenate(rows)


def numbers_of(model: Model) -> dict[str, str]:
    """What the card says of the two terms of the loss, and of samples."""

    def show(metric: MetricId, decimals: int = 1) -> str:
        value = common.metric(model, metric)
        return "–" if value is None else common.format_number(value, decimals)

    return {
        "error": show(MetricId.SQUARED_ERROR),
        "kl": show(MetricId.KL),
        "reconstruction": show(MetricId.RECONSTRUCTION),
        "distance": show(MetricId.FRECHET_DISTANCE),
        "recall": show(MetricId.RECALL, 3),
        "active": f"{show(MetricId.ACTIVE_DIMENSIONS, 0)} of {common.latent_dim(model)}",
    }


def build(models: Models) -> None:
    """Lay out the dial for the largest family of models that differ in β."""
    found = families(models.values())
    if not found:
        common.markdown(
            "The dial needs two VAEs that differ in β alone; this makes one more: "
            "`python -m training.vae --name NAME --data DATA --beta 10`."
        )
        return
    family = found[0]
    first = min(family.values(), key=lambda m: beta_of(m) != 1)

    def turn(request: controls.Request) -> controls.Reply:
        beta = request["context"].get("beta")
        if not isinstance(beta, int | float) or beta not in family:
            raise common.BadRequest("There is no model of this β.")
        model = family[beta]
        x = common.as_input(model, request["value"])
        own = common.decode(model, common.encode(model, x).mu[None])[0]
        return {
            "images": {
                "own": controls.pixels(own),
                "pairs": controls.pixels(controls.grid(pairs(model), COLUMNS)),
                "samples": controls.pixels(controls.grid(sample(model, 0, SAMPLES), COLUMNS)),
            },
            "text": numbers_of(model),
        }

    with layout.controls():
        controls.steps(
            list(family),
            beta_of(first),
            label="β",
            unit="× KL",
            key="beta",
            targets=[CANVAS],
            elem_id="vae-beta-dial",
            address="beta",
        )
        common.canvas(
            first,
            turn,
            start=START,
            context={"beta": beta_of(first)},
            screens=[
                ("own", "your image, reconstructed"),
                ("pairs", "test images, each above its reconstruction"),
                ("samples", "samples: z ~ p(z), decoded"),
            ],
            numbers=[
                ("error", "squared error, test images"),
                ("kl", "KL, nats"),
                ("distance", "Fréchet distance of samples"),
                ("recall", "recall: share of test images among samples"),
                ("active", "dimensions in use"),
            ],
            elem_id=CANVAS,
            results=RESULTS,
        )
    with layout.results():
        layout.outlet(RESULTS, under=True)


def offer(models: Models) -> None:
    """What a model makes of test images and of the prior, over HTTP."""

    def compare(model: str, seed: int) -> dict[str, Any]:
        """Examples above their reconstructions, samples from the prior (PNG in data: URIs), and the card's numbers."""
        chosen = common.get_model(models, model)
        grids = {"pairs": pairs(chosen), "samples": sample(chosen, checked_seed(seed), SAMPLES)}
        images = {
            name: controls.data_uri(controls.grid(grid, COLUMNS)) for name, grid in grids.items()
        }
        return {"beta": beta_of(chosen), **images, **numbers_of(chosen)}

    common.endpoint(compare, "vae_beta")


EXPERIMENT = Experiment(
    id="beta",
    title="β dial",
    idea="β weighs the KL. Turned down, the code keeps everything, but codes no longer lie where $p(z)$ is; turned up, "
    "$q(z|x)$ spreads over $p(z)$, and images come back blurred towards an average.",
    equation=r"\begin{aligned} \mathcal{L}_\beta &= \mathbb{E}_{q_\phi(z|x)}\big[-\log p_\theta(x|z)\big] \\ "
    r"&\quad + \beta\, \mathrm{KL}\big(q_\phi(z|x) \,\|\, p(z)\big) \end{aligned}",
    lecture="§2.4",
    notice="From β = 1 down to 0.1 the code costs 33.1 nats instead of 18.2, the error hardly falls (11.0 to 10.4), "
    "and samples are 22.4 away from digits instead of 10.4. Up to β = 10 the KL falls to 3.2 nats, the error rises to "
    "28.5 and the distance to 79.6. Of the four, β = 1 samples best.",
    control="#vae-beta-dial input",
    result="#vae-beta-results canvas",
    number="#vae-beta-results .ll-number",
    elsewhere="beta=0.1&image=5",
    build=build,
)
