"""Film the app for the README: ``python -m scripts.animation`` writes ``docs/latent-lab.webp``.

Chromium drives three experiments as a visitor would: a drag over the map of the VAE, a stroke on a label map for
pix2pix, and the GAN lab at play. Frames are screenshots, so a slow machine makes a film of the same length.
"""

import io
import math
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from scripts import browsers

OUT = Path("docs/latent-lab.webp")
SIZE, SHOWN = (1280, 800), (800, 500)
FRAME_MS, STILL_MS = 100, 900
SETTLED_MS = 10_000
"""Until an experiment that was opened shows its first answer, on a slow machine too."""
QUALITY = 55
FRAMES = 28
"""Of each of the three parts."""


def film(page: Page, url: str) -> Iterator[tuple[bytes, int]]:
    """Yield screenshots, each with the milliseconds it is shown."""
    for address, act in (("vae/map", drag), ("pix2pix/draw", paint), ("lab/play", play)):
        page.goto(f"{url}#{address}")
        page.wait_for_timeout(SETTLED_MS)
        yield page.screenshot(), STILL_MS
        for _ in act(page):
            page.wait_for_timeout(60)
            yield page.screenshot(), FRAME_MS


def drag(page: Page) -> Iterator[None]:
    """Move the dot once around the middle of the map."""
    box = page.locator("#vae-map .ll-pad").bounding_box()
    assert box is not None
    for i in range(FRAMES):
        angle = 2 * math.pi * i / (FRAMES - 1) - math.pi / 2
        x = box["x"] + box["width"] * (0.5 + 0.3 * math.cos(angle))
        y = box["y"] + box["height"] * (0.5 + 0.3 * math.sin(angle))
        page.mouse.move(x, y)
        if i == 0:
            page.mouse.down()
        yield
    page.mouse.up()


def paint(page: Page) -> Iterator[None]:
    """Draw a stroke of the ink that is chosen at first, down one side of the head and up the other."""
    box = page.locator("#pix2pix-pad .paint-canvas").bounding_box()
    assert box is not None
    for i in range(FRAMES):
        angle = math.pi * (1 + i / (FRAMES - 1))
        x = box["x"] + box["width"] * (0.5 + 0.33 * math.cos(angle))
        y = box["y"] + box["height"] * (0.55 + 0.42 * math.sin(angle))
        page.mouse.move(x, y)
        if i == 0:
            page.mouse.down()
        yield
    page.mouse.up()


def play(page: Page) -> Iterator[None]:
    """Press Play, and look."""
    page.locator(".lab-play").first.click()
    for _ in range(FRAMES):
        page.wait_for_timeout(150)
        yield


def main() -> None:
    """Start the app, film it and write the file."""
    os.environ |= {"GRADIO_TEMP_DIR": tempfile.mkdtemp(prefix="latent-lab-")}
    from gen_models import app  # after the environment is set, which Gradio reads

    demo = app.build(app.EXPORTED)
    _, url, _ = demo.launch(**app.launch_options(), prevent_thread_lock=True, quiet=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browsers.find(browsers.CHROMIUM),
            args=["--headless", "--no-sandbox", "--disable-gpu"],
        )
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
        shots = list(film(page, url))
        browser.close()
    demo.close()
    images = [
        Image.open(io.BytesIO(shot)).convert("RGB").resize(SHOWN, Image.Resampling.LANCZOS)
        for shot, _ in shots
    ]
    images[0].save(
        OUT,
        save_all=True,
        append_images=images[1:],
        duration=[shown for _, shown in shots],
        loop=0,
        quality=QUALITY,
        method=4,
        minimize_size=True,
    )
    print(f"{OUT}: {len(images)} frames, {OUT.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
