"""The chapter "Equilibria": its pure functions, its reply, and every endpoint with good and bad input."""

import json
import math
import re
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from gen_models import app
from gen_models.app.chapters import equilibria
from gen_models.app.chapters.equilibria import (
    common,
    lines,
    plane,
    settings,
    study,
    views,
    words,
)
from gen_models.errors import BadRequest
from gen_models.numerics import games


def chosen(**changed):
    return study.checked(study.FIRST | changed)


def show(request):
    return common.show("views", "simultaneous", request)


# ---------------------------------------------------------------------------------------------------------------------
# Settings
# ---------------------------------------------------------------------------------------------------------------------


def test_what_is_chosen_at_first_is_checked_input():
    first = chosen()
    assert first.shown == tuple(study.RULES)
    assert first.gamma == 0.6
    assert study.game_of(first) == games.Dirac("saturating")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"game": "chess"}, "no such game"),
        ({"game": ["trap"]}, "no such game"),
        ({"game": None}, "no such game"),
        ({"penalty": "R3"}, "no such penalty"),
        ({"h": 0}, "The step size must be a number from 0.01 to 0.5"),
        ({"h": "0.2"}, "The step size"),
        ({"h": math.nan}, "The step size"),
        ({"gamma": -0.1}, "γ must be"),
        ({"sigma": 1e300}, "The noise σ"),
        ({"weight": True}, "weight of the penalty"),
        ({"steps": 501}, "from 1 to 500"),
        ({"steps": 0}, "from 1 to 500"),
        ({"steps": 10.5}, "whole number"),
        ({"steps": None}, "whole number"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(changed, sentence):
    with pytest.raises(BadRequest, match=sentence):
        chosen(**changed)


def test_only_what_is_true_is_shown():
    shown = chosen(continuous=False, descent="yes", consensus=1).shown
    assert shown == ("simultaneous", "alternating")


def test_the_remedies_reach_the_game():
    game = study.game_of(chosen(game="non-saturating", sigma=0.5, penalty="Roth", weight=0.7))
    assert game == games.Dirac("non-saturating", 0.5, "Roth", 0.7)
    assert study.game_of(chosen(game="trap", sigma=0.5, penalty="R1")) == games.Trap()
    same = [study.game_of(chosen(weight=w, penalty=p)) for w, p in ((0.3, "none"), (0, "R1"))]
    assert same == 2 * [games.Dirac("saturating")], "so that they share what is remembered"


# ---------------------------------------------------------------------------------------------------------------------
# Results and words
# ---------------------------------------------------------------------------------------------------------------------


def test_the_lectures_three_ways_from_1_1():
    found = study.run(chosen(steps=500), 1.0, 1.0)
    start = math.sqrt(2)
    assert found.results["simultaneous"].distance > start
    assert found.results["descent"].distance > start, "beyond the saddle"
    assert found.results["consensus"].distance < 0.01
    assert found.results["alternating"].distance == pytest.approx(start, rel=0.15)
    assert found.results["continuous"].distance == pytest.approx(start, rel=1e-3)


def test_factors_are_those_of_the_matrices():
    results = study.run(chosen(h=0.3, gamma=0.8), 1.0, 1.0).results
    assert results["simultaneous"].factor == pytest.approx(math.sqrt(1 + 0.15**2))
    assert results["alternating"].factor == pytest.approx(1)
    assert results["descent"].factor == pytest.approx(1 - 0.3 / 4)
    assert results["consensus"].factor == pytest.approx(abs(1 + 0.3 * (-0.2 + 0.5j)))
    assert results["continuous"].factor == 1


def test_a_factor_is_what_the_distance_shrinks_by():
    for rule, result in study.run(
        chosen(penalty="R1", weight=0.5, steps=40), 0.02, -0.01
    ).results.items():
        longer = study.run(chosen(penalty="R1", weight=0.5, steps=80), 0.02, -0.01).results[rule]
        assert (longer.distance / result.distance) ** (1 / 40) == pytest.approx(
            result.factor, rel=0.04
        )


@pytest.mark.parametrize(
    ("changed", "eigenvalues", "meaning", "fate"),
    [
        ({}, "±0.50i", "circle", "1.0050: near (0, 0) it leaves"),
        ({"penalty": "R1"}, "−0.50, −0.50", "critical", "0.9000: near (0, 0) it comes in"),
        ({"penalty": "R1", "weight": 0.5}, "−0.25 ± 0.43i", "spiral in", "comes in"),
        ({"penalty": "R1", "weight": 2.0}, "−0.13, −1.87", "without turning", "comes in"),
        ({"game": "trap"}, "±1.00i", "circle", "1.0198: near (0, 0) it leaves"),
        ({"h": 0.01}, "±0.50i", "circle", "1 + 1.2e−5: near (0, 0) it leaves"),
        ({"game": "wasserstein"}, "±1.00i", "circle", "1.0198: near (0, 0) it leaves"),
        ({"sigma": 1.0}, "−0.25 ± 0.43i", "spiral in", "comes in"),
    ],
)
def test_the_sentence_says_what_the_eigenvalues_mean(changed, eigenvalues, meaning, fate):
    settings = chosen(**changed)
    said = words.sentence(settings, study.run(settings, 1.0, 1.0))
    assert said.startswith(f"λ = {eigenvalues}: ")
    assert meaning in said
    assert fate in said.replace("\u00a0", " ")


def test_every_motion_has_its_words():
    assert "leave" in words.motion((0.1 + 1j, 0.1 - 1j))
    assert words.fate(1.0) == "stays"


def test_notes_tell_of_traps_saddles_and_straight_losses():
    trap, plain = chosen(game="trap"), chosen()
    in_trap = " ".join(words.notes(trap, study.run(trap, 1.0, 1.0)))
    assert "✕ at (0.72, 0.72)" in in_trap
    assert "‖V‖ = 0.25" in in_trap
    assert "◇" in in_trap
    assert "◇" in " ".join(words.notes(plain, study.run(plain, 1.0, 1.0)))
    for changed in ({"sigma": 0.5}, {"penalty": "Roth"}):
        straight = chosen(game="wasserstein", **changed)
        assert "straight line" in words.notes(straight, study.run(straight, 1.0, 1.0))[0]
    bilinear = chosen(game="wasserstein")
    assert words.notes(bilinear, study.run(bilinear, 1.0, 1.0)) == []


def test_a_mixture_that_does_not_arrive_is_said_with_how_many_do_not():
    from_here = chosen(steps=500)
    said = " ".join(words.notes(from_here, study.run(from_here, 2.0, 1.0)))
    assert "distance 7.09" in said
    assert "Of 81 start points in a grid over the plane, 40 do not arrive." in said
    assert "has not arrived" not in " ".join(words.notes(from_here, study.run(from_here, 1.0, 1.0)))


def test_what_is_played_is_the_main_way_or_the_first_that_is_shown():
    played = lines.walk(study.run(chosen(steps=500), 1.0, 1.0, "consensus"))
    assert len(played) == lines.MAX_POINTS
    assert played[0] == pytest.approx([1, 1, -0.2689, 0.2689], abs=1e-3), "place and V"
    assert played[-1][:2] == pytest.approx([0, 0], abs=1e-2)
    first = study.run(chosen(continuous=False, simultaneous=False), 1.0, 1.0)
    assert first.main == "alternating"
    nothing = study.run(chosen(**dict.fromkeys(study.RULES, False)), 1.0, 1.0)
    assert lines.walk(nothing) == []


def test_what_diverges_is_said_and_not_drawn_for_ever():
    wild = chosen(game="wasserstein", h=0.5, steps=500)
    found = study.run(wild, 1.0, 1.0)
    result = found.results["simultaneous"]
    assert result.diverged
    assert len(result.path) < 100
    assert f"diverged at step {len(result.path) - 1}" in words.notes(wild, found)[0]
    assert words.table(found)["simultaneous"][-1] == "diverged"


@pytest.mark.parametrize("game", study.GAMES)
def test_the_formula_says_the_remedies(game):
    remedied = words.formula(chosen(game=game, sigma=0.5, penalty="R1", weight=0.6))
    assert remedied.startswith("L_G = ")
    assert ("0.3 ψ²" in remedied) is (game != "trap")
    assert ("N(θ, 0.5²)" in remedied) is ("saturating" in game)
    roth = words.formula(chosen(game=game, penalty="Roth"))
    assert ("sigmoid" in roth) is ("saturating" in game)


# ---------------------------------------------------------------------------------------------------------------------
# Lines
# ---------------------------------------------------------------------------------------------------------------------


def points(path):
    """Back from a path of relative steps to points (n, 2)."""
    start, _, rest = path.removeprefix("M").partition("l")
    steps = np.array(rest.split(), int).reshape(-1, 2)
    return np.cumsum([np.array(start.split(), int), *steps], 0)


def test_a_curve_is_the_trajectory_to_a_pixel():
    path = study.run(chosen(), 1.0, 1.0).results["continuous"].path
    drawn = points(lines.curve(path))
    assert drawn[0].tolist() == [667, 333]
    radius = np.hypot(*(drawn - 500).T) * 2 * study.REACH / lines.SIDE
    np.testing.assert_allclose(radius, math.sqrt(2), atol=0.01)


def test_distances_start_at_the_left_and_a_factor_is_a_straight_line():
    path = 0.9 ** np.arange(41)[:, None] * [1.0, 0.0]
    drawn = points(lines.distance(path, 40))
    assert drawn[0].tolist() == [0, 1500]
    assert drawn[-1][0] == lines.CHART[0]
    slopes = np.diff(drawn[:, 1]) / np.diff(drawn[:, 0])
    np.testing.assert_allclose(slopes, slopes.mean(), rtol=0.05)
    half = points(lines.distance(path[:21], 40))
    assert half[-1][0] == lines.CHART[0] / 2, "what diverged ends before the right"


def test_arrows_point_along_the_field():
    darts = lines.arrows(games.Dirac("wasserstein")).removesuffix("z").split("z")
    assert len(darts) == lines.ARROWS**2
    for dart in darts:
        a, tip, b, _ = np.array(dart.removeprefix("M").split(), float).reshape(4, 2)
        tail = (a + b) / 2
        x, y = ((a + tip + b) / 3 - 500) * [1, -1]
        if np.hypot(x, y) > 60:
            along = (tip - tail) * [1, -1]
            assert along @ [-y, x] > 0.9 * np.hypot(*along) * np.hypot(x, y), "anticlockwise"


def test_the_reply_is_json_and_holds_what_is_shown():
    request = {"value": np.float32([1, 1]), "context": study.FIRST | {"descent": False}}
    reply = json.loads(json.dumps(show(request), allow_nan=False))
    assert set(reply["drawing"]["curves"]) == set(study.RULES) - {"descent"}
    assert "continuous" not in reply["drawing"]["steps"]
    seen = reply["send"]["views"]
    assert seen["rows"]["descent"] is None
    assert "descent" not in seen["eigenvalues"]
    assert seen["eigenvalues"]["simultaneous"] == [[300, 100], [300, 200]]
    assert seen["circle"] == [pytest.approx([-200, 150]), 500]
    nothing = {
        "value": np.float32([1, 1]),
        "context": study.FIRST | dict.fromkeys(study.RULES, False),
    }
    assert show(nothing)["drawing"]["curves"] == {}


def test_the_reply_is_small_at_any_setting():
    for changed in ({"steps": 500, "h": 0.5}, {"game": "wasserstein", "steps": 500, "h": 0.01}):
        request = {"value": np.float32([3, -3]), "context": study.FIRST | changed}
        assert len(json.dumps(show(request))) < 100_000


@pytest.mark.parametrize("game", study.GAMES)
@pytest.mark.parametrize("corner", [(3, 3), (-3, 3), (-3, -3), (3, -3), (0, 0)])
def test_no_corner_breaks_it(game, corner):
    for h in study.RANGES["h"]:
        changed = {"game": game, "h": h, "steps": 60, "gamma": 1.2, "penalty": "R1", "weight": 2.0}
        request = {"value": np.float32(corner), "context": study.FIRST | changed}
        drawn = json.dumps(show(request), allow_nan=False)
        assert max(len(number) for number in re.findall(r"\d+", drawn)) < 20


def test_each_way_has_a_colour_a_dash_and_a_place():
    assert list(plane.COLOURS) == list(plane.DASHES) == list(study.RULES)
    assert len(set(plane.DASHES.values())) >= 4
    assert set(views.MARKS) < set(study.RULES)
    assert {key for key, *_ in settings.SLIDERS} | {"game", "penalty", *study.RULES} == {
        *study.FIRST
    }


def test_the_control_checks_what_the_browser_sends():
    with gr.Blocks():
        control = plane.Plane(show, value=(1, 1), reach=3, context=study.FIRST, label="field")
    for value, context in (
        ([1], study.FIRST),
        ([1, None], study.FIRST),
        ([1, 1], {}),
        ([1, 1], study.FIRST | {"steps": 10**9}),
    ):
        answer = json.loads(control.reply({"value": value, "context": context}))
        assert answer["ok"] is False
        assert answer["error"].endswith(".")
    good = json.loads(control.reply({"value": [9, 1], "context": study.FIRST}))
    assert good["ok"]
    assert good["drawing"]["curves"]["continuous"].startswith("M1000 333"), "clamped to the map"


# ---------------------------------------------------------------------------------------------------------------------
# Over HTTP
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    demo = app.build(Path(tmp_path_factory.mktemp("none")), (equilibria.CHAPTER,))
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    yield Client(url, verbose=False)
    demo.close()


def refused(client, *args, **kwargs):
    with pytest.raises(AppError) as error:
        client.predict(*args, **kwargs)
    return str(error.value)


def test_a_chapter_without_models_is_whole(tmp_path):
    demo = app.build(tmp_path, (equilibria.CHAPTER,))
    texts = "\n".join(str(getattr(block, "value", "")) for block in demo.blocks.values())
    assert "no model for this experiment" not in texts
    for experiment in equilibria.CHAPTER.experiments:
        assert experiment.notice in texts
    assert not equilibria.shows(None)


def test_trajectories(client):
    found = client.predict("saturating", 1, 1, 0.2, 500, api_name="/equilibria_trajectories")
    assert found["eigenvalues"] == [[0, 0.5], [0, -0.5]]
    assert set(found["rules"]) == set(study.RULES)
    assert found["rules"]["simultaneous"]["distance"] > math.sqrt(2)
    assert len(found["false equilibria"]) == 2
    noisy = client.predict(
        "non-saturating", 1, 1, 0.2, 50, 0.6, 1.0, "R1", 0.5, api_name="/equilibria_trajectories"
    )
    assert noisy["eigenvalues"][0] == pytest.approx([-0.5, 0])


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("chess", 1, 1), "no such game"),
        (("trap", 4, 1), "θ must be a number from -3 to 3"),
        (("trap", 1, None), "ψ must be"),
        (("trap", 1, 1, 0), "The step size"),
        (("trap", 1, 1, 0.2, 10**9), "from 1 to 500"),
        (("trap", 1, 1, 0.2, 10, 7), "γ"),
        (("trap", 1, 1, 0.2, 10, 0.6, -1), "The noise"),
        (("trap", 1, 1, 0.2, 10, 0.6, 0, "L2"), "no such penalty"),
        (("trap", 1, 1, 0.2, 10, 0.6, 0, "R1", "1"), "weight of the penalty"),
    ],
)
def test_what_cannot_be_followed_is_refused(client, args, sentence):
    said = refused(client, *args, api_name="/equilibria_trajectories")
    assert sentence in said
    assert not re.search("Traceback|Error:", said)


def test_the_field_at_a_point(client):
    found = client.predict("saturating", 1, 1, api_name="/equilibria_field")
    assert found["gradient of L"] == pytest.approx([-0.0334247, -0.0334247])
    v, j = np.array(found["V"]), np.array(found["J"])
    assert found["L"] == pytest.approx(v @ v / 2)
    assert found["gradient of L"] == pytest.approx((j.T @ v).tolist())


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("chess", 1, 1), "no such game"),
        (("trap", "1", 1), "θ must be"),
        (("trap", 1, -9), "ψ must be"),
        (("saturating", 1, 1, 2), "The noise"),
        (("saturating", 1, 1, 0, None), "no such penalty"),
        (("saturating", 1, 1, 0, "R1", 3), "weight of the penalty"),
    ],
)
def test_what_is_no_point_is_refused(client, args, sentence):
    assert sentence in refused(client, *args, api_name="/equilibria_field")


def test_every_endpoint_has_a_test_here(client):
    named = client.view_api(return_format="dict")["named_endpoints"]
    source = Path(__file__).read_text("utf-8")
    assert len(named) == 2
    assert [name for name in named if f'"{name}"' not in source] == []
