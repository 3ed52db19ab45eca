"""The cartoon busts: what is drawn, how it is split, and what is said of a file that is not right."""

import hashlib
import importlib.metadata
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch

from training import data
from training.data import DataError, toons

pytestmark = pytest.mark.train

REAL_ROOT = str(data.root())
COUNT = 60
FIRST_20 = "ad2e4faf7b6a9c44a084b6c8d92b69d0b826a52ae132c401748188454858eac3"
"""SHA-256 of the first 20 drawings. If it changes, so does `toons.INFO.sha256`: build anew."""


class Built(NamedTuple):
    x: np.ndarray
    factors: np.ndarray
    found: str


@pytest.fixture(scope="module")
def built() -> Built:
    """The first cartoons, really drawn; once for all tests here."""
    return Built(*toons.build(COUNT))


@pytest.fixture
def small(built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder, empty; to build the set there gives the first cartoons alone."""
    monkeypatch.setenv("LATENT_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(toons, "INFO", replace(toons.INFO, sha256=built.found))
    monkeypatch.setattr(toons, "build", lambda count: built)
    return tmp_path / "data"


def no_build(count: int) -> Built:
    raise AssertionError("built")


def refused() -> str:
    """What is said of the file that is there; it is one sentence."""
    with pytest.raises(DataError) as caught:
        data.load("toons", "train")
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    return message


# What is drawn


def test_a_cartoon_depends_on_seed_and_number_alone(built: Built) -> None:
    drawn = {bytes(x) for x in built.x}
    for i in (COUNT - 1, 0, 17):
        assert bytes(np.ascontiguousarray(toons.pixels(toons.svg(toons.toon(0, i))))) in drawn
        assert toons.toon(0, i) == toons.toon(0, i) != toons.toon(1, i)
    assert bytes(toons.build(3)[0][0]) in drawn, "whatever the count"


def test_the_first_drawings_are_those_of_the_pinned_recipe() -> None:
    texts = "".join(toons.svg(toons.toon(toons.SEED, i)) for i in range(20))
    assert hashlib.sha256(texts.encode()).hexdigest() == FIRST_20


def test_pictures_and_factors_are_in_range(built: Built) -> None:
    assert built.x.shape == (COUNT, 3, 128, 128)
    assert built.x.dtype == np.uint8
    assert (built.x.reshape(COUNT, -1).max(1) > 200).all(), "no picture is dark"
    assert (built.x.reshape(COUNT, -1).min(1) < 30).all(), "outlines are nearly black"
    assert built.factors.shape == (COUNT, 11)
    factors = np.array([toons.toon(0, i).factors for i in range(2000)])
    for (name, values), column in zip(toons.VALUES.items(), factors.T, strict=True):
        may_be_absent = toons.ABSENT.get(name.removesuffix("Variant"), 0) > 0
        assert np.unique(column).tolist() == list(range(-may_be_absent, len(values))), name


def test_the_names_of_parts_are_the_styles_own() -> None:
    style = toons._style()
    for name, variants in toons.PARTS.items():
        assert sorted(style.components()[name].variants()) == sorted(variants)
    assert not {"animation", "script"} & {*re.findall(r"<(\w+)", toons.svg(toons.toon(0, 0)))}


def test_every_factor_shows() -> None:
    toon = toons.toon(0, 0)
    before = toons.pixels(toons.svg(toon)).astype(int)
    for name, values in toons.VALUES.items():
        part, kind = re.fullmatch("(.+)(Variant|Color)", name).groups()
        old = toon.factors[toons.INFO.factors.index(name)]
        new = values[(old + 1) % len(values)]
        if kind == "Color":
            new = toons.COLOURS[part][new]
        options = toon.options | {name: new}
        if kind == "Variant":
            options[f"{part}Probability"] = 100
        after = toons.pixels(toons.svg(toon._replace(options=options))).astype(int)
        assert (np.abs(after - before).max(0) > 10).sum() > 50, name


def test_eyes_eyebrows_and_mouth_are_moved() -> None:
    toon = toons.toon(0, 0)
    text = toons.svg(toon)
    for name, nudge in toon.nudges.items():
        assert len(re.findall(rf'{re.escape(nudge)}" href="#{name}-', text)) == 1, name
    assert re.findall('stroke-width="(.+?)"', text) == [str(toons.OUTLINE)]


def test_a_moved_colour_is_still_nearest_to_its_palette_entry() -> None:
    drawn = set()
    for i in range(1000):
        toon = toons.toon(0, i)
        colours = toon.factors[len(toons.PARTS) :]
        for (name, palette), index in zip(toons.COLOURS.items(), colours, strict=True):
            entries = np.array([[*bytes.fromhex(rgb)] for rgb in palette.values()])
            moved = np.array([*bytes.fromhex(toon.options[f"{name}Color"])])
            assert np.square(entries - moved).sum(1).argmin() == index, (i, name)
        drawn.add(toon.options["skinColor"])
    assert len(drawn) > 800, "skin varies beyond its eight tones"


@pytest.mark.parametrize("tone", ["tone 1", "tone 5", "tone 8"])
def test_faces_show_on_every_tone_of_skin(tone: str) -> None:
    """Eyes and mouth differ from the skin by levels that an eye can see, at 128 pixels."""
    toon = toons.toon(0, 0)
    skin = toons.COLOURS["skin"][tone]
    for name, box in {"eyes": np.s_[65:76, 40:88], "mouth": np.s_[78:92, 50:78]}.items():
        for variant in toons.PARTS[name]:
            options = toon.options | {"skinColor": skin, "hairVariant": "undercut"}
            options |= {f"{name}Variant": variant, "beardProbability": 0}
            picture = toons.pixels(toons.svg(toon._replace(options=options)))
            off = np.abs(picture.transpose(1, 2, 0)[box] - np.array([*bytes.fromhex(skin)])).max(2)
            assert (off > 35).sum() >= 10, (name, variant)


# The split


def test_no_test_picture_has_the_shapes_of_a_training_picture(built: Built) -> None:
    factors = np.array([toons.toon(0, i).factors for i in range(toons.COUNT)])
    test = toons.is_test(factors)
    shapes = factors[:, : len(toons.PARTS)]
    assert not {*map(tuple, shapes[test])} & {*map(tuple, shapes[~test])}
    assert 0.09 < test.mean() < 0.11
    assert len({bytes(x) for x in built.x}) == COUNT, "no picture comes twice"


def test_a_set_is_built_once_and_read_back_the_same(
    built: Built, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = [data.load("toons", split) for split in ("train", "test")]
    monkeypatch.setattr(toons, "build", no_build)
    monkeypatch.setattr(toons, "check_packages", no_build)  # to read, none are needed
    for a, b in zip(first, [data.load("toons", s) for s in ("train", "test")], strict=True):
        assert torch.equal(a.x, b.x)
        assert torch.equal(a.factors, b.factors)
        assert a.info == b.info
        assert b.factors.dtype == torch.float32
        assert b.y is None
    train, test = first
    assert len(train) + len(test) == COUNT
    assert toons.is_test(test.factors.numpy()).all()
    assert not toons.is_test(train.factors.numpy()).any()
    assert torch.equal(torch.cat([train.x, test.x]), torch.from_numpy(built.x))
    small_pictures = data.load("toons", "test", size=64)
    assert small_pictures.x.shape == (len(test), 3, 64, 64)
    assert torch.equal(small_pictures.factors, test.factors)


def test_pictures_and_factors_stay_together(built: Built) -> None:
    """Rows are reordered by split: the background in a corner must be that of the factors."""
    column = toons.INFO.factors.index("backgroundColor")
    palette = [bytes.fromhex(rgb) for rgb in toons.COLOURS["background"].values()]
    own = np.array([[*palette[index]] for index in built.factors[:, column]])
    assert np.abs(built.x[:, :, 1, 1] - own).max() <= 255 * (toons.SHADE + toons.TINT) + 1


# The facts


def test_the_licence_names_the_author_and_what_was_changed() -> None:
    assert toons.INFO.licence.startswith("CC BY 4.0 (Toon Head by Johan Melin, through DiceBear)")
    assert "recoloured" in toons.INFO.note
    assert "https://creativecommons.org/licenses/by/4.0/" in toons.INFO.note
    for name, version in toons.PACKAGES.items():
        if name.startswith("dicebear"):
            assert f"{name} {version}" in toons.INFO.source
    assert toons.INFO.factors == tuple(toons.VALUES)
    requirements = Path(toons.__file__).parents[1] / "requirements.txt"
    for name, version in toons.PACKAGES.items():
        assert f"{name}=={version}" in requirements.read_text().splitlines()


def test_the_file_names_the_values_of_each_factor(small: Path) -> None:
    data.load("toons", "train")
    with np.load(small / "toons.npz", allow_pickle=False) as file:
        assert sorted(file) == ["factors", "meta", "split", "x"]
        meta = json.loads(str(file["meta"]))
        assert np.array_equal(file["split"], toons.is_test(file["factors"]))
    assert list(meta["values"]) == list(toons.INFO.factors)
    assert meta["values"]["hairColor"][0] == "black"
    assert meta["info"]["licence"] == toons.INFO.licence


# What can go wrong


def half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flipped_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    path.write_bytes(content)


def changed(path: Path, name: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **arrays | {name: change(arrays[name])})


DAMAGES: dict[str, Callable[[Path], object]] = {
    "half": half,
    "flipped bit": flipped_bit,
    "empty": lambda path: path.write_text(""),
    "a column of pixels": lambda path: changed(path, "x", lambda x: x ^ (np.arange(128) == 5)),
    "factors in another order": lambda path: changed(path, "factors", lambda f: f[::-1]),
    "no facts": lambda path: changed(path, "meta", lambda _: np.array("[]")),
    "another set": lambda path: np.savez(path, x=np.zeros(3)),
    "pickled": lambda path: np.savez(path, x=np.array([{}], dtype=object)),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_refused(damage: Callable[[Path], object], small: Path) -> None:
    data.load("toons", "train")
    damage(small / "toons.npz")
    message = refused()
    assert "damaged" in message
    assert "toons.npz" in message
    assert "delete it" in message


def test_a_file_of_another_recipe_is_refused(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data.load("toons", "train")
    monkeypatch.setattr(toons, "INFO", replace(toons.INFO, sha256="0" * 64))
    assert "another recipe" in refused()


def test_a_build_that_was_cut_short_leaves_nothing_that_is_read(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(file, **_) -> None:
        file.write(b"half a file")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez_compressed", killed)
        with pytest.raises(KeyboardInterrupt):
            data.load("toons", "train")
    assert list(small.iterdir()) == []
    assert len(data.load("toons", "train")) > 40
    assert [path.name for path in small.iterdir()] == ["toons.npz"]


def test_drawing_stops_at_once_when_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(drawn, *_, **__):
        yield next(drawn)
        raise KeyboardInterrupt

    monkeypatch.setattr(toons, "tqdm", interrupted)
    with pytest.raises(KeyboardInterrupt):
        toons.build(400)


def test_cartoons_that_are_not_the_expected_ones_are_not_stored(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toons, "INFO", replace(toons.INFO, sha256="0" * 64))
    assert "not the expected" in refused()
    assert not list(small.glob("*"))


@pytest.mark.parametrize("name", toons.PACKAGES)
def test_a_package_that_is_missing_or_another_version_is_one_sentence(
    name: str, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.metadata.version
    monkeypatch.setattr(toons, "build", no_build)
    monkeypatch.setattr(
        importlib.metadata, "version", lambda asked: "99.0" if asked == name else real(asked)
    )
    message = refused()
    assert f"{name} 99.0" in message
    assert f"pip install dicebear-core=={toons.PACKAGES['dicebear-core']}" in message

    def missing(asked: str) -> str:
        if asked == name:
            raise importlib.metadata.PackageNotFoundError(asked)
        return real(asked)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    message = refused()
    assert f"{name}, which is not installed" in message
    assert f"{name}=={toons.PACKAGES[name]}" in message


# The real set, where this checkout has it


def test_the_real_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_DATA", REAL_ROOT)
    if not (data.root() / "toons.npz").exists():
        pytest.skip("toons is not built: python -m training.data toons")
    splits = toons.load(data.root())
    assert [len(images) for images in splits] == [8995, 1005]
    twins = {bytes(x) for x in splits.test.x.numpy()} & {bytes(x) for x in splits.train.x.numpy()}
    assert not twins
