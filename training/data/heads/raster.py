"""Run the inner loops of drawing, compiled by numba: triangles, normals, shadows, blur."""

import numpy as np

from training.data.heads.compiled import njit


@njit
def rasterise(points, triangles, keep, two_sided, size):  # noqa: ANN001, ANN201 (numba)
    """Find the nearest triangle at the centre of each of size x size samples.

    points: float32 [v, 3], x to the right and y down in samples, z towards the camera
    triangles: int32 [t, 3]
    keep: float32 [v]; a triangle is cut off where this, interpolated, is below 0
    two_sided: bool [t]; a triangle that is not is drawn only where its corners turn to the left
    seen from the camera
    Returns its index int32 [size, size] (-1: none), the weights of its corners
    float32 [size, size, 3] and its depth float32 [size, size] (-1e9: none).
    """
    index = np.full((size, size), -1, np.int32)
    weights = np.zeros((size, size, 3), np.float32)
    depth = np.full((size, size), -1e9, np.float32)
    for t in range(len(triangles)):
        i, j, k = triangles[t]
        x0, y0, x1, y1 = points[i, 0], points[i, 1], points[j, 0], points[j, 1]
        x2, y2 = points[k, 0], points[k, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if abs(area) < 1e-9 or (area > 0 and not two_sided[t]):
            continue
        whole = keep[i] >= 0 and keep[j] >= 0 and keep[k] >= 0
        if keep[i] < 0 and keep[j] < 0 and keep[k] < 0:
            continue
        left = max(int(np.floor(min(x0, x1, x2) - 0.5)), 0)
        right = min(int(np.ceil(max(x0, x1, x2) - 0.5)), size - 1)
        top = max(int(np.floor(min(y0, y1, y2) - 0.5)), 0)
        bottom = min(int(np.ceil(max(y0, y1, y2) - 0.5)), size - 1)
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                px, py = x + 0.5, y + 0.5
                b = ((px - x0) * (y2 - y0) - (x2 - x0) * (py - y0)) / area
                c = ((x1 - x0) * (py - y0) - (px - x0) * (y1 - y0)) / area
                a = 1 - b - c
                if a < -1e-4 or b < -1e-4 or c < -1e-4:
                    continue
                z = a * points[i, 2] + b * points[j, 2] + c * points[k, 2]
                if z <= depth[y, x]:
                    continue
                if not whole and a * keep[i] + b * keep[j] + c * keep[k] < 0:
                    continue
                depth[y, x] = z
                index[y, x] = t
                weights[y, x, 0] = a
                weights[y, x, 1] = b
                weights[y, x, 2] = c
    return index, weights, depth


@njit
def vertex_normals(points, triangles):  # noqa: ANN001, ANN201 (numba)
    """Return unit normals float32 [v, 3]: the mean of the triangles around a vertex, weighted by area.

    points: float32 [v, 3]; triangles: int32 [t, 3], counter-clockwise seen from outside
    """
    normals = np.zeros_like(points)
    for t in range(len(triangles)):
        i, j, k = triangles[t]
        ax, ay, az = points[j] - points[i]
        bx, by, bz = points[k] - points[i]
        nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        for v in (i, j, k):
            normals[v, 0] += nx
            normals[v, 1] += ny
            normals[v, 2] += nz
    for v in range(len(normals)):
        length = np.sqrt(normals[v, 0] ** 2 + normals[v, 1] ** 2 + normals[v, 2] ** 2) + 1e-12
        normals[v] /= length
    return normals


@njit
def interpolate(values, corners, weights):  # noqa: ANN001, ANN201 (numba)
    """Interpolate values float32 [v, c] at p points with corners int32 [p, 3] and weights float32 [p, 3]."""
    out = np.empty((len(corners), values.shape[1]), np.float32)
    for p in range(len(corners)):
        i, j, k = corners[p]
        for c in range(values.shape[1]):
            out[p, c] = (
                weights[p, 0] * values[i, c] + weights[p, 1] * values[j, c]
                + weights[p, 2] * values[k, c]
            )  # fmt: skip
    return out


@njit
def lit_fraction(points, depth, bias, radius):  # noqa: ANN001, ANN201 (numba)
    """Return the share of the light that reaches each point float32 [p, 3], seen from the light.

    depth: float32 [s, s], the light's own depth map; the 5 x 5 samples compared span 2 x radius.
    """
    size = len(depth)
    out = np.empty(len(points), np.float32)
    for p in range(len(points)):
        total = 0.0
        for dy in range(-2, 3):
            for dx in range(-2, 3):
                x = min(max(int(points[p, 0] + 0.5 * dx * radius), 0), size - 1)
                y = min(max(int(points[p, 1] + 0.5 * dy * radius), 0), size - 1)
                over = depth[y, x] - points[p, 2] - bias * (1 + 0.35 * (abs(dx) + abs(dy)))
                total += 1 - min(max(over / bias, 0.0), 1.0)
        out[p] = total / 25
    return out


@njit
def box_blur(values, radius):  # noqa: ANN001, ANN201 (numba)
    """Average over (2 radius + 1)² samples of float32 [h, w]; beyond the edge counts as 0."""
    height, width = values.shape
    across = np.zeros_like(values)
    for y in range(height):
        total = 0.0
        for x in range(-radius, width):
            if x + radius < width:
                total += values[y, x + radius]
            if x - radius - 1 >= 0:
                total -= values[y, x - radius - 1]
            if x >= 0:
                across[y, x] = total
    out = np.zeros_like(values)
    for x in range(width):
        total = 0.0
        for y in range(-radius, height):
            if y + radius < height:
                total += across[y + radius, x]
            if y - radius - 1 >= 0:
                total -= across[y - radius - 1, x]
            if y >= 0:
                out[y, x] = total
    return out / (2 * radius + 1) ** 2


def smooth(x: np.ndarray, start: float, end: float) -> np.ndarray:
    """Return 0 before `start`, 1 after `end` (which may be the smaller), smooth in between."""
    t = np.clip((x - start) / (end - start), 0, 1)
    return t * t * (3 - 2 * t)
