"""`card.json` as a page that people read: a Hugging Face style model card. Standard library only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gen_models.cards import Card, Metric, Port


def render(card: Card) -> str:
    """The README of one model, in Markdown with YAML front matter."""
    facts = card.training
    size = sum(graph.bytes for graph in card.graphs.values())
    versions = ", ".join(f"{name} {version}" for name, version in facts.versions.items())
    parts = [
        _front_matter(card),
        f"# {card.title}",
        card.summary,
        f"Lecture: {card.lecture}. Family: {card.family}. {len(card.graphs)} graphs, {size / 1e6:.2f} MB.",
        "![preview](preview.webp)",
        "## Use\n\n```python\n"
        "from pathlib import Path\n"
        "from gen_models import cards, runtime\n\n"
        f'folder = Path("exported/{card.name}")\n'
        'model = runtime.Model(cards.load(folder / "card.json"), folder)\n'
        f"{_example_call(card)}\n```",
        "## Graphs\n\n"
        "| role | inputs | outputs | parameters | kB | largest difference from torch |\n"
        "|---|---|---|---|---|---|\n"
        + "\n".join(
            f"| {role} | {_ports(g.inputs)} | {_ports(g.outputs)} | {g.parameters:,} "
            f"| {g.bytes / 1e3:.0f} | {g.parity:.1e} |"
            for role, g in card.graphs.items()
        ),
        "## Numbers\n\n| what | value | n | split | seeds |\n|---|---|---|---|---|\n"
        + "\n".join(_metric_row(key, m) for key, m in card.metrics.items())
        + "\n\n"
        + "\n".join(f"    {command}" for command in _commands(card))
        if card.metrics
        else "",
        f"## Data\n\n{card.dataset.title}. Licence: {card.dataset.licence}. "
        f"Source: {card.dataset.source}. {card.dataset.note}\n\n"
        f"SHA-256 of the content: `{card.dataset.sha256}`",
        f"## Training\n\n    {facts.command}\n\nTook: {facts.effort}. {versions}. Commit `{facts.commit}`.\n\n"
        f"```json\n{json.dumps(card.config, indent=2)}\n```",
        f"## Limitations\n\n{card.limitations}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front_matter(card: Card) -> str:
    tags = json.dumps([card.family, "onnx", "latent-lab"])
    return (
        f"---\nlicense: other\nlicense_name: {json.dumps(card.dataset.licence)}\n"
        f"library_name: onnxruntime\ntags: {tags}\n---"
    )


def _ports(ports: tuple[Port, ...]) -> str:
    return ", ".join(
        f"`{p.name}` {'×'.join(map(str, p.shape))}" + (f" in {list(p.range)}" if p.range else "")
        for p in ports
    )


def _example_call(card: Card) -> str:
    role, graph = min(card.graphs.items(), key=lambda item: len(item[1].inputs))
    inputs = ", ".join(f"{p.name}={p.name}" for p in graph.inputs)
    outputs = ", ".join(repr(p.name) for p in graph.outputs)
    return f'outputs = model("{role}", {inputs})  # a dict with {outputs}'


def _metric_row(key: str, metric: Metric) -> str:
    note = f" ({metric.note})" if metric.note else ""
    seeds = ", ".join(map(str, metric.seeds)) or "none"
    value = f"{metric.value:.4g} {metric.unit}".strip()
    return f"| {key}{note} | {value} | {metric.n:,} | {metric.split} | {seeds} |"


def _commands(card: Card) -> list[str]:
    return list(dict.fromkeys(metric.command for metric in card.metrics.values()))
