"""The first load: what the page weighs, who makes it how often, and the files that are no longer in it."""

import asyncio
import base64
import gzip
import io
import json
import re
import urllib.error
import urllib.request
from dataclasses import replace
from urllib.parse import quote

import brotli
import pytest
from PIL import Image
from starlette.requests import Request

from gen_models.app.hosting.first_load import (
    EVENTS,
    FILES,
    FOREVER,
    LONG,
    MAX_KEPT,
    Files,
    FirstLoad,
    dressed,
)
from gen_models.app.shell import opening, page

MAX_RAW, MAX_COMPRESSED = 500_000, 60_000
MAX_COMPONENTS, MAX_EVENTS = 170, 60

PNG = io.BytesIO()
Image.new("L", (2, 2), 200).save(PNG, "PNG")
URI = f"data:image/png;base64,{base64.b64encode(PNG.getvalue()).decode()}"
TEMPLATE = (
    '<html><head><meta charset="utf-8" /><meta property="og:title" content="Gradio" />'
    '<meta\n\tname="twitter:creator"\n\tcontent="@Gradio"\n/>'
    '<script>window.gradio_config = {"root":"http://here/lab","page":{},"layout":{"children":[]},"dependencies":[],"components":'
    '[{"id":2,"type":"api","props":{}},{"id":1,"type":"html","api_info":{},"props":{"value":"\\u003cb\\u003e","interactive":true}}]};'
    "</script><script>window.gradio_api_info = {};</script>"
    '<link rel="manifest" href="/manifest.json" /><script type="module" src="./assets/index.js"></script></head>'
    "<body><gradio-app></gradio-app></body></html>"
)


# ---------------------------------------------------------------------------------------------------------------------
# The middleware, before an app of a few lines
# ---------------------------------------------------------------------------------------------------------------------


class App:
    """Answers with `body`, in two messages, and counts how often it was asked."""

    def __init__(self, body=b"x" * 2000, status=200, media_type=b"application/json"):
        self.body, self.status, self.media_type, self.asked = body, status, media_type, 0

    async def __call__(self, scope, receive, send):
        self.asked += 1
        headers = [(b"content-type", self.media_type), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body[:7], "more_body": True})
        await send({"type": "http.response.body", "body": self.body[7:], "more_body": False})


def ask(middleware, path="/config", encoding="", host="here", method="GET", **more):
    """Messages that the server would send."""
    sent = []
    scope = {
        "type": "http", "method": method, "path": path, "query_string": b"", "scheme": "http",
        "headers": [(b"host", host.encode()), (b"accept-encoding", encoding.encode())], **more,
    }  # fmt: skip

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    asyncio.run(middleware(scope, receive, send))
    return sent


def first_load(app, files=None):
    return FirstLoad(app, files or Files(), "<title>ours</title>", "<p>words</p>")


@pytest.mark.parametrize(
    ("encoding", "coding", "unpack"),
    [
        ("gzip, deflate, br, zstd", b"br", brotli.decompress),
        ("gzip;q=1.0, br;q=0", b"gzip", gzip.decompress),
        ("deflate", None, bytes),
        ("", None, bytes),
    ],
)
def test_a_page_is_packed_as_the_browser_accepts_it(encoding, coding, unpack):
    app = App()
    start, body = ask(first_load(app), encoding=encoding)
    headers = dict(start["headers"])
    assert headers.get(b"content-encoding") == coding
    assert headers[b"vary"] == b"Accept-Encoding"
    assert int(headers[b"content-length"]) == len(body["body"])
    assert unpack(body["body"]) == app.body
    assert (len(body["body"]) < 200) == (coding is not None)


def test_head_tells_the_size_and_sends_nothing():
    middleware = first_load(App())
    got, head = (ask(middleware, encoding="br", method=method) for method in ("GET", "HEAD"))
    assert head[0] == got[0]
    assert head[1]["body"] == b""


def test_a_page_is_made_once_for_each_address_of_the_app():
    app = App()
    middleware = first_load(app)
    for _ in range(3):
        ask(middleware, query_string=b"deep_link=abc&embed")
    assert app.asked == 1
    for _ in range(3):
        ask(middleware, query_string=b"embed&view=api")
    assert app.asked == 2
    ask(middleware, host="there")
    assert app.asked == 3
    for number in range(3 * MAX_KEPT):
        ask(middleware, host=f"host-{number}")
    assert len(middleware.kept) == MAX_KEPT


def test_a_failure_is_passed_on_and_not_kept():
    app = App(b"no", 503)
    middleware = first_load(app)
    assert [ask(middleware, encoding="br")[0]["status"] for _ in range(2)] == [503, 503]
    assert app.asked == 2


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/gradio_api/queue/data", "GET"),
        ("/gradio_api/component_server/", "POST"),
        ("/gradio_api/upload", "POST"),
        ("/config", "POST"),
    ],
)
def test_streams_questions_and_uploads_pass_as_they_are(path, method):
    app = App(URI.encode())
    middleware = first_load(app)
    sent = ask(middleware, path, "br, gzip", method=method)
    assert [message.get("body") for message in sent] == [None, app.body[:7], app.body[7:]]
    assert (b"cache-control", b"no-store") in sent[0]["headers"]
    assert not middleware.kept


@pytest.mark.parametrize(("path", "method"), [(EVENTS, "POST"), (f"/{FILES}/a.png", "GET")])
def test_what_a_page_of_another_process_asks_for_has_the_page_made(path, method):
    app = App(b'{"made": "anew"}')
    middleware = first_load(app)
    sent = ask(middleware, path, "br", method=method)
    assert sent[1]["body"] + sent[2]["body"] == app.body
    assert [key[0] for key in middleware.kept] == ["/"]


def test_what_gradio_names_by_its_contents_is_kept_by_the_browser():
    def cache(path, status=200):
        headers = dict(ask(first_load(App(status=status)), path)[0]["headers"])
        return headers[b"cache-control"].decode()

    assert cache("/assets/index-abc.js") == FOREVER
    assert cache("/assets/none.js", 404) == "no-store"
    assert cache("/static/img/logo.svg") == "no-store"


def test_below_a_path_of_the_host_the_page_is_found_too():
    app = App()
    middleware = first_load(app)
    ask(middleware, "/lab/config", root_path="/lab", encoding="br")
    ask(middleware, "/lab/config", root_path="/lab", encoding="gzip")
    assert app.asked == 1


# ---------------------------------------------------------------------------------------------------------------------
# What it changes
# ---------------------------------------------------------------------------------------------------------------------


def test_images_become_files_wherever_a_template_quotes_them():
    files = Files()
    quoted = quote(json.dumps({"background": URI}), safe="")
    text = files.take_from(f'<img src="{URI}"> {quoted} data:image/svg+xml,%3csvg')
    assert len(files) == 1
    name = re.fullmatch(
        r'<img src="(latent-lab/files/\w{20}\.png)"> (\S+) data:image/svg\+xml,%3csvg', text
    )
    assert name[2] == quote(json.dumps({"background": name[1]}), safe="")


def test_gradios_template_gets_our_head_and_its_data_last():
    tags = '<meta property="og:url" content="{root}/" />'
    made, left = dressed(TEMPLATE, tags, "<p>words</p>", Files())
    assert not left
    assert "Gradio" not in made
    assert '<meta property="og:url" content="http://here/lab/" />' in made
    assert 'href="manifest.json"' in made
    places = [made.index(part) for part in ("<p>words", "<gradio-app", "window.gradio_config")]
    assert places == sorted(places)
    config = json.loads(re.search(r"gradio_config = (.*?);</script>", made)[1])
    assert config["components"] == [
        {"id": 1, "type": "html", "props": {"value": "<b>", "interactive": True}}
    ]
    assert made.count("<b>") == 0


def test_another_template_is_not_guessed_at():
    with pytest.raises(ValueError, match="template"):
        dressed("<html></html>", "", "", Files())


@pytest.mark.parametrize("length", [10, LONG + 1])
def test_long_settings_and_scripts_become_files(length):
    settings = json.dumps({"kind": "DrawPad", "label": "é" + length * "x"}, ensure_ascii=False)
    html = f'<div class="ll-live" data-settings="{quote(settings, safe="")}"></div>'
    props = {"html_template": html, "js_on_load": f"trigger('{length * 'y'}')", "interactive": True}
    config = {
        "root": "http://here",
        "page": {},
        "layout": {"children": []},
        "dependencies": [],
        "components": [{"id": 1, "type": "html", "props": props}],
    }
    template = TEMPLATE.replace(
        re.search(r"gradio_config = (.*?);</script>", TEMPLATE)[1], json.dumps(config)
    )
    files = Files()
    made, _ = dressed(template, "", "", files)
    at_once = shown(made)
    if length < LONG:
        assert at_once["components"][0]["props"] == props
        assert len(files) == 0
        return
    html, script, _ = at_once["components"][0]["props"].values()
    at = re.fullmatch('<div class="ll-live" data-settings-at="([^"]+)"></div>', html)[1]
    assert json.loads(answered(files, at)) == json.loads(settings)
    at = re.search(r'import\(new URL\("(\S+)", document.baseURI\)\)', script)[1]
    module = answered(files, at).decode()
    assert module.startswith("export default ({element, props, server, trigger, watch}) => {")
    assert props["js_on_load"] in module


def answered(files, address):
    """The body of a file."""
    name = address.rpartition("/")[2]
    request = Request({"type": "http", "path_params": {"name": name}, "headers": []})
    return asyncio.run(files.route.endpoint(request)).body


def test_a_card_is_shown_as_text(toy_card):
    bad = replace(toy_card, summary="<img src=x onerror=alert(1)> [here](javascript:alert(1))")
    shown = page._markdown.render(page.facts(bad))
    assert "<img" not in shown
    assert "href" not in shown
    assert "<table>" in page._markdown.render("| a | b |\n|---|---|\n| 1 | 2 |")


def test_the_preview_is_light_and_as_large_as_it_says():
    with Image.open(opening.PREVIEW) as preview:
        assert preview.size == opening.PREVIEW_SIZE
    assert opening.PREVIEW.stat().st_size < 200_000


# ---------------------------------------------------------------------------------------------------------------------
# The app
# ---------------------------------------------------------------------------------------------------------------------


def get(url, encoding="identity"):
    request = urllib.request.Request(url, headers={"Accept-Encoding": encoding})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read(), answer.headers


@pytest.fixture(scope="module")
def app_at(app_url):
    return app_url.rstrip("/")


@pytest.fixture(scope="module")
def whole_page(app_at):
    return get(app_at)[0].decode()


def test_the_page_is_light(app_at, whole_page):
    assert len(whole_page.encode()) <= MAX_RAW
    packed, headers = get(app_at, "br")
    assert headers["content-encoding"] == "br"
    assert len(packed) <= MAX_COMPRESSED
    assert brotli.decompress(packed).decode() == whole_page


def test_the_page_prepares_few_parts_and_none_of_an_endpoint(whole_page):
    config = shown(whole_page)
    assert len(config["components"]) <= MAX_COMPONENTS
    assert len(config["dependencies"]) <= MAX_EVENTS
    assert "api" not in {each["type"] for each in config["components"]}
    # Gradio's page takes its parts from here.
    there = {each["id"] for each in config["components"]}
    assert set(config["page"][""]["components"]) == there
    layout = config["page"][""]["layout"]
    assert laid_out(layout) - {layout["id"]} == there


def test_the_list_of_endpoints_is_made_of_all_events(app_at, whole_page):
    whole = shown(get(f"{app_at}/?view=api")[0].decode())
    named = {each["api_name"] for each in whole["dependencies"]}
    assert {"vae_map", "vae_decode"} <= named
    assert "vae_map" not in {each["api_name"] for each in shown(whole_page)["dependencies"]}


def shown(page_html):
    """The configuration in the page."""
    return json.loads(re.search(r"window.gradio_config = (.*?);</script>", page_html)[1])


def laid_out(node):
    """Ids of a part of the layout and of all in it."""
    return {node["id"]}.union(*map(laid_out, node.get("children", ())))


def test_the_configuration_has_no_image(app_at):
    config = json.loads(get(f"{app_at}/config")[0])
    text = json.dumps(config)
    assert len(re.findall("latent-lab/files/|latent-lab%2Ffiles%2F", text)) > 100
    assert not re.findall("data:image/(?!svg)|data%3Aimage", text)


def test_the_head_is_ours_and_asks_nobody_else(app_at, whole_page):
    head = whole_page.partition("window.gradio_config")[0]
    assert head.count("<title>Latent Lab</title>") == 1
    said = dict(re.findall('<meta property="og:([a-z:]+)" content="([^"]*)"', head))
    assert said["title"] == opening.TITLE
    assert said["url"] == f"{app_at.rstrip('/')}/"
    assert "gradio" not in " ".join(said.values()).lower()
    image, headers = get(said["image"])
    assert headers["content-type"] == "image/jpeg"
    assert image == opening.PREVIEW.read_bytes()
    others = set(re.findall(r"(?:https?:)?//[\w.:-]+", head)) - {app_at}
    assert others == set()
    assert not re.findall(r'(?:src|href)="/', head)  # all of it works below a path
    icon, headers = get(f"{app_at}/favicon.ico")
    assert headers["content-type"].startswith("image/svg+xml")
    assert icon == opening.ICON.read_bytes()


def test_every_file_of_the_page_is_served_and_kept(app_at, whole_page):
    names = sorted(set(re.findall(r"latent-lab/files/\w+\.\w+", whole_page)))
    data, headers = get(f"{app_at}/{names[0]}")
    assert headers["cache-control"] == FOREVER
    assert headers["x-content-type-options"] == "nosniff"
    for name in names:
        data, headers = get(f"{app_at}/{name}")
        media_type = headers["content-type"].partition(";")[0]
        if media_type == "application/json":
            assert json.loads(data)["kind"]
        elif media_type == "text/javascript":
            assert b"LatentLab" in data
        else:
            with Image.open(io.BytesIO(data)) as image:
                assert media_type == f"image/{image.format.lower()}"


def test_the_facts_of_a_model_come_when_asked_for(app_at):
    config = json.loads(get(f"{app_at}/config")[0])
    name = re.search(r'data-model=\\"([\w-]+)', json.dumps(config))[1]
    text, headers = get(f"{app_at}/latent-lab/models/{name}")
    assert headers["content-type"].startswith("text/html")
    assert b"<table>" in text


@pytest.mark.parametrize(
    "path",
    ["files/none.png", "files/..%2F..%2Fapp.py", "files/", "models/none", "models/..%2Fapp.py"],
)
def test_what_is_not_there_is_not_there(app_at, path):
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(f"{app_at}/latent-lab/{path}")
    assert refused.value.code == 404
