"""What a first visit brings over the wire: the page and its configuration, made once, light and compressed.

Gradio copies all of its configuration for each request of `/` and `/config`, and its Brotli leaves both alone, as their
paths have no extension. Here each is made once for every address that the app is reached by, and kept compressed.

Experiments lay out their images as data: URIs. Those in the configuration become `Files`, at addresses named by their
contents, which a browser asks for when the tab opens and then keeps; so do, in the page, the long settings and scripts
of live controls. The experiments themselves are left out until their tabs are opened: `parts` tells of them. What an
event or a live control answers is not touched, nor is anything else but the cache of Gradio's own files, whose names
change with what is in them.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import html
import json
import re
from collections import OrderedDict
from collections.abc import MutableMapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

import anyio
import brotli  # Gradio's own, of which it compresses its files with
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gen_models.app.hosting import gradio_private, parts
from gen_models.app.hosting.guard import NOT_HERE, ASGIApp, Message, Receive, Refused, Send
from gen_models.app.hosting.parts import Config

PAGES = frozenset({"/", "/config", "/config/"})
EVENTS = f"{gradio_private.API_PREFIX}/run/predict"
"""Where a page sends events that are not queued."""
WHOLE = b"view=api"
"""In the query, for Gradio's list of all endpoints, which it makes of the events in the page: nothing is left out."""
LASTING = ("/assets/",)
"""Where the name of a file changes with its contents."""
FOREVER = "public, max-age=31536000, immutable"
MAX_KEPT = 8
"""Pages that are kept, for `/` and `/config` by each address of the app; the one used longest ago gives way."""
ADDRESS = (b"host", b"x-forwarded-host", b"x-forwarded-proto", b"x-gradio-server")
"""Headers that say by which address the app is reached, which is written into the page."""

FILES = "latent-lab/files"
"""Where `Files` are, below the address of the app: a relative address holds behind any proxy, and on Spaces."""
_KINDS = "png|jpeg|webp|gif"
_TEXTS = {"json": "application/json", "js": "text/javascript"}
_URI = re.compile(rf"data:image/({_KINDS});base64,([A-Za-z0-9+/]+=*)")
_QUOTED_URI = re.compile(
    rf"data%3Aimage%2F(?:{_KINDS})%3Bbase64%2C(?:[A-Za-z0-9]|%2B|%2F)+(?:%3D)*"
)
_UNREAD = ("api_info", "api_info_as_input", "api_info_as_output", "example_inputs", "skip_api")
"""What the configuration says of a component and Gradio's page never reads, unlike its Python client."""
_CONFIG = re.compile(r"(<script>window\.gradio_config = )(.*?)(;</script>)", re.DOTALL)
STILL = """<script>
{
  class Still {}
  for (const kind of ["components", "dependencies"])
    for (const each of window.gradio_config[kind]) Object.setPrototypeOf(each, Still.prototype);
}
</script>"""
"""HTML that follows the configuration in the page.

Svelte, of which Gradio's page is made, wraps every plain object to see its changes, and an instance of a class it
leaves alone. The page looks at each event once for each part, through those wrappers; none of the two changes here.
"""
LONG = 1000
"""Characters of settings or of a script from which on they are in a file."""
_SETTINGS = re.compile(rf'data-settings="([^"]{{{LONG},}})"')
_META = re.compile(r'<meta\s+(?:property="og:|name="twitter:)[^>]*>\s*')
_DATA, _MANIFEST = "<script>window.gradio_config", '<link rel="manifest" href="/manifest.json" />'
_APP, _END = "<gradio-app", "</body>"
UNKNOWN_TEMPLATE = "Gradio's template is not the one this was written for"


class Files:
    """Files in memory, each named by a hash of its bytes; nothing on a disk can be asked for."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[bytes, str]] = {}
        self.route = Route(f"/{FILES}/{{name}}", self._answer)
        """For `launch(app_kwargs={"routes": [...]})`."""

    def add(self, data: bytes, kind: str) -> str:
        """Keep bytes of a kind such as "png", "json" or "js"; returns their address, relative to that of the app."""
        name = f"{hashlib.sha256(data).hexdigest()[:20]}.{kind}"
        self._files[name] = (data, _TEXTS.get(kind, f"image/{kind}"))
        return f"{FILES}/{name}"

    def __len__(self) -> int:
        return len(self._files)

    async def _answer(self, request: Request) -> Response:
        found = self._files.get(request.path_params["name"])
        if found is None:
            return Refused(404, NOT_HERE).response()
        data, media_type = found
        headers = {"cache-control": FOREVER, "x-content-type-options": "nosniff"}
        return Response(data, media_type=media_type, headers=headers)

    def take_from(self, text: str) -> str:
        """`text` with an address in the place of each image in a data: URI, percent-encoded or not."""

        def plain(found: re.Match[str]) -> str:
            return self.add(base64.b64decode(found[2]), found[1])

        def quoted(found: re.Match[str]) -> str:
            return quote(_URI.sub(plain, unquote(found[0])), safe="")

        return _QUOTED_URI.sub(quoted, _URI.sub(plain, text))


@dataclass(frozen=True)
class Kept:
    """A page that was made, compressed."""

    media_type: bytes
    br: bytes
    gzip: bytes

    @classmethod
    def of(cls, body: bytes, media_type: bytes) -> Kept:
        """Compress a body."""
        return cls(media_type, brotli.compress(body, quality=9), gzip.compress(body, 9, mtime=0))

    def answer(self, accepted: str) -> tuple[bytes, list[tuple[bytes, bytes]]]:
        """Body and headers for a browser that sent this `accept-encoding`."""
        words = {
            word.partition(";")[0].strip() for word in accepted.split(",") if "q=0" not in word
        }
        coding = next((each for each in ("br", "gzip") if each in words), None)
        body = {"br": self.br, "gzip": self.gzip}.get(coding or "") or gzip.decompress(self.gzip)
        headers = [
            (b"content-type", self.media_type),
            (b"content-length", b"%d" % len(body)),
            (b"vary", b"Accept-Encoding"),
        ]
        return body, headers + ([(b"content-encoding", coding.encode())] if coding else [])


class FirstLoad:
    """ASGI middleware, to stand between the guard and Gradio; one for each app.

    Args:
        app: Gradio's.
        files: where the images of the configuration go.
        tags: HTML for the head, in the place of the tags that Gradio's template has for itself; "{root}" in it becomes
            the address of the app.
        body: HTML that stands before the app, and is on the screen before it is.
    """

    def __init__(self, app: ASGIApp, files: Files, tags: str, body: str) -> None:
        self.app, self.files, self.tags, self.body = app, files, tags, body
        self.kept: OrderedDict[tuple[Any, ...], Kept] = OrderedDict()
        self.has_parts = False
        """Whether a page was made, and what it leaves out is known."""
        self.making = asyncio.Lock()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer for one of `PAGES`; pass anything else on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        root = scope.get("root_path", "")
        path = scope["path"].removeprefix(root) or "/"
        if not self.has_parts and (path == EVENTS or path.startswith(f"/{FILES}/")):
            # Asked by a page of another process, or of before a new start: what it needs comes with this one's page.
            front = {"path": f"{root}/", "query_string": b"", "headers": []}
            await self._kept({**scope, **front})
        if scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
        elif path in PAGES:
            await self._page(scope, send)
        elif path.startswith(LASTING):
            await self.app(scope, receive, _lasting(send))
        else:
            await self.app(scope, receive, send)

    async def _page(self, scope: MutableMapping[str, Any], send: Send) -> None:
        kept = await self._kept(scope)
        if isinstance(kept, Response):
            await kept(scope, _nothing, send)
            return
        accepted = b", ".join(v for n, v in scope["headers"] if n == b"accept-encoding")
        content, answer = kept.answer(accepted.decode("latin-1"))
        await send({"type": "http.response.start", "status": 200, "headers": answer})
        # What is sent to HEAD has no body.
        await send({
            "type": "http.response.body",
            "body": content if scope["method"] == "GET" else b"",
        })  # fmt: skip

    async def _kept(self, scope: MutableMapping[str, Any]) -> Kept | Response:
        """The page of an address, made if it is not there yet; what Gradio answers if it cannot be made."""
        whole = WHOLE in scope["query_string"].split(b"&")
        key = (
            scope["path"],
            scope.get("root_path", ""),
            scope.get("scheme"),
            whole,
            *((name, value) for name, value in scope["headers"] if name in ADDRESS),
        )
        async with self.making:
            if kept := self.kept.get(key):
                self.kept.move_to_end(key)
                return kept
            # No query: Gradio's one is for links to a session, which the guard closes.
            asked = {**scope, "method": "GET", "query_string": b""}
            status, media_type, body = await _fetch(self.app, asked)
            if status != 200:
                return Response(body, status, media_type=media_type.decode())
            kept, left = await anyio.to_thread.run_sync(self._made, body, media_type, whole)
            if left:
                parts.give(gradio_private.blocks_of(scope["app"]), left)
                self.has_parts = True
            self.kept[key] = kept
            if len(self.kept) > MAX_KEPT:
                self.kept.popitem(last=False)
            return kept

    def _made(self, body: bytes, media_type: bytes, whole: bool) -> tuple[Kept, dict[str, Config]]:
        """What is sent, and the parts of the page that are not in it."""
        text, left = self.files.take_from(body.decode("utf-8")), {}
        if media_type.startswith(b"text/html"):
            text, left = dressed(text, self.tags, self.body, self.files, whole)
        return Kept.of(text.encode("utf-8"), media_type), left


def dressed(
    page: str, tags: str, body: str, files: Files, whole: bool = False
) -> tuple[str, dict[str, Config]]:
    """Gradio's page with our tags, with `body` before the app, and with its data where nothing waits for them.

    What a control needs only when it comes on the screen goes into `files`.

    Returns:
        The page, and the parts that were taken out of it: none if it is to be `whole`.
    """
    start, data_mark, rest = page.partition(_DATA)
    data, manifest_mark, rest = rest.partition(_MANIFEST)
    before, app_mark, rest = rest.partition(_APP)
    inside, end_mark, end = rest.rpartition(_END)
    if not (data_mark and manifest_mark and app_mark and end_mark):
        raise ValueError(UNKNOWN_TEMPLATE)
    data = data_mark + data
    found = _CONFIG.search(data)
    if found is None:
        raise ValueError(UNKNOWN_TEMPLATE)
    config = json.loads(found[2])
    root = config.get("root", "")
    # Files relative to the page: a part of it is for every address that the app is reached by.
    config = json.loads(found[2].replace(f'"url":"{root}/', '"url":"'))
    _read_at_once(config, files)
    left = {} if whole else parts.take_out(config)
    data = f"{data[: found.start(2)]}{_in_page(config)}{found[3]}{STILL}{data[found.end() :]}"
    # Gradio's address of the manifest leads out of a sub-path.
    links = tags.replace("{root}", html.escape(root)) + _MANIFEST.replace("/manifest", "manifest")
    # Its modules run once everything is read, so its data may as well come last.
    made = f"{_META.sub('', start)}{links}{before}{body}{app_mark}{inside}{data}{end_mark}{end}"
    return made, left


def _read_at_once(config: Config, files: Files) -> None:
    """Leave out of a configuration what is not read, or not before a control is there."""
    _leave_out_endpoints(config)
    for component in config["components"]:
        for name in _UNREAD:
            component.pop(name, None)
        props = component["props"]
        template = props.get("html_template") or ""
        if template:
            props["html_template"] = _SETTINGS.sub(partial(_settings_in_file, files), template)
        if len(script := props.get("js_on_load") or "") > LONG:
            props["js_on_load"] = _script_in_file(files, script)


def _in_page(config: Config) -> str:
    """JSON as Gradio writes it into its page."""
    text = json.dumps(config, separators=(",", ":"), ensure_ascii=False)
    for sign in "<>&'":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _leave_out_endpoints(config: Config) -> None:
    """Without what `gr.api` makes of each argument and answer: the page would prepare all, and show none."""
    endpoints = {each["id"] for each in config["components"] if each["type"] == "api"}
    config["components"] = [each for each in config["components"] if each["id"] not in endpoints]
    for page in config["page"].values():
        page["components"] = [each for each in page["components"] if each not in endpoints]
    for layout in (config["layout"], *(page["layout"] for page in config["page"].values())):
        layout["children"] = [each for each in layout["children"] if each["id"] not in endpoints]


def _settings_in_file(files: Files, found: re.Match[str]) -> str:
    """Settings of a live control, as `controls.template` writes them, in a file; live.js fetches it."""
    return f'data-settings-at="{files.add(unquote(found[1]).encode(), "json")}"'


def _script_in_file(files: Files, script: str) -> str:
    """A gr.HTML's `js_on_load` as a module, which a browser reads once for all that share it."""
    names = "element, props, server, trigger, watch"
    module = f"export default ({{{names}}}) => {{\n{script}\n}};\n"
    at = files.add(module.encode(), "js")
    return f'import(new URL("{at}", document.baseURI)).then((it) => it.default({{{names}}}))'


async def _fetch(app: ASGIApp, scope: MutableMapping[str, Any]) -> tuple[int, bytes, bytes]:
    """Status, media type and body of an answer."""
    status, media_type, body = 500, b"", bytearray()

    async def take(message: Message) -> None:
        nonlocal status, media_type
        if message["type"] == "http.response.start":
            status, media_type = message["status"], dict(message["headers"])[b"content-type"]
        elif message["type"] == "http.response.body":
            body.extend(message.get("body", b""))

    await app(scope, _nothing, take)
    return status, media_type, bytes(body)


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def _lasting(send: Send) -> Send:
    async def lasting(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            kept = [(n, v) for n, v in message["headers"] if n.lower() != b"cache-control"]
            message = {**message, "headers": [*kept, (b"cache-control", FOREVER.encode())]}
        await send(message)

    return lasting
