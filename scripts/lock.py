"""Write ``constraints.txt`` from what is installed: ``python -m scripts.lock`` (``make lock``).

The requirements files say what may work, this file which versions were tested together. It names every package that
they reach, for serving, training and the tools alike; `make` and the Dockerfile install by it. To move to newer
versions, install those into .venv-dev, run the tests, and write the file again.
"""

from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from packaging.version import Version

from scripts import audit

LOCK = Path("constraints.txt")
FILES = (audit.SERVING, audit.TRAINING, Path("requirements-dev.txt"))


def lines() -> list[str]:
    """Return "name==version" for each package that the requirements files reach, as it is installed here."""
    packages = audit.installed(chain.from_iterable(map(audit.requirements, FILES)))
    # torch adds of which build it is, which differs between machines.
    return [f"{name}=={Version(each.version).public}" for name, each in packages.items()]


def versions(text: Iterable[str]) -> dict[str, str]:
    """Return version by name from such lines."""
    return dict(line.split("==") for line in text if not line.startswith("#"))


if __name__ == "__main__":
    head = "# What was tested together: `make lock` writes this file."
    LOCK.write_text("\n".join([head, *lines()]) + "\n", "utf-8")
    print(f"{LOCK}: {len(lines())} packages")
