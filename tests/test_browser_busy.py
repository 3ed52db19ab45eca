"""A full server in Chromium: the visitor reads one sentence, and the page asks again by itself."""

import threading
import time

import gradio as gr
import pytest
from gradio_client import Client
from playwright.sync_api import expect

from gen_models.app import controls, launch_options
from gen_models.app.controls import live
from gen_models.app.hosting import sentences

pytestmark = pytest.mark.browser

gate = threading.Event()
"""Opens for whoever holds the queue."""


@pytest.fixture(scope="module")
def app_url():
    """A page with one button, and a queue in which one event may wait."""

    def hold():
        gate.wait(30)

    def count(n):
        return n + 1

    def answer(request):
        return {"text": {"n": "answered"}}

    with gr.Blocks() as demo:
        number = gr.Number(0, label="Presses", elem_id="presses")
        gr.Button("Press").click(count, number, number, concurrency_id="one", api_name="count")
        gr.Button("Hold").click(hold, concurrency_id="one", concurrency_limit=1, api_name="hold")
        controls.LatentPad(answer, elem_id="pad", numbers=[("n", "the answer")])
    demo.queue(max_size=1)
    options = launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield url
    gate.set()
    demo.close()


def test_an_event_that_finds_the_queue_full_is_sent_again_until_there_is_room(page, app_url):
    gate.clear()
    client = Client(app_url, verbose=False)
    page.goto(app_url)
    page.get_by_role("button", name="Press").click()
    presses = page.locator("#presses input")
    expect(presses).to_have_value("1")
    jobs = [client.submit(api_name="/hold")]
    while jobs[0].status().code.name != "PROCESSING":
        time.sleep(0.05)
    jobs.append(client.submit(api_name="/hold"))  # waits, and so fills the queue
    time.sleep(1)

    answers = []
    page.on(
        "response",
        lambda response: "/queue/join" in response.url and answers.append(response.status),
    )
    page.get_by_role("button", name="Press").click()
    busy = page.locator(".ll-busy")
    expect(busy).to_contain_text("The server is busy.")
    expect(presses).to_have_value("1")
    gate.set()
    expect(presses).to_have_value("2", timeout=15_000)
    expect(busy).to_be_hidden()
    assert answers[0] == 503
    assert answers[-1] == 200
    assert page.get_by_text("Error", exact=True).count() == 0


def test_a_control_that_finds_all_places_taken_says_so_and_asks_again(page, app_url, monkeypatch):
    monkeypatch.setattr(live, "SHORT_S", 0.0)  # what takes no time needs no place
    for _ in range(live.AT_ONCE):
        assert live._places.acquire(timeout=1)
    page.goto(app_url)
    expect(page.locator("#pad .ll-error")).to_have_text(sentences.BUSY)
    for _ in range(live.AT_ONCE):
        live._places.release()
    expect(page.locator("#pad [data-text=n]")).to_have_text("answered")
    expect(page.locator("#pad .ll-error")).to_have_text("")
