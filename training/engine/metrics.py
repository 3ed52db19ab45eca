"""How far apart two sets of images are, and how well unnamed categories match classes.

The sets come as feature vectors (n, k) of `training.features`, whose dimensions have mean 0 and variance 1 on real
images: distances are in those units, and compare models of one data set only.

torchmetrics computes none of it: its SSIM (1.9.0) averages over windows that lean over the border too, which changes
the third digit at 28 pixels; its AUROC takes the sigmoid of scores in float32, and so makes ties; its Fréchet distance
of features that are there already is a private function, as long as ours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.stats import mannwhitneyu
from skimage.metrics import structural_similarity

Array = np.ndarray


def frechet_distance(a: Array, b: Array) -> float:
    """‖m_a − m_b‖² + tr(S_a + S_b − 2 (S_a S_b)^½): between Gaussians fitted to features (n, k) and (m, k).

    The distance of Dowson and Landau 1982 that Heusel et al. 2017 take on Inception's features and call FID; these are
    not those. tr (S_a S_b)^½ is the sum of the square roots of the eigenvalues of S_a S_b, which are real and not
    negative. A finite sample has a positive distance from another of its own distribution.
    """
    S_a, S_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    eigenvalues = np.linalg.eigvals(np.atleast_2d(S_a @ S_b)).real.clip(min=0)
    trace = np.trace(np.atleast_2d(S_a + S_b)) - 2 * np.sqrt(eigenvalues).sum()
    return float(np.square(a.mean(0) - b.mean(0)).sum() + trace)


def precision_and_recall(real: Array, fake: Array, k: int = 3) -> tuple[float, float]:
    """Shares of generated images that lie among real ones, and of real ones that lie among generated ones.

    An image lies among a set if it is nearer to some member of it than that member's own k-th neighbour in the set
    (Kynkäänniemi et al. 2019).

    Args:
        real: features (n, d) of real images.
        fake: features (m, d) of generated ones.
        k: which neighbour sets the radius.
    """

    def covered(points: Array, members: Array) -> float:
        radii = np.sort(cdist(members, members), axis=1)[:, k]  # column 0 is the member itself
        return float((cdist(points, members) <= radii).any(1).mean())

    return covered(fake, real), covered(real, fake)


def histogram_overlap(a: Array, b: Array, bins: int = 10) -> float:
    """Σ min(p, q) of the histograms p of a (n,) and q of b (m,), over bins that hold equally many of b.

    1 if they are alike; 0 if a has nothing where b has something. In small sets it is below 1 by chance.
    """
    inner = np.quantile(b, np.arange(1, bins) / bins)
    return shares_overlap(np.searchsorted(inner, a), np.searchsorted(inner, b))


def shares_overlap(a: Array, b: Array) -> float:
    """Σ min(p, q) of the shares p of each kind in a, int (n,), and q in b, int (m,): 1 if they are alike."""
    kinds = int(max(a.max(), b.max())) + 1
    shares = [np.bincount(each, minlength=kinds) / len(each) for each in (a, b)]
    return float(np.minimum(*shares).sum())


def sharpness(x: Array) -> float:
    """Mean |difference| of neighbouring pixels, across and down, of images (n, c, h, w): 0 if all are flat.

    Blur lowers it and noise raises it: it compares images that are not noisy, with real ones beside them.
    """
    across, down = (np.abs(np.diff(x, axis=axis)) for axis in (3, 2))
    return float((across.mean() + down.mean()) / 2)


def psnr(x: Array, y: Array) -> Array:
    """−10 log10 of the mean squared error of images (n, c, h, w) in [0, 1], in dB: (n,)."""
    return -10 * np.log10(np.square(x - y).mean((1, 2, 3)).clip(1e-10))


def ssim(x: Array, y: Array) -> Array:
    """Structural similarity of images (n, c, h, w) in [0, 1], h and w at least 11: (n,), 1 if they are equal.

    (2 m_x m_y + C₁)(2 s_xy + C₂) / ((m_x² + m_y² + C₁)(s_x² + s_y² + C₂)), C₁ = 0.01², C₂ = 0.03², of the means and
    covariances in windows of 11 x 11, weighted by a Gaussian of σ = 1.5; the mean over windows within the image and
    over channels (Wang et al. 2004).
    """
    as_in_the_paper: dict[str, Any] = {
        "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False,
        "data_range": 1.0, "channel_axis": 0,
    }  # fmt: skip
    pairs = zip(x.astype(np.float64), y.astype(np.float64), strict=True)  # small differences
    return np.array([structural_similarity(a, b, **as_in_the_paper) for a, b in pairs])


def nearest_distances(a: Array, b: Array) -> Array:
    """Euclidean distance from each of a (n, k) to its nearest in b (m, k): (n,)."""
    return np.concatenate([cdist(part, b).min(1) for part in np.array_split(a, -(-len(a) // 500))])


def match(categories: Array, labels: Array) -> tuple[float, dict[int, int]]:
    """The one-to-one matching of categories to labels that agrees most often (Kuhn 1955, the Hungarian method).

    Args:
        categories: int (n,), 0 to c − 1.
        labels: int (n,), 0 to c − 1.

    Returns:
        The share of agreement, and the label of each category.
    """
    c = int(max(categories.max(), labels.max())) + 1
    counts = np.zeros((c, c), int)
    np.add.at(counts, (categories, labels), 1)
    rows, columns = linear_sum_assignment(counts, maximize=True)
    label_of = dict(zip(rows.tolist(), columns.tolist(), strict=True))
    return float(counts[rows, columns].sum() / len(labels)), label_of


def area_under_roc(positive: Array, negative: Array) -> float:
    """Probability that a positive's score (n,) is above a negative's (m,), ties counting half: 0.5 is chance."""
    pairs = positive.astype(np.float64), negative.astype(np.float64)
    U = mannwhitneyu(*pairs, method="asymptotic").statistic  # counts those in order
    return float(U / (len(positive) * len(negative)))
