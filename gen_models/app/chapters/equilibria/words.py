"""What a start point in a game shows, in words: its formula, its eigenvalues, and what is to be known beside them."""

from __future__ import annotations

import math

from gen_models.app.chapters.equilibria import study
from gen_models.app.chapters.equilibria.study import RULES, Found, Settings, factor_of
from gen_models.app.shell.parts import format_number
from gen_models.numerics import games

STILL = 1e-6
"""Real parts and differences from 1 below this are rounding."""


def complex_text(pair: tuple[complex, complex]) -> str:
    """Two eigenvalues: "±0.50i", "−0.25 ± 0.43i" or "−0.38, −2.62"."""
    a, b = pair
    if abs(a.imag) < STILL:
        return f"{_real(a.real)}, {_real(b.real)}"
    turning = f"{format_number(abs(a.imag), 2)}i"
    return f"±{turning}" if abs(a.real) < STILL else f"{_real(a.real)} ± {turning}"


def _real(value: float) -> str:
    return format_number(0.0 if abs(value) < STILL else value, 2)


def factor_text(factor: float) -> str:
    """A factor a step: "0.9751", or "1 + 1.3e−5" where four decimals would say 1."""
    if abs(factor - 1) >= 5e-5 or abs(factor - 1) < STILL:
        return format_number(factor, 4)
    return f"1 {'+' if factor > 1 else '−'} {abs(factor - 1):.1e}".replace("e-0", "e−")


def motion(pair: tuple[complex, complex]) -> str:
    """What d(θ, ψ)/dt = V does near the equilibrium."""
    a, b = pair
    turns = abs(a.imag) > STILL
    if abs(a.real) < STILL:
        return "the real part is 0: to first order the players circle, and higher orders decide whether for ever"
    if a.real > 0:
        return "a real part is above 0: the players leave the equilibrium"
    if turns:
        return "the real part is below 0: in continuous time the players spiral in"
    if abs(a - b) < 1e-3:
        return "equal and below 0, which is critical: the players come in as fast as they can without turning"
    return "both are below 0 and real: the players come in without turning"


def fate(factor: float) -> str:
    """What a factor a step comes to."""
    if abs(factor - 1) < STILL:
        return "stays"
    return "comes in" if factor < 1 else "leaves"


def formula(chosen: Settings) -> str:
    """What the two players of a game descend."""
    if chosen.game == "trap":
        return "L_G = θψ − 8/5 (θ − arctan θ),  L_D = −θψ + 8/5 (ψ − arctan ψ)"
    if chosen.game == "wasserstein":
        generator, fake, real = "θψ", "θψ", ""
    else:
        f, x, real = ("E f", "ψx̂", " − E f(−ψx)") if chosen.sigma else ("f", "θψ", "")
        fake = f"{f}({x})"
        generator = fake if chosen.game == "saturating" else f"−{f}(−{x})"
    said = f"L_G = {generator},  L_D = −{fake}{real}"
    half = f"{chosen.weight / 2:g}"
    if chosen.weight and chosen.penalty == "R1":
        said += f" + {half} ψ²"
    elif chosen.weight and chosen.penalty == "Roth" and chosen.game != "wasserstein":
        weights = "(E S(ψx)² + E S(−ψx̂)²)" if chosen.sigma else "(¼ + S(−θψ)²)"
        said += f" + {half} {weights} ψ², S the sigmoid"
    if chosen.game != "wasserstein":
        said += ";  f(t) = −log(1 + e⁻ᵗ)"
        if chosen.sigma:
            said += f", x̂ ~ N(θ, {chosen.sigma:g}²), x ~ N(0, {chosen.sigma:g}²)"
    return said


def sentence(chosen: Settings, found: Found) -> str:
    """What the eigenvalues mean."""
    z = found.eigenvalues
    factor = factor_of(z, chosen.h)
    return (
        f"λ = {complex_text(z)}: {motion(z)}. A simultaneous step of h\u00a0=\u00a0{chosen.h:g} multiplies a "
        f"small distance by |1\u00a0+\u00a0hλ| = {factor_text(factor)}: near (0,\u00a00) it {fate(factor)}."
    )


def notes(chosen: Settings, found: Found) -> list[str]:
    """What else is to be said, each a sentence or two."""
    said = []
    for rule, result in found.results.items():
        if result.diverged:
            said.append(
                f"{RULES[rule]} diverged at step {len(result.path) - 1}, too far away to follow."
            )
    continuous, mixture = (found.results.get(rule) for rule in ("continuous", "consensus"))
    plain = chosen.penalty == "none" and not chosen.sigma
    if (
        chosen.game == "non-saturating"
        and plain
        and continuous
        and continuous.distance < continuous.first
    ):
        said.append(
            "λ is that of the saturating loss, and decides only to first order: in continuous time the distance falls "
            f"from {format_number(continuous.first, 2)} to {format_number(continuous.distance, 2)} all the same."
        )
    if mixture and plain and not mixture.distance < games.ARRIVED:
        count = study.mixture_arrives(found.game, chosen.h, chosen.gamma, chosen.steps)
        said.append(
            f"From here V − γ∇L has not arrived after {chosen.steps} steps: distance {_distance(mixture.distance)}. Of "
            f"{study.STARTS**2} start points in a grid over the plane, {study.STARTS**2 - count} do not arrive."
        )
    minima = [point for point in found.bad if point.is_minimum]
    for point in minima:
        at = f"({format_number(point.theta, 2)}, {format_number(point.psi, 2)})"
        v = math.hypot(*found.game.field(point.theta, point.psi))
        said.append(
            f"✕ at {at} is a false equilibrium: L has a minimum there, so −∇L ends in it, but ‖V‖ = "
            f"{format_number(v, 2)}, so neither player is done."
        )
    if len(minima) < len(found.bad):
        said.append(
            "◇ is a saddle of L where V is not 0. On its far side −∇L no longer leads to the equilibrium."
        )
    if chosen.game == "wasserstein" and (chosen.sigma or chosen.penalty == "Roth"):
        said.append(
            "With the Wasserstein loss neither the noise nor Roth et al.'s penalty does anything here: both act "
            "through the curvature of the loss, which is a straight line. R1 helps."
        )
    return said


def table(found: Found) -> dict[str, list[str] | None]:
    """For every rule: eigenvalues, factor a step, and distance at the end; None for one that is not shown."""
    rows: dict[str, list[str] | None] = dict.fromkeys(RULES)
    for rule, result in found.results.items():
        end = "diverged" if result.diverged else _distance(result.distance)
        rows[rule] = [complex_text(result.eigenvalues), factor_text(result.factor), end]
    return rows


def _distance(value: float) -> str:
    return format_number(value, 2 if value >= 0.1 else 4) if value >= 0.0001 else "< 0.0001"
