"""A UserError is shown as its sentence, and nothing else is: in the app, over HTTP, by live controls and commands."""

import ast
import errno
import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
import hosts
import numpy as np
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from gen_models import hub, migrate
from gen_models.app import controls, launch_options
from gen_models.app.controls import live
from gen_models.app.controls.board import Board
from gen_models.app.hosting.guard import Busy, GuardedBlocks, Refused
from gen_models.app.hosting.sentences import FAULT
from gen_models.app.shell import parts
from gen_models.cards import CardError
from gen_models.errors import OURS_TO_SAY, BadRequest, UserError, end_command
from gen_models.hub import HubError
from gen_models.numerics.lab import game
from gen_models.numerics.lab.sessions import Gone, Waiting
from gen_models.runtime import ModelError
from training.data import DataError
from training.data import __main__ as data_command
from training.engine import cli, run

PLAIN = (
    UserError, BadRequest, CardError, ModelError, HubError, Gone, Waiting, DataError, run.Diverged,
)  # fmt: skip
MEANT: dict[str, UserError] = {
    f"{kind.__module__}.{kind.__name__}": kind(f"A sentence of {kind.__name__}") for kind in PLAIN
}
for error in (
    Refused(400, "A sentence of Refused."), live.Refused("A sentence of Refused.", {}), Busy(),
    game.Diverged(7, np.empty((0, 4))),
):  # fmt: skip
    MEANT[f"{type(error).__module__}.{type(error).__name__}"] = error

FAULTS: dict[str, Exception] = {
    "full stop": ValueError("The shapes at /srv/secret.py do not fit."),
    "library": RuntimeError("onnxruntime broke /srv/secret.onnx."),
    "key": KeyError("secret"),
    "system": OSError(errno.EIO, "The secret disk has a fault."),
}
"""Of a library or of ours, in sentences or not."""

ROOT = Path(__file__).parents[1]


def subclasses(kind):
    return {kind}.union(*map(subclasses, kind.__subclasses__()))


def test_every_kind_of_user_error_is_tried_here():
    ours = {
        f"{kind.__module__}.{kind.__name__}"
        for kind in subclasses(UserError)
        if kind.__module__.startswith(("gen_models", "training"))
    }
    assert ours == MEANT.keys()


def fail(name: str) -> str:
    """Raise what is called so."""
    raise (MEANT | FAULTS)[name]


@pytest.fixture(scope="module")
def client():
    """Of a page that fails in an event, whose function is as it is, and in an endpoint."""
    with GuardedBlocks() as demo:
        name, out = gr.Textbox(), gr.Textbox()
        name.change(fail, name, out, api_name="event")
        parts.endpoint(fail, "endpoint")
    options = launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield Client(url, verbose=False)
    demo.close()


@pytest.mark.parametrize("api_name", ["/event", "/endpoint"])
@pytest.mark.parametrize("name", MEANT)
def test_an_event_and_an_endpoint_show_a_user_error_as_its_sentence(client, name, api_name):
    with pytest.raises(AppError) as caught:
        client.predict(name, api_name=api_name)
    assert str(caught.value) == str(MEANT[name])


@pytest.mark.parametrize("api_name", ["/event", "/endpoint"])
@pytest.mark.parametrize("name", FAULTS)
def test_an_event_and_an_endpoint_log_a_fault_and_say_so_in_general(client, name, api_name, caplog):
    with pytest.raises(AppError) as caught:
        client.predict(name, api_name=api_name)
    assert str(caught.value) == FAULT
    assert type(FAULTS[name]).__name__ in caplog.text
    assert "in fail" in caplog.text, "the trace"


def raising(error):
    def compute(*_, **__):
        raise error

    return compute


@pytest.fixture(scope="module")
def replies():
    """Live controls that fail with the error of a name: (name) -> reply, in JSON."""
    with gr.Blocks():
        pad = controls.LatentPad(lambda request: fail(request["context"]["name"]))
        board = Board(lambda _, name: fail(name), {}, visitors=1, label="Lab", elem_id="lab")
    return {
        "pad": lambda name: pad.reply({"value": [0, 0], "context": {"name": name}}),
        "lab": lambda name: board.reply("visitor", name),
    }


@pytest.mark.parametrize("control", ["pad", "lab"])
@pytest.mark.parametrize("name", MEANT)
def test_a_live_control_shows_a_user_error_as_its_sentence(replies, control, name):
    reply = json.loads(replies[control](name))
    assert (reply["ok"], reply["error"]) == (False, str(MEANT[name]))


@pytest.mark.parametrize("control", ["pad", "lab"])
@pytest.mark.parametrize("name", FAULTS)
def test_a_live_control_logs_a_fault_and_says_so_in_general(replies, control, name, caplog):
    with caplog.at_level(logging.ERROR):
        reply = json.loads(replies[control](name))
    assert reply == {"ok": False, "error": FAULT, "again": False}
    assert f"{type(FAULTS[name]).__name__}: " in caplog.text
    assert "in fail" in caplog.text, "the trace"


def test_only_waiting_makes_the_lab_ask_again(replies):
    again = {name for name in MEANT if json.loads(replies["lab"](name))["again"]}
    assert again == {"gen_models.numerics.lab.sessions.Waiting"}


# Commands


@pytest.mark.parametrize("name", MEANT)
def test_a_command_ends_with_the_sentence_of_a_user_error_and_status_2(name, capsys):
    with pytest.raises(SystemExit) as end:
        end_command(MEANT[name])
    assert end.value.code == 2
    assert capsys.readouterr().err == f"error: {MEANT[name]}\n"


COMMANDS = {
    "gen_models.hub": lambda: hub.main(["pull", "someone/model"]),
    "gen_models.migrate": lambda: migrate.main(["exported/model"]),
    "training.data": lambda: data_command.main("digits"),
}


def break_command(monkeypatch, name, error):
    """Let what the command calls first fail with this error."""
    called = {
        "gen_models.hub": (hub, "fetch"),
        "gen_models.migrate": (migrate, "migrate"),
        "training.data": (data_command, "load"),
    }
    monkeypatch.setattr(*called[name], raising(error))


@pytest.mark.parametrize("number", OURS_TO_SAY)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_names_the_place_that_cannot_be_written_or_read(
    name, number, capsys, monkeypatch
):
    reason = os.strerror(number)
    break_command(monkeypatch, name, OSError(number, reason, "some/place"))
    try:
        status = COMMANDS[name]()
    except SystemExit as end:
        status = end.code
    assert status == 2
    assert capsys.readouterr().err == f"error: some/place: {reason}.\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_an_interrupted_command_ends_with_one_sentence_and_no_trace(
    name, traces, capsys, monkeypatch
):
    break_command(monkeypatch, name, KeyboardInterrupt())
    with pytest.raises(SystemExit) as end:
        COMMANDS[name]()
    assert end.value.code == 130
    assert capsys.readouterr().err == "interrupted: give the same command again.\n"
    assert not list(traces.iterdir())


@pytest.mark.parametrize("fault", ["key", "system"])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_fault_in_a_command_is_one_sentence_that_names_the_trace(
    name, fault, traces, capsys, monkeypatch
):
    break_command(monkeypatch, name, FAULTS[fault])
    with pytest.raises(SystemExit) as end:
        COMMANDS[name]()
    (trace,) = traces.iterdir()
    kind = type(FAULTS[fault]).__name__
    assert end.value.code == 1
    assert capsys.readouterr().err == f"error: unexpected {kind}; its trace is in {trace}.\n"


@pytest.fixture
def traces(tmp_path, monkeypatch):
    """Where traces are written."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name in ("SPACE_ID", "LATENT_LOG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@dataclass(frozen=True)
class Config:
    """Nothing can be chosen."""


@pytest.mark.parametrize("name", FAULTS)
def test_a_command_writes_the_trace_of_a_fault_and_names_the_file(
    name, traces, capsys, monkeypatch
):
    monkeypatch.setattr(sys, "argv", ["command"])
    with pytest.raises(SystemExit) as end:
        cli.run(raising(FAULTS[name]), Config)
    (trace,) = traces.iterdir()
    kind = type(FAULTS[name]).__name__
    assert end.value.code == 1
    assert capsys.readouterr().err == f"error: unexpected {kind}; its trace is in {trace}.\n"
    assert "in compute" in trace.read_text()
    assert trace.read_text().startswith("Traceback")


@pytest.mark.parametrize(("name", "word"), [("LATENT_LOG", "debug"), ("SPACE_ID", "someone/lab")])
def test_whoever_reads_the_log_finds_the_trace_there(name, word, traces, capsys, monkeypatch):
    monkeypatch.setenv(name, word)
    with pytest.raises(SystemExit) as end:
        end_command(FAULTS["key"])
    assert end.value.code == 1
    assert not list(traces.iterdir())
    told = capsys.readouterr().err
    assert "KeyError: 'secret'\n" in told
    assert told.endswith("error: unexpected KeyError; its trace is above.\n")


def test_a_trace_that_cannot_be_written_is_printed(capsys, monkeypatch):
    for name in ("SPACE_ID", "LATENT_LOG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("tempfile.tempdir", "/no/such/folder")
    with pytest.raises(SystemExit):
        end_command(FAULTS["key"])
    assert capsys.readouterr().err.endswith("error: unexpected KeyError; its trace is above.\n")


def test_a_reader_that_has_read_enough_ends_a_command_without_a_word():
    code = (
        "from gen_models.errors import ending_in_a_sentence\n"
        "with ending_in_a_sentence():\n"
        "    while True: print('a line', flush=True)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as command:
        assert command.stdout.readline() == b"a line\n"
        command.stdout.close()
        assert command.stderr.read() == b""
    assert command.returncode == 141


def test_an_interruption_is_no_fault(traces, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["command"])
    with pytest.raises(SystemExit) as end:
        cli.run(raising(KeyboardInterrupt()), Config)
    assert end.value.code == 130
    assert "interrupted" in capsys.readouterr().err
    assert not list(traces.iterdir())


@pytest.mark.parametrize(
    ("name", "word", "sentence"),
    [
        ("LATENT_PROVIDER", "gpu", "LATENT_PROVIDER is 'gpu'; it may be auto, cuda or cpu."),
        ("LATENT_LOG", "loud", "LATENT_LOG is 'loud'; it may be off, info or debug."),
        (
            "GRADIO_SERVER_PORT",
            "web",
            "GRADIO_SERVER_PORT is 'web'; it must be a port from 1 to 65535.",
        ),
        ("LATENT_THREADS", "two", "LATENT_THREADS is 'two'; it must be a whole number from 1."),
    ],
)
def test_the_app_does_not_start_with_settings_that_it_does_not_know(name, word, sentence):
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=os.environ | {"GRADIO_SERVER_PORT": str(hosts.free_port()), name: word},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == f"error: {sentence}\n"


@pytest.mark.parametrize(
    "module", ["training.recipes", "training.data", "training.states", "gen_models.hub"]
)
def test_commands_without_a_config_end_in_one_sentence_too(module):
    of_the_hub = module in ("gen_models.hub", "training.states")
    words = ["pull", "no repository"] if of_the_hub else ["no-such-thing"]
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


# The code


def test_no_code_decides_by_a_full_stop():
    """Whether an error is meant for a person is a matter of its type."""
    found = []
    for path in (
        path for half in ("gen_models", "training") for path in (ROOT / half).rglob("*.py")
    ):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="endswith"), args=[ast.Constant(value="."), *_]
                ):
                    found.append(f"{path}:{node.lineno}")
    assert found == []
