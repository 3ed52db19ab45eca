"""The live controls without a browser: what they accept, what they answer, and how a drawing becomes a digit."""

import asyncio
import base64
import json
import logging
import re
import threading

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from gen_models.app import controls
from gen_models.app.controls import drawing, live
from gen_models.app.hosting.sentences import BUSY, FAULT
from gen_models.errors import BadRequest, UserError
from gen_models.runtime import ModelError

pytestmark = pytest.mark.serial  # counts threads, and waits for them

RNG = np.random.default_rng(0)


def still(request):
    return {"text": {"z": str(request["value"])}}


def make(kind, compute=still, **settings):
    with gr.Blocks():
        return kind(compute, **settings)


def pad(compute=still, **settings):
    return make(controls.LatentPad, compute, **settings)


def ask(control, value, context=None):
    return json.loads(control.reply({"value": value, "context": context or {}}))


def refusal(error, again=False):
    return {"ok": False, "error": error, "again": again}


# Pictures


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3)])
def test_picture_travels_unchanged(shape):
    image = RNG.integers(0, 256, shape, np.uint8)
    width, height, channels, pixels = controls.pixels(image)
    assert (height, width, channels) == (*shape, 1)[:3]
    assert np.frombuffer(base64.b64decode(pixels), np.uint8).tobytes() == image.tobytes()


def test_picture_of_a_transposed_array():
    image = np.arange(6, dtype=np.uint8).reshape(2, 3).T
    assert base64.b64decode(controls.pixels(image)[3]) == bytes([0, 3, 1, 4, 2, 5])


@pytest.mark.parametrize(
    "image", [np.zeros((2, 2)), np.zeros((2, 2, 4), np.uint8), np.zeros(3, np.uint8)]
)
def test_picture_refuses_what_it_cannot_paint(image):
    with pytest.raises(TypeError, match="uint8"):
        controls.pixels(image)


def test_data_uri_is_a_png_of_the_same_pixels(tmp_path):
    image = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    file = tmp_path / "x.png"
    file.write_bytes(
        base64.b64decode(controls.data_uri(image).removeprefix("data:image/png;base64,"))
    )
    np.testing.assert_array_equal(np.asarray(Image.open(file)), image)


def test_grid_places_row_by_row():
    images = np.arange(1, 4, dtype=np.uint8).reshape(3, 1, 1) * np.ones((1, 2, 2), np.uint8)
    sheet = controls.grid(images, columns=2, gap=1, fill=9)
    assert sheet.tolist() == [
        [1, 1, 9, 2, 2],
        [1, 1, 9, 2, 2],
        [9, 9, 9, 9, 9],
        [3, 3, 9, 9, 9],
        [3, 3, 9, 9, 9],
    ]
    assert controls.grid(np.zeros((4, 3, 2, 3), np.uint8), columns=4, gap=0).shape == (3, 8, 3)


# What the browser may send

NOT_TWO_NUMBERS = [
    None, "0,0", 3, {}, [], [1], [1, 2, 3], [float("nan"), 0], [0, float("inf")], ["1", 2], [None, 0], [True, 0],
    [[1], 2], [10**400, 0],
]  # fmt: skip


@pytest.mark.parametrize("value", NOT_TWO_NUMBERS, ids=lambda v: str(v)[:20])
def test_pad_and_sliders_refuse_in_one_sentence(value):
    for control in (pad(), make(controls.LatentSliders, labels=["a", "b"])):
        with pytest.raises(gr.Error, match=r"^'2 finite numbers are needed here\.'$"):
            control.preprocess(value)
        assert ask(control, value) == refusal("2 finite numbers are needed here.")


def test_values_are_clamped():
    np.testing.assert_array_equal(
        pad(lo=-2, hi=3).preprocess([-1e30, 7]), np.array([-2, 3], np.float32)
    )
    sliders = make(controls.LatentSliders, labels=list("abc"), lo=0, hi=1)
    np.testing.assert_array_equal(
        sliders.preprocess([0.25, -1, 9]), np.array([0.25, 0, 1], np.float32)
    )


def test_python_may_set_numpy_values():
    assert pad().postprocess(np.array([1, 9], np.float32)) == [1.0, 3.0]
    assert pad(lo=0, hi=4).postprocess(None) == [2.0, 2.0]
    assert make(controls.LatentSliders, labels=list("abc")).value == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    "value",
    [3, -1, True, 1.5, [0], {}, "not base64!", "AAAA", "AAA", "A" * 1_000_000, "\N{SNOWMAN}"],
    ids=str,
)
def test_sheet_refuses_in_one_sentence(value):
    sheet = make(controls.DrawPad, side=16, examples=[("a 7", np.zeros((28, 28), np.uint8))] * 3)
    with pytest.raises(
        gr.Error, match=r"(That is not a drawing of 16 by 16 pixels|There is no such example)\."
    ):
        sheet.preprocess(value)


def test_sheet_gives_an_untouched_example_as_it_is():
    seven = np.arange(784, dtype=np.uint8).reshape(28, 28)
    sheet = make(controls.DrawPad, side=16, examples=[("a 7", seven)], value=0)
    assert sheet.value == 0
    np.testing.assert_array_equal(sheet.preprocess(0), seven)
    assert sheet.preprocess("").shape == sheet.preprocess(None).shape == (16, 16)
    assert sheet.preprocess(sheet.postprocess(seven)).shape == (16, 16)


@pytest.mark.parametrize(
    "context",
    [
        None,
        [],
        "x",
        {"k": {"deep": 1}},
        {"k": float("nan")},
        {"k": "x" * 201},
        {"k" * 201: 1},
        {"k": [0.0] * 1025},
        {"k": ["a"]},
        {str(i): i for i in range(33)},
    ],
    ids=lambda c: str(c)[:20],
)
def test_context_is_small_and_flat(context):
    assert not json.loads(pad().reply({"value": [0, 0], "context": context}))["ok"]


@pytest.mark.parametrize("changed", [None, "label", [1], ["x" * 201], ["label"] * 34])
def test_what_changed_is_a_few_short_words(changed):
    question = {"value": [0, 0], "context": {}, "changed": changed}
    assert json.loads(pad().reply(question)) == refusal(
        "That is not a request this app understands."
    )


@pytest.mark.parametrize("payload", [None, [], "x", 3])
def test_request_must_be_an_object(payload):
    assert json.loads(pad().reply(payload)) == refusal(
        "That is not a request this app understands."
    )


# What a control answers


def test_compute_gets_the_checked_value_and_the_context():
    seen = {}

    def compute(request):
        seen.update(request)
        return {"images": {"x": controls.pixels(np.zeros((2, 2), np.uint8))}}

    reply = ask(pad(compute), [0.5, 9], {"model": "vae", "z": [0.1, 2], "none": None})
    assert reply == {"ok": True, "images": {"x": [2, 2, 1, "AAAAAA=="]}}
    assert seen["value"].tolist() == [0.5, 3.0]
    assert seen["value"].dtype == np.float32
    assert seen["context"] == {"model": "vae", "z": [0.1, 2], "none": None}
    assert seen["changed"] == []
    pad(compute).reply({"value": [0, 0], "context": {}, "changed": ["value", "model"]})
    assert seen["changed"] == ["value", "model"]


def test_answer_is_json_also_of_numpy_values():
    def compute(request):
        return {
            "ellipse": [*request["value"], np.float32(0.5), np.float32(0.25)],
            "text": {"n": "½"},
        }

    response = asyncio.run(pad(compute).answer({"value": [1, 2], "context": {}}, None))
    assert json.loads(response.body) == {
        "ok": True,
        "ellipse": [1, 2, 0.5, 0.25],
        "text": {"n": "½"},
    }


@pytest.mark.parametrize(
    "error",
    [
        BadRequest("Choose a picture first"),
        ModelError("vae is damaged"),
        UserError("The sheet is empty"),
    ],
)
def test_sentences_for_the_visitor_are_shown(error):
    def compute(_request):
        raise error

    assert ask(pad(compute), [0, 0]) == refusal(str(error))


def test_numbers_that_do_not_depend_on_a_refused_value_stand():
    def compute(request):
        with controls.keeping({"n": "½"}):
            raise BadRequest("The sheet is empty")

    assert ask(pad(compute), [0, 0]) == refusal("The sheet is empty") | {"text": {"n": "½"}}


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("/srv/app/secret.onnx is broken."),
        KeyError("model"),
        ValueError("cannot reshape array of size 4 into shape (3,)"),
        ValueError("So many values cannot be unpacked."),
    ],
)
def test_other_errors_are_logged_and_kept_from_the_visitor(error, caplog):
    def compute(_request):
        raise error

    with caplog.at_level(logging.ERROR):
        reply = ask(pad(compute), [0, 0])
    assert reply == refusal(FAULT)
    assert "Traceback" in caplog.text
    assert not {"/", "Traceback", ".py"} & set(reply["error"].split())


def test_a_reply_that_is_no_dict_is_our_fault():
    assert ask(pad(lambda _: None), [0, 0]) == refusal(FAULT)


def test_a_reply_that_json_cannot_hold_is_our_fault():
    for value in (float("nan"), object()):
        assert ask(pad(lambda _, value=value: {"ellipse": value}), [0, 0]) == refusal(FAULT)


def test_only_what_takes_long_is_given_a_thread(monkeypatch):
    threads = []

    def compute(_request):
        threads.append(threading.current_thread())
        return {}

    async def twice():
        for _ in range(2):
            await control.answer({"value": [0, 0], "context": {}}, None)
        return threading.current_thread()

    control = pad(compute)
    monkeypatch.setattr(live, "SHORT_S", 60.0)
    here = asyncio.run(twice())
    assert [thread is here for thread in threads] == [False, True]  # the first is not known yet
    threads.clear()
    monkeypatch.setattr(live, "SHORT_S", 0.0)
    asyncio.run(twice())
    assert here not in threads


def test_busy_when_all_places_are_taken(monkeypatch):
    monkeypatch.setattr(live, "WAIT_S", 0.01)
    inside, leave = threading.Semaphore(0), threading.Event()

    def slow(_request):
        inside.release()
        leave.wait(10)
        return {}

    control = pad(slow)
    threads = [threading.Thread(target=ask, args=(control, [0, 0])) for _ in range(live.AT_ONCE)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert inside.acquire(timeout=10)
    assert ask(control, [0, 0]) == refusal(BUSY, again=True)
    leave.set()
    for thread in threads:
        thread.join()
    assert ask(pad(), [0, 0])["ok"]


def test_an_error_gives_its_place_back():
    def compute(_request):
        raise KeyError("x")

    for _ in range(live.AT_ONCE + 1):
        assert ask(pad(compute), [0, 0])["error"] == FAULT


# What Gradio gets


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (controls.LatentPad, {"background": "data:image/png;base64,AAAA", "ellipse": [0, 0, 1, 1]}),
        (controls.LatentSliders, {"labels": ["</div><script>`${x}` {{y}}"], "sweep": True}),
        (controls.DrawPad, {"examples": [("a", np.zeros((2, 2), np.uint8))]}),
    ],
)
def test_configuration_is_json_and_its_template_inert(kind, settings):
    control = make(kind, screens=[("x", 'a "caption" <b>')], context={"model": "m"}, **settings)
    config = json.loads(json.dumps(control.get_config()))
    assert config["server_fns"] == ["answer"]
    assert not set("`${}\\") & set(config["html_template"])
    assert config["html_template"].count("<") == 2


def test_the_browser_never_reads_words_as_html():
    assert not re.search(r"(inner|outer|Adjacent)HTML|document\.write|\beval\(", controls.SCRIPT)


def test_update_rebuilds_the_control_with_its_new_settings():
    """What Gradio does for a session when an event returns gr.update(labels=...)."""
    control = make(controls.LatentSliders, labels=["a"], context={"model": "m"})
    rebuilt = type(control)(**{**control.constructor_args, "labels": ["a", "b"], "render": False})
    assert rebuilt.preprocess([1, 2]).tolist() == [1, 2]
    assert ask(rebuilt, [1, 2])["ok"]


# Drawings


def test_runs_travel_unchanged():
    for ink in (
        np.zeros((112, 112), np.uint8),
        np.full((112, 112), 255, np.uint8),
        RNG.integers(0, 256, (112, 112), np.uint8),
        RNG.integers(0, 2, (112, 112)).astype(np.uint8) * 255,
        np.repeat(np.arange(112, dtype=np.uint8) // 40, 112).reshape(112, 112),
    ):
        np.testing.assert_array_equal(drawing.from_runs(drawing.to_runs(ink), 112), ink)


def test_runs_of_a_case_solved_by_hand():
    ink = np.zeros((20, 20), np.uint8)
    ink[19, 19] = 7
    assert base64.b64decode(drawing.to_runs(ink)) == bytes([255, 0, 144, 0, 1, 7])


def centre_of_mass(image):
    rows, columns = np.indices(image.shape)
    return (rows * image).sum() / image.sum(), (columns * image).sum() / image.sum()


def box(image):
    return [int(np.flatnonzero(image.any(axis)).size) for axis in (1, 0)]


@pytest.mark.parametrize(
    ("top", "left", "height", "width"), [(3, 80, 60, 15), (50, 2, 9, 100), (0, 0, 112, 112)]
)
def test_digit_is_scaled_to_20_and_centred(top, left, height, width):
    ink = np.zeros((112, 112), np.uint8)
    ink[top : top + height, left : left + width] = 255
    digit = drawing.mnist_like(ink)
    assert digit.shape == (28, 28)
    assert digit.dtype == np.uint8
    assert digit.max() > 200
    scale = 20 / max(height, width)
    assert box(digit) == [round(height * scale), round(width * scale)]
    np.testing.assert_allclose(centre_of_mass(digit), 14, atol=0.5)


def test_lopsided_ink_keeps_its_mass_in_the_centre_and_all_of_it_inside():
    ink = np.zeros((112, 112), np.uint8)
    ink[10:100, 10:16] = 255  # a heavy bar
    ink[98:100, 10:100] = 255  # and a thin foot
    digit = drawing.mnist_like(ink)
    np.testing.assert_allclose(centre_of_mass(digit)[0], 14, atol=0.5)
    assert digit[:, 27].any()  # pushed to the edge, not over it
    assert max(box(digit)) == 20


def test_small_and_large_copies_become_the_same_digit():
    ink = np.zeros((112, 112), np.uint8)
    ink[20:60, 30:36] = ink[20:26, 30:60] = 255
    large = np.asarray(Image.fromarray(ink).resize((336, 336), Image.Resampling.BILINEAR))
    moved = np.roll(ink, (40, 30), (0, 1))
    digit = drawing.mnist_like(ink).astype(int)
    assert (digit == drawing.mnist_like(moved)).all()
    assert np.abs(digit - drawing.mnist_like(large)).mean() < 0.02 * 255


@pytest.mark.parametrize("ink", [np.zeros((112, 112), np.uint8), np.full((112, 112), 31, np.uint8)])
def test_empty_sheet_is_one_sentence(ink):
    with pytest.raises(
        BadRequest, match=r"^The drawing is empty: draw a digit, or choose an example\.$"
    ):
        drawing.mnist_like(ink)


def test_one_dot_is_a_digit_too():
    ink = np.zeros((112, 112), np.uint8)
    ink[111, 0] = 255
    assert box(drawing.mnist_like(ink)) == [20, 20]
