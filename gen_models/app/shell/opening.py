"""What is there before the app is: the page's title and description, its icon and preview, and its first words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gen_models.app.hosting.first_load import Files
from gen_models.app.shell import start, thumbnails

HERE = Path(__file__).parent
TITLE = "Latent Lab"
DESCRIPTION = (
    "Autoencoders, VAEs and GANs to operate in the browser: the companion to a course lecture."
)
ICON = HERE / "icon.svg"
"""For `launch(favicon_path=...)`."""
BODY = (
    (HERE / "opening.html")
    .read_text("utf-8")
    .replace("{welcome}", start.WELCOME)
    .replace("{toy}", thumbnails.address(thumbnails.TOY))
)
"""How the first page begins: on the screen until the app is there."""
PREVIEW, PREVIEW_SIZE = HERE / "preview.jpg", (1200, 630)
"""What chats and networks show of a link to the app."""


def tags(files: Files, scripts: Sequence[str]) -> str:
    """What the page says of itself, and its scripts, which run before Gradio's: HTML for `first_load.FirstLoad`."""
    preview = files.add(PREVIEW.read_bytes(), "jpeg")
    script = files.add("\n".join(scripts).encode(), "js")
    width, height = PREVIEW_SIZE
    said = {
        "type": "website",
        "url": "{root}/",
        "title": TITLE,
        "description": DESCRIPTION,
        "image": "{root}/" + preview,
        "image:width": str(width),
        "image:height": str(height),
        "image:alt": "A map of decoded digits with a dot to drag, and the digit at the dot.",
    }
    lines = [
        f"<title>{TITLE}</title>",
        f'<meta name="description" content="{DESCRIPTION}" />',
        '<link rel="icon" type="image/svg+xml" href="favicon.ico" />',
        '<meta name="twitter:card" content="summary_large_image" />',
        *(f'<meta property="og:{name}" content="{words}" />' for name, words in said.items()),
        f'<script defer src="{script}"></script>',
    ]
    return "\n\t\t".join(lines) + "\n\t\t"
