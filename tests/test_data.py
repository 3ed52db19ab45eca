"""Data recipes. No test here needs a network: downloads are replaced by what they would give."""

import gzip
import io
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import BatchSampler, DataLoader, SequentialSampler

from training import data
from training.data import DataError, Images, common, digits, torchvision_sets, walk
from training.data import folder as recipe
from training.data.__main__ import main
from training.data.decoded import Item, Row, is_test
from training.data.torchvision_compat import torchvision, v2

pytestmark = pytest.mark.train

REAL_ROOT = str(data.root())


@pytest.fixture(autouse=True)
def data_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, and nothing to be had from outside."""
    monkeypatch.setenv("LATENT_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("LATENT_DECODED")
    monkeypatch.setattr(torchvision_sets, "_download", lambda dataset, aside: None)
    monkeypatch.setattr(torchvision_sets, "_from_debian", lambda aside: None)
    monkeypatch.setattr(digits, "_fetch_npm", no_npm)
    return tmp_path / "data"


def no_npm() -> tuple[np.ndarray, np.ndarray]:
    raise FileNotFoundError("npm")


def no_decoding(*_: object) -> None:
    raise AssertionError("decoded")


def one_sentence(caught: pytest.ExceptionInfo[DataError]) -> str:
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert "Traceback" not in message
    return message


# The set and its scale


def test_to_float_maps_the_ends_exactly_and_refuses_to_scale_twice() -> None:
    x = data.to_float(torch.tensor([0, 51, 255], dtype=torch.uint8))
    assert x.dtype == torch.float32
    assert x.tolist() == [0, np.float32(0.2), 1]
    with pytest.raises(TypeError, match="uint8"):
        data.to_float(x)


def test_an_index_gives_a_picture_and_a_list_gives_a_batch() -> None:
    x = torch.arange(5 * 12, dtype=torch.uint8).view(5, 3, 2, 2)
    images = Images(x, None, digits.INFO)
    assert len(images) == 5
    assert torch.equal(images[3], x[3])
    assert torch.equal(images[[4, 0, 4]], torch.stack([x[4], x[0], x[4]]))
    with pytest.raises(IndexError):
        images[5]


def test_a_data_loader_passes_whole_lists_of_indices() -> None:
    images = Images(torch.arange(10, dtype=torch.uint8).view(10, 1, 1, 1), None, digits.INFO)
    sampler = BatchSampler(SequentialSampler(images), batch_size=4, drop_last=False)
    batches = list(DataLoader(images, sampler=sampler, batch_size=None))
    assert [batch.flatten().tolist() for batch in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_size_and_channels_of_a_named_set() -> None:
    x = torch.zeros(3, 1, 28, 28, dtype=torch.uint8)
    x[:, :, :, 14:] = 255
    fitted = common.fit(Images(x, None, digits.INFO), 32, 3).x
    assert fitted.shape == (3, 3, 32, 32)
    assert fitted.dtype == torch.uint8
    assert fitted.is_contiguous()
    assert torch.equal(fitted[:, 0], fitted[:, 2])
    assert fitted[0, 0, 5, 0] == 0  # bicubic overshoot is cut off, not wrapped round
    assert fitted[0, 0, 5, -1] == 255


def test_the_hash_knows_type_shape_and_content() -> None:
    a = np.arange(6, dtype=np.uint8)
    variants = [a, a.reshape(2, 3), a.astype(np.int64), a[::-1]]
    assert len({common.sha256(v) for v in variants}) == 4
    assert common.sha256(a[::-1]) == common.sha256(a[::-1].copy())


# Digits


@pytest.fixture
def toy_digits(monkeypatch: pytest.MonkeyPatch) -> tuple[np.ndarray, np.ndarray]:
    """130 random "digits" in place of the real 10,000, their hash pinned."""
    random = np.random.default_rng(0)
    x = random.integers(0, 256, (130, 28, 28), dtype=np.uint8)
    y = np.repeat(np.arange(10, dtype=np.uint8), 13)
    found = common.sha256(*digits.canonical_order(x, y))
    monkeypatch.setattr(digits, "COUNT", 130)
    monkeypatch.setattr(digits, "INFO", replace(digits.INFO, sha256=found))
    monkeypatch.setattr(digits, "_fetch_npm", lambda: (x.copy(), y.copy()))
    return x, y


def test_canonical_order_does_not_depend_on_the_order_it_is_given() -> None:
    random = np.random.default_rng(1)
    x = random.integers(0, 2, (60, 28, 28), dtype=np.uint8)
    x[10] = x[11]  # the same picture twice, with one label and with two
    y = random.integers(0, 10, 60, dtype=np.uint8)
    x0, y0 = digits.canonical_order(x, y)
    for _ in range(5):
        shuffle = random.permutation(60)
        x1, y1 = digits.canonical_order(x[shuffle], y[shuffle])
        assert np.array_equal(x0, x1)
        assert np.array_equal(y0, y1)
    assert {*zip(map(bytes, x), y, strict=True)} == {*zip(map(bytes, x0), y0, strict=True)}
    assert not np.array_equal(y0, np.sort(y0)), "the classes are mixed"


def test_the_split_takes_one_in_six_of_each_class() -> None:
    y = np.random.default_rng(2).permutation(np.repeat(np.arange(10), range(60, 70)))
    test = digits.is_test(y)
    assert np.bincount(y[test]).tolist() == [n // 6 for n in range(60, 70)]
    assert np.array_equal(test, digits.is_test(y))


def test_digits_are_built_once_and_read_back_the_same(
    toy_digits: tuple[np.ndarray, np.ndarray], data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = data.load("digits", "train"), data.load("digits", "test")
    monkeypatch.setattr(digits, "_fetch_npm", no_npm)
    read = data.load("digits", "train"), data.load("digits", "test")
    for a, b in zip(built, read, strict=True):
        assert torch.equal(a.x, b.x)
        assert torch.equal(a.y, b.y)
        assert a.info == b.info
        assert a.x.dtype == torch.uint8
        assert a.y.dtype == torch.int64
    train, test = read
    assert (len(train), len(test)) == (110, 20)
    assert test.y.bincount().tolist() == [2] * 10
    assert not {bytes(x.numpy()) for x in train.x} & {bytes(x.numpy()) for x in test.x}
    with np.load(data_root / "digits.npz", allow_pickle=False) as file:
        assert sorted(file) == ["meta", "split", "x", "y"]
        assert file["split"].sum() == 20


def test_both_ways_to_the_digits_give_the_same_bytes(
    toy_digits: tuple[np.ndarray, np.ndarray], data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_npm = data.load("digits", "train")
    (data_root / "digits.npz").unlink()
    x, y = toy_digits
    order = np.random.default_rng(3).permutation(len(x))
    more = np.zeros((7, 28, 28), np.uint8)  # MNIST goes on after the part we take
    x, y = np.concatenate([x[order], more]), np.append(y[order], [0] * 7)
    write_idx(data_root / "MNIST" / "raw", x, y)
    monkeypatch.setattr(digits, "_fetch_npm", no_npm)
    by_torchvision = data.load("digits", "train")
    assert torch.equal(by_npm.x, by_torchvision.x)
    assert torch.equal(by_npm.y, by_torchvision.y)
    assert by_npm.info == by_torchvision.info


def test_three_decimals_give_every_grey_level_back(tmp_path: Path) -> None:
    levels = np.arange(784, dtype=np.uint8)  # 0..255 three times over, and some
    package = tmp_path / "package" / "src" / "digits"
    package.mkdir(parents=True)
    for digit in range(10):
        values = ",".join(f"{v / 255:.3g}" if v == 0 else f"{v / 255:.3f}" for v in levels)
        (package / f"{digit}.json").write_text(f'{{"data":[{values}]}}')
    archive = shutil.make_archive(str(tmp_path / "mnist"), "gztar", tmp_path, "package")
    x, y = digits.read_npm(Path(archive))
    assert np.array_equal(x, np.tile(levels.reshape(28, 28), (10, 1, 1)))
    assert y.tolist() == list(range(10))


def half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flipped_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)


def one_pixel_off(path: Path) -> None:
    with np.load(path) as file:
        arrays = dict(file)
    arrays["x"][0, 0, 0] ^= 1
    np.savez(path, **arrays)


def other_shape(path: Path) -> None:
    np.savez(path, x=np.zeros((3, 8, 8), np.uint8), y=np.zeros(3, np.uint8))


def no_labels(path: Path) -> None:
    np.savez(path, x=np.zeros((130, 28, 28), np.uint8))


def pickled(path: Path) -> None:
    np.savez(path, x=np.array([{}], dtype=object), y=np.zeros(1))


@pytest.mark.parametrize(
    "damage",
    [half, flipped_bit, one_pixel_off, other_shape, no_labels, pickled, lambda p: p.write_text("")],
)
def test_a_damaged_digits_file_is_refused_in_one_sentence(
    damage: Callable[[Path], None],
    toy_digits: tuple[np.ndarray, np.ndarray],
    data_root: Path,
) -> None:
    data.load("digits", "train")
    damage(data_root / "digits.npz")
    with pytest.raises(DataError) as caught:
        data.load("digits", "train")
    assert "digits.npz" in one_sentence(caught)
    assert "delete it" in str(caught.value)


def test_digits_that_are_not_the_expected_ones_are_not_stored(
    toy_digits: tuple[np.ndarray, np.ndarray], data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = toy_digits
    monkeypatch.setattr(digits, "_fetch_npm", lambda: (x ^ 1, y))
    with pytest.raises(DataError) as caught:
        data.load("digits", "train")
    one_sentence(caught)
    assert not (data_root / "digits.npz").exists()


def test_a_build_that_was_killed_leaves_nothing_that_is_read(
    toy_digits: tuple[np.ndarray, np.ndarray], data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(file: io.BufferedWriter, **_: np.ndarray) -> None:
        file.write(b"half a file")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez_compressed", killed)
        with pytest.raises(KeyboardInterrupt):
            data.load("digits", "train")
    assert list(data_root.iterdir()) == []
    assert len(data.load("digits", "train")) == 110
    assert [p.name for p in data_root.iterdir()] == ["digits.npz"]


def test_without_any_way_to_the_digits_one_sentence_says_what_to_do(data_root: Path) -> None:
    with pytest.raises(DataError) as caught:
        data.load("digits", "train")
    assert "python -m training.data digits" in one_sentence(caught)
    assert not list(data_root.rglob("*")), "nothing half made is left"


# torchvision's sets


def write_idx(raw: Path, x: np.ndarray, y: np.ndarray, zipped: bool = False) -> None:
    """The same pictures as train and as test, in MNIST's file format."""
    raw.mkdir(parents=True)
    for part in ("train", "t10k"):
        for kind, array in (("images-idx3", x), ("labels-idx1", y)):
            header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
            content = header + array.astype(np.uint8).tobytes()
            name = f"{part}-{kind}-ubyte"
            if zipped:
                (raw / f"{name}.gz").write_bytes(gzip.compress(content))
            else:
                (raw / name).write_bytes(content)


@pytest.fixture
def clothes(monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Twelve random pictures; their hash as that of Fashion-MNIST."""
    x = np.random.default_rng(4).integers(0, 256, (12, 28, 28), dtype=np.uint8)
    y = np.arange(12) % 10
    info = replace(torchvision_sets.FASHION_INFO, sha256=common.sha256(x, y, x, y))
    monkeypatch.setattr(torchvision_sets, "FASHION_INFO", info)
    return x


@pytest.mark.parametrize("zipped", [False, True])
def test_a_set_in_torchvisions_layout_is_read_packed_or_not(
    zipped: bool, clothes: np.ndarray, data_root: Path
) -> None:
    write_idx(data_root / "FashionMNIST" / "raw", clothes, np.arange(12) % 10, zipped)
    train = data.load("fashion", "train")
    assert np.array_equal(train.x[:, 0], clothes)
    assert train.y.tolist() == [*range(10), 0, 1]
    assert train.info.classes[9] == "Ankle boot"
    assert not list(data_root.glob(".fetch-*"))


def test_debians_files_are_unpacked_into_torchvisions_layout(
    clothes: np.ndarray, data_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_idx(tmp_path / "debian", clothes, np.arange(12) % 10, zipped=True)
    monkeypatch.setattr(
        torchvision_sets,
        "_from_debian",
        lambda aside: torchvision_sets._unpack(tmp_path / "debian", aside),
    )
    assert len(data.load("fashion", "test")) == 12
    raw = data_root / "FashionMNIST" / "raw"
    assert sorted(p.name for p in raw.iterdir()) == sorted(torchvision_sets.FILES)


def test_a_set_with_a_wrong_hash_or_a_short_file_is_refused(
    clothes: np.ndarray, data_root: Path
) -> None:
    raw = data_root / "FashionMNIST" / "raw"
    write_idx(raw, clothes ^ 1, np.arange(12) % 10)
    with pytest.raises(DataError) as caught:
        data.load("fashion", "train")
    assert "delete" in one_sentence(caught)
    half(raw / "train-images-idx3-ubyte")
    with pytest.raises(DataError) as caught:
        data.load("fashion", "train")
    assert "damaged" in one_sentence(caught)


def test_a_damaged_gz_is_refused_and_leaves_nothing(clothes: np.ndarray, data_root: Path) -> None:
    raw = data_root / "FashionMNIST" / "raw"
    write_idx(raw, clothes, np.arange(12) % 10, zipped=True)
    half(raw / "t10k-images-idx3-ubyte.gz")
    with pytest.raises(DataError) as caught:
        data.load("fashion", "train")
    assert "t10k-images-idx3-ubyte.gz is damaged" in one_sentence(caught)
    assert not list(data_root.rglob("*ubyte"))


@pytest.mark.parametrize("name", ["mnist", "fashion"])
def test_a_set_that_cannot_be_had_is_one_sentence(name: str) -> None:
    with pytest.raises(DataError) as caught:
        data.load(name, "train")
    assert "cannot be reached" in one_sentence(caught)


def test_what_a_recipe_needs_on_disk_is_said_before_it_is_built_and_refused_where_there_is_less(
    toy_digits: tuple[np.ndarray, np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1_000_000))
        with pytest.raises(DataError) as caught:
            data.load("digits", "train")
    assert "digits need about 2 MB" in one_sentence(caught)
    data.load("digits", "train")
    data.load("digits", "test")
    assert capsys.readouterr().err.count("about 2 MB of disk") == 1
    assert data.RECIPES.keys() <= common.DISK.keys()


# A folder of images


def save_noise(path: Path, seed: int, size: tuple[int, int] = (9, 7)) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Forty small pictures, enough for both splits."""
    for seed in range(40):
        save_noise(tmp_path / "photos" / f"{seed}.png", seed)
    return tmp_path / "photos"


def only(folder: Path, name: str, **options: int) -> np.ndarray:
    """The picture in one file, [h, w, c], read as the recipe reads it."""
    options = {"size": 8, "channels": 3} | options
    result = recipe._read(folder, options["size"], options["channels"], Item((name,)))
    assert not isinstance(result, str), result
    return result[1][0]


def test_a_folder_is_split_and_hashed_by_content(photos: Path, tmp_path: Path) -> None:
    train, test = (data.load(f"folder:{photos}", s) for s in ("train", "test"))
    assert train.x.shape[1:] == (3, 64, 64)
    assert train.x.is_contiguous()
    assert len(train) + len(test) == 40
    assert 1 <= len(test) <= 10
    assert train.y is None
    assert train.info == test.info
    assert train.info.classes == ()

    renamed = tmp_path / "renamed"
    renamed.mkdir()
    for file in photos.iterdir():
        shutil.copy(file, renamed / f"copy of {file.name}")
    again = data.load(f"folder:{renamed}", "train")
    assert torch.equal(train.x, again.x)
    assert train.info.sha256 == again.info.sha256
    small = data.load(f"folder:{photos}", "test", size=16, channels=1)
    assert small.x.shape == (len(test), 1, 16, 16)
    assert small.info.sha256 == train.info.sha256

    save_noise(photos / "0.png", 1000)
    assert data.load(f"folder:{photos}", "train").info.sha256 != train.info.sha256


def test_copies_of_a_picture_stay_on_one_side(photos: Path) -> None:
    for file in list(photos.iterdir()):
        shutil.copy(file, photos / f"twin-{file.name}")
    train, test = (data.load(f"folder:{photos}", s, size=8) for s in ("train", "test"))
    assert len(train) + len(test) == 80
    assert not {bytes(x.numpy()) for x in train.x} & {bytes(x.numpy()) for x in test.x}


def test_subfolders_are_classes_only_if_every_picture_is_in_one(tmp_path: Path) -> None:
    folder = tmp_path / "animals"
    for seed in range(40):
        save_noise(folder / ("cat" if seed % 2 else "ant/red") / f"{seed}.jpg", seed)
    train = data.load(f"folder:{folder}", "train", size=8)
    assert train.info.classes == ("ant", "cat")
    assert train.y.unique().tolist() == [0, 1]
    save_noise(folder / "stray.png", 99)
    stray = data.load(f"folder:{folder}", "train", size=8)
    assert stray.y is None
    assert stray.info.classes == ()


def test_the_second_split_is_not_decoded_again(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data.load(f"folder:{photos}", "train", size=8)
    monkeypatch.setattr(recipe, "_read", no_decoding)
    data.load(f"folder:{photos}", "test", size=8)


def test_tricky_files_are_read_as_a_person_sees_them(tmp_path: Path) -> None:
    red = Image.new("RGB", (20, 10), (200, 30, 40))
    red.convert("CMYK").save(tmp_path / "cmyk.jpg", quality=100)
    assert np.abs(only(tmp_path, "cmyk.jpg").astype(int) - (200, 30, 40)).max() < 6

    palette = Image.new("P", (10, 10), 0)
    palette.putpalette([0, 0, 0, 9, 9, 9])
    palette.save(tmp_path / "palette.png", transparency=0)
    assert (only(tmp_path, "palette.png") == 255).all(), "transparency lies on white"

    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(tmp_path / "clear.webp", lossless=True)
    assert (only(tmp_path, "clear.webp") == 255).all()

    Image.fromarray(np.full((10, 10), 128 * 257, np.uint16)).save(tmp_path / "deep.png")
    assert (only(tmp_path, "deep.png") == 128).all(), "16 bits are scaled, not clipped"
    assert only(tmp_path, "deep.png", channels=1).shape == (8, 8)

    frames = [Image.new("RGB", (10, 10), colour) for colour in ("lime", "red")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    assert (only(tmp_path, "moving.gif") == (0, 255, 0)).all(), "the first frame"

    Image.new("RGB", (1, 1), (1, 2, 3)).save(tmp_path / "dot.bmp")
    assert (only(tmp_path, "dot.bmp") == (1, 2, 3)).all()

    Image.new("1", (5, 5), 1).save(tmp_path / "bilevel.png")
    assert (only(tmp_path, "bilevel.png") == 255).all()


def test_a_picture_is_upright_and_cropped_to_its_centre(tmp_path: Path) -> None:
    wide = Image.new("RGB", (300, 100), "blue")
    wide.paste("white", (60, 0, 240, 100))  # the square and what the filter sees beside it
    wide.save(tmp_path / "wide.png")
    assert (only(tmp_path, "wide.png") == 255).all()

    upright = Image.new("RGB", (64, 64), "black")
    upright.paste("white", (0, 0, 64, 32))  # white above
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    lying = upright.transpose(Image.Transpose.ROTATE_90)
    lying.save(tmp_path / "phone.jpg", exif=exif, quality=100)
    pixels = only(tmp_path, "phone.jpg")
    assert pixels[:3].min() > 230
    assert pixels[-3:].max() < 25


def test_unreadable_files_are_counted_and_named_not_fatal(
    photos: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clean = data.load(f"folder:{photos}", "train", size=8)
    capsys.readouterr()
    (photos / "notes.txt").write_text("no picture, and does not claim to be one")
    (photos / ".hidden.png").write_text("")
    (photos / "text.png").write_text("hello")
    (photos / "empty.jpg").write_bytes(b"")
    save_noise(photos / "cut.png", 77, (50, 50))
    half(photos / "cut.png")
    save_noise(photos / "big.png", 78, (40, 40))
    monkeypatch.setattr(recipe, "MAX_PIXELS", 1599)
    train = data.load(f"folder:{photos}", "train", size=8)
    assert torch.equal(train.x, clean.x)
    assert train.info == clean.info
    lines = [line for line in capsys.readouterr().err.splitlines() if "left out" in line]
    assert len(lines) == 1
    assert "left out 5 of 45 files" in lines[0]
    assert "big.png (too large: 40 x 40 pixels)" in lines[0]
    assert "text.png (not an image)" in lines[0]
    assert "cut.png (" in lines[0]
    assert "notes.txt (no image)" in lines[0]
    data.load(f"folder:{photos}", "test", size=8)
    assert "left out" not in capsys.readouterr().err, "it is said once"


def test_a_decompression_bomb_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("1", (15_000, 15_000)).save(tmp_path / "bomb.png")  # 30 kB for 225 megapixels
    Image.new("1", (11_000, 10_000)).save(tmp_path / "large.png")
    monkeypatch.setattr(recipe, "square", no_decoding)
    assert recipe._read(tmp_path, 8, 3, Item(("bomb.png",))) == "too large"
    with pytest.warns(Image.DecompressionBombWarning):
        large = recipe._read(tmp_path, 8, 3, Item(("large.png",)))
    assert large == "too large: 11000 x 10000 pixels"


@pytest.mark.parametrize("count", [0, 1])
def test_a_folder_with_too_few_pictures_is_refused(count: int, tmp_path: Path) -> None:
    (tmp_path / "few").mkdir()
    for seed in range(count):
        save_noise(tmp_path / "few" / f"{seed}.png", seed)
    with pytest.raises(DataError) as caught:
        data.load(f"folder:{tmp_path / 'few'}", "train")
    one_sentence(caught)


@pytest.mark.parametrize("seed", range(5))
def test_ten_pictures_always_have_one_to_test_and_a_warning(
    seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for k in range(10):
        save_noise(tmp_path / "ten" / f"{k}.png", 100 * seed + k)
    train, test = (data.load(f"folder:{tmp_path / 'ten'}", s, size=8) for s in ("train", "test"))
    assert len(train) + len(test) == 10
    assert len(test) >= 1
    assert capsys.readouterr().err.count("very few") == 1


def test_the_split_is_by_content_and_never_empty() -> None:
    digits_ = {"test": "0" * 16, "train": "0" * 15 + "1", "other": "0" * 15 + "2"}

    def marks(*names: str) -> list[bool]:
        return is_test([Row(digits_[name], "", "") for name in names])

    assert marks("train", "test", "train") == [False, True, False]
    assert marks("train", "other", "train") == [True, False, True], "copies stay together"
    assert marks("test", "test") == [True, False], "unless all are copies of one"
    assert is_test([Row("0" * 16, "", part) for part in ("train", "test")]) == [False, True]


def test_linked_folders_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    for seed in range(20):
        save_noise(tmp_path / "elsewhere" / f"{seed}.png", seed)
        save_noise(tmp_path / "data" / "dogs" / f"{seed}.png", 100 + seed)
    (tmp_path / "data" / "cats").symlink_to("../elsewhere")
    (tmp_path / "data" / "dogs" / "up").symlink_to("..")
    (tmp_path / "data" / "gone.png").symlink_to("nowhere.png")
    train, test = (data.load(f"folder:{tmp_path / 'data'}", s, size=8) for s in ("train", "test"))
    assert len(train) + len(test) == 40
    assert train.info.classes == ("cats", "dogs")


def test_what_pillow_reads_is_taken_and_the_rest_is_counted_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "formats"
    for k, suffix in enumerate((".tif", ".ppm", ".jp2", ".avif", ".png", ".TIFF", ".tga")):
        save_noise(folder / f"{k}{suffix}", k, (20, 20))
    for k, suffix in enumerate((".jfif", ".jpe")):
        save_noise(folder / "plain.jpg", 50 + k)
        (folder / "plain.jpg").rename(folder / f"{k}{suffix}")
    (folder / "e.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(64))
    (folder / "Icon\r").write_bytes(b"")
    (folder / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
    train, test = (data.load(f"folder:{folder}", s, size=8) for s in ("train", "test"))
    assert len(train) + len(test) == 9
    said = capsys.readouterr().err
    assert "left out 3 of 12 files" in said
    for name in ("Icon? (no image)", "Thumbs.db (no image)", "e.heic (HEIC: save it as JPEG)"):
        assert name in said


def test_sixteen_bits_and_floating_point_of_a_tiff_are_scaled_not_clipped(tmp_path: Path) -> None:
    Image.fromarray(np.full((9, 9), 0.5, np.float32)).save(tmp_path / "share.tif")
    Image.fromarray(np.full((9, 9), 200, np.float32)).save(tmp_path / "level.tif")
    Image.fromarray(np.full((9, 9), 100 * 257, np.uint16)).save(tmp_path / "deep.tif")
    levels = [only(tmp_path, f"{name}.tif")[4, 4, 0] for name in ("share", "level", "deep")]
    assert levels == [128, 200, 100]


def test_a_folder_that_cannot_be_read_is_not_an_empty_one(
    photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save_noise(photos / "secret" / "1.png", 1)
    scandir = os.scandir

    def refuse(folder: Path) -> object:
        if Path(folder) in refused:
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    refused = {photos / "secret"}
    data.load(f"folder:{photos}", "train", size=8)
    assert "secret/ (Permission denied)" in capsys.readouterr().err
    refused = {photos}
    with pytest.raises(DataError) as caught:
        data.load(f"folder:{photos}", "train", size=8)
    assert "Permission denied" in one_sentence(caught)


def test_a_name_in_an_old_encoding_and_in_two_normal_forms(tmp_path: Path) -> None:
    top = os.fsencode(tmp_path) + b"/na\xefve"
    for seed in range(20):
        for k, label in enumerate((b"caf\xe9", b"the")):
            (folder := Path(os.fsdecode(top + b"/" + label))).mkdir(parents=True, exist_ok=True)
            save_noise(folder / f"{seed}.png", 100 * k + seed)
    info = data.load(f"folder:{os.fsdecode(top)}", "train", size=8).info
    assert info.classes == ("café", "the")
    assert info.title == "Images of the folder naïve"
    info.title.encode()
    assert walk.readable("cafe\u0301") == "café"


# What is decoded


def decoded_files(data_root: Path) -> list[Path]:
    """Pixels and what they were made of; not the note where the folder lies."""
    return sorted(
        path for path in (data_root / "decoded").iterdir() if path.suffix in (".json", ".npy")
    )


def test_what_is_decoded_is_mapped_kept_for_other_processes_and_made_anew_when_a_file_changes(
    photos: Path, data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = data.load(f"folder:{photos}", "train", size=8)
    entries = decoded_files(data_root)
    assert [entry.suffix for entry in entries] == [".json", ".npy"]
    assert entries[1].stat().st_size < 40 * 3 * 8 * 8 + 200
    with monkeypatch.context() as patch:
        patch.setattr(recipe, "_read", no_decoding)
        assert torch.equal(data.load(f"folder:{photos}", "train", size=8).x, train.x)
        with pytest.raises(AssertionError, match="decoded"):
            data.load(f"folder:{photos}", "train", size=9)
    save_noise(photos / "0.png", 999)
    assert not torch.equal(data.load(f"folder:{photos}", "train", size=8).x, train.x)
    after = decoded_files(data_root)
    assert len(after) == 2
    assert after != entries


def test_decoded_pixels_that_were_cut_off_are_made_anew(photos: Path, data_root: Path) -> None:
    train = data.load(f"folder:{photos}", "train", size=8).x.clone()
    entry = next((data_root / "decoded").glob("*.npy"))
    half(entry)
    assert torch.equal(data.load(f"folder:{photos}", "train", size=8).x, train)


def test_training_takes_little_memory_whatever_the_folder_holds(
    photos: Path, tmp_path: Path
) -> None:
    """A process that loads both splits grows by far less than their pixels."""
    code = (
        "import resource, sys; from training import data; "
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; "
        "print(sum(len(data.load(sys.argv[1], s, size=1024)) for s in ('train', 'test'))); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    command = [sys.executable, "-c", code, f"folder:{photos}"]
    data.load(f"folder:{photos}", "train", size=1024)
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    count, grown = map(int, done.stdout.split())
    assert count == 40
    assert grown * 1024 < 40 * 3 * 1024**2 / 2


def test_a_set_that_the_disk_has_no_room_for_is_refused_before_it_is_decoded(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1000))
    monkeypatch.setattr(recipe, "_read", no_decoding)
    with pytest.raises(DataError) as caught:
        data.load(f"folder:{photos}", "train", size=100)
    assert "need 2.4 MB of disk" in one_sentence(caught)


# Arguments and command


@pytest.mark.parametrize(
    ("spec", "options", "words"),
    [
        ("", {}, f"choose {', '.join(data.RECIPES)} or folder:PATH"),
        ("nonsense", {}, "no data set 'nonsense'"),
        ("digits:", {}, "no data set"),
        ("folder", {}, "no data set 'folder'"),
        ("folder:", {}, "folder:PATH"),
        ("folder:/no/such/folder", {}, "no folder /no/such/folder"),
        (f"folder:{__file__}", {}, "no folder"),
        ("digits", {"size": 0}, "between 1 and 1024"),
        ("digits", {"size": 99999}, "between 1 and 1024"),
        ("digits", {"channels": 2}, "1 channel"),
        ("digits", {"split": "validation"}, "choose train or test"),
    ],
)
def test_bad_arguments_are_one_sentence(spec: str, options: dict, words: str) -> None:
    with pytest.raises(DataError) as caught:
        data.load(spec, **{"split": "train"} | options)
    assert words in one_sentence(caught)


def test_a_data_folder_that_cannot_be_used_is_one_sentence(
    toy_digits: tuple[np.ndarray, np.ndarray], data_root: Path
) -> None:
    data_root.write_text("a file where a folder should be")
    with pytest.raises(DataError) as caught:
        data.load("digits", "train")
    one_sentence(caught)


def test_the_command_prints_the_facts(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(f"folder:{photos}", size=16, channels=1)
    info = data.load(f"folder:{photos}", "train").info
    printed = capsys.readouterr()
    for fact in (info.title, info.licence, info.source, info.sha256, "16 x 16, grey"):
        assert fact in printed.out
    assert "decoded once" in printed.err
    assert "very few" in printed.err


def test_the_command_refuses_bad_input_with_one_sentence_and_code_2() -> None:
    command = [sys.executable, "-m", "training.data", "nonsense"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "no data set 'nonsense'" in done.stderr


# torchvision beside any torch


def test_what_we_use_of_torchvision_works() -> None:
    assert issubclass(torchvision.datasets.FashionMNIST, torchvision.datasets.MNIST)
    both = v2.Compose([v2.RandomHorizontalFlip(p=1), v2.Resize(4)])
    assert both(torch.arange(8.0).view(1, 2, 4)).shape == (1, 4, 8)
    grid = torchvision.utils.make_grid(torch.zeros(4, 3, 8, 8), nrow=2, padding=1)
    assert grid.shape == (3, 19, 19)


# The real sets, where this checkout has them


@pytest.mark.parametrize(
    ("name", "file", "sizes"),
    [
        ("digits", "digits.npz", (8337, 1663)),
        ("fashion", "FashionMNIST/raw/train-images-idx3-ubyte", (60000, 10000)),
        ("mnist", "MNIST/raw/train-images-idx3-ubyte", (60000, 10000)),
    ],
)
def test_the_real_set(
    name: str, file: str, sizes: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENT_DATA", REAL_ROOT)
    if not (data.root() / file).exists():
        pytest.skip(f"{name} is not built: python -m training.data {name}")
    assert tuple(len(data.load(name, split)) for split in ("train", "test")) == sizes
    if name == "mnist":
        mnist = torchvision_sets.load_mnist(data.root()).train
        first = mnist.x[:10_000, 0].numpy(), mnist.y[:10_000].numpy().astype(np.uint8)
        assert common.sha256(*digits.canonical_order(*first)) == digits.INFO.sha256


def test_a_system_that_refuses_is_quoted_without_its_number(monkeypatch, tmp_path):
    def refuse(_):
        (tmp_path / "file" / "x").write_text("")

    (tmp_path / "file").touch()
    monkeypatch.setitem(data.RECIPES, "digits", refuse)
    with pytest.raises(DataError) as caught:
        data.load("digits", "train")
    place = tmp_path / "file" / "x"
    assert str(caught.value).endswith(f"cannot be read or stored: Not a directory: {place}.")
