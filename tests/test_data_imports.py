"""What the data recipes import: what draws pictures, only when pictures are drawn."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.train

HEAVY = (
    "numba",
    "llvmlite",
    "scipy",
    "resvg_py",
    "dicebear",
    "torchvision",
    "matplotlib",
    "pandas",
)


def python(code, *words, **env):
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        env={**os.environ, **env},
    )


@pytest.mark.parametrize(
    "code",
    [
        "import training.data, training.data.pairs",
        "import runpy; runpy.run_module('training.data', run_name='__main__', alter_sys=True)",
    ],
    ids=["import", "folder"],
)
def test_a_folder_of_images_needs_nothing_that_draws_images(picture_folder, code):
    tell = f"import sys; print('loaded', [m for m in {HEAVY} if m in sys.modules], file=sys.stderr)"
    done = python(f"{code}\n{tell}", f"folder:{picture_folder}")
    assert done.returncode == 0, done.stderr
    assert "loaded []" in done.stderr


def test_heads_are_drawn_where_numba_cannot_keep_what_it_compiles():
    code = (
        "import numpy as np\n"
        "from training.data.heads import raster\n"
        "print(raster.box_blur(np.ones((4, 4), np.float32), 0).sum())\n"
    )
    nowhere = {
        "NUMBA_CACHE_DIR": "/proc/none",
        "NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator",
    }
    done = python(code, **nowhere)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(16)
