"""Multinomial logistic regression with few labels (lecture §1.4): convex, so it has one answer and is found at once."""

from __future__ import annotations

import numpy as np

Array = np.ndarray

L2 = 0.01
"""Weight of ½ ‖W‖², chosen on a validation split of digits for features of variance 1 (`training.few_labels`)."""


def softmax(logits: Array) -> Array:
    """p_c = exp(s_c) / Σ exp(s), over the last axis."""
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)


def loss_and_gradient(W: Array, X: Array, Y: Array, l2: float) -> tuple[float, Array]:
    """−1/n Σ log softmax(x W)_y + l2/2 ‖W‖² without the last row, and its gradient 1/n Xᵀ(P − Y) + l2 W.

    X (n, k + 1) ends with a column of ones, whose weights, W's last row, are the biases; Y (n, classes) is one-hot.
    """
    P = softmax(X @ W)
    decayed = l2 * W
    decayed[-1] = 0
    loss = -np.log(np.maximum((P * Y).sum(1), 1e-300)).mean() + 0.5 * (decayed * W).sum()
    return float(loss), X.T @ (P - Y) / len(X) + decayed


def fit(X: Array, y: Array, classes: int, l2: float = L2, steps: int = 200) -> Array:
    """Return W (k + 1, classes) for features (n, k) and labels (n,): Nesterov's gradient descent from W = 0.

    The step is 1/L with L the largest curvature that the loss can have: ½ λ_max(XᵀX)/n + l2 (Böhning 1992).
    """
    X, Y = with_ones(X), np.eye(classes)[y]
    gram = X @ X.T if len(X) < X.shape[1] else X.T @ X
    step = 1 / (0.5 * np.linalg.eigvalsh(gram)[-1] / len(X) + l2)
    W = V = np.zeros((X.shape[1], classes))
    for k in range(steps):
        _, gradient = loss_and_gradient(V, X, Y, l2)
        W, before = V - step * gradient, W
        V = W + k / (k + 3) * (W - before)
    return W


def predict(W: Array, X: Array) -> Array:
    """Return the probabilities (n, classes) of features (n, k)."""
    return softmax(with_ones(X) @ W)


def with_ones(X: Array) -> Array:
    """Return X with a last column of ones."""
    return np.concatenate([X, np.ones((len(X), 1))], axis=1)
