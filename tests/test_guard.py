"""What stands between the network and Gradio: each attack is made over HTTP against the whole app."""

import asyncio
import concurrent.futures
import contextlib
import gc
import http.client
import json
import threading
from pathlib import Path
from urllib.parse import urlsplit

import gradio as gr
import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from gen_models import app
from gen_models.app import launch_options
from gen_models.app.hosting import gradio_private, guard

pytestmark = pytest.mark.serial  # floods the served app, and measures its memory

MARKUP = "<img src=x onerror=alert(1)>"
JOIN, CALL = "/gradio_api/queue/join", "/gradio_api/component_server"
META = {"_type": "gradio.FileData"}


@pytest.fixture(scope="module")
def http_(app_url):
    with httpx.Client(base_url=app_url.rstrip("/"), timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def config(http_):
    return http_.get("/config").json()


@pytest.fixture(scope="module")
def event(config):
    """Number of an event by its name."""
    return {each["api_name"]: each["id"] for each in config["dependencies"]}


@pytest.fixture(scope="module")
def control(config):
    """A live control."""
    return next(each["id"] for each in config["components"] if each["props"].get("server_fns"))


def memory():
    gc.collect()
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1024


def refused(reply, status, sentence):
    """An answer of one sentence, that repeats nothing."""
    assert reply.status_code == status
    assert reply.json()["detail"] == sentence


def answer(http_, session):
    """What became of a session's event."""
    params = {"session_hash": session}
    with http_.stream("GET", "/gradio_api/queue/data", params=params) as lines:
        for line in lines.iter_lines():
            message = json.loads(line.removeprefix("data: ")) if line else {}
            if message.get("msg") == "process_completed":
                return message["output"]
    return None


# Bodies


@pytest.mark.parametrize("path", [JOIN, CALL, "/gradio_api/upload", "/gradio_api/run/leave"])
def test_100_mb_are_refused_before_they_are_sent(app_url, path):
    connection = http.client.HTTPConnection(urlsplit(app_url).netloc, timeout=10)
    connection.putrequest("POST", path)
    connection.putheader("Content-Type", "multipart/form-data; boundary=a")
    connection.putheader("Content-Length", "100000000")
    connection.endheaders()
    reply = connection.getresponse()  # although not one byte of it was sent
    assert reply.status == 413
    assert json.load(reply)["detail"] == guard.TOO_MUCH
    connection.close()


@pytest.mark.parametrize("path", [JOIN, CALL, "/gradio_api/upload"])
def test_100_mb_that_say_nothing_of_their_length_are_not_read(http_, path):
    sent, before = 0, memory()

    def body():
        nonlocal sent
        yield b'--a\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
        for _ in range(100):
            sent += 10**6
            yield b" " * 10**6

    headers = {"content-type": "multipart/form-data; boundary=a"}
    # Or it was told, and the door shut while this side was still sending.
    with contextlib.suppress(httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        refused(http_.post(path, content=body(), headers=headers), 413, guard.TOO_MUCH)
    assert sent < 60e6
    assert memory() - before < 50


def test_a_body_that_never_ends_is_not_waited_for(app_url, monkeypatch):
    monkeypatch.setattr(guard, "MAX_BODY_S", 0.2)
    connection = http.client.HTTPConnection(urlsplit(app_url).netloc, timeout=10)
    connection.putrequest("POST", JOIN)
    connection.putheader("Content-Length", "100")
    connection.endheaders(b"{")
    assert connection.getresponse().status == 408
    connection.close()


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"[1]", b"3", b"null", b"\xff\xfe\x00", b'"\xff"', b"[" * 100_000, b'{"data":' + b"9" * 5_000 + b"}",
        b'{"data":' + b"[" * 40 + b"]" * 40 + b"}", b'{"session_hash": [1]}', b'{"session_hash": {}}',
        b'{"session_hash": ""}', b'{"session_hash": "../x"}', b'{"session_hash": "' + b"a" * 65 + b'"}', b"a=1&b=2",
    ],
    ids=lambda body: f"{body[-24:]} {len(body)}",
)  # fmt: skip
def test_what_is_no_request_is_refused(http_, body):
    for path in (JOIN, CALL, "/gradio_api/cancel", "/gradio_api/call/models_card"):
        refused(http_.post(path, content=body), 400, guard.NOT_UNDERSTOOD)


def test_bodies_of_the_wrong_form_are_refused_without_repeating_them(http_, event):
    card = event["models_card"]
    for body in ({}, {"data": {}, "session_hash": "s"}, {"data": MARKUP, "fn_index": card}):
        refused(http_.post(JOIN, json=body), 400, guard.NOT_UNDERSTOOD)
    refused(http_.post("/gradio_api/call/v2/models_card", json={"x": 1}), 400, guard.NOT_UNDERSTOOD)
    refused(http_.get("/gradio_api/queue/data"), 400, guard.NOT_UNDERSTOOD)


def test_events_and_functions_that_do_not_exist(http_, control):
    for number in (-1, 10**9, True, "0", 0.5, []):
        body = {"data": [], "session_hash": "s", "fn_index": number}
        refused(http_.post(JOIN, json=body), 404, guard.NOT_HERE)
    for path in ("call/none", "call/v2/none", "run/none", "api/none", "call/__init__"):
        refused(http_.post(f"/gradio_api/{path}", json={"data": []}), 404, guard.NOT_HERE)
    known = {"session_hash": "s", "component_id": control, "fn_name": "answer", "data": 0}
    refused(http_.post(CALL, json=known | {"component_id": 10**9}), 404, guard.NOT_HERE)
    for wrong in (
        {"component_id": "1"},
        {"component_id": None},
        {"fn_name": 3},
        {"session_hash": None},
    ):
        refused(http_.post(CALL, json=known | wrong), 400, guard.NOT_UNDERSTOOD)
    for name in ("__init__", "reply", "_compute", "postprocess", ""):
        assert http_.post(CALL, json=known | {"fn_name": name}).status_code == 404


def test_what_is_not_queued_is_called_by_its_number(http_, config):
    direct = next(each["id"] for each in config["dependencies"] if each["queue"] is False)
    body = {"data": ["no such choice"], "session_hash": "s", "fn_index": direct}
    reply = http_.post("/gradio_api/run/predict", json=body)
    assert reply.status_code != 404
    body["fn_index"] = 10**9
    refused(http_.post("/gradio_api/run/predict", json=body), 404, guard.NOT_HERE)


# Routes and files


@pytest.mark.parametrize(
    "path",
    [
        "deep_link?session_hash=a", "dev/reload", "process_recording", "vibe-code", "vibe-edit", "token", "runs",
        "run-history/records", "profiling/traces", "proxy=http://169.254.169.254/", "proxy=https://a.hf.space/",
        "stream/a/b/c/playlist.m3u8", "custom_component/1/client/component/index.js", "file/etc/passwd",
        "file=http://169.254.169.254/latest", "file=HTTPS://example.com/",
    ],
)  # fmt: skip
def test_what_the_page_does_not_use_is_closed(http_, path):
    refused(http_.get(f"/gradio_api/{path}"), 404, guard.NOT_HERE)
    refused(http_.post(f"/gradio_api/{path}", json={}), 404, guard.NOT_HERE)


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd", "/gradio_api/file=/proc/self/environ", "/gradio_api/file=app.py",
        "/gradio_api/file=..%2f..%2f..%2fetc%2fpasswd", "/gradio_api/file=file:///etc/passwd", "/gradio_api/file=%00",
        "/gradio_api/file=exported/ae-digits/card.json", "/gradio_api/file=.", "/static/..%2f..%2froutes.py",
        "/assets/..%2f..%2f..%2froutes.py", "/svelte/..%2froutes.py", "/monitoring", "/monitoring/summary",
    ],
)  # fmt: skip
def test_no_file_of_the_server_is_read(http_, path):
    reply = http_.get(path)
    assert reply.status_code in (403, 404)
    for secret in ("root:", "import ", "PATH=", str(Path.cwd())):
        assert secret not in reply.text


def test_a_link_to_a_session_of_someone_elses_making_is_not_opened(http_, config):
    own = [{**each, "props": {**each["props"], "value": MARKUP}} for each in config["components"]]
    path = http_.post(
        "/gradio_api/upload", files={"files": ("state.json", json.dumps(own[:50]).encode())}
    ).json()[0]
    for link in (f"../{Path(path).parent.name}", f"..%2f{Path(path).parent.name}"):
        assert "alert(1)" not in http_.get(f"/?deep_link={link}").text


@pytest.mark.parametrize("name", ["faces_encode_upload", "pix2pix_upload"])
@pytest.mark.parametrize(
    "file",
    [
        {"path": "/etc/passwd"}, {"path": "../../../etc/passwd"}, {"path": "app.py"}, {"path": "/proc/self/environ"},
        {"path": "/etc/passwd", "is_stream": True}, {"path": "/etc/passwd", "url": "http://127.0.0.1:9/"},
        {"path": "/etc/passwd", "meta": {"_type": "gradio.Other"}}, {"path": None}, {"path": []}, {"path": ""},
        {"url": "http://127.0.0.1:9/"}, {"video": {"path": "/etc/passwd"}}, "/etc/passwd", ["/etc/passwd"], 3,
    ],
    ids=str,
)  # fmt: skip
def test_a_file_that_was_not_uploaded_is_not_opened(http_, event, name, file):
    if isinstance(file, dict):
        file = {"meta": META} | file
    data = [file] if name == "faces_encode_upload" else ["pix2pix-heads", file]
    session = f"f-{abs(hash((name, str(file))))}"
    body = {"data": data, "session_hash": session, "fn_index": event[name]}
    assert http_.post(JOIN, json=body).status_code == 200
    said = answer(http_, session)["error"]
    assert (
        said in (guard.NOT_UNDERSTOOD, "There is no picture: choose a file.") or "not a PNG" in said
    )


def test_no_address_is_asked_for_a_file(http_, event):
    """Not even this machine's own, where a cloud's secrets are to be had."""
    heard = []
    listener = http.client.socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.5)
    port = listener.getsockname()[1]
    places = (
        f"http://127.0.0.1:{port}/",
        "http://169.254.169.254/latest",
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
    )
    for place in places:
        data = [{"path": place, "meta": META}]
        body = {"data": data, "session_hash": "s", "fn_index": event["faces_encode_upload"]}
        refused(http_.post(JOIN, json=body), 400, guard.NOT_UPLOADED)
        body = {"data": [[{"deep": data}]], "session_hash": "s", "fn_index": event["models_card"]}
        refused(http_.post(JOIN, json=body), 400, guard.NOT_UPLOADED)
    with contextlib.suppress(TimeoutError):
        heard.append(listener.accept())
    listener.close()
    assert heard == []


@pytest.mark.parametrize(
    "name", ["a.html", "a.svg", "a.xhtml", "a.js", "../../evil.html", "a\0.svg"]
)
def test_an_upload_is_never_shown_as_a_page(http_, name):
    content = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    path = http_.post("/gradio_api/upload", files={"files": (name, content)}).json()[0]
    reply = http_.get(f"/gradio_api/file={path}")
    assert reply.status_code in (200, 403)
    if reply.status_code == 200:
        assert reply.headers["content-disposition"].startswith("attachment")
        assert reply.headers["content-type"] == "application/octet-stream"


def test_uploads_do_not_fill_the_disk(http_, monkeypatch):
    monkeypatch.setattr(guard, "MAX_STORED", 0)
    refused(http_.post("/gradio_api/upload", files={"files": ("a", b"a")}), 503, guard.NO_ROOM)
    assert app.build(Path("no-models")).delete_cache == (600, guard.KEPT_S)


# Floods


def test_events_do_not_run_around_the_queue(http_, config):
    queued = [
        each["api_name"] for each in config["dependencies"] if each["queue"] and each["backend_fn"]
    ]
    assert len(queued) > 60
    for name in queued:
        for route in ("run", "api"):
            reply = http_.post(f"/gradio_api/{route}/{name}", json={"data": []})
            assert reply.status_code == 404
            assert "join the queue" in reply.text


def test_no_event_takes_what_gradio_itself_would_open(config):
    kind = {each["id"]: each["type"] for each in config["components"]}
    taken = {kind[i] for event in config["dependencies"] for i in event["inputs"]}
    assert not taken & {"image", "gallery", "imageeditor", "file", "audio", "video", "model3d"}


class Slow:
    """An app in which every request waits, and one component is number 1."""

    def __init__(self):
        self.go = asyncio.Event()
        self.blocks = {1: None}

    def get_blocks(self):
        return self

    async def __call__(self, scope, receive, send):
        await self.go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"made"})


async def ask(guarded, session, slow):
    """One server function through the guard: the status and the body."""
    body = json.dumps({"session_hash": session, "component_id": 1, "fn_name": "answer", "data": 0})
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/gradio_api/component_server",
        "headers": [],
        "app": slow,
    }
    messages, said = [{"type": "http.request", "body": body.encode()}], []

    async def receive():
        return messages.pop(0)

    async def send(message):
        said.append(message)

    await guarded(scope, receive, send)
    return said[0]["status"], said[1]["body"]


def test_one_visitor_cannot_keep_the_others_out():
    async def flood():
        slow = Slow()
        guarded = guard.Guard(slow)
        calls = [asyncio.create_task(ask(guarded, "greedy", slow)) for _ in range(100)]
        calls += [asyncio.create_task(ask(guarded, "modest", slow))]
        await asyncio.sleep(0.1)
        assert sum(not each.done() for each in calls) == guard.MAX_CALLS_EACH + 1
        more = [asyncio.create_task(ask(guarded, f"s{i}", slow)) for i in range(1000)]
        await asyncio.sleep(0.1)
        assert guarded.calls.total() == guard.MAX_CALLS
        slow.go.set()
        said = await asyncio.gather(*calls, *more)
        assert guarded.calls.total() == guarded.requests == 0
        assert said[100] == (200, b"made")
        turned_away = [json.loads(body) for _, body in said if body != b"made"]
        assert len(turned_away) == len(said) - guard.MAX_CALLS
        assert all(each["again"] and not each["ok"] for each in turned_away)

    asyncio.run(flood())


def test_more_requests_than_there_are_places(monkeypatch):
    async def flood():
        slow = Slow()
        guarded = guard.Guard(slow)
        guarded.requests = guard.MAX_REQUESTS
        assert (await ask(guarded, "a", slow))[0] == 503
        assert guarded.requests == guard.MAX_REQUESTS

    asyncio.run(flood())


def test_a_flood_of_questions_ends_in_answers_and_refusals(http_, control):
    body = {"session_hash": "flood", "component_id": control, "fn_name": "answer", "data": None}
    # A connection for each question: one that threads hand on may be closed under the hands of the next.
    one_each = httpx.Limits(max_connections=32, max_keepalive_connections=0)

    def ask(_):
        try:
            return client.post(CALL, json=body).json()
        except (
            httpx.TransportError
        ):  # the client's own, about once in 7,500 questions: it asks once more
            return client.post(CALL, json=body).json()

    with (
        httpx.Client(base_url=http_.base_url, timeout=60, limits=one_each) as client,
        concurrent.futures.ThreadPoolExecutor(32) as threads,
    ):
        said = list(threads.map(ask, range(300)))
    assert {each["error"] for each in said} <= {guard.NOT_UNDERSTOOD, guard.BUSY}


def test_who_fetches_no_answers_gets_no_more_of_them(http_, event):
    body = {"data": ["none"], "session_hash": "deaf", "fn_index": event["models_card"]}
    said = [http_.post(JOIN, json=body) for _ in range(guard.MAX_EVENTS_EACH + 1)]
    assert {each.status_code for each in said[:-1]} == {200}
    refused(said[-1], 503, guard.UNFETCHED)
    assert http_.post(JOIN, json=body | {"session_hash": "other"}).status_code == 200


def test_answers_that_nobody_fetches_are_forgotten(http_, event, running, monkeypatch):
    monkeypatch.setattr(guard, "MAX_UNREAD", 20)
    body = {"data": ["none"], "fn_index": event["models_card"]}
    for i in range(60):
        while http_.post(JOIN, json=body | {"session_hash": f"gone-{i}"}).status_code == 503:
            threading.Event().wait(0.02)
    queue = running._queue
    waiting = sum(each.qsize() for each in queue.pending_messages_per_session.values())
    assert waiting < 20 + 32 * 4  # what was let in before the last look
    assert len(queue.pending_event_ids_session) <= len(queue.pending_messages_per_session) + 1


@pytest.fixture
def running():
    """The app's Blocks: the newest that are served in this process."""
    return max(
        (
            each
            for each in gc.get_objects()
            if isinstance(each, guard.GuardedBlocks) and each.is_running
        ),
        key=id,
    )


def test_sessions_that_are_never_closed_take_little_and_go(http_, control, running, monkeypatch):
    holder = running.state_holder
    assert isinstance(holder, gradio_private.LightSessions)
    assert holder.capacity == guard.MAX_SESSIONS
    monkeypatch.setattr(holder, "capacity", 150)
    holder.session_data.clear()  # those of other tests, which may be more
    before = memory()
    body = {"component_id": control, "fn_name": "answer", "data": None}
    for i in range(200):
        http_.post(CALL, json=body | {"session_hash": f"open-{i}"})
    assert len(holder.session_data) <= 150
    assert memory() - before < 30  # Gradio's own sessions take 200
    assert "open-0" not in holder


def test_a_session_keeps_choices_and_nothing_of_what_was_sent(http_, event, running):
    body = {"data": ["x" * 500_000], "session_hash": "heavy", "fn_index": event["models_card"]}
    assert http_.post(JOIN, json=body).status_code == 200
    answer(http_, "heavy")
    assert running.state_holder["heavy"].config_values == {}


def test_no_table_of_past_events_is_made(http_, event, running):
    body = {"data": ["none"], "session_hash": "table", "fn_index": event["models_card"]}
    assert http_.post(JOIN, json=body).status_code == 200
    answer(http_, "table")
    assert running._queue.cached_event_analytics_summary == {"functions": {}}


# Faults, and text


@pytest.fixture(scope="module")
def faulty():
    """A page whose events fail in every way."""

    def fail(kind):
        raise {"secret": RuntimeError("/srv/secret.py"), "said": gr.Error("So it is.")}[kind]

    with guard.GuardedBlocks() as demo:
        kind = gr.Dropdown(["secret", "said"], label="Kind")
        number, out = gr.Number(minimum=0), gr.Textbox()
        kind.change(fail, kind, out, api_name="fail")
        number.change(lambda x: x, number, out, api_name="number")
    options = launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield Client(url, verbose=False)
    demo.close()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("/fail", "secret", guard.FAULT),
        ("/fail", "said", "So it is."),
        ("/fail", MARKUP, guard.NOT_UNDERSTOOD),
        ("/fail", "x" * 1000, guard.NOT_UNDERSTOOD),
        ("/fail", "other", "not in the list"),
        ("/number", "x", guard.NOT_UNDERSTOOD),
        ("/number", -1, "minimum"),
    ],
)
def test_whatever_fails_fails_with_a_sentence(faulty, name, value, sentence):
    with pytest.raises(AppError) as caught:
        faulty.predict(value, api_name=name)
    assert sentence in str(caught.value)
    assert "secret.py" not in str(caught.value)


def test_a_route_that_fails_says_so_in_a_sentence(caplog):
    async def fails(scope, receive, send):
        if scope["path"] == "/begun":
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("/srv/secret.py")

    async def get(path):
        said = []

        async def send(message):
            said.append(message)

        scope = {"type": "http", "method": "GET", "path": path, "headers": []}
        await guard.Guard(fails)(scope, None, send)
        return said

    said = asyncio.run(get("/"))
    assert said[0]["status"] == 500
    assert json.loads(said[1]["body"])["detail"] == guard.FAULT
    assert asyncio.run(get("/begun"))[-1] == {
        "type": "http.response.body",
        "body": b"",
        "more_body": False,
    }


def test_script_in_every_text_of_every_card_stays_text(tmp_path):
    """A model of the Hub is written by others: its words are shown, and not run."""
    shown = (
        "title",
        "summary",
        "limitations",
        "lecture",
        "licence",
        "source",
        "note",
        "command",
        "device",
        "unit",
        "split",
    )

    def spoilt(value):
        if isinstance(value, dict):
            return {
                k: MARKUP + v if k in shown and isinstance(v, str) else spoilt(v)
                for k, v in value.items()
            }
        return value

    for folder in Path("exported").iterdir():
        if (folder / "card.json").exists():
            (tmp_path / folder.name).mkdir()
            for file in folder.iterdir():
                if file.is_file() and file.name != "card.json":
                    (tmp_path / folder.name / file.name).symlink_to(file.resolve())
            card = json.loads((folder / "card.json").read_text())
            (tmp_path / folder.name / "card.json").write_text(json.dumps(spoilt(card)))
    demo = app.build(tmp_path)
    texts = [block for block in demo.blocks.values() if isinstance(block, gr.HTML)]
    assert len(demo.models) > 20
    assert len(texts) > 50
    assert any(
        MARKUP in str(block.value)
        for block in demo.blocks.values()
        if isinstance(block, gr.Markdown)
    )
    for block in texts:
        assert MARKUP not in f"{block.value} {block.html_template}", type(block)
    for block in demo.blocks.values():
        assert not isinstance(block, gr.Markdown) or block.sanitize_html
