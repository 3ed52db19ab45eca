"""The committed models: whole, complete, and computing what the ONNX standard's own reference computes."""

import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator
from PIL import Image

from gen_models import cards, model_readme
from gen_models.families import MetricId as M
from gen_models.runtime import Model
from scripts import readme
from training.tools.recipes import RECIPES

EXPORTED = Path("exported")
FOUND, PROBLEMS = cards.discover(EXPORTED)
MB = 1_000_000


def models():
    return [pytest.param(Model(card, EXPORTED / card.name), id=card.name) for card in FOUND]


def test_every_recipe_has_its_model_and_every_card_can_be_read():
    assert PROBLEMS == []
    assert {card.name for card in FOUND} == set(RECIPES)


@pytest.mark.parametrize("model", models())
def test_a_committed_model_is_whole(model):
    assert model.check() is None
    files = {path.name for path in model.folder.iterdir()}
    parts = {part.file for part in (*model.card.graphs.values(), *model.card.sheets.values())}
    without = (
        "lab",
        "documents",
        "pix2pix",
        "cyclegan",
        "views",
    )  # points and words are no pictures; the others have sheets
    pictures = {"examples.png"} if model.card.family not in without else set()
    assert files - {cards.LOSSES} == {"card.json", "README.md", "preview.webp", *pictures, *parts}
    assert len(model.examples()) == 40 * len(pictures)
    with Image.open(model.folder / "preview.webp") as preview:
        assert min(preview.size) > 100
    page = (model.folder / "README.md").read_text(encoding="utf-8")
    assert page == model_readme.render(model.card), "`python -m scripts.readme` makes it anew"


@pytest.mark.parametrize("model", models())
def test_a_card_is_complete(model):
    card = model.card
    assert all((card.title, card.lecture, card.summary, card.limitations))
    assert card.metrics or card.family == "lab"  # the scoreboard of all methods takes hours
    assert all((card.dataset.licence, card.dataset.source, len(card.dataset.sha256) == 64))
    assert {"torch", "onnx", "onnxruntime"} <= card.training.versions.keys()
    assert card.training.command.startswith("python -m training.")
    assert card.training.device
    assert card.training.commit not in ("", "unknown")
    assert all(metric.command and metric.n for metric in card.metrics.values())
    # The lab's outputs are no pixels: their differences are set against their size in test_lab_step.
    most = 1e-3 if card.family == "lab" else 1e-4
    assert all(graph.parity <= most for graph in card.graphs.values())
    assert not [value for value in card.config.values() if str(value).startswith("/")]


@pytest.mark.parametrize("model", models())
def test_a_graph_computes_what_the_reference_implementation_does(model):
    rng = np.random.default_rng(0)
    for role, graph in list(model.card.graphs.items())[:3]:
        reference = ReferenceEvaluator(onnx.load(model.folder / graph.file))
        feed = {port.name: drawn(port, rng) for port in graph.inputs}
        got = model(role, **feed)
        wanted = reference.run([port.name for port in graph.outputs], feed)
        for port, want in zip(graph.outputs, wanted, strict=True):
            np.testing.assert_allclose(got[port.name], want, atol=2e-4, rtol=2e-4)


def drawn(port, rng):
    """Numbers from 0 to 1, or such as weights are; two along each axis that is not fixed."""
    size = 0.1 if port.name in ("in_state", "in_parameters") else 1.0
    shape = [2 if isinstance(n, str) else n for n in port.shape]
    return np.asarray(size * rng.random(shape), port.dtype)


def test_sizes_stay_within_bounds():
    files = [path for path in EXPORTED.rglob("*") if path.is_file()]
    assert max(path.stat().st_size for path in files) < 10 * MB
    assert sum(path.stat().st_size for path in files) < 100 * MB
    families = [
        g.bytes
        for card in FOUND
        if card.family in ("autoencoder", "vae")
        for g in card.graphs.values()
    ]
    assert sum(families) < 25 * MB
    assert (
        sum(g.bytes for card in FOUND if card.family == "lab" for g in card.graphs.values())
        < 8 * MB
    )


def metric(name, metric, *variant):
    return cards.load(EXPORTED / name / "card.json").metrics[metric.of(*variant)].value


def test_deep_codes_beat_pca_as_the_lecture_says():
    """Hinton and Salakhutdinov 2006 have 3.00 against 13.87 at 30-D, a ratio of 0.22, on all of MNIST."""
    deep, pca = (metric(name, M.SQUARED_ERROR, 32) for name in ("ae-digits", "pca-digits"))
    assert deep <= 0.30 * pca
    assert metric("ae-digits", M.SQUARED_ERROR, 10) <= 9.43


def test_a_linear_autoencoder_does_no_better_than_pca_on_what_it_was_fitted_to():
    for code in (2, 10):
        assert metric("linear-digits", M.PRINCIPAL_ANGLE, code) < 5


def test_bounds_on_the_likelihood_tighten_with_more_samples():
    bounds = [metric("vae-digits-binary", M.NLL_BOUND, k) for k in (1, 50, 5000)]
    assert bounds == sorted(bounds, reverse=True)
    assert bounds[-1] <= 92


def test_a_larger_beta_gives_a_smaller_kl_and_a_worse_reconstruction():
    names = [
        "vae-digits-10d-beta-0.1",
        "vae-digits-10d",
        "vae-digits-10d-beta-4",
        "vae-digits-10d-beta-10",
    ]
    kl, error = ([metric(name, key) for name in names] for key in (M.KL, M.SQUARED_ERROR))
    assert kl == sorted(kl, reverse=True)
    assert error == sorted(error)


def test_todays_gan_is_nearer_to_the_data_than_the_lectures_recipe_after_as_many_pictures():
    ours, lectures = (
        cards.load(EXPORTED / name / "card.json") for name in ("gan-fashion", "dcgan-fashion")
    )
    assert ours.training.images == lectures.training.images
    distance = M.FRECHET_DISTANCE
    assert ours.metric(distance).value <= 0.7 * lectures.metric(distance).value
    for card in (ours, lectures):
        assert card.metric(distance).value > card.metric(M.FRECHET_DISTANCE_REAL).value


@pytest.mark.parametrize("name", ["gan-fashion", "dcgan-fashion"])
def test_samples_are_not_copies(name):
    """A generator that copied would be nearer to its training pictures than other real pictures are."""
    assert metric(name, M.NEAR_COPIES) < 0.03


def test_films_and_banks_can_be_read():
    for card in FOUND:
        for role, sheet in card.sheets.items():
            tiles = Model(card, EXPORTED / card.name).sheet(role)
            assert tiles.shape[:2] == (sheet.rows, sheet.columns)
            assert tiles.std() > 10


def test_the_readme_shows_what_the_cards_and_the_tour_say():
    text = Path("README.md").read_text()
    assert readme.renewed(text, FOUND) == text


def test_the_three_lines_of_each_readme_run_as_they_stand(monkeypatch):
    for path in sorted(EXPORTED.resolve().glob("*/README.md")):
        text = path.read_text("utf-8")
        code = re.search(r"in this folder:\n\n```python\n(.*?)\n```", text, re.DOTALL)
        assert code is not None, path
        assert len(code[1].splitlines()) == 3
        monkeypatch.chdir(path.parent)
        names = {}
        exec(code[1], names)
        assert all(np.isfinite(np.asarray(output, float)).all() for output in names["outputs"]), (
            path
        )
