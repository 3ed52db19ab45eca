"""Spectral clustering, on sets whose clusters are known."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from gen_models.errors import UserError
from training.engine.clusters import spectral_clusters


def same_partition(a, b):
    """Whether two namings of clusters differ in the names alone."""
    pairs = set(zip(a.tolist(), b.tolist(), strict=True))
    return len(pairs) == len(set(a.tolist())) == len(set(b.tolist()))


def arcs(n=120):
    """Two bands on the unit sphere, one above the other, each half way round: no ball holds one alone."""
    angle = np.linspace(0, np.pi, n)
    turn = np.stack([np.cos(angle), np.sin(angle)], 1)
    points = np.concatenate([np.c_[turn, np.full(n, height)] for height in (-0.15, 0.15)])
    return points / np.linalg.norm(points, axis=1, keepdims=True), np.arange(2).repeat(n)


def test_long_thin_clusters_are_found_whatever_the_seed():
    h, truth = arcs()
    for seed in range(5):
        assert same_partition(spectral_clusters(h, 2, seed), truth)


def test_k_means_cuts_them_across():
    """So the test above is one that k-means fails."""
    from scipy.cluster.vq import kmeans2

    h, truth = arcs()
    assert not same_partition(kmeans2(h, 2, minit="++", rng=0)[1], truth)


def test_the_same_seed_gives_the_same_clusters():
    rng = np.random.default_rng(0)
    h = rng.standard_normal((90, 8))
    h /= np.linalg.norm(h, axis=1, keepdims=True)
    assert np.array_equal(spectral_clusters(h, 3, 7), spectral_clusters(h, 3, 7))


def test_fewer_pictures_than_neighbours_will_do_but_not_fewer_than_clusters():
    h = np.eye(4)[[0, 0, 0, 1, 1, 1]] + 0.01 * np.random.default_rng(0).random((6, 4))
    h /= np.linalg.norm(h, axis=1, keepdims=True)
    assert len(spectral_clusters(h, 2, 0)) == 6
    with pytest.raises(UserError, match="2 clusters need at least 3 images, and there are 2"):
        spectral_clusters(h[:2], 2, 0)
