"""Find the z of an image for a generator without an encoder, by search. Pure numpy over an exported graph.

Minimises ‖G(z) − x‖² + λ ‖z‖² by Levenberg and Marquardt's method. The Jacobian of G is taken by finite differences, a
step along each of the k directions in one batch, so a graph without gradients is enough. (Levenberg 1944, Marquardt
1963; for generators Lipton and Tripathi 2017, by gradient descent.)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from gen_models.runtime import Array

Generate = Callable[[Array], Array]
"""z (n, k) to images (n, c, h, w)."""

STARTS = 256
ITERATIONS = 10
PRIOR = 0.01
"""λ: enough to keep z where p(z) = N(0, I) is, too little to be seen in an image."""
STEP = 0.02
"""Of a finite difference: large against float32's rounding, small against z's standard deviation of one."""
DAMPINGS = np.array([0.1, 1, 10, 100])
"""Multiples of the damping that are tried at once, in one batch."""


@dataclass
class Trace:
    """Records how a search went. Entry 0 of each list is its start, the best of many random z."""

    z: list[Array] = field(default_factory=list)
    """Each (k,)."""
    images: list[Array] = field(default_factory=list)
    """G(z), each (c, h, w)."""
    errors: list[float] = field(default_factory=list)
    """‖G(z) − x‖², never rising by more than the prior's share."""
    passes: list[int] = field(default_factory=list)
    """Images that G had made by then."""
    seconds: float = 0.0

    def add(self, z: Array, image: Array, error: float, passes: int) -> None:
        """Record where the search is now, having made `passes` more images."""
        self.z.append(z)
        self.images.append(image)
        self.errors.append(error)
        self.passes.append(passes + (self.passes[-1] if self.passes else 0))


def invert(
    generate: Generate,
    x: Array,
    k: int,
    *,
    iterations: int = ITERATIONS,
    starts: int = STARTS,
    prior: float = PRIOR,
    seed: int = 0,
    limit_s: float = 4.0,
) -> Trace:
    """Search for z with G(z) near x.

    Args:
        generate: G; it must take any number of z at once.
        x: the image (c, h, w), in G's range.
        k: size of z.
        iterations: at most this many.
        starts: random z ~ N(0, I) of which the best is where the search starts, at least 1.
        prior: λ.
        seed: of the random z.
        limit_s: no iteration begins that would probably end after so many seconds.
    """
    began = time.perf_counter()
    trace = Trace()
    target = x.reshape(1, -1).astype(np.float64)

    def residuals(z: Array) -> tuple[Array, Array]:
        """Generate images of z (n, k), and measure how they miss: (n, c, h, w), (n, d)."""
        images = generate(z.astype(np.float32))
        return images, images.reshape(len(z), -1) - target

    def loss(z: Array, missed: Array) -> Array:
        return np.square(missed).sum(1) + prior * np.square(z).sum(1)

    z = np.random.default_rng(seed).standard_normal((starts, k))
    chunks = [residuals(part) for part in np.array_split(z, -(-starts // 32))]
    images, missed = (np.concatenate(parts) for parts in zip(*chunks, strict=True))
    best = int(np.argmin(loss(z, missed)))
    z, image, r = z[best], images[best], missed[best]
    trace.add(z, image, float(r @ r), starts)

    damping, longest = 1e-2, 0.0
    for _ in range(iterations):
        start = time.perf_counter()
        if start - began + longest > limit_s:
            break
        _, moved = residuals(z + STEP * np.eye(k))
        J = (moved - r) / STEP  # (k, d): row j is how the image changes along z_j
        curvature, slope = J @ J.T, J @ r + prior * z
        scale = np.trace(curvature) / k + prior
        tried = damping * DAMPINGS
        steps = [
            np.linalg.solve(curvature + (prior + m * scale) * np.eye(k), -slope) for m in tried
        ]
        candidates = z + np.stack(steps)
        images, missed = residuals(candidates)
        losses = loss(candidates, missed)
        best = int(np.argmin(losses))
        if losses[best] < loss(z[None], r[None])[0]:
            z, image, r = candidates[best], images[best], missed[best]
            damping = max(tried[best], 1e-7)
        else:
            damping = 10 * tried[-1]
        trace.add(z, image, float(r @ r), k + len(tried))
        longest = max(longest, time.perf_counter() - start)
    trace.seconds = time.perf_counter() - began
    return trace
