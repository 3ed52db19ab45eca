"""The repository is a Hugging Face Space as it is."""

import json
import subprocess
import sys
from pathlib import Path

import hosts
import pytest
import sealed
from huggingface_hub import SpaceCard
from packaging.requirements import Requirement

from gen_models import cards

pytestmark = pytest.mark.serial  # serves the app from a port that was free


def test_the_front_matter_is_a_gradio_space_of_a_version_that_requirements_allow():
    card = SpaceCard.load(Path("README.md"))
    assert (card.data.sdk, card.data.app_file) == ("gradio", "app.py")
    assert tuple(map(int, card.data.python_version.split("."))) >= (3, 11)
    lines = Path("requirements.txt").read_text().splitlines()
    wanted = [Requirement(line) for line in lines if not line.startswith("#")]
    (gradio,) = [requirement for requirement in wanted if requirement.name == "gradio"]
    assert card.data.sdk_version in gradio.specifier


def test_it_starts_as_a_space_without_a_network_or_server_side_rendering(tmp_path):
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\ntouch {tmp_path}/rendered\necho v24.0.0\n")
    node.chmod(0o755)
    space = {"SPACE_ID": "someone/latent-lab", "SYSTEM": "spaces", "GRADIO_SERVER_NAME": "0.0.0.0"}
    ssr = {"GRADIO_SSR_MODE": "True", "GRADIO_NODE_PATH": str(node)}
    with hosts.hosted(hosts.ROOT, tmp_path, **space, **ssr) as host:
        assert b"Latent Lab" in host.get("/")
        health = json.loads(host.get("/healthz"))
    assert health["status"] == "ok"
    assert health["models"] == [card.name for card in cards.discover(Path("exported"))[0]]
    assert not (tmp_path / "rendered").exists(), "a Node server was started"
    assert sealed.ASKED not in host.stderr, host.stderr
    assert '"endpoint": "/"' in host.stderr, "a Space writes its log"


def test_whoever_asks_the_network_or_writes_to_the_app_is_found_out(tmp_path):
    app = """
import socket
from pathlib import Path
for attempt in (
    lambda: socket.create_connection(("huggingface.co", 443)),
    lambda: socket.create_connection(("192.0.2.1", 443)),
    lambda: Path("new").write_text(""),
    lambda: Path("folder").mkdir(),
):
    try:
        attempt()
    except OSError:
        continue
    raise SystemExit("it was possible")
socket.getaddrinfo("localhost", 1)
"""
    (tmp_path / "app.py").write_text(app)
    command = [sys.executable, hosts.ROOT / "tests/sealed.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    asked = [f"{sealed.ASKED} huggingface.co", f"{sealed.ASKED} 192.0.2.1"]
    assert done.stderr.splitlines() == asked
    assert [path.name for path in tmp_path.iterdir()] == ["app.py"]
