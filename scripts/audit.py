"""Report known vulnerabilities and licences of what the project stands on.

``python -m scripts.audit`` (``make audit``) lists every package that requirements.txt and training/requirements.txt
bring along, in the version that is installed here, with its licence, and asks pip-audit about all of them. Options are
handed to pip-audit: ``-s osv`` asks another service. It ends with

    0  every package was checked, and nothing is known
    1  something is known
    2  not everything could be checked, for want of a network for instance
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

SERVING, TRAINING = Path("requirements.txt"), Path("training/requirements.txt")
UNKNOWN = "unknown"
MAX_LENGTH = 60
"""Characters of a licence; the field may hold the whole text."""


class NotAsked(Exception):
    """Raised when pip-audit gives no answer; the message says why."""


def requirements(file: Path) -> Iterator[Requirement]:
    """Return the lines of a requirements file and of those that it includes."""
    for line in file.read_text("utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r "):
            yield from requirements(file.parent / text.removeprefix("-r ").strip())
        elif text:
            yield Requirement(text)


def installed(wanted: Iterable[Requirement]) -> dict[str, metadata.Distribution]:
    """Return by name what these requirements bring along on this machine: they, what they require, and so on.

    Raises:
        metadata.PackageNotFoundError: one of them is not installed.
    """
    found: dict[str, metadata.Distribution] = {}
    seen: set[tuple[str, str]] = set()
    todo = [(each, extra) for each in wanted for extra in ("", *each.extras)]
    while todo:
        requirement, extra = todo.pop()
        name = canonicalize_name(requirement.name)
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        found[name] = metadata.distribution(name)
        for line in found[name].requires or ():
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                todo += [(needed, each) for each in ("", *needed.extras)]
    return dict(sorted(found.items()))


def licence(package: metadata.Distribution) -> str:
    """Return what the package declares: an SPDX expression, else its classifiers or first words, else its files.

    pip-licenses says the same of the packages here, but "UNKNOWN" of two that bring no more than a file, and calling
    it takes as many lines.
    """

    def said(field: str) -> list[str]:
        return package.metadata.get_all(field) or []

    classes = [
        each.rpartition(" :: ")[2] for each in said("Classifier") if each.startswith("License ::")
    ]
    words = [
        each.strip().partition("\n")[0][:MAX_LENGTH] for each in said("License") if each.strip()
    ]
    files = [f"see its {each}" for each in said("License-File")]
    return ", ".join(said("License-Expression") or classes or words or files or [UNKNOWN])


def ask(packages: Iterable[metadata.Distribution], options: list[str]) -> list[dict[str, Any]]:
    """Return what pip-audit knows of each package: {"name", "version", "vulns"}, or {"name", "skip_reason"}.

    Raises:
        NotAsked: the service cannot be reached, or an option is wrong.
    """
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder) / "pins.txt"
        # The service knows torch 2.13.0, but not the build of it that calls itself 2.13.0+cpu.
        pins.write_text("".join(f"{p.name}=={Version(p.version).public}\n" for p in packages))
        command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "-r", str(pins)]
        form = ["--format", "json", "--desc", "off", "--progress-spinner", "off"]
        done = subprocess.run([*command, *form, *options], capture_output=True, text=True)
    try:
        return json.loads(done.stdout)["dependencies"]
    except ValueError:
        reason = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise NotAsked(reason) from None


def main(options: list[str]) -> int:
    """Print both lists and return the exit status."""
    try:
        serving = installed(requirements(SERVING))
        everything = serving | installed(requirements(TRAINING))
    except metadata.PackageNotFoundError as error:
        print(f"{error.name} is not installed here, so nothing was checked.", file=sys.stderr)
        return 2
    for name, package in sorted(everything.items()):
        use = "serves" if name in serving else "trains"
        print(f"{use}  {name:28} {package.version:18} {licence(package)}")
    try:
        answers = ask(everything.values(), options)
    except NotAsked as error:
        print(f"The vulnerabilities could not be asked for: {error}", file=sys.stderr)
        return 2
    checked = [answer for answer in answers if "vulns" in answer]
    known = [(answer, each) for answer in checked for each in answer["vulns"]]
    for answer, each in known:
        fixed = ", ".join(each["fix_versions"]) or "no version yet"
        print(f"{answer['name']} {answer['version']}: {each['id']}, fixed in {fixed}")
    print(
        f"{len(checked)} of {len(everything)} packages were checked, {len(known)} vulnerabilities are known."
    )
    return 1 if known else 2 if len(checked) < len(everything) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
