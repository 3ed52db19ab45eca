"""Write `card.json` as a page that people read: a Hugging Face style model card."""

from __future__ import annotations

import json
from pathlib import Path

from gen_models.cards import Card, Graph, Port, checked
from gen_models.families import CLASS, better_of, label_of
from gen_models.files import write_atomically
from gen_models.tables import markdown_table
from gen_models.without_paths import card_without_paths


def save(card: Card, folder: Path) -> None:
    """Write the card and the README made from it, each in one atomic step; the card, which counts, comes last.

    No path of this machine gets into them.

    Raises:
        CardError: it could not be read again.
    """
    card = checked(json.loads(card_without_paths(card).content()), f"{folder.name}/card.json")
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "README.md", render(card).encode())
    card.save(folder)


def render(card: Card) -> str:
    """Return the README of one model, in Markdown with YAML front matter."""
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
        f"{_example_call(card)}\n```\n\n{_told(card)}"
        "Or with onnxruntime alone, in this folder:\n\n"
        f"```python\n{plain_use(card)}\n```",
        "## Graphs\n\n"
        + markdown_table(
            ("role", "inputs", "outputs", "parameters", "kB", "largest difference from torch"),
            [
                (
                    role,
                    _ports(g.inputs),
                    _ports(g.outputs),
                    f"{g.parameters:,}",
                    f"{g.bytes / 1e3:.0f}",
                    f"{g.parity:.1e}",
                )
                for role, g in card.graphs.items()
            ],
        ),
        "## Numbers\n\n"
        + markdown_table(
            ("what", "value", "n", "split", "seeds"),
            [_metric_row(card, key) for key in card.metrics],
        )
        + "\n\n"
        + "\n".join(f"    {command}" for command in _commands(card))
        if card.metrics
        else "",
        f"## Data\n\n{card.dataset.title}. Licence: {card.dataset.licence}. "
        f"Source: {card.dataset.source}. {card.dataset.note}\n\n"
        f"SHA-256 of the content: `{card.dataset.sha256}`",
        f"## Training\n\n    {facts.command}\n\nTook: {card.effort}. {versions}. Commit `{facts.commit}`.\n\n"
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
    role, graph = _simplest(card)
    inputs = ", ".join(f"{p.name}={p.name}" for p in graph.inputs)
    outputs = ", ".join(repr(p.name) for p in graph.outputs)
    return f'outputs = model("{role}", {inputs})  # a dict with {outputs}'


def plain_use(card: Card) -> str:
    """Return three lines of Python that run a graph of the model as it stands, without this project."""
    graph = _simplest(card)[1]
    feed = ", ".join(f'"{port.name}": {_made_up(port, card.classes)}' for port in graph.inputs)
    return (
        "import numpy as np, onnxruntime\n"
        f'session = onnxruntime.InferenceSession("{graph.file}")\n'
        f"outputs = session.run(None, {{{feed}}})"
    )


def _told(card: Card) -> str:
    """Say which classes there are, of a model that is told one."""
    if not card.classes:
        return ""
    names = ", ".join(map(json.dumps, card.classes))
    return f"`{CLASS}` is the class, one-hot, in this order: {names}.\n\n"


def _made_up(port: Port, classes: tuple[str, ...]) -> str:
    """Return an expression for an input of the port's shape and range: for a class the first of them."""
    if classes and port.name == CLASS:
        return f'np.eye({len(classes)}, dtype="{port.dtype}")[:1]'
    shape = tuple(1 if isinstance(n, str) else n for n in port.shape)
    if not port.dtype.startswith("float"):
        return f'np.zeros({shape}, "{port.dtype}")'
    if port.range is None:
        return f'np.random.default_rng().standard_normal({shape}).astype("{port.dtype}")'
    low, high = port.range
    if not shape:
        return f'np.array({(low + high) / 2:g}, "{port.dtype}")'
    return f'np.random.default_rng().uniform({low:g}, {high:g}, {shape}).astype("{port.dtype}")'


def _simplest(card: Card) -> tuple[str, Graph]:
    return min(card.graphs.items(), key=lambda item: len(item[1].inputs))


def _metric_row(card: Card, key: str) -> tuple[str, ...]:
    metric = card.metrics[key]
    notes = "; ".join(filter(None, (better_of(card.family, key), metric.note)))
    note = f" ({notes})" if notes else ""
    seeds = ", ".join(map(str, metric.seeds)) or "none"
    value = f"{metric.value:.4g} {metric.unit}".strip()
    return label_of(card.family, key) + note, value, f"{metric.n:,}", metric.split, seeds


def _commands(card: Card) -> list[str]:
    return list(dict.fromkeys(metric.command for metric in card.metrics.values()))
