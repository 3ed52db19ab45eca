"""Two processes below a sub-path behind nginx, by the configuration that docs/hosting.md shows: the page in Chromium.

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
from contextlib import ExitStack
from pathlib import Path

import hosts
import pytest
from playwright.sync_api import expect

from gen_models.app.shell import tour
from scripts import load

pytestmark = [pytest.mark.browser, pytest.mark.serial]

CONFIG = hosts.ROOT / "docs/nginx.conf"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/local/bin:/opt/homebrew/bin")


def ours(text: str, here: Path, port: int, apps: list[str]) -> str:
    """The example for ports that are free here, with every file that nginx writes in a folder of this test.

    Each answer says which process it is of.
    """
    told = "add_header X-Process $upstream_addr; add_header"
    for pattern, by in (
        (r"listen 80;", f"listen 127.0.0.1:{port};"),
        (r"(\n *server )127\.0\.0\.1:7860;", rf"\g<1>{apps[0]};"),
        (r"(\n *)# (server )127\.0\.0\.1:7861;", rf"\g<1>\g<2>{apps[1]};"),
        (r"add_header(?= Set-Cookie)", told),
    ):
        text, found = re.subn(pattern, by, text)
        assert found == 1, pattern
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"{kind}_temp_path {here}/{kind}; " for kind in kinds)
    text = text.replace("http {", f"http {{ access_log off; {paths}", 1)
    return f"daemon off; pid {here}/pid; error_log {here}/error.log;\n{text}"


@pytest.fixture(scope="module")
def app_url(tmp_path_factory) -> Iterator[str]:
    """The address at which nginx shows two processes of the app."""
    if NGINX is None:
        pytest.skip("there is no nginx here")
    here = tmp_path_factory.mktemp("nginx")
    with ExitStack() as stack:
        homes = [tmp_path_factory.mktemp("home") for _ in range(2)]
        apps = [
            stack.enter_context(hosts.hosted(hosts.ROOT, home, GRADIO_ROOT_PATH="/lab"))
            for home in homes
        ]
        port = hosts.free_port()
        config = here / "nginx.conf"
        addresses = [app.url.removeprefix("http://") for app in apps]
        config.write_text(ours(CONFIG.read_text("utf-8"), here, port, addresses))
        nginx = subprocess.Popen([NGINX, "-p", here, "-c", config, "-e", here / "error.log"])
        stack.callback(nginx.wait, 30)
        stack.callback(nginx.terminate)
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


def processes(app_url: str, cookie: str, n: int = 3) -> set[str]:
    """Those that answer n questions with this cookie."""
    asked = urllib.request.Request(f"{app_url}healthz", headers={"Cookie": cookie})
    found = set()
    for _ in range(n):
        with urllib.request.urlopen(asked, timeout=30) as answer:
            found.add(answer.headers["X-Process"])
            assert "Set-Cookie" not in answer.headers
    return found


def test_a_class_behind_one_address_is_spread_and_each_visitor_stays_with_one_process(app_url):
    visitors = [load.Site.of(app_url).opened() for _ in range(20)]
    cookies = {visitor.cookie for visitor in visitors}
    assert len(cookies) == 20
    assert all(re.fullmatch("latent_lab=[0-9a-f]{32}", cookie) for cookie in cookies)
    answered = [processes(app_url, cookie) for cookie in cookies]
    assert {len(found) for found in answered} == {1}
    assert len(set.union(*answered)) == 2, "of 20, one alone has all once in half a million runs"


def test_who_keeps_no_cookie_goes_by_address_and_kind_of_browser(app_url):
    assert len(processes(app_url, "", n=6)) == 1


def test_simulated_visitors_of_two_processes_have_every_move_answered(app_url, capsys):
    options = ["--url", app_url, "--visitors", "4", "--drawing", "1", "--seconds", "1"]
    assert load.main(options) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert "| dragging | 4 |" in said.out


def test_one_process_answers_a_visitor_who_trains_and_makes_a_film(page, app_url, browser_log):
    """What is trained is in the memory of one process, and the answer to an event comes from where it was asked."""
    seen, failed = set(), []
    page.on("response", lambda r: seen.add(r.headers.get("x-process")))
    page.on("response", lambda r: failed.append(r.url) if r.status >= 400 else None)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{app_url}#lab/play")
    for step in (1, 2, 3):
        page.get_by_role("button", name="One step").locator("visible=true").click()
        shown = page.locator("[data-text=step]").locator("visible=true").first
        expect(shown).to_have_text(str(step))
    page.evaluate("location.hash = '#vae/morph'")
    page.get_by_role("button", name="Make a GIF").locator("visible=true").click()
    expect(page.locator("#vae-film img")).to_be_visible()
    seen.discard(None)  # from the browser's cache
    assert (len(seen), failed, browser_log.errors) == (1, [], [])


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
    expect(page.locator(".ll-idea .katex").first).to_be_visible()  # above it, and comes late
    box = pad.bounding_box()
    with page.expect_response("**/lab/gradio_api/component_server/") as answer:
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 3, steps=5)
        page.mouse.up()
    assert answer.value.ok
    page.wait_for_function(r"() => /^#vae\/map\?z=-0\.6\d*,/.test(location.hash)")
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
