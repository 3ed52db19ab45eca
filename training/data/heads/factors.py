"""Draw the 64 factors a head is made from.

The first 49 make an individual (`IDENTITY`), the others one view of it (`VIEW`): its expression,
pose, gaze, light and background. Names, order and ranges are those of `FACTORS`. Three weights of
the head's shape come from targets that the source names after ethnic groups: here they are shape_a,
shape_b and shape_c and stay unlabelled. Of the other factors, only skin_tone leans on them.
"""

from collections.abc import Mapping

import numpy as np

STYLES = ("bald", "buzz", "short", "quiff", "curls", "afro", "bob", "long", "bun")
HAIR_COLOURS = ("black", "dark brown", "brown", "light brown", "blond", "red")
EYE_COLOURS = ("dark brown", "hazel", "green", "blue", "grey")

# Shape sliders: name -> the standard deviation they are drawn with. Each moves targets of the mesh
# (see geometry.SLIDERS), -1 to 1.
SLIDERS = {
    "face_round": 0.25, "face_oval": 0.25, "head_width": 0.3, "face_fat": 0.22,
    "forehead_height": 0.3, "brow_height": 0.3, "brow_angle": 0.2, "eye_size": 0.25,
    "eye_spacing": 0.3, "eye_open": 0.25, "eye_slant": 0.3, "nose_width": 0.32,
    "nose_length": 0.3, "nose_depth": 0.3, "nose_hump": 0.25, "nose_tip": 0.3,
    "mouth_width": 0.3, "lip_upper": 0.3, "lip_lower": 0.3, "chin_width": 0.3,
    "chin_height": 0.28, "chin_forward": 0.28, "jaw_width": 0.28, "cheekbones": 0.3,
    "cheek_volume": 0.28, "ear_wing": 0.25,
}  # fmt: skip

# Friendlier than the mesh at rest: wide eyes, high brows. The other sliders have mean 0.
MEANS = {"eye_open": 0.5, "eye_size": 0.35, "brow_height": 0.1}

IDENTITY = {
    "masculine": (0, 1), "age": (0, 1), "weight": (0, 1),
    "shape_a": (0, 1), "shape_b": (0, 1), "shape_c": (0, 1),
    **dict.fromkeys(SLIDERS, (-1, 1)),
    "skin_tone": (0, 1), "skin_warmth": (-1, 1), "blush": (0, 1),
    "hair_style": (0, len(STYLES) - 1), "hair_length": (0, 1), "hair_volume": (0, 1),
    "fringe": (0, 1), "parting": (-1, 1), "waves": (0, 1),
    "hair_colour": (0, len(HAIR_COLOURS) - 1), "grey": (0, 1),
    "brow_thickness": (0, 1), "beard": (0, 1), "lipstick": (0, 1),
    "eye_colour": (0, len(EYE_COLOURS) - 1), "glasses": (0, 1), "shirt_hue": (0, 1),
}  # fmt: skip
VIEW = {
    "smile": (0, 1), "grin": (0, 1), "brow_raise": (0, 1), "eye_close": (0, 1), "frown": (0, 1),
    "yaw": (-35, 35), "pitch": (-10, 10), "roll": (-8, 8),
    "gaze_x": (-12, 12), "gaze_y": (-6, 6),
    "light_azimuth": (-60, 60), "light_elevation": (15, 55), "light_key": (0, 1),
    "background_hue": (0, 1), "background_value": (0, 1),
}  # fmt: skip
FACTORS: dict[str, tuple[float, float]] = {**IDENTITY, **VIEW}
"""Name -> the least and the greatest value, in the order of the table's columns."""
NAMES = tuple(FACTORS)

Factors = dict[str, float]


def sample_identity(rng: np.random.Generator, *, independent: bool = False) -> Factors:
    """Draw an individual.

    Skin depends on the shape weights, hair and beard on age and masculinity, the eyes on the skin.
    `independent` draws the same factors, but skin, hair, beard, make-up and eyes depend on nothing.
    """
    f: Factors = {}
    male = f["masculine"] = rng.beta(0.4, 0.4)
    age = f["age"] = rng.beta(1.5, 1.9)
    f["weight"] = rng.beta(2.5, 3)
    shape = rng.dirichlet([0.6, 0.6, 0.6])
    f["shape_a"], f["shape_b"], f["shape_c"] = shape
    for name, deviation in SLIDERS.items():
        f[name] = rng.normal(MEANS.get(name, 0), deviation)

    if independent:
        f["skin_tone"] = rng.uniform(0, 1)
    else:
        f["skin_tone"] = float(shape @ [0.75, 0.26, 0.16]) + rng.normal(0, 0.12)
    dark = f["skin_tone"]
    f["skin_warmth"] = rng.normal(0, 0.4)
    f["blush"] = rng.uniform(0, 1)

    styles = np.array([3, 8, 22, 14, 9, 6, 0.5, 0.5, 0.5]) * male
    styles += np.array([0.2, 1, 7, 5, 8, 6, 24, 30, 12]) * (1 - male)
    styles[0] *= 0.2 if age < 0.3 else 1
    colours = np.array([30, 22, 18, 12, 11, 8]) * np.interp(dark, [0.3, 0.6], [1, 0.1])
    colours[0] = 40
    colours[1] = 25
    eyes = np.array([40, 18, 12, 20, 10]) * np.interp(dark, [0.25, 0.5], [1, 0.02])
    eyes[0] = 60
    grey = np.clip((age - 0.72) / 0.25, 0, 1) * rng.uniform(0.4, 1)
    if independent:
        styles, colours, eyes = np.ones(9), np.ones(6), np.ones(5)
        grey = rng.uniform(0, 1) * (rng.random() < 0.2)
    f["hair_style"] = _choice(rng, styles)
    for name in ("hair_length", "hair_volume", "fringe", "waves"):
        f[name] = rng.uniform(0, 1)
    f["parting"] = rng.uniform(0.25, 1) * rng.choice([-1, 1])
    f["hair_colour"] = _choice(rng, colours)
    f["grey"] = grey

    f["brow_thickness"] = rng.uniform(0, 1)
    if not independent:
        f["brow_thickness"] = 0.55 * f["brow_thickness"] + 0.45 * male
    bearded = 0.2 if independent else 0.45 * (male > 0.6) * (age > 0.3)
    f["beard"] = rng.uniform(0.25, 1) if rng.random() < bearded else 0.0
    made_up = 0.2 if independent else 0.45 * (male < 0.4) * (age > 0.3)
    f["lipstick"] = rng.uniform(0.3, 1) if rng.random() < made_up else 0.0
    f["eye_colour"] = _choice(rng, eyes)
    f["glasses"] = float(rng.random() < 0.16)
    f["shirt_hue"] = rng.uniform(0, 1)
    return _within(f, IDENTITY)


def sample_view(rng: np.random.Generator) -> Factors:
    """Draw one view of an individual: expression, pose, gaze, light and background."""
    f: Factors = {}
    mood = rng.choice(
        ["calm", "smile", "grin", "surprise", "frown"], p=[0.24, 0.4, 0.27, 0.06, 0.03]
    )
    strength = rng.uniform(0.5, 1)
    smiles = {"calm": 0.6 * strength, "smile": strength, "grin": strength, "surprise": 0.4}
    f["smile"] = smiles.get(mood, 0.0)
    f["grin"] = {"grin": strength, "surprise": strength}.get(mood, 0.0)
    f["brow_raise"] = 0.8 * strength if mood == "surprise" else rng.uniform(0, 0.25)
    f["eye_close"] = rng.uniform(-0.25, 0.12)
    f["frown"] = 0.6 * strength if mood == "frown" else 0.0
    f["yaw"] = rng.normal(0, 13)
    f["pitch"] = rng.normal(0, 3.5)
    f["roll"] = rng.normal(0, 2.5)
    f["gaze_x"] = rng.normal(0, 3)
    f["gaze_y"] = rng.normal(0, 1.5)
    f["light_azimuth"] = rng.choice([-1, 1]) * rng.uniform(8, 60)
    f["light_elevation"] = rng.uniform(18, 50)
    f["light_key"] = rng.uniform(0, 1)
    f["background_hue"] = rng.uniform(0, 1)
    f["background_value"] = rng.uniform(0, 1)
    return _within(f, VIEW)


def vector(factors: Factors) -> np.ndarray:
    """Return float32 [64], in the order of NAMES."""
    return np.array([factors[name] for name in NAMES], np.float32)


def named(row: np.ndarray) -> Factors:
    """Invert `vector`."""
    return dict(zip(NAMES, row.tolist(), strict=True))


def _choice(rng: np.random.Generator, weights: np.ndarray) -> float:
    return float(rng.choice(len(weights), p=weights / weights.sum()))


def _within(factors: Factors, ranges: Mapping[str, tuple[float, float]]) -> Factors:
    return {name: float(np.clip(factors[name], *ends)) for name, ends in ranges.items()}
