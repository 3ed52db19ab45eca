"""Find what the camera sees of a head, and how much of it the key light reaches."""

from dataclasses import dataclass

import numpy as np

from training.data.heads.factors import Factors
from training.data.heads.mesh import GLASSES, HAIR, LASH, SKIN, TEETH, TONGUE, Mesh
from training.data.heads.raster import interpolate, lit_fraction, rasterise, vertex_normals

LENS = 9.0
"""Distance of the camera, in half heads"""
WIDTH = 2.9
"""Width of the image where the middle of the head is, in half heads"""
SHADOWS = 160
"""Samples along the side of the shadow map"""
SHADOWS_WIDTH = 3.6
"""Width of the shadow map, in half heads"""


@dataclass
class Surface:
    """Holds what is seen at each of the p samples that show the head."""

    at: np.ndarray
    """bool [s, s]: the samples that show it; the arrays below have them in this order"""
    depth: np.ndarray
    """float32 [s, s], of every sample; -1e9 where there is only background"""
    part: np.ndarray
    """int32 [p], see mesh.Mesh.parts"""
    place: np.ndarray
    """float32 [p, 3], see mesh.Mesh.place"""
    uv: np.ndarray
    """float32 [p, 2], texture coordinates"""
    normal: np.ndarray
    """float32 [p, 3], of length 1, towards the camera"""
    reached: np.ndarray
    """float32 [p]: the share of the key light that nothing is in the way of"""


def rotation(f: Factors) -> np.ndarray:
    """Return the head's pose [3, 3]: yaw, then pitch, then roll."""
    (cy, cp, cr), (sy, sp, sr) = (
        trig(np.radians([f["yaw"], f["pitch"], f["roll"]])) for trig in (np.cos, np.sin)
    )
    yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    pitch = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    roll = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return (roll @ pitch @ yaw).astype(np.float32)


def sun(f: Factors) -> np.ndarray:
    """Return the direction to the key light, seen from the camera."""
    around, height = np.radians(f["light_azimuth"]), np.radians(f["light_elevation"])
    return np.array(
        [np.sin(around) * np.cos(height), np.sin(height), np.cos(around) * np.cos(height)],
        np.float32,
    )


def look(head: Mesh, turn: np.ndarray, toward: np.ndarray, samples: int) -> Surface:
    """Look at a head turned by [3, 3] in the light from `toward` [3], at samples x samples points."""
    points = head.points @ turn.T
    normals = vertex_normals(points, head.triangles)
    two_sided = np.isin(head.parts, (HAIR, LASH, GLASSES, TEETH, TONGUE))
    scale = samples / WIDTH * LENS / (LENS - points[:, 2])
    x, y = samples * 0.5 + points[:, 0] * scale, samples * 0.525 - points[:, 1] * scale
    screen = np.stack([x, y, points[:, 2]], 1)
    index, weights, depth = rasterise(screen, head.triangles, head.keep, two_sided, samples)
    at = index >= 0
    triangle, weights = index[at], weights[at]
    values = np.concatenate([head.place, points, normals], 1)
    values = interpolate(values, head.triangles[triangle], weights)
    normal = unit(values[:, 6:])
    normal[normal[:, 2] < 0] *= -1
    return Surface(
        at=at,
        depth=depth,
        part=head.parts[triangle],
        place=values[:, :3],
        uv=np.einsum("pkc,pk->pc", head.uv[triangle], weights),
        normal=normal,
        reached=_reached(head, points, toward, values[:, 3:6] + 0.02 * normal),
    )


def _reached(head: Mesh, points: np.ndarray, toward: np.ndarray, probes: np.ndarray) -> np.ndarray:
    """Return the share of the light that reaches each probe [p, 3]. What is thin or clear casts no shadow."""
    right = np.cross([0, 1, 0], toward)
    right /= np.linalg.norm(right)
    frame = np.stack([right, np.cross(toward, right), toward]).astype(np.float32)
    zoom = SHADOWS / SHADOWS_WIDTH
    scale = np.array([zoom, -zoom, 1], np.float32)
    shift = np.array([SHADOWS / 2, SHADOWS / 2, 0], np.float32)
    casting = head.triangles[np.isin(head.parts, (SKIN, HAIR))]
    both = np.ones(len(casting), bool)
    *_, depth = rasterise((points @ frame.T) * scale + shift, casting, head.keep, both, SHADOWS)
    return lit_fraction((probes @ frame.T) * scale + shift, depth, 0.05, 2.2)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Scale vectors [p, 3] to length 1."""
    return vectors / (np.sqrt(np.einsum("pc,pc->p", vectors, vectors)) + 1e-9)[:, None]
