"""Render a head as an image."""

import colorsys

import numpy as np

from training.data.heads.factors import Factors
from training.data.heads.geometry import Geometry
from training.data.heads.light import light
from training.data.heads.paint import linear, materials
from training.data.heads.view import look, rotation, sun

SAMPLES = 2
"""A pixel is the mean of SAMPLES x SAMPLES."""


def render(geometry: Geometry, f: Factors, size: int) -> np.ndarray:
    """Render the head of factors `f` as uint8 [3, size, size]."""
    samples = size * SAMPLES
    turn = rotation(f)
    surface = look(geometry.pose(f), turn, sun(f), samples)
    material = materials(geometry, surface, turn, f)
    image = background(f, samples)
    image[surface.at] = light(surface, material, f)
    image = np.minimum(image, 1.4)  # a highlight must not outshine the pixel it is a part of
    return tone(image.reshape(size, SAMPLES, size, SAMPLES, 3).mean((1, 3))).transpose(2, 0, 1)


def background(f: Factors, samples: int) -> np.ndarray:
    """Return float32 [samples, samples, 3], linear: a muted colour, lighter behind the head."""
    value = 0.55 + 0.37 * f["background_value"]
    saturation = 0.10 + 0.20 * (1 - f["background_value"])
    colour = linear(colorsys.hsv_to_rgb(f["background_hue"], saturation, value))
    y, x = np.mgrid[0:samples, 0:samples].astype(np.float32) / samples
    fall = 1.10 - 0.5 * ((x - 0.5) ** 2 + (y - 0.42) ** 2)
    return (colour * fall[..., None]).astype(np.float32)


def tone(light: np.ndarray) -> np.ndarray:
    """Turn linear light into uint8: a straight middle, a soft shoulder, gamma 2.2."""
    soft = np.where(light < 0.6, light, 0.6 + 0.4 * (1 - np.exp(-(light - 0.6) / 0.4)))
    return np.rint(255 * np.clip(soft, 0, 1) ** (1 / 2.2)).astype(np.uint8)
