"""Games to begin with: one click each, with what to look for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gen_models.app.chapter import Models
from gen_models.app.chapters.lab.methods import in_order
from gen_models.families import LabFacts
from gen_models.numerics.lab.game import SLOW_D

PLAIN, PACKED = "lab-nonsaturating", "lab-pacgan-2"
BATCHED, AHEAD = "lab-minibatch", "lab-unrolled-5"
NOISY, SMOOTHED = "lab-instance-noise", "lab-roth"
FAST_D = {"in_lr_g": 0.0001, "in_lr_d": 0.02}
"""D is sure long before G has moved."""


@dataclass(frozen=True)
class Preset:
    """What one click sets up."""

    title: str
    told: str
    """What to do and what to look for."""
    data: str
    games: dict[str, dict[str, float]]
    """For one or two methods by name, the hyper-parameters that are not as usual."""
    show: tuple[str, ...]
    fall: int = 0
    """`Game.decay_steps`."""


PRESETS = (
    Preset(
        "1 Watch it learn",
        "As it plays, D paints where it believes the real points to be; the arrows say where the loss of G pulls each "
        "generated point. The points follow, D paints anew, and so on: the game of §3.6.",
        "ring",
        {PLAIN: {}},
        ("surface", "arrows"),
    ),
    Preset(
        "2 Break it: a slow D",
        "Here D learns at a twentieth of the rate of G: all points run together to the place that D likes best, and "
        "when D has noticed, on to the next. That is mode collapse (§5.5). Let it run, then drag the learning rate of "
        "D up to 0.001: the points spread again, and the modes come back.",
        "ring",
        {PLAIN: SLOW_D},
        ("surface",),
    ),
    Preset(
        "3 Mend it: packs of two",
        "The same rates and the same seed on both sides, D slow. At the left D judges one point at a time. At the "
        "right it judges two together (PacGAN), and two equal points give G away: most modes are found.",
        "ring",
        {PLAIN: SLOW_D, PACKED: SLOW_D},
        ("surface",),
    ),
    Preset(
        "4 Mend it: minibatch comparison",
        "The same slow D and the same seed. At the right D sees of each point how close it is to the others of its "
        "batch (Salimans et al.): a heap gives itself away. Look at the KL of the shares: log 8 = 2.08 says that all "
        "are in one mode or in none. After some 2,000 steps most modes are found at the right.",
        "ring",
        {PLAIN: SLOW_D, BATCHED: SLOW_D},
        ("surface",),
    ),
    Preset(
        "5 Mend it: look ahead",
        "The same slow D and the same seed. At the right G answers to what D will be five steps later (unrolled, Metz "
        "et al.), so that to run to where D is high now does not pay. After some 1,500 steps most modes are found at "
        "the right; a step takes several times as long.",
        "ring",
        {PLAIN: SLOW_D, AHEAD: SLOW_D},
        ("surface",),
    ),
    Preset(
        "6 No overlap: noise, or Roth",
        "At first no generated point lies on the ring, and D learns 200 times as fast as G. Choose the saturating"
        " loss at these rates: D is sure, the loss of D and the gradient of G are 0, and G stands still. At the "
        "left noise on all that D sees makes both overlap, at the right Roth's penalty does what the noise does "
        "on average: the gradient norm of G stays at some tenths, and within 1,500 steps G reaches most modes, if"
        " not precisely.",
        "ring",
        {NOISY: FAST_D | {"in_sigma": 0.3}, SMOOTHED: FAST_D | {"in_gamma": 1.0}},
        ("surface",),
    ),
    Preset(
        "7 Round and round",
        "Let it run for some 1,500 steps: modes come and go, because the game circles around its solution rather than "
        "coming to rest (§5.2). Tick the moving average of G: averaged over its way, it covers all of them. Or reset, "
        "and let the learning rates fall to 0: then it must come to rest.",
        "ring",
        {PLAIN: {}},
        ("surface", "grid"),
    ),
    Preset(
        "8 Let D choose",
        "G is continuous, so from one mode to the next it must draw a bridge of points that belong to neither. D sees "
        "them. Let it play until the learning rates are 0, at step 2,000. Then tick Only what D lets pass: a "
        "point is kept with probability D / (1 − D), which for the best D is p_data / p_G (§3.3). Most of the bridges "
        "go, and the share of high quality rises, though nothing is trained.",
        "ring",
        {PLAIN: {}},
        ("surface",),
        fall=2000,
    ),
)


def presets(models: Models) -> list[dict[str, Any]]:
    """Those whose methods are there, for board.js; the page begins with the first."""
    first = in_order(models)[0].card
    bare = Preset(first.title, first.summary, "ring", {first.name: {}}, ("surface",))
    made = [each for each in PRESETS if each.games.keys() <= models.keys()]
    return [_set_up(each, models) for each in made or [bare]]


def _set_up(each: Preset, models: Models) -> dict[str, Any]:
    games = [
        {"method": name, "hyper": dict(models[name].card.facts_as(LabFacts).hyper) | hyper}
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
