"""Write all numbers of all cards to ``exported/numbers.csv``: ``python -m scripts.numbers`` (``make numbers``)."""

from pathlib import Path

from gen_models import cards, numbers
from gen_models.files import write_atomically

if __name__ == "__main__":
    root = Path("exported")
    found, _ = cards.discover(root)
    write_atomically(root / numbers.FILE, numbers.table(found).encode())
