"""The methods in the lecture's order, and their hyper-parameters in words, as board.js makes sliders of them."""

from __future__ import annotations

from typing import Any

from gen_models.app.shell.parts import Models
from gen_models.cards import Card, Port
from gen_models.families import LabFacts
from gen_models.numerics.lab.game import hyper_ports
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
FORMULAS = {
    "lab-saturating": "L_G = E log(1 − D(x̂)), x̂ = G(z)",
    "lab-nonsaturating": "L_G = −E log D(x̂), x̂ = G(z)",
    "lab-least-squares": "L_D = E (D(x) − 1)² + E D(x̂)²,  L_G = E (D(x̂) − 1)²",
    "lab-wgan-gp": "L_D = E D(x̂) − E D(x) + γ E (‖∇D(x̃)‖ − 1)², x̃ between x and x̂;  L_G = −E D(x̂)",
    "lab-r1": "L_D + γ/2 E ‖∇ logit D(x)‖², at real points",
    "lab-roth": "L_D + γ/2 [E (1 − D(x))² ‖∇ logit D(x)‖² + E D(x̂)² ‖∇ logit D(x̂)‖²]",
    "lab-instance-noise": "D sees x + σε and x̂ + σε, ε ~ N(0, I)",
    "lab-consensus": "V − γ ∇ ½‖V‖², V = −(∂L_G/∂θ, ∂L_D/∂ψ)",
    "lab-minibatch": "D sees x and o(x), the mean of exp(−‖T f(x) − T f(x′)‖₁) over the batch",
    "lab-pacgan-2": "D(x₁, x₂): both real or both generated",
    "lab-pacgan-4": "D(x₁, …, x₄): all real or all generated",
    "lab-unrolled-1": "L_G at ψ¹ = ψ − η ∂L_D/∂ψ, which depends on θ: its gradient goes through the step",
    "lab-unrolled-5": "L_G at ψ⁵, five steps ψ − η ∂L_D/∂ψ ahead, each of which depends on θ",
    "lab-unrolled-10": "L_G at ψ¹⁰, ten steps ψ − η ∂L_D/∂ψ ahead, each of which depends on θ",
}
"""What a method changes in the two losses of the plain game, by its card's name; L_G's G is a subscript."""
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
    """A method for board.js: name, title, summary, and each hyper-parameter with its range and usual value."""
    card = model.card
    ports = hyper_ports(model)
    ports.sort(key=lambda port: FIRST.index(port.name) if port.name in FIRST else len(FIRST))
    return {
        "name": card.name,
        "title": title_of(card),
        "summary": card.summary,
        "formula": FORMULAS.get(card.name, ""),
        "loss": card.facts_as(LabFacts).loss.value,
        "decays": card.facts_as(LabFacts).decay < 1,
        "hyper": [_knob(port, card.facts_as(LabFacts).hyper[port.name]) for port in ports],
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
