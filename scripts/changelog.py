"""Write which numbers differ from the first edition's into CHANGELOG.md: ``python -m scripts.changelog``.

The first edition's cards are read from the commit `FIRST`, so this needs the repository's history.
"""

import json
import subprocess
from pathlib import Path

from gen_models import cards, migrate
from gen_models.cards import Card
from gen_models.families import better_of, label_of
from gen_models.tables import markdown_table

FIRST = "329b5db"
"""The commit that was the first edition."""
START, END = "<!-- changes -->", "<!-- /changes -->"
HEAD = ("model", "number", "0.1.0", "0.2.0")


def first_edition(name: str) -> Card | None:
    """Return the card of a model as it was, in today's schema; None if there was no such model."""
    where = f"exported/{name}/card.json"
    shown = subprocess.run(["git", "show", f"{FIRST}:{where}"], capture_output=True, check=False)
    return migrate.from_schema_1(json.loads(shown.stdout), where) if shown.stdout else None


def rows(before: Card, now: Card) -> list[tuple[str, ...]]:
    """Return a line for each number that differs as it is written, but for those taken several times, such as for each
    dimension.
    """
    found = []
    for key in filter(before.metrics.__contains__, now.metrics):
        then, value = (f"{card.metrics[key].value:.4g}" for card in (before, now))
        if then != value and "/" not in key:
            words = ", ".join(filter(None, (label_of(now.family, key), better_of(now.family, key))))
            found.append((f"`{now.name}`", words, then, value))
    return found


if __name__ == "__main__":
    path = Path("CHANGELOG.md")
    found, _ = cards.discover(Path("exported"))
    pairs = [(before, card) for card in found if (before := first_edition(card.name))]
    table = markdown_table(HEAD, [row for pair in pairs for row in rows(*pair)])
    text = path.read_text("utf-8")
    top, bottom = text.split(START)[0], text.split(END)[1]
    path.write_text(f"{top}{START}\n{table}\n{END}{bottom}", "utf-8")
