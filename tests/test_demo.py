"""The README's first command, run as a reader would run it."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

pytestmark = pytest.mark.serial  # serves the app from a port that was free

ROOT = Path(__file__).parents[1]
OURS = ("MAKE", "MFLAGS", "GRADIO_", "HF_")  # what the test run itself has set


def test_make_demo_serves_the_app():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    make = ["make", "demo", f"PORT={port}"]
    demo = subprocess.Popen(make, cwd=ROOT, env=env, start_new_session=True)
    try:
        page = b""
        while not page and demo.poll() is None:
            try:
                page = urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=60).read()
            except urllib.error.URLError:
                time.sleep(0.2)
    finally:
        if demo.poll() is None:
            os.killpg(demo.pid, signal.SIGTERM)
            demo.wait(timeout=60)
    assert b"Latent Lab" in page
