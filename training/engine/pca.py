"""Principal component analysis (lecture §1.2), exact, and how far a subspace is from the principal one."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor


def principal_components(
    X: Float[Tensor, "n d"], k: int
) -> tuple[Float[Tensor, " d"], Float[Tensor, "k d"], Float[Tensor, " d"]]:
    """The mean m of the rows of X, the first k right singular vectors of X − m, and the variances along all d.

    The largest come first. They are computed as eigenvectors of (X − m)ᵀ(X − m) in float64: d² numbers, not n·d.
    Where there are fewer rows than columns, it is n·d that is less.
    """
    X = X.double()
    m = X.mean(0)
    if len(X) < X.shape[1]:
        return m, *_components_of_few(X - m, k)
    squares, eigenvectors = torch.linalg.eigh((X - m).T @ (X - m))  # ascending
    return m, eigenvectors.flip(1)[:, :k].T, squares.flip(0) / len(X)


def _components_of_few(
    X: Float[Tensor, "n d"], k: int
) -> tuple[Float[Tensor, "k d"], Float[Tensor, " d"]]:
    """The same of n < d centred rows, by SVD: their span has n dimensions at most, and no variance beyond."""
    n, d = X.shape
    _, singular, V = torch.linalg.svd(X, full_matrices=False)
    variances = torch.cat([singular.square() / n, singular.new_zeros(d - n)])
    if k > n:  # directions without variance: any that are orthogonal to the others
        more = torch.randn(d, k - n, generator=torch.Generator().manual_seed(0), dtype=X.dtype)
        V = torch.cat([V, torch.linalg.qr(torch.cat([V.T, more], dim=1)).Q[:, n:].T])
    return V[:k], variances


def largest_principal_angle(A: Float[Tensor, "k d"], B: Float[Tensor, "k d"]) -> float:
    """Largest angle, in degrees, between the subspaces spanned by the rows of A and of B: 0 if they are the same.

    sin θ = ‖(I − P_A) Q_B‖₂, which is exact for small angles, where the cosine would lose half the digits
    (Björck and Golub 1973).
    """
    Qa, _ = torch.linalg.qr(A.double().T)
    Qb, _ = torch.linalg.qr(B.double().T)
    sine = torch.linalg.matrix_norm(Qb - Qa @ (Qa.T @ Qb), ord=2)
    return math.degrees(math.asin(min(1.0, float(sine))))
