"""The reward for the codes, L_I, estimated live; and how it falls when Q is asked about codes that made no image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import gradio as gr
import numpy as np

from gen_models.app import controls
from gen_models.app.chapter import Experiment
from gen_models.app.chapters import _plots as plots
from gen_models.app.chapters.infogan import common
from gen_models.app.checks import SEEDS, checked_integer, checked_number, checked_seed, user_facing
from gen_models.app.shell import address, layout
from gen_models.app.shell.parts import (
    Models,
    endpoint,
    format_number,
    get_model,
    markdown,
    model_choice,
)
from gen_models.numerics import estimators
from gen_models.runtime import Array, Model

SIZES = (100, 300, 1000)
MAX_SIZE = max(SIZES)
BATCH = 100
"""Images made at a time."""
MIN_PROBABILITY = 1e-12
"""Probabilities below this count as this, as in the card's number: a single 0 would make the mean −∞."""
SHARES = np.linspace(0, 1, 21)
SLIDER, RESULTS, CHART = "infogan-bound", "infogan-bound-results", "infogan-bound-chart"

# ---------------------------------------------------------------------------------------------------------------------
# The estimator
# ---------------------------------------------------------------------------------------------------------------------


def category_terms(shares: Array, category: Array) -> Array:
    """log Q(c₁|x) + H(c₁), in nats, for each of n images; their mean estimates the category's part of L_I.

    c₁ is drawn from K categories alike, H(c₁) = log K. A Q that is always sure and right gives log K, which is all
    there is to say; one that always answers 1/K gives 0. (Chen et al. 2016, eq. 5.)

    Args:
        shares: Q's probabilities (n, K).
        category: the categories asked about (n,).
    """
    n, k = shares.shape
    asked = shares[np.arange(n), category].astype(np.float64)
    return np.log(np.maximum(asked, MIN_PROBABILITY)) + math.log(k)


def continuous_terms(
    mean: Array, sigma: Array, codes: Array, trained: tuple[float, float]
) -> Array:
    """Σ log Q(c|x) + H(c) over the continuous codes, in nats, for each of n images.

    Q is N(mean, sigma²) and a code is uniform between the two numbers `trained`, so H is the logarithm of their
    difference. It is a density's: unlike the category's, this part has no largest value.

    Args:
        mean: (n, m).
        sigma: (n, m).
        codes: the codes asked about (n, m).
        trained: least and greatest code.
    """
    logvar = 2 * np.log(sigma.astype(np.float64))
    entropy = codes.shape[1] * math.log(trained[1] - trained[0])
    return estimators.log_normal(codes, mean, logvar) + entropy


@dataclass(frozen=True, eq=False)
class Terms:
    """What each of n images gives to L_I: asked about its own codes, and about others drawn independently."""

    category: tuple[Array, Array]
    """(n,) each."""
    continuous: tuple[Array, Array] | None
    """(n,) each; None if Q gives no standard deviation."""
    replaced_at: Array
    """An image's codes are replaced once the share exceeds this: uniform from 0 to 1, (n,)."""
    right: float
    """How often Q's likeliest category is the image's own."""


@dataclass(frozen=True)
class Bound:
    """An estimate of L_I, in nats, with a share of the codes replaced."""

    category: float
    error: float
    """Standard error of `category`."""
    continuous: float | None


@lru_cache(maxsize=16)
def terms(model: Model, n: int, seed: int) -> Terms:
    """Make n images from drawn codes and z, and let Q answer for their own codes and for independent ones."""
    rng = np.random.default_rng(seed)
    trained = common.trained_range(model)
    k, m = common.categories(model), common.continuous(model)
    size = common.width(model.input("generator", "z"))
    z = rng.standard_normal((n, size), np.float32)
    category = rng.integers(k, size=(2, n))
    codes = rng.uniform(*trained, (2, n, m)).astype(np.float32)
    parts = [slice(i, i + BATCH) for i in range(0, n, BATCH)]
    read = [
        common.read(model, common.generate(model, z[p], category[0, p], codes[0, p])) for p in parts
    ]
    shares, mean = (np.concatenate([getattr(q, name) for q in read]) for name in ("shares", "mean"))
    sigmas = [q.sigma for q in read if q.sigma is not None]
    continuous = None
    if sigmas:
        sigma = np.concatenate(sigmas)
        own, other = (continuous_terms(mean, sigma, c, trained) for c in codes)
        continuous = own, other
    return Terms(
        (category_terms(shares, category[0]), category_terms(shares, category[1])),
        continuous,
        rng.random(n),
        float((shares.argmax(1) == category[0]).mean()),
    )


def bound(found: Terms, share: float) -> Bound:
    """L_I with this share of the codes, from 0 to 1, replaced by independent ones."""
    replaced = found.replaced_at < share
    category = np.where(replaced, found.category[1], found.category[0])
    both = found.continuous
    return Bound(
        float(category.mean()),
        float(category.std() / len(category) ** 0.5),
        None if both is None else float(np.where(replaced, both[1], both[0]).mean()),
    )


def zero_at(found: Terms) -> float | None:
    """The share of replaced codes at which the category's part is expected to reach 0, from 0 to 1; None if never."""
    own, other = (float(part.mean()) for part in found.category)
    return own / (own - other) if own >= 0 > other else None


# ---------------------------------------------------------------------------------------------------------------------
# On the page
# ---------------------------------------------------------------------------------------------------------------------


def axes_for(models: Models) -> plots.Axes:
    """Room for the curve of a first hundred images of any model, and some to spare."""
    means = [
        float(part.mean())
        for model in models.values()
        for part in terms(model, SIZES[0], 0).category
    ]
    ceiling = max(math.log(common.categories(model)) for model in models.values())
    return plots.Axes((0, 1), (math.floor(1.05 * min(*means, 0) - 0.5), ceiling + 0.5))


def inside(axes: plots.Axes) -> str:
    """The category's part of L_I over the share of replaced codes; the curve, its dot and H are sent later."""
    low, high = math.ceil(axes.y[0]), math.floor(axes.y[1])
    step = max(1, math.ceil((high - low) / 6))
    return plots.legend(
        plots.key("bound, in nats, against the share replaced", plots.TEAL),
        plots.key("H(c₁)", "currentColor", "5 4"),
    ) + plots.chart(
        axes,
        (0, 0.25, 0.5, 0.75, 1),
        [tick for tick in range(low, high + 1) if tick % step == 0],
        plots.fixed(axes.level(0), width=1),
        plots.curve("ceiling", dashes="5 4", width=1.5),
        plots.curve("line", plots.TEAL),
        plots.dot("dot", plots.TEAL),
        seen="The bound falls in a straight line from near H(c₁) through 0 as the share of replaced codes grows.",
        said=lambda share: f"{100 * share:.0f} %",
    )


def nats(value: float | None) -> str:
    """In nats, to two decimals."""
    return "–" if value is None else f"{format_number(value, 2)} nats"


def checked_size(value: Any) -> int:
    """How many images to make."""
    return checked_integer(value, 10, MAX_SIZE, "The number of images")


def reply(model: Model, axes: plots.Axes, share: float, n: int, seed: int) -> controls.Reply:
    """The estimate, in numbers and on the chart."""
    found = terms(model, n, seed)
    b, zero = bound(found, share), zero_at(found)
    ceiling = math.log(common.categories(model))
    curve = np.array([bound(found, at).category for at in SHARES])
    lines = plots.paths(line=axes.path(SHARES, curve), ceiling=axes.level(ceiling))
    return {
        "text": {
            "category": f"{format_number(b.category, 2)} ± {format_number(b.error, 2)}",
            "ceiling": f"{format_number(ceiling, 2)} nats",
            "zero": "–" if zero is None else f"{100 * zero:.0f} %",
            "right": f"{100 * found.right:.0f} %",
            "continuous": nats(b.continuous),
        },
        "send": {CHART: {"attributes": lines | plots.dots(dot=axes.dot(share, b.category))}},
    }


def build(models: Models) -> None:
    """Lay out the bound."""
    first = next(iter(models.values()))
    axes = axes_for(models)
    n = SIZES[1]

    def show(request: controls.Request) -> controls.Reply:
        context = request["context"]
        model = get_model(models, context.get("model"))
        size, seed = checked_size(context.get("n")), checked_seed(context.get("seed"))
        return reply(model, axes, float(request["value"][0]), size, seed)

    with layout.controls():
        choice = address.named("model", model_choice(models, first))
        slider = controls.LatentSliders(
            show,
            labels=["share replaced"],
            lo=0,
            hi=1,
            sweep=True,
            context={"model": first.card.name, "n": n, "seed": 0},
            numbers=[
                ("category", "nats, bound for the category, ± standard error"),
                ("ceiling", "H(c₁), its ceiling"),
                ("zero", "of the codes replaced: it reaches 0"),
                ("right", "of the categories are Q's first choice"),
                ("continuous", "bound for the continuous codes; no ceiling"),
            ],
            label="Codes replaced by independent ones",
            elem_id=SLIDER,
            results=RESULTS,
            address="share",
        )
        controls.steps(
            SIZES,
            n,
            label="Images made for the estimate",
            unit="",
            key="n",
            targets=[SLIDER],
            elem_id="infogan-bound-n",
            address="n",
        )
        seed = address.named(
            "seed", gr.Number(0, label="Seed of codes and z", step=1), low=0, high=SEEDS - 1
        )
    with layout.results(), gr.Row(elem_classes="ll-beside"):
        plots.drawing(
            inside(axes),
            label="The bound over the share of replaced codes",
            source=SLIDER,
            elem_id=CHART,
        )
        layout.outlet(RESULTS)
    with layout.wide():
        markdown(
            "$L_I$ is what rewards $G$ and $Q$ for the codes: a lower bound on $I(c; G(z, c))$, the "
            "nats that an image tells of its codes. For the category alone it is $\\mathbb{E}[\\log "
            "Q(c_1|\\hat{x})] + H(c_1)$, and cannot exceed $H(c_1) = \\log K$. With every code replaced, "
            "code and image share nothing: $I = 0$. The bound is then far below 0, since this $Q$ is "
            "still sure of itself, and wrong. A bound below 0 is true and says nothing; a large one "
            "is a proof. For the continuous codes it needs a standard deviation of $Q$, and is left "
            "out where the recogniser gives none."
        )

    @user_facing
    def follow(name: str, seed: float) -> dict[str, Any]:
        """Other images."""
        return gr.update(
            context={"model": get_model(models, name).card.name, "seed": checked_seed(seed)}
        )

    gr.on(
        [choice.change, seed.change],
        follow,
        [choice, seed],
        slider,
        api_visibility="private",
        show_progress="hidden",
    )


def offer(models: Models) -> None:
    """The same over HTTP."""

    def estimate(model: str, samples: int, share: float, seed: int) -> dict[str, Any]:
        """L_I in nats from 10 to 1,000 images, with a share of the codes, 0 to 1, replaced by independent ones."""
        chosen = get_model(models, model)
        n, p = checked_size(samples), checked_number(share, 0, 1, "The share")
        found = terms(chosen, n, checked_seed(seed))
        b = bound(found, p)
        return {
            "category": b.category,
            "standard error": b.error,
            "continuous": b.continuous,
            "H of the category": math.log(common.categories(chosen)),
            "category read right": found.right,
        }

    endpoint(estimate, "infogan_bound")


EXPERIMENT = Experiment(
    id="bound",
    title="Bound",
    idea="What $Q$ reads proves how much an image tells of its codes. Now break the link: ask $Q$, for a share of the "
    "images, about codes that had no part in making them.",
    equation=r"\begin{aligned} L_I &= \mathbb{E}_{c,\, \hat{x} = G(z, c)} \big[\log Q(c \,|\, \hat{x})\big] + H(c) \\ "
    r"&\le I\big(c;\, G(z, c)\big) \end{aligned}",
    lecture="§3.8",
    notice="At 0 % the bound is 2.30 nats, all that ten categories can tell. Move *share replaced*: at about 21 % it "
    "is 0 and says nothing any more, though Q still reads nearly every image right.",
    control="#infogan-bound .ll-slider",
    result="#infogan-bound-chart .chart",
    number="#infogan-bound-results .ll-number",
    elsewhere="share=0.4&n=100&seed=3",
    build=build,
)
