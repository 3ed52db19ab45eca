"""Images in a grid whose neighbours are alike: t-SNE (van der Maaten and Hinton 2008), then an assignment."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

Array = np.ndarray

PERPLEXITY = 20.0
"""Neighbours that each point has, in effect."""
STEPS, EXAGGERATED = 500, 150
"""Of gradient descent, and how many of them begin with attraction four times as strong."""


def similarities(z: Array, perplexity: float = PERPLEXITY) -> Array:
    """P (n, n): p_j|i ∝ exp(−‖z_i − z_j‖² / 2σ_i²), with σ_i such that its entropy is log(perplexity), symmetrised."""
    squares = cdist(z, z, "sqeuclidean")
    np.fill_diagonal(squares, np.inf)
    low, high = np.zeros((len(z), 1)), np.full((len(z), 1), np.inf)
    beta = 1 / squares.min(1, keepdims=True).clip(1e-12)
    nearest = squares.min(1, keepdims=True)
    P = np.zeros_like(squares)
    for _ in range(50):
        P = np.exp(-beta * (squares - nearest))
        P /= P.sum(1, keepdims=True)
        entropy = -(P * np.log(P.clip(1e-300))).sum(1, keepdims=True)
        wide = entropy > np.log(perplexity)
        low, high = np.where(wide, beta, low), np.where(wide, high, beta)
        beta = np.where(np.isinf(high), 2 * beta, (low + high) / 2)
    return (P + P.T) / (2 * len(z))


def tsne(z: Array, seed: int = 0) -> Array:
    """Points (n, 2) that minimise KL(P ‖ Q), q_ij ∝ 1 / (1 + ‖y_i − y_j‖²), from the first principal components."""
    P = similarities(z)
    centred = z - z.mean(0)
    y = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
    y = 1e-2 * y / y.std() + 1e-5 * np.random.default_rng(seed).standard_normal(y.shape)
    velocity, gain = np.zeros_like(y), np.ones_like(y)
    for step in range(STEPS):
        kernel = 1 / (1 + cdist(y, y, "sqeuclidean"))
        np.fill_diagonal(kernel, 0)
        strength = 4.0 if step < EXAGGERATED else 1.0
        pull = (strength * P - kernel / kernel.sum()) * kernel
        gradient = 4 * (pull.sum(1, keepdims=True) * y - pull @ y)
        agrees = np.sign(gradient) == np.sign(velocity)
        gain = np.where(agrees, 0.8 * gain, gain + 0.2).clip(0.01)
        momentum = 0.5 if step < EXAGGERATED else 0.8
        velocity = momentum * velocity - len(z) / 4 * gain * gradient
        y = y + velocity
    return y


def grid_order(z: Array, rows: int, columns: int) -> Array:
    """Which of rows · columns points z (n, k) stands at each place of a grid, row by row, so that neighbours are near.

    Each point of the plane goes to a place of its own, with the least sum of squared distances.
    """
    y = tsne(z)
    ranks = y.argsort(0).argsort(0) / (len(y) - 1)  # a dense middle is spread out
    y = (y - y.min(0)) / np.ptp(y, axis=0)
    across, down = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))
    places = np.stack([across.ravel(), down.ravel()], 1)
    which, where = linear_sum_assignment(cdist((y + ranks) / 2, places, "sqeuclidean"))
    order = np.empty(len(y), int)
    order[where] = which
    return order
