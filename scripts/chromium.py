"""Find the browser that the browser tests drive; ``python -m scripts.chromium`` sees to one.

Playwright's own browser download is not used: a Chrome or Chromium on PATH is. Where there is none,
Debian and Ubuntu can install it for root; anywhere else one sentence says what is missing.
"""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MISSING = (
    "The browser tests need Chrome or Chromium on PATH: install one"
    " (Debian: apt install chromium) and run this again."
)


def find() -> str | None:
    """Path of the first of `NAMES` on PATH that starts, or None."""
    for path in filter(None, map(shutil.which, NAMES)):
        # Ubuntu's chromium-browser may be a stub that only asks for its snap.
        if subprocess.run([path, "--version"], capture_output=True).returncode == 0:
            return path
    return None


def install() -> None:
    """Install Debian's Chromium and a font, if this is root on a machine with apt."""
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return
    print("Installing Chromium with apt ...", flush=True)
    quiet = {"env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, "stdin": subprocess.DEVNULL}
    packages = ("chromium", "fonts-dejavu-core")
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        subprocess.run(["apt-get", "--quiet", "--quiet", *command], **quiet)


if __name__ == "__main__":
    if find() is None:
        install()
    sys.exit(find() is None and MISSING)
