"""Pairs and pairs hidden: alignment, separation of places, layouts of folders, faults in them."""

import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gen_models.image_files import is_label_map
from training.data import DataError, earth, folder, lines, pairs, stored, toons
from training.data.pairs import Label, Pairs, encode, load_pairs, load_unpaired

pytestmark = pytest.mark.train


def save(file: Path, level: int, size: tuple[int, int] = (20, 20)) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (level, level, level)).save(file)


def refused(load: Callable[..., object], spec: str, **more: object) -> str:
    with pytest.raises(DataError) as caught:
        load(spec, "train", **more)
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    return message


# The container


def test_labels_become_one_hot_and_pictures_become_shares() -> None:
    c = torch.tensor([[[[0, 2]]]], dtype=torch.uint8)
    x = torch.zeros(1, 3, 1, 2, dtype=torch.uint8)
    labels = tuple(Label(name, (0, 0, 0)) for name in "abc")
    known = encode(Pairs(c, x, toons.INFO, labels, ("label",)), c)
    assert known.tolist() == [[[[1, 0]], [[0, 0]], [[0, 1]]]]
    assert encode(Pairs(c, x, toons.INFO), c * 100).max() == np.float32(200 / 255)


def test_crops_of_both_sides_are_of_the_same_place_and_turned_alike() -> None:
    x = torch.arange(64, dtype=torch.uint8).view(1, 1, 8, 8)
    places = torch.tensor([[0, 1, 2, 0, 0], [0, 1, 2, 1, 1]])
    set_ = Pairs(x, x.expand(1, 3, 8, 8), toons.INFO, (), ("height",), places, 4)
    assert len(set_) == 2
    c, wanted = set_[[0, 1]]
    assert torch.equal(c[0, 0], x[0, 0, 1:5, 2:6])
    assert torch.equal(c[1], c[0].flip(1, 2))
    assert torch.equal(c.expand(-1, 3, -1, -1), wanted)
    assert torch.equal(set_[1][0], c[1])
    with pytest.raises(IndexError):
        set_[2]


# The earth


@pytest.fixture
def globe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> earth.Maps:
    """Maps whose pixels tell where they are: row and column, both by sixteenths."""
    y, x = np.mgrid[: earth.HEIGHT, : earth.WIDTH] // 16
    place = np.stack([y, x % 256, x // 256]).astype(np.uint8)
    water = np.zeros_like(place[:1])
    stored.write(
        tmp_path / "earth.npz", earth.INFO,
        satellite=place, relief=place, terrain=np.concatenate([place[:1], water]),
    )  # fmt: skip
    monkeypatch.setenv("LATENT_DATA", str(tmp_path))
    return earth.load(tmp_path)


@pytest.mark.parametrize("size", [128, 256])
def test_crops_of_training_stay_away_from_the_regions_of_test(size: int) -> None:
    water = torch.zeros(earth.HEIGHT, earth.WIDTH, dtype=torch.uint8)
    held = [(450 * i, 450 * j) for i, j in (earth.regions() == 2).nonzero().tolist()]
    assert len(held) == 8
    train = earth.corners(water, size, "train", 32)
    assert len(train) > 1000
    y, x = train.T
    for top, left in held:
        beside = (y + size + earth.GAP <= top) | (y >= top + 450 + earth.GAP)
        for turn in (-earth.WIDTH, 0, earth.WIDTH):  # the earth is round
            past = (x + turn + size + earth.GAP <= left) | (x + turn >= left + 450 + earth.GAP)
            assert (beside | past).all()
    for y, x in earth.corners(water, size, "test", 32).tolist():
        assert any(t <= y <= t + 450 - size and left <= x <= left + 450 - size for t, left in held)


def test_crops_show_land() -> None:
    water = torch.full((earth.HEIGHT, earth.WIDTH), 255, dtype=torch.uint8)
    assert len(earth.corners(water, 128, "train", 32)) == 0
    water[:, : earth.WIDTH // 2] = 0
    at = earth.corners(water, 128, "train", 32)
    assert len(at) > 0
    assert (at[:, 1] <= earth.WIDTH // 2 - 32).all()


def test_terrain_is_cut_at_one_place(globe: earth.Maps) -> None:
    train, test = (load_pairs("terrain", split, 128) for split in ("train", "test"))
    assert len(train) > 10_000
    for split in (train, test):
        c, x = split[[0, 1, len(split) - 1]]
        assert c.shape == (3, 2, 128, 128)
        assert torch.equal(c[:, 0], x[:, 0])


def test_no_place_is_in_both_domains_of_training(globe: earth.Maps) -> None:
    def places(x: torch.Tensor) -> set[tuple[int, ...]]:
        return {tuple(p) for p in x.permute(0, 2, 3, 1)[:, ::16, ::16].reshape(-1, 3).tolist()}

    a, b = load_unpaired("earth", "train", 128)
    assert len(a) > 100
    assert len(b) > 100
    assert not places(a.x) & places(b.x)
    a, b = load_unpaired("earth", "test", 128)
    assert torch.equal(a.x, b.x), "aligned"
    pairs = load_pairs("earth-pairs", "test", 128)
    assert torch.equal(pairs.c, a.x)
    assert torch.equal(pairs.x, b.x)


def test_a_pair_is_turned_round_if_both_are_pictures(globe: earth.Maps) -> None:
    there, back = (load_pairs(name, "test", 128) for name in ("earth-pairs", "earth-pairs,BtoA"))
    assert torch.equal(there.c, back.x)
    assert "turned round" in refused(load_pairs, "terrain,BtoA")


def test_a_damaged_file_or_another_recipe_is_told(globe: earth.Maps, tmp_path: Path) -> None:
    path = tmp_path / "earth.npz"
    stored.write(path, toons.INFO, satellite=np.zeros(1), relief=np.zeros(1), terrain=np.zeros(1))
    assert "another recipe" in refused(load_pairs, "terrain")
    path.write_bytes(b"PK")
    assert "damaged" in refused(load_pairs, "terrain")


def test_crops_have_a_largest_size(globe: earth.Maps) -> None:
    assert "pixels" in refused(load_pairs, "terrain", size=500)


# Line drawings


def test_lines_are_where_the_colour_changes() -> None:
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[:, 5:] = (0, 200, 0)
    drawn = lines.outline(picture)
    assert drawn[:, 2].max() == 0
    assert (np.delete(drawn, 2, 1) == 255).all()


def test_lines_lie_on_the_edges_of_the_cartoon() -> None:
    drawn = lines.build(6)
    x, _, _ = toons.build(6)
    assert drawn.shape == (6, 1, 128, 128)
    for line, picture in zip(drawn[:, 0], x.astype(int), strict=True):
        step = (
            np.abs(np.diff(picture, axis=2)).max(0)[:-1]
            + np.abs(np.diff(picture, axis=1)).max(0)[:, :-1]
        )
        ink = line[:-1, :-1] < 128
        assert 0.01 < ink.mean() < 0.25
        assert step[ink].mean() > 5 * step[~ink].mean()


# Folders


def two_folders(root: Path, count: int = 40) -> None:
    for i in range(count):
        save(root / "A" / f"{i}.png", i)
        save(root / "B" / f"{i}.jpg", 255 - i)


def test_two_folders_of_equal_names(tmp_path: Path) -> None:
    two_folders(tmp_path)
    splits = [load_pairs(f"pairs:{tmp_path}", split, 16) for split in ("train", "test")]
    assert sum(map(len, splits)) == 40
    levels = [set(s.c[:, 0, 8, 8].tolist()) for s in splits]
    assert levels[0] | levels[1] == set(range(40))
    for s in splits:
        assert s.c.shape[1:] == s.x.shape[1:] == (3, 16, 16)
        assert (s.c.int() + s.x.int() - 255).abs().max() <= 2
    back = load_pairs(f"pairs:{tmp_path},BtoA", "train", 16)
    assert torch.equal(back.c, splits[0].x)
    assert torch.equal(back.x, splits[0].c)


@pytest.mark.parametrize("layout", ["{split}/{side}", "{side}/{split}"])
def test_folders_for_train_and_test(tmp_path: Path, layout: str) -> None:
    for split, level in (("train", 10), ("val", 90)):
        for side, more in (("A", 0), ("B", 100)):
            save(tmp_path / layout.format(split=split, side=side) / "1.png", level + more)
    for split, level in (("train", 10), ("test", 90)):
        c, x = load_pairs(f"pairs:{tmp_path}", split, 16)[0]
        assert (int(c[0, 0, 0]), int(x[0, 0, 0])) == (level, level + 100)


def test_pictures_side_by_side(tmp_path: Path) -> None:
    for split in ("train", "test"):
        image = Image.new("RGB", (40, 20), (255, 0, 0))
        image.paste((0, 0, 255), (20, 0, 40, 20))
        (tmp_path / split).mkdir()
        image.save(tmp_path / split / "1.png")
    c, x = load_pairs(f"pairs:{tmp_path}", "test", 16)[0]
    assert (c[0] == 255).all()
    assert (x[2] == 255).all()
    assert not c[2].any()


def test_faults_in_folders_of_pairs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = f"pairs:{tmp_path}"
    assert "no pairs" in refused(load_pairs, spec)
    assert "no folder" in refused(load_pairs, spec + "/nowhere")
    assert "Say which" in refused(load_pairs, "pairs:")
    save(tmp_path / "A/1.png", 1)
    assert "no folder" in refused(load_pairs, spec)
    save(tmp_path / "B/2.png", 1)
    assert "no pairs" in refused(load_pairs, spec)
    assert "left out 2 of 2 files: A/1.png (no partner), B/2.png (no partner)" in (
        capsys.readouterr().err
    )
    (tmp_path / "B/2.png").rename(tmp_path / "B/1.png")
    assert "both need" in refused(load_pairs, spec, size=16)


def test_pairs_that_cannot_be_used_are_named_and_the_others_train(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two_folders(tmp_path, 30)
    (tmp_path / "A/Thumbs.db").write_bytes(b"x")
    (tmp_path / "B/desktop.ini").write_text("x")
    (tmp_path / "B/.DS_Store").write_text("x")
    save(tmp_path / "A/alone.png", 1)
    save(tmp_path / "A/odd.png", 1, (30, 20))
    save(tmp_path / "B/odd.png", 1, (20, 30))
    save(tmp_path / "A/twice.png", 1)
    save(tmp_path / "A/twice.bmp", 1)
    save(tmp_path / "B/twice.png", 1)
    save(tmp_path / "A/text.png", 1)
    (tmp_path / "B/text.png").write_text("no picture")
    noise = np.random.default_rng(0).integers(0, 255, (50, 50, 3), dtype=np.uint8)
    for side in "AB":
        Image.fromarray(noise).save(tmp_path / side / "cut.png")
    data = (tmp_path / "B/cut.png").read_bytes()
    (tmp_path / "B/cut.png").write_bytes(data[: len(data) // 2])
    splits = [load_pairs(f"pairs:{tmp_path}", split, 16) for split in ("train", "test")]
    assert sum(map(len, splits)) == 31
    said = [line for line in capsys.readouterr().err.splitlines() if "left out" in line]
    assert len(said) == 1
    assert "left out 7 of 38 pairs and files" in said[0]
    assert "A/odd.png and B/odd.png (30 x 20 and 20 x 30 pixels)" in said[0]
    assert "A/text.png and B/text.png (not an image)" in said[0]


def halves(file: Path, orientation: int, size: tuple[int, int] = (60, 30)) -> None:
    """Left half red, right half blue, as stored; EXIF turns it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", size, (255, 0, 0))
    image.paste((0, 0, 255), (size[0] // 2, 0, *size))
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(file, exif=exif, quality=95)


def test_pairs_are_turned_before_sizes_are_compared_and_halves_are_cut(tmp_path: Path) -> None:
    for i in range(12):
        halves(tmp_path / "side" / f"{i}.jpg", 3)
        halves(tmp_path / "two/A" / f"{i}.jpg", 6, (40, 30))
        save(tmp_path / "two/B" / f"{i}.png", i, (30, 40))
    c, x = load_pairs(f"pairs:{tmp_path}/side", "train", 16)[0]
    assert (c[2, :, :14] > 200).all(), "upside down: blue is now left"
    assert (x[0, :, 2:] > 200).all()
    c, _ = load_pairs(f"pairs:{tmp_path}/two", "train", 16)[0]
    assert (c[0, :6] > 200).all(), "a quarter clockwise: red is above"
    assert (c[2, -6:] > 200).all()


def test_names_in_two_normal_forms_are_partners(tmp_path: Path) -> None:
    for i in range(12):
        save(tmp_path / "A" / unicodedata.normalize("NFC", f"café {i}.png"), i)
        save(tmp_path / "B" / unicodedata.normalize("NFD", f"café {i}.png"), i)
    splits = [load_pairs(f"pairs:{tmp_path}", split, 16) for split in ("train", "test")]
    assert sum(map(len, splits)) == 12


def test_maps_of_labels_keep_their_colours_and_photographs_are_smoothed(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 256, (4, 3), dtype=np.uint8)
    for i in range(12):
        blocks = colours[rng.integers(0, 4, (7, 7))].repeat(9, 0).repeat(9, 1)
        noise = rng.integers(0, 256, (63, 63, 3), dtype=np.uint8)
        for side, pixels in (("A", blocks), ("B", noise)):
            (tmp_path / side).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / side / f"{i}.png")
    train = load_pairs(f"pairs:{tmp_path}", "train", 32)
    found = {tuple(p) for p in train.c.permute(0, 2, 3, 1).reshape(-1, 3).tolist()}
    assert found <= {tuple(p) for p in colours.tolist()}
    assert train.x.float().std() < 50, "noise of 74 was averaged"


def test_a_line_drawing_is_smoothed() -> None:
    drawing = np.full((64, 64), 255, np.uint8)
    drawing[::4] = 0
    assert not is_label_map(Image.fromarray(drawing))
    assert is_label_map(Image.fromarray(np.stack([drawing, drawing, drawing // 2], 2)))


def test_side_by_side_pictures_that_are_not_two_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path / "1.png", 1, (30, 20))
    assert "both need" in refused(load_pairs, f"pairs:{tmp_path}")
    assert "1.png (30 x 20 pixels, not twice as wide as high)" in capsys.readouterr().err


def test_cyclegans_layout_and_two_folders(tmp_path: Path) -> None:
    for k, name in enumerate(("trainA", "trainB", "testA", "testB")):
        for i in range(k + 1):
            save(tmp_path / name / f"{i}.png", 50 * k + i)
    a, b = load_unpaired(f"unpaired:{tmp_path}", "train", 16)
    assert (len(a), len(b)) == (1, 2)
    a, b = load_unpaired(f"unpaired:{tmp_path}", "test", 16)
    assert sorted(b.x[:, 0, 0, 0].tolist()) == [150, 151, 152, 153]
    assert a.info.sha256 != b.info.sha256
    two_folders(tmp_path / "two")
    spec = f"unpaired:{tmp_path}/two/A,{tmp_path}/two/B"
    a, b = load_unpaired(spec, "train", 16)
    assert a.x.max() < 45 < 200 < b.x.min()
    (tmp_path / "two").rename(tmp_path / "one, two")
    spec = f"unpaired:{tmp_path}/one, two/A,{tmp_path}/one, two/B"
    again = load_unpaired(spec, "train", 16)
    assert torch.equal(again[0].x, a.x)
    assert torch.equal(again[1].x, b.x)


def test_each_folder_of_two_domains_is_decoded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_folders(tmp_path)
    decoded: list[Path] = []
    opened = folder.opened
    monkeypatch.setattr(folder, "opened", lambda data: decoded.append(data) or opened(data))
    spec = f"unpaired:{tmp_path}/A,{tmp_path}/B"
    for split in ("train", "test", "test"):
        load_unpaired(spec, split, 16)
    assert len(decoded) == 80


def test_faults_in_two_domains(tmp_path: Path) -> None:
    save(tmp_path / "trainA/1.png", 1)
    assert "no folder" in refused(load_unpaired, f"unpaired:{tmp_path}")
    assert "name two" in refused(load_unpaired, f"unpaired:{tmp_path},{tmp_path}")
    for name in ("trainB", "testA"):
        save(tmp_path / name / "1.png", 1)
    (tmp_path / "testB").mkdir()
    assert "no images" in refused(load_unpaired, f"unpaired:{tmp_path}")
    (tmp_path / "testB/1.png").write_bytes(b"no picture")
    assert "0 for test" in refused(load_unpaired, f"unpaired:{tmp_path}")


def test_names_splits_and_sizes_that_are_not() -> None:
    assert "no pairs" in refused(load_pairs, "digits")
    assert "no two domains" in refused(load_unpaired, "terrain")
    assert "between" in refused(load_pairs, "terrain", size=1)
    with pytest.raises(DataError, match="no split"):
        pairs.load_pairs("terrain", "val")  # pyright: ignore[reportArgumentType]
