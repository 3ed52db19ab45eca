"""Families: every committed card keeps its family's promises, and nothing of the app reads training options."""

import ast
from pathlib import Path

import pytest

from gen_models import cards, model_readme
from gen_models.app.chapters import CHAPTERS
from gen_models.app.shell.page import metrics_table
from gen_models.families import (
    FAMILIES,
    REJECTION,
    AutoencoderFacts,
    AutoencoderKind,
    Likelihood,
    MetricId,
    VAEFacts,
    better_of,
    label_of,
    parse_key,
    spec_of,
)

CARDS = sorted(Path("exported").glob("*/card.json"))


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.parent.name)
def test_a_committed_card_keeps_the_promises_of_its_family(path):
    card = cards.load(path)
    family = FAMILIES[card.family]
    assert type(card.facts) is family.facts
    for role, promised in card.facts.graphs().items():
        graph = card.graphs[role]
        assert set(promised.inputs) <= {port.name for port in graph.inputs}
        assert set(promised.outputs) <= {port.name for port in graph.outputs}
    for key in card.metrics:
        assert spec_of(card.family, key) is not None, key
        label = label_of(card.family, key)
        assert label.startswith(spec_of(card.family, key).label)
        assert "{" not in label


def test_every_family_has_a_committed_model():
    assert {cards.load(path).family for path in CARDS} == FAMILIES.keys()


def test_what_stands_for_a_model_is_measured_in_its_family():
    for name, family in FAMILIES.items():
        for key in family.headlines:
            assert spec_of(name, key) is not None, key


def test_every_metric_is_of_some_family():
    assert {metric for family in FAMILIES.values() for metric in family.metrics} == set(MetricId)


@pytest.mark.parametrize(
    ("family", "key", "label"),
    [
        ("autoencoder", "squared_error/10", "squared error, code size 10"),
        ("autoencoder", "frechet_distance/noise/2", "Fréchet distance, z from noise, code size 2"),
        (
            "autoencoder",
            "recognised/gaussian/64",
            "recognised with p > 0.95, z from gaussian, code size 64",
        ),
        ("vae", "frechet_distance", "Fréchet distance"),
        ("vae", "kl", "KL"),
        ("vae", "dimension_kl/3", "KL, dimension 3"),
        ("vae", "nll_bound/5000", "bound on −log p(x), 5000 samples"),
        ("vae", "attribute_auroc/smile", "attribute read from z, smile"),
        ("infogan", "information_bound/category", "bound on the mutual information, category code"),
        ("pix2pix", "l1@pix2pix-paper-heads", "L1, by pix2pix-paper-heads"),
        ("cyclegan", "cycle_error/x/0.05", "cycle error, from x, noise of σ = 0.05 on the way"),
        ("cyclegan", "pair_error/y/identity", "error against the true pair, of y, by identity"),
        ("lab", "modes/ring", "modes covered, ring"),
        ("lab", "modes/ring/rejection", "modes covered, ring, rejection sampling"),
        ("gan", "fid/50k", "FID, 50k"),
        ("gan", "something else", "something else"),
    ],
)
def test_a_key_is_shown_in_words(family, key, label):
    assert label_of(family, key) == label


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.parent.name)
def test_wherever_numbers_are_shown_it_is_said_which_way_is_better(path):
    card = cards.load(path)
    shown, page = metrics_table(card).splitlines(), model_readme.render(card).splitlines()
    for key, metric in card.metrics.items():
        label, better = label_of(card.family, key), spec_of(card.family, key).better
        words = f"{better} is better" if better else ""
        assert better_of(card.family, key) == words
        start = f"| {label} ({words}) | " if better else f"| {label} | "
        assert any(line.startswith(f"{start}{metric.value:.4g} ") for line in shown), key
        notes = "; ".join(filter(None, (words, metric.note))).replace("|", r"\|")
        start = f"| {label} ({notes}) | " if notes else f"| {label} | "
        assert any(line.startswith(f"{start}{metric.value:.4g} ") for line in page), key


def test_of_a_vae_the_elbo_is_better_higher_and_the_reconstruction_lower():
    """The reconstruction of a card is −E log p(x|z): the ELBO is minus the sum of both."""
    found = [card for path in CARDS if (card := cards.load(path)).family == "vae"]
    for card in found:
        elbo, reconstruction, kl = (
            card.metric(id).value for id in (MetricId.ELBO, MetricId.RECONSTRUCTION, MetricId.KL)
        )
        assert elbo == pytest.approx(-reconstruction - kl, abs=1e-3)
    assert better_of("vae", MetricId.ELBO) == "higher is better"
    assert better_of("vae", MetricId.RECONSTRUCTION) == "lower is better"
    assert better_of("vae", MetricId.KL) == ""
    assert better_of("vae", "something else") == ""


@pytest.mark.parametrize(
    ("key", "written", "parsed"),
    [
        (MetricId.KL.of(), "kl", ("kl", (), "")),
        (MetricId.CYCLE_ERROR.of("x", 0.1), "cycle_error/x/0.1", ("cycle_error", ("x", "0.1"), "")),
        (MetricId.L1.of(model="a"), "l1@a", ("l1", (), "a")),
        (MetricId.L1.of(1, model="a/b"), "l1/1@a/b", ("l1", ("1",), "a/b")),
        (MetricId.MODES.of("grid", REJECTION), "modes/grid/rejection", ("modes", ("grid", "rejection"), "")),
    ],
)  # fmt: skip
def test_a_key_is_written_and_taken_apart(key, written, parsed):
    assert key == written
    assert parse_key(key) == parsed


def test_facts_promise_the_graphs_that_follow_from_them():
    plain = VAEFacts(Likelihood.BERNOULLI)
    assert plain.graphs().keys() == {"encoder", "decoder"}
    assert plain.graphs()["decoder"].outputs == ("x", "logits")
    told = VAEFacts(Likelihood.NORMAL, attributes=("smile", "age"))
    assert told.graphs()["decoder"].outputs == ("x", "logvar")
    assert told.graphs()["attributes"].outputs == ("smile", "age")
    assert told.graphs()["directions"].inputs == ("smile", "age")
    sizes = AutoencoderFacts(AutoencoderKind.PCA, (2, 10)).graphs()
    assert len(sizes) == 6
    assert {"encoder_2", "decoder_10", "gaussian_10"} <= sizes.keys()


def test_families_import_nothing_of_ours():
    tree = ast.parse(Path("gen_models/families.py").read_text("utf-8"))
    names = [n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    assert not [name for name in names if name and name.startswith(("gen_models", "training"))]


PROVENANCE = {"migrate.py", "cards.py", "model_readme.py", "without_paths.py"}
"""What converts the options of a training, holds them, prints them, and takes a person's paths out of them."""


def reads_of_config(source):
    """Lines that read an attribute `config`, as of a card."""
    tree = ast.parse(source)
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "config"
    ]


def test_nothing_but_the_card_and_its_readme_reads_the_options_of_a_training():
    assert reads_of_config('loss = model.card.config["loss"]') == [1]
    found = {
        str(path): lines
        for path in Path("gen_models").rglob("*.py")
        if path.name not in PROVENANCE
        if (lines := reads_of_config(path.read_text("utf-8")))
    }
    assert found == {}


@pytest.mark.train
def test_the_tools_know_the_same_families():
    registry = pytest.importorskip("training.tools.registry", reason="needs torch")
    assert registry.FAMILIES.keys() == FAMILIES.keys()


def test_every_committed_model_is_shown_by_a_tab_or_serves_one():
    for card in cards.discover(Path("exported"))[0]:
        assert card.family == "features" or any(chapter.shows(card) for chapter in CHAPTERS), (
            card.name
        )
