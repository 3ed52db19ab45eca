"""What the project stands on: versions, licences, known vulnerabilities, and nothing that runs what a file says."""

import ast
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import SpaceCard
from packaging.requirements import Requirement
from packaging.version import Version

from scripts import audit, lock

RUN_FILES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
"""Modules that run what is in a file while they read it."""
HARMLESS = {"pickle.UnpicklingError"}
"""What those modules have that runs nothing: torch raises it."""
RUN_TEXT = {"eval", "exec", "compile", "__import__"}


# ---------------------------------------------------------------------------------------------------------------------
# Code that runs what a file says
# ---------------------------------------------------------------------------------------------------------------------


def says(call: ast.Call, name: str, value: bool) -> bool:
    """Whether a call has this argument, as a literal."""
    return any(
        word.arg == name and isinstance(word.value, ast.Constant) and word.value.value is value
        for word in call.keywords
    )


def dangers(source: str) -> Iterator[str]:
    """Every place where Python code could run what a file or a text says, as "line: what"."""
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            every = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [node.module or ""] if set(every) - HARMLESS else []
        yield from (f"{node.lineno}: import {n}" for n in names if n.partition(".")[0] in RUN_FILES)
        if not isinstance(node, ast.Call):
            continue
        written = ast.unparse(node.func)
        if written in RUN_TEXT:
            yield f"{node.lineno}: {written}()"
        if any(word.arg == "allow_pickle" for word in node.keywords) and not says(
            node, "allow_pickle", False
        ):
            yield f"{node.lineno}: {written}(allow_pickle)"
        of_torch = written.endswith(("torch.load", "fabric.load", "load_from_checkpoint"))
        if (of_torch or "torch.hub" in written) and not says(node, "weights_only", True):
            yield f"{node.lineno}: {written} without weights_only=True"


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "from pickle import UnpicklingError, loads",
        "import a, dill.source",
        "def f():\n    import marshal",
        "eval('1')",
        "exec(text)",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=wanted)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "self.fabric.load(path, state)",
        "torch.hub.load_state_dict_from_url(url)",
    ],
)
def test_a_danger_is_seen(source):
    assert list(dangers(source)), source


@pytest.mark.parametrize(
    "source",
    [
        "model.eval()",
        "re.compile('a')",
        "from pickle import UnpicklingError",
        "np.load(path)",
        "np.load(path, allow_pickle=False)",
        "torch.load(path, weights_only=True)",
        "self.fabric.load(path, state, weights_only=True)",
        "json.load(file)",
    ],
)
def test_what_is_none_is_not(source):
    assert list(dangers(source)) == []


def test_no_code_of_ours_runs_what_a_file_says():
    files = [
        Path("app.py"),
        *(p for room in ("gen_models", "training") for p in Path(room).rglob("*.py")),
    ]
    assert len(files) > 100
    found = [f"{path}:{danger}" for path in files for danger in dangers(path.read_text("utf-8"))]
    assert found == []


def test_serving_does_not_load_torch_files_at_all():
    serving = [Path("app.py"), *Path("gen_models").rglob("*.py")]
    loads = [
        f"{path}:{node.lineno}"
        for path in serving
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith(("torch.load", "fabric.load"))
    ]
    assert loads == []


# ---------------------------------------------------------------------------------------------------------------------
# Versions
# ---------------------------------------------------------------------------------------------------------------------


def bounds(requirement):
    """The lowest version that is allowed and the lowest above it that is not, of a requirement ">=a,<b"."""
    found = {part.operator: Version(part.version).release for part in requirement.specifier}
    assert found.keys() == {">=", "<"}, requirement
    return found[">="], found["<"]


def test_what_serves_is_pinned_to_a_range_below_the_next_major_version():
    for each in audit.requirements(audit.SERVING):
        if each.name != "gradio":
            low, high = bounds(each)
            assert high == (low[0] + 1,), each


def test_gradio_is_pinned_to_the_minor_version_that_is_tested_here_and_that_a_space_gets():
    (gradio,) = [each for each in audit.requirements(audit.SERVING) if each.name == "gradio"]
    (major, minor, *_), high = bounds(gradio)
    assert high == (major, minor + 1)
    space = Version(SpaceCard.load(Path("README.md")).data.sdk_version)
    assert space.release[:2] == (major, minor), "README.md, sdk_version"
    installed = Version(audit.metadata.version("gradio"))
    assert installed.release[:2] == (major, minor), "run `make test`, which installs what is pinned"


@pytest.mark.parametrize("file", [audit.TRAINING, Path("requirements-dev.txt")])
def test_what_trains_and_checks_is_pinned_exactly(file):
    served = {each.name for each in audit.requirements(audit.SERVING)}
    pinned = [each for each in audit.requirements(file) if each.name not in served]
    assert len(pinned) > 5
    assert [each for each in pinned if [part.operator for part in each.specifier] != ["=="]] == []


def test_the_models_run_here_with_the_versions_that_are_written_down():
    wanted = list(audit.requirements(audit.TRAINING))
    installed = {name: audit.metadata.version(name) for name in (each.name for each in wanted)}
    assert [each for each in wanted if installed[each.name] not in each.specifier] == []


def test_the_lock_satisfies_every_requirement():
    locked = lock.versions(lock.LOCK.read_text("utf-8").splitlines())
    wanted = [each for file in lock.FILES for each in audit.requirements(file)]
    assert len(wanted) > 30
    for each in wanted:
        assert each.specifier.contains(locked[audit.canonicalize_name(each.name)]), each


def test_the_lock_names_everything_that_is_installed_for_the_requirements():
    """Whoever adds or raises one writes it again: `make lock`."""
    locked = lock.versions(lock.LOCK.read_text("utf-8").splitlines())
    here = lock.versions(lock.lines())
    # Some packages are for one system or one Python alone.
    assert {name: locked.get(name) for name in here} == here


# ---------------------------------------------------------------------------------------------------------------------
# make audit
# ---------------------------------------------------------------------------------------------------------------------


def test_everything_that_a_requirement_brings_along_is_found():
    found = audit.installed([Requirement("gradio")])
    assert {"gradio", "gradio-client", "fastapi", "starlette", "typing-extensions"} <= found.keys()
    assert "torch" not in found
    assert found.keys() <= audit.installed(audit.requirements(audit.TRAINING)).keys()


def test_every_package_that_serves_says_its_licence():
    packages = audit.installed(audit.requirements(audit.SERVING))
    said = {name: audit.licence(package) for name, package in packages.items()}
    assert said["numpy"].startswith("BSD-3-Clause")
    assert [name for name, licence in said.items() if licence == audit.UNKNOWN] == []


@pytest.fixture
def service():
    """(options of pip-audit, {package: ids}): a vulnerability service of our own that knows what is put into it."""
    known: dict[str, list[str]] = {}

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self):
            question = json.loads(self.rfile.read(int(self.headers["content-length"])))
            name = question["package"]["name"]
            events = [{"introduced": "0"}, {"fixed": "99.1"}]
            ranges = [{"type": "ECOSYSTEM", "events": events}]
            affected = [{"package": {"name": name, "ecosystem": "PyPI"}, "ranges": ranges}]
            found = [{"id": i, "affected": affected, "aliases": []} for i in known.get(name, [])]
            content = json.dumps({"vulns": found} if found else {}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield ["-s", "osv", "--osv-url", f"http://127.0.0.1:{server.server_port}/v1/query"], known
    server.shutdown()
    server.server_close()


def test_an_audit_in_which_nothing_is_known_ends_with_0(service, capsys):
    assert audit.main(service[0]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert (
        last == f"{len(lines)} of {len(lines)} packages were checked, 0 vulnerabilities are known."
    )
    assert [line.split()[:2] for line in lines if " torch " in line] == [["trains", "torch"]]
    assert [line.split()[:2] for line in lines if " gradio " in line] == [["serves", "gradio"]]


def test_a_vulnerability_is_named_and_ends_with_1(service, capsys):
    options, known = service
    known["torch"] = ["PYSEC-2026-1"]
    assert audit.main(options) == 1
    out = capsys.readouterr().out
    assert ": PYSEC-2026-1, fixed in 99.1\n" in out
    assert "1 vulnerabilities are known" in out


def test_without_a_network_the_licences_are_listed_and_one_sentence_says_so():
    nobody = ["-s", "osv", "--osv-url", "http://127.0.0.1:9/v1/query"]
    command = [sys.executable, "-m", "scripts.audit", *nobody]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "MIT" in done.stdout
    assert "were checked" not in done.stdout
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("The vulnerabilities could not be asked for: ")


def test_a_package_that_the_service_does_not_know_is_not_called_safe(monkeypatch, capsys):
    def ask(packages, _):
        first, *others = packages
        skipped = {"name": first.name, "skip_reason": "Dependency not found"}
        return [skipped, *({"name": p.name, "version": p.version, "vulns": []} for p in others)]

    monkeypatch.setattr(audit, "ask", ask)
    assert audit.main([]) == 2
    checked, _, total, *_ = capsys.readouterr().out.splitlines()[-1].split()
    assert int(checked) == int(total) - 1
