"""Experiments to begin with: one click each, with what to look for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gen_models.app.parts import Models
from gen_models.app.tabs.lab.methods import in_order

PLAIN, PACKED = "lab-nonsaturating", "lab-pacgan-2"
SLOW_D = {"in_lr_g": 0.002, "in_lr_d": 0.0001}


@dataclass(frozen=True)
class Experiment:
    """What one click sets up."""

    title: str
    told: str
    """What to do and what to look for."""
    data: str
    games: dict[str, dict[str, float]]
    """For one or two methods by name, the hyper-parameters that are not as usual."""
    show: tuple[str, ...]
    fall: int = 0
    """`Game.fall`."""


EXPERIMENTS = (
    Experiment(
        "1 Watch it learn",
        "Press Play. D paints where it believes the real points to be; the arrows say where the loss of G pulls each "
        "generated point. The points follow, D paints anew, and so on: the game of §3.6.",
        "ring",
        {PLAIN: {}},
        ("surface", "arrows"),
    ),
    Experiment(
        "2 Break it: a slow D",
        "Here D learns at a twentieth of the rate of G. Press Play: all points run together to the place that D likes "
        "best, and when D has noticed, on to the next. That is mode collapse (§5.5). Let it run, then drag the "
        "learning rate of D up to 0.001: the points spread again, and the modes come back.",
        "ring",
        {PLAIN: SLOW_D},
        ("surface",),
    ),
    Experiment(
        "3 Mend it: packs of two",
        "The same rates and the same seed on both sides, D slow. At the left D judges one point at a time. At the "
        "right it judges two together (PacGAN), and two equal points give G away: most modes are found.",
        "ring",
        {PLAIN: SLOW_D, PACKED: SLOW_D},
        ("surface",),
    ),
    Experiment(
        "4 Round and round",
        "Let it run for some 1,500 steps: modes come and go, because the game circles around its solution rather than "
        "coming to rest (§5.2). Tick the moving average of G: averaged over its way, it covers all of them. Or reset, "
        "and let the learning rates fall to 0: then it must come to rest.",
        "ring",
        {PLAIN: {}},
        ("surface", "grid"),
    ),
    Experiment(
        "5 Let D choose",
        "G is continuous, so from one mode to the next it must draw a bridge of points that belong to neither. D sees "
        "them. Press Play, and wait until the learning rates are 0, at step 2,000. Then tick Only what D lets pass: a "
        "point is kept with probability D / (1 − D), which for the best D is p_data / p_G (§3.3). Most of the bridges "
        "go, and the share of high quality rises, though nothing is trained.",
        "ring",
        {PLAIN: {}},
        ("surface",),
        fall=2000,
    ),
)


def experiments(models: Models) -> list[dict[str, Any]]:
    """Those whose methods are there, for lab.js; the page begins with the first."""
    first = in_order(models)[0].card
    bare = Experiment(first.title, first.summary, "ring", {first.name: {}}, ("surface",))
    made = [each for each in EXPERIMENTS if each.games.keys() <= models.keys()]
    return [_set_up(each, models) for each in made or [bare]]


def _set_up(each: Experiment, models: Models) -> dict[str, Any]:
    games = [
        {"method": name, "hyper": models[name].card.config["hyper"] | hyper}
        for name, hyper in each.games.items()
    ]
    return {
        "title": each.title,
        "told": each.told,
        "data": each.data,
        "games": games,
        "show": each.show,
        "fall": each.fall,
    }
