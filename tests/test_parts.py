"""What the page leaves out until its tab is opened: nothing is lost, and nothing comes twice."""

import asyncio
import json
import urllib.error
import urllib.request
from copy import deepcopy

import gradio as gr
import pytest

from gen_models.app import controls
from gen_models.app.hosting import parts

# The browser's side is in tests/browser: every test there that opens an experiment waits for its part.


def component(number, kind="html", **props):
    return {"id": number, "type": kind, "props": {"interactive": True, **props}}


def event(number, targets, inputs=(), outputs=(), after=None):
    return {
        "id": number, "api_name": f"event_{number}", "targets": targets, "inputs": list(inputs),
        "outputs": list(outputs), "trigger_after": after,
    }  # fmt: skip


@pytest.fixture
def config():
    """A bar (1), and two places (2, 5) in a row (9): one has a column (3) with a box (4), the other a button (6)."""
    layout = {"id": 0, "children": [
        {"id": 1},
        {"id": 9, "children": [
            {"id": 2, "children": [{"id": 3, "children": [{"id": 4}]}]},
            {"id": 5, "children": [{"id": 6}]},
        ]},
    ]}  # fmt: skip
    return {
        "layout": layout,
        "components": [
            component(1), component(2, "column", elem_id="part-a/b", elem_classes=["ll-part"]),
            component(3, "column"), component(4, html_template=controls.template("Thing", {})),
            component(5, "column", elem_id="part-a/c", elem_classes=["ll-part"]), component(6, "button"),
            component(9, "row"),
        ],
        "dependencies": [
            event(10, [[1, "input"]], [1]), event(11, [[4, "change"]], [4], [4]), event(12, [[6, "click"]]),
            event(13, [[None, "then"]], after=12), event(14, [[None, "unload"]]),
        ],
        "page": {"": {
            "layout": deepcopy(layout), "components": [1, 2, 3, 4, 5, 6, 9], "dependencies": [10, 11, 12, 13, 14],
        }},
    }  # fmt: skip


def numbers(each):
    return [one["id"] for one in each]


def test_parts_are_cut_out_with_their_events(config):
    page = config["page"][""]
    taken = parts.take_out(config)
    assert numbers(config["components"]) == page["components"] == [1, 2, 5, 9]
    assert numbers(config["dependencies"]) == page["dependencies"] == [10, 14]
    for layout in (config["layout"], page["layout"]):
        assert layout["children"][1]["children"] == [
            {"id": 2, "children": []},
            {"id": 5, "children": []},
        ]
    first, second = taken["a/b"], taken["a/c"]
    assert first["layout"] == {"id": 2, "children": [{"id": 3, "children": [{"id": 4}]}]}
    assert numbers(first["components"]) == [2, 3, 4]  # the place itself is drawn anew
    assert numbers(first["dependencies"]) == [11]
    assert numbers(second["components"]) == [5, 6]
    assert numbers(second["dependencies"]) == [12, 13]
    assert first["render_id"] != second["render_id"]


@pytest.mark.parametrize(
    ("props", "count"),
    [({}, 1), ({"visible": True}, 1), ({"visible": False}, 0), ({"open": False}, 0)],
)
def test_a_place_says_how_many_live_controls_it_shows(config, props, count):
    config["components"][2]["props"] |= props
    taken = parts.take_out(config)
    place, empty = taken["a/b"]["components"][0], taken["a/c"]["components"][0]
    assert place["props"]["elem_classes"] == ["ll-part", f"{parts.AWAITS}{count}"]
    assert empty["props"]["elem_classes"] == ["ll-part", f"{parts.AWAITS}0"]


def test_an_event_between_two_parts_is_refused(config):
    config["dependencies"].append(event(15, [[4, "change"]], [4], [6]))
    with pytest.raises(ValueError, match="event_15 joins parts"):
        parts.take_out(config)


@pytest.mark.parametrize(
    ("said", "value", "inputs", "outputs", "expected"),
    [
        (True, "x", [], [4], True),
        (False, "x", [4], [], False),
        (None, "x", [4], [4], True),
        (None, "", [], [], True),
        (None, "x", [], [], False),
        (None, "", [], [4], False),
    ],
)
def test_what_can_be_operated_is_said_from_all_events(
    config, said, value, inputs, outputs, expected
):
    config["components"][3]["props"] = {"interactive": said, "value": value}
    config["dependencies"][1] = event(11, [[4, "change"]], inputs, outputs)
    taken = parts.take_out(config)
    assert taken["a/b"]["components"][2]["props"]["interactive"] is expected


def test_a_page_of_one_part_comes_by_its_event():
    with parts.PartedBlocks() as blocks:
        parts.bringer(["a/b"])
    fn = next(fn for fn in blocks.fns.values() if fn.api_name == parts.EVENT)

    def ask(name):
        return asyncio.run(blocks.process_api(fn, [name], request=None))

    assert ask("a/b")["render_config"] is None  # the page has everything
    parts.give(blocks, {"a/b": {"render_id": 2}})
    assert ask("a/b")["render_config"] == {"render_id": 2}
    with pytest.raises(gr.Error, match=parts.NO_SUCH_PART):
        ask("a/c")


# ---------------------------------------------------------------------------------------------------------------------
# The app
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def asked(app_url):
    """Ask the app for a part, as its page does."""
    address = app_url.rstrip("/")
    with urllib.request.urlopen(f"{address}/config", timeout=60) as answer:
        whole = json.loads(answer.read())
    bring = next(each for each in whole["dependencies"] if each["api_name"] == parts.EVENT)

    def ask(name):
        body = {"data": [name], "fn_index": bring["id"], "session_hash": "abc"}
        request = urllib.request.Request(
            f"{address}/gradio_api/run/predict",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    return ask, whole


def test_a_page_of_before_the_server_started_anew_gets_its_part(asked):
    ask, whole = asked
    part = ask("vae/map")["render_config"]
    there = {each["id"]: each for each in whole["components"]}
    assert {each["id"] for each in part["components"]} <= set(there)
    assert "vae_map" in {each["api_name"] for each in part["dependencies"]}
    assert "http" not in json.dumps([each["props"].get("value") for each in part["components"]])


def test_a_name_that_is_none_gets_a_sentence(asked):
    ask, _ = asked
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask("../etc")
    assert parts.NO_SUCH_PART in refused.value.read().decode()
