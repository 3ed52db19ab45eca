"""The curves of a run's losses."""

import re
from xml.etree import ElementTree

import pytest

from training.engine import curves

ROWS = [
    {"step": 100 * i, "seconds": 7.0 * i, "loss": 1 / i, "real": float(i)} for i in (1, 2, 3, 4)
]


def paths(svg):
    return [path.get("d") for path in ElementTree.fromstring(svg).findall(".//{*}path")]


def test_each_metric_has_a_curve_from_its_first_to_its_last_value():
    svg = curves.losses(ROWS)
    words = [text.text for text in ElementTree.fromstring(svg).findall(".//{*}text")]
    assert words == ["loss", "1", "0.25", "step 400", "real", "4", "1", "step 400"]
    _, loss, _, real = paths(svg)
    heights = [float(y) for y in re.findall(r" ([\d.]+)", loss)]
    assert heights == sorted(heights)
    assert len(heights) == 4
    assert [float(y) for y in re.findall(r" ([\d.]+)", real)] == pytest.approx(
        heights[::-1], abs=40
    )


def test_a_long_log_is_averaged_and_a_short_one_has_no_curve():
    long = [{"step": i, "seconds": i, "loss": float(i % 2)} for i in range(1, 10_001)]
    assert paths(curves.losses(long))[1].count("L") == curves.POINTS - 1
    assert curves.losses([]) == curves.losses(ROWS[:1]) == ""


def test_a_metric_that_comes_late_begins_late_and_a_constant_one_is_a_line():
    rows = [{"step": 1, "seconds": 1}, *({"step": i, "seconds": i, "same": 2.0} for i in (5, 10))]
    _, line = paths(curves.losses(rows))
    (x0, y0), (x1, y1) = re.findall(r"([\d.]+) ([\d.]+)", line)
    assert y0 == y1
    assert float(x0) > 52 < float(x1)


def test_what_a_name_holds_is_text():
    svg = curves.losses([{"step": i, "seconds": i, "<b>": float(i)} for i in (1, 2)])
    assert "&lt;b&gt;" in svg
