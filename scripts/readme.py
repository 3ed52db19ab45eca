"""Write anew what is made from cards and from the app's tour: ``python -m scripts.readme``.

These are the READMEs of models, and in ours the table of models and the stops of the tour.
"""

from pathlib import Path

from gen_models import cards, model_readme, numbers
from gen_models.app.chapter import path as path_of
from gen_models.app.chapters import CHAPTERS
from gen_models.app.shell import tour
from gen_models.cards import Card
from gen_models.tables import markdown_table

EXPERIMENTS = {path_of(c, e): f"{c.title}, {e.title}" for c in CHAPTERS for e in c.experiments}


def table(found: list[Card]) -> str:
    """Return one line for each model, in Markdown."""
    rows = [
        (
            f"[`{card.name}`](exported/{card.name})",
            card.title,
            "; ".join(numbers.headlines(card, 2)),
            card.training.spent,
            f"{sum(graph.bytes for graph in card.graphs.values()) / 1e6:.2f}",
            card.dataset.licence,
        )
        for card in found
    ]
    head = ("name", "model", "on test data", "training", "MB", "licence of the data")
    return markdown_table(head, rows)


def stops() -> str:
    """Return the stops of the app's tour with their questions, as a numbered list in Markdown."""
    return "\n".join(
        f"{i}. **{EXPERIMENTS[stop.address.partition('?')[0]]}** ({stop.lecture}). {stop.sentence} *{stop.question}*"
        for i, stop in enumerate(tour.STOPS, 1)
    )


def renewed(readme: str, found: list[Card]) -> str:
    """Return the README's text with what is made made anew, between its marks."""
    for name, made in (("models", table(found)), ("tour", stops())):
        before, rest = readme.split(f"<!-- {name} -->")
        _, after = rest.split(f"<!-- /{name} -->")
        readme = f"{before}<!-- {name} -->\n{made}\n<!-- /{name} -->{after}"
    return readme


if __name__ == "__main__":
    path, root = Path("README.md"), Path("exported")
    found, _ = cards.discover(root)
    for card in found:
        model_readme.save(card, root / card.name)
    path.write_text(renewed(path.read_text(), found))
