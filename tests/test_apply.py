"""Models used from the command line: samples, reconstructions, morphs, translations."""

import subprocess
import sys

import numpy as np
import pytest
import toys
from PIL import Image

from gen_models import apply


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for i, level in enumerate((0, 255)):
        Image.new("RGB", (50, 40), (level, level, level)).save(folder / f"p{i}.jpg")
    (folder / "notes.txt").write_text("x")
    return folder


def run(folder, what, *words):
    apply.main([str(folder), what, *map(str, words)])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gan-fashion", ()), ("vae-digits-2d", ()), ("infogan-digits", ()), ("pca-digits", ()),
        ("ae-digits", ("--code", 2)), ("progan-heads", ()),
    ],
)  # fmt: skip
def test_samples_of_every_family_that_draws_them(tmp_path, name, words):
    run(f"exported/{name}", "sample", "--count", 17, "--to", tmp_path / "out", *words)
    files = sorted((tmp_path / "out").iterdir())
    assert [files[0].name, files[-1].name] == ["00000.png", "00016.png"]
    images = [np.asarray(Image.open(file)) for file in files]
    assert len({image.tobytes() for image in images}) == 17
    assert images[0].shape == (32, 32) if name == "gan-fashion" else (28, 28)


def test_the_same_seed_draws_the_same(tmp_path):
    for to, seed in (("a", 1), ("b", 1), ("c", 2)):
        run("exported/vae-digits-2d", "sample", "--count", 1, "--seed", seed, "--to", tmp_path / to)
    a, b, c = ((tmp_path / to / "00000.png").read_bytes() for to in "abc")
    assert a == b != c


def test_a_folder_is_reconstructed_and_two_images_are_morphed(tmp_path, photos):
    run("exported/vae-digits-10d", "reconstruct", photos, "--to", tmp_path / "r")
    assert sorted(f.name for f in (tmp_path / "r").iterdir()) == ["00000-p0.png", "00001-p1.png"]
    run(
        "exported/pca-digits",
        "morph",
        photos / "p0.jpg",
        photos / "p1.jpg",
        "--count",
        3,
        "--to",
        tmp_path / "m",
    )
    a, middle, b = (np.asarray(Image.open(tmp_path / f"m/0000{i}.png"), float) for i in range(3))
    inside = (a > 0) & (a < 255) & (b > 0) & (b < 255)
    np.testing.assert_allclose(middle[inside], ((a + b) / 2)[inside], atol=1.01)


def test_a_class_is_asked_for(tmp_path, photos):
    model = toys.gan(tmp_path, "told", classes=("boot", "bag"))
    run(model.folder, "sample", "--count", 18, "--to", tmp_path / "each")
    run(model.folder, "sample", "--count", 18, "--class", "bag", "--to", tmp_path / "bags")
    same = [
        (tmp_path / f"each/{i:05}.png").read_bytes() == (tmp_path / f"bags/{i:05}.png").read_bytes()
        for i in range(18)
    ]
    assert same == [False, True] * 9
    vae = toys.vae(tmp_path, "vae", classes=("boot", "bag"))
    for name in ("boot", "bag"):
        run(vae.folder, "reconstruct", photos, "--class", name, "--to", tmp_path / name)
    made = [(tmp_path / name / "00000-p0.png").read_bytes() for name in ("boot", "bag")]
    assert made[0] != made[1]


@pytest.mark.parametrize("what", ["sample", "reconstruct", "morph"])
def test_a_class_that_is_none_is_one_sentence(tmp_path, photos, capsys, what):
    told, plain = (toys.vae(tmp_path, n, classes=c) for n, c in (("t", ("boot", "bag")), ("p", ())))
    images = [photos / "p0.jpg", photos / "p1.jpg"] if what != "sample" else []
    for model, words, sentence in (
        (told, ("--class", "cat"), "t has no such class: choose one of boot, bag."),
        (plain, ("--class", "bag"), "p is told no class."),
        *([(told, (), "give --class, one of boot, bag")] if images else []),
    ):
        with pytest.raises(SystemExit) as ended:
            run(model.folder, what, *images, *words, "--to", tmp_path / "no")
        assert ended.value.code == 2
        assert sentence in capsys.readouterr().err
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize("name", ["cyclegan-earth", "pix2pix-heads", "pix2pix-toons"])
def test_a_folder_is_translated(tmp_path, photos, name):
    run(f"exported/{name}", "translate", photos, "--to", tmp_path / "t")
    assert len(list((tmp_path / "t").iterdir())) == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("exported/no-such", "sample"), "There is no"),
        (("exported/gan-fashion", "reconstruct", "PHOTOS"), "has no encoder"),
        (("exported/vae-digits-2d", "translate", "PHOTOS"), "translates nothing"),
        (("exported/cyclegan-earth", "translate", "PHOTOS", "--graph", "G"), "no graph 'G'"),
        (("exported/cyclegan-earth", "sample"), "draws no samples"),
        (("exported/vae-digits-2d", "morph", "PHOTOS/p0.jpg"), "needs two images"),
        (("exported/vae-digits-2d", "reconstruct", "PHOTOS/notes.txt"), "cannot be read"),
        (("exported/vae-digits-2d", "reconstruct", "nowhere"), "no file or folder"),
        (("exported/ae-digits", "sample", "--code", "3"), "no code of 3 numbers"),
        (("exported/pix2pix-terrain", "translate", "PHOTOS"), "takes 2 channels"),
    ],
)
def test_what_cannot_be_is_one_sentence(tmp_path, photos, capsys, words, sentence):
    with pytest.raises(SystemExit) as ended:
        run(*(word.replace("PHOTOS", str(photos)) for word in words), "--to", tmp_path / "no")
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert not (tmp_path / "no").exists()


def test_it_needs_no_torch_and_no_app(tmp_path):
    toys.vae(tmp_path, "toy")
    code = (
        "import sys; from gen_models import apply; "
        f"apply.main([{str(tmp_path / 'toy')!r}, 'sample', '--count', '2', '--to', {str(tmp_path / 'o')!r}]); "
        "assert not {'torch', 'gradio'} & sys.modules.keys()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"2 images in {tmp_path / 'o'}\n"
