"""Hold triangle meshes: what one is made of, how it is read from MakeHuman's files, simple shapes."""

from typing import NamedTuple

import numpy as np

SKIN, EYE, LASH, TEETH, TONGUE, HAIR, GLASSES = range(7)


class Mesh(NamedTuple):
    """Holds triangles, and what the painter needs to know about them."""

    points: np.ndarray
    """float32 [v, 3]: x to the head's left, y up, z forward"""
    triangles: np.ndarray
    """int32 [t, 3], counter-clockwise seen from outside"""
    parts: np.ndarray
    """int32 [t]: SKIN, EYE, LASH, TEETH, TONGUE, HAIR or GLASSES"""
    keep: np.ndarray
    """float32 [v]: triangles are cut off where this, interpolated, falls below 0"""
    place: np.ndarray
    """float32 [v, 3]: where a vertex is on the base mesh; of hair (azimuth, row, keep)"""
    uv: np.ndarray
    """float32 [t, 3, 2]: texture coordinates of the corners"""


def plain(
    points: np.ndarray, triangles: np.ndarray, part: int,
    keep: np.ndarray | None = None, place: np.ndarray | None = None,
) -> Mesh:  # fmt: skip
    """Return a mesh of one part without texture, whole and in its place unless told otherwise."""
    v, t = len(points), len(triangles)
    return Mesh(
        points.astype(np.float32),
        triangles.astype(np.int32),
        np.full(t, part, np.int32),
        np.ones(v, np.float32) if keep is None else keep.astype(np.float32),
        (points if place is None else place).astype(np.float32),
        np.zeros((t, 3, 2), np.float32),
    )


def joined(meshes: list[Mesh]) -> Mesh:
    """Return all meshes as one."""
    starts = np.cumsum([0, *(len(m.points) for m in meshes)], dtype=np.int32)
    shifted = [m._replace(triangles=m.triangles + s) for m, s in zip(meshes, starts, strict=False)]
    return Mesh(*(np.concatenate(column) for column in zip(*shifted, strict=True)))


def grid_triangles(rows: int, columns: int) -> np.ndarray:
    """Return the triangles of a grid of vertices, row by row: int32 [2 (rows - 1) (columns - 1), 3]."""
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]
    return np.stack([a, b, c, a, c, d], -1).reshape(-1, 3)


def tube(path: np.ndarray, radius: float, sides: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Return a tube around a path [n, 3]: points [n * sides, 3] and triangles."""
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    first = np.cross(along, [0.3, 0.2, 1.0])
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(along, first)
    turn = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = (
        np.cos(turn)[None, :, None] * first[:, None] + np.sin(turn)[None, :, None] * second[:, None]
    )
    points = path[:, None] + radius * ring
    index = np.arange(len(path) * sides).reshape(len(path), sides)
    a, b = index[:-1], index[1:]
    c, d = np.roll(b, -1, 1), np.roll(a, -1, 1)
    return points.reshape(-1, 3), np.stack([a, b, c, a, c, d], -1).reshape(-1, 3)


def read_mesh(text: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Read a Wavefront file as triangles; a four-cornered face becomes two.

    Returns points float32 [v, 3], texture coordinates float32 [u, 2], corners int [t, 3], texture
    coordinates of the corners int [t, 3] and the group of each triangle.
    """
    points, uv, corners, corner_uv, groups, group = [], [], [], [], [], ""
    for line in text.splitlines():
        key, *words = line.split() or [""]
        if key == "v":
            points.append([float(w) for w in words[:3]])
        elif key == "vt":
            uv.append([float(w) for w in words[:2]])
        elif key == "g":
            group = words[0]
        elif key == "f":
            pairs = [[int(n) - 1 for n in w.split("/")[:2]] for w in words]
            for i in range(1, len(pairs) - 1):
                face = (pairs[0], pairs[i], pairs[i + 1])
                corners.append([p[0] for p in face])
                corner_uv.append([p[1] for p in face])
                groups.append(group)
    return (
        np.array(points, np.float32), np.array(uv, np.float32),
        np.array(corners), np.array(corner_uv), groups,
    )  # fmt: skip


def read_target(text: str, vertices: int) -> np.ndarray:
    """Read how far each vertex moves, float32 [vertices, 3]. A line is `vertex dx dy dz`."""
    moved = np.zeros((vertices, 3), np.float32)
    lines = [line for line in text.splitlines() if line and line[0] != "#"]
    table = np.array(" ".join(lines).split(), np.float64).reshape(-1, 4)
    moved[table[:, 0].astype(int)] = table[:, 1:]
    return moved
