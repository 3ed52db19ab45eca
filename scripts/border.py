"""Guard the border between the two halves: serving never imports PyTorch.

``python -m scripts.border`` imports every module that serves and builds the app, then looks at what
came along. Run where torch is installed it catches an import of it; run where only requirements.txt
is installed (``make border``) it also catches a package that serving needs and does not list.
"""

import importlib
import sys
from pathlib import Path

TRAINING_HALF = (
    "torch.", "torchvision.", "lightning_fabric.", "onnx.", "training.", "gen_models.networks.",
)  # fmt: skip


def strangers() -> list[str]:
    """Import all that serves and return the modules of the training half that came along."""
    importlib.import_module("app")
    for path in sorted(Path("gen_models").rglob("*.py")):
        if "networks" not in path.parts:
            importlib.import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
    return [name for name in sorted(sys.modules) if f"{name}.".startswith(TRAINING_HALF)]


if __name__ == "__main__":
    found = strangers()
    sys.exit(f"Serving imports the training half: {', '.join(found)}." if found else 0)
