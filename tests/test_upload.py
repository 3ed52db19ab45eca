"""Files that visitors upload: every kind of picture, and files made to do harm."""

import io
import random
import time

import hostile
import numpy as np
import pytest
from hostile import encoded, png
from PIL import Image, ImageOps

from gen_models.app.upload import square
from gen_models.errors import BadRequest
from gen_models.image_files import UPRIGHT, scans


@pytest.fixture
def write(tmp_path):
    """Save an image, or bytes, under a name and give the path."""

    def write_(content, name="picture.png", **options):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            content.save(path, **options)
        return str(path)

    return write_


def plain(colour, size=(40, 40), mode="RGB"):
    return Image.new(mode, size, colour)


def words(path, side=32, channels=3):
    with pytest.raises(BadRequest) as caught:
        square(path, side, channels)
    assert str(caught.value).endswith(".")
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "kind"), [("a.png", "PNG"), ("a.jpg", "JPEG"), ("a.webp", "WEBP")]
)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_format_comes_back_square(write, name, kind, channels):
    picture = square(write(plain((200, 200, 200), (60, 40)), name, format=kind), 32, channels)
    assert picture.shape == (32, 32, channels)
    assert picture.dtype == np.uint8
    np.testing.assert_allclose(picture, 200, atol=3)


def test_the_name_does_not_matter_but_the_content_does(write):
    assert square(write(plain((9, 9, 9)), "a.txt", format="PNG"), 16, 3).shape == (16, 16, 3)
    assert "not a PNG" in words(write(plain((9, 9, 9)), "a.png", format="GIF"))
    assert "not a PNG" in words(write(plain((9, 9, 9)), "b.png", format="TIFF"))


@pytest.mark.parametrize("path", [None, "", 3, [], "no/such/file.png", "."])
def test_what_is_no_file_is_refused(path):
    assert "There is no picture" in words(path)


def test_a_picture_of_the_right_size_comes_back_exactly(write):
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    np.testing.assert_array_equal(square(write(Image.fromarray(pixels)), 32, 3), pixels)


def test_the_square_is_in_the_middle_and_of_a_portrait_a_little_above(write):
    across = np.repeat(np.arange(100, dtype=np.uint8)[None], 20, axis=0)
    np.testing.assert_array_equal(
        square(write(Image.fromarray(across)), 20, 1)[0, :, 0], range(40, 60)
    )
    down = Image.fromarray(across.T.copy())
    np.testing.assert_array_equal(square(write(down), 20, 1)[:, 0, 0], range(32, 52))


def test_fine_stripes_become_grey_and_not_other_stripes(write):
    stripes = np.tile(np.uint8([0, 255]), (640, 320))
    small = square(write(Image.fromarray(stripes)), 32, 1)
    np.testing.assert_allclose(small[:, 2:-2], 127.5, atol=2)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_upright(write, orientation):
    upright = np.full((40, 40), 128, np.uint8)
    upright[:10, :20], upright[30:, 20:] = 255, 0
    inverse = {6: 8, 8: 6}.get(orientation, orientation)
    turn = UPRIGHT.get(inverse)
    image = Image.fromarray(upright)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = write(image if turn is None else image.transpose(turn), exif=exif)
    np.testing.assert_array_equal(square(path, 40, 1)[..., 0], upright)
    with Image.open(path) as file:
        np.testing.assert_array_equal(np.asarray(ImageOps.exif_transpose(file)), upright)


@pytest.mark.parametrize(
    "exif", [b"Exif\x00\x00garbage", b"Exif\x00\x00II*\x00\xff\xff\xff\xff", b"II*\x00"]
)
def test_exif_that_cannot_be_read_says_nothing(write, exif):
    assert square(write(encoded(plain((9, 9, 9)), "JPEG", exif=exif), "a.jpg"), 16, 3).max() < 14


def test_what_is_transparent_becomes_white(write):
    assert square(write(plain((255, 0, 0, 0), mode="RGBA")), 16, 3).min() == 255
    half = square(write(plain((0, 0, 0, 128), mode="RGBA"), "a.webp", lossless=True), 16, 3)
    np.testing.assert_allclose(half, 127, atol=1)
    assert square(write(plain((0, 0), mode="LA")), 16, 1).min() == 255
    palette = plain(1, mode="P")
    palette.putpalette([0, 0, 0, 10, 20, 30])
    np.testing.assert_array_equal(square(write(palette), 16, 3)[0, 0], [10, 20, 30])
    assert square(write(palette, transparency=1), 16, 3).min() == 255
    assert square(write(plain((1, 2, 3)), transparency=(1, 2, 3)), 16, 3).min() == 255


def test_cmyk_and_sixteen_bits_and_one(write):
    red = square(write(plain((0, 255, 255, 0), mode="CMYK"), "a.jpg"), 16, 3)
    np.testing.assert_allclose(red[8, 8], [255, 0, 0], atol=4)
    deep = Image.fromarray(np.full((40, 40), 200 * 257, np.uint16))
    np.testing.assert_array_equal(square(write(deep), 16, 1), 200)
    assert square(write(deep), 16, 3)[0, 0].tolist() == [200, 200, 200]
    assert square(write(plain(1, mode="1")), 16, 3).min() == 255


def test_of_an_animation_the_first_frame_is_taken(write):
    frames = [plain((10, 10, 10)), plain((250, 250, 250))]
    for name in ("a.png", "a.webp"):
        path = write(frames[0], name, save_all=True, append_images=frames[1:])
        with Image.open(path) as file:
            assert file.n_frames == 2
        np.testing.assert_allclose(square(path, 16, 3), 10, atol=2)


def test_too_large_and_too_small_are_refused_by_the_header_alone(write):
    for size in ((5000, 4001), (60_000, 60_000), (2**31 - 1, 2**31 - 1), (1, 20_000_001)):
        assert "20 million pixels" in words(write(png(*size)))
    assert "50 million of a JPEG" in words(write(plain(0, (10_000, 5_001), "L"), "a.jpg"))
    assert "16 pixels" in words(write(plain((0, 0, 0), (15, 400))))
    assert "16 pixels" in words(write(plain((0, 0, 0), (400, 1))))
    assert square(write(plain((0, 0, 0), (16, 16))), 32, 3).shape == (32, 32, 3)


def test_a_picture_that_is_cut_off_is_refused(write):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    for name, kind in (("a.png", "PNG"), ("a.jpg", "JPEG"), ("a.webp", "WEBP")):
        file = io.BytesIO()
        noise.save(file, kind)
        whole = file.getvalue()
        for part in (len(whole) // 2, len(whole) // 4, 40):
            assert words(write(whole[:part], name))


@pytest.mark.parametrize(("content", "sentence"), hostile.FILES.values(), ids=hostile.FILES)
def test_hostile_files_are_refused_at_once(write, content, sentence):
    path, started = write(content), time.process_time()
    for channels in (1, 3):
        assert sentence in words(path, channels=channels)
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize("content", hostile.ODD.values(), ids=hostile.ODD)
def test_odd_pictures_are_pictures(write, content):
    for channels in (1, 3):
        assert 120 < square(write(content), 32, channels).mean() < 210


def test_a_jpeg_of_a_few_scans_is_a_picture(write):
    assert square(write(hostile.scans(64, 40)), 32, 3).shape == (32, 32, 3)


def test_a_phones_mpo_is_a_picture_and_its_scans_are_those_of_the_first_frame(write):
    mpo = encoded(hostile.NOISE, "MPO", save_all=True, append_images=[hostile.TURNED] * 80)
    path = write(mpo, "a.jpg")
    with Image.open(path) as file:
        assert file.format == "MPO"
    assert scans(mpo) == 1
    assert square(path, 32, 3).shape == (32, 32, 3)
    assert scans(hostile.as_mpo(hostile.scans(64, 40))) == scans(hostile.scans(64, 40)) > 40


def test_a_video_behind_a_photograph_and_a_thumbnail_in_it_are_no_scans(write):
    video = np.random.default_rng(0).integers(0, 256, 3_000_000, np.uint8).tobytes()
    assert video.count(b"\xff\xda") > 20
    jpeg = encoded(hostile.NOISE, "JPEG")
    thumbnail = b"\xff\xe1" + (len(jpeg) + 2).to_bytes(2, "big") + jpeg
    content = jpeg[:2] + thumbnail + jpeg[2:] + video * 3
    assert scans(content) == 1
    assert square(write(content, "a.jpg"), 32, 3).shape == (32, 32, 3)


def test_a_photograph_of_24_megapixels_is_taken_at_once(write):
    across = np.arange(6000, dtype=np.uint32) * 255 // 6000
    photo = Image.fromarray(np.repeat(across.astype(np.uint8)[None], 4000, axis=0))
    for options in ({}, {"progressive": True}):
        path, started = write(photo, "a.jpg", **options), time.process_time()
        picture = square(path, 64, 3)
        assert time.process_time() - started < 1.5
        wanted = (1000 + 4000 * (np.arange(64) + 0.5) / 64) * 255 / 6000
        np.testing.assert_allclose(picture[32, :, 0], wanted, atol=3)


def test_whatever_is_in_a_file_the_answer_is_a_picture_or_a_sentence(write):
    rng = random.Random(0)
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 24, 3), np.uint8))
    outcomes = set()
    for kind in ("PNG", "JPEG", "WEBP"):
        file = io.BytesIO()
        noise.save(file, kind)
        for _ in range(60):
            content = bytearray(file.getvalue())
            for _ in range(rng.randint(1, 12)):
                content[rng.randrange(len(content))] = rng.randrange(256)
            try:
                outcomes.add(square(write(bytes(content), "fuzz"), 16, 3).shape)
            except BadRequest as refusal:
                outcomes.add(str(refusal)[:20])
    assert (16, 16, 3) in outcomes
    assert len(outcomes) > 2
