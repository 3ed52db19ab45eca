"""The Dockerfile: what a linter would say, and its steps, run in a clean folder where there is no container engine."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

import hosts
import pytest
import sealed
from huggingface_hub import SpaceCard

pytestmark = pytest.mark.serial  # serves the app from a port that was free

ROOT = Path(__file__).parents[1]


def instructions() -> list[tuple[str, str]]:
    """(instruction, its arguments) in order, continued lines joined."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", "", text)
    return [tuple(line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


STEPS = instructions()


def only(name: str) -> str:
    """The arguments of an instruction that there is once."""
    (found,) = [rest for step, rest in STEPS if step == name]
    return found


def environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in only("ENV").split())


def excluded(path: str, patterns: list[str]) -> bool:
    """Whether .dockerignore keeps a path out: the last pattern that matches it, or a folder it is in, decides."""
    verdict = False
    places = [path, *map(str, PurePosixPath(path).parents)]
    for pattern in patterns:
        regex = re.escape(pattern.removeprefix("!")).replace(r"\*\*/", "(?:.*/)?")
        if any(re.fullmatch(regex.replace(r"\*", "[^/]*"), place) for place in places):
            verdict = not pattern.startswith("!")
    return verdict


def image(folder: Path) -> None:
    """Fill a folder as the COPY lines fill WORKDIR."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    copies = [rest.split() for step, rest in STEPS if step == "COPY"]
    for source, to in [(source, to) for *sources, to in copies for source in sources]:
        start = ROOT / source
        found = [start] if start.is_file() else [p for p in start.rglob("*") if p.is_file()]
        for path in found:
            name = path.relative_to(ROOT).as_posix()
            if not excluded(name, patterns):
                inside = path.relative_to(start) if start.is_dir() else path.name
                (folder / to / inside).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, folder / to / inside)


def test_dockerignore_is_read_as_docker_reads_it():
    patterns = ["*", "!app", "app/old", "**/__pycache__", "**/*.pyi"]
    kept = ["app/a.py", "app/b/c.py"]
    dropped = [
        "x.py",
        "app/old/a.py",
        "app/__pycache__/a.pyc",
        "app/b/__pycache__/x",
        "app/b/c.pyi",
    ]
    assert [p for p in kept + dropped if not excluded(p, patterns)] == kept


def test_the_base_is_the_python_of_the_space():
    assert only("FROM") == f"python:{SpaceCard.load(ROOT / 'README.md').data.python_version}-slim"


def test_it_does_not_run_as_root_nor_own_the_code():
    names = [step for step, _ in STEPS]
    assert only("USER") not in ("root", "0")
    assert f"useradd --create-home {only('USER')}" in [
        rest for step, rest in STEPS if step == "RUN"
    ]
    assert names.index("USER") > max(i for i, name in enumerate(names) if name in ("COPY", "RUN"))
    assert names.index("USER") < names.index("CMD")
    assert not any("--chown" in rest for _, rest in STEPS)


def test_it_is_plain_and_its_layers_can_be_reused():
    names = [step for step, _ in STEPS]
    known = "FROM ENV WORKDIR COPY RUN USER EXPOSE STOPSIGNAL HEALTHCHECK CMD"
    assert not [name for name in names if name not in known.split()]
    assert names.index("COPY") < names.index("RUN") < len(names) - 1 - names[::-1].index("COPY"), (
        "packages are installed before the code is copied"
    )
    assert STEPS[names.index("RUN")][1] == (
        "pip install --no-cache-dir --requirement requirements.txt --constraint constraints.txt"
    )
    for rest in (only("CMD"), only("HEALTHCHECK").partition("CMD ")[2]):
        assert json.loads(rest)[0] == "python", "not through a shell, which would keep signals"
    assert only("EXPOSE") == environment()["GRADIO_SERVER_PORT"]


def test_what_is_copied_serves(tmp_path):
    folder, home = tmp_path / "app", tmp_path / "home"
    home.mkdir()
    image(folder)
    before = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    assert {name for name in before if "/" not in name} == {
        "app.py", "requirements.txt", "constraints.txt", "CITATION.cff", "pyproject.toml", "gen_models", "exported",
    }  # fmt: skip
    assert not [name for name in before if name.endswith((".pyi", ".pyc")) or "networks" in name]

    assert json.loads(only("CMD")) == ["python", "app.py"]
    (start,) = re.findall(r"CMD (\[.*\])", only("HEALTHCHECK"))
    with hosts.hosted(folder, home, **environment()) as host:
        assert b"Latent Lab" in host.get("/")
        assert json.loads(host.get("/healthz"))["status"] == "ok"
        port = host.url.rpartition(":")[2]
        check = [sys.executable, *json.loads(start)[1:]]
        env = os.environ | {"GRADIO_SERVER_PORT": port}
        assert subprocess.run(check, env=env).returncode == 0
    assert only("STOPSIGNAL") == "SIGINT"
    assert host.rc == 0, host.stderr
    assert subprocess.run(check, env=env, stderr=subprocess.DEVNULL).returncode != 0
    assert sealed.ASKED not in host.stderr
    assert '"endpoint": "/"' in host.stderr, "LATENT_LOG is on"
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*")} == before
