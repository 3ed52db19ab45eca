"""`/healthz` says what is served and what is not."""

import dataclasses
import json
import logging
import re
import shutil
import urllib.request
from pathlib import Path

import gradio as gr
import pytest
import toys

from gen_models import app, cards, files, hub
from gen_models.app.hosting import health


def healthz(demo):
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    try:
        with urllib.request.urlopen(f"{url}healthz", timeout=10) as answer:
            assert answer.headers["content-type"] == "application/json"
            return json.load(answer)
    finally:
        demo.close()


def test_the_committed_models_are_served(app_url):
    with urllib.request.urlopen(f"{app_url}healthz", timeout=10) as answer:
        said = json.load(answer)
    found, _ = cards.discover(Path("exported"))
    assert said["status"] == "ok"
    assert said["models"] == [card.name for card in found]
    assert said["provider"] in ("CPU", "CUDA")
    assert said["versions"]["gradio"] == gr.__version__
    assert said["versions"].keys() >= {"python", "onnxruntime", "numpy"}


def test_what_is_left_out_is_said_without_a_path_of_the_server(tmp_path):
    toys.heads(tmp_path, "whole")
    shutil.copytree(tmp_path / "whole", tmp_path / "unreadable")
    broken = toys.heads(tmp_path, "broken").folder
    (broken / "decoder.onnx").write_bytes(b"damaged")
    said = healthz(app.build(tmp_path))
    assert said["status"] == "degraded"
    assert said["models"] == ["whole"]
    assert len(said["problems"]) == 2
    assert str(tmp_path) not in json.dumps(said)


def test_a_model_that_cannot_be_opened_is_left_out_and_the_app_starts(tmp_path, caplog):
    damaged = toys.heads(tmp_path, "a-first")
    toys.heads(tmp_path, "whole")
    graphs = {}
    for role, graph in damaged.card.graphs.items():
        (damaged.folder / graph.file).write_bytes(b"no graph at all")
        graphs[role] = dataclasses.replace(graph, sha256=files.sha256(b"no graph at all"))
    dataclasses.replace(damaged.card, graphs=graphs).save(damaged.folder)
    demo = app.build(tmp_path)
    said = demo.health()
    assert said["status"] == "degraded"
    assert said["provider"] in ("CPU", "CUDA")
    (problem,) = said["problems"]
    assert re.fullmatch(r"a-first/\w+\.onnx cannot be opened by onnxruntime; .*\.", problem)
    assert warnings_of(caplog) == [problem]
    assert f"**{problem}**" in shown(demo)


def test_each_model_that_is_left_out_has_one_line_in_the_log_with_the_pages_sentence(
    tmp_path, caplog
):
    toys.heads(tmp_path, "whole")
    shutil.copytree(tmp_path / "whole", tmp_path / "unreadable")
    (toys.heads(tmp_path, "changed").folder / "decoder.onnx").write_bytes(b"damaged")
    (toys.heads(tmp_path, "missing").folder / "decoder.onnx").unlink()
    demo = app.build(tmp_path)
    told = warnings_of(caplog)
    assert sorted(line.split("/")[0] for line in told) == ["changed", "missing", "unreadable"]
    assert told == demo.health()["problems"]
    for line in told:
        assert f"**{line}**" in shown(demo)


def test_nothing_is_logged_of_models_that_are_whole(tmp_path, caplog):
    toys.heads(tmp_path, "whole")
    app.build(tmp_path)
    assert warnings_of(caplog) == []


def warnings_of(caplog):
    return [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]


def shown(demo):
    return "\n".join(str(getattr(block, "value", "")) for block in demo.blocks.values())


@pytest.mark.parametrize(
    ("wanted", "status"), [("", "ok"), ("no repository", "degraded"), ("me/absent", "degraded")]
)
def test_a_repository_that_is_named_and_not_shown_is_left_out_too(
    tmp_path, monkeypatch, wanted, status
):
    monkeypatch.setattr(hub, "cached", lambda source: None)  # and HF_HUB_OFFLINE is set
    monkeypatch.setenv("LATENT_MODELS", wanted)
    toys.heads(tmp_path, "whole")
    said = app.build(tmp_path).health()
    assert (said["status"], said["models"]) == (status, ["whole"])
    assert bool(said["repositories"]) is bool(wanted)


def test_onnxruntime_gpu_may_stand_in_the_place_of_onnxruntime(monkeypatch):
    def version(package):
        if package == "onnxruntime":
            raise health.PackageNotFoundError(package)
        return "1.31.1"

    monkeypatch.setattr(health, "version", version)
    with health.MonitoredBlocks() as lab:
        said = lab.health()["versions"]
    assert said["onnxruntime-gpu"] == "1.31.1"
    assert "onnxruntime" not in said


def test_with_no_models_there_is_no_provider(tmp_path):
    said = healthz(app.build(tmp_path))
    assert (said["status"], said["models"], said["provider"]) == ("ok", [], None)


def test_a_machine_too_busy_for_gradios_look_at_its_own_page_starts_all_the_same(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(gr.networking, "url_ok", lambda url: False)
    assert healthz(app.build(tmp_path))["status"] == "ok"


def test_a_page_of_one_tab_alone_answers_too():
    with gr.Blocks() as demo:
        gr.Markdown("One tab")
    assert healthz(demo) == {"status": "ok"}
