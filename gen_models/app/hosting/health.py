"""`/healthz`: for whoever watches over the server, what it serves and with what."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from gen_models.app.hosting import gradio_private
from gen_models.app.hosting.hub_models import Repositories
from gen_models.app.hosting.parts import PartedBlocks
from gen_models.runtime import Model, provider_in_use

PACKAGES = ("gradio", "huggingface_hub", "numpy", "onnxruntime", "onnxruntime-gpu", "pillow")
"""Whose version is told, of those that are installed: onnxruntime-gpu stands in the place of onnxruntime."""


class MonitoredBlocks(PartedBlocks):
    """The whole app, and what `/healthz` says of it."""

    models: Sequence[Model] = ()
    problems: Sequence[str] = ()
    repositories: Repositories | None = None

    def health(self) -> dict[str, Any]:
        """What is served and what was left out; `status` is "ok" if nothing was, of a repository neither."""
        whole = not self.problems and (self.repositories is None or self.repositories.complete)
        return {
            "status": "ok" if whole else "degraded",
            "provider": provider_in_use(self.models),
            "models": [model.card.name for model in self.models],
            "problems": list(self.problems),
            "repositories": self.repositories.lines if self.repositories else [],
            "versions": {
                "python": platform.python_version(),
                **{package: found for package in PACKAGES if (found := _version(package))},
            },
        }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _answer(request: Request) -> JSONResponse:
    blocks = gradio_private.blocks_of(request.app)
    return JSONResponse(
        blocks.health() if isinstance(blocks, MonitoredBlocks) else {"status": "ok"}
    )


ROUTE = Route("/healthz", _answer)
"""For `launch(app_kwargs={"routes": [ROUTE]})`."""
