"""The methods in the lecture's order, and their hyper-parameters in words, as lab.js makes sliders of them."""

from __future__ import annotations

from typing import Any

from gen_models.app.parts import Models
from gen_models.cards import Card, Port
from gen_models.lab.game import hyper_ports
from gen_models.runtime import Model

ORDER = (
    "lab-nonsaturating", "lab-saturating", "lab-least-squares", "lab-wgan-gp", "lab-r1", "lab-roth",
    "lab-instance-noise", "lab-consensus", "lab-minibatch", "lab-pacgan-2", "lab-pacgan-4", "lab-unrolled-1",
    "lab-unrolled-5", "lab-unrolled-10",
)  # fmt: skip

WORDS = {
    "in_lr_g": "Learning rate of G",
    "in_lr_d": "Learning rate of D",
    "in_beta1": "Adam's β₁",
    "in_beta2": "Adam's β₂",
    "in_gamma": "Weight γ of the penalty",
    "in_sigma": "Instance noise σ",
    "in_inner_lr": "Step size of D while looking ahead",
    "in_alternating": "D first, then G (else both at once)",
    "in_ema": "Decay of the moving average",
}
FIRST = ("in_lr_g", "in_lr_d", "in_gamma", "in_sigma", "in_inner_lr", "in_alternating")
"""What a visitor looks for; the others are folded away."""


def words_of(name: str) -> str:
    """A hyper-parameter by input name, in words."""
    return WORDS.get(name, name.removeprefix("in_"))


def in_order(models: Models) -> list[Model]:
    """Methods in the lecture's order; those it does not name come last."""

    def place(model: Model) -> int:
        name = model.card.name
        return ORDER.index(name) if name in ORDER else len(ORDER)

    return sorted(models.values(), key=place)


def title_of(card: Card) -> str:
    """A method's name, without the family's."""
    return card.title.removeprefix("Lab: ")


def described(model: Model) -> dict[str, Any]:
    """A method for lab.js: name, title, summary, and each hyper-parameter with its range and usual value."""
    card = model.card
    ports = hyper_ports(model)
    ports.sort(key=lambda port: FIRST.index(port.name) if port.name in FIRST else len(FIRST))
    return {
        "name": card.name,
        "title": title_of(card),
        "summary": card.summary,
        "hyper": [_knob(port, card.config["hyper"][port.name]) for port in ports],
    }


def _knob(port: Port, usual: float) -> dict[str, Any]:
    low, high = port.range or (0.0, 1.0)
    return {
        "name": port.name,
        "label": words_of(port.name),
        "low": low,
        "high": high,
        "value": usual,
        "log": port.name in ("in_lr_g", "in_lr_d", "in_gamma", "in_inner_lr"),
        "main": port.name in FIRST,
        "switch": port.name == "in_alternating",
    }
