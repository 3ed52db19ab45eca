"""Heads as people draw them: damaged label maps to train on, and drawings to test by."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("numba")
pytestmark = pytest.mark.train

from training.data.heads import damage, drawings
from training.data.heads.labels import LABELS
from training.engine.translation import damaged

NUMBER = {name: i for i, name in enumerate(LABELS)}
MANY = 400


def block(top, bottom, left, right, side=128):
    mask = np.zeros((side, side), bool)
    mask[top:bottom, left:right] = True
    return mask


def head_map():
    """A head of rectangles: eyes in rows 40 to 43, lips in rows 62 to 65, so the chin is at 41.5 + 1.75 · 22 = 80."""
    m = np.zeros((128, 128), np.uint8)
    for name, place in {
        "clothes": (100, 128, 20, 108), "hair": (10, 40, 35, 93), "skin": (25, 110, 44, 84),
        "beard": (68, 78, 50, 78), "nose": (48, 58, 60, 68), "lips": (62, 66, 54, 74),
    }.items():  # fmt: skip
        m[block(*place)] = NUMBER[name]
    for left, right in ((50, 58), (70, 78)):
        m[block(40, 44, left, right)] = NUMBER["eyes"]
    return m


def rng(seed=0):
    return np.random.default_rng(seed)


def many():
    return [damage.damage(head_map(), rng(seed)) for seed in range(MANY)]


# ---------------------------------------------------------------------------------------------------------------------
# Parts
# ---------------------------------------------------------------------------------------------------------------------


def test_a_map_is_taken_apart_and_put_together_again():
    m = head_map()
    parts = damage.parts_of(m)
    assert np.array_equal(damage.paint(parts, m.shape), m)
    names = "clothes neck hair head beard feature feature left right"
    assert " ".join(part.name for part in parts) == names
    neck = next(part.mask for part in parts if part.name == "neck")
    assert np.array_equal(neck, block(81, 110, 44, 84))
    left, right = (np.nonzero(part.mask)[1] for part in parts[-2:])
    assert (left.min(), left.max(), right.min(), right.max()) == (50, 57, 70, 77)


def test_without_a_face_the_chin_is_two_thirds_down():
    m = np.zeros((128, 128), np.uint8)
    m[block(10, 101, 40, 80)] = NUMBER["skin"]
    names = {part.name: part.mask for part in damage.parts_of(m)}
    assert np.array_equal(names["head"], block(10, 71, 40, 80))
    assert np.array_equal(names["neck"], block(71, 101, 40, 80))


def test_later_parts_cover_earlier_ones():
    parts = [
        damage.Part("a", 1, block(0, 2, 0, 2, 3)),
        damage.Part("b", 2, block(1, 3, 1, 3, 3)),
    ]
    assert damage.paint(parts, (3, 3)).tolist() == [[1, 1, 0], [1, 2, 2], [0, 2, 2]]


# ---------------------------------------------------------------------------------------------------------------------
# Shapes
# ---------------------------------------------------------------------------------------------------------------------


def disc(y, x, r, side=128):
    rows, columns = np.ogrid[:side, :side]
    return (rows - y) ** 2 + (columns - x) ** 2 <= r * r


def test_a_box_is_the_rectangle_around():
    corner = block(10, 20, 30, 34) | block(18, 20, 30, 60)
    assert np.array_equal(damage.box(corner, rng()), block(10, 20, 30, 60))


def test_the_ellipse_of_an_ellipse_is_itself_and_its_outline_is_hollow():
    full = disc(60, 70, 25)
    assert (damage.ellipse(full, rng()) ^ full).mean() < 0.01
    for line in (damage.ring(full, rng()), damage.outline(full, rng())):
        assert line.any()
        assert not line[60 - 12 : 60 + 12, 70 - 12 : 70 + 12].any()
        assert not (line & ~disc(60, 70, 27)).any()


@pytest.mark.parametrize("shape", [damage.polygon, damage.shaken, damage.dabs, damage.dot])
def test_an_area_is_about_as_large_as_it_was_and_at_its_place(shape):
    full = disc(60, 70, 20)
    sizes = []
    for seed in range(30):
        got = shape(full, rng(seed))
        assert not (got & ~disc(60, 70, 45)).any()
        sizes.append(got.sum() / full.sum())
    assert 0.6 < np.mean(sizes) < 1.8
    assert np.std(sizes) > 0.005


def test_a_scribble_has_gaps_and_stays_within():
    full = block(20, 100, 20, 100)
    for seed in range(10):
        got = damage.scribble(full, rng(seed))
        assert not (got & ~full).any()
        assert 0.3 < got.sum() / full.sum() < 0.9


def test_a_stroke_runs_along_the_longer_side():
    wide, high = (damage.stroke(mask, rng(1)) for mask in (block(60, 64, 40, 90), block(40, 90, 60, 64)))  # fmt: skip
    for mask in (wide, high.T):
        rows, columns = np.nonzero(mask)
        assert np.ptp(columns) > 2 * np.ptp(rows)
        assert columns.mean() == pytest.approx(65, abs=3)


def test_a_mask_is_enlarged_about_a_centre_and_shifted():
    dots = block(60, 62, 60, 62)
    assert np.array_equal(damage.moved(dots, 1, 3, -5, (61, 61)), block(63, 65, 55, 57))
    assert damage.moved(dots, 2, 0, 0, (60.5, 60.5)).sum() == 16
    assert not damage.moved(dots, 1, 200, 0, (0, 0)).any()


def test_every_shape_takes_a_single_pixel_and_an_empty_border():
    single = block(0, 1, 127, 128)
    shapes = {shape for areas in damage.STYLES.values() for kind in areas for shape in kind}
    assert len(shapes) >= 10
    for shape in shapes:
        assert shape(single, rng()).shape == (128, 128)


# ---------------------------------------------------------------------------------------------------------------------
# Damage
# ---------------------------------------------------------------------------------------------------------------------


def test_damage_is_a_function_of_the_map_and_the_generator():
    m = head_map()
    one, again, other = (damage.damage(m, rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert np.array_equal(m, head_map())
    assert (one.dtype, one.shape) == (np.uint8, m.shape)


def test_an_empty_map_stays_empty():
    empty = np.zeros((128, 128), np.uint8)
    for seed in range(20):
        assert not damage.damage(empty, rng(seed)).any()


def test_each_kind_of_damage_occurs():
    made = many()
    found = [set(np.unique(m).tolist()) - {0} for m in made]
    filled = np.array([(m > 0).mean() for m in made])
    whole = (head_map() > 0).mean()
    shares = {
        "one colour": np.mean([len(labels) == 1 for labels in found]),
        "features alone": np.mean([bool(labels) and labels <= set(damage.FEATURES) for labels in found]),
        "no clothes": np.mean([NUMBER["clothes"] not in labels for labels in found]),
        "no hair": np.mean([NUMBER["hair"] not in labels for labels in found]),
        "labels it never had": np.mean([NUMBER["glasses"] in labels for labels in found]),
        "nearly empty": np.mean(filled < 0.05),
        "hollow": np.mean((filled > 0.05) & (filled < 0.5 * whole)),
        "nearly whole": np.mean(filled > 0.8 * whole),
    }  # fmt: skip
    for kind, share in shares.items():
        assert 0.03 < share < 0.8, (kind, share)


def test_a_share_of_the_maps_is_damaged():
    maps = np.stack([head_map()] * MANY)
    assert np.array_equal(damage.damage_some(maps, 0, rng()), maps)
    changed = (damage.damage_some(maps, 0.25, rng()) != maps).any((1, 2))
    assert changed.mean() == pytest.approx(0.25, abs=0.07)
    assert (damage.damage_some(maps, 1, rng()) != maps).any((1, 2)).mean() > 0.98


def test_in_training_damage_follows_torchs_generator_and_maps_stay_one_hot():
    c = torch.nn.functional.one_hot(torch.from_numpy(head_map()).long(), len(LABELS))
    c = c.movedim(-1, 0)[None].float().repeat(3, 1, 1, 1)
    made = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        made.append(damaged(c, 1.0))
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])
    assert made[0].shape == c.shape
    assert made[0].dtype == c.dtype
    assert torch.equal(made[0].sum(1), torch.ones(3, 128, 128))


# ---------------------------------------------------------------------------------------------------------------------
# Drawings
# ---------------------------------------------------------------------------------------------------------------------


def test_the_stored_drawings_are_those_of_the_script():
    stored = drawings.load()
    assert np.array_equal(stored, drawings.draw())
    assert (stored.shape, stored.dtype) == ((24, 1, 128, 128), np.uint8)
    assert len({each.tobytes() for each in stored}) == 24
    assert set(np.unique(stored).tolist()) == set(range(len(LABELS)))


def test_a_brush_is_round_and_a_polygon_is_filled():
    sheet = drawings.Sheet()
    sheet.fill("skin", (10, 20), (14, 20), (14, 23), (10, 23))
    assert np.array_equal(sheet.labels == NUMBER["skin"], block(20, 23, 10, 14))
    sheet.stroke("eyes", 2, (50.5, 60.5))
    dot = {(60, 50), (59, 50), (61, 50), (60, 49), (60, 51)}
    assert set(map(tuple, np.argwhere(sheet.labels == NUMBER["eyes"]).tolist())) == dot
    sheet.stroke("lips", 1, (90.5, 60.5), (94.5, 60.5))
    assert np.array_equal(sheet.labels == NUMBER["lips"], block(60, 61, 90, 95))
