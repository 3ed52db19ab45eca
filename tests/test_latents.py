"""Paths and grids in latent space."""

import numpy as np
import pytest

from gen_models.numerics import latents

A, B = np.array([3.0, 0.0], np.float32), np.array([0.0, 1.0], np.float32)


def test_lerp_is_a_straight_line():
    np.testing.assert_allclose(latents.lerp(A, B, np.array([0, 0.5, 1])), [A, [1.5, 0.5], B])


def test_slerp_keeps_to_the_circle_and_interpolates_lengths():
    path = latents.slerp(A, B, np.linspace(0, 1, 5))
    np.testing.assert_allclose(path[[0, -1]], [A, B], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), [3, 2.5, 2, 1.5, 1], atol=1e-5)
    angles = np.arctan2(path[:, 1], path[:, 0])
    np.testing.assert_allclose(np.diff(angles), np.pi / 8, atol=1e-5)


@pytest.mark.parametrize("other", [A, -A, 2 * A, 0 * A])
def test_slerp_falls_back_to_the_line_where_there_is_no_one_circle(other):
    t = np.linspace(0, 1, 4)
    np.testing.assert_allclose(latents.slerp(A, other, t), latents.lerp(A, other, t), atol=1e-6)


def test_along_visits_every_stop_at_its_time():
    stops = np.array([[0, 0], [2, 4], [2, 0]], np.float32)
    got = latents.along(stops, np.array([0, 0.25, 0.5, 0.75, 1]))
    np.testing.assert_allclose(got, [[0, 0], [1, 2], [2, 4], [2, 2], [2, 0]])
    np.testing.assert_allclose(latents.along(stops, np.array([-1, 2])), stops[[0, -1]])


def test_a_path_of_one_stop_stays_there():
    np.testing.assert_allclose(latents.along(B[None], np.array([0, 0.3, 1])), [B, B, B])


def test_path_spaces_frames_evenly():
    stops = np.array([[0], [1], [0]], np.float32)
    np.testing.assert_allclose(latents.path(stops, 5)[:, 0], [0, 0.5, 1, 0.5, 0])


def test_plane_is_read_as_a_picture_is():
    grid = latents.plane(np.array([-2, 0, 2], np.float32))
    assert grid.shape == (9, 2)
    assert grid[0].tolist() == [-2, 2]  # top left: least z1, greatest z2
    assert grid[2].tolist() == [2, 2]
    assert grid[4].tolist() == [0, 0]
    assert grid[-1].tolist() == [2, -2]


def test_quantiles_are_medians_of_equally_probable_parts():
    # Within ±3 lies 0.9973 of N(0, 1); half of the first of four parts is one eighth: Φ⁻¹(0.00135 + 0.12466) = −1.1454.
    np.testing.assert_allclose(
        latents.quantiles(4, 3.0), [-1.1454, -0.3177, 0.3177, 1.1454], atol=2e-4
    )
    np.testing.assert_allclose(latents.quantiles(1, 3.0), [0], atol=1e-7)


def test_probability_is_the_inverse_of_quantiles():
    np.testing.assert_allclose(
        latents.probability(latents.quantiles(5, 2.0), 2.0), [0.1, 0.3, 0.5, 0.7, 0.9], atol=1e-7
    )
    # Φ(1) = 0.841345 and Φ(2) = 0.977250, by the table; the shape stays, and the ends hold beyond.
    found = latents.probability(np.array([[1.0, 9.0], [-9.0, 0.0]]), 2.0)
    np.testing.assert_allclose(found, [[0.857617, 1], [0, 0.5]], atol=1e-5)
