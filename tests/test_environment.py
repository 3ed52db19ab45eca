"""Where the app is served, as the environment says, and what it says instead of starting."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from gen_models import app
from gen_models.app.hosting import environment
from gen_models.errors import UserError


@pytest.fixture(autouse=True)
def own_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the app allows Pillow is for this file's tests alone."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port of this machine that somebody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_that_is_taken_ends_the_app_in_one_sentence_and_is_not_replaced(taken):
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=Path(__file__).parents[1],
        env=os.environ | {"GRADIO_SERVER_PORT": str(taken), "GRADIO_SERVER_NAME": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == (
        f"error: The app cannot be served at 127.0.0.1:{taken}: another program uses this port; "
        "GRADIO_SERVER_NAME and GRADIO_SERVER_PORT set the address.\n"
    )
    assert done.stdout == ""


def test_a_port_that_is_taken_meanwhile_ends_in_a_sentence_too(monkeypatch):
    class Page:
        models = ()

        def launch(self, **_):
            raise OSError("Cannot find empty port in range: 7860-7860. You can specify a different")

    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with pytest.raises(UserError, match=r"^The app found no free port: set GRADIO_SERVER_PORT"):
        app.serve(Page())


def test_an_interrupt_while_it_opens_closes_it_and_is_no_fault():
    done = []

    class Page:
        models = ()

        def launch(self, **_):
            raise KeyboardInterrupt

        def close(self):
            done.append("closed")

    app.serve(Page())
    assert done == ["closed"]


def test_gradio_too_is_given_that_port_alone(monkeypatch):
    monkeypatch.setenv("GRADIO_SERVER_PORT", "8123")
    assert app.launch_options()["server_port"] == 8123


def test_without_a_port_any_will_do(monkeypatch):
    monkeypatch.delenv("GRADIO_SERVER_PORT")
    monkeypatch.delenv("GRADIO_SERVER_NAME", raising=False)
    assert app.launch_options()["server_port"] is None
    environment.check_address()


def test_a_port_that_is_free_will_do(monkeypatch, taken):
    monkeypatch.setenv("GRADIO_SERVER_NAME", "127.0.0.2")
    monkeypatch.setenv("GRADIO_SERVER_PORT", str(taken))
    environment.check_address()


@pytest.mark.parametrize("name", ["no such host", "192.0.2.1"])
def test_an_address_that_is_not_of_this_machine_is_said_to_be_none(monkeypatch, name):
    monkeypatch.setenv("GRADIO_SERVER_NAME", name)
    monkeypatch.delenv("GRADIO_SERVER_PORT")
    with pytest.raises(UserError, match=f"^The app cannot be served at {name}: [^;]+; GRADIO"):
        environment.check_address()


@pytest.mark.parametrize(
    "word", ["", "web", "0", "-1", "7860 ", "65536", "٧٨٦٠", "1e4", "7" * 5000]
)
def test_a_port_that_is_none_is_refused_with_a_sentence(monkeypatch, word):
    monkeypatch.setenv("GRADIO_SERVER_PORT", word)
    with pytest.raises(UserError, match=r"it must be a port from 1 to 65535\.$"):
        environment.server_port()


@pytest.mark.parametrize("word", ["1", "7860", "65535"])
def test_a_port_is_read(monkeypatch, word):
    monkeypatch.setenv("GRADIO_SERVER_PORT", word)
    assert environment.server_port() == int(word)


@pytest.mark.parametrize("below", ["", "/lab", "/a/b", "https://example.org", "http://x:8/lab"])
def test_a_sub_path_or_an_address_is_accepted(monkeypatch, below):
    monkeypatch.setenv("GRADIO_ROOT_PATH", below)
    monkeypatch.setattr(environment, "server_port", lambda: None)
    environment.check_address()


@pytest.mark.parametrize("below", ["lab", "/lab/", "/", "/a b", "//lab", "ftp://x/lab"])
def test_another_sub_path_ends_the_start_in_a_sentence(monkeypatch, below):
    monkeypatch.setenv("GRADIO_ROOT_PATH", below)
    with pytest.raises(UserError, match=f"^GRADIO_ROOT_PATH is '{below}'; it must be a path"):
        environment.check_address()


@pytest.mark.parametrize(
    ("word", "seconds"), [(None, 300), ("", 300), ("0", None), ("0.5", 30), ("90", 5400)]
)
def test_idle_minutes(monkeypatch, word, seconds):
    monkeypatch.delenv("LATENT_IDLE_MINUTES", raising=False)
    if word is not None:
        monkeypatch.setenv("LATENT_IDLE_MINUTES", word)
    assert environment.idle_seconds() == seconds


@pytest.mark.parametrize("word", ["-1", "five", "1e9", "nan", "1,5", "0.0001"])
def test_idle_minutes_that_are_none_end_the_start_in_a_sentence(monkeypatch, word, tmp_path):
    monkeypatch.setenv("LATENT_IDLE_MINUTES", word)
    with pytest.raises(UserError, match=f"LATENT_IDLE_MINUTES is '{word}'; it must be a number"):
        app.build(tmp_path)


def test_what_is_idle_while_the_app_is_served_is_closed(monkeypatch, toy_model, caplog):
    monkeypatch.setenv("LATENT_IDLE_MINUTES", "0.001")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    caplog.set_level("INFO")

    class Page:
        models = (toy_model,)

        def launch(self, **_):
            toy_model.open("generator")
            until = time.monotonic() + 10
            while "closed 1 graphs" not in caplog.text and time.monotonic() < until:
                time.sleep(0.01)

    app.serve(Page())
    assert "closed 1 graphs that nobody used" in caplog.text
