"""Which images to label first: those nearest to the centres of clusters (lecture §1.4)."""

from __future__ import annotations

import numpy as np

Array = np.ndarray

ROUNDS = 30
"""Most rounds of Lloyd's algorithm."""


def k_means(z: Array, k: int, seed: int = 0) -> Array:
    """Centres (k, d) of points (n, d), n >= k: Lloyd's algorithm from k-means++ (Arthur and Vassilvitskii 2007)."""
    rng = np.random.default_rng(seed)
    centres = z[rng.integers(len(z))][None]
    while len(centres) < k:
        far = squared_distances(z, centres).min(1)
        far = far if far.sum() else np.ones(len(z))
        centres = np.concatenate([centres, z[rng.choice(len(z), p=far / far.sum())][None]])
    for _ in range(ROUNDS):
        nearest = squared_distances(z, centres).argmin(1)
        members = [z[nearest == i] for i in range(k)]
        moved = np.stack([m.mean(0) if len(m) else centres[i] for i, m in enumerate(members)])
        if np.allclose(moved, centres):
            break
        centres = moved
    return centres


def by_centres(z: Array, sizes: tuple[int, ...] = (10, 30, 100)) -> list[int]:
    """All points, those that stand for others first: the nearest to the centres of 10 clusters, then of 30, ..."""
    order: dict[int, None] = {}
    for k in sizes:
        if k < len(z):
            nearest = squared_distances(z, k_means(z, k)).argmin(0)
            order |= dict.fromkeys(nearest.tolist())
    return list(order | dict.fromkeys(range(len(z))))


def squared_distances(a: Array, b: Array) -> Array:
    """‖a_i − b_j‖², (n, m)."""
    a, b = a.astype(float), b.astype(float)
    return np.maximum((a**2).sum(1)[:, None] - 2 * a @ b.T + (b**2).sum(1), 0)
