"""Grow hair: one grid of vertices around the head, on which every style is cut and combed."""

import numpy as np

from training.data.heads.compiled import njit
from training.data.heads.factors import STYLES, Factors
from training.data.heads.mesh import HAIR, Mesh, grid_triangles, joined, plain
from training.data.heads.raster import smooth

CENTRE = np.array([0, 7.45, 0.35], np.float32)
"""The middle of the head of the base mesh, at the level of the eyes, in its decimetres."""
DOME, BELOW, AROUND = 20, 26, 96
"""Rows from crown to eyes, rows from there down, columns (the first is there twice)."""
ROWS = DOME + BELOW

Grid = np.ndarray
"""Values at every vertex of the grid: [ROWS, AROUND + 1] or [ROWS, AROUND + 1, 3]"""


def azimuth(rest: np.ndarray) -> np.ndarray:
    """Return radians from the front, around the middle of the head, of points [..., 3] of the base mesh."""
    return np.arctan2(rest[..., 0], rest[..., 2] - CENTRE[2])


def hairline(azimuth: np.ndarray) -> np.ndarray:
    """Return the height on the base mesh above which the scalp bears hair, by radians from the front."""
    return np.interp(
        np.abs(np.degrees(azimuth)),
        [0, 30, 45, 56, 63, 68, 74, 79, 90, 102, 112, 130, 180],
        [8.02, 8.0, 7.9, 7.7, 7.42, 7.2, 7.2, 7.45, 7.64, 7.5, 7.15, 6.75, 6.6],
    )


class Wig:
    """Holds a grid that every hairstyle is made of.

    Its rows run from the crown down to the level of the eyes (a dome) and from there down the neck
    (a cylinder), its columns around the head. Where a ray from the middle through a vertex meets
    the base mesh, the vertex is bound to that triangle, and so follows every shape of head. Hair
    is the grid moved outwards, and cut off where `keep` falls below 0.
    """

    def __init__(self, rest: np.ndarray, triangles: np.ndarray) -> None:
        """Take rest, float32 [v, 3], the base mesh, and triangles, int32 [t, 3], those of its skin."""
        around = np.linspace(-np.pi, np.pi, AROUND + 1)
        level = np.stack([np.sin(around), 0 * around, np.cos(around)], 1)
        crown = np.array([0, np.cos(0.35), -np.sin(0.35)])
        tilt = np.linspace(0.02, np.pi / 2, DOME)[:, None, None]
        dome = np.cos(tilt) * crown + np.sin(tilt) * level
        dome /= np.linalg.norm(dome, axis=-1, keepdims=True)
        self.out = np.concatenate([dome, np.broadcast_to(level, (BELOW, *level.shape))])
        self.around = np.broadcast_to(around, (ROWS, AROUND + 1))
        self.row = np.broadcast_to(np.linspace(0, 1, ROWS)[:, None], self.around.shape)
        origin = np.broadcast_to(CENTRE, self.out.shape).copy()
        origin[DOME:, :, 1] = np.linspace(CENTRE[1], 6.0, BELOW + 1)[1:, None]
        hit, self.weights = first_hits(
            origin.reshape(-1, 3), self.out.reshape(-1, 3).astype(np.float32), rest, triangles
        )
        self.corners = triangles[hit]
        self.triangles = grid_triangles(ROWS, AROUND + 1)
        self.rest = self._follow(rest)

    def _follow(self, points: np.ndarray) -> Grid:
        """Return the skin of a shaped head [v, 3] below every vertex of the grid, smoothed."""
        grid = (points[self.corners] * self.weights[..., None]).sum(1)
        ring = grid.reshape(ROWS, AROUND + 1, 3)[:, :-1]
        for _ in range(3):
            ring = 0.5 * ring + 0.25 * (np.roll(ring, 1, 1) + np.roll(ring, -1, 1))
            ring[1:-1] = 0.5 * ring[1:-1] + 0.25 * (ring[2:] + ring[:-2])
            ring[0] = ring[0].mean(0)
        return np.concatenate([ring, ring[:, :1]], 1)

    def grow(self, points: np.ndarray, f: Factors) -> Mesh:
        """Return the hair of a shaped head [v, 3], in any style but bald and buzz."""
        style = STYLES[int(f["hair_style"])]
        skin = self._follow(points)
        middle, radius = _ring(skin)
        size = radius / _ring(self.rest)[1]
        keep = self._cut(style, f)
        if style == "afro":
            grid = self._ball(skin, middle, size, keep, f)
        else:
            thick = self._thickness(style, keep, f)
            grid = skin + size * self.out * thick[..., None]
        if style in ("bob", "long"):
            grid = self._hang(grid, middle, size, style, f)
        place = np.stack([self.around, self.row, keep], -1)
        mesh = plain(grid.reshape(-1, 3), self.triangles, HAIR, keep.ravel(), place.reshape(-1, 3))
        return joined([mesh, _bun(grid, size, f)]) if style == "bun" else mesh

    def _cut(self, style: str, f: Factors) -> Grid:
        """Return values above 0 where there is hair: above the hairline, or outside an arch around the face."""
        around, y = self.around, self.rest[..., 1]
        if style in ("bob", "long"):
            fringe, parting = f["fringe"], f["parting"]
            banged = fringe > 0.55
            apex = 7.68 + 0.1 * (1 - fringe) if banged else 8.02
            power = 4.0 if banged else 1.9
            lean = (0.0 if banged else 0.35 * parting) * smooth(y, 7.0, 7.9)
            shifted = around - lean
            half = np.radians(58 + 8 * (1 - fringe)) - 0.4 * lean * np.sign(shifted)
            rise = np.maximum((y - 6.9) / (apex - 6.9), 0)
            keep = 0.35 * ((np.abs(shifted) / half) ** power + rise**power - 1)
        else:
            drop = {"short": 0.3, "curls": 0.16, "afro": 0.05}.get(style, 0.0) * f["fringe"]
            if style == "short":  # longer on one side
                side = np.clip(np.degrees(around) / 50, -1, 1)
                drop = drop + 0.1 * f["parting"] * f["fringe"] * side
            keep = y - hairline(around) + drop * smooth(np.abs(np.degrees(around)), 62, 30)
        tips = np.sin(7 * around + 1) + np.sin(13 * around + 5 * f["parting"]) + np.sin(23 * around)
        return keep + tips * {"short": 0.02, "bob": 0.005, "long": 0.005}.get(style, 0.012)

    def _thickness(self, style: str, keep: Grid, f: Factors) -> Grid:
        """Return how far hair stands off the skin of the base mesh."""
        length, volume = f["hair_length"], f["hair_volume"]
        front = np.clip(np.cos(self.around), 0, 1)
        top = smooth(self.rest[..., 1], 7.5, 8.3)
        if style == "short":
            thick = 0.05 + 0.06 * volume + (0.05 + 0.09 * volume) * top
        elif style == "quiff":
            thick = 0.05 + (0.05 + 0.07 * volume + (0.05 + 0.11 * length) * front) * top
        elif style == "curls":
            thick = 0.09 + 0.08 * volume + 0.1 * top
        elif style == "bun":
            thick = 0.05 + 0.03 * top
        else:
            thick = (0.13 if style == "bob" else 0.11) + 0.1 * volume + 0.02 * top
        edge = self._edge(style, keep)
        least = 0.6 if style in ("bob", "long") else 0.25
        thick = thick * (least + (1 - least) * edge) + 0.02
        if style in ("short", "quiff"):  # fuller on one side of the parting
            thick = thick * (1 + 0.22 * np.sign(f["parting"]) * np.sin(self.around) * top)
        if style == "curls":
            thick = thick + 0.025 * self._bumps() * edge
        return thick

    def _edge(self, style: str, keep: Grid) -> Grid:
        """Return 0 where hair ends to 1 where it is full."""
        return smooth(keep, -0.02, {"quiff": 0.3, "afro": 0.1}.get(style, 0.16))

    def _bumps(self) -> Grid:
        """Return -1 to 1, the size of curls."""
        return np.sin(14 * self.around + 2 * np.sin(23 * self.row)) * np.sin(38 * self.row)

    def _ball(self, skin: Grid, middle: np.ndarray, size: float, keep: Grid, f: Factors) -> Grid:
        """Shape an afro: from the hairline to a ball about a point behind and above the eyes."""
        outward = skin - (middle + size * np.array([0, 0.2, -0.05]))
        far = np.linalg.norm(outward, axis=-1, keepdims=True)
        bumps = self._bumps() * self._edge("afro", keep)
        radius = 1.08 + 0.2 * f["hair_volume"] + 0.03 * bumps[..., None]
        share = smooth(keep, -0.02, 0.12) * smooth(self.rest[..., 1], 6.6, 7.3)
        more = share[..., None] * np.maximum(0.12 * size, radius * size - far)
        return skin + outward / far * (0.05 + more)

    def _hang(self, grid: Grid, middle: np.ndarray, size: float, style: str, f: Factors) -> Grid:
        """Let hair fall from the level of the eyes down instead of following the neck."""
        around, down = self.around[DOME:], np.linspace(0, 1, BELOW + 1)[1:, None]
        if style == "bob":
            fall = 0.75 + 0.55 * f["hair_length"]
            wide = 1 + 0.10 * np.sin(np.pi * down * 0.85) - 0.10 * down**3
        else:
            fall = 1.55 + 1.1 * f["hair_length"]
            wide = 1 + 0.10 * np.sin(np.pi * down * 0.8) + 0.03 * down
        waves = 0.035 * f["waves"] * np.sin(9 * down * fall + 3 * around) * smooth(down, 0, 0.4)
        start = grid[DOME - 1]
        hung = middle + (wide + waves)[..., None] * (start - middle)
        hung[..., 1] = start[:, 1] - size * fall * down
        # At the back it comes in a little towards the neck.
        hung[..., 2] += 0.12 * size * np.clip(-np.cos(around), 0, 1) * smooth(down, 0, 1)
        return np.concatenate([grid[:DOME], hung])


def _bun(grid: Grid, size: float, f: Factors) -> Mesh:
    """Return a ball on top of the head."""
    radius = size * (0.26 + 0.12 * f["hair_volume"])
    centre = (grid[5, AROUND // 2] + grid[0, 0]) / 2 + [0, 0.45 * radius, 0]
    t = np.linspace(0.01, np.pi - 0.01, 14)[:, None]
    p = np.linspace(-np.pi, np.pi, 25)[None]
    ball = np.stack([np.sin(t) * np.sin(p), np.cos(t) + 0 * p, np.sin(t) * np.cos(p)], -1)
    points = centre + radius * ball * [1.1, 0.85, 1.0]
    place = np.stack([p + 2 * t, t / 4 + 0 * p, np.ones((14, 25))], -1)
    return plain(points.reshape(-1, 3), grid_triangles(14, 25), HAIR, None, place.reshape(-1, 3))


def _ring(grid: Grid) -> tuple[np.ndarray, float]:
    """Return middle [3] and mean radius of the grid's row at the level of the eyes."""
    ring = grid[DOME - 1, :-1]
    middle = ring.mean(0)
    return middle, float(np.linalg.norm(ring - middle, axis=1).mean())


@njit
def first_hits(origins, directions, points, triangles):  # noqa: ANN001, ANN201 (numba)
    """Return the nearest triangle on each ray (Möller and Trumbore).

    origins, directions: float32 [n, 3]; points: float32 [v, 3]; triangles: int32 [t, 3]
    Returns its index int64 [n] and the weights of its corners float32 [n, 3], all 0 for a ray that
    meets none.
    """
    hit = np.zeros(len(origins), np.int64)
    weights = np.zeros((len(origins), 3), np.float32)
    for r in range(len(origins)):
        nearest = 1e9
        d = directions[r]
        for t in range(len(triangles)):
            a = points[triangles[t, 0]]
            u = points[triangles[t, 1]] - a
            v = points[triangles[t, 2]] - a
            h = np.array([d[1] * v[2] - d[2] * v[1], d[2] * v[0] - d[0] * v[2],
                          d[0] * v[1] - d[1] * v[0]])  # fmt: skip
            area = u[0] * h[0] + u[1] * h[1] + u[2] * h[2]
            s = origins[r] - a
            if abs(area) > 1e-12:
                q = np.array([s[1] * u[2] - s[2] * u[1], s[2] * u[0] - s[0] * u[2],
                              s[0] * u[1] - s[1] * u[0]])  # fmt: skip
                b = (s[0] * h[0] + s[1] * h[1] + s[2] * h[2]) / area
                c = (d[0] * q[0] + d[1] * q[1] + d[2] * q[2]) / area
                far = (v[0] * q[0] + v[1] * q[1] + v[2] * q[2]) / area
                if b >= -1e-5 and c >= -1e-5 and b + c <= 1.00001 and 0 < far < nearest:
                    nearest = far
                    hit[r] = t
                    weights[r, 0], weights[r, 1], weights[r, 2] = 1 - b - c, b, c
    return hit, weights
