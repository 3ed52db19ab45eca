"""The app as a whole: it builds with any models, and answers over HTTP."""

import re
import shutil

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from gen_models import app
from gen_models.app.chapter import path
from gen_models.app.chapters import CHAPTERS
from gen_models.app.shell import models as models_page
from gen_models.app.shell import page


@pytest.fixture
def texts():
    def of(demo):
        return "\n".join(str(getattr(block, "value", "")) for block in demo.blocks.values())

    return of


def test_with_no_models_each_chapter_says_the_command_that_makes_one(tmp_path, texts):
    shown = texts(app.build(tmp_path))
    scripts = [chapter.script for chapter in CHAPTERS if chapter.script]
    assert len(scripts) >= 3
    for script in scripts:
        assert f"python -m {script}" in shown


def test_a_damaged_model_gives_a_sentence_in_its_chapter_and_the_others_work(tmp_path, texts):
    shutil.copytree("exported", tmp_path / "exported")
    (tmp_path / "exported" / "vae-digits-2d" / "decoder.onnx").write_bytes(b"damaged")
    (tmp_path / "exported" / "ae-digits" / "card.json").write_text("{")
    shown = texts(app.build(tmp_path / "exported"))
    assert "vae-digits-2d/decoder.onnx is not the file its card describes" in shown
    assert "ae-digits/card.json is no card" in shown


def test_every_experiment_has_an_idea_an_equation_a_notice_of_its_own(texts, whole_app):
    def plain(text):  # Gradio takes indentation out of Markdown
        return " ".join(text.split())

    shown = plain(texts(whole_app))
    experiments = [each for chapter in CHAPTERS for each in chapter.experiments]
    for experiment in experiments:
        assert plain(experiment.idea) in shown
        assert plain(f"$${experiment.equation}$$") in shown
        assert plain(f"**Notice.** {experiment.notice}") in shown
        assert experiment.lecture.startswith("§")
        for selector in (experiment.control, experiment.result, experiment.number):
            assert selector.startswith(("#", "["))
    for own in ("idea", "equation", "notice"):
        assert len({getattr(each, own) for each in experiments}) == len(experiments), own


def test_addresses_are_words_and_no_two_are_the_same():
    addresses = [path(chapter, each) for chapter in CHAPTERS for each in chapter.experiments]
    assert len(set(addresses)) == len(addresses) > 10
    for address in addresses:
        assert re.fullmatch("[a-z0-9-]+/[a-z0-9-]+", address)


def test_every_event_that_computes_has_a_name(whole_app):
    for fn in whole_app.fns.values():
        assert fn.api_name or fn.fn is None or fn.api_visibility == "private", fn


def test_facts_hold_the_command_the_data_and_the_numbers(toy_card):
    facts = page.facts(toy_card)
    for fact in (
        toy_card.training.command,
        "public domain",
        "0.125 share of samples among real images",
        "n = 10",
        "python -m measure toy",
    ):
        assert fact in facts


def test_latency_is_measured_for_every_graph(toy_model):
    assert 0 < models_page.latency(toy_model, "generator") < 1
    assert "| generator |" in models_page.latency_table(toy_model)


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
