"""A host for the app: its own process, in the environment that serves, without a network and behind a port."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
SERVE = ROOT / ".venv/bin/python"
"""Holds requirements.txt alone; `make border`, and so `make test`, sets it up."""
OURS = ("GRADIO_", "HF_", "LATENT_", "SPACE_")
"""What the test run itself, or who runs it, has set."""
START_S = 120


class Host:
    """The app while it runs, and what is left of it."""

    def __init__(self, url: str, log: Path, process: subprocess.Popen) -> None:
        self.url, self._log, self._process = url, log, process

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return answer.read()

    @property
    def stderr(self) -> str:
        return self._log.read_text()

    @property
    def rc(self) -> int | None:
        return self._process.poll()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _heed_interrupts() -> None:
    """Whoever runs the tests in the background has a shell that ignores interrupts, and so do its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def hosted(folder: Path, home: Path, **env: str) -> Iterator[Host]:
    """`app.py` of `folder`, from the moment it answers until it is interrupted, with an empty `home`."""
    port = free_port()
    env = (
        {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        | {"HOME": str(home), "GRADIO_TEMP_DIR": str(home / "gradio")}
        | env
        | {"GRADIO_SERVER_PORT": str(port)}
    )
    python = SERVE if SERVE.exists() else sys.executable
    with (home / "stdout").open("w") as out, (home / "stderr").open("w") as err:
        process = subprocess.Popen(
            [python, ROOT / "tests/sealed.py"],
            cwd=folder,
            env=env,
            stdout=out,
            stderr=err,
            preexec_fn=_heed_interrupts,
        )
    host = Host(f"http://127.0.0.1:{port}", home / "stderr", process)
    try:
        until = time.monotonic() + START_S
        while True:
            try:
                host.get("/healthz")
                break
            except urllib.error.URLError:
                assert host.rc is None, f"the app ended:\n{host.stderr}"
                assert time.monotonic() < until, f"the app does not answer:\n{host.stderr}"
                time.sleep(0.2)
        yield host
        process.send_signal(signal.SIGINT)
        process.wait(30)
    finally:
        process.kill()
        process.wait()
