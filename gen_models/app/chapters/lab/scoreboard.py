"""All methods by one protocol: the numbers of the cards, and published ones beside them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache
from html import escape

import gradio as gr

from gen_models.app.chapter import Experiment, Models
from gen_models.app.chapters.lab.methods import in_order, title_of
from gen_models.app.checks import user_facing
from gen_models.app.shell import address, layout
from gen_models.app.shell.parts import big_numbers, markdown
from gen_models.app.shell.parts import format_number as number
from gen_models.cards import Card
from gen_models.errors import BadRequest
from gen_models.families import REJECTION, SLOW_D, MetricId
from gen_models.numerics.lab.distributions import DISTRIBUTIONS
from gen_models.numerics.lab.game import SLOW_D as SLOW_RATES
from gen_models.numerics.lab.metrics import SAMPLES, coverage, noise
from gen_models.tables import markdown_table

COLUMNS = (MetricId.MODES, MetricId.HIGH_QUALITY)
"""Of each distribution, the more the better."""
DATA = {"ring": "ring", "grid": "grid"}
"""Distributions with the usual rates, and their variants in the cards."""
MODES = {"slow-d": 8, "ring": 8, "grid": 25}
"""How many modes each choice has."""
SAMPLING = {"": (), ", with rejection sampling": (REJECTION,)}
"""What is measured, in words after the method's name: all samples of G, or those that D accepts."""
KEYS = frozenset(
    metric.of(name, *variant)
    for metric in (*COLUMNS, MetricId.MODE_KL, MetricId.SECONDS)
    for name in DATA
    for variant in SAMPLING.values()
) | frozenset(metric.of(SLOW_D) for metric in (*COLUMNS, MetricId.MODE_KL, MetricId.SECONDS))
"""All that the table shows."""
SOURCE = "Lin et al. 2018, PacGAN, arXiv 1712.04086"
PUBLISHED = {
    "lab-nonsaturating": ("plain GAN", "6.3 of 8", "–", "–", "17.3 of 25", "–", "–"),
    "lab-pacgan-2": ("PacGAN2", "7.9 of 8", "95.6 %", "–", "23.8 of 25", "91.3 %", "–"),
    "lab-pacgan-4": ("PacGAN4", "7.8 of 8", "95.9 %", "–", "24.8 of 25", "93.6 %", "–"),
}
"""Name, modes covered and share of high quality on ring and grid, as SOURCE has them; it has no KL."""

READING_SLOW = """
$D$ learns at a twentieth of the rate of $G$. The plain GAN covers no mode, and neither penalties nor noise help.
Packs of two, minibatch comparison, looking ahead by 5 or 10 steps, and consensus cover all eight.
"""
READING = f"""
On the ring the plain GAN covers all modes already, though unevenly: the KL of its shares is 0.36 nats, where R1, Roth's
regulariser, Wasserstein with its penalty and consensus have 0.01 at most. On the grid penalties and packs of two find
more modes than it, and looking ahead finds fewer. Uniform noise has more modes there than half of them, and less KL
than any: either says something only beside the share of high quality.

Every method was trained from the same seeds with the same networks and the same number of steps. Learning rates fall
to 0, and with R1, Roth's regulariser and instance noise $\\gamma$ or $\\sigma$ falls too. Then {SAMPLES:,} samples
were drawn from the moving average of $G$. A sample is of **high quality** within 3 σ of the nearest mode; a mode is
**covered** if one such sample is nearest to it, so that even uniform noise covers most of the grid. Each number is
the mean over seeds; **bold** is the best. *With rejection sampling* is no other training of $D$: samples are thrown
away by a coin that shows $D / (1 - D)$, after a longer training, whose steps stand with its time. Times are of one
core, not always of the same machine.
"""


def measured(card: Card, key: str, decimals: int = 1) -> str:
    """A number of the card with what the card says of its spread, or a dash."""
    metric = card.metrics.get(key)
    if metric is None:
        return "–"
    note = f" ({metric.note})" if metric.note else ""
    return f"{number(metric.value, decimals)} {metric.unit}{note}"  # "7.9 of 8 (sd 0.3, worst 7)"


def table(models: Models) -> str:
    """Every method with the usual rates, in the lecture's order, followed by what others published of it: Markdown."""
    head = (
        "Method",
        "Ring: modes",
        "high quality",
        "KL of shares",
        "Grid: modes",
        "high quality",
        "KL of shares",
        "Seeds",
        "Time on ring",
        "on grid",
    )
    tops = {metric.of(name): _top(models, metric.of(name)) for name in DATA for metric in COLUMNS}
    for key in (MetricId.MODE_KL.of(name) for name in DATA):
        if all(key in model.card.metrics for model in models.values()):
            tops[key] = _top(models, key, min)
    lines = []
    for model in in_order(models):
        card = model.card
        for words, variant in SAMPLING.items():
            measures = (*COLUMNS, MetricId.MODE_KL)
            keys = [metric.of(name, *variant) for name in DATA for metric in measures]
            if seeds := [len(metric.seeds) for key in keys if (metric := card.metrics.get(key))]:
                numbers = (
                    _cell(card, key, tops.get(key), 1 + key.startswith(MetricId.MODE_KL))
                    for key in keys
                )
                times = (_cell(card, MetricId.SECONDS.of(name, *variant)) for name in DATA)
                link = play_link(card.name, "ring") if not variant else ""
                lines.append((title_of(card) + words + link, *numbers, str(min(seeds)), *times))
        if card.name in PUBLISHED:
            name, *numbers = PUBLISHED[card.name]
            lines.append((f"*As published: {name}*", *numbers, *("–" for _ in head[7:])))
    by_chance = [each for name in DATA for each in noise_row(name)]
    lines.append(("*Uniform noise, which has learnt nothing*", *by_chance, "10", "–", "–"))
    return markdown_table(head, lines)


def reading_of_kl(models: Models) -> str:
    """What the KL of the shares is, and of how many methods it is known on ring and grid: Markdown."""
    keys = {MetricId.MODE_KL.of(name) for name in DATA}
    known = sum(keys <= model.card.metrics.keys() for model in models.values())
    missing = (
        ""
        if known == len(models)
        else " It was not recorded when these methods were measured. The same trainings were run once more for "
        f"{known} of the {len(models)}; the others have a dash."
    )
    return (
        "**KL of shares** says how far the modes' shares of these samples are from equal ones: 0 nats where they are "
        f"equal, log 8 = 2.08 and log 25 = 3.22 where one mode has all.{missing}"
    )


def slow_table(models: Models) -> str:
    """Every method with a slow D: Markdown."""
    keys = [metric.of(SLOW_D) for metric in (*COLUMNS, MetricId.MODE_KL, MetricId.SECONDS)]
    tops = {key: _top(models, key) for key in keys[:2]} | {keys[2]: _top(models, keys[2], min)}
    lines = [
        (
            title_of(model.card) + play_link(model.card.name, "ring", slow=True),
            *(_cell(model.card, key, tops.get(key), 1 + (key == keys[2])) for key in keys),
        )
        for model in in_order(models)
        if keys[0] in model.card.metrics
    ]
    lines.append(("*Uniform noise, which has learnt nothing*", *noise_row("ring"), "–"))
    head = ("Method", "Ring: modes", "high quality", "KL of the modes' shares", "Time")
    return markdown_table(head, lines)


def play_link(method: str, data: str, *, slow: bool = False) -> str:
    """Markdown that opens this training in Play, with the scoreboard's schedule."""
    hyper = ",".join(f"{name}:{value:g}" for name, value in SLOW_RATES.items())
    rest = f"&hyper={hyper}&fall=3000" if slow else "&fall=10000"
    return f" [▸ Play](#lab/play?try=0&data={data}&method={method}{rest})"


@lru_cache
def noise_row(data: str) -> tuple[str, str, str]:
    """Modes, high quality and KL of points drawn evenly from the square, in ten draws."""
    distribution = DISTRIBUTIONS[data]
    found = [coverage(noise(distribution, seed), distribution) for seed in range(10)]
    each = [(one.modes, 100 * one.quality, one.kl) for one in found if one]
    modes, quality, kl = (sum(column) / len(each) for column in zip(*each, strict=True))
    least, most = min(one[0] for one in each), max(one[0] for one in each)
    return (
        f"{number(modes, 1)} of {MODES[data]} {_small(f'{least} to {most}')}",
        f"{number(quality, 1)} %",
        f"{number(kl, 2)} nats",
    )


def _top(models: Models, key: str, best: Callable[..., float] = max) -> float | None:
    found = [
        model.card.metrics[key].value for model in models.values() if key in model.card.metrics
    ]
    return best(found) if len(found) > 1 else None


def _cell(card: Card, key: str, top: float | None = None, decimals: int = 1) -> str:
    """A number in bold if it is the best, its spread small."""
    metric = card.metrics.get(key)
    if metric is None:
        return "–"
    value = number(metric.value, decimals)
    bold = top is not None and value == number(top, decimals)
    note = f" {_small(metric.note)}" if metric.note else ""
    return f"{f'**{value}**' if bold else value} {metric.unit}{note}"


def _small(words: str) -> str:
    return f"<small>{escape(words)}</small>"


def budget(models: Models, variant: str) -> str:
    """Steps and seeds behind the numbers of a variant, in words; "" where none was measured."""
    key = MetricId.SECONDS.of(variant)
    for model in in_order(models):
        if metric := model.card.metrics.get(key):
            return f"{metric.note.split(' on ')[0]}, {len(metric.seeds)} seeds"
    return ""


def commands(models: Models, keys: Collection[str]) -> str:
    """How these numbers were made, once each, folded: Markdown."""
    each = dict.fromkeys(
        metric.command
        for model in in_order(models)
        for key, metric in model.card.metrics.items()
        if key in keys
    )
    if not each:
        return ""
    count = "a command" if len(each) == 1 else f"{len(each)} commands"
    lines = "\n".join(each)
    return f"<details><summary>Measured by {count}</summary>\n\n```\n{lines}\n```\n\n</details>"


def bars(models: Models, data: str) -> str:
    """Modes covered and share of high quality of every method on "ring", "grid" or "slow-d", as bars: SVG."""
    modes, quality = (metric.of(DATA.get(data, SLOW_D)) for metric in COLUMNS)
    measured_ones = [m for m in in_order(models) if {modes, quality} <= m.card.metrics.keys()]
    parts = []
    for row, model in enumerate(measured_ones):
        y = 24 * row
        covered = model.card.metrics[modes].value / MODES[data]
        share = model.card.metrics[quality].value / 100
        words = f"{number(model.card.metrics[modes].value)} modes, {number(100 * share, 0)} %"
        parts.append(
            f'<text x="216" y="{y + 16}" text-anchor="end">{escape(title_of(model.card))}</text>'
            f'<rect x="226" y="{y + 3}" width="{230 * covered:.1f}" height="9" fill="#26868c"/>'
            f'<rect x="226" y="{y + 13}" width="{230 * share:.1f}" height="6" fill="#b8651b"/>'
            f'<text x="464" y="{y + 16}">{words}</text>'
        )
    seen = f"Bars of modes covered and of the share of high quality on the {data}, a method each."
    return (
        f'<svg viewBox="0 0 630 {24 * len(measured_ones)}" role="img" aria-label="{escape(seen)}" font-size="13" '
        'fill="currentColor" style="display: block; width: 100%; max-width: 48rem; max-height: var(--ll-tall)">'
        f"{''.join(parts)}</svg>"
    )


def best(models: Models, data: str) -> str:
    """The plain GAN's modes, and those of the method that covers most: HTML."""
    key, quality = (metric.of(DATA.get(data, SLOW_D)) for metric in COLUMNS)
    found = [m for m in in_order(models) if {key, quality} <= m.card.metrics.keys()]
    if not found:
        return big_numbers([("–", "not measured yet")])
    plain, top = (
        found[0],
        max(found, key=lambda m: (m.card.metrics[key].value, m.card.metrics[quality].value)),
    )
    of = f"of {MODES[data]} modes covered by"
    return big_numbers(
        [
            (number(m.card.metrics[key].value), f"{of} {title_of(m.card).lower()}")
            for m in (plain, top)
        ]
    )


def build(models: Models) -> None:
    """Lay out the bars of one distribution, and below them all numbers and what stands behind them."""
    with layout.controls():
        data = address.named(
            "data",
            gr.Radio(
                [("Ring of 8, slow D", "slow-d"), ("Ring of 8", "ring"), ("Grid of 25", "grid")],
                value="slow-d",
                label="Data",
            ),
        )
        markdown("**Teal:** modes covered. **Orange:** share of samples of high quality.")
    with layout.results():
        numbers = gr.HTML(best(models, "slow-d"), elem_id="lab-scores-numbers")
        chart = gr.HTML(bars(models, "slow-d"), elem_id="lab-scores")
    with layout.wide():
        markdown(f"## A slow D: {budget(models, SLOW_D)}\n\n{READING_SLOW}")
        gr.Markdown(slow_table(models), elem_classes="ll-facts lab-table")
        markdown(
            f"## The usual rates: {budget(models, 'ring')}\n\n{READING}\n{reading_of_kl(models)}"
        )
        gr.Markdown(table(models), elem_classes="ll-facts lab-table")
        markdown(
            f"*As published:* {SOURCE}. Networks, steps and hyper-parameters were others there, so those rows say what "
            "to expect of a method, and not which code is better."
        )
        markdown(
            commands(models, KEYS)
            or "None is measured yet: `python -m training.lab_scoreboard` does."
        )

    @user_facing
    def show(data: str) -> tuple[str, str]:
        """The numbers and bars of one distribution."""
        if data not in MODES:
            raise BadRequest(f"The data must be one of: {', '.join(MODES)}.")
        return best(models, data), bars(models, data)

    data.change(
        show, data, [numbers, chart], api_visibility="private", queue=False, show_progress="hidden"
    )


EXPERIMENT = Experiment(
    id="scoreboard",
    title="Scoreboard",
    idea="Mode collapse, counted: every method was trained from the same seeds with the same networks, for the "
    "same number of steps.",
    equation=r"\text{covered} = \big|\{\,m : \exists\, \hat{x},\; \lVert \hat{x} - m \rVert \le 3 \sigma\,\}\big|",
    lecture="§5.5",
    notice="With a slow $D$ the plain GAN covers no mode; comparing points (minibatch, packs of two), looking ahead "
    "(5 or 10 steps) and consensus cover all 8. With the usual rates it covers all 8 itself. Covering is not enough: "
    "look at the orange bars.",
    control="[id='tab-lab/scoreboard'] fieldset",
    result="#lab-scores svg",
    number="#lab-scores-numbers .ll-number",
    elsewhere="data=ring",
    build=build,
)
