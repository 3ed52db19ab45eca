"""The web app: Gradio, numpy and onnxruntime, never torch.

`build` finds the models under `exported/` and lays out their experiments; `launch_options` is how to serve it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from gen_models.app.hosting import environment  # before Gradio, which reads it when it is imported

# isort: split
import gradio as gr
from PIL import Image
from starlette.middleware import Middleware

from gen_models import cards
from gen_models.app import chapters, controls, upload
from gen_models.app.chapter import Chapter, path
from gen_models.app.hosting import guard, health, idle, logs, parts
from gen_models.app.hosting.first_load import Files, FirstLoad
from gen_models.app.hosting.hub_models import Repositories
from gen_models.app.shell import address, opening, page, share, start, theme, thumbnails, tour
from gen_models.app.shell import models as models_page
from gen_models.errors import UserError
from gen_models.runtime import Model, backend

log = logging.getLogger(__name__)

EXPORTED = Path(__file__).resolve().parents[2] / "exported"


def build(
    root: Path = EXPORTED, shown: Sequence[Chapter] = chapters.CHAPTERS
) -> thumbnails.IllustratedBlocks:
    """The whole app for the models under `root` and those of the repositories that `LATENT_MODELS` names.

    A model that is damaged is left out, with a sentence in its chapter's experiments, in the log and in `/healthz`.

    Raises:
        UserError: the environment asks for something that there is not.
    """
    backend.check()
    environment.idle_seconds()
    repositories = Repositories(os.environ.get("LATENT_MODELS", ""))
    found, unreadable = cards.discover(root)
    models = [Model(card, root / card.name) for card in found]
    problems = {model.card.name: model.check() for model in models}
    local = [model for model in models if problems[model.card.name] is None]
    whole = [*local, *repositories.models(local, partial(lay_out, shown))]

    def contents(chapter: Chapter) -> page.Contents:
        mine = {model.card.name: model for model in whole if chapter.shows(model.card)}
        broken = [p for m in models if chapter.shows(m.card) and (p := problems[m.card.name])]
        return page.Contents.of(chapter, mine, broken)

    all_contents = [contents(chapter) for chapter in shown]
    with thumbnails.IllustratedBlocks(
        title=opening.TITLE, analytics_enabled=False, delete_cache=(600, guard.KEPT_S)
    ) as demo:
        address.bar(shown)
        parts.bringer([*(path(each, one) for each in shown for one in each.experiments), "models"])
        tour.build(shown)
        share.build([(each.chapter, each.models) for each in all_contents])
        with gr.Tabs(elem_id="sections", overflow_behavior="wrap"):
            with gr.Tab("Start", id="start", elem_id="tab-start"):
                start.build(all_contents)
            failures = page.sections(all_contents)
            by_chapter = [problem for each in all_contents for problem in each.problems]
            damaged = filter(None, problems.values())
            left_out = list(dict.fromkeys([*unreadable, *damaged, *by_chapter, *failures]))
            with gr.Tab("Models", id="models", elem_id="tab-models"), parts.place("models"):
                models_page.build(all_contents, whole, left_out, repositories)
        for each in all_contents:
            if each.models or not each.chapter.script:
                each.chapter.offer(each.models)
    for problem in left_out:
        log.warning("%s", problem)
    makers = {f"models/{m.card.name}": partial(thumbnails.of_model, m) for m in whole}
    makers |= {
        f"chapters/{c.chapter.id}": partial(c.chapter.thumbnail, c.models)
        for c in all_contents
        if c.models or not c.chapter.script
    }
    makers[thumbnails.TOY] = partial(start.toy_image, all_contents)
    demo.illustrate(makers)
    demo.models, demo.problems, demo.repositories = whole, left_out, repositories
    demo.queue(default_concurrency_limit=2, max_size=32, api_open=False)
    return demo


def lay_out(shown: Sequence[Chapter], model: Model, others: Sequence[Model]) -> None:
    """Lay out each chapter that shows `model`, beside the others, on a page that nobody sees; raise what fails."""
    page.facts(model.card)
    for chapter in shown:
        if chapter.shows(model.card):
            mine = {one.card.name: one for one in (*others, model) if chapter.shows(one.card)}
            with gr.Blocks(analytics_enabled=False):
                for experiment in chapter.experiments:
                    if usable := experiment.takes(mine):
                        experiment.build(usable)
                chapter.offer(mine)


def serve(demo: health.MonitoredBlocks) -> None:
    """Launch, and stay until interrupted.

    Raises:
        UserError: no port is free.
    """
    # Every picture's header is checked before it is decoded; this is for one that Gradio might open by itself.
    Image.MAX_IMAGE_PIXELS = upload.MAX_PIXELS
    if idle_s := environment.idle_seconds():
        idle.watch(demo.models, idle_s)
    try:
        demo.launch(**launch_options())
    except KeyboardInterrupt:  # while it was still opening; after that, Gradio itself waits for it
        demo.close()
    except OSError as error:
        if error.errno:
            raise
        raise UserError("The app found no free port: set GRADIO_SERVER_PORT to another.") from error


def launch_options() -> dict[str, Any]:
    """Arguments for `build().launch(...)`. Port and host come from GRADIO_SERVER_PORT and GRADIO_SERVER_NAME."""
    files = Files()
    scripts = [each.SCRIPT for each in (controls, address, parts, page, tour, share, guard)]
    first_load = Middleware(FirstLoad, files, opening.tags(files, scripts), opening.BODY)
    return {
        "server_port": environment.server_port(),
        "theme": theme.theme(),
        "css": theme.CSS + tour.CSS + share.CSS + chapters.CSS + page.labels(chapters.CHAPTERS),
        "favicon_path": opening.ICON,
        "footer_links": ["api", "settings"],
        "run_history": False,  # on by default, and costs up to a third of the speed
        "ssr_mode": False,  # Spaces' default would put a Node server in front
        "show_error": False,  # a gr.Error is shown as it is; anything else without its details
        # One more than any body that the guard lets through, so that it is the guard's sentence that refuses.
        "max_file_size": guard.MAX_UPLOAD + 1,
        "state_session_capacity": guard.MAX_SESSIONS,
        "enable_monitoring": False,
        # All that it does is to end the start where Gradio's first look at its own page takes more than 3 seconds.
        "_frontend": False,
        "app_kwargs": guard.APP_KWARGS
        | {
            "routes": [
                health.ROUTE,
                controls.ROUTE,
                thumbnails.ROUTE,
                models_page.ROUTE,
                page.ROUTE,
                share.ROUTE,
                files.route,
            ],
            "middleware": [*logs.middleware(), *guard.APP_KWARGS["middleware"], first_load],
        },
    }
