"""Below a sub-path behind nginx, by the configuration that docs/hosting.md shows: the page in Chromium.

Where there is no nginx the test is skipped; CI installs it (scripts/browsers.py).
"""

import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import hosts
import pytest
from playwright.sync_api import expect

from gen_models.app.shell import tour

pytestmark = [pytest.mark.browser, pytest.mark.serial]

CONFIG = hosts.ROOT / "docs/nginx.conf"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/local/bin:/opt/homebrew/bin")


def ours(text: str, here: Path, port: int, app: str) -> str:
    """The example for ports that are free here, with every file that nginx writes in a folder of this test."""
    text, listens = re.subn(r"listen 80;", f"listen 127.0.0.1:{port};", text)
    text, servers = re.subn(r"(\n *server )127\.0\.0\.1:7860;", rf"\g<1>{app};", text)
    assert (listens, servers) == (1, 1)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"{kind}_temp_path {here}/{kind}; " for kind in kinds)
    text = text.replace("http {", f"http {{ access_log off; {paths}", 1)
    return f"daemon off; pid {here}/pid; error_log {here}/error.log;\n{text}"


@pytest.fixture(scope="module")
def app_url(tmp_path_factory) -> Iterator[str]:
    """The address at which nginx shows the app."""
    if NGINX is None:
        pytest.skip("there is no nginx here")
    here = tmp_path_factory.mktemp("nginx")
    home = tmp_path_factory.mktemp("home")
    with hosts.hosted(hosts.ROOT, home, GRADIO_ROOT_PATH="/lab") as host:
        port = hosts.free_port()
        config = here / "nginx.conf"
        app = host.url.removeprefix("http://")
        config.write_text(ours(CONFIG.read_text("utf-8"), here, port, app))
        nginx = subprocess.Popen([NGINX, "-p", here, "-c", config, "-e", here / "error.log"])
        try:
            url = f"http://127.0.0.1:{port}/lab/"
            until = time.monotonic() + 30
            while True:
                try:
                    urllib.request.urlopen(f"{url}healthz", timeout=10).close()
                    break
                except urllib.error.URLError:
                    said = (here / "error.log").read_text() if (here / "error.log").exists() else ""
                    assert nginx.poll() is None, said
                    assert time.monotonic() < until, said
                    time.sleep(0.1)
            yield url
        finally:
            nginx.terminate()
            nginx.wait(30)


def test_page_drag_address_reload_and_tour_work_below_a_sub_path(page, app_url, browser_log):
    """The fixture `page` lets nothing through that is not below /lab/."""
    failed, came = [], []
    page.on("response", lambda r: (failed if r.status >= 400 else came).append(r.url))
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(app_url)
    expect(page.get_by_role("button", name="Copy link")).to_be_visible()
    page.wait_for_function(
        "() => [...document.images].filter(i => i.complete && i.naturalWidth).length > 5"
    )
    assert not page.evaluate(
        "[...document.images].filter(i => i.src && i.complete && !i.naturalWidth).map(i => i.src)"
    )
    assert any("/lab/latent-lab/files/" in url for url in came)

    page.evaluate("location.hash = '#vae/map?z=1,1'")
    pad = page.locator("#vae-map .ll-pad")
    expect(pad).to_be_visible()
    box = pad.bounding_box()
    with page.expect_response("**/lab/gradio_api/component_server/") as answer:
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 3, steps=5)
        page.mouse.up()
    assert answer.value.ok
    page.wait_for_function(r"() => /^#vae\/map\?z=-1\.\d+,/.test(location.hash)")
    address = page.evaluate("location.href")
    assert address.startswith(f"{app_url}#vae/map?z=")

    page.reload()
    tab = page.locator('[role=tab][data-tab-id="vae/map"]')
    expect(tab).to_have_attribute("aria-selected", "true")
    page.wait_for_timeout(1500)
    assert page.evaluate("location.href") == address

    page.get_by_role("button", name="Tour", exact=True).click()
    panel = page.locator("#ll-tour")
    for i, stop in enumerate(tour.STOPS[:3], 1):
        expect(panel.get_by_role("heading")).to_have_text(
            f"Stop {i} of {len(tour.STOPS)}, lecture {stop.lecture}"
        )
        panel.get_by_role("button", name="Show me").click()
        expect(panel).to_contain_text(stop.answer)
        page.wait_for_function("then => LatentLab.address.here().startsWith(then)", arg=stop.then)
        panel.get_by_role("button", name="Next").click()
    assert failed == []
    assert browser_log.errors == []


def test_the_sub_path_without_its_slash_leads_there_and_health_is_told(app_url):
    with urllib.request.urlopen(app_url.rstrip("/"), timeout=30) as answer:
        assert answer.url == app_url
        assert f'"root":"{app_url.rstrip("/")}"'.encode() in answer.read()
    with urllib.request.urlopen(f"{app_url}healthz", timeout=30) as answer:
        assert json.load(answer)["status"] == "ok"
