"""Input that nobody would type: made from the endpoints' own descriptions, and sent to all of them over HTTP."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import unquote
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gen_models.app.hosting.sentences import BUSY, FAULT

MARKUP = "<img src=x onerror=alert(1)>"
WORDS = st.sampled_from(
    [
        "", " ", ".", MARKUP, "../../../etc/passwd", "/etc/passwd", "http://169.254.169.254/", "data:,", "NaN", "\0",
        "{{constructor}}", "${7*7}", "%00", "'; DROP TABLE models; --", "\N{SNOWMAN}", "\u202e",
        "data:image/png;base64,AAAA", "__class__", "constructor",
    ]
) | st.text(max_size=20) | st.just(100_000).map("a".__mul__)  # fmt: skip
NUMBERS = (
    st.sampled_from(
        [float("nan"), float("inf"), -float("inf"), 1e308, -1e308, 5e-324, 2**31, 2**63, -(2**63), 10**400, -1, 0.5]
    )
    | st.integers()
    | st.floats(width=64)
)  # fmt: skip
FILES = st.builds(
    lambda path, more: {"path": path, "meta": {"_type": "gradio.FileData"}} | more,
    WORDS,
    st.sampled_from(
        [{}, {"url": "http://169.254.169.254/"}, {"is_stream": True}, {"size": -1}, {"orig_name": "../x"}, {"meta": 0}]
    ),
)  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS | FILES,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
OFTEN = {"deadline": None, "derandomize": True, "database": None, "phases": (Phase.generate,)}
CHECKS = {"suppress_health_check": list(HealthCheck)}


def plausible(schema, models):
    """What a parameter could hold, from its schema; `models` are names that exist."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    if "anyOf" in schema:
        return st.one_of([plausible(each, models) for each in schema["anyOf"]])
    kind = schema.get("type")
    if kind in ("number", "integer"):
        return st.integers(0, 9) | st.floats(-3, 3)
    if kind == "array":
        n = {2, 4, 10, 16, schema.get("minItems", 1)}
        inner = plausible(schema.get("items") or {"type": "number"}, models)
        return st.sampled_from(sorted(n)).flatmap(lambda k: st.lists(inner, min_size=k, max_size=k))
    if kind == "boolean":
        return st.booleans()
    return st.sampled_from([*models, "", "digits", "ring"])


class Server:
    """The app over HTTP, as something hostile sees it."""

    def __init__(self, url):
        self.http = httpx.Client(base_url=url.rstrip("/"), timeout=120)
        config, info = (self.get(path) for path in ("/config", "/gradio_api/info"))
        models = self.get("/healthz")["models"]
        named = info["named_endpoints"]
        props = {each["id"]: each["props"] for each in config["components"]}
        self.events, self.functions = [], []
        for event in config["dependencies"]:
            if not event["backend_fn"]:
                continue
            known = named.get(f"/{event['api_name']}", {"parameters": []})["parameters"]
            if len(known) == len(event["inputs"]):
                schemas = [each["type"] for each in known]
            else:  # private, or with a session's state among its inputs
                schemas = [each_of(props[i]) for i in event["inputs"]]
            tab = event["api_name"].split("_")[0].replace("faces", "vae-heads")
            own = [name for name in models if tab in name] or models
            likely = [plausible(each, own) for each in schemas]
            self.events.append((event["id"], event["api_name"], likely))
        for component in config["components"]:
            for name in component["props"].get("server_fns") or []:
                template = component["props"]["html_template"]
                control = json.loads(unquote(template.split('data-settings="')[1].split('"')[0]))
                value = component["props"].get("value")
                self.functions.append((component["id"], name, control.get("context") or {}, value))

    def get(self, path):
        return self.http.get(path).raise_for_status().json()

    def inputs(self):
        """Calls: ("event", number, name, arguments), or ("function", component, name, argument)."""
        events, functions = st.sampled_from(self.events), st.sampled_from(self.functions)
        return events.flatmap(event_call) | functions.flatmap(function_call)

    def send(self, call):
        """What the visitor reads, as text, and the sentence if it is a refusal."""
        kind, number, name, value = call
        session = uuid4().hex
        body = {"session_hash": session}
        if kind == "function":
            body |= {"component_id": number, "fn_name": name, "data": value}
            reply = self.post("component_server", body)
            if reply.status_code != 200 or (said := reply.json())["ok"]:
                return reply.text, None if reply.status_code == 200 else reply.json()["detail"]
            return reply.text, said["error"]
        reply = self.post("queue/join", body | {"fn_index": number, "data": value})
        if reply.status_code != 200:
            return reply.text, reply.json()["detail"]
        with self.http.stream(
            "GET", "/gradio_api/queue/data", params={"session_hash": session}
        ) as lines:
            for line in lines.iter_lines():
                message = json.loads(line.removeprefix("data: ")) if line else {}
                if message.get("msg") == "process_completed":
                    output = message["output"]
                    return json.dumps(output), None if message["success"] else output.get("error")
        raise AssertionError("the server never answered")

    def post(self, path, body):
        content = json.dumps(body).encode()
        return self.http.post(
            f"/gradio_api/{path}", content=content, headers={"content-type": "application/json"}
        )

    def check(self, call):
        """One call has an answer or a sentence, and shows nothing that is the server's own."""
        said, refusal = self.send(call)
        ours = said.replace(os.environ["GRADIO_TEMP_DIR"], "")
        for secret in (
            "Traceback",
            ".py",
            "site-packages",
            str(Path.cwd()),
            "/tmp/",
            "/usr/",
            "/root",
            "root:x",
        ):
            assert secret not in ours, secret
        assert MARKUP not in said
        if refusal is not None or '"error": null' in said:
            assert isinstance(refusal, str), "it failed without a word"
            assert 10 < len(refusal) <= 300
            assert refusal[-1] in ".]", refusal  # Gradio lists choices, or speaks
            assert refusal not in (FAULT, BUSY), (
                "a fault of ours, or a place that was never given back"
            )


def each_of(props):
    """The schema of a component's value, by what it holds at first."""
    if "choices" in props:
        return {"enum": [value for _, value in props["choices"]]}
    value = props.get("value")
    return {"type": "array" if isinstance(value, list) else "number"}


def event_call(event):
    number, name, likely = event
    spoilt = st.tuples(*[each | ANYTHING for each in likely]).map(list)
    fine = st.tuples(*likely).map(list)
    one = st.tuples(fine, st.integers(0, max(0, len(likely) - 1)), ANYTHING).map(
        lambda drawn: [drawn[2] if i == drawn[1] else v for i, v in enumerate(drawn[0])]
    )
    length = st.lists(ANYTHING, max_size=12)
    return (fine | one | one | spoilt | length | ANYTHING).map(
        lambda values: ("event", number, name, values)
    )


def function_call(function):
    component, name, context, value = function
    contexts = st.just(context) | st.fixed_dictionaries(
        {}, optional=dict.fromkeys(context, ANYTHING)
    ).map(lambda change: context | change)
    values = st.just(value) | ANYTHING | st.lists(NUMBERS, min_size=2, max_size=2)
    lab = st.fixed_dictionaries(
        {"do": st.sampled_from(["start", "frame", "end"]), "show": st.just(["surface"]) | ANYTHING},
        optional=dict.fromkeys(
            ("data", "points", "seed", "games", "fall", "steps", "hyper"), ANYTHING
        ),
    )
    question = st.fixed_dictionaries({"value": values, "context": contexts | ANYTHING})
    return (question | question | lab | ANYTHING).map(
        lambda data: ("function", component, name, data)
    )


def attack(server, n):
    """n inputs, each checked."""

    @settings(max_examples=n, **OFTEN, **CHECKS)
    @given(server.inputs())
    def each(call):
        server.check(call)

    each()
    assert server.get("/healthz")["status"] == "ok"


def test_a_hundred_inputs(app_url):
    attack(Server(app_url), 100)


@pytest.fixture
def process(tmp_path, monkeypatch):
    """The app in a process of its own, as `python app.py` starts it: its address and its process."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    code = (
        "import gen_models.app as a; d = a.build(); "
        "d.launch(**a.launch_options() | {'server_port': None, 'prevent_thread_lock': True}, quiet=True); "
        "print(d.local_url, flush=True); d.block_thread()"
    )
    with tempfile.TemporaryFile("w+") as log:
        started = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=log, text=True
        )
        yield started.stdout.readline().strip(), started
        started.send_signal(signal.SIGTERM)
        started.wait(30)


def rss(process):
    """Megabytes in memory."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_thousand_inputs_leave_the_server_as_it_was(process):
    url, running = process
    server = Server(url)
    attack(server, 1000)  # opens every model, and asks each for its largest batches
    before = rss(running)
    attack(server, 1000)
    time.sleep(2)
    assert rss(running) - before < 100
    assert running.poll() is None
