"""Two Hubs on 127.0.0.1: `olah`, a real download server over git repositories, and a stub that takes uploads."""

import base64
import hashlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextmanager
def olah(folder: Path) -> Iterator[str]:
    """Serve the git repositories `folder/models/<user>/<repo>`; gives the address."""
    port = free_port()
    config = folder / "olah.toml"
    config.write_text(
        f'[basic]\nhost = "127.0.0.1"\nport = {port}\nrepos-path = "{folder / "cache"}"\n'
        f'mirrors-path = ["{folder}"]\n[accessibility]\noffline = true\n'
    )
    serve = "from olah.server import cli; cli()"
    command = [sys.executable, "-c", serve, "--config", config, "--log-path", folder / "logs"]
    with (folder / "olah.txt").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        for _ in range(300):
            assert server.poll() is None, (folder / "olah.txt").read_text()
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def commit(folder: Path) -> None:
    """Make a folder a git repository of one commit."""
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "export"]):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *identity, *arguments], cwd=folder, check=True)


@contextmanager
def served(app: Starlette, url: str) -> Iterator[None]:
    """Serve an app at an address of this machine, in a thread."""
    port = int(url.rpartition(":")[2])
    config = uvicorn.Config(app, "127.0.0.1", port, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        thread.join()


@contextmanager
def portal() -> Iterator[str]:
    """What a wireless network answers before one has logged in: its own page, to whatever is asked."""
    page = Route("/{path:path}", lambda _: HTMLResponse("<h1>Welcome</h1>"))
    url = f"http://127.0.0.1:{free_port()}"
    with served(Starlette(routes=[page]), url):
        yield url


class Stub:
    """As much of the Hub's protocol as one push and one pull need, over repositories in memory.

    Tokens: "writer" may do everything, "reader" may read, any other is refused.
    """

    def __init__(self) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self.repos: dict[str, list[dict[str, bytes]]] = {}
        """The commits of each repository, oldest first: content by file name."""
        self.private: set[str] = set()
        self.blobs: dict[str, bytes] = {}
        self.calls: list[str] = []
        self.delay = 0.0
        """Seconds before any answer."""
        self.stall = threading.Event()
        """While set, graphs stop half-way."""
        self.half_way = threading.Event()
        """Set once a graph has stopped half-way."""

    def put(self, repo: str, files: dict[str, bytes]) -> str:
        """Add a commit that holds exactly `files`."""
        self.repos.setdefault(repo, []).append(dict(files))
        return sha(files)

    def put_folder(self, repo: str, folder: Path) -> str:
        """Add a commit that holds exactly the files of `folder`, and what the Hub itself adds."""
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
        return self.put(repo, files | {".gitattributes": b"*.onnx filter=lfs\n"})

    @contextmanager
    def running(self) -> Iterator["Stub"]:
        repo = "{user}/{name}"
        routes = [
            Route("/api/whoami-v2", self._whoami),
            Route("/api/validate-yaml", lambda _: JSONResponse({}), methods=["POST"]),
            Route("/api/repos/create", self._create, methods=["POST"]),
            Route(f"/api/models/{repo}/preupload/{{rev}}", self._preupload, methods=["POST"]),
            Route(f"/api/models/{repo}/commit/{{rev}}", self._commit, methods=["POST"]),
            Route(f"/api/models/{repo}/tree/{{rev:path}}", self._tree),
            Route(f"/api/models/{repo}/revision/{{rev:path}}", self._info),
            Route(f"/api/models/{repo}", self._info),
            Route(f"/{repo}.git/info/lfs/objects/batch", self._batch, methods=["POST"]),
            Route("/blob/{oid}", self._blob, methods=["PUT"]),
            Route(f"/{repo}/resolve/{{rev}}/{{file:path}}", self._resolve, methods=["GET", "HEAD"]),
        ]
        app = Starlette(routes=routes, exception_handlers={Refusal: lambda _, e: e.response})
        with served(app, self.url):
            yield self
            self.stall.clear()

    def _ask(self, request: Request, writes: bool = False) -> str:
        """The repository that is meant, if whoever asks may."""
        time.sleep(self.delay)
        self.calls.append(f"{request.method} {request.url.path}")
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in ("writer", "reader", ""):
            text = "Invalid credentials in Authorization header"
            raise Refusal(401, {"X-Error-Message": text})
        if writes and token != "writer":
            raise Refusal(403, {})
        repo = "{user}/{name}".format(**request.path_params) if request.path_params else ""
        if repo and (repo not in self.repos or (repo in self.private and not token)):
            raise Refusal(404, {"X-Error-Code": "RepoNotFound"})
        return repo

    def _files(self, request: Request) -> dict[str, bytes]:
        repo, revision = self._ask(request), request.path_params.get("rev", "main").strip("/")
        commits = {sha(files): files for files in self.repos[repo]}
        if self.repos[repo]:
            commits["main"] = self.repos[repo][-1]
        if revision not in commits:
            raise Refusal(404, {"X-Error-Code": "RevisionNotFound"})
        return commits[revision]

    def _whoami(self, request: Request) -> Response:
        self._ask(request)
        return JSONResponse({"type": "user", "name": "me", "orgs": []})

    def _info(self, request: Request) -> Response:
        files = self._files(request)
        repo = "{user}/{name}".format(**request.path_params)
        siblings = [{"rfilename": name} for name in files]
        facts = {"_id": "x", "id": repo, "sha": sha(files), "siblings": siblings}
        return JSONResponse(facts | {"private": repo in self.private})

    def _tree(self, request: Request) -> Response:
        files = self._files(request)
        return JSONResponse(
            [
                {"type": "file", "path": name, "size": len(content), "oid": sha({name: content})}
                for name, content in files.items()
            ]
        )

    def _resolve(self, request: Request) -> Response:
        files, name = self._files(request), request.path_params["file"]
        if name not in files:
            raise Refusal(404, {"X-Error-Code": "EntryNotFound"})
        content = files[name]
        headers = {
            "X-Repo-Commit": sha(files),
            "ETag": f'"{hashlib.sha256(content).hexdigest()}"',
            "Content-Length": str(len(content)),
        }
        if request.method == "HEAD":
            return Response(headers=headers)
        if self.stall.is_set() and name.endswith(".onnx"):
            return HalfWay(content, headers, self)
        return Response(content, headers=headers)

    async def _create(self, request: Request) -> Response:
        wanted = await request.json()
        self._ask(request, writes=True)
        repo = f"{wanted.get('organization', 'me')}/{wanted['name']}"
        self.put(repo, {".gitattributes": b"*.onnx filter=lfs\n"})
        if wanted.get("private") or wanted.get("visibility") == "private":
            self.private.add(repo)
        return JSONResponse({"url": f"{self.url}/{repo}"})

    async def _preupload(self, request: Request) -> Response:
        self._ask(request, writes=True)
        files = (await request.json())["files"]
        return JSONResponse({"files": [{
            "path": file["path"],
            "uploadMode": "lfs" if file["path"].endswith((".onnx", ".pt")) else "regular",
            "shouldIgnore": False,
            "oid": None,
        } for file in files]})  # fmt: skip

    async def _batch(self, request: Request) -> Response:
        objects = (await request.json())["objects"]
        return JSONResponse({"transfer": "basic", "objects": [{
            **each, "actions": {"upload": {"href": f"{self.url}/blob/{each['oid']}"}}
        } for each in objects]})  # fmt: skip

    async def _blob(self, request: Request) -> Response:
        content = await request.body()
        assert hashlib.sha256(content).hexdigest() == request.path_params["oid"]
        self.blobs[request.path_params["oid"]] = content
        return Response()

    async def _commit(self, request: Request) -> Response:
        body = await request.body()
        repo = self._ask(request, writes=True)
        files = dict(self.repos[repo][-1])
        for line in body.splitlines():
            operation = json.loads(line)
            value = operation["value"]
            if operation["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif operation["key"] == "lfsFile":
                files[value["path"]] = self.blobs[value["oid"]]
            elif operation["key"] == "deletedFile":
                del files[value["path"]]
        oid = self.put(repo, files)
        return JSONResponse({"commitUrl": f"{self.url}/{repo}/commit/{oid}", "commitOid": oid})


def sha(files: dict[str, bytes]) -> str:
    """40 hexadecimal digits for a commit, as git gives them."""
    content = sorted((name, hashlib.sha256(content).hexdigest()) for name, content in files.items())
    return hashlib.sha1(json.dumps(content).encode()).hexdigest()


class Refusal(Exception):
    """An answer that says no, as the Hub does."""

    def __init__(self, status: int, headers: dict[str, str]) -> None:
        self.response = Response(status_code=status, headers=headers)


class HalfWay(Response):
    """Half of a file, and then nothing, until the stub is told to go on."""

    def __init__(self, content: bytes, headers: dict[str, str], stub: Stub) -> None:
        super().__init__(content, headers=headers)
        self.stub = stub

    async def __call__(self, scope, receive, send) -> None:
        half = self.body[: len(self.body) // 2]
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": half, "more_body": True})
        self.stub.half_way.set()

        while self.stub.stall.is_set():
            await anyio.sleep(0.05)
