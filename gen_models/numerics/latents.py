"""Draw paths and grids in latent space. Pure numpy; latents are float32, (k,) for one point and (n, k) for several."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from gen_models.runtime import Array


def lerp(a: Array, b: Array, t: Array) -> Array:
    """(1 − t) a + t b: the straight line at each t of (n,), as (n, k)."""
    t = np.asarray(t, np.float32)[:, None]
    return (1 - t) * a + t * b


def slerp(a: Array, b: Array, t: Array) -> Array:
    """Follow the great circle from a to b at each t of (n,), lengths interpolated in between: (n, k).

    Ends that are zero, or nearly parallel or opposite, fall back to the straight line: there the formula divides by
    zero. (Shoemake 1985; for latents White 2016.)
    """
    length_a, length_b = np.linalg.norm(a), np.linalg.norm(b)
    if not length_a or not length_b:
        return lerp(a, b, t)
    angle = np.arccos(float(np.clip(a @ b / (length_a * length_b), -1, 1)))
    if np.sin(angle) < 1e-4:
        return lerp(a, b, t)
    t = np.asarray(t, np.float32)[:, None]
    direction = np.sin((1 - t) * angle) * a / length_a + np.sin(t * angle) * b / length_b
    return (direction / np.sin(angle) * ((1 - t) * length_a + t * length_b)).astype(np.float32)


def along(stops: Array, t: Array) -> Array:
    """Return points at t of (m,), 0 at the first stop, 1 at the last, on straight lines through stops (n, k): (m, k).

    Every line takes as long as every other. A single stop is all of its path.
    """
    t = np.clip(np.asarray(t, np.float32), 0, 1) * (len(stops) - 1)
    i = t.astype(int)
    fraction = (t - i)[:, None]
    return (1 - fraction) * stops[i] + fraction * stops[np.minimum(i + 1, len(stops) - 1)]


def path(stops: Array, frames: int) -> Array:
    """Return `frames` points, evenly spaced in time, on straight lines through the stops (n, k): (frames, k)."""
    return along(stops, np.linspace(0, 1, frames))


def probability(z: Array, extent: float) -> Array:
    """(Φ(z) − Φ(−extent)) / (Φ(extent) − Φ(−extent)), by which z in ±extent are evenly spread where z ~ N(0, 1).

    Beyond, 0 or 1. Φ is the distribution function of N(0, 1); the shape stays.
    """
    cdf = NormalDist().cdf
    lo, hi = cdf(-extent), cdf(extent)
    found = np.array([cdf(each) for each in np.clip(z, -extent, extent).ravel()])
    return ((found - lo) / (hi - lo)).reshape(np.shape(z))


def quantiles(n: int, extent: float) -> Array:
    """Return the medians of n equally probable parts of N(0, 1) within ±extent, the inverse of `probability`: (n,)."""
    normal = NormalDist()
    lo, hi = normal.cdf(-extent), normal.cdf(extent)
    u = lo + (hi - lo) * (np.arange(n) + 0.5) / n
    return np.array([normal.inv_cdf(each) for each in u], np.float32)


def plane(axis: Array) -> Array:
    """Return the grid of (n,) by itself, row by row from the top left as an image is read: (n², 2)."""
    x, y = np.meshgrid(axis, axis[::-1])
    return np.stack([x.ravel(), y.ravel()], axis=1)
