"""What the experiments search with: a text of the visitor's own, or a held-out document by its number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gen_models.app.chapters.documents.corpus import MAX_TEXT, Text, checked_text
from gen_models.app.checks import checked_integer
from gen_models.app.controls.live import Compute, Layout, Live

SHOWN_WORDS = 120
"""Words of a text that are shown as they were read."""
EXAMPLES = (
    ("A launch", "NASA will launch a satellite into orbit, and a shuttle mission to the moon needs a new rocket."),
    ("A match", "Detroit scored two goals in the playoffs: the best hockey team of the season, say its fans."),
    ("A patient", "My doctor says the disease has a side effect: medical treatment and other food may help."),
)  # fmt: skip
"""Texts to begin with."""


class DocumentBox(Live):
    """A box to write in, and what comes of it beside; use one of its subclasses.

    The value is a text, or the number of a held-out document, from 0.
    """

    script = (Path(__file__).parent / "box.js").read_text("utf-8")

    def __init__(
        self,
        compute: Compute,
        count: int,
        *,
        value: Any,
        context: dict[str, Any],
        label: str,
        settings: dict[str, Any],
        layout: Layout,
    ) -> None:
        self.count = count
        super().__init__(
            compute,
            value=value,
            context=context,
            screens=(),
            numbers=(),
            label=label,
            settings={"count": count, "most": MAX_TEXT, "examples": EXAMPLES, "reply": {}}
            | settings,
            layout=layout,
        )

    def parse(self, value: Any) -> Any:
        """A text, or the number of a document."""
        if isinstance(value, str):
            return checked_text(value)
        return checked_integer(value, 0, self.count - 1, "The number of a document")

    def postprocess(self, value: Any) -> Any:
        """As it is; None is an empty text."""
        return "" if value is None else self.parse(value)

    def api_info(self) -> dict[str, Any]:
        """A text, or a number."""
        return {"anyOf": [{"type": "string"}, {"type": "integer"}]}

    def example_payload(self) -> str:
        """For the API page."""
        return EXAMPLES[0][1]

    example_value = example_payload


def read_back(seen: Text) -> dict[str, Any]:
    """What a reply says of a text: its first words, and which of them are in the vocabulary."""
    return {
        "title": "Your text" if any(seen.known) else "No word of the vocabulary yet",
        "read": list(zip(seen.words, seen.known, strict=True))[:SHOWN_WORDS],
        "rest": max(0, len(seen.words) - SHOWN_WORDS),
    }
