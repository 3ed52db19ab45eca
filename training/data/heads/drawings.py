"""24 drawings of heads as people make them with the page's brush: label maps to test by, never to train on.

They are drawn here by hand, in coordinates of a sheet of 128 x 128 pixels, with x to the right and y down, and share no
code with what damages label maps for training (`damage`). `drawings.png` holds them in 3 rows of 8; this writes it:

    python -m training.data.heads.drawings
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from training.data.heads.labels import LABELS

SIDE = 128
COLUMNS = 8
FILE = Path(__file__).with_name("drawings.png")

Point = tuple[float, float]


class Sheet:
    """Holds a label map, uint8 [128, 128], that is painted on; all background at first."""

    def __init__(self) -> None:
        self.labels = np.zeros((SIDE, SIDE), np.uint8)
        self._y, self._x = np.mgrid[:SIDE, :SIDE] + 0.5

    def stroke(self, label: str, width: float, *points: Point) -> None:
        """Draw straight lines from point to point with a round brush; of one point, a dot."""
        ends = points if len(points) > 1 else (*points, *points)
        for (x0, y0), (x1, y1) in pairwise(ends):
            dx, dy = x1 - x0, y1 - y0
            along = ((self._x - x0) * dx + (self._y - y0) * dy) / ((dx * dx + dy * dy) or 1)
            t = along.clip(0, 1)
            distance = np.hypot(self._x - x0 - t * dx, self._y - y0 - t * dy)
            self._paint(label, distance <= width / 2)

    def fill(self, label: str, *points: Point) -> None:
        """Fill a polygon, by the even-odd rule."""
        inside = np.zeros((SIDE, SIDE), bool)
        for (x0, y0), (x1, y1) in zip(points, (*points[1:], points[0]), strict=True):
            if y0 != y1:
                crossed = (self._y < y0) != (self._y < y1)
                inside ^= crossed & (self._x < x0 + (self._y - y0) / (y1 - y0) * (x1 - x0))
        self._paint(label, inside)

    def _paint(self, label: str, where: np.ndarray) -> None:
        self.labels[where] = list(LABELS).index(label)


def arc(
    x: float, y: float, rx: float, ry: float, start: float = 0, end: float = 360
) -> list[Point]:
    """Return points of an unsteady ellipse around (x, y) between two angles, degrees clockwise from the right."""
    made = []
    for degrees in np.linspace(start, end, 33).tolist():
        a = math.radians(degrees)
        shaken = 1 + 0.03 * math.sin(3 * a + x) + 0.02 * math.sin(7 * a + y)
        made.append((x + shaken * rx * math.cos(a), y + shaken * ry * math.sin(a)))
    return made


def _face(s: Sheet, x: float = 64, y: float = 66) -> None:
    """Draw eyes, brows, nose and mouth of an ordinary face around (x, y)."""
    for side in (-1, 1):
        s.fill("eyes", *arc(x + 13 * side, y - 6, 6, 4))
        s.stroke(
            "brows", 3, (x + 6 * side, y - 14), (x + 13 * side, y - 16), (x + 20 * side, y - 13)
        )
    s.fill("nose", (x, y - 2), (x + 5, y + 11), (x - 5, y + 11))
    s.stroke("lips", 4, *arc(x, y + 17, 10, 5, 20, 160))


def _bust(s: Sheet) -> None:
    """Draw a neck on shoulders."""
    s.fill("clothes", (10, 128), (22, 112), (50, 106), (78, 105), (108, 113), (118, 128))
    s.fill("skin", (52, 90), (76, 90), (78, 108), (64, 115), (50, 108))


def outlined_smiley(s: Sheet) -> None:
    """A face as an outline."""
    s.stroke("skin", 5, *arc(64, 62, 38, 42))
    for x in (49, 79):
        s.stroke("eyes", 9, (x, 52))
    s.stroke("lips", 5, *arc(64, 68, 18, 14, 15, 165))


def red_smiley(s: Sheet) -> None:
    """The same in one colour."""
    s.stroke("lips", 4, *arc(62, 64, 42, 40))
    for x in (48, 77):
        s.stroke("lips", 7, (x, 54))
    s.stroke("lips", 4, *arc(62, 70, 22, 15, 10, 170))


def egg(s: Sheet) -> None:
    """An oval with eyes."""
    s.fill("skin", *arc(64, 64, 33, 44))
    for x in (51, 77):
        s.fill("eyes", *arc(x, 58, 7, 5))


def shadow(s: Sheet) -> None:
    """A silhouette in black."""
    s.fill("glasses", *arc(64, 52, 30, 38))
    s.fill("glasses", (54, 80), (74, 80), (77, 104), (51, 104))
    s.fill("glasses", (77, 104), (112, 114), (120, 128), (8, 128), (16, 114), (51, 104))


def without_neck(s: Sheet) -> None:
    """A head that ends at its chin."""
    s.fill("skin", *arc(64, 68, 31, 40))
    s.fill("hair", *arc(64, 56, 35, 34, 180, 360), (94, 48), (34, 48))
    _face(s, 64, 70)


def whole(s: Sheet) -> None:
    """A bust with all that belongs to it."""
    _bust(s)
    s.fill("hair", *arc(64, 52, 36, 40))
    s.fill("skin", *arc(64, 62, 29, 36))
    s.fill("hair", *arc(64, 44, 32, 24, 180, 360), (92, 50), (62, 38), (36, 50))
    _face(s, 64, 66)


def childs(s: Sheet) -> None:
    """A circle with hair like grass."""
    s.stroke("brows", 3, *arc(64, 70, 36, 34))
    for x in range(40, 92, 8):
        s.stroke("hair", 3, (x, 44 + abs(x - 64) / 4), (x + (x - 64) / 4, 18 + abs(x - 64) / 3))
    for x in (50, 78):
        s.stroke("brows", 6, (x, 62))
    s.stroke("nose", 4, (64, 68), (61, 76), (65, 77))
    s.stroke("lips", 3, *arc(64, 78, 18, 12, 10, 170))


def long_hair(s: Sheet) -> None:
    """Hair as two curtains."""
    s.fill("hair", *arc(64, 50, 40, 40, 180, 360), (106, 122), (84, 124), (44, 124), (22, 122))
    s.fill("clothes", (14, 128), (30, 116), (98, 116), (114, 128))
    s.fill("skin", (56, 92), (72, 92), (74, 118), (54, 118))
    s.fill("skin", *arc(64, 64, 26, 36))
    _face(s, 64, 66)


def bearded(s: Sheet) -> None:
    """A beard up to the ears."""
    s.fill("skin", *arc(64, 60, 32, 42))
    s.fill("beard", *arc(64, 68, 32, 40, 0, 180), (38, 74), (52, 80), (76, 80), (90, 74))
    s.stroke("lips", 5, (54, 86), (64, 88), (74, 86))
    for x in (51, 77):
        s.fill("eyes", *arc(x, 54, 6, 4))
    s.stroke("brows", 5, (43, 46), (57, 44))
    s.stroke("brows", 5, (71, 44), (85, 46))
    s.fill("hair", *arc(64, 42, 33, 26, 180, 360))


def spectacles(s: Sheet) -> None:
    """Round glasses on a bald head."""
    s.fill("skin", *arc(66, 62, 30, 40))
    for x in (53, 79):
        s.stroke("eyes", 6, (x, 58))
        s.stroke("glasses", 3, *arc(x, 58, 10, 10))
    s.stroke("glasses", 3, (63, 58), (69, 58))
    s.stroke("lips", 4, *arc(66, 74, 14, 10, 20, 160))
    s.stroke("nose", 5, (66, 64), (68, 72))


def features_alone(s: Sheet) -> None:
    """A face without a head."""
    _face(s, 62, 64)


def eyes_and_mouth(s: Sheet) -> None:
    """Two eyes and a mouth."""
    for x in (46, 84):
        s.fill("eyes", *arc(x, 50, 10, 6))
    s.fill("lips", *arc(65, 88, 18, 6))


def two_eyes(s: Sheet) -> None:
    """Two eyes."""
    for x in (50, 78):
        s.stroke("eyes", 8, (x, 62))


def robot(s: Sheet) -> None:
    """A head of rectangles."""
    s.fill("skin", (30, 24), (98, 24), (98, 104), (30, 104))
    s.fill("hair", (30, 14), (98, 14), (98, 32), (30, 32))
    for x in (42, 72):
        s.fill("eyes", (x, 46), (x + 14, 46), (x + 14, 58), (x, 58))
    s.fill("nose", (59, 62), (69, 62), (69, 74), (59, 74))
    s.fill("mouth", (44, 84), (84, 84), (84, 92), (44, 92))
    s.fill("clothes", (16, 114), (112, 114), (112, 128), (16, 128))


def spikes(s: Sheet) -> None:
    """Hair in spikes over a pointed chin."""
    s.fill("skin", (34, 44), (94, 44), (90, 80), (64, 110), (38, 80))
    s.fill("hair", (28, 56), (22, 30), (38, 36), (40, 12), (56, 30), (66, 6), (76, 30), (92, 12),
           (92, 36), (108, 30), (100, 56), (92, 46), (36, 46))  # fmt: skip
    _face(s, 64, 68)


def curls(s: Sheet) -> None:
    """Hair in dabs of the brush."""
    s.fill("skin", *arc(64, 70, 28, 36))
    for x, y in arc(64, 56, 36, 34, 150, 390)[::3]:
        s.stroke("hair", 24, (x, y))
    _face(s, 64, 72)
    s.fill("clothes", (20, 128), (40, 112), (90, 112), (110, 128))


def turned(s: Sheet) -> None:
    """A face that looks to the left."""
    _bust(s)
    s.fill("skin", *arc(60, 62, 32, 38))
    s.fill("skin", (28, 64), (22, 74), (30, 76))
    s.fill("hair", *arc(72, 44, 30, 28, 170, 360), (102, 70), (90, 74), (84, 52), (60, 40), (44, 40))  # fmt: skip
    for x, r in ((38, 4), (58, 6)):
        s.fill("eyes", *arc(x, 58, r, 4))
        s.stroke("brows", 3, (x - r, 50), (x + r, 49))
    s.fill("nose", (44, 58), (46, 74), (34, 74))
    s.fill("lips", *arc(46, 84, 9, 4))


def large_eyes(s: Sheet) -> None:
    """The eyes of a comic."""
    s.fill("hair", *arc(64, 54, 44, 46))
    s.fill("skin", (34, 56), (94, 56), (92, 84), (64, 108), (36, 84))
    s.fill("hair", (32, 66), (44, 38), (56, 58), (66, 36), (78, 58), (86, 38), (98, 66), (96, 30),
           (34, 30))  # fmt: skip
    for x in (48, 80):
        s.fill("eyes", *arc(x, 72, 9, 11))
        s.stroke("brows", 8, (x, 73))
    s.stroke("lips", 3, (60, 96), (68, 96))


def faceless(s: Sheet) -> None:
    """Hair around an outline, no face yet."""
    s.stroke("hair", 14, *arc(64, 60, 34, 40, 170, 370))
    s.stroke("skin", 4, *arc(64, 64, 28, 40, 0, 180))


def shout(s: Sheet) -> None:
    """A mouth wide open."""
    s.fill("skin", *arc(62, 64, 34, 46))
    s.fill("hair", *arc(62, 40, 36, 26, 175, 365))
    s.fill("lips", *arc(62, 90, 17, 14))
    s.fill("mouth", *arc(62, 90, 12, 10))
    for x in (48, 76):
        s.stroke("eyes", 11, (x, 58))
        s.stroke("mouth", 4, (x, 58))


def too_large(s: Sheet) -> None:
    """A head as large as the sheet."""
    s.fill("skin", *arc(64, 66, 58, 62))
    for x in (40, 88):
        s.fill("eyes", *arc(x, 52, 12, 8))
        s.stroke("brows", 5, *arc(x, 50, 16, 14, 210, 330))
    s.stroke("nose", 6, (64, 56), (58, 78), (66, 80))
    s.stroke("lips", 7, *arc(64, 84, 30, 20, 15, 165))


def too_small(s: Sheet) -> None:
    """A small head on a body."""
    s.fill("clothes", (64, 76), (100, 128), (28, 128))
    s.fill("skin", *arc(64, 58, 18, 22))
    s.fill("hair", *arc(64, 48, 20, 16, 180, 360))
    for x in (57, 71):
        s.stroke("eyes", 5, (x, 56))
    s.stroke("lips", 3, (58, 68), (64, 70), (70, 68))


def scribbled(s: Sheet) -> None:
    """Areas filled in zigzag, with gaps."""
    s.stroke("skin", 7, *((64 + (-1) ** i * w, 40 + 6 * i) for i, w in
                          enumerate((22, 28, 30, 31, 31, 30, 28, 26, 22, 17, 10))))  # fmt: skip
    s.stroke("hair", 6, *((36 + 5 * i, 40 - 16 * (i % 2) - 8 * math.sin(i / 3.5)) for i in range(12)))  # fmt: skip
    for x in (52, 76):
        s.stroke("eyes", 7, (x, 62), (x + 3, 63))
    s.stroke("lips", 5, (54, 86), (66, 90), (76, 84))
    s.stroke("clothes", 7, *((20 + 8 * i, 114 + 10 * (i % 2)) for i in range(12)))


def bun(s: Sheet) -> None:
    """A bun, red lips and earrings."""
    s.fill("hair", *arc(64, 14, 12, 11))
    s.fill("hair", *arc(64, 50, 33, 34))
    _bust(s)
    s.fill("skin", *arc(64, 64, 28, 36))
    s.fill("hair", *arc(64, 46, 30, 20, 180, 360))
    for x in (52, 76):
        s.stroke("brows", 2, *arc(x, 58, 8, 6, 200, 340))
        s.stroke("eyes", 6, (x - 2, 62), (x + 2, 62))
    s.stroke("nose", 3, (64, 66), (64, 74), (68, 75))
    s.fill("lips", *arc(64, 84, 10, 5))
    s.stroke("glasses", 5, (34, 78))
    s.stroke("glasses", 5, (94, 78))


DRAWINGS: Sequence[Callable[[Sheet], None]] = (
    outlined_smiley, red_smiley, egg, shadow, without_neck, whole, childs, long_hair,
    bearded, spectacles, features_alone, eyes_and_mouth, two_eyes, robot, spikes, curls,
    turned, large_eyes, faceless, shout, too_large, too_small, scribbled, bun,
)  # fmt: skip


def draw() -> np.ndarray:
    """Draw them all: label maps, uint8 [24, 1, 128, 128], as `heads.load_labels` has them."""
    sheets = []
    for drawing in DRAWINGS:
        drawing(sheet := Sheet())
        sheets.append(sheet.labels[None])
    return np.stack(sheets)


def load() -> np.ndarray:
    """Return what `draw` drew when the file was written."""
    with Image.open(FILE) as image:
        tiles = np.asarray(image).reshape(-1, SIDE, COLUMNS, SIDE).swapaxes(1, 2)
    return tiles.reshape(-1, 1, SIDE, SIDE)


def main() -> None:
    """Write the file."""
    maps = draw()[:, 0].reshape(-1, COLUMNS, SIDE, SIDE).swapaxes(1, 2)
    image = Image.fromarray(maps.reshape(-1, COLUMNS * SIDE))
    image.putpalette([level for colour in LABELS.values() for level in colour])
    image.save(FILE, optimize=True)


if __name__ == "__main__":
    main()
