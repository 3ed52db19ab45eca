"""Light a head: key with shadow, sky and ground, highlights, rim."""

import numpy as np

from training.data.heads.factors import Factors
from training.data.heads.mesh import EYE, TEETH
from training.data.heads.paint import Material
from training.data.heads.raster import box_blur
from training.data.heads.view import Surface, sun


def light(s: Surface, m: Material, f: Factors) -> np.ndarray:
    """Return linear light float32 [p, 3]: key with shadow, sky and ground, rim, and crevices darkened."""
    n, up = s.normal, s.normal[:, 1]
    toward = sun(f)
    skin, hair = m.masks["skin"], m.masks["hair"]
    facing = n @ toward
    shadow = 1 - np.where(s.part == TEETH, 1, s.reached)
    crevice = crevices(s)
    crevice = np.where(np.isin(s.part, (TEETH, EYE)), np.sqrt(crevice), crevice)
    sky, ground = 0.5 + 0.5 * up, 0.5 - 0.5 * up
    side = np.array([-np.sign(toward[0]) * 0.75, 0.2, 0.6], np.float32)
    fill = 0.13 * np.maximum(n[:, 2], 0) + 0.16 * np.maximum(n @ side, 0)

    half = toward + np.array([0, 0, 1], np.float32)
    half /= np.linalg.norm(half)
    shine = np.maximum(n @ half, 0) ** 14 * m.gloss * (1 - 0.7 * shadow)
    rim = 0.10 * (1 - np.maximum(n[:, 2], 0)) ** 3 * sky * crevice * (1 - 0.8 * hair)
    # Hair shines in a band across the strands (Kajiya and Kay), which run down the head.
    flat = np.sqrt(1 - np.minimum(up * up, 0.9999))
    across = (up * (n @ half) - half[1]) / flat + 0.06 * m.strands
    band = np.maximum(1 - across * across, 0) ** 16 * np.clip(facing + 0.3, 0, 1)
    band *= hair * m.sheen * (0.04 + 0.25 * m.albedo[:, 1]) * (1 - 0.6 * shadow)

    out = np.empty_like(m.albedo)
    # Light wraps round soft things; round skin its red goes furthest, also into shadow and crevice.
    for c, (sun_, sky_, ground_, wrap, dark, lift, band_) in enumerate([
        (1.000, 0.46, 0.34, 0.42, 0.70, 0.16, 1.00),
        (0.965, 0.49, 0.28, 0.26, 0.78, -0.08, 0.95),
        (0.910, 0.54, 0.25, 0.20, 0.80, -0.12, 0.88),
    ]):  # fmt: skip
        wraps = 0.25 + (wrap - 0.25) * skin
        key = (0.67 + 0.2 * f["light_key"]) * sun_ * np.clip((facing + wraps) / (1 + wraps), 0, 1)
        key *= 1 - shadow * (0.75 + (dark - 0.75) * skin)
        open_ = crevice * (1 + lift * skin * (1 - crevice))
        ambient = open_ * (sky_ * sky + ground_ * ground + fill)
        out[:, c] = m.albedo[:, c] * (key + ambient) + shine + rim + band_ * band
    return out


def crevices(s: Surface) -> np.ndarray:
    """Return 0..1 [p]: how open the surroundings are, by how far they stand in front (from the depth)."""
    seen = s.at.astype(np.float32)
    depth = np.where(s.at, s.depth, 0).astype(np.float32)
    size = len(depth)
    closed = np.zeros_like(depth)
    for share, gain in ((0.02, 3.2), (0.06, 1.1)):
        radius = max(1, round(size * share))
        mean = box_blur(box_blur(depth, radius), radius)
        mean /= box_blur(box_blur(seen, radius), radius) + 1e-6
        closed += np.clip(gain * (mean - depth), 0, 0.45)
    # At an outline there is no farther side to even out the slope.
    return 1 - np.clip(closed, 0, 0.65)[s.at] * np.clip(3 * s.normal[:, 2], 0, 1)
