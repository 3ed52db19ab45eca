"""Import torchvision beside any torch, a CPU-only build included. Import torchvision from here:

    from training.data.torchvision_compat import torchvision, v2

torchvision's ordinary wheel is compiled against CUDA. Beside a CPU-only torch its operators cannot
load, and `import torchvision` stops with "operator torchvision::nms does not exist", because its
Python part registers shape functions for two of them. We use none of these operators (only
`datasets`, `transforms.v2` and `utils.make_grid`), so where the compiled library does not load, and
only there, we declare the two names without an implementation. Calling them still fails.
`torchvision.io` has compiled decoders too and does not work that way: read images with Pillow.
"""

import importlib.util
from pathlib import Path

import torch


def _compiled_operators_load() -> bool:
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        raise ImportError("torchvision is missing: pip install -r training/requirements.txt")
    libraries = [p for p in Path(spec.origin).parent.glob("_C*") if p.suffix in {".so", ".pyd"}]
    try:
        for library in libraries:
            torch.ops.load_library(str(library))
    except OSError:
        return False
    return bool(libraries)


NATIVE = _compiled_operators_load()
"""True where torchvision's compiled operators work."""

if not NATIVE:
    # The names live as long as this object, so it must stay referenced.
    _library = torch.library.Library("torchvision", "DEF")
    _library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import torchvision  # noqa: E402
from torchvision.transforms import v2  # noqa: E402

__all__ = ["NATIVE", "torchvision", "v2"]
