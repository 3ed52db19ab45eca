"""Paths of a person's machine, which must not get into a card."""

from pathlib import Path

import pytest

from gen_models import cards
from gen_models.without_paths import (
    card_without_paths,
    command_without_paths,
    options_without_paths,
    shortened,
)


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("/home/jane/x", "x"),
        ("~/x", "x"),
        ("../jane/x", "x"),
        ("C:\\Users\\Jane\\x", "x"),
        ("folder:/home/jane/cats", "folder:cats"),
        ("folder:jane/cats", "folder:cats"),
        ("folder:C:\\Users\\Jane\\cats", "folder:cats"),
        ("folder:.", "folder:."),
        ("pairs:/home/jane/p,BtoA", "pairs:p,BtoA"),
        ("unpaired:/home/jane/a,/home/jane/b", "unpaired:a,b"),
        ("/", "folder"),
        ("exported/pix2pix-heads-exact", "exported/pix2pix-heads-exact"),
        ("digits", "digits"),
        ("training.vae", "training.vae"),
        ("0.5", "0.5"),
    ],
)
def test_the_last_part_of_a_path_is_kept(text, short):
    assert shortened(text) == short


def test_a_command_keeps_what_is_trained_and_loses_where():
    command = (
        "python -m training.gan --name g --data='folder:/home/jane/my cats' --runs /tmp/r --size 64 --exported=/tmp/x "
        "--replace --gans a b"
    )
    assert command_without_paths(command) == (
        "python -m training.gan --name g --data 'folder:my cats' --size 64 --gans a b"
    )
    options = {"data": "folder:/home/jane/x", "runs": "/r", "exported": "/e", "replace": True}
    wanted = {"data": "folder:x", "runs": "runs", "exported": "exported", "gans": ["b"], "size": 3}
    assert options_without_paths(options | {"gans": ("/a/b",), "size": 3}) == wanted


def test_committed_cards_have_no_paths_and_stay_as_they_are():
    for card in cards.discover(Path("exported"))[0]:
        assert card_without_paths(card) == card
