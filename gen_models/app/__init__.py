"""The web app: Gradio, numpy and onnxruntime, never torch.

`build` finds the models under `exported/` and lays out the tabs; `launch_options` is how to serve it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

# Read when gradio is imported: the app asks nothing of the network, not even for Gradio's own look-ups.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
# Else it sums up all past events after each one, 20 ms of a processor, for a page that is closed here.
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", str(10**9))

import gradio as gr
from PIL import Image

from gen_models import cards
from gen_models.app import guard, health, live, logs, models_tab, page, start, theme, upload
from gen_models.app.hosted import Repositories
from gen_models.app.tabs import TABS
from gen_models.runtime import Model

EXPORTED = Path(__file__).resolve().parents[2] / "exported"


def build(root: Path = EXPORTED) -> health.Lab:
    """The whole app for the models under `root` and those of the repositories that `LATENT_MODELS` names.

    A model that is damaged is left out, with a sentence in its tab.
    """
    repositories = Repositories(os.environ.get("LATENT_MODELS", ""))
    found, unreadable = cards.discover(root)
    models = [Model(card, root / card.name) for card in found]
    problems = {model.card.name: model.check() for model in models}
    local = [model for model in models if problems[model.card.name] is None]
    hosted = repositories.models(local, TABS)
    whole = [*local, *hosted]

    with (
        health.Lab(
            title="Latent Lab", analytics_enabled=False, delete_cache=(600, guard.KEPT_S)
        ) as demo,
        gr.Tabs(elem_id="tabs") as pages,
    ):
        with gr.Tab("Start", id="start"):
            start.build(TABS, pages)
        for tab in TABS:
            mine = {model.card.name: model for model in whole if tab.shows(model.card)}
            broken = [p for m in models if tab.shows(m.card) and (p := problems[m.card.name])]
            with gr.Tab(tab.TITLE, id=tab.ID):
                page.lesson(tab, mine, broken)
        with gr.Tab("Models", id="models"):
            models_tab.build(whole, [*unreadable, *filter(None, problems.values())], repositories)
    demo.models, demo.repositories = whole, repositories
    demo.problems = [*unreadable, *filter(None, problems.values())]
    demo.queue(default_concurrency_limit=2, max_size=32, api_open=False)
    return demo


def serve(demo: gr.Blocks) -> None:
    """Launch, and stay until interrupted; a port that is taken ends in one sentence."""
    # Every picture's header is checked before it is decoded; this is for one that Gradio might open by itself.
    Image.MAX_IMAGE_PIXELS = upload.MOST_PIXELS
    logs.start()
    try:
        demo.launch(**launch_options())
    except OSError as error:
        sys.exit(f"The app cannot be served: {error}")


def launch_options() -> dict[str, Any]:
    """Arguments for `build().launch(...)`. Port and host come from GRADIO_SERVER_PORT and GRADIO_SERVER_NAME."""
    return {
        "theme": theme.theme(),
        "css": theme.CSS,
        "head": live.HEAD,
        "footer_links": ["api", "settings"],
        "run_history": False,  # on by default, and costs up to a third of the speed
        "ssr_mode": False,  # Spaces' default would put a Node server in front
        "show_error": False,  # a gr.Error is shown as it is; anything else without its details
        "max_file_size": guard.MOST_FILE,
        "state_session_capacity": guard.SESSIONS,
        "enable_monitoring": False,
        "app_kwargs": guard.APP
        | {
            "routes": [health.ROUTE, live.ROUTE],
            "middleware": [*logs.middleware(), *guard.APP["middleware"]],
        },
    }
