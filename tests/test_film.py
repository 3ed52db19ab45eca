"""Animated GIFs."""

import io

import numpy as np
import pytest
from PIL import Image, ImageSequence

from gen_models.app import film
from gen_models.errors import BadRequest


def read(data):
    with Image.open(io.BytesIO(data), formats=["GIF"]) as file:
        frames = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(file)]
        return frames, file.info


@pytest.mark.parametrize("channels", [1, 3])
def test_frames_come_back_enlarged_in_order_and_for_ever(channels):
    values = np.array([0, 80, 160, 240], np.uint8)
    frames = np.broadcast_to(values[:, None, None, None], (4, 6, 5, channels))
    got, info = read(film.gif(frames, fps=20, side=32))
    assert [frame.shape for frame in got] == [(30, 25, 3)] * 4
    assert [int(frame[15, 12, 0]) for frame in got] == values.tolist()
    assert info["loop"] == 0
    assert info["duration"] == 50


def test_to_and_fro_repeats_neither_end():
    frames = np.arange(4)
    assert film.to_and_fro(frames).tolist() == [0, 1, 2, 3, 2, 1]
    assert film.to_and_fro(frames[:1]).tolist() == [0]
    assert film.to_and_fro(frames[:2]).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("shape", "options", "sentence"),
    [
        ((0, 4, 4, 1), {}, "1 to 240 frames"),
        ((241, 4, 4, 1), {}, "1 to 240 frames"),
        ((1, 4, 513, 1), {}, "512 pixels"),
        ((1, 4, 4, 1), {"side": 5000}, "512 pixels"),
        ((1, 4, 4, 1), {"fps": 0}, "1 to 50 frames a second"),
        ((1, 4, 4, 1), {"fps": 100}, "1 to 50 frames a second"),
    ],
)
def test_what_would_be_too_much_is_refused_in_a_sentence(shape, options, sentence):
    with pytest.raises(BadRequest, match=sentence):
        film.gif(np.zeros(shape, np.uint8), **options)
