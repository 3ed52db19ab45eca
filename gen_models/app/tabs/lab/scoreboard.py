"""All methods by one protocol: the numbers of the cards, and published ones beside them."""

from __future__ import annotations

from collections.abc import Collection

import gradio as gr

from gen_models.app.parts import Models, say
from gen_models.app.parts import figure as number
from gen_models.app.tabs.lab.methods import in_order, title_of
from gen_models.cards import Card
from gen_models.lab.metrics import PASSED, SAMPLES

COLUMNS = ("{}: modes", "{}: high quality")
"""Of each distribution."""
TIME = "{}: seconds"
DATA = ("ring", "grid")
KEYS = frozenset(
    column.format(name + suffix)
    for column in (*COLUMNS, TIME)
    for name in DATA
    for suffix in ("", PASSED)
)
"""All that the table shows."""
SOURCE = "Lin et al. 2018, PacGAN, arXiv 1712.04086"
PUBLISHED = {
    "lab-nonsaturating": ("plain GAN", "6.3 of 8", "–", "17.3 of 25", "–"),
    "lab-pacgan-2": ("PacGAN2", "7.9 of 8", "95.6 %", "23.8 of 25", "91.3 %"),
    "lab-pacgan-4": ("PacGAN4", "7.8 of 8", "95.9 %", "24.8 of 25", "93.6 %"),
}
"""Name, modes covered and share of high quality on ring and grid, as SOURCE has them."""


def measured(card: Card, key: str, decimals: int = 1) -> str:
    """A number of the card with what the card says of its spread, or a dash."""
    metric = card.metrics.get(key)
    if metric is None:
        return "–"
    note = f" ({metric.note})" if metric.note else ""
    return f"{number(metric.value, decimals)} {metric.unit}{note}"  # "7.9 of 8 (sd 0.3, worst 7)"


def table(models: Models) -> str:
    """Every method that was measured, in the lecture's order, followed by what others published of it: Markdown."""
    head = (
        "Method",
        "Ring: modes",
        "high quality",
        "Grid: modes",
        "high quality",
        "Seeds",
        "Time on ring",
        "on grid",
    )
    lines = [head, ("---",) * len(head)]
    for model in in_order(models):
        card = model.card
        for suffix in ("", PASSED):
            data = [name + suffix for name in DATA]
            keys = [column.format(name) for name in data for column in COLUMNS]
            if seeds := [len(metric.seeds) for key in keys if (metric := card.metrics.get(key))]:
                numbers = (measured(card, key) for key in keys)
                times = (measured(card, TIME.format(name)) for name in data)
                lines.append((title_of(card) + suffix, *numbers, str(min(seeds)), *times))
        if card.name in PUBLISHED:
            name, *numbers = PUBLISHED[card.name]
            lines.append((f"*As published: {name}*", *numbers, *("–" for _ in head[5:])))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def commands(models: Models, keys: Collection[str]) -> str:
    """How these numbers were made, once each: Markdown."""
    each = (
        metric.command
        for model in in_order(models)
        for key, metric in model.card.metrics.items()
        if key in keys
    )
    lines = "\n".join(dict.fromkeys(each))
    return f"```\n{lines}\n```" if lines else ""


def build(models: Models) -> None:
    """Lay out the table and what stands behind it."""
    say(
        "Every method was trained from the same seeds with the same networks and the same number of steps, with "
        f"learning rates that fall to 0; then {SAMPLES:,} samples were drawn from the moving average of $G$. A sample "
        "is of **high quality** within 3 σ of the nearest mode; a mode is **covered** if a sample of high quality is "
        "nearest to it. Each number is the mean over seeds, with the spread beside it. *What D lets pass*: only "
        "samples kept by a coin that shows $D / (1 - D)$, after a longer training, whose steps stand with its time. "
        "Times are of one core, not always of the same machine."
    )
    gr.Markdown(table(models), elem_classes="ll-facts")
    say(
        f"*As published:* {SOURCE}. Networks, steps and hyper-parameters were others there, so those rows say what to "
        "expect of a method, and not which code is better."
    )
    how = commands(models, KEYS)
    say(
        "Measured by:" if how else "None is measured yet: `python -m training.lab_scoreboard` does."
    )
    gr.Markdown(how)
