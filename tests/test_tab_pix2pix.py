"""The chapter pix2pix on toy models: drawings in, every kind of bad one, and each endpoint over HTTP."""

import base64
import io
import json
from dataclasses import replace

import gradio as gr
import hostile
import numpy as np
import pytest
import toys
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from hostile import encoded, png
from PIL import Image

from gen_models.app import controls, launch_options
from gen_models.app.chapters import pix2pix
from gen_models.app.chapters.pix2pix import canvases, draw, translate
from gen_models.app.controls.drawing import PNG, from_png
from gen_models.errors import BadRequest
from gen_models.families import Label
from gen_models.runtime import Model, to_uint8

KINDS = ("labels", "lines", "terrain", "colours")
PALETTE = np.array([(0, 0, 220), (220, 80, 0), (0, 220, 220)], np.uint8)
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """One model of each kind of drawing."""
    root = tmp_path_factory.mktemp("exported")
    return {f"p-{kind}": toys.pix2pix(root, f"p-{kind}", kind) for kind in KINDS}


@pytest.fixture
def labels(models):
    return models["p-labels"]


def random_drawing(model):
    """One that the model's examples could look like."""
    side = canvases.canvas(model).side
    drawing = RNG.integers(0, 256, (side, side, 3), np.uint8)
    kind = canvases.canvas(model).kind
    if kind == "labels":
        return PALETTE[drawing[..., 0] % 3]
    if kind == "lines":
        return drawing[..., :1].repeat(3, 2)
    if kind == "terrain":
        drawing[..., 2] = 0
    return drawing


def uri(image, kind="PNG", **options):
    """An image, or bytes, as the browser would send a drawing."""
    if not isinstance(image, bytes):
        file = io.BytesIO()
        image.save(file, kind, **options)
        image = file.getvalue()
    return PNG + base64.b64encode(image).decode()


def picture(text):
    """The pixels of a picture in a data: URI."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text.partition(",")[2]))))


# ---------------------------------------------------------------------------------------------------------------------
# Drawings in
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_drawing_travels_unchanged_and_is_what_the_toy_gives_back(models, kind):
    model = models[f"p-{kind}"]
    drawing = random_drawing(model)
    assert np.array_equal(from_png(controls.data_uri(drawing), 32), drawing)
    made = translate.translate(model, drawing, translate.noise(model, 0, 1), 0)
    assert np.array_equal(to_uint8(made)[0], drawing)


def test_labels_are_one_hot_and_a_colour_in_between_is_the_nearest_one(labels):
    drawing = np.zeros((32, 32, 3), np.uint8)
    drawing[:16], drawing[16:] = (10, 5, 200), (0, 200, 190)
    c = canvases.condition(labels, drawing)
    assert c.shape == (1, 3, 32, 32)
    assert c.dtype == np.float32
    assert np.array_equal(c[0, 0, :16], np.ones((16, 32)))
    assert np.array_equal(c[0, 2, 16:], np.ones((16, 32)))
    assert np.array_equal(c.sum(1), np.ones((1, 32, 32)))


def test_the_nearest_of_a_palette_by_the_definition():
    colours = RNG.integers(0, 256, (20, 20, 3), np.uint8)
    palette = RNG.integers(0, 256, (11, 3), np.uint8)
    colours[0, :11] = palette
    distance = np.square(colours[:, :, None].astype(int) - palette.astype(int)).sum(-1)
    assert np.array_equal(canvases.nearest(colours, palette), distance.argmin(-1))
    assert canvases.nearest(colours[:1, :11], palette).tolist() == [list(range(11))]


@pytest.mark.parametrize(("kind", "channels"), [("lines", 1), ("terrain", 2), ("colours", 3)])
def test_other_drawings_are_their_channels(models, kind, channels):
    drawing = random_drawing(models[f"p-{kind}"])
    c = canvases.condition(models[f"p-{kind}"], drawing)
    np.testing.assert_allclose(c[0], drawing[..., :channels].transpose(2, 0, 1) / 255, rtol=1e-6)


def test_what_there_is_to_draw_with(models):
    found = {kind: canvases.canvas(models[f"p-{kind}"]) for kind in KINDS}
    assert [found[kind].kind for kind in KINDS] == list(KINDS)
    assert [ink.name for ink in found["labels"].inks] == ["wall", "door", "window"]
    assert found["labels"].blank == (0, 0, 220)
    assert found["lines"].blank == (255, 255, 255)
    assert [ink.does for ink in found["terrain"].inks] == ["land", "raise", "lower", "colour"]
    assert [ink.colour for ink in found["colours"].inks] == [(240, 240, 230), (30, 60, 200)]
    for kind in KINDS:
        model = models[f"p-{kind}"]
        empty = canvases.blank(found[kind])
        assert empty.shape == (32, 32, 3)
        json.dumps(canvases.paper_of(model))


def test_frequent_colours_stand_for_those_like_them():
    pixels = np.zeros((10, 10, 3), np.uint8)
    pixels[:4], pixels[4:6], pixels[6:7] = (200, 10, 10), (203, 12, 11), (0, 255, 0)
    assert canvases.frequent(pixels, 2) == [(200, 10, 10), (0, 0, 0)]
    assert canvases.frequent(pixels, 8) == [(200, 10, 10), (0, 0, 0), (0, 255, 0)]
    assert canvases.frequent(pixels[:0], 8) == []


GOOD = Image.fromarray(RNG.integers(0, 256, (32, 32, 3), np.uint8))
FILE = encoded(GOOD, "PNG")


BAD = {
    "nothing": None, "a number": 3, "true": True, "NaN": float("nan"), "a list": [], "an object": {}, "no words": "",
    "another URI": "data:,", "no content": PNG, "no base64": PNG + "!!!!",
    "not ASCII": PNG + "\u00e9",
    "no head": base64.b64encode(FILE).decode(), "too long": PNG + "A" * 10_000_000,
    "narrow": uri(GOOD.resize((31, 32))), "large": uri(GOOD.resize((64, 64))),
    "cut off": uri(FILE[:-200]), "few pixels": uri(png(32, 32)), "JPEG": uri(GOOD, "JPEG"), "WebP": uri(GOOD, "WEBP"),
    **{name: uri(content) for name, (content, _) in hostile.FILES.items()},
    **{name: uri(hostile.ODD[name]) for name in ("CMYK", "animated WebP")},
}  # fmt: skip


@pytest.mark.parametrize("drawing", BAD.values(), ids=BAD.keys())
def test_what_is_no_drawing_is_refused_with_one_sentence(drawing):
    with pytest.raises(BadRequest) as caught:
        from_png(drawing, 32)
    assert str(caught.value) == "A drawing is a PNG of 32 by 32 pixels in a data: URI."


def test_a_drawing_too_long_or_too_large_is_refused_before_it_is_decoded(monkeypatch):
    def never(*_, **__):
        raise AssertionError("it was decoded")

    with monkeypatch.context() as patch:
        patch.setattr(base64, "b64decode", never)
        with pytest.raises(BadRequest):
            from_png(PNG + "A" * (6 * 32**2 + 4097), 32)
    monkeypatch.setattr(Image.Image, "convert", never)
    with pytest.raises(BadRequest):
        from_png(uri(png(20_000, 20_000)), 32)


def test_the_noisiest_drawing_is_not_too_long():
    noise = RNG.integers(0, 256, (128, 128, 4), np.uint8)
    noise[..., 3] = 255
    drawing = uri(Image.fromarray(noise), compress_level=0)
    assert np.array_equal(from_png(drawing, 128), noise[..., :3])


def test_other_pngs_become_colours_and_what_is_transparent_white():
    clear = GOOD.copy()
    clear.putalpha(0)
    assert (from_png(uri(clear), 32) == 255).all()
    few = GOOD.convert("P", palette=Image.Palette.ADAPTIVE, colors=7)
    assert np.array_equal(from_png(uri(few), 32), np.asarray(few.convert("RGB")))
    few.info["transparency"] = 0
    shown, index = from_png(uri(few), 32), np.asarray(few)
    assert (shown[index == 0] == 255).all()
    assert np.array_equal(shown[index > 0], np.asarray(few.convert("RGB"))[index > 0])
    grey = GOOD.convert("L")
    assert np.array_equal(from_png(uri(grey), 32)[..., 1], np.asarray(grey))
    red, blue = (Image.new("RGB", (32, 32), colour) for colour in ("red", "blue"))
    moving = uri(red, save_all=True, append_images=[blue])
    assert (from_png(moving, 32) == (255, 0, 0)).all()


@pytest.mark.parametrize("shape", [(40, 60), (40, 60, 1), (40, 60, 3)])
def test_a_photo_is_a_small_jpeg_near_the_picture(shape):
    image = np.zeros(shape, np.uint8)
    image[:] = np.linspace(0, 255, 60).astype(np.uint8).reshape(1, 60, *[1] * (len(shape) - 2))
    sent = controls.photo(image)
    assert sent.startswith("data:image/jpeg;base64,")
    assert len(sent) < image.size
    assert np.abs(picture(sent).reshape(shape).astype(int) - image).max() < 12


# ---------------------------------------------------------------------------------------------------------------------
# Files that visitors upload
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_drawing_comes_back_as_it_was(models, kind, tmp_path):
    model = models[f"p-{kind}"]
    drawing = random_drawing(model)
    if kind == "terrain":
        drawing[..., 1] = np.where(drawing[..., 1] > 127, 255, 0)
    Image.fromarray(drawing).save(tmp_path / "drawing.png")
    assert np.array_equal(
        canvases.uploaded(canvases.canvas(model), tmp_path / "drawing.png"), drawing
    )


def test_a_large_map_of_labels_keeps_its_labels_and_a_photograph_gets_the_nearest(labels, tmp_path):
    large = np.zeros((320, 320, 3), np.uint8)
    large[:, :160], large[:, 160:] = PALETTE[0], PALETTE[1]
    Image.fromarray(large).save(tmp_path / "large.png")
    made = canvases.uploaded(canvases.canvas(labels), tmp_path / "large.png")
    assert np.array_equal(made[:, :16], np.broadcast_to(PALETTE[0], (32, 16, 3)))
    assert np.array_equal(made[:, 16:], np.broadcast_to(PALETTE[1], (32, 16, 3)))
    Image.effect_noise((90, 60), 80).convert("CMYK").save(tmp_path / "photo.jpg")
    photo = canvases.uploaded(canvases.canvas(labels), tmp_path / "photo.jpg")
    assert {tuple(c) for c in photo.reshape(-1, 3)} <= {tuple(c) for c in PALETTE}


def test_uploads_for_terrain_are_height_and_either_water_or_none(models, tmp_path):
    Image.effect_noise((90, 60), 80).convert("RGB").save(tmp_path / "photo.png")
    made = canvases.uploaded(canvases.canvas(models["p-terrain"]), tmp_path / "photo.png")
    assert set(made[..., 1].ravel().tolist()) == {0, 255}
    assert not made[..., 2].any()


@pytest.mark.parametrize("kind", KINDS)
def test_files_that_are_no_pictures_get_one_sentence(models, kind, tmp_path):
    for name, (content, _) in hostile.FILES.items():
        (tmp_path / name).write_bytes(content)
    for path in [*tmp_path.iterdir(), tmp_path / "none.png", None]:
        with pytest.raises(BadRequest, match=r"\.$"):
            canvases.uploaded(canvases.canvas(models[f"p-{kind}"]), path)


# ---------------------------------------------------------------------------------------------------------------------
# What is said of the answer
# ---------------------------------------------------------------------------------------------------------------------


def test_the_chapter_shows_translations_from_pairs_alone(models, toy_card):
    assert all(pix2pix.CHAPTER.shows(model.card) for model in models.values())
    assert not pix2pix.CHAPTER.shows(toy_card)


def test_a_model_whose_card_does_not_fit_its_graph_is_left_out(labels, tmp_path):
    model = toys.pix2pix(tmp_path, "p", "terrain")
    assert canvases.is_whole(model)
    facts = replace(model.card.facts, labels=(Label("one", (1, 2, 3)),))
    assert pix2pix.left_out(model) is None
    for card in (replace(model.card, facts=facts), replace(model.card, graphs={})):
        assert not canvases.is_whole(Model(card, model.folder))
        assert pix2pix.left_out(Model(card, model.folder)).startswith("p is left out")


def test_z_is_what_dropout_drops_by_and_p_is_how_much(labels):
    drawing = canvases.examples(labels)[0]
    u = translate.noise(labels, 3, 4)
    assert u.shape == (4, 5)
    assert (u >= 0).all()
    assert (u < 1).all()
    assert np.array_equal(u[:1], translate.noise(labels, 3, 1))
    assert not np.array_equal(u, translate.noise(labels, 4, 4))
    none, half = (translate.translate(labels, drawing, u, p) for p in (0, 0.5))
    assert translate.diversity(none) == 0
    spread = np.abs(u[:, None, 0] - u[None, :, 0]).sum() / 12
    assert translate.diversity(half) == pytest.approx(0.5 * spread * none[0].mean(), rel=1e-4)


def test_an_untouched_example_has_a_true_image_and_a_drawing_has_none(labels):
    drawing = canvases.examples(labels)[2]
    context = {"seed": 0, "p": 0.0, "all": True}
    reply = translate.at(labels, drawing, context)
    flat = to_uint8(np.full((1, 3, 1, 1), 3 / 8))[0, 0, 0, 0]
    assert (picture(reply["images"]["true"]) == flat).all()
    assert picture(reply["images"]["true"]).shape == (32, 32, 3)
    expected = np.abs(drawing / 255 - flat / 255).mean()
    assert float(reply["text"]["error"]) == pytest.approx(expected, abs=6e-4)
    assert reply["text"]["diversity"] == "0.000"
    assert np.array_equal(picture(reply["images"]["z0"]), drawing)
    assert np.abs(picture(reply["images"]["z3"]).astype(int) - drawing).mean() < 5
    other = drawing.copy()
    other[0, 0] = PALETTE[2]
    reply = translate.at(labels, other, context)
    assert reply["text"]["error"] == "–"
    assert picture(reply["images"]["true"]).shape == (1, 1)


def test_large_pictures_are_made_on_two_threads(labels, tmp_path):
    assert translate.quick(labels) is labels
    large = toys.pix2pix(tmp_path, "large", side=256)
    assert (large.threads, translate.quick(large).threads) == (1, 2)


def test_while_the_brush_moves_one_small_picture_comes(labels):
    reply = translate.at(labels, canvases.examples(labels)[0], {"seed": 0, "p": 0.5, "all": False})
    assert reply["images"].keys() == {"z0"}
    assert reply["images"]["z0"].startswith("data:image/jpeg;base64,")
    assert "text" not in reply


def test_the_numbers_are_the_cards_beside_those_of_another_recipe(labels, tmp_path):
    table = translate.numbers(labels)
    for words in (
        "0.0625",
        "0.0125",
        "21.5 dB",
        "0.875",
        "pix2pix-paper-toy",
        "0.0703",
        "100 test",
    ):
        assert words in table
    assert "Fréchet distance</th>" not in table, "it was not measured"
    assert "Not evaluated" in translate.numbers(toys.pix2pix(tmp_path, "p", measured=False))


# ---------------------------------------------------------------------------------------------------------------------
# The pad
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def pad(labels):
    def answer(request):
        return translate.at(labels, request["value"], request["context"])

    with gr.Blocks():
        return controls.PaintPad(answer, paper=canvases.paper_of(labels), value=0)


def ask(pad, value, **context):
    context = {"seed": 0, "p": 0.0, "all": True} | context
    return json.loads(pad.reply({"value": value, "context": context}))


def test_the_pad_takes_an_example_a_drawing_or_nothing(pad, labels):
    drawing = random_drawing(labels)
    assert np.array_equal(pad.parse(1), canvases.examples(labels)[1])
    assert np.array_equal(pad.parse(controls.data_uri(drawing)), drawing)
    assert np.array_equal(pad.parse(""), canvases.blank(canvases.canvas(labels)))
    assert np.array_equal(pad.parse(pad.postprocess(drawing)), drawing)
    assert (pad.postprocess(None), pad.postprocess(3)) == ("", 3)
    assert np.array_equal(picture(ask(pad, controls.data_uri(drawing))["images"]["z0"]), drawing)


@pytest.mark.parametrize("value", [-1, 6, 0.5, True, [], {}, "x", PNG, BAD["large"]], ids=repr)
def test_the_pad_refuses_with_a_sentence(pad, value):
    reply = ask(pad, value)
    assert reply["ok"] is False
    assert reply["error"].endswith(".")
    assert "server" not in reply["error"]


@pytest.mark.parametrize(
    ("context", "sentence"),
    [
        ({"p": 0.95}, "from 0 to 0.9"), ({"p": -0.1}, "from 0 to 0.9"), ({"p": "0"}, "from 0 to 0.9"),
        ({"p": None}, "from 0 to 0.9"), ({"p": float("nan")}, "not a request"), ({"seed": 0.5}, "The seed"),
        ({"seed": -1}, "The seed"), ({"seed": 2**31}, "The seed"), ({"seed": None}, "The seed"),
    ],
)  # fmt: skip
def test_p_and_seed_are_checked(pad, context, sentence):
    assert sentence in ask(pad, 0, **context)["error"]


# ---------------------------------------------------------------------------------------------------------------------
# Endpoints
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(models):
    with gr.Blocks() as demo:
        draw.build(models)
        draw.offer(models)
    options = launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield Client(url, verbose=False)
    demo.close()


def refused(client, *args, api_name):
    """The sentence a visitor reads."""
    with pytest.raises(AppError) as caught:
        client.predict(*args, api_name=api_name)
    words = str(caught.value)
    assert "Traceback" not in words
    assert "show_error" not in words, "an error of ours, not a refusal"
    return words


@pytest.mark.parametrize("kind", KINDS)
def test_a_drawing_over_http(client, models, kind):
    drawing = random_drawing(models[f"p-{kind}"])
    found = client.predict(f"p-{kind}", controls.data_uri(drawing), 0, 7, api_name="/pix2pix")
    assert len(found["pictures"]) == translate.SHOWN
    assert np.array_equal(picture(found["pictures"][0]), drawing)
    assert found["diversity"] == 0
    assert found["error"] is None
    again = client.predict(f"p-{kind}", controls.data_uri(drawing), 0.5, 7, api_name="/pix2pix")
    assert again["diversity"] > 0


def test_an_example_over_http(client, labels):
    found = client.predict("p-labels", 2, 0, 0, api_name="/pix2pix_example")
    drawing = canvases.examples(labels)[2]
    assert np.array_equal(picture(found["drawing"]), drawing)
    flat = to_uint8(np.full((1, 3, 1, 1), 3 / 8))[0, 0, 0, 0]
    assert found["error"] == pytest.approx(np.abs(drawing / 255 - flat / 255).mean(), rel=1e-4)


@pytest.mark.parametrize("name", ["", "p-other", "../../etc", 3, None])
def test_unknown_models_are_refused(client, name):
    assert "no such model" in refused(client, name, "", 0, 0, api_name="/pix2pix")
    assert "no such model" in refused(client, name, 0, 0, 0, api_name="/pix2pix_example")


@pytest.mark.parametrize(
    ("drawing", "p", "seed", "sentence"),
    [
        ("", 0, 0, "a PNG of 32 by 32"), (None, 0, 0, "a PNG of 32 by 32"), (3, 0, 0, "a PNG of 32 by 32"),
        (uri(GOOD), 0.91, 0, "from 0 to 0.9"), (uri(GOOD), "1", 0, "from 0 to 0.9"),
        (uri(GOOD), None, 0, "from 0 to 0.9"),
        (uri(GOOD), 0, 1.5, "The seed"), (uri(GOOD), 0, 2**31, "The seed"), (uri(GOOD), 0, True, "The seed"),
    ],
)  # fmt: skip
def test_bad_drawings_shares_and_seeds_are_refused(client, drawing, p, seed, sentence):
    assert sentence in refused(client, "p-labels", drawing, p, seed, api_name="/pix2pix")


@pytest.mark.parametrize("number", [-1, 6, 0.5, "0", None, True])
def test_examples_that_do_not_exist_are_refused(client, number):
    words = refused(client, "p-labels", number, 0, 0, api_name="/pix2pix_example")
    assert "whole number from 0 to 5" in words


def test_an_upload_over_http(client, tmp_path):
    GOOD.save(tmp_path / "drawing.png")
    (tmp_path / "words.png").write_text("no picture")
    update = client.predict(
        "p-labels", handle_file(str(tmp_path / "drawing.png")), api_name="/pix2pix_upload"
    )
    assert "data:image/png" in str(update)
    words = refused(
        client, "p-labels", handle_file(str(tmp_path / "words.png")), api_name="/pix2pix_upload"
    )
    assert "not a PNG, JPEG or WebP" in words


def test_without_examples_the_canvas_begins_empty(tmp_path):
    model = toys.pix2pix(tmp_path, "p", "colours", examples=0)
    assert canvases.examples(model).shape == (0, 32, 32, 3)
    assert canvases.truth(model, np.zeros((32, 32, 3), np.uint8)) is None
    assert canvases.canvas(model).inks
    with gr.Blocks():
        draw.build({"p": model})
