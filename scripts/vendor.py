"""Copy the JavaScript libraries that the app serves to visitors from node_modules, where package-lock.json puts them.

``python -m scripts.vendor`` after a version in package.json has changed. They are served from the app's own files, so
that it needs no network, and loaded when somebody shares something.
"""

import shutil
import sys
from pathlib import Path

from scripts import biome

VENDOR = Path("gen_models/app/shell/vendor")
FILES = {
    "html-to-image.js": Path("node_modules/html-to-image/dist/html-to-image.js"),
    "qrcode.js": Path("node_modules/qrcode-generator/dist/qrcode.js"),
}
"""Where each comes from. vendor/LICENSES.txt has their licences."""


if __name__ == "__main__":
    if not biome.install():
        sys.exit(biome.MISSING)
    for name, source in FILES.items():
        shutil.copyfile(source, VENDOR / name)
