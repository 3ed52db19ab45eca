"""Find the browsers that the browser tests drive; ``python -m scripts.browsers`` sees to them.

Playwright's own browser download is not used: a Chrome or Chromium on PATH is, and a Firefox for the few tests that
run in it too. Where they are missing, Debian can install them for root; anywhere else one sentence says what is
missing. Without a Firefox its tests are skipped, and so is without an nginx the one of a proxy: only CI installs that,
since on a machine of somebody's own it would be a server that starts.
"""

import os
import shutil
import subprocess
import sys

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FIREFOX = ("firefox-esr", "firefox")
MISSING = (
    "The browser tests need Chrome or Chromium on PATH: install one"
    " (Debian: apt install chromium) and run this again."
)


def find(names: tuple[str, ...]) -> str | None:
    """Return the path of the first of `names` on PATH that starts, or None."""
    for path in filter(None, map(shutil.which, names)):
        # Ubuntu's chromium-browser and firefox may be stubs that only ask for their snap.
        if subprocess.run([path, "--version"], capture_output=True).returncode == 0:
            return path
    return None


def install(*packages: str) -> None:
    """Install Debian's packages, if this is root on a machine with apt."""
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return
    print(f"Installing {packages[0]} with apt ...", flush=True)
    quiet = {"env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, "stdin": subprocess.DEVNULL}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        subprocess.run(["apt-get", "--quiet", "--quiet", *command], **quiet)


if __name__ == "__main__":
    if find(CHROMIUM) is None:
        install("chromium", "fonts-dejavu-core")
    if find(FIREFOX) is None:
        install("firefox-esr")
    if os.environ.get("CI") and shutil.which("nginx", path="/usr/sbin:/usr/bin") is None:
        install("nginx-light")
    sys.exit(find(CHROMIUM) is None and MISSING)
