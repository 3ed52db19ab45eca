"""The scoreboard's numbers: what is trained, what is measured, and what is written."""

import dataclasses

import pytest
import toys

from gen_models import cards
from gen_models.errors import UserError
from gen_models.families import REJECTION, SLOW_D, parse_key
from gen_models.families import MetricId as M
from gen_models.numerics.lab.game import SLOW_D as SLOW_RATES
from training.lab.scoreboard import Config, main, play, train


@pytest.fixture
def toy(tmp_path):
    return toys.lab(tmp_path, measured=False)


def card(toy):
    return cards.load(toy.folder / "card.json")


def config(toy, **rest):
    """A short run over one toy method."""
    return Config(exported=toy.folder.parent, steps=100, seeds=2, **rest)


def test_the_numbers_of_each_distribution_are_written_with_their_command(toy):
    main(config(toy))
    metrics = card(toy).metrics
    assert set(metrics) == {
        metric.of(data)
        for data in ("ring", "grid")
        for metric in (M.MODES, M.HIGH_QUALITY, M.MODE_KL, M.SECONDS)
    }
    assert metrics[M.MODES.of("ring")].seeds == (0, 1)
    assert metrics[M.MODES.of("ring")].command == (
        f"python -m training.lab_scoreboard --names {toy.card.name} --steps 100 --seeds 2"
    )
    assert metrics[M.SECONDS.of("ring")].note.startswith("100 steps on one core")


def test_what_d_lets_pass_stands_beside_the_rest(toy):
    main(config(toy))
    main(config(toy, rejection_sampling=True))
    metrics = card(toy).metrics
    assert len(metrics) == 16
    passed = metrics[M.HIGH_QUALITY.of("ring", REJECTION)]
    assert passed.command.endswith("--rejection-sampling")
    assert "% of samples passed" in passed.note


def test_what_was_asked_for_stands_in_the_command_and_the_rest_of_the_card_stays(toy):
    main(config(toy))
    before = card(toy).metrics
    main(config(toy, data=("grid",), hold=0.5, rejection_sampling=True))
    after = card(toy).metrics
    assert before.items() <= after.items()
    new = after.keys() - before.keys()
    assert {parse_key(key).variants for key in new} == {("grid", REJECTION)}
    assert {after[key].command for key in new} == {
        f"python -m training.lab_scoreboard --names {toy.card.name} --steps 100 --data grid --seeds 2 --hold 0.5 "
        "--rejection-sampling"
    }


def test_with_a_slow_d_the_rates_are_others_and_so_are_the_numbers(toy):
    main(config(toy))
    before = card(toy).metrics
    main(config(toy, slow_d=True))
    after = card(toy).metrics
    assert before.items() <= after.items()
    new = after.keys() - before.keys()
    assert new == {each.of(SLOW_D) for each in (M.MODES, M.HIGH_QUALITY, M.MODE_KL, M.SECONDS)}
    assert {after[key].command for key in new} == {
        f"python -m training.lab_scoreboard --names {toy.card.name} --steps 100 --slow-d --seeds 2"
    }
    longer = dataclasses.replace(config(toy), steps=1000)
    slow, same, usual = (
        play(toy, "ring", 0, dataclasses.replace(longer, **rest))[:3]
        for rest in ({"slow_d": True}, {"hyper": SLOW_RATES}, {})
    )
    assert slow == same != usual
    with pytest.raises(UserError, match="ask for one"):
        config(toy, slow_d=True, rejection_sampling=True).check()


def test_a_trial_is_not_written(toy):
    main(config(toy, first_seed=100))
    main(config(toy, hyper={"in_lr_g": 0.01}))
    assert not card(toy).metrics


@pytest.mark.parametrize("hold", [0.0, 0.5])
def test_what_falls_stays_as_long_as_it_is_held(hold):
    """Of 100 pieces, the first has all of γ and of the learning rate, the last nearly none."""

    class Recorder:
        def __init__(self):
            self.step, self.hyper, self.seen = (
                0,
                {"in_lr_g": 1.0, "in_lr_d": 2.0, "in_gamma": 4.0},
                [],
            )

        def advance(self, steps):
            self.step += steps
            self.seen.append(dict(self.hyper))

    game = Recorder()
    train(game, 200, 0.01, hold)
    assert game.step == 200
    rates, gammas = ([each[key] for each in game.seen] for key in ("in_lr_d", "in_gamma"))
    assert rates == pytest.approx([2 * (1 - i / 100) for i in range(100)])
    assert gammas[: int(100 * hold) + 1] == [4.0] * (int(100 * hold) + 1)
    assert gammas[75] == pytest.approx(4 * 0.01 ** (0.5 if hold else 0.75))
    assert gammas[-1] < 0.05


def test_a_training_that_diverges_covers_nothing(toy):
    result = play(toy, "ring", 0, config(toy, hyper={"in_lr_g": 10.0}))
    assert (result.modes, result.quality) == (0, 0.0)


def test_a_d_without_probability_is_refused_in_one_sentence(tmp_path):
    packed = toys.lab(tmp_path, pack=2, measured=False)
    with pytest.raises(UserError, match=r"--rejection-sampling needs .* that of lab"):
        main(config(packed, rejection_sampling=True))


def test_an_unknown_method_is_refused(toy):
    with pytest.raises(UserError, match="no method lab-nothing"):
        main(config(toy, names=("lab-nothing",)))


@pytest.mark.parametrize("hold", [1.0, -0.1, float("nan")])
def test_a_part_that_is_none_is_refused(toy, hold):
    with pytest.raises(UserError, match=r"--hold must be"):
        config(toy, hold=hold).check()
