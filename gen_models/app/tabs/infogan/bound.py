"""The reward for the codes, L_I, estimated live; and how it falls when Q is asked about codes that made no picture."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any

import gradio as gr
import numpy as np

from gen_models import estimators
from gen_models.app import choices, live
from gen_models.app.checks import checked_integer, checked_number, checked_seed, spoken
from gen_models.app.parts import Models, big_numbers, choose, endpoint, figure, metric, say
from gen_models.app.tabs.infogan import common
from gen_models.runtime import Array, Model

SIZES = (100, 300, 1000)
MOST = max(SIZES)
PART = 100
"""Pictures made at a time."""
LEAST = 1e-12
"""Probabilities below this count as this, as in the card's number: a single 0 would make the mean −∞."""
SHARES = np.linspace(0, 1, 21)

# ---------------------------------------------------------------------------------------------------------------------
# The estimator
# ---------------------------------------------------------------------------------------------------------------------


def category_terms(shares: Array, category: Array) -> Array:
    """log Q(c₁|x) + H(c₁), in nats, for each of n pictures; their mean estimates the category's part of L_I.

    c₁ is drawn from K categories alike, H(c₁) = log K. A Q that is always sure and right gives log K, which is all
    there is to say; one that always answers 1/K gives 0. (Chen et al. 2016, eq. 5.)

    Args:
        shares: Q's probabilities (n, K).
        category: the categories asked about (n,).
    """
    n, k = shares.shape
    asked = shares[np.arange(n), category].astype(np.float64)
    return np.log(np.maximum(asked, LEAST)) + math.log(k)


def continuous_terms(
    mean: Array, sigma: Array, codes: Array, trained: tuple[float, float]
) -> Array:
    """Σ log Q(c|x) + H(c) over the continuous codes, in nats, for each of n pictures.

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
    """What each of n pictures gives to L_I: asked about its own codes, and about others drawn independently."""

    category: tuple[Array, Array]
    """(n,) each."""
    continuous: tuple[Array, Array] | None
    """(n,) each; None if Q gives no standard deviation."""
    replaced_at: Array
    """A picture's codes are replaced once the share exceeds this: uniform from 0 to 1, (n,)."""
    right: float
    """How often Q's likeliest category is the picture's own."""


@dataclass(frozen=True)
class Bound:
    """An estimate of L_I, in nats, with a share of the codes replaced."""

    category: float
    error: float
    """Standard error of `category`."""
    continuous: float | None


@lru_cache(maxsize=16)
def terms(model: Model, n: int, seed: int) -> Terms:
    """Make n pictures from drawn codes and z, and let Q answer for their own codes and for independent ones."""
    rng = np.random.default_rng(seed)
    trained = common.trained_range(model)
    k, m = common.categories(model), common.continuous(model)
    size = common.width(model.input("generator", "z"))
    z = rng.standard_normal((n, size), np.float32)
    category = rng.integers(k, size=(2, n))
    codes = rng.uniform(*trained, (2, n, m)).astype(np.float32)
    parts = [slice(i, i + PART) for i in range(0, n, PART)]
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
# The chart
# ---------------------------------------------------------------------------------------------------------------------

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 480, 300, 44, 12, 28, 44


@dataclass(frozen=True)
class Chart:
    """The category's part of L_I over the share of replaced codes, from `low` to `high` nats."""

    low: float
    high: float

    def at(self, share: float, nats: float) -> tuple[float, float]:
        """Where a point lies in the drawing; one above or below lies on the edge."""
        x = LEFT + share * (WIDTH - LEFT - RIGHT)
        up = (min(max(nats, self.low), self.high) - self.low) / (self.high - self.low)
        return round(x, 1), round(HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM), 1)

    def line(self, found: Terms) -> str:
        """The curve as the path of an SVG."""
        points = [self.at(share, bound(found, share).category) for share in SHARES]
        return "M" + "L".join(f"{x} {y}" for x, y in points)

    def svg(self, ceiling: float) -> str:
        """Axes, the zero and the largest possible value; the curve and its dot are set by the live control."""

        def text(x: float, y: float, words: str, anchor: str = "start") -> str:
            return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="currentColor">{escape(words)}</text>'

        def level(nats: float, style: str) -> str:
            _, y = self.at(0, nats)
            return f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="currentColor" {style}/>'

        step = max(1, math.ceil((self.high - self.low) / 6))
        ticks = [t for t in range(math.ceil(self.low), math.floor(self.high) + 1) if t % step == 0]
        top = self.at(0, ceiling)[1]
        parts = [
            *(level(t, f'stroke-opacity="{0.2 if t else 0.8}"') for t in ticks),
            *(text(LEFT - 8, self.at(0, t)[1] + 5, figure(t, 0), "end") for t in ticks),
            level(ceiling, 'stroke-dasharray="5 4"'),
            text(WIDTH - RIGHT, top - 6, f"H(c₁) = {figure(ceiling, 2)}", "end"),
            *(
                text(self.at(s, 0)[0], HEIGHT - BOTTOM + 20, f"{s:.0%}", anchor)
                for s, anchor in ((0, "start"), (0.5, "middle"), (1, "end"))
            ),
            text(0, 14, "nats"),
            text(WIDTH - RIGHT, HEIGHT - 4, "share of codes replaced", "end"),
            '<path class="curve" d="" fill="none" stroke="var(--color-accent)" stroke-width="2.5"/>',
            '<circle r="7" fill="var(--color-accent)" stroke="var(--body-background-fill)" stroke-width="2"/>',
        ]
        seen = "The bound falls in a straight line from near H(c₁) through 0 as the share of replaced codes grows."
        return (
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(seen)}" font-size="14" '
            f'style="display: block; width: 100%; max-width: 36rem; height: auto">{"".join(parts)}</svg>'
        )


def chart_for(model: Model) -> Chart:
    """Room for the curve of a first hundred pictures, and some to spare."""
    own, other = (float(part.mean()) for part in terms(model, SIZES[0], 0).category)
    ceiling = math.log(common.categories(model))
    low = min(own, other, 0) - 0.5
    return Chart(math.floor(1.05 * low), ceiling + 0.08 * (ceiling - low))


# ---------------------------------------------------------------------------------------------------------------------
# On the page
# ---------------------------------------------------------------------------------------------------------------------


def nats(value: float | None) -> str:
    """In nats, to two decimals."""
    return "–" if value is None else f"{figure(value, 2)} nats"


def checked_size(value: Any) -> int:
    """How many pictures to make."""
    return checked_integer(value, 10, MOST, "The number of pictures")


def build(model: Model, elem_id: str) -> None:
    """Lay out the bound of a model."""
    k = common.categories(model)
    ceiling = math.log(k)
    chart, chart_id = chart_for(model), f"{elem_id}-chart"
    has_sigma = terms(model, SIZES[0], 0).continuous is not None
    say(
        "$L_I$ is what rewards $G$ and $Q$ for the codes: a lower bound on $I(c; G(z, c))$, the nats that a picture "
        f"tells of its codes. For the category alone it is $E[\\log Q(c_1|\\hat{{x}})] + \\log {k}$, and cannot exceed "
        f"$H(c_1) = \\log {k} = {ceiling:.2f}$. Pictures are made from drawn codes and shown to $Q$. Now break the "
        "link: ask $Q$, for a share of the pictures, about codes that had no part in making them."
    )
    numbers = [
        (nats(value), f"measured after training, {part}{about}")
        for part, about in (
            ("category", f": at most H(c₁) = log {k} = {ceiling:.2f}"),
            ("continuous codes", ": the log of a density, so without a most"),
        )
        if (value := metric(model, f"mutual information bound/{part}")) is not None
    ]
    if numbers:
        gr.HTML(big_numbers(numbers))

    def show(request: live.Request) -> live.Reply:
        context = request["context"]
        found = terms(model, checked_size(context.get("n")), checked_seed(context.get("seed")))
        share = float(request["value"][0])
        b, zero = bound(found, share), zero_at(found)
        text = {
            "category": f"{figure(b.category, 2)} ± {figure(b.error, 2)}",
            "part": f"{100 * b.category / ceiling:.0f} %".replace("-", "−"),
            "zero": "–" if zero is None else f"{100 * zero:.0f} %",
            "right": f"{100 * found.right:.0f} %",
            "continuous": nats(b.continuous),
        }
        place = {"line": chart.line(found), "dot": chart.at(share, b.category)}
        return {"text": text, "send": {chart_id: place}}

    with gr.Row(equal_height=False):
        with gr.Column(scale=1, min_width=300):
            choices.steps(
                SIZES,
                SIZES[1],
                label="Pictures made for the estimate",
                unit="",
                key="n",
                targets=[elem_id],
                elem_id=f"{elem_id}-n",
            )
            pad = live.LatentSliders(
                show,
                labels=["share replaced"],
                lo=0,
                hi=1,
                sweep=True,
                context={"n": SIZES[1], "seed": 0},
                numbers=[
                    ("category", "nats, bound for the category ± standard error"),
                    ("part", "of H(c₁)"),
                    ("zero", "of the codes replaced: here it reaches 0"),
                    ("right", "of the pictures: the true category is Q's first choice"),
                    *[("continuous", "bound for the continuous codes")] * has_sigma,
                ],
                label="Share of the codes replaced by independent ones",
                elem_id=elem_id,
            )
            with gr.Row():
                seed = gr.Number(0, label="Seed", step=1, scale=0, min_width=140)
        with gr.Column(scale=1, min_width=300):
            _drawing(chart.svg(ceiling), source=elem_id, elem_id=chart_id)
    say(
        "With every code replaced, code and picture share nothing: $I = 0$. The bound is then far below 0, since this "
        "$Q$ is still sure of itself, and wrong. A bound below 0 is true and says nothing; a large one is a proof."
        + (
            ""
            if has_sigma
            else " The continuous codes are left out: this recogniser gives their mean and no standard deviation, "
            "and without one there is no $\\log Q$."
        )
    )

    @spoken
    def seeded(seed: float) -> dict[str, Any]:
        """Other pictures."""
        return gr.update(context={"seed": checked_seed(seed)})

    seed.change(seeded, seed, pad, api_visibility="private", show_progress="hidden")


def _drawing(svg: str, *, source: str, elem_id: str) -> gr.HTML:
    """A chart whose curve and dot a live control sends."""
    return gr.HTML(
        label="The bound for the category over the share of replaced codes",
        html_template=f'<div class="ll-live">{svg}</div>',
        js_on_load=f"const source = {json.dumps(source)};\n{_SCRIPT}",
        apply_default_css=False,
        elem_id=elem_id,
    )


_SCRIPT = """
const root = element.firstElementChild;
const dot = root.querySelector("circle");
root.control = {
  change({ line, dot: [x, y] }) {
    root.querySelector(".curve").setAttribute("d", line);
    dot.setAttribute("cx", x);
    dot.setAttribute("cy", y);
  },
};
document.getElementById(source)?.querySelector(".ll-live")?.control?.refresh();
"""


def offer(models: Models) -> None:
    """The same over HTTP."""

    def estimate(model: str, samples: int, share: float, seed: int) -> dict[str, Any]:
        """L_I in nats from 10 to 1,000 pictures, with a share of the codes, 0 to 1, replaced by independent ones."""
        chosen = choose(models, model)
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
