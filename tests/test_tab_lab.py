"""The tab "GAN lab" on toy methods: what it shows, what the board answers, and endpoints with good and bad input."""

import base64
import dataclasses
import io
import json
import re
import threading
import time
from pathlib import Path

import gradio as gr
import httpx
import numpy as np
import pytest
import toys
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image
from toys.lab import HYPER

from gen_models import cards
from gen_models.app import launch_options
from gen_models.app.chapters import lab
from gen_models.app.chapters.lab import answers, digits, methods, play, scoreboard
from gen_models.app.controls import board
from gen_models.app.shell import page
from gen_models.errors import UserError
from gen_models.families import REJECTION, LabLoss, MetricId
from gen_models.numerics.lab.distributions import DISTRIBUTIONS
from gen_models.numerics.lab.game import Game
from gen_models.numerics.lab.sessions import Sessions, Turns, Waiting
from gen_models.runtime import Model

NAME, PACKED = "lab-nonsaturating", "lab-pacgan-2"
NAN, INF = float("nan"), float("inf")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    root = tmp_path_factory.mktemp("exported")
    made = [toys.lab(root, PACKED, pack=2), toys.lab(root, NAME)]
    return {model.card.name: model for model in made}


@pytest.fixture
def a_lab(models):
    return answers.Lab(models)


def start(data="ring", seed=0, hyper=(), games=(NAME,), show=(), **rest):
    played = [{"method": name, "hyper": dict(hyper)} for name in games]
    return {"do": "start", "data": data, "seed": seed, "games": played, "show": list(show)} | rest


def frame(steps=20, hyper=({},), show=(), **rest):
    return {"do": "frame", "steps": steps, "hyper": list(hyper), "show": list(show)} | rest


def floats(text):
    return np.frombuffer(base64.b64decode(text), "<f4").reshape(-1, 4)


def points(text, half=1.0):
    return np.frombuffer(base64.b64decode(text), "<i2").reshape(-1, 2) / 32767 * 2 * half


# ---------------------------------------------------------------------------------------------------------------------
# Pure functions
# ---------------------------------------------------------------------------------------------------------------------


def test_the_tab_shows_methods_of_the_lab(models, toy_card):
    assert all(lab.shows(model.card) for model in models.values())
    assert not lab.shows(toy_card)


def test_what_the_page_is_told_is_made_of_the_cards(models):
    told = json.loads(json.dumps(play.settings(models), allow_nan=False))
    assert [method["name"] for method in told["methods"]] == [NAME, PACKED], "the lecture's order"
    knobs = {knob["name"]: knob for knob in told["methods"][0]["hyper"]}
    assert set(knobs) == set(HYPER)
    assert knobs["in_lr_g"]["value"] == HYPER["in_lr_g"]
    assert (knobs["in_lr_g"]["low"], knobs["in_lr_g"]["high"]) == (1e-5, 10)
    assert [each["name"] for each in told["data"]] == [*DISTRIBUTIONS, "freehand"]
    for each in told["presets"]:
        assert each["data"] in DISTRIBUTIONS
        for game in each["games"]:
            known = {
                knob["name"]: knob for knob in methods.described(models[game["method"]])["hyper"]
            }
            assert set(game["hyper"]) == set(known), "board.js shows a slider for each"
            assert all(known[n]["low"] <= v <= known[n]["high"] for n, v in game["hyper"].items())


def test_points_travel_with_a_hundredth_of_a_pixel_and_far_ones_stay_outside():
    x = np.array([[-1.5, 0.123], [40, -np.inf], [np.nan, 1.5]], np.float32)
    back = points(board.packed_points(x, 1.5), 1.5)
    np.testing.assert_allclose(back[0], x[0], atol=1e-4)
    assert back[1, 0] == pytest.approx(3)
    assert back[1, 1] < -2.9, "outside of what is shown"


@pytest.mark.parametrize("loss", LabLoss)
def test_shades_rise_with_the_discriminator_from_zero_to_one(loss):
    p = answers.shades(np.linspace(-5, 5, 101, dtype=np.float32), loss)
    assert (np.diff(p) >= 0).all()
    assert 0 <= p[0] < 0.05
    assert 0.95 < p[-1] <= 1


def test_a_critic_is_shown_relative_to_its_mean_and_a_probability_is_not():
    high = np.array([3.0, 5.0], np.float32)
    np.testing.assert_allclose(answers.shades(high, LabLoss.WASSERSTEIN).mean(), 0.5)
    assert answers.shades(high, LabLoss.NON_SATURATING).min() > 0.9
    np.testing.assert_array_equal(
        answers.shades(np.array([0.25, 2]), LabLoss.LEAST_SQUARES), [0.25, 1]
    )
    assert np.isfinite(answers.shades(np.zeros(3, np.float32), LabLoss.WASSERSTEIN)).all()


def test_the_surface_of_the_exported_least_squares_d_is_d_itself():
    folder = Path("exported/lab-least-squares")
    game = Game(Model(cards.load(folder / "card.json"), folder), DISTRIBUTIONS["ring"], {}, 0)
    game.advance(100)
    seen = answers.picture(game, answers.z_shown(0), ["surface"])
    value, _ = game.judge(answers._square(answers.SURFACE, game.distribution.half))
    shown = np.frombuffer(base64.b64decode(seen["surface"]), np.uint8)
    low, high = seen["range"]
    said = low + (high - low) * shown / 255
    np.testing.assert_allclose(said, np.clip(value, 0, 1), atol=0.5 / 255 + 1e-6)
    assert (said < 0.1).any(), "where D is about 0 it is dark, not half way as a logit of 0"


def test_a_surface_is_stretched_to_its_range_and_rounding_is_not():
    packed, span = answers.stretched(np.array([0.48, 0.5, 0.56]))
    assert span == pytest.approx([0.48, 0.56])
    assert list(base64.b64decode(packed)) == [0, 64, 255]
    packed, (low, high) = answers.stretched(np.array([0.5, 0.5, 0.50001]))
    assert high - low == pytest.approx(answers.LEAST_RANGE)
    assert set(base64.b64decode(packed)) <= {127, 128}


def test_data_without_modes_are_compared_by_their_distance(a_lab):
    told = a_lab.answer("me", start("moons"))
    (game,) = told["games"]
    assert game["modes"] is game["kl"] is game["shares"] is None
    assert game["distance"] > 5 * told["field"]["floor"] > 0, "a heap in the middle"
    ring = a_lab.answer("me", start())
    assert ring["games"][0]["distance"] is None
    assert ring["games"][0]["kl"] is None, "nothing lies on a mode"
    assert points(ring["field"]["centres"], 1.5) == pytest.approx(
        DISTRIBUTIONS["ring"].modes, abs=1e-3
    )
    assert ring["field"]["reach"] == pytest.approx(3 * 0.01 / 1.5)


@pytest.mark.parametrize(
    ("turns", "moves"), [("d", (False, True)), ("g", (True, False)), ("both", (True, True))]
)
def test_one_of_the_players_may_wait(a_lab, turns, moves):
    a_lab.answer("me", start())
    (game,) = a_lab.sessions.get("me").games
    before = game.state[0].copy()
    a_lab.answer("me", frame(3, turns=turns))
    assert tuple(before != game.state[0]) == moves


def test_d_may_train_five_times_as_often(a_lab):
    a_lab.answer("me", start())
    (game,) = a_lab.sessions.get("me").games
    moved = []
    for _ in range(10):
        before = game.state[0].copy()
        a_lab.answer("me", frame(1, turns="d5"))
        moved.append(tuple(before != game.state[0]))
    assert moved == 2 * [*4 * [(False, True)], (True, True)]


@pytest.mark.parametrize("turns", ["x", None, ["d"], 1])
def test_who_else_might_train_is_refused(a_lab, turns):
    with pytest.raises(UserError, match="not a request"):
        a_lab.answer("me", start(turns=turns))


def test_rejection_sampling_has_a_row_of_its_own(tmp_path):
    toy = toys.lab(tmp_path)
    more = {
        f"{key}/{REJECTION}": dataclasses.replace(metric, value=2 * metric.value)
        for key, metric in toy.card.metrics.items()
    }
    both = Model(toy.card.with_metrics(more), toy.folder)
    lines = scoreboard.table({NAME: both}).splitlines()
    assert lines[3].startswith(
        f"| Toy {NAME}, with rejection sampling | 15.0 of 8 <small>worst 7</small> | 195.0 %"
    )
    assert len(lines) == len(scoreboard.table({NAME: toy}).splitlines()) + 1


def test_the_scoreboard_has_what_was_measured_beside_what_was_published(models, tmp_path):
    lines = scoreboard.table(models).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    mine, published = lines[2], lines[3]
    small = "<small>worst 7</small>"
    link = f"[▸ Play](#lab/play?try=0&data=ring&method={NAME}&fall=10000)"
    assert mine.startswith(
        f"| Toy {NAME} {link} | **7.5** of 8 {small} | **97.5** % {small} | – | – | – | – | 10 | 12.5 s"
    )
    assert lines[-1].startswith("| *Uniform noise")
    assert "As published: plain GAN* | 6.3 of 8 | – | – | 17.3 of 25 | – | – |" in published
    assert "7.9 of 8 | 95.6 % | – | 23.8 of 25 | 91.3 % | – |" in lines[5]
    how = scoreboard.commands(models, scoreboard.KEYS)
    assert how.startswith("<details><summary>Measured by a command</summary>")
    assert how.count("training.lab_scoreboard") == 1
    bare = toys.lab(tmp_path, measured=False)
    assert "7.5" not in scoreboard.table({NAME: bare})
    assert scoreboard.commands({NAME: bare}, scoreboard.KEYS) == ""


def test_the_kl_of_shares_is_shown_where_it_was_measured_and_the_rest_is_said(tmp_path):
    names = (NAME, "lab-r1")
    bare, known = (toys.lab(tmp_path, name) for name in names)
    assert "once more for 0 of the 2" in scoreboard.reading_of_kl({NAME: bare, "lab-r1": known})

    def measured(toy, ring, grid):
        found = zip(("ring", "grid"), (ring, grid), strict=True)
        kl = {
            MetricId.MODE_KL.of(name): cards.Metric(
                value, "nats", 2500, "", (0, 1), "python", "worst 7"
            )
            for name, value in found
        }
        return Model(toy.card.with_metrics(kl), toy.folder)

    one = {NAME: bare, "lab-r1": measured(known, 0.25, 1.5)}
    assert "once more for 1 of the 2; the others have a dash" in scoreboard.reading_of_kl(one)
    row = next(line for line in scoreboard.table(one).splitlines() if "Toy lab-r1" in line)
    assert "| 0.25 nats <small>worst 7</small> |" in row, "of one alone nothing is best"
    both = {NAME: measured(bare, 0.5, 1.0), "lab-r1": one["lab-r1"]}
    assert "dash" not in scoreboard.reading_of_kl(both)
    table = scoreboard.table(both)
    assert "**0.25** nats" in table
    assert "**1.00** nats" in table
    assert "**0.50**" not in table


def on_digits(toy, kl, note="worst 7"):
    """A toy method that was measured on stacked digits too, and shows samples of them."""
    (toy.folder / "digits.webp").write_bytes(b"pixels")

    def metric(value, unit):
        return cards.Metric(value, unit, 26_000, "", (0, 1), "python -m training.lab_digits", note)

    measured = dict(
        zip(digits.KEYS, (metric(9, "of 1000"), metric(kl, "nats"), metric(3, "s")), strict=True)
    )
    card = dataclasses.replace(toy.card, sheets={"digits": cards.Sheet("digits.webp", 2, 10)})
    return Model(card.with_metrics(measured), toy.folder)


def test_on_stacked_digits_the_best_comes_first_with_its_samples(tmp_path):
    far, near = (toys.lab(tmp_path, name) for name in (NAME, "lab-r1"))
    found = {NAME: on_digits(far, 4.25), "lab-r1": on_digits(near, 0.5, "<b>")}
    rows = digits.table(found).split("<tr>")[2:]
    assert [model.card.name for model in digits.on_digits(found)] == ["lab-r1", NAME]
    assert "Toy lab-r1" in rows[0]
    assert "data:image/webp;base64,cGl4ZWxz" in rows[0]
    assert 'alt="20 samples of Toy lab-r1"' in rows[0]
    assert "&lt;b&gt;" in rows[0]
    assert "4.25 nats" in rows[1]
    assert {row.count("<td>") for row in rows} == {6}
    (near.folder / "digits.webp").unlink()
    assert "digits.webp is missing" in digits.table(found)
    how = scoreboard.commands(found, digits.KEYS)
    assert "lab_digits" in how
    assert "lab_scoreboard" not in how


def test_the_three_digits_of_an_image_stand_apart(tmp_path):
    toy = on_digits(toys.lab(tmp_path), 1.0)
    assert digits.apart(toy) == "", "these are no pixels"
    pixels = np.zeros((4, 20, 3), np.uint8)
    pixels[:2, :, 1] = 200
    Image.fromarray(pixels).save(toy.folder / "digits.webp", lossless=True)
    shown = re.findall(r"base64,([^\"]+)", digits.apart(toy))
    first, red, green, blue = (
        np.asarray(Image.open(io.BytesIO(base64.b64decode(text)))) for text in shown
    )
    assert first.shape == (2, 20, 3)
    assert (red.max(), green.min(), blue.max()) == (0, 200, 0)


def test_what_was_not_measured_on_digits_is_not_in_their_table(models):
    assert digits.on_digits(models) == []
    assert "Toy" not in digits.table(models)


# ---------------------------------------------------------------------------------------------------------------------
# Questions and answers
# ---------------------------------------------------------------------------------------------------------------------


def test_only_points_that_pass_are_drawn_and_counted(a_lab):
    everything = a_lab.answer("me", start())["games"][0]
    some = a_lab.answer("me", start(show=("accepted",)))["games"][0]
    assert everything["passed"] is None
    assert 0 < some["passed"] < 1
    shown = points(some["points"], 1.5)
    assert abs(len(shown) / answers.SHOWN - some["passed"]) < 0.1
    assert {tuple(p) for p in shown} <= {tuple(p) for p in points(everything["points"], 1.5)}


def test_a_game_is_started_trained_and_drawn(a_lab):
    first = a_lab.answer("me", start())
    assert first["field"]["modes"] == 8
    assert points(first["field"]["real"], 1.5).shape == (answers.SHOWN, 2)
    assert (first["games"][0]["step"], first["games"][0]["modes"]) == (0, 0)
    assert len(floats(first["games"][0]["losses"])) == 0
    before = points(first["games"][0]["points"], 1.5)
    for step in (50, 100):
        answer = a_lab.answer("me", frame(50))
        assert "field" not in answer
        (game,) = answer["games"]
        assert game["step"] == step
        assert floats(game["losses"]).shape == (50, 4)
    assert (np.diff(floats(game["losses"])[:, 1]) < 0).mean() > 0.5, "the loss of G falls"
    after = points(game["points"], 1.5)
    assert np.linalg.norm(before, axis=1).max() < 0.2
    np.testing.assert_allclose(np.linalg.norm(after, axis=1), 1, atol=0.02)
    assert game["modes"] == 8
    assert game["quality"] > 0.02
    assert game["problem"] is None


def test_layers_come_when_they_are_asked_for(a_lab):
    (game,) = a_lab.answer("me", start(show=["surface", "arrows", "grid"]))["games"]
    surface = np.frombuffer(base64.b64decode(game["surface"]), np.uint8)
    side = answers.SURFACE
    assert surface.size == side * side
    square = surface.reshape(side, side).astype(int)
    assert square[side // 2, side // 2] > square[0, 0] + 30, "D calls real what is near the middle"
    ends = points(game["arrows"], 1.5).reshape(-1, 2, 2)
    drawn = points(game["points"], 1.5)
    np.testing.assert_allclose(ends[:, 0], drawn[: answers.ARROWS], atol=1e-4)
    length = np.linalg.norm(drawn[: answers.ARROWS], axis=1)  # of the arrow −x
    shown = answers.LONGEST_ARROW * 1.5 * length / (1 + length)
    np.testing.assert_allclose(np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1), shown, atol=1e-3)
    assert points(game["grid"]).shape == (answers.LINES**2, 2)
    (bare,) = a_lab.answer("me", frame(0))["games"]
    assert not bare.keys() & {"surface", "arrows", "grid"}


def test_the_surface_is_drawn_the_right_way_up(models):
    """D of this test says the sum of two coordinates, so that each corner has its own shade."""

    class Slope(Game):
        def judge(self, x):
            return x[:, 0] + 3 * x[:, 1], x

    game = Slope(models[NAME], DISTRIBUTIONS["ring"], {}, 0)
    text = answers.picture(game, answers.z_shown(0), ["surface"])["surface"]
    shade = np.frombuffer(base64.b64decode(text), np.uint8).reshape(answers.SURFACE, -1).astype(int)
    assert shade[0, -1] > shade[0, 0] > shade[-1, -1] > shade[-1, 0], (
        "top right, top left, bottom right, bottom left"
    )


def test_two_methods_play_side_by_side_from_one_seed(a_lab):
    a_lab.answer("me", start(games=(NAME, PACKED)))
    answer = a_lab.answer("me", frame(20, ({}, {})))
    a, b = answer["games"]
    assert (a["step"], b["step"]) == (20, 20)
    np.testing.assert_allclose(floats(a["losses"]), floats(b["losses"]), atol=1e-6)  # of the toys


def test_the_same_seed_again_is_the_same_game(a_lab):
    seen = []
    for visitor, seed in (("me", 7), ("me", 7), ("you", 7), ("you", 8)):
        a_lab.answer(visitor, start(seed=seed))
        seen.append(a_lab.answer(visitor, frame(10))["games"][0]["points"])
    assert seen[0] == seen[1] == seen[2] != seen[3]


def test_hyper_parameters_are_changed_while_it_trains(a_lab):
    a_lab.answer("me", start(hyper={"in_lr_g": 1e-5}))
    slow = floats(a_lab.answer("me", frame(50, ({},)))["games"][0]["losses"])
    fast = floats(a_lab.answer("me", frame(50, ({"in_lr_g": 0.5},)))["games"][0]["losses"])
    assert slow[-1, 1] > 0.8
    assert fast[-1, 1] < 0.05


def test_learning_rates_fall_while_it_trains_if_wished(a_lab):
    a_lab.answer("me", start())
    a_lab.answer("me", frame(20, fall=20))
    at_rest = [a_lab.answer("me", frame(20, fall=20))["games"][0]["points"] for _ in range(2)]
    assert at_rest[0] == at_rest[1]
    assert a_lab.answer("me", frame(20, fall=0))["games"][0]["points"] != at_rest[0]


def test_a_training_that_diverges_is_said_and_not_drawn(a_lab):
    a_lab.answer("me", start())
    good = a_lab.answer("me", frame(20))["games"][0]
    for _ in range(3):
        (game,) = a_lab.answer("me", frame(100, ({"in_lr_g": 10.0},), ["surface"]))["games"]
        json.dumps(game, allow_nan=False)
        assert np.isfinite(floats(game["losses"])).all()
    assert (
        game["problem"]
        == f"The training diverged at step {game['step'] + 1}: lower the learning rate."
    )
    assert game["step"] > good["step"]
    again = a_lab.answer("me", start())["games"][0]
    assert (again["step"], again["problem"]) == (0, None)


def test_a_drawing_is_learnt_and_has_no_modes(a_lab):
    answer = a_lab.answer("me", start("freehand", points=[[0.6, 0.8], [-1, 0]]))
    assert answer["field"]["modes"] is None
    assert answer["games"][0]["modes"] is answer["games"][0]["quality"] is None
    (game,) = a_lab.answer("me", frame(100))["games"]
    np.testing.assert_allclose(np.linalg.norm(points(game["points"], 1.5), axis=1), 1, atol=0.03)


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (None, "not a request"),
        ([], "not a request"),
        ("start", "not a request"),
        ({}, "not a request"),
        ({"do": "stop"}, "not a request"),
        ({"do": ["start"]}, "not a request"),
        (start(show=["walls"]), "not a request"),
        (start(show=["grid"] * 1000), "not a request"),
        (start() | {"show": None}, "not a request"),
        (start(data="../etc"), "no such distribution"),
        (start(data=None), "no such distribution"),
        (start(data="freehand"), "1 to 2,000 points"),
        (start(data="freehand", points=[]), "1 to 2,000 points"),
        (start(data="freehand", points=[[0.0, 0.0]] * 1_000_000), "1 to 2,000 points"),
        (start(data="freehand", points=[[NAN, 0]]), "from -1.5 to 1.5"),
        (start(seed=-1), "seed must be"),
        (start(seed=NAN), "seed must be"),
        (start(seed="0"), "seed must be"),
        (start(games=("lab-unheard-of",)), "no such model"),
        (start(games=()), "One or two"),
        (start(games=(NAME, NAME, NAME)), "One or two"),
        (start() | {"games": {"method": NAME}}, "One or two"),
        (start() | {"games": [NAME]}, "not a request"),
        (start() | {"games": [{"method": NAME}]}, "not a request"),
        (start() | {"games": [{"method": [NAME], "hyper": {}}]}, "no such model"),
        (start(hyper={"in_lr_g": NAN}), "Learning rate of G must be a number from"),
        (start(hyper={"in_lr_g": INF}), "Learning rate of G must be a number from"),
        (start(hyper={"in_lr_g": -1}), "Learning rate of G must be a number from"),
        (start(hyper={"in_lr_g": "1"}), "Learning rate of G must be a number from"),
        (start(hyper={"in_lr_g": 1e300}), "Learning rate of G must be a number from"),
        (start(hyper={"in_state": 1}), "no such hyper-parameter"),
        (start(hyper={"in_step": 1}), "no such hyper-parameter"),
    ],
)
def test_games_that_cannot_be_started_are_refused_in_one_sentence(a_lab, question, sentence):
    with pytest.raises(UserError, match=rf"^[A-Z].*{sentence}.*\.$|^{sentence}.*\.$"):
        a_lab.answer("me", question)
    assert len(a_lab.sessions) == 0


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (frame(-1), "number of steps"),
        (frame(answers.MOST_STEPS + 1), "number of steps"),
        (frame(10**18), "number of steps"),
        (frame(1e300), "number of steps"),
        (frame(NAN), "number of steps"),
        (frame(INF), "number of steps"),
        (frame(1.5), "number of steps"),
        (frame("20"), "number of steps"),
        (frame(None), "number of steps"),
        (frame(True), "number of steps"),
        (frame(hyper=()), "not a request"),
        (frame(hyper=({}, {})), "not a request"),
        (frame(hyper=(None,)), "not a request"),
        (frame() | {"hyper": {"in_lr_g": 1}}, "not a request"),
        (frame(hyper=({"in_lr_g": NAN},)), "must be a number from"),
        (frame(hyper=({"in_lr_g": 11},)), "must be a number from"),
        (frame(show=[["grid"]]), "not a request"),
        (frame(fall=-1), "learning rates reach 0 must be"),
        (frame(fall=NAN), "learning rates reach 0 must be"),
        (frame(fall="0"), "learning rates reach 0 must be"),
    ],
)
def test_frames_that_cannot_be_made_are_refused_and_the_game_goes_on(a_lab, question, sentence):
    a_lab.answer("me", start())
    with pytest.raises(UserError, match=rf"{sentence}.*\.$"):
        a_lab.answer("me", question)
    assert a_lab.answer("me", frame(3))["games"][0]["step"] == 3


def test_a_page_that_is_not_known_is_told_to_begin_again(a_lab):
    with pytest.raises(UserError, match="press Reset"):
        a_lab.answer("me", frame())


def test_when_all_places_are_taken_a_visitor_is_told_and_others_play_on(models):
    full = answers.Lab(models, Sessions(2, spare_s=60, longest_s=600))
    full.answer("a", start())
    full.answer("b", start())
    with pytest.raises(UserError, match=r"^All 2 places in the lab are taken: .*\.$"):
        full.answer("c", start())
    assert full.answer("a", frame(5))["games"][0]["step"] == 5
    full.sessions.leave("b")
    assert full.answer("c", start())["games"][0]["step"] == 0


def test_one_page_cannot_train_in_two_requests_at_once(models):
    one = answers.Lab(models, turns=Turns(1, wait_s=0.1))
    one.answer("a", start())
    inside, done = threading.Event(), threading.Event()

    def hold():
        with one.turns.turn("a"):
            inside.set()
            done.wait(5)

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(5)
    with pytest.raises(Waiting, match=r"\.$"):
        one.answer("a", frame())
    done.set()
    thread.join()
    assert one.answer("a", frame(1))["games"][0]["step"] == 1


def test_a_turn_is_short_whatever_is_asked_for(models, monkeypatch):
    monkeypatch.setattr(answers, "TURN_S", 0.0)
    quick = answers.Lab(models)
    quick.answer("a", start(games=(NAME, NAME)))
    steps = [
        game["step"] for game in quick.answer("a", frame(answers.MOST_STEPS, ({}, {})))["games"]
    ]
    assert steps == [answers.TOGETHER] * 2


def test_two_games_stay_in_step_when_their_turn_ends_early(a_lab, monkeypatch):
    monkeypatch.setattr(answers, "TURN_S", 0.005)
    a_lab.answer("a", start(games=(NAME, PACKED)))
    for _ in range(5):
        a, b = a_lab.answer("a", frame(answers.MOST_STEPS, ({}, {})))["games"]
        assert a["step"] == b["step"]


def test_a_game_beside_another_goes_as_it_would_alone(a_lab):
    a_lab.answer("both", start(games=(PACKED, NAME)))
    both = a_lab.answer("both", frame(50, ({}, {}), show=("surface",)))["games"]
    for name, beside in zip((PACKED, NAME), both, strict=True):
        a_lab.answer("one", start(games=(name,)))
        (alone,) = a_lab.answer("one", frame(50, show=("surface",)))["games"]
        assert alone == beside


def test_a_game_that_diverges_does_not_stop_the_other(a_lab):
    a_lab.answer("a", start(games=(NAME, PACKED)))
    wild, calm = a_lab.answer("a", frame(100, ({"in_lr_g": 10.0}, {})))["games"]
    assert wild["step"] < 100 == calm["step"]
    assert "diverged" in wild["problem"]
    assert calm["problem"] is None
    assert len(floats(wild["losses"])) == wild["step"]


# ---------------------------------------------------------------------------------------------------------------------
# Over HTTP
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(models):
    contents = page.Contents.of(lab.CHAPTER, models, [])
    with gr.Blocks() as demo:
        for experiment in lab.CHAPTER.experiments:
            page.draw(contents, experiment)
        lab.CHAPTER.offer(contents.models)
    options = launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    (the_board,) = [block for block in demo.blocks.values() if isinstance(block, board.Board)]
    yield url.rstrip("/"), the_board
    demo.close()


@pytest.fixture(scope="module")
def client(served):
    return Client(served[0], verbose=False)


def ask(served, visitor, question):
    """What board.js does: the server function of the board."""
    url, the_board = served
    body = {
        "session_hash": visitor,
        "component_id": the_board._id,
        "fn_name": "answer",
        "data": question,
    }
    return httpx.post(
        f"{url}/gradio_api/component_server",
        content=json.dumps(body),
        headers={"Content-Type": "application/json"},
        timeout=30,
    )


def test_the_board_answers_each_page_with_its_own_game(served):
    for visitor, seed in (("p1", 1), ("p2", 2)):
        assert ask(served, visitor, start(seed=seed)).json()["ok"]
    one = ask(served, "p1", frame(5)).json()
    assert one["games"][0]["step"] == 5
    assert ask(served, "p2", frame(3)).json()["games"][0]["step"] == 3
    assert ask(served, "p1", frame(5)).json()["games"][0]["step"] == 10
    assert len(ask(served, "p1", frame(20, show=["surface", "arrows", "grid"])).content) < 12_000


def test_a_bad_question_is_answered_in_one_sentence(served):
    for question in (
        None,
        [[]],
        "x" * 100_000,
        start(seed=NAN),
        start(data="freehand", points=[[0, 0]] * 50_000),
    ):
        reply = ask(served, "p3", question)
        assert reply.status_code == 200
        assert reply.json()["ok"] is False
        assert reply.json()["error"].endswith(".")
        assert reply.json()["again"] is False
    gone = ask(served, "never-seen", frame()).json()
    assert "press Reset" in gone["error"]


def test_an_error_of_ours_is_not_shown(served, monkeypatch, caplog):
    _, the_board = served
    monkeypatch.setattr(the_board, "_compute", lambda *_: 1 / 0)
    reply = ask(served, "p4", start()).json()
    assert reply == {"ok": False, "error": board.FAULT, "again": False}
    assert "ZeroDivisionError" in caplog.text


def test_closing_the_page_frees_its_games(served):
    url, the_board = served
    assert ask(served, "closing", start()).json()["ok"]
    held = the_board._compute.__self__.sessions
    with_it = len(held)
    with httpx.stream("GET", f"{url}/gradio_api/heartbeat/closing", timeout=10) as stream:
        beats = stream.iter_text()  # kept: without it the connection would close at once
        next(beats)
        assert ask(served, "closing", frame(1)).json()["ok"]
    for _ in range(100):
        if len(held) < with_it:
            break
        time.sleep(0.05)
    assert "press Reset" in ask(served, "closing", frame(1)).json()["error"]


def refused(client, *args):
    """The sentence a visitor reads."""
    with pytest.raises(AppError) as caught:
        client.predict(*args, api_name="/lab_train")
    words = str(caught.value)
    assert "Traceback" not in words
    assert "show_error" not in words, "an error of ours, not a refusal"
    return words


def test_train(client):
    found = client.predict(NAME, "ring", 0, 100, {}, [], api_name="/lab_train")
    assert (found["steps"], len(found["rows"]), found["problem"]) == (100, 100, None)
    assert found["modes"] == 8
    moons = client.predict(NAME, "moons", 0, 5, {"in_lr_g": 1}, [], api_name="/lab_train")
    assert moons["modes"] is moons["quality"] is None
    drawn = client.predict(PACKED, "freehand", 0, 5, {}, [[0, 1]], api_name="/lab_train")
    assert drawn["steps"] == 5
    wild = client.predict(NAME, "ring", 0, 300, {"in_lr_g": 10}, [], api_name="/lab_train")
    assert wild["problem"].startswith("The training diverged at step ")
    assert len(wild["rows"]) == wild["steps"] < 300


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("lab", "ring", 0, 5, {}, []), "no such model"),
        ((None, "ring", 0, 5, {}, []), "no such model"),
        ((NAME, "square", 0, 5, {}, []), "no such distribution"),
        ((NAME, "ring", -1, 5, {}, []), "The seed must be"),
        ((NAME, "ring", "0", 5, {}, []), "The seed must be"),
        ((NAME, "ring", 0, 0, {}, []), "number of steps must be"),
        ((NAME, "ring", 0, 10**9, {}, []), "number of steps must be"),
        ((NAME, "ring", 0, "5", {}, []), "number of steps must be"),
        ((NAME, "ring", 0, 2.5, {}, []), "number of steps must be"),
        ((NAME, "ring", 0, None, {}, []), "number of steps must be"),
        ((NAME, "ring", 0, 5, [], []), "not a request"),
        ((NAME, "ring", 0, 5, {"in_lr_g": -1}, []), "Learning rate of G must be"),
        ((NAME, "ring", 0, 5, {"lr": 1}, []), "no such hyper-parameter"),
        ((NAME, "freehand", 0, 5, {}, []), "1 to 2,000 points"),
        ((NAME, "freehand", 0, 5, {}, [[9, 9]]), "from -1.5 to 1.5"),
        ((NAME, "freehand", 0, 5, {}, None), "1 to 2,000 points"),
    ],
)
def test_trainings_that_cannot_be_are_refused(client, args, sentence):
    assert sentence in refused(client, *args)


def test_every_endpoint_has_a_test_here(client):
    named = client.view_api(return_format="dict")["named_endpoints"]
    source = Path(__file__).read_text("utf-8")
    assert [name for name in named if f'"{name}"' not in source] == []
