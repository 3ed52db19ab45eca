"""The chapter "Morphing faces" on a toy model: its functions, and every endpoint over HTTP with good and bad input."""

import base64
import io
from pathlib import Path

import hostile
import numpy as np
import pytest
import toys
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from gen_models import app
from gen_models.app import launch_options
from gen_models.app.chapters import faces
from gen_models.app.chapters.faces import attributes, common, encode, morph, sliders
from gen_models.app.chapters.vae import common as vae
from gen_models.app.shell import page, parts
from gen_models.errors import BadRequest

K = 16
NAME, OTHER = "vae-toy-heads", "vae-young-heads"
ZERO = [0.0] * K


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return toys.heads(tmp_path_factory.mktemp("exported"))


def app_of(root):
    """The app with the models of a folder and this chapter alone."""
    return app.build(root, (faces.CHAPTER,))


# ---------------------------------------------------------------------------------------------------------------------
# Pure functions
# ---------------------------------------------------------------------------------------------------------------------


def test_the_chapter_shows_vaes_with_directions_alone(model, toy_card):
    assert faces.shows(model.card)
    assert not faces.shows(toy_card)


def test_a_direction_moves_its_attribute_by_as_much_as_was_asked(model):
    z = common.random_z(model, 1)
    before, after = common.read(model, attributes.edited(model, z, np.float32([0, 0, 1.5])))
    np.testing.assert_allclose(after - before, [0, 0, 1.5], atol=1e-5)
    np.testing.assert_allclose(before, [z[0], z[1] + z[0] / 2, z[2]], atol=1e-5)


def test_what_moves_together_is_in_the_table_and_bold(model):
    np.testing.assert_allclose(
        attributes.together(model), [[1, 0.5, 0], [0, 1, 0], [0, 0, 1]], atol=1e-5
    )
    lines = attributes.table_of(model).splitlines()
    assert lines[0] == "| moved | smile | age | hair length |"
    assert lines[2] == "| smile + 1 | 1.00 | **0.50** | 0.00 |"


def test_readings_are_shown_before_and_after(model):
    reply = attributes.at(model, np.zeros(K, np.float32), np.float32([2, 0, 0]))
    assert reply["text"] == {
        "smile": "0.0 → 2.0",
        "age": "0.0 → 1.0",
        "hair_length": "0.0 → 0.0",
    }
    assert reply["images"]["before"] != reply["images"]["after"]
    assert attributes.amount(-0.04) == "0.0"
    assert attributes.amount(-0.06) == "−0.1"


def test_labels_have_the_separation_of_the_card(model):
    assert attributes.labels_of(model)[2] == "hair length · AUC 0.85"


def test_sliders_are_the_dimensions_with_most_kl(model):
    assert sliders.dimensions(model) == [*range(12)]
    assert sliders.labels_of(model)[0] == "z₁ · 1.60"
    z = common.random_z(model, 2)
    turned = sliders.turned(model, z, np.arange(12))
    np.testing.assert_array_equal(turned[:12], range(12))
    np.testing.assert_array_equal(turned[12:], z[12:])
    np.testing.assert_array_equal(sliders.turned(model, z, sliders.positions(model, z)), z)


def test_temperature_leads_from_the_mean_face_to_far_away(model):
    z = common.random_z(model, 2)
    cold, as_is, hot = (sliders.at(model, z, t) for t in (0, 1, 1.5))
    mean = sliders.at(model, common.mean_face(model), 1)
    assert cold == mean
    assert cold["text"] == {"length": "0.0", "usual": "4.0"}
    length = float(as_is["text"]["length"])
    assert length == pytest.approx(np.linalg.norm(z), abs=0.06)
    assert float(hot["text"]["length"]) == pytest.approx(1.5 * length, abs=0.1)


def test_random_faces_follow_their_seed_and_temperature(model):
    z = common.random_z(model, 5)
    np.testing.assert_array_equal(z, common.random_z(model, 5))
    np.testing.assert_allclose(common.random_z(model, 5, 0.5), z / 2)
    assert not np.array_equal(z, common.random_z(model, 6))
    assert z.dtype == np.float32
    many = np.stack([common.random_z(model, seed) for seed in range(300)])
    assert many.std() == pytest.approx(1, abs=0.05)


def test_a_head_is_encoded_with_its_error_and_kl(model):
    result = encode.encoded(model, model.examples()[0])
    q = vae.encode(model, vae.checked_example(model, 0))
    assert result.kl == pytest.approx(float(q.kl.sum()))
    assert result.error < 0.05, "the toy's heads come back"
    np.testing.assert_array_equal(result.seen, model.examples()[0])
    assert result.off.max() < 10
    noise = np.random.default_rng(0).integers(0, 256, result.seen.shape, np.uint8)
    other = encode.encoded(model, noise)
    difference = (other.seen / 255.0 - other.back / 255.0).astype(np.float32)
    assert other.error == pytest.approx(np.square(difference).sum(), rel=0.02)
    assert other.off.max() == 255


def test_the_error_map_is_white_at_a_quarter_of_the_range(model):
    x, y = np.zeros((2, 1, 3, 16, 16), np.float32)
    y[0, :, 0, 0], y[0, :, 0, 1], y[0, 0, 0, 2] = 0.25, 0.9, 0.3
    off = encode.error_map(model, x, y)
    assert off[0, :4, 0].tolist() == [255, 255, 102, 0]


def test_numbers_stand_beside_those_of_the_card(model, tmp_path):
    result = encode.encoded(model, model.examples()[0])
    assert "test heads: 7.5" in encode.numbers_of(model, result)
    assert "test heads: 13.5" in encode.numbers_of(model, result)
    bare = toys.heads(tmp_path, measured=False)
    assert "not measured on test heads" in encode.numbers_of(bare, result)


def test_weights_are_one_at_each_corner():
    corners = [morph.weights(x, y).tolist() for x, y in [(0, 1), (1, 1), (0, 0), (1, 0)]]
    assert corners == np.eye(4).tolist()
    np.testing.assert_allclose(morph.weights(0.5, 0.5), 0.25)
    assert morph.weights(0.3, 0.8).sum() == pytest.approx(1)


def test_at_a_corner_both_mixtures_are_its_face(model):
    corners = morph.faces_at(model, range(4))
    both, errors = morph.mixed(model, corners, 1, 0)
    np.testing.assert_allclose(both[0], both[1], atol=1e-6)
    np.testing.assert_array_equal(
        vae.as_pictures(model, both)[0], vae.decode(model, corners[3:])[0]
    )
    assert errors[0] == pytest.approx(errors[1], abs=1e-4)


def test_the_error_of_a_mixture_is_of_its_second_pass(model):
    corners = 3 * morph.faces_at(
        model, range(4)
    )  # beyond black and white, where the toy is not linear
    both, errors = morph.mixed(model, corners, 0.4, 0.4)
    again = model("decoder", z=model("encoder", x=both)["mu"])["x"]
    assert errors[1] == pytest.approx(float(np.square(both[1] - again[1]).sum()), rel=1e-4)
    assert errors[1] > errors[0]


def test_a_walk_goes_around_once(model):
    with Image.open(io.BytesIO(morph.walk(model, morph.faces_at(model, range(4))))) as film:
        assert film.is_animated
        assert film.size == (256, 256)
        assert film.n_frames <= 4 * morph.FRAMES_PER_LEG


def test_without_examples_or_numbers_all_is_laid_out(tmp_path):
    bare = toys.heads(tmp_path, "bare", examples=0, measured=False)
    assert "AUC not measured" in attributes.labels_of(bare)[0]
    assert sliders.dimensions(bare) == [*range(12)]
    assert morph.faces_at(bare, [common.HEADS + i for i in range(4)]).shape == (4, K)
    with pytest.raises(BadRequest, match="export it again"):
        common.head(bare, 0)
    assert common.first_number(bare, 7) == common.HEADS + 7, "a random face"
    assert "What moves together" in str(app_of(tmp_path).config)


def test_a_model_that_lacks_a_graph_is_left_out(tmp_path):
    model = toys.heads(tmp_path)
    assert faces.left_out(model) is None
    del model.card.graphs["attributes"]
    assert f"{model.card.title} is left out" in (faces.left_out(model) or "")
    contents = page.Contents.of(faces.CHAPTER, {model.card.name: model}, [])
    assert contents.models == {}
    assert "is left out" in contents.problems[0]


def test_a_number_is_a_head_or_the_seed_of_a_random_face(model):
    np.testing.assert_array_equal(common.face(model, 3).z, common.head(model, 3).z)
    np.testing.assert_array_equal(common.face(model, 345).z, common.random_z(model, 345))
    with pytest.raises(BadRequest, match="The number of a face"):
        common.face(model, common.FACES)
    assert common.marked(model, 3) == [3]
    assert common.marked(model, 345) == common.marked(model, common.UPLOADED) == []


def test_the_corners_follow_their_numbers_and_an_upload_stays(model):
    numbers = [3, 345, common.UPLOADED, 0]
    before = [[float(i)] * K for i in range(4)]
    corners = morph.faces_at(model, numbers, before)
    np.testing.assert_array_equal(corners[1], common.random_z(model, 345))
    np.testing.assert_array_equal(corners[2], before[2])
    with pytest.raises(BadRequest, match="The number of a face"):
        morph.faces_at(model, numbers)


def test_thumbnails_are_small(model):
    big = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8)
    assert parts.thumbnails(big).shape == (3, 40, 40, 3)
    assert parts.thumbnails(big[..., :1]).shape == (3, 40, 40, 1)
    assert parts.thumbnails(model.examples()).shape == (12, 16, 16, 3)
    assert parts.thumbnails(big[:0]).shape == (0, 40, 40, 3)


def test_attributes_of_all_models_have_a_place(model, tmp_path):
    other = toys.heads(tmp_path, "other", attributes=("smile", "beard"))
    names = attributes.every_attribute({"a": model, "b": other})
    assert names == ["smile", "age", "hair_length", "beard"]
    assert attributes.starts(model) == [0, 0, 0]


# ---------------------------------------------------------------------------------------------------------------------
# Over HTTP
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(model, tmp_path_factory):
    root = tmp_path_factory.mktemp("two")
    toys.heads(root)
    toys.heads(root, OTHER, k=4, attributes=("smile", "beard"))
    demo = app_of(root)
    options = launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield Client(url, verbose=False)
    demo.close()


def picture(uri):
    assert uri.startswith("data:image/png;base64,")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))))


def refused(client, *args, api_name):
    """What the visitor reads: one sentence, and nothing of the inside."""
    with pytest.raises((AppError, ValueError)) as caught:
        client.predict(*args, api_name=api_name)
    words = str(caught.value)
    assert "Traceback" not in words
    assert "site-packages" not in words
    assert "verbose error" not in words, "an error of ours, not a refusal"
    return words


def test_encode_then_decode(client, model):
    found = client.predict(NAME, 3, api_name="/faces_encode")
    assert found["KL"] == pytest.approx(encode.encoded(model, model.examples()[3]).kl)
    np.testing.assert_array_equal(picture(found["head"]), model.examples()[3])
    decoded = client.predict(NAME, found["z"], api_name="/faces_decode")
    np.testing.assert_array_equal(picture(decoded), picture(found["reconstruction"]))


def test_random(client, model):
    found = client.predict(NAME, 7, 0.5, api_name="/faces_random")
    assert found["z"] == pytest.approx(common.random_z(model, 7, 0.5).tolist())
    assert client.predict(NAME, 7, 0.5, api_name="/faces_random") == found


def test_edit(client):
    found = client.predict(NAME, ZERO, {"smile": 2}, api_name="/faces_edit")
    assert found["after"] == pytest.approx({"smile": 2, "age": 1, "hair_length": 0})
    assert found["before"] == {"smile": 0, "age": 0, "hair_length": 0}
    assert found["z"] == pytest.approx([2, *ZERO[1:]])
    assert picture(found["picture"]).shape == (16, 16, 3)


def test_morph(client, model):
    found = client.predict(NAME, [4, 5, 6, 7], 0, 1, api_name="/faces_morph")
    assert found["z"] == pytest.approx(common.head(model, 4).z.tolist())
    assert picture(found["picture"]).shape == picture(found["mix of pixels"]).shape


@pytest.mark.parametrize("name", ["", "no-such-model", "../../etc", 3, None, ["a"]])
def test_unknown_models_are_refused(client, name):
    for api_name, rest in (
        ("/faces_decode", [ZERO]),
        ("/faces_encode", [0]),
        ("/faces_random", [0, 1]),
        ("/faces_edit", [ZERO, {}]),
        ("/faces_morph", [[0, 1, 2, 3], 0, 0]),
    ):
        assert "no such model" in refused(client, name, *rest, api_name=api_name)


@pytest.mark.parametrize("z", [[], ZERO[1:], ["0"] * K, [None] * K, [1e300] * K, "0" * K, {}, 5])
def test_latents_that_do_not_fit_are_refused(client, z):
    assert "16 finite numbers" in refused(client, NAME, z, api_name="/faces_decode")
    assert "16 finite numbers" in refused(client, NAME, z, {}, api_name="/faces_edit")


@pytest.mark.parametrize("number", [-1, 12, 1.5, "0", None, True, 1e300])
def test_heads_that_do_not_exist_are_refused(client, number):
    words = "The number of a head must be a whole number from 0 to 11."
    assert words in refused(client, NAME, number, api_name="/faces_encode")
    assert words in refused(client, NAME, [0, 0, 0, number], 0, 0, api_name="/faces_morph")
    assert words in refused(client, [number], "top left", api_name="/faces_corner_head")
    if number != common.UPLOADED:  # which is shown already
        assert "The number of a" in refused(client, number, api_name="/faces_edit_head")


@pytest.mark.parametrize("seed", [-1, 2**31, 0.5, "7", None])
def test_seeds_out_of_range_are_refused(client, seed):
    assert "The seed must be" in refused(client, NAME, seed, 1, api_name="/faces_random")
    assert "The seed must be" in refused(client, seed, api_name="/faces_seed")


@pytest.mark.parametrize("warmth", [-0.1, 3.1, "1", None, True])
def test_temperatures_out_of_range_are_refused(client, warmth):
    assert "from 0 to 3" in refused(client, NAME, 0, warmth, api_name="/faces_random")


@pytest.mark.parametrize(
    ("amounts", "sentence"),
    [
        ({"beard": 1}, "The attributes of this model are smile, age, hair_length."),
        ([1, 2, 3], "The attributes of this model are"),
        (None, "The attributes of this model are"),
        ({"smile": 5}, "The amount of smile must be a number from -4 to 4."),
        ({"hair_length": "2"}, "The amount of hair length must be"),
        ({"age": None}, "The amount of age must be"),
    ],
)
def test_amounts_that_do_not_fit_are_refused(client, amounts, sentence):
    assert sentence in refused(client, NAME, ZERO, amounts, api_name="/faces_edit")


@pytest.mark.parametrize("heads", [[], [0, 1, 2], [0, 1, 2, 3, 4], None, "0123", 7])
def test_squares_without_four_corners_are_refused(client, heads):
    assert "four heads" in refused(client, NAME, heads, 0, 0, api_name="/faces_morph")


@pytest.mark.parametrize("place", [-0.1, 1.1, "0", None])
def test_places_outside_the_square_are_refused(client, place):
    assert "from 0 to 1" in refused(client, NAME, [0, 1, 2, 3], place, 0, api_name="/faces_morph")
    assert "from 0 to 1" in refused(client, NAME, [0, 1, 2, 3], 0, place, api_name="/faces_morph")


def test_the_sliders_begin_at_a_face_of_any_model(client, model):
    found = client.predict(3, "random", NAME, api_name="/faces_seed")["props"]
    assert found["context"]["z"] == pytest.approx(common.random_z(model, 3).tolist())
    assert len(found["labels"]) == 12
    mean = client.predict(3, "mean", OTHER, api_name="/faces_seed")["props"]
    assert mean["context"] == {"model": OTHER, "z": [0] * 4}
    assert len(mean["labels"]) == 3, "the last dimension has no KL"
    assert client.predict(api_name="/faces_mean")["z"] == ZERO
    assert "not a request" in refused(client, 3, "median", NAME, api_name="/faces_seed")
    assert "not in the list" in refused(client, 3, "mean", "none", api_name="/faces_seed")


def test_a_face_to_edit_is_a_head_or_random(client, model):
    pad, table, _, marked = client.predict(1, NAME, api_name="/faces_edit_head")
    assert pad["props"]["context"]["z"] == pytest.approx(common.head(model, 1).z.tolist())
    assert "hair length" in str(table)
    assert marked["value"] == [1]
    seed = client.predict(api_name="/faces_edit_random")
    assert common.HEADS <= seed < common.FACES
    pad, *_, marked = client.predict(seed, OTHER, api_name="/faces_edit_head")
    assert marked["value"] == []
    assert pad["props"]["labels"] == ["smile · AUC 0.95", "beard · AUC 0.90"]
    assert len(pad["props"]["context"]["z"]) == 4


def test_a_head_is_encoded(client):
    images, numbers, _ = client.predict(2, api_name="/faces_encode_head")
    assert images.count("<img") == 3
    assert "nats" in numbers
    assert "no image" in refused(client, common.HEADS + 2, api_name="/faces_encode_head")


def test_a_corner_is_chosen_and_the_walk_recorded(client):
    first = gif_of(client)
    assert first.startswith(b"GIF")
    *_, last = client.predict([5], "bottom right", api_name="/faces_corner_head")
    assert last == 5
    _, second, *_ = client.predict("top right", api_name="/faces_corner_random")
    assert common.HEADS <= second < common.FACES
    assert "not a request" in refused(client, [5], "middle", api_name="/faces_corner_head")


def gif_of(client):
    found = client.predict(api_name="/faces_gif")
    return Path(found["value"] if isinstance(found, dict) else found).read_bytes()


@pytest.fixture
def files(tmp_path):
    Image.new("CMYK", (300, 500), (0, 90, 90, 0)).save(tmp_path / "photo.jpg")
    for name, (content, _) in hostile.FILES.items():
        (tmp_path / f"{name}.png").write_bytes(content)
    return tmp_path


def test_photographs_are_taken(client, files):
    photo = handle_file(str(files / "photo.jpg"))
    images, _, _, number = client.predict(photo, api_name="/faces_encode_upload")
    assert images.count("<img") == 3
    assert number == common.UPLOADED
    assert client.predict(photo, api_name="/faces_edit_upload")[-1] == common.UPLOADED
    before = gif_of(client)
    found = client.predict(photo, "top left", api_name="/faces_corner_upload")
    assert found[-4] == common.UPLOADED
    assert gif_of(client) != before


def test_files_that_are_no_photographs_are_refused(client, files):
    for name, (_, sentence) in hostile.FILES.items():
        file = handle_file(str(files / f"{name}.png"))
        assert sentence in refused(client, file, api_name="/faces_encode_upload"), name
    assert sentence in refused(client, file, api_name="/faces_edit_upload")
    assert sentence in refused(client, file, "top left", api_name="/faces_corner_upload")


def test_every_endpoint_has_a_test_here(client):
    named = client.view_api(return_format="dict")["named_endpoints"]
    source = Path(__file__).read_text("utf-8")
    mine = [name for name in named if name.startswith("/faces_")]
    assert len(mine) >= 16
    assert [name for name in mine if f'"{name}"' not in source] == []
