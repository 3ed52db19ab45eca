"""Schedules: their ends, their corners, and values worked out by hand."""

import pytest

from training.schedules import cosine, delayed, exponential, linear_decay, linear_warmup


def test_a_cosine_rises_to_1_and_falls_to_0():
    assert [cosine(p) for p in (0.0, 0.01, 0.02, 0.51, 1.0)] == pytest.approx([0, 0.5, 1, 0.5, 0])


def test_a_warmup_is_linear_in_steps_as_in_progress():
    assert [linear_warmup(step, 500) for step in (0, 1, 250, 500, 900)] == [0, 0.002, 0.5, 1, 1]
    assert linear_warmup(0.01, 0.02) == 0.5
    assert linear_warmup(0, 0) == 1


def test_a_linear_decay_takes_the_last_share_of_a_run():
    values = [linear_decay(p, 0.5) for p in (0, 0.5, 0.75, 1)]
    assert values == [1, 1, 0.5, 0]
    assert [linear_decay(p, 1.0) for p in (0, 0.25, 1)] == [1, 0.75, 0]
    assert [linear_decay(p, 0.0) for p in (0, 1)] == [1, 1]


def test_an_exponential_goes_by_equal_factors():
    assert [exponential(4, 1, p) for p in (0, 0.5, 1)] == [4, 2, 1]
    assert exponential(0.3, 0.3, 0.7) == 0.3


def test_what_is_delayed_begins_late_and_ends_with_the_run():
    assert [delayed(p, 0.5) for p in (0, 0.5, 0.75, 1)] == [0, 0, 0.5, 1]
    assert delayed(0.25, 0) == 0.25
