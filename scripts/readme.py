"""Write the table of models into the README, from their cards: ``python -m scripts.readme``."""

from pathlib import Path

from gen_models import cards
from gen_models.cards import Card

START, END = "<!-- models -->", "<!-- /models -->"
HEADLINES = {
    "autoencoder": ("squared error/10", "squared error/32"),
    "vae": ("−log p(x), 5000 samples", "squared error", "KL"),
    "gan": ("Fréchet distance", "recall"),
    "infogan": ("code accuracy",),
    "pix2pix": ("L1", "SSIM"),
    "cyclegan": ("error against the true pair/y", "cycle error/x"),
    "features": ("accuracy",),
    "lab": ("ring: high quality", "grid: modes"),
}
"""The metrics of each family that the table shows, where a card has them; the first two found."""


def table(found: list[Card]) -> str:
    """One line for each model, in Markdown."""
    rows = []
    for card in found:
        keys = [key for key in HEADLINES.get(card.family, ()) if key in card.metrics][:2]
        numbers = "; ".join(
            f"{key} {card.metrics[key].value:.2f} (n = {card.metrics[key].n:,})" for key in keys
        )
        size = sum(graph.bytes for graph in card.graphs.values()) / 1e6
        rows.append(
            f"| [`{card.name}`](exported/{card.name}) | {card.title} | {numbers} "
            f"| {card.training.minutes:.1f} | {size:.2f} | {card.dataset.licence} |"
        )
    head = "| name | model | on test data | minutes | MB | licence of the data |\n|---|---|---|---|---|---|\n"
    return head + "\n".join(rows)


def with_table(readme: str, found: list[Card]) -> str:
    """The README's text with its table made anew."""
    before, rest = readme.split(START)
    _, after = rest.split(END)
    return f"{before}{START}\n{table(found)}\n{END}{after}"


if __name__ == "__main__":
    path = Path("README.md")
    path.write_text(with_table(path.read_text(), cards.discover(Path("exported"))[0]))
