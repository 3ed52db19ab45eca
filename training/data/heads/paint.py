"""Paint every sample of a head: colour, gloss, and masks of skin, hair, lips and so on.

Places are those of the base mesh, in its decimetres (eyes at y 7.28, mouth at 6.7, chin at 6.2), so
that what is painted follows every shape and expression. Each mask is float32 [p], from 0 to 1.
"""

import colorsys
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from training.data.heads.factors import STYLES, Factors
from training.data.heads.geometry import Geometry
from training.data.heads.hair import azimuth, hairline
from training.data.heads.mesh import EYE, GLASSES, HAIR, LASH, SKIN, TEETH, TONGUE
from training.data.heads.raster import smooth
from training.data.heads.view import Surface, sun, unit

# Colours in sRGB.
SKINS = [  # from skin_tone 0 to 1
    (0.965, 0.835, 0.755), (0.925, 0.745, 0.635), (0.835, 0.635, 0.500),
    (0.690, 0.475, 0.345), (0.510, 0.335, 0.240), (0.360, 0.235, 0.175),
]  # fmt: skip
HAIRS = [  # as factors.HAIR_COLOURS
    (0.085, 0.070, 0.070), (0.190, 0.125, 0.090), (0.330, 0.215, 0.140),
    (0.510, 0.365, 0.230), (0.790, 0.640, 0.420), (0.560, 0.255, 0.125),
]  # fmt: skip
GREY = (0.74, 0.73, 0.72)
IRISES = [  # as factors.EYE_COLOURS
    (0.240, 0.140, 0.080), (0.430, 0.300, 0.150), (0.330, 0.430, 0.270),
    (0.310, 0.460, 0.620), (0.430, 0.480, 0.520),
]  # fmt: skip
LIPSTICK = (0.70, 0.20, 0.24)
MOUTH = (0.42, 0.17, 0.16)
TONGUES = (0.62, 0.28, 0.28)
ENAMEL = (0.93, 0.91, 0.87)
WHITE = (0.92, 0.90, 0.885)
FRAMES = [(0.16, 0.13, 0.13), (0.45, 0.28, 0.16)]
FAIR = (3, 4, 5)  # hair colours whose eyebrows are darker than the hair


@dataclass
class Material:
    """Holds what the surface is made of at each of its p samples."""

    albedo: np.ndarray
    """float32 [p, 3], linear"""
    gloss: np.ndarray
    """float32 [p], strength of the highlight"""
    sheen: float
    """How much the hair shines: 1, and less where it curls"""
    strands: np.ndarray
    """float32 [p], brightness of the hair, about -1 to 1"""
    masks: dict[str, np.ndarray]
    """skin (bare), hair, beard, brows, lips, mouth (inside), eyes, shirt, glasses"""


def linear(srgb: ArrayLike) -> np.ndarray:
    """Turn a colour in sRGB, 0 to 1, into linear light, float32."""
    return (np.asarray(srgb) ** 2.2).astype(np.float32)


def materials(geometry: Geometry, s: Surface, turn: np.ndarray, f: Factors) -> Material:
    """Return the materials of a surface whose head is turned by [3, 3].

    Smooths the normals of its eyes and teeth on the way.
    """
    style = STYLES[int(f["hair_style"])]
    bare = (s.part == SKIN).astype(np.float32)
    skin = skin_colour(f)
    hair = linear(HAIRS[int(f["hair_colour"])]) * (1 - f["grey"]) + linear(GREY) * f["grey"]

    albedo = np.tile(skin, (len(bare), 1)).astype(np.float32)
    albedo *= 1 - _outer(bare * flush(s.place) * (0.35 + 0.65 * f["blush"]), [-0.02, 0.24, 0.20])
    albedo *= 1 - _outer(bare * sockets(s.place), [0.10, 0.17, 0.16])

    lips, mouth = bare * _sampled(geometry.lips, s.uv), bare * _sampled(geometry.mouth, s.uv)
    beard = bare * (1 - lips) * bearded(s.place)
    if f["beard"] > 0:
        beard *= 0.35 + 0.6 * f["beard"]
        albedo = _mix(albedo, hair * 0.85 + 0.08 * skin, beard)
    else:
        beard[:] = 0
    albedo = _mix(albedo, lip_colour(skin, f), 0.85 * lips)
    albedo = _mix(albedo, linear(MOUTH), mouth)
    brows = bare * browed(s.place, f["brow_thickness"])
    brow = hair * (0.42 if f["hair_colour"] in FAIR else 0.6) * (1 - 0.3 * f["grey"])
    albedo = _mix(albedo, brow, brows * (0.8 + 0.16 * f["brow_thickness"]))

    # Hair is painted on the scalp too, so that no skin shows under the wig.
    wig = (s.part == HAIR).astype(np.float32)
    scalp = bare * scalped(s.place, style, f)
    hairy = np.maximum(scalp, wig)
    strands = combed(s, style, f)
    curly = style in ("curls", "afro")
    albedo = _mix(_mix(albedo, hair, scalp), hair, wig)
    albedo *= _outer(1 + hairy * (0.4 if curly else 0.22) * strands, [1, 1, 1])

    shirt, trim = (bare * mask for mask in dressed(s.place))
    hue = f["shirt_hue"]
    fabric = colorsys.hsv_to_rgb(hue, 0.42, 0.38 + 0.42 * ((hue * 7.3) % 1))
    albedo = _mix(albedo, linear(fabric), shirt)
    albedo *= _outer(1 - 0.25 * trim, [1, 1, 1])

    gloss = (0.05 + lips * (0.10 + 0.15 * f["lipstick"])) * (1 - hairy) * (1 - shirt)
    paint_eyes(geometry, s, turn, f, albedo)
    gloss[s.part == EYE] = 0
    albedo[s.part == LASH] = 0.02
    albedo[s.part == TEETH] = linear(ENAMEL)
    s.normal[s.part == TEETH] = (0, 0, 1)  # evenly lit, so that no gaps look black
    albedo[s.part == TONGUE] = linear(TONGUES)
    albedo[s.part == GLASSES] = linear(FRAMES[0 if hue < 0.6 else 1])
    gloss[s.part == GLASSES] = 0.3
    masks = {
        "skin": bare * (1 - scalp) * (1 - shirt), "hair": hairy, "beard": beard, "brows": brows,
        "lips": lips, "mouth": np.maximum(mouth, np.isin(s.part, (TEETH, TONGUE))),
        "eyes": s.part == EYE, "shirt": shirt, "glasses": s.part == GLASSES,
    }  # fmt: skip
    masks = {name: mask.astype(np.float32) for name, mask in masks.items()}
    return Material(albedo, gloss, 0.25 if curly else 1.0, strands, masks)


# Colours


def skin_colour(f: Factors) -> np.ndarray:
    """Return the skin's colour, linear [3]."""
    tones = np.array(SKINS).T
    srgb = [np.interp(f["skin_tone"] * (len(SKINS) - 1), range(len(SKINS)), c) for c in tones]
    warm = 0.035 * f["skin_warmth"]
    return linear(np.clip(srgb * np.array([1 + 0.5 * warm, 1, 1 - warm]), 0, 1))


def lip_colour(skin: np.ndarray, f: Factors) -> np.ndarray:
    """Return the lips' colour, linear [3]: that of the skin, redder, below lipstick."""
    lip = skin * [0.80, 0.50, 0.50] * (1.0 if f["skin_tone"] < 0.6 else 1.1)
    painted = linear(LIPSTICK) * (1 - 0.5 * f["skin_tone"])
    return lip * (1 - 0.7 * f["lipstick"]) + painted * 0.7 * f["lipstick"]


# Masks, by the place on the base mesh [p, 3]


def flush(place: np.ndarray) -> np.ndarray:
    """Mark cheeks, nose and ears, where skin is redder."""
    x, y, z = place.T
    side = np.abs(x)
    cheeks = np.exp(-(((side - 0.5) / 0.22) ** 2) - ((y - 6.98) / 0.17) ** 2) * (z > 0.8)
    nose = np.exp(-((x / 0.16) ** 2) - ((y - 6.92) / 0.14) ** 2) * (z > 1.3)
    ears = smooth(side, 0.8, 0.95) * (y > 6.6) * (y < 7.7)
    return cheeks + 0.7 * nose + 0.6 * ears


def sockets(place: np.ndarray) -> np.ndarray:
    """Mark the surroundings of the eyes, where skin is darker."""
    x, y, z = place.T
    return np.exp(-(((np.abs(x) - 0.31) / 0.2) ** 2) - ((y - 7.31) / 0.11) ** 2) * (z > 0.9)


def bearded(place: np.ndarray) -> np.ndarray:
    """Mark upper lip, cheeks below a line, jaw and throat."""
    x, y, z = place.T
    line = np.interp(np.abs(x), [0, 0.22, 0.42, 0.62, 0.85], [6.9, 6.82, 6.62, 6.78, 7.2])
    mask = smooth(line - y, -0.03, 0.12) * smooth(y, 5.98, 6.16) * smooth(z, 0.25, 0.5)
    below_lip = np.exp(-((x / 0.1) ** 2) - ((y - 6.62) / 0.03) ** 2)
    grain = 0.95 + 0.05 * np.sin(61 * x + 9 * y) * np.sin(57 * y - 13 * x)
    return mask * (1 - 0.5 * below_lip) * grain


def browed(place: np.ndarray, thickness: float) -> np.ndarray:
    """Mark the eyebrows: arches that taper outwards."""
    x, y, z = place.T
    side = np.abs(x)
    along = np.clip((side - 0.10) / 0.46, 0, 1)
    arch = 7.462 + 0.062 * np.sin(np.pi * (0.12 + 0.72 * along)) - 0.02 * along
    width = (0.032 + 0.028 * thickness) * (1 - 0.6 * along**1.6)
    ends = smooth(side, 0.09, 0.17) * (1 - smooth(side, 0.5, 0.58)) * (z > 0.9)
    return np.exp(-(((y - arch) / width) ** 2)) * ends * (0.96 + 0.04 * np.sin(90 * x + 40 * y))


def scalped(place: np.ndarray, style: str, f: Factors) -> np.ndarray:
    """Mark where hair grows on the skin: above the hairline, but for the ears."""
    x, y, z = place.T
    if style == "bald":
        return np.zeros(len(place), np.float32)
    ear = (np.abs(x) > 0.78) & (y > 6.75) & (y < 7.68) & (z > -0.1) & (z < 0.78)
    above = y - hairline(azimuth(place))
    if style == "buzz":
        return smooth(above, -0.03, 0.14) * ~ear * (0.72 + 0.2 * f["hair_length"])
    return smooth(above, -0.03, 0.09) * ~ear


def dressed(place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mark the shirt, and the trim of its collar."""
    x, y, z = place.T
    collar = 5.99 - 0.16 * smooth(z, 0.1, 0.75) * np.exp(-((x / 0.7) ** 2))
    shirt = smooth(collar - y, -0.01, 0.01)
    return shirt, smooth(collar - y, 0.07, 0.05) * shirt


def combed(s: Surface, style: str, f: Factors) -> np.ndarray:
    """Return the brightness of the hair, about -1 to 1: strands of several widths from the crown down."""
    on_wig = s.part == HAIR
    around = np.where(on_wig, s.place[:, 0], azimuth(s.place))
    row = np.where(on_wig, s.place[:, 1], (8.6 - s.place[:, 1]) / 2.6)
    if style in ("curls", "afro"):
        a, b = 24 * around + 2 * np.sin(31 * row), 56 * row + 2 * np.sin(17 * around)
        return 0.6 * np.sin(a) * np.sin(b) + 0.4 * np.sin(1.9 * a + 1) * np.sin(1.7 * b)
    waves = 0.05 * f["waves"] * np.sin(17 * row + 5 * around)
    bend = around + 0.10 * np.sin(5 * row + 2 * around) + waves
    strands = np.zeros_like(bend)
    for frequency, contrast in ((7.0, 0.35), (15.3, 0.3), (27.7, 0.25), (45.1, 0.15)):
        phase = 1.7 * frequency + 3 * f["parting"]
        strands += contrast * np.sin(frequency * bend + phase)
    return strands * (0.5 if style == "buzz" else 1)


# Eyes


def gaze(f: Factors) -> np.ndarray:
    """Return where the eyes look [3], seen from the head: at the camera if they can turn so far."""
    x = np.radians(np.clip(-0.9 * f["yaw"], -26, 26) + f["gaze_x"])
    y = np.radians(np.clip(0.8 * f["pitch"], -8, 8) + f["gaze_y"])
    return np.array([np.sin(x) * np.cos(y), np.sin(y), np.cos(x) * np.cos(y)])


def paint_eyes(
    geometry: Geometry, s: Surface, turn: np.ndarray, f: Factors, albedo: np.ndarray
) -> None:
    """Paint white, iris and pupil by the angle to the gaze, and a catch-light, into `albedo`.

    The eyeball has few triangles: its normals are moved half way to those of a sphere.
    """
    eyes = s.part == EYE
    place = s.place[eyes]
    ball = unit(place - geometry.eye_rest[(place[:, 0] < 0).astype(int)])
    to = gaze(f)
    angle = np.degrees(np.arccos(np.clip(ball @ to, -1, 1)))
    lid = 0.35 * smooth(ball[:, 1], 0.12, 0.5)  # the shadow of the upper lid
    white = _outer(1 - lid, linear(WHITE))
    ring = 1 - 0.55 * smooth(angle, 25, 30)
    glow = (0.65 + 0.75 * np.clip(angle / 30, 0, 1)) * ring * (1 + 0.4 * (to[1] - ball[:, 1]))
    iris = _outer(glow, linear(IRISES[int(f["eye_colour"])]))
    colour = _mix(white, iris, 1 - smooth(angle, 28.5, 32))
    colour = _mix(colour, np.full(3, 0.006), 1 - smooth(angle, 12, 15))
    glint = to + turn.T @ np.array([0.20 * np.sign(sun(f)[0]), 0.24, 0])
    near = np.degrees(np.arccos(np.clip(ball @ (glint / np.linalg.norm(glint)), -1, 1)))
    albedo[eyes] = _mix(colour, np.full(3, 1.5), 1 - smooth(near, 8, 12))
    s.normal[eyes] = 0.5 * s.normal[eyes] + 0.5 * (ball @ turn.T)


def _sampled(mask: np.ndarray, uv: np.ndarray) -> np.ndarray:
    size = len(mask)
    column = np.clip((uv[:, 0] * size).astype(int), 0, size - 1)
    row = np.clip(((1 - uv[:, 1]) * size).astype(int), 0, size - 1)
    return mask[row, column]


def _outer(amount: np.ndarray, colour: ArrayLike) -> np.ndarray:
    """Return float32 [p, 3] of an amount [p] and a colour [3]."""
    return np.multiply.outer(amount.astype(np.float32), np.asarray(colour, np.float32))


def _mix(a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
    return a + (b.astype(np.float32) - a) * share.astype(np.float32)[:, None]
