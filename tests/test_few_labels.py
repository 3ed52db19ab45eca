"""Draws of labels, the maps that un-warping undoes, and a study of a few steps that goes on where it stopped."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from gen_models import cards
from gen_models.errors import UserError
from gen_models.families import FewLabelsFacts, Objective
from gen_models.runtime import Model
from training import few_labels
from training.augment import mask_patches, warp
from training.data import Images, Info
from training.engine.layout import grid_order, similarities
from training.evaluation import few_labels as study
from training.evaluation.few_labels import Cell, Way, balanced_draw

INFO = Info("toys", "toys", "none", "here", "0" * 64, classes=tuple("0123456789"))


def test_a_draw_is_balanced_and_contains_the_smaller_one():
    y = torch.arange(300) % 10
    few, many = balanced_draw(y, 10, 5), balanced_draw(y, 100, 5)
    assert y[few].bincount().tolist() == [1] * 10
    assert y[many].bincount().tolist() == [10] * 10
    assert set(few.tolist()) <= set(many.tolist())
    assert len(set(many.tolist())) == 100


def test_every_way_gets_the_labels_of_a_draw_and_draws_differ():
    y = torch.randint(0, 10, (500,), generator=torch.Generator().manual_seed(0))
    assert balanced_draw(y, 50, 1).tolist() == balanced_draw(y, 50, 1).tolist()
    assert balanced_draw(y, 50, 1).tolist() != balanced_draw(y, 50, 2).tolist()


def test_more_labels_than_a_class_has_are_refused():
    with pytest.raises(UserError, match="100 labels need 10 images of each class"):
        balanced_draw(torch.arange(90) % 10, 100, 0)


def test_images_held_out_for_validation_are_none_of_the_others():
    x = torch.arange(60, dtype=torch.uint8).view(60, 1, 1, 1)
    rest, few = study.held_out(Images(x, torch.zeros(60, dtype=torch.long), INFO))
    assert (len(rest), len(few)) == (50, 10)
    assert sorted([*rest.x.flatten().tolist(), *few.x.flatten().tolist()]) == list(range(60))


def test_no_strength_leaves_an_image_and_some_moves_it_but_not_far():
    x = torch.zeros(64, 1, 28, 28)
    x[:, :, 12:16, 12:16] = 1
    assert warp(x, 0) is x
    torch.manual_seed(0)
    moved = warp(x)
    assert moved.shape == x.shape
    assert 0 <= float(moved.min()) <= float(moved.max()) <= 1
    rows = torch.arange(28.0)
    centres = (moved.sum((1, 3)) @ rows) / moved.sum((1, 2, 3))
    # A shift of 9 % of the side and a bend of 2 % of it (three of its deviations).
    assert 0.5 < float((centres - 13.5).abs().max()) < 28 * (0.09 + 3 * 0.02) * 1.2


def test_patches_are_black_or_as_they_were():
    torch.manual_seed(0)
    masked = mask_patches(torch.ones(50, 1, 28, 28), 0.25)
    blocks = masked.view(50, 7, 4, 7, 4).permute(0, 1, 3, 2, 4).flatten(3)
    assert set(blocks.sum(3).unique().tolist()) == {0.0, 16.0}
    assert float(masked.mean()) == pytest.approx(0.75, abs=0.03)
    assert mask_patches(torch.ones(1, 1, 6, 5), 0).shape == (1, 1, 6, 5)


def test_similarities_are_symmetric_shares_and_of_neighbours():
    z = np.concatenate([np.zeros((30, 2)), 50 + np.zeros((30, 2))])
    z += np.random.default_rng(0).normal(size=z.shape)
    P = similarities(z, perplexity=10)
    assert P.sum() == pytest.approx(1)
    np.testing.assert_allclose(P, P.T)
    assert P[:30, 30:].sum() < 1e-6
    entropy = -np.nansum(2 * 60 * P[0] * np.log(2 * 60 * P[0] + 1e-300))
    assert entropy > 0


def test_in_the_grid_alike_stands_beside_alike():
    z = np.repeat(np.eye(2) * 30, 24, axis=0) + np.random.default_rng(0).normal(size=(48, 2))
    order = grid_order(z, 6, 8)
    assert sorted(order.tolist()) == list(range(48))
    group = (order >= 24).reshape(6, 8)
    assert (group[:, 1:] == group[:, :-1]).mean() > 0.8


def test_the_mean_error_and_its_deviation_come_from_all_draws(tmp_path):
    results = study.Results(tmp_path / "results.jsonl")
    for draw, seed, error in ((0, 0, 4.0), (1, 0, 6.0), (0, 1, 8.0)):
        results.add(Cell(Way.FROZEN, Objective.VAE, False, 100, draw, seed), error)
    (tmp_path / "results.jsonl").open("a").write('["frozen", "vae", false, 1')  # cut off by a kill
    again = study.Results(tmp_path / "results.jsonl")
    assert again.errors == results.errors
    metrics = again.metrics(1663, "python -m x")
    assert metrics["error/frozen/vae/unchanged/100"].value == pytest.approx(6)
    assert metrics["error_sd/frozen/vae/unchanged/100"].value == pytest.approx(2)
    assert metrics["error/frozen/vae/unchanged/100"].seeds == (0, 1)


def test_a_study_of_a_few_steps_is_exported_and_goes_on_where_it_stopped(tmp_path, monkeypatch):
    rng = torch.Generator().manual_seed(0)

    def load(spec, split, **_):
        n = 1200 if split == "train" else 60
        y = torch.arange(n) % 10
        x = torch.randint(0, 256, (n, 1, 28, 28), generator=rng, dtype=torch.uint8)
        return Images(x, y, INFO)

    monkeypatch.setattr(few_labels, "load", load)
    monkeypatch.setattr("training.engine.measurement.load", load)
    monkeypatch.setattr(study, "LOGISTIC", (10, 50))
    monkeypatch.setattr(study, "TRAINED", (10,))
    config = few_labels.Config(
        name="few", runs=tmp_path / "runs", exported=tmp_path / "exported", accelerator="cpu",
        steps=2, fit_steps=1, draws=1, rounds=1, width=4, code=4, batch=16,
    )  # fmt: skip
    few_labels.main(config)
    folder = tmp_path / "exported" / "few"
    card = cards.load(folder / "card.json")
    facts = card.facts_as(FewLabelsFacts)
    assert len(facts.pool) == 400
    assert facts.labelled.count("1") == 100
    assert facts.test == "0123456789" * 6
    assert max(graph.parity for graph in card.graphs.values()) < 1e-4
    assert "error/joint/unwarping/augmented/10" in card.metrics
    model = Model(card, folder)
    assert model.sheet("pool").shape == (16, 25, 28, 28, 1)

    lines = (config.folder / "results.jsonl").read_text().splitlines()
    cell = Cell(Way.SCRATCH, None, True, 10, 0, 0)
    assert [*cell] in [json.loads(line)[:-1] for line in lines]
    monkeypatch.setattr(few_labels, "fit", None)  # nothing is trained again
    few_labels.run_study(config, load("", "train"), load("", "test"))
    assert (config.folder / "results.jsonl").read_text().splitlines() == lines
