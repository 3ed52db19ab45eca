"""The app as a whole: it builds with any models, and answers over HTTP."""

import shutil

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from gen_models import app
from gen_models.app import models_tab, page
from gen_models.app.tabs import TABS


@pytest.fixture
def texts():
    def of(demo):
        return "\n".join(str(getattr(block, "value", "")) for block in demo.blocks.values())

    return of


def test_with_no_models_each_tab_says_the_command_that_makes_one(tmp_path, texts):
    shown = texts(app.build(tmp_path))
    scripts = [tab.SCRIPT for tab in TABS if tab.SCRIPT]
    assert len(scripts) >= 3
    for script in scripts:
        assert f"python -m {script}" in shown


def test_a_damaged_model_gives_a_sentence_in_its_tab_and_the_others_work(tmp_path, texts):
    shutil.copytree("exported", tmp_path / "exported")
    (tmp_path / "exported" / "vae-digits-2d" / "decoder.onnx").write_bytes(b"damaged")
    (tmp_path / "exported" / "ae-digits" / "card.json").write_text("{")
    shown = texts(app.build(tmp_path / "exported"))
    assert "vae-digits-2d/decoder.onnx is not the file its card describes" in shown
    assert "ae-digits/card.json is damaged" in shown


def test_every_tab_has_its_equation_its_notice_and_its_facts(texts):
    shown = texts(app.build())
    for tab in TABS:
        assert f"$${tab.EQUATION}$$" in shown
        assert f"**Notice:** {tab.NOTICE}" in shown
        assert tab.LECTURE.startswith("§")


def test_every_event_that_computes_has_a_name():
    for fn in app.build().fns.values():
        assert fn.api_name or fn.fn is None or fn.api_visibility == "private", fn


def test_the_overview_lists_every_model_with_its_licence(toy_model):
    line = models_tab.overview([toy_model]).splitlines()[-1]
    assert "Toy" in line
    assert "public domain" in line


def test_facts_hold_the_command_the_data_and_the_numbers(toy_card):
    facts = page.facts(toy_card)
    for fact in (
        toy_card.training.command,
        "public domain",
        "0.125 per picture",
        "n = 10",
        "python -m measure toy",
    ):
        assert fact in facts


def test_latency_is_measured_for_every_graph(toy_model):
    assert 0 < models_tab.latency(toy_model, "decoder") < 1
    assert "| decoder |" in models_tab.latency_table(toy_model)


@pytest.fixture(scope="module")
def client(app_url):
    return Client(app_url, verbose=False)


def test_the_models_tab_answers_over_http(client):
    facts, preview, graphs, _ = client.predict("vae-digits-2d", api_name="/models_card")
    assert "VAE" in facts
    assert preview
    assert "decoder" in graphs
    assert "| decoder |" in client.predict("vae-digits-2d", api_name="/models_latency")


@pytest.mark.parametrize("name", ["", "no-such-model", "../../etc", "x" * 10_000])
def test_an_unknown_model_gives_one_sentence(client, name):
    with pytest.raises((AppError, ValueError)) as caught:
        client.predict(name, api_name="/models_card")
    assert "Traceback" not in str(caught.value)
    assert "/work" not in str(caught.value)
