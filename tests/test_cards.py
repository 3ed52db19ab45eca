import json
from dataclasses import replace

import pytest

from gen_models import cards


@pytest.fixture
def folder(toy_card, tmp_path):
    toy_card.save(tmp_path / toy_card.name)
    return tmp_path / toy_card.name


def edit(folder, **changes):
    path = folder / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return path


def test_a_card_survives_the_disk(folder, toy_card):
    assert cards.load(folder / "card.json") == toy_card


def test_labels_and_channels_survive_the_disk_and_older_cards_have_none(folder, toy_card):
    labels = (cards.Label("skin", (230, 180, 150)), cards.Label("hair", (60, 40, 30)))
    replace(toy_card, labels=labels, channels=("height", "water")).save(folder)
    card = cards.load(folder / "card.json")
    assert (card.labels, card.channels) == (labels, ("height", "water"))
    raw = json.loads((folder / "card.json").read_text())
    del raw["labels"], raw["channels"]
    (folder / "card.json").write_text(json.dumps(raw))
    assert cards.load(folder / "card.json") == toy_card


def test_the_readme_states_licence_data_numbers_and_command(folder, toy_card):
    text = (folder / "README.md").read_text()
    assert text.startswith("---\nlicense: other\n")
    for fact in (
        toy_card.dataset.licence,
        toy_card.training.command,
        toy_card.limitations,
        "0.125",
        "python -m measure",
    ):
        assert fact in text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"schema": 99}, "schema 99"),
        ({"family": "oracle"}, "unknown family"),
        ({"name": "somebody-else"}, "belongs to"),
        ({"graphs": {"decoder": {}}}, "is damaged"),
        ({"metrics": 3}, "is damaged"),
        ({"surprise": 1}, "is damaged"),
    ],
)
def test_a_card_that_cannot_be_used_gives_one_sentence(folder, changes, sentence):
    with pytest.raises(cards.CardError, match=sentence) as caught:
        cards.load(edit(folder, **changes))
    assert "\n" not in str(caught.value)


def test_a_graph_outside_its_folder_is_refused(folder, toy_card):
    graph = replace(toy_card.graphs["decoder"], file="../../etc/passwd")
    replace(toy_card, graphs={"decoder": graph}).save(folder)
    with pytest.raises(cards.CardError, match="outside its own folder"):
        cards.load(folder / "card.json")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"schema": 1}'])
def test_damaged_json_is_a_problem_of_that_card_alone(folder, toy_card, content):
    (folder.parent / "broken").mkdir()
    (folder.parent / "broken" / "card.json").write_bytes(content)
    found, problems = cards.discover(folder.parent)
    assert found == [toy_card]
    assert len(problems) == 1
    assert problems[0].startswith("broken/card.json")


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "a"
    cards.write_atomically(path, b"old")
    monkeypatch.setattr(
        "pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError("no space"))
    )
    with pytest.raises(OSError, match="no space"):
        cards.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_new_numbers_replace_old_ones_of_the_same_name(toy_card):
    metric = replace(toy_card.metrics["error"], value=2.0)
    assert toy_card.with_metrics({"error": metric, "other": metric}).metrics == {
        "error": metric,
        "other": metric,
    }
