"""Stacked digits: the protocol on cases known on paper, what is drawn and read, and what is written."""

import math
import shutil
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.train

import numpy as np
import torch
from PIL import Image

from gen_models import cards
from gen_models.errors import UserError
from gen_models.families import MetricId as M
from training.data.common import Images, Info
from training.lab import stacked_digits as lab_digits
from training.lab.stacked_digits import MODES, Config, Stacked, drawn_from, main, score

EXPORTED = Path("exported")
NAME = "lab-nonsaturating"


@pytest.fixture
def digits(monkeypatch):
    """The digits are those of the example pictures: four of each class, in turn."""
    with Image.open(EXPORTED / "features-digits" / "examples.png") as strip:
        pixels = np.asarray(strip)
    x = torch.from_numpy(np.stack(np.split(pixels, 40, axis=1)))[:, None]
    info = Info("digits", "digits", "", "", "")
    monkeypatch.setattr(lab_digits, "load", lambda *_: Images(x, None, info))
    monkeypatch.setattr(
        lab_digits, "SAMPLES", 6000
    )  # the protocol's 26,000 take a while to be read


@pytest.fixture
def stacked(digits):
    return Stacked(EXPORTED)


def test_equally_frequent_modes_are_no_nats_away():
    assert score(np.arange(MODES).repeat(3)) == (1000, pytest.approx(0))


def test_one_mode_is_log_1000_nats_away():
    assert score(np.full(50, 123)) == (1, pytest.approx(math.log(1000)))


def test_half_of_the_modes_are_log_2_nats_away():
    assert score(np.arange(0, MODES, 2)) == (500, pytest.approx(math.log(2)))


def test_each_digit_of_a_stack_is_drawn_for_itself():
    codes = np.arange(4)[:, None] * np.ones(2)
    x = drawn_from(codes)(np.random.default_rng(0), 4000)
    assert x.shape == (4000, 6)
    triples = x[:, ::2].astype(int)
    assert np.array_equal(x[:, ::2], x[:, 1::2])  # a code stays together
    assert len(np.unique(triples, axis=0)) == 64


def test_what_is_stacked_is_read(stacked):
    """A stack of three 7 is mode 777; the order of the channels does not matter there, elsewhere it does."""
    codes = stacked.codes("test")
    pictures = stacked.images(codes[[7, 7, 7, 1, 0, 0]].reshape(2, -1))
    assert pictures.shape == (2, 3, 28, 28)
    assert 0 <= pictures.min() < 0.1
    assert 0.8 < pictures.max() <= 1
    seen = stacked.score(codes[[7, 7, 7, 1, 0, 0]].reshape(2, -1))
    assert seen == (2, pytest.approx(math.log(500)))


def test_real_digits_cover_nearly_all_modes(stacked):
    real = stacked.real
    assert real.modes > 950
    assert real.kl < 0.3


def test_numbers_and_samples_are_written_with_their_command(digits, tmp_path):
    for name in ("ae-digits", "features-digits", NAME):
        shutil.copytree(EXPORTED / name, tmp_path / name)
    main(Config(names=(NAME,), steps=100, seeds=1, exported=tmp_path))
    card = cards.load(tmp_path / NAME / "card.json")
    command = f"python -m training.lab_digits --names {NAME} --steps 100 --seeds 1"
    for key in (M.MODES.of("digits"), M.MODE_KL.of("digits"), M.SECONDS.of("digits")):
        assert card.metrics[key].command == command
        assert card.metrics[key].seeds == (0,)
    assert 0 < card.metrics[M.MODE_KL.of("digits")].value <= math.log(1000) + 1e-4
    assert "test digits" in card.metrics[M.MODE_KL.of("digits")].note
    assert {M.MODES.of("ring"), M.MODES.of("grid")} <= card.metrics.keys()
    with Image.open(tmp_path / NAME / card.sheets["digits"].file) as sheet:
        assert sheet.size == (280, 56)


def test_a_trial_is_not_written(digits, tmp_path):
    for name in ("ae-digits", "features-digits", NAME):
        shutil.copytree(EXPORTED / name, tmp_path / name)
    before = (tmp_path / NAME / "card.json").read_bytes()
    config = Config(names=(NAME,), steps=20, seeds=1, first_seed=100, exported=tmp_path)
    main(config)
    assert (tmp_path / NAME / "card.json").read_bytes() == before


def test_an_unknown_method_is_refused():
    with pytest.raises(UserError, match="no method lab-nothing"):
        main(Config(names=("lab-nothing",)))
