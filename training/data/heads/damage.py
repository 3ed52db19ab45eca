"""Damage label maps of heads until they look like what people draw, for training with the same target image.

A map is taken apart into what a person would draw one after the other: clothes, neck, hair, head, features. Some parts
are left out; each of the others is drawn again, as a polygon, an ellipse, an outline, a brush stroke or a scribble, a
little beside its place; in some maps several parts get one label. All is a function of the map and the generator.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw
from scipy import ndimage

from training.data.heads.labels import LABELS

Array = np.ndarray

BACKGROUND, SKIN, CLOTHES, HAIR, BEARD, NOSE, MOUTH, LIPS, EYES, BROWS, GLASSES = range(len(LABELS))
FEATURES = (NOSE, MOUTH, LIPS, EYES, BROWS, GLASSES)
LINES = (MOUTH, LIPS, BROWS)
"""Features that are drawn as lines."""
SIDED = (EYES, BROWS)
"""Features of which there is one on each side."""
CHIN = 0.75
"""How far below the lips the chin is, in distances from the eyes to the lips."""


class Part(NamedTuple):
    """Holds one thing of a drawing and the label that it is painted in."""

    name: str
    label: int
    mask: Array
    """bool [h, w]"""

    @property
    def is_feature(self) -> bool:
        """Whether it belongs to the face, and is drawn over the head."""
        return self.label in FEATURES


# From a map to parts, and back


def parts_of(labels: Array) -> list[Part]:
    """Take a map, uint8 [h, w], apart, in the order in which `paint` puts the parts together again.

    The neck is the skin below the chin, which is where it should be below eyes and lips.
    """
    face = np.isin(labels, (SKIN, *FEATURES))
    bare = face | (labels == BEARD)
    chin = _chin(labels)
    below = np.arange(len(labels))[:, None] > chin
    masks = [
        ("clothes", CLOTHES, labels == CLOTHES),
        ("neck", SKIN, bare & below),
        ("hair", HAIR, labels == HAIR),
        ("head", SKIN, bare & ~below),
        ("beard", BEARD, labels == BEARD),
    ]
    for label in FEATURES:
        mask = labels == label
        if label in SIDED and mask.any():
            columns = np.nonzero(mask)[1]
            left = mask & (np.arange(mask.shape[1]) <= (columns.min() + columns.max()) / 2)
            masks += [("left", label, left), ("right", label, mask & ~left)]
        else:
            masks.append(("feature", label, mask))
    return [Part(*each) for each in masks if each[2].any()]


def paint(parts: Sequence[Part], shape: tuple[int, int]) -> Array:
    """Paint parts over each other on the background."""
    labels = np.zeros(shape, np.uint8)
    for part in parts:
        labels[part.mask] = part.label
    return labels


def _chin(labels: Array) -> float:
    """Find the row of the chin; without eyes or lips, two thirds down what is of a head."""

    def row(*names: int) -> float | None:
        rows = np.nonzero(np.isin(labels, names))[0]
        return float(rows.mean()) if len(rows) else None

    eyes, lips = row(EYES, BROWS, GLASSES), row(LIPS, MOUTH)
    if eyes is not None and lips is not None and lips > eyes:
        return lips + CHIN * (lips - eyes)
    rows = np.nonzero(np.isin(labels, (SKIN, HAIR, *FEATURES)))[0]
    return float(rows.min() + 2 / 3 * (rows.max() - rows.min())) if len(rows) else 0.0


# Shapes: each makes of a mask another one of about its place and size


def ellipse(mask: Array, rng: Generator) -> Array:
    """Fill the ellipse of the mask's centre and second moments, upright."""
    (y, x), (ry, rx) = _moments(mask)
    rows, columns = np.ogrid[: mask.shape[0], : mask.shape[1]]
    return ((rows - y) / ry) ** 2 + ((columns - x) / rx) ** 2 <= 1


def polygon(mask: Array, rng: Generator) -> Array:
    """Fill a polygon of 4 to 11 corners, each as far from the centre as the mask goes there."""
    (y, x), (ry, rx) = _moments(mask)
    rows, columns = np.nonzero(mask)
    angles = np.arctan2((rows - y) / ry, (columns - x) / rx)
    distances = np.hypot((rows - y) / ry, (columns - x) / rx)
    n = int(rng.integers(4, 12))
    corners = np.sort((np.arange(n) + rng.uniform(-0.3, 0.3, n)) * 2 * np.pi / n - np.pi)
    made = []
    for corner in corners.tolist():
        near = np.abs((angles - corner + np.pi) % (2 * np.pi) - np.pi) < np.pi / n
        radius = (distances[near].max() if near.any() else 1.0) * rng.uniform(0.9, 1.1)
        made.append((x + radius * rx * np.cos(corner), y + radius * ry * np.sin(corner)))
    return _drawn(mask.shape, lambda draw: draw.polygon(made, fill=1))


def box(mask: Array, rng: Generator) -> Array:
    """Fill the rectangle around the mask."""
    rows, columns = np.nonzero(mask)
    filled = np.zeros_like(mask)
    filled[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
    return filled


def shaken(mask: Array, rng: Generator) -> Array:
    """Move the mask's edge about, by a smooth field of 1 to 4 pixels at 128."""
    side = mask.shape[0]
    coarse = rng.normal(size=(2, 6, 6)) * rng.uniform(1, 4) * side / 128
    y, x = (ndimage.zoom(each, side / 6, order=1) for each in coarse)
    rows, columns = np.mgrid[:side, :side]
    at = (rows + y).round().clip(0, side - 1), (columns + x).round().clip(0, side - 1)
    return mask[at[0].astype(int), at[1].astype(int)]


def dabs(mask: Array, rng: Generator) -> Array:
    """Cover the mask with dabs of a round brush."""
    rows, columns = np.nonzero(mask)
    radius = max(1.0, rng.uniform(0.1, 0.2) * len(rows) ** 0.5)
    n = int(3 * len(rows) / radius**2) + 1
    at = rng.integers(0, len(rows), n)

    def draw(sheet: ImageDraw.ImageDraw) -> None:
        for y, x in zip(rows[at].tolist(), columns[at].tolist(), strict=True):
            sheet.ellipse((x - radius, y - radius, x + radius, y + radius), fill=1)

    return _drawn(mask.shape, draw)


def outline(mask: Array, rng: Generator) -> Array:
    """Draw the mask's edge, 2 to 6 pixels wide at 128; parts of it may be missing."""
    width = rng.uniform(2, 6) * mask.shape[0] / 128
    depth = np.asarray(ndimage.distance_transform_edt(np.pad(mask, 1)))[1:-1, 1:-1]
    line = mask & (depth <= width)
    if rng.random() < 0.2:
        (y, x), _ = _moments(mask)
        rows, columns = np.ogrid[: mask.shape[0], : mask.shape[1]]
        gap = (np.arctan2(rows - y, columns - x) - rng.uniform(-np.pi, np.pi)) % (2 * np.pi)
        line &= gap > rng.uniform(0.2, 1.5)
    return line


def scribble(mask: Array, rng: Generator) -> Array:
    """Hatch the mask in one direction, with gaps."""
    period = max(4.0, rng.uniform(6, 12) * mask.shape[0] / 128)
    angle = rng.uniform(-0.4, 0.4) + (np.pi / 2 if rng.random() < 0.3 else 0)
    rows, columns = np.ogrid[: mask.shape[0], : mask.shape[1]]
    across = rows * np.cos(angle) + columns * np.sin(angle) + rng.uniform(0, period)
    return mask & (across % period < rng.uniform(0.45, 0.8) * period)


def stroke(mask: Array, rng: Generator) -> Array:
    """Draw one line with a round brush along the mask, straight or bent."""
    (y, x), (ry, rx) = _moments(mask)
    width = max(2, round(rng.uniform(2, 6) * mask.shape[0] / 128))
    t = np.linspace(-1, 1, 9)
    bend = rng.normal(0, 0.35) * max(rx, ry)
    if rx >= ry:
        points = list(zip(x + rx * t, y + bend * (t**2 - 0.5), strict=True))
    else:
        points = list(zip(x + bend * (t**2 - 0.5), y + ry * t, strict=True))
    return _drawn(mask.shape, lambda draw: draw.line(points, 1, width, "curve"))


def dot(mask: Array, rng: Generator) -> Array:
    """Press a round brush once at the mask's centre."""
    (y, x), _ = _moments(mask)
    radius = (mask.sum() / np.pi) ** 0.5 * rng.uniform(0.7, 1.6) + 0.5
    rows, columns = np.ogrid[: mask.shape[0], : mask.shape[1]]
    return (rows - y) ** 2 + (columns - x) ** 2 <= radius**2


def ring(mask: Array, rng: Generator) -> Array:
    """Draw the ellipse as an outline."""
    return outline(ellipse(mask, rng), rng)


def same(mask: Array, rng: Generator) -> Array:
    """Leave the mask as it is."""
    return mask


Shape = Callable[[Array, Generator], Array]

STYLES: dict[str, tuple[tuple[Shape, ...], tuple[Shape, ...]]] = {
    "careful": ((same, shaken, shaken), (same, shaken)),
    "plain": ((polygon, ellipse, ellipse, box, dabs), (polygon, ellipse, dot, stroke, box)),
    "outlines": ((outline, ring), (stroke, dot, ring, same)),
    "scribbles": ((scribble, scribble, dabs, outline), (stroke, dot, dabs)),
    "mixed": (
        (same, shaken, polygon, ellipse, box, dabs, outline, ring, scribble),
        (same, shaken, polygon, ellipse, stroke, dot, ring, box),
    ),
}
"""By the style of a drawing: shapes of areas, and shapes of features."""


def _moments(mask: Array) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the centre (y, x) of a mask and the half axes (y, x) of an ellipse of its second moments."""
    rows, columns = np.nonzero(mask)
    axes = (max(0.7, 2 * float(rows.std())), max(0.7, 2 * float(columns.std())))
    return (float(rows.mean()), float(columns.mean())), axes


def _drawn(shape: tuple[int, ...], draw: Callable[[ImageDraw.ImageDraw], object]) -> Array:
    image = Image.new("L", (shape[1], shape[0]))
    draw(ImageDraw.Draw(image))
    return np.asarray(image) > 0


def moved(mask: Array, scale: float, dy: float, dx: float, centre: tuple[float, float]) -> Array:
    """Enlarge a mask about a centre (y, x), and shift it by (dy, dx) pixels."""
    h, w = mask.shape
    y, x = centre
    rows = ((np.arange(h) - y - dy) / scale + y).round().astype(int)
    columns = ((np.arange(w) - x - dx) / scale + x).round().astype(int)
    inside = ((rows >= 0) & (rows < h))[:, None] & ((columns >= 0) & (columns < w))
    return mask[rows.clip(0, h - 1)][:, columns.clip(0, w - 1)] & inside


# The damage


def damage(labels: Array, rng: Generator) -> Array:
    """Draw a map, uint8 [h, w], again as a person might, with other gaps and faults each time."""
    styles = list(STYLES)
    style = styles[int(rng.choice(len(styles), p=(0.2, 0.25, 0.2, 0.1, 0.25)))]
    parts = _omit(parts_of(labels), rng)
    if not parts:
        return np.zeros_like(labels)
    parts = _merge([_redraw(part, style, rng) for part in parts], rng)
    if style != "careful" or rng.random() < 0.3:
        parts = _move_all(parts, rng)
    return paint(parts, labels.shape)


def damage_some(labels: Array, share: float, rng: Generator) -> Array:
    """Damage each of the maps [b, h, w] with this probability."""
    return np.stack([damage(each, rng) if rng.random() < share else each for each in labels])


def _omit(parts: list[Part], rng: Generator) -> list[Part]:
    """Leave parts out: the features or all but them, most of everything, the body, single ones, or none."""
    kind = rng.random()
    if kind < 0.12:
        features = [part for part in parts if part.is_feature]
        return [part for part in features if rng.random() < 0.85] or features
    if kind < 0.2:
        return [parts[int(i)] for i in rng.permutation(len(parts))[: rng.integers(1, 4)]]
    if kind < 0.28:
        return [part for part in parts if not part.is_feature]
    names = {part.name for part in parts}
    gone = {"neck", "clothes"} if rng.random() < 0.45 else set()
    gone |= {name for name in names - {"feature", "left", "right"} if rng.random() < 0.12}
    if rng.random() < 0.25:
        gone.add("hair")
    labels = {part.label for part in parts if part.is_feature and rng.random() < 0.2}
    kept = [part for part in parts if part.name not in gone and part.label not in labels]
    if "hair" in gone and rng.random() < 0.6:  # a skull where it was
        kept = [_bald(part, parts) if part.name == "head" else part for part in kept]
    return kept


def _bald(head: Part, parts: Sequence[Part]) -> Part:
    """Extend a head to the top of the hair that was on it, by an ellipse."""
    hair = next((part.mask for part in parts if part.name == "hair"), head.mask)
    rows, columns = np.nonzero(head.mask)
    top, bottom = min(rows.min(), np.nonzero(hair)[0].min()), rows.max()
    y, ry = (top + bottom) / 2, max(1.0, (bottom - top) / 2)
    x, rx = (columns.min() + columns.max()) / 2, max(1.0, (columns.max() - columns.min()) / 2)
    grid_y, grid_x = np.ogrid[: head.mask.shape[0], : head.mask.shape[1]]
    skull = ((grid_y - y) / ry) ** 2 + ((grid_x - x) / rx) ** 2 <= 1
    return head._replace(mask=head.mask | (skull & (grid_y < y)))


def _redraw(part: Part, style: str, rng: Generator) -> Part:
    """Draw one part again in this style, a little beside its place."""
    shapes = STYLES[style][part.is_feature]
    if style == "outlines" and part.name != "head" and not part.is_feature and rng.random() < 0.4:
        shapes = (same, dabs, scribble)  # hair and clothes are filled where the face is not
    shape = (
        stroke if part.label in LINES and rng.random() < 0.3 else shapes[rng.integers(len(shapes))]
    )
    mask = shape(part.mask, rng)
    if style == "careful" and not part.is_feature:
        return part._replace(mask=mask)
    spread = (0.2, 3.0) if part.is_feature else (0.06, 2.0)
    pixel = len(mask) / 128
    scale = float(np.exp(rng.normal(0.1 if part.is_feature else 0, spread[0])))
    dy, dx = (rng.normal(0, spread[1], 2) * pixel).tolist()
    changed = moved(mask, scale, dy, dx, _moments(mask)[0] if mask.any() else (0, 0))
    return part._replace(mask=changed)


def _merge(parts: list[Part], rng: Generator) -> list[Part]:
    """Paint some parts in labels of others: all in one, the face in one, or single ones in any."""
    kind = rng.random()
    if kind < 0.1:
        label = int(rng.integers(1, len(LABELS)))
        return [part._replace(label=label) for part in parts]
    if kind < 0.2:
        label = int(rng.choice((*FEATURES, HAIR)))
        return [part._replace(label=label) if part.is_feature else part for part in parts]
    if kind < 0.5:
        return [
            part._replace(label=int(rng.integers(1, len(LABELS)))) if rng.random() < 0.15 else part
            for part in parts
        ]
    return parts


def _move_all(parts: list[Part], rng: Generator) -> list[Part]:
    """Draw the whole larger or smaller, and not in the middle."""
    h, w = parts[0].mask.shape
    scale = float(np.exp(rng.normal(0, 0.13)))
    dy, dx = (rng.normal(0, 4, 2) * h / 128).tolist()
    return [part._replace(mask=moved(part.mask, scale, dy, dx, (h / 2, w / 2))) for part in parts]
