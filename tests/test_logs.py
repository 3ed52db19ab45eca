"""What the host reads on stderr: whom was asked, how it went and how long it took, and nothing about who asked."""

import json
import logging
import queue
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import gradio as gr
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from gen_models import app
from gen_models.app import controls
from gen_models.app.hosting import guard, health, logs, sentences
from gen_models.app.hosting.first_load import FirstLoad
from gen_models.errors import BadRequest, UserError

pytestmark = pytest.mark.serial  # compares the times that are written down

SECRET = "my-own-words"


class Kept(logging.Handler):
    """Lines as `start` writes them, in a list."""

    def __init__(self):
        super().__init__()
        self.setFormatter(logs.JsonFormatter())
        self.written = []

    def emit(self, record):
        self.written.append(self.format(record))


def decode(request):
    if "busy" in request["context"]:
        raise BadRequest(sentences.BUSY)
    if "fault" in request["context"]:
        raise KeyError(SECRET)
    return {"text": {"x": "decoded"}}


def slow(seconds):
    time.sleep(seconds)
    return "done"


def refuse(word):
    raise gr.Error(f"I do not know {word}.", print_exception=False)


def fail(word):
    raise KeyError(word)


@pytest.fixture(scope="module")
def served():
    """(url, lines) of a page with one control and four events, told at "debug"."""
    ours, kept = logging.getLogger("gen_models"), Kept()
    ours.setLevel(logging.DEBUG)
    ours.addHandler(kept)
    with health.MonitoredBlocks() as demo:
        controls.LatentPad(decode, elem_id="pad", screens=[("x", "x")])
        word, number, said = gr.Textbox(), gr.Number(), gr.Textbox()
        word.change(lambda word: word, word, said, api_name="echo")
        word.change(refuse, word, said, api_name="refuse")
        word.change(fail, word, said, api_name="fail")
        number.change(slow, number, said, api_name="slow", concurrency_limit=1)
    demo.queue(api_open=False)
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield url, kept.written
    demo.close()
    ours.removeHandler(kept)
    ours.setLevel(logging.NOTSET)


@pytest.fixture
def url(served):
    served[1].clear()
    return served[0]


@pytest.fixture
def client(served):
    client = Client(served[0], verbose=False)
    served[1].clear()
    return client


def lines(served, count, **fields):
    """`count` lines with these fields; a line may follow its answer by a moment."""
    until = time.monotonic() + 5
    while True:
        every = [json.loads(line) for line in list(served[1])]
        found = [line for line in every if fields.items() <= line.items()]
        if len(found) >= count or time.monotonic() > until:
            assert len(found) == count, every
            return found
        time.sleep(0.01)


def ask(url, path, body=None, **headers):
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(
        url + path, data, {"content-type": "application/json"} | headers
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def move(url, value=(0, 0), **context):
    config = json.load(urllib.request.urlopen(f"{url}config", timeout=10))
    (pad,) = [each["id"] for each in config["components"] if each["props"].get("elem_id") == "pad"]
    data = {"value": value, "context": context}
    question = {"session_hash": SECRET, "component_id": pad, "fn_name": "answer", "data": data}
    return ask(url, "gradio_api/component_server/", question)


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ({}, 200),
        ({"value": [0, SECRET]}, 400),
        ({"fault": 1}, 500),
        ({"busy": 1}, 503),
    ],
)
def test_a_control_is_told_by_its_name_and_by_how_it_went(served, url, question, status):
    assert move(url, **question) == 200, "the browser reads the sentence"
    (line,) = lines(served, 1, kind="control")
    assert line.keys() == {"time", "level", "kind", "endpoint", "status", "ms"}
    assert (line["endpoint"], line["status"], line["level"]) == ("pad", status, "info")
    assert 0 < line["ms"] < 5_000


@pytest.mark.parametrize("body", [b"{", b"[]", b"[" * 10_000, b'{"component_id": []}', b"\xff"])
def test_a_question_that_cannot_be_read_is_told_too(served, url, body):
    assert ask(url, "gradio_api/component_server", body) == 400
    (line,) = lines(served, 1, kind="control")
    assert (line["endpoint"], line["status"]) == ("/gradio_api/component_server", 400)


@pytest.mark.parametrize(("name", "status"), [("echo", 200), ("refuse", 400), ("fail", 500)])
def test_an_event_is_told_by_its_name_and_by_how_it_went(served, client, name, status):
    if status == 200:
        assert client.predict(SECRET, api_name=f"/{name}") == SECRET
    else:
        with pytest.raises(AppError):
            client.predict(SECRET, api_name=f"/{name}")
    (line,) = lines(served, 1, kind="event")
    assert line.keys() == {"time", "level", "kind", "endpoint", "status", "ms", "waited_ms"}
    assert (line["endpoint"], line["status"]) == (f"/{name}", status)
    assert 0 <= line["waited_ms"] <= line["ms"]


def test_the_time_of_an_event_is_that_of_the_queue_and_the_function(served, client):
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: client.predict(0.3, api_name="/slow"), range(2)))
    first, second = lines(served, 2, kind="event")
    assert first["ms"] >= 300
    assert second["waited_ms"] >= 200
    assert second["ms"] >= second["waited_ms"] + 300


def test_a_stream_that_brings_answers_has_no_line(served, client):
    client.predict(0, api_name="/slow")
    lines(served, 1, kind="event")
    time.sleep(0.2)  # the stream ends after its last answer
    (join,) = lines(served, 1, kind="request", endpoint="/gradio_api/queue")
    assert join["level"] == "debug"


def test_pages_are_told_and_what_belongs_to_them_only_for_debugging(served, url):
    ask(url, "")
    ask(url, "theme.css")
    ask(url, "healthz")
    assert lines(served, 1, endpoint="/", status=200, level="info")
    assert lines(served, 1, endpoint="/theme.css", status=200, level="debug")
    assert lines(served, 1, endpoint="/healthz", status=200, level="debug")


@pytest.mark.parametrize(
    ("path", "body", "status", "endpoint"),
    [
        (f"{SECRET}.php", None, 404, "unknown"),
        (f"assets/{SECRET}", None, 404, "/assets/{path:path}"),
        (f"gradio_api/{SECRET}", None, 404, "unknown"),
        (f"gradio_api/file=/{SECRET}", None, 403, "/gradio_api/file"),
        (f"gradio_api/call/{SECRET}", {}, 404, "/gradio_api/call"),
        ("gradio_api/queue/join", b"{", 400, "/gradio_api/queue"),
        ("gradio_api/queue/join", b"[" * 100_000, 400, "/gradio_api/queue"),
    ],
)
def test_what_is_refused_is_told_by_its_route(served, url, path, body, status, endpoint):
    assert ask(url, path, body) == status
    (line,) = lines(served, 1, kind="request")
    assert (line["status"], line["endpoint"], line["level"]) == (status, endpoint, "info")


def test_a_body_that_is_too_large_is_told_by_its_route(served, url):
    for name in ("upload", "component_server"):
        assert ask(url, f"gradio_api/{name}", b"a", **{"content-length": "99999999"}) == 413
    upload, control = lines(served, 2, status=413, level="info")
    assert upload["endpoint"] == "/gradio_api/upload"
    assert control["endpoint"] == "/gradio_api/component_server"


def test_nothing_is_told_of_who_asked_and_for_what(served, client, tmp_path):
    url = served[0]
    file = tmp_path / f"{SECRET}.png"
    file.write_bytes(b"no picture")
    client.predict(SECRET, api_name="/echo")
    for name in ("refuse", "fail"):
        with pytest.raises(AppError):
            client.predict(SECRET, api_name=f"/{name}")
    with pytest.raises(AppError):
        client.predict(handle_file(str(file)), api_name="/fail")
    for context in ({}, {"fault": 1}, {SECRET: SECRET}):
        move(url, **context)
    headers = {"user-agent": SECRET, "cookie": f"a={SECRET}", "x-forwarded-for": "192.0.2.7"}
    ask(url, f"?__theme={SECRET}", **headers)
    ask(url, f"gradio_api/heartbeat={SECRET}", **headers)
    for address in (f"/gradio_api/call/a/{SECRET}", f"/{SECRET}"):
        logging.getLogger("gen_models.app").warning("%s broke off", address)
    lines(served, 4, kind="event")
    lines(served, 3, kind="control")
    told = "\n".join(served[1])
    for private in (SECRET, client.session_hash, "127.0.0.1", "192.0.2.7", ".png", str(tmp_path)):
        assert private not in told, private


def test_a_fault_is_told_by_its_type_and_place(served, client):
    with pytest.raises(AppError):
        client.predict(SECRET, api_name="/fail")
    (line,) = lines(served, 1, kind="message")
    assert (line["level"], line["error"]) == ("error", "KeyError")
    assert line["at"][-1].startswith("test_logs.py:")
    assert line["at"][-1].endswith(" fail")


def test_a_line_is_one_line():
    record = logging.LogRecord("gen_models", logging.INFO, "", 0, "a\nb", None, None)
    line = logs.JsonFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line)["message"] == "a\nb"


def test_nobody_waits_for_the_reader_of_the_log():
    waiting = queue.Queue(2)
    handler = logs.NonBlockingHandler(waiting)
    for _ in range(5):
        handler.handle(logging.LogRecord("gen_models", logging.INFO, "", 0, "a", None, None))
    assert waiting.qsize() == 2


@pytest.fixture
def fresh(monkeypatch):
    """As when Python starts: nothing is told, and no word is said."""
    ours = logging.getLogger("gen_models")
    handlers, level, propagate = list(ours.handlers), ours.level, ours.propagate
    ours.setLevel(logging.NOTSET)
    for name in ("LATENT_LOG", "SPACE_ID"):
        monkeypatch.delenv(name, raising=False)
    yield monkeypatch
    ours.handlers[:], ours.propagate = handlers, propagate
    ours.setLevel(level)


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ({}, []),
        ({"LATENT_LOG": "off"}, []),
        ({"LATENT_LOG": "INFO"}, ["info"]),
        ({"LATENT_LOG": "debug"}, ["debug", "info"]),
        ({"SPACE_ID": "someone/lab"}, ["info"]),
        ({"SPACE_ID": "someone/lab", "LATENT_LOG": "off"}, []),
    ],
)
def test_the_host_says_how_much_is_told(fresh, capsys, env, told):
    for name, word in env.items():
        fresh.setenv(name, word)
    logs.start()
    before = {each.cls for each in app.launch_options()["app_kwargs"]["middleware"]}
    always = {guard.Guard, FirstLoad}
    assert before == ({logs.RequestLog, *always} if told else always)
    logs.log_answer(logging.DEBUG, endpoint="/")
    logs.log_answer(logging.INFO, endpoint="/")
    until, written = time.monotonic() + (2 if told else 0.1), ""
    while len(written.splitlines()) < max(1, len(told)) and time.monotonic() < until:
        time.sleep(0.01)
        written += capsys.readouterr().err
    assert [json.loads(line)["level"] for line in written.splitlines()] == told


def test_another_word_ends_the_program_with_a_sentence(fresh):
    fresh.setenv("LATENT_LOG", "loud")
    with pytest.raises(UserError, match="'loud'; it may be off, info or debug"):
        logs.start()
