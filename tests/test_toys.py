"""Toys are models like any other: each can be read from disk, runs, and keeps what its family promises."""

import numpy as np
import pytest
import toys
from toys.write import family_of

from gen_models import cards, families

TOYS = {
    "autoencoder": lambda root: toys.autoencoder(root, "ae", errors={2: 1.0}, angles={2: 0.5}),
    "cyclegan": lambda root: toys.cyclegan(root),
    "disentangle": lambda root: toys.disentangle(root),
    "documents": lambda root: toys.documents(root, "documents"),
    "features": lambda root: toys.features(root, "features"),
    "few_labels": lambda root: toys.few_labels(root, "few"),
    "gan": lambda root: toys.gan(root, "gan"),
    "hashing": lambda root: toys.hashing(root),
    "heads": lambda root: toys.heads(root),
    "infogan": lambda root: toys.infogan(root),
    "lab": lambda root: toys.lab(root),
    "matrix": lambda root: toys.matrix(root),
    "pix2pix": lambda root: toys.pix2pix(root),
    "progan": lambda root: toys.progan(root),
    "vae": lambda root: toys.vae(root, "vae"),
    "views": lambda root: toys.views(root),
}


def test_every_toy_and_every_family_is_tried(tmp_path):
    assert sorted(TOYS) == toys.__all__
    made = {family_of(make(tmp_path).card.facts) for make in TOYS.values()}
    assert made == families.FAMILIES.keys()


@pytest.mark.parametrize("name", TOYS)
def test_a_toy_is_found_as_a_model(name, tmp_path):
    model = TOYS[name](tmp_path)
    assert cards.discover(tmp_path) == ([model.card], [])
    assert (model.folder / "README.md").read_text().startswith("---")


@pytest.mark.parametrize("name", TOYS)
def test_each_graph_and_each_sheet_of_a_toy_is_what_its_card_says(name, tmp_path):
    model = TOYS[name](tmp_path)
    for role, graph in model.card.graphs.items():
        feed = {
            port.name: np.ones([3 if isinstance(n, str) else n for n in port.shape])
            for port in graph.inputs
        }
        for port in graph.outputs:
            got = model(role, **feed)[port.name]
            assert got.dtype == port.dtype
            assert got.shape == tuple(3 if isinstance(n, str) else n for n in port.shape)
    for role, sheet in model.card.sheets.items():
        assert model.sheet(role).shape[:2] == (sheet.rows, sheet.columns)
