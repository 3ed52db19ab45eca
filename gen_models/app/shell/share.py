"""What a visitor takes along: the result as a figure, and the address as a QR code. Both are made in the browser.

`share.js` draws a figure from what is on the screen: its title, equation, result, model and address, on white. The two
libraries it uses are served from here, and asked for at the first click alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import gradio as gr
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from gen_models.app.chapter import Chapter, Models, path

_HERE = Path(__file__).parent
SCRIPT = (_HERE / "share.js").read_text("utf-8")
"""For `first_load.FirstLoad`, after the scripts of the addresses."""
CSS = (_HERE / "share.css").read_text("utf-8")
"""For `launch(css=...)`."""
ROUTE = Mount("/vendor", StaticFiles(directory=_HERE / "vendor"))
"""For `launch(app_kwargs={"routes": [ROUTE]})`."""


def build(shown: Sequence[tuple[Chapter, Models]]) -> gr.HTML:
    """Tell share.js what stands under a figure: the section and the models' titles of each experiment."""
    captions = {
        path(chapter, experiment): {
            "lecture": experiment.lecture,
            "result": experiment.result,
            "number": experiment.number,
            "models": {name: model.card.title for name, model in models.items()},
        }
        for chapter, models in shown
        for experiment in chapter.experiments
    }
    data = quote(json.dumps(captions))  # a template would read some of its characters
    return gr.HTML(
        html_template=f'<span data-captions="{data}"></span>',
        js_on_load="LatentLab.share.start(JSON.parse(decodeURIComponent(element.firstElementChild.dataset.captions)))",
        apply_default_css=False,
        elem_classes="ll-unseen",
    )
